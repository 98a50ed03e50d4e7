"""The loop of a batch: chunks to workers, their answers back in order, a few chunks at a time."""

from __future__ import annotations

import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from math import inf
from multiprocessing import resource_tracker
from queue import Empty, SimpleQueue
from threading import Lock, Semaphore, Thread
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from powerplant.batch.planner import PATIENCE, Answered, Rules, give_up, plan_chunk
from powerplant.batch.reading import Chunk
from powerplant.errors import TooBusy
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


def in_order(
    chunks: Iterator[Chunk], workers: Workers | Cluster, rules: Rules, deadline: float = inf
) -> Generator[tuple[Chunk, Answered], None, None]:
    """Plan all chunks, and yield each part of them with its answers, in order.

    Closing the generator cancels what is not done.

    Args:
        chunks: the chunks; they are read a few ahead of the answers.
        workers: where they are planned.
        rules: how.
        deadline: the time, by the monotonic clock, after which lines are given up.
    """
    sender = _Sender(workers, rules, deadline)
    ahead = _ReadAhead(chunks, sender.send, CHUNKS_PER_PROCESS * workers.processes)
    parts: deque[_Sent] = deque()
    try:
        while True:
            # 1. The next part: of the chunk that is not done, else the next chunk.
            if not parts:
                if (chunk_sent := ahead.take()) is None:
                    return
                parts.append(chunk_sent)
            # 2. Its answers. If its process died, other parts come in its place.
            result = sender.result_of(parts[0])
            if not isinstance(result, Answered):
                parts.popleft()
                parts.extendleft(reversed(result))
                continue
            chunk = parts[0].chunk
            yield chunk, result
            # 3. The lines for which its process had no time.
            parts.popleft()
            if rest := chunk.lines[result.done :]:
                parts.appendleft(sender.send(chunk._replace(lines=rest)))
            elif not parts:
                ahead.read_one_more()
    finally:
        ahead.close()
        for part in parts:
            part.future.cancel()


class _Sent(NamedTuple):
    """A chunk whose answers are awaited; ``again`` if a process died of it, or with it, before."""

    chunk: Chunk
    future: Future[Answered]
    again: bool


class _Sender:
    """Sends chunks to workers, and sends them again if a process dies."""

    def __init__(self, workers: Workers | Cluster, rules: Rules, deadline: float) -> None:
        self._workers, self._rules, self._deadline = workers, rules, deadline

    def send(self, chunk: Chunk, *, again: bool = False) -> _Sent:
        """Send a chunk; after the deadline its lines are given up at once."""
        left, no_process = self._deadline - monotonic(), None
        if left > 0:
            options = self._rules.options._replace(time_limit=min(left, self._rules.options.time_limit))
            rules, timeout = self._rules._replace(options=options), longest_wait(chunk, options.time_limit)
            try:
                return _Sent(chunk, self._workers.submit(plan_chunk, chunk, rules, timeout=timeout), again)
            except TooBusy as error:
                no_process = error
        future: Future[Answered] = Future()
        future.set_result(give_up(chunk, self._rules, no_process))
        return _Sent(chunk, future, again)

    def result_of(self, sent: _Sent) -> Answered | list[_Sent]:
        """Its answers, or what was sent in its place because its process died.

        The lines of such a chunk are sent one by one. A line whose process dies again is given up.
        """
        chunk, future, again = sent
        wait = STUCK * longest_wait(chunk, self._rules.options.time_limit)
        try:
            return future.result(wait if TimeoutError in self._workers.died else None)
        except self._workers.died as error:
            if not future.done():  # lost: its process was killed while it took the chunk
                self._workers.close()  # which cancels all others
            if isinstance(error, CancelledError):
                return [self.send(chunk, again=again)]
            if not again:
                return [self.send(chunk._replace(lines=[line]), again=True) for line in chunk.lines]
        return give_up(chunk, self._rules)


class _ReadAhead:
    """A thread that reads chunks and sends them, so that an answer does not wait for the next line of a slow pipe."""

    def __init__(self, chunks: Iterator[Chunk], send: Callable[[Chunk], _Sent], most: int) -> None:
        self._chunks, self._send = chunks, send
        self._free = Semaphore(most)
        self._sent: SimpleQueue[_Sent | Exception | None] = SimpleQueue()
        self._lock, self._closed = Lock(), False
        Thread(target=self._run, name="batch-reader", daemon=True).start()

    def take(self) -> _Sent | None:
        """The next chunk, ``None`` at the end; raises what reading or sending raised."""
        item = self._sent.get()
        if isinstance(item, Exception):
            raise item
        return item

    def read_one_more(self) -> None:
        """A chunk is done: another one may be read."""
        self._free.release()

    def close(self) -> None:
        """Read no more, and cancel what was sent."""
        with self._lock:
            self._closed = True
        self._free.release()
        with suppress(Empty):
            while True:
                if isinstance(item := self._sent.get_nowait(), _Sent):
                    item.future.cancel()

    def _run(self) -> None:
        if sys.platform != "win32":  # the processes that this thread starts ignore Ctrl-C: this process ends them
            resource_tracker.ensure_running()  # multiprocessing would start it next, and so undo the mask
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            while self._free.acquire() and (chunk := next(self._chunks, None)) is not None:
                with self._lock:
                    if self._closed:
                        return
                    self._sent.put(self._send(chunk))
            self._sent.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that takes the answers
            self._sent.put(error)


def longest_wait(chunk: Chunk, time_limit: float) -> float:
    """Seconds after which a process must have answered at least one line of a chunk."""
    lines = chunk.lines if chunk.fleet is None else [chunk.fleet, *chunk.lines]
    size = sum(len(line.content or b"") for line in lines)
    return PATIENCE + time_limit + GRACE + size / BYTES_PER_SECOND
