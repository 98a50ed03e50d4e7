"""What a battery is worth in a week of prices that nobody knows: 200 scenarios.

    python -m benchmarks.horizon.study write FOLDER
    powerplant batch FOLDER/with.jsonl FOLDER/with-plans.jsonl --summary FOLDER/with.json
    powerplant batch FOLDER/without.jsonl FOLDER/without-plans.jsonl --summary FOLDER/without.json
    python -m benchmarks.horizon.study draw FOLDER docs/battery.svg

Two combined cycles and the battery of ``example_payloads/battery.json`` sell to the market; they have no load of their
own. A scenario is a price in each hour: that of the example, higher or lower from day to day, and from hour to hour.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from math import exp
from pathlib import Path
from random import Random
from statistics import mean, quantiles
from typing import Any

EXAMPLE = Path("example_payloads/battery.json")
SCENARIOS = 200
FUELS = ("gas(euro/MWh)", "co2(euro/ton)")
PLANTS = ("gas 1", "gas 2")
DAYS = 7
SEED = 2026
COLOURS = {"band": "#9ecae9", "line": "#0072b2", "bar": "#d55e00", "text": "#333", "grid": "#ddd"}
FONT = 'font-family="system-ui, sans-serif" font-size="13"'
HEADING = 'font-size="16" font-weight="600"'
WIDTH, HEIGHT, LEFT, RIGHT = 760, 560, 70, 20


def write(folder: Path) -> None:
    """Write the scenarios as two batches: with the battery, and without it."""
    day = json.loads(EXAMPLE.read_text("utf-8"))
    choose = Random(SEED)
    lines = [_scenario(day, choose) for _ in range(SCENARIOS)]
    folder.mkdir(parents=True, exist_ok=True)
    fleet = {"powerplants": [plant for plant in day["powerplants"] if plant["name"] in PLANTS]}
    for name, storages in (("with", day["storages"]), ("without", [])):
        batch = [fleet, *({**line, "storages": storages} for line in lines)]
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in batch), "utf-8")


def _scenario(day: dict[str, Any], choose: Random) -> dict[str, Any]:
    """A week of prices: those of the day, seven times."""
    prices, level = [], 0.0
    for number in range(DAYS):
        level = 0.7 * level + choose.gauss(0, 0.12)
        more = 0 if number in (0, 1) else 18  # the week begins on Saturday at noon
        prices += [round((p + more) * exp(level) + choose.gauss(0, 7), 2) for p in day["market"]["price(euro/MWh)"]]
    market = {**day["market"], "price(euro/MWh)": prices, "buy": 100, "sell": 600}
    return {"start": day["start"], "fuels": {name: day["fuels"][name] for name in FUELS}, "market": market}


# --- The result ------------------------------------------------------------------------------------------------------


def draw(folder: Path, file: Path) -> None:
    """Print the table, and draw what the battery is worth and what it holds."""
    plans = {name: _plans(folder / f"{name}-plans.jsonl") for name in ("with", "without")}
    worth = [without["cost"] - with_["cost"] for with_, without in zip(plans["with"], plans["without"], strict=True)]
    totals = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in plans}
    print(json.dumps(totals, indent=1))
    print("worth:", *(f"{value:,.0f}" for value in (mean(worth), *_percentiles(worth))))
    energy = [plan["storages"][0]["energy"] for plan in plans["with"]]
    file.write_text(_picture(worth, energy), "utf-8")


def _plans(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """5, 50 and 95 %."""
    parts = quantiles(values, n=20, method="inclusive")
    return parts[0], parts[9], parts[18]


def _picture(worth: Sequence[float], energy: Sequence[Sequence[float]]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT} fill="{COLOURS["text"]}">',
        "<title>What a battery is worth in 200 weeks, and what it holds</title>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        *_histogram([value / 1000 for value in worth], 50, 220),
        *_fan(energy, 310, 500),
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _histogram(values: Sequence[float], top: float, bottom: float) -> list[str]:
    """How many weeks in each class of 10 thousand euro."""
    first, last = int(min(values) // 10), int(max(values) // 10)
    counts = [sum(int(value // 10) == k for value in values) for k in range(first, last + 1)]
    wide, most = (WIDTH - LEFT - RIGHT) / len(counts), max(counts)
    lines = [f'<text x="{LEFT}" y="28" {HEADING}>What the battery saves in a week</text>']
    for i, count in enumerate(counts):
        x, y = LEFT + i * wide, bottom - (bottom - top) * count / most
        lines.append(
            f'<rect x="{x + 1:.1f}" y="{y:.1f}" width="{wide - 2:.1f}" height="{bottom - y:.1f}" '
            f'fill="{COLOURS["bar"]}"/>'
        )
        if (first + i) % 5 == 0:
            lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{10 * (first + i)}</text>')
    end = LEFT + len(counts) * wide
    lines.append(f'<text x="{(LEFT + end) / 2:.1f}" y="{bottom + 38}" text-anchor="middle">thousand euro</text>')
    lines.append(f'<text x="{LEFT - 8}" y="{top + 5}" text-anchor="end">{most}</text>')
    lines.append(f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>')
    lines.append(
        f'<text transform="translate(22 {(top + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">weeks</text>'
    )
    return lines


def _fan(energy: Sequence[Sequence[float]], top: float, bottom: float) -> list[str]:
    """The energy after each hour: 5, 50 and 95 % of the weeks."""
    bands = [_percentiles([row[t] for row in energy]) for t in range(len(energy[0]))]
    most = max(high for _, _, high in bands)
    step = (WIDTH - LEFT - RIGHT) / (len(bands) - 1)

    def point(t: int, value: float) -> str:
        return f"{LEFT + t * step:.1f} {bottom - (bottom - top) * value / most:.1f}"

    low = "L".join(point(t, band[0]) for t, band in enumerate(bands))
    high = "L".join(point(t, bands[t][2]) for t in reversed(range(len(bands))))
    middle = "L".join(point(t, band[1]) for t, band in enumerate(bands))
    lines = [
        f'<text x="{LEFT}" y="{top - 18}" {HEADING}>What it holds: the middle week, and nine of ten</text>',
        f'<path d="M{low}L{high}Z" fill="{COLOURS["band"]}"/>',
        f'<path d="M{middle}" fill="none" stroke="{COLOURS["line"]}" stroke-width="1.5"/>',
        f'<text x="{LEFT - 8}" y="{top + 5}" text-anchor="end">{most:.0f}</text>',
        f'<text x="{LEFT - 8}" y="{bottom}" text-anchor="end">0</text>',
        f'<text transform="translate(22 {(top + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">MWh</text>',
    ]
    for day in range(DAYS + 1):
        x = LEFT + min(24 * day, len(bands) - 1) * step
        lines.append(f'<path d="M{x:.1f} {top}V{bottom}" stroke="{COLOURS["grid"]}"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{24 * day}</text>')
    lines.append(
        f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{bottom + 38}" text-anchor="middle">hours from Saturday noon</text>'
    )
    return lines


def main() -> None:
    """Write the scenarios, or draw the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write").add_argument("folder", type=Path)
    drawing = commands.add_parser("draw")
    drawing.add_argument("folder", type=Path)
    drawing.add_argument("file", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "write":
        write(chosen.folder)
    else:
        draw(chosen.folder, chosen.file)


if __name__ == "__main__":
    main()
