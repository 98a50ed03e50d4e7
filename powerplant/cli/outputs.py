"""The files that commands write: never one that they read, and no file twice."""

from __future__ import annotations

import gzip
import os
import re
import sys
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, cast

import click

from powerplant.batch.workbooks import EXTRA, Workbook, has_openpyxl
from powerplant.cli.words import BAD_INPUT, fail, say_json
from powerplant.rows import Layout

if sys.platform != "win32":  # Windows has no such locks
    import fcntl

STDIO = "-"
"""The name of stdin among inputs, and of stdout among outputs."""

OTHER_FORMATS = re.compile(r"\.(xls|xlsm|xlsb|ods|xlsx(?=\.gz))(\.gz)?$", re.IGNORECASE)
TABLES = re.compile(r"\.(csv|tsv|tab|xlsx)(\.gz)?$", re.IGNORECASE)
"""Names of tables. Other files have JSON, or are read as tables if their first line names a column ``load``."""


def is_table(name: str) -> bool:
    """Whether a file of this name is a table."""
    return TABLES.search(name) is not None


def is_workbook(name: str) -> bool:
    """Whether the plans in a file of this name are a workbook."""
    return name.casefold().endswith(".xlsx")


def is_resumable(name: str) -> bool:
    """Whether a run that writes plans to a file of this name can be resumed."""
    return not (name == STDIO or name.endswith(".gz") or is_workbook(name))


def as_named(layout: Layout, name: str, decimal: str | None) -> Layout:
    """The layout of a table in a file of this name, with decimals as an option says."""
    if is_workbook(name):
        return Layout(labels=layout.labels, plants=layout.plants)
    delimiter = layout.delimiter if ".csv" in name.casefold() else "\t"
    mark = {"comma": ",", "point": ".", None: layout.decimal}[decimal]
    if mark == "," and layout.decimal == "." and delimiter == ",":
        delimiter = ";"
    return layout._replace(decimal=mark, delimiter=delimiter)


# --- Checks before anything is computed ------------------------------------------------------------------------------


def check_output(
    name: str, inputs: Collection[str], others: Collection[Path] = (), *, overwrite: bool, resume: bool | None = None
) -> None:
    """End the command if plans cannot be written to a file, or must not.

    Args:
        name: of the file.
        inputs: what the command reads.
        others: what it also writes.
        overwrite: whether content of the file may be replaced.
        resume: whether its content is continued; ``None`` if the command cannot do that.
    """
    if OTHER_FORMATS.search(name):
        raise click.UsageError(f"Tables are .csv or .xlsx: name the file {OTHER_FORMATS.sub('.xlsx', name)}.")
    if is_workbook(name):
        check_openpyxl(name)
    if resume and not is_resumable(name):
        raise click.UsageError("--resume needs a file OUT that is not compressed, and not a workbook.")
    keep_apart(inputs, [name, *others])
    if name == STDIO:
        return
    path = Path(name)
    with _errors_of(path):
        if resume and path.exists() and not path.is_file():
            fail(f"{path} is not a file, so it cannot be resumed.", BAD_INPUT)
        _check_folder(path)
        if not (overwrite or resume) and path.is_file() and path.stat().st_size:
            ways = "--overwrite replaces it" if resume is None else "--resume continues it, --overwrite replaces it"
            fail(f"{path} has content: {ways}.", BAD_INPUT)


def check_openpyxl(name: str | Path) -> None:
    """End the command if workbooks cannot be written."""
    if not has_openpyxl():
        fail(f"{name} needs {EXTRA}", BAD_INPUT)


def writable(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """The value of an option that names a file to write; an error ends the command."""
    if path is not None:
        check_writable(path)
    return path


def check_writable(path: Path) -> None:
    """End the command if a file cannot be written. A file that does not exist is there for a moment."""
    with _errors_of(path):  # a name that is too long, a folder that cannot be searched
        _check_folder(path)
        if path.is_dir():
            fail(f"{path}: cannot be written: it is a folder", BAD_INPUT)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            fail(f"{path}: cannot be written: permission denied", BAD_INPUT)
        if not path.exists():  # a folder in which files are not made, as in /proc, is known only by trying
            path.open("xb").close()
            path.unlink()


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    """End the command with a message if the system refuses a file."""
    try:
        yield
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)


def keep_apart(inputs: Collection[str], outputs: Collection[str | Path]) -> None:
    """Refuse a command that writes into a file that it reads, or writes two outputs into one file.

    Files are compared, not their names. stderr is always an output. stdout and stderr may share a file. Devices, pipes
    and terminals may have several uses.

    Args:
        inputs: what the command reads.
        outputs: what it writes.

    Raises:
        click.UsageError: a file has two uses.
    """
    used = {_identity(0 if name == STDIO else name): "stdin" if name == STDIO else name for name in inputs}
    used.pop(None, None)

    def refuse_if_used(name: str, file: Hashable) -> None:
        if file in used:
            why = "choose another name" if name == used[file] else f"{name} is the same file"
            raise click.UsageError(f"{used[file]} would be overwritten: {why}.")

    for output in outputs:
        if output != STDIO and (file := _identity(output)) is not None:
            refuse_if_used(f"{output}", file)
            used[file] = f"{output}"
    stdout, stderr = _identity(1), _identity(2)
    if stderr in used:  # the message must not be written there
        os.dup2(os.open(os.devnull, os.O_WRONLY) if stdout in used else 1, 2)
    if STDIO in outputs:
        refuse_if_used("stdout", stdout)
    refuse_if_used("stderr", stderr)


def _identity(file: int | str | Path) -> Hashable:
    """What all names and descriptors of a file have in common, also before it exists; ``None`` if it is not a file."""
    try:
        status = os.fstat(file) if isinstance(file, int) else Path(file).stat()
        return (status.st_dev, status.st_ino) if S_ISREG(status.st_mode) else None
    except OSError:
        if isinstance(file, int):  # closed
            return None
    path = Path(os.path.realpath(file))
    try:
        folder = path.parent.stat()
    except OSError:  # opening the file will say what is wrong
        return None
    return folder.st_dev, folder.st_ino, os.path.normcase(path.name)


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        fail(f"{path}: cannot be written: there is no folder {path.parent}", BAD_INPUT)


# --- Writing ---------------------------------------------------------------------------------------------------------


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file; an error ends the command."""
    with _errors_of(path):
        path.write_bytes(content.encode() if isinstance(content, str) else content)


class _Stdout:
    """stdout as a file of plans."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.write = write

    def flush(self) -> None:
        pass


@contextmanager
def opened(name: str, say: Callable[[bytes], None] = say_json, *, keeps: bool = False) -> Iterator[BinaryIO]:
    """Open the file for plans. If another run is writing to it, the command ends.

    Args:
        name: of the file. A workbook is written at the end.
        say: prints plans, if the name is that of stdout.
        keeps: whether the content of a file stays; only for one that :func:`is_resumable`.
    """
    if name == STDIO:
        yield cast(BinaryIO, _Stdout(say))
        return
    path = Path(name)
    with path.open("ab") as file:
        is_file = path.is_file()  # not a pipe, or /dev/null
        if is_file:
            _lock(file, path)
        if is_workbook(name):
            workbook = Workbook("plan")
            yield cast(BinaryIO, workbook)
            content = workbook.save()
            if is_file:
                file.truncate(0)
            file.write(content)
        elif keeps or not is_file:
            yield file
        else:
            file.truncate(0)
            is_compressed = name.endswith(".gz")
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) if is_compressed else nullcontext(file) as stream:
                yield cast(BinaryIO, stream)


def _lock(file: BinaryIO, path: Path) -> None:
    """Lock a file until this process ends or closes it."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"{path}: another run is writing to it.", BAD_INPUT)
