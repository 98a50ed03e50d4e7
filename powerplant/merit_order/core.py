"""The guarantee: a dynamic programme over the deviations from the relaxed fill, as wide as a budget allows.

Let ``price`` be the marginal unit's cost at the relaxed fill. Call a unit's **default** what it makes there (the
marginal unit's is 0). Moving a unit by ``d`` tenths of a MW away from its default costs ``|marginal_cost - price| * d``
more than the relaxed bound, never less (its deviation cost), and a plan is a choice of moves that together make
up the residual load. So the plans within a **budget** of the bound are those whose moves cost no more than the
budget, and they are found by a dynamic programme over the sum of the moves, unit after unit, from the marginal
cost outward (the core around the break item of Pisinger's MINKNAP): what the sum still lacks must be made up by
units further out, at a known cost at least, so that the sums worth keeping stay in a narrow window.

The states of one step are fields of one ``int``, ``width`` bits each, and a step is a handful of operations on
whole integers (Lamport 1975, multiple byte processing). A field holds what is left of the budget, plus one; 0 says
that the sum cannot be reached within it. Shifts fill up with zeros, so nothing has to be guarded at the edges.
"""

from __future__ import annotations

from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import Fill, MeritOrder

MEMORY_BITS = 1 << 31
"""What the states kept for walking back may take; beyond it only every so-manieth is kept, the rest is redone."""


class Mover(NamedTuple):
    """A unit that may leave its default within the budget.

    Attributes:
        position: of the unit.
        sign: +1 for a unit whose default is 0, -1 for one whose default is its maximum.
        cost: of one tenth of a MW of deviation.
        least, most: its smallest and largest move as a range: ``min_output`` and ``max_output``, or 1 and what
            it can be turned down by.
        off: the move that switches it off, if its default is its maximum; else 0.
    """

    position: int
    sign: int
    cost: int
    least: int
    most: int
    off: int


class States(NamedTuple):
    """What is left of the budget for each sum of moves from ``lowest`` on, packed in fields."""

    packed: int
    lowest: int
    fields: int


def best_within(merit_order: MeritOrder, fill: Fill, budget: int, deadline: Deadline) -> list[bool] | None:
    """The commitment of the cheapest plan that costs at most ``fill.cost + budget``; ``None`` if none does.

    Raises:
        TimeLimitPassed: the deadline came first.
    """
    return _CoreProgramme(merit_order, fill, budget, deadline).run()


NO_STATES = States(0, 0, 0)


class _CoreProgramme:
    def __init__(self, merit_order: MeritOrder, fill: Fill, budget: int, deadline: Deadline) -> None:
        self._deadline = deadline
        self._price = fill.marginal_cost
        self._budget = budget
        self._width = (budget + 1).bit_length() + 2
        self._merit_order = merit_order
        marginal = merit_order.order[fill.place]
        self._default_on = [output > 0 for output in fill.outputs]
        self._default_on[marginal] = False
        self._residual_load = fill.outputs[marginal]
        self._movers = self._find_movers()
        self._ones = 1
        self._ones_fields = 1

    def _find_movers(self) -> list[Mover]:
        """The units that can move within the budget, from the marginal cost outward."""
        movers = []
        for position, (marginal_cost, least, most) in enumerate(self._merit_order.units):
            cost = abs(marginal_cost - self._price)
            affordable = self._budget // cost if cost else most
            if not most:
                continue
            if self._default_on[position]:
                turned_down = min(most - least, affordable)
                off = most if most <= affordable else 0
                if turned_down or off:
                    movers.append(Mover(position, -1, cost, 1, turned_down, off))
            elif max(least, 1) <= affordable:
                movers.append(Mover(position, 1, cost, max(least, 1), min(most, affordable), 0))
        movers.sort(key=lambda mover: mover.cost)
        return movers

    def run(self) -> list[bool] | None:
        windows = self._windows()
        states = States(self._budget + 1, 0, 1)
        kept = [states]
        for mover, window in zip(self._movers, windows, strict=True):
            self._deadline.check()
            states = self._trim(self._step(states, mover), *window)
            if not states.packed:
                return None
            kept.append(states)
        return self._walk_back(kept) if self._field(states, self._residual_load) else None

    def _windows(self) -> list[tuple[int, int]]:
        """For each step the sums of moves that the later movers can still make up within the budget."""
        windows = []
        up = down = 0
        up_cost = down_cost = 0
        for mover in reversed(self._movers):
            # what the movers after this one can add and take away
            highest = self._residual_load + (min(down, self._budget // down_cost) if down_cost else down)
            lowest = self._residual_load - (min(up, self._budget // up_cost) if up_cost else up)
            windows.append((lowest, highest))
            if mover.sign > 0:
                up += mover.most
                up_cost = mover.cost
            else:
                down += mover.off or mover.most
                down_cost = mover.cost
        windows.reverse()
        return windows

    def _step(self, states: States, mover: Mover) -> States:
        """The states with one more unit that may move."""
        if mover.sign > 0:
            moved = self._better(NO_STATES, states, mover.least, mover.cost * mover.least)
            moved = self._spread(moved, mover.most - mover.least, mover.cost, 1)
            return self._better(states, moved, 0, 0)
        moved = self._spread(states, mover.most, mover.cost, -1)
        if mover.off:
            moved = self._better(moved, states, -mover.off, mover.cost * mover.off)
        return moved

    def _spread(self, states: States, reach: int, cost: int, sign: int) -> States:
        """Every state moved by 0 to ``reach`` as well, each tenth at a cost; by doubling."""
        covered = 1
        while covered <= reach:
            step = min(covered, reach + 1 - covered)
            if cost * step > self._budget:
                break
            states = self._better(states, states, sign * step, cost * step)
            covered += step
        return states

    def _better(self, stay: States, move: States, by: int, cost: int) -> States:
        """For each sum the better of two: stay there, or come there by a move at a cost.

        With ``ahead`` = what the move leaves minus what staying leaves, the better of the two is staying plus
        ``ahead`` where that is positive. A guard bit above each field keeps the subtractions apart and says
        where it is.
        """
        width = self._width
        move_lowest = move.lowest + by
        lowest = min(stay.lowest, move_lowest)
        fields = max(stay.lowest + stay.fields, move_lowest + move.fields) - lowest
        staying = stay.packed << width * (stay.lowest - lowest)
        moving = move.packed << width * (move_lowest - lowest)
        ones = self._ones_of(fields)
        guards = ones << width - 1
        ahead = (moving | guards) - (staying + cost * ones)
        positive = ahead & guards
        return States(staying + (ahead & positive - (positive >> width - 1)), lowest, fields)

    def _ones_of(self, fields: int) -> int:
        """A one in each of so many fields."""
        while self._ones_fields < fields:
            self._ones |= self._ones << self._width * self._ones_fields
            self._ones_fields *= 2
        return self._ones & (1 << self._width * fields) - 1

    def _trim(self, states: States, lowest: int, highest: int) -> States:
        """The states inside a window of sums."""
        packed, first, fields = states
        if highest < first + fields - 1:
            fields = max(0, highest - first + 1)
            packed &= (1 << self._width * fields) - 1
        if lowest > first:
            packed >>= self._width * (lowest - first)
            fields = max(0, fields - (lowest - first))
            first = lowest
        return States(packed, first, fields)

    def _field(self, states: States, move: int) -> int:
        """What is left of the budget, plus one, where the moves sum to ``move``; 0 where they cannot."""
        place = move - states.lowest
        if not 0 <= place < states.fields:
            return 0
        return states.packed >> self._width * place & (1 << self._width) - 1

    def _walk_back(self, kept: list[States]) -> list[bool]:
        """Which units are committed in the plan whose moves sum to the residual load."""
        committed = self._default_on[:]
        move = self._residual_load
        for mover, before, after in zip(reversed(self._movers), reversed(kept[:-1]), reversed(kept[1:]), strict=True):
            credit = self._field(after, move)
            if self._field(before, move) == credit:
                continue
            if mover.off and self._field(before, move + mover.off) == credit + mover.cost * mover.off:
                committed[mover.position] = False
                move += mover.off
                continue
            made = next(
                made
                for made in range(mover.least, mover.most + 1)
                if self._field(before, move - mover.sign * made) == credit + mover.cost * made
            )
            committed[mover.position] = True
            move -= mover.sign * made
        return committed
