"""The command line of the measurements of batches: ``python -m benchmarks.batch --help``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.batch import lines, memory, rates, shipping, study, tables


def main() -> None:
    """Parse the arguments and run one measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    commands = parser.add_subparsers(dest="command", required=True)

    command = commands.add_parser("rates", help="payloads a second, each way")
    command.add_argument("--sizes", nargs="+", type=int, default=[6, 200], metavar="PLANTS")
    command.add_argument("--lines", type=int, default=8760, help="of six plants; larger fleets get fewer")
    command.add_argument("--rounds", type=int, default=5)

    command = commands.add_parser("lines", help="where the time of a line goes")
    command.add_argument("--sizes", nargs="+", type=int, default=[6, 200], metavar="PLANTS")
    command.add_argument("--lines", type=int, default=2000, help="of six plants; larger fleets get fewer")
    command.add_argument("--rounds", type=int, default=9)

    command = commands.add_parser("shipping", help="what a chunk costs to send")
    command.add_argument("--sizes", nargs="+", type=int, default=[6, 200], metavar="PLANTS")
    command.add_argument("--rounds", type=int, default=25)

    command = commands.add_parser("tables", help="a year as lines of JSON, as CSV and as a workbook")
    command.add_argument("--lines", type=int, default=8760)
    command.add_argument("--rounds", type=int, default=5)
    command.add_argument("--workers", type=int, default=2)

    command = commands.add_parser("memory", help="the most that is used, by the number of lines")
    command.add_argument("--lines", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    command.add_argument("--workers", type=int, default=2)
    command.add_argument("--streams", nargs="*", type=int, default=[6, 200], metavar="PLANTS", help="batches over HTTP")

    command = commands.add_parser("study", help="a year at three prices of CO2")
    command.add_argument("--folder", type=Path, help="where hours and plans are kept")
    command.add_argument("--picture", type=Path)

    chosen = parser.parse_args()
    if chosen.command == "rates":
        measured = {size: rates.measure(size, _fewer(chosen.lines, size), chosen.rounds) for size in chosen.sizes}
        rates.report(measured, markdown=chosen.markdown)
    elif chosen.command == "lines":
        for size in chosen.sizes:
            lines.report(size, _fewer(chosen.lines, size), chosen.rounds, markdown=chosen.markdown)
    elif chosen.command == "shipping":
        shipped = {size: shipping.measure(size, chosen.rounds) for size in chosen.sizes}
        shipping.report(shipped, markdown=chosen.markdown)
    elif chosen.command == "tables":
        seconds = tables.measure(chosen.lines, chosen.rounds, chosen.workers)
        tables.report(seconds, chosen.lines, markdown=chosen.markdown)
    elif chosen.command == "memory":
        peaks = [memory.measure(count, chosen.workers) for count in chosen.lines]
        memory.report(peaks, markdown=chosen.markdown)
        streams = [memory.measure_stream(plants, 9_999) for plants in chosen.streams]
        memory.report_streams(streams, markdown=chosen.markdown)
    else:
        study.run(chosen.folder, chosen.picture, markdown=chosen.markdown)


def _fewer(lines_: int, size: int) -> int:
    """As many lines as take about the same time."""
    return max(100, lines_ * 6 // max(size, 6))


if __name__ == "__main__":
    main()
