"""A batch that is one body: the fleet as a line of JSON, then a table of hours."""

from __future__ import annotations

import re

from powerplant.batch.documents import Documents
from powerplant.batch.fleets import decode_fleet, read_fleet
from powerplant.batch.planner import Rules
from powerplant.batch.reading import InvalidInput, Line
from powerplant.batch.scanning import TooManyPayloads
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import is_heading
from powerplant.decoding import WHITE_SPACE
from powerplant.errors import Fault, InvalidPayload, MalformedPayload

EXPECTED = 'a line with the power plants as JSON, {"powerplants": [...]}, then a table of hours'


MOST_OF_A_LINE = 4096
"""Bytes of a second line that are looked at: it happens in the thread of the request."""


def has_table(body: bytes, *, is_csv: bool) -> bool:
    """Whether a body is a table after its fleet: if it says so, or if its second line names the columns of hours.

    Lines of JSON are none, whatever they say.
    """
    start, end = _first_line(body)
    line = body[end : end + MOST_OF_A_LINE].lstrip(WHITE_SPACE).partition(b"\n")[0]
    if not line or line.startswith((b"{", b"[")):
        return False
    return is_csv or (body.startswith(b"{", start) and is_heading(line.decode(errors="replace")))


def read_posted_table(body: bytes, rules: Rules, *, most: int) -> Documents:
    """Read the whole body. The lines of the table have their numbers in the body.

    Args:
        body: the body, in UTF-8 or Windows-1252.
        rules: how its hours are planned.
        most: most hours.

    Raises:
        MalformedPayload: the first line is not JSON.
        InvalidPayload: it is not a valid fleet, or the rest is not a table of hours for it.
        TooManyPayloads: the table has more hours.
    """
    first, before, table = parts_of(body)
    try:
        decode_fleet(first, max_plants=rules.max_plants)
    except MalformedPayload as error:
        what = str(error).replace("The body", "The first line", 1)
        raise MalformedPayload(f"{what} The body must be {EXPECTED}.") from None
    fleet = Line(before, first)
    shared = read_fleet(fleet, rules.options.grid, max_plants=rules.max_plants)
    try:
        hours = Hours(table, fleet, shared, co2=rules.options.co2)
        if hours.count > most:
            raise TooManyPayloads(0, f"a table may have at most {most} hours")
        lines = [line for chunk in hours.chunks() for line in chunk.lines]
    except TooManyPayloads:
        raise
    except InvalidInput as error:
        raise as_fault(error) from None
    return Documents(lines, fleet, "table", hours.layout)


def parts_of(body: bytes) -> tuple[bytes, int, bytes]:
    """The first line, how many lines that is with blank ones before, and the table, with blank lines in their place."""
    start, end = _first_line(body)
    before = body.count(b"\n", 0, end)
    return body[start:end], before, b"\n" * before + body[end:]


def as_fault(error: InvalidInput) -> InvalidPayload:
    """What is wrong with a table as a fault of its body."""
    place = f"line {error.line}: " if error.line else ""
    return InvalidPayload([Fault("#", f"{place}{error}")])


_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*")


def _first_line(body: bytes) -> tuple[int, int]:
    """Where the first line that is not blank begins, and where the next one does."""
    begin = _BEGIN.match(body)
    start = begin.end() if begin else 0
    return start, body.find(b"\n", start) + 1 or len(body)
