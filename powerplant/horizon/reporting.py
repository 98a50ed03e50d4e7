"""The report on a plan for a horizon: costs by kind, emissions, starts, reserve, and the state at the end."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from time import perf_counter
from typing import Any, NamedTuple

from powerplant.formulation import Grid
from powerplant.horizon.amounts import as_float, cents
from powerplant.horizon.explaining import Explanation, Price, explain
from powerplant.horizon.formulation import exact
from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.members import answer_of, in_merit_order
from powerplant.horizon.models import OverTime
from powerplant.horizon.plan import hours_so_far, market_cost, starts_of, storage_costs
from powerplant.horizon.planning import SolvedHorizon
from powerplant.horizon.schedules import runs_ever
from powerplant.horizon.verification import reserve_held
from powerplant.models import Fuels, PowerPlant
from powerplant.reporting import unstated_emissions, why_never

KINDS = ("fuel", "co2", "other", "no_load", "start")
"""The kinds of cost of a plant."""


class Account(NamedTuple):
    """What a plant costs and emits.

    Attributes:
        fuel, co2, other, no_load, start: euro.
        energy: MWh.
        emitted: tonnes.
    """

    fuel: Fraction
    co2: Fraction
    other: Fraction
    no_load: Fraction
    start: Fraction
    energy: Fraction
    emitted: Fraction


def report_of(solved: SolvedHorizon, *, co2: bool, end: int | None = None, time_limit: float = 1.0) -> dict[str, Any]:
    """The members of a report, as plain Python objects; O(plants × periods).

    Args:
        solved: a plan.
        co2: whether allowances count in the cost.
        end: the period, from 1, after which the report has the state of the plants; the last by default.
        time_limit: seconds for prices and reasons; the report says what was not computed.
    """
    instance, plan, horizon = solved.instance, solved.plan, solved.horizon
    order = in_merit_order(instance)
    accounts = [
        account(given, plant, on, p, instance, horizon.fuels, co2=co2)
        for given, plant, on, p in zip(horizon.plants, instance.plants, plan.on, plan.p, strict=True)
    ]
    explanation = explain(instance, plan, solved.relaxed, perf_counter() + time_limit)
    lost = (instance.lost_load or Fraction(0)) * sum(plan.lost)
    emitted = sum((each.emitted for each in accounts), Fraction(0))
    answer = answer_of(solved)
    ignored = answer.pop("ignored", [])
    return {
        **answer,
        "step": float(instance.grid.step),
        "costs": {
            **{kind: cents(sum((getattr(each, kind) for each in accounts), Fraction(0))) for kind in KINDS},
            "storage": cents(sum(storage_costs(instance, plan), Fraction(0))),
            "market": cents(market_cost(instance, plan)),
            "lost_load": cents(lost),
        },
        "co2_tonnes": as_float(emitted) if co2 else 0.0,
        "co2_emitted_tonnes": as_float(emitted),
        "periods": [_period(solved, t, explanation.prices[t]) for t in instance.periods],
        "powerplants": [_plant(solved, i, accounts[i], explanation, co2=co2) for i in order],
        "end": state_after(solved, len(instance.load) if end is None else end),
        "never_runs": [
            {"name": plant.name, "reason": f"{why[0].upper()}{why[1:]}."}
            for given, plant in zip(horizon.plants, instance.plants, strict=True)
            if (why := _why_it_never_runs(given, plant, instance.grid))
        ],
        "ignored": ignored,
        "notes": [*_notes(solved, explanation)],
    }


def account(
    given: OverTime,
    plant: Plant,
    on: tuple[int, ...],
    p: tuple[int, ...],
    instance: HorizonInstance,
    fuels: list[Fuels],
    *,
    co2: bool,
) -> Account:
    """What a plant costs and emits, exactly."""
    per_megawatt, hours = instance.grid.per_megawatt, instance.hours
    fuel = for_co2 = other = no_load = energy = Fraction(0)
    tonnes = exact(given.plant.tonnes)
    for t, runs in enumerate(on):
        if not runs:
            continue
        produced = Fraction(p[t], per_megawatt) * hours
        energy += produced
        charged = tonnes * exact(fuels[t].co2 or 0.0) * produced if co2 else Fraction(0)
        further = Fraction(0) if plant.curve else exact(_cost_at(given, t)) * produced
        for_co2 += charged
        other += further
        no_load += plant.no_load
        fuel += plant.running_cost(t, p[t]) - plant.no_load - charged - further
    start = sum((each.cost for each in starts_of(plant, on, hours)), Fraction(0))
    return Account(fuel, for_co2, other, no_load, start, energy, tonnes * energy)


def _cost_at(given: OverTime, period: int) -> float:
    costs = given.lists.get("cost")
    return given.plant.cost if costs is None else costs[period]


def _period(solved: SolvedHorizon, t: int, price: Price) -> dict[str, Any]:
    instance, plan, grid = solved.instance, solved.plan, solved.instance.grid
    up, down = reserve_held(instance, plan, t)
    curtailed = sum(
        plant.most[t] - p[t]
        for given, plant, p in zip(solved.horizon.plants, instance.plants, plan.p, strict=True)
        if given.plant.profile is not None and plant.can_run[t]
    )
    times = instance.times
    period = {
        "period": t + 1,
        **({} if times is None else {"start": times[t]}),
        "load": grid.megawatts(instance.load[t]),
        "price": price._asdict(),
        "reserve_up": {"needed": _megawatts(instance.reserve_up[t], grid), "held": grid.megawatts(up)},
        "reserve_down": {"needed": _megawatts(instance.reserve_down[t], grid), "held": grid.megawatts(down)},
        "curtailed": grid.megawatts(curtailed),
    }
    return period if instance.lost_load is None else period | {"lost_load": grid.megawatts(plan.lost[t])}


def _plant(solved: SolvedHorizon, i: int, account: Account, why: Explanation, *, co2: bool) -> dict[str, Any]:
    instance, plan = solved.instance, solved.plan
    plant = instance.plants[i]
    costs = {kind: cents(getattr(account, kind)) for kind in KINDS}
    total = account.fuel + account.co2 + account.other + account.no_load + account.start
    relaxed = [price.relaxed for price in why.prices]
    revenue = None
    if None not in relaxed:
        megawatt_hours = instance.hours / instance.grid.per_megawatt
        revenue = sum(exact(price or 0.0) * p * megawatt_hours for price, p in zip(relaxed, plan.p[i], strict=True))
    return {
        "name": plant.name,
        "type": solved.horizon.plants[i].plant.type,
        "energy": as_float(account.energy),
        "costs": {"total": cents(total), **costs},
        "uplift": None if revenue is None else cents(max(Fraction(0), total - revenue)),
        "co2_tonnes": as_float(account.emitted) if co2 else 0.0,
        "co2_emitted_tonnes": as_float(account.emitted),
        "starts": [
            {
                "period": start.period + 1,
                "hours_off": None if start.hours_off is None else as_float(start.hours_off),
                "cost": cents(start.cost),
            }
            for start in starts_of(plant, plan.on[i], instance.hours)
        ],
        "reasons": [
            {"first": spell.periods[0] + 1, "last": spell.periods[-1] + 1, "on": spell.on, "reason": spell.reason}
            for spell in why.spells[i]
        ],
    }


def state_after(solved: SolvedHorizon, periods: int) -> dict[str, Any]:
    """The state after so many periods, in the form of ``initial``: for the next request."""
    instance, plan = solved.instance, solved.plan
    storages = [
        {"name": storage.name, "initial": as_float(storage.energy(charge, discharge)[periods - 1])}
        for storage, charge, discharge in zip(instance.storages, plan.charge, plan.discharge, strict=True)
    ]
    return {
        "period": periods,
        "powerplants": [
            {"name": plant.name, "initial": _state(plant, on[:periods], p[:periods], instance)}
            for plant, on, p in zip(instance.plants, plan.on, plan.p, strict=True)
        ],
        **({"storages": storages} if storages else {}),
    }


def _state(plant: Plant, on: tuple[int, ...], p: tuple[int, ...], instance: HorizonInstance) -> dict[str, Any]:
    runs, hours = bool(on[-1]), hours_so_far(plant, on, instance.hours)
    return {
        "on": runs,
        **({} if hours is None else {"hours": as_float(hours)}),
        **({"p": instance.grid.megawatts(p[-1])} if runs else {}),
    }


def _why_it_never_runs(given: OverTime, plant: Plant, grid: Grid) -> str:
    """Why a plant can never run because of its own data; empty if it can."""
    if runs_ever(plant):
        return ""
    plants = [given.at(t) for t in range(len(plant.can_run))]
    if any(plant.can_run):
        if plant.initial is not None and plant.initial.left >= len(plant.can_run):
            return "its minimum down time lasts until the end"
        return "its startup_limit is below its pmin"
    reasons = dict.fromkeys(_why_it_cannot(each, grid) for each in plants)
    return " or ".join(reasons)


def _why_it_cannot(given: PowerPlant, grid: Grid) -> str:
    if not given.available:
        return "it is not available"
    return why_never(given, grid) or f"its profile {given.profile} leaves too little"


def _notes(solved: SolvedHorizon, why: Explanation) -> Iterator[str]:
    if not why.is_complete:
        yield "There was no time to compute all prices and reasons."
    if not solved.instance.is_coupled:
        yield "Nothing couples the periods: each was planned alone."
    yield from unstated_emissions([each.plant for each in solved.horizon.plants])


def _megawatts(steps: Fraction, grid: Grid) -> float:
    return as_float(steps / grid.per_megawatt)
