"""From an exception to a problem that a client can read, and to a log that we can."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from powerplant.api.problems import HANDLERS
from werkzeug.exceptions import HTTPException, ServiceUnavailable, Unauthorized
from werkzeug.test import TestResponse

import powerplant.api.productionplan
import powerplant.planning
import powerplant.solving
from powerplant import Settings, create_app
from powerplant.errors import ConfigurationError, NotCheckedInTime, OutOfTime, PowerplantError, WrongPlan
from powerplant.logs import JsonLines
from powerplant.merit_order import GaveUp, Solution, Unit, solve
from powerplant.problems import PROBLEM_TYPES

WIND_PARK = {"name": "wind park of Zürich", "type": "windturbine", "pmax": 10}
PAYLOAD = {"load": 10, "fuels": {"wind(%)": 100}, "powerplants": [WIND_PARK]}


@pytest.fixture
def log(client: FlaskClient) -> Iterator[StringIO]:
    """What the client's app writes to its log."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    client.application.logger.addHandler(handler)
    yield stream
    client.application.logger.removeHandler(handler)


def lines_of(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the use case fail."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(powerplant.api.productionplan, "plan_production", fail)


def problem(response: TestResponse, status: int, name: str) -> dict[str, Any]:
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    members: dict[str, Any] = json.loads(response.text)
    assert list(members)[:5] == ["type", "title", "status", "detail", "instance"]
    assert members["type"] == f"/problems/{name}"
    assert members["title"] == PROBLEM_TYPES[name].title
    assert members["status"] == PROBLEM_TYPES[name].status == status
    assert members["instance"] == "/productionplan"
    return members


# --- Our own bugs ----------------------------------------------------------------------------------------------------


def test_our_own_bug_tells_the_client_nothing_of_the_code(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ZeroDivisionError("the inner secret"))
    response = client.post("/productionplan", json=PAYLOAD)
    problem(response, 500, "internal-error")
    for trace in ("secret", "ZeroDivisionError", "Traceback", ".py"):
        assert trace not in response.text


def test_our_own_bug_is_logged_with_its_payload_and_traceback(
    client: FlaskClient, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("the inner secret"))
    body = json.dumps(PAYLOAD)
    client.post("/productionplan", data=body)
    assert "Traceback (most recent call last)" in log.getvalue()
    assert "ZeroDivisionError: the inner secret" in log.getvalue()
    assert lines_of(log)[-1]["event"] == "problem"
    assert [line["payload"] for line in lines_of(log) if "payload" in line] == [body]


def test_a_plan_that_fails_its_verification_is_our_own_bug(
    client: FlaskClient, log: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def switch_off(units: Sequence[Unit], load: int, time_limit: float | None = None) -> Solution:
        return solve(units, load, time_limit)._replace(dispatch=(0,))

    monkeypatch.setattr(powerplant.solving, "solve", switch_off)
    response = client.post("/productionplan", json=PAYLOAD)
    problem(response, 500, "internal-error")
    assert "Plan-Cost" not in response.headers
    assert "WrongPlan: the plan makes 0, not the load of 100" in log.getvalue()
    assert json.loads(next(line["payload"] for line in lines_of(log) if "payload" in line)) == PAYLOAD


def test_after_a_bug_the_service_goes_on(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        fail_with(broken, RecursionError())
        assert client.post("/productionplan", json=PAYLOAD).status_code == 500
    assert client.post("/productionplan", json=PAYLOAD).status_code == 200


def test_in_development_a_bug_reaches_the_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    fail_with(monkeypatch, ZeroDivisionError("the inner secret"))
    with pytest.raises(ZeroDivisionError, match="the inner secret"):
        create_app(Settings(debug=True)).test_client().post("/productionplan", json=PAYLOAD)


def test_in_development_the_clients_faults_are_problems_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    response = create_app(Settings(debug=True)).test_client().post("/productionplan", data=b"")
    problem(response, 400, "malformed-json")


# --- Out of time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "told"), [(None, None), (Decimal("1.25"), 1.25), (Decimal("1E-10"), 1e-10)])
def test_a_solver_that_gives_up_asks_to_come_again(
    client: FlaskClient, log: StringIO, monkeypatch: pytest.MonkeyPatch, gap: Decimal | None, told: float | None
) -> None:
    fail_with(monkeypatch, OutOfTime(5.0, gap))
    response = client.post("/productionplan", json=PAYLOAD)
    members = problem(response, 503, "gave-up")
    assert members["gap"] == told
    assert "within 5 s" in members["detail"]
    assert int(response.headers["Retry-After"]) > 0
    assert (lines_of(log)[-1]["event"], lines_of(log)[-1]["gap"]) == ("gave-up", told)


@pytest.mark.parametrize(
    ("gap", "told"),
    [
        ("0", "0.00"),
        ("1E-10", "0.01"),
        ("12.3400000000", "12.34"),
        ("12.3400000001", "12.35"),
        ("12.3499999999", "12.35"),
        ("1234567890123456789.0000000001", "1234567890123456789.01"),
    ],
)
def test_a_gap_is_told_in_cents_and_never_too_small(gap: str, told: str) -> None:
    said = f"No plan was proven optimal within 5 s; the best plan found is at most {told} euro too dear."
    assert str(OutOfTime(5.0, Decimal(gap))) == said


def test_the_service_gives_the_solver_its_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def give_up(*arguments: Any) -> NoReturn:
        limits.append(arguments[-1])
        raise GaveUp(None, None, 0)

    monkeypatch.setattr(powerplant.planning, "prove", give_up)
    assert create_app(Settings(time_limit=0.02)).test_client().post("/productionplan", json=PAYLOAD).status_code == 503
    assert limits == [0.02]


# --- Faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "The payload has a fault."),
        (2, "The payload has 2 faults."),
        (100, "The payload has 100 faults."),
        (101, "The payload has 101 faults; the first 100 are listed."),
        (5000, "The payload has 5000 faults; the first 100 are listed."),
    ],
)
def test_the_first_hundred_faults_are_listed_and_all_are_counted(client: FlaskClient, count: int, said: str) -> None:
    plants = [WIND_PARK | {"name": f"park {i}", "pmax": -1} for i in range(count)]
    members = problem(client.post("/productionplan", json=PAYLOAD | {"powerplants": plants}), 422, "invalid-payload")
    assert members["detail"] == said
    assert [error["pointer"] for error in members["errors"]] == [
        f"#/powerplants/{i}/pmax" for i in range(min(count, 100))
    ]


def test_the_page_says_how_many_faults_are_listed(client: FlaskClient) -> None:
    assert "100" in client.get("/problems/invalid-payload").text


@pytest.mark.parametrize("query", ["CO2=false", "Co2=true", "cO2", "co2=false&CO2=false"])
def test_co2_in_capitals_is_refused_for_it_would_not_count(client: FlaskClient, query: str) -> None:
    members = problem(client.post(f"/productionplan?{query}", json=PAYLOAD), 422, "invalid-query")
    (error,) = members["errors"]
    assert error["parameter"] in query
    assert error["parameter"].lower() == "co2" != error["parameter"]
    assert error["detail"] == "must be written in small letters, as co2"


@pytest.mark.parametrize("query", ["co=1", "co22=maybe", "carbon=false", "CO₂=false", "=", "co2%20=1"])
def test_a_parameter_of_another_name_is_ignored(client: FlaskClient, query: str) -> None:
    assert client.post(f"/productionplan?{query}", json=PAYLOAD).status_code == 200


# --- The table -------------------------------------------------------------------------------------------------------


def test_every_error_of_ours_is_a_problem_or_a_bug() -> None:
    """What can go wrong with a request has its place in the table; what is our bug, or the operator's, has none.

    Proofs are checked on the command line; the rooms that have errors of their own deal with them.
    """
    ours = {kind for kind in PowerplantError.__subclasses__() if kind.__module__ == PowerplantError.__module__}
    assert ours - set(HANDLERS) == {ConfigurationError, NotCheckedInTime, WrongPlan}


def test_an_address_that_is_not_on_this_server_says_what_it_would_need(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.api.find_spec", lambda _: None)
    bare = create_app(Settings()).test_client()
    for path, needs in (
        ("/metrics", ["extra metrics", "--extras metrics"]),
        ("/productionplan/live", ["extra live", "POWERPLANT_LIVE=true"]),
    ):
        for address in (path, path + "/"):
            response = bare.get(address)
            assert response.status_code == 404
            assert json.loads(response.text)["type"] == "/problems/not-found"
            assert all(words in json.loads(response.text)["detail"] for words in needs)
    assert "extra" not in client.get("/metricsx").text


def test_an_http_error_without_a_type_of_its_own_is_a_problem_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, Unauthorized("who are you?"))
    response = client.post("/productionplan", json=PAYLOAD)
    assert (response.status_code, response.mimetype) == (401, "application/problem+json")
    assert json.loads(response.text) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "who are you?",
        "instance": "/productionplan",
        "request_id": response.headers["X-Request-ID"],
    }


@pytest.mark.parametrize("error", [ServiceUnavailable(retry_after=7)])
def test_an_http_errors_own_headers_are_kept(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, error: HTTPException
) -> None:
    fail_with(monkeypatch, error)
    response = client.post("/productionplan", json=PAYLOAD)
    assert response.headers["Retry-After"] == "7"
    assert response.headers.getlist("Content-Type") == ["application/problem+json"]


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_each_type_is_explained_with_its_title_and_status(client: FlaskClient, name: str) -> None:
    response = client.get(f"/problems/{name}")
    status, title, explanation = PROBLEM_TYPES[name]
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.text == f"{title} ({status})\n\n{explanation}\n"


def test_an_address_is_quoted_in_its_problem(client: FlaskClient) -> None:
    assert json.loads(client.get("/a b/ü").text)["instance"] == "/a%20b/%C3%BC"
