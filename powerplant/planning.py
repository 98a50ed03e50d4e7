"""Plan one payload: formulate, solve, verify, present."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import NamedTuple

from powerplant.errors import InfeasibleLoad, OutOfTime
from powerplant.formulation import TENTHS_PER_MEGAWATT, Instance, euros, formulate
from powerplant.merit_order import GaveUp, Infeasible, NearestLoads, Proof, Solution, nearest_loads
from powerplant.models import ProductionPlanRequest
from powerplant.solving import solve_and_check
from powerplant.verification import verify
from powerplant.workers import Workers

UNPROVEN = Proof("none", ())
"""The proof of a plan that is not proven optimal."""


class Options(NamedTuple):
    """How a payload is planned.

    Attributes:
        co2: whether emission allowances count in the cost.
        feasible: whether to accept the best plan found if none is proven optimal within the time limit.
        time_limit: seconds for all that a request needs: decoding, search, reasons.
        spent: how many of them have passed.
    """

    co2: bool = True
    feasible: bool = False
    time_limit: float = 5.0
    spent: float = 0.0

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.time_limit - self.spent)

    def after(self, seconds: float) -> Options:
        """The same options when more time has passed."""
        return self._replace(spent=self.spent + seconds)


class Solved(NamedTuple):
    """A solved payload.

    Attributes:
        instance: the payload in integers.
        solution: its verified solution.
        seconds: that solving took.
    """

    instance: Instance
    solution: Solution
    seconds: float


class ProductionPlan(NamedTuple):
    """A plan that meets the load, and what is proven about its cost.

    Attributes:
        outputs: name and output in MW of every power plant, in merit order.
        cost: of the hour, in euro, exactly.
        gap: how much more than the cheapest plan it costs at most, in euro; 0 if it is proven optimal.
        method: how the cost was proven.
        seconds: that solving took.
    """

    outputs: list[tuple[str, float]]
    cost: Decimal
    gap: Decimal
    method: str
    seconds: float


def plan_production(request: ProductionPlanRequest, options: Options, workers: Workers) -> ProductionPlan:
    """The cheapest plan for a request; arguments and errors are those of :func:`solve_request`."""
    return present(solve_request(request, options, workers))


def solve_request(request: ProductionPlanRequest, options: Options, workers: Workers) -> Solved:
    """Formulate, solve, verify.

    Args:
        request: a decoded payload.
        options: how to plan it.
        workers: processes for long searches.

    Raises:
        InfeasibleLoad: no plan meets the load.
        OutOfTime: no plan was proven optimal within the time limit.
        TooBusy: the search is long, and all processes are in use.
        WrongPlan: the plan failed its verification.
    """
    start = perf_counter()
    instance = formulate(request, co2=options.co2)
    return solve_instance(instance, request.load, options.after(perf_counter() - start), workers)


def solve_instance(instance: Instance, load: float, options: Options, workers: Workers) -> Solved:
    """Solve and verify; ``load`` is that of the payload, in MW, for messages. Errors as in :func:`solve_request`."""
    start = perf_counter()
    if not instance.on_grid:
        nearest = workers.run(nearest_loads, instance.units, instance.load, instance.load + 1, time_limit=options.left)
        if not isinstance(nearest, NearestLoads):
            raise OutOfTime(options.time_limit, None)
        raise _infeasible_load(load, "off_grid", nearest)
    result = workers.run(solve_and_check, instance.units, instance.load, time_limit=options.left)
    if isinstance(result, Infeasible):
        nearest = NearestLoads(result.nearest_below, result.nearest_above)
        raise _infeasible_load(load, result.reason, nearest, result.proof)
    if isinstance(result, GaveUp):
        if not options.feasible or result.dispatch is None or result.cost is None:
            raise OutOfTime(options.time_limit, None if result.gap is None else euros(result.gap))
        result = Solution(result.dispatch, result.cost, result.lower_bound, UNPROVEN)
    seconds = perf_counter() - start
    verify(instance, result, proven=result.proof is not UNPROVEN)
    return Solved(instance, result, seconds)


def present(solved: Solved) -> ProductionPlan:
    """A solution in MW and euro, in merit order."""
    instance, solution, seconds = solved
    names, dispatch = instance.names, solution.dispatch
    return ProductionPlan(
        outputs=[(names[i], dispatch[i] / TENTHS_PER_MEGAWATT) for i in in_merit_order(instance)],
        cost=euros(solution.cost),
        gap=euros(solution.cost - solution.lower_bound),
        method=solution.proof.method,
        seconds=seconds,
    )


def in_merit_order(instance: Instance) -> list[int]:
    """Indices of the plants, the cheapest first; equally cheap plants in the order of the payload."""
    units = instance.units
    return sorted(range(len(units)), key=lambda i: units[i].marginal_cost)


def _infeasible_load(load: float, reason: str, nearest: NearestLoads, proof: Proof | None = None) -> InfeasibleLoad:
    below, above = nearest
    return InfeasibleLoad(
        load,
        reason,
        below / TENTHS_PER_MEGAWATT,
        None if above is None else above / TENTHS_PER_MEGAWATT,
        proof,
    )
