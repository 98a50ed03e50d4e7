"""The guarantee: a dynamic programme over the deviations from a relaxation, as wide as a budget allows.

A relaxation (:mod:`powerplant.merit_order.relaxation`) lets each unit stand where it is best at the multipliers: its
**default**, off or at maximum. What another choice costs more is its deviation cost, never below 0, and a plan is a
choice of moves away from the defaults that together make up the residual load. So the plans within a **budget** of
the bound are those whose moves cost no more than the budget, and they are found by a dynamic programme over the
sum of the moves, mover after mover, from the cheapest moves outward (the core around the break item of Pisinger's
MINKNAP): what the sum still lacks must be made up by dearer moves, at a known cost at least, so that the sums worth
keeping stay in a narrow window.

A **mover** is one unit, or some that are alike. It can **jump** (off, or on) and, when on, **slide** inside its
range. Its **rate** is the least that any of its moves costs for each tenth of a MW. The rates of the movers to come
bound the **window** of sums: what they can still bring back to the residual load within the budget.

The states of one step are fields of one ``int`` (:mod:`powerplant.merit_order.fields`). A field holds what is left of
the budget, plus one; 0 says that the sum cannot be reached within it. Where the relaxation has a row, there are such
states for each sum of weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline, TooLarge
from powerplant.merit_order.fields import NO_STATES, STATE_BITS, Fields, States
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.model import Unit
from powerplant.merit_order.relaxation import Relaxation

KEPT_BITS = 1 << 29
"""How much of the states is kept for walking back; beyond it only each second, fourth, ... is, and the rest redone."""

EDGE = 8
"""What part of the states is looked at, at each end, to see whether it can go."""

FIRST_SHARE = 21
"""The budget is first what the incumbent leaves open, divided by two to the power of this."""


class Mover(NamedTuple):
    """Like units that may leave their default within the budget, together: by a jump, a slide, or one after the other.

    Attributes:
        positions: of the units.
        jump: the move that switches them on (to the limit from which a slide costs) or off; 0 where that is beyond
            the budget.
        jump_cost: what that costs.
        weight: what the jump adds to the sum of weights.
        slide: how far they can be moved inside their range when on, upward or (negative) downward.
        slide_cost: of each tenth of a MW.
        rate: the least that any of the moves costs for each tenth of a MW, rounded down.
    """

    positions: list[int]
    jump: int
    jump_cost: int
    weight: int
    slide: int
    slide_cost: int
    rate: int


class Window(NamedTuple):
    """What is worth keeping after a step: sums of moves, what each tenth beyond them costs later, sums of weights."""

    lowest: int
    highest: int
    up_rate: int
    down_rate: int
    lightest: int
    heaviest: int


def budgets(widest: int) -> Iterator[int]:
    """Budgets up to the widest, each eight times the one before.

    The cost of a step grows with the budget, and the best plan is most often far nearer to the bound than the
    incumbent is.
    """
    narrowest = min(FIRST_SHARE, widest.bit_length() // 3 * 3)
    for share in range(narrowest, -1, -3):
        yield widest >> share


def best_within(
    merit_order: MeritOrder, relaxation: Relaxation, load: int, budget: int, deadline: Deadline
) -> list[bool] | None:
    """The commitment of the cheapest plan that costs at most the relaxation's bound plus a budget.

    Time and memory grow with the number of movers and with the window; O(units * load) fields at the most,
    times the sums of weights where there is a row.

    Args:
        merit_order: of the fleet.
        relaxation: the closer its bound, the cheaper.
        load: in tenths of a MW.
        budget: in the relaxation's scale.
        deadline: of the whole solve.

    Returns:
        ``None`` if no plan is that cheap.

    Raises:
        TimeLimitPassed: the deadline came first.
        TooLarge: the states would not fit into memory.
    """
    return _CoreProgramme(merit_order, relaxation, load, budget, deadline).run()


class _CoreProgramme:
    """One run: defaults, then movers, then windows, each from those before; then step by step forward, and back."""

    def __init__(
        self, merit_order: MeritOrder, relaxation: Relaxation, load: int, budget: int, deadline: Deadline
    ) -> None:
        self._deadline = deadline
        self._budget = budget
        self._relaxation = relaxation
        self._units = merit_order.units
        row = relaxation.row if relaxation.charge else None
        self._weights = row.weights if row else [0] * len(self._units)
        self._room = row.limit if row else 0  # what the row leaves beyond the defaults
        self._residual_load = load  # what the defaults leave
        self._default_on = [False] * len(self._units)
        self._fields = Fields(budget, deadline)
        self._take_defaults()
        self._movers = self._find_movers()
        self._windows = self._find_windows()

    def run(self) -> list[bool] | None:
        """Step through the movers, and walk back from the best end."""
        kept = {0: {0: States(self._budget + 1, 0, 1)}}
        last = self._stepped_to(len(self._movers), kept)
        return self._walk_back(last, kept) if last else None

    def _stepped_to(self, end: int, kept: dict[int, dict[int, States]]) -> dict[int, States]:
        """The states before a step, from the last that are kept; of those on the way as many are kept as may be."""
        start = max(kept)
        states = kept[start]
        on_the_way: dict[int, dict[int, States]] = {}
        bits, stride = 0, 1
        for step in range(start, end):
            states = self._step(states, step)
            if not states:
                break
            of_step = sum([after.packed.bit_length() for after in states.values()])
            if of_step > STATE_BITS:
                raise TooLarge
            if (step + 1 - start) % stride == 0:
                on_the_way[step + 1] = states
                bits += of_step
            while bits > KEPT_BITS and on_the_way:
                stride *= 2
                on_the_way = {at: before for at, before in on_the_way.items() if (at - start) % stride == 0}
                bits = sum(after.packed.bit_length() for before in on_the_way.values() for after in before.values())
        kept.update(on_the_way)
        return states

    def _take_defaults(self) -> None:
        """Let every unit stand where the multipliers put it: on at maximum if that saves, else off."""
        for position, (unit, weight) in enumerate(zip(self._units, self._weights, strict=True)):
            if self._cost_at_maximum(unit, weight) < 0:
                self._default_on[position] = True
                self._residual_load -= unit.max_output
                self._room -= weight

    def _slope(self, unit: Unit) -> int:
        """What a tenth of a MW of a unit costs beyond the price; negative where it saves."""
        return unit.marginal_cost * self._relaxation.scale - self._relaxation.price

    def _cost_at_maximum(self, unit: Unit, weight: int) -> int:
        return self._slope(unit) * unit.max_output + self._relaxation.charge * weight

    def _find_movers(self) -> list[Mover]:
        """What can leave its default within the budget, the cheapest moves first.

        Of like units 1, 2, 4, ... move together, which makes every number of them (bounded knapsacks are split so).
        """
        alike: dict[tuple[Unit, int], list[int]] = {}
        for position, kind in enumerate(zip(self._units, self._weights, strict=True)):
            alike.setdefault(kind, []).append(position)
        movers = []
        for (unit, weight), positions in alike.items():
            if unit.max_output:
                mover_of = self._mover_that_is_on if self._default_on[positions[0]] else self._mover_that_is_off
                together = 1
                while positions:
                    mover = mover_of(unit, weight, positions[:together])
                    if mover.jump or (mover.slide and self._default_on[positions[0]]):
                        movers.append(mover)
                    positions = positions[together:]
                    together *= 2
        movers.sort(key=lambda mover: mover.rate)
        return movers

    def _mover_that_is_on(self, unit: Unit, weight: int, positions: list[int]) -> Mover:
        """Like units at maximum: they jump off, or slide down at what a tenth of a MW saves."""
        most, slope, count = unit.max_output, self._slope(unit), len(positions)
        slide = max(unit.min_output, 1) - most
        off_cost = -self._cost_at_maximum(unit, weight)
        affordable = off_cost * count <= self._budget
        rate = min(off_cost // most, -slope) if slide else off_cost // most
        jump = -most * count if affordable else 0
        return Mover(positions, jump, off_cost * count, -weight * count, slide * count, -slope, rate)

    def _mover_that_is_off(self, unit: Unit, weight: int, positions: list[int]) -> Mover:
        """Like units that are off: they jump to the limit from which a slide costs, and slide from there."""
        least, most, slope, count = max(unit.min_output, 1), unit.max_output, self._slope(unit), len(positions)
        start, slide = (most, least - most) if slope < 0 else (least, most - least)
        on_cost = slope * start + self._relaxation.charge * weight
        rate = self._cost_at_maximum(unit, weight) // most
        jump = start * count if on_cost * count <= self._budget else 0
        return Mover(positions, jump, on_cost * count, weight * count, slide * count, abs(slope), rate)

    def _find_windows(self) -> list[Window]:
        """For each step what the later movers can still make up within the budget."""
        charge = self._relaxation.charge
        most_slack = self._budget // charge if charge else 0
        windows = []
        up = down = up_rate = down_rate = heavier = lighter = 0
        for mover in reversed(self._movers):
            windows.append(
                Window(
                    self._residual_load - (min(up, self._budget // up_rate) if up_rate else up),
                    self._residual_load + (min(down, self._budget // down_rate) if down_rate else down),
                    up_rate,
                    down_rate,
                    self._room - most_slack - heavier,
                    self._room + lighter,
                )
            )
            if mover.jump > 0:
                up += mover.jump + max(0, mover.slide)
                up_rate = mover.rate
                heavier += mover.weight
            else:
                down += max(-mover.jump, -mover.slide)
                down_rate = mover.rate
                lighter -= mover.weight
        windows.reverse()
        return windows

    def _step(self, states: dict[int, States], step: int) -> dict[int, States]:
        """The states with one mover more, as far as they are worth keeping."""
        window = self._windows[step]
        worth_keeping = {}
        for weight, after in self._moved(states, self._movers[step]).items():
            if window.lightest <= weight <= window.heaviest:
                trimmed = self._trim(after, window)
                if trimmed.packed:
                    worth_keeping[weight] = trimmed
        return worth_keeping

    def _moved(self, states: dict[int, States], mover: Mover) -> dict[int, States]:
        """The states with one mover more."""
        better = self._fields.better
        if mover.jump <= 0 and mover.slide:
            stepped = {weight: self._slid(before, mover) for weight, before in states.items()}
        else:
            stepped = dict(states)
        if not mover.jump:
            return stepped
        for weight, before in states.items():
            self._deadline.check()
            switched = weight + mover.weight
            stay = stepped.get(switched, NO_STATES)
            if mover.jump > 0 and mover.slide:
                jumped = self._slid(better(NO_STATES, before, mover.jump, mover.jump_cost), mover)
                stepped[switched] = better(stay, jumped, 0, 0)
            else:
                stepped[switched] = better(stay, before, mover.jump, mover.jump_cost)
        return stepped

    def _slid(self, states: States, mover: Mover) -> States:
        """Every state moved by up to the mover's slide as well, each tenth at its cost; by doubling."""
        reach, cost = abs(mover.slide), mover.slide_cost
        if cost:
            reach = min(reach, self._budget // cost)
        covered = 1
        while covered <= reach:
            self._deadline.check()
            step = min(covered, reach + 1 - covered)
            states = self._fields.better(states, states, step if mover.slide > 0 else -step, cost * step)
            covered += step
        return states

    def _trim(self, states: States, window: Window) -> States:
        """The states inside a window, and of those at its edges only what can afford the way back."""
        packed, lowest, fields = states
        if window.highest < lowest + fields - 1:
            fields = max(0, window.highest - lowest + 1)
            packed = self._fields.first(packed, fields)
        if window.lowest > lowest:
            packed = self._fields.after(packed, window.lowest - lowest)
            fields = max(0, fields - (window.lowest - lowest))
            lowest = window.lowest
        # What stands far from the residual load must come back to it. An edge of an eighth goes where not one of its
        # sums can afford even the shortest way back from it: looking at an eighth is cheap, and often all goes.
        while (edge := fields // EDGE) > 1:
            way_back = lowest + fields - edge - self._residual_load
            if way_back <= 0 or self._fields.any_above(packed, fields - edge, fields, way_back * window.down_rate):
                break
            fields -= edge
            packed = self._fields.first(packed, fields)
        while (edge := fields // EDGE) > 1:
            way_back = self._residual_load - (lowest + edge - 1)
            if way_back <= 0 or self._fields.any_above(packed, 0, edge, way_back * window.up_rate):
                break
            fields -= edge
            lowest += edge
            packed = self._fields.after(packed, edge)
        return States(packed, lowest, fields)

    def _walk_back(self, last: dict[int, States], kept: dict[int, dict[int, States]]) -> list[bool] | None:
        """Which units are committed in the best plan; ``None`` if no end is within the budget."""
        at = self._fields.at
        charge, move = self._relaxation.charge, self._residual_load
        ends = {
            weight: at(states, move) - charge * (self._room - weight)
            for weight, states in last.items()
            if weight <= self._room
        }
        weight = max(ends, key=ends.__getitem__, default=0)
        if ends.get(weight, 0) <= 0:
            return None
        committed = self._default_on[:]
        credit = at(last[weight], move)
        for step in range(len(self._movers) - 1, -1, -1):
            self._deadline.check()
            mover, before = self._movers[step], self._redone(kept, step)
            stayed = before.get(weight, NO_STATES)
            slide = self._slide_from(stayed, move, credit, mover) if mover.jump <= 0 else 0
            if slide is not None and at(stayed, move - slide) == credit + abs(slide) * mover.slide_cost:
                move -= slide
                credit += abs(slide) * mover.slide_cost
                continue
            for position in mover.positions:
                committed[position] = mover.jump > 0
            weight -= mover.weight
            move -= mover.jump
            credit += mover.jump_cost
            if mover.jump > 0:
                slide = self._slide_from(before[weight], move, credit, mover)
                assert slide is not None, "a state that was reached was reached from somewhere"
                move -= slide
                credit += abs(slide) * mover.slide_cost
        return committed

    def _redone(self, kept: dict[int, dict[int, States]], step: int) -> dict[int, States]:
        """The states before a step: kept, or stepped to again from the last ones that were."""
        while max(kept) > step:
            kept.popitem()
        return self._stepped_to(step, kept)

    def _slide_from(self, before: States, move: int, credit: int, mover: Mover) -> int | None:
        """How far a mover slid to come to a sum with so much left of the budget; ``None`` if it did not slide."""
        direction, count, cost = 1 if mover.slide > 0 else -1, abs(mover.slide) + 1, mover.slide_cost
        if cost:
            count = min(count, (self._budget + 1 - credit) // cost + 1)
        distance = self._fields.way_to(before, move, -direction, count, credit, cost)
        return None if distance is None else direction * distance
