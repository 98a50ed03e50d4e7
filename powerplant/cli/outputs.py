"""The files that commands write: never one that they read, and no file twice."""

from __future__ import annotations

import os
from collections.abc import Collection, Hashable
from pathlib import Path
from stat import S_ISREG

import click

from powerplant.cli.words import BAD_INPUT, fail

STDIO = "-"
"""The name of stdin among inputs, and of stdout among outputs."""


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


def writable(_context: click.Context, _parameter: click.Parameter | None, path: Path | None) -> Path | None:
    """Check that a file can be written before anything is computed; an error ends the command."""
    if path is None:
        return None
    try:
        if not path.parent.is_dir():
            fail(f"{path}: cannot be written: there is no folder {path.parent}", BAD_INPUT)
        if path.is_dir():
            fail(f"{path}: cannot be written: it is a folder", BAD_INPUT)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            fail(f"{path}: cannot be written: permission denied", BAD_INPUT)
        if not path.exists():  # a folder in which files are not made, as in /proc, is known only by trying
            path.open("xb").close()
            path.unlink()
    except OSError as error:  # a name that is too long, a folder that cannot be searched
        fail(f"{path}: {error.strerror}", BAD_INPUT)
    return path
