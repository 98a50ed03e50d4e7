"""The log on stdout: one line for each event, as JSON for programs or as text for people.

The facts of an event are in the attribute ``facts`` of its record:
``logger.info("plan", extra={"facts": {"plants": 6}})``.
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from queue import SimpleQueue
from threading import Thread
from time import monotonic, sleep
from typing import Any

from pydantic_core import to_json

PLAIN_WORD = re.compile("[!#-~]+")

STDOUT = 1
"""The descriptor that lines are written to. Python's ``sys.stdout`` has a lock and a buffer, and a process can be
forked, or end, while a thread is in the middle of a line."""

MOST_WAITING = 4 * 1024 * 1024
"""Characters of lines that wait to be written; further lines are dropped, and counted."""

LAST_SECONDS = 1.0
"""Seconds that a process waits at its end until all lines are written."""


@cache
def output(*, as_json: bool) -> Output:
    """The handler of this process that writes all lines as JSON or text."""
    return Output(JsonLines() if as_json else TextLines())


class Output(logging.Handler):
    """Writes lines to stdout in a thread of its own: a reader that is slow, or has gone, delays nothing."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._process = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it if too many wait."""
        if self._process != os.getpid():  # a thread does not survive a fork
            self._process = os.getpid()
            self._lines: SimpleQueue[str] = SimpleQueue()
            self._queued = self._written = self._dropped = 0
            Thread(target=self._write_all, name="log", daemon=True).start()
        line = self.format(record)
        if self._queued - self._written + len(line) > MOST_WAITING:
            self._dropped += 1
        else:
            self._queued += len(line)
            self._lines.put(line)

    def flush(self) -> None:
        """Wait until all lines are written, but not long."""
        end = monotonic() + LAST_SECONDS
        while self._process == os.getpid() and self._written < self._queued and monotonic() < end:
            sleep(0.005)

    def _write_all(self) -> None:
        known = 0
        while True:
            line = self._lines.get()
            _write(line)
            self._written += len(line)
            if dropped := self._dropped - known:
                known += dropped
                facts = {"facts": {"lines": dropped}}
                event = logging.makeLogRecord({"msg": "log-lines-dropped", "levelname": "WARNING", **facts})
                _write(self.format(event))


def _write(line: str) -> None:
    left = f"{line}\n".encode("ascii", "backslashreplace")
    with suppress(OSError):  # nobody can read it
        while left:
            left = left[os.write(STDOUT, left) :]


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
