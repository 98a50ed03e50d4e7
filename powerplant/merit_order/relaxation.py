"""Lower bounds with multipliers, and the row on counts that the merit order cannot see.

The relaxed fill is the Lagrangian relaxation of the balance (Geoffrion 1974): with a ``price`` for each tenth of a
MW no plan costs less than ``price * load + sum of min((marginal_cost - price) * output)`` over the units, each taken
by itself. Its ``min_output`` plays no part in that, and where units are large and narrow the bound is far off: k of
them are too few, k + 1 too many, and something dear fills in.

Counting closes this gap. The **weight** of a unit is its ``min_output`` measured in grains, and rounded.
Let ``most`` be the largest sum of weights of any commitment whose minimum outputs fit under the load, ``least`` the
smallest of any whose maximum outputs reach it. Then the sum of weights of committed units is from ``least`` to ``most``
in every plan (with all weights 1 these are extended cover inequalities; Balas 1975). Such a **row** has a multiplier of
its own: a ``charge`` for each grain of a committed unit, negative where it is the lower limit that counts. Where
``least`` exceeds ``most`` there is no plan at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.proof import weight_of

SCALE = 1 << 20
"""Multipliers of a row are fractions; this is their common denominator."""

MOST_PARTS = 8
"""Units are measured in grains of their median size divided by 1 to this."""

MOST_TANGENTS = 40
"""Tangents after which the price found is taken; a handful is the rule, and any price gives a bound."""

MOST_WIDENINGS, WIDENING = 12, 8
"""How often, and by what factor, the range of prices is widened where the best one lies outside of all costs."""

MOST_GRAINS_UNDER_LOAD = 1 << 16
"""A load of more grains than this is not measured in them: counting is for k units or k + 1, not for fine grains."""

MOST_SUMS = 1 << 23
"""Beyond so many units times the sum of their weights the lower limit of a row is not worked out."""

FAITHFUL = Fraction(1, 10)
"""How far from whole grains the units may be, on average and in grains, for a grain to be worth trying (sizes at random
are 0.25 off)."""


class Row(NamedTuple):
    """A row that holds for every plan: the weights of the committed units sum to ``least`` .. ``most``.

    Attributes:
        grain: in tenths of a MW; a unit's weight is its ``min_output`` in grains, rounded half up.
        weights: of the units.
        most, least: limits of their sum.
    """

    grain: int
    weights: Sequence[int]
    most: int
    least: int = 0

    def limit(self, charge: int) -> int:
        """The limit that a charge, or (negative) a reward, for each grain is paid against."""
        return self.most if charge > 0 else self.least


class Relaxation(NamedTuple):
    """Multipliers, and what they prove. All three are in ``scale``-ths.

    Attributes:
        price: of a tenth of a MW.
        charge: for each grain of a committed unit, negative where the lower limit of the row counts; 0 without a row.
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
    """What the multipliers of a row suggest: whatever saves at the price, the most for each grain first.

    If the row asks for more, those come next that lose the least.
    """
    assert relaxation.row is not None, "only a row has weights"
    (_, weights, most, least), price = relaxation.row, relaxation.price
    saved = [max((price - cost * relaxation.scale) * output for output in ends) for cost, *ends in merit_order.units]
    committed = [saving >= 0 and not weight for saving, weight in zip(saved, weights, strict=True)]
    counted = [position for position, weight in enumerate(weights) if weight]
    weighed = 0
    for position in sorted(counted, key=lambda position: -saved[position] // weights[position]):
        if weighed + weights[position] <= most and (saved[position] >= 0 or weighed < least):
            committed[position] = True
            weighed += weights[position]
    return committed


def of_fill(fill: Fill) -> Relaxation:
    """The relaxation that the relaxed fill solves."""
    return Relaxation(fill.marginal_cost, 0, fill.cost, 1, None)


def rows_against(merit_order: MeritOrder, fill: Fill, load: int, deadline: Deadline) -> Iterator[Row]:
    """Rows that the relaxed fill breaks, so that each may raise the bound; O(n * weight) for each grain tried.

    Raises:
        TimeLimitPassed: the deadline came first.
    """
    sizes = sorted(least for least in merit_order.min_outputs if least)
    grains = [sizes[len(sizes) // 2] // parts for parts in range(1, MOST_PARTS + 1)] if sizes else []
    seen = set()
    for grain in [*(grain for grain in grains if grain > 1 and grain * MOST_GRAINS_UNDER_LOAD >= load), 0]:
        deadline.check()
        weights = [weight_of(least, grain) for least in merit_order.min_outputs]
        counted = [(least, weight) for least, weight in zip(merit_order.min_outputs, weights, strict=True) if weight]
        common = gcd(*weights)  # twice the weights under twice the limit are the same row
        off = sum(abs(least - weight * grain) for least, weight in counted)
        unlike = bool(grain) and off > FAITHFUL * grain * len(counted)
        proportions = tuple(weight // common for weight in weights)
        if unlike or proportions in seen:
            continue
        seen.add(proportions)
        most = largest_weight(counted, load, deadline)
        counted = [(high, weight) for high, weight in zip(merit_order.max_outputs, weights, strict=True) if weight]
        least = 0
        if len({0, *weights}) == 2 or len(weights) * sum(weights) <= MOST_SUMS:
            least = sum(weights) - largest_weight(counted, merit_order.total - load, deadline)
        if not least <= _filled_weight(merit_order, fill, weights) <= most:
            yield Row(grain, weights, most, least)


def outputs_around(merit_order: MeritOrder, row: Row, deadline: Deadline) -> tuple[int, int]:
    """The nearest outputs that the fleet can make on both sides of a load for which a row allows no plan."""
    units = [(unit, weight) for unit, weight in zip(merit_order.units, row.weights, strict=True) if weight]
    stopped = [(unit.max_output, weight) for unit, weight in units]
    running = [(unit.min_output, weight) for unit, weight in units]
    below = merit_order.total - _least_output(stopped, sum(row.weights) - row.most, deadline)
    return below, _least_output(running, row.most + 1, deadline)


def _least_output(counted: Sequence[tuple[int, int]], weight: int, deadline: Deadline) -> int:
    """The least output of units that weigh so much together; O(n * weight), O(n log n) if all weigh the same."""
    if len({own for _, own in counted}) == 1:
        return sum(sorted(output for output, _ in counted)[: -(-weight // counted[0][1])])
    beyond = sum(output for output, _ in counted) + 1
    least = [0] + [beyond] * weight  # by sum of weights, or more
    for output, own in counted:
        deadline.check()
        with_it = ([0] * own + least)[: weight + 1]
        least = [min(without, before + output) for without, before in zip(least, with_it, strict=True)]
    return least[-1]


def _filled_weight(merit_order: MeritOrder, fill: Fill, weights: Sequence[int]) -> float:
    """The sum of weights in a relaxed fill; a unit that is partly loaded counts in part."""
    units = zip(weights, fill.outputs, merit_order.max_outputs, strict=True)
    return float(sum(weight * output / most for weight, output, most in units if output))


def largest_weight(counted: Sequence[tuple[int, int]], load: int, deadline: Deadline) -> int:
    """The largest sum of weights whose outputs fit under the load; O(n * weight), O(n log n) if all weigh the same.

    Args:
        counted: pairs of a unit's output and weight.
        load: in tenths of a MW.
        deadline: of the whole solve.
    """
    if len({weight for _, weight in counted}) == 1:
        return (bisect_right(list(accumulate(sorted(output for output, _ in counted))), load)) * counted[0][1]
    beyond = load + 1
    least_output = [0]  # by sum of weights: the least that such units make; beyond the load where they cannot be
    for output, weight in counted:
        deadline.check()
        if output > load:
            continue
        padding = [beyond] * weight
        with_it = padding + list(map(output.__add__, least_output))
        least_output = list(map(min, least_output + padding, with_it))
        while least_output[-1] >= beyond:
            least_output.pop()
    return len(least_output) - 1


def priced(merit_order: MeritOrder, load: int, row: Row, deadline: Deadline) -> Relaxation:
    """The best multipliers for the balance and a row, as far as rounding lets them be found.

    The bound is a concave function of the price, made of straight pieces. Between a price where it rises and one
    where it falls, the two tangents meet above the next price to try (Kelley's cutting planes, in one dimension).
    """
    left = _where_it_turns(merit_order, load, row, min(merit_order.costs) * SCALE, -1)
    right = _where_it_turns(merit_order, load, row, max(merit_order.costs) * SCALE, 1)
    best = max(left, right, key=_bound)
    for _ in range(MOST_TANGENTS):
        deadline.check()
        between = right.relaxation.price - left.relaxation.price
        if between < 2 or left.slope <= 0 or right.slope >= 0:
            break
        ahead = int((right.bound - left.bound - right.slope * between) / (left.slope - right.slope))
        ahead = min(max(ahead, 1), between - 1)
        meeting_point = left.bound + left.slope * ahead
        tried = _at_price(merit_order, load, row, left.relaxation.price + ahead)
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


def _where_it_turns(merit_order: MeritOrder, load: int, row: Row, price: int, direction: int) -> _Tried:
    """A price from the given one upward (1) or downward (-1) from which on the bound falls, or far enough away."""
    tried = _at_price(merit_order, load, row, price)
    away = max(map(abs, merit_order.costs)) * SCALE + 1
    for _ in range(MOST_WIDENINGS):
        if tried.slope * direction <= 0:
            break
        price += direction * away
        away *= WIDENING
        tried = _at_price(merit_order, load, row, price)
    return tried


def _bound(tried: _Tried) -> int:
    return tried.bound


def _at_price(merit_order: MeritOrder, load: int, row: Row, price: int) -> _Tried:
    """The best charge at a price: what the unit with which the sum of weights meets its limit saves for each grain.

    That is Dantzig's bound again. At a price above its marginal cost a unit saves most at ``max_output``; below it, it
    loses least at ``min_output``, and is on only where the row asks for more than what saves.
    """
    counted, free = [], []
    for (cost, least, most), weight in zip(merit_order.units, row.weights, strict=True):
        slope = price - cost * SCALE
        output = most if slope > 0 else least
        if weight:
            counted.append((slope * output // weight, slope * output, weight, output))
        elif slope > 0:
            free.append((slope * output, output))
    counted.sort(reverse=True)
    # 1. All that saves runs. If that is too much for the row, what saves least goes; if too little, others come.
    saving = sum(weight for each, _, weight, _ in counted if each >= 0)
    limit = min(max(saving, row.least), row.most)
    # 2. The unit that no longer fits whole under that limit sets the charge.
    charge, made = 0, Fraction(sum(output for _, output in free))
    room = limit
    for each, _, weight, output in counted:
        if weight >= room:
            charge = each if limit != saving else 0
            made += Fraction(output * room, weight)
            break
        room -= weight
        made += output
    # 3. What that charge proves.
    saved = sum(save for save, _ in free) + sum(max(0, save - charge * weight) for _, save, weight, _ in counted)
    bound = price * load - charge * row.limit(charge) - saved
    return _Tried(bound, load - made, Relaxation(price, charge, bound, SCALE, row))
