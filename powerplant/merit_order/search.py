"""Branch and bound over the classes of equally dear units.

Units of one marginal cost are a **class**: what they cost depends on their sum alone, so that identical engines
and all wind parks, which make a search over single units walk 2^n symmetric branches, are one thing with a set of
reachable outputs (:mod:`powerplant.merit_order.reach`).

A node leaves to each class a range of outputs, and its bound is the relaxed fill inside these ranges: classes
before the marginal one at the top of theirs, classes after it at the bottom, which both are reachable. So only
the marginal class can stand at an output that it cannot make, in a gap of its reach. Then the node is split: at most
the lower edge of the gap, or at least the upper one. A child's bound takes a walk from its parent's marginal
class to its own, a few steps as a rule. Depth first, the cheaper child first (Land and Doig 1960; on a knapsack
Horowitz and Sahni 1974)::

        0..4600 (marginal at 200: a gap from 0 to 1000)
          │
          ├── at most 0 ──── the next class fills in: a plan? a gap? too dear?
          └── at least 1000 ── classes before it are turned down by 800
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.proof import Bound, Empty, OutputSplit, Recomputed, Step
from powerplant.merit_order.reach import Group, common_divisor, divided, makes_all
from powerplant.merit_order.relaxation import Relaxation, of_fill
from powerplant.merit_order.types import GaveUp

MOST_STEPS = 1 << 18
"""A longer proof is not written down: it would fill the memory, and be checked by nobody."""


UNITS_BETWEEN_LOOKS = 10_000
"""How many units may be walked between two looks at the clock; a node can ask for all of them."""


class UnitClass:
    """The units of one marginal cost: places ``start`` to ``end`` (exclusive) of the merit order.

    Block units whose outputs share a divisor make multiples of it alone, and their reach counts in it.
    """

    def __init__(self, merit_order: MeritOrder, start: int, end: int, deadline: Deadline) -> None:
        units = [merit_order.units[position] for position in merit_order.order[start:end]]
        self.start, self.end = start, end
        self.marginal_cost = units[0].marginal_cost
        self.capacity = merit_order.capacity_of(start, end)
        self._divisor = common_divisor(units)
        self._group = Group(divided(units, self._divisor), self.capacity // self._divisor, deadline)
        self.makes_all = self._divisor > 1 and makes_all(self._group.units)

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """The nearest reachable outputs below and above an unreachable one; ``None`` where it is reachable."""
        if self._divisor == 1:
            return self._group.gap_around(output)
        below, rest = divmod(output, self._divisor)
        above = below + bool(rest)
        if not self.makes_all:
            below, _ = self._group.gap_around(below) or (below, below)
            _, above = self._group.gap_around(above) or (above, above)
        return None if below == above else (below * self._divisor, above * self._divisor)

    def commit(self, output: int) -> list[bool] | None:
        """A commitment of the units that makes exactly ``output``; ``None`` where there is none."""
        times, rest = divmod(output, self._divisor)
        return None if rest else self._group.commit(times)


class Node(NamedTuple):
    """Part of the commitments: what it leaves to each class, and its relaxed fill.

    Attributes:
        bound: cost of the relaxed fill; no plan of the node is cheaper.
        marginal: the class that ends between the ends of its range.
        output: what the marginal class makes in the fill.
        ranges: lowest and highest output of each class that was split on, by its start.
    """

    bound: int
    marginal: UnitClass
    output: int
    ranges: dict[int, tuple[int, int]]


class Plan(NamedTuple):
    """A plan: outputs in the order of the units, and their cost."""

    cost: int
    outputs: list[int]


class Search:
    """One search over one fleet and one load, and all that is known of its answer so far.

    Attributes:
        incumbent: the best plan found so far.
        relaxation: the tightest one that is known; that of the fill at first.
        proven_bound: what no plan can beat, by other means than the open nodes.
        steps: the proof so far, as far as it is written down.
    """

    def __init__(self, merit_order: MeritOrder, fill: Fill, load: int, deadline: Deadline) -> None:
        self.merit_order = merit_order
        self.fill = fill
        self.load = load
        self.deadline = deadline
        self.incumbent: Plan | None = None
        self.relaxation = of_fill(fill)
        self.proven_bound = fill.cost
        self.steps: list[Step] = []
        self._improve: Callable[[GaveUp], None] | None = None
        self._between_looks = min(64, 1 + UNITS_BETWEEN_LOOKS // len(merit_order.order))
        self._sorted_costs = list(map(merit_order.costs.__getitem__, merit_order.order))
        self._classes: dict[int, UnitClass] = {}
        marginal = self._class_at(fill.place)
        self._open: list[Node | None] = [
            Node(fill.cost, marginal, load - merit_order.capacity_of(0, marginal.start), {})
        ]

    @cached_property
    def fleet(self) -> Group:
        """All units as one group, in merit order: what they can make together."""
        units = [self.merit_order.units[position] for position in self.merit_order.order]
        return Group(units, self.merit_order.total, self.deadline)

    @property
    def is_a_matter_of_two(self) -> bool:
        """Whether there are two classes alone, which make all multiples of their divisors."""
        if len(set(self._sorted_costs)) != 2:
            return False
        return self._class_at(0).makes_all and self._class_at(len(self._sorted_costs) - 1).makes_all

    @property
    def best(self) -> Plan:
        """The incumbent, where there is one."""
        assert self.incumbent is not None, "no plan has been found"
        return self.incumbent

    def tighten(self, relaxation: Relaxation) -> None:
        """Take a relaxation in the place of the one that is known, if its bound is higher."""
        if relaxation.lower_bound() > self.proven_bound:
            self.relaxation, self.proven_bound = relaxation, relaxation.lower_bound()

    def offer(self, committed: list[bool]) -> None:
        """Keep the best plan of a commitment, if it has one and no better one is known."""
        outputs = self.merit_order.dispatch(committed, self.load)
        if outputs is None:
            return
        cost = self.merit_order.cost_of(outputs)
        if self.incumbent is None or cost < self.incumbent.cost:
            self.incumbent = Plan(cost, outputs)
            if self._improve:
                self._improve(self.state)

    def report_to(self, improve: Callable[[GaveUp], None] | None) -> None:
        """Call ``improve`` with the state, now and whenever a better plan is found."""
        self._improve = improve
        if improve and self.incumbent is not None:
            improve(self.state)

    @property
    def state(self) -> GaveUp:
        """What is known so far."""
        if self.incumbent is None:
            return GaveUp(None, None, self.lower_bound)
        return GaveUp(tuple(self.incumbent.outputs), self.incumbent.cost, self.lower_bound)

    @property
    def lower_bound(self) -> int:
        """What no plan can beat, as far as is known."""
        bounds = [node.bound for node in self._open if node is not None]
        if self.incumbent is not None:
            bounds.append(self.incumbent.cost)
        return max(self.proven_bound, min(bounds, default=0))

    @property
    def is_finished(self) -> bool:
        """Whether no node is open."""
        return not self._open

    @property
    def proof(self) -> list[Step]:
        """The steps of a finished tree; recomputed where there are too many of them."""
        return self.steps if len(self.steps) < MOST_STEPS else [Recomputed()]

    def run(self, nodes: int) -> bool:
        """Search on for a number of nodes; whether the tree is finished.

        Raises:
            TimeLimitPassed: the deadline came first.
        """
        for visited in range(nodes):
            if not self._open:
                return True
            if (visited + 1) % self._between_looks == 0:
                self.deadline.check()
            self._visit(self._open[-1])
        return self.is_finished

    def _visit(self, node: Node | None) -> None:
        """Close the node on top of the stack, or put its two children there."""
        if node is None:
            self._close(Empty("outputs"))
            return
        if self.incumbent is not None and node.bound >= self.incumbent.cost:
            self._close(Bound(node.marginal.marginal_cost))
            return
        gap = node.marginal.gap_around(node.output)
        if gap is None:
            self.offer(self._commitment(node))
            self._close(Bound(node.marginal.marginal_cost))
            return
        below, above = self._at_most(node, gap[0]), self._at_least(node, gap[1])
        above_first = above is not None and (below is None or above.bound <= below.bound)
        self._close(OutputSplit(node.marginal.marginal_cost, *gap, above_first))
        self._open += (below, above) if above_first else (above, below)

    def _close(self, step: Step) -> None:
        self._open.pop()
        if len(self.steps) < MOST_STEPS:
            self.steps.append(step)

    def _at_most(self, node: Node, highest: int) -> Node | None:
        """The node with its marginal class held down; classes after it make up for the rest."""
        marginal = node.marginal
        lowest, _ = node.ranges.get(marginal.start, (0, 0))
        ranges = {**node.ranges, marginal.start: (lowest, highest)}
        missing = node.output - highest
        bound = node.bound - marginal.marginal_cost * missing
        places = len(self._sorted_costs)
        while marginal.end < places:
            marginal = self._class_at(marginal.end)
            lowest, highest = ranges.get(marginal.start, (0, marginal.capacity))
            raised = min(missing, highest - lowest)
            bound += marginal.marginal_cost * raised
            missing -= raised
            if not missing:
                return Node(bound, marginal, lowest + raised, ranges)
        return None

    def _at_least(self, node: Node, lowest: int) -> Node | None:
        """The node with its marginal class held up; classes before it are turned down for it."""
        marginal = node.marginal
        _, highest = node.ranges.get(marginal.start, (0, marginal.capacity))
        ranges = {**node.ranges, marginal.start: (lowest, highest)}
        surplus = lowest - node.output
        bound = node.bound + marginal.marginal_cost * surplus
        while marginal.start:
            marginal = self._class_at(marginal.start - 1)
            lowest, highest = ranges.get(marginal.start, (0, marginal.capacity))
            lowered = min(surplus, highest - lowest)
            bound -= marginal.marginal_cost * lowered
            surplus -= lowered
            if not surplus:
                return Node(bound, marginal, highest - lowered, ranges)
        return None

    def _class_at(self, place: int) -> UnitClass:
        """The class that a place of the merit order belongs to."""
        costs = self._sorted_costs
        cost = costs[place]
        start = place if not place or costs[place - 1] != cost else bisect_left(costs, cost)
        known = self._classes.get(start)
        if known is None:
            known = UnitClass(self.merit_order, start, bisect_right(costs, cost, place), self.deadline)
            self._classes[start] = known
        return known

    def _commitment(self, node: Node) -> list[bool]:
        """Which units a node commits whose relaxed fill is a plan, in the order of the units."""
        marginal = node.marginal
        by_place = [True] * marginal.start + [False] * (len(self._sorted_costs) - marginal.start)
        outputs = {
            start: highest if start < marginal.start else lowest for start, (lowest, highest) in node.ranges.items()
        }
        outputs[marginal.start] = node.output
        for start, output in outputs.items():
            unit_class = self._class_at(start)
            chosen = unit_class.commit(output)
            assert chosen is not None, "a node gives its classes only outputs that they reach"
            by_place[start : unit_class.end] = chosen
        return self.merit_order.by_unit(by_place)
