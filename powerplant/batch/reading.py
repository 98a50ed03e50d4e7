"""From a stream of bytes to chunks of numbered lines, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from pydantic_core import from_json

from powerplant.decoding import UTF8_BOM, WHITE_SPACE

BLOCK = 128 * 1024
"""Bytes that are read at once. So few lines of large payloads are a chunk, and many of small ones."""

MOST_LINES = 250
"""Lines of a chunk at the most: they take some ten milliseconds, hundreds of times what it costs to send them."""

MOST_FLEETS = 2 * 1024 * 1024
"""Bytes that the fleet of a chunk has at the most, counted once for each of its lines: an hour of a large fleet takes
long, and has a long answer."""


class Line(NamedTuple):
    """One line of a batch.

    Attributes:
        number: as an editor counts, from 1; blank lines count.
        content: its bytes without the line end; ``None`` where they are too many.
    """

    number: int
    content: bytes | None


class Chunk(NamedTuple):
    """Lines that are planned together.

    Attributes:
        lines: in their order, without blank ones.
        fleet: the line with the fleet that they may share, if there is one.
        kept: answers to the first of the lines that an earlier run has left.
        position: bytes of the input that were read when they were known, to tell how far it is.
    """

    lines: Sequence[Line]
    fleet: Line | None = None
    kept: Sequence[bytes] = ()
    position: int = 0

    def without(self, done: int) -> Chunk:
        """What is left once so many lines are done."""
        return self._replace(lines=self.lines[done:], kept=self.kept[done:])


class Stream(Protocol):
    """What is read: a file, a pipe, or bytes in memory."""

    def read1(self, size: int, /) -> bytes:
        """What is there, and at least a byte unless it has come to its end."""


def read_lines(stream: Stream, longest: int) -> Iterator[list[Line]]:
    """The lines of a stream that are not blank, as soon as they are there.

    Args:
        stream: what is read.
        longest: bytes that a line may have; of one that has more nothing is kept.
    """
    number, rest = 1, bytearray()
    while block := stream.read1(BLOCK):
        first, *others = block.split(b"\n")
        rest += first
        del rest[longest + 1 :]  # that it is too long can still be told
        if others:
            *whole, last = bytes(rest), *others
            if lines := _numbered(number, whole, longest):
                yield lines
            number, rest = number + len(whole), bytearray(last)
    if lines := _numbered(number, [bytes(rest)], longest):  # a last line without an end
        yield lines


def _numbered(number: int, contents: list[bytes], longest: int) -> list[Line]:
    """Lines that follow each other, but for the blank ones; the first has this number."""
    if number == 1:
        contents[0] = contents[0].removeprefix(UTF8_BOM)
    return [
        Line(number, content if len(content) <= longest else None)
        for number, content in enumerate(contents, number)
        if content and (len(content) > longest or content.strip(WHITE_SPACE))
    ]


def read_chunks(stream: Stream, longest: int, fleet: Line | None = None) -> Iterator[Chunk]:
    """The same in chunks.

    Args:
        stream: what is read.
        longest: bytes that a line may have.
        fleet: what the lines may share; where there is none, a first line that holds a fleet alone is that.
    """
    first = True
    for lines in read_lines(stream, longest):
        if first and fleet is None and is_fleet(lines[0].content):
            fleet = lines[0]
        first = False
        yield from in_chunks(lines, fleet)


def in_chunks(lines: Sequence[Line], fleet: Line | None) -> Iterator[Chunk]:
    """Lines that were read together, not too many at once."""
    most = most_lines(fleet)
    for start in range(0, len(lines), most):
        yield Chunk(lines[start : start + most], fleet)


def most_lines(fleet: Line | None) -> int:
    """How many lines may be a chunk, beside a fleet."""
    size = len(fleet.content or b"") if fleet else 0
    return max(1, min(MOST_LINES, MOST_FLEETS // max(1, size)))


def is_fleet(content: bytes | None) -> bool:
    """Whether a line holds power plants, and nothing of an hour."""
    if content is None or b"powerplants" not in content:
        return False
    try:
        members = from_json(content)
    except ValueError:
        return False
    return isinstance(members, dict) and "powerplants" in members and not members.keys() & {"load", "fuels"}
