"""The feed of one process: where its requests are published and its clients come in."""

from __future__ import annotations

import atexit
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from logging import Logger
from secrets import token_hex
from threading import Lock

from powerplant.live.exchange import Exchange, NoExchange
from powerplant.live.hub import Hub
from powerplant.live.messages import LARGEST, Planned, message_of

MOST_WAITING = 8 * 1024 * 1024
"""Bytes that may wait for the hub. What does not fit is not told; its number is missing then."""


class Feed:
    """The feed of one process. The hub starts when it is first needed, so that each worker process has its own.

    Args:
        exchange: the way to the other worker processes.
        capacity: clients that this process lets in.
        log: where clients that are dropped are told.
    """

    def __init__(self, exchange: Exchange | NoExchange, capacity: int, log: Logger) -> None:
        self._exchange, self._capacity, self._log = exchange, capacity, log
        self._lock = Lock()
        self._started: Hub | None = None
        self._worker = ""
        self._number = 0
        self._waiting = 0

    @property
    def has_listeners(self) -> bool:
        """Whether anybody listens, in any worker process: all that a POST pays for a feed without clients."""
        return self._exchange.has_listeners

    @property
    def is_full(self) -> bool:
        """Whether no other client is let in."""
        return (self._started.size if self._started else 0) >= self._capacity

    def publish(self, request_id: str, query: str, payload: bytes, status: int, answer: bytes) -> None:
        """Give a request and its answer to the hub. This never waits for anybody."""
        now = datetime.now(UTC)
        with self._lock:
            self._number += 1
            planned = Planned(self._number, now, request_id, query, payload, status, answer)
            if planned.size > LARGEST:
                planned = planned.without_content()
            if self._waiting + planned.size <= MOST_WAITING:
                self._waiting += planned.size
                self._hub().put(partial(self._tell, planned))

    def admit(self, sock: socket.socket, greeting: bytes, on_end: Callable[[], None]) -> None:
        """Let a client in, whose socket is the hub's from now on.

        Args:
            sock: its connection, on which HTTP has ended.
            greeting: what is sent before all else.
            on_end: called when the client is gone.
        """
        with self._lock:
            self._hub().admit(sock, greeting, on_end)

    def stop(self) -> None:
        """Tell all clients that the service stops, and let them go."""
        if self._started:
            self._started.stop()

    def _hub(self) -> Hub:
        if self._started is None:
            self._worker = f"{os.getpid()}-{token_hex(3)}"
            self._started = Hub(self._worker, self._exchange, self._capacity, self._log)
            atexit.register(self.stop)
        return self._started

    def _tell(self, planned: Planned) -> None:
        """What the hub does with a request."""
        with self._lock:
            self._waiting -= planned.size
        if self._started:
            self._started.tell(message_of(planned, self._worker))
