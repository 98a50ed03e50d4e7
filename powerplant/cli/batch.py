"""``powerplant batch``: a file of payloads, or a table of hours, to a file of plans.

Its input is lines of JSON, a table, a workbook, or JSON that spans lines.
"""

from __future__ import annotations

import gzip
import os
import re
import signal
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import closing, contextmanager
from importlib.util import find_spec
from io import BytesIO
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import click

from powerplant.batch.documents import Peeked, form_of, read_documents
from powerplant.batch.fleets import read_fleet
from powerplant.batch.headings import FRACTION
from powerplant.batch.planner import Rules, plants_of
from powerplant.batch.reading import Chunk, InvalidInput, Line, read_chunks, read_whole
from powerplant.batch.resuming import CannotResume, Results, checkpoint_of, files_beside
from powerplant.batch.running import in_order
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import SEPARATED_BY
from powerplant.batch.tally import Tally
from powerplant.batch.workbooks import BEGIN
from powerplant.cli import INTERRUPTED, progress
from powerplant.cli.options import decimal_option, file_option, planning_options, refuse, wind_option
from powerplant.cli.outputs import STDIO, as_named, check_output, is_resumable, is_table, is_workbook, opened
from powerplant.cli.sources import (
    MAX_BYTES,
    MAX_CELLS,
    MAX_ITEMS,
    MOST_MEMORY,
    STDIN,
    Source,
    hours_and_fleet,
    named,
    print_faults,
    print_notes,
    source_option,
)
from powerplant.cli.totals import print_totals, write_totals
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, describe, fail
from powerplant.errors import InvalidPayload
from powerplant.planning import Options
from powerplant.rows import Layout
from powerplant.workers import Workers

if TYPE_CHECKING:
    from powerplant.batch.cluster import Cluster


MOST_OF_A_TABLE = 64 * 1024 * 1024
"""Most bytes of a table, or of JSON that spans lines: they are read as a whole. A table of a year has 300 KB."""

MOST_PAYLOADS = 1_000_000
"""Most payloads of a list: their places are in memory. A year of quarter-hours has 35 040."""

MOST_SHOWN = 40
"""Most characters of an input that a message shows."""

MAX_PROCESSES = 1024
"""Most processes that plan: more are a slip, and would stop the machine."""


ADDRESS = re.compile(r"(tcp|tls|wss?)://\S+")
"""The address of a scheduler."""


# --- The input -------------------------------------------------------------------------------------------------------


class Input:
    """A file, or stdin: a stream of its content, uncompressed.

    Attributes:
        size: its bytes; 0 if unknown.
    """

    def __init__(self, name: str) -> None:
        self._name, self.size = "stdin" if name == STDIO else name, 0
        self._file: BinaryIO | None = None
        self._read: Callable[[int], bytes]
        if name == STDIO:
            # Without its buffer: a thread that waits for a line would hold its lock, which Python needs to exit.
            self._read = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer).read  # in tests, bytes in memory
            return
        self._file = file = Path(name).open("rb")  # noqa: SIM115 - see close
        self.size = os.fstat(file.fileno()).st_size
        self._read = gzip.GzipFile(fileobj=file).read1 if name.endswith(".gz") else file.read1

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end."""
        try:
            return self._read(size)
        except OSError as error:
            error.filename = self._name  # an error of the output has none
            raise

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class Given(NamedTuple):
    """The lines of a batch.

    Attributes:
        chunks: the lines.
        fleet: the fleet that they share, unless it is their first line.
        total: how many they are, if that is known.
        notes: remarks for the user, in sentences.
        table: how a table of hours is written, if they are one.
    """

    chunks: Iterator[Chunk]
    fleet: Line | None
    total: int | None = None
    notes: Sequence[str] = ()
    table: Layout | None = None

    def layout(self, rules: Rules) -> tuple[Layout, Given]:
        """How a table of their plans is written, and the lines again."""
        if self.table is not None:
            return self.table, self
        first = next(self.chunks, Chunk([]))
        again = chain([first] if first.lines else [], self.chunks)
        return Layout(plants=plants_of(first, rules)), self._replace(chunks=again)


def read_batch(
    source: Input, name: str, fleet: Source | None, rules: Rules, *, is_csv: bool, is_fraction: bool
) -> Given:
    """Read lines as they come, and a table, a workbook or JSON that spans lines as a whole.

    Raises:
        InvalidInput: it is not a batch.
        InvalidPayload: its hours, or the fleet beside them, are not valid.
    """
    peeked = Peeked(source)
    form = "table" if peeked.head.startswith(BEGIN) else form_of(peeked.head, is_table=is_csv or is_table(name))
    if form == "other":
        begins = peeked.head.decode(errors="replace").strip().splitlines()[0][:MOST_SHOWN].strip()
        needs = f"a table needs a first line that names its columns, with load among them, separated by {SEPARATED_BY}"
        raise InvalidInput(0, f"this is neither JSON nor a table of hours, it begins with `{begins}`; {needs}")
    if form == "table":
        content, fleet = hours_and_fleet(name, read_whole(peeked, MOST_OF_A_TABLE), fleet)
        return _read_table(content, fleet, rules, is_fraction=is_fraction)
    if is_fraction:
        raise click.UsageError("--wind is for a table of hours; in JSON, wind(%) is per cent.")
    shared = None if fleet is None else fleet.fleet()
    if form == "lines":
        return Given(read_chunks(peeked, MAX_BYTES, shared), shared)
    content = read_whole(peeked, MOST_OF_A_TABLE)
    limits = {"max_line": rules.max_line, "max_plants": rules.max_plants, "most": MOST_PAYLOADS}
    documents = read_documents(content, **limits, fleet=shared)
    if documents is None:
        return Given(read_chunks(BytesIO(content), MAX_BYTES, shared), shared)
    return Given(documents.chunks(), documents.fleet, len(documents.lines))


def _read_table(content: bytes, fleet: Source, rules: Rules, *, is_fraction: bool) -> Given:
    line = fleet.fleet()
    shared = read_fleet(line, rules.options.grid, max_plants=rules.max_plants)
    try:
        hours = Hours(content, line, shared, co2=rules.options.co2, is_fraction=is_fraction)
    except InvalidPayload as error:  # a price beside the plants
        print_faults(fleet.name, error.faults)
        sys.exit(BAD_INPUT)
    return Given(hours.chunks(), line, hours.count, hours.notes, hours.layout)


# --- The command -----------------------------------------------------------------------------------------------------


@click.command()
@click.argument("payloads", metavar="IN")
@click.argument("plans", metavar="[OUT]", default=STDIO)
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_PROCESSES),
    metavar="N",
    help="Processes that plan.  [default: one for each processor]",
)
@source_option("fleet", "Power plants for lines without any: JSON, CSV or .xlsx.")
@click.option("--csv", "is_csv", is_flag=True, help="IN is a table of hours, whatever its name and its first line.")
@wind_option
@decimal_option
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it has content.")
@click.option("--cluster", metavar="ADDRESS", help="Plan on the Dask cluster of this scheduler.")
@file_option("summary", "summary", "Also write the totals to a file, as JSON.")
@click.option("--feasible", is_flag=True, help="Accept the best plan found when the time for a line is over.")
@planning_options
@click.pass_context
def batch(
    context: click.Context,
    payloads: str,
    plans: str,
    workers: int | None,
    fleet: Source | None,
    is_csv: bool,
    wind: str,
    decimal: str | None,
    resume: bool,
    overwrite: bool,
    cluster: str | None,
    summary: Path | None,
    options: Options,
) -> None:
    """Plan each line of IN, and write the answers to OUT in the same order.

    IN is newline-delimited JSON: one payload a line. If its first line has only power plants, or with --fleet, the
    other lines need only load and fuels. A JSON list of payloads works too, and {"powerplants": [...], "hours": [...]}.
    With --fleet, IN can also be a table of hours (CSV): its first line names the columns, load and the fuels as in
    payloads; prices that are the same in every hour can stand in the fleet's file. A workbook (.xlsx) has its hours in
    the sheet hours or the first one, and may have the fleet in the sheet fleet. A name that ends in .gz is a compressed
    file; - is stdin or stdout.

    An answer is {"line": 1, "plan": [...], "cost": 24976.36} or {"line": 2, "problem": {...}}. If OUT ends in .csv or
    .xlsx, it is a row with load, status, reason, cost, price_up, co2_emitted and the output of each plant. Totals go to
    stderr.

    \b
    Examples:
      powerplant batch payloads.jsonl plans.jsonl
      powerplant batch year.csv plans.csv --fleet fleet.csv
      powerplant batch payloads.jsonl plans.jsonl --resume
      zcat payloads.jsonl.gz | powerplant batch - | jq .cost

    \b
    Exit codes:
      0    every line has a plan
      1    some line has a problem
      2    a file cannot be read or written, or the command line is wrong
      130  Ctrl-C stopped it
    """  # noqa: D301 - click wants the character itself
    refuse(
        {
            "Only one of the files can be stdin.": payloads == STDIO and STDIN in context.meta,
            "Invalid value for '--cluster': must be the address of a scheduler, like tcp://host:8786": (
                cluster is not None and not ADDRESS.fullmatch(cluster)
            ),
            "--workers is for this machine; a --cluster has its own workers.": bool(cluster and workers),
            "Give --resume or --overwrite, not both.": resume and overwrite,
            "--decimal is for a table of plans: name OUT .csv.": (
                decimal is not None and (not is_table(plans) or is_workbook(plans))
            ),
        }
    )
    beside = files_beside(Path(plans)) if plans != STDIO else []
    inputs = [payloads] if fleet is None else [payloads, fleet.argument]
    check_output(plans, inputs, [*beside, *([summary] if summary else [])], overwrite=overwrite, resume=resume)
    rules = Rules(options, MAX_ITEMS, MAX_BYTES, max_cells=MAX_CELLS)
    name = STDIN if payloads == STDIO else payloads
    start = perf_counter()
    with _errors_as_messages(name, plans), named(name), closing(Input(payloads)) as source:
        given = read_batch(source, name, fleet, rules, is_csv=is_csv, is_fraction=wind == FRACTION)
        if is_table(plans):
            layout, given = given.layout(rules)
            rules = rules._replace(layout=as_named(layout, plans, decimal))
        print_notes(name, given.notes)
        with closing(_workers(cluster, workers)) as pool:
            tally = _plan(source, name, given, plans, pool, rules, resume=resume)
    seconds = perf_counter() - start
    print_totals(tally, seconds)
    if _hides_notes(plans):
        print_notes(name, given.notes)
    if summary:
        write_totals(tally, seconds, given.notes, summary)
    sys.exit(NO_PLAN if tally.problems else 0)


def _plan(
    source: Input, name: str, given: Given, plans: str, pool: Workers | Cluster, rules: Rules, *, resume: bool
) -> Tally:
    """Plan the lines and write their answers."""
    chunks, read = given.chunks, None if given.total else lambda: source.position
    with opened(plans, keeps=is_resumable(plans)) as file:
        path = Path(plans) if is_resumable(plans) and Path(plans).is_file() else None
        results = Results(file, path, rules, given.fleet)
        if resume:
            chunks = results.resume(chunks)
        else:
            results.begin()
        with (
            closing(in_order(chunks, pool, rules)) as parts,
            progress.shown(given.total or source.size, read, hidden=_hides_notes(plans)) as show,
        ):
            for chunk, answered in parts:
                results.write(chunk, answered)
                show(results.tally.lines)
                for line, traceback in answered.bugs:
                    complain(f"{name}:{line.number}: a bug of this program, not a fault of the line:")
                    describe(traceback)
        results.finish()
    return results.tally


def _hides_notes(plans: str) -> bool:
    """Whether the answers move the notes out of sight."""
    return plans == STDIO and sys.stdout.isatty()


def _workers(cluster: str | None, count: int | None) -> Workers | Cluster:
    if cluster is None:
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return Workers(count or processors, most_memory=MOST_MEMORY)
    if find_spec("distributed") is None:
        extra = "poetry install --extras cluster, or pip install '.[cluster]'"
        fail(f"--cluster needs the extra cluster, which is not installed: {extra}", BAD_INPUT)
    from powerplant.batch.cluster import Cluster, NoCluster

    try:
        return Cluster(cluster)
    except NoCluster as error:
        fail(f"--cluster {cluster}: {error}.", BAD_INPUT)


@contextmanager
def _errors_as_messages(name: str, plans: str) -> Iterator[None]:
    """End the command with a message for everything that can stop a batch."""
    try:
        yield
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # one is enough
        if sys.stderr.isatty():
            describe("")  # after the ^C
        can_resume = plans != STDIO and checkpoint_of(Path(plans)).exists()
        fail(f"Stopped; --resume continues {plans}." if can_resume else "Stopped.", INTERRUPTED)
    except CannotResume as error:
        fail(f"{plans} cannot be resumed: {error}. --overwrite starts again.", BAD_INPUT)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        fail(f"{name} is not a gzip file, or a part of it is missing or damaged.", BAD_INPUT)
    except CancelledError:
        fail("The scheduler of the cluster is gone.", BAD_INPUT)
    except BrokenPipeError:  # the reader of the answers has closed the pipe; click handles this
        raise
    except OSError as error:
        fail(f"{error.filename or plans}: {error.strerror or error}", BAD_INPUT)
