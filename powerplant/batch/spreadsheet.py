"""From a table of hours (CSV, as spreadsheets save it) to the lines of a batch."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from pydantic_core import to_json

from powerplant.batch.reading import Chunk, Line, Stream, max_lines, read_lines
from powerplant.errors import PowerplantError
from powerplant.models import FUEL_KEYS

LOAD = "load"
FUELS = tuple(FUEL_KEYS.values())
NAMES = (LOAD, *FUELS)
DELIMITERS = (",", ";", "\t")
NUMBER = re.compile(r"([-+]?)0*(\d+)(?:[.,](\d+))?(?:[eE]([-+]?\d{1,4}))?", re.ASCII)


class InvalidTable(PowerplantError):
    """The input is not a table of hours.

    Attributes:
        line: the line of the fault.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def read_hours(stream: Stream, fleet: Line, max_line: int) -> Iterator[Chunk]:
    """The rows of a table in chunks; the number of a row is that of its last line.

    Args:
        stream: the table, in UTF-8. Its first line that is not blank names the columns: ``load``, and fuels as in
            payloads, in any order. Columns with other names are ignored. An empty cell means no value; a row of empty
            cells is skipped. Columns are separated by commas, semicolons or tabs; with the latter two, numbers may
            have a decimal comma.
        fleet: the power plants of each hour.
        max_line: most bytes of a line.

    Raises:
        InvalidTable: a column is missing, or there twice; a column is probably meant to be one that is missing; or a
            row has more cells than the table has columns, or is not CSV.
    """
    rows = _read_rows(_Text(stream, max_line))
    while lines := list(islice(rows, max_lines(fleet))):
        yield Chunk(lines, fleet)


def _read_rows(table: _Text) -> Iterator[Line]:
    header = next(table, "")
    delimiter = max(DELIMITERS, key=header.count)
    try:
        columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _check(columns, table.number)
        for row in csv.reader(table, delimiter=delimiter):
            cells = [cell.strip() for cell in row]
            if any(cells[len(columns) :]):  # probably a decimal comma: the row would be read as another hour
                hint = "; commas separate columns here, so numbers need a decimal point" if delimiter == "," else ""
                raise InvalidTable(
                    table.number, f"the row has {len(row)} cells, the table {len(columns)} columns{hint}"
                )
            if any(cells):
                yield Line(table.number, _hour(columns, cells, delimiter))
    except csv.Error as error:
        raise InvalidTable(table.number, f"the row is not CSV: {error}") from None


class _Text(Iterator[str]):
    """The lines of a table as text.

    Attributes:
        number: of the last line that was read.
    """

    def __init__(self, stream: Stream, max_line: int) -> None:
        self.number = 1
        self._lines = (line for lines in read_lines(stream, max_line) for line in lines)

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        if line.content is None:
            raise InvalidTable(line.number, "the line is too long")
        try:
            return line.content.decode()
        except UnicodeDecodeError:
            raise InvalidTable(line.number, "the table is not in UTF-8: save it as CSV UTF-8") from None


def _check(columns: Sequence[str], line: int) -> None:
    """Refuse misspelt columns: otherwise every hour would be answered with a missing price."""
    present = {_without_unit(name) for name in columns if name in NAMES}
    for index, name in enumerate(columns):
        if name in NAMES and name in columns[:index]:
            raise InvalidTable(line, f"the column {name} is there twice")
        if name not in NAMES:
            for meant in NAMES:
                if _without_unit(meant) not in present and name.casefold().startswith(_without_unit(meant)):
                    raise InvalidTable(line, f"there is no column {meant}: rename {name}, if that is meant")
    if LOAD not in columns:
        others = f"the fuels as in payloads, for example {FUELS[0]}"
        raise InvalidTable(line, f"the column {LOAD} is missing; the first line must name it, and {others}")


def _without_unit(column: str) -> str:
    return column.partition("(")[0]


def _hour(columns: Sequence[str], cells: Sequence[str], delimiter: str) -> bytes:
    """A row as a line of JSON."""
    values = {name: _value(cell, delimiter) for name, cell in zip(columns, cells, strict=False) if cell}
    fuels = b",".join(b"%s:%s" % (to_json(name), values[name]) for name in FUELS if name in values)
    load = b'"load":%s,' % values[LOAD] if LOAD in values else b""
    return b'{%s"fuels":{%s}}' % (load, fuels)


def _value(cell: str, delimiter: str) -> bytes:
    """A cell as JSON: a number, or else a string, which the planner refuses with a reason."""
    number = NUMBER.fullmatch(cell)
    if number is None or ("," in cell and delimiter == ","):
        return to_json(cell)
    sign, whole, places, exponent = number.groups()
    text = f"{'-' if sign == '-' else ''}{whole}{f'.{places}' if places else ''}{f'e{exponent}' if exponent else ''}"
    return text.encode()
