"""The guarantee: a dynamic programme over the deviations from a relaxation, as wide as a budget allows.

The plans within a **budget** of a relaxation's bound are those whose moves (:mod:`powerplant.merit_order.movers`) cost
no more than the budget. They are found by a dynamic programme over the **imbalance**, the sum of the moves less the
residual load, which has to end at 0: mover after mover, from the cheapest moves outward (the core around the break item
of Pisinger's MINKNAP). What is out of balance must be made up by dearer moves, at a known cost at least, so that the
imbalances worth keeping stay in a narrow **window**.

**Stages.** Each mover's turn is a stage. Its states are fields of one ``int`` (:mod:`powerplant.merit_order.fields`): a
field holds what is left of the budget, plus one; 0 says that the imbalance cannot be reached within it. Where the
relaxation has a row, there are such states for each sum of weights.

**Coarse first.** Costs are first rounded down to a few bits, which makes the fields narrow. What the coarse programme
does not reach cannot be reached; what it reaches costs what it says, or a little more. So the plans that it leaves
open are walked back with their exact costs. Most often they are few; where they are not, the programme is run again
without rounding, with a budget that is just below the best plan found so.

**Lattice.** Where all that jumps does so by multiples of a divisor and only a few can slide, the latter go first.
From then on only the imbalances on the divisor can still end at 0, and the states shrink to those.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, inf
from typing import Any, NamedTuple

from powerplant.merit_order.deadline import Deadline, TooLarge
from powerplant.merit_order.fields import NO_STATES, STATE_BITS, Fields, Reader, States
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.movers import Deviations, Mover
from powerplant.merit_order.relaxation import Relaxation

KEPT_BITS = 1 << 30
"""How much of the states is kept for walking back; beyond it only each second, fourth, ... is, and the rest redone."""

EDGE = 8
"""What part of the states is looked at, at each end, to see whether it can go."""

COARSE_BITS = 10
"""To so many bits the budget is rounded at first."""

MOST_LOOKS = 3_000
"""Where more states than this have to be looked at to tell the plans apart that rounding leaves open, it is undone."""

FIRST_MOVERS = 12
"""The first budget is what it takes to let so many units move."""

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


class Found(NamedTuple):
    """A plan: its commitment, and what its moves cost."""

    committed: list[bool]
    cost: int


class Core:
    """The plans around one relaxation of one fleet, the cheapest budgets first."""

    def __init__(self, merit_order: MeritOrder, relaxation: Relaxation, load: int, deadline: Deadline) -> None:
        self._deviations = Deviations(merit_order.units, relaxation, load, deadline)
        self._relaxation = relaxation
        self._deadline = deadline
        self._entries = sorted(mover.entry for mover in self._deviations.movers)

    def first_budget(self) -> int:
        """The budget with which a few units can move; above 0."""
        return next((entry for entry in self._entries[FIRST_MOVERS - 1 :] if entry > 0), 1)

    def best_within(self, budget: int) -> list[bool] | None:
        """The commitment of the cheapest plan that costs at most the relaxation's bound plus a budget.

        Where no plan is that cheap, it may be that of a dearer one, or ``None``. Time and memory grow with the number
        of movers and with the window; O(units * load) fields at the most, times the sums of weights where there is a
        row.

        Raises:
            TimeLimitPassed: the deadline came first.
            TooLarge: the states would not fit into memory.
        """
        coarseness = max(0, budget.bit_length() - COARSE_BITS)
        found, all_seen = self._run(budget, coarseness).walk_back()
        if not all_seen:
            if found is not None:
                budget = min(budget, found.cost - 1)
            exact, _ = self._run(budget, 0).walk_back()
            found = exact or found
        return found.committed if found else None

    def _run(self, budget: int, coarseness: int) -> _CoreProgramme:
        return _CoreProgramme(self._deviations, self._relaxation, budget, coarseness, self._deadline)


class _Place(NamedTuple):
    """Where a walk back stands before a stage.

    Attributes:
        weight, imbalance: the state.
        spent: on the stages behind it, exactly.
        jumped: the movers that have jumped there, as a chain.
    """

    weight: int
    imbalance: int
    spent: int
    jumped: tuple[Mover, Any] | None


class _Undecided(Exception):
    """Rounded costs leave too much open to tell which plan is the cheapest."""


class _CoreProgramme:
    """One run with one budget: movers, then windows, then stage by stage forward, and back."""

    def __init__(
        self, deviations: Deviations, relaxation: Relaxation, budget: int, coarseness: int, deadline: Deadline
    ) -> None:
        self._deadline = deadline
        self._deviations = deviations
        self._budget = budget
        self._coarseness = coarseness
        self._charge = relaxation.charge
        self._room = self._lightest = self._heaviest = (
            0  # what the row leaves beyond the defaults: paid for, and at all
        )
        if relaxation.row and relaxation.charge:
            self._room = relaxation.row.limit(relaxation.charge) - deviations.weight
            self._lightest, self._heaviest = (limit - deviations.weight for limit in relaxation.row[:1:-1])
        self._fields = Fields(budget >> coarseness, deadline)
        self._movers = self._find_movers()
        self._divisor, self._lattice_from = self._find_lattice()
        self._windows = self._find_windows()
        start = {0: States((budget >> coarseness) + 1, -deviations.residual_load, 1)}
        self._kept = {0: start if self._lattice_from else self._on_lattice(start)}
        self._last = self._stepped_to(len(self._movers))

    def _find_movers(self) -> list[Mover]:
        """What can move within the budget."""
        return [
            mover if mover.jump_cost <= self._budget else mover._replace(jump=0, weight=0)
            for mover in self._deviations.movers
            if mover.entry <= self._budget
        ]

    def _find_lattice(self) -> tuple[int, int]:
        """The divisor of all jumps once the movers that slide are done with, and the stage from which on it counts.

        Sliders go first, where they are few and there is a divisor.
        """
        sliders = [mover for mover in self._movers if mover.slide]
        jumpers = [mover for mover in self._movers if not mover.slide]
        divisor = gcd(*(mover.jump for mover in jumpers))
        if divisor <= 1 or len(sliders) * FEW_SLIDERS > len(self._movers):
            return 1, len(self._movers)
        self._movers = sliders + jumpers
        return divisor, len(sliders)

    def _find_windows(self) -> list[Window]:
        """For each stage what the later movers can still make up within the budget."""
        lightest, heaviest = self._lightest, self._heaviest
        if self._charge > 0:
            lightest = max(lightest, self._room - self._budget // self._charge)
        elif self._charge < 0:
            heaviest = min(heaviest, self._room + self._budget // -self._charge)
        windows = []
        up = down = up_rate = down_rate = heavier = lighter = 0
        for mover in reversed(self._movers):
            windows.append(
                Window(
                    -(min(up, self._budget // up_rate) if up_rate else up),
                    min(down, self._budget // down_rate) if down_rate else down,
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
        window, unit = self._windows[stage], self._divisor if stage >= self._lattice_from else 1
        worth_keeping = {}
        for weight, after in self._moved(states, self._movers[stage], unit).items():
            if window.lightest <= weight <= window.heaviest:
                trimmed = self._trim(after, window, unit)
                if trimmed.packed:
                    worth_keeping[weight] = trimmed
        return self._on_lattice(worth_keeping) if stage + 1 == self._lattice_from else worth_keeping

    def _on_lattice(self, states: dict[int, States]) -> dict[int, States]:
        """Only the states that the movers to come, which move by multiples of the divisor, can bring into balance."""
        if self._divisor == 1:
            return states
        on_lattice = {weight: self._fields.every(before, self._divisor) for weight, before in states.items()}
        return {weight: before for weight, before in on_lattice.items() if before.packed}

    def _moved(self, states: dict[int, States], mover: Mover, unit: int) -> dict[int, States]:
        """The states with one mover more."""
        better, jump, jump_cost = self._fields.better, mover.jump // unit, mover.jump_cost >> self._coarseness
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
            reach = min(reach, self._budget // cost)
        covered = 1
        while covered <= reach:
            self._deadline.check()
            by = min(covered, reach + 1 - covered)
            states = self._fields.better(states, states, by if mover.slide > 0 else -by, cost * by >> self._coarseness)
            covered += by
        return states

    def _trim(self, states: States, window: Window, unit: int) -> States:
        """The states inside a window, and of those at its edges only what can afford the way back."""
        packed, lowest, fields = states
        highest, window_lowest = window.highest // unit, -(-window.lowest // unit)
        if highest < lowest + fields - 1:
            fields = max(0, highest - lowest + 1)
            packed = self._fields.first(packed, fields)
        if window_lowest > lowest:
            packed = self._fields.after(packed, window_lowest - lowest)
            fields = max(0, fields - (window_lowest - lowest))
            lowest = window_lowest
        # What is far out of balance must come back. An edge of an eighth goes where not one of its states can afford
        # even the shortest way back from it: looking at an eighth is cheap, and often all goes.
        while (edge := fields // EDGE) > 1:
            way_back = (lowest + fields - edge) * unit * window.down_rate >> self._coarseness
            if way_back <= 0 or self._fields.any_above(packed, fields - edge, fields, way_back):
                break
            fields -= edge
            packed = self._fields.first(packed, fields)
        while (edge := fields // EDGE) > 1:
            way_back = -(lowest + edge - 1) * unit * window.up_rate >> self._coarseness
            if way_back <= 0 or self._fields.any_above(packed, 0, edge, way_back):
                break
            fields -= edge
            lowest += edge
            packed = self._fields.after(packed, edge)
        return States(packed, lowest, fields)

    def walk_back(self) -> tuple[Found | None, bool]:
        """A plan, if the states leave any open, and whether it is certain that none within the budget is cheaper.

        Straight back first, along the best states. Where costs were rounded, that plan need not be the cheapest, and
        may cost more than the budget; but it tells what the others must not cost.
        """
        places = [_Place(weight, 0, self._charge * (self._room - weight), None) for weight in self._last]
        at_end = _Readers(self._fields, self._last)
        ends = [
            end
            for end in places
            if self._lightest <= end.weight <= self._heaviest and self._least(at_end, end) <= self._budget
        ]
        if not ends:
            return None, True
        straight = None
        try:
            straight = self._walk_straight(min(ends, key=lambda end: self._least(at_end, end)))
            if not self._coarseness:
                return straight, True
            return self._walk_wide(ends, min(self._budget, straight.cost - 1)) or straight, True
        except _Undecided:
            return straight, False

    def _walk_straight(self, place: _Place) -> Found:
        """The plan at which one comes out by always going back to the best state; in exact costs, the cheapest.

        Raises:
            _Undecided: there are too many states to look at, or what was rounded off exceeds the budget.
        """
        least: float = 0
        looks = 0
        for stage in range(len(self._movers) - 1, -1, -1):
            readers = _Readers(self._fields, self._before(stage))
            best = None
            for before in self._ways_back(readers, place, stage):
                looks += 1
                if self._coarseness and looks > MOST_LOOKS:
                    raise _Undecided
                if not looks & 1023:
                    self._deadline.check()
                at_least = self._least(readers, before)
                if best is None or at_least < best[0]:
                    best = at_least, before
                    if at_least <= least:  # no way back is better than the state that it leads to
                        break
            if best is None or best[0] == inf:
                raise _Undecided
            least, place = best
        return self._found(place)

    def _walk_wide(self, ends: list[_Place], limit: int) -> Found | None:
        """The cheapest plan of all that may cost up to a limit; the cheapest way alone to each state is kept.

        Raises:
            _Undecided: there are too many states to look at.
        """
        places = ends
        looks = 0
        for stage in range(len(self._movers) - 1, -1, -1):
            self._deadline.check()
            readers = _Readers(self._fields, self._before(stage))
            cheapest: dict[tuple[int, int], _Place] = {}
            for place in places:
                for before in self._ways_back(readers, place, stage):
                    looks += 1
                    if looks > MOST_LOOKS:
                        raise _Undecided
                    known = cheapest.get(before[:2])
                    if (known is None or before.spent < known.spent) and self._least(readers, before) <= limit:
                        cheapest[before[:2]] = before
            places = list(cheapest.values())
        return min(map(self._found, places), key=lambda found: found.cost, default=None)

    def _ways_back(self, readers: _Readers, after: _Place, stage: int) -> Iterator[_Place]:
        """The places before a stage from which its mover can lead to one after it: staying or jumping, and sliding."""
        weight, imbalance, spent, jumped = after
        mover, unit = self._movers[stage], self._divisor if stage >= self._lattice_from else 1
        if stage + 1 == self._lattice_from:
            imbalance *= self._divisor
        stays = _Place(weight, imbalance, spent, jumped)
        yield from self._slid_back(readers, stays, mover) if mover.on else (stays,)
        if mover.jump:
            back = imbalance - mover.jump // unit
            jumps = _Place(weight - mover.weight, back, spent + mover.jump_cost, (mover, jumped))
            yield from (jumps,) if mover.on else self._slid_back(readers, jumps, mover)

    def _slid_back(self, readers: _Readers, place: _Place, mover: Mover) -> Iterator[_Place]:
        """A place, and those from which a slide leads to it, as far as there are states and the budget goes."""
        direction, count = 1 if mover.slide > 0 else -1, abs(mover.slide)
        lowest, highest = readers.range_of(place.weight)
        first = max(0, place.imbalance - highest if direction > 0 else lowest - place.imbalance)
        count = min(count, place.imbalance - lowest if direction > 0 else highest - place.imbalance)
        if mover.slide_cost:
            count = min(count, max(0, self._budget - place.spent) // mover.slide_cost)
        for slide in range(first, count + 1):
            imbalance, spent = place.imbalance - direction * slide, place.spent + slide * mover.slide_cost
            yield _Place(place.weight, imbalance, spent, place.jumped)

    def _least(self, readers: _Readers, place: _Place) -> float:
        """What a plan costs at least that comes through a place; infinite where none does."""
        credit = readers.at(place.weight, place.imbalance)
        if not credit:
            return inf
        return place.spent + ((self._budget >> self._coarseness) + 1 - credit << self._coarseness)

    def _before(self, stage: int) -> dict[int, States]:
        """The states before a stage: kept, or stepped to again from the last ones that were."""
        if stage not in self._kept:
            while next(reversed(self._kept)) > stage:
                self._kept.popitem()
            return self._stepped_to(stage)
        return self._kept[stage]

    def _found(self, place: _Place) -> Found:
        """The plan of a walk that has come to its end."""
        movers, jumped = [], place.jumped
        while jumped:
            mover, jumped = jumped
            movers.append(mover)
        return Found(self._deviations.commitment(movers), place.spent)


class _Readers:
    """Looks at single states of a stage; what it takes to do so quickly is made for the sums of weights looked at."""

    def __init__(self, fields: Fields, states: dict[int, States]) -> None:
        self._fields = fields
        self._states = states
        self._readers: dict[int, Reader] = {}

    def range_of(self, weight: int) -> tuple[int, int]:
        """The lowest and the highest imbalance for which there are states."""
        _, lowest, fields = self._states.get(weight, NO_STATES)
        return lowest, lowest + fields - 1

    def at(self, weight: int, imbalance: int) -> int:
        """What is left of the budget, plus one; 0 where a state is not reached."""
        reader = self._readers.get(weight)
        if reader is None:
            if weight not in self._states:
                return 0
            reader = self._readers[weight] = Reader(self._fields, self._states[weight])
        return reader.at(imbalance)


def _bits(states: dict[int, States]) -> int:
    return sum(after.packed.bit_length() for after in states.values())
