"""The benchmark's fleets: the same on every machine, and as their docstrings say."""

import hashlib
from collections.abc import Iterator

import pytest

from benchmarks.families import FAMILIES, Fuels, PlainUnit, reachable_loads

SIZES = (4, 5, 6, 13, 60)
SEEDS = range(10)

ALWAYS_A_PLAN = {
    "counted",
    "narrow",
    "near_infeasible",
    "block_equal",
    "block_near_equal",
    "block_correlated",
    "block_correlated_price",
    "block_negative",
    "block_even_flexible",
    "block_spanner",
    "block_ceiling",
    "large_block",
    "last_digit",
    "types",
    "types_distinct",
}
NEVER_A_PLAN = {"counted_no_plan", "gap"}
BLOCKS_ONLY = {name for name in FAMILIES if name.startswith("block_")} - {"block_even_flexible"} | {"large_block"}

every_family = pytest.mark.parametrize("family", FAMILIES)


def fleets(family: str) -> Iterator[tuple[int, int, list[PlainUnit], int]]:
    for n in SIZES:
        for seed in SEEDS:
            yield n, seed, *FAMILIES[family](n, seed)


def has_a_plan(units: list[PlainUnit], load: int) -> bool:
    return bool(reachable_loads(units) >> load & 1)


def counts_that_reach(units: list[PlainUnit], load: int) -> list[int]:
    """The numbers of units k for which the load is between the least and the largest output of any k units."""
    least = sorted(low for _, low, _ in units)
    most = sorted((high for _, _, high in units), reverse=True)
    return [k for k in range(len(units) + 1) if sum(least[:k]) <= load <= sum(most[:k])]


@every_family
def test_a_fleet_is_the_same_each_time_and_differs_between_seeds(family: str) -> None:
    assert FAMILIES[family](20, 3) == FAMILIES[family](20, 3)
    assert FAMILIES[family](20, 3) != FAMILIES[family](20, 4)


def test_the_fleets_are_the_same_on_every_machine() -> None:
    made = repr([family(12, seed) for family in FAMILIES.values() for seed in range(3)])
    assert hashlib.sha256(made.encode()).hexdigest()[:16] == "1996702971c84f88"


@every_family
def test_a_fleet_has_n_units_within_limits_and_a_load_within_capacity(family: str) -> None:
    for n, _, units, load in fleets(family):
        assert len(units) == n
        assert all(isinstance(value, int) for unit in units for value in unit)
        assert all(0 <= low <= high for _, low, high in units)
        assert 0 <= load <= sum(high for _, _, high in units)


@pytest.mark.parametrize("family", sorted(ALWAYS_A_PLAN))
def test_a_plan_exists_if_the_docstring_says_so(family: str) -> None:
    assert all(has_a_plan(units, load) for _, _, units, load in fleets(family))


@pytest.mark.parametrize("family", sorted(NEVER_A_PLAN))
def test_no_plan_exists_if_the_docstring_says_so(family: str) -> None:
    assert not any(has_a_plan(units, load) for _, _, units, load in fleets(family))


@pytest.mark.parametrize(
    ("family", "shapes", "with_a_plan"),
    [
        ("engines", 5, {1, 2, 4}),
        ("counted_two_sizes", 4, {0, 1, 2}),
        ("block_thin_band", 2, {1}),
    ],
)
def test_the_shape_decides_whether_there_is_a_plan(family: str, shapes: int, with_a_plan: set[int]) -> None:
    for _, seed, units, load in fleets(family):
        assert has_a_plan(units, load) == (seed % shapes in with_a_plan)


def test_wind_on_a_divisor_has_a_plan_only_if_a_plant_is_off_the_divisor() -> None:
    for _, seed, units, load in fleets("wind_divisor"):
        if seed % 4 in {0, 3}:
            assert has_a_plan(units, load)
        elif seed % 4 == 2:
            assert not has_a_plan(units, load)


@pytest.mark.parametrize("family", sorted(BLOCKS_ONLY))
def test_a_block_family_has_only_block_units(family: str) -> None:
    assert all(low == high for _, _, units, _ in fleets(family) for _, low, high in units)


def test_narrow_plants_have_narrow_ranges() -> None:
    assert all(low >= 0.95 * high for _, _, units, _ in fleets("narrow") for _, low, high in units)


def test_distinct_efficiencies_give_distinct_costs() -> None:
    for n, _, units, _ in fleets("distinct"):
        burning = [cost for cost, _, _ in units if cost]
        assert len(burning) == len(set(burning)) == n // 2 + n // 4


def test_counted_plants_cannot_meet_the_load_without_their_peakers() -> None:
    """The peakers are the units without a min_output; without them neither k nor k + 1 plants meet the load."""
    for _, _, units, load in fleets("counted"):
        assert not counts_that_reach([unit for unit in units if unit[1]], load)


def test_the_load_next_to_a_nearly_infeasible_one_has_no_plan() -> None:
    for _, _, units, load in fleets("near_infeasible"):
        assert not all(has_a_plan(units, beside) for beside in (load - 1, load + 1) if beside >= 0)


def test_no_plant_can_run_together_with_the_wind_under_the_load() -> None:
    for _, seed, units, load in fleets("wind_under_load"):
        blocks = units[: 2 if seed % 3 == 2 else 1]
        rest = load - sum(low for _, low, _ in blocks)
        assert 0 < rest < min(low for _, low, _ in units[len(blocks) :])


def test_large_loads_are_large() -> None:
    assert all(load >= 1_000_000 for _, _, _, load in fleets("large_loads"))
    assert all(load >= 1_000_000 for n, _, _, load in fleets("large_block") if n >= 40)


def test_costs_round_to_the_nearest_billionth_of_a_euro() -> None:
    """Gas at 13.4 euro, 53 %, CO2 at 20 euro: 31.283018868. Kerosine at 50.8, 30 %: 169.333333333."""
    prices = Fuels(gas=13_400, kerosine=50_800, co2=20)
    assert prices.gas_cost(530_000) == 31_283_018_868
    assert prices.jet_cost(300_000) == 169_333_333_333


def test_reachable_loads_are_the_sums_of_every_choice() -> None:
    units = [(1, 3, 5), (2, 7, 7), (3, 0, 1)]
    sums = {a + b + c for a in (0, 3, 4, 5) for b in (0, 7) for c in (0, 1)}
    assert reachable_loads(units) == sum(1 << load for load in sums)
