"""gunicorn's threaded worker, with time limits for clients that send or read slowly, or not at all.

gunicorn gives a thread to each connection on which something arrives, and the thread waits for its client: for the rest
of the request, and for it to take the answer. Here each of the two has a deadline. A worker has many threads, since
most of them only wait; while all of them are busy and more clients queue, those that have waited longest for their
clients are freed first.
"""

from __future__ import annotations

import ctypes
import json
import select
import socket
import sys
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from importlib.util import find_spec
from itertools import islice
from math import inf
from secrets import token_hex
from selectors import EVENT_READ
from time import monotonic
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import errors, wsgi
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.exceptions import RequestTimeout

from powerplant.config import Settings
from powerplant.workers import LARGE

GRACE = 0.25
"""Seconds that a thread waits for its client at least, even while others queue for a thread."""

SEND_TIMEOUT = 5.0
SLOWEST = 100_000
"""A client has so many seconds to take an answer, and one more for each of these bytes."""

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""Options of glibc's mallopt: bytes from which memory comes from the system directly, and the most heaps."""

SWITCH_INTERVAL = 0.0005
"""Seconds for which one thread computes while others want to: a search in a thread delays short requests little."""

MOST_HEAD = 64 * 1024
"""Bytes of a head beyond which it is refused. gunicorn limits only each header and their number: 800 kB in all."""

PIECE = 64 * 1024
"""Most bytes that are read at once. gunicorn reads up to 1 MiB, and copies what is left of it for each piece that the
app asks for."""

LINGER = 2.0
"""Seconds that a client has, after the last answer on its connection, to read it and to close."""

DRAINED = 64 * 1024
"""Bytes of a body that gunicorn reads and drops if the app has not read them, to keep the connection."""

BATCH = "/productionplan/batch"

PROBLEMS = {
    RequestTimeout: "request-timeout",
    errors.LimitRequestLine: "uri-too-long",
    errors.LimitRequestHeaders: "headers-too-large",
    errors.ExpectationFailed: "expectation-failed",
    errors.ConfigurationProblem: "not-found",  # a path outside of the prefix that the server is configured to have
    errors.InvalidResponseHeader: "internal-error",
    errors.InvalidResponseHeaderName: "internal-error",
    errors.ParseException: "bad-request",
    Exception: "internal-error",
}
"""The problem type for an error: that of the first class that fits."""

wsgi.SERVER = "powerplant"  # the header Server: clients need not know the software


class Log(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's log. It prepares a line for each request only if there is an access log: the service logs itself."""

    @property
    def access_log_enabled(self) -> bool:
        """Whether gunicorn writes a line for each request."""
        return bool(self.cfg.accesslog)


class ClientSocket(socket.socket):
    """The connection of a client, with limits for how long a thread waits for it.

    Args:
        sock: the connection, which this object takes over.
        waiting: the connections for which threads wait: since when, and which direction ends the wait.

    Attributes:
        most: bytes that may still be read of the head.
    """

    def __init__(self, sock: socket.socket, waiting: dict[ClientSocket, tuple[float, int]]) -> None:
        super().__init__(sock.family, sock.type, sock.proto, sock.detach())
        self._waiting = waiting
        self.most: float = inf
        self.limit(None)
        self.begin_answer()

    def limit(self, seconds: float | None, error: type[Exception] = TimeoutError) -> None:
        """Let reading fail with this error after so many seconds from now; None is for ever."""
        self._began, self._error = monotonic(), error
        self.deadline = None if seconds is None else self._began + seconds

    def begin_answer(self) -> None:
        """Give the client the seconds to take a new answer."""
        self._to_send = SEND_TIMEOUT

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read what has arrived, or raise the error of the limit."""
        size = min(size, PIECE)
        if self.deadline is None:
            return super().recv(size, flags)
        self._waiting[self] = self._began, socket.SHUT_RD
        try:
            data = super().recv(size, flags)
        finally:
            self._waiting.pop(self, None)
        if monotonic() > self.deadline:
            raise self._error
        self.most -= len(data)
        if self.most < 0:
            raise errors.LimitRequestHeaders("the head is too large")
        return data

    def has_left(self) -> bool:
        """Whether the client has reset the connection; what it sent before could still be read."""
        poll = select.poll()
        poll.register(self, 0)
        return bool(poll.poll(0))

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it, or fail as if the client had left when it does not take the answer in time."""
        before, began = self.gettimeout(), monotonic()
        self._to_send = min(self._to_send, SEND_TIMEOUT) + len(data) / SLOWEST
        self.settimeout(self._to_send)
        self._waiting[self] = began, socket.SHUT_RDWR
        try:
            super().sendall(data, flags)
        except TimeoutError as error:
            raise BrokenPipeError(*error.args) from error
        finally:
            self._waiting.pop(self, None)
            self._to_send = max(0.001, self._to_send - (monotonic() - began))
            self.settimeout(before)

    def stop_waiting(self, direction: int) -> None:
        """End the limit, and every read or send at once, also one that another thread is in."""
        if self.deadline is not None:
            self.deadline = 0.0
        with suppress(OSError):
            self.shutdown(direction)

    def linger(self) -> None:
        """Wait for the client to close: to close before it, with something unread, could destroy the last answer."""
        self.limit(LINGER)
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            while self.recv(65536):
                pass
        self.stop_waiting(socket.SHUT_RD)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """The worker class of the service."""

    number = 0  # gunicorn_conf.py sets it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings = Settings()
        self._waiting: dict[ClientSocket, tuple[float, int]] = {}

    def init_process(self) -> None:
        """Begin, in the process of the worker."""
        sys.setswitchinterval(SWITCH_INTERVAL)
        _give_memory_back()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection to a thread; a new one only once something has arrived on it."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.sock = ClientSocket(conn.sock, self._waiting)
        conn.sock.setblocking(False)
        conn.timeout = monotonic() + self._settings.body_timeout
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """Close silent connections and end overdue waits. The event loop calls this after each wait."""
        now = monotonic()
        if self.nr_conns >= self.worker_connections:  # make room: close what was idle for longest
            for conns, patience in (
                (self.pending_conns, self._settings.body_timeout),
                (self.keepalived_conns, self.cfg.keepalive),
            ):
                for conn in islice(conns, self.worker_connections // 16):
                    if now > conn.timeout - patience + GRACE:
                        conn.timeout = 0.0
        super().murder_pending()
        in_hand = self.nr_conns - len(self.pending_conns) - len(self.keepalived_conns)
        queued = in_hand - self.cfg.threads
        longest_first = sorted(self._waiting.copy().items(), key=lambda item: item[1])
        for number, (sock, (began, direction)) in enumerate(longest_first):
            overdue = direction == socket.SHUT_RD and now > (sock.deadline or now)
            if overdue or (number < queued and now > began + GRACE):
                sock.stop_waiting(direction)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting connections. A worker that ends accepts those that wait, and then closes its port."""
        super().set_accept_enabled(enabled)
        while not (self.alive or enabled) and self.sockets:
            listener, before = self.sockets.pop(), -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events, but not so long that deadlines are missed."""
        super().wait_for_and_dispatch_events(min(timeout, GRACE))

    def handle(self, conn: Any) -> bool:
        """Answer a request, in a thread, and say whether the connection stays open."""
        if conn.sock.has_left():  # while it queued: its request is not worth the work
            conn.sock.stop_waiting(socket.SHUT_RDWR)
            return False
        conn.sock.limit(self._settings.body_timeout, RequestTimeout)
        conn.sock.most = MOST_HEAD
        kept = bool(super().handle(conn))
        conn.sock.limit(None)
        if not kept:
            conn.sock.linger()
        return kept

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Answer a request whose head has arrived."""
        conn.sock.most = inf
        if req.version >= (1, 1) and sum(name == "HOST" for name, _ in req.headers) != 1:  # RFC 9112, 3.2
            raise errors.InvalidHeader("Host")
        if getattr(req.body.reader, "length", None) == 0:
            conn.sock.limit(None)
        elif req.path.rstrip("/").endswith(BATCH):  # a larger body has more time
            larger = max(1.0, self._settings.max_batch_body / self._settings.max_body)
            conn.sock.limit(self._settings.body_timeout * larger, RequestTimeout)
        conn.sock.begin_answer()
        asked, reader = req.should_close, req.body.reader

        def should_close() -> bool:
            """Whether the answer announces that the connection ends, as it does if much of the body is not read."""
            unread = getattr(reader, "length", 0) > DRAINED or getattr(reader, "parser", None) is not None
            return bool(asked() or req.body.failed or unread)

        req.should_close = should_close
        kept = bool(super().handle_request(req, conn))
        conn.sock.limit(LINGER)  # for what the app has not read of the body
        return kept

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take back a connection from its thread."""
        if conn.sock.fileno() >= 0:
            super().finish_request(conn, fs)
        else:  # the app has closed it; gunicorn would count that twice
            self.nr_conns -= 1

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer with a problem document what the app has not seen, and what it failed to answer."""
        # Imported here, in the worker: modules that gunicorn's master imports stay the same when it reloads.
        from powerplant.api.headers import PROTECTION
        from powerplant.problems import PROBLEM_TYPES, Problem

        name = next(name for kind, name in PROBLEMS.items() if isinstance(exc, kind))
        detail = f"{str(exc)[:200]}." if name == "bad-request" else PROBLEM_TYPES[name].explanation
        request_id = token_hex(8)
        facts = {"request_id": request_id, "client": addr and addr[0], "problem": name, "detail": detail}
        if name == "internal-error":
            self.log.error("bug", exc_info=exc, extra={"facts": facts})
        else:
            self.log.info("refused", extra={"facts": facts})
        if find_spec("prometheus_client"):
            from powerplant.api.metrics import REFUSED

            REFUSED.labels(name).inc()
        members = Problem(name, detail).as_members(instance=getattr(req, "path", "/"), request_id=request_id)
        body = json.dumps(members) + "\n"
        headers = {
            "Server": wsgi.SERVER,
            "Date": formatdate(usegmt=True),
            "Connection": "close",
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            "X-Request-ID": request_id,
            **PROTECTION,
        }
        status = HTTPStatus(members["status"])
        head = [f"HTTP/1.1 {status.value} {status.phrase}", *map(": ".join, headers.items())]
        with suppress(OSError):
            client.sendall("\r\n".join([*head, "", body]).encode())


def _give_memory_back() -> None:
    """Let glibc return the memory of large bodies to the system when they are freed; other libraries do so anyway.

    By default, 100 threads allocate from 16 heaps, and each keeps what it had once.
    """
    with suppress(AttributeError, OSError):
        set_option = ctypes.CDLL(None).mallopt
        for option, value in ((M_ARENA_MAX, 2), (M_MMAP_THRESHOLD, LARGE)):
            set_option(option, value)
