"""The forms of the log: one line an event, as JSON for programs or as text for people.

What is known of an event beyond its name are its facts: ``logger.info("plan", extra={"facts": {"plants": 6}})``.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

PLAIN_WORD = re.compile("[!#-~]+")


def formatter(*, as_json: bool) -> logging.Formatter:
    """The form for programs, or the one for people."""
    return JsonLines() if as_json else TextLines()


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "event": ..., ...}``, the facts of the event last."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; a traceback is a member of it."""
        time, level = _time(record.created), record.levelname.lower()
        line = {"time": time, "level": level, "event": record.getMessage(), **_facts(record)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return to_json(line, fallback=str, ensure_ascii=True).decode()
        except ValueError:  # a text that is no Unicode: half a surrogate pair
            return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """Time, level, event, and its facts as ``name=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name for it
        """The first line of a record; a traceback follows it."""
        facts = (f"{name}={_as_word(value)}" for name, value in _facts(record).items())
        return " ".join([super().formatMessage(record), *facts])


def _time(created: float) -> str:
    """In UTC, with milliseconds, as ISO 8601 has it."""
    second, milliseconds = divmod(round(created * 1000), 1000)
    return f"{_second(second)}.{milliseconds:03}+00:00"


@lru_cache(maxsize=1)  # many lines are of the same one
def _second(since_1970: int) -> str:
    return datetime.fromtimestamp(since_1970, UTC).replace(tzinfo=None).isoformat()


def _as_word(value: Any) -> str:
    """As it is where it is one plain word, else in quotes: what a client sends must not look like a line of its own."""
    text = str(value)
    return text if PLAIN_WORD.fullmatch(text) else json.dumps(text)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    return facts
