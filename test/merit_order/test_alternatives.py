"""The alternatives to a plan: each is the best plan of a problem with one thing different."""

from __future__ import annotations

import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import brute_force
from solving import unit_list

import powerplant.merit_order.alternatives
from powerplant.merit_order import GaveUp, Infeasible, Solution, Unit, solve
from powerplant.merit_order.alternatives import NOT_COMPUTED, Alternative, Unfinished, appraise

SMALL_UNITS = st.lists(
    st.tuples(st.integers(-3, 6), st.integers(0, 6), st.integers(0, 6)).map(
        lambda unit: (unit[0], min(unit[1:]), max(unit[1:]))
    ),
    min_size=1,
    max_size=5,
)


def least_cost_switched(units: Sequence[Unit], load: int, position: int, *, on: bool) -> int | None:
    """Worked out by every output that the unit may have."""
    others = [*units[:position], *units[position + 1 :]]
    cost, least, most = units[position]
    outputs = range(max(least, 1), min(most, load) + 1) if on else [0]
    totals = ((cost * output, brute_force(others, load - output)) for output in outputs)
    return min((own + rest for own, rest in totals if rest is not None), default=None)


@given(SMALL_UNITS, st.integers(0, 25))
def test_every_alternative_is_the_best_plan_of_its_own(plain: list[tuple[int, int, int]], load: int) -> None:
    units = unit_list(plain)
    try:
        solution = solve(units, load)
    except Infeasible:
        return
    appraisal = appraise(units, load, solution.dispatch)
    assert appraisal.more == Alternative(brute_force(units, load + 1), computed=True)
    assert appraisal.less == Alternative(brute_force(units, load - 1) if load else None, computed=True)
    for position, output in enumerate(solution.dispatch):
        expected = least_cost_switched(units, load, position, on=not output)
        assert appraisal.switched[position] == Alternative(expected, computed=True)
        assert expected is None or expected >= solution.cost


def test_units_that_are_alike_are_solved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    solved = []

    def counted(units: Sequence[Unit], load: int, time_limit: float | None) -> Solution:
        solved.append(load)
        return solve(units, load, time_limit)

    monkeypatch.setattr(powerplant.merit_order.alternatives, "solve", counted)
    units = [Unit(5, 10, 20)] * 50 + [Unit(9, 0, 100)]
    appraisal = appraise(units, 505, solve(units, 505).dispatch)
    assert len(solved) <= 2 + 4
    assert len(appraisal.switched) == 51


def test_past_its_time_what_is_known_is_handed_over() -> None:
    units = [Unit(100 + i, 50 + i, 90 + i) for i in range(200)]
    dispatch = solve(units, 9000).dispatch
    with pytest.raises(Unfinished) as error:
        appraise(units, 9000, dispatch, 0.01)
    appraisal = error.value.appraisal
    assert appraisal.more.computed
    assert appraisal.switched[-1] == NOT_COMPUTED
    assert isinstance(error.value, GaveUp)
    assert pickle.loads(pickle.dumps(error.value)).appraisal == appraisal  # noqa: S301 - our own bytes


def test_what_does_not_fit_into_memory_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    units = [Unit(1, 5, 10), Unit(2, 5, 10)]

    def too_large(units: Sequence[Unit], load: int, time_limit: float | None) -> Solution:
        if len(units) == 1:
            raise GaveUp(None, None, 0)
        return solve(units, load, time_limit)

    monkeypatch.setattr(powerplant.merit_order.alternatives, "solve", too_large)
    appraisal = appraise(units, 10, (10, 0), 5.0)
    assert appraisal.switched == [NOT_COMPUTED, Alternative(15, computed=True)]
