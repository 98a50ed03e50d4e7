"""From a table of hours (CSV, as spreadsheets save it) to the lines of a batch.

A table is read as a whole before any of its hours is planned: only all cells together show whether its points are
decimal, and whether its profiles are fractions.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from powerplant.batch.cells import as_json, decimal_mark, decoded, read_rows, shown, value_of
from powerplant.batch.fleets import SharedFleet, constant_prices, faults_of_hour
from powerplant.batch.headings import (
    LOAD,
    OF_THE_CHALLENGE,
    WIND,
    Column,
    Vocabulary,
    changed_fuels,
    columns_of,
    vocabulary_of_hours,
)
from powerplant.batch.numerals import UNITS, Numeral, has_value, plain_unit, read_numeral
from powerplant.batch.reading import Chunk, InvalidInput, Line, max_lines
from powerplant.decoding import KEROSINE, faults_of_fuels, pointer
from powerplant.errors import Fault
from powerplant.models import FUEL_KEYS, price_key, profile_key

DELIMITERS = (",", ";", "\t", "|")
SEPARATED_BY = "commas, semicolons, tabs or |"

MOST_ROWS_BEFORE = 20
"""Most lines before the one that names the columns: titles, and the line ``sep=;`` of spreadsheets."""

_SEPARATOR_LINE = re.compile(r'\s*"?sep=([^"\r\n])"?[;,\t|]*(?:[\r\n]|\Z)', re.IGNORECASE)
_LOAD_IN_OTHER_WORDS = re.compile(
    r"load|demand|consumption|consommation|charge|\blast\b|netzlast|verbrauch|belasting|verbruik|carga|carico",
    re.IGNORECASE,
)
_PRICE = re.compile(r"/ ?(?:mwh|t|ton|tonne)\b|€|\b(?:euros?|eur|prices?|preise?|prix|prijs)\b", re.IGNORECASE)
MOST_OF_A_HEADING = 64 * 1024
MOST_COLUMNS_SHOWN = 6
"""Most columns of a table that a message names."""

_TOTALS = re.compile(
    r"(?:grand )?(?:total|sum|average|mean|min|max|gesamt|summe|mittelwert|somme|moyenne|totaal|gemiddelde)s?:?",
    re.IGNORECASE,
)


class Hours:
    """A table of hours.

    Its first row with a column ``load`` names the columns: ``load``, the prices and profiles that the fleet names, and
    ``MEMBER[PLANT]`` for a member of one plant, in any order and with other spellings of their units. Columns with
    other names are ignored. An empty cell means no value, or no change of a plant; a row of empty cells is skipped. The
    number of a row is that of its last line.

    Attributes:
        count: how many hours.
        notes: what somebody who uses the results should know, in sentences.

    Args:
        content: the table, in UTF-8, UTF-16 or Windows-1252.
        fleet: the power plants of each hour, and perhaps constant prices.
        shared: the same fleet, valid.
        co2: whether CO2 counts, so that its price is needed.
        is_fraction: whether wind is a fraction of 1.

    Raises:
        InvalidInput: a column is missing, there twice, or of a plant that the fleet does not have; a row has more cells
            than the table has columns, or is not CSV; or the meaning of a cell cannot be decided.
        InvalidPayload: a constant price of the fleet is not valid.
    """

    def __init__(
        self, content: bytes, fleet: Line, shared: SharedFleet, *, co2: bool, is_fraction: bool = False
    ) -> None:
        self.count, self.notes = 0, list[str]()
        self._fleet, self._shared, self._co2 = fleet, shared, co2
        self._text = decoded(content)
        needs = dict.fromkeys(shared.needs)
        self._delimiter, self._first, self._names = _heading(self._text, vocabulary_of_hours(needs))
        vocabulary = vocabulary_of_hours(needs, changed_fuels(self._names))
        plants = shared.fleet.names
        self._columns = columns_of(self._names, self._first, vocabulary, plants, is_fraction=is_fraction)
        self._column_at = {pointer(*path): column for path, column in self._columns.items()}
        prices = constant_prices(fleet.content or b"")
        given = {_as_one_key(path[-1]) for path in self._columns if path[0] == "fuels"}
        self._constant = {key: price for key, price in prices.items() if _as_one_key(key) not in given}
        self._check_columns()
        highest = dict[Column, Decimal]()
        mark, note = decimal_mark(self._numerals(highest))
        self._mark = mark or "."
        self.notes += [note] if note else []
        self._note_profiles(highest)
        self._note_constant_prices()

    def chunks(self) -> Iterator[Chunk]:
        """The hours."""
        hours = (self._hour(number, cells) for number, cells in self._rows())
        while lines := list(islice(hours, max_lines(self._fleet))):
            yield Chunk(lines, self._fleet)

    # --- Rows --------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows after the headings that are not empty, with their numbers."""
        width = len(self._names)
        for number, row in read_rows(self._text, self._delimiter):
            cells = [cell.strip() for cell in row]
            is_blank = not any(cell.strip("-:") for cell in cells)  # or the rule of a table in Markdown
            if number <= self._first or is_blank or cells[:width] == self._names:
                continue
            if self._is_units(cells):
                continue
            if any(cells[width:]):  # probably a decimal comma: the row would be read as another hour
                hint = "; commas separate columns here: a number needs a decimal point, or quotes"
                counts = f"the row has {len(row)} cells, the table {width} columns"
                raise InvalidInput(number, counts + (hint if self._delimiter == "," else ""))
            yield number, cells

    def _is_units(self, cells: Sequence[str]) -> bool:
        """Whether a row has the units of the columns above it."""
        given = self._given(cells).values()
        return bool(given) and all(
            column.is_number and re.fullmatch(UNITS[column.quantity], plain_unit(cell)) for column, cell in given
        )

    def _hour(self, number: int, cells: Sequence[str]) -> Line:
        """A row as a line of a batch."""
        given = self._given(cells)
        if _TOTALS.fullmatch(first := next(filter(None, cells))):
            return Line(number, b"{}", [Fault("#", f"the row begins with {shown(first)}: totals are not an hour")])
        filled = [cell for cell in cells if cell]
        is_note = len(filled) == 1 < len(self._columns) and all(
            not column.is_number or read_numeral(cell, column.quantity).read(".") is None
            for column, cell in given.values()
        )
        if not given or is_note:
            return Line(number, b"{}", [Fault("#", f"the row has {shown(first)}, and neither load nor prices")])
        members: dict[str, Any] = {"fuels": {**self._constant}}
        for path, (column, cell) in given.items():
            place = members
            for key in path[:-1]:
                place = place.setdefault(key, {})
            place[path[-1]] = value_of(column, cell, self._mark)
        content = as_json(members)
        faults = faults_of_hour(content, self._shared, co2=self._co2)
        return Line(number, content, [self._in_words(fault, cells) for fault in faults])

    def _given(self, cells: Sequence[str]) -> Mapping[tuple[str, ...], tuple[Column, str]]:
        """The cells of a row that have a value, by the paths of their columns."""
        return {
            path: (column, cells[column.place])
            for path, column in self._columns.items()
            if column.place < len(cells) and has_value(cells[column.place])
        }

    def _in_words(self, fault: Fault, cells: Sequence[str]) -> Fault:
        """A fault of an hour, with the heading of its column and the cell."""
        column = self._column_at.get(fault.pointer)
        cell = "" if column is None else _cell(column, cells)
        if column is None or (column.path[0] == "plants" and not has_value(cell)):
            where, _, member = fault.pointer.rpartition("/")  # between members of a plant: its columns show which
            own = [each for place, each in self._column_at.items() if place.startswith(f"{where}/")]
            if not where.startswith("#/plants/") or not own:
                return fault
            given = " and ".join(f"{each.heading} is {shown(_cell(each, cells))}" for each in own if _cell(each, cells))
            return fault._replace(detail=f"{given}, and {member} {fault.detail}")
        if not has_value(cell):
            what = f"is {shown(cell)}, so it has no value" if cell else "is empty"
            return fault._replace(detail=f"{column.heading} {fault.detail.replace('is missing', what, 1)}")
        times = column.is_converted and (", divided by 100," if column.quantity == "ratio" else ", times 100,")
        detail = re.sub(r"(must be a number).*", r"\1", fault.detail)
        return fault._replace(detail=f"{column.heading} is {shown(cell)}, and{times or ''} {detail}")

    # --- The table as a whole ----------------------------------------------------------------------------------------

    def _check_columns(self) -> None:
        """Refuse missing columns: otherwise every hour would be answered with a missing price."""
        given = {path[-1] for path in self._columns if path[0] != "plants"}
        headings = {name: 0.0 for name in self._names if name} | dict.fromkeys(given, 0.0) | self._constant
        keys = {pointer("fuels", key): key for key in _keys_of(self._shared)}
        for fault in faults_of_fuels(self._shared.needs, headings, co2=self._co2):
            what = fault.detail.replace("is not a known fuel", "is not a known column")
            raise InvalidInput(self._first, f"the column {keys[fault.pointer]} {what}")
        used = {column.place for column in self._columns.values()}
        others = [name for place, name in enumerate(self._names) if place not in used and _PRICE.search(name)]
        for key in self._constant:  # a column that was meant to override the price must not be ignored
            alike = (name for name in others if name.casefold().startswith(key[:3].casefold()))
            if (meant := next(alike, None)) is not None:
                what = f"rename it, or remove it to use the price {self._constant[key]} of the fleet's file"
                raise InvalidInput(self._first, f"{meant} is not a known column; did you mean {key}? If so, {what}")

    def _numerals(self, highest: dict[Column, Decimal]) -> Iterator[tuple[int, Column, str, Numeral]]:
        """All numbers; counts the rows, and collects the highest value of each profile."""
        for number, cells in self._rows():
            self.count += 1
            for column, cell in self._given(cells).values():
                if not column.is_number:
                    continue
                numeral = read_numeral(cell, column.quantity)
                if column.quantity == "share" and (with_point := numeral.read(".")) is not None:
                    value = Decimal(100) if numeral.unit else Decimal(with_point)
                    highest[column] = max(highest.get(column, value), value)
                yield number, column, cell, numeral

    def _note_profiles(self, highest: Mapping[Column, Decimal]) -> None:
        """Note the profiles that are probably fractions."""
        for column, most in highest.items():
            if not column.is_converted and 0 < most <= 1:
                one, other = (f"{number.normalize():f}" for number in (most, 100 * most))
                key = column.path[-1]
                how = "--wind fraction" if key == WIND else f"the heading {key.partition('(')[0]} (fraction)"
                self.notes.append(
                    f"{column.heading} is never above {one}. It is planned as it stands: as at most {one} % of pmax. "
                    f"If it is a fraction, {how} reads {one} as {other} %."
                )

    def _note_constant_prices(self) -> None:
        if self._constant:
            prices = ", ".join(f"{key} {price}" for key, price in self._constant.items())
            self.notes.append(f"The same in every hour, from the fleet's file: {prices}.")


def _keys_of(shared: SharedFleet) -> Iterator[str]:
    """The keys of the prices and profiles that a fleet needs."""
    yield from FUEL_KEYS.values()
    for need in shared.needs:
        yield from [] if need.fuel is None else [price_key(need.fuel)]
        yield from [] if need.profile is None else [profile_key(need.profile)]


def _as_one_key(key: str) -> str:
    """The key of a price, the same for two spellings."""
    return KEROSINE[0] if key == KEROSINE[1] else key


def _cell(column: Column, cells: Sequence[str]) -> str:
    return cells[column.place] if column.place < len(cells) else ""


# --- Headings --------------------------------------------------------------------------------------------------------


def is_heading(line: str) -> bool:
    """Whether a line names the columns of a table of hours, or is the line ``sep=;`` before it."""
    if _SEPARATOR_LINE.match(line):
        return True
    return any(any(map(OF_THE_CHALLENGE.is_load, next(csv.reader([line], delimiter=each), []))) for each in DELIMITERS)


def _heading(text: str, vocabulary: Vocabulary) -> tuple[str, int, list[str]]:
    """The delimiter of a table, the number of the row that names its columns, and their names."""
    marked = _SEPARATOR_LINE.match(text)
    best: tuple[int, int, str, int, list[str]] | None = None
    filled_by: list[tuple[int, list[str]]] = []
    error = None
    for delimiter in [marked[1]] if marked else DELIMITERS:
        try:
            rows = ((number, [" ".join(cell.split()) for cell in row]) for number, row in read_rows(text, delimiter))
            filled = [(number, names) for number, names in islice(rows, MOST_ROWS_BEFORE) if any(names)]
        except InvalidInput as not_csv:
            error = not_csv
            continue
        filled_by += filled[:1]
        for number, names in filled:
            if any(map(vocabulary.is_load, names)):
                while not names[-1]:
                    names.pop()
                found = (
                    sum(vocabulary.meaning_of(name) is not None for name in names),
                    len(names),
                    delimiter,
                    number,
                    names,
                )
                best = max(best or found, found, key=lambda each: each[:2])
                break
    if best is None and error is not None and (not filled_by or is_heading(_begin(text))):
        raise error
    if best is None:
        raise _without_load(*max(filled_by, key=lambda each: len(each[1]), default=(1, [])))
    _, _, delimiter, number, names = best
    numbers = [name for name in names[1:] if read_numeral(name, "power").read(".") is not None]
    if vocabulary.is_load(names[0]) and numbers:
        what = "the names stand in the first column: a table needs a row for each hour, so transpose it"
        raise InvalidInput(number, what)
    return delimiter, number, names


def _begin(text: str) -> str:
    return next(iter(text[:MOST_OF_A_HEADING].splitlines()), "")


def _without_load(line: int, names: Sequence[str]) -> InvalidInput:
    """The error for a table without a column of loads, whose first row has these cells."""
    fuels = f"the fuels as in payloads, for example {FUEL_KEYS['gas']}"
    first = f"the column {LOAD} is missing" if names else "the table is empty"
    what = f"{first}; the first line must name {LOAD}, and {fuels}, separated by {SEPARATED_BY}"
    if meant := next(filter(_LOAD_IN_OTHER_WORDS.search, names), None):
        return InvalidInput(line, f"{what}; {shown(meant)} is not a known column; did you mean load, in MW?")
    others = [shown(name) for name in names if name]
    if len(others) > MOST_COLUMNS_SHOWN:
        others[MOST_COLUMNS_SHOWN:] = [f"and {len(others) - MOST_COLUMNS_SHOWN} more"]
    return InvalidInput(line, what + (f"; the table has {', '.join(others)}" if others else ""))
