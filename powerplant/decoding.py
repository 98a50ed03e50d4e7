"""From the bytes of a body to a valid request, or to a list of its faults.

Nearly every body is valid: pydantic reads it directly, and the rules between members are checked once. If anything is
wrong, the body is read again as plain JSON, and all faults are listed. Faults inside one member are found by pydantic;
faults between members (two plants with one name, pmin above pmax, a price that a plant needs and that is missing) are
found by :func:`faults_between`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeGuard
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, from_json

from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import (
    BEYOND_LIMITS,
    FIELDS,
    FUEL_KEYS,
    MAX_NAME_LENGTH,
    Fuels,
    PowerPlant,
    ProductionPlanRequest,
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
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}")])
    fuels, plants = payload.get("fuels"), payload.get("powerplants")
    if isinstance(plants, list) and len(plants) > max_plants:
        raise InvalidPayload([Fault("#/powerplants", f"must have at most {max_plants} power plants")])
    request, faults = None, []
    try:
        request = ProductionPlanRequest.model_validate(payload)
    except ValidationError as error:
        faults = list(_faults_inside(error, plants))
    wrong = {fault.pointer for fault in faults}
    listed = list(_listed(plants, wrong)) if isinstance(plants, list) else []
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
    if body.startswith(UTF16_BOMS) or b"\0" in body[:4]:
        raise MalformedPayload("The body is not in UTF-8; it looks like UTF-16 or UTF-32. Send it in UTF-8.")
    if body.startswith(b"--") and b"form-data" in body[:_LENGTH_OF_A_HEAD]:
        raise MalformedPayload(
            "The body is not JSON: it is a form (multipart). Send the file itself as the body; "
            "with curl, that is --data-binary @FILE instead of -F."
        )
    try:
        return from_json(body)
    except ValueError as error:
        hint = ""
        if "trailing characters" in str(error) and _SEVERAL.search(body):
            hint = SEVERAL_PAYLOADS
        raise MalformedPayload(f"The body is not JSON: {_in_words(str(error), body)}.{hint}") from None


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


def _faults_inside(error: ValidationError, plants: Any) -> Iterator[Fault]:
    """All faults inside members, from the validation error of a payload, which has only the first of its plants."""
    is_of_plant = False
    for details in error.errors(include_url=False):
        is_of_plant = details["loc"][0] == "powerplants" and len(details["loc"]) > 1
        if is_of_plant:
            break
        yield _fault(details["type"], [*details["loc"]], details["input"], details["msg"])
    for index, plant in enumerate(plants if is_of_plant else ()):  # one by one, since each error takes much memory
        for details in _errors_of_plant(plant):
            path = details["loc"][1:]  # without the type of the plant, which the payload does not have there
            yield _fault(details["type"], ["powerplants", index, *path], details["input"], details["msg"])


def _errors_of_plant(plant: Any) -> list[ErrorDetails]:
    """What is wrong with a plant; behind a wrong type also what is wrong with its other members."""
    try:
        _PLANT.validate_python(plant)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        if errors[0]["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            meant = type_meant(plant.get("type"))
            others = _errors_of_plant(plant | {"type": meant or TYPES[0]})
            errors += [details for details in others if meant or details["type"] != "missing"]
        return errors
    return []


def type_meant(value: Any) -> str | None:
    """The type of power plant that a wrong type was probably meant to be."""
    if not isinstance(value, str):
        return None
    text = value[:_LONGEST_SLIP].casefold()
    known = (type_ for type_, words in _WORDS_FOR_TYPES.items() if any(word in text for word in words))
    return next(known, None) or next(iter(get_close_matches(text, TYPES, 1)), None)


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
    if kind in {"missing", "union_tag_not_found"} and (meant := _mistaken_for(key, value)) is not None:
        return f"{_WORDS[kind]}; {meant} is not a known key; did you mean {key}?"
    if kind == "union_tag_invalid" and (type_ := type_meant(value.get("type"))):
        return f"{_WORDS[kind]}; did you mean {type_}?"
    return _WORDS.get(kind)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # NaN is not a number


def _mistaken_for(key: str, given: Mapping[str, Any]) -> str | None:
    """A key that was probably meant to be this one: it begins alike, and is not a known key itself."""
    alike = (other for other in given if len(other) <= _LONGEST_SLIP and other.strip().casefold().startswith(key[:3]))
    return next((other for other in alike if other not in FIELDS), None)


_PLANT: TypeAdapter[PowerPlant] = TypeAdapter(PowerPlant)
TYPES = ("gasfired", "turbojet", "windturbine")
_WORDS_FOR_TYPES = {
    "gasfired": ("gas", "ccgt", "ocgt", "combined cycle"),
    "turbojet": ("jet", "kerosin", "kerosen"),
    "windturbine": ("wind",),
}
"""Words in the types of other programs."""

_LONGEST_SLIP = 40
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
    "union_tag_invalid": "must be gasfired, turbojet or windturbine",
}


# --- Faults between members ------------------------------------------------------------------------------------------


Listed = tuple[int, str | None, Any, float | None, float | None]
"""A power plant for the rules between members: index, name, type, pmin, pmax; ``None`` if missing, wrong or ignored."""


_NEEDED_FUELS = [
    ("gasfired", [FUEL_KEYS["gas"]]),
    ("turbojet", [FUEL_KEYS["kerosine"], FUEL_KEYS["kerosine_other_spelling"]]),
    ("windturbine", [FUEL_KEYS["wind"]]),
]
"""The fuel that each type of power plant needs; several keys are spellings of one fuel."""


def faults_between(
    plants: Sequence[Listed], fuels: Mapping[str, Any] | None, wrong: Collection[str] = (), *, co2: bool
) -> Iterator[Fault]:
    """The faults between members.

    Args:
        plants: the power plants.
        fuels: prices and wind by the keys of the payload; ``None`` if they are not an object.
        wrong: pointers to members that have a fault of their own.
        co2: whether CO2 counts, so that its price is needed.
    """
    first_of: dict[str, int] = {}
    for index, name, _, pmin, pmax in plants:
        if name is not None and first_of.setdefault(name, index) != index:
            first = pointer("powerplants", first_of[name], "name")
            yield Fault(pointer("powerplants", index, "name"), f"is the name of another power plant ({first})")
        if pmin is not None and pmax is not None and pmin > pmax:
            yield Fault(pointer("powerplants", index, "pmin"), "must not be above pmax")
    if fuels is not None:
        types = {plant[2] for plant in plants if isinstance(plant[2], str)}
        yield from faults_of_fuels(types, fuels, wrong, co2=co2)


def faults_of_fuels(
    types: Collection[str], fuels: Mapping[str, Any], wrong: Collection[str] = (), *, co2: bool
) -> Iterator[Fault]:
    """The faults between the types of the power plants and the fuels; arguments as for :func:`faults_between`."""
    needed = [(type_, keys) for type_, keys in _NEEDED_FUELS if type_ in types]
    if co2 and "gasfired" in types:
        needed.append(("gasfired", [FUEL_KEYS["co2"]]))
    for type_, keys in needed:
        if all(fuels.get(key) is None for key in keys):
            meant = _mistaken_for(keys[0], fuels)
            hint = "" if meant is None else f"; {meant} is not a known fuel; did you mean {keys[0]}?"
            yield Fault(pointer("fuels", keys[0]), f"is missing, and {type_} power plants need it{hint}")
    spellings = _NEEDED_FUELS[1][1]
    one, other = map(fuels.get, spellings)
    if one is not None and other is not None and one != other:
        this, that = (pointer("fuels", key) for key in spellings)
        if this not in wrong and that not in wrong:
            yield Fault(that, f"differs from {spellings[0]}: both are the price of kerosine")


def fuels_by_key(fuels: Fuels) -> dict[str, float | None]:
    """Prices and wind by the keys of the payload."""
    return {key: getattr(fuels, name) for name, key in FUEL_KEYS.items()}


def _has_faults(request: ProductionPlanRequest, *, co2: bool) -> bool:
    plants: list[Listed] = [
        (index, plant.name, plant.type, None, None)
        if plant.type == "windturbine"
        else (index, plant.name, plant.type, plant.pmin, plant.pmax)
        for index, plant in enumerate(request.powerplants)
    ]
    return any(faults_between(plants, fuels_by_key(request.fuels), co2=co2))


def _listed(plants: list[Any], wrong: Collection[str]) -> Iterator[Listed]:
    """The power plants of plain JSON, without the members that are wrong."""
    for index, plant in enumerate(plants):
        if not isinstance(plant, dict):
            continue
        name, pmin, pmax = (
            None if pointer("powerplants", index, key) in wrong else plant.get(key) for key in ("name", "pmin", "pmax")
        )
        if not (_is_number(pmin) and _is_number(pmax)) or plant.get("type") == "windturbine":
            pmin = pmax = None
        yield index, name if isinstance(name, str) else None, plant.get("type"), pmin, pmax
