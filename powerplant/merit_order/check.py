"""Checks a proof by arithmetic alone. It shares only the form of a proof with the solver.

A proof is a tree in preorder. Its splits divide all plans into **regions**; each leaf shows that its region contains no
plan that is cheaper than claimed, or no plan at all.
"""

from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.proof import CHECKED_BITS, Bound, CountSplit, Empty, OutputSplit, Proof, Step, weight_of
from powerplant.merit_order.types import Unit

MOST_WEIGHT = 1 << 20
"""Larger sums of weights are treated as this one, which gives a weaker but still valid bound."""


class Count(NamedTuple):
    """A limit on the sum of weights of the committed units, for one grain; a grain below 0 means no limit."""

    grain: int = -1
    limit: int = 0


class Region(NamedTuple):
    """The plans that the splits above a node allow.

    Attributes:
        ranges: lowest and highest output of each class that was split, by its marginal cost.
        free: the units of all other classes.
        at_most: the upper limit of the sum of weights.
        at_least: the lower limit; none after the split of a class.
    """

    ranges: dict[int, tuple[int, int]]
    free: Sequence[Unit]
    at_most: Count = Count()
    at_least: Count = Count()


def check_proof(units: Sequence[Unit], load: int, cost: int | None, proof: Proof) -> bool:
    """Whether a proof shows that no plan costs less than ``cost`` (``None``: that none exists); O(n) for each step."""
    try:
        return _closes_every_region(units, load, cost, proof)
    except (ArithmeticError, AttributeError, IndexError, MemoryError, TypeError, ValueError):
        return False  # a proof from outside may contain anything


def _closes_every_region(units: Sequence[Unit], load: int, cost: int | None, proof: Proof) -> bool:
    """Whether the steps split the whole set of plans into regions and close each of them."""
    usable = [Unit(price, least, min(most, load)) for price, least, most in units if least <= load]
    regions = [Region({}, usable)]
    for step in proof.steps:
        region = regions.pop()
        if not isinstance(step, Empty) and not all(type(number) in (int, bool) for number in step):
            return False
        if isinstance(step, OutputSplit):
            regions += _sides_of_class(usable, region, step)
        elif isinstance(step, CountSplit):
            regions += _sides_of_count(region, step)
        elif not _is_closed(usable, load, cost, region, step):
            return False
    return not regions


def _sides_of_class(units: Sequence[Unit], region: Region, split: OutputSplit) -> list[Region]:
    """Both sides of a split of a class; the first in the proof is last in the list, on top of the stack.

    Raises:
        ValueError: the class can produce an output that is on neither side.
    """
    cost, below, above, above_first = split
    members = [unit for unit in units if unit.marginal_cost == cost]
    lowest, highest = region.ranges.get(cost, (0, sum(unit.max_output for unit in members)))
    if not lowest <= below < above <= highest or not _is_gap(members, below, above):
        raise ValueError("something lies between the sides")
    free = [unit for unit in region.free if unit.marginal_cost != cost]
    low_side = Region({**region.ranges, cost: (lowest, below)}, free, region.at_most)
    high_side = Region({**region.ranges, cost: (above, highest)}, free, region.at_most)
    return [low_side, high_side] if above_first else [high_side, low_side]


def _sides_of_count(region: Region, split: CountSplit) -> list[Region]:
    """Both sides of a split of the count; the first in the proof is last in the list.

    Raises:
        ValueError: a grain is not below 0.
    """
    grain, most = split
    if grain < 0:
        raise ValueError("a grain is 0 or more")
    at_least = Count() if region.ranges else Count(grain, most + 1)
    return [region._replace(at_least=at_least), region._replace(at_most=Count(grain, most))]


def _is_closed(units: Sequence[Unit], load: int, cost: int | None, region: Region, leaf: Step) -> bool:
    """Whether a leaf shows that its region contains no plan that is cheaper than claimed."""
    if isinstance(leaf, Bound):
        return isinstance(cost, int) and _is_bounded(load, cost, region, leaf)
    if isinstance(leaf, Empty):
        if leaf.reason == "unreachable":
            return _is_gap(units, load - 1, load + 1)
        return _is_empty(load, region)
    return False  # only recomputed


def _is_bounded(load: int, cost: int, region: Region, leaf: Bound) -> bool:
    """Whether the multipliers of a leaf prove the cost for every plan of its region."""
    price, charge, scale = leaf
    grain, limit = region.at_most if charge > 0 else region.at_least
    if scale <= 0 or (charge and grain < 0):
        return False
    bound = price * load - charge * limit
    for marginal_cost, least, most in region.free:
        slope = marginal_cost * scale - price  # linear in the output: least at an end of the range
        on = slope * (most if slope < 0 else least)
        bound += min(0, on + charge * weight_of(least, grain) if charge else on)
    for marginal_cost, ends in region.ranges.items():
        bound += min((marginal_cost * scale - price) * end for end in ends)
    return bound > (cost - 1) * scale  # costs are integers


def _is_empty(load: int, region: Region) -> bool:
    """Whether the smallest total output of a region exceeds the load, or its largest is below the load."""
    lowest = sum(low for low, _ in region.ranges.values())
    highest = sum(high for _, high in region.ranges.values()) + sum(unit.max_output for unit in region.free)
    # The least output: units with at least this weight are on, at their minimum.
    running = [(least, weight_of(least, region.at_least.grain)) for _, least, _ in region.free]
    if _least_output(running, region.at_least.limit, load - lowest) > load - lowest:
        return True
    # The largest output: units with at least this weight are off, and their maximum is missing.
    stopped = [(most, weight_of(least, region.at_most.grain)) for _, least, most in region.free]
    off = sum(weight for _, weight in stopped) - region.at_most.limit
    return _least_output(stopped, off, highest - load) > highest - load


def _least_output(weighed: Sequence[tuple[int, int]], weight: int, limit: int) -> int:
    """The least output of units with at least this sum of weights; more than the limit if it is above the limit.

    Args:
        weighed: output and weight of each unit.
        weight: the sum that their weights must reach.
        limit: of the output.
    """
    weight = max(0, min(weight, MOST_WEIGHT, 1 + sum(own for _, own in weighed)))
    least = [0] + [limit + 1] * weight  # the index is the least sum of weights
    for output, own in weighed:
        with_it = ([0] * min(own, len(least)) + least)[: len(least)]
        least = [min(without, before + output) for without, before in zip(least, with_it, strict=True)]
    return least[-1]


def _is_gap(units: Sequence[Unit], below: int, above: int) -> bool:
    """Whether the units can produce no total strictly between two outputs."""
    if len(units) == 1:
        _, least, most = units[0]
        return below >= most or 0 <= below < above <= least
    if above > CHECKED_BITS:
        return False
    reach, mask = 1, (1 << above) - 1  # a bit for each sum below the second output
    for _, least, most in units:
        committed, covered, width = reach << min(least, above), 1, min(most, above) - least + 1
        while covered < width:
            committed |= committed << min(covered, width - covered)
            covered *= 2
        reach = (reach | committed) & mask
    return not reach >> below + 1
