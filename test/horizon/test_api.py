"""``POST /productionplan/horizon`` and its report, on a server in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
import requests
from conftest import BootServer, Log
from flask.testing import FlaskClient
from live_server import FLASK_RUN, GUNICORN, LiveServer, fetch, live_server
from payloads import example

from horizon.days import FAULTS, day, faulty, hard, without_a_plan
from horizon.rules import broken_rules
from powerplant.config import Settings
from powerplant.horizon.answering import Outcome

pytest.importorskip("highspy", reason="the extra horizon brings it")

PLAN, REPORT = "/productionplan/horizon", "/productionplan/horizon/report"
Members = dict[str, Any]

BATTERY = {"name": "battery", "charge_max": 5, "discharge_max": 5, "energy_max": 20}
MARKET = {"price(euro/MWh)": [40] * 30, "buy": 5, "sell": 5}


@pytest.fixture(scope="module")
def server(boot_server: BootServer) -> LiveServer:
    return boot_server({"POWERPLANT_LOG": "json"})


@pytest.fixture
def here(client: FlaskClient) -> FlaskClient:
    """A client whose app plans horizons in this process."""
    client.application.config["HORIZONS"] = Here()
    return client


class Here:
    """Takes the place of the processes."""

    def run_apart(
        self, function: Callable[..., Outcome], *arguments: Any, time_limit: float, is_wanted: Callable[[], bool]
    ) -> Outcome:
        assert is_wanted()
        return function(*arguments, time_limit, None)


def post(server: LiveServer, payload: Any, path: str = PLAN) -> requests.Response:
    return fetch("POST", server.url + path, json=payload)


def problem(response: requests.Response, status: int, name: str) -> Members:
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    members: Members = response.json()
    assert members["type"] == f"/problems/{name}"
    return members


# --- Plans and reports -----------------------------------------------------------------------------------------------


def test_a_plan_keeps_every_rule_and_its_headers_say_what_it_costs(server: LiveServer) -> None:
    response = post(server, day(), f"{PLAN}?step=1")
    answer = response.json()
    assert response.status_code == 200
    assert broken_rules(day(), answer) == []
    assert (answer["status"], answer["gap"]) == ("within_gap", 0)
    assert response.headers["Plan-Status"] == "within_gap"
    assert response.headers["Plan-Cost"] == f"{answer['cost']:.2f}"
    assert response.headers["Plan-Gap"] == "0.00"
    assert response.headers["Plan-Relative-Gap"] == "0.000000"


def test_the_report_has_the_plan_and_its_costs_add_up(server: LiveServer) -> None:
    answer = post(server, day(), f"{PLAN}?step=1").json()
    report = post(server, day(), f"{REPORT}?step=1").json()
    assert report["cost"] == answer["cost"]
    assert broken_rules(day(), report) == []
    assert sum(report["costs"].values()) == pytest.approx(report["cost"], abs=0.05)
    assert sum(plant["costs"]["total"] for plant in report["powerplants"]) == pytest.approx(report["cost"], abs=0.05)
    assert sum(plant["energy"] for plant in report["powerplants"]) == sum(day()["load"])
    assert all(period["reserve_up"]["held"] >= 20 for period in report["periods"])
    starts = {plant["name"]: [start["cost"] for start in plant["starts"]] for plant in report["powerplants"]}
    assert starts["gas"] == [2500 if first_run(report, "gas") < 3 else 4000]


def first_run(report: Members, name: str) -> int:
    """The period, from 1, in which a plant runs first."""
    (row,) = (row for row in report["plan"] if row["name"] == name)
    return 1 + int(row["on"].index(1))


def test_two_half_days_joined_by_the_state_at_the_end_are_a_plan_for_the_day(server: LiveServer) -> None:
    whole = day()
    first = post(server, whole, f"{REPORT}?step=1&end=6").json()
    second = rest_of(whole, 6, first["end"])
    rest = post(server, second, f"{PLAN}?step=1").json()
    assert broken_rules(second, rest) == []
    rows = {row["name"]: row for row in rest["plan"]}
    joined = [
        {"name": row["name"], "p": row["p"][:6] + rows[row["name"]]["p"], "on": row["on"][:6] + rows[row["name"]]["on"]}
        for row in first["plan"]
    ]
    assert broken_rules(whole, first | {"plan": joined}) == []
    assert first["end"]["period"] == 6


def rest_of(whole: Members, periods: int, end: Members) -> Members:
    """What is left of a horizon after so many periods, from the state at their end."""
    states = {state["name"]: state["initial"] for state in end["powerplants"]}
    fuels = {key: value[periods:] if isinstance(value, list) else value for key, value in whole["fuels"].items()}
    plants = [plant | {"initial": states[plant["name"]]} for plant in whole["powerplants"]]
    return whole | {"load": whole["load"][periods:], "fuels": fuels, "powerplants": plants}


def test_hours_that_nothing_couples_get_the_plans_of_single_hours_proven(server: LiveServer) -> None:
    hours = [example(1), example(2), example(3)]
    fuels = {key: [hour["fuels"][key] for hour in hours] for key in hours[0]["fuels"]}
    payload = hours[0] | {"load": [hour["load"] for hour in hours], "fuels": fuels}
    response = post(server, payload)
    answer, cost = response.json(), 0.0
    outputs = {row["name"]: row["p"] for row in answer["plan"]}
    for t, hour in enumerate(hours):
        alone = post(server, hour, "/productionplan")
        assert {row["name"]: row["p"] for row in alone.json()} == {name: p[t] for name, p in outputs.items()}
        cost += float(alone.headers["Plan-Cost"])
    assert answer["cost"] == pytest.approx(cost, abs=0.02)
    assert answer["cost"] - answer["lower_bound"] < 0.011  # one is rounded, the other rounded down
    assert response.headers["Plan-Status"] == "optimal"
    assert "Plan-Gap" not in response.headers


# --- No plan ---------------------------------------------------------------------------------------------------------


def test_every_fault_is_listed_at_its_pointer(server: LiveServer) -> None:
    members = problem(post(server, faulty()), 422, "invalid-payload")
    assert sorted(fault["pointer"] for fault in members["errors"]) == FAULTS


@pytest.mark.parametrize("path", [PLAN, REPORT])
def test_no_plan_says_what_is_missing_and_when(server: LiveServer, path: str) -> None:
    members = problem(post(server, without_a_plan(), path), 422, "infeasible-horizon")
    assert members["missing"] == {"shortfall": 60, "surplus": 0, "reserve": 0}
    assert members["proven"] is True
    assert [period["period"] for period in members["periods"]] == [2]
    assert "60 MW of the load cannot be met" in members["periods"][0]["detail"]


def test_a_load_for_one_hour_and_a_list_of_loads_are_sent_to_each_other(server: LiveServer) -> None:
    (fault,) = problem(post(server, day() | {"load": 480}), 422, "invalid-payload")["errors"][:1]
    assert (fault["pointer"], "/productionplan" in fault["detail"]) == ("#/load", True)
    hour = example(1) | {"load": [480, 470]}
    (fault,) = problem(post(server, hour, "/productionplan"), 422, "invalid-payload")["errors"]
    assert (fault["pointer"], "/productionplan/horizon" in fault["detail"]) == ("#/load", True)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        *((f"time_limit={value}", "time_limit") for value in ("0", "-1", "11", "nan", "soon", "")),
        ("time_limit=1&time_limit=2", "time_limit"),
        *((f"end={value}", "end") for value in ("0", "13", "-1", "1.5", "last", "9" * 5000, "²")),
        ("End=1", "End"),
        ("step=2", "step"),
        ("co2=maybe", "co2"),
    ],
)
def test_a_query_that_is_not_valid_names_its_parameter(server: LiveServer, query: str, parameter: str) -> None:
    members = problem(post(server, day(), f"{REPORT}?{query}"), 422, "invalid-query")
    assert [error["parameter"] for error in members["errors"]] == [parameter]


@pytest.mark.parametrize(
    ("payload", "most", "has"),
    [
        (day(), 47, "4 power plants × 12 periods"),
        (day() | {"storages": [BATTERY]}, 59, "4 power plants and 1 storage × 12 periods"),
        ({"storages": [BATTERY] * 2, "market": MARKET}, 59, "0 power plants and 2 storages × 30 periods"),
        ({"market": MARKET}, 29, "0 power plants × 30 periods"),
    ],
)
def test_a_horizon_with_too_many_cells_is_refused(here: FlaskClient, payload: Members, most: int, has: str) -> None:
    here.application.config["SETTINGS"] = Settings(max_cells=most)
    (fault,) = json.loads(here.post(PLAN, json=payload).text)["errors"]
    assert fault == {"pointer": "#", "detail": f"has {has}, and may have at most {most} of both multiplied"}


# --- Time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PLAN, REPORT])
def test_at_the_time_limit_the_best_plan_is_sent_or_none(server: LiveServer, path: str) -> None:
    response = post(server, hard(), f"{path}?time_limit=0.1&step=1")
    if response.status_code == 503:
        assert problem(response, 503, "gave-up")["gap"] is None
        assert int(response.headers["Retry-After"]) > 0
        return
    assert response.headers["Plan-Status"] == response.json()["status"] == "time_limit"
    assert broken_rules(hard(), response.json()) == []


def test_while_a_horizon_is_planned_others_get_their_plans(server: LiveServer) -> None:
    answers: list[requests.Response] = []
    thread = Thread(target=lambda: answers.append(post(server, hard(), f"{PLAN}?time_limit=3&step=1")))
    thread.start()
    for _ in range(20):
        assert post(server, example(3), "/productionplan").status_code == 200
    assert thread.is_alive()
    thread.join()
    (answer,) = answers
    if answer.status_code != 503:  # a slow machine has found no plan by then
        assert broken_rules(hard(), answer.json()) == []
        assert 0 <= float(answer.headers["Plan-Relative-Gap"]) < 0.1
    assert post(server, day(), f"{PLAN}?step=1").status_code == 200


@pytest.mark.parametrize("command", [FLASK_RUN, GUNICORN], ids=["flask", "gunicorn"])
def test_a_search_ends_when_its_client_has_left(boot_server: BootServer, command: list[str]) -> None:
    settings = {"POWERPLANT_WORKERS": "1", "POWERPLANT_HORIZONS": "1", "POWERPLANT_HORIZON_TIME_LIMIT": "60"}
    server = boot_server(settings, command)
    post(server, day())  # starts the process
    with pytest.raises(requests.ReadTimeout):
        requests.post(server.url + PLAN, json=hard(), timeout=1)
    assert post(server, day(), f"{PLAN}?step=1&time_limit=20").status_code == 200


# --- Without HiGHS ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_highs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no process finds highspy."""
    folder = tmp_path_factory.mktemp("without-highs")
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['highspy'] = None\n", encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def test_without_highs_only_hours_that_nothing_couples_are_planned(without_highs: dict[str, str]) -> None:
    with live_server(without_highs) as server:
        members = problem(post(server, day()), 501, "not-installed")
        assert "--extras horizon" in members["detail"]
        assert post(server, example(1) | {"load": [480, 470]}).headers["Plan-Status"] == "optimal"
        problem(post(server, faulty()), 422, "invalid-payload")


# --- For operators ---------------------------------------------------------------------------------------------------


def soon(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Whether a condition comes true: a thread of its own writes the log."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            return False
        sleep(0.02)
    return True


def lines(server: LiveServer, request_id: str) -> list[Members]:
    found = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("request_id") == request_id]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (day(), {"event": "horizon", "plants": 4, "periods": 12, "plan_status": "within_gap", "gap": "0.00"}),
        (without_a_plan(), {"event": "infeasible", "problem": "infeasible-horizon", "plants": 1, "periods": 3}),
        (faulty(), {"event": "problem", "problem": "invalid-payload"}),
    ],
)
def test_the_log_has_a_line_with_the_outcome(server: LiveServer, payload: Members, expected: Members) -> None:
    identity = f"horizon-{expected['event']}"
    fetch("POST", f"{server.url}{PLAN}?step=1", json=payload, headers={"X-Request-ID": identity})
    assert soon(lambda: lines(server, identity))
    (line,) = lines(server, identity)
    assert expected.items() <= line.items()
    assert ("cost" in line) is ("solve_ms" in line) is (expected["event"] == "horizon")


def test_metrics_count_horizons_by_their_outcome(here: FlaskClient) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    alone = example(1) | {"load": [480]}
    wanted = [
        ("optimal", alone, ""),
        ("within_gap", day(), "?step=1"),
        ("infeasible", without_a_plan(), ""),
        ("gave_up", hard(), "?time_limit=0.001"),
    ]

    def counts() -> dict[str, int]:
        text = here.get("/metrics").text
        found = (line.rpartition(" ") for line in text.splitlines() if "horizon_seconds_count" in line)
        return {name: int(float(value)) for name, _, value in found}

    before = counts()
    for _, payload, query in wanted:
        here.post(PLAN + query, json=payload)
    here.post(PLAN, json=faulty())
    grown = {name: count - before.get(name, 0) for name, count in counts().items() if count != before.get(name, 0)}
    assert grown == {f'powerplant_horizon_seconds_count{{status="{status}"}}': 1 for status, _, _ in wanted}


def test_a_wrong_plan_is_a_bug_whose_payload_is_logged(
    here: FlaskClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.horizon.planning.broken_rule", lambda *_: "gas runs, and cannot")
    response = here.post(PLAN, json=day())
    assert response.status_code == 500
    assert json.loads(response.text)["type"] == "/problems/internal-error"
    assert "Plan-Cost" not in response.headers
    assert json.loads(next(line["payload"] for line in log.lines if "payload" in line)) == day()
    assert "WrongPlan: the plan breaks a rule: gas runs, and cannot" in log.text
