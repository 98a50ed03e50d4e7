"""Plans and reports as text tables for people. Control characters in names are escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

from powerplant.cli.words import printable, to_the_cent
from powerplant.models import PlantReport, Report

HEADS = ("power plant", "type", "MW", "euro/MWh", "euro", "CO2 t", "state")
NUMBERS = (2, 3, 4, 5)
"""Columns that are aligned to the right."""

STATES = {"off": "off", "at_minimum": "at minimum", "in_between": "in between", "at_maximum": "at maximum"}


def plan_as_table(report: Report) -> str:
    """A row for each plant in merit order, with the CO2 that it emits, the totals, and what is proven.

    The alternatives are not used.
    """
    rows = [HEADS, *map(_row, report.powerplants), _totals(report)]
    lines = [line.rstrip() for line in _columns(rows)]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], "", *_summary(report)]) + "\n"


def report_as_text(report: Report) -> str:
    """The table, the prices of the next MWh, and a reason for each plant."""
    width = max(_width(printable(plant.name)) for plant in report.powerplants)
    reasons = (f"{_padded(printable(plant.name), width)}  {plant.reason}" for plant in report.powerplants)
    return "\n".join([plan_as_table(report), *_prices_and_headroom(report), "", *reasons, ""])


def _row(plant: PlantReport) -> Sequence[str]:
    return (
        printable(plant.name),
        plant.type,
        f"{plant.p:,.1f}",
        to_the_cent(plant.marginal_cost.total),
        to_the_cent(plant.cost),
        to_the_cent(plant.co2_emitted_tonnes),
        STATES[plant.state],
    )


def _totals(report: Report) -> Sequence[str]:
    average = "" if report.average_price is None else to_the_cent(report.average_price)
    return (
        "total",
        "",
        f"{report.load:,.1f}",
        average,
        to_the_cent(report.cost.total),
        to_the_cent(report.co2_emitted_tonnes),
        "",
    )


def _summary(report: Report) -> Iterator[str]:
    cost = report.cost
    yield f"{to_the_cent(cost.total)} euro: {to_the_cent(cost.fuel)} for fuel, {to_the_cent(cost.co2)} for CO2."
    if report.status == "optimal":
        yield f"No plan is cheaper (proven by {report.proof})."
    else:
        gap = to_the_cent(cost.total - report.lower_bound)
        yield f"Not proven to be the cheapest plan: it costs at most {gap} euro too much."


def _prices_and_headroom(report: Report) -> Iterator[str]:
    running, free = report.marginal_price.commitment_as_it_is, report.marginal_price.commitment_free
    yield f"One more MWh: {_price(running.up)} from the running plants, {_price(free.up)} if others may start or stop."
    yield f"One less: {_price(running.down)} from the running plants, {_price(free.down)} if others may start or stop."
    yield f"The running plants can produce {report.headroom.up} MW more, or {report.headroom.down} MW less."
    if report.curtailed_wind:
        yield f"{report.curtailed_wind} MW of wind are not used."


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            _padded(text, width, right=i in NUMBERS) for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells)


def _padded(text: str, width: int, *, right: bool = False) -> str:
    padding = " " * (width - _width(text))
    return padding + text if right else text + padding


def _width(text: str) -> int:
    """Width on a terminal: two columns for a wide character, none for a combining mark."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "FW" else 1 for c in text)


def _price(price: float | None) -> str:
    return "not possible" if price is None else f"{to_the_cent(price)} euro"
