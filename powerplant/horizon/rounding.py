"""A commitment from the linear relaxation, in which plants can be on in part: a threshold decides which are on."""

from __future__ import annotations

from collections.abc import Sequence

from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.plan import runs_and_rests


def rounded(
    instance: HorizonInstance, relaxed: Sequence[Sequence[float]], threshold: float
) -> tuple[tuple[int, ...], ...]:
    """Which plants run in which periods: those of which more than the threshold is on; O(plants × periods).

    A rest that is shorter than the minimum down time becomes a run. A run that is shorter than the minimum up time
    becomes longer. Outages can prevent both. The result may still break a rule.
    """
    return tuple(
        [
            _repaired(plant, [int(value > threshold) for value in row])
            for plant, row in zip(instance.plants, relaxed, strict=True)
        ]
    )


def _repaired(plant: Plant, on: list[int]) -> tuple[int, ...]:
    for rest in [spell for spell in runs_and_rests(on) if not on[spell.start]]:
        is_inside = rest.start > 0 and rest.stop < len(on)
        if is_inside and len(rest) < plant.down_time and all(plant.can_run[t] for t in rest):
            on[rest.start : rest.stop] = [1] * len(rest)
    for run in [spell for spell in runs_and_rests(on) if on[spell.start]]:
        if run.start == 0 and (plant.initial is None or plant.initial.on):
            continue  # it began before
        for t in range(run.stop, min(run.start + plant.up_time, len(on))):
            if not plant.can_run[t]:
                break
            on[t] = 1
    return tuple(on)
