"""A plan for a horizon as a diagram for people: for each plant, how much it produces in each period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from powerplant.cli.tables import display_width, padded, shortened, wrapped
from powerplant.cli.words import counted, printable, to_the_cent

LEVELS = "▁▂▃▄▅▆▇█"
"""From little to the largest output of the plant in the horizon."""

OFF, ZERO = "·", "_"
BUYS, SELLS = "+", "-"
NARROWEST_NAME, WIDEST_NAME = len("power plant"), 24
NARROWEST = 12
"""Periods in a line of a terminal, at least."""

DEFAULT = 100
"""Columns where the output is not a terminal."""

HEADS = ("MWh", "euro", "starts")


class Row(NamedTuple):
    """A plant, a storage or the market: its name, figures, and a character for each period."""

    name: str
    figures: tuple[str, ...]
    diagram: str


def horizon_as_table(report: Mapping[str, Any], width: int | None, hours: float) -> str:
    """A line for each plant: energy, cost, starts, and its output in each period; then storages, market and totals.

    Args:
        report: the report.
        width: columns of the terminal; ``None`` where there is none.
        hours: of a period.
    """
    columns = DEFAULT if width is None else width
    names = [printable(each["name"]) for each in (*report["plan"], *report.get("storages", []))]
    figures = [*_figures(report, hours)]
    widths = [max(map(len, column)) for column in zip(HEADS, *figures, strict=True)]
    name_width = max([NARROWEST_NAME, *(display_width(name) for name in names)])
    for_figures = sum(widths) + 2 * (len(widths) + 1)
    name_width = max(NARROWEST_NAME, min(name_width, WIDEST_NAME, columns - for_figures - NARROWEST))
    periods = len(report["periods"])
    room = max(NARROWEST, columns - for_figures - name_width)
    per_character = -(-periods // room)
    names += ["market"] * ("market" in report)
    rows = [Row("power plant", HEADS, _ruler(periods, per_character))]
    rows += map(Row, names, figures, _diagrams(report, per_character))
    rows.append(Row("total", figures[-1], ""))
    lines = [_line(row.name, row.figures, widths, name_width, row.diagram) for row in rows]
    summary = [line for sentence in _summary(report, per_character) for line in wrapped(sentence, columns)]
    return "\n".join([*lines, "", *summary]) + "\n"


def _figures(report: Mapping[str, Any], hours: float) -> Iterator[tuple[str, str, str]]:
    """Of each plant, each storage and the market, and the totals: MWh that it gives, euro, starts."""
    total = 0.0
    for plant in report["powerplants"]:
        total += plant["energy"]
        yield f"{plant['energy']:,.1f}", to_the_cent(plant["costs"]["total"]), str(len(plant["starts"]) or "")
    for storage in report.get("storages", []):
        energy = (sum(storage["discharge"]) - sum(storage["charge"])) * hours
        total += energy
        yield f"{energy:,.1f}", "", ""
    if "market" in report:
        energy = (sum(report["market"]["buy"]) - sum(report["market"]["sell"])) * hours
        total += energy
        yield f"{energy:,.1f}", to_the_cent(report["costs"]["market"]), ""
    yield f"{total:,.1f}", to_the_cent(report["cost"]), ""


def _diagrams(report: Mapping[str, Any], per_character: int) -> Iterator[str]:
    """The outputs of each plant, the energy in each storage, and what is bought and sold."""
    for plant in report["plan"]:
        yield _levels(plant["p"], plant["on"], per_character)
    for storage in report.get("storages", []):
        yield _levels(storage["energy"], [energy > 0 for energy in storage["energy"]], per_character)
    if "market" in report:
        buys, sells = report["market"]["buy"], report["market"]["sell"]
        for_each = [BUYS if buy else SELLS if sell else OFF for buy, sell in zip(buys, sells, strict=True)]
        parts = [for_each[start : start + per_character] for start in range(0, len(for_each), per_character)]
        yield "".join(max(part, key=part.count) for part in parts)


def _line(name: str, cells: Sequence[str], widths: Sequence[int], name_width: int, diagram: str) -> str:
    numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{padded(shortened(name, name_width), name_width)}  {numbers}  {diagram}".rstrip()


def _levels(values: Sequence[float], on: Sequence[int], per_character: int) -> str:
    """A character for each period, or for as many as share one: the largest value of these."""
    most = max(values, default=0.0)
    text = ""
    for start in range(0, len(values), per_character):
        part = slice(start, start + per_character)
        if not any(on[part]):
            text += OFF
        elif not any(values[part]):
            text += ZERO
        else:
            text += LEVELS[min(len(LEVELS) - 1, int(max(values[part]) / most * len(LEVELS)))]
    return text


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
    if per_character > 1:
        yield f"Each character is {per_character} periods: the largest output of these."
    yield f"{OFF} off   {ZERO} on, at 0   {LEVELS[0]} to {LEVELS[-1]} its output, from little to its most"
    if report.get("storages"):
        yield "Of a storage: MWh given less MWh taken, and the energy that it holds after each period."
    if "market" in report:
        yield f"{BUYS} bought   {SELLS} sold"
    for plant in report["never_runs"]:
        yield f"{printable(plant['name'])} never runs: {printable(plant['reason'])}"
    for note in report["notes"]:
        yield printable(note)
