"""Identical plants: the model counts how many of them are on.

If no ramp binds, a plan for counts can be split into one for each plant: the plant that has run longest stops first. So
plants are in one group if they have the same data and the same state before, and no ramps that bind. Every other plant
is a group of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import NamedTuple

import numpy as np

from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.program import Array


class Groups(NamedTuple):
    """Groups of identical plants.

    Attributes:
        members: the plants of each group, as indices in payload order.
    """

    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, instance: HorizonInstance) -> Groups:
        """The groups of a horizon; O(plants × periods)."""
        found: dict[object, list[int]] = {}
        for i, plant in enumerate(instance.plants):
            found.setdefault(plant._replace(name="") if _splits(plant) else i, []).append(i)
        return cls(tuple(map(tuple, found.values())))

    @classmethod
    def alone(cls, instance: HorizonInstance) -> Groups:
        """Each plant alone."""
        return cls(tuple([(i,) for i in range(len(instance.plants))]))

    def counts(self, rows: Array) -> Array:
        """The sum over the plants of each group, from a row for each plant."""
        rows = np.asarray(rows, dtype=float)
        return np.array([rows[list(group)].sum(axis=0) for group in self.members]).reshape(
            len(self.members), rows.shape[-1]
        )

    def spread(self, counts: Array) -> Array:
        """How much of each plant is on, from counts that need not be whole; the first plants of a group come first."""
        rows = np.zeros((sum(map(len, self.members)), counts.shape[1]))
        for group, count in zip(self.members, counts, strict=True):
            for place, i in enumerate(group):
                rows[i] = np.clip(count - place, 0.0, 1.0)
        return rows

    def split(
        self, instance: HorizonInstance, on: Sequence[Sequence[int]], above: Sequence[Sequence[int]]
    ) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
        """For each plant, in which periods it is on, and its outputs in steps.

        Args:
            instance: the horizon.
            on: how many plants of each group are on.
            above: the steps that they give above their least.
        """
        rows: list[tuple[int, ...]] = [()] * len(instance.plants)
        outputs: list[tuple[int, ...]] = [()] * len(instance.plants)
        for group, counts, steps in zip(self.members, on, above, strict=True):
            plant = instance.plants[group[0]]
            if len(group) == 1:
                rows[group[0]] = tuple(counts)
                given = zip(counts, plant.least, steps, strict=True)
                outputs[group[0]] = tuple([least + more if is_on else 0 for is_on, least, more in given])
                continue
            commitment = _commitments(plant, len(group), counts, instance.hours)
            for i, row, output in zip(group, commitment, _outputs(plant, commitment, steps), strict=True):
                rows[i], outputs[i] = tuple(row), tuple(output)
        return tuple(rows), tuple(outputs)


def _splits(plant: Plant) -> bool:
    """Whether each plan for counts of such plants can be split into a plan for each of them."""
    initial = plant.initial
    highest = max(*plant.most, 0 if initial is None else initial.p)
    if any(ramp is not None and ramp < highest for ramp in (plant.ramp_up, plant.ramp_down)):
        return False
    # A plant that starts and stops after one period has both limits: the model of a count would not know which it is.
    return plant.up_time > 1 or plant.startup is None or plant.shutdown is None


def _commitments(plant: Plant, size: int, counts: Sequence[int], hours: Fraction) -> list[list[int]]:
    """In which periods each of some identical plants is on.

    The one that has run longest stops first. Of those whose start is cheapest the one that has rested longest starts.
    """
    initial = plant.initial
    was_on = counts[0] if initial is None else size if initial.on else 0
    since = [-plant.up_time if k < was_on else -plant.down_time for k in range(size)]  # the period of the last change
    is_on = [k < was_on for k in range(size)]
    rows: list[list[int]] = [[] for _ in range(size)]
    before = None if initial is None else initial.hours
    changed = [False] * size

    def price(k: int, t: int) -> tuple[Fraction, int]:
        off = (t - since[k]) * hours if changed[k] else None if before is None else before + t * hours
        return plant.start_cost(off), since[k]

    for t, count in enumerate(counts):
        running = [k for k in range(size) if is_on[k]]
        for k in sorted(running, key=lambda k: since[k])[: max(0, len(running) - count)]:
            is_on[k], since[k], changed[k] = False, t, True
        ready = [k for k in range(size) if not is_on[k] and t - since[k] >= plant.down_time]
        for k in sorted(ready, key=lambda k: price(k, t))[: max(0, count - len(running))]:
            is_on[k], since[k], changed[k] = True, t, True
        for k in range(size):
            rows[k].append(int(is_on[k]))
    return rows


def _outputs(plant: Plant, rows: list[list[int]], above: Sequence[int]) -> list[list[int]]:
    """The output of each of some identical plants: all fill one piece of the cost curve before the next one."""
    outputs = [[0] * len(above) for _ in rows]
    points = [floor(step) for step, _ in plant.curve] if len(plant.curve) > 1 else []
    for t, steps in enumerate(above):
        running = [k for k, row in enumerate(rows) if row[t]]
        highest = {k: _most(plant, rows[k], t) for k in running}
        for k in running:
            outputs[k][t] = plant.least[t]
        left = steps
        for top in [*(end for _, end in pairwise(points)), plant.most[t]]:
            for k in running:
                more = max(0, min(left, min(top, highest[k]) - outputs[k][t]))
                outputs[k][t] += more
                left -= more
    return outputs


def _most(plant: Plant, row: list[int], t: int) -> int:
    """The most steps of a plant in a period, also after a start and before a stop."""
    most = plant.most[t]
    was_on = row[t - 1] if t else plant.initial is None or plant.initial.on
    if plant.startup is not None and not was_on:
        most = min(most, plant.startup[t])
    if plant.shutdown is not None and t + 1 < len(row) and not row[t + 1] and plant.can_run[t + 1]:
        most = min(most, plant.shutdown[t])
    return most
