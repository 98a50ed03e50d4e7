"""The lines of ``powerplant batch``, whatever its input is: JSON, a table or a workbook."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import NamedTuple

import click

from powerplant.batch.documents import Peeked, form_of, read_documents
from powerplant.batch.fleets import read_fleet
from powerplant.batch.planner import Rules, plants_of
from powerplant.batch.reading import Chunk, InvalidInput, Line, Stream, read_chunks, read_whole
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import SEPARATED_BY
from powerplant.batch.workbooks import BEGIN, read_sheets
from powerplant.cli.files import Input
from powerplant.cli.sources import MAX_BYTES, MOST_MEMORY, Source, print_faults
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
    """
    peeked = Peeked(source)
    if peeked.head.startswith(BEGIN):
        sheets = read_sheets(read_whole(peeked, MOST_OF_A_TABLE), most_memory=MOST_MEMORY)
        if fleet is None and sheets.fleet is not None:
            fleet = Source(f"{name}, sheet fleet", sheets.fleet)
        return _read_table(BytesIO(sheets.hours), fleet, rules, is_fraction=is_fraction)
    form = form_of(peeked.head, is_table=is_csv or TABLES.search(name) is not None)
    if form == "other":
        begins = peeked.head.decode(errors="replace").strip().splitlines()[0][:MOST_SHOWN].strip()
        needs = f"a table needs a first line that names its columns, with load among them, separated by {SEPARATED_BY}"
        raise InvalidInput(0, f"this is neither JSON nor a table of hours, it begins with `{begins}`; {needs}")
    if form == "table":
        return _read_table(peeked, fleet, rules, is_fraction=is_fraction)
    if is_fraction:
        raise click.UsageError("--wind is for a table of hours; in JSON, wind(%) is per cent.")
    shared = None if fleet is None else fleet.fleet()
    if form == "lines":
        return Given(read_chunks(peeked, MAX_BYTES, shared), shared)
    content = read_whole(peeked, MOST_OF_A_TABLE)
    limits = {"max_line": rules.max_line, "max_plants": rules.max_plants, "most": MOST_PAYLOADS}
    try:
        documents = read_documents(content, **limits, fleet=shared)
    except InvalidPayload as error:
        print_faults(name, error.faults)
        sys.exit(BAD_INPUT)
    if documents is None:
        return Given(read_chunks(BytesIO(content), MAX_BYTES, shared), shared)
    return Given(documents.chunks(), documents.fleet, len(documents.lines))


def _read_table(stream: Stream, fleet: Source | None, rules: Rules, *, is_fraction: bool) -> Given:
    if fleet is None:
        raise click.UsageError("A table of hours needs the power plants too: --fleet FILE, for example a payload.")
    content, shared = read_whole(stream, MOST_OF_A_TABLE), fleet.fleet()
    types = read_fleet(shared, rules.options.grid, max_plants=rules.max_plants)
    try:
        hours = Hours(content, shared, types, co2=rules.options.co2, is_fraction=is_fraction)
    except InvalidPayload as error:
        print_faults(fleet.name, error.faults)
        sys.exit(BAD_INPUT)
    return Given(hours.chunks(), shared, hours.count, hours.notes, hours.layout)
