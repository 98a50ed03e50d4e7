"""The use case: formulate, solve, verify, present."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import NamedTuple

from powerplant.errors import InfeasibleLoad, OutOfTime
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance, euros, formulate
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, nearest_loads
from powerplant.models import ProductionPlanRequest
from powerplant.solving import Runs, prove
from powerplant.verification import verify

UNPROVEN = Proof("none", ())
"""What stands where a proof would, of a plan that was found and not proven."""


class ProductionPlan(NamedTuple):
    """A plan that meets the load, and what is proven of its cost.

    Attributes:
        outputs: name and output in MW of every power plant, in merit order.
        cost: of the hour, in euro, exactly.
        gap: how much dearer than the cheapest it may be at the most, in euro; 0 where it is proven to be one.
        method: how the cost was proven.
        seconds: that solving took.
    """

    outputs: list[tuple[str, float]]
    cost: Decimal
    gap: Decimal
    method: str
    seconds: float


class Solved(NamedTuple):
    """What a request came to: the instance that it is, its solution, verified, and the seconds that solving took."""

    instance: Instance
    solution: Solution
    seconds: float


def plan_production(
    request: ProductionPlanRequest, *, co2: bool, time_limit: float, solvers: Runs, feasible: bool = False
) -> ProductionPlan:
    """The cheapest production plan that meets the load; arguments and errors are those of :func:`solve_request`."""
    return present(*solve_request(request, co2=co2, time_limit=time_limit, solvers=solvers, feasible=feasible))


def solve_request(
    request: ProductionPlanRequest, *, co2: bool, time_limit: float, solvers: Runs, feasible: bool = False
) -> Solved:
    """Formulate, solve, verify.

    Args:
        request: a decoded payload.
        co2: whether emission allowances count in the cost.
        time_limit: seconds that the solver may take.
        solvers: where it runs.
        feasible: whether a plan that is not proven to be a cheapest one will do, once the time is over.

    Raises:
        InfeasibleLoad: no plan meets the load.
        OutOfTime: none was proven optimal within the time limit; or none was found at all.
        TooBusy: it would take long, and too many others that take long are being solved.
        WrongPlan: the solver's plan failed its verification.
    """
    instance = formulate(request, co2=co2)
    return solve_instance(instance, request.load, time_limit=time_limit, solvers=solvers, feasible=feasible)


def solve_instance(
    instance: Instance, load: float, *, time_limit: float, solvers: Runs, feasible: bool = False
) -> Solved:
    """Solve, verify.

    Args:
        instance: what is to be solved.
        load: in MW, as the payload has it, for what is said of it.
        time_limit: seconds that the solver may take.
        solvers: where it runs.
        feasible: as in :func:`solve_request`, whose errors this one raises too.
    """
    start = perf_counter()
    try:
        if not instance.on_grid:
            nearest = solvers.run(
                nearest_loads, instance.units, instance.load, instance.load + 1, time_limit=time_limit
            )
            raise _infeasible_load(load, "off_grid", *nearest)
        solution = solvers.run(prove, instance.units, instance.load, time_limit=time_limit)
    except Infeasible as error:
        raise _infeasible_load(load, error.reason, error.nearest_below, error.nearest_above) from error
    except GaveUp as error:
        if not feasible or error.dispatch is None or error.cost is None:
            raise OutOfTime(time_limit, None if error.gap is None else euros(error.gap)) from error
        solution = Solution(error.dispatch, error.cost, error.lower_bound, UNPROVEN)
    seconds = perf_counter() - start
    verify(instance, solution, proven=solution.proof is not UNPROVEN)
    return Solved(instance, solution, seconds)


def present(instance: Instance, solution: Solution, seconds: float) -> ProductionPlan:
    """A solution in the users' terms: MW and euro, in merit order."""
    names, dispatch = instance.names, solution.dispatch
    return ProductionPlan(
        outputs=[(names[position], dispatch[position] / TENTHS_PER_MEGAWATT) for position in merit_order(instance)],
        cost=euros(solution.cost),
        gap=euros(solution.cost - solution.lower_bound),
        method=solution.proof.method,
        seconds=seconds,
    )


def merit_order(instance: Instance) -> list[int]:
    """Positions of the plants, the cheapest first, equally cheap ones as the payload has them."""
    units = instance.units
    return sorted(range(len(units)), key=lambda position: units[position].marginal_cost)


def _infeasible_load(load: float, reason: str, nearest_below: int, nearest_above: int | None) -> InfeasibleLoad:
    return InfeasibleLoad(
        load,
        reason,
        nearest_below / TENTHS_PER_MEGAWATT,
        None if nearest_above is None else nearest_above / TENTHS_PER_MEGAWATT,
    )
