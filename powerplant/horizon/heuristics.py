"""Plans from the linear relaxation and from small models, in which most on/off decisions are fixed.

In the relaxation most of these decisions are whole. They are rounded, or fixed as they are where they are whole. A plan
that is known is improved: most decisions stay as in this plan, and the others are free.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np

from powerplant.horizon.bracket import Bracket
from powerplant.horizon.coarsening import hours_of, in_hours
from powerplant.horizon.highs import WHOLE, Solver
from powerplant.horizon.program import Array
from powerplant.horizon.rounding import rounded

FOR_HOURS = 0.3
"""The share of the time limit for a plan in hours."""

NEARBY = 2
"""How many periods on either side of a start or stop are free when a plan in hours becomes one in shorter periods."""

THRESHOLDS = (WHOLE, 0.1, 0.2, 0.3)
"""A first plan runs a plant where its share in the relaxation is above this. The cheapest of these plans is kept."""

NEIGHBOURS = (1, 4, 12)
"""How many periods on either side of a fractional one are free while the rest is fixed as in the relaxation. They are
tried in this order, until there is a plan."""

DIFFERENCES = (0.5, WHOLE)
"""Decisions in which the best plan differs from the relaxation by more than this are free: first 0.5, then less."""

WINDOW = 6
"""The first parts that are improved have a sixth of the periods, or of the groups of plants."""

FEWEST_GROUPS = 2
"""The fewest groups of plants whose decisions are all free, to improve a plan: one alone seldom improves it."""

SMALLER = 0.7
"""How much smaller the next part is after one that took longer than its turn."""

SMALL_GAPS = (1 / 20, 1 / 4)
"""The least and the largest gap of a small model, as a share of the gap at which the search ends."""

SLOW = ("rens", "root_reduced_cost")
"""Heuristics of HiGHS that solve small models. They take long, and are left out where the small models here find more.
"""

SLOW_FROM_A_PLAN = ("rins",)
"""Another heuristic, which is left out too in a small model that begins with a plan."""

SEED = 2026
"""The seed for the random choice of groups whose decisions are free."""


def find_from_hours(bracket: Bracket) -> None:
    """Make a plan from one in hours, if periods are shorter: decisions near its starts and stops are free."""
    hours = hours_of(bracket.instance)
    if hours is None:
        return
    coarse = Bracket(in_hours(bracket.instance, hours), FOR_HOURS * bracket.time_limit)
    relaxed = coarse.relax()
    if relaxed is not None:
        find_near(coarse, relaxed)
    plan = coarse.found.plan
    if plan is None:
        return
    on = np.repeat(np.array(plan.on, dtype=float), len(hours[0]), axis=1)[:, : len(bracket.instance.load)]
    counts = bracket.groups.counts(on)
    within = np.clip(counts, *bracket.limits)
    free = _with_neighbours(_starts_and_stops(within), NEARBY) | (counts != within)
    _solve_small(bracket, free, within, bracket.left / 2)


def find_by_rounding(bracket: Bracket, relaxed: Array) -> None:
    """Round the relaxation in several ways, and make a plan of the cheapest commitment."""
    shares = bracket.groups.spread(relaxed[bracket.model.on]).tolist()
    commitments = [bracket.groups.counts(rounded(bracket.instance, shares, threshold)) for threshold in THRESHOLDS]
    solutions = [bracket.relax_with(on) for on in commitments]
    if found := [solution for solution in solutions if solution is not None]:
        bracket.offer_solution(min(found, key=lambda solution: solution.cost).values)


def find_near(bracket: Bracket, relaxed: Array) -> None:
    """Fix decisions that are whole in the relaxation, except near fractional ones, until there is a plan."""
    on = relaxed[bracket.model.on]
    fractional = np.abs(on - np.round(on)) > WHOLE
    for neighbours in NEIGHBOURS:
        if bracket.is_done() or bracket.found.plan is not None:
            return
        _solve_small(bracket, _with_neighbours(fractional, neighbours), on, bracket.left / 2)


def improve_towards(bracket: Bracket, relaxed: Array) -> None:
    """Free only decisions in which the relaxation differs from the best plan (Danna, Rothberg, Le Pape 2005)."""
    for difference in DIFFERENCES:
        if bracket.found.plan is not None and not bracket.is_done():
            on = bracket.commitment
            _solve_small(bracket, np.abs(relaxed[bracket.model.on] - on) > difference, on, 2 * bracket.turn)


def improve(bracket: Bracket) -> None:
    """Solve small models around the best plan, until the search is over.

    There are three kinds of them, in turn: the free decisions are those near starts and stops, those of some periods,
    or those of some groups of plants.
    """
    count, size = bracket.model.on.shape
    low, high = bracket.limits
    choices = np.flatnonzero((low < high).any(axis=1))
    random = np.random.default_rng(SEED)
    start, around, length, chosen = 0, 0, size / WINDOW, len(choices) / WINDOW
    while bracket.found.plan is not None and not bracket.is_done():
        growth = _improve_where(bracket, _with_neighbours(_starts_and_stops(bracket.commitment), around))
        around = max(0, around + (growth > 1) - (growth < 1))
        free = np.zeros((count, size), dtype=bool)
        free[:, start : start + max(2, round(length))] = True
        length = min(length * _improve_where(bracket, free), size)
        start = (start + max(1, round(length / 2))) % size
        if chosen >= FEWEST_GROUPS:
            free = np.zeros((count, size), dtype=bool)
            free[random.choice(choices, round(chosen), replace=False)] = True
            chosen = min(chosen * _improve_where(bracket, free), len(choices))


def _improve_where(bracket: Bracket, free: Array) -> float:
    """Solve the model with some decisions free and the others as in the best plan.

    Returns how much larger the next such part should be: one that takes longer than its turn is too large, and one that
    improves nothing within its turn is too small.
    """
    begin, before = perf_counter(), bracket.found.cost
    if not bracket.is_done():
        _solve_small(bracket, free, bracket.commitment, bracket.turn)
    if perf_counter() - begin > bracket.turn:
        return SMALLER
    return 1 / SMALLER if bracket.found.cost == before else 1.0


def _solve_small(bracket: Bracket, free: Array, on: Array, time_limit: float) -> None:
    """Solve the model with all decisions of groups but the free ones fixed.

    Storages may charge and discharge at once here: that rarely pays, and the dispatch on the grid forbids it.
    """
    model = bracket.model
    solver = Solver(bracket.lp, min(time_limit, bracket.left), relative_gap=_gap_of_small(bracket))
    solver.make_continuous(model.charging)
    solver.fix(model.on[~free], np.round(on[~free]))
    if (bound := bracket.found.bound) is not None:  # a plan as good as this ends the search
        solver.setOptionValue("objective_target", bound + bracket.gap * abs(bound) * 0.9)
    if bracket.found.plan is not None and (bracket.commitment == np.round(on))[~free].all():
        solver.begin_with(*model.decisions(bracket.found.plan))
        solver.leave_out(*SLOW, *SLOW_FROM_A_PLAN)
    solver.watch(lambda _: bracket.is_done(), bracket.offer_solution)
    values = solver.solve_it()
    if values is not None:
        bracket.offer_solution(values)


def _gap_of_small(bracket: Bracket) -> float:
    """The gap of a small model: half of what is left to the gap of the search, within limits."""
    least, largest = (share * bracket.gap for share in SMALL_GAPS)
    cost, bound = bracket.found.cost, bracket.found.bound
    if cost is None or bound is None:
        return largest
    left = (float(cost) - bound) / max(abs(float(cost)), 1.0) - bracket.gap
    return min(largest, max(least, left / 2))


def _starts_and_stops(on: Array) -> Array:
    """The periods before and after each start and stop."""
    marked = np.zeros(on.shape, dtype=bool)
    marked[:, 1:] = on[:, 1:] != on[:, :-1]
    marked[:, :-1] |= marked[:, 1:]
    return marked


def _with_neighbours(marked: Array, neighbours: int) -> Array:
    """Marked periods of each plant, and so many on either side of each."""
    wider = marked.copy()
    for k in range(1, min(neighbours + 1, marked.shape[1])):
        wider[:, k:] |= marked[:, :-k]
        wider[:, :-k] |= marked[:, k:]
    return wider
