"""Measurements of the running service: cost, load, and correctness over time. See ``python -m benchmarks.service``.

The servers are started and the answers judged by modules of the tests, which do not import the package.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The tests are not a package: their shared modules are found as pytest finds them.
sys.path.append(str(ROOT / "test"))
