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
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance
from powerplant.merit_order import Infeasible, Solution, Unit, check_proof
from powerplant.models import PlantOutput, ProductionPlanRequest
from powerplant.planning import Options
from powerplant.proofs import Claim, read_as
from powerplant.solving import solve_and_check
from powerplant.verification import verify
from powerplant.workers import Workers

NOISE = Decimal("1e-6")
"""MW. A load that differs from a multiple of 0.1 MW by less is that multiple."""


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
    """Check a plan: every plant once, on the grid, within its limits, and the sum exactly the load."""
    faults = list(_faults(request, instance, plan))
    if faults:
        return Audit(faults, None)
    tenths = {output.name: int(_tenths(output)) for output in plan}
    cost = sum(unit.marginal_cost * tenths[name] for name, unit in zip(instance.names, instance.units, strict=True))
    return Audit([], cost)


def _faults(request: ProductionPlanRequest, instance: Instance, plan: Sequence[GivenOutput]) -> Iterator[Fault]:
    units = dict(zip(instance.names, instance.units, strict=True))
    listed: set[str] = set()
    for index, output in enumerate(plan):
        name, tenths = output.name, _tenths(output)
        if name not in units:
            yield Fault(pointer(index, "name"), f"the payload has no power plant {name}")
            continue
        if name in listed:
            yield Fault(pointer(index, "name"), f"{name} is listed twice")
        listed.add(name)
        if tenths != int(tenths):
            yield Fault(pointer(index, "p"), f"{name} produces {output.p} MW, which is not a multiple of 0.1 MW")
        elif tenths and not units[name].min_output <= tenths <= units[name].max_output:
            yield Fault(pointer(index, "p"), f"{name} produces {output.p} MW, but can produce {_range(units[name])}")
    yield from (Fault("#", f"{name} is missing") for name in instance.names if name not in listed)
    produced = sum((_tenths(output) for output in plan), Decimal(0)) / TENTHS_PER_MEGAWATT
    load = Decimal(repr(request.load))
    if abs(load - round(load, 1)) < NOISE:
        load = round(load, 1)
    if produced != load:
        more_or_less = f"{abs(produced - load):f} MW too {'much' if produced > load else 'little'}"
        yield Fault("#", f"the plan produces {produced:f} MW, and the load is {load:f} MW: {more_or_less}")


def _tenths(output: GivenOutput) -> Decimal:
    """The output in tenths of a MW: the shortest decimal that rounds to the double."""
    return Decimal(repr(output.p)) * TENTHS_PER_MEGAWATT


def _range(unit: Unit) -> str:
    least, most = (output / TENTHS_PER_MEGAWATT for output in unit[1:])
    if not most:
        return "nothing"
    if least == most:
        return f"0 or exactly {most} MW"
    return f"0 or {least} to {most} MW" if least else f"0 to {most} MW"


# --- The cheapest plan -----------------------------------------------------------------------------------------------


def least_cost(instance: Instance, options: Options, workers: Workers) -> LeastCost | None:
    """The cost of the cheapest plan, or a bound on it if the time limit passes first; ``None`` if there is no plan."""
    result = workers.run(solve_and_check, instance.units, instance.load, time_limit=options.time_limit)
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
    first = _first_proven(instance, claim, tried, time_limit)
    return None if first is None else tried[first]


def proves_that_no_plan_exists(instance: Instance, claim: Claim, time_limit: float) -> bool:
    """Whether a proof shows that no plan meets the load; a load that is off the grid needs no proof.

    Raises:
        NotCheckedInTime: the time limit (in seconds) passed.
    """
    return not instance.on_grid or _first_proven(instance, claim, [None], time_limit) == 0


def _first_proven(instance: Instance, claim: Claim, costs: Sequence[int | None], time_limit: float) -> int | None:
    """The index of the first cost that a proof proves.

    A proof can be written so that its check takes very long, and the check has no time limit. So it runs in a thread,
    which is not waited for after the time limit.
    """
    found: list[int | None] = []

    def check() -> None:
        held = (i for i, cost in enumerate(costs) if check_proof(instance.units, instance.load, cost, claim.proof))
        found.append(next(held, None))

    thread = Thread(target=check, name="check of a proof", daemon=True)
    thread.start()
    thread.join(time_limit)
    if not found:
        raise NotCheckedInTime(time_limit)
    return found[0]
