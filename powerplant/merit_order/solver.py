"""``solve``: fill in merit order, proven? else search, else the guarantee."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from time import perf_counter

from powerplant.merit_order.core import Core
from powerplant.merit_order.deadline import Deadline, TimeLimitPassed, TooLarge
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.proof import CHECKED_BITS, Bound, CountSplit, Empty, OutputSplit, Proof, Recomputed, Step
from powerplant.merit_order.reach import Group
from powerplant.merit_order.relaxation import (
    Relaxation,
    of_fill,
    outputs_around,
    priced,
    rows_against,
    suggested_commitment,
)
from powerplant.merit_order.search import Search
from powerplant.merit_order.types import GaveUp, Infeasible, NearestLoads, Solution, Unit

FEW_NODES, MORE_NODES = 50, 150
"""Nodes after which the search lets counting have a try, and after which it gives way to the guarantee: ordinary fleets
need a few, and where hundreds do not end it, the guarantee is most often sooner done."""

MOST_OF_TWO = 5_000
"""The nodes that the search may take over two classes of all multiples: what one makes settles the other."""

MOST_BUDGETS, NEARLY = 30, Fraction(3, 2)
"""How often the budget is doubled at the most; the widest is taken at once if it is nearly as small as the next."""

WORTHWHILE = Fraction(1, 4)
"""What share of the gap a row must close for the core programme to go on from its multipliers."""


Improve = Callable[[GaveUp], None]
"""Called with the state of a solve whenever a better incumbent is found, once it takes longer than usual."""


def solve(
    units: Sequence[Unit], load: int, time_limit: float | None = None, improve: Improve | None = None
) -> Solution | Infeasible | GaveUp:
    """The cheapest plan that meets the load exactly, with its proof; or why there is none, or none is known.

    Most fleets are settled by the relaxed fill in O(n log n); what is left costs what its difficulty asks
    for: unit commitment is NP-hard, and pseudo-polynomial in the load.

    Args:
        units: the fleet; outputs in tenths of a MW, costs per tenth of a MW.
        load: what the outputs must add up to, in tenths of a MW.
        time_limit: seconds after which to give up; never by default.
        improve: called with the state so far when a better incumbent is found; never for an ordinary fleet.

    Raises:
        ValueError: the load is negative, or a unit does not have ``0 <= min_output <= max_output``.
    """
    start = perf_counter()
    merit_order = MeritOrder(units)
    if load < 0:
        raise ValueError("a load must not be negative")
    if load > merit_order.total:
        return _too_little(merit_order, load)
    fill = merit_order.relaxed_fill(load)
    outputs = merit_order.plan_at_the_bound(fill)
    if outputs is None and max(merit_order.max_outputs) > load:
        merit_order = merit_order.usable_under(load)
        if merit_order.total < load:
            return _too_little(merit_order, load)
        fill = merit_order.relaxed_fill(load)
        outputs = merit_order.plan_at_the_bound(fill)
    if outputs is not None:
        return Solution(tuple(outputs), fill.cost, fill.cost, Proof("merit order", (Bound(fill.marginal_cost),)))
    search = Search(merit_order, fill, load, Deadline(start, time_limit))
    try:
        if solution := _by_search(search, MOST_OF_TWO if search.is_a_matter_of_two else FEW_NODES):
            return solution  # ordinary fleets end here
        search.report_to(improve)
        return (
            _by_counting(search)  # large and narrow units
            or _by_search(search, MORE_NODES)
            or _by_core_programme(search)  # the guarantee, wherever its sums fit into memory
            or _by_search_to_the_end(search)
        )
    except (TimeLimitPassed, TooLarge):
        return search.state


def nearest_loads(
    units: Sequence[Unit],
    below: int,
    above: int,
    time_limit: float | None = None,
    improve: Improve | None = None,  # noqa: ARG001 - the same signature as solve
) -> NearestLoads | GaveUp:
    """The largest load up to ``below`` and the smallest from ``above`` on that have a plan.

    Args:
        units: the fleet.
        below: in tenths of a MW.
        above: in tenths of a MW.
        time_limit: seconds after which to give up; never by default.
        improve: never called: nothing is known before the end.

    Raises:
        ValueError: not ``0 <= below <= above``, or a unit does not have ``0 <= min_output <= max_output``.
    """
    start = perf_counter()
    if not 0 <= below <= above:
        raise ValueError("loads need 0 <= below <= above")
    merit_order = MeritOrder(units).usable_under(above)
    fleet = Group(merit_order.units, merit_order.total, Deadline(start, time_limit))
    below = min(below, fleet.capacity)
    try:
        gap_below = fleet.gap_around(below) if below else None
        gap_above = fleet.gap_around(above) if 0 < above <= fleet.capacity else None
    except (TimeLimitPassed, TooLarge):
        return GaveUp(None, None, 0)
    nearest_below = below if gap_below is None else gap_below[0]
    if gap_above is None and above <= fleet.capacity:
        return NearestLoads(nearest_below, above)
    candidates = [merit_order.starts_beyond(above), gap_above and gap_above[1]]
    return NearestLoads(nearest_below, min((load for load in candidates if load is not None), default=None))


def _by_search(search: Search, nodes: int) -> Solution | Infeasible | None:
    """The plan of a search that ends within its nodes."""
    if not search.run(nodes):
        return None
    if search.incumbent is None:
        return _infeasible(search, "search", search.proof, search.fleet.neighbours_of(search.load))
    return _solution(search, "search", search.proof)


def _by_search_to_the_end(search: Search) -> Solution | Infeasible:
    """The plan of a search that is not cut short."""
    solution = _by_search(search, sys.maxsize)
    assert solution is not None, "a search that is not cut short ends with a plan or without one"
    return solution


def _by_counting(search: Search) -> Solution | Infeasible | None:
    """The plan that a row on counts proves to be a cheapest one; where none does, at least some plan is known then."""
    for row in rows_against(search.merit_order, search.fill, search.load, search.deadline):
        if row.least > row.most:
            around = outputs_around(search.merit_order, row, search.deadline)
            no_side: list[Step] = [CountSplit(row.grain, row.most), Empty("outputs"), Empty("outputs")]
            return _infeasible(search, "counting", no_side, around)
        relaxation = priced(search.merit_order, search.load, row, search.deadline)
        search.offer(suggested_commitment(search.merit_order, relaxation))
        search.tighten(relaxation)
        if solution := _met_bound(search):
            return solution
    if search.incumbent is None:
        try:
            committed = search.fleet.commit(search.load)
        except TooLarge:
            return None
        if committed is None:
            return _infeasible(search, "search", [Empty("unreachable")], search.fleet.neighbours_of(search.load))
        search.offer(search.merit_order.by_unit(committed))
    return None


def _met_bound(search: Search) -> Solution | Infeasible | None:
    """The incumbent, if the multipliers of the tightest relaxation prove it."""
    price, charge, _, scale, row = search.relaxation
    if search.incumbent is None or search.relaxation.lower_bound() < search.incumbent.cost:
        return None
    leaf = Bound(price, charge, scale)
    if row is None:
        return _solution(search, "merit order", [leaf])
    if charge < 0:
        return _solution(search, "counting", [CountSplit(row.grain, row.least - 1), Empty("outputs"), leaf])
    return _solution(search, "counting", [CountSplit(row.grain, row.most), leaf, Empty("outputs")])


def _by_core_programme(search: Search) -> Solution | Infeasible | None:
    """The plan of a core that is widened until it holds one, or holds none that beats the incumbent.

    ``None`` where no plan is known, or the sums are too large for memory.
    """
    if search.incumbent is None:
        return None
    if solution := _met_bound(search):  # by a plan that the search has found since
        return solution
    relaxation = _worthwhile(search)
    core = Core(search.merit_order, relaxation, search.load, search.deadline)
    widest = (search.best.cost - 1) * relaxation.scale - relaxation.bound
    budget, searched = max(core.first_budget(), widest >> MOST_BUDGETS), -1
    while (widest := (search.best.cost - 1) * relaxation.scale - relaxation.bound) > searched:
        searched = widest if budget * NEARLY > widest else budget
        try:
            for committed in core.plans_within(searched):
                search.offer(committed)
        except TooLarge:
            return None
        search.proven_bound = (relaxation.bound + searched) // relaxation.scale + 1
        budget *= 2
    return _solution(search, "core programme", [Recomputed()])


def _worthwhile(search: Search) -> Relaxation:
    """The tightest relaxation; that of a row, for which states have weights, only if it closes enough of the gap."""
    closed, gap = search.relaxation.lower_bound() - search.fill.cost, search.best.cost - search.fill.cost
    return search.relaxation if closed >= WORTHWHILE * gap else of_fill(search.fill)


def _too_little(merit_order: MeritOrder, load: int) -> Infeasible:
    above = merit_order.starts_beyond(load)
    reason = "above_capacity" if above is None else "in_a_gap" if merit_order.total else "below_minimum"
    return Infeasible(reason, merit_order.total, above, Proof("merit order", (Empty("outputs"),)))


def _solution(search: Search, method: str, steps: Sequence[Step]) -> Solution:
    cost, outputs = search.best
    return Solution(tuple(outputs), cost, cost, _proof(search, method, steps))


def _proof(search: Search, method: str, steps: Sequence[Step]) -> Proof:
    """The steps as a proof, unless they rest on a reach that is too large to be checked."""
    if search.merit_order.total > CHECKED_BITS:
        members = Counter(search.merit_order.costs)
        if any(_rests_on_reach(members, step) for step in steps):
            steps = [Recomputed()]
    return Proof(method, tuple(steps))


def _rests_on_reach(members: Counter[int], step: Step) -> bool:
    if isinstance(step, OutputSplit):
        return members[step.marginal_cost] > 1
    return isinstance(step, Empty) and step.reason == "unreachable"


def _infeasible(search: Search, method: str, steps: Sequence[Step], neighbours: tuple[int, int]) -> Infeasible:
    below, above = neighbours
    alone = search.merit_order.starts_beyond(search.load)
    smallest = min(unit.min_output for unit in search.merit_order.given if unit.max_output)
    reason = "below_minimum" if search.load < smallest else "in_a_gap"
    return Infeasible(reason, below, above if alone is None else min(above, alone), _proof(search, method, steps))
