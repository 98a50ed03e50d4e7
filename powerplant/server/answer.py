"""How an answer leaves: in one piece where it can, and without waiting for its client where the system takes it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from gunicorn.http import wsgi

ANSWER_TIMEOUT = 5.0
"""Seconds in which a client has to take an answer, where the system does not take it in its place."""


class Answer(wsgi.Response):  # type: ignore[misc] # gunicorn carries no types
    """gunicorn's response, which writes to an :class:`Outlet`."""

    def __init__(self, request: Any, sock: socket.socket, cfg: Any) -> None:
        super().__init__(request, Outlet(sock), cfg)

    def close(self) -> None:
        """Write what is still to be written."""
        super().close()
        self.sock.flush()


class Outlet:
    """Takes an answer, in the place of a socket that never waits.

    What is written first is the head. It is kept for what follows: a piece the fewer to send and to receive.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._head: bytes | None = None

    def sendall(self, data: bytes) -> None:
        """Send all of it, unless it is the head.

        Raises:
            TimeoutError: the client has not taken it in time.
        """
        if self._head is None:
            self._head = data
        else:
            head, self._head = self._head, b""
            self._send(head + data)

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:
        """Send a part of a file; errors are those of :meth:`sendall`."""
        self.flush()
        with self._patience():
            return self._socket.sendfile(file, offset, count)

    def flush(self) -> None:
        """Send the head, where nothing follows it."""
        if self._head:
            self.sendall(b"")

    def _send(self, data: bytes) -> None:
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            with self._patience():
                self._socket.sendall(data[sent:])

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Wait for the client, so many seconds."""
        self._socket.settimeout(ANSWER_TIMEOUT)
        try:
            yield
        finally:
            self._socket.setblocking(False)
