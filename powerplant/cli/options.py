"""Options that commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from powerplant.batch.headings import FRACTION
from powerplant.cli.outputs import writable
from powerplant.formulation import GRIDS, TENTHS, Grid
from powerplant.planning import Options

MOST_SECONDS = 7 * 24 * 3600
"""Most seconds of a time limit, a week. Timers of some systems end at 49 days."""

HORIZON_TIME_LIMIT = 10.0
"""Seconds for a horizon, unless an option or a variable says otherwise."""

Command = TypeVar("Command", bound=Callable[..., None])


def refuse(faults: Mapping[str, bool]) -> None:
    """Refuse a command line by the first of these messages that holds."""
    for message, holds in faults.items():
        if holds:
            raise click.UsageError(message)


decimal_option = click.option(
    "--decimal",
    type=click.Choice(["comma", "point"]),
    help="Decimals of a table of plans.  [default: as in IN, else point]",
)


wind_option = click.option(
    "--wind",
    type=click.Choice(["percent", FRACTION]),
    default="percent",
    show_default=True,
    help="How a table gives wind: 60, or 0.6.",
)


def _choose_form(context: click.Context, parameter: click.Parameter, is_given: bool) -> None:
    """Set the parameter ``form`` to the option's name; only one such option can be given."""
    if not is_given:
        return
    if "form" in context.params:
        raise click.UsageError(f"Give --{context.params['form']} or --{parameter.name}, not both.")
    context.params["form"] = parameter.name


def form_option(name: str, help_: str) -> Callable[[Command], Command]:
    """An option that prints something other than the table."""
    return click.option(f"--{name}", is_flag=True, expose_value=False, callback=_choose_form, help=help_)


def file_option(name: str, parameter: str, help_: str) -> Callable[[Command], Command]:
    """An option that names a file to write."""
    kind = click.Path(readable=False, path_type=Path)
    return click.option(f"--{name}", parameter, type=kind, callback=writable, metavar="FILE", help=help_)


def planning_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--co2``, ``--time-limit``, ``--step`` and ``--round-load``: the command's argument ``options``.

    Variables and defaults are those of the service. A command that has ``--feasible`` finds it in ``options`` too.
    """
    seconds = "Seconds that the solver, or the check of a proof, may take."
    return _options(command, Options().time_limit, "POWERPLANT_TIME_LIMIT", seconds)


def horizon_options(command: Callable[..., None]) -> Callable[..., None]:
    """The same, with the time limit of a horizon."""
    return _options(command, HORIZON_TIME_LIMIT, "POWERPLANT_HORIZON_TIME_LIMIT", "Seconds that the search may take.")


def _options(command: Callable[..., None], most_seconds: float, variable: str, explanation: str) -> Callable[..., None]:
    @wraps(command)
    def with_options(
        *, co2: bool, time_limit: float, grid: Grid, round_load: bool, feasible: bool = False, **others: Any
    ) -> None:
        command(options=Options(co2, feasible, time_limit, grid=grid, round_load=round_load), **others)

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
        default=most_seconds,
        callback=_limited,
        envvar=variable,
        show_envvar=True,
        show_default=True,
        metavar="SECONDS",
        help=explanation,
    )
    step = click.option(
        "--step",
        "grid",
        type=click.Choice([*GRIDS]),
        default=TENTHS.step,
        callback=lambda _context, _parameter, step: GRIDS[step],
        envvar="POWERPLANT_STEP",
        show_envvar=True,
        show_default=True,
        help="MW; outputs and loads are multiples of it.",
    )
    round_load = click.option(
        "--round-load", is_flag=True, help="Plan for the nearest multiple of the step if the load is not one."
    )
    return co2(time_limit(step(round_load(with_options))))


def _limited(_context: click.Context, _parameter: click.Parameter, seconds: float) -> float:
    if not 0 < seconds <= MOST_SECONDS:
        raise click.BadParameter(f"must be a number above 0, at most {MOST_SECONDS} (a week)")
    return seconds
