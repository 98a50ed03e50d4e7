"""A table as text: CSV as spreadsheets save it. Where its columns are named, and what its cells hold."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from itertools import islice

from powerplant.batch.headings import OF_THE_CHALLENGE, WIND, Column, Vocabulary, columns_of
from powerplant.batch.numerals import UNITS, Numeral, has_value, plain_unit, read_numeral, read_truth
from powerplant.batch.reading import InvalidInput
from powerplant.decoding import UTF8_BOM, UTF16_BOMS

DELIMITERS = (",", ";", "\t", "|")
SEPARATED_BY = "commas, semicolons, tabs or |"

MOST_ROWS_BEFORE = 20
"""Most lines before the one that names the columns: titles, and the line ``sep=;`` of spreadsheets."""

_SEPARATOR_LINE = re.compile(r'\s*"?sep=([^"\r\n])"?[;,\t|]*(?:[\r\n]|\Z)', re.IGNORECASE)
MOST_COLUMNS_SHOWN = 6
"""Most columns of a table that a message names."""

BYTE_ORDER_MARK = "\ufeff"

MOST_SHOWN = 40
"""Most characters of a cell in a message."""

_CSV_WORDS = {
    "field limit": "a cell is too long",
    "unexpected end of data": "a cell begins with a quote that has no end",
    "expected after": "more text follows after a cell in quotes",
}
"""The messages of Python's reader in plainer words."""


class Table:
    """A table whose first row with the key column of a vocabulary names the columns.

    Attributes:
        delimiter: what separates its columns.
        has_mark: whether it begins with a byte order mark, as spreadsheets write it.
        first: the number of the row that names them. The number of a row is that of its last line.
        names: their names, each on one line.
        columns: those that are used, by their paths.
        others: the names of all others, by their places.
        count: how many rows it has.
        mark: its decimal mark.
        notes: remarks for the user, in sentences.

    Args:
        content: the table, in UTF-8, UTF-16 or Windows-1252.
        vocabulary: the headings that are understood.
        without_key: the error for a table without the key column: the number of a row and its cells.

    Raises:
        InvalidInput: it is not a table with such a column; also while its rows are read, for one that has more cells
            than the table has columns, or is not CSV.
    """

    def __init__(
        self, content: bytes, vocabulary: Vocabulary, without_key: Callable[[int, Sequence[str]], InvalidInput]
    ) -> None:
        self._text, self.has_mark = decoded(content), content.startswith((UTF8_BOM, *UTF16_BOMS))
        self.delimiter, self.first, self.names = _heading(self._text, vocabulary, without_key)
        self.columns: Mapping[tuple[str, ...], Column] = {}
        self.others: Mapping[int, str] = {}
        self.count, self.mark, self.notes = 0, ".", list[str]()

    def use(self, vocabulary: Vocabulary, plants: Sequence[str] = (), *, is_fraction: bool = False) -> None:
        """Use the columns of a vocabulary. All their numbers are read: only together they show the decimal mark.

        Args:
            vocabulary: what the headings can mean.
            plants: the names of plants that may have columns of their own.
            is_fraction: whether wind is a fraction of 1.

        Raises:
            InvalidInput: as for :func:`powerplant.batch.headings.columns_of`; or a cell can mean two numbers, and the
                others do not decide.
        """
        self.columns = columns_of(self.names, self.first, vocabulary, plants, is_fraction=is_fraction)
        used = {column.place for column in self.columns.values()}
        self.others = {place: name for place, name in enumerate(self.names) if place not in used}
        marks, doubtful, highest = set[str](), list[tuple[int, Column, str, Numeral]](), dict[Column, Decimal]()
        for number, cells in self.rows():
            self.count += 1
            for column, cell in self.given(cells):
                if not column.is_number:
                    continue
                numeral = read_numeral(cell, column.quantity)
                marks.add(numeral.mark)
                if numeral.is_ambiguous and not doubtful:
                    doubtful.append((number, column, cell, numeral))
                if column.quantity == "share" and (with_point := numeral.read(".")) is not None:
                    value = Decimal(100) if numeral.unit else Decimal(with_point)
                    highest[column] = max(highest.get(column, value), value)
        marks.discard("")
        if doubtful:
            self.notes += _note_of_mark(marks, *doubtful[0])
        self.mark = min(marks, default=".")
        for column, most in highest.items():
            self.notes += _note_of_profile(column, most)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """The rows after the headings that are not empty, with their numbers."""
        width = len(self.names)
        for number, row in read_rows(self._text, self.delimiter):
            cells = [cell.strip() for cell in row]
            is_blank = not any(cell.strip("-:") for cell in cells)  # or the rule of a table in Markdown
            if number <= self.first or is_blank or cells[:width] == self.names:
                continue
            if self._is_units(cells):
                continue
            if any(cells[width:]):  # probably a decimal comma: the row would be read as another one
                hint = "; commas separate columns here: a number needs a decimal point, or quotes"
                counts = f"the row has {len(row)} cells, the table {width} columns"
                raise InvalidInput(number, counts + (hint if self.delimiter == "," else ""))
            yield number, cells

    def given(self, cells: Sequence[str]) -> list[tuple[Column, str]]:
        """The cells of a row that have a value, with their columns."""
        cells_of = ((column, cell_of(column.place, cells)) for column in self.columns.values())
        return [(column, cell) for column, cell in cells_of if has_value(cell)]

    def value(self, column: Column, cell: str) -> float | bool | str:
        """What a cell holds; the cell itself if it is wrong: that is a fault later."""
        if column.quantity == "text":
            return cell
        if column.quantity == "truth":
            truth = read_truth(cell)
            return cell if truth is None else truth
        numeral = read_numeral(cell, column.quantity)
        number = numeral.read(self.mark)
        return cell if number is None else float(Decimal(number) * column.factor_of(numeral.unit))

    def _is_units(self, cells: Sequence[str]) -> bool:
        """Whether a row has the units of the columns above it. That one begins with a digit shows most rows at once."""
        if any(cell_of(column.place, cells)[:1].isdigit() for column in self.columns.values()):
            return False
        given = self.given(cells)
        return bool(given) and all(
            column.is_number and re.fullmatch(UNITS[column.quantity], plain_unit(cell)) for column, cell in given
        )


def cell_of(place: int, cells: Sequence[str]) -> str:
    """A cell of a row, which may be shorter than the table."""
    return cells[place] if place < len(cells) else ""


def in_words(column: Column, cell: str, detail: str) -> str:
    """What is wrong with a cell, with the heading of its column and the cell."""
    if not has_value(cell):
        what = f"is {shown(cell)}, so it has no value" if cell else "is empty"
        return f"{column.heading} {detail.replace('is missing', what, 1)}"
    times = column.is_converted and (", divided by 100," if column.quantity == "ratio" else ", times 100,")
    detail = re.sub(r"(must be a number).*", r"\1", detail)
    return f"{column.heading} is {shown(cell)}, and{times or ''} {detail}"


def is_heading(line: str) -> bool:
    """Whether a line names the columns of a table of hours, or is the line ``sep=;`` before it."""
    if _SEPARATOR_LINE.match(line):
        return True
    try:
        return any(
            any(map(OF_THE_CHALLENGE.is_key, next(csv.reader([line], delimiter=each), []))) for each in DELIMITERS
        )
    except csv.Error:  # a line end inside, or a cell that is too long
        return False


def shown_columns(names: Sequence[str]) -> str:
    """The first columns of a table, in a message; empty without any."""
    others = [shown(name) for name in names if name]
    if len(others) > MOST_COLUMNS_SHOWN:
        others[MOST_COLUMNS_SHOWN:] = [f"and {len(others) - MOST_COLUMNS_SHOWN} more"]
    return f"; the table has {', '.join(others)}" if others else ""


def _heading(
    text: str, vocabulary: Vocabulary, without_key: Callable[[int, Sequence[str]], InvalidInput]
) -> tuple[str, int, list[str]]:
    """The delimiter of a table, the number of the row that names its columns, and their names."""
    marked = _SEPARATOR_LINE.match(text)
    best: tuple[int, int, str, int, list[str]] | None = None
    first_rows, errors = list[tuple[int, list[str]]](), list[InvalidInput]()
    for delimiter in [marked[1]] if marked else DELIMITERS:
        row_is_first = True
        try:
            for number, row in islice(read_rows(text, delimiter), MOST_ROWS_BEFORE):
                names = [" ".join(cell.split()) for cell in row]
                if any(map(vocabulary.is_key, names)):
                    while not names[-1]:
                        names.pop()
                    known = sum(vocabulary.meaning_of(name) is not None for name in names)
                    found = (known, len(names), delimiter, number, names)
                    best = max(best or found, found, key=lambda each: each[:2])
                    break
                if row_is_first and any(names):
                    first_rows.append((number, names))
                    row_is_first = False
        except InvalidInput as not_csv:
            errors.append(not_csv)
    if best is not None:
        return best[2:]
    if errors and not first_rows:
        raise errors[-1]
    raise without_key(*max(first_rows, key=lambda each: len(each[1]), default=(1, [])))


# --- Text ------------------------------------------------------------------------------------------------------------


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


# --- Notes -----------------------------------------------------------------------------------------------------------


def _note_of_mark(marks: Collection[str], number: int, column: Column, cell: str, numeral: Numeral) -> Iterator[str]:
    """A note on a cell that has one meaning only by others; ``marks`` are the decimal marks that they show.

    Raises:
        InvalidInput: they do not decide.
    """
    if len(marks) != 1:
        one, other = numeral.with_point, numeral.with_comma
        why = "and no other cell shows which" if not marks else "and the table has decimal points and commas"
        large = other if "." in cell else one
        what = f"can mean {one} or {other}, {why}: write {large} or {cell}0"
        raise InvalidInput(number, f"{column.heading} is {shown(cell)}, which {what}")
    (mark,) = marks
    if mark not in cell:
        why = f"because the table has decimal {'commas' if mark == ',' else 'points'}"
        yield f"{column.heading}: {shown(cell)} is read as {numeral.read(mark)}, {why}."


def _note_of_profile(column: Column, most: Decimal) -> Iterator[str]:
    """A note on a profile that is probably a fraction: its highest value is at most 1."""
    if not column.is_converted and 0 < most <= 1:
        one, other = (f"{number.normalize():f}" for number in (most, 100 * most))
        key = column.path[-1]
        how = "--wind fraction" if key == WIND else f"the heading {key.partition('(')[0]} (fraction)"
        yield (
            f"{column.heading} is never above {one}. It is planned as it stands: as at most {one} % of pmax. "
            f"If it is a fraction, {how} reads {one} as {other} %."
        )
