"""The app factory: what it registers, and what it takes from the environment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from flask.testing import FlaskClient

from powerplant import Settings, create_app
from powerplant.errors import ConfigurationError

PAYLOAD = {
    "load": 10,
    "fuels": {"gas(euro/MWh)": 10, "co2(euro/ton)": 10},
    "powerplants": [{"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": 10}],
}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting in the environment, and what an app leaves in it is taken back."""
    for name in ("FLASK_ENV", "FLASK_DEBUG", "POWERPLANT_CO2", "POWERPLANT_TIME_LIMIT", "POWERPLANT_MAX_BODY"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_the_app_has_its_addresses(client: FlaskClient) -> None:
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
def test_an_app_is_without_the_debugger_unless_it_is_asked_for(
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


def test_the_environment_sets_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "false")
    assert create_app().test_client().post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "200.00"


def test_settings_that_are_given_go_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "false")
    client = create_app(Settings()).test_client()
    assert client.post("/productionplan", json=PAYLOAD).headers["Plan-Cost"] == "230.00"


def test_an_app_does_not_start_on_a_setting_that_is_not_legal(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_setting_that_is_not_legal_stops_the_start_with_one_sentence(command: list[str]) -> None:
    if command == ["gunicorn"] and sys.platform == "win32":
        pytest.skip("gunicorn does not run on Windows")
    started = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, "POWERPLANT_CO2": "maybe", "POWERPLANT_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert started.returncode != 0
    assert "POWERPLANT_CO2 must be true or false, not 'maybe'" in started.stderr
    assert "Traceback" not in started.stderr
