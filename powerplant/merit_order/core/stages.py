"""The dynamic programme of the core, stage by stage forward.

Each item's turn is a **stage**. The states after it say of each **imbalance**, the sum of the moves so far less the
residual load, how much of the budget can be left. They are fields of one ``int``
(:mod:`powerplant.merit_order.core.fields`): a field holds what is left, plus one; 0 says that the imbalance cannot be
reached. Where the relaxation has a row, there are such states for each sum of weights. What is out of balance must be
made up by later moves, which are dearer, at a known cost at least; so the imbalances worth keeping stay in a narrow
**window**.

**Coarseness.** Costs may be rounded down by so many bits. Then a field says what is left at most.

**Lattice.** Where all that cannot slide switches by multiples of a divisor, what can slide goes first.
From then on only the imbalances on the divisor can still end at 0, and the states shrink to those.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from powerplant.merit_order.bracket import Turns
from powerplant.merit_order.clock import Clock, TooLarge
from powerplant.merit_order.core.fields import NO_STATES, STATE_BITS, Fields, States
from powerplant.merit_order.core.items import Deviations, Item
from powerplant.merit_order.relaxation import Relaxation

KEPT_BITS = 1 << 30
"""How much of the states is kept for walking back; beyond it only each second, fourth, ... is, and the rest redone."""


class Window(NamedTuple):
    """What is worth keeping after a stage: imbalances and sums of weights, from the lowest to the highest."""

    lowest: int
    highest: int
    lightest: int
    heaviest: int


class Stages:
    """One run with one budget.

    Attributes:
        budget, coarseness: of the run.
        deviations: what moves, and from where.
        clock: that the work is spent on.
        items: those within the budget, in the order of their turns.
        divisor: that the states count in before the stage ``lattice_from`` and all later ones.
        lightest, heaviest: what the sums of weights at the end may be.
        fields: in which the states are packed.
    """

    def __init__(
        self, deviations: Deviations, relaxation: Relaxation, budget: int, coarseness: int, clock: Clock
    ) -> None:
        self.deviations = deviations
        self.clock = clock
        self.budget = budget
        self.coarseness = coarseness
        self.charge = relaxation.charge
        self.room = self.lightest = self.heaviest = 0  # what the row leaves beyond the defaults: paid for, and at all
        if relaxation.row and relaxation.charge:
            self.room = relaxation.row.limit(relaxation.charge) - deviations.weight
            self.lightest, self.heaviest = (limit - deviations.weight for limit in relaxation.row[:1:-1])
        self.items = [
            item if item.switch_cost <= budget else item._replace(switch=0, weight=0)
            for item in deviations.items
            if item.entry <= budget
        ]
        self.divisor, self.lattice_from = self._find_lattice()
        self.fields = Fields(budget >> coarseness, clock, whole_bytes=self.divisor > 1)
        self._windows = self._find_windows()
        start = {0: States((budget >> coarseness) + 1, -deviations.residual_load, 1)}
        self._kept = {0: start if self.lattice_from else self._on_lattice(start)}

    def _find_lattice(self) -> tuple[int, int]:
        """The divisor of all switches once the items that slide are done with, and the stage from which on it counts.

        Sliders go first, where there is a divisor.
        """
        sliders = [item for item in self.items if item.slide]
        others = [item for item in self.items if not item.slide]
        divisor = gcd(*(item.switch for item in others))
        if divisor <= 1:
            return 1, len(self.items)
        self.items = sliders + others
        return divisor, len(sliders)

    def _find_windows(self) -> list[Window]:
        """For each stage what the later items can still make up within the budget."""
        lightest, heaviest = self.lightest, self.heaviest
        if self.charge > 0:
            lightest = max(lightest, self.room - self.budget // self.charge)
        elif self.charge < 0:
            heaviest = min(heaviest, self.room + self.budget // -self.charge)
        windows = []
        up = down = up_rate = down_rate = heavier = lighter = 0
        for item in reversed(self.items):
            lowest = -(min(up, self.budget // up_rate) if up_rate else up)
            highest = min(down, self.budget // down_rate) if down_rate else down
            windows.append(Window(lowest, highest, lightest - heavier, heaviest + lighter))
            if item.up:
                up_rate = min(up_rate, item.rate) if up else item.rate
                up += item.up
            if item.down:
                down_rate = min(down_rate, item.rate) if down else item.rate
                down += item.down
            heavier += max(0, item.weight)
            lighter += max(0, -item.weight)
        windows.reverse()
        return windows

    def before(self, stage: int) -> Turns[dict[int, States]]:
        """The states before a stage (those at the end before one more than there are), by sum of weights.

        They are worked out from the last that are kept; of those on the way as many are kept as may be. A stage that is
        asked for must not be after one that was asked for before.

        Raises:
            TimeLimitPassed: the time limit has passed.
            TooLarge: the states would not fit into memory.
        """
        while next(reversed(self._kept)) > stage:
            self._kept.popitem()
        start, states = next(reversed(self._kept.items()))
        on_the_way: dict[int, dict[int, States]] = {}
        bits, stride = 0, 1
        for at in range(start + 1, stage + 1):
            yield
            states = self._after(states, at - 1)
            if not states:
                break
            if _bits(states) > STATE_BITS:
                raise TooLarge
            if (at - start) % stride == 0:
                on_the_way[at] = states
                bits += _bits(states)
            while bits > KEPT_BITS and on_the_way:
                stride *= 2
                on_the_way = {at: before for at, before in on_the_way.items() if (at - start) % stride == 0}
                bits = sum(map(_bits, on_the_way.values()))
        self._kept.update(on_the_way)
        return states

    def _after(self, states: dict[int, States], stage: int) -> dict[int, States]:
        """The states with one item more, as far as they are worth keeping."""
        window, unit = self._windows[stage], self.unit(stage)
        worth_keeping = {}
        for weight, after in self._moved(states, self.items[stage], unit).items():
            if window.lightest <= weight <= window.heaviest:
                trimmed = self._trim(after, window, unit)
                if trimmed.packed:
                    worth_keeping[weight] = trimmed
        return self._on_lattice(worth_keeping) if stage + 1 == self.lattice_from else worth_keeping

    def _on_lattice(self, states: dict[int, States]) -> dict[int, States]:
        """Only the states that the items to come, which move by multiples of the divisor, can bring into balance."""
        if self.divisor == 1:
            return states
        on_lattice = {weight: self.fields.every(before, self.divisor) for weight, before in states.items()}
        return {weight: before for weight, before in on_lattice.items() if before.packed}

    def _moved(self, states: dict[int, States], item: Item, unit: int) -> dict[int, States]:
        """The states with one item more: it stays or switches, and slides where it is on."""
        better, switch, cost = self.fields.better, item.switch // unit, item.switch_cost >> self.coarseness
        slides_on, slides_switched = item.slide and item.on, item.slide and not item.on
        moved = {weight: self._slid(before, item) if slides_on else before for weight, before in states.items()}
        if switch:
            for weight, before in states.items():
                stay = moved.get(weight + item.weight, NO_STATES)
                if slides_switched:
                    switched = self._slid(better(NO_STATES, before, switch, cost), item)
                    moved[weight + item.weight] = better(stay, switched, 0, 0)
                else:
                    moved[weight + item.weight] = better(stay, before, switch, cost)
        return moved

    def _slid(self, states: States, item: Item) -> States:
        """Every state moved by up to the item's slide as well, each tenth at its cost; by doubling."""
        reach, cost = abs(item.slide), item.slide_cost
        if cost:
            reach = min(reach, self.budget // cost)
        covered = 1
        while covered <= reach:
            by = min(covered, reach + 1 - covered)
            states = self.fields.better(states, states, by if item.slide > 0 else -by, cost * by >> self.coarseness)
            covered += by
        return states

    def _trim(self, states: States, window: Window, unit: int) -> States:
        """The states inside a window."""
        packed, lowest, count = states
        highest, window_lowest = window.highest // unit, -(-window.lowest // unit)
        if highest < lowest + count - 1:
            count = max(0, highest - lowest + 1)
            packed = self.fields.first(packed, count)
        if window_lowest > lowest:
            packed = self.fields.after(packed, window_lowest - lowest)
            count = max(0, count - (window_lowest - lowest))
            lowest = window_lowest
        return States(packed, lowest, count)

    def unit(self, stage: int) -> int:
        """What a field of the states after a stage stands for, in tenths of a MW, but for the lattice's first one."""
        return self.divisor if stage >= self.lattice_from else 1

    def slack_cost(self, weight: int) -> int:
        """What the row charges at the end for a sum of weights that does not come up to its limit."""
        return self.charge * (self.room - weight)


def _bits(states: dict[int, States]) -> int:
    return sum(after.packed.bit_length() for after in states.values())
