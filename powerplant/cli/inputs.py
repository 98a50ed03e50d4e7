"""The input of ``powerplant batch``, and its lines, whatever it is: JSON, a table or a workbook."""

from __future__ import annotations

import gzip
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

import click

from powerplant.batch.documents import Peeked, form_of, read_documents
from powerplant.batch.fleets import read_fleet
from powerplant.batch.planner import Rules, plants_of
from powerplant.batch.reading import Chunk, InvalidInput, Line, read_chunks, read_whole
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import SEPARATED_BY
from powerplant.batch.workbooks import BEGIN
from powerplant.cli.outputs import STDIO
from powerplant.cli.sources import MAX_BYTES, Source, hours_and_fleet, print_faults
from powerplant.cli.words import BAD_INPUT
from powerplant.errors import InvalidPayload
from powerplant.rows import Layout

MOST_OF_A_TABLE = 64 * 1024 * 1024
"""Most bytes of a table, or of JSON that spans lines: they are read as a whole. A table of a year has 300 KB."""

MOST_PAYLOADS = 1_000_000
"""Most payloads of a list: their places are in memory. A year of quarter-hours has 35 040."""

MOST_SHOWN = 40
"""Most characters of an input that a message shows."""

TABLES = re.compile(r"\.(csv|tsv|tab)(\.gz)?$", re.IGNORECASE)
"""Names of tables. Other files are tables if their first line names a column ``load``."""


class Input:
    """A file, or stdin: a stream of its content, uncompressed.

    Attributes:
        size: its bytes; 0 if unknown.
    """

    def __init__(self, name: str) -> None:
        self._name, self.size = "stdin" if name == STDIO else name, 0
        self._file: BinaryIO | None = None
        self._read: Callable[[int], bytes]
        if name == STDIO:
            # Without its buffer: a thread that waits for a line would hold its lock, which Python needs to exit.
            self._read = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer).read  # in tests, bytes in memory
            return
        self._file = file = Path(name).open("rb")  # noqa: SIM115 - see close
        self.size = os.fstat(file.fileno()).st_size
        self._read = gzip.GzipFile(fileobj=file).read1 if name.endswith(".gz") else file.read1

    def read1(self, size: int, /) -> bytes:
        """What is available, at most ``size`` bytes; empty at the end."""
        try:
            return self._read(size)
        except OSError as error:
            error.filename = self._name  # an error of the output has none
            raise

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._file.tell() if self._file and self.size else 0

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class Given(NamedTuple):
    """The lines of a batch.

    Attributes:
        chunks: the lines.
        fleet: the fleet that they share, unless it is their first line.
        total: how many they are, if that is known.
        notes: remarks for the user, in sentences.
        table: how a table of hours is written, if they are one.
    """

    chunks: Iterator[Chunk]
    fleet: Line | None
    total: int | None = None
    notes: Sequence[str] = ()
    table: Layout | None = None

    def layout(self, rules: Rules) -> tuple[Layout, Iterator[Chunk]]:
        """How a table of their plans is written, and the chunks again."""
        if self.table is not None:
            return self.table, self.chunks
        first = next(self.chunks, Chunk([]))
        return Layout(plants=plants_of(first, rules)), chain([first] if first.lines else [], self.chunks)


def read_batch(
    source: Input, name: str, fleet: Source | None, rules: Rules, *, is_csv: bool, is_fraction: bool
) -> Given:
    """Read lines as they come, and a table, a workbook or JSON that spans lines as a whole.

    Raises:
        InvalidInput: it is not a batch.
        InvalidPayload: its hours, or the fleet beside them, are not valid.
    """
    peeked = Peeked(source)
    is_table = is_csv or TABLES.search(name) is not None
    form = "table" if peeked.head.startswith(BEGIN) else form_of(peeked.head, is_table=is_table)
    if form == "other":
        begins = peeked.head.decode(errors="replace").strip().splitlines()[0][:MOST_SHOWN].strip()
        needs = f"a table needs a first line that names its columns, with load among them, separated by {SEPARATED_BY}"
        raise InvalidInput(0, f"this is neither JSON nor a table of hours, it begins with `{begins}`; {needs}")
    if form == "table":
        content, fleet = hours_and_fleet(name, read_whole(peeked, MOST_OF_A_TABLE), fleet)
        return _read_table(content, fleet, rules, is_fraction=is_fraction)
    if is_fraction:
        raise click.UsageError("--wind is for a table of hours; in JSON, wind(%) is per cent.")
    shared = None if fleet is None else fleet.fleet()
    if form == "lines":
        return Given(read_chunks(peeked, MAX_BYTES, shared), shared)
    content = read_whole(peeked, MOST_OF_A_TABLE)
    limits = {"max_line": rules.max_line, "max_plants": rules.max_plants, "most": MOST_PAYLOADS}
    documents = read_documents(content, **limits, fleet=shared)
    if documents is None:
        return Given(read_chunks(BytesIO(content), MAX_BYTES, shared), shared)
    return Given(documents.chunks(), documents.fleet, len(documents.lines))


def _read_table(content: bytes, fleet: Source, rules: Rules, *, is_fraction: bool) -> Given:
    line = fleet.fleet()
    shared = read_fleet(line, rules.options.grid, max_plants=rules.max_plants)
    try:
        hours = Hours(content, line, shared, co2=rules.options.co2, is_fraction=is_fraction)
    except InvalidPayload as error:  # a price beside the plants
        print_faults(fleet.name, error.faults)
        sys.exit(BAD_INPUT)
    return Given(hours.chunks(), line, hours.count, hours.notes, hours.layout)
