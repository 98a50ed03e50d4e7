"""From the bytes of a body to a valid horizon, or to a list of its faults.

:mod:`powerplant.decoding` decodes the members that one hour has, with their values in the first period. This module
checks the other values of lists, and the members that only a horizon has; :mod:`.consistency` has the rules between
members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from powerplant.decoding import decode_json, is_fuel, parse, pointer, why_ignored
from powerplant.errors import Fault, InvalidPayload
from powerplant.horizon.consistency import (
    Place,
    faults_of_limits,
    faults_of_members,
    faults_of_storage,
    faults_over_time,
    value_at,
)
from powerplant.horizon.models import (
    LONGEST_PERIOD,
    SHORTEST_PERIOD,
    Earlier,
    Horizon,
    OverTime,
    PlantOverTime,
    StorageMembers,
    Trade,
    Whole,
)
from powerplant.models import (
    FIELDS,
    FUEL_KEYS,
    MAX_NAME_LENGTH,
    MAX_PRICE,
    TONNES_OF_GAS,
    Fuels,
    Megawatt,
    Percentage,
    PowerPlant,
    Price,
    keys_of,
    price_key,
    profile_key,
)

EXPECTED = "an object with load, fuels and powerplants"

LISTS = {"pmin": "pmin", "pmax": "pmax", "cost(euro/MWh)": "cost", "available": "available", "must_run": "must_run"}
"""The members of a plant that may be lists, and their names in the model."""

MARKET = ("price(euro/MWh)", "buy", "sell", "fee(euro/MWh)")
NO_PLANT = {"name": "-", "type": "none", "pmin": 0, "pmax": 0, "cost(euro/MWh)": 0}
"""A plant for the decoder of one hour, if the payload has only storages or a market."""

WITH_A_CURVE = "plant with a cost curve"
"""The type of a plant that needs no fuel, since its cost curve takes the place of it."""

RESERVE = ("up", "down")
CURVE_REPLACES = ("fuel", "efficiency", "cost(euro/MWh)", "no_load_cost(euro/h)")
MOST_IGNORED = 100

_DURATION = re.compile(r"P(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?)?")


def decode(body: bytes, *, co2: bool, max_plants: int, max_cells: int) -> Horizon:
    """Read a body as a horizon.

    Args:
        body: JSON in UTF-8.
        co2: whether CO2 counts, so that its price is needed.
        max_plants: most power plants.
        max_cells: most plants and storages, times periods.

    Raises:
        MalformedPayload: the body is not JSON.
        InvalidPayload: it is JSON, but not a valid horizon; lists every fault.
    """
    payload = parse(body, EXPECTED)
    if not isinstance(payload, dict):
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}")])
    return _Decoder(payload, co2=co2, max_plants=max_plants, max_cells=max_cells).horizon()


class _Decoder:
    """Collects the faults of a payload."""

    def __init__(self, payload: dict[str, Any], *, co2: bool, max_plants: int, max_cells: int) -> None:
        self.payload = payload
        self.co2, self.max_plants, self.max_cells = co2, max_plants, max_cells
        self.faults: list[Fault] = []
        self.periods: int | None = None
        given = payload.get("powerplants")
        self.plants: list[Any] = given if isinstance(given, list) else []

    def horizon(self) -> Horizon:
        """The horizon.

        Raises:
            InvalidPayload: there are faults.
        """
        load = self._load()
        periods = self.periods
        given = self.payload.get("storages")
        stores = len(given) if isinstance(given, list) else 0
        if periods is not None and periods * max(1, len(self.plants) + stores) > self.max_cells:
            also = f" and {stores} storage{'s' * (stores > 1)}" if stores else ""
            cells = f"{len(self.plants)} power plants{also} × {periods} periods"
            raise InvalidPayload([Fault("#", f"has {cells}, and may have at most {self.max_cells} of both multiplied")])
        whole, length, start = self._whole()
        fuels = self.payload.get("fuels")
        first = self._first_period()
        members = [self._members(i, plant) for i, plant in enumerate(self.plants)]
        if isinstance(fuels, dict):
            self._lists_of_fuels(fuels)
        for i, plant in enumerate(self.plants):
            if isinstance(plant, dict):
                self._lists_of_plant(i, plant)
        reserve = [self._reserve(key) for key in RESERVE]
        storages, market, previous = self._storages(), self._market(), self._previous()
        fuels_of: list[Fuels] = []
        plants: list[OverTime] = []
        if not self.faults and periods is not None:
            fuels = fuels if isinstance(fuels, dict) else {}
            fuels_of = [Fuels.model_validate(_at(fuels, t)) for t in range(periods)]
            plants = [
                self._plant(i, plant, member, fuels_of)
                for i, (plant, member) in enumerate(zip(first or [], members, strict=True))
                if member is not None
            ]
        if self.faults or whole is None or length is None:
            raise InvalidPayload(list(dict.fromkeys(self.faults)))
        up, down = reserve
        return Horizon(
            load,
            fuels_of,
            plants,
            length,
            start,
            whole.relative_gap,
            whole.lost_load,
            up,
            down,
            self._ignored(),
            storages,
            market,
            previous,
        )

    def _fault(self, *path: str | int, detail: str) -> None:
        self.faults.append(Fault(pointer(*path), detail))

    # --- Members of the payload --------------------------------------------------------------------------------------

    def _load(self) -> list[float]:
        load = self.payload.get("load")
        prices = self._given_market().get(MARKET[0])
        if load is None and isinstance(prices, list) and prices:
            load = [0.0] * len(prices)
        if not isinstance(load, list):
            hint = "; one number is an hour, for /productionplan" if isinstance(load, int | float) else ""
            what = "is missing" if load is None else f"must be a list of numbers, one for each period{hint}"
            self._fault("load", detail=what)
            return []
        if not load:
            self._fault("load", detail="must have at least one number")
            return []
        self.periods = len(load)
        self._elements(("load",), load, _MEGAWATTS)
        return load

    def _whole(self) -> tuple[Whole | None, timedelta | None, datetime | None]:
        """The members that are single values; the length of a period, and the start of the first."""
        given = {key: value for key, value in self.payload.items() if value is not None}
        whole = self._model(Whole, given, ())
        if whole is None:
            return None, None, None
        length, start = None, None
        if _DURATION.fullmatch(whole.resolution):
            try:
                length = _LENGTH.validate_python(whole.resolution)
            except ValidationError:
                length = None
        if length is None or not SHORTEST_PERIOD <= length <= LONGEST_PERIOD:
            self._fault(
                "resolution", detail="must be a duration of whole minutes from PT1M to PT24H, for example PT15M"
            )
        if whole.start is not None:
            try:
                start = datetime.fromisoformat(whole.start)
            except ValueError:
                start = None
            if start is None or start.tzinfo is None:
                detail = "must be a time with its offset from UTC, for example 2026-01-06T00:00+01:00"
                self._fault("start", detail=detail)
            elif length is not None and _is_too_late(start, length * (self.periods or 0)):
                self._fault("start", detail="is so early or late that a period is outside the years 1 to 9999")
        return whole, length, start

    def _reserve(self, key: str) -> list[float]:
        given = self.payload.get("reserve")
        if given is not None and not isinstance(given, dict):
            if key == RESERVE[0]:
                self._fault("reserve", detail="must be an object with up, down or both")
            return []
        return self._each_period(("reserve", key), None if given is None else given.get(key), _MEGAWATTS)

    def _given_market(self) -> Mapping[str, Any]:
        given = self.payload.get("market")
        return given if isinstance(given, dict) else {}

    def _market(self) -> Trade | None:
        if self.payload.get("market") is None:
            return None
        if not isinstance(self.payload["market"], dict):
            self._fault("market", detail="must be an object with price(euro/MWh), buy and sell")
            return None
        given = self._given_market()
        if given.get(MARKET[0]) is None:
            self._fault("market", MARKET[0], detail="is missing")
        price, buy, sell = (
            self._each_period(("market", key), given.get(key), adapter)
            for key, adapter in zip(MARKET[:3], (_PRICES, _MEGAWATTS, _MEGAWATTS), strict=True)
        )
        fee = given.get(MARKET[3])
        self._elements(("market", MARKET[3]), [0.0 if fee is None else fee], _FEES, is_list=False)
        return Trade(price, buy, sell, fee or 0.0)

    def _previous(self) -> list[list[int]] | None:
        """The commitment of the plan before, in the order of the power plants."""
        given = self.payload.get("previous")
        if given is None:
            return None
        if not isinstance(given, list):
            self._fault("previous", detail="must be a list of objects with name and on, as the plan of an answer")
            return None
        rows: dict[str, list[int]] = {}
        names = [plant.get("name") for plant in self.plants if isinstance(plant, dict)]
        for i, members in enumerate(given):
            earlier: Earlier | None = self._model(Earlier, members, ("previous", i))
            if earlier is None:
                continue
            if earlier.name not in names or earlier.name in rows:
                self._fault("previous", i, "name", detail="must be the name of a power plant of the payload, once")
            if self.periods is not None and len(earlier.on) != self.periods:
                detail = f"has {len(earlier.on)} values for {self.periods} periods"
                self._fault("previous", i, "on", detail=detail)
            rows[earlier.name] = [*earlier.on]
        if missing := [name for name in names if isinstance(name, str) and name not in rows]:
            self._fault("previous", detail=f"does not have the power plant {missing[0]}")
            return None
        return [rows[name] for name in names if name in rows]

    def _storages(self) -> list[StorageMembers]:
        given = self.payload.get("storages")
        if given is None:
            return []
        if not isinstance(given, list):
            self._fault("storages", detail="must be a list of objects")
            return []
        names = {
            plant["name"] for plant in self.plants if isinstance(plant, dict) and isinstance(plant.get("name"), str)
        }
        storages = []
        for i, members in enumerate(given):
            path = ("storages", i)
            if not isinstance(members, dict):
                self._fault(*path, detail="must be an object")
                continue
            present = {key: value for key, value in members.items() if value is not None}
            storage: StorageMembers | None = self._model(StorageMembers, present, path)
            if storage is None:
                continue
            if storage.name in names:
                self._fault(*path, "name", detail="is the name of another storage or power plant")
            names.add(storage.name)
            storages.append(storage)
            self.faults += faults_of_storage(storage, path)
        return storages

    # --- Lists -------------------------------------------------------------------------------------------------------

    def _each_period(self, path: Place, value: Any, adapter: TypeAdapter[Any]) -> list[float]:
        """A number for each period, from a list or from one value; 0 without one."""
        is_list = isinstance(value, list)
        values = value if is_list else [0.0 if value is None else value]
        self._elements(path, values, adapter, is_list=is_list)
        return values if is_list else values * (self.periods or 1)

    def _elements(self, path: Place, values: list[Any], adapter: TypeAdapter[Any], *, is_list: bool = True) -> None:
        """Find the faults of a list with a value for each period, or of one value."""
        if is_list and self.periods is not None and len(values) != self.periods:
            count = (
                f"{len(values)} value{'s' * (len(values) != 1)} for {self.periods} period{'s' * (self.periods != 1)}"
            )
            self._fault(*path, detail=f"has {count}")
        try:
            adapter.validate_python(values)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                place = details["loc"][:1] if is_list else ()
                self._fault(*path, *place, detail=_words(details))

    def _lists_of_fuels(self, fuels: Mapping[str, Any]) -> None:
        """Check prices and profiles that are lists, if a plant uses them."""
        used = set(FUEL_KEYS.values())
        for plant in self.plants:
            if isinstance(plant, dict):
                used |= {price_key(plant["fuel"])} if isinstance(plant.get("fuel"), str) else set()
                used |= {profile_key(plant["profile"])} if isinstance(plant.get("profile"), str) else set()
        for key, value in fuels.items():
            if isinstance(value, list) and key in used:
                self._elements(("fuels", key), value, _PERCENTAGES if key.endswith("(%)") else _PRICES)

    def _lists_of_plant(self, index: int, plant: Mapping[str, Any]) -> None:
        for key in LISTS:
            if isinstance(value := plant.get(key), list):
                adapter = _MEGAWATTS if key in {"pmin", "pmax"} else _PRICES if key == "cost(euro/MWh)" else _FLAGS
                self._elements(("powerplants", index, key), value, adapter)
        if self.periods is not None:
            self.faults += faults_of_limits(plant, self.periods, ("powerplants", index))

    # --- Members of one hour -----------------------------------------------------------------------------------------

    def _first_period(self) -> list[PowerPlant] | None:
        """The power plants in the first period; also finds the faults that the payload of one hour can have."""
        payload = self.payload
        lists: dict[str, bool] = {}
        fuels = payload.get("fuels")
        if isinstance(fuels, dict):
            lists |= {pointer("fuels", key): bool(value) for key, value in fuels.items() if isinstance(value, list)}
            fuels = _at(fuels, 0)
        plants = payload.get("powerplants")
        has_none = not plants and (payload.get("storages") or self._given_market())
        if has_none and plants in (None, []):
            plants, fuels = [NO_PLANT], {} if fuels is None else fuels
        elif isinstance(plants, list):
            plants = [self._in_first_period(i, plant, lists) for i, plant in enumerate(plants)]
        first = {"load": 0, "powerplants": plants, "fuels": fuels}
        try:
            request = decode_json(
                {key: value for key, value in first.items() if value is not None or key in payload},
                co2=self.co2,
                max_plants=self.max_plants,
            )
        except InvalidPayload as error:
            known = {fault.pointer for fault in self.faults}
            for fault in error.faults:
                place = f"{fault.pointer}/0" if lists.get(fault.pointer) else fault.pointer
                if place not in known:  # an empty list has its fault already
                    self.faults.append(Fault(place, fault.detail))
            return None
        return [] if plants == [NO_PLANT] else request.powerplants

    @staticmethod
    def _in_first_period(index: int, plant: Any, lists: dict[str, bool]) -> Any:
        if not isinstance(plant, dict):
            return plant
        first = dict(plant)
        for key in LISTS:
            if isinstance(value := plant.get(key), list):
                lists[pointer("powerplants", index, key)] = bool(value)
                first[key] = value[0] if value else None
        if plant.get("cost_curve") is not None:  # it takes the place of the fuel and the further cost
            first.pop("fuel", None)
            first |= {"cost(euro/MWh)": 0}
            if first.get("type") in ("gasfired", "turbojet"):  # their fuel is the default
                if first["type"] == "gasfired" and first.get("co2(ton/MWh)") is None:
                    first["co2(ton/MWh)"] = TONNES_OF_GAS
                first["type"] = WITH_A_CURVE
        return first

    # --- Members of plants -------------------------------------------------------------------------------------------

    def _members(self, index: int, plant: Any) -> PlantOverTime | None:
        """The members of a plant that only a horizon has."""
        if not isinstance(plant, dict):
            return None
        path = ("powerplants", index)
        given = {key: value for key, value in plant.items() if value is not None}
        members: PlantOverTime | None = self._model(PlantOverTime, given, path)
        if members is None:
            return None
        self.faults += faults_of_members(members, path)
        return members

    def _plant(self, index: int, plant: PowerPlant, members: PlantOverTime, fuels: list[Fuels]) -> OverTime:
        """A plant whose members are valid; also checks the rules between them."""
        given = self.plants[index]
        lists = {name: given[key] for key, name in LISTS.items() if isinstance(given.get(key), list)}
        if members.cost_curve is not None:
            plant = plant.model_copy(update={"fuel": None, "cost": 0.0, "efficiency": None, "type": given["type"]})
            lists.pop("cost", None)
            members = members.model_copy(update={"no_load_cost": 0.0})
        over_time = OverTime(plant, lists, members)
        self.faults += faults_over_time(over_time, fuels, ("powerplants", index))
        return over_time

    def _model(self, model: type[Any], given: Mapping[str, Any], path: Place) -> Any:
        """A model of the members that are given; ``None`` where they have faults."""
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self._fault(*path, *details["loc"], detail=_words(details))
        return None

    # --- What is ignored ---------------------------------------------------------------------------------------------

    def _ignored(self) -> list[Fault]:
        return [*self._each_ignored()][:MOST_IGNORED]

    def _each_ignored(self) -> Iterator[Fault]:
        payload = self.payload
        known = {*FIELDS[0], *keys_of(Whole), "reserve", "market", "storages", "previous"}
        objects: list[tuple[Place, Mapping[str, Any], set[str]]] = [((), payload, known)]
        objects.append((("fuels",), payload.get("fuels") or {}, {*FIELDS[1]}))
        objects.append((("market",), self._given_market(), {*MARKET}))
        of_storages = {*keys_of(StorageMembers)}
        objects += [(("storages", i), each, of_storages) for i, each in enumerate(payload.get("storages") or [])]
        if payload.get("reserve") is not None:
            objects.append((("reserve",), payload["reserve"], {*RESERVE}))
        of_plants = {*FIELDS[2], *keys_of(PlantOverTime)}
        objects += [(("powerplants", i), plant, of_plants) for i, plant in enumerate(self.plants)]
        for path, members, names in objects:
            for key in members:
                if key not in names and not (path == ("fuels",) and is_fuel(key)):
                    yield Fault(pointer(*path, key), why_ignored(key, names))
        for i, plant in enumerate(self.plants):
            if plant.get("cost_curve") is not None:
                for key in CURVE_REPLACES:
                    if plant.get(key) is not None:
                        yield Fault(pointer("powerplants", i, key), "is ignored: cost_curve takes its place")


# --- Helpers ---------------------------------------------------------------------------------------------------------


def _is_too_late(start: datetime, duration: timedelta) -> bool:
    try:
        start.astimezone(UTC) + duration + timedelta(days=1)
    except OverflowError:
        return True
    return False


def _at(members: Mapping[str, Any], period: int) -> dict[str, Any]:
    """Members in one period."""
    return {key: value_at(value, period) for key, value in members.items()}


def _words(details: ErrorDetails) -> str:
    """One of pydantic's errors in plain words."""
    kind, limits = details["type"], details.get("ctx", {})
    if kind == "greater_than":
        return f"must be above {limits['gt']:g}"
    if kind == "greater_than_equal":
        return f"must be at least {limits['ge']:g}"
    if kind == "less_than_equal":
        return f"must be at most {limits['le']:g}"
    return _WORDS.get(kind, details["msg"])


_WORDS = {
    "missing": "is missing",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "literal_error": "must be 0 or 1",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": f"must have at most {MAX_NAME_LENGTH} characters",
    "string_pattern_mismatch": "must not be blank",
    "list_type": "must be a list of objects",
    "too_short": "must have at least one entry",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)
_MEGAWATTS: TypeAdapter[Any] = TypeAdapter(list[Megawatt], config=_STRICT)
_PRICES: TypeAdapter[Any] = TypeAdapter(list[Annotated[float, *Price.__metadata__]], config=_STRICT)
_PERCENTAGES: TypeAdapter[Any] = TypeAdapter(list[Annotated[float, *Percentage.__metadata__]], config=_STRICT)
_FEES: TypeAdapter[Any] = TypeAdapter(list[Annotated[float, Field(ge=0, le=MAX_PRICE)]], config=_STRICT)
_FLAGS: TypeAdapter[Any] = TypeAdapter(list[bool], config=_STRICT)
_LENGTH = TypeAdapter(timedelta)
