"""What the input of a batch is: lines of JSON, JSON that spans lines, or a table; and the payloads of such JSON.

JSON that spans lines is read as a whole: payloads one after another, each on as many lines as it likes, and lists of
payloads. A payload is then numbered by its place among the payloads, as if each had a line of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Literal

from pydantic_core import from_json

from powerplant.batch.reading import InvalidInput, Line, Stream
from powerplant.batch.spreadsheet import is_heading
from powerplant.decoding import UTF16_BOMS, WHITE_SPACE

HEAD = 64 * 1024
"""Bytes that are enough to see what the input is."""

Form = Literal["lines", "documents", "table"]

OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or a zip archive: save it as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as CSV",
    b"\x1f\x8b": "compressed: name it .gz, or unpack it",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<": "a web page or XML",
}
"""The first bytes of files that people give by mistake."""

_WHITE_SPACE = re.compile(r"[ \t\r\n]*")
_HOUR = re.compile(rb'^[ \t]*\{.*"load".*\}[ \t\r]*$', re.MULTILINE)


class Peeked:
    """A stream whose beginning can be looked at before it is read.

    Attributes:
        head: its first bytes: at least its first line that is not blank, if that is not too long.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream, self.head, self._rest = stream, b"", b""
        while len(self.head) < HEAD and b"\n" not in self.head.lstrip(WHITE_SPACE):
            if not (block := stream.read1(HEAD)):
                break
            self.head += block
        self._rest = self.head

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end."""
        if self._rest:
            block, self._rest = self._rest[:size], self._rest[size:]
            return block
        return self._stream.read1(size)


def form_of(head: bytes, *, is_table: bool = False) -> Form:
    """What an input is, by its first bytes.

    Args:
        head: the first bytes, with the first line that is not blank.
        is_table: whether name or command line say that it is a table.

    Raises:
        InvalidInput: it is none of these forms.
    """
    for start, what in OTHER_FILES.items():
        if head.startswith(start):
            raise InvalidInput(0, f"this is not JSON, but {what}")
    is_utf16 = head.startswith(UTF16_BOMS)
    text = head[: len(head) // 2 * 2].decode("utf-16", "ignore") if is_utf16 else head.decode("utf-8-sig", "replace")
    text = text.lstrip()
    line = next(iter(text.splitlines()), "")
    if line.startswith(("{", "[")):
        if is_utf16:
            raise InvalidInput(0, "the text is in UTF-16: save it in UTF-8")
        return "documents" if _spans_lines(line) else "lines"
    if is_table or is_heading(line):
        return "table"
    if "\0" in text:
        raise InvalidInput(0, "this is not text, so it has neither payloads nor hours")
    if text and not any(each.startswith("{") for each in text.splitlines()):
        names = "a table needs a first line that names its columns, with load among them"
        raise InvalidInput(
            0, f"this is neither JSON nor a table of hours, it begins with `{line[:40].strip()}`; {names}"
        )
    return "lines"


def _spans_lines(line: str) -> bool:
    """Whether a first line is a list, only the beginning of a payload, or more than one."""
    if line.startswith("["):
        return True
    if len(line) >= HEAD // 4:  # in bytes it can be four times as long, and so be cut off
        return False
    try:
        from_json(line)
    except ValueError as error:
        return "EOF" in str(error) or "trailing characters" in str(error)
    return False


def split_documents(content: bytes, max_line: int) -> list[Line] | None:
    """The payloads of JSON that spans lines; ``None`` if it does not, but has lines of JSON with faults.

    Raises:
        InvalidInput: the content is not JSON.
    """
    try:
        text = content.decode("utf-8-sig")
        spans = list(_spans(text))
    except (ValueError, RecursionError) as error:
        if content[:1] != b"[" and any(map(_is_object, _HOUR.findall(content[: 64 * HEAD]))):
            return None
        if isinstance(error, json.JSONDecodeError):
            raise InvalidInput(error.lineno, f"the JSON is not valid: {error.msg} at column {error.colno}") from None
        raise InvalidInput(0, "the JSON is not in UTF-8, or is nested too deeply") from None
    contents = (re.sub(r"[\r\n]+", " ", text[start:end]).encode() for start, end in spans)
    return [Line(number, content if len(content) <= max_line else None) for number, content in enumerate(contents, 1)]


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(from_json(line), dict)
    except ValueError:
        return False


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each payload."""
    decode, place = json.JSONDecoder().raw_decode, 0

    def blank(place: int) -> int:
        match = _WHITE_SPACE.match(text, place)
        return match.end() if match else place

    while (place := blank(place)) < len(text):
        if text[place] != "[":
            start, place = place, decode(text, place)[1]
            yield start, place
            continue
        place = blank(place + 1)
        while text[place : place + 1] != "]":
            start, place = place, decode(text, place)[1]
            yield start, place
            place = blank(place)
            if text[place : place + 1] == ",":
                place = blank(place + 1)
            elif text[place : place + 1] != "]":
                raise json.JSONDecodeError("a comma or ] is expected", text, place)
        place += 1
