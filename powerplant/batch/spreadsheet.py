"""From a table of hours, as spreadsheets save it (CSV), to the lines of a batch."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pydantic_core import to_json

from powerplant.batch.reading import Chunk, Line, Stream, most_lines, read_lines
from powerplant.errors import PowerplantError
from powerplant.models import FUEL_KEYS

LOAD = "load"
FUELS = tuple(FUEL_KEYS.values())
NAMES = (LOAD, *FUELS)
DELIMITERS = (",", ";", "\t")
NUMBER = re.compile(r"([-+]?)0*(\d+)(?:[.,](\d+))?(?:[eE]([-+]?\d{1,4}))?", re.ASCII)


class NoTableOfHours(PowerplantError):
    """A table that cannot be understood.

    Attributes:
        line: where.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def read_hours(stream: Stream, fleet: Line, longest: int) -> Iterator[Chunk]:
    """The rows of a table as chunks; a row has the number of the line that it ends in.

    Args:
        stream: the table, in UTF-8. Its first line that is not blank names the columns: ``load``, and fuels as the
            payload calls them, in any order. Columns of other names are passed over; an empty cell is no value, and
            a row of them no hour.
            What separates columns is a comma, a semicolon or a tab; where it is no comma, numbers may have one.
        fleet: the power plants of each hour.
        longest: bytes that a line may have.

    Raises:
        NoTableOfHours: a column is missing, twice there, or nearly one that there is; or a row is none, or has more
            cells than there are columns.
    """
    rows = _read_rows(_Text(stream, longest))
    while lines := list(islice(rows, most_lines(fleet))):
        yield Chunk(lines, fleet)


def _read_rows(table: _Text) -> Iterator[Line]:
    header = next(table, "")
    delimiter = max(DELIMITERS, key=header.count)
    try:
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _check(columns, table.number)
        for row in csv.reader(table, delimiter=delimiter):
            cells = [cell.strip() for cell in row]
            if any(cells[len(columns) :]):
                raise NoTableOfHours(table.number, _too_many(len(row), len(columns), delimiter))
            if any(cells):  # spreadsheets leave rows of empty ones at the end
                yield Line(table.number, _hour(columns, cells, delimiter))
    except csv.Error as error:
        raise NoTableOfHours(table.number, f"this is no row of a table: {error}") from None


class _Text(Iterator[str]):
    """The lines of a table as text, one after the other.

    Attributes:
        number: of the line that came last.
    """

    def __init__(self, stream: Stream, longest: int) -> None:
        self.number = 1
        self._lines = (line for lines in read_lines(stream, longest) for line in lines)

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        if line.content is None:
            raise NoTableOfHours(line.number, "this line is too long")
        try:
            return line.content.decode()
        except UnicodeDecodeError:
            raise NoTableOfHours(line.number, "this is not in UTF-8: save the table as CSV UTF-8") from None


def _check(columns: Sequence[str], line: int) -> None:
    """That no column was meant that is not there: each hour would be told that a price is missing."""
    there = {_stem(name) for name in columns if name in NAMES}
    for index, name in enumerate(columns):
        if name in NAMES and name in columns[:index]:
            raise NoTableOfHours(line, f"the column {name} is there twice")
        if name not in NAMES:
            for meant in NAMES:
                if _stem(meant) not in there and name.casefold().startswith(_stem(meant)):
                    raise NoTableOfHours(line, f"there is no column {meant}: rename {name}, if that is meant")
    if LOAD not in columns:
        others = f"the fuels as payloads call them, {FUELS[0]} for instance"
        raise NoTableOfHours(line, f"the column {LOAD} is missing; the first line names it, and {others}")


def _stem(name: str) -> str:
    """The name of a column without its unit."""
    return name.partition("(")[0]


def _too_many(cells: int, columns: int, delimiter: str) -> str:
    """What is wrong with a row that would be read as another one than it is."""
    hint = "; a comma separates columns here, and a number has a point" if delimiter == "," else ""
    return f"this row has {cells} cells, the table {columns} columns{hint}"


def _hour(columns: Sequence[str], cells: Sequence[str], delimiter: str) -> bytes:
    """A row as a line of JSON."""
    values = {name: _value(cell, delimiter) for name, cell in zip(columns, cells, strict=False) if cell}
    fuels = b",".join(b"%s:%s" % (to_json(name), values[name]) for name in FUELS if name in values)
    load = b'"load":%s,' % values[LOAD] if LOAD in values else b""
    return b'{%s"fuels":{%s}}' % (load, fuels)


def _value(cell: str, delimiter: str) -> bytes:
    """A cell as JSON: a number where it is one, else the text, of which the planner says what is wrong with it."""
    number = NUMBER.fullmatch(cell)
    if number is None or ("," in cell and delimiter == ","):
        return to_json(cell)
    sign, whole, places, exponent = number.groups()
    text = f"{'-' if sign == '-' else ''}{whole}{f'.{places}' if places else ''}{f'e{exponent}' if exponent else ''}"
    return text.encode()
