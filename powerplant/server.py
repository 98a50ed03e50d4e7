"""How connections become requests: gunicorn's threaded worker, its threads kept for requests that have arrived.

gunicorn's own worker gives a thread to each new connection, and the thread then waits for what the client sends. Few
clients that send slowly, or nothing, hold all threads so. Here the main loop reads instead, from all connections at
once and without waiting, and a thread is given a request whose head and body are there, in memory:

```
accept → wait for a byte → head → body → a thread answers → wait for the next byte, or end
         keepalive         HEAD_TIMEOUT  body_timeout  ANSWER_TIMEOUT            LINGER
```

Each wait has an end: a client that says nothing is let go, one that stops inside a request is told so (408). What the
main loop or gunicorn's parser refuses is answered as problem+json, as the service answers its own errors.

This module leans on the inside of gunicorn 27.0, and is the only one that does. ``test/test_server.py`` says which
parts of gunicorn these are, and fails when one of them changes.
"""

from __future__ import annotations

import io
import json
import os
import re
import selectors
import socket
import struct
from concurrent.futures import Future
from contextlib import suppress
from email.utils import formatdate
from functools import partial
from http import HTTPStatus
from secrets import token_hex
from time import monotonic
from typing import Any
from urllib.parse import quote, unquote

from gunicorn.http import wsgi
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    NoMoreData,
    ParseException,
)
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

from powerplant.config import Settings

HEAD_TIMEOUT = 5.0
"""Seconds in which a request's head has to arrive, from its first byte on."""

LONGEST_PAUSE = 2.0
"""Seconds that a client may pause inside its body."""

ANSWER_TIMEOUT = 5.0
"""Seconds in which a client has to take an answer, where the system does not take it in its place."""

LINGER = 2.0
"""Seconds that a connection which ends stays open for what the client is still sending.

While the server stops, also those that an idle connection has left: a request that is under way on it is answered.
"""

TICK = 0.25
"""Seconds after which the main loop looks for what is overdue."""

LONGEST_HEAD = 64 * 1024
"""Bytes that a head may have before gunicorn's own limits can be checked, which look at whole heads."""

FRAMING = 64 * 1024
"""Bytes that the sizes and extensions of chunks may take, beside a body of the largest size."""

BODIES_IN_MEMORY = 16
"""How many bodies of the largest size a worker holds, before the largest must give way."""

LONGEST_CHUNK_LINE = 8 * 1024
"""Bytes before the size of a chunk must have come to its end."""

PIECE = 64 * 1024
"""Bytes that are read from a connection at once."""

_TARGET = re.compile(rb"(?:\r\n)?[^ \r\n]+ (/[^ ?#\r\n]*)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")

# The header Server of each answer comes from here; nobody needs to know what serves.
wsgi.SERVER = "powerplant"


class Refusal(Exception):
    """A request that the main loop refuses: the type of the problem, and the sentence that says what is wrong."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem


class Connection:
    """A client's connection: what has arrived on it, and until when the main loop waits for more.

    gunicorn's parser reads from it as from a socket. It finds what has arrived, and then an end: it never waits.

    Attributes:
        sock, client, server: the socket and its two addresses, where gunicorn looks for them.
        received: what has arrived and is not parsed.
        held: bytes in memory for it, parsed or not.
        request: the request that is arriving or being answered, once its head is there.
        parser: gunicorn's parser of it.
        deadline: the moment (of the monotonic clock) at which the wait ends.
        closing: whether all that is awaited is that the client closes.
    """

    def __init__(self, worker: Worker, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        self.received = bytearray()
        self.held = 0
        self.request: Any = None
        self.parser = RequestParser(worker.cfg, self, client)
        self.closing = False
        self._max_body, self._body_timeout = worker.settings.max_body, worker.settings.body_timeout
        self._keepalive = worker.cfg.keepalive or HEAD_TIMEOUT
        self._start = b""  # of the request, to tell its path where it cannot be parsed
        self._next_chunk = 0
        self._body_deadline = 0.0
        self.deadline = monotonic() + self._keepalive

    @property
    def idle(self) -> bool:
        """Whether no byte of a request is there."""
        return not self.received and self.request is None

    @property
    def path(self) -> str:
        """The path that is asked for, as far as it can be told."""
        if self.request is not None:
            return str(self.request.path) or "/"
        target = _TARGET.match(self._start)
        return unquote(target[1].decode("latin-1")) if target else "/"

    def take(self, data: bytes) -> None:
        """Note what has arrived."""
        now = monotonic()
        if self.idle:
            self.deadline = now + HEAD_TIMEOUT
        elif self.request is not None:
            self.deadline = min(self._body_deadline, now + LONGEST_PAUSE)
        self.received += data
        self.held += len(data)

    def recv(self, size: int) -> bytes:
        """What gunicorn's parser reads: what has arrived, then an end."""
        data = bytes(self.received[:size])
        del self.received[:size]
        return data

    def has_request(self) -> bool:
        """Whether a whole request has arrived: its head is parsed then, and its body can be read without waiting.

        Raises:
            Refusal, ParseException, NoMoreData: it cannot become one.
        """
        if self.request is None:
            if not self._has_head():
                return False
            self._parse_head()
        reader = self.request.body.reader
        arrived = self._has_chunks() if isinstance(reader, ChunkedReader) else self._has_body(reader.length)
        if not arrived:
            self._invite_body()
        return arrived

    def _has_head(self) -> bool:
        self._start = bytes(self.received[:500])
        if b"\r\n\r\n" in self.received:
            return True
        if len(self.received) > LONGEST_HEAD:
            if b"\r\n" in self.received:
                raise LimitRequestHeaders("The head has no end.")
            raise LimitRequestLine(len(self.received))
        # A line that ends without a carriage return has no end for gunicorn: it refuses it at once.
        return self.received.count(b"\n") > self.received.count(b"\r\n")

    def _parse_head(self) -> None:
        self.request = next(self.parser)
        # What the parser read beyond the head comes back.
        self.received[:0] = self.parser.unreader.take_buffered()
        self._next_chunk = 0
        now = monotonic()
        self._body_deadline = now + self._body_timeout
        self.deadline = min(self._body_deadline, now + LONGEST_PAUSE)

    def _has_body(self, length: int) -> bool:
        if length > self._max_body:
            raise self._too_large()
        if len(self.received) < length:
            return False
        self.request.body = io.BytesIO(self.recv(length))
        return True

    def _has_chunks(self) -> bool:
        """Whether the last chunk has come, or one that is none: gunicorn reads them all again, and refuses it."""
        limit = self._max_body + FRAMING
        if len(self.received) > limit:
            raise self._too_large()
        while (end := self.received.find(b"\r\n", self._next_chunk)) >= 0:
            size = _CHUNK_SIZE.fullmatch(self.received, self._next_chunk, end)
            length = int(size[1], 16) if size else 0
            if length == 0:
                return size is None or self.received.find(b"\r\n\r\n", end) >= 0  # behind the trailers
            self._next_chunk = end + 2 + length + 2
            if self._next_chunk > limit:
                raise self._too_large()
        return len(self.received) - self._next_chunk > LONGEST_CHUNK_LINE

    def _too_large(self) -> Refusal:
        return Refusal("content-too-large", f"A body may have {self._max_body} bytes here.")

    def _invite_body(self) -> None:
        """Answer ``Expect: 100-continue``, in the place of gunicorn, which would do so once the body is there."""
        if self.request._expected_100_continue:  # noqa: SLF001
            self.request._expected_100_continue = False  # noqa: SLF001
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def has_answered(self) -> None:
        """Begin to wait for the next request, of which something may be there already."""
        self.request = None
        self.received[:0] = self.parser.unreader.take_buffered()
        self.held = len(self.received)
        self.deadline = monotonic() + (HEAD_TIMEOUT if self.received else self._keepalive)


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

    # --- The main loop -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until a signal, then finish what is there."""
        self.settings = Settings.from_environ(os.environ)
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
        self._wait_for(Connection(self, sock, client, listener.getsockname()))
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
            self.enqueue_req(connection)
        else:
            self._wait_for(connection)

    def _limit_memory(self) -> None:
        if self._held > BODIES_IN_MEMORY * self.settings.max_body and self.keepalived_conns:
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
            connection.sock.setblocking(False)
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client is gone
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

    def finish_request(self, connection: Connection, answer: Future[bool]) -> None:
        """Wait for a connection's next request once a thread has answered one, or end it."""
        if answer.cancelled() or not answer.result():
            self._end(connection)
            return
        self._held -= connection.held
        connection.has_answered()
        self._held += connection.held
        connection.sock.setblocking(False)
        self._proceed(connection)

    # --- A thread ----------------------------------------------------------------------------------------------------

    def handle(self, connection: Connection) -> bool:
        """Answer a request that has arrived, and say whether the connection is kept."""
        try:
            connection.sock.settimeout(ANSWER_TIMEOUT)
            return bool(self.handle_request(connection.request, connection)) and self._pass_over_body(connection)
        except TimeoutError:
            facts = {"client": str(connection.client), "seconds": ANSWER_TIMEOUT}
            self.log.warning("answer-not-taken", extra={"facts": facts})
            # The system would keep the rest of it in memory for the client, perhaps for ever.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError as error:
            self.log.debug("%s went away: %s", connection.client, error)
        except StopIteration:  # an answer that broke off, which gunicorn has logged
            pass
        except Exception as error:  # noqa: BLE001 - whatever gunicorn or the app let through
            self._answer_with_problem(connection, error)
        return False

    def _pass_over_body(self, connection: Connection) -> bool:
        """Read what the app has not, to find the next request; chunks that are none have none behind them."""
        try:
            return bool(connection.parser.finish_body())
        except (ParseException, NoMoreData):
            return False

    # --- Refusals ----------------------------------------------------------------------------------------------------

    def _answer_with_problem(self, connection: Connection, error: Exception) -> None:
        refusal = _refusal(error)
        request_id = token_hex(8)
        facts = {"request_id": request_id, "client": str(connection.client), "problem": refusal.problem}
        if refusal.problem == "internal-error":
            self.log.error("bug", exc_info=error, extra={"facts": facts})
        else:
            self.log.info("refused", extra={"facts": {**facts, "detail": str(refusal)}})
        with suppress(OSError):
            connection.sock.sendall(_answer(refusal, connection.path, request_id))


def _refusal(error: Exception) -> Refusal:
    """What the client is told of an error."""
    match error:
        case Refusal():
            return error
        case InvalidResponseHeader() | InvalidResponseHeaderName():
            return Refusal("internal-error", "The service made a mistake.")
        case LimitRequestLine():
            return Refusal("uri-too-long", "The request line is longer than the server takes.")
        case LimitRequestHeaders():
            return Refusal("headers-too-large", "The headers are more or longer than the server takes.")
        case ExpectationFailed():
            return Refusal("expectation-failed", "The server meets no expectation but 100-continue.")
        case ConfigurationProblem():  # a path outside of the prefix that the server is told to have
            return Refusal("not-found", "There is nothing at this address.")
        case ParseException():
            return Refusal("bad-request", f"{str(error)[:200]}.")
        case OSError():
            return Refusal("bad-request", "The request broke off.")
    return Refusal("internal-error", "The service made a mistake.")


def _answer(refusal: Refusal, path: str, request_id: str) -> bytes:
    # Only here, in the worker: what gunicorn's master imports outlives a reload.
    from powerplant.api.problems import PROBLEM_TYPES, RETRY_AFTER

    status, title, _ = PROBLEM_TYPES[refusal.problem]
    members = {
        "type": f"/problems/{refusal.problem}",
        "title": title,
        "status": status,
        "detail": str(refusal),
        "instance": quote(path),
        "request_id": request_id,
    }
    body = json.dumps(members) + "\n"
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Server: {wsgi.SERVER}",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        "X-Content-Type-Options: nosniff",
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        head.append(f"Retry-After: {RETRY_AFTER}")
    return "\r\n".join([*head, "", body]).encode()
