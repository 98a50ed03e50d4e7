"""The files of ``powerplant batch``: its input, and where its answers go."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import click

from powerplant.batch.planner import Rules
from powerplant.batch.reading import Chunk, Line, Stream
from powerplant.batch.resuming import Results, checkpoint_of
from powerplant.cli.options import is_same_file
from powerplant.cli.words import BAD_INPUT, fail

if sys.platform != "win32":  # Windows has no such locks
    import fcntl

STDIO = "-"
"""The name of stdin and stdout."""

OTHER_FORMATS = (".csv", ".tsv", ".xlsx")


class Input:
    """A file, or stdin.

    Attributes:
        stream: its content, uncompressed.
        size: its bytes; 0 if unknown.
    """

    def __init__(self, name: str) -> None:
        self.size = 0
        self._file: BinaryIO | None = None
        self.stream: Stream = _Stdin()
        if name != STDIO:
            self._file = Path(name).open("rb")  # noqa: SIM115 - see close
            self.size = os.fstat(self._file.fileno()).st_size
            self.stream = gzip.GzipFile(fileobj=self._file) if name.endswith(".gz") else cast(Stream, self._file)

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class _Stdin:
    """Stdin without its buffer: a thread that waits for a line would hold its lock, which Python needs to exit."""

    def __init__(self) -> None:
        stdin = sys.stdin.buffer
        self._raw = getattr(stdin, "raw", stdin)  # in tests, bytes in memory

    def read1(self, size: int, /) -> bytes:
        """What is available."""
        data: bytes = self._raw.read(size)
        return data


def check_names(inputs: Iterable[str], plans: str, summary: Path | None, *, resume: bool) -> None:
    """Refuse outputs that are the same file as an input or as each other, and formats that answers do not have."""
    if plans.removesuffix(".gz").endswith(OTHER_FORMATS):
        raise click.UsageError("The answers are lines of JSON: name the file .jsonl.")
    if resume and (plans == STDIO or plans.endswith(".gz")):
        raise click.UsageError("--resume needs a file OUT that is not compressed.")
    others = [Path(name) for name in inputs if name != STDIO]
    outputs = [] if plans == STDIO else [Path(plans), checkpoint_of(Path(plans))]
    for output in outputs if summary is None else [*outputs, summary]:
        if any(is_same_file(output, other) for other in others):
            raise click.UsageError(f"{output} would be overwritten: the command has two uses for it.")
        others.append(output)


@contextmanager
def opened_results(
    name: str, rules: Rules, fleet: Line | None, chunks: Iterator[Chunk], *, overwrite: bool, resume: bool
) -> Iterator[tuple[Results, Iterator[Chunk]]]:
    """Open the file for the answers. If it has content, or another run is writing to it, the command ends.

    Yields:
        The results, and the chunks that are not answered in them.

    Raises:
        CannotResume: the file is not the result of an interrupted run of this batch.
    """
    path = Path(name)
    if name == STDIO:
        yield Results(sys.stdout.buffer, None, rules, fleet), chunks
        return
    if resume and path.exists() and not path.is_file():
        fail(f"{path} is not a file, so it cannot be resumed.", BAD_INPUT)
    if not (overwrite or resume) and path.is_file() and path.stat().st_size:
        fail(f"{path} has content: --resume continues it, --overwrite replaces it.", BAD_INPUT)
    with path.open("ab") as file:
        if not path.is_file():  # a pipe, or /dev/null
            yield Results(file, None, rules, fleet), chunks
            return
        _lock(file, path)
        if path.suffix == ".gz":
            file.truncate(0)
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as compressed:
                yield Results(cast(BinaryIO, compressed), None, rules, fleet), chunks
            return
        results = Results(file, path, rules, fleet)
        if resume:
            chunks = results.resume(chunks)
        else:
            results.begin()
        yield results, chunks


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock a file until this process ends or closes it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"{path}: another run is writing to it.", BAD_INPUT)
