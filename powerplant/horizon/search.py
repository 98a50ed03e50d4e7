"""Plans and bounds for a horizon whose periods are coupled, from HiGHS.

What HiGHS says is a proposal: each plan is put on the grid, checked by :mod:`.verification`, and its cost added up
exactly, before it counts. Its bound is taken as it is, a little lowered.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from highspy import Highs, HighsModelStatus, HighsVarType

from powerplant.horizon.formulation import HorizonInstance
from powerplant.horizon.model import Model, Schedule, Solver
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.verification import broken_rule, rules_of_plants

NEIGHBOURS = 3
"""Periods on either side of a fractional one that stay free when the rest of the relaxation is fixed."""

WHOLE = 1e-6
"""How near to a whole number a value of HiGHS is one."""

NOISE = 1e-7
"""A gap below this share of the cost is none: HiGHS computes with floats."""

LEAST = 100
"""Euro: the least amount of which :data:`NOISE` is a share."""

RESERVED = 0.1
"""The share of the time limit for the last plan: to put it on the grid and to check it."""


class Found(NamedTuple):
    """What the search has found.

    Attributes:
        plan: the best plan, verified; ``None`` without one.
        cost: its cost in euro, exactly.
        bound: euro; no plan costs less. ``None`` if nothing is known.
        is_final: whether more time would not change it.
        is_infeasible: whether HiGHS says that there is no plan.
    """

    plan: Plan | None = None
    cost: Fraction | None = None
    bound: float | None = None
    is_final: bool = False
    is_infeasible: bool = False


Improve = Callable[[Found], None]


def search(instance: HorizonInstance, time_limit: float, improve: Improve | None = None) -> Found:
    """The best plan of a coupled horizon within the time limit, and a bound.

    It ends when the gap between them is at most ``instance.relative_gap``.

    Args:
        instance: the horizon.
        time_limit: seconds.
        improve: called with each better result.
    """
    return _Search(instance, time_limit, improve).run()


class Shortage(NamedTuple):
    """The least shortage that was found: what the plants do, and whether less cannot be missing."""

    plan: Plan
    is_proven: bool


def least_shortage(instance: HorizonInstance, time_limit: float) -> Shortage | None:
    """The plan with the least shortage of load, surplus and reserve; ``None`` if none is found in time."""
    start = perf_counter()
    model = Model(instance, shortage=True)
    highs = Solver(presolve=not model.is_small)
    highs.passModel(model.lp(whole_outputs=True))
    highs.setOptionValue("mip_rel_gap", 0.0)
    highs.setOptionValue("mip_abs_gap", WHOLE)
    highs.setOptionValue("time_limit", max(0.0, time_limit - (perf_counter() - start)))
    highs.run()
    solution = highs.getSolution()
    if not solution.value_valid:
        return None
    plan = _rounded(model, model.schedule(np.array(solution.col_value)))
    if next(rules_of_plants(instance, plan), None) is not None:
        return None
    return Shortage(plan, highs.getModelStatus() == HighsModelStatus.kOptimal)


def is_near(instance: HorizonInstance, cost: Fraction, bound: float) -> bool:
    """Whether a bound is within the gap of a cost at which the search stops."""
    return float(cost) - bound <= float(instance.relative_gap) * max(abs(float(cost)), 1.0) + noise(cost)


def noise(cost: Fraction) -> float:
    """What floats may add to a cost, or take off, in euro."""
    return NOISE * max(abs(float(cost)), LEAST)


class _Search:
    def __init__(self, instance: HorizonInstance, time_limit: float, improve: Improve | None) -> None:
        self.instance, self.improve = instance, improve
        self.start = perf_counter()
        self.end = self.start + time_limit
        self.found = Found()

    @property
    def left(self) -> float:
        return max(0.0, self.end - perf_counter())

    def run(self) -> Found:
        """Relaxation, first plan, then the whole model."""
        self.model = Model(self.instance)
        self.lp = self.model.lp()
        self.whole = self.model.whole()
        relaxed = self._relaxation()
        if self.found.is_infeasible:
            return self.found._replace(is_final=True)
        if relaxed is not None and not self.model.is_small:
            self._near(relaxed)
        if not self.is_done():
            self._solve_all()
        return self.found._replace(is_final=True)

    def is_done(self) -> bool:
        """Whether the gap is small enough, or the time is over."""
        cost, bound = self.found.cost, self.found.bound
        return self.left <= 0 or (cost is not None and bound is not None and is_near(self.instance, cost, bound))

    # --- Steps -------------------------------------------------------------------------------------------------------

    def _relaxation(self) -> Any:
        """The solution of the linear relaxation; its value is a bound."""
        highs = Solver()
        highs.setOptionValue("time_limit", self.left)
        highs.setOptionValue("solve_relaxation", True)
        highs.passModel(self.lp)
        highs.run()
        status = highs.getModelStatus()
        if status == HighsModelStatus.kInfeasible:
            self.found = Found(is_infeasible=True)
            return None
        if status != HighsModelStatus.kOptimal:
            return None
        self._bound(highs.getInfo().objective_function_value)
        return np.array(highs.getSolution().col_value)

    def _near(self, relaxed: Any) -> None:
        """Fix what is whole in the relaxation, but near fractional periods, and solve what is left."""
        on = relaxed[self.model.on]
        fractional = np.abs(on - np.round(on)) > WHOLE
        free = fractional.copy()
        for k in range(1, NEIGHBOURS + 1):
            free[:, k:] |= fractional[:, :-k]
            free[:, :-k] |= fractional[:, k:]
        fixed = self.model.on[~free]
        values = np.round(on[~free])
        highs = Solver()
        highs.passModel(self.lp)
        highs.changeColsBounds(len(fixed), fixed, values, values)
        highs.setOptionValue("mip_rel_gap", float(self.instance.relative_gap) / 4)
        highs.setOptionValue("time_limit", self.left / 3)
        highs.run()
        self._take(highs)

    def _solve_all(self) -> None:
        """Solve the whole model, beginning with the best plan; where the grid matters, on the grid.

        Presolve can lose solutions. A small model does not need it; for others it is left out if what it says is wrong.
        """
        ways = ((False, True), (True, True), (True, False))
        for outputs, presolve in ways[2:] if self.model.is_small else ways:
            highs = Solver(presolve=presolve)
            highs.passModel(self.lp)
            if outputs:
                columns = self.model.above.ravel()
                highs.changeColsIntegrality(len(columns), columns, np.full(len(columns), HighsVarType.kInteger))
            self._start_from_best(highs)
            highs.setOptionValue("mip_rel_gap", float(self.instance.relative_gap))
            highs.setOptionValue("mip_abs_gap", 0.0)
            highs.setOptionValue("time_limit", self.left * (1 - RESERVED))
            highs.run()
            self._take(highs)
            bound, cost = highs.getInfo().mip_dual_bound, self.found.cost
            is_infeasible = highs.getModelStatus() == HighsModelStatus.kInfeasible
            if cost is not None and (is_infeasible or bound > float(cost) + noise(cost)):
                continue  # it is wrong: there is a cheaper plan
            if is_infeasible:
                self.found = Found(is_infeasible=True)
                return
            self._bound(bound)
            if self.is_done():
                return

    # --- Results -----------------------------------------------------------------------------------------------------

    def _bound(self, value: float) -> None:
        if not np.isfinite(value):
            return
        if self.found.bound is None or value > self.found.bound:
            self.found = self.found._replace(bound=value)

    def _take(self, highs: Highs) -> None:
        """Put HiGHS' plan on the grid, check it, and keep it if it is the best."""
        values = highs.getSolution().col_value
        if not highs.getSolution().value_valid or len(values) == 0:
            return
        plan = on_the_grid(self.model, self.lp, np.array(values), self.left)
        if plan is None:
            return
        cost = cost_of(self.instance, plan)
        if self.found.cost is None or cost < self.found.cost:
            self.found = self.found._replace(plan=plan, cost=cost)
            if self.improve is not None:
                self.improve(self.found)

    def _start_from_best(self, highs: Highs) -> None:
        plan = self.found.plan
        if plan is None:
            return
        on = np.array(plan.on, dtype=float)
        highs.setSolution(self.model.on.size, self.model.on.ravel(), on.ravel())


def on_the_grid(model: Model, lp: Any, values: Any, time_limit: float) -> Plan | None:
    """A verified plan with the commitment of a solution and outputs of whole steps; ``None`` if none is found."""
    schedule = model.schedule(values)
    plan = _rounded(model, schedule)
    if broken_rule(model.instance, plan) is None:
        return plan
    highs = Solver()
    highs.passModel(lp)
    on = np.round(schedule.on).ravel().astype(float)
    highs.changeColsBounds(len(on), model.on.ravel(), on, on)
    columns = model.above.ravel()
    highs.changeColsIntegrality(len(columns), columns, np.full(len(columns), HighsVarType.kInteger))
    highs.setOptionValue("mip_rel_gap", float(model.instance.relative_gap) / 10)
    highs.setOptionValue("time_limit", time_limit)
    highs.run()
    solution = highs.getSolution()
    if not solution.value_valid:
        return None
    values = np.array(solution.col_value)
    plan = _rounded(model, model.schedule(values))
    return plan if broken_rule(model.instance, plan) is None else None


def _rounded(model: Model, schedule: Schedule) -> Plan:
    on = np.round(schedule.on).astype(int)
    p = np.round(schedule.p).astype(int)
    p[on == 0] = 0
    lost = np.array(model.instance.load) - p.sum(axis=0)
    lost = np.maximum(lost, 0) if model.lost.size else 0 * lost
    return Plan(tuple(map(tuple, on.tolist())), tuple(map(tuple, p.tolist())), tuple(lost.tolist()))
