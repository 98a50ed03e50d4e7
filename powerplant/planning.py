"""The use case: formulate, solve, verify, present."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter

from powerplant.errors import InfeasibleLoad, OutOfTime, WrongPlan
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance, euros, formulate
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, check_proof, nearest_loads, solve
from powerplant.models import ProductionPlanRequest
from powerplant.verification import verify

SECONDS_PER_OPERATION = 0.5e-6
"""About what a simple operation of a check takes."""


@dataclass(frozen=True, slots=True)
class ProductionPlan:
    """A cheapest plan, proven.

    Attributes:
        outputs: name and output in MW of every power plant, in merit order.
        cost: of the hour, in euro, exactly.
        method: how the cost was proven.
    """

    outputs: list[tuple[str, float]]
    cost: Decimal
    method: str


def plan_production(request: ProductionPlanRequest, *, co2: bool, time_limit: float) -> ProductionPlan:
    """The cheapest production plan that meets the load.

    Args:
        request: a decoded payload.
        co2: whether emission allowances count in the cost.
        time_limit: seconds that the solver may take.

    Raises:
        InfeasibleLoad: no plan meets the load.
        OutOfTime: none was proven optimal within the time limit.
        WrongPlan: the solver's plan failed its verification.
    """
    instance = formulate(request, co2=co2)
    start = perf_counter()
    try:
        if not instance.on_grid:
            below, above = nearest_loads(instance.units, instance.load, instance.load + 1, time_limit)
            raise _infeasible_load(request, "off_grid", below, above)
        solution = solve(instance.units, instance.load, time_limit)
    except Infeasible as error:
        _check(instance, None, error.proof, perf_counter() - start)
        raise _infeasible_load(request, error.reason, error.nearest_below, error.nearest_above) from error
    except GaveUp as error:
        raise OutOfTime(time_limit, None if error.gap is None else euros(error.gap)) from error
    seconds = perf_counter() - start
    verify(instance, solution)
    _check(instance, solution.cost, solution.proof, seconds)
    return present(instance, solution)


def present(instance: Instance, solution: Solution) -> ProductionPlan:
    """A solution in the users' terms: MW and euro, in merit order."""
    units, names, dispatch = instance.units, instance.names, solution.dispatch
    merit_order = sorted(range(len(units)), key=lambda position: units[position].marginal_cost)
    return ProductionPlan(
        outputs=[(names[position], dispatch[position] / TENTHS_PER_MEGAWATT) for position in merit_order],
        cost=euros(solution.cost),
        method=solution.proof.method,
    )


def _check(instance: Instance, cost: int | None, proof: Proof, seconds: float) -> None:
    """Check what a proof certifies, if that costs no more than the solve did, in seconds.

    Raises:
        WrongPlan: it does not prove the cost or, for ``None``, that no plan exists.
    """
    checking = proof.operations_to_check(instance.units, instance.load) * SECONDS_PER_OPERATION
    if not proof.certified or checking > seconds:
        return
    if not check_proof(instance.units, instance.load, cost, proof):
        claim = "that no plan exists" if cost is None else f"a cost of {cost}"
        raise WrongPlan(f"the proof ({proof.method}) does not prove {claim}")


def _infeasible_load(
    request: ProductionPlanRequest, reason: str, nearest_below: int, nearest_above: int | None
) -> InfeasibleLoad:
    return InfeasibleLoad(
        request.load,
        reason,
        nearest_below / TENTHS_PER_MEGAWATT,
        None if nearest_above is None else nearest_above / TENTHS_PER_MEGAWATT,
    )
