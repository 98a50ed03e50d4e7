"""Processes of our own that answer questions: call a function, send back what it returns or raises.

An interpreter runs one thread at a time, so what takes long runs in another one. Such a process can also be ended,
whatever it does. Both ends of the pipe are here: :class:`Process` asks, :func:`answer_questions` answers in the other;
:class:`Processes` keeps those that wait for the next question.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any
from weakref import finalize

NICENESS = 5
"""By how much what takes long stands back behind the short requests."""

PROGRAM = "from powerplant.processes import answer_questions; answer_questions()"


class Process:
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


class Processes:
    """As many as are asked at the same time: one is started when a question finds none that waits, and kept."""

    def __init__(self) -> None:
        self._waiting: list[Process] = []
        self._all: set[Process] = set()

    def ask(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function answers, or the exception that it raised; raises what :meth:`Process.ask` does."""
        process = self._one()
        try:
            answer = process.ask(seconds, function, *arguments)
        except EOFError:
            self._all.discard(process)
            raise
        self._waiting.append(process)
        return answer

    def end(self) -> None:
        """End all of them, whatever they do."""
        for process in list(self._all):
            process.end()

    def _one(self) -> Process:
        """One that waits for a question, or a new one."""
        while True:
            try:
                process = self._waiting.pop()
            except IndexError:
                break
            if process.is_alive:
                return process
            process.end()
            self._all.discard(process)
        process = Process()
        self._all.add(process)
        return process


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
