"""Plan a horizon: formulate, solve, verify."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from math import ceil, floor
from time import perf_counter
from typing import Literal, NamedTuple

from powerplant.errors import InfeasibleLoad, NotInstalled, OutOfTime, WrongPlan
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.models import Horizon
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.shortages import Missing, no_plan, of_plan, of_single_period, off_grid
from powerplant.horizon.verification import broken_rule
from powerplant.planning import Options, solve_instance
from powerplant.workers import Workers

Status = Literal["optimal", "within_gap", "time_limit"]

FOR_SHORTAGE = 0.1
"""The share of the time limit that the search for the least shortage gets at least."""


class SolvedHorizon(NamedTuple):
    """A plan for a horizon, verified.

    Attributes:
        instance: the horizon in integers.
        plan: the plan.
        status: ``optimal`` if exact arithmetic proves that no plan costs less; ``within_gap``; or ``time_limit``.
        cost, bound: euro, exactly; no plan costs less than the bound.
        horizon: the payload.
        seconds: how long solving took.
        leaves_work: whether a thread of the search is still running.
        relaxed: the prices of the linear relaxation, in euro for a step and period; ``None`` if they are not known.
    """

    instance: HorizonInstance
    plan: Plan
    status: Status
    cost: Fraction
    bound: Fraction
    horizon: Horizon
    seconds: float
    leaves_work: bool = False
    relaxed: tuple[float, ...] | None = None


class Better(NamedTuple):
    """What the search has found so far: a plan with its cost, and a bound, in euro."""

    instance: HorizonInstance
    plan: Plan | None
    cost: Fraction | None
    bound: float | None


Progress = Callable[[Better], None]
"""Called whenever the plan or the bound gets better."""


def plan_horizon(
    horizon: Horizon, options: Options, progress: Progress | None = None, *, threads: int = 2
) -> SolvedHorizon:
    """The best plan for a horizon, computed in this process.

    Args:
        horizon: a decoded payload.
        options: how to plan it.
        progress: called whenever the search has found something better.
        threads: 1 or 2. With one, a run that ends before its time limit gives the same plan each time.

    Raises:
        InvalidPayload: a plant has no schedule of its own, or a load has too many steps.
        InfeasibleHorizon: no plan meets all loads and the reserve.
        OutOfTime: no plan was found within the time limit.
        NotInstalled: the periods are coupled, and HiGHS is not installed.
        WrongPlan: the plan failed its verification.
    """
    start = perf_counter()
    grid = options.grid
    instance = formulate_horizon(horizon, co2=options.co2, grid=grid, round_load=options.round_load)
    missing = off_grid(instance, horizon.load)
    if missing:
        raise no_plan(instance, missing, proven=True)
    solved = plan_instance(instance, horizon, options.after(perf_counter() - start), progress, threads=threads)
    return solved._replace(seconds=perf_counter() - start)


def plan_instance(
    instance: HorizonInstance, horizon: Horizon, options: Options, progress: Progress | None = None, *, threads: int = 2
) -> SolvedHorizon:
    """The best plan for the instance of a payload, verified; arguments and errors as for :func:`plan_horizon`."""
    start = perf_counter()
    if instance.is_coupled:
        result = _coupled(instance, options, progress, threads)
    else:
        result = _each_alone(instance, horizon, options)
    plan, bound, status, leaves_work, relaxed = result
    rule = broken_rule(instance, plan)
    if rule is not None:
        raise WrongPlan(f"the plan breaks a rule: {rule}")
    cost = cost_of(instance, plan)
    if bound > cost:
        if status == "optimal":
            raise WrongPlan(f"the plan costs {float(cost)}, and the bound is {float(bound)}")
        bound = cost  # the bound of a computation with floats
    return SolvedHorizon(instance, plan, status, cost, bound, horizon, perf_counter() - start, leaves_work, relaxed)


class _Result(NamedTuple):
    plan: Plan
    bound: Fraction
    status: Status
    leaves_work: bool = False
    relaxed: tuple[float, ...] | None = None


def _each_alone(instance: HorizonInstance, horizon: Horizon, options: Options) -> _Result:
    """Solve each period as one hour, exactly: nothing couples them."""
    start = perf_counter()
    workers, missing = Workers(0), list[Missing]()
    columns: list[tuple[int, ...]] = []
    cost = bound = Fraction(0)
    status: Status = "optimal"
    for t, single in enumerate(instance.singles):
        now = options.after(perf_counter() - start)._replace(feasible=True)
        try:
            solution = solve_instance(single, horizon.load[t], now, workers).solution
        except InfeasibleLoad as error:
            missing.append(of_single_period(instance, t, error))
            continue
        columns.append(solution.dispatch)
        cost += _euros(solution.cost, instance)
        bound += _euros(solution.lower_bound, instance)
        if solution.cost != solution.lower_bound:
            status = "time_limit"
    if missing:
        raise no_plan(instance, missing, proven=True)
    p = tuple(zip(*columns, strict=True))
    on = tuple(
        tuple([int(output > 0 or must) for output, must in zip(row, plant.must_run, strict=True)])
        for row, plant in zip(p, instance.plants, strict=True)
    )
    if status == "time_limit" and cost - bound <= instance.relative_gap * max(abs(cost), Fraction(1)):
        status = "within_gap"
    return _Result(Plan(on, p, (0,) * len(instance.load)), bound, status)


def _euros(cost: int, instance: HorizonInstance) -> Fraction:
    return Fraction(instance.grid.euros(cost)) * instance.hours


def _coupled(instance: HorizonInstance, options: Options, progress: Progress | None, threads: int) -> _Result:
    """Solve the periods together."""
    if not (find_spec("highspy") and find_spec("numpy")):
        raise NotInstalled(
            "Plants whose periods depend on each other need HiGHS, which is not installed: poetry install --extras "
            "horizon, or pip install '.[horizon]'."
        )
    from powerplant.horizon.bracket import Found, is_near, noise
    from powerplant.horizon.search import least_shortage, search

    start = perf_counter()

    def notify(now: Found) -> None:
        if progress is not None:
            progress(Better(instance, now.plan, now.cost, now.bound))

    found = search(instance, options.left, notify, threads=threads)
    if found.plan is not None and found.cost is not None:
        bound = _trivial_bound(instance) if found.bound is None else Fraction(found.bound)
        if found.cost - bound <= noise(found.cost):
            bound = found.cost
        status: Status = "within_gap" if is_near(instance, found.cost, float(bound)) else "time_limit"
        return _Result(found.plan, bound, status, found.leaves_work, found.prices)
    if not found.is_infeasible:
        raise OutOfTime(options.time_limit, None)
    left = max(options.after(perf_counter() - start).left, FOR_SHORTAGE * options.time_limit)
    shortage = least_shortage(instance, left)
    if shortage is None:
        raise OutOfTime(options.time_limit, None)
    missing = of_plan(instance, shortage.plan)
    if missing:
        raise no_plan(instance, missing, proven=shortage.is_proven)
    bound = Fraction(found.bound) if found.bound is not None else _trivial_bound(instance)
    return _Result(shortage.plan, bound, "time_limit", found.leaves_work)


def _trivial_bound(instance: HorizonInstance) -> Fraction:
    """A bound without a search.

    It adds up, for each period, the cheapest steps that meet the load. A step costs the least that its plant can have
    as its average cost; starts cost nothing. With storages or a market the load does not limit the steps: then only
    those with a cost below zero count.
    """
    bound, is_open = Fraction(0), bool(instance.storages) or instance.market is not None
    for t in instance.periods:
        steps = [(instance.lost_load, instance.load[t])] if instance.lost_load is not None else []
        for plant in instance.plants:
            if plant.can_run[t]:
                base = min(Fraction(0), plant.no_load)
                points = {
                    plant.least[t],
                    plant.most[t],
                    *(ceil(p) for p, _ in plant.curve),
                    *(floor(p) for p, _ in plant.curve),
                }
                inside = [p for p in points if max(1, plant.least[t]) <= p <= plant.most[t]]
                bound += base
                steps += [(min((plant.running_cost(t, p) - base) / p for p in inside), plant.most[t])] if inside else []
        left = instance.load[t]
        for cost, most in sorted(steps):
            taken = most if is_open else min(most, left)
            bound += min(Fraction(0), cost * taken) if is_open else cost * taken
            left -= taken
    for storage in instance.storages:
        bound += min(Fraction(0), storage.cost) * storage.discharge_max * len(instance.load)
        bound -= max(storage.final_value * storage.energy_max, storage.final_value * storage.energy_min)
    if (market := instance.market) is not None:
        for t in instance.periods:
            bound += min(Fraction(0), market.buying[t]) * market.buy[t]
            bound -= max(Fraction(0), market.selling[t]) * market.sell[t]
    return bound
