"""A process for one solver: it reads fleets from stdin and writes answers to stdout, one JSON value per line.

Each solver has its own process for three reasons: HiGHS and CP-SAT cannot be imported into the same process, a solver
that exceeds its time limit must be ended from outside, and peak memory is measured for a whole process.
"""

from __future__ import annotations

import json
import resource
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple, Self

from benchmarks.families import Fleet
from benchmarks.outside import FAILED, NO_PLAN, OPTIMAL, OUTSIDE, TIME_OUT

OURS = "powerplant"

MAXRSS_UNIT = 1024 if sys.platform == "darwin" else 1
"""Divisor that converts ``ru_maxrss`` to KiB: it is in bytes on macOS, in KiB elsewhere."""

MOST_REPEATS = 5_000
GRACE = 2.0
"""A worker is ended after this many times the limit, plus ten seconds."""


class Timing(NamedTuple):
    """The answer of a solver to a fleet, and its time.

    Attributes:
        status: one of the statuses of :mod:`benchmarks.outside`.
        seconds: the time of each repeat, from plain numbers to the answer.
        cost: of the dispatch, recomputed in integers; ``None`` without a dispatch that meets load and limits.
        exact: whether the solver could take the costs as they are.
        method: how the answer was proven; empty for the outside solvers.
        steps: the size of that proof.
        peak_kib: by how much the first solve raised the peak of the process's memory.
    """

    status: str
    seconds: list[float]
    cost: int | None = None
    exact: bool = True
    method: str = ""
    steps: int = 0
    peak_kib: int = 0


class Worker:
    """A solver in a process of its own, started when it is first needed and again after it was ended.

    Ours can be that of another checkout of this project.
    """

    def __init__(self, solver: str, checkout: Path | None = None) -> None:
        self.solver = solver
        self._checkout = checkout
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def ask(self, fleet: Fleet, time_limit: float, spend: float = 0.0, setting: str = "") -> Timing:
        """Solve a fleet once, and repeat it until ``spend`` seconds have passed."""
        process = self._process or self._start()
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(json.dumps([*fleet, time_limit, spend, setting]) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], GRACE * time_limit + spend + 10)
        if not ready:
            self.end()
            return Timing(TIME_OUT, [time_limit])
        answer = process.stdout.readline()
        if not answer:
            self.end()  # the solver has failed and taken its process with it; what it said is on standard error
            return Timing(FAILED, [time_limit])
        return Timing(**json.loads(answer))

    def end(self) -> None:
        """End the process."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "benchmarks.worker", self.solver],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._checkout,
        )
        return self._process


def solve_with_ours(fleet: Fleet, time_limit: float) -> dict[str, Any]:
    """Solve a fleet with this project's solver; the time includes building the units."""
    from powerplant.merit_order import GaveUp, Infeasible, Unit, solve

    plain, load = fleet
    result = solve([Unit(*unit) for unit in plain], load, time_limit)
    if isinstance(result, GaveUp):
        return {"status": TIME_OUT}
    proof = result.proof
    answer: dict[str, Any] = {"status": NO_PLAN, "method": proof.method, "steps": len(proof.steps)}
    return answer if isinstance(result, Infeasible) else answer | {"status": OPTIMAL, "dispatch": result.dispatch}


def _solver(name: str) -> Callable[[Fleet, float, str], dict[str, Any]]:
    if name == OURS:
        return lambda fleet, time_limit, _: solve_with_ours(fleet, time_limit)
    outside, _ = OUTSIDE[name]
    return lambda fleet, time_limit, setting: outside(*fleet, time_limit, setting)._asdict()


def _timed(solver: Callable[[Fleet, float, str], dict[str, Any]], request: list[Any]) -> Timing:
    plain, load, time_limit, spend, setting = request
    fleet = [tuple(unit) for unit in plain], load
    before = _peak_kib()
    started = perf_counter()
    answer = solver(fleet, time_limit, setting)
    seconds = [perf_counter() - started]
    answer["peak_kib"] = _peak_kib() - before
    if answer["status"] != TIME_OUT:
        while sum(seconds) < spend and len(seconds) < MOST_REPEATS:
            started = perf_counter()
            solver(fleet, time_limit, setting)
            seconds.append(perf_counter() - started)
    return Timing(seconds=seconds, cost=_true_cost(fleet, answer.pop("dispatch", None)), **answer)


def _true_cost(fleet: Fleet, dispatch: list[int] | None) -> int | None:
    units, load = fleet
    if dispatch is None or sum(dispatch) != load or len(dispatch) != len(units):
        return None
    if not all(p == 0 or low <= p <= high for p, (_, low, high) in zip(dispatch, units, strict=True)):
        return None
    return sum(cost * p for p, (cost, _, _) in zip(dispatch, units, strict=True))


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MAXRSS_UNIT


def main() -> None:
    """Answer until standard input ends."""
    solver = _solver(sys.argv[1])
    tiny: Fleet = ([(2, 1, 3), (1, 0, 2)], 3)
    for setting in OUTSIDE[sys.argv[1]][1] if sys.argv[1] in OUTSIDE else ("",):
        solver(tiny, 10, setting)  # what is imported on the first solve is not what we time
    for line in sys.stdin:
        print(json.dumps(_timed(solver, json.loads(line))._asdict()), flush=True)


if __name__ == "__main__":
    main()
