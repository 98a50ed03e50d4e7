"""From a valid horizon to an instance: all numbers as integers and fractions.

Outputs are in steps of the grid. Limits and ramps are rounded inwards, and reserve counts in steps, since a plant can
only move to outputs on the grid. Amounts of money stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from math import ceil, floor

from powerplant.decoding import pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import BILLION, Fleet, Grid, Instance
from powerplant.horizon.instance import HorizonInstance, Market, Plant, State, Storage
from powerplant.horizon.models import Horizon, OverTime, PlantOverTime, StorageMembers, Trade
from powerplant.horizon.schedules import can_end, has_schedule


def formulate_horizon(horizon: Horizon, *, co2: bool, grid: Grid, round_load: bool) -> HorizonInstance:
    """The instance of a valid horizon; O(plants × periods).

    Args:
        horizon: a decoded payload.
        co2: whether emission allowances count in the cost.
        grid: the step of outputs and loads.
        round_load: whether loads that are off the grid become the nearest multiple of the step, half to even.

    Raises:
        InvalidPayload: a load has too many steps, or a plant has no schedule of its own.
    """
    periods = range(len(horizon.load))
    hours = Fraction(horizon.length // timedelta(minutes=1), 60)
    vary = any(each.lists for each in horizon.plants)
    fleet = Fleet.of([each.at(0) for each in horizon.plants], grid)
    singles = []
    for t in periods:
        if vary and t:
            fleet = Fleet.of([each.at(t) for each in horizon.plants], grid)
        try:
            singles.append(fleet.at(horizon.load[t], horizon.fuels[t], co2=co2, round_load=round_load))
        except InvalidPayload as error:
            raise InvalidPayload([Fault(pointer("load", t), error.faults[0].detail)]) from None
    plants = [_plant(i, each, singles, hours, grid) for i, each in enumerate(horizon.plants)]
    faults = [
        Fault(pointer("powerplants", i), "has no schedule of its own, whatever the load")
        for i, plant in enumerate(plants)
        if not has_schedule(plant)
    ]
    storages = tuple([_storage(each, hours, grid) for each in horizon.storages])
    faults += [
        Fault(pointer("storages", i), f"cannot hold {float(storage.final_min):g} MWh at the end, whatever the load")
        for i, storage in enumerate(storages)
        if not can_end(storage, len(periods))
    ]
    if faults:
        raise InvalidPayload(faults)
    per_megawatt = grid.per_megawatt
    lost_load = None if horizon.lost_load is None else exact(horizon.lost_load) * hours / per_megawatt
    return HorizonInstance(
        tuple(plants),
        tuple([single.load for single in singles]),
        tuple([exact(needed) * per_megawatt for needed in horizon.reserve_up]),
        tuple([exact(needed) * per_megawatt for needed in horizon.reserve_down]),
        lost_load,
        hours,
        horizon.start,
        grid,
        exact(horizon.relative_gap),
        tuple(singles),
        storages,
        None if horizon.market is None else _market(horizon.market, hours, grid),
        None if horizon.previous is None else tuple(map(tuple, horizon.previous)),
    )


def _storage(given: StorageMembers, hours: Fraction, grid: Grid) -> Storage:
    per_megawatt = grid.per_megawatt
    least = exact(given.energy_min)
    initial = least if given.initial is None else exact(given.initial)
    final = given.final
    end = initial
    if final is not None:
        end = least if final.min is None else max(least, exact(final.min))
    step = hours / per_megawatt
    return Storage(
        given.name,
        floor(exact(given.charge_max) * per_megawatt),
        floor(exact(given.discharge_max) * per_megawatt),
        exact(given.charge_efficiency) * step,
        step / exact(given.discharge_efficiency),
        least,
        exact(given.energy_max),
        exact(given.cost) * step,
        initial,
        end,
        Fraction(0) if final is None else exact(final.value),
    )


def _market(given: Trade, hours: Fraction, grid: Grid) -> Market:
    per_megawatt, fee = grid.per_megawatt, exact(given.fee)
    step = hours / per_megawatt
    return Market(
        tuple([(exact(price) + fee) * step for price in given.price]),
        tuple([(exact(price) - fee) * step for price in given.price]),
        tuple([floor(exact(most) * per_megawatt) for most in given.buy]),
        tuple([floor(exact(most) * per_megawatt) for most in given.sell]),
    )


def exact(number: float) -> Fraction:
    """The shortest decimal that rounds to this double, exactly."""
    return Fraction(repr(number))


def _plant(index: int, given: OverTime, singles: Sequence[Instance], hours: Fraction, grid: Grid) -> Plant:
    members = given.members
    per_megawatt = grid.per_megawatt
    units = [single.units[index] for single in singles]
    plants = [given.at(t) for t in range(len(singles))] if given.lists else [given.plant] * len(singles)
    can_run = tuple(
        [
            # a unit of the solver with limits 0 to 0 never runs; a plant may
            unit.max_output > 0 or (each.available and not each.least and (each.profile is None or each.curtailable))
            for unit, each in zip(units, plants, strict=True)
        ]
    )
    least = tuple([unit.min_output for unit in units])
    most = tuple([unit.max_output for unit in units])
    ramp_up, ramp_down = (
        None if ramp is None else exact(ramp) * hours * per_megawatt for ramp in (members.ramp_up, members.ramp_down)
    )
    costs = [(exact(entry.after), exact(entry.cost)) for entry in members.start_costs or []]
    if members.start_cost is not None:
        costs = [(Fraction(0), exact(members.start_cost))]
    is_fixed = given.plant.profile is not None and not given.plant.curtailable
    return Plant(
        given.plant.name,
        tuple([Fraction(unit.marginal_cost, BILLION * per_megawatt) * hours for unit in units]),
        least,
        most,
        can_run,
        tuple([each.must_run and can for each, can in zip(plants, can_run, strict=True)]),
        ceil(exact(members.min_up_time) / hours),
        ceil(exact(members.min_down_time) / hours),
        ramp_up,
        ramp_down,
        _edge(members.startup_limit, ramp_up, least, per_megawatt),
        _edge(members.shutdown_limit, ramp_down, least, per_megawatt),
        tuple(costs),
        exact(members.no_load_cost) * hours,
        tuple([(exact(point.p) * per_megawatt, exact(point.cost) * hours) for point in members.cost_curve or []]),
        members.reserve and not is_fixed,
        _state(members, hours, grid, None if is_fixed else exact(plants[0].least), ramp_down),
    )


def _state(
    members: PlantOverTime, hours: Fraction, grid: Grid, least: Fraction | None, ramp_down: Fraction | None
) -> State | None:
    """The state before the first period; it is compared with limits that are not rounded.

    ``least`` is pmin in MW; ``None`` for a plant that gives exactly what its profile leaves: then its output is both
    limits.
    """
    initial = members.initial
    if initial is None:
        return None
    p = exact(initial.p or 0.0) * grid.per_megawatt
    so_long = None if initial.hours is None else exact(initial.hours)
    shortest = exact(members.min_up_time if initial.on else members.min_down_time)
    left = 0 if so_long is None else max(0, ceil((shortest - so_long) / hours))
    limit = None if ramp_down is None else max(p if least is None else least * grid.per_megawatt, ramp_down)
    if members.shutdown_limit is not None:
        limit = exact(members.shutdown_limit) * grid.per_megawatt
    return State(initial.on, so_long, p, left, limit is None or p <= limit)


def _edge(
    limit: float | None, ramp: Fraction | None, least: Sequence[int], per_megawatt: int
) -> tuple[int, ...] | None:
    """The most output in the first or last period of a run: a given limit, or what follows from the ramp."""
    if limit is not None:
        return (floor(exact(limit) * per_megawatt),) * len(least)
    return None if ramp is None else tuple([max(low, floor(ramp)) for low in least])
