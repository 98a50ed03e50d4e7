"""The payload of ``powerplant horizon``, as JSON or as tables; and where its plan goes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

from powerplant.cli.outputs import STDIO, as_named, opened
from powerplant.cli.sources import MAX_CELLS, MAX_ITEMS, Source, hours_and_fleet, named, print_faults, read_workbook
from powerplant.cli.words import BAD_INPUT, complain, say_csv, say_json
from powerplant.errors import Fault, InvalidPayload
from powerplant.horizon.decoding import decode
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.models import Horizon
from powerplant.horizon.rows import labelled
from powerplant.horizon.tables import Periods, read_fleet
from powerplant.rows import Layout, Value


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

    def opened(self) -> AbstractContextManager[BinaryIO]:
        """The file, opened for a plan that is not a diagram."""
        return opened(self.name, say_csv if self.form == "csv" else say_json)


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
    content, fleet = hours_and_fleet(hours.name, hours.decoded(bytes), fleet)
    rest = fleet.decoded(partial(read_fleet, read=read_workbook))
    with named(hours.name):
        periods = Periods(content, rest, zone, is_fraction=is_fraction)
    for name, notes in ((fleet.name, rest.notes), (hours.name, periods.notes)):
        for note in notes:
            complain(f"{name}: {note}")
    try:
        horizon = decode(periods.content, co2=co2, max_plants=MAX_ITEMS, max_cells=MAX_CELLS)
    except InvalidPayload as error:
        _print_faults(hours.name, periods, fleet.name, error.faults)
        sys.exit(BAD_INPUT)
    return Given(hours.name, horizon, periods, fleet.name)


def _print_faults(name: str, periods: Periods | None, fleet: str, faults: Sequence[Fault]) -> None:
    of_table, of_fleet = (faults, []) if periods is None else periods.in_words(faults)
    print_faults(name, of_table)
    print_faults(fleet, of_fleet)
