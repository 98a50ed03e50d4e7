"""Every family of the benchmark, solved and compared: brute force where few units run, a dense programme where more do.

The sizes for which seconds are promised stay in the benchmark. What a dense programme would take long for, because
it walks every sum up to the load, is left out and said so; brute force takes those families at their small sizes.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oracles import UnitLike, brute_force, dense_programme, infeasible_reason, nearest_loads
from solving import answer, unit_list

from benchmarks.families import FAMILIES, Fleet
from powerplant.merit_order import Infeasible, Solution

SMALL_SIZES = (4, 5, 7, 9)
MODERATE_SIZES = (12, 16, 24)
SEEDS = range(6)
DENSE_STEPS = 250_000
"""The largest n * load for the dense programme: about an eighth of a second."""

BIT_SET = 10_000_000
"""The largest load, in tenths of a MW, for the oracle's bit set of all loads."""

every_family = pytest.mark.parametrize("family", FAMILIES)


def same_answer(units: list[UnitLike], load: int, answered: Solution | Infeasible, cost: int | None) -> None:
    """Asserts the least cost or, without a plan, the reason and the nearest loads."""
    if isinstance(answered, Solution):
        assert answered.cost == cost
        return
    assert cost is None
    if sum(unit.max_output for unit in units) <= BIT_SET:
        assert answered.reason == infeasible_reason(units, load)
        assert (answered.nearest_below, answered.nearest_above) == nearest_loads(units, load)


@every_family
@pytest.mark.parametrize("n", SMALL_SIZES)
def test_a_small_fleet_costs_what_brute_force_says(family: str, n: int) -> None:
    for seed in SEEDS:
        plain, load = FAMILIES[family](n, seed)
        units: list[UnitLike] = [*unit_list(plain)]
        same_answer(units, load, answer(plain, load), brute_force(units, load))


def moderate_fleets(family: str) -> Iterator[Fleet]:
    """The fleets of each size and shape that a dense programme solves quickly."""
    for n in MODERATE_SIZES:
        for seed in SEEDS:
            plain, load = FAMILIES[family](n, seed)
            if n * load <= DENSE_STEPS:
                yield plain, load


@every_family
def test_a_moderate_fleet_costs_what_the_dense_programme_says(family: str) -> None:
    fleets = list(moderate_fleets(family))
    if not fleets:
        pytest.skip("its loads are too large for a programme over every sum up to the load")
    for plain, load in fleets:
        units: list[UnitLike] = [*unit_list(plain)]
        same_answer(units, load, answer(plain, load), dense_programme(units, load))


def scaled_down(plain: list[tuple[int, int, int]], load: int, divisor: int) -> Fleet:
    """The fleet on a coarser grid: the same costs, smaller outputs and load."""
    return [(cost, low // divisor, high // divisor) for cost, low, high in plain], load // divisor


@every_family
def test_a_fleet_on_a_coarse_grid_costs_what_the_dense_programme_says(family: str) -> None:
    """On a coarse grid many sums are equal, and the dense programme can solve the families of large loads too."""
    for n in (14, 40):
        for seed in SEEDS:
            plain, load = FAMILIES[family](n, seed)
            coarse, coarse_load = scaled_down(plain, load, max(1, n * load // 60_000))
            units: list[UnitLike] = [*unit_list(coarse)]
            same_answer(units, coarse_load, answer(coarse, coarse_load), dense_programme(units, coarse_load))
