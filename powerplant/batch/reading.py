"""From a stream of bytes to chunks of numbered lines, in memory that does not grow with the stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from pydantic_core import from_json

from powerplant.decoding import UTF8_BOM, WHITE_SPACE
from powerplant.errors import Fault, PowerplantError
from powerplant.workers import LARGE

BLOCK = 128 * 1024
"""Bytes that are read at once. So a chunk has few lines of large payloads, and many of small ones."""

MAX_LINES = 250
"""Most lines of a chunk. They take some tens of milliseconds, much more than sending them to a process."""

MAX_FLEETS = 2 * 1024 * 1024
"""Most bytes of a chunk's fleet times its lines: an hour of a large fleet takes long, and has a long answer."""


_KEY_OF_HOUR = re.compile(rb'"(load|fuels)"[ \t\r]*:')


class Line(NamedTuple):
    """One line of a batch.

    Attributes:
        number: from 1; blank lines count.
        content: its bytes without the line end; ``None`` if the line is too long.
        faults: what is wrong with it, if that is known already (of a row of a table).
        labels: of a row of a table: what says which hour it is.
    """

    number: int
    content: bytes | None
    faults: Sequence[Fault] = ()
    labels: Sequence[str] = ()


class Chunk(NamedTuple):
    """Lines that are planned together.

    Attributes:
        lines: in order, without blank lines.
        fleet: the line with the fleet that they share, if there is one.
    """

    lines: Sequence[Line]
    fleet: Line | None = None


class InvalidInput(PowerplantError):
    """The input as a whole is not a batch.

    Attributes:
        line: the line of the fault; 0 if it has none.
        advice: what to do with a file.
    """

    def __init__(self, line: int, what: str, advice: str = "") -> None:
        super().__init__(what)
        self.line = line
        self.advice = advice


class Stream(Protocol):
    """A file, a pipe, or bytes in memory."""

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end of the stream."""


def read_whole(stream: Stream, most: int) -> bytes:
    """The rest of a stream.

    Raises:
        InvalidInput: it has more than ``most`` bytes.
    """
    content = bytearray()
    while block := stream.read1(BLOCK):
        content += block
        if len(content) > most:
            raise InvalidInput(0, f"the input is too large: a table or a JSON list may have at most {most:,} bytes")
    return bytes(content)


def read_lines(stream: Stream, max_line: int) -> Iterator[list[Line]]:
    """The lines of a stream that are not blank, as soon as they are available.

    Args:
        stream: the stream.
        max_line: most bytes of a line. The content of a longer line is discarded.
    """
    number, rest = 1, bytearray()
    while block := stream.read1(BLOCK):
        first, *others = block.split(b"\n")
        rest += first
        del rest[max_line + 1 :]  # one byte more shows that the line is too long
        if others:
            *whole, last = bytes(rest), *others
            if lines := _numbered(number, whole, max_line):
                yield lines
            number, rest = number + len(whole), bytearray(last)
    if lines := _numbered(number, [bytes(rest)], max_line):  # a last line without an end
        yield lines


def _numbered(number: int, contents: list[bytes], max_line: int) -> list[Line]:
    """The lines with these contents that are not blank; the first content has this number."""
    if number == 1:
        contents[0] = contents[0].removeprefix(UTF8_BOM)
    return [
        Line(number, content if len(content) <= max_line else None)
        for number, content in enumerate(contents, number)
        if content and (len(content) > max_line or content.strip(WHITE_SPACE))
    ]


def read_chunks(stream: Stream, max_line: int, fleet: Line | None = None) -> Iterator[Chunk]:
    """The lines of a stream in chunks.

    Args:
        stream: the stream.
        max_line: most bytes of a line.
        fleet: the fleet that the lines share. A first line that holds only a fleet is then skipped.
    """
    yield from in_chunks(read_lines(stream, max_line), fleet)


def in_chunks(parts: Iterable[Sequence[Line]], fleet: Line | None) -> Iterator[Chunk]:
    """Lines in chunks; arguments as for :func:`read_chunks`."""
    first = True
    for lines in parts:
        if first and is_fleet(lines[0].content):
            fleet, lines = (lines[0], lines) if fleet is None else (fleet, lines[1:])
        first = False
        yield from cut(lines, fleet)


def cut(lines: Iterable[Line], fleet: Line | None) -> Iterator[Chunk]:
    """Lines in chunks of limited number and size, which share this fleet."""
    most, part, size = max_lines(fleet), list[Line](), 0
    for line in lines:
        part.append(line)
        size += len(line.content or b"")
        if len(part) == most or size >= BLOCK:
            yield Chunk(part, fleet)
            part, size = [], 0
    if part:
        yield Chunk(part, fleet)


def max_lines(fleet: Line | None) -> int:
    """Most lines of a chunk with this fleet."""
    size = len(fleet.content or b"") if fleet else 0
    return max(1, min(MAX_LINES, MAX_FLEETS // max(1, size)))


def is_fleet(content: bytes | None) -> bool:
    """Whether a line holds power plants, and neither load nor fuels.

    A large line is only searched for these keys: decoding it would take long in a process that does other work too.
    """
    if content is None or b"powerplants" not in content:
        return False
    if len(content) > LARGE:
        return not _KEY_OF_HOUR.search(content)
    try:
        members = from_json(content)
    except ValueError:
        return False
    return isinstance(members, dict) and "powerplants" in members and not members.keys() & {"load", "fuels"}
