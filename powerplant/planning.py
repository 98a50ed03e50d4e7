"""The use case: formulate, solve, verify, present."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from time import perf_counter

from powerplant.errors import InfeasibleLoad, OutOfTime, WrongPlan
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance, euros, formulate
from powerplant.merit_order import GaveUp, Infeasible, Solution, check_proof, nearest_loads, solve
from powerplant.models import ProductionPlanRequest
from powerplant.verification import verify

SECONDS_TO_CHECK = 0.4e-6
"""About what one step of a proof costs for each unit."""


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
    try:
        if not instance.on_grid:
            below, above = nearest_loads(instance.units, instance.load, instance.load + 1, time_limit)
            raise _infeasible_load(request, "off_grid", below, above)
        start = perf_counter()
        solution = solve(instance.units, instance.load, time_limit)
        seconds = perf_counter() - start
    except Infeasible as error:
        raise _infeasible_load(request, error.reason, error.nearest_below, error.nearest_above) from error
    except GaveUp as error:
        raise OutOfTime(time_limit, None if error.gap is None else euros(error.gap)) from error
    verify(instance, solution)
    if not _proof_holds(instance, solution, seconds):
        raise WrongPlan(f"its proof ({solution.proof.method}) does not prove a cost of {solution.cost}")
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


def _proof_holds(instance: Instance, solution: Solution, seconds: float) -> bool:
    """Whether the proof of a solution checks, if it is certified and a check costs no more than the solve did."""
    proof = solution.proof
    checking = len(proof.steps) * len(instance.units) * SECONDS_TO_CHECK
    if not proof.certified or checking > seconds:
        return True
    return check_proof(instance.units, instance.load, solution.cost, proof)


def _infeasible_load(
    request: ProductionPlanRequest, reason: str, nearest_below: int, nearest_above: int | None
) -> InfeasibleLoad:
    return InfeasibleLoad(
        request.load,
        reason,
        nearest_below / TENTHS_PER_MEGAWATT,
        None if nearest_above is None else nearest_above / TENTHS_PER_MEGAWATT,
    )
