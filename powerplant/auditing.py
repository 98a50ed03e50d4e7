"""The use case of who has a plan already: what is wrong with it, and how far it is from the cheapest.

A plan is whatever says of itself that it is one. It is held against the instance alone; nothing that the solver or the
service say of their own plans is needed to find its faults.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Thread
from typing import NamedTuple

from pydantic import ConfigDict, TypeAdapter, ValidationError

from powerplant.decoding import parse, pointer
from powerplant.errors import Fault, InvalidPayload, NotCheckedInTime
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance
from powerplant.merit_order import GaveUp, Unit, check_proof
from powerplant.models import PlantOutput, ProductionPlanRequest
from powerplant.proofs import Claim
from powerplant.solving import Solvers, prove
from powerplant.verification import verify

EXPECTED = "a list of objects with name and p"


class GivenOutput(PlantOutput):
    """What somebody says that one power plant produces; what else is said of it means nothing here."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class Audit(NamedTuple):
    """What came of holding a plan against an instance.

    Attributes:
        faults: all of them, with their places in the plan; none where it is a plan for the instance.
        cost: in 10**-10 euro; ``None`` where there are faults.
    """

    faults: list[Fault]
    cost: int | None


class LeastCost(NamedTuple):
    """What is known of the cheapest plan.

    Attributes:
        bound: no plan costs less, in 10**-10 euro.
        is_met: whether a plan is known that costs no more.
    """

    bound: int
    is_met: bool


# --- Reading ---------------------------------------------------------------------------------------------------------


def decode_plan(body: bytes) -> list[GivenOutput]:
    """Read a plan in the form in which the service answers.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is JSON, but of another form.
    """
    content = parse(body, EXPECTED)
    if not isinstance(content, list):
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}")])
    try:
        return _OUTPUTS.validate_python(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise InvalidPayload([Fault(pointer(*d["loc"]), _WORDS.get(d["type"], d["msg"])) for d in details]) from None


_OUTPUTS = TypeAdapter(list[GivenOutput])
_WORDS = {
    "missing": "is missing",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a text",
    "model_type": "must be an object with name and p",
    "model_attributes_type": "must be an object with name and p",
}


# --- Faults ----------------------------------------------------------------------------------------------------------


def audit(request: ProductionPlanRequest, instance: Instance, plan: Sequence[GivenOutput]) -> Audit:
    """Hold a plan against a payload: every plant once, on the grid, within its limits, and the sum exactly the load.

    Args:
        request: the payload.
        instance: the same in integers.
        plan: what is said to be a plan for it.
    """
    faults = [*_faults_of_outputs(instance, plan), *_faults_of_the_whole(request, instance, plan)]
    if faults:
        return Audit(faults, None)
    tenths = {output.name: int(_tenths(output)) for output in plan}
    cost = sum(unit.marginal_cost * tenths[name] for name, unit in zip(instance.names, instance.units, strict=True))
    return Audit([], cost)


def _faults_of_outputs(instance: Instance, plan: Sequence[GivenOutput]) -> Iterator[Fault]:
    units = dict(zip(instance.names, instance.units, strict=True))
    seen: set[str] = set()
    for index, output in enumerate(plan):
        name, tenths = output.name, _tenths(output)
        if name not in units:
            yield Fault(pointer(index, "name"), f"no power plant of the payload is called {name}")
            continue
        if name in seen:
            yield Fault(pointer(index, "name"), f"{name} is there already")
        seen.add(name)
        if tenths != int(tenths):
            yield Fault(pointer(index, "p"), f"{name} makes {output.p} MW, which is no multiple of 0.1 MW")
        elif tenths and not units[name].min_output <= tenths <= units[name].max_output:
            yield Fault(pointer(index, "p"), f"{name} makes {output.p} MW, but can make {_range(units[name])}")


def _faults_of_the_whole(
    request: ProductionPlanRequest, instance: Instance, plan: Sequence[GivenOutput]
) -> Iterator[Fault]:
    listed = {output.name for output in plan}
    for name in instance.names:
        if name not in listed:
            yield Fault("#", f"{name} is missing")
    produced = sum((_tenths(output) for output in plan), Decimal(0)) / TENTHS_PER_MEGAWATT
    load = Decimal(repr(request.load))
    if produced != load:
        more_or_less = f"{abs(produced - load):f} MW too {'much' if produced > load else 'little'}"
        yield Fault("#", f"the plan makes {produced:f} MW, and the load is {load:f} MW: {more_or_less}")


def _tenths(output: GivenOutput) -> Decimal:
    """The output in tenths of a MW: the decimal that stands in the file, as far as a double carries it."""
    return Decimal(repr(output.p)) * TENTHS_PER_MEGAWATT


def _range(unit: Unit) -> str:
    least, most = (output / TENTHS_PER_MEGAWATT for output in unit[1:])
    if not most:
        return "nothing"
    if least == most:
        return f"0 or exactly {most} MW"
    return f"0 or {least} to {most} MW" if least else f"0 to {most} MW"


# --- The cheapest plan -----------------------------------------------------------------------------------------------


def least_cost(instance: Instance, time_limit: float, solvers: Solvers) -> LeastCost:
    """What solving tells of the cheapest plan; past the time limit (seconds) that is a bound alone.

    Raises:
        Infeasible: there is no plan.
    """
    try:
        solution = solvers.run(prove, instance.units, instance.load, time_limit=time_limit)
    except GaveUp as gave_up:
        return LeastCost(gave_up.lower_bound, is_met=False)
    verify(instance, solution)
    return LeastCost(solution.cost, is_met=True)


def proven_cost(instance: Instance, claim: Claim, cost: int | None, time_limit: float) -> int | None:
    """What a proof shows that no plan can cost less than, without solving; ``None`` where it shows nothing.

    Args:
        instance: the payload in integers.
        claim: what is said to be proven.
        cost: of a plan for the instance, if there is one: it is tried first, then what the claim says.
        time_limit: seconds.

    Raises:
        NotCheckedInTime: they passed first.
    """
    tried = [price for price in (cost, claim.cost) if price is not None]
    first = _first_proven(instance, claim, tried, time_limit)
    return None if first is None else tried[first]


def proves_that_no_plan_exists(instance: Instance, claim: Claim, time_limit: float) -> bool:
    """Whether a proof shows that nothing meets the load; of a load that is off the grid that needs none.

    Raises:
        NotCheckedInTime: the time limit (seconds) passed first.
    """
    return not instance.on_grid or _first_proven(instance, claim, [None], time_limit) == 0


def _first_proven(instance: Instance, claim: Claim, costs: Sequence[int | None], time_limit: float) -> int | None:
    """Which of some costs a proof proves.

    A proof can be made so that its check would take for ever, and the check looks at no clock. So it has a thread,
    which nobody waits for once the time is over; it ends with the process at the latest.
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
