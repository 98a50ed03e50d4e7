"""The merit order and its relaxed fill, which gives the first lower bound.

Ignore every ``min_output``, so that a unit can produce anything from 0 to its ``max_output``, and fill in merit order:
no plan is cheaper. Only one unit, the marginal one, is partly loaded (Dantzig's bound for the knapsack, with the
marginal unit as the break item). If that unit is at or above its ``min_output``, the fill is a plan. If not, units of
the same cost may give it the missing output at no cost.

The fill is also the Lagrangian relaxation of the balance (Geoffrion 1974): with a ``price`` for each tenth of a MW no
plan costs less than ``price * load + sum over units of min((marginal_cost - price) * output)``. A **row**
(:mod:`powerplant.merit_order.counting`) is a constraint that every plan satisfies; it has a second multiplier.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import gt, mul, sub
from typing import NamedTuple

from powerplant.merit_order.types import Unit


class Row(NamedTuple):
    """In every plan, the weights of the committed units sum to ``least`` .. ``most``.

    Attributes:
        grain: in steps; see :func:`powerplant.merit_order.proof.weight_of`.
        weights: of the units.
        most, least: limits of the sum.
    """

    grain: int
    weights: Sequence[int]
    most: int
    least: int = 0

    def limit(self, charge: int) -> int:
        """The limit that the sign of a charge belongs to."""
        return self.most if charge > 0 else self.least


class Relaxation(NamedTuple):
    """Multipliers, and the bound that they prove. All three are to be divided by ``scale``.

    Attributes:
        price: of a tenth of a MW.
        charge: for each grain of a committed unit, negative if the lower limit is binding; 0 without a row.
        bound: no plan costs less.
        scale: common denominator.
        row: the row that the charge belongs to, if any.
    """

    price: int
    charge: int
    bound: int
    scale: int
    row: Row | None

    def lower_bound(self) -> int:
        """The bound in whole units of cost, rounded up: costs are integers."""
        return -(-self.bound // self.scale)


class Fill(NamedTuple):
    """A relaxed fill.

    Attributes:
        outputs: in the order of the units; they add up to the load.
        cost: of these outputs; no plan is cheaper.
        place: of the marginal unit in the merit order.
        marginal_cost: of the marginal unit; the multiplier that proves the bound.
        is_plan: whether the marginal unit is at or above its ``min_output``, so that this is an optimal plan.
    """

    outputs: list[int]
    cost: int
    place: int
    marginal_cost: int
    is_plan: bool

    def relaxation(self) -> Relaxation:
        """The relaxation that the fill solves."""
        return Relaxation(self.marginal_cost, 0, self.cost, 1, None)


class MeritOrder:
    """The units of one fleet by marginal cost, then in their own order; O(n log n).

    Attributes:
        units: in their own order.
        given: the units before :meth:`usable_under` restricted them.
        order: positions of the units, cheapest first.
        costs, min_outputs, max_outputs: the units' columns, in the units' own order.
        capacity: for each place in the order, the ``max_output`` of all units before it; then that of all.
        total: the ``max_output`` of all units.
    """

    __slots__ = ("capacity", "costs", "given", "max_outputs", "min_outputs", "order", "total", "units")

    def __init__(self, units: Sequence[Unit]) -> None:
        costs: Sequence[int]
        costs, min_outputs, max_outputs = zip(*units, strict=True) if units else ((), (), ())
        if any(map(gt, min_outputs, max_outputs)) or (units and min(min_outputs) < 0):
            raise ValueError("a unit needs 0 <= min_output <= max_output")
        self.units = self.given = units
        self.costs, self.min_outputs, self.max_outputs = costs, min_outputs, max_outputs
        self.order = sorted(range(len(costs)), key=costs.__getitem__)
        self.capacity = list(accumulate(map(max_outputs.__getitem__, self.order), initial=0))
        self.total = self.capacity[-1]

    def usable_under(self, load: int) -> MeritOrder:
        """The same fleet without outputs above a load; a unit with a larger ``min_output`` is never on."""
        if max(self.max_outputs, default=0) <= load:
            return self
        usable = MeritOrder(
            [
                Unit(cost, least, min(most, load)) if least <= load else Unit(cost, 0, 0)
                for cost, least, most in self.given
            ]
        )
        usable.given = self.given
        return usable

    def starts_beyond(self, load: int) -> int | None:
        """The smallest ``min_output`` above a load, of the given units; ``None`` if there is none."""
        return min((unit.min_output for unit in self.given if unit.min_output > load), default=None)

    def relaxed_fill(self, load: int) -> Fill:
        """Fill in merit order up to a load, from 0 to the total capacity."""
        order, max_outputs = self.order, self.max_outputs
        outputs = [0] * len(order)
        if not load:  # also of no units at all
            return Fill(outputs, 0, 0, min(self.costs, default=0), True)
        place = bisect_left(self.capacity, load, 1) - 1
        for position in order[:place]:
            outputs[position] = max_outputs[position]
        marginal = order[place]
        outputs[marginal] = output = load - self.capacity[place]
        cost = sum(map(mul, self.costs, outputs))
        return Fill(outputs, cost, place, self.costs[marginal], output >= self.min_outputs[marginal])

    def plan_at_the_bound(self, fill: Fill) -> list[int] | None:
        """A plan that costs as much as a fill, or ``None`` if none is found; O(n).

        If the marginal unit is below its ``min_output``, full units of the same cost give it the missing output, down
        to their own ``min_output``, the last of them first.
        """
        if fill.is_plan:
            return fill.outputs
        order, costs, least, most = self.order, self.costs, self.min_outputs, self.max_outputs
        missing = least[order[fill.place]] - fill.outputs[order[fill.place]]
        first, given = fill.place, 0
        while given < missing and first and costs[order[first - 1]] == fill.marginal_cost:
            first -= 1
            given += most[order[first]] - least[order[first]]
        if given < missing:
            return None
        outputs = [*fill.outputs]
        for position in order[first : fill.place + 1]:
            outputs[position] = least[position]
        outputs[order[first]] += given - missing
        return outputs

    def cost_of(self, outputs: Sequence[int]) -> int:
        """The cost of outputs in the order of the units."""
        return sum(map(mul, self.costs, outputs))

    def by_unit(self, by_place: Sequence[bool]) -> list[bool]:
        """A commitment in the order of the units, from one in merit order."""
        committed = [False] * len(self.order)
        for position, on in zip(self.order, by_place, strict=True):
            committed[position] = on
        return committed

    def dispatch(self, committed: Sequence[bool], load: int) -> list[int] | None:
        """The cheapest dispatch of a commitment: all units at minimum, the rest in merit order; O(n).

        ``None`` if the committed units cannot produce the load.
        """
        outputs = [least if on else 0 for least, on in zip(self.min_outputs, committed, strict=True)]
        residual_load = load - sum(outputs)
        raised = [position for position in self.order if committed[position]]
        most, least_of = self.max_outputs.__getitem__, self.min_outputs.__getitem__
        headroom = list(accumulate(map(sub, map(most, raised), map(least_of, raised)), initial=0))
        if not 0 <= residual_load <= headroom[-1]:
            return None
        full = bisect_left(headroom, residual_load, 1) - 1 if residual_load else 0
        for position in raised[:full]:
            outputs[position] = most(position)
        if residual_load:
            outputs[raised[full]] += residual_load - headroom[full]
        return outputs
