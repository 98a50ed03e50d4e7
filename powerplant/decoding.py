"""From the bytes of a body to a valid request, or to every fault that can be told, at once.

Faults inside one member are pydantic's to find; faults between members (two plants of one name, a pmin above its
pmax, a price that is needed and absent) are looked for here, on the JSON itself, so that they are told together
with the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TypeGuard
from urllib.parse import quote

from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import ProductionPlanRequest

UTF8_BOM = b"\xef\xbb\xbf"
FRAGMENT_SAFE = "/~!$&'()*+,;=:@?-._"
"""What RFC 3986 allows in a fragment as it is, and the slash and tilde of RFC 6901."""

FUEL_KEYS = {
    "gasfired": ("gas(euro/MWh)",),
    "turbojet": ("kerosine(euro/MWh)", "kerosine(euro/Mwh)"),
    "windturbine": ("wind(%)",),
}
CO2_KEY = "co2(euro/ton)"


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
    try:
        payload = from_json(body.removeprefix(UTF8_BOM))
    except ValueError as error:
        raise MalformedPayload(f"The body is not JSON: {error}.") from None
    plants = payload.get("powerplants") if isinstance(payload, dict) else None
    if isinstance(plants, list) and len(plants) > max_plants:
        raise InvalidPayload([Fault("#/powerplants", f"must have at most {max_plants} power plants")])
    between = faults_between(payload, co2=co2)
    try:
        request = ProductionPlanRequest.model_validate(payload)
    except ValidationError as error:
        inside = [_fault(details) for details in error.errors(include_url=False)]
        raise InvalidPayload(list(dict.fromkeys(inside + between))) from None
    if between:
        raise InvalidPayload(between)
    return request


def pointer(*path: str | int) -> str:
    """An RFC 6901 pointer as a URI fragment: ``#/fuels/gas(euro~1MWh)``."""
    tokens = (str(token).replace("~", "~0").replace("/", "~1") for token in path)
    return "#" + "".join("/" + quote(token, safe=FRAGMENT_SAFE) for token in tokens)


def faults_between(payload: Any, *, co2: bool) -> list[Fault]:
    """The faults between members, as far as the members are there and of their kinds."""
    if not isinstance(payload, dict):
        return []
    fuels, plants = payload.get("fuels"), payload.get("powerplants")
    listed = plants if isinstance(plants, list) else []
    faults = list(_faults_between_plants(listed))
    if isinstance(fuels, dict):
        types = {str(plant.get("type")) for plant in listed if isinstance(plant, dict)}
        faults += _faults_of_fuels(fuels, types, co2=co2)
    return faults


def _faults_between_plants(plants: list[Any]) -> Iterator[Fault]:
    first_of: dict[str, int] = {}
    for index, plant in enumerate(plants):
        if not isinstance(plant, dict):
            continue
        name, pmin, pmax = plant.get("name"), plant.get("pmin"), plant.get("pmax")
        if isinstance(name, str) and name and first_of.setdefault(name, index) != index:
            same = pointer("powerplants", first_of[name], "name")
            yield Fault(pointer("powerplants", index, "name"), f"is the name of another power plant ({same})")
        if plant.get("type") == "windturbine" or not (_is_number(pmin) and _is_number(pmax)):
            continue
        if pmin > pmax:
            yield Fault(pointer("powerplants", index, "pmin"), "must not be above pmax")


def _faults_of_fuels(fuels: dict[str, Any], types: set[str], *, co2: bool) -> Iterator[Fault]:
    needed = [(FUEL_KEYS[type_], type_) for type_ in sorted(types & FUEL_KEYS.keys())]
    if co2 and "gasfired" in types:
        needed.append(((CO2_KEY,), "gasfired"))
    for keys, type_ in needed:
        if all(fuels.get(key) is None for key in keys):
            yield Fault(pointer("fuels", keys[0]), f"is missing, and {type_} power plants need it")
    one, other = FUEL_KEYS["turbojet"]
    if fuels.get(one) is not None and fuels.get(other) is not None and fuels[one] != fuels[other]:
        yield Fault(pointer("fuels", other), f"differs from {one}: the two are one price")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fault(details: ErrorDetails) -> Fault:
    """One of pydantic's errors, in words that a trader understands, at its place in the payload."""
    kind, context = details["type"], details.get("ctx", {})
    path = [*details["loc"]]
    if path[:1] == ["powerplants"] and len(path) > 2:
        del path[2]  # pydantic names the member of the union there, the payload does not
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        path.append("type")
    limits = {name: f"{Decimal(repr(limit)).normalize():f}" for name, limit in context.items() if _is_number(limit)}
    return Fault(pointer(*path), _WORDS.get(kind, details["msg"]).format(**limits))


_WORDS = {
    "missing": "is missing",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_type": "must be a text",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "list_type": "must be a list",
    "too_short": "must have at least one power plant",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "dict_type": "must be an object",
    "union_tag_not_found": "is missing: gasfired, turbojet or windturbine",
    "union_tag_invalid": "must be gasfired, turbojet or windturbine",
}
