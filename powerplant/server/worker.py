"""gunicorn's threaded worker with a main loop of its own, and answers that no client can hold up."""

from __future__ import annotations

import os
import selectors
import socket
import struct
from contextlib import suppress
from functools import partial
from secrets import token_hex
from time import monotonic
from typing import Any

from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.workers.gthread import ThreadWorker

from powerplant.config import Settings
from powerplant.server import answer
from powerplant.server.connection import Connection
from powerplant.server.refusal import SERVER, Refusal, answer_to, count, refusal_of
from powerplant.server.threads import Threads

LINGER = 2.0
"""Seconds that a connection which ends stays open for what the client is still sending.

While the server stops, also those that an idle connection has left: a request that is under way on it is answered.
"""

TICK = 0.25
"""Seconds after which the main loop looks for what is overdue."""

BODIES_IN_MEMORY, BATCHES_IN_MEMORY = 16, 4
"""How many bodies of the largest size, or of batches of theirs, a worker holds, before the largest must give way."""

PIECE = 64 * 1024
"""Bytes that are read from a connection at once."""


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn carries no types
    """The worker that gunicorn.conf.py names.

    The connections that the main loop waits for are the keys of ``keepalived_conns``, in the order of their waits:
    gunicorn looks at the number of them to tell whether another connection may be kept.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keepalived_conns: dict[Connection, None] = {}
        self.settings = Settings()
        self._held = 0
        self._next_look = 0.0
        self._last_call = float("inf")

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what this worker cannot do."""
        super().check_config(cfg, log)
        if cfg.is_ssl or cfg.protocol != "http" or cfg.proxy_protocol != "off":
            raise RuntimeError("powerplant speaks plain HTTP/1.1: TLS and other protocols are a proxy's work")

    def get_thread_pool(self) -> Threads:
        """The threads that answer; each tells the main loop, by gunicorn's pipe to it, when it has."""
        return Threads(self.cfg.threads, self.handle, partial(self.method_queue.defer, self.finish_request))

    # --- The main loop -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until a signal, then finish what is there."""
        self.settings = Settings.from_environ(os.environ)
        wsgi.SERVER, wsgi.Response = SERVER, answer.Answer
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        while self.alive and self.is_parent_alive():
            # While each thread has a request, the other workers may have one free for who comes.
            self.set_accept_enabled(self.nr_conns - len(self.keepalived_conns) < self.cfg.threads)
            self._turn()
        self._stop()

    def _turn(self) -> None:
        self.notify()
        self.wait_for_and_dispatch_events(TICK)
        if (now := monotonic()) >= self._next_look:
            self._next_look = now + TICK
            for connection in list(self.keepalived_conns):
                self._end_if_overdue(connection, now)

    def _stop(self) -> None:
        """Take who is at the door, close it, and answer what is there or comes at once."""
        for listener in self.sockets:
            while self.nr_conns < self.worker_connections and self.accept(listener):
                pass
        self.set_accept_enabled(enabled=False)
        for listener in self.sockets:
            listener.close()
        now = monotonic()
        self._last_call = now + LINGER
        while self.nr_conns and monotonic() < now + self.cfg.graceful_timeout:
            self._turn()
        self.tpool.shutdown(wait=False)
        self.poller.close()
        self.method_queue.close()

    def accept(self, listener: Any) -> bool:
        """Take a connection, if there is one, and say whether there was."""
        try:
            sock, client = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        except OSError as error:  # no descriptor is left
            self.log.warning("A connection could not be accepted: %s", error)
            self._make_room()
            return False
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self.nr_conns += 1
        sock.setblocking(False)
        self._wait_for(Connection(self.cfg, self.settings, sock, client, listener.getsockname()))
        return True

    def _make_room(self) -> None:
        """Let go whom the main loop has waited for longest: what arrives in one piece is never held up by them."""
        if self.keepalived_conns:
            self._close(next(iter(self.keepalived_conns)))

    def _wait_for(self, connection: Connection) -> None:
        if connection not in self.keepalived_conns:
            self.keepalived_conns[connection] = None
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_readable, connection))

    def _leave(self, connection: Connection) -> None:
        if connection in self.keepalived_conns:
            del self.keepalived_conns[connection]
            self.poller.unregister(connection.sock)

    def _on_readable(self, connection: Connection, _: socket.socket) -> None:
        if connection not in self.keepalived_conns:  # it was let go, or refused, since the poller saw it
            return
        try:
            data = connection.sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
            connection.closing = True
        if data and not connection.closing:
            connection.take(data)
            self._held += len(data)
            self._proceed(connection)
            self._limit_memory()
        elif not data and (connection.closing or connection.idle):
            self._close(connection)
        elif not data:
            self._refuse(connection, Refusal("bad-request", "The request broke off."))

    def _proceed(self, connection: Connection) -> None:
        """Give a connection's request to a thread, if it has arrived; else wait for the rest of it."""
        try:
            arrived = connection.has_request()
        except Exception as error:  # noqa: BLE001 - our own mistakes are refused too, and logged
            self._refuse(connection, error)
            return
        if arrived:
            self._leave(connection)
            self.tpool.give(connection)
        else:
            self._wait_for(connection)

    def _limit_memory(self) -> None:
        settings = self.settings
        limit = max(BODIES_IN_MEMORY * settings.max_body, BATCHES_IN_MEMORY * settings.max_batch_body)
        if self._held > limit and self.keepalived_conns:
            largest = max(self.keepalived_conns, key=lambda connection: connection.held)
            self._refuse(largest, Refusal("overloaded", "Too many large bodies arrive at the same time."))

    def _end_if_overdue(self, connection: Connection, now: float) -> None:
        deadline = connection.deadline
        if connection.request is None:
            deadline = min(deadline, self._last_call)
        if now < deadline:
            return
        if connection.idle or connection.closing:
            self._close(connection)
        else:
            part = "head" if connection.request is None else "body"
            self._refuse(connection, Refusal("request-timeout", f"The {part} of the request did not arrive in time."))

    def _refuse(self, connection: Connection, error: Exception) -> None:
        self._answer_with_problem(connection, error)
        self._end(connection)

    def _end(self, connection: Connection) -> None:
        """Say that nothing more comes, and wait for the client to close.

        To close with something unread would reset the connection, and the client could lose the answer.
        """
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client is gone, or the app has taken the connection over
            self._close(connection)
            return
        connection.closing = True
        connection.deadline = monotonic() + LINGER
        self._forget(connection)
        self._wait_for(connection)

    def _close(self, connection: Connection) -> None:
        self._leave(connection)
        self._forget(connection)
        self.nr_conns -= 1
        connection.sock.close()

    def _forget(self, connection: Connection) -> None:
        """Free the memory of what has arrived."""
        self._held -= connection.held
        connection.held = 0
        connection.received = bytearray()
        connection.request = None

    def finish_request(self, connection: Connection, kept: bool) -> None:
        """Wait for a connection's next request once a thread has answered one, or end it."""
        if not kept:
            self._end(connection)
            return
        self._held -= connection.held
        connection.has_answered()
        self._held += connection.held
        self._proceed(connection)

    # --- A thread ----------------------------------------------------------------------------------------------------

    def handle(self, connection: Connection) -> bool:
        """Answer a request that has arrived, and say whether the connection is kept."""
        try:
            return bool(self.handle_request(connection.request, connection)) and self._pass_over_body(connection)
        except TimeoutError:
            facts = {"client": connection.address, "seconds": answer.ANSWER_TIMEOUT}
            self.log.warning("answer-not-taken", extra={"facts": facts})
            # The system would keep the rest of it in memory for the client, perhaps for ever.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            self.log.debug("%s went away: %s", connection.address, error)
        except StopIteration:  # an answer that broke off, which gunicorn has logged
            pass
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever gunicorn or the app let through
            self._answer_with_problem(connection, error)
        return False

    def _pass_over_body(self, connection: Connection) -> bool:
        """Read what the app has not, to find the next request; chunks that are none have none behind them."""
        try:
            return bool(connection.parser.finish_body())
        except (ParseException, NoMoreData):
            return False

    # --- Refusals ----------------------------------------------------------------------------------------------------

    def _answer_with_problem(self, connection: Connection, error: BaseException) -> None:
        refusal = refusal_of(error)
        count(refusal)
        request_id = token_hex(8)
        facts = {"request_id": request_id, "client": connection.address, "problem": refusal.problem}
        if refusal.problem == "internal-error":
            self.log.error("bug", exc_info=error, extra={"facts": facts})
        else:
            self.log.info("refused", extra={"facts": {**facts, "detail": str(refusal)}})
        with suppress(OSError):
            connection.sock.sendall(answer_to(refusal, connection.path, request_id))
