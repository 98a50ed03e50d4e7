"""What the best plan would cost if one thing about it were different: the load, or whether one unit is on.

Each alternative is another instance of the same problem, and is solved exactly:

- a unit **forced off** produces nothing;
- a unit **forced on** always produces its least output: what is left is a unit from 0 to the rest of its range, and a
  load that is smaller by its least output.

Either way only the range of one unit becomes smaller. So the relaxed fill takes O(log n); only where that is not a plan
is the alternative solved from the start. Identical units have the same alternatives.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import accumulate
from time import perf_counter
from typing import NamedTuple

from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.solver import solve
from powerplant.merit_order.types import GaveUp, Solution, Unit

SECONDS_BETWEEN_IMPROVEMENTS = 0.25
"""``improve`` receives a copy of all results so far; for 10 000 units that takes milliseconds."""


class Alternative(NamedTuple):
    """The answer to one question.

    Attributes:
        cost: of the best plan; ``None`` if no plan exists, or the cost was not computed.
        computed: whether it was computed.
    """

    cost: int | None
    computed: bool


NOT_COMPUTED = Alternative(None, computed=False)
NO_PLAN = Alternative(None, computed=True)


class Appraisal(NamedTuple):
    """The alternatives to one solution.

    Attributes:
        more: the load is one tenth of a MW larger.
        less: the load is one tenth of a MW smaller.
        switched: for each unit, in the order of the units: it is on if the solution has it off, else off.
    """

    more: Alternative
    less: Alternative
    switched: list[Alternative]

    @property
    def is_final(self) -> bool:
        """Whether every alternative was computed."""
        return self.more.computed and self.less.computed and all(each.computed for each in self.switched)


def appraise(
    units: Sequence[Unit],
    load: int,
    dispatch: Sequence[int],
    time_limit: float | None = None,
    improve: Callable[[Appraisal], None] | None = None,
) -> Appraisal:
    """All alternatives to a dispatch that the time limit allows; the others are :data:`NOT_COMPUTED`.

    At most two solves, and one for each set of identical units; O(n log n) if each relaxed fill is a plan.

    Args:
        units: the fleet; outputs in steps.
        load: in steps.
        dispatch: an optimal one, in the order of the units.
        time_limit: in seconds; none by default.
        improve: called with the results so far, from time to time.
    """
    end = float("inf") if time_limit is None else perf_counter() + time_limit
    fleet = _Fleet(units, end)
    more, less = fleet.best(units, load + 1), fleet.best(units, load - 1)
    appraisal = Appraisal(more, less, [NOT_COMPUTED] * len(units))
    next_improvement = perf_counter() + SECONDS_BETWEEN_IMPROVEMENTS
    known: dict[tuple[Unit, bool], Alternative] = {}
    for place, position in enumerate(fleet.merit_order.order):
        kind = units[position], dispatch[position] > 0
        if kind not in known:
            if (now := perf_counter()) >= end:
                break
            if improve and now >= next_improvement:
                improve(appraisal._replace(switched=appraisal.switched[:]))
                next_improvement = now + SECONDS_BETWEEN_IMPROVEMENTS
            known[kind] = fleet.switched(place, load, on=not dispatch[position])
        appraisal.switched[position] = known[kind]
    return appraisal


class _Fleet:
    """The fleet in merit order, with sums for relaxed fills in which one unit has a smaller range."""

    def __init__(self, units: Sequence[Unit], end: float) -> None:
        self.merit_order = MeritOrder(units)
        self._end = end
        self._sorted = [units[position] for position in self.merit_order.order]
        self._cost = list(accumulate((cost * most for cost, _, most in self._sorted), initial=0))

    def switched(self, place: int, load: int, *, on: bool) -> Alternative:
        """The best plan without the unit at a place of the merit order, or with some output of it."""
        cost, min_output, max_output = self._sorted[place]
        least = max(min_output, 1) if on else 0
        if least > max_output:
            return NO_PLAN
        changed, load = Unit(cost, 0, max_output - least if on else 0), load - least
        others = self._at_the_bound(place, changed, load)
        if others is None:
            others = self.best([*self._sorted[:place], changed, *self._sorted[place + 1 :]], load)
        return others if others.cost is None else others._replace(cost=others.cost + cost * least)

    def best(self, units: Sequence[Unit], load: int) -> Alternative:
        """The cost of the best plan; not computed if that takes too long or too much memory."""
        left = self._end - perf_counter()
        if load < 0:
            return NO_PLAN
        if left <= 0:
            return NOT_COMPUTED
        result = solve(units, load, None if self._end == float("inf") else left)
        if isinstance(result, GaveUp):
            return NOT_COMPUTED
        return Alternative(result.cost, computed=True) if isinstance(result, Solution) else NO_PLAN

    def _at_the_bound(self, place: int, changed: Unit, load: int) -> Alternative | None:
        """The relaxed fill with a changed unit of a smaller range; ``None`` if it is not a plan."""
        lost = self._sorted[place].max_output - changed.max_output
        if not 0 <= load <= self.merit_order.total - lost:
            return NO_PLAN
        if not load:
            return Alternative(0, computed=True)
        marginal = bisect_left(self.merit_order.capacity, load, 1) - 1
        if marginal >= place:  # the changed unit, or a later one that replaces the lost output
            marginal = max(place, bisect_left(self.merit_order.capacity, load + lost, 1) - 1)
        lost_before = lost if marginal > place else 0
        unit = changed if marginal == place else self._sorted[marginal]
        output = load - self.merit_order.capacity[marginal] + lost_before
        cost = self._cost[marginal] - changed.marginal_cost * lost_before + unit.marginal_cost * output
        return Alternative(cost, computed=True) if output >= unit.min_output else None
