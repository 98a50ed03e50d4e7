"""What commands print: results, messages, and amounts."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from decimal import Decimal
from typing import NoReturn, TextIO

import click

NO_PLAN, BAD_INPUT = 1, 2
"""Exit codes: no plan, or a wrong plan or proof; input that cannot be read or is not valid."""

DEFAULT_WIDTH = 80
"""Columns of a terminal that does not say how wide it is."""

# --- Writing: nothing else writes text to stdout or stderr ------------------------------------------------------------


def say(text: str) -> None:
    """Print lines of a result. An error of stdout ends the command."""
    _write(_printable_lines(text), err=False)


def say_styled(text: str) -> None:
    """Print lines with colour codes. Texts of the input in them must be :func:`printable` already."""
    _write(text, err=False)


def has_colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal with colours, and ``NO_COLOR`` (https://no-color.org) does not forbid them."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say_json(answer: bytes) -> None:
    """Print an answer of the service: byte for byte, but on a terminal with its invisible characters escaped."""
    _write(visible_json(answer.decode()) if sys.stdout.isatty() else answer, err=False)


def say_csv(rows: bytes) -> None:
    """Print rows of CSV: byte for byte, but on a terminal without its invisible characters."""
    if sys.stdout.isatty():
        say(rows.decode())
    else:
        _write(rows, err=False)


def complain(message: str) -> None:
    """Print a message to stderr, on one line."""
    describe(printable(message))


def describe(text: str) -> None:
    """Print lines to stderr. If stderr cannot be written, they are lost."""
    _write(_printable_lines(text), err=True)


def replace_line(text: str) -> None:
    """Print a text over the current line of the terminal at stderr; an empty text clears the line."""
    _write(f"\r\x1b[K{printable(text)}", err=True)


def fail(message: str, code: int) -> NoReturn:
    """Print a message to stderr, on one line, and exit with this code."""
    complain(message)
    sys.exit(code)


def terminal_width(stream: TextIO) -> int | None:
    """The columns of a terminal; ``None`` if a stream is not one. The variable ``COLUMNS`` comes first."""
    if not stream.isatty():
        return None
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", ""))) > 0:
            return columns
    with suppress(OSError):
        return os.get_terminal_size(stream.fileno()).columns or DEFAULT_WIDTH
    return DEFAULT_WIDTH


def _write(lines: str | bytes, *, err: bool) -> None:
    stream = sys.stderr if err else sys.stdout
    if isinstance(lines, str):
        if err or stream.isatty():  # the terminal's encoding; what it does not have is escaped
            lines = lines.encode(stream.encoding, "backslashreplace").decode(stream.encoding)
        else:  # a file or a pipe gets UTF-8 with the same line ends on every system
            lines = lines.encode()
    try:
        click.echo(lines, file=stream, nl=False)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and not err:  # the reader closed the pipe; click handles this
            raise
        if not err:
            stop_stdout(error)
        _discard(stream)


def stop_stdout(error: OSError) -> NoReturn:
    """End the command because stdout cannot be written."""
    _discard(sys.stdout)
    fail(f"stdout: {error.strerror}", BAD_INPUT)


def _discard(stream: TextIO) -> None:
    """Discard what is left in a stream that cannot be written: Python flushes it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def open_closed_streams() -> None:
    """Open the standard streams that were closed (``>&-``): else the first file that is opened would take their place.

    Reading stdin and writing stdout fails then. What is written to stderr is lost.
    """
    flags = {"stdin": os.O_WRONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}
    for name, flag in flags.items():
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, flag)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - stays open


def printable(text: str) -> str:
    """A text with its invisible characters escaped, so that a terminal shows them and does not obey them.

    These are line ends and other control characters (C0, DEL, C1), controls of the writing direction and other format
    characters, white space other than a space, and lone surrogates.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _printable_lines(text: str) -> str:
    return "".join(f"{printable(line)}\n" for line in text.removesuffix("\n").split("\n"))


def visible_json(text: str) -> str:
    """Lines of JSON with the same meaning, their invisible characters escaped."""
    return "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)


# --- Amounts ---------------------------------------------------------------------------------------------------------


def counted(number: int, what: str) -> str:
    """A number with its noun."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def to_the_cent(amount: float | Decimal) -> str:
    """An amount with two decimals, for people."""
    return f"{amount:z,.2f}"


def at_least_a_hundredth(number: Decimal) -> str:
    """A number with two decimals, or ``less than 0.01``."""
    return to_the_cent(number) if number >= Decimal("0.01") else "less than 0.01"


def in_euro(amount: Decimal) -> str:
    """An amount of money."""
    return f"{at_least_a_hundredth(amount) if amount > 0 else to_the_cent(amount)} euro"
