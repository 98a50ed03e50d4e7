"""Measurements of batches: rates, where the time of a line goes, memory, and one worked study."""

import benchmarks.service  # noqa: F401 - makes the shared modules of the tests known
