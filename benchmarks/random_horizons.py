"""Random small horizons against a dynamic programme: ``PYTHONPATH=test python -m benchmarks.random_horizons``.

Each has every member of the description at random, and a step of 1 or 0.1 MW. ``--payloads`` says how many,
``--storages-and-market`` gives some of them storages and a market. The programme joins the states of all plants; it
shares no code with the package. ``--large`` makes them larger, and takes a model for CP-SAT instead of the programme.
``--oracles`` compares the two oracles with each other.

A fault is printed with its seed, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from time import perf_counter

from horizon import dynamic, independent
from horizon.comparing import compare, setting


def check(seeds: range, *, large: bool, more: bool, oracles: bool) -> tuple[list[str], Counter[str]]:
    """The faults of some payloads, and how many had which outcome."""
    found, outcomes = list[str](), Counter[str]()
    for seed in seeds:
        try:
            kind, wrong = compare_oracles(seed, more=more) if oracles else compare(seed, large=large, more=more)
        except Exception as error:  # noqa: BLE001 - an error of the engine is a fault of this seed; go on with the others
            kind, wrong = "error", [f"{type(error).__name__}: {error}"]
        outcomes[kind] += 1
        found += [f"seed {seed}: {fault}" for fault in wrong]
    return found, outcomes


def compare_oracles(seed: int, *, more: bool) -> tuple[str, list[str]]:
    """What kind of outcome a seed has, and whether the oracles disagree."""
    payload, co2, steps = setting(seed, more=more)
    expected = dynamic.solve(payload, co2=co2, steps=steps)
    try:
        other = independent.solve(payload, co2=co2, steps=steps)
    except TimeoutError:
        return "unsolved", []
    return expected.kind, [] if expected[:3] == other[:3] else [f"{expected[:3]}, not {other[:3]}"]


def main() -> int:
    """Check so many payloads on all processors; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payloads", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--storages-and-market", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--oracles", action="store_true", help="compare the oracles with each other")
    arguments = parser.parse_args()
    start, wrong, outcomes = perf_counter(), 0, Counter[str]()
    first, last = arguments.first, arguments.first + arguments.payloads
    size = 10 if arguments.large else 200
    parts = [range(seed, min(seed + size, last)) for seed in range(first, last, size)]
    run = partial(check, large=arguments.large, more=arguments.storages_and_market, oracles=arguments.oracles)
    with ProcessPoolExecutor() as pool:
        for found, counted in pool.map(run, parts):
            outcomes += counted
            wrong += len(found)
            for fault in found:
                print(fault, flush=True)
    print(f"{arguments.payloads} payloads, {wrong} faults, {perf_counter() - start:.0f} s")
    for name, count in outcomes.most_common():
        print(f"{name:>16} {count:>8}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
