"""Counting: a constraint on the committed units that tightens the relaxed fill.

The relaxed fill ignores the ``min_output`` of a unit. Its bound is weak for large units with a narrow range: k of them
are too few, k + 1 too many, and an expensive unit produces the rest.

Counting closes this gap. The **weight** of a unit is its ``min_output`` in grains, rounded. Let ``most`` be the largest
sum of weights of any commitment whose minimum outputs are at most the load, and ``least`` the smallest of any whose
maximum outputs reach the load. Then in every plan the sum of weights of the committed units is from ``least`` to
``most`` (with all weights 1 these are extended cover inequalities; Balas 1975). Such a **row** has its own multiplier:
a ``charge`` for each grain of a committed unit, negative if the lower limit is binding. If ``least`` exceeds ``most``,
no plan exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from math import gcd
from operator import attrgetter
from typing import NamedTuple

from powerplant.merit_order.bracket import Bracket, Phase, Turns
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.fill import Fill, MeritOrder, Relaxation, Row
from powerplant.merit_order.proof import Bound, CountSplit, Empty, Step, weight_of
from powerplant.merit_order.types import Solution

SCALE = 1 << 20
"""Multipliers of a row are fractions; this is their common denominator."""

MOST_PARTS = 8
"""Units are measured in grains of their median size divided by 1 to this."""

MOST_PRICES = 40
"""Most prices to try, and most doublings of their range; usually a few are enough, and each gives a valid bound."""

MOST_SUMS = 1 << 23
"""A row with a larger product of units and sum of weights is not tried: it would take seconds."""

FAITHFUL = Fraction(1, 10)
"""A grain is tried if rounding changes the units by at most this share of a grain on average (random sizes: 0.25)."""


def by_counting(bracket: Bracket) -> Phase:
    """The plan that a row proves optimal, or a proof that none exists.

    The tightest relaxation found stays in the bracket.
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
            around = yield from outputs_around(merit_order, row, load, clock)
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
    """The commitment that the multipliers of a row suggest: the units that save at the price.

    Those that save most for each grain come first. If the row requires more, the units that lose least follow.
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
    """The grains to try: parts of the median ``min_output``, then 0, with which each unit counts as one."""
    sizes = sorted(least for least in merit_order.min_outputs if least)
    grains = [sizes[len(sizes) // 2] // parts for parts in range(1, MOST_PARTS + 1)] if sizes else []
    return [*(grain for grain in dict.fromkeys(grains) if grain > 1), 0]


def row_of(merit_order: MeritOrder, fill: Fill, load: int, grain: int, clock: Clock) -> Turns[Row | None]:
    """The row of a grain, if the relaxed fill violates it (else it cannot raise the bound); O(n * sum of weights)."""
    clock.spend(len(merit_order.units))
    weights = [weight_of(least, grain) for least in merit_order.min_outputs]
    running = [(least, weight) for least, weight in zip(merit_order.min_outputs, weights, strict=True) if weight]
    off = sum(abs(least - weight * grain) for least, weight in running)
    if grain and off > FAITHFUL * grain * len(running):
        return None
    common = gcd(*weights)  # then another grain gives the same row
    if common > 1 or (len({0, *weights}) > 2 and len(weights) * sum(weights) > MOST_SUMS):
        return None
    stopped = [(high, weight) for high, weight in zip(merit_order.max_outputs, weights, strict=True) if weight]
    most = len((yield from least_outputs(running, load, clock))) - 1
    least = sum(weights) + 1 - len((yield from least_outputs(stopped, merit_order.total - load, clock)))
    partly = zip(weights, fill.outputs, merit_order.max_outputs, strict=True)
    filled = sum(weight * output / high for weight, output, high in partly if output)
    return None if least <= filled <= most else Row(grain, weights, most, least)


def outputs_around(merit_order: MeritOrder, row: Row, load: int, clock: Clock) -> Turns[tuple[int, int]]:
    """The nearest outputs that the fleet can produce, below and above a load for which a row allows no plan."""
    units = [(unit, weight) for unit, weight in zip(merit_order.units, row.weights, strict=True) if weight]
    _, weights, most, least = row
    # Commitments at the limits of the row are close to the load: another unit, or a few, must be on or off.
    limit = load + max(merit_order.min_outputs)
    running = yield from least_outputs([(unit.min_output, weight) for unit, weight in units], limit, clock)
    limit = merit_order.total - load + (least - most) * max(merit_order.max_outputs)
    stopped = yield from least_outputs([(unit.max_output, weight) for unit, weight in units], limit, clock)
    return merit_order.total - min(stopped[sum(weights) - most :]), min(running[most + 1 :])


def least_outputs(counted: Sequence[tuple[int, int]], limit: int, clock: Clock) -> Turns[list[int]]:
    """The least output for each sum of weights, up to the largest sum with one; O(n * weight), O(n log n) if all are 1.

    Args:
        counted: output and weight of each unit, both above 0.
        limit: of the outputs, in steps; what is larger is not exact.
        clock: of the whole solve.
    """
    if all(weight == 1 for _, weight in counted):
        return [least for least in accumulate(sorted(output for output, _ in counted), initial=0) if least <= limit]
    beyond = limit + 1
    least_output = [0]
    for output, weight in counted:
        yield
        clock.spend(1 + (len(least_output) >> 4))
        if output > limit:
            continue
        padding = [beyond] * weight
        with_it = padding + list(map(output.__add__, least_output))
        least_output = list(map(min, least_output + padding, with_it))
        while least_output[-1] >= beyond:
            least_output.pop()
    return least_output


def priced(merit_order: MeritOrder, load: int, row: Row, clock: Clock) -> Turns[Relaxation]:
    """The best multipliers for the balance and a row, up to rounding.

    The bound is a concave, piecewise linear function of the price. The next price to try is where the tangents of a
    price where it rises and of one where it falls meet (Kelley's cutting planes, in one dimension).
    """
    left, right = (_where_it_turns(merit_order, load, row, direction, clock) for direction in (-1, 1))
    best = max(left, right, key=attrgetter("bound"))
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
        best = max(best, tried, key=attrgetter("bound"))
        if meeting_point - tried.bound < SCALE:  # less than one unit of cost is left
            break
        if tried.slope > 0:
            left = tried
        else:
            right = tried
    return best.relaxation


class _Tried(NamedTuple):
    """The bound at a price, its slope there, and the multipliers that give it."""

    bound: int
    slope: Fraction
    relaxation: Relaxation


def _where_it_turns(merit_order: MeritOrder, load: int, row: Row, direction: int, clock: Clock) -> _Tried:
    """Search above all costs (1) or below (-1) for a price from which the bound falls; it stops after some steps."""
    price = (max if direction > 0 else min)(merit_order.costs) * SCALE
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


def _at_price(merit_order: MeritOrder, load: int, row: Row, price: int) -> _Tried:
    """The best charge at a price: the saving for each grain of the unit with which the sum of weights meets its limit.

    This is Dantzig's bound again. At a price above its marginal cost a unit saves most at ``max_output``; below it, the
    unit loses least at ``min_output``, and is on only if the row requires more than the units that save.
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
    # 1. Every unit that saves is on. If the row allows fewer, the last are off; if it requires more, others follow.
    saving = sum(weight for each, _, weight, _ in counted if each >= 0)
    limit = min(max(saving, row.least), row.most)
    # 2. The unit that exceeds that limit sets the charge.
    charge, produced = 0, Fraction(sum(output for _, output in free))
    remaining = limit
    for each, _, weight, output in counted:
        if weight >= remaining:
            charge = each if limit != saving else 0
            produced += Fraction(output * remaining, weight)
            break
        remaining -= weight
        produced += output
    # 3. The bound of that charge.
    saved = sum(save for save, _ in free) + sum(max(0, save - charge * weight) for _, save, weight, _ in counted)
    bound = price * load - charge * row.limit(charge) - saved
    return _Tried(bound, load - produced, Relaxation(price, charge, bound, SCALE, row))
