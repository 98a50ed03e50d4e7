"""A client that sends what a library does not."""

from __future__ import annotations

import http.client
import select
import socket
import struct
from typing import Self
from urllib.parse import urlsplit

from live_server import ANSWER_DEADLINE


class Connection:
    """Sends any bytes, on one connection for as long as the server keeps it open.

    Attributes:
        opened: how many connections it took.
    """

    def __init__(self, server_url: str) -> None:
        address = urlsplit(server_url)
        self._host = address.netloc
        self._address = (address.hostname or "", address.port or 80)
        self.opened = 0

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._address, timeout=ANSWER_DEADLINE)
        self._reader = self._socket.makefile("rb")
        self.opened += 1

    def _close(self) -> None:
        self._reader.close()
        self._socket.close()

    @property
    def port(self) -> int:
        """The client's own port."""
        port: int = self._socket.getsockname()[1]
        return port

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def end_sending(self) -> None:
        """Close the sending side; answers can still be read."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close the connection at once, without an orderly end."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def send(self, request_line: str, *headers: str, body: bytes = b"") -> None:
        head = "\r\n".join([request_line, f"Host: {self._host}", *headers, "", ""])
        self._socket.sendall(head.encode() + body)

    def has_answer(self) -> bool:
        """Whether there is something to read."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def next_status(self) -> int:
        """The status of the next answer; 0 if the server closed the connection."""
        line = self._reader.readline()
        return int(line.split()[1]) if line else 0

    def next_answer(self) -> tuple[int, http.client.HTTPMessage, bytes]:
        """The next answer: its status, its headers and its body."""
        status = self.next_status()
        headers = http.client.parse_headers(self._reader)
        return status, headers, self._reader.read(int(headers.get("Content-Length", 0)))

    def ask(self, method: str, path: str, body: bytes) -> int:
        """Send a request, read its whole answer, and return its status."""
        self.send(f"{method} {path} HTTP/1.1", f"Content-Length: {len(body)}", body=body)
        status, headers, _ = self.next_answer()
        if headers["Connection"] == "close":
            self._close()
            self._open()
        return status
