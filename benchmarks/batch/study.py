"""A worked study: what a year costs, and how much CO2 it is charged for, at three prices of CO2."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.batch.year import CO2, FLEET, HOURS, PRICES, WIND, hours
from benchmarks.service.tables import Table

ROOT = Path(__file__).parents[2]
CO2_PRICES = (20, 80, 140)
TYPES = {"windturbine": "wind", "gasfired": "gas", "turbojet": "turbojet"}


class Year(NamedTuple):
    """What a year comes to.

    Attributes:
        co2_price: euro per tonne.
        cost: euro.
        tonnes: of CO2 that is charged.
        energy: MWh by type of power plant.
        plans: hours with a plan.
        seconds: that planning took.
    """

    co2_price: float
    cost: float
    tonnes: float
    energy: dict[str, float]
    plans: int
    seconds: float


def plan_year(co2_price: float, folder: Path) -> Year:
    """Write the year as a table of hours, plan it with the command line, and read what came of it.

    The folder holds ``fleet.json`` and, for each price, the hours, the plans and the summary afterwards.
    """
    fleet, table, plans, summary = (
        folder / name for name in ("fleet.json", f"{co2_price}.csv", f"{co2_price}.jsonl", f"{co2_price}.json")
    )
    fleet.write_text(json.dumps({"powerplants": FLEET}, indent=2) + "\n")
    prices = PRICES | {CO2: co2_price}
    header = ",".join(["hour", "load", *prices, WIND])
    rows = [",".join(map(str, [t, load, *prices.values(), wind])) for t, (load, wind) in enumerate(hours())]
    table.write_text("\n".join([header, *rows, ""]))
    options = [str(table), str(plans), "--fleet", str(fleet), "--summary", str(summary), "--overwrite"]
    subprocess.run([sys.executable, "-m", "powerplant", "batch", *options], cwd=ROOT, check=False)  # noqa: S603 - ours
    totals = json.loads(summary.read_text())
    energy = dict.fromkeys(TYPES, 0.0)
    type_of = {plant["name"]: plant["type"] for plant in FLEET}
    with plans.open() as answers:
        for answer in map(json.loads, answers):
            for plant in answer.get("plan", []):
                energy[type_of[plant["name"]]] += plant["p"]
    return Year(co2_price, totals["cost"], totals["co2_tonnes"], energy, totals["plans"], totals["seconds"])


def run(folder: Path | None, picture_at: Path | None, *, markdown: bool) -> None:
    """Plan the year at each price, print the table, and draw the picture."""
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        years = [plan_year(price, place) for price in CO2_PRICES]
    heads = ["CO2, euro/t", "hours planned", "cost, million euro", "CO2, thousand t", *_heads(), "seconds"]
    table = Table(heads, markdown=markdown)
    for year in years:
        energy = [f"{year.energy[type_] / 1e6:.3f}" for type_ in TYPES]
        cells = [f"{year.plans:,}", f"{year.cost / 1e6:.2f}", f"{year.tonnes / 1e3:.1f}", *energy]
        table.row(f"{year.co2_price:g}", *cells, f"{year.seconds:.2f}")
    if picture_at:
        picture_at.write_text(picture(years), encoding="utf-8")
        print(f"drawn: {picture_at}")


def _heads() -> Iterator[str]:
    return (f"{name}, TWh" for name in TYPES.values())


# --- The picture -----------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, TOP, BOTTOM = 760, 340, 84, 292
FUEL, ALLOWANCES, TONNES = "#7a9cc6", "#d98e4a", "#5b7f5b"
BAR, STEP = 56, 104


OPENING = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
    'font-family="system-ui, sans-serif" font-size="13" fill="#333">'
)


def picture(years: Sequence[Year]) -> str:
    """Two panels as an SVG: cost, for fuel and for CO2, and tonnes, at each price."""
    return "\n".join(
        [
            OPENING,
            f"<title>A year of {HOURS} hours at three prices of CO2</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *_panel(40, "Cost of the year, million euro", _costs(years)),
            *_panel(420, "CO2 charged, thousand tonnes", [[(year.tonnes / 1e3, TONNES)] for year in years]),
            *_legend(40),
            *(_caption(left, index, year) for left in (40, 420) for index, year in enumerate(years)),
            "</svg>",
            "",
        ]
    )


def _costs(years: Sequence[Year]) -> list[list[tuple[float, str]]]:
    allowances = [year.tonnes * year.co2_price / 1e6 for year in years]
    return [
        [(year.cost / 1e6 - for_co2, FUEL), (for_co2, ALLOWANCES)]
        for year, for_co2 in zip(years, allowances, strict=True)
    ]


def _panel(left: int, title: str, bars: Sequence[Sequence[tuple[float, str]]]) -> Iterator[str]:
    scale = (BOTTOM - TOP) / max(sum(height for height, _ in bar) for bar in bars)
    yield f'<text x="{left}" y="34" font-size="17" font-weight="600">{title}</text>'
    yield f'<path d="M{left} {BOTTOM}h{STEP * len(bars)}" stroke="#999"/>'
    for index, bar in enumerate(bars):
        x, y = left + 24 + STEP * index, float(BOTTOM)
        for height, colour in bar:
            y -= height * scale
            yield f'<rect x="{x}" y="{y:.1f}" width="{BAR}" height="{height * scale:.1f}" fill="{colour}"/>'
        total = sum(height for height, _ in bar)
        yield f'<text x="{x + BAR / 2}" y="{y - 7:.1f}" text-anchor="middle">{total:,.1f}</text>'


def _caption(left: int, index: int, year: Year) -> str:
    x = left + 24 + STEP * index + BAR / 2
    return f'<text x="{x}" y="{BOTTOM + 22}" text-anchor="middle">{year.co2_price:g} euro/t</text>'


def _legend(left: int) -> Iterator[str]:
    for x, colour, what in ((left, FUEL, "fuel"), (left + 70, ALLOWANCES, "CO2")):
        yield f'<rect x="{x}" y="46" width="12" height="12" fill="{colour}"/><text x="{x + 18}" y="57">{what}</text>'
