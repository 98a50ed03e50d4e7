"""A desk of six plants over many days, planned in windows by the command: tables in, a table out."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from subprocess import run
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.horizon.desks import Size, desk
from benchmarks.service.tables import Table
from powerplant.horizon.decoding import LISTS

PLANTS, KEEP, AHEAD, GAP = 6, 24, 12, 0.01


def write_tables(folder: Path, days: int, seed: int = 1) -> tuple[Path, Path]:
    """Write the hours of a desk as CSV, and all else as JSON."""
    payload = desk(seed, Size(PLANTS, 24 * days, 60))
    columns: dict[str, list[Any]] = {"load": payload.pop("load"), "reserve_up": payload["reserve"].pop("up")}
    columns |= {key: value for key, value in payload["fuels"].items() if isinstance(value, list)}
    payload["fuels"] = {key: value for key, value in payload["fuels"].items() if key not in columns}
    for plant in payload["powerplants"]:
        for member in LISTS:
            if isinstance(plant.get(member), list):
                columns[f"{member}[{plant['name']}]"] = plant.pop(member)
    start = datetime.fromisoformat(payload.pop("start"))
    times = [(start + timedelta(hours=hour)).isoformat() for hour in range(24 * days)]
    hours, fleet = folder / "hours.csv", folder / "fleet.json"
    fleet.write_text(json.dumps(payload), encoding="utf-8")
    with hours.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["start", *columns])
        writer.writerows(zip(times, *columns.values(), strict=True))
    return hours, fleet


def measure(days: int) -> tuple[float, str]:
    """Seconds of the command, and what it says.

    Raises:
        CalledProcessError: the command fails.
    """
    with TemporaryDirectory() as name:
        hours, fleet = write_tables(Path(name), days)
        tables = ["--hours", str(hours), "--fleet", str(fleet), str(Path(name) / "plan.csv")]
        windows = [
            "--roll",
            str(KEEP),
            "--look-ahead",
            str(AHEAD),
            "--gap",
            str(GAP),
            "--threads",
            "1",
            "--time-limit",
            "60",
        ]
        start = perf_counter()
        done = run(  # noqa: S603 - this very program
            [sys.executable, "-m", "powerplant", "horizon", *windows, *tables],
            check=True,
            capture_output=True,
            text=True,
        )
        return perf_counter() - start, done.stderr


def report(days: int, seconds: float, says: str, *, markdown: bool) -> None:
    """Print a row with the seconds, and what the command says."""
    table = Table(["days", "plants", "seconds", "seconds a day"], markdown=markdown)
    table.row(str(days), str(PLANTS), f"{seconds:.0f}", f"{seconds / days:.2f}")
    print(says, end="")
