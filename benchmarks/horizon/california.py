"""The Californian fleet: 610 units, 48 hours. Its gap when the time is over, and the memory of the process."""

from __future__ import annotations

from pathlib import Path

from benchmarks.horizon.convert import convert
from benchmarks.horizon.originals import files_in, name_of, read_original
from benchmarks.horizon.rules_of_others import judge
from benchmarks.horizon.traces import Run, run
from benchmarks.service.tables import Table

GAP = 0.01
MEBIBYTES = 2048


def measure(data: Path, limit: float) -> dict[str, Run]:
    """A run to 0.1 % of each instance.

    Raises:
        RuntimeError: a plan breaks a rule of its file.
    """
    runs = {}
    for path in files_in(data):
        if name_of(path).startswith("ca_"):
            original = read_original(path)
            converted = convert(original)
            done = run("ours", converted.payload, "--step", converted.step, "--time-limit", str(limit))
            if done.plan and (broken := judge(original, done.plan).broken):
                raise RuntimeError(f"{name_of(path)}: {broken[0]}")
            runs[name_of(path)] = done
    return runs


def report(runs: dict[str, Run], *, markdown: bool) -> int:
    """Print a row for each; return the exit code."""
    table = Table(["instance", "to 1 %", "seconds", "gap", "MiB", f"aim: 1 %, {MEBIBYTES} MiB"], markdown=markdown)
    kept = True
    for name, done in runs.items():
        time = done.time_to_gap(GAP)
        fits = time is not None and done.megabytes < MEBIBYTES
        kept = kept and fits
        table.row(
            name,
            "not in time" if time is None else f"{time:.1f} s",
            f"{done.seconds:.1f}",
            f"{100 * done.gap:.3f} %" if done.plan else "no plan",
            str(done.megabytes),
            "kept" if fits else "missed",
        )
    return 0 if kept else 1
