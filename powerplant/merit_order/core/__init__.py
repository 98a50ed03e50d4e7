"""The core programme: a dynamic programme over the deviations from a relaxation, within a budget.

The plans within a **budget** of a relaxation's bound are those whose moves (:mod:`powerplant.merit_order.core.items`)
cost at most the budget. A dynamic programme (:mod:`powerplant.merit_order.core.stages`) processes the moves, the
cheapest first (the core around the break item of Pisinger's MINKNAP). Then the plan is found by walking back through
its states (:mod:`powerplant.merit_order.core.walk`).

**Coarse, then exact.** Costs are first rounded down to a few bits, so that the states are small. Rounding loses no plan
within the budget, but can add plans that cost a little more. So the walk back computes exact costs. If it would have to
look at too many states, the programme runs again without rounding, with a budget just below the best plan found.
"""

from __future__ import annotations

from fractions import Fraction

from powerplant.merit_order.bracket import Bracket, Phase, Turns
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.core.items import Deviations
from powerplant.merit_order.core.stages import Stages
from powerplant.merit_order.core.walk import walked_back
from powerplant.merit_order.counting import proven_by_relaxation
from powerplant.merit_order.fill import Relaxation
from powerplant.merit_order.proof import Recomputed

COARSE_BITS = 10
"""At first the budget is rounded to this many bits."""

FIRST_ITEMS = 12
"""With the first budget this many items can move."""

WORTHWHILE = Fraction(1, 4)
"""The share of the gap that a row must close for the core programme to use its multipliers."""


def by_core_programme(bracket: Bracket) -> Phase:
    """Double the budget until the incumbent, which must exist, is optimal; it yields after each stage."""
    # The tightest relaxation; one with a row, which needs more states, only if it closes enough of the gap.
    relaxation, cost = bracket.relaxation, bracket.fill.cost
    if relaxation.lower_bound() - cost < WORTHWHILE * (bracket.best.cost - cost):
        relaxation = bracket.fill.relaxation()
    deviations = Deviations(bracket.merit_order.units, relaxation, bracket.load, bracket.clock)
    budget, searched = first_budget(deviations), -1
    while (widest := (bracket.best.cost - 1) * relaxation.scale - relaxation.bound) > searched:
        if solution := proven_by_relaxation(bracket):
            return solution
        searched = budget if 3 * budget < 2 * widest else widest  # a little less than the widest saves little
        for committed in (yield from plans_within(searched, deviations, relaxation, bracket.clock)):
            bracket.offer(committed)
        bracket.raise_bound((relaxation.bound + searched) // relaxation.scale + 1)
        budget *= 2
    return bracket.solution("core programme", [Recomputed()])


def first_budget(deviations: Deviations) -> int:
    """The budget with which :data:`FIRST_ITEMS` items can move; above 0."""
    entries = sorted(item.entry for item in deviations.items)
    return next((entry for entry in entries[FIRST_ITEMS - 1 :] if entry > 0), 1)


def plans_within(budget: int, deviations: Deviations, relaxation: Relaxation, clock: Clock) -> Turns[list[list[bool]]]:
    """Commitments, among them a cheapest one that costs at most the relaxation's bound plus a budget.

    If there is none within the budget, the result may be a more expensive one, or empty. Time and memory grow with the
    number of items and the width of the windows; at most O(units * load) fields, with a row for each sum of weights.
    """
    plans = []
    for coarseness in (max(0, budget.bit_length() - COARSE_BITS), 0):
        found, is_certain = yield from walked_back(Stages(deviations, relaxation, budget, coarseness, clock))
        if found is not None:
            committed, cost = found
            plans.append(committed)
            budget = min(budget, cost - 1)
        if is_certain:
            break
    return plans
