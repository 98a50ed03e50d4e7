"""What a plant or a storage can do alone, whatever the load."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from powerplant.horizon.instance import Plant, Storage

MOST_STATES = 20_000
"""Most energies of a storage, times its moves, that are followed."""


def must_be_on(plant: Plant) -> list[bool]:
    """For each period, whether the plant has to be on, because it must run.

    It may be off during its minimum down time. That began before the first period, or it begins with an outage, as if
    the plant had run until then.
    """
    free_from, excused = 0, None if plant.initial is None else plant.initial.excused
    if plant.initial is not None and not plant.initial.on:
        free_from = plant.initial.left if excused is None else excused
    bound = []
    for t, can in enumerate(plant.can_run):
        if not can and (plant.can_run[t - 1] if t else excused is None):
            free_from = max(free_from, t + plant.down_time)
        bound.append(plant.must_run[t] and t >= free_from)
    return bound


def has_schedule(plant: Plant) -> bool:
    """Whether a plant can follow all of its own rules, whatever the load.

    A plant that does not run before the first period, and never must run, can stay off. For another plant this follows
    the possible runs from period to period, with the outputs that each can reach; O(periods²) at most.
    """
    initial = plant.initial
    if not any(plant.must_run) and (initial is None or not initial.on):
        return True
    rest, runs = _before(plant)
    bound = must_be_on(plant)
    for t in range(len(plant.can_run)):
        rest, runs = _step(plant, t, rest, runs, must=bound[t])
        if not rest and not runs:
            return False
    return True


def runs_ever(plant: Plant) -> bool:
    """Whether its own data let a plant run in any period."""
    rest, runs = _before(plant)
    for t in range(len(plant.can_run)):
        rest, runs = _step(plant, t, rest, runs, must=False)
        if runs:
            return True
    return False


class _Run(NamedTuple):
    """A run so far: for how many more periods it must continue, and the least and most output that it can have."""

    still: int
    low: Fraction | int
    high: Fraction | int


_Rests = set[int]
"""For how many more periods each possible rest must continue."""


def _before(plant: Plant) -> tuple[_Rests, list[_Run]]:
    """The possible rests and runs before the first period."""
    initial = plant.initial
    if initial is None:
        return {0}, []  # a run that begins in the first period without limits is added there
    return (set(), [_Run(initial.left, initial.p, initial.p)]) if initial.on else ({initial.left}, [])


def _step(plant: Plant, t: int, rests: _Rests, runs: list[_Run], *, must: bool) -> tuple[_Rests, list[_Run]]:
    """The possible rests and runs after a period, from those before it."""
    low, high = plant.least[t], plant.most[t]
    if not plant.can_run[t]:  # an outage comes first
        return {max(0, left - 1) for left in rests} | ({max(0, plant.down_time - 1)} if runs else set()), []
    later: list[_Run] = []
    for run in runs:
        falls = plant.ramp_down is not None and not (high < (plant.most[t - 1] if t else run.low))
        bottom = max(low, ceil(run.low - plant.ramp_down)) if falls and plant.ramp_down is not None else low
        top = high if plant.ramp_up is None else min(high, floor(run.high + plant.ramp_up))
        if bottom <= top:
            later.append(_Run(max(0, run.still - 1), bottom, top))
    if any(left == 0 for left in rests):
        is_free = t == 0 and plant.initial is None
        limit = high if is_free or plant.startup is None else min(high, plant.startup[t])
        if low <= limit:
            later.append(_Run(0 if is_free else max(0, plant.up_time - 1), low, limit))
    if must:
        return set(), _distinct(later)
    rested = {max(0, left - 1) for left in rests}
    if any(run.still == 0 and _can_stop(plant, t, run) for run in runs):
        rested.add(max(0, plant.down_time - 1))
    return rested, _distinct(later)


def _can_stop(plant: Plant, t: int, run: _Run) -> bool:
    if t == 0:
        return plant.initial is None or plant.initial.can_stop
    return plant.shutdown is None or run.low <= plant.shutdown[t - 1]


def _distinct(runs: list[_Run]) -> list[_Run]:
    """Without runs that another one covers."""
    return [
        run
        for i, run in enumerate(runs)
        if not any(
            other.still <= run.still and other.low <= run.low and run.high <= other.high and (other != run or j < i)
            for j, other in enumerate(runs)
            if j != i
        )
    ]


def can_end(storage: Storage, periods: int) -> bool:
    """Whether a storage alone can hold at the end what it must.

    First it charges as much as it can. Near its upper limit this may not reach the best multiple of a step: then all
    energies that it can reach are followed. If these are too many, the answer is yes.
    """
    if storage.initial + periods * storage.charge_max * storage.charged < storage.final_min:
        return False
    energy = storage.initial
    for _ in range(periods):
        room = storage.energy_max - energy
        energy += min(storage.charge_max, floor(room / storage.charged)) * storage.charged
    if energy >= storage.final_min:
        return True
    energies = {storage.initial}
    moves = [k * storage.charged for k in range(storage.charge_max + 1)]
    moves += [-k * storage.discharged for k in range(1, storage.discharge_max + 1)]
    for _ in range(periods):
        if len(energies) * len(moves) > MOST_STATES:
            return True
        energies = {
            after
            for before in energies
            for move in moves
            if storage.energy_min <= (after := before + move) <= storage.energy_max
        }
        if any(each >= storage.final_min for each in energies):
            return True
    return False
