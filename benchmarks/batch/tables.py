"""A year in and out of the command line as lines of JSON, as CSV, and as a workbook."""

from __future__ import annotations

import csv
import json
import tempfile
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from statistics import median

from benchmarks.batch.rates import BATCH, command_seconds
from benchmarks.batch.year import fleet, payloads
from benchmarks.service.tables import Table
from powerplant.batch.workbooks import Workbook

SIZE = 6
"""Plants."""


def measure(count: int, rounds: int, workers: int) -> dict[str, float]:
    """Seconds of each way: the median over the rounds, in which they take turns. The first one warms up."""
    with tempfile.TemporaryDirectory() as name:
        folder, plants, hours = Path(name), fleet(SIZE), list(payloads(SIZE, count))
        (folder / "fleet.json").write_text(json.dumps({"powerplants": plants}))
        (folder / "hours.jsonl").write_text("".join(f"{json.dumps(hour)}\n" for hour in hours))
        table = _as_csv(hours)
        (folder / "hours.csv").write_bytes(table)
        book = Workbook("hours")
        book.write(table)
        (folder / "hours.xlsx").write_bytes(book.save())
        taken: dict[str, list[float]] = {"jsonl": [], "csv": [], "xlsx": []}
        for number in range(rounds + 1):
            for ending, seconds in taken.items():
                files = [str(folder / f"{what}.{ending}") for what in ("hours", "plans")]
                options = ["--fleet", str(folder / "fleet.json"), "--overwrite", "--workers", str(workers)]
                once = command_seconds([*BATCH, *files, *options], count)
                if number:
                    seconds.append(once)
        return {ending: median(seconds) for ending, seconds in taken.items()}


def _as_csv(hours: list[dict[str, dict[str, float]]]) -> bytes:
    text, start = StringIO(), datetime(2026, 1, 1)
    writer = csv.writer(text)
    writer.writerow(["hour", "load", *hours[0]["fuels"]])
    for number, hour in enumerate(hours):
        time = start + timedelta(hours=number)
        writer.writerow([f"{time:%Y-%m-%d %H:%M}", hour["load"], *hour["fuels"].values()])
    return text.getvalue().encode()


def report(seconds: dict[str, float], count: int, *, markdown: bool) -> None:
    """Print a row for each way, and how many times the first one it is."""
    table = Table([f"{count:,} hours, {SIZE} plants", "seconds", "multiple"], markdown=markdown)
    names = {"jsonl": "lines of JSON in and out", "csv": "CSV in and out", "xlsx": "a workbook in and out"}
    for ending, name in names.items():
        table.row(name, f"{seconds[ending]:.2f}", f"{seconds[ending] / seconds['jsonl']:.2f}")
