"""The loop of a batch: order is kept, nothing is lost, nothing is read or begun before it is needed."""

from __future__ import annotations

import io
import json
import multiprocessing
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from typing import Any

import pytest
from batches import FLEET, hour, ndjson, parsed, payload
from payloads import hard_payload

from powerplant.batch import running
from powerplant.batch.planner import Answered, Rules
from powerplant.batch.reading import Chunk, Line, read_chunks
from powerplant.batch.running import CHUNKS_PER_PROCESS, in_order
from powerplant.batch.tally import Tally
from powerplant.planning import Options
from powerplant.workers import Workers

RULES = Rules(Options(time_limit=0.3), max_plants=100_000, max_line=100_000_000)

Work = Callable[[Chunk], Answered]


class Threads(Workers):
    """Workers that do other work on chunks, in threads of this process."""

    def __init__(self, work: Work, processes: int = 1) -> None:
        super().__init__(processes)
        self.futures: list[Future[Any]] = []
        self._work, self._threads = work, ThreadPoolExecutor(processes)

    def submit(self, _function: Callable[..., Any], *arguments: Any, timeout: float | None = None) -> Future[Any]:
        assert timeout
        self.futures.append(self._threads.submit(self._work, arguments[0]))
        return self.futures[-1]

    def close(self) -> None:
        self._threads.shutdown()


def chunks(count: int, size: int = 3) -> Iterator[Chunk]:
    for start in range(0, count * size, size):
        yield Chunk([Line(number, b"") for number in range(start + 1, start + size + 1)])


def answer(chunk: Chunk, count: int | None = None) -> Answered:
    """The first lines of a chunk, answered with their numbers."""
    lines = chunk.lines[:count]
    return Answered(len(lines), b"".join(b"%d\n" % line.number for line in lines), Tally(plans=len(lines)))


def run(work: Work, count: int, processes: int = 2) -> list[str]:
    """The answers to so many chunks."""
    with closing(Threads(work, processes)) as workers:
        parts = in_order(chunks(count), workers, RULES)
        return b"".join(answered.answers for _, answered in parts).decode().splitlines()


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


# --- Order -----------------------------------------------------------------------------------------------------------


def test_answers_come_in_order_whichever_is_first() -> None:
    choose = random.Random(1)

    def slow(chunk: Chunk) -> Answered:
        time.sleep(choose.random() / 100)
        return answer(chunk)

    assert run(slow, 30, processes=4) == numbers(90)


def test_a_chunk_that_comes_back_half_done_is_sent_again() -> None:
    assert run(lambda chunk: answer(chunk, 1), 5) == numbers(15)


def test_if_a_process_died_its_lines_are_sent_one_by_one_and_only_the_deadly_line_is_given_up() -> None:
    def deadly(chunk: Chunk) -> Answered:
        if any(line.number == 5 for line in chunk.lines):
            raise BrokenProcessPool
        return answer(chunk)

    answers = run(deadly, 3)
    assert [*answers[:4], *answers[5:]] == [*numbers(4), *numbers(9)[5:]]
    assert json.loads(answers[4])["problem"]["type"] == "/problems/gave-up"


@pytest.mark.parametrize("where", ["reading", "working"])
def test_an_error_is_raised_where_the_answers_are_taken(where: str) -> None:
    def broken() -> Iterator[Chunk]:
        yield from chunks(2)
        raise ValueError(where)

    def work(chunk: Chunk) -> Answered:
        if where == "working" and chunk.lines[0].number > 1:
            raise ValueError(where)
        return answer(chunk)

    with closing(Threads(work)) as workers, pytest.raises(ValueError, match=where):
        list(in_order(broken(), workers, RULES))


# --- Bounds ----------------------------------------------------------------------------------------------------------


def test_only_a_few_chunks_are_read_ahead() -> None:
    read = 0

    def counted() -> Iterator[Chunk]:
        nonlocal read
        for chunk in chunks(1000):
            read += 1
            yield chunk

    with closing(Threads(answer, 3)) as workers:
        parts = in_order(counted(), workers, RULES)
        next(parts)
        time.sleep(0.2)
        assert read == CHUNKS_PER_PROCESS * 3
        parts.close()


def test_an_answer_does_not_wait_for_the_next_line() -> None:
    arrived = threading.Event()

    def slow_input() -> Iterator[Chunk]:
        yield from chunks(1)
        assert arrived.wait(10)
        yield from chunks(1)

    with closing(Threads(answer)) as workers:
        parts = in_order(slow_input(), workers, RULES)
        assert next(parts)[1].tally.plans == 3
        arrived.set()
        assert len(list(parts)) == 1


def test_after_closing_nothing_is_begun() -> None:
    release = threading.Event()

    def work(chunk: Chunk) -> Answered:
        if chunk.lines[0].number > 1:
            release.wait(10)
        return answer(chunk)

    with closing(Threads(work, 4)) as workers:
        parts = in_order(chunks(100), workers, RULES)
        next(parts)
        time.sleep(0.1)
        parts.close()
        sent = len(workers.futures)
        release.set()
        time.sleep(0.1)
        assert len(workers.futures) == sent == CHUNKS_PER_PROCESS * 4
        assert any(future.cancelled() for future in workers.futures)


def test_after_the_deadline_lines_are_given_up_without_being_sent() -> None:
    with closing(Threads(answer)) as workers:
        parts = list(in_order(chunks(3), workers, RULES, deadline=time.monotonic() - 1))
        assert not workers.futures
    assert sum(answered.tally.gave_up for _, answered in parts) == 9


# --- Processes -------------------------------------------------------------------------------------------------------


def plan(workers: Workers, contents: list[Any], rules: Rules = RULES) -> Iterator[Answered]:
    source = read_chunks(io.BytesIO(ndjson(contents)), rules.max_line)
    return (answered for _, answered in in_order(source, workers, rules))


def test_a_process_that_is_killed_costs_no_answer() -> None:
    def kill() -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with closing(Workers(1)) as workers:
        list(plan(workers, [payload(480)]))  # the process has started
        timer = threading.Timer(0.5, kill)  # while it solves the hard line
        timer.start()
        answers = plan(
            workers, [payload(480), hard_payload(), payload(490)], RULES._replace(options=Options(time_limit=2))
        )
        kinds = [list(answer)[1] for answered in answers for answer in parsed(answered.answers)]
        timer.join()
    assert kinds == ["plan", "problem", "plan"]


def test_a_chunk_that_was_lost_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STUCK", 0.01)
    never: Future[Any] = Future()

    class Forgetful(Threads):
        def submit(self, function: Callable[..., Any], *arguments: Any, timeout: float | None = None) -> Future[Any]:
            future = super().submit(function, *arguments, timeout=timeout)
            return never if len(self.futures) == 1 else future

        def close(self) -> None:
            pass

    parts = in_order(chunks(2), Forgetful(answer), RULES)
    assert b"".join(answered.answers for _, answered in parts).decode().splitlines() == numbers(6)


def test_a_large_fleet_has_time_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE", 0.0)
    monkeypatch.setattr(running, "PATIENCE", 0.0)
    plants = [FLEET[0] | {"name": f"power plant {number}"} for number in range(30_000)]
    with closing(Workers(1)) as workers:
        answers = b"".join(answered.answers for answered in plan(workers, [{"powerplants": plants}, hour(480)]))
    assert "plan" in parsed(answers)[0]


def test_a_process_that_overruns_is_ended_and_the_next_lines_are_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Workers(1)) as workers:
        list(plan(workers, [payload(480)]))  # the process has started
        monkeypatch.setattr(running, "longest_wait", lambda chunk, _: 0.05 if chunk.lines[0].number == 1 else 60)
        plants = [FLEET[0] | {"name": f"power plant {number}"} for number in range(60_000)]
        answers = b"".join(
            answered.answers for answered in plan(workers, [payload(480) | {"powerplants": plants}, payload(480)])
        )
    first, second = parsed(answers)
    assert first["problem"]["type"] == "/problems/gave-up"
    assert second["plan"]
