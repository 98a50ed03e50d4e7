"""Payloads a second: one POST each, one batch, the command line and a Dask cluster with one and two workers."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from live_server import live_server

from benchmarks.batch.local_cluster import local_cluster
from benchmarks.batch.year import fleet, payloads, whole
from benchmarks.service.client import Answer, Request, drive, post
from benchmarks.service.servers import gunicorn
from benchmarks.service.tables import Table

ROOT = Path(__file__).parents[2]
BATCH = [sys.executable, "-m", "powerplant", "batch"]
SUMMARY = re.compile(r"([\d,]+) lines a second")

Way = Callable[[], float]
"""Does all payloads, and gives the seconds that it took."""


def measure(size: int, count: int, rounds: int) -> dict[str, float]:
    """Payloads a second of each way: the median over the rounds, in which they take turns. The first one warms up.

    Args:
        size: plants of a payload.
        count: how many payloads; at most 2000 of them are sent alone, and commands get ten times as many, so that the
            start of their processes does not decide.
        rounds: how often.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        hours = list(payloads(size, count))
        plants = fleet(size)
        alone = [json.dumps(payload).encode() for payload in whole(iter(hours[: min(count, 2000)]), plants)]
        shared = _lines([{"powerplants": plants}, *hours])
        complete = _lines(whole(iter(hours), plants))
        source = folder / "payloads.jsonl"
        many = 10 * count
        source.write_bytes(_lines([{"powerplants": plants}, *payloads(size, many)]))
        url = stack.enter_context(live_server(LIMITS, command=gunicorn())).url
        ways: dict[str, tuple[int, Way]] = {
            "single POSTs, one keep-alive connection": (len(alone), lambda: _alone(url, alone, 1)),
            "single POSTs, 8 connections": (len(alone), lambda: _alone(url, alone, 8)),
            "one batch request, whole payloads": (count, lambda: _batch(url, complete, count)),
            "one batch request, shared fleet": (count, lambda: _batch(url, shared, count)),
        }
        for workers, named in ((1, "1 worker"), (2, "2 workers")):
            arguments = [str(source), str(folder / "plans"), "--overwrite"]
            command = [*BATCH, *arguments, "--workers", str(workers)]
            ways[f"command line, {named}"] = (many, _command(command, many))
            address = stack.enter_context(local_cluster(workers, folder))
            command = [*BATCH, *arguments, "--cluster", address]
            ways[f"Dask, {named}"] = (many, _command(command, many))
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, (lines, way) in ways.items():
                seconds = way()
                if number:
                    taken[name].append(lines / seconds)
        return {name: median(rates) for name, rates in taken.items()}


LIMITS = {"POWERPLANT_MAX_BATCH_BODY": str(2**30), "POWERPLANT_MAX_LINES": "1000000"}
"""What 200 plants in each line need."""


def _lines(contents: Iterator[dict[str, object]] | list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(content).encode() + b"\n" for content in contents)


def _alone(url: str, bodies: list[bytes], connections: int) -> float:
    def must_be_a_plan(_: Request, answer: Answer) -> None:
        assert answer.status == 200, answer  # noqa: S101 - a benchmark of errors is none

    start = time.perf_counter()
    drive(url, (Request(post(body)) for body in bodies), connections, must_be_a_plan)
    return time.perf_counter() - start


def _batch(url: str, body: bytes, count: int) -> float:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)
    start = time.perf_counter()
    connection.request("POST", "/productionplan/batch", body)
    answers = connection.getresponse().read()
    seconds = time.perf_counter() - start
    connection.close()
    assert answers.count(b'"plan"') == answers.count(b"\n") == count  # noqa: S101 - the same
    return seconds


def _command(command: list[str], count: int) -> Way:
    return lambda: command_seconds(command, count)


def command_seconds(command: list[str], count: int) -> float:
    """The time that the command says itself: from its first look at the input on, without the interpreter's start."""
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    rate = SUMMARY.search(told.stderr)
    assert rate, told.stderr  # noqa: S101 - a benchmark of errors is none
    return count / float(rate[1].replace(",", ""))


def report(rates: dict[int, dict[str, float]], *, markdown: bool) -> None:
    """Print a row for each way, and how many times the first one it is."""
    table = Table(["payloads a second", *(f"{size} plants" for size in rates)], markdown=markdown)
    first = next(iter(next(iter(rates.values()))))
    for name in next(iter(rates.values())):
        cells = [f"{of_size[name]:,.0f} ({of_size[name] / of_size[first]:.1f}×)" for of_size in rates.values()]
        table.row(name, *cells)
