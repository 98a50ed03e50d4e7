"""Memory of the command line while it plans: it does not grow with the number of lines."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from benchmarks.batch.year import fleet, payloads
from benchmarks.service.processes import resident_bytes, tree
from benchmarks.service.tables import Table

ROOT = Path(__file__).parents[2]


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


def report(peaks: list[Peak], *, markdown: bool) -> None:
    """Print a row for each number of lines."""
    heads = ["lines", "seconds", "MB written", "MiB, the command", "MiB, with its workers"]
    table = Table(heads, markdown=markdown)
    for peak in peaks:
        cells = (f"{peak.seconds:.1f}", f"{peak.written / 1e6:.0f}", f"{peak.command / 2**20:.1f}")
        table.row(f"{peak.lines:,}", *cells, f"{peak.together / 2**20:.1f}")
