"""Counting: a row on the committed units that the merit order cannot see.

In the relaxed fill the ``min_output`` of a unit plays no part. Where units are large and narrow its bound is far off:
k of them are too few, k + 1 too many, and something dear fills in.

Counting closes this gap. The **weight** of a unit is its ``min_output`` measured in grains, and rounded.
Let ``most`` be the largest sum of weights of any commitment whose minimum outputs fit under the load, ``least`` the
smallest of any whose maximum outputs reach it. Then the sum of weights of committed units is from ``least`` to ``most``
in every plan (with all weights 1 these are extended cover inequalities; Balas 1975). Such a **row** has a multiplier of
its own: a ``charge`` for each grain of a committed unit, negative where it is the lower limit that counts. Where
``least`` exceeds ``most`` there is no plan at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import gcd
from typing import NamedTuple

from powerplant.merit_order.bracket import Bracket, Phase, Turns
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.fill import Fill, MeritOrder
from powerplant.merit_order.proof import Bound, CountSplit, Empty, Step, weight_of
from powerplant.merit_order.relaxation import Relaxation, Row
from powerplant.merit_order.types import Solution

SCALE = 1 << 20
"""Multipliers of a row are fractions; this is their common denominator."""

MOST_PARTS = 8
"""Units are measured in grains of their median size divided by 1 to this."""

MOST_PRICES = 40
"""Prices to try, and doublings of their range before that; a handful is the rule, and any price gives a bound."""

MOST_SUMS = 1 << 23
"""A row of more units times the sum of their weights is not tried: it would take seconds."""

FAITHFUL = Fraction(1, 10)
"""How far from whole grains the units may be, on average and in grains, for a grain to be worth trying (sizes at random
are 0.25 off)."""


def by_counting(bracket: Bracket) -> Phase:
    """The plan that a row proves optimal, or that there is none.

    It pauses within each row, and after each price. The tightest relaxation found stays in the bracket.
    """
    merit_order, load, clock = bracket.merit_order, bracket.load, bracket.clock
    tried: list[Sequence[int]] = []
    for grain in grains_for(merit_order):
        yield
        row = yield from row_of(merit_order, bracket.fill, load, grain, clock)
        if row is None or row.weights in tried:
            continue
        tried.append(row.weights)
        if row.least > row.most:
            around = outputs_around(merit_order, row, clock)
            steps: list[Step] = [CountSplit(row.grain, row.most), Empty("outputs"), Empty("outputs")]
            return bracket.infeasible("counting", steps, around)
        relaxation = yield from priced(merit_order, load, row, clock)
        bracket.offer(suggested_commitment(merit_order, relaxation))
        bracket.tighten(relaxation)
        if solution := proven_by_relaxation(bracket):
            return solution
    return None


def proven_by_relaxation(bracket: Bracket) -> Solution | None:
    """The incumbent, if the tightest relaxation proves it optimal."""
    price, charge, _, scale, row = bracket.relaxation
    if bracket.incumbent is None or bracket.relaxation.lower_bound() < bracket.incumbent.cost:
        return None
    leaf = Bound(price, charge, scale)
    if row is None:
        return bracket.solution("merit order", [leaf])
    if charge < 0:
        return bracket.solution("counting", [CountSplit(row.grain, row.least - 1), Empty("outputs"), leaf])
    return bracket.solution("counting", [CountSplit(row.grain, row.most), leaf, Empty("outputs")])


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


def grains_for(merit_order: MeritOrder) -> list[int]:
    """The grains to try: parts of the median ``min_output``, and at last none, so that each unit counts as one."""
    sizes = sorted(least for least in merit_order.min_outputs if least)
    grains = [sizes[len(sizes) // 2] // parts for parts in range(1, MOST_PARTS + 1)] if sizes else []
    return [*(grain for grain in dict.fromkeys(grains) if grain > 1), 0]


def row_of(merit_order: MeritOrder, fill: Fill, load: int, grain: int, clock: Clock) -> Turns[Row | None]:
    """The row of a grain, if the relaxed fill breaks it, so that it may raise the bound; O(n * sum of weights).

    Raises:
        TimeLimitPassed: the time limit has passed.
    """
    clock.spend(len(merit_order.units))
    weights = [weight_of(least, grain) for least in merit_order.min_outputs]
    running = [(least, weight) for least, weight in zip(merit_order.min_outputs, weights, strict=True) if weight]
    off = sum(abs(least - weight * grain) for least, weight in running)
    if grain and off > FAITHFUL * grain * len(running):
        return None
    common = gcd(*weights)  # twice the weights under twice the limit are the same row, of twice the grain
    if common > 1 or (len({0, *weights}) > 2 and len(weights) * sum(weights) > MOST_SUMS):
        return None
    stopped = [(high, weight) for high, weight in zip(merit_order.max_outputs, weights, strict=True) if weight]
    most = yield from largest_weight(running, load, clock)
    least = sum(weights) - (yield from largest_weight(stopped, merit_order.total - load, clock))
    return None if least <= _filled_weight(merit_order, fill, weights) <= most else Row(grain, weights, most, least)


def outputs_around(merit_order: MeritOrder, row: Row, clock: Clock) -> tuple[int, int]:
    """The nearest outputs that the fleet can make on both sides of a load for which a row allows no plan."""
    units = [(unit, weight) for unit, weight in zip(merit_order.units, row.weights, strict=True) if weight]
    stopped = [(unit.max_output, weight) for unit, weight in units]
    running = [(unit.min_output, weight) for unit, weight in units]
    below = merit_order.total - _least_output(stopped, sum(row.weights) - row.most, clock)
    return below, _least_output(running, row.most + 1, clock)


def _least_output(counted: Sequence[tuple[int, int]], weight: int, clock: Clock) -> int:
    """The least output of units that weigh so much together; O(n * weight), O(n log n) if all weigh the same."""
    if len({own for _, own in counted}) == 1:
        return sum(sorted(output for output, _ in counted)[: -(-weight // counted[0][1])])
    beyond = sum(output for output, _ in counted) + 1
    least = [0] + [beyond] * weight  # by sum of weights, or more
    for output, own in counted:
        clock.spend(1 + (weight >> 4))
        with_it = ([0] * own + least)[: weight + 1]
        least = [min(without, before + output) for without, before in zip(least, with_it, strict=True)]
    return least[-1]


def _filled_weight(merit_order: MeritOrder, fill: Fill, weights: Sequence[int]) -> float:
    """The sum of weights in a relaxed fill; a unit that is partly loaded counts in part."""
    units = zip(weights, fill.outputs, merit_order.max_outputs, strict=True)
    return float(sum(weight * output / most for weight, output, most in units if output))


def largest_weight(counted: Sequence[tuple[int, int]], load: int, clock: Clock) -> Turns[int]:
    """The largest sum of weights whose outputs fit under the load; O(n * weight), O(n log n) if all weigh the same.

    Args:
        counted: pairs of a unit's output and weight.
        load: in tenths of a MW.
        clock: of the whole solve.
    """
    if len({weight for _, weight in counted}) == 1:
        return (bisect_right(list(accumulate(sorted(output for output, _ in counted))), load)) * counted[0][1]
    beyond = load + 1
    least_output = [0]  # by sum of weights: the least that such units make; beyond the load where they cannot be
    for output, weight in counted:
        yield
        clock.spend(1 + (len(least_output) >> 4))
        if output > load:
            continue
        padding = [beyond] * weight
        with_it = padding + list(map(output.__add__, least_output))
        least_output = list(map(min, least_output + padding, with_it))
        while least_output[-1] >= beyond:
            least_output.pop()
    return len(least_output) - 1


def priced(merit_order: MeritOrder, load: int, row: Row, clock: Clock) -> Turns[Relaxation]:
    """The best multipliers for the balance and a row, as far as rounding lets them be found.

    The bound is a concave function of the price, made of straight pieces. Between a price where it rises and one
    where it falls, the two tangents meet above the next price to try (Kelley's cutting planes, in one dimension).
    """
    left = _where_it_turns(merit_order, load, row, min(merit_order.costs) * SCALE, -1, clock)
    right = _where_it_turns(merit_order, load, row, max(merit_order.costs) * SCALE, 1, clock)
    best = max(left, right, key=_bound)
    for _ in range(MOST_PRICES):
        yield
        clock.spend(2 * len(merit_order.costs))
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


def _where_it_turns(merit_order: MeritOrder, load: int, row: Row, price: int, direction: int, clock: Clock) -> _Tried:
    """A price from the given one upward (1) or downward (-1) from which on the bound falls, or far enough away."""
    tried = _at_price(merit_order, load, row, price)
    away = max(map(abs, merit_order.costs)) * SCALE + 1
    for _ in range(MOST_PRICES):
        if tried.slope * direction <= 0:
            break
        clock.spend(2 * len(merit_order.costs))
        price += direction * away
        away *= 2
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
