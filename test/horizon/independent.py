"""The second oracle: the model of :mod:`horizon.cp_sat`, solved in a process of its own.

OR-tools and highspy each bring a shared library of HiGHS, and cannot be loaded by one process.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

from horizon.dynamic import Outcome

IS_THERE = find_spec("ortools") is not None


def solve(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Outcome:
    """The outcome of a valid payload."""
    return _process().submit(_solve, payload, co2, steps).result()


@cache
def _process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _solve(payload: Mapping[str, Any], co2: bool, steps: int) -> Outcome:
    from horizon import cp_sat

    return cp_sat.solve(payload, co2=co2, steps=steps)
