"""Where the solver runs: at once in the thread that asks or, where that takes long, in a process of its own.

An interpreter runs one thread at a time: a search of seconds would slow down every other request of its process. So
what is not settled in a moment goes to one of a few processes that know the solver alone. Such a process can also be
ended, so that no computation outlives its time limit by more than a grace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import BoundedSemaphore
from time import perf_counter
from typing import Any, Protocol, TypeVar

from powerplant.errors import TooBusy, WrongPlan
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, Unit, check_proof, solve
from powerplant.processes import Processes

SECONDS_PER_OPERATION = 0.5e-6
"""About what a simple operation of a check takes."""

AT_ONCE = 0.05
"""Seconds in which a payload has to be settled in the thread that asks; ordinary ones take less than one of them."""

GRACE = 0.5
"""Seconds beyond its time limit after which a process is ended."""

Answer = TypeVar("Answer")


def prove(units: Sequence[Unit], load: int, time_limit: float) -> Solution:
    """Solve, and check the proof where that costs no more than solving did.

    Raises:
        Infeasible, GaveUp: as :func:`powerplant.merit_order.solve` does.
        WrongPlan: the proof does not prove what it claims.
    """
    start = perf_counter()
    try:
        solution = solve(units, load, time_limit)
    except Infeasible as error:
        _check(units, load, None, error.proof, perf_counter() - start)
        raise
    _check(units, load, solution.cost, solution.proof, perf_counter() - start)
    return solution


def _check(units: Sequence[Unit], load: int, cost: int | None, proof: Proof, seconds: float) -> None:
    """Check what a proof certifies, if that costs no more than the solve did, in seconds."""
    if not proof.certified or proof.operations_to_check(units, load) * SECONDS_PER_OPERATION > seconds:
        return
    if not check_proof(units, load, cost, proof):
        claim = "that no plan exists" if cost is None else f"a cost of {cost}"
        raise WrongPlan(f"the proof ({proof.method}) does not prove {claim}")


class Runs(Protocol):
    """Where functions of the solver run."""

    def run(self, function: Callable[..., Answer], *arguments: Any, time_limit: float) -> Answer:
        """What a function answers.

        Args:
            function: one of a module, whose last argument is a time limit and that raises ``GaveUp`` past it.
            arguments: those before the time limit.
            time_limit: seconds for all of it.

        Raises:
            TooBusy: it takes long, and nothing is free for what takes long.
            GaveUp: the time limit passed first.
        """


class Here:
    """At once, in the thread that asks, however long it takes."""

    def run(self, function: Callable[..., Answer], *arguments: Any, time_limit: float) -> Answer:
        """What a function answers; see :class:`Runs`."""
        return function(*arguments, time_limit)


class Solvers:
    """So many processes at the most, started when the first long search needs one, and kept."""

    def __init__(self, most: int) -> None:
        self._free = BoundedSemaphore(most)
        self._processes = Processes()

    def run(self, function: Callable[..., Answer], *arguments: Any, time_limit: float) -> Answer:
        """What a function answers; see :class:`Runs`."""
        start = perf_counter()
        at_once = min(AT_ONCE, time_limit)
        try:
            return function(*arguments, at_once)
        except GaveUp as gave_up:
            left = time_limit - (perf_counter() - start)
            if at_once == time_limit or time_limit - left < at_once:  # for want of memory, not of time
                raise
            return self._run_elsewhere(gave_up, left, function, *arguments)

    def _run_elsewhere(self, so_far: GaveUp, left: float, function: Callable[..., Answer], *arguments: Any) -> Answer:
        if not self._free.acquire(blocking=False):
            raise TooBusy from so_far
        try:
            answer = self._processes.ask(left + GRACE, function, *arguments, left)
        except EOFError:  # it was ended
            raise so_far from None
        finally:
            self._free.release()
        if isinstance(answer, Exception):
            raise answer
        found: Answer = answer
        return found
