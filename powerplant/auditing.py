"""Check a plan that someone else made: what is wrong with it, and how far it is from the cheapest.

Faults are found from the instance alone, without the solver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Thread
from typing import NamedTuple

from pydantic import ConfigDict, TypeAdapter

from powerplant.decoding import pointer
from powerplant.errors import Fault, NotCheckedInTime
from powerplant.formulation import EXACT, Grid, Instance
from powerplant.merit_order import Infeasible, Solution, Unit, check_proof
from powerplant.models import PlantOutput, ProductionPlanRequest
from powerplant.planning import Options, search
from powerplant.proofs import Claim, read_as
from powerplant.verification import verify
from powerplant.workers import Workers


class GivenOutput(PlantOutput):
    """The output of one power plant in a plan that someone else made; other members are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class Audit(NamedTuple):
    """The result of checking a plan.

    Attributes:
        faults: every fault, with its place in the plan; empty if the plan is valid.
        cost: in 10**-10 euro; ``None`` if there are faults.
    """

    faults: list[Fault]
    cost: int | None


class LeastCost(NamedTuple):
    """What is known about the cheapest plan.

    Attributes:
        bound: no plan costs less, in 10**-10 euro.
        is_met: whether a plan with this cost is known.
    """

    bound: int
    is_met: bool


# --- Reading ---------------------------------------------------------------------------------------------------------


def decode_plan(body: bytes) -> list[GivenOutput]:
    """Read a plan in the form of the service's answer.

    Raises:
        MalformedPayload: the body is not JSON.
        InvalidPayload: the body is JSON, but not a plan.
    """
    return read_as(TypeAdapter(list[GivenOutput]), body, "a list of objects with name and p")


# --- Faults ----------------------------------------------------------------------------------------------------------


def audit(request: ProductionPlanRequest, instance: Instance, plan: Sequence[GivenOutput]) -> Audit:
    """Check a plan: every plant once, on the grid, within its limits, and the sum exactly the load.

    Args:
        request: a decoded payload.
        instance: the same in integers.
        plan: the plan.
    """
    faults = list(_faults(request, instance, plan))
    if faults:
        return Audit(faults, None)
    steps = {output.name: int(_steps(output, instance.grid)) for output in plan}
    cost = sum(unit.marginal_cost * steps[name] for name, unit in zip(instance.names, instance.units, strict=True))
    return Audit([], cost)


def _faults(request: ProductionPlanRequest, instance: Instance, plan: Sequence[GivenOutput]) -> Iterator[Fault]:
    grid, listed = instance.grid, set[str]()
    must_run = instance.must_run or [False] * len(instance.units)
    units = dict(zip(instance.names, zip(instance.units, must_run, strict=True), strict=True))
    for index, output in enumerate(plan):
        name, steps = output.name, _steps(output, grid)
        if name not in units:
            yield Fault(pointer(index, "name"), f"the payload has no power plant {name}")
            continue
        if name in listed:
            yield Fault(pointer(index, "name"), f"{name} is listed twice")
        listed.add(name)
        unit, must = units[name]
        if steps != int(steps):
            why = f"which is not a multiple of {grid.step} MW"
            yield Fault(pointer(index, "p"), f"{name} produces {output.p} MW, {why}")
        elif (steps or must) and not unit.min_output <= steps <= unit.max_output:
            can = _range(unit, grid, must_run=must)
            yield Fault(pointer(index, "p"), f"{name} produces {output.p} MW, but {can}")
    yield from (Fault("#", f"{name} is missing") for name in instance.names if name not in listed)
    produced = sum((Decimal(repr(output.p)) for output in plan), Decimal(0))
    load = _load(request.load, instance)
    if produced != load:
        more_or_less = f"{abs(produced - load):f} MW too {'much' if produced > load else 'little'}"
        yield Fault("#", f"the plan produces {produced:f} MW, and the load is {load:f} MW: {more_or_less}")


def _load(megawatts: float, instance: Instance) -> Decimal:
    """The load that a plan must meet, in MW: that of the grid if it is on it."""
    return instance.grid.energy(instance.load) if instance.on_grid else Decimal(repr(megawatts))


def _steps(output: GivenOutput, grid: Grid) -> Decimal:
    """The output in steps: the shortest decimal that rounds to the double."""
    return Decimal(repr(output.p)).scaleb(grid.digits, EXACT)


def _range(unit: Unit, grid: Grid, *, must_run: bool) -> str:
    """What a plant can produce, in words."""
    least, most = (grid.megawatts(output) for output in unit[1:])
    verb = "must produce" if must_run and least else "can produce"
    if not most:
        return f"{verb} nothing"
    exactly = f"exactly {most} MW" if least == most else f"{least or 0} to {most} MW"
    return f"{verb} {exactly}" if must_run or not least else f"{verb} 0 or {exactly}"


# --- The cheapest plan -----------------------------------------------------------------------------------------------


def least_cost(instance: Instance, options: Options, workers: Workers) -> LeastCost | None:
    """The cost of the cheapest plan, or a bound on it if the time limit passes first; ``None`` if there is no plan."""
    if instance.task.load < 0:
        return None
    result = search(instance, options, workers)
    if isinstance(result, Infeasible):
        return None
    if isinstance(result, Solution):
        verify(instance, result)
        return LeastCost(result.cost, is_met=True)
    return LeastCost(result.lower_bound, is_met=False)


def proven_cost(instance: Instance, claim: Claim, cost: int | None, time_limit: float) -> int | None:
    """A lower bound of the cost that a proof shows; ``None`` if it shows none.

    Args:
        instance: the payload in integers.
        claim: the proof and its claim.
        cost: of a plan for the instance, if there is one. It is tried first, then the cost in the claim.
        time_limit: in seconds.

    Raises:
        NotCheckedInTime: the time limit passed.
    """
    tried = [price for price in (cost, claim.cost) if price is not None]
    base = instance.base_cost  # a proof is without what the plants that must run cost at least
    first = _first_proven(instance, claim, [price - base for price in tried], time_limit)
    return None if first is None else tried[first]


def proves_that_no_plan_exists(instance: Instance, claim: Claim, time_limit: float) -> bool:
    """Whether a proof shows that no plan meets the load; a load that is off the grid needs no proof.

    Raises:
        NotCheckedInTime: the time limit (in seconds) passed.
    """
    return not instance.on_grid or instance.task.load < 0 or _first_proven(instance, claim, [None], time_limit) == 0


def _first_proven(instance: Instance, claim: Claim, costs: Sequence[int | None], time_limit: float) -> int | None:
    """The index of the first cost that a proof proves.

    A proof can be written so that its check takes very long, and the check has no time limit. So it runs in a thread,
    which is not waited for after the time limit.
    """
    found: list[int | None] = []
    units, load = instance.task

    def check() -> None:
        held = (i for i, cost in enumerate(costs) if check_proof(units, load, cost, claim.proof))
        found.append(next(held, None))

    thread = Thread(target=check, name="check of a proof", daemon=True)
    thread.start()
    thread.join(time_limit)
    if not found:
        raise NotCheckedInTime(time_limit)
    return found[0]
