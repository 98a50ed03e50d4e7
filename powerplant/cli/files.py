"""The files of ``powerplant batch``: what is read, and the answers, of which nothing is lost without a word."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from powerplant.batch.planner import NotOfThisBatch
from powerplant.batch.reading import Stream
from powerplant.batch.results import CompressedResults, PlainResults, Results, is_compressed
from powerplant.batch.resuming import cut
from powerplant.cli.words import BAD_INPUT, fail

if sys.platform != "win32":  # which has no such locks
    import fcntl

STDIO = "-"
"""The name of stdin and stdout."""

# --- What is read ----------------------------------------------------------------------------------------------------


class Input:
    """A file, or stdin, and how much of it has been read."""

    def __init__(self, name: str) -> None:
        self.name, self.size = name, 0
        self._file: BinaryIO | None = None
        self.stream: Stream = _Stdin()
        if name != STDIO:
            self._file = Path(name).open("rb")  # noqa: SIM115 - see close
            self.size = os.fstat(self._file.fileno()).st_size
            self.stream = gzip.GzipFile(fileobj=self._file) if is_compressed(Path(name)) else cast(Stream, self._file)

    @property
    def position(self) -> int:
        """Bytes that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Nothing more is read."""
        if self._file:
            self._file.close()


class _Stdin:
    """Stdin without a buffer, and so without its lock.

    A thread that waits for a line would hold that lock, and Python wants it before it ends.
    """

    def __init__(self) -> None:
        stdin = sys.stdin.buffer
        self._raw = getattr(stdin, "raw", stdin)  # the same where bytes in memory stand for it

    def read1(self, size: int, /) -> bytes:
        """What is there."""
        data: bytes = self._raw.read(size)
        return data


@contextmanager
def opened(name: str) -> Iterator[Input]:
    """A file, or stdin, until what is read from it is no longer needed; that it cannot be opened ends the command."""
    try:
        source = Input(name)
    except OSError as error:
        fail(f"{name}: {error.strerror}", BAD_INPUT)
    with closing(source):
        yield source


def is_same_file(one: str, other: str) -> bool:
    """Whether two names are those of one file."""
    paths = Path(one), Path(other)
    return STDIO not in (one, other) and all(path.exists() for path in paths) and paths[0].samefile(paths[1])


# --- What is written -------------------------------------------------------------------------------------------------


def without_torn_end(path: Path) -> Path:
    """The answers of an interrupted run, without one that was not whole."""
    if not path.is_file():
        fail(f"{path} is no file: --resume goes on with nothing else.", BAD_INPUT)
    try:
        with _locked(path, "r+b") as file:
            cut(file, compressed=is_compressed(path))
    except NotOfThisBatch as error:
        fail(f"{path}: {error}.", BAD_INPUT)
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)
    return path


def _locked(path: Path, mode: str) -> BinaryIO:
    """A file that no other run writes to. However a run ends, its lock ends with it."""
    file = cast(BinaryIO, path.open(mode))
    if sys.platform != "win32" and path.is_file():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            fail(f"{path}: another run is writing to it.", BAD_INPUT)
    return file


def results_of(name: str, *, anew: bool, resume: bool) -> Results:
    """Where the answers go; that they cannot, or that some are there already, ends the command.

    Args:
        name: of the file, or of stdout.
        anew: whether what is there gives way.
        resume: whether it is gone on with.
    """
    if name == STDIO:
        return PlainResults(sys.stdout.buffer, keep_open=True)
    path = Path(name)
    try:
        if not (anew or resume) and path.is_file() and path.stat().st_size:
            fail(f"{path} is there already: --resume goes on with it, --overwrite begins anew.", BAD_INPUT)
        file = _locked(path, "ab")
        if anew and path.is_file():
            file.truncate(0)
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)
    return CompressedResults(file) if is_compressed(path) else PlainResults(file)
