"""How a run goes on with what an interrupted one has left (``--resume``): its last whole answer, and from there.

What is left is a beginning of what the whole run writes (:mod:`powerplant.batch.results`). Plain text is cut at its
last line end, a compressed file at its last whole member.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from powerplant.batch.planner import NotOfThisBatch
from powerplant.batch.reading import Chunk
from powerplant.batch.results import MEMBER, is_compressed

BLOCK = 1024 * 1024

FIRST, MAGIC = b'{"line":', b"\x1f\x8b\x08"
"""What a file of answers begins with, and a compressed one."""

BEGINNING = 4096

NUMBER = re.compile(rb'\{"line":(\d+),')


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
