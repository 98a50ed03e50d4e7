"""Call the solver in a test, and check what holds for every result."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from oracles import UnitLike, broken_rules, dispatch_cost

from powerplant.merit_order import GaveUp, Infeasible, Solution, Unit, check_proof, solve
from powerplant.merit_order.bracket import Turns
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.counting import grains_for, row_of
from powerplant.merit_order.fill import MeritOrder, Row
from powerplant.proofs import Claim

T = TypeVar("T")


def finished(turns: Turns[T]) -> T:
    """What a computation that takes turns returns when it is never interrupted."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            result: T = end.value
            return result


def rows_against(merit_order: MeritOrder, load: int, clock: Clock) -> list[Row]:
    """The rows that the relaxed fill breaks, of every grain that counting tries."""
    fill = merit_order.relaxed_fill(load)
    rows = [finished(row_of(merit_order, fill, load, grain, clock)) for grain in grains_for(merit_order)]
    return [row for row in rows if row and not fill.is_plan]


def unit_list(units: Sequence[tuple[int, int, int]]) -> list[Unit]:
    """Plain tuples as the solver's units."""
    return [Unit(marginal_cost=cost, min_output=low, max_output=high) for cost, low, high in units]


def usable(units: Sequence[tuple[int, int, int]], load: int) -> list[Unit]:
    """The part of each unit that a plan for this load can use, as in a proof."""
    return [
        unit._replace(max_output=min(unit.max_output, load))
        if unit.min_output <= load
        else Unit(unit.marginal_cost, 0, 0)
        for unit in unit_list(units)
    ]


def answer(units: Sequence[tuple[int, int, int]], load: int, time_limit: float | None = None) -> Solution | Infeasible:
    """The result of the solver; its plan, its numbers and its proof are checked."""
    fleet = unit_list(units)
    answered = solve(fleet, load, time_limit)
    assert not isinstance(answered, GaveUp), answered
    if isinstance(answered, Infeasible):
        assert check_proof(fleet, load, None, answered.proof) is answered.proof.certified
    else:
        _check_plan(fleet, load, answered)
    return answered


def _check_plan(fleet: list[Unit], load: int, solution: Solution) -> None:
    assert type(solution.dispatch) is tuple
    assert all(type(output) is int for output in solution.dispatch)
    assert broken_rules(fleet, load, solution.dispatch) == []
    assert solution.cost == dispatch_cost(fleet, solution.dispatch)
    assert solution.lower_bound == solution.cost
    assert check_proof(fleet, load, solution.cost, solution.proof) is solution.proof.certified


def claim_of(units: Sequence[tuple[int, int, int]], load: int) -> Claim:
    """What solving proves: the least cost, or that no plan exists."""
    result = answer(units, load)
    return Claim(result.cost if isinstance(result, Solution) else None, result.proof)


def least_cost(units: Sequence[tuple[int, int, int]], load: int) -> int | None:
    """The cost of the plan; ``None`` if there is no plan."""
    answered = answer(units, load)
    return answered.cost if isinstance(answered, Solution) else None


def plan_of(units: Sequence[tuple[int, int, int]], load: int) -> Solution:
    """The plan for a load that has one."""
    answered = answer(units, load)
    assert isinstance(answered, Solution), answered
    return answered


def no_plan_of(units: Sequence[tuple[int, int, int]], load: int) -> tuple[str, int, int | None]:
    """Why a load has no plan, and the nearest loads that have one."""
    answered = answer(units, load)
    assert isinstance(answered, Infeasible), answered
    return answered.reason, answered.nearest_below, answered.nearest_above


def as_units(units: Sequence[tuple[int, int, int]]) -> Sequence[UnitLike]:
    """Plain tuples as the oracles take them."""
    return unit_list(units)


@contextmanager
def cut_off(seconds: float) -> Iterator[None]:
    """Fail a test that runs longer than this many seconds, so that a solver that hangs does not stop the test run."""
    if sys.platform == "win32":  # it has no such signal
        yield
        return

    def fail(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"still running after {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
