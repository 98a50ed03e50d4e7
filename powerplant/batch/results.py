"""The file of answers, and how a run goes on with it (``--resume``).

It is written so that what an interrupted run leaves is a beginning of what the whole run writes.
Plain text is cut at its last line end. A compressed file is made of gzip members (RFC 1952, section 2.2) of
:data:`MEMBER` answers each, wherever a run began: so it is cut at its last whole member.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

from powerplant.batch.planner import NotOfThisBatch
from powerplant.batch.reading import Chunk

MEMBER = 1000
"""Answers in a member of a compressed file."""

BLOCK = 1024 * 1024

FIRST, MAGIC = b'{"line":', b"\x1f\x8b\x08"
"""What a file of answers begins with, and a compressed one."""

BEGINNING = 4096

NUMBER = re.compile(rb'\{"line":(\d+),')


class Results(Protocol):
    """Where answers go."""

    def write(self, answers: bytes) -> None:
        """Add answers, whole lines of them."""

    def close(self) -> None:
        """Nothing more comes."""


class PlainResults:
    """Lines as they are; each lot leaves the program at once.

    Args:
        file: where they go.
        keep_open: whether it stays open, for who has opened it.
    """

    def __init__(self, file: BinaryIO, *, keep_open: bool = False) -> None:
        self._file, self._keep_open = file, keep_open

    def write(self, answers: bytes) -> None:
        """Add answers."""
        self._file.write(answers)
        self._file.flush()

    def close(self) -> None:
        """Nothing more comes."""
        if not self._keep_open:
            self._file.close()


class CompressedResults:
    """Lines in gzip members, each of so many that it does not matter where a run began."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []

    def write(self, answers: bytes) -> None:
        """Add answers; those of a member that is not full are kept back."""
        self._lines += answers.splitlines(keepends=True)
        while len(self._lines) >= MEMBER:
            # Let go before they are written: an interruption in between must not leave them for close to write again.
            member, self._lines = self._lines[:MEMBER], self._lines[MEMBER:]
            self._write(member)

    def close(self) -> None:
        """Write what was kept back."""
        with closing(self._file):
            if self._lines:
                self._write(self._lines)

    def _write(self, lines: list[bytes]) -> None:
        self._file.write(gzip.compress(b"".join(lines), mtime=0))
        self._file.flush()


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed, by its name."""
    return path.suffix == ".gz"


# --- What an interrupted run has left --------------------------------------------------------------------------------


def cut(file: BinaryIO, *, compressed: bool) -> None:
    """Cut off what is torn at the end of a file, and stand there.

    Raises:
        NotOfThisBatch: it is no file of answers; nothing of it is lost.
    """
    if not _begins_as_answers(file, compressed=compressed):
        raise NotOfThisBatch("it is no file of answers")
    file.truncate(_end_of_members(file) if compressed else _end_of_lines(file))
    file.seek(0, 2)


def _begins_as_answers(file: BinaryIO, *, compressed: bool) -> bool:
    file.seek(0)
    start = file.read(BEGINNING)
    if compressed:
        if not start.startswith(MAGIC[: len(start)]):
            return False
        try:
            start = zlib.decompressobj(wbits=31).decompress(start)
        except zlib.error:
            return False
    return start.startswith(FIRST[: len(start)])


def _end_of_lines(file: BinaryIO) -> int:
    end = file.seek(0, 2)
    while end:
        start = max(0, end - BLOCK)
        file.seek(start)
        block = file.read(end - start)
        if (found := block.rfind(b"\n")) >= 0:
            return start + found + 1
        end = start
    return 0


def _end_of_members(file: BinaryIO) -> int:
    """The end of the last member that is whole and full."""
    end = 0
    for position, content in _members(file):
        if content.count(b"\n") < MEMBER:
            break
        end = position
    return end


def _members(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The end and the content of each whole member."""
    position, rest = file.seek(0), b""
    while True:
        member, parts = zlib.decompressobj(wbits=31), []
        while not member.eof:
            if not rest and not (rest := file.read(BLOCK)):
                return
            try:
                parts.append(member.decompress(rest))
            except zlib.error:
                return
            position += len(rest) - len(member.unused_data)
            rest = member.unused_data
        yield position, b"".join(parts)


def kept_answers(path: Path) -> Iterator[bytes]:
    """The answers in a file that has been cut, in their order."""
    with gzip.open(path) if is_compressed(path) else path.open("rb") as file:
        yield from file


def with_kept(chunks: Iterator[Chunk], answers: Iterator[bytes]) -> Iterator[Chunk]:
    """Chunks with the answers that their lines have already.

    Raises:
        NotOfThisBatch: an answer is to another line than to the next one.
    """
    answer = next(answers, None)
    for chunk in chunks:
        kept: list[bytes] = []
        for line in chunk.lines:
            if answer is None:
                break
            number = NUMBER.match(answer)
            if number is not None and int(number[1]) == line.number:
                kept.append(answer)
                answer = next(answers, None)
            elif chunk.fleet is not None and line.number == chunk.fleet.number:
                kept.append(b"")
            else:
                raise NotOfThisBatch(f"there is an answer to another line in the place of that to line {line.number}")
        yield chunk._replace(kept=kept)
    if answer is not None:
        raise NotOfThisBatch("there are more answers than this batch has lines")
