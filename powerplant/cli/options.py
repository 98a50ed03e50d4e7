"""Options that commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from powerplant.cli.words import BAD_INPUT, fail
from powerplant.planning import Options

Command = TypeVar("Command", bound=Callable[..., None])


def planning_options(command: Command) -> Command:
    """``--co2`` and ``--time-limit``, with the variables and defaults of the service."""
    co2 = click.option(
        "--co2/--no-co2",
        default=Options().co2,
        envvar="POWERPLANT_CO2",
        show_envvar=True,
        help="Whether CO2 counts in the cost.  [default: it does]",
    )
    time_limit = click.option(
        "--time-limit",
        type=float,
        default=Options().time_limit,
        callback=_above_zero,
        envvar="POWERPLANT_TIME_LIMIT",
        show_envvar=True,
        show_default=True,
        metavar="SECONDS",
        help="Seconds that the solver, or the check of a proof, may take.",
    )
    return co2(time_limit(command))


def _above_zero(_context: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    if not 0 < seconds < float("inf"):
        raise click.BadParameter("must be a number above 0")
    return seconds


def writable(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
    """Check that a file can be written before anything is computed; an error ends the command."""
    if path is None:
        return None
    if not path.parent.is_dir():
        fail(f"{path}: cannot be written: there is no folder {path.parent}", BAD_INPUT)
    if path.is_dir():
        fail(f"{path}: cannot be written: it is a folder", BAD_INPUT)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        fail(f"{path}: cannot be written: permission denied", BAD_INPUT)
    return path


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two names are those of one file, which need not exist yet; never for a device or a pipe."""
    if one.exists() and other.exists():
        return one.is_file() and one.samefile(other)
    return one.resolve() == other.resolve()
