"""The guarantee: a dynamic programme over the deviations from a relaxation, as wide as a budget allows.

The plans within a **budget** of a relaxation's bound are those whose moves (:mod:`powerplant.merit_order.movers`) cost
no more than the budget. A dynamic programme (:mod:`powerplant.merit_order.stages`) goes through the moves, from the
cheapest outward (the core around the break item of Pisinger's MINKNAP), and its states are walked back to the plan.

**Coarse, then exact.** Costs are first rounded down to a few bits, which makes the states small. What the coarse
programme does not reach cannot be reached; what it reaches costs what it says, or a little more. So the plans that it
leaves open are walked back with their exact costs. Most often they are few; where they are not, the programme is run
again without rounding, with a budget that is just below the best plan found so.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any, NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fields import NO_STATES, Fields, Reader, States
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.movers import Deviations, Mover
from powerplant.merit_order.relaxation import Relaxation
from powerplant.merit_order.stages import Stages

COARSE_BITS = 10
"""To so many bits the budget is rounded at first."""

MOST_LOOKS = 3_000
"""Where more states than this have to be looked at to tell the plans apart that rounding leaves open, it is undone."""

FIRST_MOVERS = 12
"""The first budget is what it takes to let so many units move."""


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

    def plans_within(self, budget: int) -> Iterator[list[bool]]:
        """Commitments with plans; one is the cheapest of all that cost at most the relaxation's bound plus a budget.

        Where no plan is that cheap, it may be that of a dearer one, or there is none. Time and memory grow with the
        number of movers and with the window; O(units * load) fields at the most, times the sums of weights where there
        is a row.

        Raises:
            TimeLimitPassed: the deadline came first.
            TooLarge: the states would not fit into memory.
        """
        coarseness = max(0, budget.bit_length() - COARSE_BITS)
        found, is_certain = self._walk(budget, coarseness)
        if found is not None:
            yield found.committed
            budget = min(budget, found.cost - 1)
        if not is_certain:
            found, _ = self._walk(budget, 0)
            if found is not None:
                yield found.committed

    def _walk(self, budget: int, coarseness: int) -> tuple[_Found | None, bool]:
        stages = Stages(self._deviations, self._relaxation, budget, coarseness, self._deadline)
        return _WalkBack(stages, self._deadline).run()


class _Found(NamedTuple):
    """A plan: its commitment, and what its moves cost."""

    committed: list[bool]
    cost: int


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


class _WalkBack:
    """From the end of the stages back to the plan."""

    def __init__(self, stages: Stages, deadline: Deadline) -> None:
        self._stages = stages
        self._deadline = deadline

    def run(self) -> tuple[_Found | None, bool]:
        """A plan, if the states leave any open, and whether it is certain that none within the budget is cheaper.

        Straight back first, along the best states. Where costs were rounded, that plan need not be the cheapest, and
        may cost more than the budget; but it tells what the others must not cost.
        """
        places = [_Place(weight, 0, self._stages.slack_cost(weight), None) for weight in self._stages.last]
        at_end = _Readers(self._stages.fields, self._stages.last)
        ends = [
            end
            for end in places
            if self._stages.lightest <= end.weight <= self._stages.heaviest
            and self._least(at_end, end) <= self._stages.budget
        ]
        if not ends:
            return None, True
        straight = None
        try:
            straight = self._straight(min(ends, key=lambda end: self._least(at_end, end)))
            if not self._stages.coarseness:
                return straight, True
            return self._wide(ends, min(self._stages.budget, straight.cost - 1)) or straight, True
        except _Undecided:
            return straight, False

    def _straight(self, place: _Place) -> _Found:
        """The plan at which one comes out by always going back to the best state; in exact costs, the cheapest.

        Raises:
            _Undecided: there are too many states to look at, or what was rounded off exceeds the budget.
        """
        least: float = 0
        looks = 0
        for stage in range(len(self._stages.movers) - 1, -1, -1):
            readers = _Readers(self._stages.fields, self._stages.before(stage))
            best = None
            for before in self._ways_back(readers, place, stage):
                looks += 1
                if self._stages.coarseness and looks > MOST_LOOKS:
                    raise _Undecided
                if not looks & 1023:
                    self._deadline.check()
                at_least = self._least(readers, before)
                if best is None or at_least < best[0]:
                    best = at_least, before
                    if at_least <= least:  # no way back is better than the state that it leads to
                        break
            if best is None or best[0] == inf:
                assert self._stages.coarseness, "a state that was reached was reached from somewhere"
                raise _Undecided
            least, place = best
        return self._found(place)

    def _wide(self, ends: list[_Place], limit: int) -> _Found | None:
        """The cheapest plan of all that may cost up to a limit; the cheapest way alone to each state is kept.

        Raises:
            _Undecided: there are too many states to look at.
        """
        places = ends
        looks = 0
        for stage in range(len(self._stages.movers) - 1, -1, -1):
            self._deadline.check()
            readers = _Readers(self._stages.fields, self._stages.before(stage))
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
        mover = self._stages.movers[stage]
        if stage + 1 == self._stages.lattice_from:
            imbalance *= self._stages.divisor
        stays = _Place(weight, imbalance, spent, jumped)
        yield from self._slid_back(readers, stays, mover) if mover.on else (stays,)
        if mover.jump:
            back = imbalance - mover.jump // self._stages.unit(stage)
            jumps = _Place(weight - mover.weight, back, spent + mover.jump_cost, (mover, jumped))
            yield from (jumps,) if mover.on else self._slid_back(readers, jumps, mover)

    def _slid_back(self, readers: _Readers, place: _Place, mover: Mover) -> Iterator[_Place]:
        """A place, and those from which a slide leads to it, as far as there are states and the budget goes."""
        direction, count = 1 if mover.slide > 0 else -1, abs(mover.slide)
        lowest, highest = readers.range_of(place.weight)
        first = max(0, place.imbalance - highest if direction > 0 else lowest - place.imbalance)
        count = min(count, place.imbalance - lowest if direction > 0 else highest - place.imbalance)
        if mover.slide_cost:
            count = min(count, max(0, self._stages.budget - place.spent) // mover.slide_cost)
        for slide in range(first, count + 1):
            imbalance, spent = place.imbalance - direction * slide, place.spent + slide * mover.slide_cost
            yield _Place(place.weight, imbalance, spent, place.jumped)

    def _least(self, readers: _Readers, place: _Place) -> float:
        """What a plan costs at least that comes through a place; infinite where none does."""
        credit = readers.at(place.weight, place.imbalance)
        if not credit:
            return inf
        return place.spent + ((self._stages.budget >> self._stages.coarseness) + 1 - credit << self._stages.coarseness)

    def _found(self, place: _Place) -> _Found:
        """The plan of a walk that has come to its end."""
        movers, jumped = [], place.jumped
        while jumped:
            mover, jumped = jumped
            movers.append(mover)
        return _Found(self._stages.deviations.commitment(movers), place.spent)


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
