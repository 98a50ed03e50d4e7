"""From a table of power plants to a fleet as JSON: a row for each plant, its members as columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from powerplant.batch.cells import as_json, decimal_mark, value_of
from powerplant.batch.fleets import decode_fleet
from powerplant.batch.headings import MEMBERS, OF_PLANTS, columns_of
from powerplant.batch.reading import InvalidInput
from powerplant.batch.table import SEPARATED_BY, Table, cell_of, in_words, shown_columns
from powerplant.batch.workbooks import BEGIN, Sheets, sheets_of
from powerplant.decoding import UTF8_BOM, UTF16_BOMS, pointer, why_ignored
from powerplant.errors import Fault, InvalidPayload

_PLANT = re.compile(r"\(#/powerplants/(\d+)/name\)")


class PlantTable(NamedTuple):
    """A valid fleet that was a table.

    Attributes:
        content: the fleet as JSON, ``{"powerplants": [...]}``.
        notes: what somebody who uses it should know, in sentences.
    """

    content: bytes
    notes: Sequence[str]


def is_json(content: bytes) -> bool:
    """Whether a file with a fleet is JSON, in any encoding, and not a table."""
    if content.startswith(UTF16_BOMS):
        content = content[2:].replace(b"\0", b"")
    return content.removeprefix(UTF8_BOM).lstrip()[:1] in {b"", b"{", b"["}


def read_plants(content: bytes, *, max_plants: int, read: Callable[[bytes], Sheets] = sheets_of) -> PlantTable:
    """Read a table of power plants, or a workbook with one in its sheet ``fleet`` or its first sheet.

    Its first row with a column ``name`` names the columns: the members of power plants, in any order and with other
    spellings of their units. An empty cell is the default of its member. Columns with other names are ignored, which
    the notes say. Cells may be written as in a table of hours.

    Args:
        content: the table.
        max_plants: most power plants.
        read: how a workbook is read.

    Raises:
        InvalidInput: it is not such a table, or the meaning of a cell cannot be decided.
        InvalidPayload: it is not a valid fleet; each fault names its row, its column and its cell.
    """
    if content.startswith(BEGIN):
        sheets = read(content)
        content = sheets.hours if sheets.fleet is None else sheets.fleet
    table = Table(content, OF_PLANTS, _without_name)
    table.columns = columns_of(table.names, table.first, OF_PLANTS)
    mark, note = decimal_mark(table.numerals())
    used = {column.place for column in table.columns.values()}
    notes = [note] if note else []
    notes += [f"{name} {why_ignored(name, MEMBERS)}" for i, name in enumerate(table.names) if name and i not in used]
    rows, plants = [*table.rows()], list[bytes]()
    for _, cells in rows:
        given = table.given(cells).items()
        plants.append(as_json({member: value_of(column, cell, mark or ".") for (member,), (column, cell) in given}))
    fleet = b'{"powerplants": [%s]}' % b", ".join(plants)
    try:
        decode_fleet(fleet, max_plants=max_plants)
    except InvalidPayload as error:
        raise InvalidPayload(_in_words(error.faults, table, rows)) from None
    return PlantTable(fleet, notes)


def _in_words(faults: Sequence[Fault], table: Table, rows: Sequence[tuple[int, Sequence[str]]]) -> list[Fault]:
    """The faults of a fleet with the row of the plant, the heading of the column, and the cell."""
    row_of = {pointer("powerplants", place): row for place, row in enumerate(rows)}
    members = {pointer(member)[1:]: column for (member,), column in table.columns.items()}
    worded = []
    for fault in faults:
        start = "/".join(fault.pointer.split("/", 3)[:3])
        if start not in row_of:
            worded.append(fault)
            continue
        (number, cells), member = row_of[start], fault.pointer[len(start) :]
        detail = _PLANT.sub(lambda match: f"(row {rows[int(match[1])][0]})", fault.detail)
        if (column := members.get(member)) is not None:
            detail = in_words(column, cell_of(column.place, cells), detail)
        else:
            name = next((name for name in MEMBERS if pointer(name)[1:] == member), "the plant")
            detail = f"{name} {detail}"
        worded.append(Fault("#", f"row {number}: {detail}"))
    return worded


def _without_name(line: int, names: Sequence[str]) -> InvalidInput:
    """The error for a table without a column of names, whose first row has these cells."""
    first = "the column name is missing" if names else "the table is empty"
    members = "name, type, pmax and other members of power plants"
    what = f"{first}; the first line must name the columns, {members}, separated by {SEPARATED_BY}"
    return InvalidInput(line, what + shown_columns(names))
