"""A client that needs little CPU itself: raw sockets, one thread.

Every connection sends its next request as soon as its answer is there. Only the length of an answer is parsed here; the
caller checks the rest.
"""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple
from urllib.parse import urlsplit

PATIENCE = 30.0
"""Seconds without any answer, after which all outstanding requests count as lost."""

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Request(NamedTuple):
    """The bytes of a request, and a number that identifies it for the caller."""

    wire: bytes
    key: int = 0


class Answer(NamedTuple):
    """An answer; ``head`` is empty if the connection ended without one.

    Attributes:
        head: status line and headers.
        body: with the length that Content-Length says.
        seconds: from the first byte sent to the last one received.
    """

    head: bytes
    body: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status; 0 if there is no answer."""
        return int(self.head[9:12]) if self.head else 0

    def header(self, name: str) -> str | None:
        """Return the value of the first header of this name."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode("latin-1") if found else None


def post(body: bytes, *headers: str, target: str = "/productionplan") -> bytes:
    """The bytes of a POST."""
    head = "\r\n".join(
        [
            f"POST {target} HTTP/1.1",
            "Host: 127.0.0.1",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *headers,
            "",
            "",
        ]
    )
    return head.encode() + body


def must_be_a_plan(_: Request, answer: Answer) -> None:
    """End the run if an answer is not a plan: its cost would mean nothing."""
    if answer.status != 200:
        raise SystemExit(f"not a plan: {answer}")


def drive(url: str, requests: Iterator[Request], connections: int, judge: Callable[[Request, Answer], None]) -> None:
    """Send all requests over this many keep-alive connections, and call ``judge`` with each answer.

    A connection that ends is opened again; its request counts as lost: its :class:`Answer` has no head.
    """
    address = urlsplit(url)
    where = (address.hostname or "", address.port or 80)
    poll = select.poll()
    busy: dict[int, _Connection] = {}

    def begin(connection: _Connection) -> None:
        request = next(requests, None)
        if request is None:
            connection.close()
            return
        connection.send(request)
        busy[connection.fileno()] = connection
        poll.register(connection.fileno(), select.POLLIN)

    def end(fileno: int, answer: Answer) -> None:
        connection = busy.pop(fileno)
        poll.unregister(fileno)
        judge(connection.request, answer)
        if not answer.head or _CLOSES.search(answer.head):
            connection.close()
            connection = _Connection(where)
        begin(connection)

    for _ in range(connections):
        begin(_Connection(where))
    while busy:
        ready = poll.poll(PATIENCE * 1000)
        for fileno, _ in ready:
            answer = busy[fileno].receive()
            if answer:
                end(fileno, answer)
        if not ready:
            for fileno in list(busy):
                end(fileno, busy[fileno].lost())


class _Connection:
    """One connection, with at most one outstanding request."""

    __slots__ = ("_address", "_received", "_socket", "_start", "request")

    request: Request

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._socket = socket.create_connection(address, timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, request: Request) -> None:
        self.request = request
        self._received = b""
        self._start = perf_counter()
        with suppress(OSError):  # reading shows that the connection has ended
            self._socket.sendall(request.wire)

    def receive(self) -> Answer | None:
        """The answer; None while it is not complete."""
        try:
            received = self._socket.recv(65536)
        except OSError:
            received = b""
        if not received:
            return self.lost()
        self._received += received
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _CONTENT_LENGTH.search(head)
        if not end or len(body) < int(length[1] if length else 0):
            return None
        return Answer(head, body, perf_counter() - self._start)

    def lost(self) -> Answer:
        return Answer(b"", b"", perf_counter() - self._start)
