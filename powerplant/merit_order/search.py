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
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.model import Unit
from powerplant.merit_order.proof import Bound, Empty, OutputSplit, Step
from powerplant.merit_order.reach import ceil_in, commitment_for, floor_in, reach_of

FIRST_WINDOW = 4


class UnitClass:
    """The units of one marginal cost: places ``start`` to ``end`` (exclusive) of the merit order."""

    __slots__ = ("_merit_order", "_reach", "capacity", "end", "marginal_cost", "start")

    def __init__(self, merit_order: MeritOrder, start: int, end: int) -> None:
        capacity = merit_order.capacity
        self.start, self.end = start, end
        self.marginal_cost = merit_order.costs[merit_order.order[start]]
        self.capacity = capacity[end - 1] - (capacity[start - 1] if start else 0)
        self._merit_order = merit_order
        self._reach: int | None = None

    def gap_around(self, output: int, limit: int, deadline: Deadline) -> tuple[int, int] | None:
        """The reachable outputs next to one that is not reachable; ``None`` for one that is.

        Args:
            output: an output between two that are reachable.
            limit: the load; no output above it matters.
            deadline: of the whole search.
        """
        if self.end - self.start == 1:
            least = self._merit_order.min_outputs[self._merit_order.order[self.start]]
            return None if output >= least or not output else (0, least)
        if self.commit(output, deadline) is not None:
            return None
        units = self._units(self.start, self.end)
        if self._reach is None:
            highest = min(self.capacity, limit + max(unit.min_output for unit in units))
            self._reach = reach_of(units, highest, deadline)
        above = ceil_in(self._reach, output)
        return floor_in(self._reach, output), self.capacity if above is None else above

    def commit(self, output: int, deadline: Deadline) -> list[bool] | None:
        """A commitment that makes exactly ``output``, by place; ``None`` where there is none.

        Units are filled in order; the few around the one that ends partly loaded are chosen anew, the ones
        before them on at maximum and the ones after them off. Where no choice among the few makes the output,
        twice as many are tried, at last the whole class.
        """
        capacity, start, end = self._merit_order.capacity, self.start, self.end
        before = capacity[start - 1] if start else 0
        middle = min(bisect_left(capacity, before + output, start, end), end - 1)
        window = FIRST_WINDOW
        while True:
            low, high = max(start, middle - window), min(end, middle + window)
            base = (capacity[low - 1] if low else 0) - before
            chosen = commitment_for(self._units(low, high), output - base, deadline)
            if chosen is not None:
                return [True] * (low - start) + chosen + [False] * (end - high)
            if low == start and high == end:
                return None
            window *= 2

    def _units(self, low: int, high: int) -> list[Unit]:
        units = self._merit_order.units
        return [units[position] for position in self._merit_order.order[low:high]]


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


class Search:
    """One search over one fleet and one load; the only thing in the solver that has a state.

    Attributes:
        incumbent: the best node found so far whose relaxed fill is a plan.
        steps: the proof so far.
        lower_bound: what no plan can beat, as far as the search knows.
    """

    def __init__(self, merit_order: MeritOrder, fill: Fill, load: int, deadline: Deadline) -> None:
        self._merit_order = merit_order
        self._load = load
        self._deadline = deadline
        self._sorted_costs = list(map(merit_order.costs.__getitem__, merit_order.order))
        self._classes: dict[int, UnitClass] = {}
        marginal = self._class_at(fill.place)
        before = merit_order.capacity[marginal.start - 1] if marginal.start else 0
        root = Node(fill.cost, marginal, load - before, {})
        self._open: list[Node | None] = [root]
        self.incumbent: Node | None = None
        self.steps: list[Step] = []

    @property
    def lower_bound(self) -> int:
        """What no plan can beat: the incumbent, or the best node that is still open."""
        bounds = [node.bound for node in (*self._open, self.incumbent) if node is not None]
        return min(bounds)

    def run(self, nodes: int) -> bool:
        """Search on for a number of nodes; whether the tree is finished.

        Raises:
            TimeLimitPassed: the deadline came first; the search stays usable.
        """
        for visited in range(nodes):
            if not self._open:
                return True
            if visited & 63 == 63:
                self._deadline.check()
            self._visit(self._open[-1])
        return not self._open

    def _visit(self, node: Node | None) -> None:
        """Close the node on top of the stack, or put its two children there."""
        if node is None:
            self._close(Empty("outputs"))
            return
        if self.incumbent is not None and node.bound >= self.incumbent.bound:
            self._close(Bound(node.marginal.marginal_cost))
            return
        gap = node.marginal.gap_around(node.output, self._load, self._deadline)
        if gap is None:
            self.incumbent = node
            self._close(Bound(node.marginal.marginal_cost))
            return
        below, above = self._at_most(node, gap[0]), self._at_least(node, gap[1])
        above_first = above is not None and (below is None or above.bound <= below.bound)
        self._close(OutputSplit(node.marginal.marginal_cost, *gap, above_first))
        self._open += (below, above) if above_first else (above, below)

    def _close(self, step: Step) -> None:
        self._open.pop()
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
            known = UnitClass(self._merit_order, start, bisect_right(costs, cost, place))
            self._classes[start] = known
        return known

    def commitment(self) -> list[bool]:
        """Which units the incumbent commits, in the order of the units."""
        assert self.incumbent is not None
        marginal, ranges = self.incumbent.marginal, self.incumbent.ranges
        by_place = [True] * marginal.start + [False] * (len(self._sorted_costs) - marginal.start)
        outputs = {
            start: highest if start < marginal.start else lowest for start, (lowest, highest) in ranges.items()
        }
        outputs[marginal.start] = self.incumbent.output
        for start, output in outputs.items():
            unit_class = self._class_at(start)
            chosen = unit_class.commit(output, self._deadline)
            assert chosen is not None, "an incumbent holds only outputs that its classes can make"
            by_place[start : unit_class.end] = chosen
        committed = [False] * len(by_place)
        for position, on in zip(self._merit_order.order, by_place, strict=True):
            committed[position] = on
        return committed
