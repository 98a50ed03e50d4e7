"""The settings: read from the environment once, when the app is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from powerplant.errors import ConfigurationError

DEBUG_ENVIRONMENTS = ("dev", "development")
TRUTH = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}


@dataclass(frozen=True)
class Settings:
    """What can be set from outside.

    Attributes:
        debug: whether Flask's debugger is on (``FLASK_ENV`` is ``dev`` or ``development``).
        co2: whether emission allowances count in the marginal cost unless a request says otherwise.
        time_limit: seconds that the solver may take for one plan.
        max_body: bytes that a request body may have.
        max_plants: power plants that one payload may have.
    """

    debug: bool = False
    co2: bool = True
    time_limit: float = 5.0
    max_body: int = 4 * 1024 * 1024
    max_plants: int = 10_000

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            ConfigurationError: a variable holds a value that is not legal; the message names both.
        """
        return cls(
            debug=environ.get("FLASK_ENV", "prd").strip().lower() in DEBUG_ENVIRONMENTS,
            co2=_boolean(environ, "POWERPLANT_CO2", default=cls.co2),
            time_limit=_positive_number(environ, "POWERPLANT_TIME_LIMIT", default=cls.time_limit),
            max_body=_positive_integer(environ, "POWERPLANT_MAX_BODY", default=cls.max_body),
            max_plants=_positive_integer(environ, "POWERPLANT_MAX_PLANTS", default=cls.max_plants),
        )


def _boolean(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in TRUTH:
        raise ConfigurationError(f"{name} must be true or false, not {environ[name]!r}")
    return TRUTH[text]


def _positive_number(environ: Mapping[str, str], name: str, *, default: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(f"{name} must be a number above 0, not {environ[name]!r}")
    return number


def _positive_integer(environ: Mapping[str, str], name: str, *, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise ConfigurationError(f"{name} must be a whole number above 0, not {environ[name]!r}")
    return int(text)
