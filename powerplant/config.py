"""The settings: one line each, read from environment variables.

Every setting is the environment variable ``POWERPLANT_`` plus its name in capitals; ``flask_env`` is ``FLASK_ENV``.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from powerplant.errors import ConfigurationError
from powerplant.planning import Options

MEBIBYTE = 1024 * 1024
TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,256}")
"""Characters that a client can send unchanged in a header or as a websocket subprotocol."""


MOST_WAITING = 16
"""Most threads that wait for a process for long work at the same time."""


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _is_origin(text: str) -> str:
    parts = urlsplit(text)
    if text != "*" and (not parts.netloc or text != f"{parts.scheme}://{parts.netloc}"):
        raise ValueError("must be a list of origins like https://desk.example.com, or *")
    return text


def _is_token(token: SecretStr) -> SecretStr:
    if token.get_secret_value() and not TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError("must have 16 to 256 of the characters A-Z, a-z, 0-9, '-', '.', '_' and '~'")
    return token


def _has_flask_sock(live: bool) -> bool:
    if live and not find_spec("flask_sock"):
        raise ValueError(
            "needs the extra live, which is not installed: poetry install --extras live, or pip install '.[live]'"
        )
    return live


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Seconds = Annotated[float, Field(gt=0, le=7 * 24 * 3600, allow_inf_nan=False)]
"""At most a week: timers of some systems end at 49 days."""

Processes = Annotated[int, Field(gt=0, le=1024)]
"""More processes are a slip, and would stop the machine."""

Threads = Annotated[int, Field(gt=0, le=10_000)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_is_origin)], ...], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """All settings of the service.

    Raises:
        pydantic.ValidationError: a value is not valid; :func:`load_settings` converts it to a sentence.
    """

    model_config = SettingsConfigDict(env_prefix="POWERPLANT_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on; in the image `0.0.0.0`")
    port: int = Field(8888, ge=1, le=65535, description="port to listen on")
    co2: bool = Field(Options().co2, description="whether CO2 counts in the cost if a request does not say")
    time_limit: Seconds = Field(
        Options().time_limit, description="seconds for one payload: decoding, search and reasons"
    )
    step: Literal["1", "0.1", "0.01", "0.001"] = Field(
        "0.1", description="MW; outputs and loads are multiples of it if a request does not say"
    )
    max_body: PositiveInt = Field(4 * MEBIBYTE, description="most bytes of a request body")
    body_timeout: Seconds = Field(5.0, description="seconds within which a request must arrive")
    max_plants: PositiveInt = Field(10_000, description="most power plants of a payload")
    workers: Processes = Field(2, description="gunicorn's worker processes")
    threads: Threads = Field(100, description="threads of each worker; most of them only wait for clients")
    solvers: Processes = Field(2, description="processes for long searches, for each worker")
    process_memory: PositiveInt = Field(
        512 * MEBIBYTE, ge=128 * MEBIBYTE, description="most bytes that a process for long work may allocate"
    )
    horizons: Threads = Field(1, description="horizons that each worker plans at the same time")
    horizon_time_limit: Seconds = Field(10.0, description="most seconds for one horizon")
    horizon_threads: Literal[1, 2] = Field(
        2, description="threads that search for the plan of a horizon; with 1, it is the same each time"
    )
    horizon_memory: PositiveInt = Field(
        2048 * MEBIBYTE, ge=512 * MEBIBYTE, description="most bytes that a process for horizons may allocate"
    )
    max_cells: PositiveInt = Field(60_000, description="most power plants and storages, times periods, of a horizon")
    max_batch_body: PositiveInt = Field(16 * MEBIBYTE, description="most bytes of the body of a batch")
    max_lines: PositiveInt = Field(10_000, description="most lines of a batch; blank lines do not count")
    batch_time_limit: Seconds = Field(60.0, description="seconds for a batch; its last lines are given up after that")
    batches: Threads = Field(2, description="batches that each worker answers at the same time")
    batch_processes: Processes = Field(2, description="processes that plan batches, for each worker")
    log: Annotated[Literal["auto", "json", "text"], BeforeValidator(_lower)] = Field(
        "auto",
        description="form of the log: `json`, `text`, or `auto`: text on a terminal and in development, else JSON",
    )
    cors_origins: Origins = Field(
        (), description="origins whose pages may use the service, separated by commas, or `*`"
    )
    proxies: NonNegativeInt = Field(0, description="reverse proxies in front, whose `X-Forwarded-...` headers count")
    live: Annotated[bool, AfterValidator(_has_flask_sock)] = Field(False, description="whether the live feed is on")
    live_token: Annotated[SecretStr, AfterValidator(_is_token)] = Field(
        SecretStr(""), description="token that clients of the live feed must send"
    )
    live_origins: Origins = Field((), description="origins whose pages may use the live feed, or `*`")
    flask_env: Annotated[str, BeforeValidator(_lower)] = Field(
        "prd", validation_alias="FLASK_ENV", description="`dev` or `development` turns Flask's debugger on"
    )

    @model_validator(mode="before")
    @classmethod
    def _strip(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Remove white space around each value; a blank variable counts as unset."""
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
        return {name: value for name, value in stripped.items() if value != ""}

    @model_validator(mode="after")
    def _leave_threads(self) -> Settings:
        """Long work holds at most half of the threads."""
        if self.waiting < 0:
            raise ValueError(
                "POWERPLANT_THREADS must be at least twice the sum of POWERPLANT_SOLVERS, POWERPLANT_BATCHES and twice "
                "POWERPLANT_HORIZONS"
            )
        return self

    @property
    def waiting(self) -> int:
        """How many threads may wait for a process for long work."""
        return min(MOST_WAITING, self.threads // 2 - self.solvers - self.batches - 2 * self.horizons)

    @property
    def turns(self) -> int:
        """How many threads may have or wait for a turn: with those of long work, half of all threads."""
        return max(1, self.threads // 2 - self.solvers - self.batches - 2 * self.horizons - self.waiting)

    @property
    def debug(self) -> bool:
        """Whether Flask's debugger is on."""
        return self.flask_env in {"dev", "development"}

    @property
    def log_json(self) -> bool:
        """Whether the log is JSON, for programs, or text, for people."""
        return self.log == "json" or (self.log == "auto" and not self.debug and not sys.stdout.isatty())


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return str(Settings.model_fields[name].validation_alias or f"POWERPLANT_{name.upper()}")


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ConfigurationError: a variable holds a value that is not valid; the message names the variable and the value.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(_sentence, error.errors(include_url=False)))) from None


_MUST_BE = {
    "bool_parsing": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number with fewer digits",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be one of {expected}",
    "value_error": "{error}",
}


def _sentence(details: Any) -> str:
    name = str(details["loc"][0]) if details["loc"] else ""
    variable = variable_of(name) if name in Settings.model_fields else name
    what = _MUST_BE.get(details["type"], details["msg"]).format(**details.get("ctx", {}))
    value = f", not {details['input']!r}" if what.startswith("must") and "token" not in name else ""
    return f"{variable} {what}{value}".strip()
