"""A plan for a horizon as a diagram for people: for each plant, how much it produces in each period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from powerplant.cli.tables import display_width, padded, shortened, wrapped
from powerplant.cli.words import counted, printable, to_the_cent

LEVELS = "▁▂▃▄▅▆▇█"
"""From little to the largest output of the plant in the horizon."""

OFF, ZERO = "·", "_"
NARROWEST_NAME, WIDEST_NAME = len("power plant"), 24
NARROWEST = 12
"""Periods in a line of a terminal, at least."""

DEFAULT = 100
"""Columns where the output is not a terminal."""

HEADS = ("MWh", "euro", "starts")


def horizon_as_table(report: Mapping[str, Any], width: int | None) -> str:
    """A line for each plant: energy, cost, starts, and its output in each period; then the totals.

    Args:
        report: the report.
        width: columns of the terminal; ``None`` where there is none.
    """
    columns = DEFAULT if width is None else width
    plants = report["powerplants"]
    outputs = {plant["name"]: plant for plant in report["plan"]}
    cells = [
        (f"{plant['energy']:,.1f}", to_the_cent(plant["costs"]["total"]), str(len(plant["starts"]) or ""))
        for plant in plants
    ]
    totals = (f"{sum(plant['energy'] for plant in plants):,.1f}", to_the_cent(report["cost"]), "")
    widths = [max(map(len, column)) for column in zip(HEADS, totals, *cells, strict=True)]
    names = [printable(plant["name"]) for plant in plants]
    name_width = min(WIDEST_NAME, max(NARROWEST_NAME, *(display_width(name) for name in names)))
    figures = sum(widths) + 2 * (len(widths) + 1)
    name_width = max(NARROWEST_NAME, min(name_width, columns - figures - NARROWEST))
    periods = len(report["periods"])
    room = max(NARROWEST, columns - figures - name_width)
    per_character = -(-periods // room)
    lines = [_line("power plant", HEADS, widths, name_width, _ruler(periods, per_character))]
    for name, plant, row in zip(names, plants, cells, strict=True):
        shown = _levels(outputs[plant["name"]], per_character)
        lines.append(_line(name, row, widths, name_width, shown))
    lines.append(_line("total", totals, widths, name_width, ""))
    summary = [line for sentence in _summary(report, per_character) for line in wrapped(sentence, columns)]
    return "\n".join([*lines, "", *summary]) + "\n"


def _line(name: str, cells: Sequence[str], widths: Sequence[int], name_width: int, diagram: str) -> str:
    numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return f"{padded(shortened(name, name_width), name_width)}  {numbers}  {diagram}".rstrip()


def _levels(plant: Mapping[str, Any], per_character: int) -> str:
    """A character for each period, or for as many as share one: the largest output of these."""
    most = max(plant["p"], default=0.0)
    text = ""
    for start in range(0, len(plant["p"]), per_character):
        part = slice(start, start + per_character)
        if not any(plant["on"][part]):
            text += OFF
        elif not any(plant["p"][part]):
            text += ZERO
        else:
            text += LEVELS[min(len(LEVELS) - 1, int(max(plant["p"][part]) / most * len(LEVELS)))]
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
    for plant in report["never_runs"]:
        yield f"{printable(plant['name'])} never runs: {printable(plant['reason'])}"
    for note in report["notes"]:
        yield printable(note)
