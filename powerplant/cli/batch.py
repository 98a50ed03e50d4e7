"""``powerplant batch``: a file of payloads, or a table of hours, to a file of plans."""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from time import perf_counter
from typing import IO, Any, BinaryIO, cast

import click

from powerplant.batch.fleets import read_fleet
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
from powerplant.cli.sources import Source, read
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, counted, fail, to_the_cent

STDIO = "-"
INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended."""

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes that a line may have: some 500 000 power plants."""


def _processors() -> int:
    """How many processors this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@click.command()
@click.argument("payloads", metavar="IN")
@click.argument("plans", metavar="OUT", default=STDIO)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that plan.  [default: one for each processor]",
)
@click.option("--fleet", type=click.File("rb"), callback=read, help="Power plants for hours that list none.")
@click.option("--csv", "is_csv", is_flag=True, help="IN is a table of hours, also where its name does not end in .csv.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted run has stopped.")
@click.option("--overwrite", is_flag=True, help="Begin anew where OUT is there already.")
@click.option("--cluster", metavar="ADDRESS", help="Plan on a Dask cluster, at tcp://HOST:8786 for instance.")
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the totals to a file too, as JSON.",
)
@click.option("--feasible", is_flag=True, help="Take the best plan found when the time for a line is over.")
@planning_options
def batch(
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
      0  every line has a plan
      1  some line has a problem for an answer
      2  IN or the fleet cannot be read, or OUT not written
    """  # noqa: D301 - click wants the character itself
    if cluster and workers:
        raise click.UsageError("--workers is for this machine; a --cluster has workers of its own.")
    if resume and (overwrite or plans == STDIO):
        raise click.UsageError("--resume goes on with what is in OUT: there is none on stdout, nor with --overwrite.")
    settings = Settings(co2, feasible, time_limit, sys.maxsize, LONGEST_LINE)
    shared = None if fleet is None else Line(0, fleet.fleet())
    start = perf_counter()
    with ExitStack() as stack:
        source = stack.enter_context(_opened(payloads))
        chunks = _chunks(source, shared, is_csv=is_csv or Path(payloads).name.removesuffix(".gz").endswith(".csv"))
        if resume and Path(plans).exists():
            chunks = with_kept(chunks, kept_answers(_without_torn_end(Path(plans))))
        results = stack.enter_context(closing(_results(plans, anew=overwrite, resume=resume)))
        pool: Workers = stack.enter_context(closing(_workers(cluster, workers)))
        progress = stack.enter_context(Progress(source.size, hidden=plans == STDIO and sys.stdout.isatty()))
        tally = _run(payloads, plans, chunks, pool, settings, results, progress)
    _tell(tally, perf_counter() - start, summary)
    sys.exit(NO_PLAN if tally.problems else 0)


