"""The instance of a horizon: plants, storages, market and loads in steps of the grid and euro, all exact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from powerplant.formulation import Grid, Instance


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
