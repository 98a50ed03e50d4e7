"""What can leave its default, and at what cost: the deviations from a relaxation.

A relaxation (:mod:`powerplant.merit_order.relaxation`) lets each unit stand where it is best at the multipliers: its
**default**, off or on at one of its limits. What another choice costs more is its deviation cost, never below 0, and
every plan is a choice of moves away from the defaults that together make up the **residual load**.

Of some units only how many are on matters: a **crowd**. They are alike; or they are block units of one cost that can
make every multiple of a divisor, up to all of them, so that each multiple counts for one. A **mover** is some of a
crowd, which move together. It can **jump** (off, or on) and, when on, **slide** inside its range. Its **rate** is the
least that any of its moves costs for each tenth of a MW. All costs are in the relaxation's scale.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.reach import Group, common_divisor, divided, makes_all
from powerplant.merit_order.relaxation import Relaxation
from powerplant.merit_order.types import Unit


class Crowd(NamedTuple):
    """Units of which only how many are on matters.

    Attributes:
        positions: of the units.
        unit: one of them, or a block unit that makes as much as each counts for.
        weight: of that one.
        size: how many there are.
        divided: the units with their outputs counted in that one's, where they are not alike.
    """

    positions: Sequence[int]
    unit: Unit
    weight: int
    size: int
    divided: Group | None = None

    def commit(self, count: int) -> list[bool]:
        """Which units are on where so many are."""
        if self.divided is None:
            return [True] * count + [False] * (self.size - count)
        committed = self.divided.commit(count)
        assert committed is not None, "a crowd makes every number"
        return committed


class Mover(NamedTuple):
    """Some of a crowd that may leave their default together: by a jump, a slide, or one after the other.

    Attributes:
        crowd: that they belong to.
        size: how many they are.
        on: whether they are on by default.
        jump: the move that switches them off, or on (to the limit from which a slide costs).
        jump_cost: what that costs.
        weight: what the jump adds to the sum of weights.
        slide: how far they can be moved inside their range when on, upward or (negative) downward.
        slide_cost: of each tenth of a MW.
        rate: the least that any of the moves costs for each tenth of a MW, rounded down.
    """

    crowd: Crowd
    size: int
    on: bool
    jump: int
    jump_cost: int
    weight: int
    slide: int
    slide_cost: int
    rate: int

    @property
    def up(self) -> int:
        """How far the mover can raise the sum of moves."""
        return max(0, self.slide) if self.on else self.jump + max(0, self.slide)

    @property
    def down(self) -> int:
        """How far the mover can lower the sum of moves."""
        return max(-self.jump, -self.slide) if self.on else 0

    @property
    def entry(self) -> int:
        """The budget from which on the mover can move at all."""
        return min(self.jump_cost, self.slide_cost) if self.on and self.slide else self.jump_cost


class Deviations:
    """The defaults of all units, and their movers, the cheapest rates first; O(n log n), and a reach for each cost.

    Attributes:
        residual_load: what the defaults leave.
        weight: the sum of weights of the defaults.
        movers: all that can ever move.
    """

    def __init__(self, units: Sequence[Unit], relaxation: Relaxation, load: int, deadline: Deadline) -> None:
        self._units = units
        self._relaxation = relaxation
        self._deadline = deadline
        self._default_on = [False] * len(units)
        self.residual_load = load
        self.weight = 0
        self.movers: list[Mover] = []
        for positions in _grouped(range(len(units)), lambda position: units[position].marginal_cost):
            for crowd in self._crowds(positions):
                if crowd.unit.max_output:
                    self._take(crowd)
        self.movers.sort(key=lambda mover: mover.rate)

    def commitment(self, jumped: Iterable[Mover]) -> list[bool]:
        """Which units are on where some movers have jumped and all others are at their default."""
        committed = self._default_on[:]
        crowds: dict[int, tuple[Crowd, int]] = {}
        for mover in jumped:
            first = mover.crowd.positions[0]
            _, count = crowds.get(first, (mover.crowd, mover.crowd.size if mover.on else 0))
            crowds[first] = mover.crowd, count - mover.size if mover.on else count + mover.size
        for crowd, count in crowds.values():
            for position, on in zip(crowd.positions, crowd.commit(count), strict=True):
                committed[position] = on
        return committed

    def _crowds(self, positions: Sequence[int]) -> list[Crowd]:
        """The crowds of the units of one cost: one, if they make every multiple of a divisor; else those alike."""
        units: Sequence[Unit] = [self._units[position] for position in positions]
        row = self._relaxation.row if self._relaxation.charge else None
        divisor = 1 if row else common_divisor(units)
        if divisor > 1:
            count = sum(unit.max_output for unit in units) // divisor
            units = divided(units, divisor)
            if makes_all(units):
                one = Unit(units[0].marginal_cost, divisor, divisor)
                return [Crowd(positions, one, 0, count, Group(units, count, self._deadline))]
        weights = row.weights if row else [0] * len(self._units)
        return [
            Crowd(alike, self._units[alike[0]], weights[alike[0]], len(alike))
            for alike in _grouped(positions, lambda position: (self._units[position], weights[position]))
        ]

    def _take(self, crowd: Crowd) -> None:
        """Take the default of a crowd. 1, 2, 4, ... of it move together, which makes every number of it."""
        unit, weight, charge = crowd.unit, crowd.weight, self._relaxation.charge
        least, most = max(unit.min_output, 1), unit.max_output
        slope = unit.marginal_cost * self._relaxation.scale - self._relaxation.price  # of a tenth, beyond the price
        start, slide = (most, least - most) if slope < 0 else (least, most - least)
        on_cost = slope * start + charge * weight
        on = on_cost < 0
        if on:
            rate = min(-on_cost // start, abs(slope)) if slide else -on_cost // start
            for position in crowd.positions:
                self._default_on[position] = True
            self.residual_load -= start * crowd.size
            self.weight += weight * crowd.size
            start, on_cost, weight = -start, -on_cost, -weight
        else:
            rate = min((slope * output + charge * weight) // output for output in (least, most))
        rest, together = crowd.size, 1
        while rest:
            count = min(rest, together)
            jump, jump_cost, heavier = start * count, on_cost * count, weight * count
            self.movers.append(Mover(crowd, count, on, jump, jump_cost, heavier, slide * count, abs(slope), rate))
            rest -= count
            together *= 2


def _grouped(positions: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    """The positions that share a key, group by group."""
    groups: dict[Hashable, list[int]] = {}
    for position in positions:
        groups.setdefault(key(position), []).append(position)
    return list(groups.values())
