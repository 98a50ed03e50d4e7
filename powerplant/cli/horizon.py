"""``powerplant horizon``: a plan for periods that depend on each other, whose payload is JSON or tables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import BinaryIO, NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from powerplant.batch.headings import FRACTION
from powerplant.cli.diagrams import horizon_as_table
from powerplant.cli.options import decimal_option, form_option, horizon_options, refuse, wind_option
from powerplant.cli.outputs import STDIO, as_named, check_output, check_writable, is_table, opened
from powerplant.cli.sources import (
    MAX_CELLS,
    MAX_ITEMS,
    Source,
    hours_and_fleet,
    named,
    print_faults,
    print_ignored,
    print_notes,
    read_file,
    read_workbook,
    source_option,
)
from powerplant.cli.words import (
    NO_PLAN,
    complain,
    counted,
    fail,
    has_colours,
    replace_line,
    say,
    say_csv,
    say_json,
    say_styled,
    terminal_width,
    to_the_cent,
)
from powerplant.errors import Fault
from powerplant.horizon.amounts import cents
from powerplant.horizon.answering import as_json
from powerplant.horizon.decoding import decode
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.members import answer_of, relative_gap, schedule_of
from powerplant.horizon.models import Horizon
from powerplant.horizon.planning import Better, Progress, SolvedHorizon, plan_horizon
from powerplant.horizon.reporting import report_of
from powerplant.horizon.rolling import NoWindow, Rolling
from powerplant.horizon.rows import head_of, labelled, rows_of, table_of
from powerplant.horizon.tables import Periods, read_fleet
from powerplant.planning import Options
from powerplant.rows import Layout, Value

Result = TypeVar("Result")

INTERVAL = 0.1
"""Seconds between two updates of the progress."""

FOR_PRICES = 1.0
"""Seconds for the prices below the diagram."""


# --- Files -----------------------------------------------------------------------------------------------------------


class Output(NamedTuple):
    """Where a plan goes.

    Attributes:
        name: of the file; ``-`` is stdout.
        form: ``csv``, ``json`` or ``report``; ``None`` is the diagram.
        decimal: the decimal sign of a table, if the user chose one.
    """

    name: str
    form: str | None
    decimal: str | None

    def opened(self) -> AbstractContextManager[BinaryIO]:
        """The file, opened for a plan that is not a diagram."""
        return opened(self.name, say_csv if self.form == "csv" else say_json)


class Files(NamedTuple):
    """The files of a payload.

    Attributes:
        name: of the payload, or of its table of hours, in messages.
        periods: the table of hours, if there is one.
        fleet: the name of the file with all else.
    """

    name: str
    periods: Periods | None = None
    fleet: str = ""

    def print_faults(self, name: str, faults: Sequence[Fault]) -> None:
        """Print faults of the payload, each with the name of its file."""
        of_table, of_fleet = (faults, []) if self.periods is None else self.periods.in_words(faults)
        print_faults(name, of_table)
        print_faults(self.fleet, of_fleet)

    def written(self, instance: HorizonInstance, output: Output) -> tuple[Layout, Sequence[Sequence[Value]]]:
        """How a table of the plan is written, and what says which period a row is."""
        periods = self.periods
        layout, labels = labelled(instance) if periods is None else (periods.layout, periods.labels)
        name = "plan.csv" if output.name == STDIO else output.name
        return as_named(layout, name, output.decimal), labels


def read_tables(
    hours: Source, fleet: Source | None, zone: ZoneInfo, *, is_fraction: bool, co2: bool
) -> tuple[Files, Horizon]:
    """The payload in a table of hours and a fleet; wrong files end the command with a message."""
    content, fleet = hours_and_fleet(hours.name, hours.decoded(bytes), fleet)
    rest = fleet.decoded(partial(read_fleet, read=read_workbook))
    with named(hours.name):
        periods = Periods(content, rest, zone, is_fraction=is_fraction)
    print_notes(fleet.name, rest.notes)
    print_notes(hours.name, periods.notes)
    files = Files(hours.name, periods, fleet.name)
    with named(hours.name, show=files.print_faults):
        return files, decode(periods.content, co2=co2, max_plants=MAX_ITEMS, max_cells=MAX_CELLS)


# --- The command -----------------------------------------------------------------------------------------------------


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
@click.argument("names", metavar="[FILE] [OUT]", nargs=-1)
@form_option("json", "Print the service's answer, byte for byte.")
@form_option("report", "Print the service's report (JSON), byte for byte.")
@form_option("csv", "Print a row for each period, as CSV.")
@source_option("hours", "A table of hours in place of FILE: CSV or .xlsx.", metavar="TABLE")
@source_option("fleet", "All but the hours: a payload, or a table of plants.")
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
    source, out = _files(context, names, hours)
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
    check_output(out, [each.argument for each in (source, fleet) if each], overwrite=overwrite)
    if out != STDIO:
        check_writable(Path(out))
    output = Output(out, form, decimal)
    if hours is not None:
        files, payload = read_tables(hours, fleet, zone, is_fraction=wind == FRACTION, co2=options.co2)
    else:
        files, payload = Files(source.name), source.horizon(co2=options.co2)
    print_ignored(files.fleet or files.name, payload.ignored)
    if end is not None and not 1 <= end <= len(payload.load):
        raise click.BadParameter(f"must be a period, from 1 to {len(payload.load)}", param_hint="'--end'")
    if gap is not None:
        payload = payload._replace(relative_gap=gap)
    with named(files.name, show=files.print_faults):
        if not roll:
            solved = _with_progress(lambda note: plan_horizon(payload, options, note, threads=int(threads)))
            _write(solved, files, options, output, end)
            return
        rolling = Rolling(payload, options, roll, look_ahead or 0, threads=int(threads))
    _roll(rolling, files, output)


def _files(context: click.Context, names: Sequence[str], hours: Source | None) -> tuple[Source, str]:
    """The payload or its table of hours, and the name of the file for the plan."""
    refuse({"Missing argument 'FILE'.": not names and hours is None})
    source, rest = (read_file(context, names[0]), names[1:]) if hours is None else (hours, names)
    if len(rest) > 1:
        raise click.UsageError(f"Got unexpected extra argument ({rest[1]})")
    return source, rest[0] if rest else STDIO


def _usual_form(out: str, *, rolls: bool) -> str | None:
    """The form of the plan if no option names one; ``None`` is the diagram."""
    if out == STDIO:
        return "csv" if rolls else None
    return "csv" if is_table(out) else "json"


# --- The plan --------------------------------------------------------------------------------------------------------


def _write(solved: SolvedHorizon, files: Files, options: Options, output: Output, end: int | None) -> None:
    """Write the plan in its form, or print the diagram."""
    if output.form is None:
        report = report_of(solved, co2=options.co2, time_limit=FOR_PRICES)
        is_coloured, hours_of_period = has_colours(sys.stdout), float(solved.instance.hours)
        table = horizon_as_table(report, terminal_width(sys.stdout), hours_of_period, coloured=is_coloured)
        (say_styled if is_coloured else say)(table)
        return
    with output.opened() as file:
        if output.form == "csv":
            file.write(table_of(solved, *files.written(solved.instance, output), FOR_PRICES))
        elif output.form == "json":
            file.write(as_json(answer_of(solved)))
        else:
            file.write(as_json(report_of(solved, co2=options.co2, end=end, time_limit=options.time_limit)))


def _roll(rolling: Rolling, files: Files, output: Output) -> None:
    """Plan in windows, and write the kept periods of each. If a window has no plan, those before it stay written."""
    layout, labels = files.written(rolling.instance, output)
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
        written = f" The {rolling.planned:,} periods before it are written." if rolling.planned else ""
        fail(f"{files.name}: {failure}{written}", NO_PLAN)


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
