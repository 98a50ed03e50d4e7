"""The loop of a batch: chunks to workers, their answers back in order, a few chunks at a time."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError, Future
from math import inf
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from powerplant.batch.planner import PATIENCE, Answered, Rules, give_up, plan_chunk
from powerplant.batch.reading import Chunk
from powerplant.workers import Workers

if TYPE_CHECKING:
    from powerplant.batch.cluster import Cluster

CHUNKS_PER_PROCESS = 2
"""One chunk that a process works on, and one that waits for it."""

GRACE = 5.0
"""Seconds after its time limit at which a process is ended."""

BYTES_PER_SECOND = 0.5 * 1024 * 1024
"""How fast a process decodes at least: ten times slower than one that shares its processor."""

STUCK = 5
"""How many times the longest wait for a chunk, and for those before it, is too long."""


class _Sent(NamedTuple):
    """A chunk whose answers are awaited; ``again`` if a process died of it, or with it, before."""

    chunk: Chunk
    future: Future[Answered]
    again: bool


def in_order(
    chunks: Iterator[Chunk], workers: Workers | Cluster, rules: Rules, deadline: float = inf
) -> Generator[tuple[Chunk, Answered], None, None]:
    """Plan all chunks, and yield each part of them with its answers, in order.

    A thread reads ahead, so that an answer does not wait for the next line of a slow pipe. A chunk that comes back half
    done is sent again. If a process died, the lines of its chunk are sent one by one, and a line whose process dies
    again is given up. Closing the generator cancels what is not done.

    Args:
        chunks: the chunks; they are read a few ahead of the answers.
        workers: where they are planned.
        rules: how.
        deadline: the time, by the monotonic clock, after which lines are given up.
    """
    free = Semaphore(CHUNKS_PER_PROCESS * workers.processes)
    ahead: SimpleQueue[_Sent | Exception | None] = SimpleQueue()
    sent: deque[_Sent] = deque()  # what comes next, in order, before what was read ahead
    lock, closed = Lock(), False

    def send(chunk: Chunk, *, again: bool = False) -> _Sent:
        left = deadline - monotonic()
        if left > 0:
            options = rules.options._replace(time_limit=min(left, rules.options.time_limit))
            timeout = longest_wait(chunk, options.time_limit)
            future = workers.submit(plan_chunk, chunk, rules._replace(options=options), timeout=timeout)
            return _Sent(chunk, future, again)
        future = Future()
        future.set_result(give_up(chunk, rules))
        return _Sent(chunk, future, again)

    def read_ahead() -> None:
        if sys.platform != "win32":  # the processes that this thread starts ignore Ctrl-C: this process ends them
            resource_tracker.ensure_running()  # multiprocessing would start it next, and so undo the mask
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            while free.acquire() and (chunk := next(chunks, None)) is not None:
                with lock:
                    if closed:
                        return
                    ahead.put(send(chunk))
            ahead.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that takes the answers
            ahead.put(error)

    Thread(target=read_ahead, name="batch-reader", daemon=True).start()
    try:
        while True:
            if not sent:
                item = ahead.get()
                if item is None:
                    return
                if isinstance(item, Exception):
                    raise item
                sent.append(item)
            chunk, future, again = sent[0]
            try:
                wait = STUCK * longest_wait(chunk, rules.options.time_limit)
                answered = future.result(wait if TimeoutError in workers.died else None)
            except workers.died as error:
                if not future.done():  # lost: its process was killed while it took the chunk
                    workers.close()  # which cancels all others
                if isinstance(error, CancelledError):
                    sent[0] = send(chunk, again=again)
                    continue
                if not again:
                    sent.popleft()
                    singles = [send(chunk._replace(lines=[line]), again=True) for line in chunk.lines]
                    sent.extendleft(reversed(singles))
                    continue
                answered = give_up(chunk, rules)
            yield chunk, answered
            sent.popleft()
            if rest := chunk.lines[answered.done :]:
                sent.appendleft(send(chunk._replace(lines=rest)))
            elif not sent:
                free.release()
    finally:
        with lock:
            closed = True
        free.release()
        for item in [*sent, *_emptied(ahead)]:
            if isinstance(item, _Sent):
                item.future.cancel()


def _emptied(queue: SimpleQueue[Any]) -> Iterator[Any]:
    try:
        while True:
            yield queue.get_nowait()
    except Empty:
        return


def longest_wait(chunk: Chunk, time_limit: float) -> float:
    """Seconds after which a process must have answered at least one line of a chunk."""
    lines = chunk.lines if chunk.fleet is None else [chunk.fleet, *chunk.lines]
    size = sum(len(line.content or b"") for line in lines)
    return PATIENCE + time_limit + GRACE + size / BYTES_PER_SECOND
