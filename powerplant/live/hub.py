"""The hub: one thread of a process that serves all of its clients, and listens to the hubs of the other processes."""

from __future__ import annotations

import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from logging import Logger
from threading import Thread
from time import monotonic, sleep

from powerplant.live.client import GOING_AWAY, TRY_AGAIN_LATER, Client, Gone, frame
from powerplant.live.exchange import Exchange, NoExchange
from powerplant.live.messages import LARGEST

REST = 0.01
"""Seconds that the hub rests after each round of work. What is planned meanwhile is told together, so that a busy
process does not change threads for each request; after a pause a message leaves without delay."""

TICK = 1.0
"""Seconds after which the hub looks for clients that have fallen silent."""

STOP_TICK = 0.05
"""The same while it stops."""

STOP_TIMEOUT = 2.0
"""Seconds that the end of a process waits for its hub."""


class Hub:
    """Serves clients in a thread of its own. Others reach it through its inbox: calls that are made in that thread.

    What is put there keeps its order. So a client that has been greeted gets every request that is published later.
    """

    def __init__(self, worker: str, exchange: Exchange | NoExchange, capacity: int, log: Logger) -> None:
        self._exchange, self._capacity, self._log = exchange, capacity, log
        self._clients: set[Client] = set()
        self._stopping = False
        self._frames: list[bytes] = []
        self._size_of_frames = 0
        self._next_look = 0.0
        self._inbox: deque[Callable[[], None]] = deque()
        self._bell, self._ringer = socket.socketpair()
        self._rung = False
        self._selector = selectors.DefaultSelector()
        for end in (self._bell, self._ringer):
            end.setblocking(False)
        self._selector.register(self._bell, selectors.EVENT_READ, self._empty_inbox)
        exchange.open(worker, self._selector, self._show)
        self._thread = Thread(target=self._run, name="live feed", daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    # --- From other threads ------------------------------------------------------------------------------------------

    def put(self, call: Callable[[], None]) -> None:
        """Have something done in the hub's thread."""
        self._inbox.append(call)
        if not self._rung:
            self._rung = True
            with suppress(OSError):  # it has been rung often enough
                self._ringer.send(b"\0")

    def admit(self, sock: socket.socket, greeting: bytes, on_end: Callable[[], None]) -> None:
        """Let a client in."""
        self.put(partial(self._admit, sock, greeting, on_end))

    def stop(self) -> None:
        """Let all clients go, and end."""
        self.put(self._begin_to_stop)
        self._thread.join(STOP_TIMEOUT)

    # --- In the hub's thread -----------------------------------------------------------------------------------------

    def tell(self, message: bytes) -> None:
        """Send a message to all clients, in this process and the others: now, or together with the next ones."""
        data = frame(message)
        if self._size_of_frames + len(data) > LARGEST:
            self._flush()
        self._frames.append(data)
        self._size_of_frames += len(data)

    def _flush(self) -> None:
        """Send the messages that wait for each other."""
        if self._frames:
            data = b"".join(self._frames)
            self._frames.clear()
            self._size_of_frames = 0
            self._exchange.send(data)
            self._show(data)

    def _run(self) -> None:
        while self._clients or not self._stopping:
            for key, events in self._selector.select(self._patience()):
                self._safely(key.data, events)
            now = monotonic()
            if self._stopping or now >= self._next_look:
                self._next_look = now + TICK
                self._safely(self._look_after_clients, now)
            if not self._stopping:
                sleep(REST)
        self._exchange.close()
        self._selector.close()
        self._bell.close()
        self._ringer.close()

    def _patience(self) -> float | None:
        if self._stopping:
            return STOP_TICK
        return TICK if self._clients else None

    def _empty_inbox(self, _: int) -> None:
        with suppress(BlockingIOError):
            self._bell.recv(4096)
        self._rung = False  # before the inbox is looked at: who puts something there later rings again
        for _ in range(len(self._inbox)):
            self._safely(self._inbox.popleft())
        self._safely(self._flush)

    def _safely(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 - our own bugs are logged, and the others served
            self._log.error("bug", exc_info=error)

    def _show(self, data: bytes) -> None:
        """Send frames to the clients of this process."""
        for client in [*self._clients]:
            if not client.closing:
                self._try(client, client.tell, data)

    def _admit(self, sock: socket.socket, greeting: bytes, on_end: Callable[[], None]) -> None:
        self._flush()  # it gets what comes after it
        is_full = self.size >= self._capacity
        client = Client(sock, on_end)
        self._selector.register(sock, selectors.EVENT_READ, partial(self._on_event, client))
        self._clients.add(client)
        try:
            self._exchange.listen()
        except OSError:
            self._let_go(client)
            raise
        self._try(client, client.tell, greeting)
        if self._stopping:
            self._try(client, client.close, GOING_AWAY)
        elif is_full:  # somebody else came between the door and here
            self._try(client, client.close, TRY_AGAIN_LATER)

    def _on_event(self, client: Client, events: int) -> None:
        if client in self._clients and events & selectors.EVENT_WRITE:
            self._try(client, client.send)
        if client in self._clients and events & selectors.EVENT_READ:
            self._try(client, client.receive)

    def _look_after_clients(self, now: float) -> None:
        for client in [*self._clients]:
            self._try(client, client.look_after, now)

    def _try(self, client: Client, action: Callable[..., None], *arguments: object) -> None:
        """Do something with a client, and let it go when that was the end of it."""
        if client not in self._clients:
            return
        try:
            action(*arguments)
        except Gone as end:
            if end.reason:
                facts = {"client": client.address, "reason": end.reason}
                self._log.warning("live-client-dropped", extra={"facts": facts})
            self._let_go(client)
        except OSError:
            self._let_go(client)
        except Exception:
            self._let_go(client)
            raise
        else:
            if client.is_awaited is not bool(client.waiting):
                client.is_awaited = not client.is_awaited
                wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.is_awaited else 0)
                self._selector.modify(client.sock, wanted, partial(self._on_event, client))

    def _let_go(self, client: Client) -> None:
        self._clients.discard(client)
        self._selector.unregister(client.sock)
        client.end()
        if not self._clients:
            self._exchange.leave()

    def _begin_to_stop(self) -> None:
        self._flush()
        self._stopping = True
        for client in [*self._clients]:
            self._try(client, client.close, GOING_AWAY)
