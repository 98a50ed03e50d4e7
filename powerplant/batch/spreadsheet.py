"""From a table of hours (CSV, as spreadsheets save it) to the lines of a batch.

A table is read as a whole before any of its hours is planned: only all cells together show whether its points are
decimal, and whether its wind is a fraction.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from itertools import islice
from typing import NamedTuple

from pydantic_core import to_json

from powerplant.batch.fleets import SharedFleet, constant_prices, faults_of_hour
from powerplant.batch.numerals import UNITS, Numeral, has_value, plain_unit, read_numeral
from powerplant.batch.reading import Chunk, InvalidInput, Line, max_lines
from powerplant.decoding import UTF16_BOMS, faults_of_fuels, pointer
from powerplant.errors import Fault
from powerplant.models import FUEL_KEYS

LOAD = "load"
FUELS = tuple(FUEL_KEYS.values())
NAMES = (LOAD, *FUELS)
WIND = FUEL_KEYS["wind"]
FRACTION = "fraction"
"""What heading or command line call wind that is given as a fraction of 1."""

DELIMITERS = (",", ";", "\t", "|")
SEPARATED_BY = "commas, semicolons, tabs or |"

MOST_ROWS_BEFORE = 20
"""Most lines before the one that names the columns: titles, and the line ``sep=;`` of spreadsheets."""

BYTE_ORDER_MARK = "\ufeff"

MOST_SHOWN = 40
"""Most characters of a cell in a message."""

_CSV_WORDS = {
    "field limit": "a cell is too long",
    "unexpected end of data": "a cell begins with a quote that has no end",
    "expected after": "more text follows after a cell in quotes",
}
"""The messages of Python's reader in plainer words."""

_SEPARATOR_LINE = re.compile(r'\s*"?sep=([^"\r\n])"?[;,\t|]*(?:[\r\n]|\Z)', re.IGNORECASE)
_HEADING = re.compile(
    r"(?P<of>load|gas|kerosine|co2|wind)(?: price)?(?: in\b)?\s*[\[(]?\s*(?P<unit>[^\[\]()]*?)\s*[\])]?", re.IGNORECASE
)
_LOAD_IN_OTHER_WORDS = re.compile(
    r"load|demand|consumption|consommation|charge|\blast\b|netzlast|verbrauch|belasting|verbruik|carga|carico",
    re.IGNORECASE,
)
_PRICE = re.compile(r"/ ?(?:mwh|t|ton|tonne)\b|€|\b(?:euros?|eur|prices?|preise?|prix|prijs)\b", re.IGNORECASE)
MOST_OF_A_HEADING = 64 * 1024
MOST_COLUMNS_SHOWN = 6
"""Most columns of a table that a message names."""

_FRACTIONS = {"fraction", "0-1", "0..1", "p.u.", "pu"}
_TOTALS = re.compile(
    r"(?:grand )?(?:total|sum|average|mean|min|max|gesamt|summe|mittelwert|somme|moyenne|totaal|gemiddelde)s?:?",
    re.IGNORECASE,
)


class Column(NamedTuple):
    """A column that is used.

    Attributes:
        place: of its cells in a row, from 0.
        heading: its name as the table has it, on one line.
        of: ``load``, ``gas``, ``kerosine``, ``co2`` or ``wind``.
        is_fraction: whether its wind is a fraction of 1.
    """

    place: int
    heading: str
    of: str
    is_fraction: bool


class Hours:
    """A table of hours.

    Its first row with a column ``load`` names the columns: ``load``, and the fuels as in payloads, in any order and
    with other spellings of their units. Columns with other names are ignored. An empty cell means no value; a row of
    empty cells is skipped. The number of a row is that of its last line.

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
        InvalidInput: a column is missing, or there twice; a row has more cells than the table has columns, or is not
            CSV; or the meaning of a cell cannot be decided.
        InvalidPayload: a constant price of the fleet is not valid.
    """

    def __init__(
        self, content: bytes, fleet: Line, shared: SharedFleet, *, co2: bool, is_fraction: bool = False
    ) -> None:
        self.count, self.notes = 0, list[str]()
        self._fleet, self._shared, self._co2 = fleet, shared, co2
        self._text = _decoded(content)
        self._delimiter, self._first, self._names = _heading(self._text)
        self._columns = _columns(self._names, self._first, is_fraction=is_fraction)
        prices = constant_prices(fleet.content or b"")
        given = {column.of for column in self._columns.values()}
        self._constant = {key: price for key, price in prices.items() if key.partition("(")[0] not in given}
        self._check_columns()
        self._mark = self._decimal_mark()
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
        for number, row in _read_rows(self._text, self._delimiter):
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
        return bool(given) and all(re.fullmatch(UNITS[column.of], plain_unit(cell)) for column, cell in given)

    def _hour(self, number: int, cells: Sequence[str]) -> Line:
        """A row as a line of a batch."""
        given = self._given(cells)
        if _TOTALS.fullmatch(first := next(filter(None, cells))):
            return Line(number, b"{}", [Fault("#", f"the row begins with {_shown(first)}: totals are not an hour")])
        filled = [cell for cell in cells if cell]
        is_note = len(filled) == 1 < len(self._columns) and all(
            read_numeral(cell, column.of).read(".") is None for column, cell in given.values()
        )
        if not given or is_note:
            return Line(number, b"{}", [Fault("#", f"the row has {_shown(first)}, and neither load nor prices")])
        values = {name: self._value(column, cell) for name, (column, cell) in given.items()}
        load = values.pop(LOAD, None)
        fuels = self._constant | values
        members = {"fuels": fuels} if load is None else {LOAD: load, "fuels": fuels}
        content = _to_json(members)
        faults = faults_of_hour(content, self._shared, co2=self._co2)
        return Line(number, content, [self._in_words(fault, cells) for fault in faults])

    def _given(self, cells: Sequence[str]) -> Mapping[str, tuple[Column, str]]:
        """The cells of a row that have a value, by the names of their columns."""
        return {
            name: (column, cells[column.place])
            for name, column in self._columns.items()
            if column.place < len(cells) and has_value(cells[column.place])
        }

    def _value(self, column: Column, cell: str) -> Decimal | str:
        """The number of a cell; or the cell, which is then a fault of the hour."""
        numeral = read_numeral(cell, column.of)
        number = numeral.read(self._mark)
        if number is None:
            return cell
        return Decimal(number) * 100 if column.is_fraction and not numeral.unit else Decimal(number)

    def _in_words(self, fault: Fault, cells: Sequence[str]) -> Fault:
        """A fault of an hour, with the heading of its column and the cell."""
        for name, column in self._columns.items():
            if fault.pointer == (pointer(LOAD) if name == LOAD else pointer("fuels", name)):
                cell = cells[column.place] if column.place < len(cells) else ""
                if not has_value(cell):
                    what = f"is {_shown(cell)}, so it has no value" if cell else "is empty"
                    return fault._replace(detail=f"{column.heading} {fault.detail.replace('is missing', what, 1)}")
                times = ", times 100," if column.is_fraction else ""
                detail = re.sub(r"(must be a number).*", r"\1", fault.detail)
                return fault._replace(detail=f"{column.heading} is {_shown(cell)}, and{times} {detail}")
        return fault

    # --- The table as a whole ----------------------------------------------------------------------------------------

    def _check_columns(self) -> None:
        """Refuse missing columns: otherwise every hour would be answered with a missing price."""
        headings = {name: 0.0 for name in self._names if name} | dict.fromkeys(self._columns, 0.0) | self._constant
        for fault in faults_of_fuels(self._shared.needs, headings, co2=self._co2):
            name = next(name for name in FUELS if pointer("fuels", name) == fault.pointer)
            what = fault.detail.replace("is not a known fuel", "is not a known column")
            raise InvalidInput(self._first, f"the column {name} {what}")
        for name in self._constant:  # a column that was meant to override the price must not be ignored
            alike = (each for each in self._names if each.casefold().startswith(name[:3]) and _PRICE.search(each))
            if (meant := next(alike, None)) is not None:
                what = f"rename it, or remove it to use the price {self._constant[name]} of the fleet's file"
                raise InvalidInput(self._first, f"{meant} is not a known column; did you mean {name}? If so, {what}")

    def _decimal_mark(self) -> str:
        """Whether points or commas are decimal, by all cells; and a note about wind that is probably a fraction."""
        marks: set[str] = set()
        doubtful: tuple[int, Column, str, Numeral] | None = None
        thousands: tuple[Column, str, Numeral] | None = None
        highest = Decimal(0)
        for number, cells in self._rows():
            self.count += 1
            for column, cell in self._given(cells).values():
                numeral = read_numeral(cell, column.of)
                marks.add(numeral.mark)
                if numeral.is_ambiguous:
                    doubtful = doubtful or (number, column, cell, numeral)
                if column.of == "wind" and numeral.read(".") is not None:
                    highest = max(highest, Decimal(100) if numeral.unit else Decimal(numeral.read(".") or 0))
        marks.discard("")
        if doubtful and len(marks) != 1:
            number, column, cell, numeral = doubtful
            one, other = numeral.with_point, numeral.with_comma
            why = "and no other cell shows which" if not marks else "and the table has decimal points and commas"
            small, large = (cell + "0", other) if "." in cell else (cell + "0", one)
            what = f"can mean {one} or {other}, {why}: write {large} or {small}"
            raise InvalidInput(number, f"{column.heading} is {_shown(cell)}, which {what}")
        mark = min(marks, default=".")
        if doubtful:
            _, column, cell, numeral = doubtful
            thousands = (column, cell, numeral) if mark not in cell else None
        if thousands:
            column, cell, numeral = thousands
            why = f"because the table has decimal {'commas' if mark == ',' else 'points'}"
            self.notes.append(f"{column.heading}: {_shown(cell)} is read as {numeral.read(mark)}, {why}.")
        self._note_wind(highest)
        return mark

    def _note_wind(self, highest: Decimal) -> None:
        column = self._columns.get(WIND)
        if column and not column.is_fraction and 0 < highest <= 1:
            one, other = (f"{number.normalize():f}" for number in (highest, 100 * highest))
            self.notes.append(
                f"{column.heading} is never above {one}. It is planned as it stands: as at most {one} % of pmax. "
                f"If it is a fraction, --wind fraction reads {one} as {other} %."
            )

    def _note_constant_prices(self) -> None:
        if self._constant:
            prices = ", ".join(f"{key} {price}" for key, price in self._constant.items())
            self.notes.append(f"The same in every hour, from the fleet's file: {prices}.")


# --- Headings --------------------------------------------------------------------------------------------------------


def is_heading(line: str) -> bool:
    """Whether a line names the columns of a table of hours, or is the line ``sep=;`` before it."""
    if _SEPARATOR_LINE.match(line):
        return True
    return any(any(map(_is_load, next(csv.reader([line], delimiter=each), []))) for each in DELIMITERS)


def _heading(text: str) -> tuple[str, int, list[str]]:
    """The delimiter of a table, the number of the row that names its columns, and their names."""
    marked = _SEPARATOR_LINE.match(text)
    best: tuple[int, int, str, int, list[str]] | None = None
    filled_by: list[tuple[int, list[str]]] = []
    error = None
    for delimiter in [marked[1]] if marked else DELIMITERS:
        try:
            rows = ((number, [" ".join(cell.split()) for cell in row]) for number, row in _read_rows(text, delimiter))
            filled = [(number, names) for number, names in islice(rows, MOST_ROWS_BEFORE) if any(names)]
        except InvalidInput as not_csv:
            error = not_csv
            continue
        filled_by += filled[:1]
        for number, names in filled:
            if any(map(_is_load, names)):
                while not names[-1]:
                    names.pop()
                found = (sum(_known(name) is not None for name in names), len(names), delimiter, number, names)
                best = max(best or found, found, key=lambda each: each[:2])
                break
    if best is None and error is not None and (not filled_by or is_heading(_begin(text))):
        raise error
    if best is None:
        raise _without_load(*max(filled_by, key=lambda each: len(each[1]), default=(1, [])))
    _, _, delimiter, number, names = best
    numbers = [name for name in names[1:] if read_numeral(name, LOAD).read(".") is not None]
    if _is_load(names[0]) and numbers:
        what = "the names stand in the first column: a table needs a row for each hour, so transpose it"
        raise InvalidInput(number, what)
    return delimiter, number, names


def _begin(text: str) -> str:
    return next(iter(text[:MOST_OF_A_HEADING].splitlines()), "")


def _without_load(line: int, names: Sequence[str]) -> InvalidInput:
    """The error for a table without a column of loads, whose first row has these cells."""
    others = f"the fuels as in payloads, for example {FUELS[0]}"
    first = f"the column {LOAD} is missing" if names else "the table is empty"
    what = f"{first}; the first line must name {LOAD}, and {others}, separated by {SEPARATED_BY}"
    if meant := next(filter(_LOAD_IN_OTHER_WORDS.search, names), None):
        return InvalidInput(line, f"{what}; {_shown(meant)} is not a known column; did you mean load, in MW?")
    shown = [_shown(name) for name in names if name]
    if len(shown) > MOST_COLUMNS_SHOWN:
        shown[MOST_COLUMNS_SHOWN:] = [f"and {len(shown) - MOST_COLUMNS_SHOWN} more"]
    return InvalidInput(line, what + (f"; the table has {', '.join(shown)}" if shown else ""))


def _is_load(name: str) -> bool:
    known = _known(name.strip())
    return known is not None and known[0] == LOAD


def _known(name: str) -> tuple[str, bool] | None:
    """The name of a column as payloads have it, and whether it is a fraction of 1; ``None`` for a column to ignore."""
    if name in NAMES:
        return name, False
    parts = _HEADING.fullmatch(" ".join(name.translate({ord("₂"): "2"}).split()))
    if parts is None:
        return None
    of, unit = parts["of"].casefold(), plain_unit(parts["unit"])
    key = next(key for key in NAMES if key.partition("(")[0] == of)
    if of == "wind" and unit in _FRACTIONS:
        return key, True
    is_unit = re.fullmatch(UNITS[of], unit) and (of in {LOAD, "wind"} or "/" in unit)
    return (key, False) if is_unit or (of == LOAD and not unit) else None


def _columns(names: Sequence[str], line: int, *, is_fraction: bool) -> dict[str, Column]:
    """The columns that are used, by their names in payloads. A name as in payloads comes before other spellings."""
    columns: dict[str, Column] = {}
    exact = {name for name in names if name in NAMES}
    for index, name in enumerate(names):
        known = _known(name)
        if known is None or (known[0] in exact and name not in NAMES):
            continue
        key, fraction = known
        if key in columns:
            twice = f"the column {key} is there twice"
            raise InvalidInput(line, twice + ("" if name == key else f": {columns[key].heading} and {name}"))
        of = key.partition("(")[0]
        columns[key] = Column(index, name, of, fraction or (is_fraction and key == WIND))
    return columns


# --- Text ------------------------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    """The text of a table: UTF-8 or UTF-16 (with or without a byte order mark), or else Windows-1252."""
    if content.startswith(UTF16_BOMS):
        encodings = ["utf-16"]
    elif b"\0" in content[:2]:
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace(BYTE_ORDER_MARK, "")  # files that were put one after another have several
    raise InvalidInput(1, "the table is not text: save it as CSV, in UTF-8")


def _read_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a text with line ends of any kind, and the number of the last line of each.

    Raises:
        InvalidInput: a row is not CSV.
    """
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        known = (what for words, what in _CSV_WORDS.items() if words in str(error))
        raise InvalidInput(reader.line_num, next(known, f"the row is not CSV: {error}")) from None


def _shown(cell: str) -> str:
    text = " ".join(cell.split())
    return f'"{text}"' if len(text) <= MOST_SHOWN else f'"{text[:MOST_SHOWN]}..."'


def _to_json(members: Mapping[str, object]) -> bytes:
    """JSON in which decimals are numbers with all their digits."""
    parts = []
    for key, value in members.items():
        if isinstance(value, Mapping):
            text = _to_json(value)
        elif isinstance(value, Decimal):
            text = str(value).encode()
        else:
            text = to_json(value)
        parts.append(b"%s:%s" % (to_json(key), text))
    return b"{%s}" % b",".join(parts)
