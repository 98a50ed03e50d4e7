"""The merit order: the relaxed fill is a lower bound, and the dispatch of a commitment is the cheapest one."""

from __future__ import annotations

from itertools import accumulate, product

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oracles import broken_rules, brute_force, dense_programme, dispatch_cost, merit_order
from solving import as_units, unit_list
from strategies import PlainUnit, fleets

from powerplant.merit_order import Unit
from powerplant.merit_order.fill import MeritOrder


@st.composite
def fleets_and_loads(draw: st.DrawFn, max_units: int = 6, largest: int = 20) -> tuple[list[Unit], int]:
    """A fleet, and a load from 0 to its capacity."""
    units = unit_list(draw(fleets(max_units, largest)))
    return units, draw(st.integers(0, sum(unit.max_output for unit in units)))


# --- The relaxed fill ------------------------------------------------------------------------------------------------


@given(fleets_and_loads())
def test_the_relaxed_fill_is_the_cheapest_plan_of_units_without_a_minimum(question: tuple[list[Unit], int]) -> None:
    units, load = question
    fill = MeritOrder(units).relaxed_fill(load)
    relaxed = [unit._replace(min_output=0) for unit in units]
    assert broken_rules(relaxed, load, fill.outputs) == []
    assert fill.cost == dispatch_cost(units, fill.outputs) == dense_programme(as_units(relaxed), load)


@given(fleets_and_loads())
def test_no_plan_is_cheaper_than_the_relaxed_fill_and_a_fill_that_is_a_plan_has_its_cost(
    question: tuple[list[Unit], int],
) -> None:
    units, load = question
    fill = MeritOrder(units).relaxed_fill(load)
    least = brute_force(as_units(units), load)
    assert fill.is_plan is (broken_rules(units, load, fill.outputs) == [])
    if fill.is_plan:
        assert fill.cost == least
    elif least is not None:
        assert fill.cost <= least


@given(fleets_and_loads())
def test_a_plan_at_the_bound_is_a_plan_and_is_found_if_the_marginal_class_can_stay_on(
    question: tuple[list[Unit], int],
) -> None:
    units, load = question
    merit = MeritOrder(units)
    fill = merit.relaxed_fill(load)
    outputs = merit.plan_at_the_bound(fill)
    on = [output > 0 for output in fill.outputs]
    if outputs is None:
        assert not fill.is_plan
        staying_on = merit.dispatch(on, load)
        assert staying_on is None or dispatch_cost(units, staying_on) > fill.cost
    else:
        assert broken_rules(units, load, outputs) == []
        assert dispatch_cost(units, outputs) == fill.cost


def test_units_of_equal_cost_are_lowered_for_the_marginal_one_the_last_of_them_first() -> None:
    merit = MeritOrder([Unit(2, 10, 40), Unit(1, 0, 5), Unit(2, 10, 40), Unit(2, 10, 40), Unit(2, 30, 40)])
    plans = {
        50: [35, 5, 10, 0, 0],
        65: [40, 5, 20, 0, 0],
        126: [40, 5, 40, 11, 30],
        155: [40, 5, 40, 40, 30],
    }
    assert {load: merit.plan_at_the_bound(merit.relaxed_fill(load)) for load in plans} == plans


@given(fleets_and_loads())
def test_units_before_the_marginal_one_are_full_and_those_after_it_off(question: tuple[list[Unit], int]) -> None:
    units, load = question
    merit = MeritOrder(units)
    fill = merit.relaxed_fill(load)
    by_place = [fill.outputs[position] for position in merit.order]
    full = [merit.max_outputs[position] for position in merit.order]
    assert by_place[: fill.place] == full[: fill.place]
    assert not any(by_place[fill.place + 1 :])
    if load:
        assert 0 < by_place[fill.place] <= full[fill.place]
        assert fill.marginal_cost == units[merit.order[fill.place]].marginal_cost


def test_a_load_of_0_needs_no_units() -> None:
    for units in ([], [Unit(3, 50, 100)], [Unit(-3, 0, 0)]):
        fill = MeritOrder(units).relaxed_fill(0)
        assert fill.is_plan
        assert fill.cost == sum(fill.outputs) == 0


def test_a_fill_with_the_marginal_unit_below_its_minimum_is_not_a_plan() -> None:
    merit = MeritOrder([Unit(3, 50, 100), Unit(1, 0, 20)])
    assert [merit.relaxed_fill(load).is_plan for load in (0, 20, 21, 69, 70, 71, 120)] == [
        *(True, True, False, False, True, True, True)
    ]
    assert merit.relaxed_fill(69).outputs == [49, 20]
    assert merit.relaxed_fill(69).cost == 167


# --- The order -------------------------------------------------------------------------------------------------------


@given(fleets_and_loads())
def test_units_are_sorted_by_cost_and_equal_costs_keep_their_order(question: tuple[list[Unit], int]) -> None:
    units, _ = question
    merit = MeritOrder(units)
    assert merit.order == merit_order(as_units(units))
    assert merit.capacity == [0, *accumulate(units[position].max_output for position in merit.order)]
    assert merit.total == merit.capacity[-1]


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_commitment_is_converted_from_merit_order_to_the_order_of_the_units(by_place: list[bool]) -> None:
    merit = MeritOrder([Unit(cost, 0, 1) for cost in (7, 3, 5, 3)])
    third, first, fourth, second = by_place[3], by_place[0], by_place[2], by_place[1]
    assert merit.by_unit(by_place) == [third, first, fourth, second]


# --- The dispatch ----------------------------------------------------------------------------------------------------


@given(fleets_and_loads(max_units=5, largest=12))
def test_every_commitment_gets_its_cheapest_dispatch(question: tuple[list[Unit], int]) -> None:
    """Its cost above the minimum outputs is the least cost of units without a minimum."""
    units, load = question
    merit = MeritOrder(units)
    for committed in product((False, True), repeat=len(units)):
        outputs = merit.dispatch(committed, load)
        running = [unit for unit, on in zip(units, committed, strict=True) if on]
        residual_load = load - sum(unit.min_output for unit in running)
        above = [Unit(cost, 0, high - low) for cost, low, high in running]
        least = dense_programme(as_units(above), residual_load) if residual_load >= 0 else None
        if outputs is None:
            assert least is None
            continue
        assert least is not None
        assert merit.cost_of(outputs) == least + sum(unit.marginal_cost * unit.min_output for unit in running)
        assert sum(outputs) == load
        for unit, output, on in zip(units, outputs, committed, strict=True):
            assert unit.min_output <= output <= unit.max_output if on else output == 0


@pytest.mark.parametrize(
    ("committed", "load", "outputs"),
    [
        ([True, True, True], 30, [10, 10, 10]),
        ([True, True, True], 29, None),
        ([True, True, True], 40, [10, 20, 10]),
        ([True, True, True], 75, [15, 50, 10]),
        ([True, True, True], 115, [50, 50, 15]),
        ([True, True, True], 150, [50, 50, 50]),
        ([True, True, True], 151, None),
        ([True, False, True], 75, [50, 0, 25]),
        ([False, False, False], 0, [0, 0, 0]),
        ([False, False, False], 1, None),
    ],
)
def test_units_run_at_minimum_and_the_rest_goes_to_the_cheapest_and_to_the_first_of_equals(
    committed: list[bool], load: int, outputs: list[int] | None
) -> None:
    merit = MeritOrder([Unit(2, 10, 50), Unit(1, 10, 50), Unit(2, 10, 50)])
    assert merit.dispatch(committed, load) == outputs


@given(fleets(max_units=6, largest=20), st.integers(-(10**12), 10**12))
def test_the_same_extra_cost_on_all_units_changes_no_fill(units: list[PlainUnit], charge: int) -> None:
    load = sum(unit.max_output for unit in units) * 2 // 3
    before = MeritOrder(unit_list(units)).relaxed_fill(load)
    after = MeritOrder([Unit(cost + charge, low, high) for cost, low, high in units]).relaxed_fill(load)
    assert after.outputs == before.outputs
    assert after.cost == before.cost + charge * load
