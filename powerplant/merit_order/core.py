"""The guarantee: a dynamic programme over the deviations from a relaxation, as wide as a budget allows.

A relaxation (:mod:`powerplant.merit_order.relaxation`) lets each unit stand where it is best at the multipliers: its
**default**, off or at maximum. What another choice costs more is its deviation cost, never below 0, and a plan is a
choice of moves away from the defaults that together make up the residual load. So the plans within a **budget** of
the bound are those whose moves cost no more than the budget, and they are found by a dynamic programme over the
sum of the moves, unit after unit, from the cheapest moves outward (the core around the break item of Pisinger's
MINKNAP): what the sum still lacks must be made up by dearer moves, at a known cost at least, so that the sums worth
keeping stay in a narrow window.

The states of one step are fields of one ``int``, and a step is a handful of operations on whole integers (Lamport
1975, multiple byte processing). A field holds what is left of the budget, plus one; 0 says that the sum cannot be
reached within it. Shifts fill up with zeros, so nothing has to be guarded at the edges. Where the relaxation has
a row, there are such states for each sum of weights.
"""

from __future__ import annotations

from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.relaxation import Relaxation


class Mover(NamedTuple):
    """A unit that may leave its default within the budget: by a jump, by a slide, or by a jump and a slide from there.

    Attributes:
        position: of the unit.
        jump: the move that switches it on (to the limit that is dearest to leave) or off; 0 where it cannot be
            switched within the budget.
        jump_cost: what that costs.
        weight: what the jump adds to the sum of weights.
        slide: how far it can be moved inside its range from where it is when on, upward or (negative) downward.
        slide_cost: of each tenth of a MW.
        rate: the least that any of its moves costs for each tenth of a MW, rounded down.
    """

    position: int
    jump: int
    jump_cost: int
    weight: int
    slide: int
    slide_cost: int
    rate: int


class States(NamedTuple):
    """What is left of the budget for each sum of moves from ``lowest`` on, packed in fields."""

    packed: int
    lowest: int
    fields: int


NO_STATES = States(0, 0, 0)


def best_within(
    merit_order: MeritOrder, relaxation: Relaxation, load: int, budget: int, deadline: Deadline
) -> list[bool] | None:
    """The commitment of the cheapest plan that costs at most the relaxation's bound plus a budget.

    Args:
        merit_order: of the fleet.
        relaxation: whose bound is the closer, the cheaper.
        load: in tenths of a MW.
        budget: in the relaxation's scale.
        deadline: of the whole solve.

    Returns:
        ``None`` if no plan is that cheap.

    Raises:
        TimeLimitPassed: the deadline came first.
    """
    return _CoreProgramme(merit_order, relaxation, load, budget, deadline).run()


class Window(NamedTuple):
    """The sums of moves and of weights that are worth keeping after a step."""

    lowest: int
    highest: int
    lightest: int
    heaviest: int


class _CoreProgramme:
    def __init__(
        self, merit_order: MeritOrder, relaxation: Relaxation, load: int, budget: int, deadline: Deadline
    ) -> None:
        self._deadline = deadline
        self._budget = budget
        self._width = (budget + 1).bit_length() + 2
        self._ones = 1
        self._ones_fields = 1
        self._default_on = [False] * len(merit_order.units)
        self._residual_load = load
        row = relaxation.row if relaxation.charge else None
        self._charge = relaxation.charge
        self._room = row.limit if row else 0
        self._weights = row.weights if row else [0] * len(merit_order.units)
        self._movers = self._find_movers(merit_order, relaxation)

    def _find_movers(self, merit_order: MeritOrder, relaxation: Relaxation) -> list[Mover]:
        """Give every unit its default, and find those that can leave it within the budget, cheapest moves first."""
        budget, price, scale = self._budget, relaxation.price, relaxation.scale
        movers = []
        for position, (marginal_cost, least, most) in enumerate(merit_order.units):
            if not most:
                continue
            slope, weight = marginal_cost * scale - price, self._weights[position]
            least = max(least, 1)
            cost_at_most = slope * most + relaxation.charge * weight
            slide = least - most if slope < 0 else most - least
            if cost_at_most < 0:
                self._default_on[position] = True
                self._residual_load -= most
                self._room -= weight
                jump, jump_cost, weight = -most, -cost_at_most, -weight
                rate = min(jump_cost // most, -slope) if slide else jump_cost // most
            else:
                jump = most if slope < 0 else least
                jump_cost = slope * jump + relaxation.charge * weight
                rate = cost_at_most // most
            if jump_cost > budget:
                jump = 0
            if jump or (slide and self._default_on[position]):
                movers.append(Mover(position, jump, jump_cost, weight, slide, abs(slope), rate))
        movers.sort(key=lambda mover: mover.rate)
        return movers

    def run(self) -> list[bool] | None:
        """Step through the movers, and walk back from the best end."""
        states = {0: States(self._budget + 1, 0, 1)}
        kept = [states]
        for mover, window in zip(self._movers, self._windows(), strict=True):
            self._deadline.check()
            stepped = self._step(states, mover)
            states = {}
            for weight, after in stepped.items():
                if window.lightest <= weight <= window.heaviest:
                    trimmed = self._trim(after, window)
                    if trimmed.packed:
                        states[weight] = trimmed
            if not states:
                return None
            kept.append(states)
        return self._walk_back(kept)

    def _windows(self) -> list[Window]:
        """For each step the sums that the later movers can still make up within the budget."""
        windows = []
        up = down = up_rate = down_rate = heavier = lighter = 0
        most_slack = self._budget // self._charge if self._charge else 0
        for mover in reversed(self._movers):
            affordable_up = min(up, self._budget // up_rate) if up_rate else up
            affordable_down = min(down, self._budget // down_rate) if down_rate else down
            windows.append(
                Window(
                    self._residual_load - affordable_up,
                    self._residual_load + affordable_down,
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

    def _step(self, states: dict[int, States], mover: Mover) -> dict[int, States]:
        """The states with one more unit that may move."""
        stepped: dict[int, States] = {}
        for weight, before in states.items():
            self._deadline.check()
            stayed = before if mover.jump > 0 else self._slid(before, mover)
            stepped[weight] = self._better(stepped.get(weight, NO_STATES), stayed, 0, 0)
            if mover.jump:
                jumped = self._better(NO_STATES, before, mover.jump, mover.jump_cost)
                if mover.jump > 0:
                    jumped = self._slid(jumped, mover)
                switched = weight + mover.weight
                stepped[switched] = self._better(stepped.get(switched, NO_STATES), jumped, 0, 0)
        return stepped

    def _slid(self, states: States, mover: Mover) -> States:
        """Every state moved by up to the mover's slide as well, each tenth at its cost; by doubling."""
        reach, cost = abs(mover.slide), mover.slide_cost
        covered = 1
        while covered <= reach and cost <= self._budget:
            step = min(covered, reach + 1 - covered, self._budget // cost if cost else reach)
            states = self._better(states, states, step if mover.slide > 0 else -step, cost * step)
            if step < covered:
                break
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
        if not stay.fields:
            if not cost:
                return States(move.packed, move_lowest, move.fields)
            stay = States(0, move_lowest, 0)
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

    def _trim(self, states: States, window: Window) -> States:
        """The states inside a window of sums."""
        packed, first, fields = states
        lowest, highest = window.lowest, window.highest
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

    def _walk_back(self, kept: list[dict[int, States]]) -> list[bool] | None:
        """Which units are committed in the best plan; ``None`` if no end is within the budget."""
        ends = {
            weight: self._field(states, self._residual_load) - self._charge * (self._room - weight)
            for weight, states in kept[-1].items()
            if weight <= self._room
        }
        weight = max(ends, key=ends.__getitem__, default=0)
        if ends.get(weight, 0) <= 0:
            return None
        committed = self._default_on[:]
        move = self._residual_load
        steps = zip(reversed(self._movers), reversed(kept[:-1]), reversed(kept[1:]), strict=True)
        for mover, before, after in steps:
            credit = self._field(after[weight], move)
            slide = self._slide_from(before.get(weight, NO_STATES), move, credit, mover) if mover.jump <= 0 else 0
            stayed = before.get(weight, NO_STATES)
            if slide is not None and self._field(stayed, move - slide) == credit + abs(slide) * mover.slide_cost:
                move -= slide
                continue
            committed[mover.position] = mover.jump > 0
            weight -= mover.weight
            credit += mover.jump_cost
            if mover.jump > 0:
                slide = self._slide_from(before[weight], move - mover.jump, credit, mover)
                assert slide is not None, "a state that was reached was reached from somewhere"
                move -= slide
            move -= mover.jump
        return committed

    def _slide_from(self, before: States, move: int, credit: int, mover: Mover) -> int | None:
        """How far a mover slid to come to a sum with so much left of the budget; ``None`` if it did not slide."""
        direction = 1 if mover.slide > 0 else -1
        for slide in range(abs(mover.slide) + 1):
            if self._field(before, move - direction * slide) == credit + slide * mover.slide_cost:
                return direction * slide
        return None
