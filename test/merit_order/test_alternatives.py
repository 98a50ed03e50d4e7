"""The alternatives to a plan: each is the best plan with one unit forced on or off."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import brute_force
from solving import plan_of, unit_list

import powerplant.merit_order.alternatives
from powerplant.merit_order import GaveUp, Infeasible, Solution, Unit, solve
from powerplant.merit_order.alternatives import NOT_COMPUTED, Alternative, Appraisal, appraise

SMALL_UNITS = st.lists(
    st.tuples(st.integers(-3, 6), st.integers(0, 6), st.integers(0, 6)).map(
        lambda unit: (unit[0], min(unit[1:]), max(unit[1:]))
    ),
    min_size=1,
    max_size=5,
)


def least_cost_switched(units: Sequence[Unit], load: int, position: int, *, on: bool) -> int | None:
    """Computed with every possible output of the unit."""
    others = [*units[:position], *units[position + 1 :]]
    cost, least, most = units[position]
    outputs = range(max(least, 1), min(most, load) + 1) if on else [0]
    totals = ((cost * output, brute_force(others, load - output)) for output in outputs)
    return min((own + rest for own, rest in totals if rest is not None), default=None)


@given(SMALL_UNITS, st.integers(0, 25))
def test_every_alternative_is_the_best_plan_of_its_problem(plain: list[tuple[int, int, int]], load: int) -> None:
    units = unit_list(plain)
    solution = solve(units, load)
    if not isinstance(solution, Solution):
        return
    appraisal = appraise(units, load, solution.dispatch)
    assert appraisal.is_final
    assert appraisal.more == Alternative(brute_force(units, load + 1), computed=True)
    assert appraisal.less == Alternative(brute_force(units, load - 1) if load else None, computed=True)
    for position, output in enumerate(solution.dispatch):
        expected = least_cost_switched(units, load, position, on=not output)
        assert appraisal.switched[position] == Alternative(expected, computed=True)
        assert expected is None or expected >= solution.cost


def counting_solves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The loads for which an alternative is solved from the start, in order."""
    solved = []

    def counted(units: Sequence[Unit], load: int, time_limit: float | None) -> Solution | Infeasible | GaveUp:
        solved.append(load)
        return solve(units, load, time_limit)

    monkeypatch.setattr(powerplant.merit_order.alternatives, "solve", counted)
    return solved


def test_equal_units_are_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    solved = counting_solves(monkeypatch)
    units = [Unit(5, 10, 20)] * 50 + [Unit(9, 3, 4)] * 50
    appraisal = appraise(units, 505, plan_of(units, 505).dispatch)
    assert len(solved) <= 2 + 3
    assert len(appraisal.switched) == 100


def test_alternatives_that_the_merit_order_proves_need_no_solve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that are computed once answer all of them."""
    solved = counting_solves(monkeypatch)
    units = [Unit(cost, 5, 5 + cost % 7) for cost in range(5_000)] + [Unit(4_000, 0, 100)] * 3
    load = sum(unit.max_output for unit in units[:4_000]) + 70
    appraisal = appraise(units, load, plan_of(units, load).dispatch)
    assert appraisal.is_final
    assert solved == [load + 1, load - 1]


def test_after_the_time_limit_the_known_alternatives_are_returned() -> None:
    units = [Unit(100 + i, 50 + i, 51 + i) for i in range(200)]
    dispatch = plan_of(units, 9000).dispatch
    appraisal = appraise(units, 9000, dispatch, 0.03)
    assert appraisal.more.computed
    assert NOT_COMPUTED in appraisal.switched
    assert not appraisal.is_final
    assert pickle.loads(pickle.dumps(appraisal)) == appraisal  # noqa: S301 - our own bytes


def test_known_alternatives_are_reported_during_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powerplant.merit_order.alternatives, "SECONDS_BETWEEN_IMPROVEMENTS", 0)
    units = [Unit(100 + i, 50, 90) for i in range(5)]
    reported = list[Appraisal]()
    appraisal = appraise(units, 100, plan_of(units, 100).dispatch, None, reported.append)
    assert [sum(each.computed for each in known.switched) for known in reported] == [0, 1, 2, 3, 4]
    assert appraisal.is_final


def test_alternatives_that_do_not_fit_into_memory_are_omitted(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(units: Sequence[Unit], load: int, time_limit: float | None) -> Solution | Infeasible | GaveUp:
        return GaveUp(None, None, 0) if load == 12 else solve(units, load, time_limit)

    monkeypatch.setattr(powerplant.merit_order.alternatives, "solve", too_large)
    units = [Unit(1, 5, 10), Unit(2, 5, 10), Unit(3, 5, 10)]
    appraisal = appraise(units, 12, (7, 5, 0), 5.0)
    assert appraisal.more == Alternative(18, computed=True)
    assert appraisal.switched == [NOT_COMPUTED, NOT_COMPUTED, Alternative(22, computed=True)]
