"""The core programme: a dynamic programme over the deviations from a relaxation, as wide as a budget allows.

The plans within a **budget** of a relaxation's bound are those whose moves (:mod:`powerplant.merit_order.core.items`)
cost no more than the budget. A dynamic programme (:mod:`powerplant.merit_order.core.stages`) goes through the moves,
from the cheapest outward (the core around the break item of Pisinger's MINKNAP), and its states are walked back to the
plan (:mod:`powerplant.merit_order.core.walk`).

**Coarse, then exact.** Costs are first rounded down to a few bits, which makes the states small. What the coarse
programme does not reach cannot be reached; what it reaches costs what it says, or a little more. So the plans that it
leaves open are walked back with their exact costs. Most often they are few; where they are not, the programme is run
again without rounding, with a budget that is just below the best plan found so.
"""

from __future__ import annotations

from fractions import Fraction

from powerplant.merit_order.bracket import Bracket, Phase, Turns
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.core.items import Deviations
from powerplant.merit_order.core.stages import Stages
from powerplant.merit_order.core.walk import walked_back
from powerplant.merit_order.counting import proven_by_relaxation
from powerplant.merit_order.proof import Recomputed
from powerplant.merit_order.relaxation import Relaxation, of_fill

COARSE_BITS = 10
"""To so many bits the budget is rounded at first."""

FIRST_ITEMS = 12
"""The first budget is what it takes to let so many items move."""

WORTHWHILE = Fraction(1, 4)
"""What share of the gap a row must close for the core programme to go on from its multipliers."""


def by_core_programme(bracket: Bracket) -> Phase:
    """The plan of a core that is widened until it holds one, or holds none that beats the incumbent.

    An incumbent must be known. It pauses after each stage.

    Raises:
        TimeLimitPassed: the time limit has passed.
        TooLarge: the states would not fit into memory.
    """
    relaxation = _worthwhile(bracket)
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


def _worthwhile(bracket: Bracket) -> Relaxation:
    """The tightest relaxation; that of a row, for which states have weights, only if it closes enough of the gap."""
    closed, gap = bracket.relaxation.lower_bound() - bracket.fill.cost, bracket.best.cost - bracket.fill.cost
    return bracket.relaxation if closed >= WORTHWHILE * gap else of_fill(bracket.fill)


def first_budget(deviations: Deviations) -> int:
    """The budget with which a few items can move; above 0."""
    entries = sorted(item.entry for item in deviations.items)
    return next((entry for entry in entries[FIRST_ITEMS - 1 :] if entry > 0), 1)


def plans_within(budget: int, deviations: Deviations, relaxation: Relaxation, clock: Clock) -> Turns[list[list[bool]]]:
    """Commitments with plans; one is the cheapest of all that cost at most the relaxation's bound plus a budget.

    Where no plan is that cheap, it may be that of a dearer one, or there is none. Time and memory grow with the number
    of items and with the window; O(units * load) fields at the most, times the sums of weights where there is a row.

    Raises:
        TimeLimitPassed: the time limit has passed.
        TooLarge: the states would not fit into memory.
    """
    plans = []
    coarseness = max(0, budget.bit_length() - COARSE_BITS)
    found, is_certain = yield from walked_back(Stages(deviations, relaxation, budget, coarseness, clock))
    if found is not None:
        plans.append(found.committed)
        budget = min(budget, found.cost - 1)
    if not is_certain:
        found, _ = yield from walked_back(Stages(deviations, relaxation, budget, 0, clock))
        if found is not None:
            plans.append(found.committed)
    return plans
