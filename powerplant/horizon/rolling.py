"""Plan a long horizon in windows: plan some periods and a few that follow them, and keep the first ones.

The next window begins with the exact state after the periods that were kept. So all kept periods together break no rule
of the whole horizon; this is checked at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from fractions import Fraction
from typing import NamedTuple

from powerplant.errors import InfeasibleHorizon, OutOfTime, PowerplantError, WrongPlan
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.instance import HorizonInstance, Market, Plant, State, Storage
from powerplant.horizon.models import Horizon
from powerplant.horizon.plan import Plan, cost_of, hours_so_far, runs_and_rests
from powerplant.horizon.planning import SolvedHorizon, plan_instance
from powerplant.horizon.shortages import no_plan, off_grid
from powerplant.horizon.verification import broken_rule, reserve_held
from powerplant.planning import Options


class NoWindow(PowerplantError):
    """A window has no plan; the message has its periods and their times.

    Attributes:
        planned: periods before it that have a plan.
        cause: :class:`~powerplant.errors.InfeasibleHorizon` or :class:`~powerplant.errors.OutOfTime`.
    """

    def __init__(self, periods: range, times: Sequence[str] | None, cause: InfeasibleHorizon | OutOfTime) -> None:
        when = "" if times is None else f" ({times[periods[0]]} to {times[periods[-1]]})"
        where = f"The window of periods {periods[0] + 1} to {periods[-1] + 1}{when}"
        super().__init__(f"{where} has no plan: {cause}")
        self.planned, self.cause = periods[0], cause


class Window(NamedTuple):
    """A planned window: its solution, and how many of its periods, from the first one, are kept."""

    solved: SolvedHorizon
    kept: int


class Rolling:
    """The windows of a horizon, planned one after another.

    Attributes:
        instance: the whole horizon.

    Args:
        horizon: a decoded payload.
        options: how to plan it; the time limit is that of each window.
        keep: periods of each window that are kept, at least 1.
        ahead: periods after these that are planned too.
        threads: how many threads search.

    Raises:
        InvalidPayload, InfeasibleHorizon: as for :func:`powerplant.horizon.planning.plan_horizon`, if the data alone
            show it.
    """

    def __init__(self, horizon: Horizon, options: Options, keep: int, ahead: int, *, threads: int = 2) -> None:
        self._horizon, self._options, self._threads = horizon, options, threads
        self._keep, self._ahead = keep, ahead
        self.instance = formulate_horizon(
            horizon, co2=options.co2, grid=options.grid, round_load=options.round_load
        )._replace(previous=None)
        if missing := off_grid(self.instance, horizon.load):
            raise no_plan(self.instance, missing, proven=True)
        plants, storages = len(self.instance.plants), len(self.instance.storages)
        self._plan = Plan(((),) * plants, ((),) * plants, (), ((),) * storages, ((),) * storages)
        self._states = [plant.initial for plant in self.instance.plants]
        self._energies = [storage.initial for storage in self.instance.storages]

    @property
    def planned(self) -> int:
        """Periods that have a plan."""
        return len(self._plan.lost)

    def windows(self) -> Iterator[Window]:
        """Plan the windows.

        Raises:
            NoWindow: a window has no plan.
            NotInstalled, WrongPlan: as for :func:`powerplant.horizon.planning.plan_horizon`.
        """
        size = len(self.instance.load)
        while (first := self.planned) < size:
            end = min(size, first + self._keep + self._ahead)
            window = _part(self.instance, first, end, self._states, self._energies)
            horizon = self._horizon._replace(load=self._horizon.load[first:end])
            try:
                solved = plan_instance(window, horizon, self._options, threads=self._threads)
            except (InfeasibleHorizon, OutOfTime) as error:
                raise NoWindow(range(first, end), self.instance.times, error) from None
            kept = end - first if end == size else self._keep
            self._keep_first(solved, kept)
            yield Window(solved, kept)

    def schedule(self) -> tuple[HorizonInstance, Plan, Fraction]:
        """The periods that have a plan, as a horizon; their plan, verified; and its cost in euro, exactly.

        Raises:
            WrongPlan: the plan breaks a rule of this horizon.
        """
        instance, plan = self.instance, self._plan
        if self.planned < len(instance.load):
            initial = [plant.initial for plant in instance.plants]
            instance = _part(instance, 0, self.planned, initial, [each.initial for each in instance.storages])
            ends = [storage._replace(final_min=storage.energy_min) for storage in instance.storages]
            instance = instance._replace(storages=tuple(ends))  # ``final_min`` is for the end of the whole horizon
        if rule := broken_rule(instance, plan):
            raise WrongPlan(f"the joined plan breaks a rule: {rule}")
        return instance, plan, cost_of(instance, plan)

    def _keep_first(self, solved: SolvedHorizon, kept: int) -> None:
        """Add the first periods of a window to the plan, and note the state after them."""
        window, plan = solved.instance, solved.plan
        first, end = self.planned, self.planned + kept
        can_stop = _can_stop(window, plan, kept)
        self._states = [
            _state(part, whole.can_run[first : end + 1], on[:kept], p[:kept], window.hours, can_stop=can)
            for part, whole, on, p, can in zip(
                window.plants, self.instance.plants, plan.on, plan.p, can_stop, strict=True
            )
        ]
        self._energies = [
            storage.energy(charge[:kept], discharge[:kept])[-1]
            for storage, charge, discharge in zip(window.storages, plan.charge, plan.discharge, strict=True)
        ]
        before = self._plan
        self._plan = Plan(
            _joined(before.on, plan.on, kept),
            _joined(before.p, plan.p, kept),
            before.lost + plan.lost[:kept],
            _joined(before.charge, plan.charge, kept),
            _joined(before.discharge, plan.discharge, kept),
            before.buy + plan.buy[:kept],
            before.sell + plan.sell[:kept],
        )


Rows = tuple[tuple[int, ...], ...]


def _joined(before: Rows, window: Rows, kept: int) -> Rows:
    return tuple([row + more[:kept] for row, more in zip(before, window, strict=True)])


def _part(
    whole: HorizonInstance, first: int, end: int, states: Sequence[State | None], energies: Sequence[Fraction]
) -> HorizonInstance:
    """Some periods of a horizon, with the states and energies before the first of them."""
    part, market = slice(first, end), whole.market
    length = timedelta(minutes=int(whole.hours * 60))
    start = None if whole.start is None else (whole.start.astimezone(UTC) + first * length)
    return whole._replace(
        plants=tuple([_plant(plant, part, state) for plant, state in zip(whole.plants, states, strict=True)]),
        load=whole.load[part],
        reserve_up=whole.reserve_up[part],
        reserve_down=whole.reserve_down[part],
        start=None if start is None or whole.start is None else start.astimezone(whole.start.tzinfo),
        singles=whole.singles[part],
        storages=tuple(
            [
                storage._replace(initial=energy, final_min=_least(storage, end, len(whole.load)))
                for storage, energy in zip(whole.storages, energies, strict=True)
            ]
        ),
        market=None
        if market is None
        else Market(market.buying[part], market.selling[part], market.buy[part], market.sell[part]),
        first=whole.first + first,
    )


def _plant(plant: Plant, part: slice, state: State | None) -> Plant:
    return plant._replace(
        cost=plant.cost[part],
        least=plant.least[part],
        most=plant.most[part],
        can_run=plant.can_run[part],
        must_run=plant.must_run[part],
        startup=None if plant.startup is None else plant.startup[part],
        shutdown=None if plant.shutdown is None else plant.shutdown[part],
        initial=state,
    )


def _least(storage: Storage, end: int, size: int) -> Fraction:
    """What a storage must hold at least after a window, in MWh.

    That is what it must hold at the end of the horizon; if this is more than at the start, a part of the rise.
    """
    rise = storage.final_min - storage.initial
    return storage.final_min if rise <= 0 or end == size else storage.initial + rise * Fraction(end, size)


def _can_stop(window: HorizonInstance, plan: Plan, kept: int) -> list[bool]:
    """Whether each plant may stop after the kept periods, by its shut-down limit and by the reserve of the last one.

    A plant that stops gives less reserve in the last period of its run. The reserve that is left over goes first to
    plants that stop in the plan of this window.
    """
    last = kept - 1
    cut = plan._replace(on=tuple([on[:kept] for on in plan.on]), lost=plan.lost[:kept])
    spare = reserve_held(window, cut, last)[0] - window.reserve_up[last]
    can = [True] * len(window.plants)
    for i in sorted(range(len(window.plants)), key=lambda i: any(plan.on[i][kept : kept + 1])):
        plant, on, p = window.plants[i], cut.on[i], plan.p[i]
        if plant.shutdown is None or not on[last]:
            continue
        alone = window._replace(plants=(plant._replace(can_run=(*plant.can_run[:kept], True)),))
        goes_on, stops = (reserve_held(alone, Plan((row,), (p,), ()), last)[0] for row in (on, (*on, 0)))
        can[i] = p[last] <= plant.shutdown[last] and goes_on - stops <= spare
        spare -= goes_on - stops if can[i] else 0
    return can


def _state(
    plant: Plant, can_run: Sequence[bool], on: Sequence[int], p: Sequence[int], hours: Fraction, *, can_stop: bool
) -> State:
    """The state of a plant after some periods; ``can_run`` also has the one after these, if there is one."""
    initial, periods, runs = plant.initial, len(on), bool(on[-1])
    *_, last = runs_and_rests(on)
    left = (plant.up_time if runs else plant.down_time) - len(last)
    if not last.start and (initial is None or initial.on == runs):
        left = 0 if initial is None else initial.left - periods
    excused = 0
    if initial is not None and not initial.on:
        excused = (initial.left if initial.excused is None else initial.excused) - periods
    counts_first = initial is None or initial.excused is None
    for t, can in enumerate(can_run):
        if not can and (can_run[t - 1] if t else counts_first):
            excused = max(excused, t + plant.down_time - periods)
    so_long = hours_so_far(plant, on, hours)
    return State(runs, so_long, Fraction(p[-1]), max(0, left), can_stop, None if runs else max(0, excused))
