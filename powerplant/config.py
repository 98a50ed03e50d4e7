"""The settings: read from the environment once, when the app is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import urlsplit

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
LOG_FORMATS = ("json", "text")
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
"""What a client can send as it is, in a header or as a subprotocol, and nobody guesses."""


@dataclass(frozen=True)
class Settings:
    """What can be set from outside.

    Attributes:
        debug: whether Flask's debugger is on (``FLASK_ENV`` is ``dev`` or ``development``).
        co2: whether emission allowances count in the marginal cost unless a request says otherwise.
        time_limit: seconds that the solver may take for one plan.
        max_body: bytes that a request body may have.
        body_timeout: seconds within which a body has to arrive.
        max_plants: power plants that one payload may have.
        solvers: processes for the payloads that take long, in each worker.
        max_batch_body: bytes that the body of a batch may have.
        max_lines: lines that a batch may have, blank ones not counted.
        batch_time_limit: seconds that a batch may take, after which its last lines are given up.
        batch_processes: processes that plan batches, for each worker.
        batches: how many of them a worker answers at the same time.
        log_json: whether the lines of the log are JSON, for programs, or text, for people.
        cors_origins: origins whose pages may read the answers; ``*`` among them means all.
        proxies: reverse proxies in front whose ``X-Forwarded-...`` headers are believed.
        live: whether clients may listen to what is planned.
        live_clients: how many of them each worker lets in.
        live_token: what they have to show; nothing when it is empty.
        live_origins: origins whose pages may listen; ``*`` among them means all.
    """

    debug: bool = False
    co2: bool = True
    time_limit: float = 5.0
    max_body: int = 4 * 1024 * 1024
    body_timeout: float = 5.0
    max_plants: int = 10_000
    solvers: int = 2
    max_batch_body: int = 16 * 1024 * 1024
    max_lines: int = 10_000
    batch_time_limit: float = 60.0
    batch_processes: int = 2
    batches: int = 2
    log_json: bool = True
    cors_origins: tuple[str, ...] = ()
    proxies: int = 0
    live: bool = False
    live_clients: int = 50
    live_token: str = field(default="", repr=False)
    live_origins: tuple[str, ...] = ()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            ConfigurationError: a variable holds a value that is not legal; the message names both.
        """
        debug = environ.get("FLASK_ENV", "prd").strip().lower() in DEBUG_ENVIRONMENTS
        return cls(
            debug=debug,
            co2=_boolean(environ, "POWERPLANT_CO2", default=cls.co2),
            time_limit=_positive_number(environ, "POWERPLANT_TIME_LIMIT", default=cls.time_limit),
            max_body=positive_integer(environ, "POWERPLANT_MAX_BODY", default=cls.max_body),
            body_timeout=_positive_number(environ, "POWERPLANT_BODY_TIMEOUT", default=cls.body_timeout),
            max_plants=positive_integer(environ, "POWERPLANT_MAX_PLANTS", default=cls.max_plants),
            solvers=positive_integer(environ, "POWERPLANT_SOLVERS", default=cls.solvers),
            max_batch_body=positive_integer(environ, "POWERPLANT_MAX_BATCH_BODY", default=cls.max_batch_body),
            max_lines=positive_integer(environ, "POWERPLANT_MAX_LINES", default=cls.max_lines),
            batch_time_limit=_positive_number(environ, "POWERPLANT_BATCH_TIME_LIMIT", default=cls.batch_time_limit),
            batch_processes=positive_integer(environ, "POWERPLANT_BATCH_PROCESSES", default=cls.batch_processes),
            batches=positive_integer(environ, "POWERPLANT_BATCHES", default=cls.batches),
            log_json=_log_format(environ, "POWERPLANT_LOG", default="text" if debug else "json") == "json",
            cors_origins=_origins(environ, "POWERPLANT_CORS_ORIGINS"),
            proxies=_natural_number(environ, "POWERPLANT_PROXIES", default=cls.proxies),
            live=_live(environ, "POWERPLANT_LIVE", default=cls.live),
            live_clients=positive_integer(environ, "POWERPLANT_LIVE_CLIENTS", default=cls.live_clients),
            live_token=_token(environ, "POWERPLANT_LIVE_TOKEN"),
            live_origins=_origins(environ, "POWERPLANT_LIVE_ORIGINS"),
        )


def positive_integer(environ: Mapping[str, str], name: str, *, default: int) -> int:
    """A whole number above 0.

    Raises:
        ConfigurationError: the variable holds something else.
    """
    return _integer(environ, name, default, "a whole number above 0", least=1)


def _natural_number(environ: Mapping[str, str], name: str, *, default: int) -> int:
    return _integer(environ, name, default, "a whole number", least=0)


def _integer(environ: Mapping[str, str], name: str, default: int, what: str, *, least: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) >= least):
        raise ConfigurationError(f"{name} must be {what}, not {environ[name]!r}")
    return int(text)


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


def _boolean(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in TRUTH:
        raise ConfigurationError(f"{name} must be true or false, not {environ[name]!r}")
    return TRUTH[text]


def _log_format(environ: Mapping[str, str], name: str, *, default: str) -> str:
    text = environ.get(name, "").strip().lower() or default
    if text not in LOG_FORMATS:
        raise ConfigurationError(f"{name} must be json or text, not {environ[name]!r}")
    return text


def _origins(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    origins = tuple(origin for part in environ.get(name, "").split(",") if (origin := part.strip()))
    for origin in origins:
        parts = urlsplit(origin)
        if origin != "*" and (not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}"):
            raise ConfigurationError(f"{name} must list origins like https://desk.example.com, or *; not {origin!r}")
    return origins


def _live(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    live = _boolean(environ, name, default=default)
    if live and not find_spec("wsproto"):
        raise ConfigurationError(f"{name} needs the extra live, which is not installed: poetry install --extras live")
    return live


def _token(environ: Mapping[str, str], name: str) -> str:
    token = environ.get(name, "").strip()
    if token and not TOKEN.fullmatch(token):  # which the message does not repeat: it is a secret
        raise ConfigurationError(f"{name} must have 16 to 256 of the characters A-Z, a-z, 0-9, '-', '.', '_' and '~'")
    return token
