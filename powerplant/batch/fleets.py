"""Decode a line. A fleet that lines share is decoded and made integers once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import ValidationError

from powerplant.batch.reading import Line
from powerplant.decoding import (
    EXPECTED,
    KEROSINE,
    LONGEST_SLIP,
    Needs,
    decode,
    decode_json,
    faults_of_fuels,
    fuels_by_key,
    parse,
    pointer,
)
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import Fleet, Grid, Instance
from powerplant.models import FUEL_KEYS, Hour, PowerPlant, price_key, profile_key
from powerplant.planning import Options
from powerplant.problems import CLIENT_ERRORS, Problem, problem_of

FLEET = "an object with powerplants"
WIND = FUEL_KEYS["wind"]


class SharedFleet(NamedTuple):
    """A fleet that lines share.

    Attributes:
        number: the number of its line.
        problem: what is wrong with it; ``None`` for a valid fleet. Nothing else of a faulty fleet is kept.
        needs: what each of its plants needs of the fuels of an hour.
        fleet: its plants in integers; empty if there is a problem.
        given: its plants as plain JSON.
    """

    number: int
    problem: Problem | None
    needs: tuple[Needs, ...] = ()
    fleet: Fleet = Fleet((), [])
    given: tuple[Mapping[str, Any], ...] = ()

    def check(self) -> None:
        """Refuse a line that needs this fleet if the fleet is not valid."""
        if self.problem:
            reason = f"is missing, and the fleet in line {self.number} is not valid"
            raise InvalidPayload([Fault("#/powerplants", reason)])


class Task(NamedTuple):
    """What is to be solved for a line: an instance of a fleet, and the load in MW, as in the line."""

    fleet: Fleet
    instance: Instance
    load: float


@lru_cache(maxsize=4)  # some batches at the same time
def read_fleet(line: Line, grid: Grid, *, max_plants: int) -> SharedFleet:
    """Read a line with a fleet that other lines share."""
    try:
        given = _plants_in(line.content or b"")
        plants = _decode_plants(given, max_plants=max_plants)
    except CLIENT_ERRORS as error:
        return SharedFleet(line.number, problem_of(error))
    return SharedFleet(line.number, None, tuple(map(Needs.of, plants)), Fleet.of(plants, grid), tuple(given))


def decode_fleet(content: bytes, *, max_plants: int) -> list[PowerPlant]:
    """The power plants of an object, whose other members are ignored, or of a list.

    Raises:
        MalformedPayload: the content is not JSON.
        InvalidPayload: it is not a valid fleet; lists every fault.
    """
    return _decode_plants(_plants_in(content), max_plants=max_plants)


def _plants_in(content: bytes) -> Any:
    payload = parse(content, FLEET)
    if isinstance(payload, list) and payload:
        return payload
    if not isinstance(payload, dict) or "powerplants" not in payload:
        raise InvalidPayload([Fault("#", f"must be {FLEET}")])
    return payload["powerplants"]


def _decode_plants(plants: Any, *, max_plants: int) -> list[PowerPlant]:
    """Plants of plain JSON. With all prices present, the only faults are those of the plants."""
    keys = [*FUEL_KEYS.values(), *keys_of_plants(plants if isinstance(plants, list) else [])]
    hour = {"load": 0, "fuels": dict.fromkeys(keys, 0), "powerplants": plants}
    return decode_json(hour, co2=True, max_plants=max_plants).powerplants


def keys_of_plants(plants: Sequence[Any]) -> Iterator[str]:
    """The keys of the prices and profiles that plants of plain JSON name."""
    for plant in plants:
        if isinstance(plant, dict):
            for member, key in (("fuel", price_key), ("profile", profile_key)):
                if isinstance(name := plant.get(member), str):
                    yield key(name)


def constant_prices(content: bytes) -> dict[str, float]:
    """The prices that stand beside the power plants of a valid fleet, by their keys; a profile is not a price.

    Prices that no plant uses are not looked at, except those of the challenge.

    Raises:
        InvalidPayload: a price is not valid; lists every fault.
    """
    payload = parse(content, FLEET)
    fuels = payload.get("fuels") if isinstance(payload, dict) else None
    if fuels is None:
        return {}
    plants = [{"name": WIND, "type": "windturbine", "pmax": 0}]  # it needs no price
    prices: dict[str, float] = {}
    if isinstance(fuels, dict):
        used = {price_key(plant["fuel"]): plant["fuel"] for plant in payload["powerplants"] if plant.get("fuel")}
        known = dict.fromkeys(key for key in (*FUEL_KEYS.values(), *used) if key != WIND)
        prices = {key: fuels[key] for key in known if fuels.get(key) is not None}
        plants += [_plant_with(Needs("any", used[key], None, False), key) for key in prices if key in used]
        fuels = prices | {WIND: 0}
    decode_json({"load": 0, "fuels": fuels, "powerplants": plants}, co2=False, max_plants=len(plants))
    return prices


def with_prices(fuels: Mapping[str, Any], prices: Mapping[str, Any]) -> dict[str, Any]:
    """The fuels of an hour, and constant prices where it has none of its own."""
    own = {key: value for key, value in fuels.items() if value is not None}
    keys = set(map(as_one_key, own))
    return {key: price for key, price in prices.items() if as_one_key(key) not in keys} | own


def as_one_key(key: str) -> str:
    """The key of a price, the same for two spellings."""
    return KEROSINE[0] if key == KEROSINE[1] else key


def faults_of_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> Sequence[Fault]:
    """The faults of a line with an hour, for a valid fleet that it shares."""
    try:
        _read_hour(content, shared, co2=co2)
    except InvalidPayload as error:
        return error.faults
    return ()


def read_task(content: bytes, shared: SharedFleet | None, options: Options, *, max_plants: int) -> Task:
    """Read a line with an hour.

    Args:
        content: the line.
        shared: the fleet for a line without one.
        options: how to plan it.
        max_plants: most power plants of a line.

    Raises:
        MalformedPayload: the line is not JSON.
        InvalidPayload: it is not a valid payload, alone or with the shared fleet.
    """
    co2, round_load = options.co2, options.round_load
    if shared is not None and (read := _read_hour(content, shared, co2=co2)) is not None:
        hour, own = read
        return Task(own.fleet, own.fleet.at(hour.load, hour.fuels, co2=co2, round_load=round_load), hour.load)
    request = decode(content, co2=co2, max_plants=max_plants)
    fleet = Fleet.of(request.powerplants, options.grid)
    return Task(fleet, fleet.at(request.load, request.fuels, co2=co2, round_load=round_load), request.load)


def _read_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> tuple[Hour, SharedFleet] | None:
    """The hour of a line and the fleet in this hour; ``None`` if the line has its own fleet, or is not an object."""
    try:
        hour = Hour.model_validate_json(content)
    except ValidationError:
        hour = None
    if hour is not None and hour.powerplants is not None:
        return None
    if hour is not None and not shared.problem:
        own, faults = (shared, ()) if hour.plants is None else _changed(shared, hour.plants)
        if not faults and not any(faults_of_fuels(own.needs, fuels_by_key(hour.fuels), co2=co2)):
            return hour, own
    return _read_faulty_hour(content, shared, co2=co2)


def _read_faulty_hour(content: bytes, shared: SharedFleet, *, co2: bool) -> tuple[Hour, SharedFleet] | None:
    payload = parse(content, EXPECTED)
    if not isinstance(payload, dict) or payload.get("powerplants") is not None:
        return None
    shared.check()
    changes = payload.get("plants")
    own, faults = (shared, ()) if changes is None else _changed(shared, changes)
    # One plant for each need: the faults of an hour depend on nothing else of a valid fleet.
    needs = dict.fromkeys(own.needs)
    payload["powerplants"] = [_plant_with(need, f"{place}") for place, need in enumerate(needs)]
    try:
        request = decode_json(payload, co2=co2, max_plants=len(needs))
    except InvalidPayload as error:
        raise InvalidPayload([*error.faults, *faults]) from None
    if faults:
        raise InvalidPayload(faults)
    return Hour(load=request.load, fuels=request.fuels), own


def _changed(shared: SharedFleet, changes: Any) -> tuple[SharedFleet, Sequence[Fault]]:
    """The fleet of an hour that changes members of plants, by their names; and what is wrong with the changes."""
    if not isinstance(changes, dict):
        return shared, [Fault("#/plants", "must be an object with the names of power plants")]
    places = {name: place for place, name in enumerate(shared.fleet.names)}
    plants, needs, faults = list(shared.fleet.plants), list(shared.needs), list[Fault]()
    for name, members in changes.items():
        where = pointer("plants", name)
        if name not in places:
            meant = get_close_matches(name[:LONGEST_SLIP], places, 1)
            hint = f"; did you mean {meant[0]}?" if meant else ""
            faults.append(Fault(where, f"the fleet has no power plant of this name{hint}"))
        elif not isinstance(members, dict):
            faults.append(Fault(where, "must be an object with members of the power plant"))
        elif members.get("name", name) != name:
            faults.append(Fault(pointer("plants", name, "name"), "must not change"))
        else:
            try:
                (plant,) = _decode_plants([{**shared.given[places[name]], **members}], max_plants=1)
            except InvalidPayload as error:
                faults += [Fault(place.replace("#/powerplants/0", where, 1), what) for place, what in error.faults]
            else:
                plants[places[name]] = Fleet.of([plant], shared.fleet.grid).plants[0]
                needs[places[name]] = Needs.of(plant)
    return shared._replace(fleet=shared.fleet._replace(plants=plants), needs=tuple(needs)), faults


def _plant_with(need: Needs, name: str) -> dict[str, Any]:
    """A plant of plain JSON that needs just this."""
    type_, fuel, profile, emits = need
    plant = {"name": name, "type": type_, "efficiency": 1, "pmin": 0, "pmax": 0, "cost(euro/MWh)": 0}
    given = {"fuel": fuel, "profile": profile}
    return plant | {"co2(ton/MWh)": int(emits)} | {key: value for key, value in given.items() if value is not None}
