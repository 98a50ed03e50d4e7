"""The second oracle: the model of :mod:`horizon.cp_sat`, solved in a process of its own.

OR-tools and highspy each bring a shared library of HiGHS, and cannot be loaded by one process.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any

from horizon.dynamic import Outcome

IS_THERE = find_spec("ortools") is not None


def solve(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Outcome:
    """The outcome of a valid payload."""
    outcome: Outcome = _process().apply(_solve, (payload, co2, steps))
    return outcome


@cache
def _process() -> Pool:
    return get_context("spawn").Pool(1)  # its process ends with this one


def _solve(payload: Mapping[str, Any], co2: bool, steps: int) -> Outcome:
    from horizon import cp_sat

    return cp_sat.solve(payload, co2=co2, steps=steps)
