"""Tables as text: CSV as spreadsheets save it, in and out; and the decimal mark that its cells share."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from io import StringIO

from pydantic_core import to_json

from powerplant.batch.headings import Column
from powerplant.batch.numerals import Numeral, read_numeral, read_truth
from powerplant.batch.reading import InvalidInput
from powerplant.decoding import UTF16_BOMS

BYTE_ORDER_MARK = "\ufeff"

MOST_SHOWN = 40
"""Most characters of a cell in a message."""

_CSV_WORDS = {
    "field limit": "a cell is too long",
    "unexpected end of data": "a cell begins with a quote that has no end",
    "expected after": "more text follows after a cell in quotes",
}
"""The messages of Python's reader in plainer words."""


def decoded(content: bytes) -> str:
    """The text of a table: UTF-8 or UTF-16 (with or without a byte order mark), or else Windows-1252.

    Raises:
        InvalidInput: it is not text.
    """
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


def read_rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
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


def shown(cell: str) -> str:
    """A cell in a message."""
    text = " ".join(cell.split())
    return f'"{text}"' if len(text) <= MOST_SHOWN else f'"{text[:MOST_SHOWN]}..."'


def value_of(column: Column, cell: str, mark: str) -> Decimal | bool | str:
    """What a cell holds, in a table with this decimal mark; the cell itself if it is wrong: that is a fault later."""
    if column.quantity == "text":
        return cell
    if column.quantity == "truth":
        truth = read_truth(cell)
        return cell if truth is None else truth
    numeral = read_numeral(cell, column.quantity)
    number = numeral.read(mark)
    return cell if number is None else Decimal(number) * column.factor_of(numeral.unit)


def decimal_mark(numerals: Iterable[tuple[int, Column, str, Numeral]]) -> tuple[str, str]:
    """Whether points or commas are decimal, by all cells of a table.

    Args:
        numerals: the row, column, text and meanings of each cell.

    Returns:
        The mark (empty if no cell shows it), and a note about cells that have this meaning only by the others.

    Raises:
        InvalidInput: a cell can mean two numbers, and the others do not decide.
    """
    marks: set[str] = set()
    doubtful: tuple[int, Column, str, Numeral] | None = None
    for each in numerals:
        marks.add(each[3].mark)
        if each[3].is_ambiguous:
            doubtful = doubtful or each
    marks.discard("")
    if doubtful is None:
        return min(marks, default=""), ""
    number, column, cell, numeral = doubtful
    if len(marks) != 1:
        one, other = numeral.with_point, numeral.with_comma
        why = "and no other cell shows which" if not marks else "and the table has decimal points and commas"
        small, large = (cell + "0", other) if "." in cell else (cell + "0", one)
        what = f"can mean {one} or {other}, {why}: write {large} or {small}"
        raise InvalidInput(number, f"{column.heading} is {shown(cell)}, which {what}")
    (mark,) = marks
    if mark in cell:
        return mark, ""
    why = f"because the table has decimal {'commas' if mark == ',' else 'points'}"
    return mark, f"{column.heading}: {shown(cell)} is read as {numeral.read(mark)}, {why}."


def as_json(members: Mapping[str, object]) -> bytes:
    """JSON in which decimals are numbers with all their digits."""
    parts = []
    for key, value in members.items():
        if isinstance(value, Mapping):
            text = as_json(value)
        elif isinstance(value, Decimal):
            text = str(value).encode()
        else:
            text = to_json(value)
        parts.append(b"%s:%s" % (to_json(key), text))
    return b"{%s}" % b",".join(parts)
