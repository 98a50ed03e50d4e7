"""``solve``: the relaxed fill; if that is not a plan, phases that alternate until one has a proof."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

from powerplant.merit_order.bracket import Bracket, Improve, Phase
from powerplant.merit_order.clock import Clock, TimeLimitPassed, TooLarge
from powerplant.merit_order.core import by_core_programme
from powerplant.merit_order.counting import by_counting
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.proof import Bound, Empty, Proof
from powerplant.merit_order.reach import group_of
from powerplant.merit_order.search import by_search
from powerplant.merit_order.types import GaveUp, Infeasible, NearestLoads, Solution, Unit

FIRST_TURN = 800
"""Operations of the search's first turn: about fifty nodes. Ordinary fleets need a few."""

SHARE = 4
"""Operations of counting and the core programme for each one of the search: they solve most hard instances, and the
search solves the others quickly."""


def solve(
    units: Sequence[Unit], load: int, time_limit: float | None = None, improve: Improve | None = None
) -> Solution | Infeasible | GaveUp:
    """The cheapest plan that meets the load exactly, with its proof; or why none exists, or the best known so far.

    The relaxed fill solves most fleets in O(n log n). The rest can take much longer: unit commitment is NP-hard; its
    time is pseudo-polynomial in the load.

    Args:
        units: the fleet; outputs in steps, costs per step.
        load: the sum of the outputs, in steps.
        time_limit: in seconds; none by default.
        improve: called with the state so far for each better incumbent; never for an ordinary fleet.

    Raises:
        ValueError: the load is negative, or a unit does not have ``0 <= min_output <= max_output``.
    """
    start = perf_counter()
    # 1. The relaxed fill of all units, then of the part of them that a plan can use.
    merit_order = MeritOrder(units)
    if load < 0:
        raise ValueError("a load must not be negative")
    while True:
        if load > merit_order.total:
            return _too_little(merit_order, load)
        fill = merit_order.relaxed_fill(load)
        outputs = merit_order.plan_at_the_bound(fill)
        if outputs is not None:
            return Solution(tuple(outputs), fill.cost, fill.cost, Proof("merit order", (Bound(fill.marginal_cost),)))
        if max(merit_order.max_outputs) <= load:
            break
        merit_order = merit_order.usable_under(load)
    # 2. The search, alternating with counting and the core programme.
    bracket = Bracket(merit_order, fill, load, Clock(start, time_limit))
    try:
        return _in_turns(bracket, [(by_search(bracket), 1), (_by_counting_or_core(bracket, improve), SHARE)])
    except TimeLimitPassed:
        return bracket.state


def _in_turns(bracket: Bracket, phases: list[tuple[Phase, int]]) -> Solution | Infeasible | GaveUp:
    """The result of the first phase that has one. The phases alternate; each turn is twice as long as the one before.

    So no phase uses up the time of the others, and the total is a small multiple of the time of the fastest.
    """
    clock, turn = bracket.clock, FIRST_TURN
    while phases:
        for phase, share in tuple(phases):
            clock.turn_end = clock.work + turn * share
            try:
                while clock.work < clock.turn_end:
                    next(phase)
            except StopIteration as ended:
                if ended.value is not None:
                    result: Solution | Infeasible = ended.value
                    return result
                phases.remove((phase, share))
            except TooLarge:
                phases.remove((phase, share))
        turn *= 2
    return bracket.state


def _by_counting_or_core(bracket: Bracket, improve: Improve | None) -> Phase:
    """Counting, then the core programme, which starts from the bound and the incumbent of counting."""
    bracket.report_to(improve)  # ordinary fleets are solved before
    if result := (yield from by_counting(bracket)):
        return result
    bracket.clock.turn_end = 0  # the search often needs only one more turn, which is shorter than what follows
    yield
    if bracket.incumbent is None and (no_plan := by_reach(bracket)):
        return no_plan
    return (yield from by_core_programme(bracket))


def by_reach(bracket: Bracket) -> Infeasible | None:
    """A proof that no plan exists; else ``None``, and the bracket has an incumbent."""
    committed = bracket.fleet.commit(bracket.load)
    if committed is None:
        return bracket.infeasible("search", [Empty("unreachable")], bracket.fleet.neighbours_of(bracket.load))
    bracket.offer(bracket.merit_order.by_unit(committed))
    return None


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
        below: in steps.
        above: in steps.
        time_limit: in seconds; none by default.
        improve: never called: there is no result before the end.

    Raises:
        ValueError: not ``0 <= below <= above``, or a unit does not have ``0 <= min_output <= max_output``.
    """
    start = perf_counter()
    if not 0 <= below <= above:
        raise ValueError("loads need 0 <= below <= above")
    merit_order = MeritOrder(units).usable_under(above)
    fleet = group_of(merit_order.units, merit_order.total, Clock(start, time_limit))
    below = min(below, fleet.capacity)
    try:
        gap_below = fleet.gap_around(below) if below else None
        gap_above = fleet.gap_around(above) if 0 < above <= fleet.capacity else None
    except (TimeLimitPassed, TooLarge):
        return GaveUp(None, None, 0)
    sums = [] if above > fleet.capacity else [gap_above[1] if gap_above else above]
    alone = merit_order.starts_beyond(above)
    nearest_above = min(sums if alone is None else [*sums, alone], default=None)
    return NearestLoads(gap_below[0] if gap_below else below, nearest_above)


def _too_little(merit_order: MeritOrder, load: int) -> Infeasible:
    """The result if all usable units together do not reach the load."""
    above = merit_order.starts_beyond(load)
    reason = "above_capacity" if above is None else "in_a_gap" if merit_order.total else "below_minimum"
    return Infeasible(reason, merit_order.total, above, Proof("merit order", (Empty("outputs"),)))
