"""A client of the live feed in a few lines: a websocket by the letter of RFC 6455, and by no library."""

from __future__ import annotations

import json
import os
import socket
from base64 import b64encode
from hashlib import sha1
from http.client import HTTPMessage, parse_headers
from typing import Any, Self
from urllib.parse import urlsplit

from live_server import ANSWER_DEADLINE

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Refused(Exception):
    """The server answered something other than 101."""

    def __init__(self, status: int, headers: HTTPMessage, body: bytes) -> None:
        super().__init__(f"{status} {body!r}")
        self.status, self.headers, self.body = status, headers, body


class Listener:
    """A websocket, from its first frame on."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reader = sock.makefile("rb")
        self.headers = HTTPMessage()

    @classmethod
    def of(cls, server_url: str, *headers: str, receive_buffer: int = 0) -> Self:
        """Listen to a server.

        Raises:
            Refused: it does not let us.
        """
        address = urlsplit(server_url)
        sock = socket.socket()
        sock.settimeout(ANSWER_DEADLINE)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.connect((address.hostname, address.port))
        key = b64encode(os.urandom(16)).decode()
        asks = ["Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
        lines = [f"Host: {address.netloc}", *asks, f"Sec-WebSocket-Key: {key}", *headers]
        sock.sendall("\r\n".join(["GET /productionplan/live HTTP/1.1", *lines, "", ""]).encode())
        listener = cls(sock)
        status = listener._read_answer()
        if status != 101:
            body = listener._reader.read(int(listener.headers["Content-Length"]))
            listener.leave()
            raise Refused(status, listener.headers, body)
        assert listener.headers["Sec-WebSocket-Accept"] == b64encode(sha1((key + GUID).encode()).digest()).decode()  # noqa: S324 - the protocol's own
        return listener

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        self._reader.close()
        self._socket.close()

    def _read_answer(self) -> int:
        status = int(self._reader.readline().split()[1])
        self.headers = parse_headers(self._reader)
        return status

    def send(self, opcode: int, payload: bytes = b"") -> None:
        """A whole frame, masked with zeros."""
        assert len(payload) < 126
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload)

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def frame(self, timeout: float = 10) -> tuple[int, bytes]:
        """The next frame; ``(CLOSE, b"")`` when the connection has ended without one."""
        self._socket.settimeout(timeout)
        head = self._reader.read(2)
        if not head:
            return CLOSE, b""
        assert head[0] & 0x70 == 0
        assert head[1] < 128, "a server does not mask"
        length = head[1]
        if length >= 126:
            length = int.from_bytes(self._reader.read(2 if length == 126 else 8))
        return head[0] & 0x0F, self._reader.read(length)

    def fileno(self) -> int:
        """The descriptor of its connection."""
        return self._socket.fileno()

    def message(self, timeout: float = 10) -> dict[str, Any]:
        """The next message."""
        opcode, payload = self.frame(timeout)
        assert opcode == TEXT, (opcode, payload)
        message: dict[str, Any] = json.loads(payload)
        return message

    def ending(self, timeout: float = 10) -> int:
        """The code with which the server closes, after what it still has to say; 0 without one."""
        opcode, payload = self.frame(timeout)
        while opcode != CLOSE:
            opcode, payload = self.frame(timeout)
        return int.from_bytes(payload[:2])
