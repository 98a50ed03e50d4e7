"""What it costs to send a chunk to a process and get its answers back, beside what the chunk itself costs."""

from __future__ import annotations

import json
import pickle
import tempfile
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.batch.lines import RULES
from benchmarks.batch.local_cluster import local_cluster
from benchmarks.batch.year import fleet, payloads
from benchmarks.service.tables import Table
from powerplant.batch.cluster import Cluster
from powerplant.batch.planner import plan_chunk
from powerplant.batch.reading import Chunk, read_chunks
from powerplant.workers import Workers


class Shipped(NamedTuple):
    """One chunk: its lines, its bytes and those of its answers, and the milliseconds of its ways."""

    lines: int
    there: int
    back: int
    here: float
    pool: float
    dask: float


def measure(size: int, rounds: int) -> Shipped:
    """Plan a chunk here, in a process and on a cluster, in turns; the medians count.

    It is a full one of six plants, and has fewer lines of larger fleets, so that it is not interrupted.
    """
    lines = [json.dumps(content) for content in [{"powerplants": fleet(size)}, *payloads(size, 2000)]]
    chunk = next(read_chunks(BytesIO("\n".join(lines).encode()), RULES.max_line))
    chunk = chunk._replace(lines=chunk.lines[: max(10, len(chunk.lines) * 6 // size)])
    planned = plan_chunk(chunk, RULES, patience=60)
    there, back = len(pickle.dumps((chunk, RULES))), len(pickle.dumps(planned))
    with (
        tempfile.TemporaryDirectory() as folder,
        local_cluster(1, Path(folder)) as address,
        closing(Workers(1)) as pool,
        closing(Cluster(address)) as dask,
    ):
        times: list[tuple[float, float, float]] = []
        for number in range(rounds + 1):
            taken = (_here(chunk), _away(pool, chunk), _away(dask, chunk))
            if number:
                times.append(taken)
    here, in_a_process, on_a_cluster = (1000 * median(column) for column in zip(*times, strict=True))
    return Shipped(len(chunk.lines), there, back, here, in_a_process, on_a_cluster)


def _here(chunk: Chunk) -> float:
    start = time.perf_counter()
    plan_chunk(chunk, RULES, patience=60)
    return time.perf_counter() - start


def _away(workers: Workers | Cluster, chunk: Chunk) -> float:
    start = time.perf_counter()
    planned = workers.submit(plan_chunk, chunk, RULES).result()
    seconds = time.perf_counter() - start
    assert planned.done == len(chunk.lines), "it came back half done"  # noqa: S101 - it would not be the same work
    return seconds


def report(shipped: dict[int, Shipped], *, markdown: bool) -> None:
    """Print a column for each size of fleet."""
    table = Table(["one chunk", *(f"{size} plants" for size in shipped)], markdown=markdown)
    all_ = shipped.values()
    table.row("lines", *(f"{one.lines}" for one in all_))
    table.row("KiB there, and back", *(f"{one.there / 1024:.0f}, {one.back / 1024:.0f}" for one in all_))
    table.row("planned here, ms", *(f"{one.here:.1f}" for one in all_))
    table.row("and shipped to a process, ms more", *(f"{one.pool - one.here:.1f}" for one in all_))
    table.row("and shipped over Dask, ms more", *(f"{one.dask - one.here:.1f}" for one in all_))
