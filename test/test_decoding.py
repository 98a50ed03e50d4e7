"""From the bytes of a body to a valid request, or to a list of all of its faults."""

from __future__ import annotations

import codecs
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from strategies import payloads

from powerplant import decoding
from powerplant.decoding import decode, decode_json, parse, pointer, type_meant
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.models import GasFired, ProductionPlanRequest, Turbojet, WindTurbine

GAS, KEROSINE, KEROSINE_TOO = "gas(euro/MWh)", "kerosine(euro/MWh)", "kerosine(euro/Mwh)"
FUELS = {GAS: 13.4, KEROSINE: 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
GAS_PLANT = {"name": "gas", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460}
JET = {"name": "jet", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16}
WIND_PARK = {"name": "wind", "type": "windturbine", "pmax": 36}
REMOVED = object()


def payload(**changes: Any) -> dict[str, Any]:
    """A valid payload with one plant of each type, with some members changed."""
    return {"load": 480, "fuels": FUELS, "powerplants": [GAS_PLANT, JET, WIND_PARK]} | changes


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The valid payload with one value set, or REMOVED."""
    whole: dict[str, Any] = json.loads(json.dumps(payload()))
    parent: Any = whole
    for token in path[:-1]:
        parent = parent[token]
    if value is REMOVED:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return whole


def faults(payload: Any, *, co2: bool = True, max_plants: int = 100) -> list[tuple[str, str]]:
    """The faults of a payload, in their order; none if it is valid."""
    return faults_of_body(json.dumps(payload), co2=co2, max_plants=max_plants)


def faults_of_body(body: str, *, co2: bool = True, max_plants: int = 100) -> list[tuple[str, str]]:
    """The faults of a body."""
    try:
        decode(body.encode(), co2=co2, max_plants=max_plants)
    except InvalidPayload as error:
        return [(fault.pointer, fault.detail) for fault in error.faults]
    return []


def test_a_valid_payload_becomes_a_request() -> None:
    request = decode(json.dumps(payload()).encode(), co2=True, max_plants=3)
    assert request.load == 480
    assert (request.fuels.gas, request.fuels.kerosine, request.fuels.co2, request.fuels.wind) == (13.4, 50.8, 20, 60)
    assert request.powerplants == [
        GasFired(name="gas", type="gasfired", efficiency=0.53, pmin=100, pmax=460),
        Turbojet(name="jet", type="turbojet", efficiency=0.3, pmin=0, pmax=16),
        WindTurbine(name="wind", type="windturbine", pmax=36),
    ]


# --- Pointers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), "#"),
        (("load",), "#/load"),
        (("powerplants", 0, "pmin"), "#/powerplants/0/pmin"),
        (("fuels", "gas(euro/MWh)"), "#/fuels/gas(euro~1MWh)"),
        (("fuels", "wind(%)"), "#/fuels/wind(%25)"),
        (("a~b",), "#/a~0b"),
        (("~1",), "#/~01"),
        (("",), "#/"),
        (("a b", "ü", '"', "#"), "#/a%20b/%C3%BC/%22/%23"),
    ],
)
def test_a_pointer_is_a_uri_fragment(path: tuple[str | int, ...], expected: str) -> None:
    assert pointer(*path) == expected


# --- One fault at a time ---------------------------------------------------------------------------------------------

NO_TYPE = "must be gasfired, turbojet or windturbine, or the plant needs a fuel, a profile or cost(euro/MWh)"
PLACES: dict[str, tuple[str | int, ...]] = {
    "#/load": ("load",),
    "#/fuels": ("fuels",),
    "#/fuels/gas(euro~1MWh)": ("fuels", GAS),
    "#/fuels/kerosine(euro~1MWh)": ("fuels", KEROSINE),
    "#/fuels/co2(euro~1ton)": ("fuels", "co2(euro/ton)"),
    "#/fuels/wind(%25)": ("fuels", "wind(%)"),
    "#/powerplants": ("powerplants",),
    "#/powerplants/0/name": ("powerplants", 0, "name"),
    "#/powerplants/0/type": ("powerplants", 0, "type"),
    "#/powerplants/0/efficiency": ("powerplants", 0, "efficiency"),
    "#/powerplants/0/pmin": ("powerplants", 0, "pmin"),
    "#/powerplants/0/pmax": ("powerplants", 0, "pmax"),
    "#/powerplants/1/efficiency": ("powerplants", 1, "efficiency"),
    "#/powerplants/1/pmin": ("powerplants", 1, "pmin"),
    "#/powerplants/2/name": ("powerplants", 2, "name"),
    "#/powerplants/2/pmax": ("powerplants", 2, "pmax"),
}
NUMBERS = [place for place in PLACES if place.rsplit("/")[-1] not in {"fuels", "powerplants", "name", "type"}]


@pytest.mark.parametrize(
    ("place", "needed_by"),
    [
        ("#/load", None),
        ("#/fuels", None),
        ("#/fuels/gas(euro~1MWh)", "gasfired"),
        ("#/fuels/kerosine(euro~1MWh)", "turbojet"),
        ("#/fuels/co2(euro~1ton)", "gasfired"),
        ("#/fuels/wind(%25)", "windturbine"),
        ("#/powerplants", None),
        ("#/powerplants/0/name", None),
        ("#/powerplants/0/efficiency", None),
        ("#/powerplants/0/pmin", None),
        ("#/powerplants/0/pmax", None),
        ("#/powerplants/1/efficiency", None),
        ("#/powerplants/1/pmin", None),
        ("#/powerplants/2/name", None),
        ("#/powerplants/2/pmax", None),
    ],
)
def test_the_pointer_of_a_missing_member_is_where_it_belongs(place: str, needed_by: str | None) -> None:
    words = "is missing" if needed_by is None else f"is missing, and {needed_by} power plants need it"
    assert faults(changed(PLACES[place], REMOVED)) == [(place, words)]


@pytest.mark.parametrize("value", ["high", "", True, False, [], {}, [1], float("nan")])
@pytest.mark.parametrize("place", NUMBERS)
def test_another_type_is_not_a_number(place: str, value: Any) -> None:
    is_horizon = place == "#/load" and isinstance(value, list)
    hint = "; a list of loads is a horizon, for /productionplan/horizon" if is_horizon else ""
    assert faults(changed(PLACES[place], value)) == [(place, f"must be a number{hint}")]


@pytest.mark.parametrize("value", ["910", "-910", "0.53", "0,53", " 1 "])
@pytest.mark.parametrize("place", NUMBERS)
def test_for_a_number_in_quotes_the_message_says_so(place: str, value: str) -> None:
    more = " and with a decimal point" if "," in value else ""
    assert faults(changed(PLACES[place], value)) == [(place, f"must be a number, without quotes{more}")]


@pytest.mark.parametrize("place", [place for place in NUMBERS if not place.startswith("#/fuels")])
def test_null_is_not_a_number(place: str) -> None:
    assert faults(changed(PLACES[place], None)) == [(place, "must be a number")]


MEGAWATT = ("must be at least 0", "must be at most 1000000 MW")
PRICE = ("must be at least -1000000 euro", "must be at most 1000000 euro")
BEYOND_LIMITS = {
    "load": MEGAWATT,
    "pmin": MEGAWATT,
    "pmax": MEGAWATT,
    "gas(euro~1MWh)": PRICE,
    "kerosine(euro~1MWh)": PRICE,
    "co2(euro~1ton)": PRICE,
    "wind(%25)": ("must be at least 0", "must be at most 100"),
    "efficiency": ("must be above 0 (at least 0.000001)", "must be at most 1: a fraction, 0.53 for 53 %"),
}


@pytest.mark.parametrize("number", ["1e400", "1" + "0" * 400, "Infinity", "1e300", "10000000"])
@pytest.mark.parametrize("place", NUMBERS)
def test_a_number_beyond_its_limits_has_one_message_also_beyond_the_range_of_a_double(place: str, number: str) -> None:
    body = json.dumps(changed(PLACES[place], "?"))
    too_small, too_large = BEYOND_LIMITS[place.rpartition("/")[2]]
    assert faults_of_body(body.replace('"?"', number)) == [(place, too_large)]
    assert faults_of_body(body.replace('"?"', "-" + number)) == [(place, too_small)]


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("#/load", -0.1, "must be at least 0"),
        ("#/load", 1_000_000.1, "must be at most 1000000 MW"),
        ("#/fuels/gas(euro~1MWh)", 1_000_000.1, "must be at most 1000000 euro"),
        ("#/fuels/gas(euro~1MWh)", -1_000_000.1, "must be at least -1000000 euro"),
        ("#/fuels/kerosine(euro~1MWh)", 1e300, "must be at most 1000000 euro"),
        ("#/fuels/co2(euro~1ton)", -1e300, "must be at least -1000000 euro"),
        ("#/fuels/wind(%25)", -0.1, "must be at least 0"),
        ("#/fuels/wind(%25)", 100.1, "must be at most 100"),
        ("#/powerplants", [], "must have at least one power plant"),
        ("#/powerplants", {}, "must be a list of power plants"),
        ("#/powerplants", None, "must be a list of power plants"),
        ("#/powerplants", "none", "must be a list of power plants"),
        ("#/fuels", [], "must be an object with prices and wind"),
        ("#/fuels", None, "must be an object with prices and wind"),
        ("#/fuels", 3, "must be an object with prices and wind"),
        ("#/powerplants/0/name", "", "must not be empty"),
        ("#/powerplants/0/name", " ", "must not be blank"),
        ("#/powerplants/0/name", "\t\n\u00a0\u3000", "must not be blank"),
        ("#/powerplants/0/name", 7, "must be a string"),
        ("#/powerplants/0/name", None, "must be a string"),
        ("#/powerplants/0/name", "x" * 201, "must have at most 200 characters"),
        ("#/powerplants/0/type", "nuclear", NO_TYPE),
        ("#/powerplants/0/type", "gas-fired", "must be gasfired, turbojet or windturbine; did you mean gasfired?"),
        ("#/powerplants/0/type", "Gasfired", "must be gasfired, turbojet or windturbine; did you mean gasfired?"),
        ("#/powerplants/0/type", "{pmin}", NO_TYPE),
        ("#/powerplants/0/type", None, NO_TYPE),
        ("#/powerplants/0/type", ["gasfired"], NO_TYPE),
        ("#/powerplants/0/type", {}, NO_TYPE),
        ("#/powerplants/0/type", 1, NO_TYPE),
        ("#/powerplants/0/type", REMOVED, "is missing: gasfired, turbojet or windturbine"),
        ("#/powerplants/0/efficiency", 0, "must be above 0 (at least 0.000001)"),
        ("#/powerplants/0/efficiency", -0.5, "must be above 0 (at least 0.000001)"),
        ("#/powerplants/0/efficiency", 0.0000009, "must be above 0 (at least 0.000001)"),
        ("#/powerplants/0/efficiency", 53, "must be at most 1: a fraction, 0.53 for 53 %"),
        ("#/powerplants/0/efficiency", 1.01, "must be at most 1: a fraction, 0.53 for 53 %"),
        ("#/powerplants/0/pmin", -0.1, "must be at least 0"),
        ("#/powerplants/0/pmin", 460.01, "must not be above pmax"),
        ("#/powerplants/0/pmax", 1_000_000.1, "must be at most 1000000 MW"),
        ("#/powerplants/2/pmax", -1, "must be at least 0"),
    ],
)
def test_each_fault_has_its_message(place: str, value: Any, words: str) -> None:
    assert faults(changed(PLACES[place], value)) == [(place, words)]


@pytest.mark.parametrize(
    ("type_", "meant"),
    [
        ("Natural Gas", "gasfired"),
        ("CCGT", "gasfired"),
        ("gasfried", "gasfired"),
        ("Turbo Jet", "turbojet"),
        ("kerosene", "turbojet"),
        ("WIND", "windturbine"),
        ("offshore wind", "windturbine"),
        ("wnidturbine", "windturbine"),
        ("coal", None),
        ("solar", None),
        ("x" * 10_000, None),
        (["gasfired"], None),
    ],
)
def test_a_type_that_was_probably_meant_is_named(type_: Any, meant: str | None) -> None:
    assert type_meant(type_) == meant


def test_faults_behind_a_wrong_type_are_listed_too() -> None:
    """As those of the type that was meant; without one, what every type needs."""
    plant = {"name": "", "type": "gasfried", "efficiency": 53, "pmin": "100", "pmax": 10}
    assert [place for place, _ in faults(payload(powerplants=[plant]))] == [
        f"#/powerplants/0/{key}" for key in ("type", "name", "efficiency", "pmin")
    ]
    solar = {"type": "solar", "pmax": -1}
    assert [place for place, _ in faults(payload(powerplants=[solar]))] == [
        f"#/powerplants/0/{key}" for key in ("type", "name", "pmax")
    ]
    assert [place for place, _ in faults(payload(powerplants=[{"type": "wind"}]))] == [
        f"#/powerplants/0/{key}" for key in ("type", "name", "pmax")
    ]


@pytest.mark.parametrize("whole", [None, 1, "text", True, []])
def test_a_payload_must_be_an_object(whole: Any) -> None:
    assert faults(whole) == [("#", "must be an object with load, fuels and powerplants")]


@pytest.mark.parametrize("plant", [None, 1, "gas", True, []])
def test_a_plant_must_be_an_object(plant: Any) -> None:
    words = "must be an object with name, type, efficiency, pmin and pmax"
    assert faults(payload(powerplants=[GAS_PLANT, plant])) == [("#/powerplants/1", words)]


@pytest.mark.parametrize(
    ("key", "place", "meant"),
    [
        ("Load", ("load",), "#/load"),
        ("fuel", ("fuels",), "#/fuels"),
        ("power_plants", ("powerplants",), "#/powerplants"),
        ("pMin", ("powerplants", 0, "pmin"), "#/powerplants/0/pmin"),
        ("p_min", ("powerplants", 0, "pmin"), "#/powerplants/0/pmin"),
        ("efficiency(%)", ("powerplants", 1, "efficiency"), "#/powerplants/1/efficiency"),
        (" name", ("powerplants", 2, "name"), "#/powerplants/2/name"),
    ],
)
def test_a_misspelt_key_is_named(key: str, place: tuple[str | int, ...], meant: str) -> None:
    whole = changed(place, REMOVED)
    parent: Any = whole
    for token in place[:-1]:
        parent = parent[token]
    parent[key] = 1
    assert faults(whole) == [(meant, f"is missing; {key} is not a known key; did you mean {place[-1]}?")]


def test_a_misspelt_type_is_named() -> None:
    plant = {"Type" if key == "type" else key: value for key, value in GAS_PLANT.items()}
    words = "is missing: gasfired, turbojet or windturbine; Type is not a known key; did you mean type?"
    assert faults(payload(powerplants=[plant])) == [("#/powerplants/0/type", words)]
    capitals = {key.capitalize(): value for key, value in GAS_PLANT.items()}
    assert [place for place, _ in faults(payload(powerplants=[capitals]))] == [
        f"#/powerplants/0/{key}" for key in ("type", "name", "efficiency", "pmin", "pmax")
    ]


def test_a_batch_in_the_place_of_a_payload_is_named() -> None:
    expected = "must be an object with load, fuels and powerplants"
    assert faults([payload()]) == [("#", f"{expected}; a list of payloads is a batch")]
    assert faults([]) == [("#", expected)]
    hours = {"powerplants": [GAS_PLANT], "hours": [{"load": 480}]}
    assert faults(hours) == [("#/load", "is missing; hours are a batch"), ("#/fuels", "is missing")]


def test_prices_that_are_not_inside_fuels_are_named() -> None:
    flat = {"load": 480, **payload()["fuels"], "powerplants": [GAS_PLANT]}
    assert faults(flat) == [("#/fuels", "is missing; prices and wind must be inside it")]


@pytest.mark.parametrize("key", ["minimum", "xload", "", "loa" * 1000, "pmax"])
def test_a_key_that_is_not_similar_or_is_known_is_not_named(key: str) -> None:
    whole = changed(("load",), REMOVED) | {key: 1}
    assert faults(whole) == [("#/load", "is missing")]


# --- Faults between members ------------------------------------------------------------------------------------------


def test_each_repeated_name_is_a_fault_that_points_to_the_first() -> None:
    twice = payload(powerplants=[GAS_PLANT, JET | {"name": "gas"}, WIND_PARK, GAS_PLANT])
    words = "is the name of another power plant (#/powerplants/0/name)"
    assert faults(twice) == [("#/powerplants/1/name", words), ("#/powerplants/3/name", words)]


def test_names_are_compared_character_by_character() -> None:
    names = ["a", "A", " a", "a ", "\u00e5", "a\u030a"]
    assert faults(payload(powerplants=[WIND_PARK | {"name": name} for name in names])) == []


def test_a_repeated_name_is_found_in_plants_with_other_faults() -> None:
    found = faults(payload(powerplants=[{"name": "x"}, {"name": "x", "type": "solar"}]))
    assert ("#/powerplants/1/name", "is the name of another power plant (#/powerplants/0/name)") in found
    assert len(found) == 5


def test_pmin_and_efficiency_of_a_wind_turbine_are_ignored() -> None:
    assert faults(payload(powerplants=[WIND_PARK | {"pmin": 1000, "efficiency": "none"}])) == []


def test_a_price_that_no_plant_needs_may_be_absent_or_null() -> None:
    assert faults(payload(fuels={"wind(%)": 60}, powerplants=[WIND_PARK])) == []
    assert faults(payload(fuels={KEROSINE: 1, GAS: None}, powerplants=[JET])) == []
    assert faults(payload(fuels={GAS: 1}, powerplants=[GAS_PLANT]), co2=False) == []
    assert faults(payload(fuels={GAS: 1}, powerplants=[GAS_PLANT])) == [
        ("#/fuels/co2(euro~1ton)", "is missing, and gasfired power plants need it")
    ]


def test_a_price_that_no_plant_needs_must_be_valid() -> None:
    found = faults(payload(fuels={"wind(%)": 60, GAS: "cheap"}, powerplants=[WIND_PARK]))
    assert found == [("#/fuels/gas(euro~1MWh)", "must be a number")]


@pytest.mark.parametrize(
    ("key", "other", "needed_by"),
    [
        (GAS, "gas(euro/MWH)", "gasfired"),
        (GAS, "Gas price", "gasfired"),
        (KEROSINE, "kerosene(euro/MWh)", "turbojet"),
        ("co2(euro/ton)", "CO2(euro/ton)", "gasfired"),
        ("wind(%)", "wind", "windturbine"),
        ("wind(%)", " Wind (%)", "windturbine"),
    ],
)
def test_a_misspelt_fuel_is_named(key: str, other: str, needed_by: str) -> None:
    fuels = {other if fuel == key else fuel: price for fuel, price in FUELS.items()}
    words = f"is missing, and {needed_by} power plants need it; {other} is not a known fuel; did you mean {key}?"
    assert faults(payload(fuels=fuels)) == [(pointer("fuels", key), words)]


def test_a_misspelt_fuel_that_no_plant_needs_is_ignored() -> None:
    assert faults(payload(fuels={"wind(%)": 60, "gas": 13.4}, powerplants=[WIND_PARK])) == []


def test_different_prices_in_the_two_spellings_of_kerosine_are_a_fault() -> None:
    assert faults(payload(fuels=FUELS | {KEROSINE_TOO: 50.8})) == []
    assert faults(payload(fuels=FUELS | {KEROSINE_TOO: None})) == []
    assert faults(payload(fuels=FUELS | {KEROSINE_TOO: 50.9})) == [
        ("#/fuels/kerosine(euro~1Mwh)", "differs from kerosine(euro/MWh): both are the price of kerosine")
    ]


@pytest.mark.parametrize("price", ["dear", "60", True, 2_000_000, [], 10**400])
@pytest.mark.parametrize("spelling", [KEROSINE, KEROSINE_TOO])
def test_spellings_of_kerosine_are_compared_only_if_both_prices_are_valid(spelling: str, price: Any) -> None:
    fuels = FUELS | {KEROSINE: 50.8, KEROSINE_TOO: 50.8} | {spelling: price}
    assert [where for where, _ in faults(payload(fuels=fuels))] == [pointer("fuels", spelling)]


@pytest.mark.parametrize(
    ("pmin", "pmax", "wrong"),
    [
        (10, -5, ["pmax"]),
        (-1, -5, ["pmin", "pmax"]),
        (2_000_000, 5, ["pmin"]),
        (10**400, 5, ["pmin"]),
        ("10", 5, ["pmin"]),
        (10, None, ["pmax"]),
    ],
)
def test_pmin_and_pmax_are_compared_only_if_both_are_valid(pmin: Any, pmax: Any, wrong: list[str]) -> None:
    found = faults(payload(powerplants=[GAS_PLANT | {"pmin": pmin, "pmax": pmax}]))
    assert [where for where, _ in found] == [f"#/powerplants/0/{key}" for key in wrong]
    assert all(words != "must not be above pmax" for _, words in found)


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_name_that_is_not_valid_is_not_a_repeated_name(name: str) -> None:
    found = faults(payload(powerplants=[WIND_PARK | {"name": name}] * 2))
    assert [where for where, _ in found] == ["#/powerplants/0/name", "#/powerplants/1/name"]
    assert len({words for _, words in found}) == 1


def test_unknown_keys_are_ignored() -> None:
    plants = [plant | {"co2": 0.3, "": None} for plant in (GAS_PLANT, JET, WIND_PARK)]
    assert faults(payload(hour=12, fuels=FUELS | {"coal": "none"}, powerplants=plants)) == []


# --- All faults ------------------------------------------------------------------------------------------------------


def test_all_faults_are_listed_those_inside_members_first() -> None:
    plants = [
        GAS_PLANT | {"pmin": 500, "efficiency": 0},
        {"name": "", "type": "turbojet"},
        WIND_PARK | {"name": "gas", "pmax": "36"},
    ]
    assert faults({"fuels": {"wind(%)": 101}, "powerplants": plants}) == [
        ("#/load", "is missing"),
        ("#/fuels/wind(%25)", "must be at most 100"),
        ("#/powerplants/0/efficiency", "must be above 0 (at least 0.000001)"),
        ("#/powerplants/1/name", "must not be empty"),
        ("#/powerplants/1/efficiency", "is missing"),
        ("#/powerplants/1/pmin", "is missing"),
        ("#/powerplants/1/pmax", "is missing"),
        ("#/powerplants/2/pmax", "must be a number, without quotes"),
        ("#/powerplants/0/pmin", "must not be above pmax"),
        ("#/powerplants/2/name", "is the name of another power plant (#/powerplants/0/name)"),
        ("#/fuels/gas(euro~1MWh)", "is missing, and gasfired power plants need it"),
        ("#/fuels/kerosine(euro~1MWh)", "is missing, and turbojet power plants need it"),
        ("#/fuels/co2(euro~1ton)", "is missing, and gasfired power plants need it"),
    ]


def test_more_plants_than_the_limit_are_one_fault() -> None:
    many = payload(powerplants=[{}] * 6)
    assert faults(many, max_plants=5) == [("#/powerplants", "must have at most 5 power plants")]
    assert ("#/powerplants", "must have at most 5 power plants") not in faults(many, max_plants=6)


def test_the_error_names_all_of_its_faults() -> None:
    with pytest.raises(InvalidPayload) as error:
        decode(b'{"load": -1, "fuels": 1, "powerplants": []}', co2=True, max_plants=1)
    assert error.value.faults == (
        Fault("#/load", "must be at least 0"),
        Fault("#/fuels", "must be an object with prices and wind"),
        Fault("#/powerplants", "must have at least one power plant"),
    )
    assert str(error.value).startswith("#/load: must be at least 0; #/fuels: ")


# --- Not JSON --------------------------------------------------------------------------------------------------------


def message_about(body: bytes) -> str:
    """The message about a body that is not JSON."""
    with pytest.raises(MalformedPayload) as error:
        decode(body, co2=True, max_plants=1)
    return str(error.value)


@pytest.mark.parametrize("body", [b"", b" \r\n\t", codecs.BOM_UTF8])
def test_for_an_empty_body_the_message_says_what_is_expected(body: bytes) -> None:
    assert message_about(body) == "The body is empty. It must be JSON: an object with load, fuels and powerplants."


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_the_message_about_another_encoding_names_utf_8(encoding: str) -> None:
    words = "The body is not in UTF-8; it looks like UTF-16 or UTF-32. Send it in UTF-8."
    assert message_about(json.dumps(payload()).encode(encoding)) == words
    assert message_about(codecs.BOM_UTF16_BE + json.dumps(payload()).encode("utf-16-be")) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{\n"load": }', 'a value is expected at line 2 column 9, near `{ "load": }`'),
        (b'{"load": 480', 'it ends too early at line 1 column 12, near `{"load": 480`'),
        (b'{"load": 480 "fuels": {}}', '`,` or `}` is expected at line 1 column 14, near `{"load": 480 "fuels": {}}`'),
        (b'{"load": 480,5}', 'a key in double quotes is expected at line 1 column 14, near `{"load": 480,5}`'),
        (b'{"load": 480}}', 'more text follows after its end at line 1 column 14, near `{"load": 480}}`'),
        (b'{"load": [480}', '`,` or `]` is expected at line 1 column 14, near `{"load": [480}`'),
        (b'{"load" 480}', '`:` is expected at line 1 column 9, near `{"load" 480}`'),
        (b'{"load": 480,}', 'nothing follows a comma at line 1 column 14, near `{"load": 480,}`'),
        (b'{"a": "b\nc"}', 'a string has a line end or control character at line 2 column 0, near `{"a": "b c"}`'),
        (b"9" * 5000, f"a number has too many digits at line 1 column 4302, near `{'9' * 40}`"),
        (b'{"load":' + b" " * 99, 'it ends too early at line 1 column 8, near `{"load":`'),
        (b"load=480", "a value is expected at line 1 column 1, near `load=480`"),
        (b'{"a": "\xff"}', 'a byte is not valid UTF-8 at line 1 column 8, near `{"a": "\ufffd"}`'),
        (b"[" * 10_000, f"it is nested too deeply at line 1 column 202, near `{'[' * 40}`"),
    ],
)
def test_the_message_about_json_names_line_column_and_the_text_there(body: bytes, words: str) -> None:
    assert message_about(body) == f"The body is not JSON: {words}."


def test_a_message_without_plain_words_is_that_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of the client in it is not used as a template."""
    monkeypatch.setattr(decoding, "_JSON_WORDS", {})
    assert "expected value at line 1 column 1" in message_about(b"load")
    monkeypatch.delitem(decoding._WORDS, "union_tag_invalid")
    ((_, words),) = faults(changed(("powerplants", 0, "type"), "{ge}{0}{"))
    assert "'{ge}{0}{'" in words


# --- Anything --------------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(st.sampled_from([*FUELS, "load", "fuels", "powerplants", *GAS_PLANT]), children, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A valid payload with a few of its values replaced by anything."""
    whole: Any = draw(payloads(max_plants=3))
    for _ in range(draw(st.integers(1, 3))):
        place: Any = whole
        while True:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
                place = place[key]
                continue
            place[key] = draw(anything)
            break
        if not isinstance(whole, dict):
            break
    return whole


@given(anything | spoilt(), st.booleans())
def test_any_json_is_a_request_or_has_one_fault_for_each_place_in_plain_words(payload: Any, co2: bool) -> None:
    for where, words in faults(payload, co2=co2):
        assert where.startswith("#")
        assert words.split()[0] in {"is", "must", "differs"}
        assert "Input" not in words
        assert "{" not in words
    places = [where for where, _ in faults(payload, co2=co2)]
    assert len(places) == len(set(places))


# --- Read at once, and as plain JSON ---------------------------------------------------------------------------------

few_megawatts = st.sampled_from([0, -0.0, 0.3, 0.1 + 0.2, 5, 5.0, 10, 1e6, 1_000_001])
few_prices = st.sampled_from([None, 0, 50.8, 51, 51.0, -1e6, 1e7])


@st.composite
def nearly_valid(draw: st.DrawFn) -> Any:
    """A payload whose faults, if any, are mostly between its members."""
    plant = st.fixed_dictionaries(
        {
            "name": st.sampled_from(["a", "b", "c", "d", "e", "\U0001f600"]),
            "type": st.sampled_from(["gasfired", "turbojet", "windturbine"]),
            "pmax": few_megawatts,
        },
        optional={"pmin": few_megawatts, "efficiency": st.sampled_from([0.53, 1, 1e-6, 0])},
    )
    fuels = st.fixed_dictionaries({}, optional=dict.fromkeys([*FUELS, KEROSINE_TOO], few_prices))
    return {"load": draw(few_megawatts), "fuels": draw(fuels), "powerplants": draw(st.lists(plant, max_size=4))}


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """The bytes of a payload, valid or not, sometimes with a few bytes changed."""
    body = json.dumps(draw(payloads(max_plants=3) | nearly_valid() | spoilt() | anything)).encode()
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(body)))
        mutation = draw(st.sampled_from([b"", b"0", b"-", b"e-3", b"1e400", b'"', b",", b"NaN", b'"load": 7,', b" "]))
        body = body[:place] + (mutation or draw(st.binary(max_size=2))) + body[place + draw(st.integers(0, 2)) :]
    return body


def request_of(body: bytes, *, co2: bool = True) -> ProductionPlanRequest | None:
    """The request in a body, ``None`` if it has a fault; a body that is read as plain JSON gives the same."""
    try:
        request = decode(body, co2=co2, max_plants=3)
    except (InvalidPayload, MalformedPayload):
        request = None
    try:
        same = decode_json(parse(body, ""), co2=co2, max_plants=3)
    except (InvalidPayload, MalformedPayload):
        same = None
    assert repr(request) == repr(same)
    return request


@given(bodies(), st.booleans())
def test_a_body_means_the_same_if_it_is_read_at_once_or_as_plain_json(body: bytes, co2: bool) -> None:
    request_of(body, co2=co2)


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (json.dumps(payload()).encode(), True),
        (b" \r\n\t" + json.dumps(payload()).encode() + b"\n ", True),
        (b'{"load": "x", ' + json.dumps(payload()).encode()[1:], True),  # the last of two equal keys counts
        (json.dumps(payload()).encode()[:-1] + b', "load": "x"}', False),
        (json.dumps(payload(x=float("nan"))).encode(), True),
        (json.dumps(payload(x=10**400)).encode(), True),
        (json.dumps(payload(load=float("nan"))).encode(), False),
        (json.dumps(payload(load="?")).encode().replace(b'"?"', b"1e400"), False),
        (json.dumps(payload(load="?")).encode().replace(b'"?"', b"-0"), True),
        (json.dumps(payload(load="?")).encode().replace(b'"?"', b"4" + b"0" * 50 + b"e-48"), True),
        (json.dumps(payload(x="?")).encode().replace(b'"?"', b"[" * 150 + b"]" * 150), True),
        (json.dumps(payload(x="?")).encode().replace(b'"?"', b"[" * 300 + b"]" * 300), False),
        (json.dumps(payload(x="?")).encode().replace(b'"?"', b'"\\ud800"'), False),
        (json.dumps(payload(x="?")).encode().replace(b'"?"', b'"\xff"'), False),
        (json.dumps(payload(powerplants=[WIND_PARK] * 2)).encode(), False),
        (json.dumps(payload(powerplants=[WIND_PARK | {"name": str(i)} for i in range(4)])).encode(), False),
        (b"", False),
    ],
)
def test_json_that_parsers_read_differently_is_valid_or_not(body: bytes, valid: bool) -> None:
    assert (request_of(body) is not None) == valid


# --- What was probably meant -----------------------------------------------------------------------------------------


def test_a_batch_that_was_sent_without_its_line_ends_gets_a_hint() -> None:
    lines = b'{"powerplants": []}{"load": 480, "fuels": {}}{"load": 490, "fuels": {}}'
    for body in (lines, lines.replace(b"}{", b"}\n{"), lines.replace(b"}{", b"} \t{")):
        with pytest.raises(MalformedPayload, match=r"/productionplan/batch.* --data-binary instead of -d"):
            parse(body, "an object")
    with pytest.raises(MalformedPayload) as error:
        parse(b'{"load": 480} x', "an object")
    assert "--data-binary" not in str(error.value)


def test_a_form_gets_a_hint() -> None:
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.json"\r\n\r\n{"load": 1}\r\n--b--\r\n'
    with pytest.raises(MalformedPayload, match=r"it is a form.*Send the file itself as the body.* instead of -F"):
        parse(form, "an object")
