"""Relaxations: every plan satisfies a row, and no multipliers give a bound above the least cost."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from time import perf_counter

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given
from oracles import brute_force, dense_programme, nearest_loads
from solving import as_units, cut_off, finished, rows_against, unit_list
from strategies import PlainUnit, fleets, instances

from benchmarks.families import FAMILIES
from powerplant.merit_order import Unit
from powerplant.merit_order.clock import Clock, TimeLimitPassed
from powerplant.merit_order.counting import least_outputs, outputs_around, priced, suggested_commitment
from powerplant.merit_order.fill import MeritOrder, Relaxation, Row
from powerplant.merit_order.proof import weight_of

NEVER = Clock()
TERA = 10**12


def commitments_under(units: Sequence[Unit], load: int) -> list[tuple[bool, ...]]:
    """Every commitment whose minimum outputs fit under the load; these include all commitments with a plan."""
    every = product((False, True), repeat=len(units))
    return [each for each in every if sum(u.min_output for u, on in zip(units, each, strict=True) if on) <= load]


def commitments_over(units: Sequence[Unit], load: int) -> list[tuple[bool, ...]]:
    """Every commitment whose maximum outputs reach the load; these include all commitments with a plan."""
    every = product((False, True), repeat=len(units))
    return [each for each in every if sum(u.max_output for u, on in zip(units, each, strict=True) if on) >= load]


def proven_by(units: Sequence[Unit], load: int, relaxation: Relaxation) -> int:
    """The bound of the multipliers, in their scale; tries every output of each unit."""
    price, charge, _, scale, row = relaxation
    weights = row.weights if row else [0] * len(units)
    bound = price * load - (charge * row.limit(charge) if row else 0)
    for (cost, low, high), weight in zip(units, weights, strict=True):
        if high:
            bound += min(0, *((cost * scale - price) * output + charge * weight for output in (low, high)))
    return bound


def largest_weight(counted: list[tuple[int, int]], load: int) -> int:
    return len(finished(least_outputs(counted, load, NEVER))) - 1


def any_row(units: Sequence[Unit], load: int, grain: int) -> Row:
    """The row of a grain, whether or not the fill violates it."""
    weights = [weight_of(unit.min_output, grain) for unit in units]
    counted = [(unit.min_output, weight) for unit, weight in zip(units, weights, strict=True) if weight]
    stopped = [(unit.max_output, weight) for unit, weight in zip(units, weights, strict=True) if weight]
    least = sum(weights) - largest_weight(stopped, sum(unit.max_output for unit in units) - load)
    return Row(grain, weights, largest_weight(counted, load), least)


@st.composite
def narrow_fleets(draw: st.DrawFn, max_units: int = 8) -> tuple[list[Unit], int]:
    """Large narrow units of one or two sizes and near-equal cost, with an expensive one; and a load."""
    size = draw(st.integers(10, 60))
    sizes = draw(st.sampled_from([(1,), (1,), (2, 3), (3, 5)]))
    units = []
    for _ in range(draw(st.integers(2, max_units - 1))):
        low = size * draw(st.sampled_from(sizes)) + draw(st.integers(0, 2))
        units.append(Unit(1000 + draw(st.integers(-5, 5)), low, low + draw(st.integers(0, 2))))
    units.append(Unit(draw(st.sampled_from([990, 3000, 5000])), draw(st.integers(0, 3)), 2 * size))
    most = sum(unit.max_output for unit in units)
    return units, draw(st.one_of(st.integers(0, most), st.integers(most // 3, most * 2 // 3)))


# --- Rows ------------------------------------------------------------------------------------------------------------


def check_rows(units: list[Unit], load: int) -> list[Row]:
    """The rows that the fill violates. Asserts that each is valid for all commitments with a plan, and tight."""
    merit = MeritOrder(units)
    fill = merit.relaxed_fill(load)
    rows = rows_against(merit, load, NEVER)
    running = commitments_under(units, load)
    for row in rows:
        assert row.weights == [weight_of(unit.min_output, row.grain) for unit in units]
        heaviest = max(sum(w for w, on in zip(row.weights, each, strict=True) if on) for each in running)
        assert row.most == heaviest
        shares = (
            Fraction(weight * output, unit.max_output)
            for unit, weight, output in zip(units, row.weights, fill.outputs, strict=True)
            if output
        )
        assert not row.least <= sum(shares) <= row.most
        reaching = commitments_over(units, load)
        assert row.least == min(sum(w for w, on in zip(row.weights, each, strict=True) if on) for each in reaching)
    assert len({row.grain for row in rows}) == len(rows)
    return rows


@given(narrow_fleets())
def test_every_plan_satisfies_a_row_and_the_fill_violates_it(
    question: tuple[list[Unit], int],
) -> None:
    check_rows(*question)


@given(instances(max_units=7))
def test_every_plan_of_any_fleet_satisfies_its_rows(instance: tuple[list[PlainUnit], int]) -> None:
    units, load = instance
    assume(load <= sum(unit.max_output for unit in units))
    check_rows(unit_list(units), load)


@pytest.mark.parametrize("seed", range(4))
def test_a_fleet_in_which_one_more_plant_is_too_many_has_a_row(seed: int) -> None:
    plain, load = FAMILIES["counted"](9, seed)
    assert check_rows(unit_list(plain), load)


def test_a_row_by_hand() -> None:
    """Three of 100 are too many for 250: at most two run, but the fill uses two and a half."""
    units = [Unit(3, 100, 104), Unit(4, 100, 104), Unit(5, 100, 104), Unit(90, 0, 100)]
    merit = MeritOrder(units)
    first, *_ = rows_against(merit, 250, NEVER)
    assert first == Row(100, [1, 1, 1, 0], 2, 2)
    # Two of them produce 208, and the rest is expensive: 728 + 42 * 90. The fill costs 728 + 42 * 5.
    relaxation = finished(priced(merit, 250, first, NEVER))
    assert brute_force(as_units(units), 250) == relaxation.lower_bound() == 728 + 42 * 90
    assert merit.relaxed_fill(250).relaxation().lower_bound() == 728 + 42 * 5
    assert suggested_commitment(merit, relaxation) == [True, True, False, True]


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 6)), max_size=9), st.integers(0, 150))
def test_the_largest_weight_is_that_of_the_heaviest_commitment(counted: list[tuple[int, int]], load: int) -> None:
    sums = [(0, 0)]
    for output, own in counted:
        sums += [(made + output, weight + own) for made, weight in sums]
    assert largest_weight(counted, load) == max(weight for made, weight in sums if made <= load)


def test_units_that_do_not_fit_under_the_load_are_not_counted() -> None:
    with cut_off(2):
        assert largest_weight([(3, 1), (10**9, 10**9), (TERA, TERA), (4, 2)], 7) == 3


def test_a_grain_with_too_large_a_sum_of_weights_is_skipped() -> None:
    """Sixty equal units give the grain; another unit has so many grains that the list of sums would be too long."""
    units = [*[Unit(100 + i, 4, 4) for i in range(60)], Unit(500, 0, 3), Unit(90, 10**9, 10**9 + 5)]
    merit = MeritOrder(units)
    load = 10**9 - 7
    with cut_off(2):
        assert {row.grain for row in rows_against(merit, load, NEVER)} <= {0}


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_weight_is_rounded_to_the_nearest_integer_and_a_half_up(min_output: int, grain: int) -> None:
    assert abs(Fraction(min_output, grain) - weight_of(min_output, grain)) <= Fraction(1, 2)
    assert weight_of(grain * 3, 2 * grain) == 2
    assert weight_of(min_output, -1) == weight_of(0, grain) == weight_of(0, 0) == 0


def test_without_a_grain_each_unit_weighs_one() -> None:
    assert [weight_of(min_output, 0) for min_output in (1, 7, 10**20)] == [1, 1, 1]


@given(narrow_fleets())
def test_if_the_limits_of_a_row_cross_there_is_no_plan_and_the_nearest_loads_are_known(
    question: tuple[list[Unit], int],
) -> None:
    units, load = question
    merit = MeritOrder(units)
    for row in [any_row(units, load, grain) for grain in (0, units[0].min_output or 1)]:
        if row.least > row.most:
            assert brute_force(as_units(units), load) is None
            assert finished(outputs_around(merit, row, load, NEVER)) == nearest_loads(as_units(units), load)


@pytest.mark.parametrize(
    ("family", "seed"), [("counted_no_plan", 0), ("gap", 0), ("block_thin_band", 0), ("engines", 0)]
)
def test_a_family_without_a_plan_has_a_row_whose_limits_cross(family: str, seed: int) -> None:
    plain, load = FAMILIES[family](20, seed)
    units = unit_list(plain)
    merit = MeritOrder(units)
    crossed = [row for row in rows_against(merit, load, NEVER) if row.least > row.most]
    assert crossed
    assert finished(outputs_around(merit, crossed[0], load, NEVER)) == nearest_loads(as_units(units), load)


# --- Multipliers -----------------------------------------------------------------------------------------------------


@given(instances(max_units=7))
def test_the_bound_of_the_fills_relaxation_is_the_cost_of_the_fill(instance: tuple[list[PlainUnit], int]) -> None:
    units, load = unit_list(instance[0]), instance[1]
    assume(load <= sum(unit.max_output for unit in units))
    fill = MeritOrder(units).relaxed_fill(load)
    relaxation = fill.relaxation()
    assert relaxation.lower_bound() == relaxation.bound == fill.cost == proven_by(units, load, relaxation)


def check_priced(units: list[Unit], load: int, row: Row) -> None:
    """Asserts that the bound of the multipliers is right and not above the least cost."""
    merit = MeritOrder(units)
    relaxation = finished(priced(merit, load, row, NEVER))
    assert relaxation.row == row
    assert relaxation.bound == proven_by(units, load, relaxation)
    assert (relaxation.lower_bound() - 1) * relaxation.scale < relaxation.bound
    assert relaxation.bound <= relaxation.lower_bound() * relaxation.scale
    least = brute_force(as_units(units), load)
    assert least is None or relaxation.lower_bound() <= least
    suggested = suggested_commitment(merit, relaxation)
    assert sum(weight for weight, on in zip(row.weights, suggested, strict=True) if on) <= row.most


@given(narrow_fleets(), st.integers(1, 70))
def test_the_bound_of_a_row_is_not_above_the_least_cost(question: tuple[list[Unit], int], grain: int) -> None:
    units, load = question
    check_priced(units, load, any_row(units, load, grain))


@given(fleets(max_units=6), st.data())
def test_the_bound_of_any_row_of_any_fleet_is_not_above_the_least_cost(
    plain: list[PlainUnit], data: st.DataObject
) -> None:
    units = unit_list(plain)
    load = data.draw(st.integers(0, sum(unit.max_output for unit in units)))
    check_priced(units, load, any_row(units, load, data.draw(st.integers(1, 40))))


@pytest.mark.parametrize("family", ["counted", "counted_two_sizes", "narrow", "rigid_base", "block_negative"])
def test_the_bound_of_a_row_of_a_family_is_not_above_the_least_cost(family: str) -> None:
    for seed in range(4):
        plain, load = FAMILIES[family](8, seed)
        units = unit_list(plain)
        for row in check_rows(units, load):
            check_priced(units, load, row)


@pytest.mark.parametrize("seed", range(4))
def test_counting_closes_most_of_the_gap_if_one_more_plant_is_too_many(seed: int) -> None:
    """The bound of the fill is too low by the cost of the peakers."""
    plain, load = FAMILIES["counted"](20, seed)
    units = unit_list(plain)
    coarse = [unit._replace(min_output=unit.min_output // 50, max_output=unit.max_output // 50) for unit in units]
    merit = MeritOrder(coarse)
    load //= 50
    least, fill = dense_programme(as_units(coarse), load), merit.relaxed_fill(load)
    assert least is not None
    best = max(finished(priced(merit, load, row, NEVER)).lower_bound() for row in rows_against(merit, load, NEVER))
    assert fill.cost < best <= least
    assert (least - best) * 4 < least - fill.cost


@given(narrow_fleets(), st.data())
def test_the_multipliers_of_a_row_are_the_best_ones(question: tuple[list[Unit], int], data: st.DataObject) -> None:
    """Within one unit of cost, at which the search for the price ends."""
    units, load = question
    row = any_row(units, load, data.draw(st.sampled_from([low for _, low, _ in units if low])))
    best = finished(priced(MeritOrder(units), load, row, NEVER))
    costs = sorted({unit.marginal_cost for unit in units})
    price = best.scale * data.draw(st.one_of(st.sampled_from(costs), st.integers(costs[0], 2 * costs[-1])))
    counted = [(unit, weight) for unit, weight in zip(units, row.weights, strict=True) if weight]
    saved = [(price - unit.marginal_cost * best.scale) * unit.max_output // weight for unit, weight in counted]
    charge = data.draw(st.sampled_from([best.charge, *saved]))
    assert proven_by(units, load, Relaxation(price, charge, 0, best.scale, row)) < best.bound + best.scale


def test_counting_stops_at_the_time_limit() -> None:
    plain, load = FAMILIES["counted"](20, 0)
    merit = MeritOrder(unit_list(plain))
    with pytest.raises(TimeLimitPassed):
        rows_against(merit, load, Clock(perf_counter() - 1, 0))
    row = rows_against(merit, load, NEVER)[0]
    with pytest.raises(TimeLimitPassed):
        finished(priced(merit, load, row, Clock(perf_counter() - 1, 0)))
