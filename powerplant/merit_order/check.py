"""Checks a proof by arithmetic alone. It shares nothing with the search but the form of a proof, and trusts nobody.

The steps are a tree in preorder: each split leaves nothing out, and each leaf holds no plan that is cheaper than
the cost claimed (or none at all). So together they prove the cost for every commitment.
"""

from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.model import Unit
from powerplant.merit_order.proof import CHECKED_BITS, Bound, CountSplit, Empty, OutputSplit, Proof, Step, weight_of


class Region(NamedTuple):
    """What the splits above leave: the classes they split by marginal cost, the other units, a row on the count."""

    ranges: dict[int, tuple[int, int]]  # lowest and highest output of a class
    free: Sequence[Unit]
    at_most: tuple[int, int] = (0, 0)  # step, sum of weights
    at_least: tuple[int, int] = (0, 0)


def check_proof(units: Sequence[Unit], load: int, cost: int | None, proof: Proof) -> bool:
    """Whether a proof certifies that no plan costs less than ``cost`` or, for ``None``, that no plan exists.

    What only a dynamic programme closed is not certified. O(n) for each step, and a reach for each split.
    """
    try:
        units = [unit if unit[2] <= load else unit._replace(max_output=load) for unit in units if unit[1] <= load]
        regions = [Region({}, units)]
        for step in proof.steps:
            region = regions.pop()
            if not all(isinstance(part, int | str) for part in step):
                return False
            if isinstance(step, OutputSplit | CountSplit):
                regions += _sides(units, region, step)
            elif not (_is_empty(units, load, region, step) or _is_closed(load, cost, region, step)):
                return False
    except (ArithmeticError, AttributeError, IndexError, MemoryError, TypeError, ValueError):
        return False
    return not regions


def _sides(units: Sequence[Unit], region: Region, split: OutputSplit | CountSplit) -> tuple[Region, Region]:
    """The two sides of a split, the one that is walked first last; an error where something lies between them."""
    if isinstance(split, CountSplit):
        if split.step <= 0:
            raise ValueError("a step is above 0")
        heavier = region._replace(at_least=(split.step, min(split.at_most + 1, 1 << 20)))  # less claims more
        return heavier, region._replace(at_most=(split.step, split.at_most))
    cost, at_most, at_least, at_least_first = split
    members = [unit for unit in units if unit.marginal_cost == cost]
    lowest, highest = region.ranges.get(cost, (0, sum(unit.max_output for unit in members)))
    if not lowest <= at_most < at_least <= highest or not _is_gap(members, at_most, at_least):
        raise ValueError("something lies between the sides")
    free = [unit for unit in region.free if unit.marginal_cost != cost]
    below = region._replace(free=free, ranges={**region.ranges, cost: (lowest, at_most)})
    above = region._replace(free=free, ranges={**region.ranges, cost: (at_least, highest)})
    return (below, above) if at_least_first else (above, below)


def _is_closed(load: int, cost: int | None, region: Region, leaf: Step) -> bool:
    """Whether the multipliers of a leaf prove the cost for all that its region holds."""
    if not isinstance(cost, int) or not isinstance(leaf, Bound):
        return False
    (price, charge, scale), (step, limit) = leaf, region.at_most
    bound = price * load - charge * limit
    for marginal_cost, least, most in region.free:
        bound += min(0, (marginal_cost * scale - price) * most + charge * weight_of(least, step))
    bound += sum(min((split * scale - price) * end for end in ends) for split, ends in region.ranges.items())
    return scale > 0 <= charge and bool(step or not charge) and bound > (cost - 1) * scale


def _is_empty(units: Sequence[Unit], load: int, region: Region, leaf: Step) -> bool:
    """Whether a leaf that says that it holds no plan holds none: by what it leaves to all units, or by their reach."""
    if not isinstance(leaf, Empty) or leaf.reason == "unreachable":
        return isinstance(leaf, Empty) and _is_gap(units, load - 1, load + 1)
    step, weight = (0, 0) if region.ranges else region.at_least  # what a split class weighs is not known
    outputs = [(unit.min_output, min(weight_of(unit.min_output, step), weight)) for unit in region.free]
    weight = min(weight, 1 + sum(own for _, own in outputs))  # all together do not weigh so much
    least = [0] + [load + 1] * weight  # by sum of weights, or more: the least that free units make
    for output, own in outputs:
        with_it = [0] * own + least[: len(least) - own]
        least = [min(without, before + output) for without, before in zip(least, with_it, strict=True)]
    lowest, highest = (sum(ends) for ends in zip(*region.ranges.values(), strict=True)) if region.ranges else (0, 0)
    return least[-1] + lowest > load or highest + sum(unit.max_output for unit in region.free) < load


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
