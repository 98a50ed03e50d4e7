"""``powerplant horizon``: a plan for periods that depend on each other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager
from threading import Thread
from time import perf_counter
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from powerplant.batch.headings import FRACTION
from powerplant.cli.diagrams import horizon_as_table
from powerplant.cli.options import decimal_option, form_option, horizon_options, refuse, wind_option
from powerplant.cli.outputs import STDIO, check_output, is_table
from powerplant.cli.periods import Given, Output, read_tables
from powerplant.cli.sources import NAME, Source, read
from powerplant.cli.words import (
    BAD_INPUT,
    NO_PLAN,
    complain,
    counted,
    fail,
    has_colours,
    replace_line,
    say,
    say_styled,
    terminal_width,
    to_the_cent,
)
from powerplant.errors import InfeasibleHorizon, InvalidPayload, NotInstalled, OutOfTime
from powerplant.horizon.amounts import cents
from powerplant.horizon.answering import as_json
from powerplant.horizon.members import answer_of, relative_gap, schedule_of
from powerplant.horizon.planning import Better, Progress, SolvedHorizon, plan_horizon
from powerplant.horizon.reporting import report_of
from powerplant.horizon.rolling import NoWindow, Rolling
from powerplant.horizon.rows import head_of, rows_of, table_of
from powerplant.planning import Options

Result = TypeVar("Result")

INTERVAL = 0.1
"""Seconds between two updates of the progress."""

MOST_PERIODS = 10
"""Most periods without a plan that are printed; the rest are counted."""

FOR_PRICES = 1.0
"""Seconds for the prices below the diagram."""


def _time_zone(_context: click.Context, _parameter: click.Parameter, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.BadParameter("must be the name of a time zone, like Europe/Brussels") from None


def _share(_context: click.Context, _parameter: click.Parameter, share: float | None) -> float | None:
    if share is not None and not 0 <= share <= 1:
        raise click.BadParameter("must be from 0 to 1: a share of the cost")
    return share


@click.command()
@click.argument("names", metavar="[FILE] [OUT]", nargs=-1, type=NAME)
@form_option("json", "Print the service's answer, byte for byte.")
@form_option("report", "Print the service's report (JSON), byte for byte.")
@form_option("csv", "Print a row for each period, as CSV.")
@click.option(
    "--hours", type=NAME, metavar="TABLE", callback=read, help="A table of hours in place of FILE: CSV or .xlsx."
)
@click.option(
    "--fleet", type=NAME, metavar="FILE", callback=read, help="All but the hours: a payload, or a table of plants."
)
@click.option(
    "--timezone",
    "zone",
    default="UTC",
    show_default=True,
    callback=_time_zone,
    metavar="NAME",
    help="Time zone of times in TABLE without an offset, like Europe/Brussels.",
)
@wind_option
@decimal_option
@click.option("--overwrite", is_flag=True, help="Replace OUT if it has content.")
@click.option(
    "--gap",
    type=float,
    callback=_share,
    metavar="SHARE",
    help="Gap between cost and bound at which to stop, as a share of the cost. It replaces relative_gap.",
)
@click.option(
    "--end", type=int, metavar="PERIOD", help="With --report: the state of the plants after this period, from 1."
)
@click.option(
    "--roll", type=click.IntRange(min=1), metavar="PERIODS", help="Plan in windows, and keep this many periods of each."
)
@click.option(
    "--look-ahead", type=click.IntRange(min=0), metavar="PERIODS", help="Further periods of a window.  [default: 0]"
)
@click.option("--threads", type=click.Choice(["1", "2"]), default="2", help="With 1, the plan is the same each time.")
@horizon_options
@click.pass_context
def horizon(
    context: click.Context,
    names: tuple[str, ...],
    hours: Source | None,
    fleet: Source | None,
    zone: ZoneInfo,
    wind: str,
    decimal: str | None,
    overwrite: bool,
    gap: float | None,
    end: int | None,
    roll: int | None,
    look_ahead: int | None,
    threads: str,
    options: Options,
    form: str | None = None,
) -> None:
    """Print the best plan for the periods in FILE, in which plants start, run, ramp and hold reserve.

    load is a list with a number for each period. By default the plan is a diagram: for each plant, how much it
    produces in each period. A terminal shows the progress of the search. If OUT is given, the plan is written there: as
    a table with a row for each period if its name ends in .csv, .tsv or .xlsx, else as the service's answer.

    With --hours, loads, prices and profiles are in a table with a row for each period, whose column start has the time
    at which the period starts. All other members are in the file of --fleet. With --roll, a long horizon is planned in
    windows.

    \b
    Examples:
      powerplant horizon day.json
      powerplant horizon day.json --time-limit 60 --gap 0.0005
      powerplant horizon day.json --report > report.json
      powerplant horizon --hours hours.csv --fleet fleet.csv plan.csv
      powerplant horizon --roll 24 --look-ahead 12 --hours year.csv --fleet fleet.csv plan.csv
    """  # noqa: D301 - click wants the character itself
    file, out = _files(context, names, hours)
    form = form or _usual_form(out, rolls=roll is not None)
    refuse(
        {
            "--fleet and --timezone are for --hours.": hours is None and (fleet is not None or zone.key != "UTC"),
            "--end needs --report.": end is not None and form != "report",
            "--look-ahead needs --roll.": bool(look_ahead) and not roll,
            "--report is for a horizon that is planned at once, without --roll.": bool(roll) and form == "report",
            "--decimal is for a table of plans.": bool(decimal) and form != "csv",
            f"{out} is the name of a table, and --{form} prints JSON.": is_table(out) and form != "csv",
        }
    )
    check_output(out, [each.argument for each in (file, hours, fleet) if each], overwrite=overwrite)
    output = Output(out, form, decimal)
    given = _given(file, hours, fleet, zone, is_fraction=wind == FRACTION, co2=options.co2)
    if end is not None and not 1 <= end <= len(given.horizon.load):
        raise click.BadParameter(f"must be a period, from 1 to {len(given.horizon.load)}", param_hint="'--end'")
    if gap is not None:
        given = given._replace(horizon=given.horizon._replace(relative_gap=gap))
    if roll:
        _roll(given, options, int(threads), roll, look_ahead or 0, output)
        return
    _write(_solve(given, options, int(threads)), given, options, output, end)


# --- Arguments -------------------------------------------------------------------------------------------------------


def _files(context: click.Context, names: Sequence[str], hours: Source | None) -> tuple[Source | None, str]:
    """The file with the payload (``None`` with ``--hours``), and the name of the file for the plan."""
    if not names and hours is None:
        raise click.UsageError("Missing argument 'FILE'.")
    file = read(context, None, names[0]) if hours is None else None
    rest = names if file is None else names[1:]
    if len(rest) > 1:
        raise click.UsageError(f"Got unexpected extra argument ({rest[1]})")
    return file, rest[0] if rest else STDIO


def _usual_form(out: str, *, rolls: bool) -> str | None:
    """The form of the plan if no option names one; ``None`` is the diagram."""
    if out == STDIO:
        return "csv" if rolls else None
    return "csv" if is_table(out) else "json"


def _given(
    file: Source | None, hours: Source | None, fleet: Source | None, zone: ZoneInfo, *, is_fraction: bool, co2: bool
) -> Given:
    """The payload, in one file or in tables. Members that are not used are printed."""
    if hours is not None:
        given = read_tables(hours, fleet, zone, is_fraction=is_fraction, co2=co2)
    else:
        assert file is not None  # noqa: S101 - one of both is given
        given = Given(file.name, file.horizon(co2=co2))
    for place, detail in given.horizon.ignored:
        complain(f"{given.fleet or given.name}: {place.removeprefix('#')} {detail}")
    return given


# --- Planning --------------------------------------------------------------------------------------------------------


def _solve(given: Given, options: Options, threads: int) -> SolvedHorizon:
    """The best plan for a horizon. If there is none, the command ends with a message."""
    with _errors_as_messages(given):
        return _with_progress(lambda note: plan_horizon(given.horizon, options, note, threads=threads))


def _write(solved: SolvedHorizon, given: Given, options: Options, output: Output, end: int | None) -> None:
    """Write the plan in its form, or print the diagram."""
    if output.form is None:
        report = report_of(solved, co2=options.co2, time_limit=FOR_PRICES)
        is_coloured, hours_of_period = has_colours(sys.stdout), float(solved.instance.hours)
        table = horizon_as_table(report, terminal_width(sys.stdout), hours_of_period, coloured=is_coloured)
        (say_styled if is_coloured else say)(table)
        return
    with output.opened() as file:
        if output.form == "csv":
            file.write(table_of(solved, *given.written(solved.instance, output), FOR_PRICES))
        elif output.form == "json":
            file.write(as_json(answer_of(solved)))
        else:
            file.write(as_json(report_of(solved, co2=options.co2, end=end, time_limit=options.time_limit)))


def _roll(given: Given, options: Options, threads: int, keep: int, ahead: int, output: Output) -> None:
    """Plan in windows, and write the kept periods of each. If a window has no plan, those before it stay written."""
    with _errors_as_messages(given):
        rolling = Rolling(given.horizon, options, keep, ahead, threads=threads)
    layout, labels = given.written(rolling.instance, output)
    start, windows, count, worst = perf_counter(), rolling.windows(), 0, 0.0
    failure: NoWindow | None = None
    is_csv = output.form == "csv"
    with output.opened() as file:
        if is_csv:
            file.write(head_of(rolling.instance, layout))
        try:
            while window := _with_progress(lambda _: next(windows, None), f"{rolling.planned:,} periods planned"):
                kept = labels[rolling.planned - window.kept : rolling.planned]
                if is_csv:
                    file.write(b"".join(rows_of(window.solved, layout, kept, FOR_PRICES)))
                    file.flush()
                count, worst = count + 1, max(worst, relative_gap(window.solved))
        except NoWindow as error:
            failure = error
        if rolling.planned:
            instance, plan, cost = rolling.schedule()
            if not is_csv:
                file.write(as_json({"status": "rolled", "cost": cents(cost), **schedule_of(instance, plan)}))
            seconds, gap = perf_counter() - start, f"{100 * worst:.3f} %"
            complain(f"{rolling.planned:,} periods in {counted(count, 'window')}, planned in {seconds:,.1f} s.")
            complain(f"The plan costs {to_the_cent(float(cost))} euro; the largest gap of a window is {gap}.")
    if failure is not None:
        kept = f" The {rolling.planned:,} periods before it are written." if rolling.planned else ""
        fail(f"{given.name}: {failure}{kept}", NO_PLAN)


@contextmanager
def _errors_as_messages(given: Given) -> Iterator[None]:
    """End the command with a message if there is no plan."""
    try:
        yield
    except InvalidPayload as error:
        given.print_faults(error.faults)
        sys.exit(BAD_INPUT)
    except InfeasibleHorizon as error:
        complain(f"{given.name}: {error}")
        for period in error.periods[1:MOST_PERIODS]:
            complain(f"{given.name}: {period['detail']}")
        if len(error.periods) > MOST_PERIODS:
            complain(f"{given.name}: {len(error.periods) - MOST_PERIODS} more periods lack something.")
        sys.exit(NO_PLAN)
    except OutOfTime as error:
        fail(f"{given.name}: {error} Try a larger --time-limit.", NO_PLAN)
    except NotInstalled as error:
        fail(f"{given.name}: {error}", BAD_INPUT)


def _with_progress(plan: Callable[[Progress], Result], label: str = "") -> Result:
    """Plan in a thread, so that Ctrl-C ends the command at once. A terminal shows the progress."""
    result, found, start = Future[Result](), list[Better](), perf_counter()

    def work() -> None:
        try:
            result.set_result(plan(found.append))
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the command
            result.set_exception(error)

    Thread(target=work, daemon=True).start()
    shows = sys.stderr.isatty()
    while not wait([result], INTERVAL).done:
        if shows:
            replace_line(label or _progress(found[-1] if found else None, perf_counter() - start))
    if shows:
        replace_line("")
    return result.result()


def _progress(better: Better | None, seconds: float) -> str:
    """Seconds, cost, bound and gap, as far as they are known and fit the terminal."""
    cost, bound = (None, None) if better is None else (better.cost, better.bound)
    parts = [f"{seconds:,.0f} s"]
    if cost is not None:
        parts.append(f"cost {to_the_cent(float(cost))}")
    if bound is not None:
        parts.append(f"bound {to_the_cent(bound)}")
    if cost is not None and bound is not None:
        parts.append(f"gap {100 * (float(cost) - bound) / max(abs(float(cost)), 1.0):.3f} %")
    return "  ".join(parts)[: (terminal_width(sys.stderr) or 1) - 1]
