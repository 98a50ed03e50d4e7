"""Random fleets against a dense programme: ``PYTHONPATH=test python -m benchmarks.any_fleet --payloads 100000``.

Each payload has every member that a plant can have, at random, and one of the four steps. The programme looks at every
sum up to the load; it shares no code with the package. A fault is printed with its seed, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter

from any_fleet import faults, outcome, random_payload


def check(seeds: range) -> tuple[list[str], Counter[str]]:
    """The faults of some payloads, and how many had which outcome."""
    found, outcomes = list[str](), Counter[str]()
    for seed in seeds:
        payload, step = random_payload(seed)
        outcomes[outcome(payload, step, co2=bool(seed % 3))] += 1
        found += [f"seed {seed}: {fault}" for fault in faults(payload, step, co2=bool(seed % 3))]
    return found, outcomes


def main() -> int:
    """Check so many payloads on all processors; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payloads", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    start, wrong, outcomes = perf_counter(), 0, Counter[str]()
    first, last = arguments.first, arguments.first + arguments.payloads
    parts = [range(seed, min(seed + 500, last)) for seed in range(first, last, 500)]
    with ProcessPoolExecutor() as pool:
        for found, counted in pool.map(check, parts):
            outcomes += counted
            wrong += len(found)
            for fault in found:
                print(fault)
    print(f"{arguments.payloads} payloads, {wrong} faults, {perf_counter() - start:.0f} s")
    for name, count in outcomes.most_common():
        print(f"{name:>16} {count:>8}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
