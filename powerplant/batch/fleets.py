"""Fleets that lines share: read and made integers once, for as many hours as there are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from powerplant.batch.reading import Line
from powerplant.decoding import decode, decode_with_care, has_prices_for, parse
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import Fleet, Instance
from powerplant.models import FUEL_KEYS, Hour

EXPECTED = "an object with load, fuels and powerplants"


class SharedFleet(NamedTuple):
    """A fleet as it was sent, and in integers.

    Attributes:
        powerplants: the JSON, to tell the faults of an hour together with it.
        types: of its plants.
        fleet: the same plants in integers.
    """

    powerplants: Any
    types: frozenset[str]
    fleet: Fleet


class Task(NamedTuple):
    """What a line asks for.

    Attributes:
        fleet: its own or the shared one.
        instance: that fleet in this hour.
        load: in MW, as the line has it.
    """

    fleet: Fleet
    instance: Instance
    load: float


@lru_cache(maxsize=8)
def read_fleet(content: bytes, *, max_plants: int) -> SharedFleet:
    """Read a line with a fleet.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it holds no valid fleet; a pointer is to the line.
    """
    powerplants = parse(content, "an object with powerplants")["powerplants"]
    # An hour that wants for nothing: all faults are those of the fleet.
    hour = {"load": 0, "fuels": dict.fromkeys(FUEL_KEYS.values(), 0), "powerplants": powerplants}
    plants = decode_with_care(hour, co2=True, max_plants=max_plants).powerplants
    return SharedFleet(powerplants, frozenset(plant.type for plant in plants), Fleet.of(plants))


def read_task(content: bytes, fleet: Line | None, *, co2: bool, max_plants: int) -> Task:
    """Read a line with an hour.

    Args:
        content: the line.
        fleet: the line with the fleet that is meant where this one has none.
        co2: whether CO2 counts.
        max_plants: how many power plants a fleet may have.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is no valid payload, with its fleet or without.
    """
    if fleet is not None:
        try:
            hour = Hour.model_validate_json(content)
        except ValidationError:
            hour = None
        if hour is None or hour.powerplants is None:
            return _with_shared_fleet(content, hour, fleet, co2=co2, max_plants=max_plants)
    request = decode(content, co2=co2, max_plants=max_plants)
    own = Fleet.of(request.powerplants)
    return Task(own, own.at(request.load, request.fuels, co2=co2), request.load)


def _with_shared_fleet(content: bytes, hour: Hour | None, line: Line, *, co2: bool, max_plants: int) -> Task:
    try:
        shared = read_fleet(line.content or b"", max_plants=max_plants)
    except InvalidPayload:
        missing = Fault("#/powerplants", f"is missing, and the fleet in line {line.number} is not valid")
        raise InvalidPayload([missing]) from None
    if hour is None or not has_prices_for(shared.types, hour.fuels, co2=co2):
        payload = parse(content, EXPECTED)
        if isinstance(payload, dict):
            payload = {"powerplants": shared.powerplants, **payload}
        request = decode_with_care(payload, co2=co2, max_plants=max_plants)
        own = Fleet.of(request.powerplants)
        return Task(own, own.at(request.load, request.fuels, co2=co2), request.load)
    return Task(shared.fleet, shared.fleet.at(hour.load, hour.fuels, co2=co2), hour.load)
