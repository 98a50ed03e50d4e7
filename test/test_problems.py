"""From an exception to a problem document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

import pytest
from conftest import Log
from flask.testing import FlaskClient
from payloads import ONE_WIND_PARK, WIND_PARK
from werkzeug.exceptions import ServiceUnavailable, Unauthorized
from werkzeug.test import TestResponse

import powerplant.answers
import powerplant.planning
import powerplant.solving
from powerplant import create_app
from powerplant.config import Settings
from powerplant.errors import ConfigurationError, NotCheckedInTime, OutOfTime, PowerplantError, TooBusy, WrongPlan
from powerplant.merit_order import GaveUp, Solution, Unit, solve
from powerplant.problems import CLIENT_ERRORS, PROBLEM_TYPES

PAYLOAD = ONE_WIND_PARK


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let planning fail with this error."""

    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(powerplant.answers, "plan_production", fail)


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


# --- Bugs of the service ---------------------------------------------------------------------------------------------


def test_the_answer_to_a_bug_shows_nothing_of_the_code(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ZeroDivisionError("the inner secret"))
    response = client.post("/productionplan", json=PAYLOAD)
    problem(response, 500, "internal-error")
    for trace in ("secret", "ZeroDivisionError", "Traceback", ".py"):
        assert trace not in response.text


def test_a_plan_that_fails_its_verification_is_a_bug(
    client: FlaskClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def switch_off(units: Sequence[Unit], load: int, *_: Any) -> Solution:
        solution = solve(units, load)
        assert isinstance(solution, Solution)
        return solution._replace(dispatch=(0,))

    monkeypatch.setattr(powerplant.solving, "solve", switch_off)
    response = client.post("/productionplan", json=PAYLOAD)
    problem(response, 500, "internal-error")
    assert "Plan-Cost" not in response.headers
    assert "WrongPlan: the plan produces 0, not the load of 100" in log.text
    assert json.loads(next(line["payload"] for line in log.lines if "payload" in line)) == PAYLOAD


def test_after_a_bug_the_service_answers_the_next_request(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        fail_with(broken, RecursionError())
        assert client.post("/productionplan", json=PAYLOAD).status_code == 500
    assert client.post("/productionplan", json=PAYLOAD).status_code == 200


def test_in_development_a_bug_reaches_the_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ZeroDivisionError("the inner secret"))
    with pytest.raises(ZeroDivisionError, match="the inner secret"):
        create_app(Settings(FLASK_ENV="dev")).test_client().post("/productionplan", json=PAYLOAD)


def test_in_development_an_error_of_the_client_is_a_problem_too() -> None:
    response = create_app(Settings(FLASK_ENV="dev")).test_client().post("/productionplan", data=b"")
    problem(response, 400, "malformed-json")


# --- Worth another try -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "name", "event", "gap", "detail"),
    [
        (OutOfTime(5.0, None), "gave-up", "gave-up", None, "No plan was found within 5 s."),
        (OutOfTime(5.0, Decimal("1.25")), "gave-up", "gave-up", 1.25, "within 5 s"),
        (OutOfTime(5.0, Decimal("1E-10")), "gave-up", "gave-up", 1e-10, "within 5 s"),
        (TooBusy(), "busy", "problem", None, "as many long payloads as it accepts"),
    ],
)
def test_a_payload_that_may_succeed_later_is_a_503_with_retry_after(
    client: FlaskClient,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
    error: PowerplantError,
    name: str,
    event: str,
    gap: float | None,
    detail: str,
) -> None:
    fail_with(monkeypatch, error)
    response = client.post("/productionplan", json=PAYLOAD)
    members = problem(response, 503, name)
    assert members.get("gap") == gap
    assert detail in members["detail"]
    assert int(response.headers["Retry-After"]) > 0
    assert (log.lines[-1]["event"], log.lines[-1].get("gap")) == (event, gap)


def test_the_solver_gets_the_time_limit_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = []

    def give_up(*arguments: Any) -> GaveUp:
        limits.append(arguments[-2])
        return GaveUp(None, None, 0)

    monkeypatch.setattr(powerplant.planning, "solve_and_check", give_up)
    assert create_app(Settings(time_limit=0.02)).test_client().post("/productionplan", json=PAYLOAD).status_code == 503
    *_, last = limits
    assert last < 0.02


# --- Faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "detail"),
    [
        (1, "The payload has a fault."),
        (2, "The payload has 2 faults."),
        (100, "The payload has 100 faults."),
        (101, "The payload has 101 faults; the first 100 are listed."),
        (5000, "The payload has 5000 faults; the first 100 are listed."),
    ],
)
def test_the_first_hundred_faults_are_listed_and_all_are_counted(client: FlaskClient, count: int, detail: str) -> None:
    plants = [WIND_PARK | {"name": f"park {i}", "pmax": -1} for i in range(count)]
    members = problem(client.post("/productionplan", json=PAYLOAD | {"powerplants": plants}), 422, "invalid-payload")
    assert members["detail"] == detail
    assert [error["pointer"] for error in members["errors"]] == [
        f"#/powerplants/{i}/pmax" for i in range(min(count, 100))
    ]


def test_the_explanation_says_how_many_faults_are_listed(client: FlaskClient) -> None:
    assert "100" in client.get("/problems/invalid-payload").text


@pytest.mark.parametrize("query", ["CO2=false", "Co2=true", "cO2", "co2=false&CO2=false"])
def test_a_parameter_in_capitals_is_refused_because_it_would_be_ignored(client: FlaskClient, query: str) -> None:
    members = problem(client.post(f"/productionplan?{query}", json=PAYLOAD), 422, "invalid-query")
    (error,) = members["errors"]
    assert error["parameter"] in query
    assert error["parameter"].lower() == "co2" != error["parameter"]
    assert error["detail"] == "must be written in small letters, as co2"


@pytest.mark.parametrize("query", ["co=1", "co22=maybe", "carbon=false", "CO₂=false", "=", "co2%20=1"])
def test_an_unknown_parameter_is_ignored(client: FlaskClient, query: str) -> None:
    assert client.post(f"/productionplan?{query}", json=PAYLOAD).status_code == 200


# --- The table -------------------------------------------------------------------------------------------------------


def test_every_error_of_the_package_is_a_problem_of_the_client_or_listed_here() -> None:
    """Settings and the checks of proofs are not part of a request; a wrong plan is a bug."""
    errors = {kind for kind in PowerplantError.__subclasses__() if kind.__module__ == PowerplantError.__module__}
    assert errors - set(CLIENT_ERRORS) == {ConfigurationError, NotCheckedInTime, WrongPlan}


def test_an_endpoint_that_this_server_lacks_says_what_it_needs(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.api.find_spec", lambda _: None)
    bare = create_app().test_client()
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


def test_an_http_error_without_a_problem_type_is_about_blank(
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


def test_the_headers_of_an_http_error_are_kept(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, ServiceUnavailable(retry_after=7))
    response = client.post("/productionplan", json=PAYLOAD)
    assert response.headers["Retry-After"] == "7"
    assert response.headers.getlist("Content-Type") == ["application/problem+json"]


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_each_type_is_explained_with_its_title_and_status(client: FlaskClient, name: str) -> None:
    response = client.get(f"/problems/{name}")
    status, title, explanation = PROBLEM_TYPES[name]
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.text == f"{title} ({status})\n\n{explanation}\n"


def test_the_address_in_a_problem_is_quoted(client: FlaskClient) -> None:
    assert json.loads(client.get("/a b/ü").text)["instance"] == "/a%20b/%C3%BC"
