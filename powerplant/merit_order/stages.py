"""The dynamic programme of the core, stage by stage forward.

Each mover's turn is a **stage**. The states after it say of each **imbalance**, the sum of the moves so far less the
residual load, how much of the budget can be left. They are fields of one ``int``
(:mod:`powerplant.merit_order.fields`): a field holds what is left, plus one; 0 says that the imbalance cannot be
reached. Where the relaxation has a row, there are such states for each sum of weights. What is out of balance must be
made up by later moves, which are dearer, at a known cost at least; so the imbalances worth keeping stay in a narrow
**window**.

**Coarseness.** Costs may be rounded down, so many bits of them. Then a field says what is left at most.

**Lattice.** Where all that jumps does so by multiples of a divisor and only a few can slide, the latter go first.
From then on only the imbalances on the divisor can still end at 0, and the states shrink to those.
"""

from __future__ import annotations

from math import gcd
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline, TooLarge
from powerplant.merit_order.fields import NO_STATES, STATE_BITS, Fields, States
from powerplant.merit_order.movers import Deviations, Mover
from powerplant.merit_order.relaxation import Relaxation

KEPT_BITS = 1 << 30
"""How much of the states is kept for walking back; beyond it only each second, fourth, ... is, and the rest redone."""

EDGE = 8
"""What part of the states is looked at, at each end, to see whether it can go."""

FEW_SLIDERS = 4
"""The movers that slide go first where they are at most one in so many, and the rest is on a lattice."""


class Window(NamedTuple):
    """What is worth keeping after a stage: imbalances, what each tenth of them costs later, sums of weights."""

    lowest: int
    highest: int
    up_rate: int
    down_rate: int
    lightest: int
    heaviest: int


class Stages:
    """One run with one budget.

    Attributes:
        budget, coarseness: of the run.
        deviations: what moves, and from where.
        movers: those within the budget, in the order of their turns.
        divisor: that the states count in before the stage ``lattice_from`` and all later ones.
        lightest, heaviest: what the sums of weights at the end may be.
        last: the states at the end.
    """

    def __init__(
        self, deviations: Deviations, relaxation: Relaxation, budget: int, coarseness: int, deadline: Deadline
    ) -> None:
        self._deadline = deadline
        self.deviations = deviations
        self.budget = budget
        self.coarseness = coarseness
        self.charge = relaxation.charge
        self.room = self.lightest = self.heaviest = 0  # what the row leaves beyond the defaults: paid for, and at all
        if relaxation.row and relaxation.charge:
            self.room = relaxation.row.limit(relaxation.charge) - deviations.weight
            self.lightest, self.heaviest = (limit - deviations.weight for limit in relaxation.row[:1:-1])
        self.fields = Fields(budget >> coarseness, deadline)
        self.movers = self._find_movers()
        self.divisor, self.lattice_from = self._find_lattice()
        self._windows = self._find_windows()
        start = {0: States((budget >> coarseness) + 1, -deviations.residual_load, 1)}
        self._kept = {0: start if self.lattice_from else self._on_lattice(start)}
        self.last = self._stepped_to(len(self.movers))

    def _find_movers(self) -> list[Mover]:
        """What can move within the budget."""
        return [
            mover if mover.jump_cost <= self.budget else mover._replace(jump=0, weight=0)
            for mover in self.deviations.movers
            if mover.entry <= self.budget
        ]

    def _find_lattice(self) -> tuple[int, int]:
        """The divisor of all jumps once the movers that slide are done with, and the stage from which on it counts.

        Sliders go first, where they are few and there is a divisor.
        """
        sliders = [mover for mover in self.movers if mover.slide]
        jumpers = [mover for mover in self.movers if not mover.slide]
        divisor = gcd(*(mover.jump for mover in jumpers))
        if divisor <= 1 or len(sliders) * FEW_SLIDERS > len(self.movers):
            return 1, len(self.movers)
        self.movers = sliders + jumpers
        return divisor, len(sliders)

    def _find_windows(self) -> list[Window]:
        """For each stage what the later movers can still make up within the budget."""
        lightest, heaviest = self.lightest, self.heaviest
        if self.charge > 0:
            lightest = max(lightest, self.room - self.budget // self.charge)
        elif self.charge < 0:
            heaviest = min(heaviest, self.room + self.budget // -self.charge)
        windows = []
        up = down = up_rate = down_rate = heavier = lighter = 0
        for mover in reversed(self.movers):
            windows.append(
                Window(
                    -(min(up, self.budget // up_rate) if up_rate else up),
                    min(down, self.budget // down_rate) if down_rate else down,
                    up_rate,
                    down_rate,
                    lightest - heavier,
                    heaviest + lighter,
                )
            )
            if mover.up:
                up_rate = min(up_rate, mover.rate) if up else mover.rate
                up += mover.up
            if mover.down:
                down_rate = min(down_rate, mover.rate) if down else mover.rate
                down += mover.down
            heavier += max(0, mover.weight)
            lighter += max(0, -mover.weight)
        windows.reverse()
        return windows

    def _stepped_to(self, end: int) -> dict[int, States]:
        """The states before a stage, from the last that are kept; of those on the way as many are kept as may be."""
        start = next(reversed(self._kept))
        states = self._kept[start]
        on_the_way: dict[int, dict[int, States]] = {}
        bits, stride = 0, 1
        for stage in range(start, end):
            states = self._after(states, stage)
            if not states:
                break
            if _bits(states) > STATE_BITS:
                raise TooLarge
            if (stage + 1 - start) % stride == 0:
                on_the_way[stage + 1] = states
                bits += _bits(states)
            while bits > KEPT_BITS and on_the_way:
                stride *= 2
                on_the_way = {at: before for at, before in on_the_way.items() if (at - start) % stride == 0}
                bits = sum(map(_bits, on_the_way.values()))
        self._kept.update(on_the_way)
        return states

    def _after(self, states: dict[int, States], stage: int) -> dict[int, States]:
        """The states with one mover more, as far as they are worth keeping."""
        window, unit = self._windows[stage], self.divisor if stage >= self.lattice_from else 1
        worth_keeping = {}
        for weight, after in self._moved(states, self.movers[stage], unit).items():
            if window.lightest <= weight <= window.heaviest:
                trimmed = self._trim(after, window, unit)
                if trimmed.packed:
                    worth_keeping[weight] = trimmed
        return self._on_lattice(worth_keeping) if stage + 1 == self.lattice_from else worth_keeping

    def _on_lattice(self, states: dict[int, States]) -> dict[int, States]:
        """Only the states that the movers to come, which move by multiples of the divisor, can bring into balance."""
        if self.divisor == 1:
            return states
        on_lattice = {weight: self.fields.every(before, self.divisor) for weight, before in states.items()}
        return {weight: before for weight, before in on_lattice.items() if before.packed}

    def _moved(self, states: dict[int, States], mover: Mover, unit: int) -> dict[int, States]:
        """The states with one mover more."""
        better, jump, jump_cost = self.fields.better, mover.jump // unit, mover.jump_cost >> self.coarseness
        if mover.on and mover.slide:
            moved = {weight: self._slid(before, mover) for weight, before in states.items()}
        else:
            moved = dict(states)
        if not jump:
            return moved
        for weight, before in states.items():
            self._deadline.check()
            stay = moved.get(weight + mover.weight, NO_STATES)
            if mover.slide and not mover.on:
                jumped = self._slid(better(NO_STATES, before, jump, jump_cost), mover)
                moved[weight + mover.weight] = better(stay, jumped, 0, 0)
            else:
                moved[weight + mover.weight] = better(stay, before, jump, jump_cost)
        return moved

    def _slid(self, states: States, mover: Mover) -> States:
        """Every state moved by up to the mover's slide as well, each tenth at its cost; by doubling."""
        reach, cost = abs(mover.slide), mover.slide_cost
        if cost:
            reach = min(reach, self.budget // cost)
        covered = 1
        while covered <= reach:
            self._deadline.check()
            by = min(covered, reach + 1 - covered)
            states = self.fields.better(states, states, by if mover.slide > 0 else -by, cost * by >> self.coarseness)
            covered += by
        return states

    def _trim(self, states: States, window: Window, unit: int) -> States:
        """The states inside a window, and of those at its edges only what can afford the way back."""
        packed, lowest, fields = states
        highest, window_lowest = window.highest // unit, -(-window.lowest // unit)
        if highest < lowest + fields - 1:
            fields = max(0, highest - lowest + 1)
            packed = self.fields.first(packed, fields)
        if window_lowest > lowest:
            packed = self.fields.after(packed, window_lowest - lowest)
            fields = max(0, fields - (window_lowest - lowest))
            lowest = window_lowest
        # What is far out of balance must come back. An edge of an eighth goes where not one of its states can afford
        # even the shortest way back from it: looking at an eighth is cheap, and often all goes.
        while (edge := fields // EDGE) > 1:
            way_back = (lowest + fields - edge) * unit * window.down_rate >> self.coarseness
            if way_back <= 0 or self.fields.any_above(packed, fields - edge, fields, way_back):
                break
            fields -= edge
            packed = self.fields.first(packed, fields)
        while (edge := fields // EDGE) > 1:
            way_back = -(lowest + edge - 1) * unit * window.up_rate >> self.coarseness
            if way_back <= 0 or self.fields.any_above(packed, 0, edge, way_back):
                break
            fields -= edge
            lowest += edge
            packed = self.fields.after(packed, edge)
        return States(packed, lowest, fields)

    def unit(self, stage: int) -> int:
        """What a field of the states after a stage stands for, in tenths of a MW, but for the lattice's first one."""
        return self.divisor if stage >= self.lattice_from else 1

    def slack_cost(self, weight: int) -> int:
        """What the row charges at the end for a sum of weights that does not come up to its limit."""
        return self.charge * (self.room - weight)

    def before(self, stage: int) -> dict[int, States]:
        """The states before a stage: kept, or stepped to again from the last ones that were."""
        if stage not in self._kept:
            while next(reversed(self._kept)) > stage:
                self._kept.popitem()
            return self._stepped_to(stage)
        return self._kept[stage]


def _bits(states: dict[int, States]) -> int:
    return sum(after.packed.bit_length() for after in states.values())
