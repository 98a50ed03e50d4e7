"""What is known of the least cost while it is looked for: a lower bound and the best plan so far, the incumbent.

Every phase of a solve works on the same bracket: it raises the bound, or it offers better plans. Where the two
meet, the incumbent is optimal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from powerplant.merit_order.clock import Clock
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.proof import CHECKED_BITS, Empty, OutputSplit, Proof, Recomputed, Step
from powerplant.merit_order.reach import Group, group_of
from powerplant.merit_order.relaxation import Relaxation, of_fill
from powerplant.merit_order.types import GaveUp, Infeasible, Solution

T = TypeVar("T")
Turns = Generator[None, None, T]
"""A computation that pauses whenever it may be another one's turn, and returns a ``T`` at its end."""

Phase = Turns[Solution | Infeasible | None]
"""A phase of a solve: at its end the result, or nothing."""

Improve = Callable[[GaveUp], None]


class Plan(NamedTuple):
    """A plan: its cost, and the outputs in the order of the units."""

    cost: int
    outputs: list[int]


class Bracket:
    """The bound and the incumbent of one fleet and one load.

    Attributes:
        merit_order, fill, load: the question, and its relaxed fill.
        clock: that every phase spends its work on.
        incumbent: the best plan found so far.
        improve: called with the state whenever a better plan is found.
        relaxation: the tightest one that is known; that of the fill at first.
        open_bounds: the bounds of a search's open nodes, of which the incumbent or one holds a cheapest plan.
    """

    def __init__(self, merit_order: MeritOrder, fill: Fill, load: int, clock: Clock) -> None:
        self.merit_order = merit_order
        self.fill = fill
        self.load = load
        self.clock = clock
        self.incumbent: Plan | None = None
        self.improve: Improve | None = None
        self.open_bounds: Callable[[], list[int]] = list
        self.relaxation = of_fill(fill)
        self._proven = fill.cost

    @cached_property
    def fleet(self) -> Group:
        """All units as one group, in merit order: what they can make together."""
        units = [self.merit_order.units[position] for position in self.merit_order.order]
        return group_of(units, self.merit_order.total, self.clock)

    @property
    def best(self) -> Plan:
        """The incumbent, where there is one."""
        assert self.incumbent is not None, "no plan has been found"
        return self.incumbent

    @property
    def lower_bound(self) -> int:
        """No plan costs less, as far as is known."""
        bounds = self.open_bounds()
        if self.incumbent is not None:
            bounds.append(self.incumbent.cost)
        return max(self._proven, min(bounds, default=0))

    @property
    def state(self) -> GaveUp:
        """What is known so far."""
        if self.incumbent is None:
            return GaveUp(None, None, self.lower_bound)
        return GaveUp(tuple(self.incumbent.outputs), self.incumbent.cost, self.lower_bound)

    def raise_bound(self, bound: int) -> None:
        """No plan costs less than ``bound``."""
        self._proven = max(self._proven, bound)

    def tighten(self, relaxation: Relaxation) -> None:
        """Take a relaxation in the place of the one that is known, if its bound is higher."""
        if relaxation.lower_bound() > self.relaxation.lower_bound():
            self.relaxation = relaxation
            self.raise_bound(relaxation.lower_bound())

    def offer(self, committed: Sequence[bool]) -> None:
        """Keep the best plan of a commitment, if it has one and no better one is known; O(n)."""
        self.clock.spend(len(committed) >> 2)
        outputs = self.merit_order.dispatch(committed, self.load)
        if outputs is None:
            return
        cost = self.merit_order.cost_of(outputs)
        if self.incumbent is None or cost < self.incumbent.cost:
            self.incumbent = Plan(cost, outputs)
            if self.improve:
                self.improve(self.state)

    def report_to(self, improve: Improve | None) -> None:
        """Call ``improve`` with the state, now and whenever a better plan is found."""
        self.improve = improve
        if improve and self.incumbent is not None:
            improve(self.state)

    def solution(self, method: str, steps: Sequence[Step]) -> Solution:
        """The incumbent, proven optimal by some steps."""
        cost, outputs = self.best
        return Solution(tuple(outputs), cost, cost, self._proof(method, steps))

    def infeasible(self, method: str, steps: Sequence[Step], neighbours: tuple[int, int]) -> Infeasible:
        """No plan, proven by some steps; its neighbours are among what the usable part of the fleet can make."""
        below, above = neighbours
        alone = self.merit_order.starts_beyond(self.load)
        smallest = min(unit.min_output for unit in self.merit_order.given if unit.max_output)
        reason = "below_minimum" if self.load < smallest else "in_a_gap"
        return Infeasible(reason, below, above if alone is None else min(above, alone), self._proof(method, steps))

    def _proof(self, method: str, steps: Sequence[Step]) -> Proof:
        """The steps as a proof, unless they rest on a reach that is too large to be checked."""
        if self.merit_order.total > CHECKED_BITS:
            members = Counter(self.merit_order.costs)
            for step in steps:
                if (isinstance(step, OutputSplit) and members[step.marginal_cost] > 1) or step == Empty("unreachable"):
                    return Proof(method, (Recomputed(),))
        return Proof(method, tuple(steps))
