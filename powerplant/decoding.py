"""From the bytes of a body to a valid request, or to a list of its faults.

Nearly every body is valid: pydantic reads it directly, and the rules between members are checked once. If anything is
wrong, the body is read again as plain JSON, and all faults are listed. Faults inside one member are found by pydantic;
faults between members (two plants with one name, pmin above pmax, a price that a plant needs and that is missing) are
found by :func:`faults_between`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, NamedTuple, TypeGuard
from urllib.parse import quote

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.horizon.models import PlantOverTime, Whole
from powerplant.models import (
    BEYOND_LIMITS,
    FIELDS,
    FUEL_KEYS,
    MAX_NAME_LENGTH,
    TYPES,
    CurtailableWindTurbine,
    Fuels,
    GasFired,
    OtherPlant,
    PowerPlant,
    ProductionPlanRequest,
    Turbojet,
    WindTurbine,
    keys_of,
    price_key,
    profile_key,
)

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""UTF-32 begins with one of them too, or with a zero byte."""

WHITE_SPACE = b" \t\r\n"
"""White space in JSON."""

FRAGMENT_SAFE = "/~!$&'()*+,;=:@?-._"
"""Characters that RFC 3986 allows in a fragment, and the slash and tilde of RFC 6901."""

EXPECTED = "an object with load, fuels and powerplants"


def decode(body: bytes, *, co2: bool, max_plants: int) -> ProductionPlanRequest:
    """Read a body as a request for a production plan.

    Args:
        body: JSON in UTF-8; a byte order mark before it is ignored.
        co2: whether CO2 counts, so that its price is needed.
        max_plants: most power plants of a payload.

    Raises:
        MalformedPayload: the body is not JSON.
        InvalidPayload: it is JSON, but not a valid request.
    """
    try:
        request = ProductionPlanRequest.model_validate_json(body.removeprefix(UTF8_BOM))
    except ValidationError:
        request = None
    if request is None or len(request.powerplants) > max_plants or _has_faults(request, co2=co2):
        return decode_json(parse(body, EXPECTED), co2=co2, max_plants=max_plants)
    return request


def decode_json(payload: Any, *, co2: bool, max_plants: int) -> ProductionPlanRequest:
    """Turn plain JSON into a request, or list its faults; arguments as for :func:`decode`.

    Raises:
        InvalidPayload: it is not a valid request; lists every fault.
    """
    if not isinstance(payload, dict):
        hint = "; a list of payloads is a batch" if isinstance(payload, list) and payload else ""
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}{hint}")])
    fuels, plants = payload.get("fuels"), payload.get("powerplants")
    if isinstance(plants, list) and len(plants) > max_plants:
        raise InvalidPayload([Fault("#/powerplants", f"must have at most {max_plants} power plants")])
    try:
        request, faults = ProductionPlanRequest.model_validate(payload), []
    except ValidationError as error:
        request, faults = None, list(_faults_outside_plants(error))
    listed: list[Listed] = []
    for index, plant in enumerate(plants if isinstance(plants, list) else ()):
        own = list(_faults_of_plant(index, plant))
        faults += own
        if isinstance(plant, dict):
            listed.append(_listed(index, plant, {fault.pointer for fault in own}))
    wrong = {fault.pointer for fault in faults}
    faults += faults_between(listed, fuels if isinstance(fuels, dict) else None, wrong, co2=co2)
    if request is None or faults:
        raise InvalidPayload(faults)
    return request


def pointer(*path: str | int) -> str:
    """An RFC 6901 pointer as a URI fragment: ``#/fuels/gas(euro~1MWh)``."""
    tokens = (str(token).replace("~", "~0").replace("/", "~1") for token in path)
    return "#" + quote("".join("/" + token for token in tokens), safe=FRAGMENT_SAFE)


# --- Bytes to JSON ---------------------------------------------------------------------------------------------------


def parse(body: bytes, expected: str) -> Any:
    """Read JSON in UTF-8.

    Args:
        body: the bytes; a byte order mark before them is ignored.
        expected: what an empty body should have held, for the message.

    Raises:
        MalformedPayload: the bytes are not JSON.
    """
    body = body.removeprefix(UTF8_BOM).rstrip(WHITE_SPACE)
    if not body:
        raise MalformedPayload(f"The body is empty. It must be JSON: {expected}.")
    refuse_other_encodings(body)
    try:
        return from_json(body)
    except ValueError as error:
        hint = ""
        if "trailing characters" in str(error) and _SEVERAL.search(body):
            hint = SEVERAL_PAYLOADS
        raise MalformedPayload(f"The body is not JSON: {_in_words(str(error), body)}.{hint}") from None


def refuse_other_encodings(body: bytes) -> None:
    """Refuse a body in UTF-16 or UTF-32, and a form.

    Raises:
        MalformedPayload: it is one of these.
    """
    if body.startswith(UTF16_BOMS) or b"\0" in body[:4]:
        raise MalformedPayload("The body is not in UTF-8; it looks like UTF-16 or UTF-32. Send it in UTF-8.")
    if body.startswith(b"--") and b"form-data" in body[:_LENGTH_OF_A_HEAD]:
        raise MalformedPayload(
            "The body is not JSON: it is a form (multipart). Send the file itself as the body; "
            "with curl, that is --data-binary @FILE instead of -F."
        )


SEVERAL_PAYLOADS = (
    " Several payloads are a batch, for /productionplan/batch, with a line for each; "
    "curl keeps the line ends with --data-binary instead of -d."
)

_SEVERAL = re.compile(rb"\}\s*\{")
_LENGTH_OF_A_HEAD = 1000
"""Bytes in which a form says that it is one."""


def _in_words(message: str, body: bytes) -> str:
    """The parser's message in plainer words, with the text near the place (curl's ``-d`` removes all line ends)."""
    parts = re.fullmatch(r"(.+) at line (\d+) column (\d+)", message)
    if parts is None:
        return message
    what, line, column = parts[1], int(parts[2]), int(parts[3])
    place = sum(len(text) + 1 for text in body.split(b"\n")[: line - 1]) + column
    near = body[max(0, place - _LENGTH_SHOWN) : place + _LENGTH_SHOWN].decode(errors="replace")
    return f"{_JSON_WORDS.get(what, what)} at line {line} column {column}, near `{' '.join(near.split())}`"


_LENGTH_SHOWN = 20
"""Bytes shown on either side of the place."""

_JSON_WORDS = {
    "expected `,` or `}`": "`,` or `}` is expected",
    "expected `,` or `]`": "`,` or `]` is expected",
    "expected `:`": "`:` is expected",
    "EOF while parsing a value": "it ends too early",
    "EOF while parsing an object": "it ends too early",
    "EOF while parsing a list": "it ends too early",
    "EOF while parsing a string": "it ends too early",
    "invalid unicode code point": "a byte is not valid UTF-8",
    "key must be a string": "a key in double quotes is expected",
    "expected value": "a value is expected",
    "expected ident": "a value is expected",
    "trailing comma": "nothing follows a comma",
    "trailing characters": "more text follows after its end",
    "control character (\\u0000-\\u001F) found while parsing a string": "a string has a line end or control character",
    "number out of range": "a number has too many digits",
    "recursion limit exceeded": "it is nested too deeply",
}


# --- Faults inside members -------------------------------------------------------------------------------------------


def _faults_outside_plants(error: ValidationError) -> Iterator[Fault]:
    """The faults of all members but the power plants, from the validation error of a payload."""
    for details in error.errors(include_url=False):
        if details["loc"][0] != "powerplants" or len(details["loc"]) == 1:
            yield _fault(details["type"], [*details["loc"]], details["input"], details["msg"])


def _faults_of_plant(index: int, plant: Any) -> Iterator[Fault]:
    """What is wrong with the members of a plant."""
    for details in _errors_of_plant(plant):
        path = [*details["loc"]]
        if path and path[0] in TYPES:  # pydantic adds it; the payload does not have it there
            del path[0]
        yield _fault(details["type"], ["powerplants", index, *path], details["input"], details["msg"])


def _errors_of_plant(plant: Any) -> list[ErrorDetails]:
    """The errors of a plant; behind a wrong type also those of its other members."""
    model = _model_of(plant)
    try:
        (_CHALLENGE if model is None else _MODELS[model]).validate_python(plant)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        if errors[0]["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            meant = type_meant(plant.get("type", plant.get(_mistaken_for("type", plant))))
            given = {key: value for key, value in plant.items() if value is not None}
            others = _errors_of_plant(given | {"type": meant or TYPES[0]})
            errors += [
                each for each in others if meant or each["type"] != "missing" or each["loc"][-1] in _OF_ALL_TYPES
            ]
        return errors
    return []


def _model_of(plant: Any) -> type[PlantModel] | None:
    """The model for a power plant of plain JSON; ``None`` if it has no type that can be one."""
    type_ = plant.get("type") if isinstance(plant, dict) else None
    if not isinstance(type_, str):
        return None
    if type_ == "windturbine" and (plant.get("curtailable") is True or plant.get("fuel") is not None):
        return CurtailableWindTurbine
    if type_ in TYPES:
        return _OF_TYPE[type_]
    is_other = any(plant.get(key) is not None for key in _SOURCES) and not _is_slip(type_)
    return OtherPlant if is_other else None


def type_meant(value: Any) -> str | None:
    """The type of power plant that a wrong type was probably meant to be."""
    if not isinstance(value, str):
        return None
    text = value[:LONGEST_SLIP].casefold()
    known = (type_ for type_, words in _WORDS_FOR_TYPES.items() if any(word in text for word in words))
    return next(known, None) or next(iter(get_close_matches(text, TYPES, 1)), None)


def _is_slip(type_: str) -> bool:
    """Whether a type is one of the challenge in other capitals, or misspelt."""
    text = re.sub(r"[\s_-]", "", type_[:LONGEST_SLIP].casefold())
    return bool(get_close_matches(text, TYPES, 1, _ALIKE))


def _fault(kind: str, path: list[str | int], value: Any, message: str) -> Fault:
    """One of pydantic's errors in plain words, at its place in the payload."""
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        path.append("type")
    return Fault(pointer(*path), _words(kind, str(path[-1]), value) or message)


def _words(kind: str, key: str, value: Any) -> str | None:
    """What is wrong with the value of a key; for a missing key, ``value`` is the object that lacks it."""
    if key in BEYOND_LIMITS and _is_number(value):
        # pydantic does not say in which direction a number is beyond the range of a double; its sign does.
        too_small = kind == "greater_than_equal" or value < 0
        return BEYOND_LIMITS[key].too_small if too_small else BEYOND_LIMITS[key].too_large
    if kind == "float_type" and isinstance(value, str) and _NUMBER_IN_QUOTES.fullmatch(value):
        return f"must be a number, without quotes{' and with a decimal point' if ',' in value else ''}"
    if kind == "float_type" and key == "load" and isinstance(value, list):
        return "must be a number; a list of loads is a horizon, for /productionplan/horizon"
    if kind in {"missing", "union_tag_not_found"} and (meant := _mistaken_for(key, value)) is not None:
        return f"{_WORDS[kind]}; {meant} is not a known key; did you mean {key}?"
    if kind == "missing" and key == "load" and isinstance(value.get("hours"), list):
        return f"{_WORDS[kind]}; hours are a batch"
    if kind == "missing" and key == "load" and isinstance(value.get("payloads"), list):
        return f"{_WORDS[kind]}; payloads are a batch: send the list alone"
    if kind == "missing" and key == "fuels" and value.keys() & {*FUEL_KEYS.values()}:
        return f"{_WORDS[kind]}; prices and wind must be inside it"
    if kind == "union_tag_invalid" and (type_ := type_meant(value.get("type"))):
        return f"must be gasfired, turbojet or windturbine; did you mean {type_}?"
    if kind == "string_pattern_mismatch" and key in {"fuel", "profile"}:
        return "must not be blank, and have no parentheses"
    return _WORDS.get(kind)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # NaN is not a number


def _mistaken_for(key: str, given: Mapping[str, Any]) -> str | None:
    """A key that was probably meant to be this one: it begins alike, and is not a known key itself."""
    known = next((fields for fields in FIELDS if key in fields), FIELDS[1])
    alike = (other for other in given if len(other) <= LONGEST_SLIP and _letters(other).startswith(key[:3]))
    return next((other for other in alike if other not in known and other != key), None)


def _letters(key: str) -> str:
    return "".join(filter(str.isalnum, key.casefold()))


PlantModel = GasFired | Turbojet | WindTurbine | CurtailableWindTurbine | OtherPlant

_OF_TYPE: dict[str, type[PlantModel]] = {"gasfired": GasFired, "turbojet": Turbojet, "windturbine": WindTurbine}
_MODELS: dict[type[PlantModel], TypeAdapter[PlantModel]] = {
    model: TypeAdapter(model) for model in (*_OF_TYPE.values(), CurtailableWindTurbine, OtherPlant)
}
_ANY_TYPE = CurtailableWindTurbine, OtherPlant
_CHALLENGE: TypeAdapter[PlantModel] = TypeAdapter(
    Annotated[GasFired | Turbojet | WindTurbine, Field(discriminator="type")]
)

_SOURCES = ("fuel", "profile", "cost(euro/MWh)")
"""Members of which a plant of another type has at least one."""

_OF_ALL_TYPES = ("name", "pmax")
"""The members that a plant of each type needs."""
_WORDS_FOR_TYPES = {
    "gasfired": ("gas", "ccgt", "ocgt", "combined cycle"),
    "turbojet": ("jet", "kerosin", "kerosen"),
    "windturbine": ("wind",),
}
"""Words in the types of other programs."""

LONGEST_SLIP = 40
_ALIKE = 0.85
"""How alike a misspelt word and the right one are, as difflib counts it."""

_NUMBER_IN_QUOTES = re.compile(r"\s*[-+]?\d+([.,]\d+)?\s*")
_WORDS = {
    "missing": "is missing",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a string",
    "string_too_short": "must not be empty",
    "string_too_long": f"must have at most {MAX_NAME_LENGTH} characters",
    "string_pattern_mismatch": "must not be blank",
    "list_type": "must be a list of power plants",
    "too_short": "must have at least one power plant",
    "model_type": "must be an object with prices and wind",
    "model_attributes_type": "must be an object with name, type, efficiency, pmin and pmax",
    "union_tag_not_found": "is missing: gasfired, turbojet or windturbine",
    "union_tag_invalid": "must be gasfired, turbojet or windturbine, or the plant needs a fuel, a profile or "
    "cost(euro/MWh)",
    "bool_type": "must be true or false",
    "literal_error": "must be true or false",
}


# --- What is ignored -------------------------------------------------------------------------------------------------

HOURS_ONLY = {*keys_of(PlantOverTime), *keys_of(Whole), "market", "storages"}
"""Members that have a meaning only where hours depend on each other."""


def ignored_in(body: bytes) -> list[Fault]:
    """The members and keys of a valid payload that are not used: where they are, and why; at most a hundred."""
    payload = from_json(body.removeprefix(UTF8_BOM))
    objects: list[tuple[tuple[str | int, ...], Any, Collection[str]]] = [
        ((), payload, FIELDS[0]),
        (("fuels",), payload["fuels"], FIELDS[1]),
    ]
    objects += [(("powerplants", i), plant, FIELDS[2]) for i, plant in enumerate(payload["powerplants"])]
    return list(
        islice(
            (
                Fault(pointer(*path, key), why_ignored(key, known))
                for path, members, known in objects
                for key in members
                if key not in known and not (path == ("fuels",) and is_fuel(key))
            ),
            MOST_IGNORED,
        )
    )


def is_fuel(key: str) -> bool:
    """Whether a key has the form of a price or a profile of any name."""
    name, _, unit = key.partition("(")
    return bool(name.strip()) and unit in {"euro/MWh)", "%)"}


def why_ignored(key: str, known: Collection[str]) -> str:
    """Why a member or key is ignored, and what it was perhaps meant to be."""
    if key in HOURS_ONLY:
        return "is ignored: it has no meaning for a single hour"
    meant = get_close_matches(key[:LONGEST_SLIP], known, 1, _ALIKE)
    same = [other for other in known if other.casefold() == key.strip().casefold()]
    hint = f"; did you mean {(same or meant)[0]}?" if same or meant else ""
    return f"is ignored: it is not a known key{hint}"


MOST_IGNORED = 100
"""Most members that are listed as ignored."""


# --- Faults between members ------------------------------------------------------------------------------------------


class Needs(NamedTuple):
    """What a plant needs of the fuels.

    Attributes:
        type: its type, for messages.
        fuel, profile: their names; ``None`` without one.
        emits: whether it emits CO2, so that it needs the price of CO2 where that counts.
    """

    type: str
    fuel: str | None
    profile: str | None
    emits: bool

    @classmethod
    def of(cls, plant: PowerPlant) -> Needs:
        """The needs of a plant."""
        return cls(plant.type, plant.fuel, plant.profile, plant.tonnes > 0)


class Listed(NamedTuple):
    """A power plant for the rules between members; ``None`` for what is missing, wrong or ignored.

    Attributes:
        place: in the payload, from 0.
        name: its name.
        pmin, pmax: its limits in MW.
        needs: what it needs of the fuels.
        lacks: its members that its other members make necessary, and why.
    """

    place: int
    name: str | None
    pmin: float | None
    pmax: float | None
    needs: Needs | None
    lacks: Sequence[tuple[str, str]] = ()


KEROSINE = FUEL_KEYS["kerosine"], FUEL_KEYS["kerosine_other_spelling"]
"""Two spellings of one key."""


def faults_between(
    plants: Sequence[Listed], fuels: Mapping[str, Any] | None, wrong: Collection[str] = (), *, co2: bool
) -> Iterator[Fault]:
    """The faults between members.

    Args:
        plants: the power plants.
        fuels: prices and profiles by the keys of the payload; ``None`` if they are not an object.
        wrong: pointers to members that have a fault of their own.
        co2: whether CO2 counts, so that its price is needed.
    """
    first_of: dict[str, int] = {}
    for index, name, pmin, pmax, _, lacks in plants:
        if name is not None and first_of.setdefault(name, index) != index:
            first = pointer("powerplants", first_of[name], "name")
            yield Fault(pointer("powerplants", index, "name"), f"is the name of another power plant ({first})")
        if pmin is not None and pmax is not None and pmin > pmax:
            yield Fault(pointer("powerplants", index, "pmin"), "must not be above pmax")
        for key, why in lacks:
            yield Fault(pointer("powerplants", index, key), f"is missing, and {why}")
    if fuels is not None:
        needs = dict.fromkeys([plant.needs for plant in plants if plant.needs is not None])
        yield from faults_of_fuels(needs, fuels, wrong, co2=co2)


def faults_of_fuels(
    needs: Iterable[Needs], fuels: Mapping[str, Any], wrong: Collection[str] = (), *, co2: bool
) -> Iterator[Fault]:
    """The faults between what the power plants need and the fuels; other arguments as for :func:`faults_between`."""
    needed: dict[str, str] = {}
    for type_, fuel, profile, emits in needs:
        if fuel is not None:
            needed.setdefault(price_key(fuel), type_)
        if profile is not None:
            needed.setdefault(profile_key(profile), type_)
        if emits and co2:
            needed.setdefault(FUEL_KEYS["co2"], type_)
    for key in sorted([key for key in needed if _is_wrong(key, fuels)], key=_in_order_of_the_challenge):
        if fuels.get(key) is None:
            meant = _mistaken_for(key, fuels)
            hint = "" if meant is None else f"; {meant} is not a known fuel; did you mean {key}?"
            yield Fault(pointer("fuels", key), f"is missing, and {needed[key]} power plants need it{hint}")
        else:
            yield Fault(pointer("fuels", key), _wrong_with(key, fuels[key]) or "is not valid")
    one, other = map(fuels.get, KEROSINE)
    if one is not None and other is not None and one != other:
        this, that = (pointer("fuels", key) for key in KEROSINE)
        if this not in wrong and that not in wrong:
            yield Fault(that, f"differs from {KEROSINE[0]}: both are the price of kerosine")


def _is_wrong(key: str, fuels: Mapping[str, Any]) -> bool:
    """Whether a price or profile is missing, or has a fault that the model does not find."""
    value = fuels.get(key)
    if value is None:
        return key != KEROSINE[0] or fuels.get(KEROSINE[1]) is None
    return key not in FIELDS[1] and _wrong_with(key, value) is not None


def _in_order_of_the_challenge(key: str) -> int:
    return next((place for place, known in enumerate(_FIRST_KEYS) if key == known), len(_FIRST_KEYS))


_FIRST_KEYS = [FUEL_KEYS[name] for name in ("gas", "kerosine", "wind", "co2")]


def _wrong_with(key: str, value: Any) -> str | None:
    """What is wrong with the price or the profile of a name that the challenge does not have."""
    like = FUEL_KEYS["wind" if key.endswith("(%)") else "gas"]
    try:
        _FUELS.validate_python({like: value})
    except ValidationError as error:
        return _words(error.errors(include_url=False)[0]["type"], like, value)
    return None


_FUELS = TypeAdapter(Fuels)


def fuels_by_key(fuels: Fuels) -> dict[str, Any]:
    """Prices and profiles by the keys of the payload."""
    return {key: getattr(fuels, name) for name, key in FUEL_KEYS.items()} | (fuels.model_extra or {})


def _has_faults(request: ProductionPlanRequest, *, co2: bool) -> bool:
    """Whether a request that pydantic accepts may have faults; :func:`decode_json` then looks for them."""
    plants = request.powerplants
    names, needs = {plant.name for plant in plants}, set[Needs]()
    for plant in plants:
        needs.add(Needs(plant.type, plant.fuel, plant.profile, plant.tonnes > 0))
        if isinstance(plant, GasFired | Turbojet):
            if plant.pmin > plant.pmax:
                return True
        elif not isinstance(plant, WindTurbine) and (
            plant.least > plant.pmax
            or _lacks(plant.fuel, plant.profile, plant.efficiency, plant.pmin)
            or (isinstance(plant, OtherPlant) and not _is_other(plant))
        ):
            return True
    return len(names) < len(plants) or any(faults_of_fuels(needs, fuels_by_key(request.fuels), co2=co2))


def _is_other(plant: OtherPlant) -> bool:
    """Whether the type of a plant is a label, and not a slip or one of the challenge with a fault."""
    has_source = plant.fuel is not None or plant.profile is not None or "cost" in plant.model_fields_set
    return has_source and not _is_slip(plant.type)


def _lacks(fuel: str | None, profile: str | None, efficiency: Any, pmin: Any) -> list[tuple[str, str]]:
    """What a plant of any type lacks."""
    lacks = []
    if fuel is not None and efficiency is None:
        lacks.append(("efficiency", f"the plant burns {fuel}"))
    if profile is None and pmin is None:
        lacks.append(("pmin", "the plant has no profile"))
    return lacks


def _listed(index: int, plant: Mapping[str, Any], wrong: Collection[str]) -> Listed:
    """A power plant of plain JSON, without the members that are wrong."""
    model = _model_of(plant)
    defaults = {} if model is None else {key: field.default for key, field in keys_of(model).items()}
    keys = ("name", "pmin", "pmax", "fuel", "profile", "curtailable", "co2(ton/MWh)", "efficiency")
    right = [key for key in keys if pointer("powerplants", index, key) not in wrong]
    values = {key: plant.get(key) if plant.get(key) is not None else defaults.get(key) for key in right}
    name, pmin, pmax = values.get("name"), values.get("pmin"), values.get("pmax")
    fuel, profile = values.get("fuel"), values.get("profile")
    is_fixed = profile is not None and values.get("curtailable") is not True  # its pmin does not count
    if is_fixed or not (_is_number(pmin) and _is_number(pmax)):
        pmin_counts = pmax_counts = None
    else:
        pmin_counts, pmax_counts = pmin, pmax
    return Listed(
        index,
        name if isinstance(name, str) else None,
        pmin_counts,
        pmax_counts,
        None if model is None else Needs(plant["type"], fuel, profile, (values.get("co2(ton/MWh)") or 0) > 0),
        _lacks(fuel, profile, plant.get("efficiency"), plant.get("pmin")) if model in _ANY_TYPE else (),
    )
