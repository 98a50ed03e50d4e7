"""What commands print: results, messages, and amounts."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from typing import NoReturn

import click

NO_PLAN, BAD_INPUT = 1, 2
"""Exit codes: no plan, or a wrong plan or proof; input that cannot be read or is not valid."""


def say(answer: str | bytes) -> None:
    """Print a result: a line, or bytes unchanged. An error of stdout ends the command."""
    is_line = isinstance(answer, str)
    if isinstance(answer, bytes) and sys.stdout.isatty():
        # Only on a terminal: a file or a pipe gets UTF-8 with the same line ends on every system.
        answer = answer.decode()
    try:
        click.echo(answer, nl=is_line)
    except BrokenPipeError:  # the reader has closed the pipe; click handles this
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        fail(f"stdout: {error.strerror}", BAD_INPUT)


def complain(message: str) -> None:
    """Print a message to stderr."""
    click.echo(printable(message), err=True)


def fail(message: str, code: int) -> NoReturn:
    """Print a message to stderr, and exit with this code."""
    complain(message)
    sys.exit(code)


def printable(text: str) -> str:
    """A text with its invisible characters escaped: no line ends, no control codes for the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
