"""The core programme: it finds the cheapest plan within its budget, if there is one."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from time import perf_counter

import hypothesis.strategies as st
import pytest
from hypothesis import given
from oracles import dense_programme, dispatch_cost
from solving import as_units, cut_off, finished, plan_of, rows_against, unit_list
from strategies import fleets

from benchmarks.families import FAMILIES
from powerplant.merit_order import Unit, core, solver
from powerplant.merit_order.clock import Clock, TimeLimitPassed, TooLarge
from powerplant.merit_order.core import fields, plans_within, stages, walk
from powerplant.merit_order.core.fields import NO_STATES, Fields, Reader, States
from powerplant.merit_order.core.items import Deviations
from powerplant.merit_order.counting import least_outputs, priced
from powerplant.merit_order.fill import MeritOrder, Relaxation, Row
from powerplant.merit_order.proof import weight_of

NEVER = Clock()


def best_within(
    units: list[Unit], relaxation: Relaxation, load: int, budget: int, clock: Clock = NEVER
) -> list[bool] | None:
    """The last commitment that the core programme finds, which is the cheapest."""
    plans = finished(plans_within(budget, Deviations(units, relaxation, load, clock), relaxation, clock))
    return plans[-1] if plans else None


def capacity_of(units: Sequence[Unit]) -> int:
    return sum(unit.max_output for unit in units)


def largest_weight(counted: list[tuple[int, int]], load: int) -> int:
    return len(finished(least_outputs(counted, load, NEVER))) - 1


def row_of(units: Sequence[Unit], load: int, grain: int) -> Row:
    """The row of a grain, whether or not the fill violates it."""
    weights = [weight_of(unit.min_output, grain) for unit in units]
    counted = [(unit.min_output, weight) for unit, weight in zip(units, weights, strict=True) if weight]
    stopped = [(unit.max_output, weight) for unit, weight in zip(units, weights, strict=True) if weight]
    least = sum(weights) - largest_weight(stopped, capacity_of(units) - load)
    return Row(grain, weights, largest_weight(counted, load), least)


def relaxed(units: Sequence[Unit], load: int, price: int, charge: int, scale: int, row: Row | None) -> Relaxation:
    """The relaxation of any multipliers: each unit is at its best output."""
    weights = row.weights if row else [0] * len(units)
    bound = price * load - (charge * row.limit(charge) if row else 0)
    for (cost, low, high), weight in zip(units, weights, strict=True):
        if high:
            bound += min(0, *((cost * scale - price) * output + charge * weight for output in (low, high)))
    return Relaxation(price, charge, bound, scale, row)


def finds_the_best(units: list[Unit], load: int, relaxation: Relaxation, budget: int, least: int | None) -> bool:
    """Whether the core programme finds a plan within a budget. Asserts that it finds the cheapest one, if there is one.

    If no plan is within the budget, the result may be a more expensive one.
    """
    merit = MeritOrder(units)
    committed = best_within(units, relaxation, load, budget)
    outputs = committed and merit.dispatch(committed, load)
    assert (committed is None) is (outputs is None)
    cost = dispatch_cost(units, outputs) if outputs else None
    if least is None or least * relaxation.scale > relaxation.bound + budget:
        assert cost is None or (least is not None and cost >= least)
        return False
    assert cost == least
    return True


def check_around(units: list[Unit], load: int, relaxation: Relaxation) -> None:
    """Tries budgets that just include the cheapest plan, just exclude it, or include more expensive ones."""
    least = dense_programme(as_units(units), load)
    if least is None:
        for budget in (0, 1, 1000):
            assert not finds_the_best(units, load, relaxation, budget, least)
        return
    needed = least * relaxation.scale - relaxation.bound
    assert needed >= 0
    assert finds_the_best(units, load, relaxation, needed, least)
    assert finds_the_best(units, load, relaxation, 4 * needed + 7, least)
    costs = [unit.marginal_cost for unit in units]
    any_plan = needed + (max(costs) - min(costs)) * load * relaxation.scale
    assert finds_the_best(units, load, relaxation, any_plan, least)
    for missing in (1, needed // 2, needed):
        if 0 < missing <= needed:
            assert not finds_the_best(units, load, relaxation, needed - missing, least)


@st.composite
def questions(draw: st.DrawFn, max_units: int = 8, largest: int = 30) -> tuple[list[Unit], int]:
    """A fleet, and a load from 0 to its capacity."""
    units = unit_list(draw(fleets(max_units, largest)))
    made = sum(draw(st.sampled_from([0, low, high])) for _, low, high in units) + draw(st.integers(-1, 1))
    anything = draw(st.integers(0, capacity_of(units)))
    return units, min(max(made, 0), capacity_of(units)) if draw(st.booleans()) else anything


# --- Against the dense programme -------------------------------------------------------------------------------------


@given(questions())
def test_from_the_relaxed_fill_it_finds_the_cheapest_plan_within_any_budget(question: tuple[list[Unit], int]) -> None:
    units, load = question
    check_around(units, load, MeritOrder(units).relaxed_fill(load).relaxation())


@given(questions(), st.integers(0, 200))
def test_a_plan_is_found_only_if_its_gap_is_within_the_budget(question: tuple[list[Unit], int], budget: int) -> None:
    units, load = question
    relaxation = MeritOrder(units).relaxed_fill(load).relaxation()
    finds_the_best(units, load, relaxation, budget, dense_programme(as_units(units), load))


@given(questions(max_units=6), st.integers(1, 31))
def test_from_the_multipliers_of_a_row_it_finds_the_cheapest_plan(question: tuple[list[Unit], int], grain: int) -> None:
    units, load = question
    check_around(units, load, finished(priced(MeritOrder(units), load, row_of(units, load, grain), NEVER)))


@given(questions(), st.data())
def test_from_any_multipliers_it_finds_the_cheapest_plan(question: tuple[list[Unit], int], data: st.DataObject) -> None:
    """Good multipliers make it fast; its result does not depend on them."""
    units, load = question
    scale = data.draw(st.sampled_from([1, 1, 3]))
    price = data.draw(st.sampled_from([unit.marginal_cost for unit in units])) * scale + data.draw(st.integers(-5, 5))
    row = data.draw(st.one_of(st.none(), st.integers(1, 31).map(lambda grain: row_of(units, load, grain))))
    charge = data.draw(st.one_of(st.integers(-5, 5), st.integers(-200, 200))) if row else 0
    check_around(units, load, relaxed(units, load, price, charge, scale, row))


@given(questions(max_units=9, largest=120))
def test_among_many_sums_it_finds_the_cheapest_plan(question: tuple[list[Unit], int]) -> None:
    """So many that the window removes those at the edges."""
    units, load = question
    check_around(units, load, MeritOrder(units).relaxed_fill(load).relaxation())


def test_a_state_may_violate_a_row_that_the_plan_satisfies() -> None:
    """The default and the plan have two units on, as the row demands; a state between them has three."""
    units = [Unit(512, 102, 102), Unit(500, 100, 100), Unit(510, 101, 101)]
    row = row_of(units, 202, 100)
    assert row == Row(100, [1, 1, 1], 2, 2)
    relaxation = relaxed(units, 202, 600, 9000, 1, row)
    check_around(units, 202, relaxation)
    assert best_within(units, relaxation, 202, 10**6) == [True, True, False]


# --- Fleets for each kind of move ------------------------------------------------------------------------------------

SHAPES: dict[str, tuple[list[Unit], range]] = {
    "alike": ([Unit(5, 7, 9)] * 13 + [Unit(9, 2, 3)], range(0, 121, 6)),
    "alike in threes": ([Unit(cost, 10, 12) for cost in (3, 4, 5)] * 3 + [Unit(40, 0, 5)] * 3, range(0, 124, 6)),
    "alike but for their cost": ([Unit(cost, 10, 11) for cost in range(12)], range(0, 133, 7)),
    "blocks": ([Unit(20 + size % 5, size, size) for size in range(6, 30, 2)], range(0, 205, 11)),
    "blocks that are alike": ([Unit(7, 6, 6)] * 9 + [Unit(8, 10, 10)] * 6 + [Unit(9, 15, 15)] * 3, range(0, 160, 8)),
    "slides": ([Unit(cost, 10, 30) for cost in (5, 6, 8, 9, 9, 12)], range(0, 181, 9)),
    "units that slide and blocks": ([Unit(2, 8, 8), Unit(3, 4, 17), Unit(4, 16, 16)] * 3, range(0, 124, 6)),
    "costs of nothing": ([Unit(0, 6, 6)] * 4 + [Unit(0, 5, 9), Unit(0, 0, 2), Unit(1, 3, 4)], range(40)),
    "negative costs": ([Unit(-cost, 4 + cost, 6 + 2 * cost) for cost in range(8)], range(0, 101, 5)),
    "costs of both signs": ([Unit(cost, 5, 5 + cost % 3) for cost in range(-5, 6)], range(0, 66, 3)),
    "units that are never on": ([Unit(-1, 0, 0), Unit(4, 5, 6), Unit(9, 0, 0), Unit(4, 3, 3)], range(10)),
    "no minimum": ([Unit(cost, 0, 7) for cost in (3, 3, 4, 8)] + [Unit(2, 11, 12)], range(0, 41, 2)),
    "on a divisor, but for one": (
        [Unit(20 + i, 6 * i, 6 * i) for i in range(1, 9)] + [Unit(60, 0, 8)],
        range(0, 225, 7),
    ),
    "rungs of a ladder": ([Unit(c, c * k, c * k) for c in (5, 7) for k in (1, 1, 2, 3)] + [Unit(9, 4, 4)], range(89)),
    "costs of being on": ([Unit(100 + 600 // size, size, size) for size in range(7, 16)], range(0, 100, 3)),
    "costs far apart": ([Unit(10**power, 4, 5) for power in range(0, 40, 5)], range(0, 41, 2)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_of_move(shape: str) -> None:
    units, loads = SHAPES[shape]
    for load in loads:
        check_around(units, load, MeritOrder(units).relaxed_fill(load).relaxation())
        check_around(units, load, finished(priced(MeritOrder(units), load, row_of(units, load, 5), NEVER)))


@pytest.mark.parametrize(
    "family", ["counted", "counted_two_sizes", "narrow", "block_even_flexible", "types", "engines"]
)
def test_from_the_rows_of_a_family_it_finds_the_cheapest_plan(family: str) -> None:
    for seed in range(3):
        plain, load = FAMILIES[family](14, seed)
        coarser = max(1, load // 1000)
        units = [Unit(cost, low // coarser, high // coarser) for cost, low, high in plain]
        load = min(load // coarser, capacity_of(units))
        merit = MeritOrder(units)
        fill = merit.relaxed_fill(load)
        least = dense_programme(as_units(units), load)
        for relaxation in [
            fill.relaxation(),
            *(finished(priced(merit, load, row, NEVER)) for row in rows_against(merit, load, NEVER)),
        ]:
            budget = (10**9 if least is None else least) * relaxation.scale - relaxation.bound
            assert finds_the_best(units, load, relaxation, max(0, budget), least) is (least is not None)


@given(st.integers(1, 40), st.integers(0, 5), st.integers(0, 3), st.data())
def test_any_number_of_equal_units_can_move(count: int, more: int, cost: int, data: st.DataObject) -> None:
    """1, 2, 4, ... copies move together, which gives every number, both from off to on and from on to off."""
    units = [Unit(cost, 5, 5 + more)] * count + [Unit(2, 3, 3)] * data.draw(st.integers(0, 3)) + [Unit(7, 0, 4)]
    load = data.draw(st.integers(0, capacity_of(units)))
    price = data.draw(st.sampled_from([cost - 1, cost, cost + 1, 2, 7]))
    check_around(units, load, relaxed(units, load, price, 0, 1, None))


@pytest.mark.parametrize(("bits", "looks"), [(2, 0), (2, 25), (3, 3000), (6, 100)])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_result_is_exact_for_any_rounding_of_the_first_run(
    shape: str, bits: int, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plans that rounding cannot distinguish are compared exactly, or the programme runs again without rounding."""
    monkeypatch.setattr(core, "COARSE_BITS", bits)
    monkeypatch.setattr(walk, "MOST_LOOKS", looks)
    units, loads = SHAPES[shape]
    for load in loads[::4]:
        check_around(units, load, MeritOrder(units).relaxed_fill(load).relaxation())
        check_around(units, load, finished(priced(MeritOrder(units), load, row_of(units, load, 0), NEVER)))


# --- Memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept_bits", [0, 300, 5000])
@pytest.mark.parametrize("shape", ["alike", "slides", "units that slide and blocks", "costs of both signs"])
def test_states_that_were_not_kept_are_computed_again(
    shape: str, kept_bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "KEPT_BITS", kept_bits)
    units, loads = SHAPES[shape]
    for load in loads[::3]:
        check_around(units, load, MeritOrder(units).relaxed_fill(load).relaxation())


def test_states_above_the_memory_limit_raise_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    units, load = unit_list(FAMILIES["block_ceiling"](12, 1)[0]), FAMILIES["block_ceiling"](12, 1)[1]
    relaxation = MeritOrder(units).relaxed_fill(load).relaxation()
    assert best_within(units, relaxation, load, 10**14) is not None
    monkeypatch.setattr(fields, "STATE_BITS", 4000)
    with pytest.raises(TooLarge):
        best_within(units, relaxation, load, 10**14)


def test_huge_states_raise_too_large_before_memory_is_used() -> None:
    units, load = (
        [Unit(1, 10**17, 10**17), Unit(2, 10**17 - 1, 10**17 - 1), Unit(3, 10**17 + 7, 10**17 + 7)],
        2 * 10**17 + 6,
    )
    with pytest.raises(TooLarge):
        best_within(units, MeritOrder(units).relaxed_fill(load).relaxation(), load, 10**20)


@pytest.mark.parametrize("family", ["block_ceiling", "block_negative", "near_infeasible", "counted_two_sizes"])
def test_without_memory_for_the_core_programme_the_search_finds_the_same_cost(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, load = FAMILIES[family](12, 0)
    cost = plan_of(plain, load).cost
    monkeypatch.setattr(fields, "STATE_BITS", 0)
    monkeypatch.setattr(stages, "STATE_BITS", 0)
    without = plan_of(plain, load)
    assert without.cost == cost
    assert without.proof.method in ("search", "counting", "merit order")


def at(reader: Reader, imbalance: int) -> int:
    return reader.at(0, imbalance)


@given(st.lists(st.integers(0, 4000), max_size=90), st.integers(-30, 30), st.integers(1, 12), st.booleans())
def test_fields_can_be_read_singly_and_filtered_by_a_divisor(
    held: list[int], lowest: int, divisor: int, whole_bytes: bool
) -> None:
    """A reader returns 0 outside the states. `every` keeps the imbalances that are multiples of a divisor."""
    of = Fields(4000, NEVER, whole_bytes=whole_bytes)
    states = NO_STATES
    for place, left in enumerate(held):
        states = of.better(states, States(left, lowest + place, 1), 0, 0)
    expected = {lowest + place: left for place, left in enumerate(held)}
    whole = Reader(of, {0: states})
    thin = Reader(of, {0: of.every(states, divisor)}) if whole_bytes else None
    for move in range(lowest - 20, lowest + len(held) + 20):
        assert at(whole, move) == expected.get(move, 0)
        assert whole.at(1, move) == 0
        assert thin is None or at(thin, move) == expected.get(move * divisor, 0)


def test_filtering_by_a_divisor_takes_little_more_memory_than_the_fields() -> None:
    of = Fields(1000, NEVER, whole_bytes=True)
    states = States((1 << of.width * 1_000_000) - 1, -1, 1_000_000)
    tracemalloc.start()
    assert of.every(states, 2).size == 500_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * of.width * states.size // 8


def test_reading_a_field_does_not_unpack_all_others() -> None:
    of = Fields(10**13, NEVER)
    reader = Reader(of, {0: States(3 << 46 * 17, 0, 1_000_000)})
    with cut_off(2):
        assert [at(reader, move) for move in range(-1000, 1000)].count(3) == 1
        assert at(reader, 17) == 3
        assert at(reader, 10**30) == at(reader, -(10**30)) == 0


@pytest.mark.parametrize("digits", [30, 320])
@pytest.mark.parametrize("family", ["block_ceiling", "block_even_flexible", "counted_two_sizes"])
def test_very_large_costs_are_exact(family: str, digits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also above the range of floats. Here the core programme starts at once."""
    monkeypatch.setattr(solver, "FIRST_TURN", 1)
    monkeypatch.setattr(solver, "SHARE", 10**9)
    plain, load = FAMILIES[family](12, 1)
    scaled = [(cost * 10**digits + 1, low, high) for cost, low, high in plain]
    assert plan_of(scaled, load).cost == plan_of(plain, load).cost * 10**digits + load


def test_copies_of_an_item_type_make_every_multiple_of_its_divisor() -> None:
    """5, 5, 10 and 20 give every multiple of 5 up to 40: one item type. Equal units are one item type too."""
    ladder = [Unit(3, size, size) for size in (5, 5, 10, 20)]
    units = [*ladder, Unit(4, 10, 10), Unit(4, 20, 20), Unit(4, 5, 5), *[Unit(9, 6, 7)] * 3]
    deviations = Deviations(units, MeritOrder(units).relaxed_fill(60).relaxation(), 60, NEVER)
    item_types = {tuple(item.item_type.positions): item.item_type for item in deviations.items}
    assert {positions: each.size for positions, each in item_types.items()} == {
        (0, 1, 2, 3): 8,
        (4, 5, 6): 7,
        (7, 8, 9): 3,
    }
    for item_type in item_types.values():
        for count in range(item_type.size + 1):
            chosen = [
                units[at].min_output for at, on in zip(item_type.positions, item_type.commit(count), strict=True) if on
            ]
            assert sum(chosen) == count * item_type.unit.min_output


# --- Budgets and time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["block_even_flexible", "large_block", "narrow"])
def test_the_core_programme_stops_at_the_time_limit(family: str) -> None:
    plain, load = FAMILIES[family](40, 0)
    units = unit_list(plain)
    merit = MeritOrder(units)
    with pytest.raises(TimeLimitPassed):
        best_within(units, merit.relaxed_fill(load).relaxation(), load, 10**13, Clock(perf_counter() - 1, 0))
