"""Tables of a horizon in one body: a line of JSON with the fleet and all other members, then a table of hours.

The table is CSV or a workbook. A workbook whose sheet ``fleet`` has the power plants needs no line before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from pydantic_core import to_json

from powerplant.batch.documents import as_fault, parts_of
from powerplant.batch.headings import LOAD, Vocabulary, columns_of_hours
from powerplant.batch.plants import is_json
from powerplant.batch.reading import InvalidInput
from powerplant.batch.spreadsheet import without_load
from powerplant.batch.table import Table
from powerplant.batch.workbooks import BEGIN, EXTRA, has_openpyxl, sheets_of
from powerplant.decoding import WHITE_SPACE, refuse_other_encodings
from powerplant.errors import InvalidPayload, MalformedPayload, NotInstalled
from powerplant.horizon.decoding import decode
from powerplant.horizon.tables import MARKET, OF_PLANTS_OVER_TIME, GivenFleet, Periods, read_fleet

EXPECTED = "a line with all but the hours as JSON, then a table of hours; or a workbook"

_OF_PERIODS = Vocabulary(columns_of_hours(), LOAD, MARKET)


def has_workbook(body: bytes) -> bool:
    """Whether a body is a workbook, or has one after its first line."""
    return body.startswith(BEGIN) or body[body.find(b"\n") + 1 :].startswith(BEGIN)


def read_periods(body: bytes, zone: tzinfo) -> Periods:
    """The hours of a body with their fleet.

    Args:
        body: the fleet as a line of JSON and then a table of hours; or a workbook with both.
        zone: of times without an offset.

    Raises:
        MalformedPayload: the first line is not JSON.
        InvalidPayload: it is not a fleet, or the rest is not a table of hours for it.
        NotInstalled: it is a workbook, and openpyxl is not installed.
    """
    try:
        fleet, before, table = _parts(body)
        return Periods(b"\n" * before + table, fleet or GivenFleet({}), zone)
    except InvalidInput as error:
        raise as_fault(error) from None


def payload_in(body: bytes, zone: tzinfo, *, co2: bool, max_plants: int, max_cells: int) -> bytes:
    """The payload that a body with tables contains, and notes on it, as JSON.

    Faults in cells of the hours are errors, with the rows of the table. A missing price or plant is not an error: the
    client can complete the payload.

    Args:
        body: as for :func:`read_periods`; or a table of hours or of power plants alone.
        zone: of times without an offset.
        co2: whether CO2 counts.
        max_plants: most power plants.
        max_cells: most power plants times periods.

    Raises:
        MalformedPayload, InvalidPayload, NotInstalled: as for :func:`read_periods`.
    """
    try:
        fleet, _, table = _parts(body)
        if fleet is None and not _has(table, _OF_PERIODS) and _has(table, OF_PLANTS_OVER_TIME):
            plants = read_fleet(table)
            return _answer(to_json(plants.payload), plants.notes)
        periods = Periods(table, fleet or GivenFleet({}), zone)
    except InvalidInput as error:
        raise as_fault(error) from None
    try:
        decode(periods.content, co2=co2, max_plants=max_plants, max_cells=max_cells)
    except InvalidPayload as error:
        of_cells, _ = periods.in_words([fault for fault in error.faults if fault.pointer.rpartition("/")[2].isdigit()])
        if of_cells:
            raise InvalidPayload(of_cells) from None
    return _answer(periods.content, [*(fleet.notes if fleet else ()), *periods.notes])


def _parts(body: bytes) -> tuple[GivenFleet | None, int, bytes]:
    """The fleet, if the body has one; how many lines it takes; and the table of hours."""
    if not body.strip(WHITE_SPACE):
        raise MalformedPayload(f"The body is empty. It must be {EXPECTED}.")
    first, before, table = b"", 0, body
    if not has_workbook(body):
        refuse_other_encodings(body)
    if not body.startswith(BEGIN) and is_json(body):
        first, before, table = parts_of(body)
        table = table[before:]
    fleet = read_fleet(first) if first else None
    if not has_workbook(body):
        return fleet, before, table
    if not has_openpyxl():
        raise NotInstalled(f"The body is a workbook, which needs {EXTRA}. Send its sheet as CSV.")
    sheets = sheets_of(table.lstrip(WHITE_SPACE))
    if fleet is None and sheets.fleet is not None:
        fleet = None if sheets.fleet == sheets.hours else read_fleet(sheets.fleet)
    return fleet, 0, sheets.hours


def _has(table: bytes, vocabulary: Vocabulary) -> bool:
    """Whether a row of a table names the columns of a vocabulary."""
    try:
        Table(table, vocabulary, without_load)
    except InvalidInput:
        return False
    return True


def _answer(payload: bytes, notes: Sequence[str]) -> bytes:
    return b'{"payload":%s,"notes":%s}\n' % (payload, to_json(notes))
