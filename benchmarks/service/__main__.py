"""The command line of the service's measurements: ``python -m benchmarks.service --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.service import ROOT, attacks, fuzz, load, overhead, soak


def main() -> None:
    """Parse the arguments and run one measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("overhead", help="server CPU for each request, compared with constant bytes")
    command.add_argument("--rounds", type=int, default=60)
    command.add_argument("--requests", type=int, default=500, help="for each server in each round")
    command.add_argument("--connections", type=int, default=8)

    command = commands.add_parser("load", help="throughput and latency, compared with other servers")
    command.add_argument("--servers", nargs="+", choices=list(load.CONTENDERS), default=list(load.CONTENDERS))
    command.add_argument("--seconds", type=float, default=30, help="of load for each server")
    command.add_argument("--stints", type=int, default=3, help="number of turns into which these seconds are divided")
    command.add_argument("--connections", type=int, default=16)

    command = commands.add_parser("soak", help="many requests, every answer checked, memory measured")
    command.add_argument("--requests", type=int, default=200_000)
    command.add_argument("--connections", type=int, default=16)

    command = commands.add_parser("fuzz", help="invalid and strange requests, every answer checked")
    command.add_argument("--attempts", type=int, default=20_000)
    command.add_argument("--first-seed", type=int, default=0)
    command.add_argument(
        "--time-limit", type=float, default=2, help="seconds for the solver; an answer may take 1 s more"
    )

    command = commands.add_parser("attacks", help="what other clients notice while one tries to take the service")
    command.add_argument("--checkout", type=Path, default=ROOT, help="with a .venv of its own")
    command.add_argument("--only", nargs="+", choices=list(attacks.ATTACKS), default=list(attacks.ATTACKS))
    command.add_argument("--seconds", type=float, default=15, help="of each attack")
    command.add_argument("--afterwards", type=float, default=20, help="seconds until memory is measured again")

    chosen = parser.parse_args()
    if chosen.command == "overhead":
        measured = overhead.measure(chosen.rounds, chosen.requests, chosen.connections)
        overhead.report(measured, markdown=chosen.markdown)
    elif chosen.command == "load":
        loads = load.measure(chosen.servers, chosen.seconds, chosen.stints, chosen.connections)
        load.report(loads, markdown=chosen.markdown)
    elif chosen.command == "soak":
        sys.exit(not soak.report(soak.measure(chosen.requests, chosen.connections), markdown=chosen.markdown))
    elif chosen.command == "attacks":
        outcomes = attacks.measure(chosen.checkout.resolve(), chosen.only, chosen.seconds, chosen.afterwards)
        sys.exit(not attacks.report(outcomes, markdown=chosen.markdown))
    else:
        kinds = fuzz.measure(chosen.attempts, chosen.first_seed, chosen.time_limit)
        sys.exit(not fuzz.report(kinds, markdown=chosen.markdown))


if __name__ == "__main__":
    main()
