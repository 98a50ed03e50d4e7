"""From a valid horizon to an instance: all numbers as integers and fractions.

Outputs are in steps of the grid. Limits and ramps are rounded inwards, and reserve counts in steps, since a plant can
only move to outputs on the grid. Amounts of money stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import NamedTuple

from powerplant.decoding import pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import BILLION, Fleet, Grid, Instance
from powerplant.horizon.models import Horizon, OverTime, PlantOverTime, StorageMembers, Trade


class State(NamedTuple):
    """The state of a plant before the first period.

    Attributes:
        on: whether it runs.
        hours: for how many hours it has been in this state; ``None``: for a long time.
        p: its output in steps; not rounded.
        left: for how many periods its minimum time keeps it in this state.
        can_stop: whether its output is within the shut-down limit, so that it can stop in the first period.
        excused: for how many periods a plant with ``must_run`` may stay off, because of its minimum down time. It is
            given if the horizon continues an earlier one, in which an outage may have begun. ``None``: for ``left``
            periods, and an outage in the first period begins there.
    """

    on: bool
    hours: Fraction | None
    p: Fraction
    left: int
    can_stop: bool
    excused: int | None = None


class Plant(NamedTuple):
    """A power plant; tuples have a value for each period.

    Attributes:
        name: its name.
        cost: marginal cost in euro per step and period; with a curve, only that of CO2.
        least, most: limits in steps; 0 where it cannot run.
        can_run: whether it can run.
        must_run: whether it must run, unless its minimum down time keeps it off; ``False`` where it cannot run.
        up_time, down_time: periods that it runs, or rests, at least.
        ramp_up, ramp_down: steps by which its output may rise or fall from one period to the next; ``None``: no limit.
        startup, shutdown: most steps in the first and in the last period of a run; ``None``: no limit.
        start_costs: pairs of hours off and the cost in euro of a start after at least so many; empty if starts cost
            nothing.
        no_load: euro for each period in which it runs.
        curve: the points of its cost curve: steps, not rounded, and euro for a period; empty without a curve.
        gives_reserve: whether it counts for the reserve where it runs.
        initial: its state before the first period; ``None``: any.
    """

    name: str
    cost: tuple[Fraction, ...]
    least: tuple[int, ...]
    most: tuple[int, ...]
    can_run: tuple[bool, ...]
    must_run: tuple[bool, ...]
    up_time: int
    down_time: int
    ramp_up: Fraction | None
    ramp_down: Fraction | None
    startup: tuple[int, ...] | None
    shutdown: tuple[int, ...] | None
    start_costs: tuple[tuple[Fraction, Fraction], ...]
    no_load: Fraction
    curve: tuple[tuple[Fraction, Fraction], ...]
    gives_reserve: bool
    initial: State | None

    @property
    def couples(self) -> bool:
        """Whether it makes the periods depend on each other, or has costs other than those of each MWh.

        Its state before the first period does so only by a minimum time that is left from before.
        """
        return bool(
            self.up_time > 1
            or self.down_time > 1
            or self.ramp_up is not None
            or self.ramp_down is not None
            or self.startup is not None
            or self.shutdown is not None
            or any(cost for _, cost in self.start_costs)
            or self.no_load
            or self.curve
            or (self.initial is not None and self.initial.left)
        )

    @property
    def curve_on_grid(self) -> tuple[tuple[Fraction, Fraction], ...]:
        """The cost curve with points at whole steps only: at all whole steps it has the same cost."""
        steps = sorted({step for p, _ in self.curve for step in (floor(p), ceil(p))})
        inside = [step for step in steps if self.curve[0][0] <= step <= self.curve[-1][0]]
        return tuple([(Fraction(step), self._on_curve(step)) for step in inside]) if len(inside) > 1 else self.curve

    def start_cost(self, hours_off: Fraction | None) -> Fraction:
        """The cost of a start after so many hours off, in euro; ``None``: after a long time."""
        if not self.start_costs:
            return Fraction(0)
        reached = [cost for after, cost in self.start_costs if hours_off is None or after <= hours_off]
        return reached[-1] if reached else self.start_costs[0][1]

    def running_cost(self, period: int, p: int) -> Fraction:
        """The cost of a period in which it runs with an output of ``p`` steps, in euro."""
        cost = self.cost[period] * p + self.no_load
        if not self.curve:
            return cost
        return cost + self._on_curve(p)

    def _on_curve(self, p: int) -> Fraction:
        if len(self.curve) == 1:
            return self.curve[0][1]
        for (start, low), (end, high) in pairwise(self.curve):
            if p <= end:
                return low + (high - low) * (p - start) / (end - start)
        raise ValueError(f"{self.name}: an output of {p} steps is beyond the cost curve")


class Storage(NamedTuple):
    """A storage.

    Attributes:
        name: its name.
        charge_max, discharge_max: steps.
        charged, discharged: MWh that a step of charge brings, and that a step of discharge takes, in a period.
        energy_min, energy_max: MWh.
        cost: euro for a step discharged in a period.
        initial: MWh before the first period.
        final_min: MWh after the last period, at least.
        final_value: euro for a MWh after the last period.
    """

    name: str
    charge_max: int
    discharge_max: int
    charged: Fraction
    discharged: Fraction
    energy_min: Fraction
    energy_max: Fraction
    cost: Fraction
    initial: Fraction
    final_min: Fraction
    final_value: Fraction

    def energy(self, charge: Sequence[int], discharge: Sequence[int]) -> list[Fraction]:
        """The MWh after each period."""
        energies, energy = [], self.initial
        for into, out in zip(charge, discharge, strict=True):
            energy += into * self.charged - out * self.discharged
            energies.append(energy)
        return energies


class Market(NamedTuple):
    """The market; tuples have a value for each period.

    Attributes:
        buying: euro that a step costs.
        selling: euro that a step earns.
        buy, sell: most steps.
    """

    buying: tuple[Fraction, ...]
    selling: tuple[Fraction, ...]
    buy: tuple[int, ...]
    sell: tuple[int, ...]


class HorizonInstance(NamedTuple):
    """The problem in integers and fractions.

    Attributes:
        plants: the power plants, in payload order.
        load: steps in each period.
        reserve_up, reserve_down: steps that are needed in each period, not rounded.
        lost_load: euro for a step that is not met in a period; ``None`` where it must be met.
        hours: of a period.
        start: of the first period.
        grid: the step.
        relative_gap: between cost and bound, at which the search stops.
        singles: each period as an instance of one hour.
        storages: the storages.
        market: the market; ``None`` without one.
        previous: whether each plant was on in the plan for a similar payload; ``None`` without one.
        first: the number of the first period, in messages.
    """

    plants: tuple[Plant, ...]
    load: tuple[int, ...]
    reserve_up: tuple[Fraction, ...]
    reserve_down: tuple[Fraction, ...]
    lost_load: Fraction | None
    hours: Fraction
    start: datetime | None
    grid: Grid
    relative_gap: Fraction
    singles: tuple[Instance, ...]
    storages: tuple[Storage, ...] = ()
    market: Market | None = None
    previous: tuple[tuple[int, ...], ...] | None = None
    first: int = 1

    @property
    def periods(self) -> range:
        """The periods, from 0."""
        return range(len(self.load))

    @property
    def times(self) -> list[str] | None:
        """The start of each period, in ISO 8601; ``None`` where the payload does not say."""
        if self.start is None:
            return None
        length = timedelta(minutes=int(self.hours * 60))
        utc = self.start.astimezone(UTC)  # periods are elapsed time
        return [(utc + t * length).astimezone(self.start.tzinfo).isoformat() for t in self.periods]

    @property
    def is_coupled(self) -> bool:
        """Whether anything couples the periods."""
        has_more = any(self.reserve_up) or any(self.reserve_down) or self.storages or self.market is not None
        return bool(has_more) or self.lost_load is not None or any(plant.couples for plant in self.plants)


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


# --- A plant alone ---------------------------------------------------------------------------------------------------


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
    initial = plant.initial
    if initial is None:
        return {0}, []  # a run that begins in the first period without limits is added there
    return (set(), [_Run(initial.left, initial.p, initial.p)]) if initial.on else ({initial.left}, [])


def _step(plant: Plant, t: int, rests: _Rests, runs: list[_Run], *, must: bool) -> tuple[_Rests, list[_Run]]:
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


MOST_STATES = 20_000
"""Most energies of a storage, times its moves, that are followed."""


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
