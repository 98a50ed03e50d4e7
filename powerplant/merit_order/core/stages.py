"""The dynamic programme of the core: forward, with one stage for each item.

The **imbalance** is the sum of the moves so far minus the residual load. The states after a stage give, for each
imbalance, the largest rest of the budget. They are fields of one ``int`` (:mod:`powerplant.merit_order.core.fields`):
the rest plus one, or 0 if the imbalance cannot be reached. If the relaxation has a row, there are such states for each
sum of weights. Later items cost at least as much for each tenth of a MW and must bring the imbalance to 0, so only the
imbalances in a narrow **window** are kept.

**Coarseness.** Costs may be rounded down by this number of bits. Then a field is an upper limit of the rest.

**Lattice.** If all items that cannot slide switch by multiples of a divisor, those that can slide come first. After
them only the multiples of the divisor can still reach the imbalance 0, so only their states are kept.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from powerplant.merit_order.bracket import Turns
from powerplant.merit_order.clock import Clock, TooLarge
from powerplant.merit_order.core.fields import NO_STATES, STATE_BITS, Fields, States
from powerplant.merit_order.core.items import Deviations, Item
from powerplant.merit_order.fill import Relaxation

KEPT_BITS = 1 << 30
"""The most bits of states that are kept for the walk back. If there are more, only every second, fourth, ... stage is
kept, and the others are computed again."""


class Window(NamedTuple):
    """The imbalances and sums of weights that are kept after a stage."""

    lowest: int
    highest: int
    lightest: int
    heaviest: int


class Stages:
    """One run with one budget.

    Attributes:
        deviations, budget, coarseness, clock: of the run.
        items: those within the budget, in the order of the stages.
        divisor: the unit of the imbalances from before the stage ``lattice_from`` on.
        charge: of the row for each grain.
        limit, lightest, heaviest: of the sum of weights at the end: the limit that the charge belongs to, the least
            and the most; all without the defaults.
        fields: the arithmetic on the states.
    """

    def __init__(
        self, deviations: Deviations, relaxation: Relaxation, budget: int, coarseness: int, clock: Clock
    ) -> None:
        self.deviations = deviations
        self.clock = clock
        self.budget = budget
        self.coarseness = coarseness
        self.charge = relaxation.charge
        self.limit = self.lightest = self.heaviest = 0
        if relaxation.row and relaxation.charge:
            self.limit = relaxation.row.limit(relaxation.charge) - deviations.weight
            self.lightest, self.heaviest = (limit - deviations.weight for limit in relaxation.row[:1:-1])
        self.items = [
            item if item.switch_cost <= budget else item._replace(switch=0, weight=0)
            for item in deviations.items
            if item.entry <= budget
        ]
        self.divisor, self.lattice_from = self._find_lattice()
        self.fields = Fields(budget >> coarseness, clock, whole_bytes=self.divisor > 1)
        self._windows = self._find_windows()
        start = States((budget >> coarseness) + 1, -deviations.residual_load, 1)
        self._kept = {0: {0: start if self.lattice_from else self.fields.every(start, self.divisor)}}

    def _find_lattice(self) -> tuple[int, int]:
        """Move the sliders to the front; the common divisor of the other items, and the stage where those begin."""
        sliders = [item for item in self.items if item.slide]
        others = [item for item in self.items if not item.slide]
        divisor = gcd(*(item.switch for item in others))
        if divisor <= 1:
            return 1, len(self.items) + 1
        self.items = sliders + others
        return divisor, len(sliders)

    def _find_windows(self) -> list[Window]:
        """The window of each stage: what the later items can still balance within the budget."""
        lightest, heaviest = self.lightest, self.heaviest
        if self.charge > 0:
            lightest = max(lightest, self.limit - self.budget // self.charge)
        elif self.charge < 0:
            heaviest = min(heaviest, self.limit + self.budget // -self.charge)
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
        """The states before a stage (or, with ``len(items)``, at the end), by sum of weights.

        They are computed from the last stage that is kept, and some stages on the way are kept too. Stages must be
        requested in descending order.
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
        """The states after a stage, inside its window."""
        (lowest, highest, lightest, heaviest), unit = self._windows[stage], self.unit(stage)
        inside = {
            weight: self.fields.between(after, -(-lowest // unit), highest // unit)
            for weight, after in self._moved(states, self.items[stage], unit).items()
            if lightest <= weight <= heaviest
        }
        if stage + 1 == self.lattice_from:  # later items move by multiples of the divisor
            inside = {
                weight: self.fields.every(after, self.divisor) for weight, after in inside.items() if after.packed
            }
        return {weight: after for weight, after in inside.items() if after.packed}

    def _moved(self, states: dict[int, States], item: Item, unit: int) -> dict[int, States]:
        """The states after the moves of an item: it stays or switches, and slides if it is on."""
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
        """The states after any slide of an item; computed by doubling the slide."""
        reach, cost = abs(item.slide), item.slide_cost
        if cost:
            reach = min(reach, self.budget // cost)
        covered = 1
        while covered <= reach:
            by = min(covered, reach + 1 - covered)
            states = self.fields.better(states, states, by if item.slide > 0 else -by, cost * by >> self.coarseness)
            covered += by
        return states

    def unit(self, stage: int) -> int:
        """The unit of the imbalances in a stage, in steps."""
        return self.divisor if stage >= self.lattice_from else 1


def _bits(states: dict[int, States]) -> int:
    return sum(after.packed.bit_length() for after in states.values())
