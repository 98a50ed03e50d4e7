"""Rules between the members of a plant or of a storage. Each member is valid by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from powerplant.decoding import pointer
from powerplant.errors import Fault
from powerplant.horizon.models import Initial, OverTime, PlantOverTime, Point, StartCost, StorageMembers
from powerplant.models import Fuels, PowerPlant

Place = tuple[str | int, ...]
"""Where a member is in the payload: keys and indices."""

CONVEX = 1e-9
"""A slope of a cost curve may be lower than the one before by this share."""


def faults_of_storage(storage: StorageMembers, path: Place) -> Iterator[Fault]:
    """Where a storage cannot hold what it must."""
    initial = storage.energy_min if storage.initial is None else storage.initial
    if storage.energy_min > storage.energy_max:
        yield Fault(pointer(*path, "energy_min"), "must not be above energy_max")
    elif not storage.energy_min <= initial <= storage.energy_max:
        limits = f"{storage.energy_min:g} to {storage.energy_max:g} MWh"
        yield Fault(pointer(*path, "initial"), f"must be within energy_min and energy_max, {limits}")
    if storage.final is not None and storage.final.min is not None and storage.final.min > storage.energy_max:
        yield Fault(pointer(*path, "final", "min"), "must not be above energy_max")


def faults_of_members(members: PlantOverTime, path: Place) -> Iterator[Fault]:
    """Where the members of a plant that only a horizon has contradict each other."""
    if members.start_cost is not None and members.start_costs is not None:
        yield Fault(pointer(*path, "start_cost"), "must not stand beside start_costs: one of them is enough")
    yield from _faults_of_start_costs(members.start_costs or [], path)
    yield from _faults_of_curve(members.cost_curve or [], path)
    if members.initial is not None:
        yield from _faults_of_initial(members.initial, path)


def _faults_of_start_costs(costs: Sequence[StartCost], path: Place) -> Iterator[Fault]:
    for i, (before, entry) in enumerate(pairwise(costs), 1):
        if entry.after <= before.after:
            yield Fault(pointer(*path, "start_costs", i, "after"), "must be above that of the entry before")
        if entry.cost < before.cost:
            yield Fault(pointer(*path, "start_costs", i, "cost"), "must not be below that of the entry before")


def _faults_of_curve(curve: Sequence[Point], path: Place) -> Iterator[Fault]:
    """The first point that does not follow the one before, or that makes the curve not convex."""
    slope: float | None = None
    for i, (before, point) in enumerate(pairwise(curve), 1):
        if point.p <= before.p:
            yield Fault(pointer(*path, "cost_curve", i, "p"), "must be above that of the point before")
            return
        now = (point.cost - before.cost) / (point.p - before.p)
        if slope is not None and now < slope - CONVEX * max(1.0, abs(slope)):
            detail = "makes the curve not convex: the cost rises less than before"
            yield Fault(pointer(*path, "cost_curve", i, "cost"), detail)
            return
        slope = now


def _faults_of_initial(initial: Initial, path: Place) -> Iterator[Fault]:
    if initial.on and initial.p is None:
        yield Fault(pointer(*path, "initial", "p"), "is missing, and the plant is on")
    if not initial.on and initial.p:
        yield Fault(pointer(*path, "initial", "p"), "must be 0 or absent: the plant is off")


def faults_of_limits(plant: Mapping[str, Any], periods: int, path: Place) -> Iterator[Fault]:
    """Periods, after the first, in which pmin is above pmax; the decoder of one hour checks the first."""
    pmin, pmax = plant.get("pmin"), plant.get("pmax")
    if _is_fixed(plant) or not (isinstance(pmin, list) or isinstance(pmax, list)):
        return
    for period in range(1, periods):
        least, most = value_at(pmin, period), value_at(pmax, period)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            if not isinstance(pmin, list):
                yield Fault(pointer(*path, "pmin"), f"must not be above pmax, which is {most} in period {period + 1}")
                return
            yield Fault(pointer(*path, "pmin", period), "must not be above pmax")


def _is_fixed(plant: Mapping[str, Any]) -> bool:
    """Whether a plant is off or gives exactly what its profile leaves."""
    curtailable = plant.get("curtailable")
    has_profile = plant.get("profile") is not None or plant.get("type") == "windturbine"
    return has_profile and (curtailable is False or (curtailable is None and plant.get("type") == "windturbine"))


def faults_over_time(over_time: OverTime, fuels: Sequence[Fuels], path: Place) -> Iterator[Fault]:
    """Where the cost curve or the output before the first period does not fit the limits of a plant."""
    plant, lists, members = over_time
    limits = [_limits_at(over_time.at(t), fuels[t]) for t in range(len(fuels))]
    least, most = min(low for low, _ in limits), max(high for _, high in limits)
    if (curve := members.cost_curve) is not None and (curve[0].p > least or curve[-1].p < most):
        has = f"{curve[0].p:g} to {curve[-1].p:g}"
        detail = f"must cover the limits, {least:g} to {most:g} MW; it covers {has} MW"
        yield Fault(pointer(*path, "cost_curve"), detail)
    initial = members.initial
    if initial is not None and initial.on and initial.p is not None:
        # a limit that is a list says nothing of the period before
        least = 0.0 if plant.profile is not None or "pmin" in lists else plant.least
        most = plant.pmax
        if initial.p < least or (initial.p > most and "pmax" not in lists):
            yield Fault(pointer(*path, "initial", "p"), f"must be within pmin and pmax, {least:g} to {most:g} MW")


def _limits_at(plant: PowerPlant, fuels: Fuels) -> tuple[float, float]:
    """The limits of a plant in a period, in MW; equal for a plant that gives exactly what its profile leaves."""
    if plant.profile is None:
        return plant.least, plant.pmax
    most = plant.pmax * fuels.profile(plant.profile) / 100
    return (min(plant.least, most) if plant.curtailable else most), most


def value_at(value: Any, period: int) -> Any:
    """A member in one period, from its list or its one value; ``None`` if the list is too short."""
    if not isinstance(value, list):
        return value
    return value[period] if period < len(value) else None
