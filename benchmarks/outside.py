"""The same problem for HiGHS and CP-SAT, in the formulations and settings that are fastest for them.

Units of equal cost and limits are one group with a count, which removes most of the symmetry. Block units need no
variable for their output, units without min_output none for their commitment. Marginal costs are relative to the
cheapest one, which gives smaller numbers.

The variables for HiGHS (floating point) are the number of units that are on, and their output above the min_outputs
(`slack`: one constraint for each group) or in total (`links`: two constraints, faster in large fleets; `bare`: the same
without presolve, faster from thousands of units on). Outputs are continuous: if limits and load are integers, some
cheapest plan is integer too, and integer variables would only make HiGHS slower.

CP-SAT (64-bit integers) uses the `slack` form with and without presolve, or one variable for each group whose domain
has the gaps. Costs are divided by their common divisor. If the objective could still exceed 2^61, they are divided
further and rounded; then `Answer.exact` is false.

The two libraries cannot be loaded in one process, so each is imported by the function that uses it.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from math import gcd
from typing import Any, NamedTuple

from benchmarks.families import PlainUnit

OPTIMAL, NO_PLAN, TIME_OUT, FAILED = "optimal", "no plan", "time-out", "failed"

EURO = 1e-10  # what a tenth of a MW costs in euro at a marginal cost of 1
CPSAT_OBJECTIVE_LIMIT = 2**61


class Answer(NamedTuple):
    """The answer of a solver; the dispatch is in tenths of a MW, in the order of the units."""

    status: str
    dispatch: list[int] | None = None
    exact: bool = True


class Group(NamedTuple):
    """Units of equal cost and limits."""

    cost: int
    low: int
    high: int
    members: list[int]


def solve_with_highs(units: Sequence[PlainUnit], load: int, time_limit: float, setting: str) -> Answer:
    """Solve with HiGHS: one thread, both gap tolerances 0."""
    import numpy as np

    highspy: Any = import_module("highspy")
    groups = _groups(units)
    cheapest = min((group.cost for group in groups), default=0)
    cost: list[float] = []
    upper: list[int] = []
    integer: list[int] = []
    start, column, value = [0], [], []
    row_lower: list[float] = [load]
    row_upper: list[float] = [load]
    links: list[tuple[int, int, int, float, float]] = []
    for group in groups:
        cost_of_step = (group.cost - cheapest) * EURO
        first, low, high, count = len(cost), group.low, group.high, len(group.members)
        if low == high:
            _column(cost, cost_of_step * high, upper, count, integer, 1)
            column.append(first)
            value.append(high)
        elif low == 0:
            _column(cost, cost_of_step, upper, high * count, integer, 0)
            column.append(first)
            value.append(1)
        elif setting == "slack":
            _column(cost, cost_of_step * low, upper, count, integer, 1)
            _column(cost, cost_of_step, upper, (high - low) * count, integer, 0)
            column += (first, first + 1)
            value += (low, 1)
            links.append((first, first + 1, low - high, -highspy.kHighsInf, 0))
        else:
            _column(cost, 0, upper, count, integer, 1)
            _column(cost, cost_of_step, upper, high * count, integer, 0)
            column.append(first + 1)
            value.append(1)
            links.append((first, first + 1, -high, -highspy.kHighsInf, 0))
            links.append((first, first + 1, -low, 0, highspy.kHighsInf))
    for on, output, factor, least, most in links:
        start.append(len(column))
        column += (on, output)
        value += (factor, 1)
        row_lower.append(least)
        row_upper.append(most)

    class Silent(highspy.Highs):  # type: ignore[misc]  # it has no types
        def enableCallbacks(self) -> None:  # noqa: N802 - HiGHS' name
            """Nothing: HiGHS would print its name to stdout, which has the answers."""

    highs = Silent()
    for option, choice in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.0),
        ("presolve", "off" if setting == "bare" else "choose"),
        ("time_limit", float(time_limit)),
    ):
        highs.setOptionValue(option, choice)
    highs.passModel(
        len(cost),
        len(row_lower),
        len(column),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        cheapest * EURO * load,
        np.array(cost, dtype=np.float64),
        np.zeros(len(cost)),
        np.array(upper, dtype=np.float64),
        np.array(row_lower, dtype=np.float64),
        np.array(row_upper, dtype=np.float64),
        np.array(start, dtype=np.int32),
        np.array(column, dtype=np.int32),
        np.array(value, dtype=np.float64),
        np.array(integer, dtype=np.int32),
    )
    highs.run()
    status = highs.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Answer(NO_PLAN)
    if status == highspy.HighsModelStatus.kTimeLimit:
        return Answer(TIME_OUT)
    if status != highspy.HighsModelStatus.kOptimal:
        return Answer(FAILED)
    found = iter(round(x) for x in highs.getSolution().col_value)
    return Answer(OPTIMAL, _dispatch(units, load, _read_groups(groups, found, setting)))


def solve_with_cpsat(units: Sequence[PlainUnit], load: int, time_limit: float, setting: str) -> Answer:
    """Solve with CP-SAT: one worker, both gap tolerances 0."""
    from ortools.sat.python import cp_model

    groups = _groups(units)
    cheapest = min((group.cost for group in groups), default=0)
    divisor = gcd(*(group.cost - cheapest for group in groups)) or 1
    dearest_plan = sum((group.cost - cheapest) // divisor * group.high * len(group.members) for group in groups)
    rounding = -(-dearest_plan // CPSAT_OBJECTIVE_LIMIT)
    model = cp_model.CpModel()
    variables, outputs, costs = [], [], []
    for group in groups:
        cost_of_step = (group.cost - cheapest) // divisor
        if rounding > 1:
            cost_of_step = (cost_of_step + rounding // 2) // rounding
        low, high, count = group.low, group.high, len(group.members)
        if low == high:
            variables.append(model.new_int_var(0, count, ""))
            outputs.append(high)
            costs.append(cost_of_step * high)
        elif low == 0:
            variables.append(model.new_int_var(0, high * count, ""))
            outputs.append(1)
            costs.append(cost_of_step)
        elif setting == "gaps":
            ranges = [[running * low, running * high] for running in range(count + 1)]
            variables.append(model.new_int_var_from_domain(cp_model.Domain.from_intervals(ranges), ""))
            outputs.append(1)
            costs.append(cost_of_step)
        else:
            running = model.new_int_var(0, count, "")
            beyond = model.new_int_var(0, (high - low) * count, "")
            model.add(beyond <= (high - low) * running)
            variables += (running, beyond)
            outputs += (low, 1)
            costs += (cost_of_step * low, cost_of_step)
    model.add(cp_model.LinearExpr.weighted_sum(variables, outputs) == load)
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, costs))

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit
    solver.parameters.relative_gap_limit = 0.0
    solver.parameters.absolute_gap_limit = 0.0
    solver.parameters.cp_model_presolve = setting == "presolve"
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Answer(NO_PLAN)
    if status in (cp_model.FEASIBLE, cp_model.UNKNOWN):
        return Answer(TIME_OUT)
    if status != cp_model.OPTIMAL:
        return Answer(FAILED)
    found = iter(solver.response_proto.solution)
    return Answer(OPTIMAL, _dispatch(units, load, _read_groups(groups, found, setting)), rounding <= 1)


OUTSIDE: dict[str, tuple[Callable[[Sequence[PlainUnit], int, float, str], Answer], tuple[str, ...]]] = {
    "highs": (solve_with_highs, ("slack", "links", "bare")),
    "cpsat": (solve_with_cpsat, ("presolve", "slack", "gaps")),
}
"""Each outside solver and its settings."""


def _groups(units: Sequence[PlainUnit]) -> list[Group]:
    members: dict[PlainUnit, list[int]] = {}
    for i, unit in enumerate(units):
        if unit[2] > 0:
            members.setdefault(unit, []).append(i)
    return [Group(*unit, alike) for unit, alike in members.items()]


def _column(
    cost: list[float], its_cost: float, upper: list[int], its_upper: int, integer: list[int], its_kind: int
) -> None:
    cost.append(its_cost)
    upper.append(its_upper)
    integer.append(its_kind)


def _read_groups(groups: list[Group], found: Any, setting: str) -> list[tuple[Group, int, int]]:
    """Return for each group the number of running units and their total output."""
    answer = []
    for group in groups:
        first = next(found)
        if group.low == group.high:
            answer.append((group, first, first * group.high))
        elif group.low == 0 or setting == "gaps":
            answer.append((group, -(-first // group.high), first))
        elif setting in {"links", "bare"}:
            answer.append((group, first, next(found)))
        else:
            answer.append((group, first, first * group.low + next(found)))
    return answer


def _dispatch(units: Sequence[PlainUnit], load: int, running: list[tuple[Group, int, int]]) -> list[int]:
    """Divide the output of each group among its units.

    If floating point makes the sums inexact, the commitment is kept and its dispatch is computed again.
    """
    if sum(output for _, _, output in running) != load or any(
        not group.low * count <= output <= group.high * count for group, count, output in running
    ):
        open_load = load - sum(group.low * count for group, count, _ in running)
        spread = []
        for group, count, _ in sorted(running, key=lambda each: each[0].cost):
            beyond = max(0, min(open_load, (group.high - group.low) * count))
            open_load -= beyond
            spread.append((group, count, group.low * count + beyond))
        running = spread
    dispatch = [0] * len(units)
    for group, count, output in running:
        beyond = output - group.low * count
        for i in group.members[:count]:
            extra = min(beyond, group.high - group.low)
            dispatch[i] = group.low + extra
            beyond -= extra
    return dispatch
