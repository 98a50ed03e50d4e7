"""The command line of the horizon's measurements: ``python -m benchmarks.horizon --help``."""

from __future__ import annotations

import argparse
import sys
from fnmatch import fnmatch
from pathlib import Path

from benchmarks.horizon import california, comparison, desk_times, parts, previous, rolled


def main() -> int:
    """Parse the arguments and run one measurement; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.horizon", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        default="instances",
        choices=["instances", "costs", "desks", "parts", "california", "best", "rolled", "previous"],
    )
    parser.add_argument("--data", type=Path, help="a folder with files of pglib-uc and UnitCommitment.jl")
    parser.add_argument("--only", nargs="+", default=[], help="patterns of names: kaz10, rts*")
    parser.add_argument("--time-limit", type=float, default=60, help="seconds for each run")
    parser.add_argument("--orders", type=int, default=5, help="orders of plants for each instance")
    parser.add_argument("--days", type=int, default=1000, help="rolled: days")
    parser.add_argument("--changes", type=int, default=50, help="previous: changes")
    parser.add_argument("--alone", action="store_true", help="desks: HiGHS alone too")
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    chosen = parser.parse_args()
    if chosen.what == "parts":
        parts.report(parts.measure(), markdown=chosen.markdown)
        return 0
    if chosen.what == "desks":
        measured = desk_times.measure(chosen.time_limit, alone=chosen.alone)
        desk_times.report(measured, chosen.time_limit, markdown=chosen.markdown)
        return 0
    if chosen.what == "rolled":
        rolled.report(chosen.days, *rolled.measure(chosen.days), markdown=chosen.markdown)
        return 0
    if chosen.what == "previous":
        previous.report(previous.measure(chosen.changes), markdown=chosen.markdown)
        return 0
    if chosen.what == "california":
        if not chosen.data:
            parser.error("california needs --data")
        return california.report(california.measure(chosen.data, chosen.time_limit), markdown=chosen.markdown)
    wanted = [
        (name, original)
        for name, original in comparison.instances(chosen.data)
        if (
            any(fnmatch(name, each) for each in chosen.only)
            if chosen.only
            else not name.startswith(comparison.LEFT_OUT)
        )
    ]
    if chosen.what == "best":
        for name, original in wanted:
            entry = comparison.best(name, original, chosen.time_limit)
            print(
                f"[{name}]",
                *(f"{key} = {value!r}".replace("'", '"') for key, value in entry.items()),
                "",
                sep="\n",
                flush=True,
            )
        return 0
    costs = chosen.what == "costs"
    limit, gap = (max(comparison.MOMENTS), 0.0) if costs else (chosen.time_limit, comparison.GAP)
    compared = [comparison.compare(name, original, chosen.orders, limit, gap) for name, original in wanted]
    return 0 if comparison.report(compared, costs=costs, markdown=chosen.markdown) else 1


if __name__ == "__main__":
    sys.exit(main())
