"""Plans and reports for people: text of even columns, in which names cannot play tricks on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

from powerplant.cli.words import printable, to_the_cent
from powerplant.models import PlantReport, Report

HEADS = ("power plant", "type", "MW", "euro/MWh", "euro", "CO2 t", "state")
NUMBERS = (2, 3, 4, 5)
"""The columns that stand to the right."""

STATES = {"off": "off", "at_minimum": "at minimum", "in_between": "in between", "at_maximum": "at maximum"}


def plan_as_table(report: Report) -> str:
    """A row for each plant, in merit order, the totals under them, and what is proven.

    The alternatives in the report are not looked at: they need not have been computed.
    """
    rows = [HEADS, *map(_row, report.powerplants), _totals(report)]
    lines = [line.rstrip() for line in _columns(rows)]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], "", *_summary(report)]) + "\n"


def report_as_text(report: Report) -> str:
    """The table, the prices of the next MWh, and a reason for each plant."""
    width = max(_width(printable(plant.name)) for plant in report.powerplants)
    reasons = (f"{_padded(printable(plant.name), width)}  {plant.reason}" for plant in report.powerplants)
    return "\n".join([plan_as_table(report), *_prices_and_room(report), "", *reasons, ""])


def _row(plant: PlantReport) -> Sequence[str]:
    return (
        printable(plant.name),
        plant.type,
        f"{plant.p:,.1f}",
        to_the_cent(plant.marginal_cost.total),
        to_the_cent(plant.cost),
        to_the_cent(plant.co2_tonnes),
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
        to_the_cent(report.co2_tonnes),
        "",
    )


def _summary(report: Report) -> Iterator[str]:
    cost = report.cost
    yield f"{to_the_cent(cost.total)} euro: {to_the_cent(cost.fuel)} for fuel, {to_the_cent(cost.co2)} for CO2."
    if report.status == "optimal":
        yield f"No plan is cheaper (proven by {report.proof})."
    else:
        gap = to_the_cent(cost.total - report.lower_bound)
        yield f"Not proven to be the cheapest: it is at most {gap} euro too dear."


def _prices_and_room(report: Report) -> Iterator[str]:
    running, free = report.marginal_price.commitment_as_it_is, report.marginal_price.commitment_free
    yield f"One more MWh: {_price(running.up)} from the plants that run, {_price(free.up)} if others may start or stop."
    yield f"One less: {_price(running.down)} from the plants that run, {_price(free.down)} if others may start or stop."
    yield f"The plants that run could make {report.headroom.up} MW more, or {report.headroom.down} MW less."
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
    """Columns of a terminal: two for a wide character, none for a mark on the one before."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "FW" else 1 for c in text)


def _price(price: float | None) -> str:
    return "not to be had" if price is None else f"{to_the_cent(price)} euro"
