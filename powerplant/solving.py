"""Where the solver runs: at once in the thread that asks or, where that takes long, in a process of its own.

An interpreter runs one thread at a time: a search of seconds would slow down every other request of its process. So
what is not settled in a moment goes to one of a few processes that know the solver alone. Such a process can also be
ended, so that no computation outlives its time limit by more than a grace.

Both ends of the pipe are here: :class:`Solvers` asks, :func:`answer_questions` answers in the other process.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore, Timer
from time import perf_counter
from typing import Any, TypeVar
from weakref import finalize

from powerplant.errors import TooBusy, WrongPlan
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, Unit, check_proof, solve

SECONDS_PER_OPERATION = 0.5e-6
"""About what a simple operation of a check takes."""

AT_ONCE = 0.05
"""Seconds in which a payload has to be settled in the thread that asks; ordinary ones take less than one of them."""

GRACE = 0.5
"""Seconds beyond its time limit after which a process is ended."""

NICENESS = 5
"""By how much a long search stands back behind the short requests."""

PROGRAM = "from powerplant.solving import answer_questions; answer_questions()"

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


class Solvers:
    """So many processes at the most, started when the first long search needs one, and kept."""

    def __init__(self, most: int) -> None:
        self._free = BoundedSemaphore(most)
        self._idle: list[_SolverProcess] = []

    def run(self, function: Callable[..., Answer], *arguments: Any, time_limit: float) -> Answer:
        """What a function of the solver answers, wherever it is called.

        Args:
            function: one of a module, whose last argument is a time limit and that raises ``GaveUp`` past it.
            arguments: those before the time limit.
            time_limit: seconds for all of it.

        Raises:
            TooBusy: it takes long, and all processes are at work.
            GaveUp: the time limit passed first.
        """
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
            process = self._process()
            answer = process.ask(left + GRACE, function, *arguments, left)
            self._idle.append(process)
        except EOFError:  # it was ended
            raise so_far from None
        finally:
            self._free.release()
        if isinstance(answer, Exception):
            raise answer
        found: Answer = answer
        return found

    def _process(self) -> _SolverProcess:
        """One that waits for a question, or a new one."""
        while True:
            try:
                process = self._idle.pop()
            except IndexError:
                return _SolverProcess()
            if process.is_alive:
                return process
            process.end()


class _SolverProcess:
    """The asking end of the pipe to one process. It ends when this process does: its questions come to their end."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the program is a constant of this module
            [sys.executable, "-c", PROGRAM],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process alone
        )
        self.end = finalize(self, _end, self._process)
        """End it, whatever it does; also when nobody holds it any more."""

    @property
    def is_alive(self) -> bool:
        """Whether it is still there."""
        return self._process.poll() is None

    def ask(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function answers, or the exception that it raised.

        Raises:
            EOFError: the process gave no answer within so many seconds, and was ended, or it came to its end itself.
        """
        questions, answers = self._process.stdin, self._process.stdout
        assert questions is not None, "a pipe was asked for"  # noqa: S101 - for the type checker
        assert answers is not None, "a pipe was asked for"  # noqa: S101 - for the type checker
        timer = Timer(seconds, self._process.kill)
        timer.start()
        try:
            pickle.dump((function, arguments), questions)
            questions.flush()
            return pickle.load(answers)  # noqa: S301 - our own process wrote it
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self.end()
            raise EOFError from error
        finally:
            timer.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    with suppress(OSError):
        process.communicate()


def answer_questions() -> None:
    """Answer what comes in on stdin, one question after the other, until it ends."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may come between the answers
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(EOFError, BrokenPipeError):
        while True:
            function, arguments = pickle.load(questions)  # noqa: S301 - our own process wrote it
            answer: Any
            try:
                answer = function(*arguments)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised in the process that asked
                error.add_note(traceback.format_exc())
                answer = error
            pickle.dump(answer, answers)
            answers.flush()
