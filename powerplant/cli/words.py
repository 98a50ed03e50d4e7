"""What the commands have to say: what went wrong, how many, and how much money."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from typing import NoReturn

import click

NO_PLAN, BAD_INPUT = 1, 2
"""Exit codes: no plan, or a plan or proof that is wrong; input that cannot be read or is not valid."""


def say(answer: str | bytes) -> None:
    """Print what was asked for: a line, or an answer as it is. Where stdout takes no more, that ends the command."""
    is_line = isinstance(answer, str)
    if isinstance(answer, bytes) and sys.stdout.isatty():
        # Only a terminal: a file or a pipe gets UTF-8, and no other line ends, whatever the system is used to.
        answer = answer.decode()
    try:
        click.echo(answer, nl=is_line)
    except BrokenPipeError:  # whoever reads has enough: click knows what to do
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is left at the end
        fail(f"stdout: {error.strerror}", BAD_INPUT)


def complain(message: str) -> None:
    """Say what is wrong."""
    click.echo(printable(message), err=True)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong, and end with this exit code."""
    complain(message)
    sys.exit(code)


def printable(text: str) -> str:
    """A text with what is no visible character written out: no line ends, no commands to a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def counted(number: int, what: str) -> str:
    """So many of something."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def to_the_cent(amount: float | Decimal) -> str:
    """An amount for people, to the cent."""
    return f"{amount:z,.2f}"


def at_least_a_hundredth(number: Decimal) -> str:
    """A number to the hundredth, and never nothing where there is something."""
    return to_the_cent(number) if number >= Decimal("0.01") else "less than 0.01"


def in_euro(amount: Decimal) -> str:
    """An amount of money."""
    return f"{at_least_a_hundredth(amount) if amount > 0 else to_the_cent(amount)} euro"
