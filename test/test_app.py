"""The app factory: what it registers, and which settings it uses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from flask.testing import FlaskClient

from powerplant import create_app
from powerplant.config import Settings
from powerplant.errors import ConfigurationError

PAYLOAD = {
    "load": 10,
    "fuels": {"gas(euro/MWh)": 10, "co2(euro/ton)": 10},
    "powerplants": [{"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": 10}],
}


def test_the_app_has_its_endpoints(client: FlaskClient) -> None:
    rules = {
        (rule.rule, frozenset((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        for rule in client.application.url_map.iter_rules()
    }
    assert {
        ("/productionplan", frozenset({"POST"})),
        ("/health", frozenset({"GET"})),
        ("/problems/<name>", frozenset({"GET"})),
    } <= rules


@pytest.mark.parametrize("environment", [None, "prd", "production", "staging", "test", ""])
def test_the_debugger_is_off_by_default_and_for_any_other_flask_env(
    monkeypatch: pytest.MonkeyPatch, environment: str | None
) -> None:
    if environment is not None:
        monkeypatch.setenv("FLASK_ENV", environment)
    app = create_app()
    assert not app.debug
    assert app.test_client().get("/health").status_code == 200


@pytest.mark.parametrize("environment", ["dev", "development"])
def test_flask_env_turns_the_debugger_on(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    monkeypatch.setenv("FLASK_ENV", environment)
    assert create_app().debug


def test_an_app_reads_its_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "false")
    assert create_app().test_client().post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "200.00"


def test_settings_as_an_argument_have_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "false")
    client = create_app(Settings(co2=True)).test_client()
    assert client.post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "230.00"


def test_an_app_does_not_start_with_a_setting_that_is_not_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "maybe")
    with pytest.raises(ConfigurationError, match="POWERPLANT_CO2 must be true or false, not 'maybe'"):
        create_app()


def test_two_apps_keep_their_own_settings() -> None:
    with_co2, without = create_app(Settings()).test_client(), create_app(Settings(co2=False)).test_client()
    for _ in range(2):
        assert with_co2.post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "230.00"
        assert without.post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "200.00"


def test_a_body_of_the_largest_size_is_read_and_a_byte_more_is_refused() -> None:
    client = create_app(Settings(max_body=100)).test_client()
    assert client.post("/productionplan", data=b" " * 100).status_code == 400
    assert client.post("/productionplan", data=b" " * 101).status_code == 413


@pytest.mark.parametrize("command", [["flask", "--app", "powerplant", "run"], ["gunicorn"]])
def test_a_setting_that_is_not_valid_stops_the_server_with_one_sentence(command: list[str]) -> None:
    if command == ["gunicorn"] and sys.platform == "win32":
        pytest.skip("gunicorn does not run on Windows")
    started = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "POWERPLANT_CO2": "maybe"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert started.returncode != 0
    assert "POWERPLANT_CO2 must be true or false, not 'maybe'" in started.stderr
    assert "Traceback" not in started.stderr
