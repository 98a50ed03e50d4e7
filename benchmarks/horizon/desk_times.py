"""Desks' days: seconds of the engine to a proven gap, over all seeds."""

from __future__ import annotations

import sys
from statistics import median

from benchmarks.horizon.desks import SEEDS, SIZES, desk
from benchmarks.horizon.traces import NONE, Run, run
from benchmarks.service.tables import Table

GAP = 0.001
AIMS = {"10x24": 2, "30x96": 10, "10x168 with 2 storages": 10}
"""Seconds at the median, on two cores."""


def measure(limit: float, *, alone: bool, seeds: range = SEEDS) -> dict[str, dict[str, list[Run]]]:
    """Run each day once; with ``alone``, HiGHS with two threads too."""
    measured: dict[str, dict[str, list[Run]]] = {}
    for name, size in SIZES.items():
        runs = measured[name] = {"ours": [], **({"alone": []} if alone else {})}
        for seed in seeds:
            for who, done in runs.items():
                options = ("--threads", "2") if who == "alone" else ()
                done.append(run(who, desk(seed, size), "--time-limit", str(limit), "--gap", str(GAP), *options))
                gap = "no plan" if done[-1].cost >= NONE else f"gap {100 * done[-1].gap:.3f} %"
                print(f"{name}, seed {seed}, {who}: {done[-1].seconds:.1f} s, {gap}", file=sys.stderr, flush=True)
    return measured


def report(measured: dict[str, dict[str, list[Run]]], limit: float, *, markdown: bool) -> None:
    """Print a row for each size and solver."""
    table = Table(["desk", "days", "median", "worst", "not in time", "worst gap", "aim, median"], markdown=markdown)
    for name, runs in measured.items():
        for who, done in runs.items():
            times = [each.time_to_gap(GAP) for each in done]
            late = sum(time is None for time in times)
            known = [limit if time is None else time for time in times]
            gaps = [each.gap if each.cost < NONE else 1.0 for each in done]
            table.row(
                f"{name}, {'ours' if who == 'ours' else 'HiGHS alone'}",
                str(len(done)),
                f"{median(known):.1f} s" if late < len(done) / 2 else f"> {limit:g} s",
                f"{max(known):.1f} s" if not late else f"> {limit:g} s",
                str(late),
                f"{100 * max(gaps):.2f} %",
                f"{AIMS[name]} s" if who == "ours" else "",
            )
