"""The conveyor: order is kept, nothing is lost, nothing is read or begun before it is needed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from powerplant.batch.conveyor import WorkerDied, in_order
from powerplant.batch.planner import Planned
from powerplant.batch.reading import Chunk, Line
from powerplant.batch.tally import Tally

Work = Callable[[Chunk], Planned]


def chunks(count: int, size: int = 3) -> Iterator[Chunk]:
    for start in range(0, count * size, size):
        yield Chunk([Line(number, b"") for number in range(start + 1, start + size + 1)])


def done(chunk: Chunk, count: int | None = None) -> Planned:
    """A chunk whose first lines are answered by their numbers."""
    lines = chunk.lines[:count]
    answers = b"".join(b"%d\n" % line.number for line in lines)
    return Planned(len(lines), answers, Tally(plans=len(lines)), [])


def given_up(chunk: Chunk) -> Planned:
    return Planned(len(chunk.lines), b"given up %d\n" % chunk.lines[0].number, Tally(gave_up=1), [])


def convey(work: Work, count: int, most_out: int = 3) -> list[str]:
    """The answers to so many chunks that several threads work on."""
    with ThreadPoolExecutor(4) as threads:
        parts = in_order(chunks(count), lambda chunk: threads.submit(work, chunk), given_up, most_out)
        return b"".join(planned.answers for _, planned in parts).decode().splitlines()


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def test_answers_come_in_order_whoever_is_first() -> None:
    choose = random.Random(1)

    def slow(chunk: Chunk) -> Planned:
        time.sleep(choose.random() / 100)
        return done(chunk)

    assert convey(slow, 30) == numbers(90)


def test_a_chunk_that_comes_back_half_done_goes_out_again() -> None:
    assert convey(lambda chunk: done(chunk, 1), 5) == numbers(15)


def test_after_a_death_the_lines_go_out_one_by_one_and_the_deadly_one_is_given_up() -> None:
    def deadly(chunk: Chunk) -> Planned:
        if any(line.number == 5 for line in chunk.lines):
            raise WorkerDied
        return done(chunk)

    assert convey(deadly, 3) == [*numbers(4), "given up 5", *numbers(9)[5:]]


def test_a_death_that_was_an_accident_costs_no_answer() -> None:
    deaths = iter([True])

    def unlucky(chunk: Chunk) -> Planned:
        if next(deaths, False):
            raise WorkerDied
        return done(chunk)

    assert convey(unlucky, 3) == numbers(9)


def test_kept_answers_go_with_their_lines() -> None:
    seen = []

    def work(chunk: Chunk) -> Planned:
        if len(chunk.lines) > 1:
            raise WorkerDied
        seen.append((chunk.lines[0].number, list(chunk.kept)))
        return done(chunk)

    with ThreadPoolExecutor(1) as threads:
        source = (chunk._replace(kept=[b"one", b"two"]) for chunk in chunks(1))
        list(in_order(source, lambda chunk: threads.submit(work, chunk), given_up, 1))
    assert seen == [(1, [b"one"]), (2, [b"two"]), (3, [])]


@pytest.mark.parametrize("where", ["reading", "working"])
def test_an_error_comes_out_where_the_answers_are_taken(where: str) -> None:
    def broken() -> Iterator[Chunk]:
        yield from chunks(2)
        raise OSError(where)

    def work(chunk: Chunk) -> Planned:
        if where == "working" and chunk.lines[0].number > 1:
            raise OSError(where)
        return done(chunk)

    with ThreadPoolExecutor(1) as threads, pytest.raises(OSError, match=where):
        list(in_order(broken(), lambda chunk: threads.submit(work, chunk), given_up, 1))


def test_no_more_is_read_than_is_out() -> None:
    read = 0

    def counted() -> Iterator[Chunk]:
        nonlocal read
        for chunk in chunks(1000):
            read += 1
            yield chunk

    with ThreadPoolExecutor(1) as threads:
        parts = in_order(counted(), lambda chunk: threads.submit(done, chunk), given_up, 4)
        next(parts)
        time.sleep(0.2)
        assert read <= 4 + 3  # one is taken, one waits for room, one is at hand
        parts.close()


def test_an_answer_does_not_wait_for_the_next_line() -> None:
    come = threading.Event()

    def slow_input() -> Iterator[Chunk]:
        yield from chunks(1)
        assert come.wait(10)
        yield from chunks(1)

    with ThreadPoolExecutor(1) as threads:
        parts = in_order(slow_input(), lambda chunk: threads.submit(done, chunk), given_up, 4)
        assert next(parts)[1].tally.plans == 3
        come.set()
        assert len(list(parts)) == 1


def test_when_nobody_takes_the_answers_any_more_nothing_new_is_begun() -> None:
    submitted: list[Future[Planned]] = []
    release = threading.Event()

    def work(chunk: Chunk) -> Planned:
        release.wait(10)
        return done(chunk)

    def submit(chunk: Chunk) -> Future[Planned]:
        submitted.append(threads.submit(work, chunk) if submitted else threads.submit(done, chunk))
        return submitted[-1]

    with ThreadPoolExecutor(1) as threads:
        parts = in_order(chunks(100), submit, given_up, 5)
        next(parts)
        time.sleep(0.1)
        parts.close()
        release.set()
        time.sleep(0.1)
        assert len(submitted) < 10
        assert sum(job.cancelled() for job in submitted) >= len(submitted) - 3
