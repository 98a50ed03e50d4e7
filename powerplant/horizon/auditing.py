"""Check a plan for a horizon that someone else made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from powerplant.decoding import pointer
from powerplant.errors import Fault
from powerplant.horizon.formulation import exact
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.verification import broken_rules
from powerplant.proofs import read_as


class GivenSchedule(BaseModel):
    """What one power plant does in a plan that someone else made; without ``on`` it runs where it produces."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    name: str
    p: list[float]
    on: list[int] | None = None


class GivenFlows(BaseModel):
    """What one storage does in a plan that someone else made."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    name: str
    charge: list[float]
    discharge: list[float]


class GivenTrade(BaseModel):
    """What is bought and sold in a plan that someone else made."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    buy: list[float]
    sell: list[float]


class GivenPlan(BaseModel):
    """A plan that someone else made, in the form of an answer; other members are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    plan: list[GivenSchedule]
    storages: list[GivenFlows] = []
    market: GivenTrade | None = None
    lost_load: list[float] | None = None
    cost: float | None = None


class HorizonAudit(NamedTuple):
    """The result of checking a plan: every fault, or its cost in euro, exactly."""

    faults: list[Fault]
    cost: Fraction | None


def decode_horizon_plan(body: bytes) -> GivenPlan:
    """Read a plan in the form of an answer.

    Raises:
        MalformedPayload: the body is not JSON.
        InvalidPayload: it is JSON, but not a plan.
    """
    return read_as(TypeAdapter(GivenPlan), body, "an object with plan, a list of objects with name and p")


def audit_horizon(instance: HorizonInstance, given: GivenPlan) -> HorizonAudit:
    """Check a plan: each plant once, a value for each period, all on the grid, and every rule."""
    faults = list(_faults_of_form(instance, given))
    if faults:
        return HorizonAudit(faults, None)
    plan = _plan(instance, given)
    faults = [Fault("#", rule) for rule in broken_rules(instance, plan)]
    if faults:
        return HorizonAudit(faults, None)
    cost = cost_of(instance, plan)
    if given.cost is not None and abs(exact(given.cost) - cost) > Fraction(1, 100):
        return HorizonAudit([Fault("#/cost", f"is {given.cost} euro, and the plan costs {float(cost):.2f} euro")], None)
    return HorizonAudit([], cost)


def _faults_of_form(instance: HorizonInstance, given: GivenPlan) -> Iterator[Fault]:
    names = {plant.name for plant in instance.plants}
    listed: set[str] = set()
    for i, schedule in enumerate(given.plan):
        name = schedule.name
        if name not in names:
            yield Fault(pointer("plan", i, "name"), f"the payload has no power plant {name}")
        elif name in listed:
            yield Fault(pointer("plan", i, "name"), f"{name} is listed twice")
        listed.add(name)
        yield from _faults_of_list(instance, ("plan", i, "p"), schedule.p)
        if schedule.on is not None:
            if len(schedule.on) != len(instance.load):
                yield Fault(pointer("plan", i, "on"), _count(instance, schedule.on))
            elif not {*schedule.on} <= {0, 1}:
                yield Fault(pointer("plan", i, "on"), "must have only 0 and 1")
    yield from (Fault("#/plan", f"{plant.name} is missing") for plant in instance.plants if plant.name not in listed)
    if [each.name for each in given.storages] != [each.name for each in instance.storages]:
        yield Fault("#/storages", "must be those of the payload, in its order")
    for i, flows in enumerate(given.storages):
        yield from _faults_of_list(instance, ("storages", i, "charge"), flows.charge)
        yield from _faults_of_list(instance, ("storages", i, "discharge"), flows.discharge)
    if (given.market is None) != (instance.market is None):
        yield Fault("#/market", "is missing, or the payload has none")
    if given.market is not None:
        yield from _faults_of_list(instance, ("market", "buy"), given.market.buy)
        yield from _faults_of_list(instance, ("market", "sell"), given.market.sell)
    if given.lost_load is not None:
        yield from _faults_of_list(instance, ("lost_load",), given.lost_load)


def _faults_of_list(instance: HorizonInstance, path: tuple[str | int, ...], values: Sequence[float]) -> Iterator[Fault]:
    if len(values) != len(instance.load):
        yield Fault(pointer(*path), _count(instance, values))
        return
    for t, value in enumerate(values):
        if (exact(value) * instance.grid.per_megawatt).denominator != 1:
            yield Fault(pointer(*path, t), f"is {value} MW, which is not a multiple of {instance.grid.step} MW")


def _count(instance: HorizonInstance, values: Sequence[float]) -> str:
    return f"has {len(values)} values for {len(instance.load)} periods"


def _plan(instance: HorizonInstance, given: GivenPlan) -> Plan:
    per_megawatt = instance.grid.per_megawatt

    def steps(values: Sequence[float]) -> tuple[int, ...]:
        return tuple([int(exact(value) * per_megawatt) for value in values])

    schedules = {schedule.name: schedule for schedule in given.plan}
    ordered = [schedules[plant.name] for plant in instance.plants]
    on = tuple(
        [tuple(each.on) if each.on is not None else tuple([int(output != 0) for output in each.p]) for each in ordered]
    )
    lost = (0,) * len(instance.load) if given.lost_load is None else steps(given.lost_load)
    return Plan(
        on,
        tuple([steps(each.p) for each in ordered]),
        lost,
        tuple([steps(each.charge) for each in given.storages]),
        tuple([steps(each.discharge) for each in given.storages]),
        () if given.market is None else steps(given.market.buy),
        () if given.market is None else steps(given.market.sell),
    )
