"""What the best plan would cost if one thing about it were different: the load, or whether one unit is on.

Each alternative is another instance of the same problem, and is solved exactly:

- a unit **forced off** can make nothing;
- a unit **forced on** makes its least output in any case: what is left is a unit from 0 to the rest of its range, and a
  load that is smaller by its least output.

Either way a unit loses some of its range, and the merit order stays as it is otherwise. So its relaxed fill takes
O(log n); only where that is not a plan is the alternative solved from the start. Like units have the same alternatives.
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
"""``improve`` gets a copy of all that is known; for 10 000 units that takes milliseconds."""


class Alternative(NamedTuple):
    """One question, and the answer if it was computed.

    Attributes:
        cost: of the best plan then; ``None`` where there is none, or it was not computed.
        computed: whether it was.
    """

    cost: int | None
    computed: bool


NOT_COMPUTED = Alternative(None, computed=False)
NO_PLAN = Alternative(None, computed=True)


class Appraisal(NamedTuple):
    """The alternatives to one solution.

    Attributes:
        more: with a load of one tenth of a MW more.
        less: with one less.
        switched: for each unit, in their order, with it on where the solution has it off, and off where it has it on.
    """

    more: Alternative
    less: Alternative
    switched: list[Alternative]

    @property
    def is_complete(self) -> bool:
        """Whether every alternative was computed."""
        return self.more.computed and self.less.computed and all(each.computed for each in self.switched)

    @property
    def is_final(self) -> bool:
        """The same as ``is_complete``."""
        return self.is_complete


def appraise(
    units: Sequence[Unit],
    load: int,
    dispatch: Sequence[int],
    time_limit: float | None = None,
    improve: Callable[[Appraisal], None] | None = None,
) -> Appraisal:
    """All alternatives to a dispatch, as far as the time limit allows; what was not computed says so.

    At most as many solves as there are kinds of units, and two; O(n log n) where each relaxed fill is a plan.

    Args:
        units: the fleet; outputs in tenths of a MW.
        load: in tenths of a MW.
        dispatch: an optimal one, in the order of the units.
        time_limit: seconds after which to stop; never by default.
        improve: called with what is known so far, from time to time.
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
            known[kind] = fleet.forced_off(place, load) if dispatch[position] else fleet.forced_on(place, load)
        appraisal.switched[position] = known[kind]
    return appraisal


class _Fleet:
    """The fleet in merit order, with sums for relaxed fills in which one unit loses some of its range."""

    def __init__(self, units: Sequence[Unit], end: float) -> None:
        self.merit_order = MeritOrder(units)
        self._end = end
        self._sorted = [units[position] for position in self.merit_order.order]
        self._capacity = [0, *self.merit_order.capacity]
        self._cost = list(accumulate((cost * most for cost, _, most in self._sorted), initial=0))

    def forced_off(self, place: int, load: int) -> Alternative:
        """The best plan without the unit at a place of the merit order."""
        off = Unit(self._sorted[place].marginal_cost, 0, 0)
        return self._at_the_bound(place, off, load) or self._with(place, off, load)

    def forced_on(self, place: int, load: int) -> Alternative:
        """The best plan with some output of the unit at a place of the merit order."""
        marginal_cost, min_output, max_output = self._sorted[place]
        least = max(min_output, 1)
        if least > max_output:
            return NO_PLAN
        rest = Unit(marginal_cost, 0, max_output - least)
        others = self._at_the_bound(place, rest, load - least) or self._with(place, rest, load - least)
        return others if others.cost is None else others._replace(cost=others.cost + marginal_cost * least)

    def best(self, units: Sequence[Unit], load: int) -> Alternative:
        """What the best plan costs; not computed if that takes too long, or too much memory."""
        left = self._end - perf_counter()
        if load < 0:
            return NO_PLAN
        if left <= 0:
            return NOT_COMPUTED
        result = solve(units, load, None if self._end == float("inf") else left)
        if isinstance(result, GaveUp):
            return NOT_COMPUTED
        return Alternative(result.cost, computed=True) if isinstance(result, Solution) else NO_PLAN

    def _with(self, place: int, changed: Unit, load: int) -> Alternative:
        return self.best([*self._sorted[:place], changed, *self._sorted[place + 1 :]], load)

    def _at_the_bound(self, place: int, changed: Unit, load: int) -> Alternative | None:
        """The relaxed fill with a changed unit of a smaller range, if that is a plan, or shows that there is none."""
        lost = self._sorted[place].max_output - changed.max_output
        if not 0 <= load <= self.merit_order.total - lost:
            return NO_PLAN
        if not load:
            return Alternative(0, computed=True)
        marginal = bisect_left(self._capacity, load, 1) - 1
        if marginal >= place:  # the changed unit, or one after it that makes up for what it lost
            marginal = max(place, bisect_left(self._capacity, load + lost, 1) - 1)
        lost_before = lost if marginal > place else 0
        unit = changed if marginal == place else self._sorted[marginal]
        output = load - self._capacity[marginal] + lost_before
        cost = self._cost[marginal] - changed.marginal_cost * lost_before + unit.marginal_cost * output
        return Alternative(cost, computed=True) if output >= unit.min_output else None
