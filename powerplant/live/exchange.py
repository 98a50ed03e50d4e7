"""How the hubs of several worker processes reach each other: datagrams between sockets in a folder that they share.

A process has a socket there as long as it has clients. Beside them lies a file of eight bytes that each process maps
into its memory: how often a socket has come or gone. One look at it tells that nothing has changed, so that a request
that nobody listens to costs no system call.
"""

from __future__ import annotations

import mmap
import os
import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from powerplant.live.messages import LARGEST

try:
    import fcntl
except ImportError:  # Windows has one process, and no exchange
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".socket"
BACKLOG = 8 * 1024 * 1024
"""Bytes that may wait for another process; what does not fit is not sent, and its numbers are missing there."""

MOST = LARGEST + 10
"""Bytes of a datagram: the frames of some messages, or that of a single large one with its head."""

AT_ONCE = 64
"""Datagrams that are taken before the clients get their turn."""


class NoExchange:
    """What stands in for an exchange where there is one process.

    Attributes:
        has_listeners: whether anybody listens.
    """

    def __init__(self) -> None:
        self.has_listeners = False

    def open(self, worker: str, selector: selectors.BaseSelector, show: Callable[[bytes], None]) -> None:
        """Nothing to prepare."""

    def listen(self) -> None:
        """Note that somebody listens."""
        self.has_listeners = True

    def leave(self) -> None:
        """Note that nobody does any more."""
        self.has_listeners = False

    def send(self, data: bytes) -> None:
        """There is nobody else to send to."""

    def close(self) -> None:
        """Nothing to leave behind."""


class Exchange:
    """The way between worker processes. All but ``has_listeners`` is for the hub's thread.

    Args:
        folder: where the processes meet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = os.open(folder / "changes", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._file, 8)
        self._changes = memoryview(mmap.mmap(self._file, 8)).cast("Q")
        self._seen = 0
        self._somebody = False
        self._others: dict[Path, _Other] = {}
        self._own: socket.socket | None = None
        self._path = folder

    @property
    def has_listeners(self) -> bool:
        """Whether a process has clients, as far as is known; what has changed will be looked at by the hub."""
        return self._somebody or self._changes[0] != self._seen

    def open(self, worker: str, selector: selectors.BaseSelector, show: Callable[[bytes], None]) -> None:
        """Prepare.

        Args:
            worker: the name of this process.
            selector: where sockets are registered, with the call that they are for.
            show: called with what another process sends.
        """
        self._worker, self._selector, self._show = worker, selector, show

    def listen(self) -> None:
        """Have messages of the other processes come here."""
        if self._own is None:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            sock.setblocking(False)
            # A name is not used twice: others may still hold the way to a socket that was closed.
            self._path = self._folder / f"{self._worker}-{self._changes[0]}{SUFFIX}"
            try:
                sock.bind(str(self._path))
            except OSError:
                sock.close()
                raise
            self._own = sock
            self._selector.register(sock, selectors.EVENT_READ, self._on_readable)
            self._note_change()
            self._look()

    def leave(self) -> None:
        """Have no more of them come."""
        if self._own is not None:
            self._selector.unregister(self._own)
            self._own.close()
            self._own = None
            self._path.unlink(missing_ok=True)
            self._note_change()
            self._look()

    def send(self, data: bytes) -> None:
        """Send frames to the other processes that have clients."""
        self._look()
        for other in [*self._others.values()]:
            self._try(other, data)

    def close(self) -> None:
        """Leave nothing behind."""
        self.leave()
        for other in [*self._others.values()]:
            self._forget(other)

    def _note_change(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)  # nobody holds it for longer than this
        self._changes[0] += 1
        fcntl.flock(self._file, fcntl.LOCK_UN)

    def _look(self) -> None:
        """Find out who listens, if that has changed."""
        changes = self._changes[0]
        if changes == self._seen:
            return
        there = {path for path in self._folder.iterdir() if path.suffix == SUFFIX and path != self._path}
        for path in self._others.keys() - there:
            self._forget(self._others[path])
        for path in there - self._others.keys():
            self._meet(path)
        self._somebody = bool(self._others) or self._own is not None
        self._seen = changes

    def _meet(self, path: Path) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LARGEST)
        try:
            sock.connect(str(path))
        except OSError as error:  # it has left since, or has died
            sock.close()
            if isinstance(error, ConnectionRefusedError):
                self._bury(path)
        else:
            self._others[path] = _Other(path, sock)

    def _try(self, other: _Other, data: bytes | None) -> None:
        """Send what waits for another process, and more behind it."""
        try:
            if data is None:
                other.send()
            else:
                other.tell(data)
        except ConnectionError:  # it is gone
            self._forget(other)
            self._bury(other.path)
            return
        registered = other.sock.fileno() in self._selector.get_map()
        if other.waiting and not registered:
            self._selector.register(other.sock, selectors.EVENT_WRITE, lambda _: self._try(other, None))
        elif registered and not other.waiting:
            self._selector.unregister(other.sock)

    def _forget(self, other: _Other) -> None:
        del self._others[other.path]
        if other.sock.fileno() in self._selector.get_map():
            self._selector.unregister(other.sock)
        other.sock.close()

    def _bury(self, path: Path) -> None:
        """Remove the socket of a process that has died without doing so."""
        with suppress(OSError):
            path.unlink()
            self._note_change()

    def _on_readable(self, _: int) -> None:
        for _ in range(AT_ONCE):
            if self._own is None:
                return
            try:
                data = self._own.recv(MOST)
            except BlockingIOError:
                return
            self._show(data)


class _Other:
    """Another process: its socket, and what waits for it to take more."""

    def __init__(self, path: Path, sock: socket.socket) -> None:
        self.path, self.sock = path, sock
        self.waiting = 0
        self._outgoing: deque[bytes] = deque()

    def tell(self, data: bytes) -> None:
        """Send data now or, if the other process has enough to read, later."""
        if self.waiting + len(data) <= BACKLOG:
            self._outgoing.append(data)
            self.waiting += len(data)
        if len(self._outgoing) == 1:
            self.send()

    def send(self) -> None:
        """Send what waits, as far as it is taken."""
        while self._outgoing:
            try:
                self.sock.send(self._outgoing[0])
            except BlockingIOError:
                return
            except ConnectionError:
                raise
            except OSError:  # the system does not take this: its numbers will be missing
                pass
            self.waiting -= len(self._outgoing.popleft())
