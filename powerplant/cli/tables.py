"""Plans and reports as text tables for people. Invisible characters in names are escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from unicodedata import combining, east_asian_width

from powerplant.cli.words import counted, printable, to_the_cent
from powerplant.models import PlantReport, Report

HEADS = ("power plant", "type", "MW", "euro/MWh", "euro", "CO2 t", "state")
NUMBERS = (2, 3, 4, 5)
"""Columns that are aligned to the right."""

STATES = {"off": "off", "at_minimum": "at minimum", "in_between": "in between", "at_maximum": "at maximum"}


DROPPED = (1, 5, 3)
"""Columns that a narrow terminal does not show, the first one first: type, CO2, price."""

SHORTEST_NAME = 12
"""Columns are dropped before names become shorter."""


MOST_THAT_NEVER_RUN = 5
"""Most plants below the table that can never run; the others are counted."""


def plan_as_table(report: Report, width: int | None = None) -> str:
    """A row for each plant in merit order, with the CO2 that it emits; the totals, what is proven, what can never run.

    Args:
        report: the report.
        width: columns of the terminal; names are shortened and columns dropped to fit. ``None``: no limit.
    """
    notes = [line for sentence in _never_running(report) for line in wrapped(sentence, width)]
    return "\n".join([_table(report, width), *([*notes, ""] if notes else [])])


def _table(report: Report, width: int | None) -> str:
    decimals = max(1, len(f"{report.step:g}") - 2)
    rows = [HEADS, *(_row(plant, decimals) for plant in report.powerplants), _totals(report, decimals)]
    shown, name_width = _fitted(rows, width)
    rows = [(shortened(row[0], name_width), *(row[i] for i in shown)) for row in rows]
    lines = [line.rstrip() for line in _columns(rows, [i + 1 for i, shown_ in enumerate(shown) if shown_ in NUMBERS])]
    rule = "-" * max(map(display_width, lines))
    summary = [*_summary(report), *_dropped(shown)]
    text = "\n".join(line for sentence in summary for line in wrapped(sentence, width))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], "", text]) + "\n"


def report_as_text(report: Report, width: int | None = None) -> str:
    """The table, the prices of the next MWh, and a reason for each plant; arguments as for :func:`plan_as_table`."""
    longest = max(display_width(printable(plant.name)) for plant in report.powerplants)
    room = longest if width is None else min(longest, max(SHORTEST_NAME, width // 3))
    lines = [line for sentence in _prices_and_headroom(report) for line in wrapped(sentence, width)]
    lines.append("")
    for plant in report.powerplants:
        name = padded(shortened(printable(plant.name), room), room)
        first, *others = wrapped(printable(plant.reason), None if width is None else width - room - 2)
        lines += [f"{name}  {first}", *(f"{' ' * room}  {line}" for line in others)]
    lines += [line for note in report.notes for line in ("", *wrapped(printable(note), width))]
    return "\n".join([_table(report, width), *lines, ""])


def _fitted(rows: Sequence[Sequence[str]], width: int | None) -> tuple[list[int], int]:
    """The columns after the name that fit, and the columns of the terminal that are left for the name."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    shown, room = [*range(1, len(widths))], 0
    if width is None:
        return shown, widths[0]
    for dropped in (None, *DROPPED):
        shown = [place for place in shown if place != dropped]
        room = width - sum(widths[place] + 2 for place in shown)
        if room >= min(widths[0], SHORTEST_NAME):
            break
    return shown, max(min(widths[0], room), len("total"))


def _dropped(shown: Sequence[int]) -> Iterator[str]:
    if names := [HEADS[i] for i in sorted(DROPPED) if i not in shown]:
        yield f"A wider terminal also shows: {', '.join(names)}."


def shortened(name: str, width: int) -> str:
    """A name that is too wide, without its middle: beginnings and ends tell plants apart."""
    if display_width(name) <= width:
        return name
    for kept in range(len(name) - 1, 0, -1):
        text = f"{name[: kept - kept // 2]}...{name[len(name) - kept // 2 :]}"
        if display_width(text) <= width:
            return text
    return "..."


def wrapped(text: str, width: int | None) -> list[str]:
    """A text in lines that are not wider than this, broken between words; a longer word is broken too."""
    if width is None or display_width(text) <= width:
        return [text]
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and display_width(lines[-1]) + 1 + display_width(word) <= width:
            lines[-1] += f" {word}"
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if display_width(lines[-1] + character) > max(width, 2):
                lines.append("")
            lines[-1] += character
    return lines


def _row(plant: PlantReport, decimals: int) -> Sequence[str]:
    amounts = map(to_the_cent, (plant.marginal_cost.total, plant.cost, plant.co2_emitted_tonnes))
    return [printable(plant.name), printable(plant.type), f"{plant.p:,.{decimals}f}", *amounts, STATES[plant.state]]


def _totals(report: Report, decimals: int) -> Sequence[str]:
    average = "" if report.average_price is None else to_the_cent(report.average_price)
    amounts = map(to_the_cent, (report.cost.total, report.co2_emitted_tonnes))
    return ["total", "", f"{report.load:,.{decimals}f}", average, *amounts, ""]


def _summary(report: Report) -> Iterator[str]:
    cost = report.cost
    other = f", {to_the_cent(cost.other)} for other costs" if cost.other else ""
    yield f"{to_the_cent(cost.total)} euro: {to_the_cent(cost.fuel)} for fuel, {to_the_cent(cost.co2)} for CO2{other}."
    if report.status == "optimal":
        yield f"No plan is cheaper (proven by {report.proof})."
    else:
        gap = to_the_cent(cost.total - report.lower_bound)
        yield f"Not proven to be the cheapest plan: it costs at most {gap} euro too much."


def _never_running(report: Report) -> Iterator[str]:
    """Why plants can never run: a table shows them as off, like others. The reasons name them too."""
    never = report.never_runs
    for plant in never[:MOST_THAT_NEVER_RUN]:
        yield f"{printable(plant.name)} {plant.reason.removeprefix('It ')}"
    if (others := len(never) - MOST_THAT_NEVER_RUN) > 0:
        yield f"{counted(others, 'more power plant')} can never run; --why says why."


def _prices_and_headroom(report: Report) -> Iterator[str]:
    running, free = report.marginal_price.commitment_as_it_is, report.marginal_price.commitment_free
    yield f"One more MWh: {_price(running.up)} from the running plants, {_price(free.up)} if others may start or stop."
    yield f"One less: {_price(running.down)} from the running plants, {_price(free.down)} if others may start or stop."
    yield f"The running plants can produce {report.headroom.up} MW more, or {report.headroom.down} MW less."
    if report.curtailed_wind:
        yield f"{report.curtailed_wind} MW of wind are not used."


def _columns(rows: Sequence[Sequence[str]], numbers: Collection[int]) -> Iterator[str]:
    """The rows as lines; these columns are aligned to the right."""
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sized = enumerate(zip(row, widths, strict=True))
        yield "  ".join(padded(text, width, right=place in numbers) for place, (text, width) in sized)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text with spaces, as wide as this on a terminal."""
    padding = " " * (width - display_width(text))
    return padding + text if right else text + padding


def display_width(text: str) -> int:
    """Width on a terminal: two columns for a wide character, none for a combining mark."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "FW" else 1 for c in text)


def _price(price: float | None) -> str:
    return "not possible" if price is None else f"{to_the_cent(price)} euro"
