"""Plans and bounds for a horizon whose periods are coupled, from HiGHS.

A plan of HiGHS is only a proposal: it is put on the grid and checked by :mod:`.verification`, and its cost is added up
exactly. A bound of HiGHS is used as it is.

In the linear relaxation most on/off decisions are whole. So plans come from small models, in which most decisions are
fixed, and the bound comes from the whole model. Periods that are shorter than an hour are first planned in hours. With
two threads, one finds plans and the other solves the whole model, and they share what they find.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from threading import Lock, Thread
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from powerplant.horizon.coarsening import hours_of, in_hours
from powerplant.horizon.dispatch import Dispatch
from powerplant.horizon.groups import Groups
from powerplant.horizon.highs import WHOLE, Solver
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.model import Model, is_small
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.program import Array
from powerplant.horizon.rounding import rounded
from powerplant.horizon.verification import broken_rule, rules_of_plants

NEIGHBOURS = (1, 4, 12)
"""How many periods on either side of a fractional one are free while the rest is fixed as in the relaxation. They are
tried in this order, until there is a plan."""

THRESHOLDS = (WHOLE, 0.1, 0.2, 0.3)
"""A first plan runs a plant where its share in the relaxation is above this. Each threshold gives one plan."""

NOISE = 1e-7
"""A gap that is smaller than this share of the cost counts as zero: HiGHS computes with floats."""

LEAST = 100
"""Euro: :data:`NOISE` is a share of the cost, or of this if the cost is less."""

DIFFERENCES = (0.5, WHOLE)
"""Decisions in which the best plan differs from the relaxation by more than this are free: first 0.5, then less."""

NEARBY = 2
"""How many periods on either side of a start or stop are free when a plan in hours becomes one in shorter periods."""

FOR_HOURS = 0.3
"""The share of the time limit for a plan in hours."""

WINDOW = 6
"""The first parts that are improved have a sixth of the periods, or of the groups of plants."""

FEWEST_GROUPS = 2
"""The fewest groups of plants whose decisions are all free, to improve a plan: one alone seldom improves it."""

SMALLER = 0.7
"""How much smaller the next part is after one that took longer than its turn."""

PARTS_OF_THE_GAP = (1 / 20, 1 / 4)
"""The least and the largest gap of a small model, as a share of the gap at which the search ends."""

TURN = 0.05
"""The share of the time limit for one attempt to improve a plan."""

INTERVAL = 0.02
"""Seconds between two checks of what the threads have found."""

PATIENCE = 0.3
"""Seconds to wait for each thread when the search is over."""

RESERVED = 0.03
"""The share of the time limit for the last plan: to put it on the grid and to check it."""

SLOW = ("rens", "root_reduced_cost")
"""Heuristics of HiGHS that solve small models. They take long, and are left out where the small models here find more.
"""

SLOW_FROM_A_PLAN = ("rins",)
"""Another heuristic, which is left out too in a small model that begins with a plan."""

SEED = 2026
"""The seed for the random choice of groups whose decisions are free."""


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


Improve = Callable[[Found], None]
"""Called with each better plan or bound."""


class Shortage(NamedTuple):
    """The least shortage that was found: what the plants do, and whether it is proven that no shortage is less."""

    plan: Plan
    is_proven: bool


def search(instance: HorizonInstance, time_limit: float, improve: Improve | None = None, *, threads: int = 2) -> Found:
    """The best plan of a coupled horizon within the time limit, and a bound.

    It ends when the gap between them is at most ``instance.relative_gap``.

    Args:
        instance: the horizon.
        time_limit: seconds.
        improve: called with each better plan or bound.
        threads: 1 or 2. With one, a run that ends before its time limit gives the same plan each time.
    """
    return _Search(instance, time_limit, improve, threads).run()


def least_shortage(instance: HorizonInstance, time_limit: float) -> Shortage | None:
    """The plan with the least shortage of load, surplus and reserve; ``None`` if none is found in time."""
    start = perf_counter()
    model = Model(instance, shortage=True)
    lp = model.lp(whole_outputs=True)
    solver = Solver(lp, time_limit - (perf_counter() - start), presolve=not model.is_small)
    values = solver.solve_it()
    if values is None:
        return None
    plan = model.plan(values)
    if next(rules_of_plants(instance, plan), None) is not None:
        return None
    return Shortage(plan, solver.is_optimal)


def is_near(instance: HorizonInstance, cost: Fraction, bound: float) -> bool:
    """Whether a bound is within the gap of a cost at which the search stops."""
    return float(cost) - bound <= float(instance.relative_gap) * max(abs(float(cost)), 1.0) + noise(cost)


def noise(cost: Fraction) -> float:
    """By how much a cost may be wrong because floats are rounded, in euro."""
    return NOISE * max(abs(float(cost)), LEAST)


class _Search:
    """The state of a search, which its threads share.

    Attributes:
        end: the time (of ``perf_counter``) at which the search ends; a little later comes the last plan.
        found: the best plan and bound so far.
        values: the columns of the model in the best plan; ``None`` until they are needed.
        dispatched: commitments of plans that broke a rule on the grid; each is dispatched again once.
        is_over: whether the threads shall end.
        is_like_before: whether the search begins with the plan for a similar payload.
        has_parts: whether plans come from small models; else the whole model is small, or has no plants.
        gap: the relative gap at which the search ends.
    """

    def __init__(self, instance: HorizonInstance, time_limit: float, improve: Improve | None, threads: int) -> None:
        self.instance, self.improve, self.threads = instance, improve, threads
        self.time_limit = time_limit
        self.end = perf_counter() + time_limit * (1 - RESERVED)
        self.lock = Lock()
        self.found = Found()
        self.values: Array | None = None
        self.dispatched: set[tuple[tuple[int, ...], ...]] = set()
        self.is_over = self.leaves_work = self.is_like_before = False
        self.groups = Groups.alone(instance) if is_small(instance) else Groups.of(instance)
        self.model = Model(instance, self.groups)
        self.has_parts = bool(instance.plants) and not self.model.is_small
        self.lp = self.model.lp()
        self.gap = float(instance.relative_gap)

    @property
    def left(self) -> float:
        return max(0.0, self.end - perf_counter())

    @cached_property
    def dispatch(self) -> Dispatch:
        """Finds outputs on the grid; it is built when it is first needed."""
        return Dispatch(self.instance, self.end)

    def run(self) -> Found:
        """Relaxation, plans and the bound."""
        if self.has_parts and self.instance.previous is not None:
            self._give_outputs(self.instance.previous)
            self.is_like_before = self.found.plan is not None
        if self.threads > 1 and self.has_parts:
            self._in_two_threads()
        else:
            relaxed = self._first_plans() if self.has_parts else self._relaxation()
            if relaxed is not None and not self.has_parts and not self.model.is_small:
                self._rounded(relaxed)
            if not self.found.is_infeasible and not self.is_done():
                self._solve_all()
        self._polish()
        return self.found._replace(leaves_work=self.leaves_work)

    def _polish(self) -> None:
        """Give the best plan the best outputs for its commitment, if there is time."""
        if self.found.plan is not None:
            self.dispatch.end = self.end + RESERVED / 2 * self.time_limit
            self._keep(self.dispatch.best(self.found.plan.on))

    def is_done(self) -> bool:
        """Whether the gap is small enough, or the time is over."""
        cost, bound = self.found.cost, self.found.bound
        if self.is_over or self.left <= 0:
            return True
        return cost is not None and bound is not None and is_near(self.instance, cost, bound)

    def _in_two_threads(self) -> None:
        """Find plans in one thread, and the bound in another, until the search is over.

        Some steps of HiGHS do not check the time: a thread that does not end in time is left running.
        """
        errors: list[BaseException] = []

        def find_plans() -> None:
            relaxed = self._first_plans()
            if relaxed is not None:
                self._improve_plan()
            elif self.found.is_infeasible:
                self.is_over = True

        def run(work: Callable[[], None]) -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the caller
                errors.append(error)
                self.is_over = True

        plans = Thread(target=run, args=(find_plans,), daemon=True)
        bound = Thread(target=run, args=(self._solve_all,), daemon=True)
        _RUNNING.extend([(self, plans), (self, bound)])
        plans.start()
        bound.start()
        while bound.is_alive() and not self.is_done():
            bound.join(INTERVAL)
        self.is_over = True
        for thread in (bound, plans):
            thread.join(PATIENCE)
        self.leaves_work = bound.is_alive() or plans.is_alive()
        _RUNNING[:] = [(search, thread) for search, thread in _RUNNING if thread.is_alive()]
        if errors:
            raise errors[0]

    # --- Bounds ------------------------------------------------------------------------------------------------------

    def _relaxation(self) -> Array | None:
        """The solution of the linear relaxation; its value is a bound."""
        solver = Solver(self.lp, self.left)
        solver.setOptionValue("solve_relaxation", True)
        values = solver.solve_it()
        if solver.is_infeasible:
            with self.lock:
                if self.found.plan is None:
                    self.found = Found(is_infeasible=True)
            return None
        if not solver.is_optimal:
            return None
        self._bound(float(solver.getInfo().objective_function_value))
        duals = np.array(solver.getSolution().row_dual)
        with self.lock:
            self.found = self.found._replace(prices=tuple(duals[self.model.balance].tolist()))
        return values

    def _solve_all(self) -> None:
        """Solve the whole model, beginning with the best plan; where the grid matters, on the grid.

        Presolve can lose solutions. A small model does not need it. Another model is solved again without it if the
        result contradicts a plan that is known. Presolve also takes most of the time if the search begins with the
        previous plan: then the root of the search tree is solved first, without presolve.
        """
        # each attempt: whether outputs are on the grid, and whether to presolve
        ways = [(True, False)] if self.model.is_small else [(False, True), (True, True), (True, False)]
        if self.is_like_before:
            ways.insert(0, (False, False))
        for on_grid, presolve in ways:
            solver = Solver(self.lp, self.left, relative_gap=self.gap, presolve=presolve)
            if not on_grid and not presolve:
                solver.stop_at_root()
            if on_grid:
                solver.make_whole(self.model.outputs)
            if self.is_like_before or (self.has_parts and self.threads > 1):
                solver.leave_out(*SLOW)
            if self.found.plan is not None:
                solver.begin_with(*self.model.decisions(self.found.plan))
            solver.watch(self._heard_bound, self._take, self._better_than)
            values = solver.solve_it()
            if values is not None:
                self._take(values)
            cost = self.found.cost
            if cost is not None and (solver.is_infeasible or solver.bound > float(cost) + noise(cost)):
                continue  # it is wrong: a cheaper plan is known
            if solver.is_infeasible:
                self.found = Found(is_infeasible=True)
                return
            self._bound(solver.bound)
            if self.is_done():
                return

    def _heard_bound(self, bound: float) -> bool:
        """Keep a bound of the whole model; returns whether to end."""
        if self.found.cost is None or bound <= float(self.found.cost):
            self._bound(bound)
        return self.is_done()

    def _bound(self, value: float) -> None:
        with self.lock:
            if not np.isfinite(value) or (self.found.bound is not None and value <= self.found.bound):
                return
            self.found = self.found._replace(bound=value)
        self._tell()

    # --- Plans -------------------------------------------------------------------------------------------------------

    def _first_plans(self) -> Array | None:
        """Find plans from hours and from the relaxation, unless the previous plan is one; returns the relaxation."""
        if not self.is_like_before:
            self._from_hours()
        relaxed = self._relaxation()
        if relaxed is None or self.is_like_before or self.is_done():
            return relaxed
        self._rounded(relaxed)
        if self.found.plan is None:
            self._near(relaxed)
        for difference in DIFFERENCES:
            self._between(relaxed, difference, 4 * TURN * self.time_limit)
        return relaxed

    def _from_hours(self) -> None:
        """Make a plan from one in hours, if periods are shorter: decisions near its starts and stops are free."""
        hours = hours_of(self.instance)
        if hours is None:
            return
        coarse = _Search(in_hours(self.instance, hours), FOR_HOURS * self.time_limit, None, 1)
        relaxed = coarse._relaxation()
        if relaxed is not None:
            coarse._near(relaxed)
        plan = coarse.found.plan
        if plan is None:
            return
        on = np.repeat(np.array(plan.on, dtype=float), len(hours[0]), axis=1)[:, : len(self.instance.load)]
        counts = self.groups.counts(on)
        within = self._within(counts)
        self._solve_part(_with_neighbours(_switches(within), NEARBY) | (counts != within), within, self.left / 2)

    def _between(self, relaxed: Array, difference: float, time_limit: float) -> None:
        """Free only decisions in which the relaxation differs from the best plan (Danna, Rothberg, Le Pape 2005)."""
        if self.found.plan is not None and not self.is_done():
            counts = self.groups.counts(self.found.plan.on)
            self._solve_part(np.abs(relaxed[self.model.on] - counts) > difference, counts, time_limit)

    def _within(self, counts: Array) -> Array:
        """How many plants of each group are on, within what their data allow."""
        low, high = np.asarray(self.lp.col_lower_), np.asarray(self.lp.col_upper_)
        return np.clip(counts, low[self.model.on], high[self.model.on])

    def _give_outputs(self, on: Any) -> None:
        """Give a commitment its best outputs."""
        self._keep(self.dispatch.best(self.dispatch.within(on), TURN * self.time_limit, self.gap / 10))

    def _rounded(self, relaxed: Array) -> None:
        """Round the relaxation, and give the commitments their best outputs."""
        shares = self.groups.spread(relaxed[self.model.on]).tolist()
        for threshold in THRESHOLDS:
            if self.is_done():
                return
            self._give_outputs(rounded(self.instance, shares, threshold))

    def _near(self, relaxed: Array) -> None:
        """Fix decisions that are whole in the relaxation, except near fractional ones, until there is a plan."""
        on = relaxed[self.model.on]
        fractional = np.abs(on - np.round(on)) > WHOLE
        for neighbours in NEIGHBOURS:
            if self.is_done() or self.found.plan is not None:
                return
            self._solve_part(_with_neighbours(fractional, neighbours), on, self.left / 2)

    def _improve_plan(self) -> None:
        """Solve small models around the best plan, until the search is over.

        There are three kinds of them, in turn: the free decisions are those near starts and stops, those of some
        periods, or those of some groups of plants.
        """
        count, size = self.model.on.shape
        low, high = np.asarray(self.lp.col_lower_), np.asarray(self.lp.col_upper_)
        choices = np.flatnonzero((low[self.model.on] < high[self.model.on]).any(axis=1))
        random = np.random.default_rng(SEED)
        turn, start = TURN * self.time_limit, 0
        around, length, chosen = 0, size / WINDOW, len(choices) / WINDOW
        while self.found.plan is not None and not self.is_done():
            switches = _switches(self.groups.counts(self.found.plan.on))
            growth = self._improve(_with_neighbours(switches, around), turn)
            around = max(0, around + (growth > 1) - (growth < 1))
            free = np.zeros((count, size), dtype=bool)
            free[:, start : start + max(2, round(length))] = True
            length = min(length * self._improve(free, turn), size)
            start = (start + max(1, round(length / 2))) % size
            if chosen >= FEWEST_GROUPS:
                free = np.zeros((count, size), dtype=bool)
                free[random.choice(choices, round(chosen), replace=False)] = True
                chosen = min(chosen * self._improve(free, turn), len(choices))

    def _improve(self, free: Array, turn: float) -> float:
        """Solve the model with some decisions free and the others as in the best plan.

        Returns how much larger the next such part should be: one that takes longer than its turn is too large, and one
        that improves nothing within its turn is too small.
        """
        begin, found = perf_counter(), self.found
        if found.plan is not None and not self.is_done():
            self._solve_part(free, self.groups.counts(found.plan.on), turn)
        seconds = perf_counter() - begin
        if seconds > turn:
            return SMALLER
        return 1 / SMALLER if self.found.cost == found.cost else 1.0

    def _solve_part(self, free: Array, on: Array, time_limit: float) -> None:
        """Solve the model with all decisions of groups but the free ones fixed.

        Storages may charge and discharge at once here: that rarely pays, and the dispatch on the grid forbids it.
        """
        solver = Solver(self.lp, min(time_limit, self.left), relative_gap=self._gap_of_parts())
        solver.make_continuous(self.model.charging)
        solver.fix(self.model.on[~free], np.round(on[~free]))
        if self.found.bound is not None:  # a plan as good as this ends the search
            target = self.found.bound + self.gap * abs(self.found.bound) * 0.9
            solver.setOptionValue("objective_target", target)
        if self.found.plan is not None:
            best = self.groups.counts(self.found.plan.on)
            if (best == np.round(on))[~free].all():
                solver.begin_with(*self.model.decisions(self.found.plan))
                solver.leave_out(*SLOW, *SLOW_FROM_A_PLAN)
        solver.watch(lambda _: self.is_done(), self._take)
        values = solver.solve_it()
        if values is not None:
            self._take(values)

    def _gap_of_parts(self) -> float:
        """The gap of a small model: half of what is left to the gap of the search, within limits."""
        least, largest = (share * self.gap for share in PARTS_OF_THE_GAP)
        cost, bound = self.found.cost, self.found.bound
        if cost is None or bound is None:
            return largest
        left = (float(cost) - bound) / max(abs(float(cost)), 1.0) - self.gap
        return min(largest, max(least, left / 2))

    def _better_than(self, cost: float) -> Array | None:
        """The values of the best plan, if it costs less than this."""
        with self.lock:
            best, plan, values = self.found.cost, self.found.plan, self.values
        if best is None or plan is None or float(best) >= cost - noise(best):
            return None
        if values is None:
            solver = Solver(self.lp, self.left)
            solver.make_continuous(np.arange(self.lp.num_col_))
            solver.fix(*self.model.decisions(plan))
            values = solver.solve_it()
            with self.lock:
                if self.found.plan is plan:
                    self.values = values
        return values

    def _take(self, values: Array) -> None:
        """Put a plan of HiGHS on the grid, check it, and keep it if it is the best."""
        plan: Plan | None = self.model.plan(values)
        if plan is not None and broken_rule(self.instance, plan) is not None:
            if plan.on in self.dispatched:
                return
            self.dispatched.add(plan.on)
            self._keep(self.dispatch.best(np.array(plan.on), max(1.0, self.left), self.gap / 10))
            return
        values[self.model.charging] = values[self.model.charge] > 0  # parts may have it between 0 and 1
        self._keep(plan, values)

    def _keep(self, plan: Plan | None, values: Array | None = None) -> None:
        """Keep a plan if it is the best."""
        if plan is None:
            return
        cost = cost_of(self.instance, plan)
        with self.lock:
            if self.found.cost is not None and cost >= self.found.cost:
                return
            self.found, self.values = self.found._replace(plan=plan, cost=cost), values
        self._tell()

    def _tell(self) -> None:
        if self.improve is not None:
            self.improve(self.found)


def _switches(on: Array) -> Array:
    """The periods before and after each start and stop."""
    marked = np.zeros(on.shape, dtype=bool)
    marked[:, 1:] = on[:, 1:] != on[:, :-1]
    marked[:, :-1] |= marked[:, 1:]
    return marked


def _with_neighbours(marked: Array, neighbours: int) -> Array:
    """Marked periods of each plant, and so many on either side of each."""
    wider = marked.copy()
    for k in range(1, min(neighbours + 1, marked.shape[1])):
        wider[:, k:] |= marked[:, :-k]
        wider[:, :-k] |= marked[:, k:]
    return wider


_RUNNING: list[tuple[_Search, Thread]] = []
"""Threads of searches that may not have ended."""

LAST_WAIT = 10.0
"""Seconds for which Python waits for such a thread before it ends: HiGHS aborts a process that ends while it runs."""


@atexit.register
def _end_threads() -> None:
    """End the threads of searches before Python ends."""
    running = [*_RUNNING]
    for search_, _ in running:
        search_.is_over = True
    for _, thread in running:
        if thread.is_alive():
            thread.join(LAST_WAIT)
