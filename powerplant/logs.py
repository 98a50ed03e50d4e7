"""The format of the log: one line for each event, as JSON for programs or as text for people.

The facts of an event are in the attribute ``facts`` of its record:
``logger.info("plan", extra={"facts": {"plants": 6}})``.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

PLAIN_WORD = re.compile("[!#-~]+")


def formatter(*, as_json: bool) -> logging.Formatter:
    """The formatter for JSON or text."""
    return JsonLines() if as_json else TextLines()


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "event": ..., ...}``, then the facts of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; a traceback is one of its members."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **_facts(record)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        try:
            return to_json(line, fallback=str, ensure_ascii=True).decode()
        except ValueError:  # a string that is not valid Unicode
            return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """Time, level, event, and its facts as ``name=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name in the standard library
        """The first line of a record; a traceback follows it."""
        facts = (f"{name}={_as_word(value)}" for name, value in _facts(record).items())
        return " ".join([super().formatMessage(record), *facts])


def _as_word(value: Any) -> str:
    """Unchanged if it is one plain word, else in quotes, so that a client cannot forge a line of the log."""
    text = str(value)
    return text if PLAIN_WORD.fullmatch(text) else json.dumps(text)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    return facts
