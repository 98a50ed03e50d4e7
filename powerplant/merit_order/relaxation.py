"""Lower bounds with multipliers, and the row on counts that the merit order cannot see.

The relaxed fill is the Lagrangian relaxation of the balance (Geoffrion 1974): with a ``price`` for each tenth of a
MW no plan costs less than ``price * load + sum of min((marginal_cost - price) * output)`` over the units, each taken
by itself. Its ``min_output`` plays no part in that, and where units are large and narrow the bound is far off: k of
them are too few, k + 1 too many, and something dear fills in.

Counting closes this gap. Measure the units in steps: the **weight** of a unit is its ``min_output`` in steps, rounded.
Let ``limit`` be the largest sum of weights of any commitment whose minimum outputs fit under the load. Then
``sum of weights of committed units <= limit`` holds for every plan (with all weights 1 it is an extended cover
inequality; Balas 1975), and it has a multiplier of its own: a ``charge`` for each step of a committed unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import gcd
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.proof import weight_of

SCALE = 1 << 20
"""Multipliers of a row are fractions; this is their common denominator."""

MOST_STEPS = 8
"""Units are measured in steps of their median size divided by 1 to this."""

MOST_TANGENTS = 40
"""Tangents after which the price found is taken; a handful is the rule, and any price gives a bound."""

MOST_STEPS_UNDER_LOAD = 1 << 16
"""A load of more steps than this is not measured in them: counting is for k units or k + 1, not for fine steps."""

FAITHFUL = 0.1
"""How far from whole steps the units may be, on average and in steps, for steps to be worth trying (sizes at random
are 0.25 off)."""


class Row(NamedTuple):
    """A row that holds for every plan: the weights of the committed units sum to ``limit`` at the most.

    Attributes:
        step: in tenths of a MW; a unit's weight is its ``min_output`` in steps, rounded half up.
        weights: of the units.
        limit: of their sum.
    """

    step: int
    weights: Sequence[int]
    limit: int


class Relaxation(NamedTuple):
    """Multipliers, and what they prove. All three are in ``scale``-ths.

    Attributes:
        price: of a tenth of a MW.
        charge: for each step of a committed unit; 0 without a row.
        bound: no plan costs less than this, divided by ``scale``.
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


def suggested_commitment(merit_order: MeritOrder, relaxation: Relaxation) -> list[bool]:
    """What the multipliers of a row suggest: whatever saves at the price, the most for each step first."""
    assert relaxation.row is not None, "only a row has steps"
    weights, room = relaxation.row.weights, relaxation.row.limit
    saved = [
        (relaxation.price - cost * relaxation.scale) * most
        for cost, most in zip(merit_order.costs, merit_order.max_outputs, strict=True)
    ]
    committed = [saving >= 0 and not steps for saving, steps in zip(saved, weights, strict=True)]
    counted = [position for position, steps in enumerate(weights) if steps and saved[position] >= 0]
    for position in sorted(counted, key=lambda position: -saved[position] // weights[position]):
        if weights[position] <= room:
            committed[position] = True
            room -= weights[position]
    return committed


def of_fill(fill: Fill) -> Relaxation:
    """The relaxation that the relaxed fill solves."""
    return Relaxation(fill.marginal_cost, 0, fill.cost, 1, None)


def rows_against(merit_order: MeritOrder, fill: Fill, load: int, deadline: Deadline) -> Iterator[Row]:
    """Rows that the relaxed fill breaks, so that each may raise the bound; O(n * limit) for each step tried.

    Raises:
        TimeLimitPassed: the deadline came first.
    """
    sizes = sorted(least for least in merit_order.min_outputs if least)
    seen = set()
    for parts in range(1, MOST_STEPS + 1):
        step = sizes[len(sizes) // 2] // parts
        if step < 2 or step * MOST_STEPS_UNDER_LOAD < load:
            break
        weights = [weight_of(least, step) for least in merit_order.min_outputs]
        counted = [(least, steps) for least, steps in zip(merit_order.min_outputs, weights, strict=True) if steps]
        common = gcd(*weights)  # twice the weights under twice the limit are the same row
        unlike = sum(abs(least - steps * step) for least, steps in counted) > FAITHFUL * step * len(counted)
        proportions = tuple(steps // common for steps in weights)
        if unlike or proportions in seen:
            continue
        seen.add(proportions)
        limit = largest_weight(counted, load, deadline)
        filled = zip(weights, fill.outputs, merit_order.max_outputs, strict=True)
        if sum(steps * output / most for steps, output, most in filled if output) > limit:
            yield Row(step, weights, limit)


def largest_weight(counted: Sequence[tuple[int, int]], load: int, deadline: Deadline) -> int:
    """The largest sum of weights whose minimum outputs fit under the load; O(n * weight).

    Args:
        counted: pairs of a unit's ``min_output`` and weight.
        load: in tenths of a MW.
        deadline: of the whole solve.
    """
    beyond = load + 1
    least_output = [0]  # by sum of weights: the least that such units make; beyond the load where they cannot be
    for output, steps in counted:
        deadline.check()
        if output > load:
            continue
        padding = [beyond] * steps
        least_output = [
            min(without, with_it + output)
            for without, with_it in zip(least_output + padding, padding + least_output, strict=True)
        ]
        while least_output[-1] >= beyond:
            least_output.pop()
    return len(least_output) - 1


def priced(merit_order: MeritOrder, load: int, row: Row, deadline: Deadline) -> Relaxation:
    """The best multipliers for the balance and a row, as far as rounding lets them be found.

    The bound is a concave function of the price, made of straight pieces. Between a price where it rises and one
    where it falls, the two tangents meet above the next price to try (Kelley's cutting planes, in one dimension).
    """
    left = _at_price(merit_order, load, row, min(merit_order.costs) * SCALE)
    right = _at_price(merit_order, load, row, (2 * max(map(abs, merit_order.costs)) + 1) * SCALE)
    best = max(left, right, key=_bound)
    for _ in range(MOST_TANGENTS):
        deadline.check()
        between = right.relaxation.price - left.relaxation.price
        if between < 2 or left.slope <= 0 or right.slope >= 0:
            break
        step = int((right.bound - left.bound - right.slope * between) / (left.slope - right.slope))
        step = min(max(step, 1), between - 1)
        meeting_point = left.bound + left.slope * step
        tried = _at_price(merit_order, load, row, left.relaxation.price + step)
        best = max(best, tried, key=_bound)
        if meeting_point - tried.bound < SCALE:  # less than one unit of cost is left
            break
        if tried.slope > 0:
            left = tried
        else:
            right = tried
    return best.relaxation


class _Tried(NamedTuple):
    """The bound at a price, how it changes with the price there, and the multipliers that give it."""

    bound: int
    slope: Fraction
    relaxation: Relaxation


def _bound(tried: _Tried) -> int:
    return tried.bound


def _at_price(merit_order: MeritOrder, load: int, row: Row, price: int) -> _Tried:
    """The best charge at a price: what the first unit that no longer fits under the row saves for each step.

    That is Dantzig's bound again. A unit saves ``(price - marginal_cost) * max_output`` when it is on.
    """
    units = zip(merit_order.costs, merit_order.max_outputs, row.weights, strict=True)
    saving = [((price - cost * SCALE) * most, steps, most) for cost, most, steps in units if cost * SCALE < price]
    saved = sum(save for save, steps, _ in saving if not steps)
    output = Fraction(sum(most for _, steps, most in saving if not steps))
    counted = sorted(((save // steps, save, steps, most) for save, steps, most in saving if steps), reverse=True)
    room = row.limit
    charge = fitting = 0
    for each, save, steps, most in counted:
        if steps > room:
            charge = each
            output += Fraction(most * room, steps)
            break
        fitting += 1
        room -= steps
        saved += save
        output += most
    # What fits has paid the charge for its part of the row; what does not fit may gain by the rounding of the charge.
    beyond = sum(max(0, save - charge * steps) for _, save, steps, _ in counted[fitting:])
    bound = price * load - saved - charge * room - beyond
    return _Tried(bound, load - output, Relaxation(price, charge, bound, SCALE, row))
