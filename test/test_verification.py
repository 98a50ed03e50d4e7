"""The last check of a plan: a wrong one is not sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from oracles import broken_rules
from strategies import PlainUnit, instances

from powerplant.errors import WrongPlan
from powerplant.formulation import Instance
from powerplant.merit_order import Proof, Solution, Unit, solve
from powerplant.verification import verify

INSTANCE = Instance(
    ("wind", "big", "small", "off"), (Unit(0, 20, 20), Unit(3, 50, 100), Unit(5, 0, 40), Unit(9, 5, 9)), 90, True
)


def solution_of(units: Sequence[PlainUnit], load: int) -> Solution | None:
    result = solve([Unit(*unit) for unit in units], load)
    return result if isinstance(result, Solution) else None


SOLUTION = Solution((20, 70, 0, 0), 210, 210, Proof("merit order", ()))


def test_a_correct_plan_passes() -> None:
    verify(INSTANCE, SOLUTION)


@pytest.mark.parametrize(
    ("corruption", "message"),
    [
        ({"dispatch": (20, 71, 0, 0)}, "produces 91, not the load of 90"),
        ({"dispatch": (20, 69, 0, 0)}, "produces 89, not the load of 90"),
        ({"dispatch": (0, 70, 0, 0)}, "produces 70, not the load of 90"),
        ({"dispatch": (0, 0, 0, 0)}, "produces 0, not the load of 90"),
        ({"dispatch": (19, 71, 0, 0)}, "wind produces 19, outside its limits 20..20"),
        ({"dispatch": (21, 69, 0, 0)}, "wind produces 21, outside its limits 20..20"),
        ({"dispatch": (20, 30, 40, 0)}, "big produces 30, outside its limits 50..100"),
        ({"dispatch": (0, 110, -20, 0)}, "outside its limits"),
        ({"dispatch": (20, 75, -5, 0)}, "small produces -5, outside its limits 0..40"),
        ({"dispatch": (20, 69, 0, 1)}, "off produces 1, outside its limits 5..9"),
        ({"dispatch": (20, 70.0, 0, 0)}, "big produces 70.0, which is off the grid"),
        ({"dispatch": (20, 69.5, 0.5, 0)}, "off the grid"),
        ({"dispatch": (20, float("nan"), 0, 0)}, "off the grid"),
        ({"dispatch": (20, 70, False, 0)}, "off the grid"),
        ({"dispatch": (20, 70, None, 0)}, "off the grid"),
        ({"dispatch": (20, 70, 0)}, "3 outputs for 4 power plants"),
        ({"dispatch": (20, 70, 0, 0, 0)}, "5 outputs for 4 power plants"),
        ({"dispatch": ()}, "0 outputs for 4 power plants"),
        ({"cost": 209}, "costs 210, not 209 as stated"),
        ({"cost": 211}, "costs 210, not 211 as stated"),
        ({"dispatch": (20, 60, 10, 0)}, "costs 230, not 210 as stated"),
        ({"lower_bound": 209}, "costs 210, and the bound is 209"),
        ({"lower_bound": 211}, "costs 210, and the bound is 211"),
        # A correct plan with its correct cost, but not the cheapest.
        ({"dispatch": (20, 60, 10, 0), "cost": 230}, "costs 230, and the bound is 210"),
    ],
)
def test_a_corrupted_plan_is_wrong(corruption: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongPlan, match=message):
        verify(INSTANCE, SOLUTION._replace(**corruption))


def test_the_bound_of_an_unproven_plan_may_be_lower_but_not_higher() -> None:
    verify(INSTANCE, SOLUTION._replace(lower_bound=209), proven=False)
    with pytest.raises(WrongPlan, match="costs 210, and the bound is 211"):
        verify(INSTANCE, SOLUTION._replace(lower_bound=211), proven=False)


def test_a_plan_for_another_load_is_wrong() -> None:
    with pytest.raises(WrongPlan, match="not the load of 91"):
        verify(INSTANCE._replace(load=91), SOLUTION)


def test_a_plan_for_other_prices_is_wrong() -> None:
    units = (Unit(0, 20, 20), Unit(4, 50, 100), *INSTANCE.units[2:])
    with pytest.raises(WrongPlan, match="costs 280, not 210 as stated"):
        verify(INSTANCE._replace(units=units), SOLUTION)


def _names(units: Sequence[PlainUnit]) -> tuple[str, ...]:
    return tuple(f"p{i}" for i in range(len(units)))


@given(instances(), instances())
def test_the_plan_of_one_fleet_passes_for_another_exactly_if_an_oracle_finds_no_fault(
    one: tuple[list[PlainUnit], int], other: tuple[list[PlainUnit], int]
) -> None:
    units, load = one
    solution = solution_of(units, load)
    assume(solution is not None)
    assert solution is not None
    verify(Instance(_names(units), tuple(Unit(*unit) for unit in units), load, True), solution)
    others, other_load = other
    cost = sum(unit.marginal_cost * output for unit, output in zip(others, solution.dispatch, strict=False))
    presented = Instance(_names(others), tuple(Unit(*unit) for unit in others), other_load, True)
    claimed: Solution = solution._replace(cost=cost, lower_bound=cost)
    try:
        verify(presented, claimed)
    except WrongPlan:
        assert broken_rules(others, other_load, solution.dispatch)
    else:
        assert not broken_rules(others, other_load, solution.dispatch)
