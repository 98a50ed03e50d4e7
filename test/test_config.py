"""The settings: what environment variables can say, and the messages for values that are not valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from powerplant.config import Settings, load_settings, variable_of
from powerplant.errors import ConfigurationError


def settings_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    """The settings in an environment of these variables; their names without ``POWERPLANT_``."""
    for name, value in variables.items():
        monkeypatch.setenv(name if name == "FLASK_ENV" else f"POWERPLANT_{name}", value)
    return load_settings()


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load_settings()
    assert settings.model_dump() == {name: field.default for name, field in Settings.model_fields.items()}
    assert not settings.debug


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        *(("CO2", text, True) for text in ("true", "TRUE", "1", "yes", "on", " true ", "", " ")),
        *(("CO2", text, False) for text in ("false", "FALSE", "0", "no", "off", " false ")),
        ("TIME_LIMIT", " 0.25 ", 0.25),
        ("TIME_LIMIT", " ", 5.0),
        ("MAX_BODY", "1000", 1000),
        ("MAX_BODY", "", 4 * 1024 * 1024),
        ("MAX_PLANTS", " 7\n", 7),
        ("HOST", " ::1 ", "::1"),
        ("LOG", " JSON ", "json"),
        ("CORS_ORIGINS", "", ()),
        ("CORS_ORIGINS", " , ", ()),
        ("CORS_ORIGINS", "*", ("*",)),
        (
            "CORS_ORIGINS",
            "https://desk.example.com, http://127.0.0.1:8080",
            ("https://desk.example.com", "http://127.0.0.1:8080"),
        ),
        ("LIVE_ORIGINS", "https://desk.example.com, *", ("https://desk.example.com", "*")),
        ("LIVE_TOKEN", " Az09-._~Az09-._~ ", SecretStr("Az09-._~Az09-._~")),
    ],
)
def test_a_variable_sets_its_setting_and_a_blank_one_leaves_the_default(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, value: Any
) -> None:
    assert getattr(settings_of(monkeypatch, **{variable: text}), variable.lower()) == value


@pytest.mark.parametrize(
    ("flask_env", "debug"),
    [
        *((text, True) for text in ("dev", "development", "Development", " dev ")),
        *((text, False) for text in ("prd", "production", "staging", "", " ", "devel", "1", "true", "☃")),
    ],
)
def test_only_dev_and_development_turn_the_debugger_on(
    monkeypatch: pytest.MonkeyPatch, flask_env: str, debug: bool
) -> None:
    assert settings_of(monkeypatch, FLASK_ENV=flask_env).debug is debug


@pytest.mark.parametrize(
    ("variables", "on_terminal", "as_json"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"LOG": "auto"}, False, True),
        ({"FLASK_ENV": "dev"}, False, False),
        ({"LOG": "text"}, False, False),
        ({"LOG": "json"}, True, True),
        ({"FLASK_ENV": "dev", "LOG": "json"}, False, True),
    ],
)
def test_the_log_is_text_on_a_terminal_and_in_development_unless_the_setting_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], on_terminal: bool, as_json: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: on_terminal)
    assert settings_of(monkeypatch, **variables).log_json is as_json


def test_long_work_holds_at_most_half_of_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of(monkeypatch).waiting == 16
    assert settings_of(monkeypatch, THREADS="16").waiting == 2
    assert settings_of(monkeypatch, THREADS="12").waiting == 0
    with pytest.raises(ConfigurationError) as error:
        settings_of(monkeypatch, THREADS="11")
    assert str(error.value) == (
        "POWERPLANT_THREADS must be at least twice the sum of POWERPLANT_SOLVERS, POWERPLANT_BATCHES and twice "
        "POWERPLANT_HORIZONS"
    )


@pytest.mark.parametrize(
    ("variable", "values", "message"),
    [
        ("CO2", ["maybe", "2", "truefalse"], "must be true or false"),
        ("TIME_LIMIT", ["nan", "inf", "-inf", "5s", "1e999"], "must be a number"),
        ("TIME_LIMIT", ["0", "-1"], "must be above 0"),
        ("BODY_TIMEOUT", ["0", "-1"], "must be above 0"),
        ("BODY_TIMEOUT", ["soon"], "must be a number"),
        ("MAX_BODY", ["1.5", "4M", "²", "nan"], "must be a whole number"),
        ("MAX_BODY", ["0", "-1"], "must be above 0"),
        ("MAX_PLANTS", ["1e4", "many", "½"], "must be a whole number"),
        ("MAX_PLANTS", ["9" * 5000], "must be a whole number with fewer digits"),
        ("SOLVERS", ["0", "-1"], "must be above 0"),
        ("PROXIES", ["-1"], "must be at least 0"),
        ("PROXIES", ["one", "0.5"], "must be a whole number"),
        ("PORT", ["0"], "must be at least 1"),
        ("PORT", ["65536"], "must be at most 65535"),
        ("LOG", ["xml", "1"], "must be one of 'auto', 'json' or 'text'"),
        ("LIVE", ["maybe", "2"], "must be true or false"),
        *(
            (variable, values, "must be a list of origins like https://desk.example.com, or *")
            for variable in ("CORS_ORIGINS", "LIVE_ORIGINS")
            for values in [["desk.example.com", "https://desk.example.com/", "null", "//x"]]
        ),
    ],
)
def test_the_message_names_the_variable_what_it_must_be_and_its_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, values: list[str], message: str
) -> None:
    for value in values:
        with pytest.raises(ConfigurationError) as error:
            settings_of(monkeypatch, **{variable: value})
        assert str(error.value) == f"POWERPLANT_{variable} {message}, not {value!r}"


def test_every_wrong_variable_is_named_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError) as error:
        settings_of(monkeypatch, CO2="maybe", PORT="x", CORS_ORIGINS="https://a.example, null")
    assert sorted(str(error.value).split("; ")) == [
        "POWERPLANT_CO2 must be true or false, not 'maybe'",
        "POWERPLANT_CORS_ORIGINS must be a list of origins like https://desk.example.com, or *, not 'null'",
        "POWERPLANT_PORT must be a whole number, not 'x'",
    ]


@pytest.mark.parametrize("text", ["short", "fifteen-letters", "with a space in it", "x" * 257, "ümlaut" * 4, "a/b" * 9])
def test_a_token_that_is_not_valid_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(ConfigurationError, match="POWERPLANT_LIVE_TOKEN must have 16 to 256 of the char") as error:
        settings_of(monkeypatch, LIVE_TOKEN=text)
    assert text not in str(error.value)


def test_a_token_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "Az09-._~" * 2
    settings = settings_of(monkeypatch, LIVE_TOKEN=token)
    assert token not in f"{settings} {settings!r} {settings.model_dump_json()}"


def test_the_live_feed_needs_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powerplant.config.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match=r"LIVE needs the extra live.* poetry install --extras live"):
        settings_of(monkeypatch, LIVE="true")


# --- The documentation -----------------------------------------------------------------------------------------------


def as_documented(default: Any) -> str:
    """A default as the environment variable that sets it; empty if there is none."""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    return str(default or "") if isinstance(default, tuple) else str(default)


def test_the_documentation_lists_every_variable_with_its_default() -> None:
    """In ``docs/operations.md``: a row each, the default as the first code in its cell."""
    text = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`(?:POWERPLANT_|FLASK_ENV).*?) \| (.*?) \|", text, re.MULTILINE)
    documented = [(names.strip("`"), re.findall("`(.*?)`", cell)[:1]) for names, cell in rows]
    defaults = [(variable_of(name), as_documented(field.default)) for name, field in Settings.model_fields.items()]
    assert sorted(documented) == sorted((name, [default] if default else []) for name, default in defaults)
