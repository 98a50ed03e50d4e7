"""``powerplant batch``: a file of payloads, or a table of hours, to a file of plans."""

from __future__ import annotations

import gzip
import os
import re
import signal
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter

import click

from powerplant.batch.planner import NotOfThisBatch, Planned, Settings
from powerplant.batch.pool import Pool
from powerplant.batch.reading import Chunk, Line, read_chunks
from powerplant.batch.results import Results
from powerplant.batch.resuming import kept_answers, with_kept
from powerplant.batch.running import Workers, run
from powerplant.batch.spreadsheet import NoTableOfHours, read_hours
from powerplant.batch.tally import Tally
from powerplant.cli.files import STDIO, Input, is_same_file, opened, results_of, without_torn_end
from powerplant.cli.options import planning_options
from powerplant.cli.progress import Progress
from powerplant.cli.sources import NAME, STDIN, Source, read
from powerplant.cli.totals import tell
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, fail
from powerplant.errors import PowerplantError

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
    if is_same_file(payloads, plans):
        raise click.UsageError("IN and OUT are the same file.")
    if resume and (overwrite or plans == STDIO):
        raise click.UsageError("--resume goes on with what is in OUT: there is none on stdout, nor with --overwrite.")
    if payloads == STDIO and STDIN in context.meta:
        raise click.UsageError("Only one of the files can be stdin.")
    settings = Settings(co2, feasible, time_limit, sys.maxsize, LONGEST_LINE)
    shared = None if fleet is None else fleet.fleet()
    start = perf_counter()
    with ExitStack() as stack:
        source = stack.enter_context(opened(payloads))
        chunks = _chunks(source, shared, is_csv=is_csv or Path(payloads).name.removesuffix(".gz").endswith(".csv"))
        if resume and Path(plans).exists():
            chunks = with_kept(chunks, kept_answers(without_torn_end(Path(plans))))
        pool: Workers = stack.enter_context(closing(_workers(cluster, workers)))
        results = results_of(plans, anew=overwrite, resume=resume)
        progress = Progress(source.size, hidden=plans == STDIO and sys.stdout.isatty())
        tally = _run(payloads, plans, chunks, pool, settings, results, progress)
    tell(tally, perf_counter() - start, summary)
    sys.exit(NO_PLAN if tally.problems else 0)


def _chunks(source: Input, fleet: Line | None, *, is_csv: bool) -> Iterator[Chunk]:
    if is_csv and fleet is None:
        raise click.UsageError("A table of hours needs a --fleet.")
    if is_csv and fleet is not None:
        chunks = read_hours(source.stream, fleet, LONGEST_LINE)
    else:
        chunks = read_chunks(source.stream, LONGEST_LINE, fleet)
    return (chunk._replace(position=source.position) for chunk in chunks)


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
