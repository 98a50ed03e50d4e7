"""Decode a line. A fleet that lines share is decoded and made integers once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pydantic import ValidationError

from powerplant.batch.reading import Line
from powerplant.decoding import EXPECTED, decode, decode_json, faults_of_fuels, fuels_by_key, parse
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import Fleet, Instance
from powerplant.models import FUEL_KEYS, Hour, PowerPlant
from powerplant.problems import CLIENT_ERRORS, Problem, problem_of

FLEET = "an object with powerplants"
WIND = FUEL_KEYS["wind"]


class SharedFleet(NamedTuple):
    """A fleet that lines share.

    Attributes:
        number: the number of its line.
        problem: what is wrong with it; ``None`` for a valid fleet. Nothing else of a faulty fleet is kept.
        types: the types of its plants.
        fleet: its plants in integers; empty if there is a problem.
    """

    number: int
    problem: Problem | None
    types: frozenset[str] = frozenset()
    fleet: Fleet = Fleet((), [])


class Task(NamedTuple):
    """What is to be solved for a line: an instance of a fleet, and the load in MW, as in the line."""

    fleet: Fleet
    instance: Instance
    load: float


@lru_cache(maxsize=4)  # some batches at the same time
def read_fleet(line: Line, *, max_plants: int) -> SharedFleet:
    """Read a line with a fleet that other lines share."""
    try:
        plants = decode_fleet(line.content or b"", max_plants=max_plants)
    except CLIENT_ERRORS as error:
        return SharedFleet(line.number, problem_of(error))
    return SharedFleet(line.number, None, frozenset(plant.type for plant in plants), Fleet.of(plants))


def decode_fleet(content: bytes, *, max_plants: int) -> list[PowerPlant]:
    """The power plants of an object, whose other members are ignored, or of a list.

    Raises:
        MalformedPayload: the content is not JSON.
        InvalidPayload: it is not a valid fleet; lists every fault.
    """
    payload = parse(content, FLEET)
    if isinstance(payload, list) and payload:
        payload = {"powerplants": payload}
    if not isinstance(payload, dict) or "powerplants" not in payload:
        raise InvalidPayload([Fault("#", f"must be {FLEET}")])
    # With all prices present, the only faults are those of the fleet.
    hour = {"load": 0, "fuels": dict.fromkeys(FUEL_KEYS.values(), 0), "powerplants": payload["powerplants"]}
    return decode_json(hour, co2=True, max_plants=max_plants).powerplants


def constant_prices(content: bytes) -> dict[str, float]:
    """The prices that stand beside the power plants of a fleet, by their keys; wind is not a price.

    Raises:
        InvalidPayload: a price is not valid; lists every fault.
    """
    payload = parse(content, FLEET)
    fuels = (payload.get("fuels") or {}) if isinstance(payload, dict) else {}
    if isinstance(fuels, dict):
        fuels = {key: fuels[key] for key in FUEL_KEYS.values() if key != WIND and fuels.get(key) is not None}
    turbine = {"name": "wind", "type": "windturbine", "pmax": 0}  # it needs no price
    hour = {"load": 0, "fuels": fuels | {WIND: 0} if isinstance(fuels, dict) else fuels, "powerplants": [turbine]}
    decode_json(hour, co2=False, max_plants=1)
    return fuels


def faults_of_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> Sequence[Fault]:
    """The faults of a line with an hour, for a valid fleet that it shares."""
    try:
        _read_hour(content, shared, co2=co2)
    except InvalidPayload as error:
        return error.faults
    return ()


def read_task(content: bytes, shared: SharedFleet | None, *, co2: bool, max_plants: int) -> Task:
    """Read a line with an hour.

    Args:
        content: the line.
        shared: the fleet for a line without one.
        co2: whether CO2 counts.
        max_plants: most power plants of a line.

    Raises:
        MalformedPayload: the line is not JSON.
        InvalidPayload: it is not a valid payload, alone or with the shared fleet.
    """
    if shared is not None and (hour := _read_hour(content, shared, co2=co2)) is not None:
        return Task(shared.fleet, shared.fleet.at(hour.load, hour.fuels, co2=co2), hour.load)
    request = decode(content, co2=co2, max_plants=max_plants)
    fleet = Fleet.of(request.powerplants)
    return Task(fleet, fleet.at(request.load, request.fuels, co2=co2), request.load)


def _read_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> Hour | None:
    """The hour of a line; ``None`` if the line has a fleet of its own, or is not an object."""
    try:
        hour = Hour.model_validate_json(content)
    except ValidationError:
        hour = None
    if hour is not None and hour.powerplants is not None:
        return None
    if hour is None or shared.problem or any(faults_of_fuels(shared.types, fuels_by_key(hour.fuels), co2=co2)):
        return _read_faulty_hour(content, shared, co2=co2)
    return hour


def _read_faulty_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> Hour | None:
    payload = parse(content, EXPECTED)
    if not isinstance(payload, dict) or payload.get("powerplants") is not None:
        return None
    if shared.problem:
        reason = f"is missing, and the fleet in line {shared.number} is not valid"
        raise InvalidPayload([Fault("#/powerplants", reason)])
    # One plant of each type: the faults of an hour depend on nothing else of a valid fleet.
    payload["powerplants"] = [
        {"name": type_, "type": type_, "efficiency": 1, "pmin": 0, "pmax": 0} for type_ in sorted(shared.types)
    ]
    request = decode_json(payload, co2=co2, max_plants=len(shared.types))
    return Hour(load=request.load, fuels=request.fuels)
