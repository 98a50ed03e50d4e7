"""The files that commands read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from pydantic_core import from_json

from powerplant.auditing import GivenOutput, decode_plan
from powerplant.batch.reading import InvalidInput, Line
from powerplant.cli.outputs import STDIO
from powerplant.cli.words import BAD_INPUT, complain, counted, fail
from powerplant.decoding import SEVERAL_PAYLOADS, UTF8_BOM, decode, ignored_in
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import ProductionPlanRequest
from powerplant.proofs import Claim, proof_from_json

if TYPE_CHECKING:
    from powerplant.horizon.models import Horizon

STDIN = "stdin"

NAME = click.Path(readable=False, allow_dash=True)
"""The type of a file parameter; :func:`read` opens it."""

MOST_FAULTS = 100
"""Most faults that are printed; the rest are counted. The service does the same."""

MAX_BYTES = 16 * 1024 * 1024
"""Most bytes of a file that is read as a whole, and of a line of a batch: parsed, JSON can take 30 times as much."""

MAX_ITEMS = 100_000
"""Most power plants of a payload, outputs of a plan or steps of a proof: a list of their faults takes much memory."""

MAX_CELLS = 1_000_000
"""Most power plants times periods of a horizon."""

MOST_MEMORY = 1024 * 1024 * 1024
"""Most bytes that a process may allocate. A line that needs more is given up, and so is a workbook."""

MAX_HEAD = 64 * 1024
"""Bytes that are enough to see what a file is."""

Content = TypeVar("Content")


class Source:
    """A file: its argument, its name in messages, and its content. Wrong content ends the command with a message."""

    def __init__(self, argument: str, body: bytes) -> None:
        self.argument, self.name = argument, STDIN if argument == STDIO else argument
        self._body = body

    def payload(self, *, co2: bool) -> ProductionPlanRequest:
        """Its payload."""
        return self._read(lambda body: decode(body, co2=co2, max_plants=MAX_ITEMS), self._hint)

    def horizon(self, *, co2: bool) -> Horizon:
        """Its payload, for a horizon."""
        from powerplant.horizon.decoding import decode as decode_horizon

        return self._read(lambda body: decode_horizon(body, co2=co2, max_plants=MAX_ITEMS, max_cells=MAX_CELLS))

    @property
    def is_horizon(self) -> bool:
        """Whether its load is a list, or it has a market and no load."""
        try:
            document = from_json(self._body.removeprefix(UTF8_BOM))
        except ValueError:
            return False
        if not isinstance(document, dict):
            return False
        load = document.get("load")
        return isinstance(load, list) or (load is None and isinstance(document.get("market"), dict))

    def ignored(self) -> list[Fault]:
        """What of its payload is not used; it is also printed."""
        ignored = ignored_in(self._body)
        for place, detail in ignored[:MOST_FAULTS]:
            complain(f"{self.name}: {place.removeprefix('#')} {detail}")
        return ignored

    def plan(self) -> list[GivenOutput]:
        """Its plan."""
        return self._read(decode_plan)

    def decoded(self, decode: Callable[[bytes], Content]) -> Content:
        """Its content, as a function reads it."""
        return self._read(decode)

    def proof(self) -> Claim:
        """Its proof, with the claim."""
        return self._read(proof_from_json)

    def fleet(self) -> Line:
        """Its power plants, as a line of a batch; other members are ignored. A table of plants becomes JSON."""
        from powerplant.batch.plants import is_json, read_plants
        from powerplant.batch.workbooks import read_sheets

        if is_json(self._body):
            return self._read(_as_fleet)
        read = partial(read_sheets, most_memory=MOST_MEMORY)
        try:
            plants = self._read(partial(read_plants, max_plants=MAX_ITEMS, read=read))
        except InvalidInput as error:
            fail(in_a_sentence(self.name, error), BAD_INPUT)
        for note in plants.notes:
            complain(f"{self.name}: {note}")
        return Line(0, plants.content)

    def _read(self, decode: Callable[[bytes], Content], hint: Callable[[], str] = str) -> Content:
        if _longest_list(self._body) > MAX_ITEMS:
            fail(f"{self.name}: The file is too large: it may have at most {MAX_ITEMS:,} list items.", BAD_INPUT)
        try:
            return decode(self._body)
        except MalformedPayload as error:
            what = str(error).removesuffix(SEVERAL_PAYLOADS).replace("The body", "The file", 1)
            what = what.replace("Send it in UTF-8", "Save it in UTF-8")
            complain(f"{self.name}: {what}")
        except InvalidPayload as error:
            print_faults(self.name, error.faults)
        if meant := hint():
            complain(meant)
        sys.exit(BAD_INPUT)

    def _hint(self) -> str:
        """What was probably meant, if the file is a table or has several payloads."""
        from powerplant.batch.documents import HOURS, form_of
        from powerplant.batch.workbooks import BEGIN

        if self.is_horizon:
            return f"A list of loads is for: powerplant horizon {self.argument}"
        if self._body.startswith(BEGIN):
            return f"A workbook is for: powerplant batch {self.argument}"
        try:
            form = form_of(self._body[:MAX_HEAD], is_table=self.name.casefold().endswith((".csv", ".tsv")))
        except InvalidInput:
            return ""
        if form == "table":
            return f"A table of hours is for: powerplant batch {self.argument} --fleet FILE"
        has_lines = form == "lines" and len(self._body.strip().splitlines()) > 1
        if has_lines or self._body.lstrip().startswith(b"[") or (form == "documents" and HOURS in self._body):
            return f"Several payloads are for: powerplant batch {self.argument}"
        return ""


def print_faults(name: str, faults: Sequence[Fault]) -> None:
    """Print a line for each of the first faults of a file: its name, pointer, and what is wrong."""
    for pointer, detail in faults[:MOST_FAULTS]:
        place = "" if pointer == "#" else f" {pointer.removeprefix('#')}:"
        complain(f"{name}:{place} {detail}")
    if len(faults) > MOST_FAULTS:
        complain(f"{name}: {counted(len(faults) - MOST_FAULTS, 'more fault')}.")


def in_a_sentence(name: str, error: InvalidInput) -> str:
    """What is wrong with a file that is not a batch or a fleet."""
    place = f"{name}:{error.line}" if error.line else name
    what = f"{error}: {error.advice}" if error.advice else f"{error}"
    return f"{place}: {what}{'' if what.endswith('?') else '.'}"


def _longest_list(body: bytes) -> int:
    """The number of items of the longest list at the top of a file; 0 if it is not JSON."""
    try:
        document = from_json(body.removeprefix(UTF8_BOM))
    except ValueError:
        return 0
    members = document.values() if isinstance(document, dict) else [document]
    return max((len(member) for member in members if isinstance(member, list)), default=0)


def _as_fleet(body: bytes) -> Line:
    from powerplant.batch.fleets import decode_fleet

    decode_fleet(body, max_plants=MAX_ITEMS)
    return Line(0, body)


def read(context: click.Context, _parameter: click.Parameter | None, name: str | None) -> Source | None:
    """Read a file, ``-`` for stdin. A file that cannot be read ends the command."""
    if name is None:
        return None
    if name == STDIO:
        if STDIN in context.meta:
            raise click.UsageError("Only one of the files can be stdin.")
        context.meta[STDIN] = True
    shown = STDIN if name == STDIO else name
    try:
        with nullcontext(sys.stdin.buffer) if name == STDIO else Path(name).open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        fail(f"{shown}: {error.strerror}", BAD_INPUT)
    if len(body) > MAX_BYTES:
        fail(f"{shown}: The file is too large: it may have at most {MAX_BYTES:,} bytes.", BAD_INPUT)
    return Source(name, body)
