"""Where the solver runs: in the thread that asks, or in a process of its own that can be ended."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

import pytest

from powerplant import solving
from powerplant.errors import TooBusy, WrongPlan
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, Unit, check_proof, nearest_loads, solve
from powerplant.merit_order.proof import Bound
from powerplant.solving import AT_ONCE, GRACE, Solvers, prove

TWO = [Unit(10, 50, 100), Unit(20, 0, 100)]
HERE = os.getpid()

# Stand-ins for a long search. They are found by name in the other process, and look there which process they are in.


def long_search(answer: object, time_limit: float) -> object:
    """Takes longer than a moment, then gives an answer or raises it."""
    if time_limit <= AT_ONCE:
        time.sleep(time_limit)
        raise GaveUp((1,), 30, 20)
    if isinstance(answer, Exception):
        raise answer
    return answer


def process_of(time_limit: float) -> int:
    long_search(None, time_limit)
    return os.getpid()


def slow(seconds: float, time_limit: float) -> float:
    long_search(None, time_limit)
    time.sleep(seconds)
    return seconds


def crash(time_limit: float) -> NoReturn:
    long_search(None, time_limit)
    os._exit(1)


def chatter(time_limit: float) -> str:
    long_search(None, time_limit)
    print("this is not an answer")  # noqa: T201 - what a library might do
    return "answer"


@pytest.fixture
def solvers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Solvers]:
    """One process at the most, which finds the functions of this module."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    solvers = Solvers(1)
    yield solvers
    solvers._processes.end()


def test_what_is_settled_in_a_moment_stays_in_this_process(solvers: Solvers) -> None:
    solution = solvers.run(prove, TWO, 120, time_limit=5.0)
    assert solution.dispatch == (100, 20)
    assert not solvers._processes._all


def test_what_takes_long_goes_to_another_process_which_is_kept(solvers: Solvers) -> None:
    first = solvers.run(process_of, time_limit=5.0)
    assert first != HERE
    assert solvers.run(process_of, time_limit=5.0) == first


@pytest.mark.parametrize(
    "answer",
    [
        Solution((100, 20), 1400, 1400, Proof("merit order", (Bound(20),))),
        Infeasible("in_a_gap", 200, None, Proof("search", ())),
        GaveUp((1, 2), 30, 20),
        GaveUp(None, None, 0),
        WrongPlan("the plan makes 1"),
    ],
)
def test_every_answer_comes_back_whole(solvers: Solvers, answer: object) -> None:
    if not isinstance(answer, Exception):
        assert solvers.run(long_search, answer, time_limit=5.0) == answer
        return
    with pytest.raises(type(answer)) as error:
        solvers.run(long_search, answer, time_limit=5.0)
    assert error.value.args == answer.args
    assert str(error.value) == str(answer)
    assert "in long_search" in "".join(error.value.__notes__)


def test_a_solution_of_the_solver_comes_back_with_a_proof_that_holds(
    solvers: Solvers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12 blocks and a search that gets no moment in this process."""
    monkeypatch.setattr(solving, "AT_ONCE", 1e-9)
    units = [Unit(100 + i, 500 + 37 * i, 500 + 37 * i) for i in range(12)] + [Unit(900, 0, 300)]
    solution = solvers.run(prove, units, 4000, time_limit=20.0)
    assert solution == solve(units, 4000)
    assert check_proof(units, 4000, solution.cost, solution.proof) or not solution.proof.certified
    assert len(solvers._processes._all) == 1


def test_neighbours_come_back_from_another_process_too(solvers: Solvers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solving, "AT_ONCE", 1e-9)
    units = [Unit(1, 3 << power, 3 << power) for power in range(9)]
    assert solvers.run(nearest_loads, units, 1000, 1001, time_limit=20.0) == (999, 1002)


def test_what_a_function_prints_is_no_answer(solvers: Solvers, capfd: pytest.CaptureFixture[str]) -> None:
    assert solvers.run(chatter, time_limit=5.0) == "answer"
    assert "this is not an answer" in capfd.readouterr().err


def test_a_process_that_does_not_keep_its_time_is_ended(solvers: Solvers) -> None:
    start = time.perf_counter()
    with pytest.raises(GaveUp) as error:
        solvers.run(slow, 60.0, time_limit=0.3)
    assert time.perf_counter() - start < 0.3 + GRACE + 1
    assert error.value.gap == 10, "the moment in this process has found something"
    assert solvers.run(long_search, "the next", time_limit=5.0) == "the next"


def test_a_process_that_ends_by_itself_is_replaced(solvers: Solvers) -> None:
    with pytest.raises(GaveUp):
        solvers.run(crash, time_limit=5.0)
    assert solvers.run(long_search, "the next", time_limit=5.0) == "the next"


def test_a_process_that_was_killed_between_two_questions_is_replaced(solvers: Solvers) -> None:
    os.kill(solvers.run(process_of, time_limit=5.0), signal.SIGTERM)
    time.sleep(0.2)
    assert solvers.run(long_search, "the next", time_limit=5.0) == "the next"


def test_more_at_once_than_there_are_processes_are_too_busy(solvers: Solvers) -> None:
    answers: list[object] = []
    first = threading.Thread(target=lambda: answers.append(solvers.run(slow, 1.0, time_limit=10.0)))
    first.start()
    time.sleep(0.3)
    with pytest.raises(TooBusy):
        solvers.run(slow, 1.0, time_limit=10.0)
    assert solvers.run(prove, TWO, 120, time_limit=5.0).cost == 1400, "what is ordinary is planned meanwhile"
    first.join()
    assert answers == [1.0]
    assert solvers.run(long_search, "the next", time_limit=5.0) == "the next"


def test_a_short_time_limit_is_spent_in_this_process(solvers: Solvers) -> None:
    with pytest.raises(GaveUp):
        solvers.run(process_of, time_limit=0.01)
    assert not solvers._processes._all


def test_giving_up_for_want_of_memory_is_final(solvers: Solvers) -> None:
    """It comes at once, and would come again."""

    def too_large(time_limit: float) -> NoReturn:
        raise GaveUp(None, None, time_limit > 0)

    with pytest.raises(GaveUp):
        solvers.run(too_large, time_limit=5.0)
    assert not solvers._processes._all


def test_a_wrong_proof_is_a_wrong_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(units: list[Unit], load: int, time_limit: float) -> Solution:
        return solve(units, load, time_limit)._replace(proof=Proof("merit order", (Bound(10),)))

    monkeypatch.setattr(solving, "solve", careless)
    with pytest.raises(WrongPlan, match="merit order"):
        prove(TWO, 120, 5.0)


@pytest.mark.usefixtures("solvers")
def test_the_processes_end_with_what_started_them() -> None:
    """Nothing is left behind, and no warning of a process that still runs."""
    others = Solvers(1)
    process = others.run(process_of, time_limit=5.0)
    del others
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
