"""The files that commands read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click

from powerplant.auditing import GivenOutput, decode_plan
from powerplant.batch.reading import Line
from powerplant.cli.words import BAD_INPUT, complain, counted, fail
from powerplant.decoding import decode
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import ProductionPlanRequest
from powerplant.proofs import Claim, proof_from_json

STDIN = "stdin"

NAME = click.Path(readable=False, allow_dash=True)
"""The type of a file parameter; :func:`read` opens it."""

MOST_FAULTS = 100
"""Most faults that are printed; the rest are counted. The service does the same."""

Content = TypeVar("Content")


class Source:
    """A file: its name and its content. Wrong content ends the command with a message."""

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self._body = body

    def payload(self, *, co2: bool) -> ProductionPlanRequest:
        """Its payload."""
        return self._read(lambda body: decode(body, co2=co2, max_plants=sys.maxsize))

    def plan(self) -> list[GivenOutput]:
        """Its plan."""
        return self._read(decode_plan)

    def proof(self) -> Claim:
        """Its proof, with the claim."""
        return self._read(proof_from_json)

    def fleet(self) -> Line:
        """Its power plants, as a line of a batch; other members are ignored."""
        return self._read(_as_fleet)

    def print_faults(self, faults: Sequence[Fault]) -> None:
        """Print a line for each of the first faults: file, pointer, and what is wrong."""
        for pointer, detail in faults[:MOST_FAULTS]:
            place = "" if pointer == "#" else f" {pointer.removeprefix('#')}:"
            complain(f"{self.name}:{place} {detail}")
        if len(faults) > MOST_FAULTS:
            complain(f"{self.name}: {counted(len(faults) - MOST_FAULTS, 'more fault')}.")

    def _read(self, decode: Callable[[bytes], Content]) -> Content:
        try:
            return decode(self._body)
        except MalformedPayload as error:
            fail(f"{self.name}: {str(error).replace('The body', 'The file', 1)}", BAD_INPUT)
        except InvalidPayload as error:
            self.print_faults(error.faults)
            sys.exit(BAD_INPUT)


def _as_fleet(body: bytes) -> Line:
    from powerplant.batch.fleets import decode_fleet

    decode_fleet(body, max_plants=sys.maxsize)
    return Line(0, body)


def read(context: click.Context, _parameter: click.Parameter, name: str | None) -> Source | None:
    """Read a file, ``-`` for stdin. A file that cannot be read ends the command."""
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
