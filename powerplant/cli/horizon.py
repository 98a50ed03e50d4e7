"""``powerplant horizon``: a plan for periods that depend on each other."""

from __future__ import annotations

import sys
from threading import Thread
from time import perf_counter

import click

from powerplant.cli.diagrams import horizon_as_table
from powerplant.cli.options import horizon_options
from powerplant.cli.outputs import STDIO, keep_apart
from powerplant.cli.plan import form_option
from powerplant.cli.sources import NAME, Source, read
from powerplant.cli.words import (
    BAD_INPUT,
    NO_PLAN,
    complain,
    fail,
    replace_line,
    say,
    say_json,
    terminal_width,
    to_the_cent,
)
from powerplant.errors import InfeasibleHorizon, InvalidPayload, NotInstalled, OutOfTime
from powerplant.formulation import Grid
from powerplant.horizon.answering import as_json
from powerplant.horizon.members import answer_of
from powerplant.horizon.models import Horizon
from powerplant.horizon.planning import Better, SolvedHorizon, plan_horizon
from powerplant.horizon.reporting import report_of
from powerplant.planning import Options

INTERVAL = 0.1
"""Seconds between two updates of the progress."""

MOST_PERIODS = 10
"""Most periods without a plan that are printed; the rest are counted."""

FOR_PRICES = 1.0
"""Seconds for the prices below the diagram."""


@click.command()
@click.argument("file", type=NAME, callback=read)
@form_option("json", "Print the service's answer, byte for byte.")
@form_option("report", "Print the service's report (JSON), byte for byte.")
@click.option(
    "--gap",
    type=float,
    metavar="SHARE",
    help="Gap between cost and bound at which to stop, as a share of the cost. It takes the place of relative_gap.",
)
@click.option(
    "--end", type=int, metavar="PERIOD", help="In a report: the state of the plants after this period, from 1."
)
@click.option("--threads", type=click.Choice(["1", "2"]), default="2", help="With 1, the plan is the same each time.")
@horizon_options
def horizon(
    file: Source,
    gap: float | None,
    end: int | None,
    threads: str,
    co2: bool,
    time_limit: float,
    grid: Grid,
    round_load: bool,
    form: str | None = None,
) -> None:
    """Print the best plan for the periods in FILE, in which plants start, run, ramp and hold reserve.

    load is a list with a number for each period. By default the plan is a diagram: for each plant, how much it
    produces in each period. A terminal shows the progress meanwhile.

    \b
    Examples:
      powerplant horizon day.json
      powerplant horizon day.json --time-limit 60 --gap 0.0005
      powerplant horizon day.json --report > report.json
    """  # noqa: D301 - click wants the character itself
    keep_apart([file.argument], [STDIO])
    if gap is not None and not 0 <= gap <= 1:
        raise click.BadParameter("must be from 0 to 1: a share of the cost", param_hint="'--gap'")
    if end is not None and form != "report":
        raise click.UsageError("--end needs --report.")
    payload = file.horizon(co2=co2)
    if end is not None and not 1 <= end <= len(payload.load):
        raise click.BadParameter(f"must be a period, from 1 to {len(payload.load)}", param_hint="'--end'")
    for place, detail in payload.ignored:
        complain(f"{file.name}: {place.removeprefix('#')} {detail}")
    if gap is not None:
        payload = payload._replace(relative_gap=gap)
    options = Options(co2, time_limit=time_limit, grid=grid, round_load=round_load)
    solved = solve(file, payload, options, int(threads))
    if form == "json":
        say_json(as_json(answer_of(solved)))
    elif form == "report":
        say_json(as_json(report_of(solved, co2=co2, end=end, time_limit=time_limit)))
    else:
        report = report_of(solved, co2=co2, time_limit=FOR_PRICES)
        say(horizon_as_table(report, terminal_width(sys.stdout), float(solved.instance.hours)))


def solve(file: Source, payload: Horizon, options: Options, threads: int = 2) -> SolvedHorizon:
    """The best plan for a horizon; without one the command ends with a message."""
    try:
        return _with_progress(payload, options, threads)
    except InvalidPayload as error:
        for fault in error.faults:
            complain(f"{file.name}: {fault.pointer.removeprefix('#')} {fault.detail}")
        sys.exit(BAD_INPUT)
    except InfeasibleHorizon as error:
        complain(f"{file.name}: {error}")
        for period in error.periods[1:MOST_PERIODS]:
            complain(f"{file.name}: {period['detail']}")
        if len(error.periods) > MOST_PERIODS:
            complain(f"{file.name}: {len(error.periods) - MOST_PERIODS} more periods lack something.")
        sys.exit(NO_PLAN)
    except OutOfTime as error:
        fail(f"{file.name}: {error} Try a larger --time-limit.", NO_PLAN)
    except NotInstalled as error:
        fail(f"{file.name}: {error}", BAD_INPUT)


def _with_progress(payload: Horizon, options: Options, threads: int) -> SolvedHorizon:
    """Solve in a thread, so that Ctrl-C ends the command at once; show the progress on a terminal."""
    results: list[SolvedHorizon] = []
    errors: list[BaseException] = []
    now: list[Better] = []

    def work() -> None:
        try:
            results.append(plan_horizon(payload, options, now.append, threads=threads))
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the command
            errors.append(error)

    thread = Thread(target=work, daemon=True)
    start = perf_counter()
    shows = sys.stderr.isatty()
    thread.start()
    while thread.is_alive():
        thread.join(INTERVAL)
        if shows:
            _show(now[-1] if now else None, perf_counter() - start)
    if shows:
        replace_line("")
    if errors:
        raise errors[0]
    return results[0]


def _show(better: Better | None, seconds: float) -> None:
    """Print the progress over that of before: seconds, cost, bound, gap."""
    parts = [f"{seconds:,.0f} s"]
    if better is not None and better.cost is not None:
        parts.append(f"cost {to_the_cent(float(better.cost))}")
    if better is not None and better.bound is not None:
        parts.append(f"bound {to_the_cent(better.bound)}")
    if better is not None and better.cost is not None and better.bound is not None:
        parts.append(f"gap {100 * (float(better.cost) - better.bound) / max(abs(float(better.cost)), 1.0):.3f} %")
    line = "  ".join(parts)[: (terminal_width(sys.stderr) or 1) - 1]
    replace_line(line)
