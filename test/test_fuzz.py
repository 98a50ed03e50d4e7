"""Requests that nobody should send, over real HTTP; each answer is one that is documented, and right.

``python -m benchmarks.service fuzz`` sends many more of them. A seed that fails names an attempt that can be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPMessage
from typing import Any

import pytest
from fuzzing import KINDS, Answer, Attempt, Client, attempt, broken_http, exchange, faults

SEEDS = 40
MOST_SECONDS = 10.0
"""The solver's time limit, and as much again for a machine that is busy."""

NOT_IMPLEMENTED = 501
"""What HTTP itself wants for a transfer coding that a server does not know."""


@pytest.fixture(scope="module")
def fuzzer(server_url: str) -> Iterator[Client]:
    with Client(server_url) as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_sent_the_answer_is_one_of_the_documented_and_right(fuzzer: Client, kind: str) -> None:
    wrong = {
        seed: faults(sent, fuzzer.ask(sent), MOST_SECONDS) for seed in range(SEEDS) for sent in [attempt(kind, seed)]
    }
    assert {seed: found for seed, found in wrong.items() if found} == {}


def test_nearly_a_request_is_no_server_error(gunicorn_url: str) -> None:
    statuses = {seed: exchange(gunicorn_url, broken_http(seed)) for seed in range(100)}
    assert {seed: each for seed, each in statuses.items() if {*each} & ({*range(500, 600)} - {NOT_IMPLEMENTED})} == {}
    assert exchange(gunicorn_url, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n") == [200]


# --- The judge itself ------------------------------------------------------------------------------------------------

GAS = {"name": "g", "type": "gasfired", "efficiency": 0.5, "pmin": 10, "pmax": 20}
PAYLOAD = {"load": 15, "fuels": {"gas(euro/MWh)": 10, "co2(euro/ton)": 0}, "powerplants": [GAS]}
PROBLEM = {
    "type": "/problems/infeasible-load",
    "title": "t",
    "status": 422,
    "detail": "d",
    "instance": "/productionplan",
    "request_id": "1",
}
IN_A_GAP = {**PROBLEM, "reason": "below_minimum", "nearest_below": 0.0, "nearest_above": 10.0}


def judged(payload: Any, status: int, answered: Any, cost: str = "300.00") -> list[str]:
    sent = Attempt("POST", "/productionplan", (), json.dumps(payload).encode())
    kind = "application/json" if status == 200 else "application/problem+json"
    headers = HTTPMessage()
    for name, value in [("Content-Type", kind), ("Plan-Status", "optimal"), ("Plan-Cost", cost), ("X-Request-ID", "1")]:
        headers[name] = value
    return faults(sent, Answer(status, headers, json.dumps(answered).encode(), 0.0), MOST_SECONDS)


def test_the_judge_finds_nothing_wrong_with_what_is_right() -> None:
    assert judged(PAYLOAD, 200, [{"name": "g", "p": 15.0}]) == []
    assert judged({**PAYLOAD, "load": 5}, 422, IN_A_GAP) == []


@pytest.mark.parametrize(
    ("payload", "status", "answered", "cost"),
    [
        pytest.param(PAYLOAD, 200, [{"name": "g", "p": 14.9}], "298.00", id="a sum that is not the load"),
        pytest.param(PAYLOAD, 200, [{"name": "g", "p": 15.0}], "299.99", id="a cost that is not the plan's"),
        pytest.param(PAYLOAD, 200, [], "0.00", id="a plant left out"),
        pytest.param({**PAYLOAD, "load": 5}, 200, [{"name": "g", "p": 5.0}], "100.00", id="an output under pmin"),
        pytest.param({**PAYLOAD, "load": "15"}, 200, [{"name": "g", "p": 15.0}], "300.00", id="a plan for no payload"),
        pytest.param(PAYLOAD, 422, IN_A_GAP, "", id="no plan where there is one"),
        pytest.param({**PAYLOAD, "load": 5}, 422, IN_A_GAP | {"nearest_above": 10.1}, "", id="a wrong neighbour"),
        pytest.param({**PAYLOAD, "load": 5}, 500, PROBLEM | {"status": 500}, "", id="a server error"),
        pytest.param({**PAYLOAD, "load": 5}, 422, "<html>", "", id="no problem at all"),
    ],
)
def test_the_judge_finds_what_is_wrong(payload: Any, status: int, answered: Any, cost: str) -> None:
    assert judged(payload, status, answered, cost) != []


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_the_same_attempt_each_time(kind: str) -> None:
    assert [attempt(kind, seed) for seed in range(10)] == [attempt(kind, seed) for seed in range(10)]
