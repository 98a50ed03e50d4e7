"""Plan one payload: formulate, solve, verify, present."""

from __future__ import annotations

from decimal import Decimal
from time import perf_counter
from typing import NamedTuple

from powerplant.errors import InfeasibleLoad, OutOfTime
from powerplant.formulation import TENTHS, Grid, Instance, formulate
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
        grid: the step of outputs and load.
        round_load: whether a load that is off the grid becomes the nearest multiple of the step.
    """

    co2: bool = True
    feasible: bool = False
    time_limit: float = 5.0
    spent: float = 0.0
    grid: Grid = TENTHS
    round_load: bool = False

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


class ExactPlan(NamedTuple):
    """A plan that meets the load, and what is proven about its cost; :class:`powerplant.ProductionPlan` is built on it.

    Attributes:
        outputs: name and output in MW of every power plant, in merit order.
        cost: of the hour, in euro, exactly.
        gap: how much more than the cheapest plan it costs at most, in euro; 0 if it is proven optimal.
        method: how the cost was proven.
        seconds: that solving took.
        load: in MW, which the outputs meet.
    """

    outputs: list[tuple[str, float]]
    cost: Decimal
    gap: Decimal
    method: str
    seconds: float
    load: float


def plan_production(request: ProductionPlanRequest, options: Options, workers: Workers) -> ExactPlan:
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
    instance = formulate(request, co2=options.co2, grid=options.grid, round_load=options.round_load)
    return solve_instance(instance, request.load, options.after(perf_counter() - start), workers)


def solve_instance(instance: Instance, load: float, options: Options, workers: Workers) -> Solved:
    """Solve and verify; ``load`` is that of the payload, in MW, for messages. Errors as in :func:`solve_request`."""
    start = perf_counter()
    if not instance.on_grid or instance.task.load < 0:
        reason = "below_must_run" if instance.on_grid else "off_grid"
        raise _infeasible_load(instance, load, reason, _nearest(instance, options, workers))
    result = search(instance, options, workers)
    if isinstance(result, Infeasible):
        nearest = NearestLoads(result.nearest_below, result.nearest_above)
        raise _infeasible_load(instance, load, result.reason, nearest, result.proof)
    if isinstance(result, GaveUp):
        if not options.feasible or result.dispatch is None or result.cost is None:
            raise OutOfTime(options.time_limit, None if result.gap is None else instance.grid.euros(result.gap))
        result = Solution(result.dispatch, result.cost, result.lower_bound, UNPROVEN)
    seconds = perf_counter() - start
    verify(instance, result, proven=result.proof is not UNPROVEN)
    return Solved(instance, result, seconds)


def search(instance: Instance, options: Options, workers: Workers) -> Solution | Infeasible | GaveUp:
    """The solver's result for an instance, with the minimum of the plants that must run; its proof is without it."""
    result = workers.run(solve_and_check, *instance.task, time_limit=options.left)
    if not instance.must_run:
        return result
    base, cost = instance.base, instance.base_cost
    if isinstance(result, Infeasible):
        below, above = _with_base(instance, NearestLoads(result.nearest_below, result.nearest_above))
        reason = "in_a_gap" if result.reason == "below_minimum" else result.reason
        return Infeasible(reason, below or 0, above, result.proof)
    if result.dispatch is None or result.cost is None:
        return result._replace(lower_bound=result.lower_bound + cost)
    dispatch = tuple([least + more for least, more in zip(base, result.dispatch, strict=True)])
    return result._replace(dispatch=dispatch, cost=result.cost + cost, lower_bound=result.lower_bound + cost)


def present(solved: Solved) -> ExactPlan:
    """A solution in MW and euro, in merit order."""
    instance, solution, seconds = solved
    names, dispatch, grid = instance.names, solution.dispatch, instance.grid
    per_megawatt = grid.per_megawatt
    return ExactPlan(
        outputs=[(names[i], dispatch[i] / per_megawatt) for i in in_merit_order(instance)],
        cost=grid.euros(solution.cost),
        gap=grid.euros(solution.cost - solution.lower_bound),
        method=solution.proof.method,
        seconds=seconds,
        load=grid.megawatts(instance.load),
    )


def in_merit_order(instance: Instance) -> list[int]:
    """Indices of the plants, the cheapest first; equally cheap plants in the order of the payload."""
    units = instance.units
    return sorted(range(len(units)), key=lambda i: units[i].marginal_cost)


def _nearest(instance: Instance, options: Options, workers: Workers) -> NearestLoads:
    """The nearest loads that have a plan, for a load that is off the grid or too low."""
    units, load = instance.task
    if load < 0:
        return _with_base(instance, NearestLoads(None, 0))
    nearest = workers.run(nearest_loads, units, load, load + 1, time_limit=options.left)
    if not isinstance(nearest, NearestLoads):
        raise OutOfTime(options.time_limit, None)
    return _with_base(instance, nearest)


def _with_base(instance: Instance, nearest: NearestLoads) -> NearestLoads:
    """Loads of the task of an instance, with the minimum of the plants that must run."""
    base = sum(instance.base)
    return NearestLoads(*(None if load is None else base + load for load in nearest))


def _infeasible_load(
    instance: Instance, load: float, reason: str, nearest: NearestLoads, proof: Proof | None = None
) -> InfeasibleLoad:
    below, above = (None if steps is None else instance.grid.megawatts(steps) for steps in nearest)
    return InfeasibleLoad(load, reason, below, above, proof, step=instance.grid.step)
