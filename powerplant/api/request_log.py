"""Request ids, and one line in the log for each request.

The line has facts about the request: its outcome (``plan``, ``infeasible``, ...), the number of plants, the time of the
solver. It does not contain the payload.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from http import HTTPStatus
from random import getrandbits
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import g, has_request_context, request

from powerplant.logs import output

if TYPE_CHECKING:
    from flask import Flask, Response

REQUEST_ID = "X-Request-ID"
VALID_ID = re.compile(r"[!-~]{1,128}")
"""A request id that is accepted from the client: printable, without spaces, short enough for a line of the log."""

NOT_LOGGED = {"/health", "/ready", "/metrics", "/web/<path:name>"}
"""Routes that are requested very often. Only errors are logged for them."""


class Entry:
    """The line of the log for one request.

    Attributes:
        request_id: in every line of the log about the request, and in its answer.
        method, path: of the request.
        route: of the address; ``unknown`` if there is none.
        event: the outcome.
        facts: about the request.
        payload: its body, which is logged after a bug of the service.
        streams: whether the answer is computed while it is sent; then the code that computes it calls ``finish``.
        finish: writes the line.
    """

    __slots__ = ("event", "facts", "finish", "method", "path", "payload", "request_id", "route", "start", "streams")

    def __init__(self) -> None:
        supplied = request.environ.get("HTTP_X_REQUEST_ID", "")
        self.start = perf_counter()
        self.request_id = supplied if VALID_ID.fullmatch(supplied) else f"{getrandbits(64):016x}"
        self.method, self.path = request.method, request.path
        self.route = request.url_rule.rule if request.url_rule else "unknown"
        self.event = "request"
        self.facts: dict[str, Any] = {}
        self.payload = b""
        self.streams = False
        self.finish: Callable[[], None] = lambda: None

    def note(self, event: str, **facts: Any) -> None:
        """Set the outcome, and add facts."""
        self.event = event
        self.facts |= facts


Counter = Callable[[Entry, int, float], None]
"""Called for every answer with the entry, the status and the seconds since the request arrived."""


def entry() -> Entry:
    """The entry of the current request."""
    current: Entry = g.entry
    return current


def register(app: Flask, *, log_json: bool, counters: Sequence[Counter]) -> None:
    """Log every request to stdout, and give it an id.

    Args:
        app: the app.
        log_json: whether the log is JSON, or text for people.
        counters: functions to call for every answer.
    """
    handler = output(as_json=log_json)
    handler.addFilter(_add_request_id)
    app.logger.handlers = [handler]
    app.logger.setLevel(logging.DEBUG if app.debug else logging.INFO)
    app.logger.propagate = False

    def begin() -> None:
        g.entry = Entry()

    def end(response: Response) -> Response:
        current, status = entry(), response.status_code
        response.headers[REQUEST_ID] = current.request_id

        def finish() -> None:
            seconds = perf_counter() - current.start
            if current.route not in NOT_LOGGED or status >= HTTPStatus.BAD_REQUEST:
                app.logger.info(current.event, extra={"facts": _line(current, status, seconds)})
            for count in counters:
                try:
                    count(current, status, seconds)
                except Exception:  # no metric may stop an answer
                    app.logger.exception("a metric failed")

        if current.streams:
            current.finish = finish
        else:
            finish()
        return response

    app.before_request(begin)
    app.after_request(end)


def _line(current: Entry, status: int, seconds: float) -> dict[str, Any]:
    return {
        "request_id": current.request_id,
        "method": current.method,
        "path": current.path,
        "status": status,
        **current.facts,
        "ms": round(seconds * 1000, 3),
    }


def _add_request_id(record: logging.LogRecord) -> bool:
    """Add the request id to every line that is logged during a request."""
    facts = getattr(record, "facts", {})
    if "request_id" not in facts and has_request_context():
        record.facts = {"request_id": entry().request_id, **facts}
    return True
