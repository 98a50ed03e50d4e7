"""What is known of a request, told once when its answer leaves, as one line of the log.

On its way through the app a request gathers facts: what came of it (``plan``, ``infeasible``, ...), how many plants it
had, how long it was solved. Nothing of the payload itself is among them.
"""

from __future__ import annotations

import logging
import re
import sys
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import current_app, g, has_request_context, request
from flask.logging import default_handler

from powerplant.logs import formatter

if TYPE_CHECKING:
    from flask import Flask, Response

REQUEST_ID = "X-Request-ID"
LEGAL_ID = re.compile(r"[!-~]{1,128}")
"""What is taken over from a client: printable, without spaces, not too long for a line of the log."""

PROBES = ("/health", "/ready", "/metrics")
"""Asked all the time; not worth a line each."""


def register(app: Flask, *, log_json: bool) -> None:
    """Watch every request from its first moment to its last, and write the log to stdout."""
    _log_to_stdout(app, formatter(as_json=log_json))
    app.before_request(_begin)
    app.after_request(_tell)


def note(event: str, **facts: Any) -> None:
    """Remember what came of the request that is being answered, and facts for its line of the log."""
    g.event = event
    g.facts.update(facts)


def _log_to_stdout(app: Flask, form: logging.Formatter) -> None:
    app.logger.removeHandler(default_handler)
    for earlier in [*app.logger.handlers]:  # the logger outlives an app of the same name
        app.logger.removeHandler(earlier)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(form)
    app.logger.addHandler(handler)
    app.logger.filters = [_add_request_id]
    app.logger.setLevel(logging.DEBUG if app.debug else logging.INFO)
    app.logger.propagate = False


def _add_request_id(record: logging.LogRecord) -> bool:
    """Let every line that is written while a request is answered name it."""
    if has_request_context() and "request_id" in g:
        record.facts = {"request_id": g.request_id, **getattr(record, "facts", {})}
    return True


def _begin() -> None:
    g.start = perf_counter()
    supplied = request.headers.get(REQUEST_ID, "")
    g.request_id = supplied if LEGAL_ID.fullmatch(supplied) else token_hex(8)
    g.event = "request"
    g.facts = {}


def _tell(response: Response) -> Response:
    seconds = perf_counter() - g.start
    response.headers[REQUEST_ID] = g.request_id
    if request.path not in PROBES:
        line = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            **g.facts,
            "ms": round(seconds * 1000, 3),
        }
        current_app.logger.info(g.event, extra={"facts": line})
    return response
