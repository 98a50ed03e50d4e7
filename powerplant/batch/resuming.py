"""Write the answers of a batch, so that an interrupted run can be resumed (``--resume``).

Beside the file OUT is a small checkpoint, ``OUT.resume``. It is replaced after each part that was written to OUT. So
whenever a run is killed, the checkpoint describes a beginning of OUT. It is removed at the end.

Its digests show whether the input, the options or the answers have changed since. They are no protection against
someone who changes OUT and writes a checkpoint for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from pydantic import AfterValidator, BaseModel, NonNegativeInt, ValidationError
from pydantic_core import to_json

from powerplant import __version__
from powerplant.batch.planner import Answered, Rules
from powerplant.batch.reading import Chunk, Line
from powerplant.batch.tally import Tally
from powerplant.errors import PowerplantError

LARGEST = 10**60
"""More than any number of a tally: a trillion lines of the most expensive plans."""

MAX_CHECKPOINT = 64 * 1024 * 1024
"""More bytes than any checkpoint has."""

BLOCK = 1024 * 1024
"""Bytes of OUT that are read at once."""


class CannotResume(PowerplantError):
    """The run cannot be resumed; the message says why. The file is unchanged."""


def _in_range(tally: Tally) -> Tally:
    """Refuse numbers that no batch has and that could not be printed."""
    numbers: list[Any] = [value for value in tally if not isinstance(value, str | Mapping | tuple)]
    numbers += [tally.infeasible, *chain.from_iterable(tally.scenarios)]
    if not all(abs(number) < LARGEST for number in numbers):
        raise ValueError("a number is too large")
    return tally


class Checkpoint(BaseModel):
    """A beginning of a file of answers.

    Attributes:
        size: its bytes.
        line: the number of the last line that is answered in it.
        digest: of all that the answers depend on: version, rules, fleet, and the lines so far.
        answers: digest of these bytes.
        tally: of these answers.
    """

    size: NonNegativeInt
    line: NonNegativeInt
    digest: str
    answers: str
    tally: Annotated[Tally, AfterValidator(_in_range)]


class Results:
    """The answers of a batch, in a file or a stream.

    Attributes:
        tally: of all answers.

    Args:
        file: where the answers go; for a resumable file, opened for appending.
        path: of a resumable file; ``None`` for a stream or a compressed file.
        rules: the rules of the batch.
        fleet: the fleet that the lines share, unless it is their first line.
    """

    def __init__(self, file: BinaryIO, path: Path | None, rules: Rules, fleet: Line | None) -> None:
        self.tally, self._size, self._line = Tally(), 0, 0
        self._file, self._path, self._answers, self._layout = file, path, sha256(), rules.layout
        if path is not None:
            self._checkpoint, self._part = files_beside(path)
        shared = b"" if fleet is None else fleet.content or b""
        self._digest = sha256(to_json([__version__, rules, sha256(shared).hexdigest()]))

    def begin(self) -> None:
        """Begin with an empty file."""
        if self._path:
            self._save()  # first: a run that is killed between the two can be resumed
            self._file.truncate(0)
        if self._layout is not None:
            self._write(self._layout.head)

    def resume(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Cut the file at its checkpoint, and skip the lines that are answered in it.

        Args:
            chunks: the lines of the batch, from the first one.

        Returns:
            The lines that are not answered.

        Raises:
            CannotResume: the file is not the result of an interrupted run of this batch with these rules.
        """
        size = os.fstat(self._file.fileno()).st_size
        if not size:
            self.begin()
            return chunks
        checkpoint = self._load()
        if size < checkpoint.size:
            raise CannotResume("it is shorter than its checkpoint says")
        self._read_answers(checkpoint.size)
        if self._answers.hexdigest() != checkpoint.answers:
            raise CannotResume("its answers are not those that the run wrote")
        chunk, rest = Chunk([]), 0
        while self._line < checkpoint.line and not rest and (chunk := next(chunks, Chunk([]))).lines:
            done = [line for line in chunk.lines if line.number <= checkpoint.line]
            rest = len(chunk.lines) - len(done)
            self._add(done)
        if (self._line, self._digest.hexdigest()) != (checkpoint.line, checkpoint.digest):
            raise CannotResume("it was made from other input, with another fleet, or with other options")
        self._file.truncate(checkpoint.size)
        self.tally, self._size = checkpoint.tally, checkpoint.size
        if not self._size:
            self.begin()
        return chain([chunk._replace(lines=chunk.lines[-rest:])] if rest else [], chunks)

    def write(self, chunk: Chunk, answered: Answered) -> None:
        """Write the answers to the first lines of a chunk."""
        self._write(answered.answers)
        self.tally = self.tally.plus(answered.tally)
        if self._path:
            self._add(chunk.lines[: answered.done])
            self._save()

    def finish(self) -> None:
        """Note that the last line is answered."""
        if self._path:
            self._checkpoint.unlink()

    def _write(self, answers: bytes) -> None:
        self._file.write(answers)
        self._file.flush()
        if self._path:
            self._size += len(answers)
            self._answers.update(answers)

    def _add(self, lines: Sequence[Line]) -> None:
        for number, content, _, labels in lines:
            self._digest.update(b"%d:%d:" % (number, -1 if content is None else len(content)) + (content or b""))
            if self._layout is not None:
                self._digest.update(to_json(labels))
            self._line = number

    def _save(self) -> None:
        state = Checkpoint(
            size=self._size,
            line=self._line,
            digest=self._digest.hexdigest(),
            answers=self._answers.hexdigest(),
            tally=self.tally,
        )
        self._part.write_bytes(state.model_dump_json().encode())
        self._part.replace(self._checkpoint)

    def _read_answers(self, size: int) -> None:
        """Add the first bytes of the file to the digest of the answers."""
        assert self._path is not None  # noqa: S101 - only a file is resumed
        with self._path.open("rb") as file:
            while block := file.read(min(BLOCK, size)):
                self._answers.update(block)
                size -= len(block)

    def _load(self) -> Checkpoint:
        with suppress(ValidationError, OSError):
            if self._checkpoint.is_file():  # a pipe would be waited for
                with self._checkpoint.open("rb") as file:
                    return Checkpoint.model_validate_json(file.read(MAX_CHECKPOINT))
        raise CannotResume("it is finished, or not the result of an interrupted run")


def checkpoint_of(path: Path) -> Path:
    """The path of the checkpoint of a file of answers: beside the file itself, whatever links lead to it."""
    file = Path(os.path.realpath(path))
    return file.with_name(f"{file.name}.resume")


def files_beside(path: Path) -> list[Path]:
    """The files that are written beside a file of answers: its checkpoint, and the next one before it is complete."""
    checkpoint = checkpoint_of(path)
    return [checkpoint, checkpoint.with_name(f"{checkpoint.name}.part")]
