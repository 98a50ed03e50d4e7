"""The files that commands read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from pydantic_core import from_json

from powerplant.batch.documents import HOURS, form_of
from powerplant.batch.plants import read_plants
from powerplant.batch.reading import InvalidInput, Line
from powerplant.batch.workbooks import BEGIN, read_sheets
from powerplant.cli.options import Command, refuse
from powerplant.cli.outputs import STDIO, is_table
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, counted, fail
from powerplant.decoding import SEVERAL_PAYLOADS, UTF8_BOM, decode
from powerplant.errors import (
    Fault,
    InfeasibleHorizon,
    InvalidPayload,
    MalformedPayload,
    NotCheckedInTime,
    NotInstalled,
    OutOfTime,
)
from powerplant.models import ProductionPlanRequest
from powerplant.problems import MAX_FAULTS

if TYPE_CHECKING:
    from powerplant.horizon.models import Horizon

STDIN = "stdin"

MOST_PERIODS = 10
"""Most periods without a plan that are printed; the rest are counted."""

MAX_BYTES = 16 * 1024 * 1024
"""Most bytes of a file that is read as a whole, and of a line of a batch: parsed, JSON can take 30 times as much."""

MAX_ITEMS = 100_000
"""Most power plants of a payload, outputs of a plan or steps of a proof: a list of their faults takes much memory."""

MAX_CELLS = 1_000_000
"""Most power plants times periods of a horizon."""

MOST_MEMORY = 1024 * 1024 * 1024
"""Most bytes that a process may allocate. A line that needs more is given up, and so is a workbook."""

read_workbook = partial(read_sheets, most_memory=MOST_MEMORY)

MAX_HEAD = 64 * 1024
"""Bytes that are enough to see what a file is."""

Content = TypeVar("Content")


class Source:
    """A file: its argument, its name in messages, and its content. Wrong content ends the command with a message."""

    def __init__(self, argument: str, body: bytes) -> None:
        self.argument, self.name = argument, STDIN if argument == STDIO else argument
        self.body = body

    def decoded(self, decode: Callable[[bytes], Content], hint: Callable[[], str] = str) -> Content:
        """Its content, as a function reads it; ``hint`` says what was probably meant if the content is wrong."""
        if max((len(each) for each in self._members().values() if isinstance(each, list)), default=0) > MAX_ITEMS:
            fail(f"{self.name}: The file is too large: it may have at most {MAX_ITEMS:,} list items.", BAD_INPUT)
        with named(self.name, hint):
            return decode(self.body)

    def payload(self, *, co2: bool) -> ProductionPlanRequest:
        """Its payload."""
        return self.decoded(partial(decode, co2=co2, max_plants=MAX_ITEMS), self._hint)

    def horizon(self, *, co2: bool) -> Horizon:
        """Its payload, for a horizon."""
        from powerplant.horizon.decoding import decode as decode_horizon

        return self.decoded(partial(decode_horizon, co2=co2, max_plants=MAX_ITEMS, max_cells=MAX_CELLS))

    @property
    def is_horizon(self) -> bool:
        """Whether its load is a list, or it has a market and no load."""
        members = self._members()
        load = members.get("load")
        return isinstance(load, list) or (load is None and isinstance(members.get("market"), dict))

    def fleet(self) -> Line:
        """Its power plants, as a line of a batch; other members are ignored. A table of plants becomes JSON."""
        plants = self.decoded(partial(read_plants, max_plants=MAX_ITEMS, read=read_workbook))
        print_notes(self.name, plants.notes)
        return Line(0, plants.content)

    def _members(self) -> Mapping[str, Any]:
        """The members of its JSON; a list is one without a name."""
        try:
            document = from_json(self.body.removeprefix(UTF8_BOM))
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {"": document}

    def _hint(self) -> str:
        """What was probably meant, if the file is a table or has several payloads."""
        if self.is_horizon:
            return f"A list of loads is for: powerplant horizon {self.argument}"
        if self.body.startswith(BEGIN):
            return f"A workbook is for: powerplant batch {self.argument}"
        try:
            form = form_of(self.body[:MAX_HEAD], is_table=is_table(self.name))
        except InvalidInput:
            return ""
        if form == "table":
            return f"A table of hours is for: powerplant batch {self.argument} --fleet FILE"
        has_lines = form == "lines" and len(self.body.strip().splitlines()) > 1
        if has_lines or self.body.lstrip().startswith(b"[") or (form == "documents" and HOURS in self.body):
            return f"Several payloads are for: powerplant batch {self.argument}"
        return ""


def hours_and_fleet(name: str, content: bytes, fleet: Source | None) -> tuple[bytes, Source]:
    """A table of hours as CSV, and the file with its fleet: a sheet of the same workbook, if no other is given."""
    if content.startswith(BEGIN):
        with named(name):
            sheets = read_workbook(content)
        content = sheets.hours
        if fleet is None and sheets.fleet is not None:
            fleet = Source(f"{name}, sheet fleet", sheets.fleet)
    if fleet is None:
        raise click.UsageError("A table of hours needs the power plants too: --fleet FILE, for example a payload.")
    return content, fleet


@contextmanager
def named(
    name: str, hint: Callable[[], str] = str, show: Callable[[str, Sequence[Fault]], None] | None = None
) -> Iterator[None]:
    """End the command with messages about a file if its content is wrong or has no plan.

    Args:
        name: of the file.
        hint: says what was probably meant if the content is wrong.
        show: prints the faults of the content.
    """
    try:
        yield
        return
    except InfeasibleHorizon as error:
        others = [period["detail"] for period in error.periods[1:MOST_PERIODS]]
        if (more := len(error.periods) - MOST_PERIODS) > 0:
            others.append(f"{more} more periods lack something.")
        print_notes(name, [str(error), *others])
        sys.exit(NO_PLAN)
    except (OutOfTime, NotCheckedInTime) as error:
        or_feasible = ", or --feasible" if isinstance(error, OutOfTime) and error.gap is not None else ""
        fail(f"{name}: {error} Try a larger --time-limit{or_feasible}.", NO_PLAN)
    except NotInstalled as error:
        complain(f"{name}: {error}")
    except InvalidInput as error:
        place = f"{name}:{error.line}" if error.line else name
        what = f"{error}: {error.advice}" if error.advice else f"{error}"
        complain(f"{place}: {what}{'' if what.endswith('?') else '.'}")
    except MalformedPayload as error:
        what = str(error).removesuffix(SEVERAL_PAYLOADS).replace("The body", "The file", 1)
        complain(f"{name}: {what.replace('Send it in UTF-8', 'Save it in UTF-8')}")
    except InvalidPayload as error:
        (show or print_faults)(name, error.faults)
    if meant := hint():
        complain(meant)
    sys.exit(BAD_INPUT)


def print_notes(name: str, notes: Iterable[str]) -> None:
    """Print remarks on a file."""
    for note in notes:
        complain(f"{name}: {note}")


def print_ignored(name: str, ignored: Sequence[Fault]) -> None:
    """Print what of a file is not used."""
    print_notes(name, [f"{place.removeprefix('#')} {detail}" for place, detail in ignored[:MAX_FAULTS]])


def print_faults(name: str, faults: Sequence[Fault]) -> None:
    """Print a line for each of the first faults of a file: its name, pointer, and what is wrong."""
    for pointer, detail in faults[:MAX_FAULTS]:
        place = "" if pointer == "#" else f" {pointer.removeprefix('#')}:"
        complain(f"{name}:{place} {detail}")
    if len(faults) > MAX_FAULTS:
        complain(f"{name}: {counted(len(faults) - MAX_FAULTS, 'more fault')}.")


def read(context: click.Context, _parameter: click.Parameter, name: str | None) -> Source | None:
    """The value of an option or argument that names a file to read."""
    return None if name is None else read_file(context, name)


def read_file(context: click.Context, name: str) -> Source:
    """Read a file, ``-`` for stdin. A file that cannot be read ends the command."""
    if name == STDIO:
        refuse({"Only one of the files can be stdin.": STDIN in context.meta})
        context.meta[STDIN] = True
    source = Source(name, b"")
    try:
        with nullcontext(sys.stdin.buffer) if name == STDIO else Path(name).open("rb") as file:
            source.body = file.read(MAX_BYTES + 1)
    except OSError as error:
        fail(f"{source.name}: {error.strerror}", BAD_INPUT)
    if len(source.body) > MAX_BYTES:
        fail(f"{source.name}: The file is too large: it may have at most {MAX_BYTES:,} bytes.", BAD_INPUT)
    return source


def source_option(name: str, help_: str, metavar: str = "FILE") -> Callable[[Command], Command]:
    """An option that names a file to read."""
    return click.option(f"--{name}", metavar=metavar, callback=read, help=help_)
