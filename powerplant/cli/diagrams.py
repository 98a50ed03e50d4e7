"""A plan for a horizon as a diagram for people: for each plant, how much it produces in each period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any, NamedTuple, TypeVar

import click

from powerplant.cli.tables import display_width, padded, shortened, wrapped
from powerplant.cli.words import counted, printable, to_the_cent

T = TypeVar("T")

LEVELS = "▁▂▃▄▅▆▇█"
"""From little to the largest output of the plant in the horizon."""

OFF, ZERO = "·", "_"
BUYS, SELLS = "+", "-"
MOST_COUNTED = 9
"""The most starts that one character shows; more are shown as this number."""

NARROWEST_NAME, WIDEST_NAME = len("power plant"), 24
NARROWEST = 12
"""The fewest characters for the periods of a plant, however narrow the terminal is."""

DEFAULT = 100
"""The width in columns if the output is not a terminal."""

HEADS = ("MWh", "euro", "starts")

STARTS, CHARGED, LACKS, DIM = "green", "cyan", "red", "bright_black"
IN_COLOURS = "Green: starts. Cyan: the storage charges. Red: lost load, and prices below 0."


class Row(NamedTuple):
    """A plant, a storage, the market or a figure of the periods, with a character for each period.

    Attributes:
        name: the first column.
        figures: energy, cost and starts in the whole horizon.
        diagram: a character for each period.
        colours: the colour of each character; empty if none has one.
    """

    name: str
    figures: tuple[str, ...] = ("", "", "")
    diagram: str = ""
    colours: Sequence[str | None] = ()


def horizon_as_table(report: Mapping[str, Any], width: int | None, hours: float, *, coloured: bool = False) -> str:
    """A line for each plant: energy, cost, starts, and its output in each period; then storages, market and totals.

    Below them are the plants that start in each period, and the prices.

    Args:
        report: the report.
        width: columns of the terminal; ``None`` where there is none.
        hours: the length of a period.
        coloured: whether to add the codes that show starts, lost load and negative prices in colours.
    """
    columns = DEFAULT if width is None else width
    names = [printable(each["name"]) for each in (*report["plan"], *report.get("storages", []))]
    figures = [*_figures(report, hours)]
    widths = [max(map(len, column)) for column in zip(HEADS, *figures, strict=True)]
    for_figures = sum(widths) + 2 * (len(widths) + 1)
    longest = max(map(display_width, names), default=0)
    name_width = max(NARROWEST_NAME, min(longest, WIDEST_NAME, columns - for_figures - NARROWEST))
    periods = len(report["periods"])
    room = max(NARROWEST, columns - for_figures - name_width)
    per_character = -(-periods // room)
    names += ["market"] * ("market" in report)
    rows = [Row("power plant", HEADS, _ruler(periods, per_character))]
    for name, numbers, diagram in zip(names, figures[:-1], _diagrams(report, per_character), strict=True):
        rows.append(Row(name, numbers, *diagram))
    rows += [Row("total", figures[-1]), *_of_periods(report, per_character)]
    lines = [_line(row, widths, name_width, coloured=coloured) for row in rows]
    sentences = [*_summary(report, per_character), *[IN_COLOURS] * coloured]
    summary = [line for sentence in sentences for line in wrapped(sentence, columns)]
    return "\n".join([*lines, "", *summary]) + "\n"


def _figures(report: Mapping[str, Any], hours: float) -> Iterator[tuple[str, str, str]]:
    """Energy (MWh), cost (euro) and starts of each plant, each storage and the market, then their totals."""
    total = 0.0
    for plant in report["powerplants"]:
        total += plant["energy"]
        yield f"{plant['energy']:,.1f}", to_the_cent(plant["costs"]["total"]), str(len(plant["starts"]) or "")
    flows = [(storage["discharge"], storage["charge"], "") for storage in report.get("storages", [])]
    if market := report.get("market"):
        flows.append((market["buy"], market["sell"], to_the_cent(report["costs"]["market"])))
    for given, taken, cost in flows:
        energy = (sum(given) - sum(taken)) * hours
        total += energy
        yield f"{energy:,.1f}", cost, ""
    yield f"{total:,.1f}", to_the_cent(report["cost"]), ""


def _diagrams(report: Mapping[str, Any], per_character: int) -> Iterator[tuple[str, list[str | None]]]:
    """The outputs of each plant, the energy in each storage, and what is bought and sold, with their colours."""
    for plant, detail in zip(report["plan"], report["powerplants"], strict=True):
        starts = {start["period"] for start in detail["starts"]}
        is_start = [period["period"] in starts for period in report["periods"]]
        text = _levels(plant["p"], plant["on"], per_character)
        marked = [STARTS if any(part) else None for part in _parts(is_start, per_character)]
        yield text, [DIM if c == OFF else colour for c, colour in zip(text, marked, strict=True)]
    for storage in report.get("storages", []):
        text = _levels(storage["energy"], [energy > 0 for energy in storage["energy"]], per_character)
        yield text, [CHARGED if any(part) else None for part in _parts(storage["charge"], per_character)]
    if "market" in report:
        buys, sells = report["market"]["buy"], report["market"]["sell"]
        for_each = [BUYS if buy else SELLS if sell else OFF for buy, sell in zip(buys, sells, strict=True)]
        text = "".join(max(part, key=part.count) for part in _parts(for_each, per_character))
        yield text, [DIM if c == OFF else None for c in text]


def _of_periods(report: Mapping[str, Any], per_character: int) -> Iterator[Row]:
    """How many plants start in each period; the load that is lost; the price."""
    periods = report["periods"]
    starting = [start["period"] for plant in report["powerplants"] for start in plant["starts"]]
    counts = [sum(part) for part in _parts([starting.count(period["period"]) for period in periods], per_character)]
    if any(counts):
        text = "".join(str(min(count, MOST_COUNTED)) if count else OFF for count in counts)
        yield Row("starts", diagram=text, colours=[STARTS if count else DIM for count in counts])
    lost = [period.get("lost_load", 0.0) for period in periods]
    if any(lost):
        text = _levels(lost, [mw > 0 for mw in lost], per_character)
        yield Row("lost load", diagram=text, colours=[DIM if c == OFF else LACKS for c in text])
    prices = [price_of(period) for period in periods]
    if known := [price for price in prices if price is not None]:
        low, high = min(known), max(known)
        parts = [[price for price in part if price is not None] for part in _parts(prices, per_character)]
        text = "".join(_level(fmean(part) - low, high - low) if part else OFF for part in parts)
        yield Row("price", diagram=text, colours=[LACKS if part and fmean(part) < 0 else None for part in parts])


def price_of(period: Mapping[str, Any]) -> float | None:
    """The price of a period: what one more MWh costs; if that is not possible, what one less saves.

    If neither is known it is the relaxed price; ``None`` without that.
    """
    price = period.get("price") or {}
    found = [price[kind] for kind in ("up", "down", "relaxed") if price.get(kind) is not None]
    return float(found[0]) if found else None


def _parts(values: Sequence[T], per_character: int) -> list[Sequence[T]]:
    """The values that share a character."""
    return [values[start : start + per_character] for start in range(0, len(values), per_character)]


def _line(row: Row, widths: Sequence[int], name_width: int, *, coloured: bool) -> str:
    numbers = "  ".join(cell.rjust(width) for cell, width in zip(row.figures, widths, strict=True))
    diagram = row.diagram
    if coloured and row.colours:
        runs = groupby(zip(row.diagram, row.colours, strict=True), key=lambda pair: pair[1])
        texts = ((colour, "".join(c for c, _ in run)) for colour, run in runs)
        diagram = "".join(text if colour is None else click.style(text, fg=colour) for colour, text in texts)
    return f"{padded(shortened(row.name, name_width), name_width)}  {numbers}  {diagram}".rstrip()


def _levels(values: Sequence[float], on: Sequence[int], per_character: int) -> str:
    """A character for each period, or for as many as share one: the largest value of these."""
    most = max(values, default=0.0)
    return "".join(
        OFF if not any(is_on) else ZERO if not any(part) else _level(max(part), most)
        for part, is_on in zip(_parts(values, per_character), _parts(on, per_character), strict=True)
    )


def _level(value: float, most: float) -> str:
    """The character for a value from 0 to the largest."""
    return LEVELS[min(len(LEVELS) - 1, int(value / most * len(LEVELS)) if most else 0)]


def _ruler(periods: int, per_character: int) -> str:
    """The numbers of the periods, one at least every ten characters."""
    text = ""
    count = -(-periods // per_character)
    while len(text) < count:
        label = f"{len(text) * per_character + 1}"
        text += label.ljust(10) if len(text) + 10 <= count else label[: count - len(text)].ljust(count - len(text))
    return text.rstrip()


def _summary(report: Mapping[str, Any], per_character: int) -> Iterator[str]:
    status = report["status"]
    cost = f"{to_the_cent(report['cost'])} euro"
    share = f"{100 * report['relative_gap']:.3f} %"
    if status == "optimal":
        yield f"The plan costs {cost}. It is proven that no plan costs less."
    else:
        ends = "" if status == "within_gap" else " The time limit came first."
        bound = to_the_cent(report["lower_bound"])
        yield f"The plan costs {cost}; no plan costs less than {bound} (gap {share}).{ends}"
    kinds = [f"{kind.replace('_', ' ')} {to_the_cent(euro)}" for kind, euro in report["costs"].items() if euro]
    if kinds:
        yield f"Of it: {', '.join(kinds)}."
    yield f"CO2: {report['co2_emitted_tonnes']:,.1f} t emitted, {report['co2_tonnes']:,.1f} t charged."
    if lost := [period for period in report["periods"] if period.get("lost_load")]:
        yield f"Load is lost in {counted(len(lost), 'period')}."
    if prices := {n: price for n, period in enumerate(report["periods"], 1) if (price := price_of(period)) is not None}:
        low, high = min(prices, key=lambda n: prices[n]), max(prices, key=lambda n: prices[n])
        yield (
            f"Price: from {to_the_cent(prices[low])} (period {low}) to {to_the_cent(prices[high])} (period {high}) "
            f"euro per MWh, {LEVELS[0]} to {LEVELS[-1]}."
        )
    if per_character > 1:
        yield f"Each character is {per_character} periods: the largest output of these, their starts, their mean price."
    yield f"{OFF} off   {ZERO} on, at 0   {LEVELS[0]} to {LEVELS[-1]} its output, from little to its most"
    if report.get("storages"):
        yield "Of a storage: MWh given less MWh taken, and the energy that it holds after each period."
    if "market" in report:
        yield f"{BUYS} bought   {SELLS} sold"
    for plant in report["never_runs"]:
        yield f"{printable(plant['name'])} never runs: {printable(plant['reason'])}"
    for note in report["notes"]:
        yield printable(note)
