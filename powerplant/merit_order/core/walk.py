"""The walk back through the stages to a plan: which items have switched."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any, NamedTuple

from powerplant.merit_order.bracket import Turns
from powerplant.merit_order.core.fields import Reader
from powerplant.merit_order.core.items import Item
from powerplant.merit_order.core.stages import Stages

MOST_LOOKS = 3_000
"""If the walk back would look at more states than this to compare rounded plans, it stops without a decision."""


Found = tuple[list[bool], int]
"""A plan: its commitment, and the cost of its moves."""


class _Place(NamedTuple):
    """A state before a stage, with the later moves.

    Attributes:
        weight, imbalance: the state.
        spent: exact cost of the later moves.
        switched: the later items that have switched, as a linked list.
    """

    weight: int
    imbalance: int
    spent: int
    switched: tuple[Item, Any] | None


class _Undecided(Exception):
    """Costs were rounded, and there are too many states to find the cheapest plan."""


def walked_back(stages: Stages) -> Turns[tuple[Found | None, bool]]:
    """A plan if the states lead to one, and whether it is certain that none within the budget is cheaper.

    The first walk follows the best states. With rounded costs its plan may not be the cheapest, and may cost more than
    the budget; then a second walk goes through all states that can lead to a cheaper one.
    """
    last = yield from stages.before(len(stages.items))
    reader = Reader(stages.fields, last)
    ends = [
        _Place(weight, 0, stages.charge * (stages.limit - weight), None)  # the charge for what is left of the limit
        for weight in last
        if stages.lightest <= weight <= stages.heaviest
    ]
    ends = [end for end in ends if _least(stages, reader, end) <= stages.budget]
    if not ends:
        return None, True
    best = None
    try:
        first = min(ends, key=lambda end: _least(stages, reader, end))
        best = yield from _back(stages, [first], inf, best_state_only=True)
        if stages.coarseness and best:
            best = (yield from _back(stages, ends, min(stages.budget, best[1] - 1))) or best
    except _Undecided:
        return best, False
    return best, best is not None


def _back(stages: Stages, places: list[_Place], limit: float, *, best_state_only: bool = False) -> Turns[Found | None]:
    """The cheapest plan that costs at most a limit; only the cheapest way back to each state is followed.

    Raises:
        _Undecided: costs were rounded, and there are too many states.
    """
    at_most: float = 0
    looks, most_looks = 0, MOST_LOOKS if stages.coarseness else inf
    for stage in range(len(stages.items) - 1, -1, -1):
        reader = Reader(stages.fields, (yield from stages.before(stage)))
        yield
        cheapest: dict[tuple[int, int], _Place] = {}
        best, looked = limit, looks
        for place in places:
            for before in _ways_back(stages, reader, place, stage):
                looks += 1
                if looks > most_looks:
                    raise _Undecided
                least = _least(stages, reader, before)
                if best_state_only:
                    if least < best:
                        best, cheapest = least, {before[:2]: before}
                        if least <= at_most:  # costs never fall on the way back, so this is the best
                            break
                elif least <= limit:
                    known = cheapest.get(before[:2])
                    if known is None or before.spent < known.spent:
                        cheapest[before[:2]] = before
        at_most = best
        stages.clock.spend(looks - looked)
        places = list(cheapest.values())
    if not places:
        return None
    place = min(places, key=lambda place: place.spent)
    items, switched = [], place.switched
    while switched:
        item, switched = switched
        items.append(item)
    return stages.deviations.commitment(items), place.spent


def _ways_back(stages: Stages, reader: Reader, after: _Place, stage: int) -> Iterator[_Place]:
    """The places before a stage from which a move of its item leads to the place after it."""
    weight, imbalance, spent, switched = after
    item = stages.items[stage]
    if stage + 1 == stages.lattice_from:
        imbalance *= stages.divisor
    stays = _Place(weight, imbalance, spent, switched)
    yield from _slid_back(stages, reader, stays, item) if item.on else (stays,)
    if item.switch:
        back = imbalance - item.switch // stages.unit(stage)
        switches = _Place(weight - item.weight, back, spent + item.switch_cost, (item, switched))
        yield from (switches,) if item.on else _slid_back(stages, reader, switches, item)


def _slid_back(stages: Stages, reader: Reader, place: _Place, item: Item) -> Iterator[_Place]:
    """A place, and those from which a slide within the budget leads to it."""
    direction, count = 1 if item.slide > 0 else -1, abs(item.slide)
    lowest, highest = reader.range_of(place.weight)
    first = max(0, place.imbalance - highest if direction > 0 else lowest - place.imbalance)
    count = min(count, place.imbalance - lowest if direction > 0 else highest - place.imbalance)
    if item.slide_cost:
        count = min(count, max(0, stages.budget - place.spent) // item.slide_cost)
    for slide in range(first, count + 1):
        imbalance, spent = place.imbalance - direction * slide, place.spent + slide * item.slide_cost
        yield _Place(place.weight, imbalance, spent, place.switched)


def _least(stages: Stages, reader: Reader, place: _Place) -> float:
    """The least cost of a plan through a place; infinite if there is none."""
    credit = reader.at(place.weight, place.imbalance)
    if not credit:
        return inf
    return place.spent + ((stages.budget >> stages.coarseness) + 1 - credit << stages.coarseness)
