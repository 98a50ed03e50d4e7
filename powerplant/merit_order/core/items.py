"""The items of the core: deviations from a relaxation, and their costs.

In a :class:`powerplant.merit_order.fill.Relaxation` each unit has the output that is best at the multipliers, its
**default**: off, or on at one of its limits. Any other choice has a deviation cost of at least 0. A plan is a set of
moves away from the defaults whose outputs sum to the **residual load**.

Units of which only the number that is on matters are copies of one **item type** (a bounded knapsack). Either they are
identical, or they are block units of one cost that can produce every multiple of a divisor: then a multiple is a copy.
An **item** is 1, 2, 4, ... copies, which move together. It can **switch** (off, or on) and, when on,
**slide** inside its range. Its **rate** is the least cost of its moves for each tenth of a MW. All costs are multiplied
by the scale of the relaxation.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from powerplant.merit_order.clock import Clock
from powerplant.merit_order.fill import Relaxation
from powerplant.merit_order.reach import Blocks, group_of
from powerplant.merit_order.types import Unit

T = TypeVar("T")


class ItemType(NamedTuple):
    """Units of which only the number that is on matters.

    Attributes:
        positions: of the units.
        unit: one copy.
        weight: of one copy.
        size: the number of copies.
        blocks: the units, if they are not identical.
    """

    positions: Sequence[int]
    unit: Unit
    weight: int
    size: int
    blocks: Blocks | None = None

    def commit(self, count: int) -> list[bool]:
        """Which units are on if ``count`` copies are."""
        if self.blocks is None:
            return [True] * count + [False] * (self.size - count)
        committed = self.blocks.commit(count * self.unit.min_output)
        assert committed is not None, "an item type can produce every number of copies"
        return committed


class Item(NamedTuple):
    """Copies of an item type that move together: by a switch, a slide, or both.

    Attributes:
        item_type: of the copies.
        size: the number of copies.
        on: whether they are on by default.
        switch: change of output when they switch off, or on (to the limit from which they slide).
        switch_cost: of the switch.
        weight: change of the sum of weights by the switch.
        slide: largest change of output inside their range when on; negative if it is downward.
        slide_cost: of each tenth of a MW.
        rate: the least cost of the moves for each tenth of a MW, rounded down.
    """

    item_type: ItemType
    size: int
    on: bool
    switch: int
    switch_cost: int
    weight: int
    slide: int
    slide_cost: int
    rate: int

    @property
    def up(self) -> int:
        """The most by which the item can raise the output."""
        return max(0, self.slide) if self.on else self.switch + max(0, self.slide)

    @property
    def down(self) -> int:
        """The most by which the item can lower the output."""
        return max(-self.switch, -self.slide) if self.on else 0

    @property
    def entry(self) -> int:
        """The least budget with which the item can move."""
        return min(self.switch_cost, self.slide_cost) if self.on and self.slide else self.switch_cost


class Deviations:
    """The defaults of all units, and their items, the cheapest rates first; O(n log n), and a reach for each cost.

    Attributes:
        residual_load: the load minus the outputs of the defaults.
        weight: the sum of weights of the defaults.
        items: all items.
    """

    def __init__(self, units: Sequence[Unit], relaxation: Relaxation, load: int, clock: Clock) -> None:
        self._units = units
        self._relaxation = relaxation
        self._clock = clock
        self._row = relaxation.row if relaxation.charge else None
        self._weights = self._row.weights if self._row else [0] * len(units)
        clock.spend(4 * len(units))
        self._default_on = [False] * len(units)
        self.residual_load = load
        self.weight = 0
        self.items: list[Item] = []
        for positions in _grouped(range(len(units)), lambda position: units[position].marginal_cost):
            for item_type in self._types(positions):
                if item_type.unit.max_output:
                    self._add(item_type)
        self.items.sort(key=lambda item: item.rate)

    def commitment(self, switched: Iterable[Item]) -> list[bool]:
        """The commitment after some items have switched; all others are at their default."""
        committed = self._default_on[:]
        for items in _grouped(switched, lambda item: item.item_type.positions[0]):
            item_type, count = items[0].item_type, sum(item.size for item in items)
            chosen = item_type.commit(item_type.size - count if items[0].on else count)
            for position, on in zip(item_type.positions, chosen, strict=True):
                committed[position] = on
        return committed

    def _types(self, positions: Sequence[int]) -> list[ItemType]:
        """The item types of units of one cost: a single one if they can produce every multiple of a divisor."""
        units = [self._units[position] for position in positions]
        group = group_of(units, sum(unit.max_output for unit in units), self._clock)
        if isinstance(group, Blocks) and group.reach_all and not self._row:
            one = Unit(units[0].marginal_cost, group.divisor, group.divisor)
            return [ItemType(positions, one, 0, group.capacity // group.divisor, group)]
        return [
            ItemType(identical, self._units[identical[0]], self._weights[identical[0]], len(identical))
            for identical in _grouped(positions, lambda position: (self._units[position], self._weights[position]))
        ]

    def _add(self, item_type: ItemType) -> None:
        """Add the default of an item type, and its items: 1, 2, 4, ... copies, so that any number of them can move."""
        unit, weight, charge = item_type.unit, item_type.weight, self._relaxation.charge
        least, most = max(unit.min_output, 1), unit.max_output
        slope = unit.marginal_cost * self._relaxation.scale - self._relaxation.price  # of a tenth of a MW
        start, slide = (most, least - most) if slope < 0 else (least, most - least)
        on_cost = slope * start + charge * weight
        on = on_cost < 0
        if on:
            rate = min(-on_cost // start, abs(slope)) if slide else -on_cost // start
            for position in item_type.positions:
                self._default_on[position] = True
            self.residual_load -= start * item_type.size
            self.weight += weight * item_type.size
            start, on_cost, weight = -start, -on_cost, -weight
        else:
            rate = min((slope * output + charge * weight) // output for output in (least, most))
        rest, together = item_type.size, 1
        while rest:
            count = min(rest, together)
            switch, switch_cost, heavier = start * count, on_cost * count, weight * count
            self.items.append(Item(item_type, count, on, switch, switch_cost, heavier, slide * count, abs(slope), rate))
            rest -= count
            together *= 2


def _grouped(members: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """The members that share a key, group by group."""
    groups: dict[Hashable, list[T]] = {}
    for member in members:
        groups.setdefault(key(member), []).append(member)
    return list(groups.values())
