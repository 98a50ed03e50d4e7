"""What operators see of a request: its id, its line of the log, its headers, and the numbers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from live_server import fetch

import powerplant.api.productionplan
from powerplant import Settings, create_app
from powerplant.logs import JsonLines, TextLines

WIND_PARK = {"name": "wind park of Zürich", "type": "windturbine", "pmax": 10}
PAYLOAD = {"load": 10, "fuels": {"wind(%)": 100}, "powerplants": [WIND_PARK]}


def listen(app: Flask, formatter: logging.Formatter) -> Iterator[StringIO]:
    """What an app writes to its log."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    app.logger.addHandler(handler)
    yield stream
    app.logger.removeHandler(handler)


@pytest.fixture
def json_log(client: FlaskClient) -> Iterator[StringIO]:
    yield from listen(client.application, JsonLines())


@pytest.fixture
def text_log(client: FlaskClient) -> Iterator[StringIO]:
    yield from listen(client.application, TextLines())


def lines_of(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


# --- Request ids -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("supplied", ["abc-123", "x" * 128, '{"a":1}', "!~"])
def test_a_request_keeps_the_id_that_it_brings(client: FlaskClient, json_log: StringIO, supplied: str) -> None:
    response = client.post("/productionplan", data=b"", headers={"X-Request-ID": supplied})
    assert response.headers["X-Request-ID"] == supplied
    assert json.loads(response.text)["request_id"] == supplied
    assert [line["request_id"] for line in lines_of(json_log)] == [supplied]


@pytest.mark.parametrize("supplied", [None, "", "x" * 129, "two words", "caf\u00e9", "tab\there"])
def test_a_request_without_a_fitting_id_is_given_one(
    client: FlaskClient, json_log: StringIO, supplied: str | None
) -> None:
    headers = {} if supplied is None else {"X-Request-ID": supplied}
    ids = [client.post("/productionplan", json=PAYLOAD, headers=headers).headers["X-Request-ID"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{16}", made) for made in ids)
    assert ids[0] != ids[1]
    assert [line["request_id"] for line in lines_of(json_log)] == ids


# --- The log ---------------------------------------------------------------------------------------------------------


def test_each_line_has_the_time_of_its_event() -> None:
    form, times = JsonLines(), []
    for created in (1_700_000_000.123, 1_700_000_000.0, 1_700_000_000.9996, 1_700_000_001.25, 1_700_000_000.007):
        record = logging.makeLogRecord({"msg": "event", "created": created})
        times.append(json.loads(form.format(record))["time"])
    of_the_hour = [time.removeprefix("2023-11-14T22:").removesuffix("+00:00") for time in times]
    assert of_the_hour == ["13:20.123", "13:20.000", "13:21.000", "13:21.250", "13:20.007"]


def test_a_plan_is_one_line(client: FlaskClient, json_log: StringIO) -> None:
    client.post("/productionplan?co2=false", json=PAYLOAD)
    [line] = lines_of(json_log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("ms") >= line.pop("solve_ms") > 0
    del line["request_id"]
    assert line == {
        "level": "info",
        "event": "plan",
        "method": "POST",
        "path": "/productionplan",
        "status": 200,
        "plants": 1,
        "load": 10.0,
        "cost": "0.00",
        "proof": "merit order",
    }


@pytest.mark.parametrize(
    ("payload", "facts"),
    [
        (PAYLOAD | {"load": 11}, {"event": "infeasible", "status": 422, "reason": "above_capacity", "plants": 1}),
        (PAYLOAD | {"load": -1}, {"event": "problem", "status": 422, "problem": "invalid-payload"}),
        (None, {"event": "problem", "status": 400, "problem": "malformed-json"}),
    ],
)
def test_so_is_every_problem(client: FlaskClient, json_log: StringIO, payload: Any, facts: dict[str, Any]) -> None:
    client.post("/productionplan", json=payload)
    [line] = lines_of(json_log)
    assert facts.items() <= line.items()


def test_an_address_that_is_none_is_a_line_too(client: FlaskClient, json_log: StringIO) -> None:
    client.get("/nowhere")
    [line] = lines_of(json_log)
    assert (line["path"], line["status"], line["problem"]) == ("/nowhere", 404, "not-found")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_probes_are_no_lines(client: FlaskClient, json_log: StringIO, path: str) -> None:
    assert client.get(path).status_code == 200
    assert json_log.getvalue() == ""


def test_the_payload_is_not_in_the_log(client: FlaskClient, json_log: StringIO) -> None:
    secret = PAYLOAD | {"powerplants": [WIND_PARK | {"name": "secret"}], "secret": "secret"}
    client.post("/productionplan", json=secret)
    client.post("/productionplan", json=secret | {"load": "secret"})
    client.post("/productionplan", json=secret | {"load": 11})
    client.post("/productionplan", data=b'{"secret')
    assert len(lines_of(json_log)) == 4
    assert "secret" not in json_log.getvalue()


def test_people_read_text(client: FlaskClient, text_log: StringIO) -> None:
    client.post("/productionplan", json=PAYLOAD, headers={"X-Request-ID": "abc"})
    assert re.fullmatch(
        r"\S+ \S+ INFO plan request_id=abc method=POST path=/productionplan status=200 plants=1 load=10\.0 "
        r"cost=0\.00 proof=\"merit order\" solve_ms=[\d.e-]+ ms=[\d.]+\n",
        text_log.getvalue(),
    )


def test_a_line_stays_one_line_whatever_is_asked_for(client: FlaskClient, json_log: StringIO) -> None:
    client.get("/a%0Ab%22%7D")
    [line] = lines_of(json_log)
    assert line["path"] == '/a\nb"}'


@pytest.mark.parametrize("text", ["half a pair: \ud800", "\x00\x1b\u2028\u2029 caf\u00e9 \U0001f600"])
def test_any_text_becomes_one_line_of_plain_characters(text: str) -> None:
    facts = {"text": text, "other": ValueError(text)}
    formatted = JsonLines().format(logging.makeLogRecord({"msg": text, "facts": facts}))
    line = json.loads(formatted)
    assert line["event"] == line["text"] == line["other"] == text
    assert formatted.isascii()
    assert len(formatted.splitlines()) == 1


def test_text_stays_one_line_too(client: FlaskClient, text_log: StringIO) -> None:
    client.get("/a%0A2026-01-01%20INFO%20plan%1b[2J")
    assert text_log.getvalue().count("\n") == 1
    assert "\x1b" not in text_log.getvalue()


def test_our_own_bug_tells_all(client: FlaskClient, json_log: StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the inner secret")

    monkeypatch.setattr(powerplant.api.productionplan, "plan_production", fail)
    client.post("/productionplan", data=json.dumps(PAYLOAD).encode() + b"\xff"[:0], headers={"X-Request-ID": "abc"})
    traceback, payload, line = lines_of(json_log)
    assert traceback["level"] == payload["level"] == "error"
    assert "ZeroDivisionError: the inner secret" in traceback["traceback"]
    assert json.loads(payload["payload"]) == PAYLOAD
    assert (line["status"], line["problem"]) == (500, "internal-error")
    assert {entry["request_id"] for entry in (traceback, payload, line)} == {"abc"}


def test_the_log_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    create_app(Settings()).test_client().post("/productionplan", json=PAYLOAD)
    captured = capsys.readouterr()
    assert json.loads(captured.out)["event"] == "plan"
    assert captured.err == ""


def test_an_app_after_another_writes_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    create_app(Settings())
    create_app(Settings(log_json=False)).test_client().post("/productionplan", json=PAYLOAD)
    assert capsys.readouterr().out.count(" INFO plan ") == 1


# --- Headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/productionplan"), ("GET", "/nowhere"), ("GET", "/health"), ("GET", "/problems")]
)
def test_no_browser_guesses_types_or_loads_anything(client: FlaskClient, method: str, path: str) -> None:
    headers = client.open(path, method=method).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/web/page.css", "/health", "/nowhere"])
def test_an_answer_is_dated_once(server_url: str, gunicorn_url: str, path: str) -> None:
    for url in (server_url, gunicorn_url):
        assert len(fetch("GET", url + path).raw.headers.getlist("Date")) == 1


def test_no_page_of_another_origin_may_read_unless_it_is_named(client: FlaskClient) -> None:
    for method in ("OPTIONS", "POST"):
        headers = client.open("/productionplan", method=method, headers={"Origin": "https://desk.example.com"}).headers
        assert not any(name.startswith("Access-Control") for name in headers.keys())  # noqa: SIM118 - not a mapping


@pytest.mark.parametrize(
    ("origins", "origin", "shared"),
    [
        (("https://desk.example.com",), "https://desk.example.com", True),
        (("https://desk.example.com",), "https://desk.example.com:8443", False),
        (("https://desk.example.com",), "null", False),
        (("*",), "https://anywhere.example", True),
        (("*",), None, False),
    ],
)
def test_pages_of_the_origins_that_are_named_may_ask_and_read(
    origins: tuple[str, ...], origin: str | None, shared: bool
) -> None:
    client = create_app(Settings(cors_origins=origins)).test_client()
    asked = {} if origin is None else {"Origin": origin}
    preflight = client.options("/productionplan", headers={**asked, "Access-Control-Request-Method": "POST"})
    answer = client.post("/productionplan", json=PAYLOAD, headers=asked)
    for response in (preflight, answer):
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if shared else None)
        assert "Origin" in response.headers["Vary"]
    if shared:
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
        assert "Plan-Cost" in answer.headers["Access-Control-Expose-Headers"]


FORWARDED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "plans.example.com",
    "X-Forwarded-Prefix": "/desk",
    "X-Forwarded-For": "203.0.113.9",
}


@pytest.mark.parametrize(("proxies", "prefix"), [(0, ""), (1, "/desk")])
def test_a_prefix_is_believed_only_of_a_proxy_that_is_named(proxies: int, prefix: str) -> None:
    client = create_app(Settings(proxies=proxies)).test_client()
    members = json.loads(client.post("/productionplan", data=b"", headers=FORWARDED).text)
    assert members["type"] == f"{prefix}/problems/malformed-json"
    assert members["instance"] == f"{prefix}/productionplan"


# --- Numbers ---------------------------------------------------------------------------------------------------------


def numbers(client: FlaskClient) -> dict[str, float]:
    """What the metrics say, by name and labels."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    lines = [line for line in response.text.splitlines() if line.startswith("powerplant_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_are_counted_by_what_came_of_them(client: FlaskClient) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    before = numbers(client)
    for load in (10, 10, 11, -1):
        client.post("/productionplan/", json=PAYLOAD | {"load": load})
    client.get("/productionplan")
    client.open("/made/up", method="BREW")
    after = numbers(client)
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    expected = {
        'request_seconds_count{method="POST",route="/productionplan",status="200"}': 2,
        'request_seconds_count{method="POST",route="/productionplan",status="422"}': 2,
        'request_seconds_count{method="GET",route="unknown",status="405"}': 1,
        'request_seconds_count{method="other",route="unknown",status="404"}': 1,
        'request_seconds_count{method="GET",route="/metrics",status="200"}': 1,
        'solve_seconds_count{proof="merit order"}': 2,
        'infeasible_loads_total{reason="above_capacity"}': 1,
        "plants_count": 3,
        "plants_sum": 3,
    }
    assert {f"powerplant_{name}": count for name, count in expected.items()}.items() <= grown.items()
    assert not any("made" in name for name in after)


def test_without_the_library_there_are_no_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powerplant.api, "find_spec", lambda _: None)
    client = create_app(Settings()).test_client()
    assert client.get("/metrics").status_code == 404
    assert client.post("/productionplan", json=PAYLOAD).status_code == 200
