"""The log: one line an event on stdout, as JSON for programs or as text for people."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import g, has_request_context
from flask.logging import default_handler

if TYPE_CHECKING:
    from flask import Flask

PLAIN_WORD = re.compile("[!#-~]+")


def write_to_stdout(app: Flask, *, as_json: bool) -> None:
    """Send Flask's logger to stdout."""
    app.logger.removeHandler(default_handler)
    for earlier in [*app.logger.handlers]:  # the logger outlives an app of the same name
        app.logger.removeHandler(earlier)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    app.logger.addHandler(handler)
    app.logger.setLevel(logging.DEBUG if app.debug else logging.INFO)
    app.logger.propagate = False


class JsonLines(logging.Formatter):
    """``{"time": ..., "level": ..., "event": ..., "request_id": ..., ...}`` and the facts of the event."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON; a traceback is a member of it."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **_facts(record)}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextLines(logging.Formatter):
    """Time, level, event, and its facts as ``name=value``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name for it
        """The first line of a record; a traceback follows it."""
        facts = (f"{name}={_as_word(value)}" for name, value in _facts(record).items())
        return " ".join([super().formatMessage(record), *facts])


def _as_word(value: Any) -> str:
    """As it is where it is one plain word, else in quotes: what a client sends must not look like a line of its own."""
    text = str(value)
    return text if PLAIN_WORD.fullmatch(text) else json.dumps(text)


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    facts: dict[str, Any] = getattr(record, "facts", {})
    if has_request_context() and "request_id" in g:
        return {"request_id": g.request_id, **facts}
    return facts
