"""What the service costs, what it bears, and whether it stays right: ``python -m benchmarks.service``.

The servers are booted, and the answers judged, by what the tests have for it: nothing of that knows the package.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# The tests are no package: their shared modules are found as pytest finds them.
sys.path.append(str(ROOT / "test"))
