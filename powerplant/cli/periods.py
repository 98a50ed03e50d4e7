"""The payload of ``powerplant horizon``, as JSON or as tables; and the file for its plan."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import click

from powerplant.batch.reading import InvalidInput
from powerplant.batch.workbooks import BEGIN, Workbook, read_sheets
from powerplant.cli.files import as_named, is_workbook
from powerplant.cli.outputs import STDIO
from powerplant.cli.sources import MAX_CELLS, MAX_ITEMS, MOST_MEMORY, Source, in_a_sentence, print_faults
from powerplant.cli.words import BAD_INPUT, complain, fail, say_csv, say_json
from powerplant.errors import Fault, InvalidPayload
from powerplant.horizon.decoding import decode
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.models import Horizon
from powerplant.horizon.rows import labelled
from powerplant.horizon.tables import Periods, read_fleet
from powerplant.rows import Layout, Value

Result = TypeVar("Result")


class Output(NamedTuple):
    """Where a plan goes.

    Attributes:
        name: of the file; ``-`` is stdout.
        form: ``csv``, ``json`` or ``report``; ``None`` is the diagram.
        decimal: the decimal sign of a table, if the user chose one.
    """

    name: str
    form: str | None
    decimal: str | None

    @contextmanager
    def opened(self) -> Iterator[Callable[[bytes], None]]:
        """Open the file. What is written is kept if the command fails; a workbook is written at the end."""
        path = Path(self.name)
        if self.name == STDIO:
            yield say_csv if self.form == "csv" else say_json
        elif is_workbook(self.name):
            workbook = Workbook("plan")
            try:
                yield workbook.write
            finally:
                path.write_bytes(workbook.save())
        else:
            with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:

                def write(content: bytes) -> None:
                    file.write(content)
                    file.flush()

                yield write


class Given(NamedTuple):
    """A valid payload.

    Attributes:
        name: of its file in messages.
        horizon: the payload.
        periods: the table of hours, if it was one.
        fleet: the name of the file with all else.
    """

    name: str
    horizon: Horizon
    periods: Periods | None = None
    fleet: str = ""

    def print_faults(self, faults: Sequence[Fault]) -> None:
        """Print faults of the payload, each with the name of its file."""
        _print_faults(self.name, self.periods, self.fleet, faults)

    def written(self, instance: HorizonInstance, output: Output) -> tuple[Layout, Sequence[Sequence[Value]]]:
        """How a table of the plan is written, and what says which period a row is."""
        periods = self.periods
        layout, labels = labelled(instance) if periods is None else (periods.layout, periods.labels)
        name = "plan.csv" if output.name == STDIO else output.name
        return as_named(layout, name, output.decimal), labels


def read_tables(hours: Source, fleet: Source | None, zone: ZoneInfo, *, is_fraction: bool, co2: bool) -> Given:
    """The payload in a table of hours and a fleet; wrong files end the command with a message."""
    read = partial(read_sheets, most_memory=MOST_MEMORY)
    content = hours.decoded(bytes)
    if content.startswith(BEGIN):
        sheets = _named(hours.name, read, content)
        content = sheets.hours
        if fleet is None and sheets.fleet is not None:
            fleet = Source(f"{hours.name}, sheet fleet", sheets.fleet)
    if fleet is None:
        raise click.UsageError("A table of hours needs the power plants too: --fleet FILE, for example a payload.")
    rest = _named(fleet.name, fleet.decoded, partial(read_fleet, read=read))
    try:
        periods = _named(hours.name, partial(Periods, is_fraction=is_fraction), content, rest, zone)
    except InvalidPayload as error:
        print_faults(hours.name, error.faults)
        sys.exit(BAD_INPUT)
    for note in rest.notes:
        complain(f"{fleet.name}: {note}")
    for note in periods.notes:
        complain(f"{hours.name}: {note}")
    try:
        horizon = decode(periods.content, co2=co2, max_plants=MAX_ITEMS, max_cells=MAX_CELLS)
    except InvalidPayload as error:
        _print_faults(hours.name, periods, fleet.name, error.faults)
        sys.exit(BAD_INPUT)
    return Given(hours.name, horizon, periods, fleet.name)


def _named(name: str, read: Callable[..., Result], *arguments: object) -> Result:
    """What is read from a file of this name."""
    try:
        return read(*arguments)
    except InvalidInput as error:
        fail(in_a_sentence(name, error), BAD_INPUT)


def _print_faults(name: str, periods: Periods | None, fleet: str, faults: Sequence[Fault]) -> None:
    of_table, of_fleet = (faults, []) if periods is None else periods.in_words(faults)
    print_faults(name, of_table)
    print_faults(fleet, of_fleet)
