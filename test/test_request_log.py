"""The log: the id of a request, its one line, and what is logged with a bug."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import threading
from typing import Any

import pytest
from conftest import Log
from flask.testing import FlaskClient
from live_server import ROOT
from payloads import ONE_WIND_PARK, WIND_PARK

import powerplant.answers
from powerplant import create_app
from powerplant.config import Settings
from powerplant.logs import JsonLines, Output, output

PAYLOAD = ONE_WIND_PARK


# --- Request ids -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("supplied", ["abc-123", "x" * 128, '{"a":1}', "!~"])
def test_a_valid_request_id_is_kept(client: FlaskClient, log: Log, supplied: str) -> None:
    response = client.post("/productionplan", data=b"", headers={"X-Request-ID": supplied})
    assert response.headers["X-Request-ID"] == supplied
    assert json.loads(response.text)["request_id"] == supplied
    assert [line["request_id"] for line in log.lines] == [supplied]


@pytest.mark.parametrize("supplied", [None, "", "x" * 129, "two words", "caf\u00e9", "tab\there"])
def test_a_request_without_a_valid_id_gets_a_new_one(client: FlaskClient, log: Log, supplied: str | None) -> None:
    headers = {} if supplied is None else {"X-Request-ID": supplied}
    ids = [client.post("/productionplan", json=PAYLOAD, headers=headers).headers["X-Request-ID"] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{16}", made) for made in ids)
    assert ids[0] != ids[1]
    assert [line["request_id"] for line in log.lines] == ids


# --- One line for each request ---------------------------------------------------------------------------------------


def test_a_plan_is_one_line(client: FlaskClient, log: Log) -> None:
    client.post("/productionplan?co2=false", json=PAYLOAD)
    [line] = log.lines
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
def test_a_problem_is_one_line(client: FlaskClient, log: Log, payload: Any, facts: dict[str, Any]) -> None:
    client.post("/productionplan", json=payload)
    [line] = log.lines
    assert facts.items() <= line.items()


def test_an_unknown_address_is_one_line(client: FlaskClient, log: Log) -> None:
    client.get("/nowhere")
    [line] = log.lines
    assert (line["path"], line["status"], line["problem"]) == ("/nowhere", 404, "not-found")


@pytest.mark.parametrize("path", ["/health", "/ready", "/web/page.css"])
def test_probes_and_files_of_the_page_are_not_logged(client: FlaskClient, log: Log, path: str) -> None:
    with client.get(path) as response:
        assert response.status_code == 200
    assert log.text == ""


@pytest.mark.parametrize("path", ["/healthx", "/health/x", "/metricsx", "/readyz", "/web/nothing.css"])
def test_addresses_that_begin_like_those_of_probes_are_logged(client: FlaskClient, log: Log, path: str) -> None:
    client.get(path)
    [line] = log.lines
    assert (line["path"], line["status"]) == (path, 404)


def test_a_metric_that_fails_stops_no_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    metrics = pytest.importorskip("powerplant.api.metrics", reason="the extra metrics is not installed")

    def fail(*_: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(metrics, "count", fail)
    assert create_app().test_client().post("/productionplan", json=PAYLOAD).status_code == 200
    output(as_json=True).flush()
    assert [json.loads(line)["event"] for line in capfd.readouterr().out.splitlines()] == ["plan", "a metric failed"]


def test_the_payload_is_not_in_the_log(client: FlaskClient, log: Log) -> None:
    secret = PAYLOAD | {"powerplants": [WIND_PARK | {"name": "secret"}], "secret": "secret"}
    client.post("/productionplan", json=secret)
    client.post("/productionplan", json=secret | {"load": "secret"})
    client.post("/productionplan", json=secret | {"load": 11})
    client.post("/productionplan", data=b'{"secret')
    assert len(log.lines) == 4
    assert "secret" not in log.text


def test_a_bug_is_logged_with_its_traceback_and_the_payload(
    client: FlaskClient, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the inner secret")

    monkeypatch.setattr(powerplant.answers, "plan_production", fail)
    client.post("/productionplan", json=PAYLOAD, headers={"X-Request-ID": "abc"})
    traceback, payload, line = log.lines
    assert traceback["level"] == payload["level"] == "error"
    assert "Traceback (most recent call last)" in traceback["traceback"]
    assert "ZeroDivisionError: the inner secret" in traceback["traceback"]
    assert json.loads(payload["payload"]) == PAYLOAD
    assert (line["event"], line["status"], line["problem"]) == ("problem", 500, "internal-error")
    assert {entry["request_id"] for entry in (traceback, payload, line)} == {"abc"}


def test_the_log_goes_to_stdout_and_each_line_once(capfd: pytest.CaptureFixture[str]) -> None:
    """Also where a process has made an app before."""
    create_app()
    create_app().test_client().post("/productionplan", json=PAYLOAD)
    output(as_json=True).flush()
    captured = capfd.readouterr()
    assert json.loads(captured.out)["event"] == "plan"
    assert captured.err == ""


def test_lines_that_nobody_reads_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    monkeypatch.setattr("powerplant.logs.STDOUT", writer)
    monkeypatch.setattr("powerplant.logs.MOST_WAITING", 10_000)
    handler = Output(JsonLines())
    for number in range(3000):
        handler.handle(logging.makeLogRecord({"msg": "event", "facts": {"number": number, "text": "x" * 100}}))
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.extend(iter(lambda: os.read(reader, 4096), b"")))
    thread.start()
    handler.flush()
    handler.handle(logging.makeLogRecord({"msg": "next"}))
    handler.flush()
    os.close(writer)
    thread.join()
    os.close(reader)
    lines = [json.loads(line) for line in b"".join(read).splitlines()]
    kept = [line["number"] for line in lines if line["event"] == "event"]
    assert kept == sorted(set(kept))
    assert 10 < len(kept) < 2000
    assert sum(line["lines"] for line in lines if line["event"] == "log-lines-dropped") == 3000 - len(kept)
    assert lines[-1]["event"] in {"next", "log-lines-dropped"}


def test_a_stdout_that_is_closed_stops_no_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    handler = Output(JsonLines())
    with monkeypatch.context() as patch:
        patch.setattr("powerplant.logs.STDOUT", writer)
        handler.handle(logging.makeLogRecord({"msg": "lost"}))
        handler.flush()
    os.close(writer)
    handler.handle(logging.makeLogRecord({"msg": "written"}))
    handler.flush()
    assert json.loads(capfd.readouterr().out)["event"] == "written"


UNREAD = """
import logging
from powerplant.logs import JsonLines, Output

handler = Output(JsonLines())
for _ in range(1000):  # more than a pipe has room for
    handler.handle(logging.makeLogRecord({"msg": "event", "facts": {"text": "x" * 100}}))
"""


def test_a_process_ends_as_usual_while_nobody_reads_its_lines() -> None:
    with subprocess.Popen([sys.executable, "-c", UNREAD], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.wait(20) == 0


# --- The form of a line ----------------------------------------------------------------------------------------------


def test_a_line_has_the_time_of_its_event_in_utc() -> None:
    record = logging.makeLogRecord({"msg": "event", "created": 1_700_000_000.007})
    assert json.loads(JsonLines().format(record))["time"] == "2023-11-14T22:13:20.007+00:00"


def test_a_path_with_a_line_end_stays_one_line(client: FlaskClient, log: Log) -> None:
    client.get("/a%0Ab%22%7D")
    [line] = log.lines
    assert line["path"] == '/a\nb"}'


@pytest.mark.parametrize("text", ["half a pair: \ud800", "\x00\x1b\u2028\u2029 caf\u00e9 \U0001f600"])
def test_any_text_becomes_one_line_of_ascii(text: str) -> None:
    facts = {"text": text, "other": ValueError(text)}
    formatted = JsonLines().format(logging.makeLogRecord({"msg": text, "facts": facts}))
    line = json.loads(formatted)
    assert line["event"] == line["text"] == line["other"] == text
    assert formatted.isascii()
    assert len(formatted.splitlines()) == 1


def test_the_log_can_be_text(capfd: pytest.CaptureFixture[str]) -> None:
    client = create_app(Settings(log="text")).test_client()
    client.post("/productionplan", json=PAYLOAD, headers={"X-Request-ID": "abc"})
    client.get("/a%0A2026-01-01%20INFO%20plan%1b[2J")
    output(as_json=False).flush()
    plan, unknown = capfd.readouterr().out.split("\n", 1)
    assert re.fullmatch(
        r"\S+ \S+ INFO plan request_id=abc method=POST path=/productionplan status=200 plants=1 load=10\.0 "
        r"cost=0\.00 proof=\"merit order\" solve_ms=[\d.e-]+ ms=[\d.]+",
        plan,
    )
    assert unknown.count("\n") == 1
    assert "\x1b" not in unknown
