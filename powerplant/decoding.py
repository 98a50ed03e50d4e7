"""From the bytes of a body to a valid request, or to every fault that can be told, at once.

There are two ways. Nearly every body is valid: pydantic reads those straight from their bytes, and what they say is
looked over once. Where anything is wrong, the body is read a second time, as JSON that can hold anything, and its
faults are told. Faults inside one member are pydantic's to find; faults between members (two plants of one name, a
pmin above its pmax, a price that is needed and absent) are looked for here, so that they are told together with the
others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any, TypeGuard
from urllib.parse import quote

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import BEYOND_LIMITS, FIELDS, FUEL_KEYS, MAX_NAME_LENGTH, Fuels, ProductionPlanRequest

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
"""UTF-32 begins with one of them too, or with a zero byte."""

WHITE_SPACE = b" \t\r\n"
"""What JSON takes for it."""

FRAGMENT_SAFE = "/~!$&'()*+,;=:@?-._"
"""What RFC 3986 allows in a fragment as it is, and the slash and tilde of RFC 6901."""

FUELS_OF = {
    "gasfired": [FUEL_KEYS["gas"]],
    "turbojet": [FUEL_KEYS["kerosine"], FUEL_KEYS["kerosine_other_spelling"]],
    "windturbine": [FUEL_KEYS["wind"]],
}
"""What each type of power plant needs a price of; several keys are spellings of one."""

EXPECTED = "an object with load, fuels and powerplants"


def decode(body: bytes, *, co2: bool, max_plants: int) -> ProductionPlanRequest:
    """Read a body as a request for a production plan.

    Args:
        body: JSON in UTF-8; a byte order mark before it is passed over.
        co2: whether CO2 counts, so that its price is needed.
        max_plants: how many power plants a payload may have.

    Raises:
        MalformedPayload: the body is not JSON.
        InvalidPayload: it is JSON, but no valid request.
    """
    request = _valid(body.removeprefix(UTF8_BOM), co2=co2, max_plants=max_plants)
    return decode_with_care(parse(body, EXPECTED), co2=co2, max_plants=max_plants) if request is None else request


def pointer(*path: str | int) -> str:
    """An RFC 6901 pointer as a URI fragment: ``#/fuels/gas(euro~1MWh)``."""
    tokens = (str(token).replace("~", "~0").replace("/", "~1") for token in path)
    return "#" + quote("".join("/" + token for token in tokens), safe=FRAGMENT_SAFE)


# --- A valid body ----------------------------------------------------------------------------------------------------


def _valid(body: bytes, *, co2: bool, max_plants: int) -> ProductionPlanRequest | None:
    """The request that a body is, unless something is wrong with it."""
    try:
        request = ProductionPlanRequest.model_validate_json(body)
    except ValidationError:
        return None
    plants = request.powerplants
    names: set[str] = set()
    types: set[str] = set()
    for plant in plants:
        names.add(plant.name)
        types.add(plant.type)
        if plant.type != "windturbine" and plant.pmin > plant.pmax:
            return None
    if len(names) < len(plants) or len(plants) > max_plants or not has_prices_for(types, request.fuels, co2=co2):
        return None
    return request


def has_prices_for(types: AbstractSet[str], fuels: Fuels, *, co2: bool) -> bool:
    """Whether every price that these types of power plant need is there, and kerosine has one price."""
    spellings = (fuels.kerosine, fuels.kerosine_other_spelling)
    if "gasfired" in types and (fuels.gas is None or (co2 and fuels.co2 is None)):
        return False
    if "turbojet" in types and spellings == (None, None):
        return False
    if "windturbine" in types and fuels.wind is None:
        return False
    return None in spellings or fuels.kerosine == fuels.kerosine_other_spelling


# --- A body with faults ----------------------------------------------------------------------------------------------


def decode_with_care(payload: Any, *, co2: bool, max_plants: int) -> ProductionPlanRequest:
    """The request that JSON is, once it is read.

    Args:
        payload: what :func:`parse` has made of a body.
        co2: whether CO2 counts, so that its price is needed.
        max_plants: how many power plants a payload may have.

    Raises:
        InvalidPayload: it is no valid request; all faults that can be told.
    """
    if not isinstance(payload, dict):
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}")])
    plants = payload.get("powerplants")
    if isinstance(plants, list) and len(plants) > max_plants:
        raise InvalidPayload([Fault("#/powerplants", f"must have at most {max_plants} power plants")])
    request, inside = _look_inside(payload)
    between = list(_faults_between(payload, {fault.pointer for fault in inside}, co2=co2))
    if request is None or between:
        raise InvalidPayload(inside + between)
    return request


# --- Bytes to JSON ---------------------------------------------------------------------------------------------------


def parse(body: bytes, expected: str) -> Any:
    """Read JSON in UTF-8.

    Args:
        body: the bytes; a byte order mark before them is passed over.
        expected: what is said to be expected where there is nothing.

    Raises:
        MalformedPayload: the bytes are not JSON.
    """
    body = body.removeprefix(UTF8_BOM).rstrip(WHITE_SPACE)
    if not body:
        raise MalformedPayload(f"The body is empty: JSON is expected, {expected}.")
    if body.startswith(UTF16_BOMS) or b"\0" in body[:4]:
        raise MalformedPayload("The body is not in UTF-8, but looks like UTF-16 or UTF-32: UTF-8 is expected.")
    try:
        return from_json(body)
    except ValueError as error:
        raise MalformedPayload(f"The body is not JSON: {_in_words(str(error), body)}.") from None


def _in_words(message: str, body: bytes) -> str:
    """What the parser says, in plainer words, and the text there: curl's ``-d`` takes all line ends away."""
    parts = re.fullmatch(r"(.+) at line (\d+) column (\d+)", message)
    if parts is None:
        return message
    what, line, column = parts[1], int(parts[2]), int(parts[3])
    place = sum(len(text) + 1 for text in body.split(b"\n")[: line - 1]) + column
    near = body[max(0, place - _LENGTH_SHOWN) : place + _LENGTH_SHOWN].decode(errors="replace")
    return f"{_JSON_WORDS.get(what, what)} at line {line} column {column}, near `{' '.join(near.split())}`"


_LENGTH_SHOWN = 20
"""Bytes on either side of the place."""

_JSON_WORDS = {
    "expected `,` or `}`": "`,` or `}` is expected",
    "expected `,` or `]`": "`,` or `]` is expected",
    "expected `:`": "`:` is expected",
    "EOF while parsing a value": "it ends too early",
    "EOF while parsing an object": "it ends too early",
    "EOF while parsing a list": "it ends too early",
    "EOF while parsing a string": "it ends too early",
    "invalid unicode code point": "a byte that is no UTF-8",
    "key must be a string": "a key in double quotes is expected",
    "expected value": "a value is expected",
    "expected ident": "a value is expected",
    "trailing comma": "a comma with nothing behind it",
    "trailing characters": "more follows after its end",
    "control character (\\u0000-\\u001F) found while parsing a string": "a line end or control character in a text",
    "number out of range": "a number with too many digits",
    "recursion limit exceeded": "it is nested too deeply",
}


# --- Faults inside members -------------------------------------------------------------------------------------------


def _look_inside(payload: dict[str, Any]) -> tuple[ProductionPlanRequest | None, list[Fault]]:
    try:
        return ProductionPlanRequest.model_validate(payload), []
    except ValidationError as error:
        return None, [_fault(details) for details in error.errors(include_url=False)]


def _fault(details: ErrorDetails) -> Fault:
    """One of pydantic's errors, in words that a trader understands, at its place in the payload."""
    kind, path = details["type"], [*details["loc"]]
    if path[:1] == ["powerplants"] and len(path) > 2:
        del path[2]  # pydantic names the member of the union there, the payload does not
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        path.append("type")
    return Fault(pointer(*path), _words(kind, str(path[-1]), details["input"]) or details["msg"])


def _words(kind: str, key: str, value: Any) -> str | None:
    """What is wrong with the value of a key; where it is missing, the value is the object that should have it."""
    if key in BEYOND_LIMITS and _is_number(value):
        # What no double holds is of neither kind, too small or too large, for pydantic; its sign tells.
        too_small = kind == "greater_than_equal" or value < 0
        return BEYOND_LIMITS[key].too_small if too_small else BEYOND_LIMITS[key].too_large
    if kind == "float_type" and isinstance(value, str) and _NUMBER_IN_QUOTES.fullmatch(value):
        return "must be a number, without quotes"
    if kind in {"missing", "union_tag_not_found"} and (meant := _mistaken_for(key, value)) is not None:
        return f"{_WORDS[kind]}; {meant} is not a known key, {key} is"
    return _WORDS.get(kind)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # NaN is no number


def _mistaken_for(key: str, given: dict[str, Any]) -> str | None:
    """The key that was probably meant to be this one: it begins alike, and means nothing else."""
    alike = (other for other in given if len(other) <= _LONGEST_SLIP and other.strip().casefold().startswith(key[:3]))
    return next((other for other in alike if other not in FIELDS), None)


_LONGEST_SLIP = 40
_NUMBER_IN_QUOTES = re.compile(r"\s*[-+]?\d+([.,]\d+)?\s*")
_WORDS = {
    "missing": "is missing",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "string_type": "must be a text",
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


def _faults_between(payload: dict[str, Any], wrong: set[str], *, co2: bool) -> Iterator[Fault]:
    """The faults between members, as far as they are there, of their kinds, and not wrong in themselves."""
    fuels, plants = payload.get("fuels"), payload.get("powerplants")
    listed = {i: plant for i, plant in enumerate(plants) if isinstance(plant, dict)} if isinstance(plants, list) else {}
    yield from _faults_between_plants(listed, wrong)
    if isinstance(fuels, dict):
        yield from _faults_of_fuels(fuels, {str(plant.get("type")) for plant in listed.values()}, wrong, co2=co2)


def _faults_between_plants(plants: dict[int, dict[str, Any]], wrong: set[str]) -> Iterator[Fault]:
    first_of: dict[str, int] = {}
    for index, plant in plants.items():
        name, pmin, pmax = plant.get("name"), plant.get("pmin"), plant.get("pmax")
        if isinstance(name, str) and first_of.setdefault(name, index) != index:
            this, first = (pointer("powerplants", i, "name") for i in (index, first_of[name]))
            if this not in wrong:
                yield Fault(this, f"is the name of another power plant ({first})")
        if plant.get("type") == "windturbine" or not (_is_number(pmin) and _is_number(pmax)):
            continue
        if pmin > pmax and wrong.isdisjoint(pointer("powerplants", index, key) for key in ("pmin", "pmax")):
            yield Fault(pointer("powerplants", index, "pmin"), "must not be above pmax")


def _faults_of_fuels(fuels: dict[str, Any], types: set[str], wrong: set[str], *, co2: bool) -> Iterator[Fault]:
    needed = [(FUELS_OF[type_], type_) for type_ in sorted(types & FUELS_OF.keys())]
    if co2 and "gasfired" in types:
        needed.append(([FUEL_KEYS["co2"]], "gasfired"))
    for keys, type_ in needed:
        if all(fuels.get(key) is None for key in keys):
            key = keys[0]
            meant = _mistaken_for(key, fuels)
            hint = "" if meant is None else f"; {meant} is not a known fuel, {key} is"
            yield Fault(pointer("fuels", key), f"is missing, and {type_} power plants need it{hint}")
    one, other = FUELS_OF["turbojet"]
    if fuels.get(one) is None or fuels.get(other) is None or fuels[one] == fuels[other]:
        return
    if wrong.isdisjoint(pointer("fuels", key) for key in (one, other)):
        yield Fault(pointer("fuels", other), f"differs from {one}: the two are one price")
