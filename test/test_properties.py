"""Random payloads: the answer to a valid one agrees with the oracles, and all others are refused."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from oracles import (
    broken_rules,
    dispatch_cost,
    euros,
    exact,
    expected_answer,
    expected_units,
    load_in_tenths,
    merit_order,
)
from strategies import payloads
from werkzeug.test import TestResponse

# One client for all examples: the service keeps nothing between requests.
one_client = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def post(client: FlaskClient, payload: Any, *, co2: bool = True) -> TestResponse:
    return client.post(f"/productionplan?co2={str(co2).lower()}", data=json.dumps(payload))


def check(response: TestResponse, payload: dict[str, Any], *, co2: bool) -> None:
    """Check that the answer to a valid payload agrees with the oracles."""
    expected = expected_answer(payload, co2)
    assert response.status_code == expected["status"], response.text
    if expected["status"] == 422:
        members = json.loads(response.text)
        assert {name: members[name] for name in expected} == expected
        return
    assert response.headers["Plan-Status"] == "optimal"
    assert response.headers["Plan-Cost"] == expected["cost"]
    outputs = json.loads(response.text)
    if "plan" in expected:
        assert outputs == expected["plan"]
    units = expected_units(payload, co2)
    order = merit_order(units)
    assert [output["name"] for output in outputs] == [units[i].name for i in order]
    dispatch = [0] * len(units)
    for i, output in zip(order, outputs, strict=True):
        tenths = exact(output["p"]) * 10
        assert tenths.denominator == 1
        dispatch[i] = int(tenths)
    assert broken_rules(units, int(load_in_tenths(payload)), dispatch) == []
    assert euros(dispatch_cost(units, dispatch)) == expected["cost"]
    written = json.loads(response.text, parse_float=Decimal, parse_int=pytest.fail)
    assert sum(output["p"] for output in written) * 10 == load_in_tenths(payload)


@one_client
@given(payloads(max_plants=6, largest=60), st.booleans())
def test_the_answer_to_a_small_payload_agrees_with_brute_force(
    client: FlaskClient, payload: dict[str, Any], co2: bool
) -> None:
    check(post(client, payload, co2=co2), payload, co2=co2)


@one_client
@given(payloads(min_plants=3, max_plants=8, largest=5000), st.booleans())
def test_the_answer_to_an_ordinary_payload_agrees_with_brute_force(
    client: FlaskClient, payload: dict[str, Any], co2: bool
) -> None:
    check(post(client, payload, co2=co2), payload, co2=co2)


@settings(parent=one_client, max_examples=settings().max_examples // 2)
@given(payloads(min_plants=13, max_plants=25, largest=100), st.booleans())
def test_the_answer_to_a_larger_payload_agrees_with_a_dense_table(
    client: FlaskClient, payload: dict[str, Any], co2: bool
) -> None:
    check(post(client, payload, co2=co2), payload, co2=co2)


@one_client
@given(payloads(max_plants=6, largest=60))
def test_the_nearest_loads_have_plans_and_loads_between_them_do_not(
    client: FlaskClient, payload: dict[str, Any]
) -> None:
    members = json.loads(post(client, payload).text)
    if isinstance(members, list):
        return
    for load in (members["nearest_below"], members["nearest_above"]):
        if load is not None:
            assert post(client, payload | {"load": load}).status_code == 200
    below = members["nearest_below"]
    between = 0 if below is None else round(below + 0.1, 1)  # without a load below, 0 has no plan either
    if between != members["nearest_above"]:
        assert post(client, payload | {"load": between}).status_code == 422


@one_client
@given(payloads(max_plants=6, largest=60), st.randoms(use_true_random=False))
def test_the_order_of_the_plants_does_not_change_the_cost(
    client: FlaskClient, payload: dict[str, Any], rng: Any
) -> None:
    plants = payload["powerplants"]
    shuffled = post(client, payload | {"powerplants": rng.sample(plants, len(plants))})
    in_order = post(client, payload)
    assert shuffled.status_code == in_order.status_code
    assert shuffled.headers.get("Plan-Cost") == in_order.headers.get("Plan-Cost")


# --- Not a payload ---------------------------------------------------------------------------------------------------


@one_client
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_get_a_problem(client: FlaskClient, body: bytes) -> None:
    response = client.post("/productionplan", data=body)
    assert response.status_code in {400, 422}
    assert response.mimetype == "application/problem+json"


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@one_client
@given(payloads(max_plants=4), junk, st.data())
def test_a_payload_with_any_value_anywhere_gets_a_plan_or_a_problem(
    client: FlaskClient, payload: dict[str, Any], value: Any, data: st.DataObject
) -> None:
    """A valid payload with one value replaced: still valid, or refused with a pointer."""
    places: list[tuple[Any, Any]] = [(payload, key) for key in payload]
    places += [(payload["fuels"], key) for key in payload["fuels"]]
    places += [(plant, key) for plant in payload["powerplants"] for key in plant]
    places += [(payload["powerplants"], i) for i in range(len(payload["powerplants"]))]
    place, key = data.draw(st.sampled_from(places))
    place[key] = value
    response = post(client, payload)
    if response.status_code == 200:
        check(response, payload, co2=True)
        return
    assert response.status_code == 422
    members = json.loads(response.text)
    if members["type"] == "/problems/invalid-payload":
        assert all(error["pointer"].startswith("#/") and error["detail"] for error in members["errors"])
    else:
        assert members["type"] == "/problems/infeasible-load"
