"""The settings: what the environment may say, and what is said of what it may not."""

from __future__ import annotations

import pytest

from powerplant.config import Settings
from powerplant.errors import ConfigurationError


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_environ({}) == Settings()
    assert Settings() == Settings(debug=False, co2=True, time_limit=5.0, max_body=4 * 1024 * 1024, max_plants=10_000)


@pytest.mark.parametrize("environment", ["dev", "development", "Development", " dev "])
def test_flask_env_asks_for_the_debugger(environment: str) -> None:
    assert Settings.from_environ({"FLASK_ENV": environment}).debug


@pytest.mark.parametrize("environment", ["prd", "production", "staging", "", "devel", "1", "true", "☃"])
def test_any_other_flask_env_does_not(environment: str) -> None:
    assert not Settings.from_environ({"FLASK_ENV": environment}).debug


@pytest.mark.parametrize(
    ("text", "co2"),
    [
        ("true", True),
        ("false", False),
        ("1", True),
        ("0", False),
        ("yes", True),
        ("no", False),
        ("on", True),
        ("off", False),
        ("FALSE", False),
        (" false ", False),
        ("", True),
        (" ", True),
    ],
)
def test_co2_is_a_truth_value(text: str, co2: bool) -> None:
    assert Settings.from_environ({"POWERPLANT_CO2": text}).co2 is co2


def test_numbers_are_read() -> None:
    settings = Settings.from_environ(
        {"POWERPLANT_TIME_LIMIT": " 0.25 ", "POWERPLANT_MAX_BODY": "1000", "POWERPLANT_MAX_PLANTS": "7"}
    )
    assert (settings.time_limit, settings.max_body, settings.max_plants) == (0.25, 1000, 7)


@pytest.mark.parametrize("name", ["POWERPLANT_TIME_LIMIT", "POWERPLANT_MAX_BODY", "POWERPLANT_MAX_PLANTS"])
def test_a_number_that_is_empty_counts_as_unset(name: str) -> None:
    assert Settings.from_environ({name: " "}) == Settings()


@pytest.mark.parametrize(
    ("environ", "as_json"),
    [
        ({}, True),
        ({"FLASK_ENV": "dev"}, False),
        ({"POWERPLANT_LOG": "text"}, False),
        ({"FLASK_ENV": "dev", "POWERPLANT_LOG": " JSON "}, True),
    ],
)
def test_the_log_is_for_programs_in_production_and_for_people_in_development(
    environ: dict[str, str], as_json: bool
) -> None:
    assert Settings.from_environ(environ).log_json is as_json


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("*", ("*",)),
        ("https://desk.example.com, http://127.0.0.1:8080", ("https://desk.example.com", "http://127.0.0.1:8080")),
    ],
)
def test_origins_are_a_list(text: str, origins: tuple[str, ...]) -> None:
    assert Settings.from_environ({"POWERPLANT_CORS_ORIGINS": text}).cors_origins == origins


@pytest.mark.parametrize("text", ["desk.example.com", "https://desk.example.com/", "https://a.example, null", "//x"])
def test_what_is_no_origin_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="POWERPLANT_CORS_ORIGINS must list origins like"):
        Settings.from_environ({"POWERPLANT_CORS_ORIGINS": text})


@pytest.mark.parametrize(
    ("name", "values", "must_be"),
    [
        ("POWERPLANT_CO2", ["maybe", "2", "truefalse"], "true or false"),
        ("POWERPLANT_TIME_LIMIT", ["0", "-1", "nan", "inf", "-inf", "5s", "1e999"], "a number above 0"),
        ("POWERPLANT_MAX_BODY", ["0", "-1", "1.5", "4M", "²", "nan"], "a whole number above 0"),
        ("POWERPLANT_MAX_PLANTS", ["0", "-1", "1e4", "many", "½", "9" * 30], "a whole number above 0"),
        ("POWERPLANT_BODY_TIMEOUT", ["0", "-1", "nan", "soon"], "a number above 0"),
        ("POWERPLANT_SOLVERS", ["0", "-1", "two"], "a whole number above 0"),
        ("POWERPLANT_PROXIES", ["-1", "one", "0.5"], "a whole number"),
        ("POWERPLANT_LOG", ["xml", "1"], "json or text"),
        ("POWERPLANT_LIVE", ["maybe", "2"], "true or false"),
        ("POWERPLANT_LIVE_CLIENTS", ["0", "-1", "all"], "a whole number above 0"),
    ],
)
def test_a_value_that_is_not_legal_is_named_with_its_variable(name: str, values: list[str], must_be: str) -> None:
    for value in values:
        with pytest.raises(ConfigurationError) as error:
            Settings.from_environ({name: value})
        assert str(error.value) == f"{name} must be {must_be}, not {value!r}"


def test_the_live_feed_is_off_and_closed_to_pages() -> None:
    settings = Settings()
    assert (settings.live, settings.live_token, settings.live_origins) == (False, "", ())


def test_the_live_feeds_origins_are_origins() -> None:
    origins = "https://desk.example.com, *"
    assert Settings.from_environ({"POWERPLANT_LIVE_ORIGINS": origins}).live_origins == ("https://desk.example.com", "*")
    with pytest.raises(ConfigurationError, match="POWERPLANT_LIVE_ORIGINS must list origins like"):
        Settings.from_environ({"POWERPLANT_LIVE_ORIGINS": "desk.example.com"})


@pytest.mark.parametrize("text", ["short", "fifteen-letters", "with a space in it", "x" * 257, "ümlaut" * 4, "a/b" * 9])
def test_a_token_that_is_not_legal_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(
        ConfigurationError, match="POWERPLANT_LIVE_TOKEN must have 16 to 256 of the characters"
    ) as error:
        Settings.from_environ({"POWERPLANT_LIVE_TOKEN": text})
    assert text not in str(error.value)


def test_a_token_is_read_and_shown_nowhere() -> None:
    token = "Az09-._~" * 2
    settings = Settings.from_environ({"POWERPLANT_LIVE_TOKEN": f" {token} "})
    assert settings.live_token == token
    assert token not in repr(settings)
