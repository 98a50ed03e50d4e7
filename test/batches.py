"""Batches for the tests, and what their answers must be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

FUELS = {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
FLEET = [
    {"name": "gas1", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
    {"name": "gas2", "type": "gasfired", "efficiency": 0.37, "pmin": 40, "pmax": 210},
    {"name": "jet", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16},
    {"name": "wind", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 150},
]


def hour(load: float, **fuels: float) -> dict[str, Any]:
    """An hour without a fleet; the names of the fuels without their units."""
    units = {key.partition("(")[0]: key for key in FUELS}
    return {"load": load, "fuels": FUELS | {units[name]: price for name, price in fuels.items()}}


def payload(load: float, **fuels: float) -> dict[str, Any]:
    """An hour with a fleet."""
    return hour(load, **fuels) | {"powerplants": FLEET}


def hours(count: int) -> Iterator[dict[str, Any]]:
    """Hours of which no two are alike, one in ten of them infeasible."""
    for number in range(count):
        load = 5000 if number % 10 == 9 else 200 + number % 97 * 4.7
        yield hour(round(load, 1), gas=round(5 + number % 31 * 0.7, 1), wind=number % 101)


def ndjson(contents: Sequence[Any] | Iterator[Any]) -> bytes:
    """A line for each; bytes are a line as they are."""
    return b"".join((c if isinstance(c, bytes) else json.dumps(c).encode()) + b"\n" for c in contents)


def parsed(answers: bytes) -> list[dict[str, Any]]:
    """Answers, each of which ends with its line."""
    assert not answers or answers.endswith(b"\n")
    return [json.loads(line) for line in answers.splitlines()]
