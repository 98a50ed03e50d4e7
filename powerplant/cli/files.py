"""The files of ``powerplant batch``: its input, and its answers. ``powerplant horizon`` shares the checks of names."""

from __future__ import annotations

import gzip
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import click

from powerplant.batch.planner import Rules
from powerplant.batch.reading import Chunk, Line
from powerplant.batch.resuming import Results, files_beside
from powerplant.batch.workbooks import EXTRA, Workbook, has_openpyxl
from powerplant.cli.outputs import STDIO, keep_apart
from powerplant.cli.words import BAD_INPUT, fail, say_json
from powerplant.rows import Layout

if sys.platform != "win32":  # Windows has no such locks
    import fcntl

OTHER_FORMATS = re.compile(r"\.(xls|xlsm|xlsb|ods|xlsx(?=\.gz))(\.gz)?$", re.IGNORECASE)
TABLES = re.compile(r"\.(csv|tsv|tab|xlsx)(\.gz)?$", re.IGNORECASE)
"""Names of tables of plans; other files get JSON."""


class Input:
    """A file, or stdin: a stream of its content, uncompressed.

    Attributes:
        size: its bytes; 0 if unknown.
    """

    def __init__(self, name: str) -> None:
        self._name, self.size = "stdin" if name == STDIO else name, 0
        self._file: BinaryIO | None = None
        self._read: Callable[[int], bytes]
        if name == STDIO:
            # Without its buffer: a thread that waits for a line would hold its lock, which Python needs to exit.
            self._read = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer).read  # in tests, bytes in memory
            return
        self._file = file = Path(name).open("rb")  # noqa: SIM115 - see close
        self.size = os.fstat(file.fileno()).st_size
        self._read = gzip.GzipFile(fileobj=file).read1 if name.endswith(".gz") else file.read1

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end."""
        try:
            return self._read(size)
        except OSError as error:
            error.filename = self._name  # an error of the output has none
            raise

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class _Stdout:
    """stdout as a file of answers."""

    def write(self, answers: bytes) -> None:
        say_json(answers)

    def flush(self) -> None:
        pass


def is_table(name: str) -> bool:
    """Whether the answers in a file of this name are a table."""
    return TABLES.search(name) is not None


def is_workbook(name: str) -> bool:
    """Whether the answers in a file of this name are a workbook."""
    return name.casefold().endswith(".xlsx")


def as_named(layout: Layout, name: str, decimal: str | None) -> Layout:
    """The layout of a table in a file of this name, with decimals as an option says."""
    if is_workbook(name):
        return Layout(labels=layout.labels, plants=layout.plants)
    delimiter = layout.delimiter if ".csv" in name.casefold() else "\t"
    mark = {"comma": ",", "point": ".", None: layout.decimal}[decimal]
    if mark == "," and layout.decimal == "." and delimiter == ",":
        delimiter = ";"
    return layout._replace(decimal=mark, delimiter=delimiter)


def check_names(inputs: Collection[str], plans: str, summary: Path | None, *, resume: bool) -> None:
    """Refuse outputs that are the same file as an input or as each other, and formats that answers do not have."""
    if OTHER_FORMATS.search(plans):
        raise click.UsageError(f"Tables are .csv or .xlsx: name the file {OTHER_FORMATS.sub('.xlsx', plans)}.")
    if is_workbook(plans) and not has_openpyxl():
        fail(f"{plans} needs {EXTRA}", BAD_INPUT)
    if resume and (plans == STDIO or plans.endswith(".gz") or is_workbook(plans)):
        raise click.UsageError("--resume needs a file OUT that is not compressed, and not a workbook.")
    files = [] if plans == STDIO else files_beside(Path(plans))
    keep_apart(inputs, [plans, *files, *([] if summary is None else [summary])])


def check_output(name: str, *, overwrite: bool, resume: bool | None) -> None:
    """End the command if the file for the answers has no folder, has content, or cannot be resumed.

    Args:
        name: of the file.
        overwrite: whether its content may be replaced.
        resume: whether its content is continued; ``None`` if the command cannot do that.
    """
    path = Path(name)
    if name == STDIO:
        return
    if not path.parent.is_dir():
        fail(f"{path}: cannot be written: there is no folder {path.parent}", BAD_INPUT)
    if resume and path.exists() and not path.is_file():
        fail(f"{path} is not a file, so it cannot be resumed.", BAD_INPUT)
    if not (overwrite or resume) and path.is_file() and path.stat().st_size:
        ways = "--overwrite replaces it" if resume is None else "--resume continues it, --overwrite replaces it"
        fail(f"{path} has content: {ways}.", BAD_INPUT)


@contextmanager
def opened_results(
    name: str, rules: Rules, fleet: Line | None, chunks: Iterator[Chunk], *, resume: bool
) -> Iterator[tuple[Results, Iterator[Chunk]]]:
    """Open the file for the answers. If another run is writing to it, the command ends.

    Yields:
        The results, and the chunks that are not answered in them.

    Raises:
        CannotResume: the file is not the result of an interrupted run of this batch.
    """
    path = Path(name)

    def begun(stream: object, path: Path | None = None) -> Results:
        results = Results(cast(BinaryIO, stream), path, rules, fleet)
        results.begin()
        return results

    if name == STDIO:
        yield begun(_Stdout()), chunks
        return
    with path.open("ab") as file:
        if path.is_file():  # not a pipe, or /dev/null
            _lock(file, path)
        if is_workbook(name):
            workbook = Workbook("plans")
            yield begun(workbook), chunks
            if path.is_file():
                file.truncate(0)
            file.write(workbook.save())
        elif not path.is_file():
            yield begun(file), chunks
        elif path.suffix == ".gz":
            file.truncate(0)
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as compressed:
                yield begun(compressed), chunks
        elif resume:
            results = Results(file, path, rules, fleet)
            yield results, results.resume(chunks)
        else:
            yield begun(file, path), chunks


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock a file until this process ends or closes it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"{path}: another run is writing to it.", BAD_INPUT)
