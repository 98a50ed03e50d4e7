"""From a table of power plants to a fleet as JSON: a row for each plant, its members as columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from pydantic_core import to_json

from powerplant.batch.fleets import decode_fleet
from powerplant.batch.headings import MEMBERS, OF_PLANTS, Column, Vocabulary
from powerplant.batch.reading import InvalidInput
from powerplant.batch.table import SEPARATED_BY, Table, cell_of, in_words, shown_columns
from powerplant.batch.workbooks import BEGIN, Sheets, sheets_of
from powerplant.decoding import UTF8_BOM, UTF16_BOMS, pointer, why_ignored
from powerplant.errors import Fault, InvalidPayload

_PLANT = re.compile(r"\(#/powerplants/(\d+)/name\)")


class PlantTable(NamedTuple):
    """A valid fleet, perhaps one that was a table.

    Attributes:
        content: the fleet as JSON.
        notes: remarks for the user, in sentences.
    """

    content: bytes
    notes: Sequence[str]


def is_json(content: bytes) -> bool:
    """Whether a file with a fleet is JSON, in any encoding, and not a table."""
    if content.startswith(UTF16_BOMS):
        content = content[2:].replace(b"\0", b"")
    return content.removeprefix(UTF8_BOM).lstrip()[:1] in {b"", b"{", b"["}


def read_plants(content: bytes, *, max_plants: int, read: Callable[[bytes], Sheets] = sheets_of) -> PlantTable:
    """Read a fleet: JSON, a table of power plants, or a workbook with one in its sheet ``fleet`` or its first sheet.

    JSON stays as it is. The first row of a table with a column ``name`` names the columns: the members of power plants,
    in any order and with other spellings of their units. An empty cell is the default of its member. Columns with other
    names are ignored, which the notes say. Cells may be written as in a table of hours.

    Args:
        content: the fleet.
        max_plants: most power plants.
        read: how a workbook is read.

    Raises:
        MalformedPayload: it begins like JSON, but is not valid.
        InvalidInput: it is not such a table, or the meaning of a cell cannot be decided.
        InvalidPayload: it is not a valid fleet; each fault names its row, its column and its cell.
    """
    if is_json(content):
        decode_fleet(content, max_plants=max_plants)
        return PlantTable(content, ())
    table = TableOfPlants(content, OF_PLANTS, read)
    fleet = to_json({"powerplants": table.plants}, inf_nan_mode="constants")
    try:
        decode_fleet(fleet, max_plants=max_plants)
    except InvalidPayload as error:
        members = {pointer(member)[1:]: column for (member,), column in table.columns.items()}
        raise InvalidPayload(table.in_words(error.faults, lambda _, member: members.get(member))) from None
    return PlantTable(fleet, [*table.notes, *table.ignored(MEMBERS)])


class TableOfPlants(Table):
    """A table with a row for each power plant.

    Attributes:
        plants: what the columns that are used say of each.

    Args:
        content: the table, or a workbook.
        vocabulary: its columns.
        read: how a workbook is read.

    Raises:
        InvalidInput: as for :func:`read_plants`.
    """

    def __init__(self, content: bytes, vocabulary: Vocabulary, read: Callable[[bytes], Sheets] = sheets_of) -> None:
        if content.startswith(BEGIN):
            sheets = read(content)
            content = sheets.hours if sheets.fleet is None else sheets.fleet
        super().__init__(content, vocabulary, _without_name)
        self.use(vocabulary)
        self._rows = [*self.rows()]
        given = (self.given(cells) for _, cells in self._rows)
        self.plants = [{column.path[0]: self.value(column, cell) for column, cell in cells} for cells in given]

    def ignored(self, known: Collection[str]) -> list[str]:
        """Notes on the columns that are not used; ``known`` are the names of those that can be."""
        return [f"{name} {why_ignored(name, known)}" for name in self.others.values() if name]

    def in_words(self, faults: Sequence[Fault], column_of: Callable[[int, str], Column | None]) -> list[Fault]:
        """The faults of a fleet with the row of the plant, the heading of the column, and the cell.

        Args:
            faults: their pointers begin with that of a plant, ``#/powerplants/0``.
            column_of: the column of a member, by the place of the plant and the rest of the pointer.
        """
        row_of = {pointer("powerplants", place): (place, row) for place, row in enumerate(self._rows)}
        worded = []
        for fault in faults:
            start = "/".join(fault.pointer.split("/", 3)[:3])
            if start not in row_of:
                worded.append(fault)
                continue
            (place, (number, cells)), member = row_of[start], fault.pointer[len(start) :]
            detail = _PLANT.sub(lambda match: f"(row {self._rows[int(match[1])][0]})", fault.detail)
            if (column := column_of(place, member)) is not None:
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
