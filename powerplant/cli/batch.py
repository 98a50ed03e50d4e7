"""``powerplant batch``: a file of payloads, or a table of hours, to a file of plans."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import BinaryIO, cast

import click

from powerplant.batch.planner import NotOfThisBatch, Planned, Settings
from powerplant.batch.pool import Pool
from powerplant.batch.reading import Chunk, Line, Stream, read_chunks
from powerplant.batch.results import (
    CompressedResults,
    PlainResults,
    Results,
    cut,
    is_compressed,
    kept_answers,
    with_kept,
)
from powerplant.batch.running import Workers, run
from powerplant.batch.spreadsheet import NoTableOfHours, read_hours
from powerplant.batch.tally import Tally
from powerplant.cli.options import planning_options
from powerplant.cli.progress import Progress
from powerplant.cli.sources import NAME, STDIN, Source, read
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, counted, fail, printable, to_the_cent
from powerplant.errors import PowerplantError

if sys.platform != "win32":  # which has no such locks
    import fcntl

STDIO = "-"
INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended."""

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes that a line may have: some 500 000 power plants."""


def _processors() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _address(_context: click.Context, _parameter: click.Parameter, address: str | None) -> str | None:
    if address is not None and not re.fullmatch(r"(tcp|tls|wss?)://\S+", address):
        raise click.BadParameter("must be the address of a scheduler, like tcp://host:8786")
    return address


@click.command()
@click.argument("payloads", metavar="IN")
@click.argument("plans", metavar="[OUT]", default=STDIO)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that plan.  [default: one for each processor]",
)
@click.option("--fleet", type=NAME, metavar="FILE", callback=read, help="Power plants for hours that list none.")
@click.option("--csv", "is_csv", is_flag=True, help="IN is a table of hours, also where its name does not end in .csv.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run has stopped.")
@click.option("--overwrite", is_flag=True, help="Begin anew where OUT is there already.")
@click.option(
    "--cluster", metavar="ADDRESS", callback=_address, help="Plan on a Dask cluster, at tcp://HOST:8786 for instance."
)
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the totals to a file too, as JSON.",
)
@click.option("--feasible", is_flag=True, help="Take the best plan found when the time for a line is over.")
@planning_options
@click.pass_context
def batch(
    context: click.Context,
    payloads: str,
    plans: str,
    workers: int | None,
    fleet: Source | None,
    is_csv: bool,
    resume: bool,
    overwrite: bool,
    cluster: str | None,
    summary: Path | None,
    feasible: bool,
    co2: bool,
    time_limit: float,
) -> None:
    """Plan each line of IN, and write the answers to OUT in the same order.

    IN is newline-delimited JSON, a payload a line. Where its first line holds power plants alone, or --fleet is given,
    the others need only load and fuels. Or it is a CSV table of hours, with --fleet: its first line names the columns,
    load and the fuels as payloads call them. A name that ends in .gz is compressed; - is stdin or stdout.

    An answer is {"line": 1, "plan": [...], "cost": 24976.36} or {"line": 2, "problem": {...}}. Totals go to stderr.

    \b
    Examples:
      powerplant batch payloads.jsonl plans.jsonl
      powerplant batch year.csv plans.jsonl.gz --fleet fleet.json
      powerplant batch payloads.jsonl plans.jsonl --resume
      zcat payloads.jsonl.gz | powerplant batch - | jq .cost

    \b
    Exit codes:
      0    every line has a plan
      1    some line has a problem for an answer
      2    IN or the fleet cannot be read, or OUT not written
      130  Ctrl-C has stopped it
    """  # noqa: D301 - click wants the character itself
    if cluster and workers:
        raise click.UsageError("--workers is for this machine; a --cluster has workers of its own.")
    if _is_same_file(payloads, plans):
        raise click.UsageError("IN and OUT are the same file.")
    if resume and (overwrite or plans == STDIO):
        raise click.UsageError("--resume goes on with what is in OUT: there is none on stdout, nor with --overwrite.")
    if payloads == STDIO and STDIN in context.meta:
        raise click.UsageError("Only one of the files can be stdin.")
    settings = Settings(co2, feasible, time_limit, sys.maxsize, LONGEST_LINE)
    shared = None if fleet is None else fleet.fleet()
    start = perf_counter()
    with ExitStack() as stack:
        source = stack.enter_context(_opened(payloads))
        chunks = _chunks(source, shared, is_csv=is_csv or Path(payloads).name.removesuffix(".gz").endswith(".csv"))
        if resume and Path(plans).exists():
            chunks = with_kept(chunks, kept_answers(_without_torn_end(Path(plans))))
        pool: Workers = stack.enter_context(closing(_workers(cluster, workers)))
        results = _results(plans, anew=overwrite, resume=resume)
        progress = Progress(source.size, hidden=plans == STDIO and sys.stdout.isatty())
        tally = _run(payloads, plans, chunks, pool, settings, results, progress)
    _tell(tally, perf_counter() - start, summary)
    sys.exit(NO_PLAN if tally.problems else 0)


# --- What is read ----------------------------------------------------------------------------------------------------


class _Input:
    """A file, or stdin, and how much of it has been read."""

    def __init__(self, name: str) -> None:
        self.name, self.size = name, 0
        self._file: BinaryIO | None = None
        self.stream: Stream = _Stdin()
        if name != STDIO:
            self._file = Path(name).open("rb")  # noqa: SIM115 - see close
            self.size = os.fstat(self._file.fileno()).st_size
            self.stream = gzip.GzipFile(fileobj=self._file) if is_compressed(Path(name)) else cast(Stream, self._file)

    @property
    def position(self) -> int:
        """Bytes that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Nothing more is read."""
        if self._file:
            self._file.close()


class _Stdin:
    """Stdin without a buffer, and so without its lock.

    A thread that waits for a line would hold that lock, and Python wants it before it ends.
    """

    def __init__(self) -> None:
        stdin = sys.stdin.buffer
        self._raw = getattr(stdin, "raw", stdin)  # the same where bytes in memory stand for it

    def read1(self, size: int, /) -> bytes:
        """What is there."""
        data: bytes = self._raw.read(size)
        return data


@contextmanager
def _opened(name: str) -> Iterator[_Input]:
    try:
        source = _Input(name)
    except OSError as error:
        fail(f"{name}: {error.strerror}", BAD_INPUT)
    with closing(source):
        yield source


def _chunks(source: _Input, fleet: Line | None, *, is_csv: bool) -> Iterator[Chunk]:
    if is_csv and fleet is None:
        raise click.UsageError("A table of hours needs a --fleet.")
    if is_csv and fleet is not None:
        chunks = read_hours(source.stream, fleet, LONGEST_LINE)
    else:
        chunks = read_chunks(source.stream, LONGEST_LINE, fleet)
    return (chunk._replace(position=source.position) for chunk in chunks)


def _is_same_file(one: str, other: str) -> bool:
    paths = Path(one), Path(other)
    return STDIO not in (one, other) and all(path.exists() for path in paths) and paths[0].samefile(paths[1])


# --- What is written -------------------------------------------------------------------------------------------------


def _without_torn_end(path: Path) -> Path:
    """The answers of an interrupted run, without one that was not whole."""
    if not path.is_file():
        fail(f"{path} is no file: --resume goes on with nothing else.", BAD_INPUT)
    try:
        with _locked(path, "r+b") as file:
            cut(file, compressed=is_compressed(path))
    except NotOfThisBatch as error:
        fail(f"{path}: {error}.", BAD_INPUT)
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)
    return path


def _locked(path: Path, mode: str) -> BinaryIO:
    """A file that no other run writes to. However a run ends, its lock ends with it."""
    file = cast(BinaryIO, path.open(mode))
    if sys.platform != "win32" and path.is_file():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            fail(f"{path}: another run is writing to it.", BAD_INPUT)
    return file


def _results(name: str, *, anew: bool, resume: bool) -> Results:
    """Where the answers go: nothing that is there is lost without a word."""
    if name == STDIO:
        return PlainResults(sys.stdout.buffer, keep_open=True)
    path = Path(name)
    try:
        if not (anew or resume) and path.is_file() and path.stat().st_size:
            fail(f"{path} is there already: --resume goes on with it, --overwrite begins anew.", BAD_INPUT)
        file = _locked(path, "ab")
        if anew and path.is_file():
            file.truncate(0)
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)
    return CompressedResults(file) if is_compressed(path) else PlainResults(file)


# --- The work --------------------------------------------------------------------------------------------------------


def _workers(cluster: str | None, count: int | None) -> Workers:
    if cluster is None:
        return Pool(count or _processors())
    if find_spec("distributed") is None:
        fail("--cluster needs the extra cluster, which is not installed: poetry install --extras cluster", BAD_INPUT)
    from powerplant.batch.cluster import Cluster, NoCluster

    try:
        return Cluster(cluster)
    except NoCluster as error:
        fail(f"--cluster {cluster}: {error}.", BAD_INPUT)


def _run(
    payloads: str,
    plans: str,
    chunks: Iterator[Chunk],
    workers: Workers,
    settings: Settings,
    results: Results,
    progress: Progress,
) -> Tally:
    """Plan all lines, and close the results; what stops that ends the command."""
    last = 0

    def watch(chunk: Chunk, planned: Planned, tally: Tally) -> None:
        nonlocal last
        last = chunk.lines[planned.done - 1].number
        progress.at(tally.lines, chunk.position)
        for bug in planned.bugs:
            complain(f"{payloads}:{bug.line.number}: a mistake of this program, which has nothing to do with the line:")
            click.echo(bug.traceback, err=True)

    try:
        with progress, closing(results):  # the bar ends before anything is said
            return run(chunks, workers, settings, results, watch)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        after = f"after line {last}" if last else "before the first line was done"
        hint = "" if plans == STDIO else "; --resume goes on from there"
        if sys.stderr.isatty():
            click.echo(err=True)  # which shows ^C in the line
        fail(f"Stopped {after}{hint}.", INTERRUPTED)
    except NotOfThisBatch as error:
        fail(f"{plans} does not hold answers to {payloads}: {error}.", BAD_INPUT)
    except NoTableOfHours as error:
        fail(f"{payloads}:{error.line}: {error}.", BAD_INPUT)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        fail(f"{payloads} is no whole gzip file: {error}.", BAD_INPUT)
    except BrokenPipeError:  # whoever read the answers has had enough
        raise
    except PowerplantError as error:  # the cluster has gone
        fail(f"{error}.", BAD_INPUT)
    except OSError as error:
        fail(f"{error.filename or ('stdout' if plans == STDIO else plans)}: {error.strerror}", BAD_INPUT)


# --- The end ---------------------------------------------------------------------------------------------------------


def _tell(tally: Tally, seconds: float, path: Path | None) -> None:
    """What it all comes to, for people and, in a file, for programs."""
    for line in _summary(tally, seconds):
        click.echo(line, err=True)
    if path is None:
        return
    totals = {
        "lines": tally.lines,
        "plans": tally.plans,
        "infeasible": tally.infeasible,
        "gave_up": tally.gave_up,
        "faulty": tally.faulty + tally.bugs,
        "cost": float(tally.euros),
        "co2_tonnes": float(tally.tonnes),
        "slowest_solve_seconds": tally.slowest,
        "slowest_line": tally.slowest_line or None,
        "seconds": seconds,
    }
    try:
        path.write_text(json.dumps(totals, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        fail(f"{path}: {error.strerror}", BAD_INPUT)


def _summary(tally: Tally, seconds: float) -> Iterator[str]:
    yield f"{counted(tally.plans, 'plan')} in {seconds:,.1f} s, {tally.lines / seconds:,.0f} lines a second"
    if tally.infeasible:
        yield f"{counted(tally.infeasible, 'hour')} with a load that no plan meets"
    if tally.gave_up:
        yield f"{counted(tally.gave_up, 'hour')} whose plan was not proven in time"
    if tally.faulty + tally.bugs:
        first = f"; the first is {printable(tally.first_fault)}" if tally.first_fault else ""
        yield f"{counted(tally.faulty + tally.bugs, 'line')} with a fault{first}"
    yield f"total cost     {to_the_cent(tally.euros):>20} euro"
    yield f"CO2 charged    {to_the_cent(tally.tonnes):>20} t"
    if tally.slowest_line:
        yield f"slowest solve  {1000 * tally.slowest:>20,.1f} ms, line {tally.slowest_line}"
