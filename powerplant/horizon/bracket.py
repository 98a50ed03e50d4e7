"""The bracket around the least cost: a lower bound, and the best plan so far. The threads of a search share it.

A plan of HiGHS is only a proposal: it is put on the grid and checked by :mod:`.verification`, and its cost is added up
exactly. A bound of HiGHS is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from powerplant.horizon.dispatch import Dispatch
from powerplant.horizon.groups import Groups
from powerplant.horizon.highs import Solver
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.model import Model, is_small
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.program import Array
from powerplant.horizon.verification import broken_rule

NOISE = 1e-7
"""A gap that is smaller than this share of the cost counts as zero: HiGHS computes with floats."""

LEAST = 100
"""Euro: :data:`NOISE` is a share of the cost, or of this if the cost is less."""

LITTLE = 0.001
"""A plan may cost so much more than the best outputs for its commitment, as a share of the gap."""

TURN = 0.1
"""The share of the time limit for one attempt to improve a plan."""

LONGEST_TURN = 3.0
"""Seconds for such an attempt at most: with longer turns a large horizon has too few of them."""

RESERVED = 0.03
"""The share of the time limit for the last plan: to put it on the grid and to check it."""


class Relaxed(NamedTuple):
    """A solution of the relaxation: its cost in euro, and the values of the columns."""

    cost: float
    values: Array


class Found(NamedTuple):
    """What the search has found.

    Attributes:
        plan: the best plan, verified; ``None`` without one.
        cost: its cost in euro, exactly.
        bound: euro; no plan costs less. ``None`` if nothing is known.
        is_infeasible: whether HiGHS says that there is no plan.
        leaves_work: whether a thread of the search is still running.
        prices: the multipliers of the balance of each period in the linear relaxation, in euro for a step.
    """

    plan: Plan | None = None
    cost: Fraction | None = None
    bound: float | None = None
    is_infeasible: bool = False
    leaves_work: bool = False
    prices: tuple[float, ...] | None = None


Notify = Callable[[Found], None]
"""Called with each better plan or bound."""


def is_near(instance: HorizonInstance, cost: Fraction, bound: float) -> bool:
    """Whether a bound is within the gap of a cost at which the search stops."""
    return float(cost) - bound <= float(instance.relative_gap) * max(abs(float(cost)), 1.0) + noise(cost)


def noise(cost: Fraction) -> float:
    """By how much a cost may be wrong because floats are rounded, in euro."""
    return NOISE * max(abs(float(cost)), LEAST)


class Bracket:
    """The bound and the best plan of a horizon, and the model that they come from.

    Attributes:
        instance, groups, model, lp: the horizon and its model.
        gap: the relative gap at which the search ends.
        time_limit: seconds.
        turn: seconds for one attempt to improve a plan.
        end: the time (of ``perf_counter``) at which the search ends; a little later comes the last plan.
        found: the best plan and bound so far.
        is_over: whether the threads shall end.
    """

    def __init__(self, instance: HorizonInstance, time_limit: float, notify: Notify | None = None) -> None:
        self.instance, self.time_limit, self.turn = instance, time_limit, min(TURN * time_limit, LONGEST_TURN)
        self.end = perf_counter() + time_limit * (1 - RESERVED)
        self.groups = Groups.alone(instance) if is_small(instance) else Groups.of(instance)
        self.model = Model(instance, self.groups)
        self.lp = self.model.lp()
        self.gap = float(instance.relative_gap)
        self.found = Found()
        self.is_over = False
        self._notify = notify
        self._lock, self._relaxing = Lock(), Lock()
        self._relaxation: Solver | None = None
        self._values: Array | None = None  # the columns of the model in the best plan; None until they are needed
        self._dispatched: set[tuple[tuple[int, ...], ...]] = set()  # commitments of plans that broke a rule on the grid

    @property
    def left(self) -> float:
        """Seconds that are left until the end."""
        return max(0.0, self.end - perf_counter())

    @property
    def commitment(self) -> Array:
        """How many plants of each group are on in the best plan; there must be one."""
        assert self.found.plan is not None  # noqa: S101 - for the type checker
        return self.groups.counts(self.found.plan.on)

    @cached_property
    def limits(self) -> tuple[Array, Array]:
        """The fewest and the most plants of each group that their data allow to be on."""
        low, high = np.asarray(self.lp.col_lower_), np.asarray(self.lp.col_upper_)
        return low[self.model.on], high[self.model.on]

    @cached_property
    def dispatch(self) -> Dispatch:
        """Finds outputs on the grid; it is built when it is first needed."""
        return Dispatch(self.instance, self.end)

    def is_done(self) -> bool:
        """Whether the gap is small enough, or the time is over."""
        cost, bound = self.found.cost, self.found.bound
        if self.is_over or self.left <= 0:
            return True
        return cost is not None and bound is not None and is_near(self.instance, cost, bound)

    def raise_bound(self, bound: float) -> None:
        """Record that no plan costs less than ``bound``."""
        with self._lock:
            if not np.isfinite(bound) or (self.found.bound is not None and bound <= self.found.bound):
                return
            self.found = self.found._replace(bound=bound)
        self._tell()

    def hear_bound(self, bound: float) -> bool:
        """Keep a bound of the whole model, unless a cheaper plan is known; returns whether to end."""
        cost = self.found.cost
        if cost is None or bound <= float(cost):
            self.raise_bound(bound)
        return self.is_done()

    def rule_out(self) -> None:
        """Record that there is no plan, unless one is known."""
        with self._lock:
            if self.found.plan is None:
                self.found = Found(is_infeasible=True)

    def relax(self) -> Array | None:
        """Solve the linear relaxation: its value is a bound. Returns its solution; ``None`` without one."""
        solver = Solver(self.lp, self.left)
        solver.make_continuous(np.arange(self.lp.num_col_))
        values = solver.solve_it()
        if solver.is_infeasible:
            self.rule_out()
        if not solver.is_optimal:
            return None
        self.raise_bound(float(solver.getInfo().objective_function_value))
        duals = np.array(solver.getSolution().row_dual)
        with self._lock:
            self.found = self.found._replace(prices=tuple(duals[self.model.balance].tolist()))
        self._relaxation = solver  # only now: two threads must not use it at the same time
        return values

    def relax_with(self, on: Array) -> Relaxed | None:
        """Solve the relaxation again, from its last solution, with a commitment: how many of each group are on.

        ``None`` if there is no solution, no time, or another thread does it now.
        """
        solver = self._relaxation
        if solver is None or not self._relaxing.acquire(blocking=False):
            return None
        try:
            solver.fix(self.model.on, np.clip(np.reshape(on, self.model.on.shape), *self.limits))
            solver.setOptionValue("time_limit", solver.getRunTime() + self.left)
            values = solver.solve_it()
            return Relaxed(solver.getInfo().objective_function_value, values) if solver.is_optimal else None
        finally:
            self._relaxing.release()

    # --- Plans -------------------------------------------------------------------------------------------------------

    def offer(self, plan: Plan | None, values: Array | None = None) -> None:
        """Keep a verified plan if it is the best; ``values``: the columns of the model in it, if they are known."""
        if plan is None:
            return
        cost = cost_of(self.instance, plan)
        with self._lock:
            if self.found.cost is not None and cost >= self.found.cost:
                return
            self.found, self._values = self.found._replace(plan=plan, cost=cost), values
        self._tell()

    def offer_solution(self, values: Array) -> None:
        """Put a solution of the model on the grid, check it, and keep it if it is the best plan."""
        plan: Plan | None = self.model.plan(values)
        if plan is not None and broken_rule(self.instance, plan) is not None:
            if plan.on in self._dispatched:
                return
            self._dispatched.add(plan.on)
            self.offer(self.dispatch.best(np.array(plan.on), max(1.0, self.left), self.gap / 10))
            return
        values[self.model.charging] = values[self.model.charge] > 0  # parts may have it between 0 and 1
        self.offer(plan, values)

    def offer_commitment(self, on: Any) -> None:
        """Give a commitment its best outputs, and keep them if they are the best plan."""
        self.offer(self.dispatch.best(self.dispatch.within(on), self.turn, self.gap / 10))

    def polish(self) -> None:
        """Give the best plan the best outputs for its commitment, if it has not nearly these, and there is time."""
        if self.found.plan is None:
            return
        self.end += RESERVED / 2 * self.time_limit
        on, relaxed = self.found.plan.on, self.relax_with(self.commitment)
        if relaxed is not None and not self._costs_little_more_than(relaxed.cost):
            self.offer_solution(relaxed.values)
        if relaxed is None or not self._costs_little_more_than(relaxed.cost):
            self.dispatch.end = self.end
            self.offer(self.dispatch.best(on))

    def _costs_little_more_than(self, cost: float) -> bool:
        best = self.found.cost
        return best is not None and float(best) <= cost + max(noise(best), LITTLE * self.gap * abs(float(best)))

    def better_than(self, cost: float) -> Array | None:
        """The columns of the model in the best plan, if it costs less than this."""
        with self._lock:
            best, plan, values = self.found.cost, self.found.plan, self._values
        if best is None or plan is None or float(best) >= cost - noise(best):
            return None
        if values is None:
            solver = Solver(self.lp, self.left)
            solver.make_continuous(np.arange(self.lp.num_col_))
            solver.fix(*self.model.decisions(plan))
            values = solver.solve_it()
            with self._lock:
                if self.found.plan is plan:
                    self._values = values
        return values

    def _tell(self) -> None:
        if self._notify is not None:
            self._notify(self.found)
