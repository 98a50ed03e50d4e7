"""Plans and bounds for a horizon whose periods are coupled, from HiGHS.

In the linear relaxation most on/off decisions are whole. So plans come from small models, in which most decisions are
fixed, and the bound comes from the whole model. Periods that are shorter than an hour are first planned in hours. With
two threads, one finds plans and the other solves the whole model, and they share what they find.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from threading import Thread
from time import perf_counter
from typing import NamedTuple

from powerplant.horizon.bracket import Bracket, Found, Notify, noise
from powerplant.horizon.heuristics import SLOW, find_by_rounding, find_from_hours, find_near, improve, improve_towards
from powerplant.horizon.highs import Solver
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.model import Model
from powerplant.horizon.plan import Plan
from powerplant.horizon.program import Array
from powerplant.horizon.verification import rules_of_plants

INTERVAL = 0.02
"""Seconds between two checks of what the threads have found."""

PATIENCE = 0.3
"""Seconds to wait for the threads when the search is over."""


def search(instance: HorizonInstance, time_limit: float, notify: Notify | None = None, *, threads: int = 2) -> Found:
    """The best plan of a coupled horizon within the time limit, and a bound.

    It ends when the gap between them is at most ``instance.relative_gap``.

    Args:
        instance: the horizon.
        time_limit: seconds.
        notify: called with each better plan or bound.
        threads: 1 or 2. With one, a run that ends before its time limit gives the same plan each time.
    """
    bracket, leaves_work = Bracket(instance, time_limit, notify), False
    has_parts = bool(instance.plants) and not bracket.model.is_small  # plans come from small models
    if has_parts and instance.previous is not None:
        bracket.offer_commitment(instance.previous)
    is_like_before = bracket.found.plan is not None
    if threads > 1 and has_parts:
        leaves_work = _in_two_threads(bracket, is_like_before=is_like_before)
    else:
        relaxed = _first_plans(bracket, is_like_before=is_like_before) if has_parts else bracket.relax()
        if relaxed is not None and not has_parts and not bracket.model.is_small:
            find_by_rounding(bracket, relaxed)
        if not bracket.found.is_infeasible and not bracket.is_done():
            _solve_whole(bracket, is_like_before=is_like_before, leave_out=SLOW if is_like_before else ())
        bracket.polish()
    return bracket.found._replace(leaves_work=leaves_work)


def _in_two_threads(bracket: Bracket, *, is_like_before: bool) -> bool:
    """Find plans in one thread, and the bound in another, until the search is over.

    Some steps of HiGHS do not check the time: a thread that does not end in time is left running. Returns whether there
    is one.
    """
    errors: list[BaseException] = []

    def find_plans() -> None:
        if _first_plans(bracket, is_like_before=is_like_before) is not None:
            improve(bracket)
        elif bracket.found.is_infeasible:
            bracket.is_over = True

    def find_bound() -> None:
        _solve_whole(bracket, is_like_before=is_like_before, leave_out=SLOW)

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the caller
            errors.append(error)
            bracket.is_over = True

    plans, bound = (Thread(target=run, args=(work,), daemon=True) for work in (find_plans, find_bound))
    _RUNNING.extend([(bracket, plans), (bracket, bound)])
    plans.start()
    bound.start()
    while bound.is_alive() and not bracket.is_done():
        bound.join(INTERVAL)
    bracket.is_over = True
    end = perf_counter() + PATIENCE
    bracket.polish()
    for thread in (bound, plans):
        thread.join(max(0.0, end - perf_counter()))
    leaves_work = bound.is_alive() or plans.is_alive()
    _RUNNING[:] = [(each, thread) for each, thread in _RUNNING if thread.is_alive()]
    if errors:
        raise errors[0]
    return leaves_work


def _first_plans(bracket: Bracket, *, is_like_before: bool) -> Array | None:
    """Find plans from hours and from the relaxation, unless the previous plan is one; returns the relaxation."""
    if not is_like_before:
        find_from_hours(bracket)
    relaxed = bracket.relax()
    if relaxed is None or is_like_before or bracket.is_done():
        return relaxed
    find_by_rounding(bracket, relaxed)
    find_near(bracket, relaxed)
    improve_towards(bracket, relaxed)
    return relaxed


def _solve_whole(bracket: Bracket, *, is_like_before: bool, leave_out: Sequence[str]) -> None:
    """Solve the whole model, beginning with the best plan; where the grid matters, on the grid.

    Presolve can lose solutions. A small model does not need it. Another model is solved again without it if the result
    contradicts a plan that is known. Presolve also takes most of the time if the search begins with the previous plan:
    then the root of the search tree is solved first, without presolve.
    """
    model = bracket.model
    # each attempt: whether outputs are on the grid, and whether to presolve
    ways = [(True, False)] if model.is_small else [(False, True), (True, True), (True, False)]
    if is_like_before:
        ways.insert(0, (False, False))
    for on_grid, presolve in ways:
        solver = Solver(bracket.lp, bracket.left, relative_gap=bracket.gap, presolve=presolve)
        if not on_grid and not presolve:
            solver.stop_at_root()
        if on_grid:
            solver.make_whole(model.outputs)
        solver.leave_out(*leave_out)
        if bracket.found.plan is not None:
            solver.begin_with(*model.decisions(bracket.found.plan))
        solver.watch(bracket.hear_bound, bracket.offer_solution, bracket.better_than)
        values = solver.solve_it()
        if values is not None:
            bracket.offer_solution(values)
        cost = bracket.found.cost
        if cost is not None and (solver.is_infeasible or solver.bound > float(cost) + noise(cost)):
            continue  # it is wrong: a cheaper plan is known
        if solver.is_infeasible:
            bracket.rule_out()
            return
        bracket.raise_bound(solver.bound)
        if bracket.is_done():
            return


_RUNNING: list[tuple[Bracket, Thread]] = []
"""Threads of searches that may not have ended."""

LAST_WAIT = 10.0
"""Seconds for which Python waits for such a thread before it ends: HiGHS aborts a process that ends while it runs."""


@atexit.register
def _end_threads() -> None:
    """End the threads of searches before Python ends."""
    running = [*_RUNNING]
    for bracket, _ in running:
        bracket.is_over = True
    for _, thread in running:
        if thread.is_alive():
            thread.join(LAST_WAIT)


# --- The least shortage ----------------------------------------------------------------------------------------------


class Shortage(NamedTuple):
    """The least shortage that was found: what the plants do, and whether it is proven that no shortage is less."""

    plan: Plan
    is_proven: bool


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
