"""What a line asks for; a fleet that lines share is read and made integers once, for as many hours as there are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from powerplant.batch.reading import Line
from powerplant.decoding import EXPECTED, decode, decode_with_care, has_prices_for, parse
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import Fleet, Instance
from powerplant.models import FUEL_KEYS, Hour, ProductionPlanRequest


class SharedFleet(NamedTuple):
    """A fleet as it was sent, and in integers.

    Attributes:
        number: of the line that it stands in.
        powerplants: the JSON, to tell the faults of an hour together with it.
        fault: what is wrong with it, if anything is.
        types: of its plants.
        fleet: the same plants in integers; none where there is a fault.
    """

    number: int
    powerplants: Any
    fault: InvalidPayload | None
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
def read_fleet(line: Line, *, max_plants: int) -> SharedFleet:
    """Read a line that holds power plants."""
    powerplants = parse(line.content or b"", EXPECTED)["powerplants"]
    # An hour that wants for nothing: all faults are those of the fleet.
    hour = {"load": 0, "fuels": dict.fromkeys(FUEL_KEYS.values(), 0), "powerplants": powerplants}
    try:
        plants = decode_with_care(hour, co2=True, max_plants=max_plants).powerplants
    except InvalidPayload as fault:
        return SharedFleet(line.number, powerplants, fault, frozenset(), Fleet.of([]))
    return SharedFleet(line.number, powerplants, None, frozenset(plant.type for plant in plants), Fleet.of(plants))


def read_task(content: bytes, shared: SharedFleet | None, *, co2: bool, max_plants: int) -> Task:
    """Read a line with an hour.

    Args:
        content: the line.
        shared: the fleet that is meant where this one has none.
        co2: whether CO2 counts.
        max_plants: how many power plants a fleet may have.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is no valid payload, with its fleet or without.
    """
    if shared is None:
        return _task(decode(content, co2=co2, max_plants=max_plants), co2=co2)
    hour = _hour(content, shared, co2=co2)
    if hour is None:
        return _task(_decode_with_fleet(content, shared, co2=co2, max_plants=max_plants), co2=co2)
    return Task(shared.fleet, shared.fleet.at(hour.load, hour.fuels, co2=co2), hour.load)


def _hour(content: bytes, shared: SharedFleet, *, co2: bool) -> Hour | None:
    """The hour that a line is, unless it has a fleet of its own, or something is wrong with it."""
    try:
        hour = Hour.model_validate_json(content)
    except ValidationError:
        return None
    is_all = shared.fault is None and hour.powerplants is None and has_prices_for(shared.types, hour.fuels, co2=co2)
    return hour if is_all else None


def _decode_with_fleet(content: bytes, shared: SharedFleet, *, co2: bool, max_plants: int) -> ProductionPlanRequest:
    payload = parse(content, EXPECTED)
    if isinstance(payload, dict) and payload.get("powerplants") is None:
        if shared.fault is not None:
            missing = f"is missing, and the fleet in line {shared.number} is not valid"
            raise InvalidPayload([Fault("#/powerplants", missing)])
        payload["powerplants"] = shared.powerplants
    return decode_with_care(payload, co2=co2, max_plants=max_plants)


def _task(request: ProductionPlanRequest, *, co2: bool) -> Task:
    fleet = Fleet.of(request.powerplants)
    return Task(fleet, fleet.at(request.load, request.fuels, co2=co2), request.load)
