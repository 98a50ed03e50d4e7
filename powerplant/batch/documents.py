"""What the input of a batch is: lines of JSON, JSON that spans lines, or a table; and the payloads of all but lines.

JSON that spans lines is read as a whole. It is one of

- payloads one after another, each on as many lines as it likes, and lists of payloads;
- an object with ``hours``, a list, and usually with ``powerplants``, the fleet that they share, and perhaps with
  ``fuels``: prices for the hours that have none of their own.

A payload is then numbered by its place among the payloads, as if each had a line of its own.

A body with a table has the fleet as a line of JSON before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Literal, NamedTuple

from pydantic_core import from_json, to_json

from powerplant.batch.fleets import constant_prices, decode_fleet, read_fleet, with_prices
from powerplant.batch.planner import Rules
from powerplant.batch.reading import Chunk, InvalidInput, Line, Stream, cut, in_chunks
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import is_heading
from powerplant.decoding import UTF16_BOMS, WHITE_SPACE
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.rows import Layout
from powerplant.workers import LARGE

HEAD = 64 * 1024
"""Bytes that are enough to see what the input is."""

HOURS = b'"hours"'
"""In the first line, a sign of an object with hours; only the whole input shows whether it is one."""

MOST_OF_A_FIRST_LINE = 16 * 1024 * 1024
"""Most bytes of a first line that is looked at."""

Form = Literal["lines", "documents", "table", "other"]

OTHER_FILES = {
    b"PK\x03\x04": ("a spreadsheet or a zip archive", "save it as CSV"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "save it as CSV"),
    b"\x1f\x8b": ("compressed", "name it .gz, or unpack it"),
    b"%PDF": ("a PDF", ""),
    b"\x89PNG": ("a picture", ""),
    b"\xff\xd8\xff": ("a picture", ""),
    b"PAR1": ("a Parquet file", "save it as CSV"),
    b"<": ("a web page or XML", "if a spreadsheet opens it, save it from there as CSV"),
}
"""The first bytes of files that people give by mistake, and what to do with them."""

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*")
_WHITE_SPACE = re.compile(r"[ \t\r\n]*")
_HOUR = re.compile(rb'^[ \t]*\{.*"load".*\}[ \t\r]*$', re.MULTILINE)
_HOURS = re.compile(rb'"hours"[ \t\r\n]*:')
_WORDS = {
    "Expecting value": "a value is expected",
    "Expecting ',' delimiter": "`,` or the end of a list or object is expected",
    "Expecting ':' delimiter": "`:` is expected",
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected",
    "Unterminated string starting at": "a string has no end",
    "Invalid control character at": "a string has a line end or control character",
}
"""The messages of Python's parser in plainer words."""

_GOES_ON = (b",", b"[", b"{", b":")
"""Ends of a line that is not the last one of its JSON."""


EXPECTED_TABLE = 'a line with the power plants as JSON, {"powerplants": [...]}, then a table of hours'

MOST_OF_A_LINE = 4096
"""Bytes of a second line that are looked at: it happens in the thread of the request."""


class TooManyPayloads(InvalidInput):
    """An input that is read as a whole has too many payloads."""


class Peeked:
    """A stream whose beginning can be looked at before it is read.

    Attributes:
        head: its first bytes: at least its first line that is not blank, if that is not too long.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        head, has_begun = bytearray(), False
        while len(head) < MOST_OF_A_FIRST_LINE and (block := stream.read1(HEAD)):
            head += block
            text = block if has_begun else block.lstrip(WHITE_SPACE)
            has_begun = has_begun or bool(text)
            if b"\n" in text:
                break
        self.head = bytes(head)
        self._again = BytesIO(self.head)

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end."""
        return self._again.read1(size) or self._stream.read1(size)


# --- What an input is ------------------------------------------------------------------------------------------------


def form_of(head: bytes, *, is_table: bool = False) -> Form:
    """What an input is, by its first bytes; ``other`` is text that is neither JSON nor a table.

    Of ``documents``, :func:`read_documents` shows whether they are. At most :data:`LARGE` bytes are decoded.

    Args:
        head: the first bytes, with the first line that is not blank.
        is_table: whether name or command line say that it is a table.

    Raises:
        InvalidInput: it is none of these forms.
    """
    for start, (what, advice) in OTHER_FILES.items():
        if head.startswith(start):
            raise InvalidInput(0, f"this is not JSON, but {what}", advice)
    is_utf16 = head.startswith(UTF16_BOMS)
    begin = head.lstrip(WHITE_SPACE)[:HEAD]
    text = begin[: len(begin) // 2 * 2].decode("utf-16", "ignore") if is_utf16 else begin.decode("utf-8-sig", "replace")
    text = text.lstrip()
    line = next(iter(text.splitlines()), "")
    if line.startswith(("{", "[")):
        if is_utf16:
            raise InvalidInput(0, "the text is in UTF-16", "save it in UTF-8")
        first = head[slice(*first_line(head))]
        return "documents" if HOURS in first or _spans_lines(first) else "lines"
    if is_table or is_heading(line):
        return "table"
    if any(each.lstrip().startswith("{") for each in text.splitlines()):
        return "lines"
    if "\0" in text:
        raise InvalidInput(0, "this is not text, so it has neither payloads nor hours")
    return "other" if text else "lines"


def first_line(content: bytes) -> tuple[int, int]:
    """Where the first line that is not blank begins, and where the next one does."""
    begin = _BEGIN.match(content)
    start = begin.end() if begin else 0
    return start, content.find(b"\n", start) + 1 or len(content)


def _spans_lines(line: bytes) -> bool:
    """Whether a first line is a list, only the beginning of a payload, or more than one payload."""
    if line.startswith(b"["):
        return True
    try:
        from_json(line[:LARGE])
    except ValueError as error:
        if "EOF" in str(error):
            return len(line) <= LARGE or (line.endswith(b"\n") and line.rstrip(WHITE_SPACE).endswith(_GOES_ON))
        return "trailing characters" in str(error)
    return False


# --- The payloads of JSON that spans lines ---------------------------------------------------------------------------


class Documents(NamedTuple):
    """The payloads of an input that is read as a whole.

    Attributes:
        lines: the payloads, as if each had a line of its own.
        fleet: the fleet that they share; ``None`` if only the first payload can be one.
        form: ``list``, ``hours`` or ``table`` if the input is one list, one object with hours, or a table, else
            ``payloads``.
        layout: of a table of plans, if the hours are a table.
    """

    lines: Sequence[Line]
    fleet: Line | None
    form: Literal["payloads", "list", "hours", "table"]
    layout: Layout | None = None

    def chunks(self) -> Iterator[Chunk]:
        """The payloads in chunks."""
        if self.form in {"hours", "table"}:
            return cut(self.lines, self.fleet)
        return in_chunks([self.lines] if self.lines else [], self.fleet)


def read_documents(
    content: bytes, *, max_line: int, max_plants: int, most: int, fleet: Line | None = None
) -> Documents | None:
    """Read JSON that spans lines; ``None`` if the content is not that, but lines of JSON.

    Args:
        content: all bytes of the input.
        max_line: most bytes of a payload. The content of a larger one is not kept.
        max_plants: most power plants of a shared fleet.
        most: most payloads.
        fleet: the fleet that the payloads share. One that is in the input is then not used.

    Raises:
        InvalidInput: the content is not JSON, or more follows after an object with hours.
        TooManyPayloads: it has more payloads.
        InvalidPayload: hours are not a list, or their fleet is not valid; lists every fault.
    """
    first = content[slice(*first_line(content))]
    try:
        scan = Scan(content.decode("utf-8-sig"), most)
        hours = scan.hours() if HOURS in content else None
        is_list = first.startswith(b"[")
        if hours is None and not is_list and not _spans_lines(first):
            return None  # the first line has something else that is named hours
        spans, plants, fuels = hours or (scan.payloads(), None, None)
    except (ValueError, RecursionError) as error:
        is_one = first.startswith(b"[") or _HOURS.search(content)
        if not is_one and any(map(_is_object, _HOUR.findall(content[: 64 * HEAD]))):
            return None
        if isinstance(error, json.JSONDecodeError):
            what = _WORDS.get(error.msg, error.msg)
            what = "it ends too early" if error.pos >= len(error.doc.rstrip()) else what
            raise InvalidInput(error.lineno, f"the JSON is not valid: {what} at column {error.colno}") from None
        if isinstance(error, UnicodeDecodeError):
            raise InvalidInput(0, "the JSON is not in UTF-8") from None
        what = "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
        raise InvalidInput(0, f"the JSON is not valid: {what}") from None
    if fleet is None and plants is not None:
        fleet = Line(0, b'{"powerplants": %s}' % scan.text[slice(*plants)].encode())
        decode_fleet(fleet.content or b"", max_plants=max_plants)
    prices = {} if fuels is None else _prices(scan.text[slice(*fuels)], fleet)
    contents = (re.sub(r"[\r\n]+", " ", scan.text[slice(*span)]).encode() for span in spans)
    lines = [Line(number, each if len(each) <= max_line else None) for number, each in enumerate(contents, 1)]
    if prices:
        lines = [line._replace(content=_with_prices(line.content, prices)) for line in lines]
    return Documents(lines, fleet, "hours" if hours else "list" if is_list else "payloads")


def _prices(fuels: str, fleet: Line | None) -> Mapping[str, float]:
    """The prices that stand beside hours; see :func:`powerplant.batch.fleets.constant_prices`."""
    given = from_json(b"[]" if fleet is None else fleet.content or b"[]")
    plants = given["powerplants"] if isinstance(given, dict) else given
    return constant_prices(b'{"powerplants": %s, "fuels": %s}' % (to_json(plants), fuels.encode()))


def _with_prices(content: bytes | None, prices: Mapping[str, float]) -> bytes | None:
    """An hour with the prices that it has not itself; one that is faulty is left as it is."""
    try:
        hour = None if content is None else from_json(content)
    except ValueError:  # Python's parser is not as strict
        return content
    if not isinstance(hour, dict) or not isinstance(fuels := hour.get("fuels", {}), dict):
        return content
    return to_json(hour | {"fuels": with_prices(fuels, prices)})


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(from_json(line), dict)
    except ValueError:
        return False


Span = tuple[int, int]
"""Start and end of a value in a text."""


class Scan:
    """Finds values in a text of JSON. Each is decoded, but only its place is kept.

    Args:
        text: the text.
        most: most places of payloads.
    """

    def __init__(self, text: str, most: int) -> None:
        self.text, self._most, self._place = text, most, 0
        self._decode = json.JSONDecoder().raw_decode

    def payloads(self) -> list[Span]:
        """The values one after another, or in lists, up to the end of the text."""
        self._place, spans = 0, list[Span]()
        while mark := self._space():
            if mark == "[":
                self._list(spans)
            else:
                self._add(spans)
            self._place += self._space() == ","  # a list without its brackets
        return spans

    def hours(self) -> tuple[list[Span], Span | None, Span | None] | None:
        """The hours of the object that the text is, its power plants and fuels; ``None`` if it is no such object."""
        if self._space() != "{":
            return None
        members, hours = dict[str, Span](), None
        for _ in self._items("}"):
            key = str(self._value())
            self._pass(":")
            start, is_list = self._place, self._space() == "["
            if key == "hours":
                hours = list[Span]() if is_list else None
            if key == "hours" and hours is not None:
                self._list(hours)
            else:
                self._value()
            members[key] = start, self._place
        end = self._place
        if "hours" not in members or "load" in members or (hours is None and self._space()):
            return None
        if hours is None:
            raise InvalidPayload([Fault("#/hours", "must be a list of hours, each with load and fuels")])
        if self._space():
            line = self.text.count("\n", 0, end) + 1
            raise InvalidInput(line, "more text follows after the object with hours, which must be alone")
        return hours, members.get("powerplants"), members.get("fuels")

    def _list(self, spans: list[Span]) -> None:
        """Add the items of a list to some places."""
        for _ in self._items("]"):
            self._add(spans)

    def _items(self, end: str) -> Iterator[None]:
        """Stop at each item of a list or object."""
        self._place += 1
        mark = "," if self._space() != end else self._pass(end)
        while mark == ",":
            yield
            mark = self._pass(",", end)

    def _add(self, spans: list[Span]) -> None:
        """Add the next value to some places."""
        start = self._place
        self._value()
        spans.append((start, self._place))
        if len(spans) > self._most:
            raise TooManyPayloads(
                0, f"the JSON may have at most {self._most:,} payloads", "give each a line of its own"
            )

    def _value(self) -> Any:
        """The next value."""
        value, self._place = self._decode(self.text, self._place)
        return value

    def _pass(self, *marks: str) -> str:
        """Pass one of these marks, and the white space around a comma or colon."""
        mark = self._space()
        if mark not in marks:
            expected = " or ".join(f"`{mark}`" for mark in marks)
            raise json.JSONDecodeError(f"{expected} is expected", self.text, self._place)
        self._place += 1
        if mark in {",", ":"}:
            self._space()
        return mark

    def _space(self) -> str:
        """Pass white space; the character after it, empty at the end of the text."""
        if match := _WHITE_SPACE.match(self.text, self._place):
            self._place = match.end()
        return self.text[self._place : self._place + 1]


# --- The hours of a body with a table --------------------------------------------------------------------------------


def has_table(body: bytes, *, is_csv: bool) -> bool:
    """Whether a body is a table after its fleet: if it says so, or if its second line names the columns of hours.

    Lines of JSON are none, whatever they say.
    """
    start, end = first_line(body)
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
        raise MalformedPayload(f"{what} The body must be {EXPECTED_TABLE}.") from None
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
    start, end = first_line(body)
    before = body.count(b"\n", 0, end)
    return body[start:end], before, b"\n" * before + body[end:]


def as_fault(error: InvalidInput) -> InvalidPayload:
    """What is wrong with a table as a fault of its body."""
    place = f"line {error.line}: " if error.line else ""
    return InvalidPayload([Fault("#", f"{place}{error}")])
