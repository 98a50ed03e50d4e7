"""The threads of a worker."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

from powerplant.server.connection import Connection


class Threads:
    """A fixed number of them, each with one connection at a time.

    They know that nobody waits for a result or takes a connection back, which a ``ThreadPoolExecutor`` does not.
    """

    def __init__(
        self, count: int, handle: Callable[[Connection], bool], finish: Callable[[Connection, bool], None]
    ) -> None:
        """Start them.

        Args:
            count: how many.
            handle: answers the request of a connection, and says whether that is kept.
            finish: is told so, by the thread.
        """
        self._count = count
        self._handle, self._finish = handle, finish
        self._waiting: SimpleQueue[Connection | None] = SimpleQueue()
        for _ in range(count):
            Thread(target=self._work, daemon=True).start()

    def give(self, connection: Connection) -> None:
        """Let the next thread that is free answer a request that has arrived."""
        self._waiting.put(connection)

    def shutdown(self, *, wait: bool) -> None:  # noqa: ARG002 - as gunicorn calls it
        """Let each end with what it does; nobody waits for it."""
        for _ in range(self._count):
            self._waiting.put(None)

    def _work(self) -> None:
        while connection := self._waiting.get():
            self._finish(connection, self._handle(connection))
