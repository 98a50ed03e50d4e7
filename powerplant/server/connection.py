"""A client's connection: what has arrived on it, whether that is a request, and until when more is awaited."""

from __future__ import annotations

import io
import re
import socket
from time import monotonic
from typing import Any
from urllib.parse import unquote

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.http.parser import RequestParser

from powerplant.config import Settings
from powerplant.server.refusal import Refusal

HEAD_TIMEOUT = 5.0
"""Seconds in which a request's head has to arrive, from its first byte on."""

LONGEST_PAUSE = 2.0
"""Seconds that a client may pause inside its body."""

LONGEST_HEAD = 64 * 1024
"""Bytes that a head may have before gunicorn's own limits can be checked, which look at whole heads."""

FRAMING = 64 * 1024
"""Bytes that the sizes and extensions of chunks may take, beside a body of the largest size."""

LONGEST_CHUNK_LINE = 8 * 1024
"""Bytes before the size of a chunk must have come to its end."""

BATCH = "/productionplan/batch"
"""The end of the one path whose bodies may be larger."""

_TARGET = re.compile(rb"(?:\r\n)?[^ \r\n]+ (/[^ ?#\r\n]*)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?")


class Connection:
    """A client's connection: what has arrived on it, and until when the leader waits for more.

    gunicorn's parser reads from it as from a socket. It finds what has arrived, and then an end: it never waits.

    Attributes:
        sock, client, server: the socket and its two addresses, where gunicorn looks for them.
        received: what has arrived and is not parsed.
        held: bytes in memory for it, parsed or not.
        request: the request that is arriving or being answered, once its head is there.
        parser: gunicorn's parser of it.
        deadline: the moment (of the monotonic clock) at which the wait ends.
        closing: whether all that is awaited is that the client closes.
        is_registered: whether the poller tells of it.
    """

    def __init__(self, cfg: Any, settings: Settings, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        self.received = bytearray()
        self.held = 0
        self.request: Any = None
        self.parser = RequestParser(cfg, self, client)
        self.closing = False
        self.is_registered = False
        self._settings = settings
        self._max_body = settings.max_body
        self._keepalive = cfg.keepalive or HEAD_TIMEOUT
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

    @property
    def address(self) -> str:
        """The client's, for the log; empty where it has none (a Unix socket)."""
        return ":".join(map(str, self.client[:2])) if isinstance(self.client, tuple) else ""

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
        self._max_body = self._largest_body()
        # A body that may be larger has as much longer to arrive.
        self._body_deadline = now + self._settings.body_timeout * max(1, self._max_body / self._settings.max_body)
        self.deadline = min(self._body_deadline, now + LONGEST_PAUSE)

    def _largest_body(self) -> int:
        """Bytes that the body of the request may have."""
        is_batch = self.request.path.rstrip("/").endswith(BATCH)
        return self._settings.max_batch_body if is_batch else self._settings.max_body

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
