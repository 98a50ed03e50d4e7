"""Chunks go out to wherever there is room, and what comes of them comes back in their order, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import Protocol

from powerplant.batch.planner import Planned
from powerplant.batch.reading import Chunk, Line
from powerplant.errors import PowerplantError

OUT_FOR_EACH = 2
"""How many chunks are best out for each worker: one that it works on, and one that waits for it."""


class WorkerDied(PowerplantError):
    """What worked on a chunk came to its end, or was ended, before it had an answer."""


class Job(Protocol):
    """A chunk that is out."""

    def result(self) -> Planned:
        """What came of it, once that is there.

        Raises:
            WorkerDied: nothing will come of it.
        """

    def cancel(self) -> object:
        """Do not begin with it any more."""


Submit = Callable[[Chunk], Job]
GiveUp = Callable[[Chunk], Planned]


def in_order(
    chunks: Iterator[Chunk], submit: Submit, give_up: GiveUp, most_out: int
) -> Generator[tuple[Chunk, Planned], None, None]:
    """Send chunks out, and yield each of their parts with what came of it, in order.

    A thread reads ahead, so that an answer does not wait for the next line to be there. When the iterator is closed,
    nothing new is begun.

    Args:
        chunks: read one at a time, and no faster than their answers are taken.
        submit: sends a chunk out.
        give_up: answers a single line that nothing came of.
        most_out: how many chunks are out at the same time.
    """
    ahead = _Ahead(chunks, submit, most_out)
    try:
        for chunk, job in ahead:
            yield from _parts(chunk, job, submit, give_up)
    finally:
        ahead.stop()


def _parts(chunk: Chunk, job: Job, submit: Submit, give_up: GiveUp) -> Generator[tuple[Chunk, Planned], None, None]:
    """A chunk to its end: it may come back half done, and again."""
    while True:
        try:
            planned = job.result()
        except WorkerDied:
            if len(chunk.lines) > 1:  # one of them is the cause: each goes out by itself, so that it harms no other
                for line, kept in _singly(chunk):
                    single = chunk._replace(lines=[line], kept=kept)
                    yield from _parts(single, submit(single), submit, give_up)
                return
            planned = give_up(chunk)
        yield chunk, planned
        chunk = chunk.without(planned.done)
        if not chunk.lines:
            return
        job = submit(chunk)


def _singly(chunk: Chunk) -> Iterator[tuple[Line, Sequence[bytes]]]:
    for index, line in enumerate(chunk.lines):
        yield line, chunk.kept[index : index + 1]


class _Ahead:
    """Chunks that are out, oldest first; a thread of its own reads and sends the next ones."""

    def __init__(self, chunks: Iterator[Chunk], submit: Submit, most_out: int) -> None:
        self._chunks, self._submit = chunks, submit
        self._out: Queue[tuple[Chunk, Job] | Exception | None] = Queue(most_out)
        self._stopped = Event()
        Thread(target=self._read, name="batch-reader", daemon=True).start()

    def __iter__(self) -> Iterator[tuple[Chunk, Job]]:
        while (item := self._out.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item

    def stop(self) -> None:
        """Take back what is out."""
        self._stopped.set()
        with suppress(Empty):
            while True:
                item = self._out.get_nowait()  # which also frees a reader that waits for room
                if isinstance(item, tuple):
                    item[1].cancel()

    def _read(self) -> None:
        try:
            for chunk in self._chunks:
                if self._stopped.is_set():
                    return
                self._out.put((chunk, self._submit(chunk)))
        except Exception as error:  # noqa: BLE001 - it is raised where the answers are taken
            self._out.put(error)
        else:
            self._out.put(None)
