"""A client that is light enough not to be what is measured: raw sockets, one thread, closed loop.

Every connection sends its next request as soon as its answer is there. Only what delimits an answer is read here; the
caller judges it.
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
"""Seconds without any answer, after which all that are outstanding count as lost."""

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Request(NamedTuple):
    """A request as it goes over the wire, and what its sender wants to know it by."""

    wire: bytes
    key: int = 0


class Answer(NamedTuple):
    """What came back; ``head`` is empty where the connection ended without an answer.

    Attributes:
        head: status line and headers.
        body: as long as Content-Length says.
        seconds: from the first byte sent to the last one received.
    """

    head: bytes
    body: bytes
    seconds: float

    @property
    def status(self) -> int:
        """The status; 0 where there is no answer."""
        return int(self.head[9:12]) if self.head else 0

    def header(self, name: str) -> str | None:
        """Return the value of the first header of this name."""
        found = re.search(rb"\r\n" + re.escape(name.encode()) + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode("latin-1") if found else None


def post(body: bytes, *headers: str, target: str = "/productionplan") -> bytes:
    """A POST as it goes over the wire."""
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


def drive(url: str, requests: Iterator[Request], connections: int, judge: Callable[[Request, Answer], None]) -> None:
    """Send all requests over so many keep-alive connections, and hand each answer to the judge.

    A connection that ends is opened again; its request counts as lost, with an :class:`Answer` without a head.
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
    """One connection with at most one request under way."""

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
        with suppress(OSError):  # a connection that has ended says so when it is read
            self._socket.sendall(request.wire)

    def receive(self) -> Answer | None:
        """What has come; None while the answer is not whole."""
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
