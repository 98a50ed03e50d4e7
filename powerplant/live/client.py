"""A client of the feed: a websocket that is talked to without waiting."""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping

BACKLOG = 1024 * 1024
"""Bytes that may wait for a client beyond what the system takes, before it counts as too slow."""

PING_INTERVAL = 20.0
"""Seconds between two pings: they keep the connection open in proxies, and show who is gone without a word."""

CLOSE_TIMEOUT = 1.0
"""Seconds that a client has to answer the end of the feed."""

PIECE = 4096
"""Bytes that are read at once; clients have little to say."""

TEXT = 0x81
"""How a frame begins that holds all of a text."""


class Ending(NamedTuple):
    """Why the feed ends, as websockets tell it (RFC 6455, section 7.4)."""

    code: int
    reason: str


GOING_AWAY = Ending(1001, "The service stops.")
NO_MESSAGES_TAKEN = Ending(1003, "The feed takes no messages.")
TRY_AGAIN_LATER = Ending(1013, "The feed has as many clients as it takes.")


class Gone(Exception):
    """There is nothing more to say to a client; the reason is empty where it left by itself."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


def frame(message: bytes) -> bytes:
    """A text as it goes to every client (RFC 6455, section 5.2): frames of a server are alike for all."""
    size = len(message)
    if size < 126:
        return b"%c%c%b" % (TEXT, size, message)
    if size < 1 << 16:
        return b"%c\x7e%b%b" % (TEXT, size.to_bytes(2), message)
    return b"%c\x7f%b%b" % (TEXT, size.to_bytes(8), message)


class Client:
    """A websocket that is open. Each method may raise ``Gone`` or ``OSError``: then the client is to be let go.

    Attributes:
        sock: its connection.
        address: who it is, for the log.
        closing: whether the end of the feed has been sent.
        waiting: bytes that the system has not taken yet.
        is_awaited: whether it will be told when the system takes more.
    """

    def __init__(self, sock: socket.socket, on_end: Callable[[], None]) -> None:
        sock.setblocking(False)
        with suppress(OSError):  # a message is sent as a whole, and there is none to wait for
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.address = _address_of(sock)
        self.closing = False
        self.waiting = 0
        self.is_awaited = False
        self._outgoing: deque[memoryview] = deque()
        self._on_end = on_end
        self._protocol = Connection(ConnectionType.SERVER)
        now = monotonic()
        self._next_ping, self._silent_at, self._close_by = now + PING_INTERVAL, now + 2 * PING_INTERVAL, 0.0

    def tell(self, data: bytes) -> None:
        """Send bytes, as many as the system takes now and the rest when it takes more."""
        if self.waiting + len(data) > BACKLOG:
            raise Gone("too slow")
        self._outgoing.append(memoryview(data))
        self.waiting += len(data)
        if len(self._outgoing) == 1:
            self.send()

    def send(self) -> None:
        """Send what waits, as far as the system takes it."""
        with suppress(BlockingIOError):
            while self._outgoing:
                data = self._outgoing[0]
                sent = self.sock.send(data)
                self.waiting -= sent
                if sent == len(data):
                    self._outgoing.popleft()
                else:
                    self._outgoing[0] = data[sent:]

    def receive(self) -> None:
        """Take what the client says: that it is there, or that it leaves."""
        try:
            data = self.sock.recv(PIECE)
        except BlockingIOError:
            return
        if not data:
            raise Gone
        self._silent_at = monotonic() + 2 * PING_INTERVAL
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            self._react(event)

    def _react(self, event: object) -> None:
        state = self._protocol.state
        is_open = state is ConnectionState.OPEN
        match event:
            case CloseConnection():  # or a frame that is none
                if is_open or state is ConnectionState.REMOTE_CLOSING:
                    self.tell(self._protocol.send(event.response()))
                raise Gone
            case Ping() if is_open:
                self.tell(self._protocol.send(event.response()))
            case Message() if is_open:
                self.close(NO_MESSAGES_TAKEN)

    def look_after(self, now: float) -> None:
        """Ping a client now and then, and give up one that is silent."""
        if self.closing:
            if now >= self._close_by:
                raise Gone
        elif now >= self._silent_at:
            raise Gone("silent")
        elif now >= self._next_ping:
            self._next_ping = now + PING_INTERVAL
            self.tell(self._protocol.send(Ping()))

    def close(self, ending: Ending) -> None:
        """Say that the feed ends, and why; the client answers, or is let go a little later."""
        if self._protocol.state is not ConnectionState.OPEN:
            return
        self.closing = True
        self._close_by = monotonic() + CLOSE_TIMEOUT
        self.tell(self._protocol.send(CloseConnection(*ending)))

    def end(self) -> None:
        """Close the connection. What still waits for the client is not kept for it."""
        if self.waiting:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self._on_end()


def _address_of(sock: socket.socket) -> str:
    try:
        return str(sock.getpeername())
    except OSError:  # it is gone already
        return ""
