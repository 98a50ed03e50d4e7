"""The file of answers, written so that what an interrupted run leaves is a beginning of what the whole run writes.

A compressed file is made of gzip members (RFC 1952, section 2.2) of :data:`MEMBER` answers each, wherever a run began.
"""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol

MEMBER = 1000
"""Answers in a member of a compressed file."""


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
