"""Checks a proof by arithmetic alone. It shares nothing with the search but the form of a proof, and trusts nobody.

The steps are a tree in preorder: its splits leave no plan out, and its leaves hold none that is cheaper than claimed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.proof import CHECKED_BITS, Bound, CountSplit, Empty, OutputSplit, Proof, Step, weight_of
from powerplant.merit_order.types import Unit


class Region(NamedTuple):
    """What the splits above leave: the classes they split by marginal cost, the other units, a row on the count."""

    ranges: dict[int, tuple[int, int]]  # lowest and highest output of a class
    free: Sequence[Unit]
    at_most: tuple[int, int] = (-1, 0)  # grain (-1: nothing is counted), sum of weights
    at_least: tuple[int, int] = (-1, 0)  # not known where a class is split


def check_proof(units: Sequence[Unit], load: int, cost: int | None, proof: Proof) -> bool:
    """Whether it is certain that no plan costs less than ``cost`` (``None``: that none exists); O(n) for each step."""
    try:
        units = [unit if unit[2] <= load else unit._replace(max_output=load) for unit in units if unit[1] <= load]
        regions = [Region({}, units)]
        for step in proof.steps:
            region, sound = regions.pop(), isinstance(step, Empty) or {*map(type, step)} <= {int, bool}
            if sound and isinstance(step, (OutputSplit, CountSplit)) and getattr(step, "grain", 0) >= 0:
                regions += _sides(units, region, step)
            elif not sound or not (_is_empty(units, load, region, step) or _is_closed(load, cost, region, step)):
                return False
    except (ArithmeticError, AttributeError, IndexError, MemoryError, TypeError, ValueError):
        return False
    return not regions


def _sides(units: Sequence[Unit], region: Region, split: OutputSplit | CountSplit) -> Sequence[Region]:
    """The two sides of a split, the one that is walked first last; an error where something lies between them."""
    if isinstance(split, CountSplit):
        at_least = (-1, 0) if region.ranges else (split.grain, split.at_most + 1)
        return region._replace(at_least=at_least), region._replace(at_most=(split.grain, split.at_most))
    cost, below, above, above_first = split
    members = [unit for unit in units if unit.marginal_cost == cost]
    lowest, highest = region.ranges.get(cost, (0, sum(unit.max_output for unit in members)))
    if not lowest <= below < above <= highest or not _is_gap(members, below, above):
        raise ValueError("something lies between the sides")
    free = [unit for unit in region.free if unit.marginal_cost != cost]
    ends = sorted(((lowest, below), (above, highest)), reverse=not above_first)
    return [Region({**region.ranges, cost: end}, free, region.at_most) for end in ends]


def _is_closed(load: int, cost: int | None, region: Region, leaf: Step) -> bool:
    """Whether the multipliers of a leaf prove the cost for all that its region holds."""
    if not isinstance(cost, int) or not isinstance(leaf, Bound):
        return False
    price, charge, scale = leaf
    grain, limit = region.at_most if charge > 0 else region.at_least
    bound = price * load - charge * limit
    for marginal_cost, least, most in region.free:
        loss = marginal_cost * scale - price  # with each output; at one of its ends it is least
        bound += min(0, loss * (most if loss < 0 else least) + (charge and charge * weight_of(least, grain)))
    bound += sum(min((split * scale - price) * end for end in ends) for split, ends in region.ranges.items())
    return scale > 0 and (grain >= 0 or not charge) and bound > (cost - 1) * scale


def _is_empty(units: Sequence[Unit], load: int, region: Region, leaf: Step) -> bool:
    """Whether a leaf that says that it holds no plan holds none: by what it leaves to all units, or by their reach."""
    if not isinstance(leaf, Empty) or leaf.reason == "unreachable":
        return isinstance(leaf, Empty) and _is_gap(units, load - 1, load + 1)
    (grain, on), (measure, most_on) = region.at_least, region.at_most
    running = [(least, weight_of(least, grain)) for _, least, _ in region.free]
    stopped = [(most, weight_of(least, measure)) for _, least, most in region.free]
    lowest, highest = (sum(ends) for ends in zip((0, 0), *region.ranges.values(), strict=True))
    most, off = (sum(column) for column in zip((highest, -most_on), *stopped, strict=True))
    return _make_more(running, on, load - lowest) or _make_more(stopped, off, most - load)


def _make_more(weighed: Sequence[tuple[int, int]], weight: int, limit: int) -> bool:
    """Whether units that weigh so much together make more than a limit, whichever; of pairs of output and weight."""
    weight = min(weight, 1 << 20, 1 + sum(own for _, own in weighed))  # less claims more; more cannot be
    least = [0] + [limit + 1] * weight  # by sum of weights, or more
    for output, own in weighed:
        with_it = ([0] * min(own, len(least)) + least)[: len(least)]
        least = [min(without, before + output) for without, before in zip(least, with_it, strict=True)]
    return least[-1] > limit


def _is_gap(units: Sequence[Unit], below: int, above: int) -> bool:
    """Whether no sum of outputs lies between two outputs."""
    if len(units) == 1 or above > CHECKED_BITS:
        return len(units) == 1 and (below >= units[0].max_output or 0 <= below < above <= units[0].min_output)
    reach, mask = 1, (1 << above) - 1
    for _, least, most in units:
        committed, covered, width = reach << min(least, above), 1, min(most, above) - least + 1
        while covered < width:
            committed |= committed << min(covered, width - covered)
            covered *= 2
        reach = (reach | committed) & mask
    return not reach >> below + 1
