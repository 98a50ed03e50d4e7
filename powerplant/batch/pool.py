"""Processes of this machine that plan chunks."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from powerplant.batch.conveyor import WorkerDied
from powerplant.batch.planner import PATIENCE, Planned, Settings, plan_chunk
from powerplant.batch.reading import Chunk
from powerplant.processes import Processes

GRACE = 5.0
"""Seconds beyond its time after which a process is ended."""

READING = 0.5 * 1024 * 1024
"""Bytes that a process reads in a second at the least: ten times slower than one that shares its processor."""


class Pool:
    """So many processes at the most, started when they are needed, and kept. Who comes first is served first.

    Each has a thread here that waits for it.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="batch")
        self._processes = Processes()

    def submit(self, chunk: Chunk, settings: Settings) -> Future[Planned]:
        """Plan a chunk as soon as a process is free; :class:`WorkerDied` where that came to its end."""
        return self._threads.submit(self._ask, chunk, settings)

    def close(self) -> None:
        """End all processes, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._processes.end()

    def _ask(self, chunk: Chunk, settings: Settings) -> Planned:
        try:
            answer = self._processes.ask(longest_wait(chunk, settings), plan_chunk, chunk, settings)
        except EOFError as error:
            raise WorkerDied from error
        if isinstance(answer, Exception):
            raise answer
        planned: Planned = answer
        return planned


def longest_wait(chunk: Chunk, settings: Settings) -> float:
    """Seconds after which nothing will come of a chunk any more."""
    lines = chunk.lines if chunk.fleet is None else [chunk.fleet, *chunk.lines]
    size = sum(len(line.content or b"") for line in lines)
    return PATIENCE + settings.time_limit + GRACE + size / READING
