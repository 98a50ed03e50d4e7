"""Memory while a batch is planned, of the command line and of the server: it does not grow with the number of lines."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from live_server import LiveServer, live_server

from benchmarks.batch.year import fleet, payloads
from benchmarks.service.processes import resident_bytes, tree
from benchmarks.service.servers import gunicorn
from benchmarks.service.tables import Table

ROOT = Path(__file__).parents[2]
STEP = 1 << 20
"""Bytes of an answer between two looks at the server's memory."""


class Peak(NamedTuple):
    """The most that was seen: of the command itself, and of all its processes together, in bytes."""

    lines: int
    seconds: float
    command: int
    together: int
    written: int


def measure(lines: int, workers: int) -> Peak:
    """Plan so many lines of six plants, and look at the memory fifty times a second."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "payloads.jsonl", Path(folder) / "plans.jsonl"
        with source.open("w") as file:
            for content in ({"powerplants": fleet(6)}, *payloads(6, lines)):
                file.write(json.dumps(content) + "\n")
        command = [sys.executable, "-m", "powerplant", "batch", str(source), str(out), "--workers", str(workers)]
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
            alone = together = 0
            while process.poll() is None:
                with suppress(OSError):  # one has ended since
                    memory = {pid: resident_bytes(pid) for pid in tree(process.pid)}
                    alone, together = max(alone, memory[process.pid]), max(together, sum(memory.values()))
                time.sleep(0.02)
        seconds = time.perf_counter() - start
        with out.open("rb") as answers:
            assert sum(1 for _ in answers) == lines  # noqa: S101 - all of them, or it is no measurement
        return Peak(lines, seconds, alone, together, out.stat().st_size)


class Stream(NamedTuple):
    """A batch over HTTP, and the most memory that was seen of the server with all its processes, in bytes.

    Attributes:
        plants: of the fleet that the lines share.
        body: what was sent.
        answers: what came back.
        before: the memory with its processes warm.
        most: the most while the answers came.
    """

    plants: int
    body: int
    answers: int
    before: int
    most: int


def measure_stream(plants: int, lines: int) -> Stream:
    """Send one batch, and look at the server's memory after each MiB of its answer."""
    body = "\n".join(json.dumps(content) for content in ({"powerplants": fleet(plants)}, *payloads(plants, lines)))
    with live_server(command=gunicorn(workers=1)) as server:
        _receive(server, body)  # what is warm stays warm
        before = _memory(server)
        received, most = _receive(server, body)
    return Stream(plants, len(body), received, before, most)


def _receive(server: LiveServer, body: str) -> tuple[int, int]:
    """Bytes of the answer, and the most memory that was seen."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    connection.request("POST", "/productionplan/batch", body)
    response = connection.getresponse()
    received = most = 0
    while block := response.read(1 << 16):
        if received // STEP != (received + len(block)) // STEP:
            most = max(most, _memory(server))
        received += len(block)
    connection.close()
    return received, most


def _memory(server: LiveServer) -> int:
    return sum(resident_bytes(pid) for pid in tree(server.pid))


def report(peaks: list[Peak], *, markdown: bool) -> None:
    """Print a row for each number of lines."""
    heads = ["lines", "seconds", "MB written", "MiB, the command", "MiB, with its workers"]
    table = Table(heads, markdown=markdown)
    for peak in peaks:
        cells = (f"{peak.seconds:.1f}", f"{peak.written / 1e6:.0f}", f"{peak.command / 2**20:.1f}")
        table.row(f"{peak.lines:,}", *cells, f"{peak.together / 2**20:.1f}")


def report_streams(streams: list[Stream], *, markdown: bool) -> None:
    """Print a row for each batch over HTTP."""
    heads = ["plants of each line", "MB sent", "MB answered", "MiB, warm", "MiB, at the most"]
    table = Table(heads, markdown=markdown)
    for one in streams:
        cells = (f"{one.body / 1e6:.1f}", f"{one.answers / 1e6:.1f}", f"{one.before / 2**20:.0f}")
        table.row(f"{one.plants}", *cells, f"{one.most / 2**20:.0f}")
