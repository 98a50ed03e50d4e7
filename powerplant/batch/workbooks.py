"""Workbooks (``.xlsx``): their sheets as CSV, and rows of CSV as a sheet. They need the extra ``excel``: openpyxl."""

from __future__ import annotations

import csv
import re
import warnings
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from importlib.util import find_spec
from io import BytesIO, StringIO
from typing import Any, NamedTuple
from zipfile import ZipFile

from powerplant.batch.reading import InvalidInput
from powerplant.errors import TooBusy
from powerplant.workers import Workers

BEGIN = b"PK\x03\x04"
"""The first bytes of a workbook, which is a zip archive."""

FLEET, HOURS = "fleet", "hours"
"""The names of sheets that are looked for before the first one is taken."""

EXTRA = "the extra excel, which is not installed: poetry install --extras excel, or pip install '.[excel]'"

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""Most rows and columns of a sheet, as in Excel."""

MOST_UNPACKED = 256 * 1024 * 1024
"""Most bytes of the parts of a workbook, unpacked."""

MOST_TEXT = 64 * 1024 * 1024
"""Most characters of a sheet as CSV."""

SECONDS = 600.0
"""Seconds after which reading is given up: openpyxl reads some 10 000 cells a second on a busy machine."""


class Sheets(NamedTuple):
    """What a batch uses of a workbook: its hours, and its fleet unless there is no sheet of this name, as CSV."""

    hours: bytes
    fleet: bytes | None


def has_openpyxl() -> bool:
    """Whether the extra ``excel`` is installed."""
    return find_spec("openpyxl") is not None


def read_sheets(content: bytes, *, most_memory: int) -> Sheets:
    """Read a workbook in a process of its own, which is ended if it needs too much time or memory.

    Args:
        content: the workbook.
        most_memory: bytes that the process may allocate.

    Raises:
        InvalidInput: it is not a workbook, is damaged or too large, or openpyxl is not installed.
    """
    _check_openpyxl()
    workers = Workers(1, most_memory=most_memory)
    try:
        return workers.call(sheets_of, content, timeout=SECONDS)
    except TooBusy:
        raise InvalidInput(0, "the workbook needs too much time or memory", "save the sheet as CSV") from None
    finally:
        workers.close()


def sheets_of(content: bytes) -> Sheets:
    """The sheets of a workbook as CSV; see :func:`read_sheets`. Formulas count with the values that were saved."""
    _check_openpyxl()
    from openpyxl import load_workbook

    try:
        with ZipFile(BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise InvalidInput(0, f"the workbook has more than {MOST_UNPACKED:,} bytes, unpacked")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what a table does not need: styles, extensions
            book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            sheets = {sheet.title.strip().casefold(): sheet for sheet in reversed(book.worksheets)}
            fleet = sheets.get(FLEET)
            hours = sheets.get(HOURS) or next((each for each in book.worksheets if each is not fleet), fleet)
            if hours is None:
                raise InvalidInput(0, "the workbook has no sheet with cells")
            return Sheets(_as_csv(hours), None if fleet is None else _as_csv(fleet))
    except (InvalidInput, MemoryError):
        raise
    except Exception as error:  # whatever openpyxl stumbles over
        raise InvalidInput(0, "this is not a workbook that can be read, or it is damaged", "save it as CSV") from error


def _check_openpyxl() -> None:
    if not has_openpyxl():
        raise InvalidInput(0, f"a workbook needs {EXTRA}", "or save the sheet as CSV")


def _as_csv(sheet: Any) -> bytes:
    """A sheet: a line for each row, so that the line of a cell is its row."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    sheet.reset_dimensions()  # the file may claim any
    for cells in sheet.iter_rows(max_row=MOST_ROWS):
        row = [_text(cell) for cell in cells]
        while row and not row[-1]:
            row.pop()
        writer.writerow(row)
        if text.tell() > MOST_TEXT:
            raise InvalidInput(0, f"a sheet has more than {MOST_TEXT:,} characters")
    return text.getvalue().encode()


def _text(cell: Any) -> str:
    """A cell as text that has one meaning only."""
    match cell.value:
        case None:
            return ""
        case bool():
            return str(cell.value).upper()
        case int() | float():
            is_share = "%" in (cell.number_format or "")
            number = Decimal(repr(cell.value)) * (100 if is_share else 1)
            text = f"{number.normalize():f}"
            if re.search(r"\.\d{3}$", text):  # 1.125 could be read as 1125
                text += "0"
            return f"{text}%" if is_share else text
        case datetime():
            return cell.value.isoformat(" ", "seconds" if cell.value.second else "minutes")
        case date():
            return cell.value.isoformat()
    return " ".join(str(cell.value).split())


# --- Out -------------------------------------------------------------------------------------------------------------

_TIME = re.compile(r"(?:19|2\d)\d\d-\d\d-\d\d(?P<hour>[ T]\d\d:\d\d(?::\d\d)?)?")
_NUMBER = re.compile(r"-?\d[\d.]{0,14}")
"""Excel keeps fifteen digits."""


class Workbook:
    """A workbook with one sheet: write CSV to it, then save it.

    Args:
        title: of the sheet.
    """

    def __init__(self, title: str) -> None:
        from openpyxl import Workbook as Book

        self._book, self._rows = Book(write_only=True), 0
        self._sheet = self._book.create_sheet(title)

    def write(self, rows: bytes) -> None:
        """Add rows of CSV. Numbers and times become numbers and times of the sheet.

        Raises:
            InvalidInput: a sheet has no room for so many rows or columns.
        """
        for row in csv.reader(StringIO(rows.decode(), newline="")):
            self._rows += 1
            if self._rows > MOST_ROWS or len(row) > MOST_COLUMNS:
                most = f"a sheet may have at most {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns"
                raise InvalidInput(0, most, "name the output .csv")
            self._sheet.append([_value(cell) for cell in row])

    def __del__(self) -> None:
        """Close the sheet of a workbook that was not saved: openpyxl writes its rows to a temporary file."""
        with suppress(Exception):  # it is saved, or closed already
            self._sheet.close()

    def flush(self) -> None:
        """Nothing is in a file before the workbook is saved."""

    def save(self) -> bytes:
        """The workbook."""
        content = BytesIO()
        self._book.save(content)
        return content.getvalue()


def _value(cell: str) -> Any:
    """A cell as a number or a time, if its text is then the same; text that Excel does not allow is replaced."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if not cell:
        return None
    with suppress(ValueError):
        if time := _TIME.fullmatch(cell):
            return datetime.fromisoformat(cell) if time["hour"] else date.fromisoformat(cell)
        if _NUMBER.fullmatch(cell):
            number = float(cell) if "." in cell else int(cell)
            return number if str(number) == cell else cell
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", cell)
