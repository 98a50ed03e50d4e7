"""What commands read: files, as their names and their content."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from powerplant.auditing import GivenOutput, decode_plan
from powerplant.batch.fleets import read_fleet
from powerplant.batch.reading import Line
from powerplant.cli.words import BAD_INPUT, complain, counted, fail
from powerplant.decoding import decode, parse
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import ProductionPlanRequest
from powerplant.places import line_of
from powerplant.proofs import Claim, proof_from_json

STDIN = "stdin"
FLEET = "an object with powerplants"

NAME = click.Path(readable=False, allow_dash=True)
"""How a file is given: by a name, which :func:`read` opens."""

MOST_FAULTS = 100
"""How many faults are told; the rest are counted. The service does the same."""

Content = TypeVar("Content")


class Source:
    """A file that was given, as its name and its content. What is wrong with the content ends the command."""

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self._body = body

    def payload(self, *, co2: bool) -> ProductionPlanRequest:
        """The payload that it holds."""
        return self._read(lambda body: decode(body, co2=co2, max_plants=sys.maxsize))

    def plan(self) -> list[GivenOutput]:
        """The plan that it holds."""
        return self._read(decode_plan)

    def proof(self) -> Claim:
        """The proof that it holds, with what it claims."""
        return self._read(proof_from_json)

    def fleet(self) -> Line:
        """The power plants that it holds, as a batch has them; what else it holds means nothing."""
        return self._read(_as_fleet)

    def place(self, pointer: str) -> str:
        """File and line of what a pointer points at."""
        return f"{self.name}:{line_of(self._body.decode('utf-8-sig'), pointer)}"

    def tell(self, faults: Sequence[Fault]) -> None:
        """A line for each fault, of the first ones: file, line, field, and what is wrong."""
        for pointer, detail in faults[:MOST_FAULTS]:
            field = "" if pointer == "#" else f" {pointer.removeprefix('#')}:"
            complain(f"{self.place(pointer)}:{field} {detail}")
        if len(faults) > MOST_FAULTS:
            complain(f"{self.name}: {counted(len(faults) - MOST_FAULTS, 'more fault')}.")

    def _read(self, decode: Callable[[bytes], Content]) -> Content:
        try:
            return decode(self._body)
        except MalformedPayload as error:
            message = str(error).replace("The body", "It", 1)
            line = re.search(r"at line (\d+)", message)
            fail(f"{self.name}:{line[1] if line else 1}: {message}", BAD_INPUT)
        except InvalidPayload as error:
            self.tell(error.faults)
            sys.exit(BAD_INPUT)


def _as_fleet(body: bytes) -> Line:
    line = Line(0, body)
    if not isinstance(payload := parse(body, FLEET), dict) or "powerplants" not in payload:
        raise InvalidPayload([Fault("#", f"must be {FLEET}")])
    if (fault := read_fleet(line, max_plants=sys.maxsize).fault) is not None:
        raise fault
    return line


def read(context: click.Context, _parameter: click.Parameter, name: str | None) -> Source | None:
    """The file of this name, ``-`` for stdin. One that cannot be read ends the command."""
    if name is None:
        return None
    if name == "-":
        return _read_stdin(context)
    try:
        return Source(name, Path(name).read_bytes())
    except OSError as error:
        fail(f"{name}: {error.strerror}", BAD_INPUT)


def _read_stdin(context: click.Context) -> Source:
    if STDIN in context.meta:
        raise click.UsageError("Only one of the files can be stdin.")
    context.meta[STDIN] = True
    return Source(STDIN, sys.stdin.buffer.read())
