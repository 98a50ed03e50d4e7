"""Long calls run in processes, which can be ended: results, time limits, processes that die, and what is left."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from live_server import state

from powerplant.errors import TooBusy, WrongPlan
from powerplant.merit_order import GaveUp, Infeasible, NearestLoads, Proof, Solution, Unit, check_proof, nearest_loads
from powerplant.merit_order.alternatives import NO_PLAN, NOT_COMPUTED, Alternative, Appraisal
from powerplant.merit_order.proof import Bound
from powerplant.solving import solve_and_check
from powerplant.workers import GRACE, LARGE, PATIENCE, SMALL, Workers

TWO = [Unit(10, 50, 100), Unit(20, 0, 100)]
LIMIT = 20.0
"""Seconds: more than any process here needs on a busy machine, unless the test lets it overrun."""

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")


class Answer(NamedTuple):
    value: Any
    is_final: bool = True


DIED = Workers(0).died
FIRST_ATTEMPT = Answer("of the first attempt", is_final=False)
Improve = Callable[[Any], None]


def long_call(action: Callable[..., Any], *arguments: Any) -> Any:
    """Like a solver: the first attempt takes all of its time and does not end; the call in a process does the action.

    The arguments end with the time limit and ``improve``, which the first attempt does not have.
    """
    *own, time_limit, improve = arguments
    if improve is None:
        time.sleep(time_limit)
        return FIRST_ATTEMPT
    return action(*own, time_limit, improve)


# The actions. They are found by their names in the process.


def pid(*_: Any) -> Answer:
    return Answer(os.getpid())


def echo(value: Any, *_: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


def sleep(seconds: float, *_: Any) -> Answer:
    time.sleep(seconds)
    return Answer(seconds)


def improve_then_sleep(*arguments: Any) -> Answer:
    improve: Improve = arguments[-1]
    for number in range(3):
        improve(Answer(number, is_final=False))
    time.sleep(60)
    return Answer("never reached")


def improve_then_die(*arguments: Any) -> Answer:
    improve: Improve = arguments[-1]
    improve(Answer("best so far", is_final=False))
    os.kill(os.getpid(), signal.SIGKILL)
    return Answer("never reached")


def its_time_limit(time_limit: float, _: Improve) -> Answer:
    return Answer(time_limit)


def has_imported(module: str, *_: Any) -> Answer:
    return Answer(module in sys.modules)


def exit_at_once(*_: Any) -> None:
    os._exit(0)


def touch_then_sleep(file: Path, seconds: float, *_: Any) -> Answer:
    file.touch()
    time.sleep(seconds)
    return Answer("slept")


def allocate(size: int, *_: Any) -> Answer:
    return Answer(len(bytearray(size)))


def print_and_answer(*_: Any) -> Answer:
    print("a library may print")  # noqa: T201 - this is what the test is about
    return Answer("printed")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """One process at most. Whatever a test does to it, it works in the next test."""
    workers = Workers(1)
    yield workers
    workers.close()


def processes() -> set[int]:
    """The processes that this one has started and that are still running."""
    return {process.pid for process in multiprocessing.active_children() if process.pid}


def run(workers: Workers, action: Callable[..., Any], *arguments: Any, time_limit: float = LIMIT) -> Any:
    return workers.run(long_call, action, *arguments, time_limit=time_limit)


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)


def assert_usable(workers: Workers) -> None:
    """The next call works, in a process."""
    assert run(workers, echo, Answer("next")) == Answer("next")


# --- Turns -----------------------------------------------------------------------------------------------------------


def computes(workers: Workers, size: int) -> bool:
    """Whether another thread may compute now for a body of so many bytes; it waits for it as long as it has to."""

    def take() -> None:
        with workers.turn(size):
            pass

    with ThreadPoolExecutor(1) as thread:
        try:
            thread.submit(take).result()
        except TooBusy:
            return False
    return True


def test_bodies_of_some_size_take_turns_and_others_do_not_wait() -> None:
    workers = Workers(1)
    with workers.turn(SMALL + 1):
        assert computes(workers, SMALL)
        assert computes(workers, LARGE + 1), "a process computes for it"
        assert not computes(workers, SMALL + 1)
        assert not computes(workers, LARGE)
    assert computes(workers, LARGE)


def test_a_turn_ends_when_the_call_turns_out_to_be_long() -> None:
    workers = Workers(1)
    with workers.turn(SMALL + 1), workers_busy(workers):
        with pytest.raises(TooBusy):
            run(workers, pid, time_limit=1.0)
        assert computes(workers, SMALL + 1)
    assert computes(workers, SMALL + 1)


@contextmanager
def workers_busy(workers: Workers) -> Iterator[None]:
    """All places are taken."""
    workers.enter(0)
    try:
        yield
    finally:
        workers.leave()


def test_a_turn_ends_after_an_error() -> None:
    workers = Workers(1)
    with pytest.raises(ZeroDivisionError), workers.turn(SMALL + 1):
        raise ZeroDivisionError
    assert computes(workers, SMALL + 1)


def test_only_some_threads_wait_for_a_turn() -> None:
    workers = Workers(1, turns=1)
    with (
        workers.turn(SMALL + 1),
        pytest.raises(TooBusy, match="as many payloads as it accepts"),
        workers.turn(SMALL + 1),
    ):
        pass
    assert computes(workers, SMALL + 1)


# --- In which process ------------------------------------------------------------------------------------------------


def test_a_quick_call_stays_in_this_process(workers: Workers) -> None:
    assert workers.run(pid, time_limit=LIMIT).value == os.getpid()
    solution = workers.run(solve_and_check, TWO, 120, time_limit=LIMIT)
    assert isinstance(solution, Solution)
    assert solution.dispatch == (100, 20)


def test_a_long_call_goes_to_a_process_which_is_kept(workers: Workers) -> None:
    first = run(workers, pid)
    assert first.value != os.getpid()
    assert run(workers, pid) == first


def test_a_short_time_limit_is_spent_in_this_process(workers: Workers) -> None:
    assert run(workers, pid, time_limit=0.01) == FIRST_ATTEMPT


def test_without_processes_the_whole_time_is_spent_in_this_process() -> None:
    start = time.perf_counter()
    assert run(Workers(0), pid, time_limit=0.2) == FIRST_ATTEMPT
    assert time.perf_counter() - start >= 0.2


def test_a_call_that_gives_up_early_is_not_repeated(workers: Workers) -> None:
    """The sums did not fit into memory; more time does not help."""
    calls = []

    def give_up(*arguments: Any) -> GaveUp:
        calls.append(arguments)
        return GaveUp(None, None, 0)

    assert workers.run(give_up, time_limit=LIMIT) == GaveUp(None, None, 0)
    assert len(calls) == 1


# --- Results ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [
        Solution((100, 20), 1400, 1400, Proof("merit order", (Bound(20),))),
        Infeasible("in_a_gap", 200, None, Proof("search", ())),
        GaveUp((1, 2), 30, 20),
        GaveUp(None, None, 0),
        NearestLoads(0, 10**30),
        Appraisal(NO_PLAN, NOT_COMPUTED, [Alternative(5, computed=True)] * 3),
    ],
    ids=lambda result: type(result).__name__,
)
def test_a_result_comes_back_whole(workers: Workers, result: Any) -> None:
    answer = run(workers, echo, result)
    assert answer == result
    assert type(answer) is type(result)


def test_an_exception_comes_back_with_its_message_and_the_traceback_of_its_process(workers: Workers) -> None:
    with pytest.raises(WrongPlan, match="the plan produces 1") as error:
        run(workers, echo, WrongPlan("the plan produces 1"))
    assert "in echo" in str(error.value.__cause__)
    assert_usable(workers)


def test_the_solver_works_in_a_process(workers: Workers) -> None:
    units = [Unit(100 + i, 500 + 37 * i, 500 + 37 * i) for i in range(12)] + [Unit(900, 0, 300)]
    solution = run(workers, solve_and_check, units, 4000)
    assert solution == solve_and_check(units, 4000, LIMIT)
    assert check_proof(units, 4000, solution.cost, solution.proof) or not solution.proof.certified
    blocks = [Unit(1, 3 << power, 3 << power) for power in range(9)]
    assert run(workers, nearest_loads, blocks, 1000, 1001) == (999, 1002)


def test_printing_in_a_process_does_not_disturb_the_result(workers: Workers) -> None:
    assert run(workers, print_and_answer) == Answer("printed")


# --- Time limits -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "arguments", "expected"),
    [
        (improve_then_sleep, (), Answer(2, is_final=False)),  # its last unfinished result
        (sleep, (60.0,), FIRST_ATTEMPT),  # it has none
    ],
)
def test_a_process_that_overruns_is_ended_and_its_last_unfinished_result_is_returned(
    workers: Workers, action: Callable[..., Any], arguments: tuple[Any, ...], expected: Answer
) -> None:
    process = run(workers, pid).value
    start = time.perf_counter()
    assert run(workers, action, *arguments, time_limit=0.5) == expected
    assert time.perf_counter() - start < 0.5 + GRACE + 10  # on a busy machine
    wait_until(lambda: process not in processes())
    assert_usable(workers)


def test_a_jump_of_the_wall_clock_ends_nothing(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    run(workers, pid)
    real = time.time
    jump = threading.Timer(0.2, lambda: monkeypatch.setattr(time, "time", lambda: real() + 86_400))
    jump.start()
    assert run(workers, sleep, 0.6, time_limit=LIMIT) == Answer(0.6)
    jump.join()


# --- Processes that die ----------------------------------------------------------------------------------------------


def test_a_process_that_is_killed_at_work_is_replaced_and_its_last_unfinished_result_is_returned(
    workers: Workers,
) -> None:
    for _ in range(2):
        assert run(workers, improve_then_die) == Answer("best so far", is_final=False)
        assert_usable(workers)


def test_without_a_folder_for_temporary_files_a_call_still_has_its_result(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise FileNotFoundError("no usable temporary folder")

    monkeypatch.setattr("powerplant.workers.tempfile.TemporaryDirectory", refuse)
    assert run(workers, pid).value in processes()
    assert run(workers, improve_then_die) == FIRST_ATTEMPT


def test_a_process_that_exits_by_itself_is_replaced(workers: Workers) -> None:
    start = time.perf_counter()
    assert run(workers, exit_at_once, time_limit=0.5) == FIRST_ATTEMPT
    assert time.perf_counter() - start < 0.5 + GRACE + 10  # on a busy machine
    assert_usable(workers)


@pytest.mark.parametrize("pause", [0, 0.3])
def test_a_process_that_is_killed_while_idle_is_replaced(workers: Workers, pause: float) -> None:
    """The call after it works too, whether or not the death was noticed before."""
    for _ in range(2):
        os.kill(run(workers, pid).value, signal.SIGKILL)
        time.sleep(pause)
        assert_usable(workers)


def test_a_future_of_a_process_that_is_killed_raises(workers: Workers) -> None:
    future = workers.submit(sleep, 60.0)
    wait_until(future.running)
    future_of_the_next = workers.submit(pid)
    for process in processes():
        os.kill(process, signal.SIGKILL)
    with pytest.raises(DIED):
        future.result(LIMIT)
    start = time.perf_counter()
    with suppress(*DIED):  # it may be lost with the process, but it does not hang
        future_of_the_next.result(LIMIT)
    assert time.perf_counter() - start < LIMIT
    assert_usable(workers)


def test_a_future_ends_with_its_timeout_or_when_it_is_cancelled(workers: Workers) -> None:
    with pytest.raises(TimeoutError):
        workers.submit(sleep, 60.0, timeout=0.2).result(LIMIT)
    future = workers.submit(sleep, 60.0)
    wait_until(future.running)
    future.cancel()
    assert workers.submit(echo, "next").result(LIMIT) == "next"


def test_a_call_for_the_body_of_a_batch_has_its_result_or_is_busy(workers: Workers) -> None:
    assert workers.call(echo, "read", timeout=LIMIT) == "read"
    os.kill(workers.call(pid, timeout=LIMIT).value, signal.SIGKILL)
    assert workers.call(echo, "read", timeout=LIMIT) == "read"
    for action in (exit_at_once, partial(sleep, 60.0)):
        with pytest.raises(TooBusy, match="could not read this body in time"):
            workers.call(action, timeout=0.5)
    assert_usable(workers)


# --- Several at the same time ----------------------------------------------------------------------------------------


def test_a_long_call_while_all_processes_are_in_use_is_too_busy(workers: Workers, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, workers, touch_then_sleep, started, 3.0)
        wait_until(started.exists)
        with pytest.raises(TooBusy, match="already solving as many long payloads") as error:
            run(workers, pid, time_limit=1.0)
        assert error.value.so_far == FIRST_ATTEMPT
        assert workers.run(pid, time_limit=LIMIT).value == os.getpid(), "a quick call is answered meanwhile"
        assert not first.done()
        assert first.result() == Answer("slept")
    assert_usable(workers)


def test_a_call_waits_for_a_process_that_is_free_soon(workers: Workers, tmp_path: Path) -> None:
    started = tmp_path / "started"
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(run, workers, touch_then_sleep, started, PATIENCE / 5)
        wait_until(started.exists)
        assert run(workers, pid).value in processes()
        assert first.result() == Answer("slept")


def test_calls_from_several_threads_get_their_own_results() -> None:
    workers = Workers(2)

    def ask(number: int) -> Any:
        try:
            return run(workers, echo, Answer(number))
        except TooBusy:
            return Answer(number)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(30))) == [Answer(number) for number in range(30)]
    workers.close()


def test_only_so_many_calls_wait_for_a_place(tmp_path: Path) -> None:
    """The others are refused at once."""
    workers = Workers(1, waiting=1)
    started = tmp_path / "started"
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(run, workers, touch_then_sleep, started, 3.0)
        wait_until(started.exists)
        waits = pool.submit(workers.enter, LIMIT)
        time.sleep(0.1)
        start = time.perf_counter()
        with pytest.raises(TooBusy, match="the message"):
            workers.enter(LIMIT, "the message")
        assert time.perf_counter() - start < 1
        assert first.result() == Answer("slept")
        waits.result()
        workers.leave()
    assert_usable(workers)
    workers.close()


def test_a_place_is_free_again_after_every_kind_of_call(workers: Workers) -> None:
    for _ in range(3):
        with pytest.raises(WrongPlan):
            run(workers, echo, WrongPlan("wrong"))
        with pytest.raises(WrongPlan):
            workers.run_apart(echo, WrongPlan("wrong"), time_limit=LIMIT)
        run(workers, improve_then_die)
        workers.run(pid, time_limit=LIMIT)
    assert_usable(workers)


def test_a_call_apart_never_runs_in_this_process(workers: Workers) -> None:
    result = workers.run_apart(pid, time_limit=LIMIT)
    assert result is not None
    assert result.value in processes()
    assert workers.run_apart(sleep, 60.0, time_limit=0.2) is None


@pytest.mark.parametrize(("busy", "least", "most"), [(0.3, 1.0, 2.7), (2.0, 1.4, 1.5)])
def test_the_time_until_a_process_is_ready_counts_and_half_of_the_limit_is_left(
    workers: Workers, busy: float, least: float, most: float
) -> None:
    workers.submit(sleep, busy)
    result = workers.run_apart(its_time_limit, time_limit=3.0)
    assert result is not None
    assert least <= result.value <= most


@pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="the system cannot fork")
def test_a_new_process_has_imported_what_its_work_needs() -> None:
    module = "powerplant.batch.planner"
    program = f"""
from test_workers import Workers, has_imported, run
if __name__ == "__main__":
    workers = Workers(1, modules=["module_of_an_extra_that_is_not_installed", {module!r}])
    workers.prepare()
    print(has_imported({module!r}).value, run(workers, has_imported, {module!r}).value)
"""
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout == "False True\n"


def test_a_system_without_room_for_a_process_is_too_busy(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    workers.close()
    with monkeypatch.context() as patch:
        patch.setattr("pebble.ProcessPool", fail)
        with pytest.raises(TooBusy, match="No process for long work could be started"):
            run(workers, pid)
    assert_usable(workers)


# --- Memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the memory of a process")
def test_a_call_beyond_the_limit_of_memory_ends_without_a_result() -> None:
    workers = Workers(1, most_memory=256 * 1024 * 1024)
    assert workers.run_apart(allocate, 1024 * 1024, time_limit=LIMIT) == Answer(1024 * 1024)
    assert workers.run_apart(allocate, 1024 * 1024 * 1024, time_limit=LIMIT) is None
    assert run(workers, allocate, 1024 * 1024 * 1024) == FIRST_ATTEMPT
    assert_usable(workers)
    workers.close()


def test_idle_processes_end_and_start_again_when_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powerplant.workers.IDLE", 0.5)
    before = processes()
    workers = Workers(1)
    for _ in range(2):
        assert run(workers, sleep, 0.8) == Answer(0.8), "a process at work is not idle"
        wait_until(lambda: processes() <= before)
    workers.close()


# --- What is left ----------------------------------------------------------------------------------------------------


def test_no_process_is_left_after_close() -> None:
    before = processes()
    workers = Workers(2)
    workers.submit(sleep, 60.0)
    run(workers, pid)
    own = processes() - before
    assert len(own) >= 2
    workers.close()
    wait_until(lambda: not own & processes())


PARENT = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from test_workers import processes, pid, run, sleep
from powerplant.workers import Workers

if __name__ == "__main__":
    workers = Workers(2, modules=["powerplant.solving"])
    if {busy}:
        for _ in range(2):
            future = workers.submit(sleep, 3600.0)
            while not future.running():
                time.sleep(0.01)
    else:
        run(workers, pid)
    children = processes()
    servers = {{int(open(f"/proc/{{child}}/stat").read().split()[3]) for child in children}} - {{os.getpid()}}
    print(*children, *servers, flush=True)
    {then}
"""


@needs_proc
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
@pytest.mark.parametrize("then", ["time.sleep(3600)", "sys.exit()"], ids=["killed", "ended"])
def test_no_process_is_left_after_its_parent(tmp_path: Path, busy: bool, then: str) -> None:
    """The parent is killed with SIGKILL, or ends without closing its workers."""
    program = tmp_path / "parent.py"
    program.write_text(PARENT.format(busy=busy, then=then))
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout is not None
        children = [int(child) for child in parent.stdout.readline().split()]
        assert len(children) == 3, "two processes and the one from which they are forked"
        if then != "sys.exit()":
            parent.kill()
        parent.wait(15)
    wait_until(lambda: not any(map(is_running, children)))


def is_running(process: int) -> bool:
    try:
        return state(Path(f"/proc/{process}")) != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


# --- The proof -------------------------------------------------------------------------------------------------------


def test_a_wrong_proof_is_a_wrong_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    right = solve_and_check(TWO, 120, LIMIT)
    assert isinstance(right, Solution)
    monkeypatch.setattr("powerplant.solving.solve", lambda *_: right._replace(proof=Proof("merit order", (Bound(10),))))
    with pytest.raises(WrongPlan, match="merit order"):
        solve_and_check(TWO, 120, LIMIT)
