"""gunicorn's threaded worker with a loop of its own, and answers that no client can hold up."""

from __future__ import annotations

import os
import select
import selectors
import socket
import struct
from collections import deque
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
"""Seconds after which the leader looks for what is overdue, and tells gunicorn's master that it is alive."""

BODIES_IN_MEMORY, BATCHES_IN_MEMORY = 16, 4
"""How many bodies of the largest size, or of batches of theirs, a worker holds, before the largest must give way."""

AT_ONCE = 0.01
"""Seconds of answering after which the leader looks at what has come meanwhile."""

PIECE, PIECE_OF_A_BODY = 64 * 1024, 1024 * 1024
"""Bytes that are read from a connection at once, before the head of a request is there and after."""


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn carries no types
    """The worker that gunicorn.conf.py names.

    All that is here is the leader's, but for what says otherwise: see :mod:`powerplant.server.threads`.

    The connections that the loop waits for are the keys of ``keepalived_conns``, in the order of their waits: gunicorn
    looks at the number of them to tell whether another connection may be kept.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keepalived_conns: dict[Connection, None] = {}
        self.settings = Settings()
        self._arrived: deque[Connection] = deque()  # whose requests wait for their answers
        self._in_hand: Connection | None = None  # whose request the leader answers
        self._away = 0  # answers of threads that have lost the lead over them
        self._held = self._most_held = 0  # bytes, of all connections
        self._next_look = 0.0
        self._stops_at = self._last_call = float("inf")

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Refuse what this worker cannot do."""
        super().check_config(cfg, log)
        if cfg.is_ssl or cfg.protocol != "http" or cfg.proxy_protocol != "off":
            raise RuntimeError("powerplant speaks plain HTTP/1.1: TLS and other protocols are a proxy's work")

    def get_thread_pool(self) -> Threads:
        """The threads that answer, and one more: while all of them do, one reads what arrives."""
        return Threads(self.cfg.threads + 1, self.lead, self._wake_main_thread)

    # --- The main thread ---------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Let the threads serve, and wait for signals and their end: no signal interrupts an answer."""
        self.settings = settings = Settings.from_environ(os.environ)
        self._most_held = max(BODIES_IN_MEMORY * settings.max_body, BATCHES_IN_MEMORY * settings.max_batch_body)
        wsgi.SERVER, wsgi.Response = SERVER, answer.Answer
        self.poller.register(self.method_queue.fileno(), selectors.EVENT_READ, self.method_queue.run_callbacks)
        self.tpool.start()
        while not self.tpool.over:
            select.select([self.PIPE[0]], [], [])
            os.read(self.PIPE[0], 1024)
        if self.tpool.failure:
            raise self.tpool.failure

    def _wake_main_thread(self) -> None:
        os.write(self.PIPE[1], b".")

    # --- The loop ----------------------------------------------------------------------------------------------------

    def lead(self) -> None:
        """Read what arrives and answer it, until another thread leads or nothing is left to do."""
        if self._in_hand:  # by the thread that led until now
            self._away += 1
            self._unregister(self._in_hand)
        while not self._is_over():
            if not self._answer_what_arrived():
                return
            self._turn()
        self.tpool.shutdown()

    def _is_over(self) -> bool:
        """Whether nothing is left to do once a signal has come, or the time for it has passed."""
        if self.alive:
            # While each thread has a request, the other workers may have one free for who comes. Requests that wait
            # for the leader say nothing of this: under load there always are some.
            self.set_accept_enabled(self._away < self.cfg.threads)
            return False
        now = monotonic()
        if self._stops_at == float("inf"):
            self._close_the_door()
            self._stops_at, self._last_call = now + self.cfg.graceful_timeout, now + LINGER
        return not self.nr_conns or now >= self._stops_at

    def _close_the_door(self) -> None:
        """Take who stands there, and nobody after."""
        self.set_accept_enabled(enabled=False)
        self._let_in()
        for listener in self.sockets:
            listener.close()

    def _let_in(self) -> None:
        """Take who stands at the door, as far as there is room."""
        for listener in self.sockets:
            while self.nr_conns < self.worker_connections and self.accept(listener):
                pass

    def _answer_what_arrived(self) -> bool:
        """Answer for a while what can be answered now, and say whether the calling thread still leads."""
        enough = monotonic() + AT_ONCE
        for _ in range(len(self._arrived)):
            if self._away == self.cfg.threads or monotonic() >= enough:
                break
            if not self._answer(self._arrived.popleft()):
                return False
        return True

    def _answer(self, connection: Connection) -> bool:
        """Answer a request, and say whether the calling thread still leads."""
        self._in_hand = connection
        self.tpool.begin()
        kept = self.handle(connection)
        leads: bool = self.tpool.end()
        if leads:
            self._in_hand = None
            self.finish_request(connection, kept)
        else:
            self.method_queue.defer(self._return, connection, kept)
        return leads

    def _return(self, connection: Connection, kept: bool) -> None:
        """Take back a connection from a thread that has lost the lead over it."""
        self._away -= 1
        self.finish_request(connection, kept)

    def _turn(self) -> None:
        for connection in self._arrived:  # those have to wait, for a thread or for who came after them
            self._unregister(connection)
        can_answer = self._arrived and self._away < self.cfg.threads
        self.wait_for_and_dispatch_events(0 if can_answer else TICK)
        if (now := monotonic()) >= self._next_look:
            self._next_look = now + TICK
            self.notify()
            if not self.is_parent_alive():
                self.alive = False
            for connection in list(self.keepalived_conns):
                self._end_if_overdue(connection, now)
            if self.alive:  # no other worker has let them in either: all of them are as busy
                self._let_in()

    def accept(self, listener: Any) -> bool:
        """Take a connection, if there is one and room for it, and say whether it is taken."""
        if self.nr_conns >= self.worker_connections and not self.keepalived_conns:  # nobody who could give way
            return False
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
        """Let go whom the loop has waited for longest: what arrives in one piece is never held up by them."""
        if self.keepalived_conns:
            self._close(next(iter(self.keepalived_conns)))

    def _wait_for(self, connection: Connection) -> None:
        self.keepalived_conns.setdefault(connection)
        if not connection.is_registered:
            connection.is_registered = True
            self.poller.register(connection.sock, selectors.EVENT_READ, partial(self._on_readable, connection))

    def _unregister(self, connection: Connection) -> None:
        """Hear no more of a connection; one that is answered at once needs not."""
        if connection.is_registered:
            connection.is_registered = False
            self.poller.unregister(connection.sock)

    def _on_readable(self, connection: Connection, _: socket.socket) -> None:
        if connection not in self.keepalived_conns:  # it was let go, or refused, since the poller saw it
            return
        try:
            data = connection.sock.recv(PIECE if connection.request is None else PIECE_OF_A_BODY)
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
        """Have a connection's request answered, if it has arrived; else wait for the rest of it."""
        try:
            arrived = connection.has_request()
        except Exception as error:  # noqa: BLE001 - our own mistakes are refused too, and logged
            self._refuse(connection, error)
            return
        if arrived:
            self.keepalived_conns.pop(connection, None)
            self._arrived.append(connection)
        else:
            self._wait_for(connection)

    def _limit_memory(self) -> None:
        if self._held > self._most_held and self.keepalived_conns:
            largest = max(self.keepalived_conns, key=lambda connection: connection.held)
            if largest.held:  # else all that is held has arrived, and is being answered or waits for that
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
        self.keepalived_conns.pop(connection, None)
        self._unregister(connection)
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
        """Wait for a connection's next request once one is answered, or end it."""
        if not kept:
            self._end(connection)
            return
        self._held -= connection.held
        connection.has_answered()
        self._held += connection.held
        if connection.received:
            self._proceed(connection)
        else:
            self._wait_for(connection)

    # --- Answers, by the leader or by who was it ---------------------------------------------------------------------

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
