"""Branch and bound over classes of units with equal marginal cost.

Units of one marginal cost are a **class**: their cost depends only on their total output. So identical engines, or all
wind parks, for which a search over single units visits 2^n symmetric branches, are one object with a set of reachable
outputs (:mod:`powerplant.merit_order.reach`).

A node gives each class a range of outputs, and its bound is the relaxed fill inside these ranges: classes before the
marginal one are at the top of their range, classes after it at the bottom, and both are reachable. So only the marginal
class can have an unreachable output, in a gap of its reach. Then the node is split: at most the lower end of the gap,
or at least the upper end. A child's bound is computed from its parent's, usually in a few steps. The search is depth
first, the cheaper child first (Land and Doig 1960; for the knapsack Horowitz and Sahni 1974).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from powerplant.merit_order.bracket import Bracket, Phase
from powerplant.merit_order.proof import Bound, Empty, OutputSplit, Recomputed, Step
from powerplant.merit_order.reach import Group, group_of

MOST_STEPS = 1 << 18
"""A longer proof is not kept: it needs too much memory, and takes too long to check."""

NODE = 4
"""Operations of the clock for a node, without its children and its class; one more for each eight splits above it."""


def by_search(bracket: Bracket) -> Phase:
    """The cheapest plan, or a proof that none exists; it yields after each node."""
    search = Search(bracket)
    while search.open:
        search.visit()
        yield
    proof = search.steps if len(search.steps) < MOST_STEPS else [Recomputed()]
    if bracket.incumbent is None:
        return bracket.infeasible("search", proof, bracket.fleet.neighbours_of(bracket.load))
    return bracket.solution("search", proof)


class UnitClass(NamedTuple):
    """The units of one marginal cost: places ``start`` to ``end`` (exclusive) of the merit order."""

    marginal_cost: int
    start: int
    end: int
    group: Group


class Node(NamedTuple):
    """A set of plans: the range of each class, and the relaxed fill.

    Attributes:
        bound: cost of the relaxed fill; no plan of the node is cheaper.
        marginal: the class that is partly loaded in the fill.
        output: of the marginal class in the fill.
        ranges: lowest and highest output of each class that was split on, by its start.
    """

    bound: int
    marginal: UnitClass
    output: int
    ranges: dict[int, tuple[int, int]]


class Search:
    """The tree of one search.

    Attributes:
        open: the stack of nodes to visit; ``None`` is an empty side of a split.
        steps: the proof so far, up to :data:`MOST_STEPS`.
    """

    def __init__(self, bracket: Bracket) -> None:
        self.bracket = bracket
        self.steps: list[Step] = []
        merit_order, fill = bracket.merit_order, bracket.fill
        self._sorted_costs = list(map(merit_order.costs.__getitem__, merit_order.order))
        self._classes: dict[int, UnitClass] = {}
        marginal = self._class_at(fill.place)
        output = bracket.load - merit_order.capacity[marginal.start]
        self.open: list[Node | None] = [Node(fill.cost, marginal, output, {})]
        bracket.open_bounds = lambda: [node.bound for node in self.open if node is not None]

    def visit(self) -> None:
        """Close the node on top of the stack, or replace it by its two children."""
        node, incumbent = self.open[-1], self.bracket.incumbent
        if node is None:
            self._close(Empty("outputs"))
            return
        self.bracket.clock.spend(NODE + (len(node.ranges) >> 3))
        if incumbent is not None and node.bound >= incumbent.cost:
            self._close(Bound(node.marginal.marginal_cost))
            return
        gap = node.marginal.group.gap_around(node.output)
        if gap is None:
            self.bracket.offer(self._commitment(node))
            self._close(Bound(node.marginal.marginal_cost))
            return
        below, above = self._beyond(node, gap[0]), self._beyond(node, gap[1])
        above_first = above is not None and (below is None or above.bound <= below.bound)
        self._close(OutputSplit(node.marginal.marginal_cost, *gap, above_first))
        self.open += (below, above) if above_first else (above, below)

    def _close(self, step: Step) -> None:
        self.open.pop()
        if len(self.steps) < MOST_STEPS:
            self.steps.append(step)

    def _beyond(self, node: Node, output: int) -> Node | None:
        """The child whose marginal class is at one end of its gap or beyond; ``None`` if it is empty.

        If the class produces less, later classes are raised; if it produces more, earlier classes are lowered.
        """
        marginal, more = node.marginal, output > node.output
        lowest, highest = node.ranges.get(marginal.start, (0, marginal.group.capacity))
        ranges = {**node.ranges, marginal.start: (output, highest) if more else (lowest, output)}
        bound = node.bound + marginal.marginal_cost * (output - node.output)
        rest, sign = (output - node.output, -1) if more else (node.output - output, 1)
        places, steps = len(self._sorted_costs), 0
        while rest and 0 <= (place := marginal.start - 1 if more else marginal.end) < places:
            marginal = self._class_at(place)
            lowest, highest = ranges.get(marginal.start, (0, marginal.group.capacity))
            moved = min(rest, highest - lowest)
            output = (highest if more else lowest) + sign * moved
            bound += sign * marginal.marginal_cost * moved
            rest -= moved
            steps += 1
        self.bracket.clock.spend(steps >> 1)
        return None if rest else Node(bound, marginal, output, ranges)

    def _class_at(self, place: int) -> UnitClass:
        """The class at a place of the merit order."""
        costs = self._sorted_costs
        cost = costs[place]
        start = place if not place or costs[place - 1] != cost else bisect_left(costs, cost)
        known = self._classes.get(start)
        if known is None:
            end, merit_order = bisect_right(costs, cost, place), self.bracket.merit_order
            units = [merit_order.units[position] for position in merit_order.order[start:end]]
            group = group_of(units, merit_order.capacity[end] - merit_order.capacity[start], self.bracket.clock)
            known = self._classes[start] = UnitClass(cost, start, end, group)
        return known

    def _commitment(self, node: Node) -> list[bool]:
        """The commitment of a node whose relaxed fill is a plan, in the order of the units."""
        marginal = node.marginal
        by_place = [True] * marginal.start + [False] * (len(self._sorted_costs) - marginal.start)
        outputs = {
            start: highest if start < marginal.start else lowest for start, (lowest, highest) in node.ranges.items()
        }
        outputs[marginal.start] = node.output
        for start, output in outputs.items():
            unit_class = self._class_at(start)
            chosen = unit_class.group.commit(output)
            assert chosen is not None, "a node gives its classes only outputs that they reach"
            by_place[start : unit_class.end] = chosen
        return self.bracket.merit_order.by_unit(by_place)
