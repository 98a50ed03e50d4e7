"""Checks a proof by arithmetic alone. It shares nothing with the search but the form of a proof, and trusts nobody.

The steps are a tree in preorder. Each split is shown to leave nothing out, each leaf to hold no plan that is cheaper
than the cost claimed (or none at all), so that together they prove the cost for every commitment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from powerplant.merit_order.model import Unit
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Proof, Step


class Region(NamedTuple):
    """What the splits above leave: ranges of output by marginal cost, and of the sum of weights by step."""

    outputs: Mapping[int, tuple[int, int]]
    at_most: tuple[int, int] | None = None  # step, sum of weights
    at_least: tuple[int, int] | None = None


def check_proof(units: Sequence[Unit], load: int, cost: int | None, proof: Proof) -> bool:
    """Whether a proof certifies that no plan costs less than ``cost`` or, for ``None``, that no plan exists.

    What only a dynamic programme closed is not certified. O(n) for each step, and a bit set for each split.
    """
    open_regions = [Region({})]
    try:
        for step in proof.steps:
            region = open_regions.pop()
            if isinstance(step, OutputSplit | CountSplit):
                open_regions += _sides(units, region, step)
            elif not (_is_empty(units, load, region, step) or _is_closed(units, load, cost, region, step)):
                return False
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError):
        return False
    return not open_regions


def _sides(units: Sequence[Unit], region: Region, split: OutputSplit | CountSplit) -> list[Region]:
    """The two sides of a split, the one that is walked first last; an error where something lies between them."""
    if isinstance(split, CountSplit):
        if split.step <= 0 or region.at_most or region.at_least:
            raise ValueError("units are counted once, in steps above 0")
        above = region._replace(at_least=(split.step, split.at_most + 1))
        return [above, region._replace(at_most=(split.step, split.at_most))]
    members = [unit for unit in units if unit.marginal_cost == split.marginal_cost]
    lowest, highest = region.outputs.get(split.marginal_cost, (0, sum(unit.max_output for unit in members)))
    if not lowest <= split.at_most < split.at_least <= highest or not _is_gap(members, split.at_most, split.at_least):
        raise ValueError("something lies between the sides")
    below = region._replace(outputs={**region.outputs, split.marginal_cost: (lowest, split.at_most)})
    above = region._replace(outputs={**region.outputs, split.marginal_cost: (split.at_least, highest)})
    return [below, above] if split.at_least_first else [above, below]


def _is_closed(units: Sequence[Unit], load: int, cost: int | None, region: Region, leaf: Step) -> bool:
    """Whether the multipliers of a leaf prove the cost for all that its region holds."""
    if not isinstance(cost, int) or not isinstance(leaf, Bound) or not all(isinstance(part, int) for part in leaf):
        return False
    if leaf.scale <= 0 or leaf.charge < 0:
        return False
    step, limit = region.at_most or (0, 0)
    if leaf.charge and not step:
        return False
    bound = leaf.price * load - leaf.charge * limit
    for marginal_cost, least, most in units:
        slope = marginal_cost * leaf.scale - leaf.price
        if most and marginal_cost not in region.outputs:
            charge = leaf.charge * _weight(least, step)
            bound += min(0, slope * least + charge, slope * most + charge)
    for marginal_cost, (lowest, highest) in region.outputs.items():
        slope = marginal_cost * leaf.scale - leaf.price
        bound += min(slope * lowest, slope * highest)
    return bound > (cost - 1) * leaf.scale


def _is_empty(units: Sequence[Unit], load: int, region: Region, leaf: Step) -> bool:
    """Whether a leaf that says that it holds no plan holds none."""
    if not isinstance(leaf, Empty):
        return False
    if leaf.reason == "unreachable":
        return _is_gap(units, load - 1, load + 1)
    free = [unit for unit in units if unit.marginal_cost not in region.outputs]
    step, weight = region.at_least or (1, 0)
    least = sum(lowest for lowest, _ in region.outputs.values()) or _least_output(free, step, weight, load + 1)
    most = sum(unit.max_output for unit in free) + sum(highest for _, highest in region.outputs.values())
    return least > load or most < load


def _least_output(units: Iterable[Unit], step: int, weight: int, never: int) -> int:
    """The least that units make whose weights sum to ``weight`` or more; at least ``never`` where they cannot."""
    least = [0] + [never] * weight
    for unit in units:
        heavier = min(_weight(unit.min_output, step), weight)
        with_it = [least[0]] * heavier + least[: len(least) - heavier]
        least = [min(without, before + unit.min_output) for without, before in zip(least, with_it, strict=True)]
    return least[-1]


def _weight(min_output: int, step: int) -> int:
    return (2 * min_output + step) // (2 * step) if step else 0


def _is_gap(units: Sequence[Unit], below: int, above: int) -> bool:
    """Whether no sum of outputs lies between two outputs."""
    if len(units) == 1:
        return below >= units[0].max_output or 0 <= below < above <= units[0].min_output
    reach, mask = 1, (1 << above) - 1
    for unit in units:
        committed, covered, width = reach << unit.min_output, 1, unit.max_output - unit.min_output + 1
        while covered < width:
            committed |= committed << min(covered, width - covered)
            covered *= 2
        reach = (reach | committed) & mask
    return not reach >> below + 1
