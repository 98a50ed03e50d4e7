"""Measurements of the running service: cost, load, and correctness over time. See ``python -m benchmarks.service``.

Modules of the tests start the servers and check the answers; they do not import the package.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The tests are not a package: their shared modules are found as pytest finds them.
sys.path.append(str(ROOT / "test"))
