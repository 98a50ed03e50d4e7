"""The bracket around the least cost: a lower bound, and the cost of the best plan so far, the incumbent.

Every phase of a solve works on the same bracket: it raises the bound or offers better plans. When the two are equal,
the incumbent is optimal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from powerplant.merit_order.clock import Clock
from powerplant.merit_order.fill import Fill, MeritOrder, Relaxation
from powerplant.merit_order.proof import CHECKED_BITS, Empty, OutputSplit, Proof, Recomputed, Step
from powerplant.merit_order.reach import Group, group_of
from powerplant.merit_order.types import GaveUp, Infeasible, Solution

T = TypeVar("T")
Turns = Generator[None, None, T]
"""A computation that yields where another one may continue, and returns a ``T`` at its end."""

Phase = Turns[Solution | Infeasible | None]
"""A phase of a solve; it returns the result, or ``None`` if it has none."""

Improve = Callable[[GaveUp], None]


class Plan(NamedTuple):
    """A plan: its cost, and the outputs in the order of the units."""

    cost: int
    outputs: list[int]


class Bracket:
    """The bound and the incumbent of one fleet and one load.

    Attributes:
        merit_order, fill, load: the instance, and its relaxed fill.
        clock: counts the work of all phases.
        incumbent: the best plan found so far.
        improve: called with the state whenever a better plan is found.
        relaxation: the tightest one so far; at first that of the fill.
        open_bounds: the bounds of the search's open nodes; a cheapest plan is the incumbent, or in one of them.
    """

    def __init__(self, merit_order: MeritOrder, fill: Fill, load: int, clock: Clock) -> None:
        self.merit_order = merit_order
        self.fill = fill
        self.load = load
        self.clock = clock
        self.incumbent: Plan | None = None
        self.improve: Improve | None = None
        self.open_bounds: Callable[[], list[int]] = list
        self.relaxation = fill.relaxation()
        self._proven = fill.cost

    @cached_property
    def fleet(self) -> Group:
        """All units as one group, in merit order."""
        units = [self.merit_order.units[position] for position in self.merit_order.order]
        return group_of(units, self.merit_order.total, self.clock)

    @property
    def best(self) -> Plan:
        """The incumbent; there must be one."""
        assert self.incumbent is not None, "no plan has been found"
        return self.incumbent

    @property
    def lower_bound(self) -> int:
        """The best proven lower bound of the cost."""
        bounds = self.open_bounds()
        if self.incumbent is not None:
            bounds.append(self.incumbent.cost)
        return max(self._proven, min(bounds, default=0))

    @property
    def state(self) -> GaveUp:
        """The incumbent and the bound so far."""
        if self.incumbent is None:
            return GaveUp(None, None, self.lower_bound)
        return GaveUp(tuple(self.incumbent.outputs), self.incumbent.cost, self.lower_bound)

    def raise_bound(self, bound: int) -> None:
        """Record that no plan costs less than ``bound``."""
        self._proven = max(self._proven, bound)

    def tighten(self, relaxation: Relaxation) -> None:
        """Replace the relaxation by this one if its bound is higher."""
        if relaxation.lower_bound() > self.relaxation.lower_bound():
            self.relaxation = relaxation
            self.raise_bound(relaxation.lower_bound())

    def offer(self, committed: Sequence[bool]) -> None:
        """Make the best plan of a commitment the incumbent if it is cheaper; O(n)."""
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
        """The incumbent, proven optimal by the steps."""
        cost, outputs = self.best
        return Solution(tuple(outputs), cost, cost, self._proof(method, steps))

    def infeasible(self, method: str, steps: Sequence[Step], neighbours: tuple[int, int]) -> Infeasible:
        """No plan exists, proven by the steps; the neighbours are the nearest outputs of the usable units."""
        below, above = neighbours
        alone = self.merit_order.starts_beyond(self.load)
        smallest = min(unit.min_output for unit in self.merit_order.given if unit.max_output)
        reason = "below_minimum" if self.load < smallest else "in_a_gap"
        return Infeasible(reason, below, above if alone is None else min(above, alone), self._proof(method, steps))

    def _proof(self, method: str, steps: Sequence[Step]) -> Proof:
        """The steps as a proof; ``Recomputed`` if they depend on a reach that is too large to check."""
        if self.merit_order.total > CHECKED_BITS:
            members = Counter(self.merit_order.costs)
            for step in steps:
                if (isinstance(step, OutputSplit) and members[step.marginal_cost] > 1) or step == Empty("unreachable"):
                    return Proof(method, (Recomputed(),))
        return Proof(method, tuple(steps))
