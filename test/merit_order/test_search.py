"""The search, node by node: bound and incumbent enclose the least cost, and at the end its steps prove it."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from oracles import broken_rules, dense_programme, dispatch_cost
from solving import as_units, plan_of, unit_list
from strategies import PlainUnit, instances

from benchmarks.families import FAMILIES
from powerplant.merit_order import Unit, check_proof
from powerplant.merit_order.bracket import Bracket
from powerplant.merit_order.clock import Clock, TimeLimitPassed
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.proof import Bound, Empty, OutputSplit, Proof, Recomputed
from powerplant.merit_order.search import Search

MOST_NODES = 3000


def search_for(units: list[Unit], load: int, clock: Clock | None = None) -> Search:
    merit_order = MeritOrder(units).usable_under(load)
    return Search(Bracket(merit_order, merit_order.relaxed_fill(load), load, clock or Clock()))


def run(search: Search, nodes: int) -> bool:
    """Visit a number of nodes; returns whether the tree is complete."""
    for _ in range(nodes):
        if search.open:
            search.visit()
    return not search.open


def walk(units: list[Unit], load: int, least: int | None) -> Search:
    """A search with checks after each node, to its end or a number of nodes."""
    search = search_for(units, load)
    costs, bounds = [], [search.bracket.lower_bound]
    for _ in range(MOST_NODES):
        steps = len(search.steps)
        finished = run(search, 1)
        assert len(search.steps) == steps + 1
        bounds.append(search.bracket.lower_bound)
        if search.bracket.incumbent is not None:
            costs.append(search.bracket.incumbent.cost)
            assert broken_rules(units, load, search.bracket.incumbent.outputs) == []
            assert search.bracket.incumbent.cost == dispatch_cost(units, search.bracket.incumbent.outputs)
            assert least is not None
            assert search.bracket.lower_bound <= least <= search.bracket.incumbent.cost
        elif least is not None:
            assert search.bracket.lower_bound <= least
        if finished:
            break
    # Bound and incumbent only improve. If there is no plan, there is no bound at the end.
    assert costs == sorted(costs, reverse=True)
    if least is not None:
        assert bounds == sorted(bounds)
    return search


@given(instances(max_units=8, largest=30))
def test_the_incumbent_and_the_bound_enclose_the_least_cost_at_every_node(
    instance: tuple[list[PlainUnit], int],
) -> None:
    units, load = unit_list(instance[0]), instance[1]
    if load > MeritOrder(units).usable_under(load).total:
        return
    least = dense_programme(as_units(units), load)
    search = walk(units, load, least)
    if not search.open:
        at_the_end(search, units, load, least)


def at_the_end(search: Search, units: list[Unit], load: int, least: int | None) -> None:
    assert (search.bracket.incumbent and search.bracket.incumbent.cost) == least
    if least is not None:
        assert search.bracket.lower_bound == least
    assert check_proof(units, load, least, Proof("search", tuple(search.steps)))
    splits = sum(isinstance(step, OutputSplit) for step in search.steps)
    assert len(search.steps) == 2 * splits + 1
    assert {type(step) for step in search.steps} <= {Bound, Empty, OutputSplit}
    assert run(search, 1)
    assert len(search.steps) == 2 * splits + 1


@pytest.mark.parametrize(
    ("family", "n"),
    [
        *(("ordinary", 30), ("distinct", 30), ("narrow", 8), ("engines", 12), ("counted", 7), ("counted_no_plan", 7)),
        *(("block_equal", 12), ("block_near_equal", 8), ("block_negative", 8), ("wind_divisor", 12), ("types", 12)),
        *(("wind_thin_bands", 8), ("tied_at_margin", 20), ("gap", 8), ("near_infeasible", 7), ("few_pmin", 8)),
    ],
)
def test_a_search_of_a_small_fleet_ends_and_proves_what_it_found(family: str, n: int) -> None:
    for seed in range(3):
        plain, load = FAMILIES[family](n, seed)
        units = unit_list(plain)
        if n * load <= 500_000 and load <= MeritOrder(units).usable_under(load).total:
            search = walk(units, load, dense_programme(as_units(units), load))
            assert not search.open
            assert search.bracket.incumbent is None or search.bracket.lower_bound == search.bracket.incumbent.cost
            cost = None if search.bracket.incumbent is None else search.bracket.incumbent.cost
            assert check_proof(units, load, cost, Proof("search", tuple(search.steps)))


def test_units_of_one_cost_are_one_node() -> None:
    """A hundred engines, three too few and four too many: a tree on single units would have 2^100 leaves."""
    units = [Unit(3, 100, 110)] * 100
    search = search_for(units, 350)
    assert run(search, 3)
    assert search.bracket.incumbent is None
    assert search.steps == [OutputSplit(3, 330, 400, False), Empty("outputs"), Empty("outputs")]
    assert run(search_for(units, 420), 1)


@pytest.mark.parametrize("nodes", [1, 2, 7, 1000])
def test_interruptions_do_not_change_a_search(nodes: int) -> None:
    plain, load = FAMILIES["narrow"](8, 0)
    whole, parts = search_for(unit_list(plain), load), search_for(unit_list(plain), load)
    run(whole, MOST_NODES)
    while not run(parts, nodes):
        pass
    assert (parts.steps, parts.bracket.incumbent) == (whole.steps, whole.bracket.incumbent)


def test_only_a_cheaper_plan_replaces_the_incumbent() -> None:
    search = search_for([Unit(3, 50, 100), Unit(5, 0, 100), Unit(4, 10, 30)], 60)
    search.bracket.offer([False, False, False])
    assert search.bracket.incumbent is None
    search.bracket.offer([False, True, False])
    assert search.bracket.best == (300, [0, 60, 0])
    search.bracket.offer([False, False, True])
    assert search.bracket.best == (300, [0, 60, 0])
    search.bracket.offer([True, False, True])
    assert search.bracket.best == (190, [50, 0, 10])
    search.bracket.offer([False, True, True])
    assert search.bracket.best == (190, [50, 0, 10])
    assert search.bracket.lower_bound == 180
    assert run(search, MOST_NODES)
    assert search.bracket.best == (180, [60, 0, 0])


@pytest.mark.parametrize("most", [1, 3, 6])
def test_a_proof_that_is_too_long_is_not_kept(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A very long search must not fill the memory with its steps."""
    plain, load = FAMILIES["narrow"](8, 0)
    whole = plan_of(plain, load)
    assert len(whole.proof.steps) > 6
    monkeypatch.setattr("powerplant.merit_order.search.MOST_STEPS", most)
    short = plan_of(plain, load)
    assert (short.dispatch, short.cost) == (whole.dispatch, whole.cost)
    assert short.proof.steps == (Recomputed(),)
    search = search_for(unit_list(plain), load)
    assert run(search, MOST_NODES)
    assert len(search.steps) == most


def test_a_search_stops_at_the_time_limit() -> None:
    plain, load = FAMILIES["block_even_flexible"](30, 0)
    search = search_for(unit_list(plain), load, Clock(perf_counter() - 1, 0))
    with pytest.raises(TimeLimitPassed):
        run(search, MOST_NODES)
    assert len(search.steps) < MOST_NODES
