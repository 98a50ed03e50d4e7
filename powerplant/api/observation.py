"""What is known of a request, told once when its answer leaves: as a line of the log, and in the metrics.

On its way through the app a request gathers facts: what came of it (``plan``, ``infeasible``, ...), how many plants it
had, how long it was solved. Nothing of the payload itself is among them.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from random import getrandbits
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request
from flask.logging import default_handler

from powerplant.logs import formatter

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Request

REQUEST_ID = "X-Request-ID"
LEGAL_ID = re.compile(r"[!-~]{1,128}")
"""What is taken over from a client: printable, without spaces, not too long for a line of the log."""

QUIET = ("/health", "/ready", "/metrics", "/web/")
"""How the addresses begin that are asked all the time, or many at once; not worth a line each."""

PLACE = "powerplant.observation"
"""Where the WSGI environment of a request holds what is known of it."""


class Observation:
    """What is known of one request.

    Attributes:
        start: when it came in, by the performance counter.
        request_id: what it is called in every line of the log, in its answer, and by its client.
        event: what came of it.
        facts: for its line of the log.
        payload: its body, for the log of a bug of our own.
        streams: whether its answer is still being made when it starts to leave: who makes it tells when it ends.
        tell: tells the listeners of it.
    """

    __slots__ = ("event", "facts", "payload", "request_id", "start", "streams", "tell")

    def __init__(self, supplied_id: str) -> None:
        self.start = perf_counter()
        self.request_id = supplied_id if LEGAL_ID.fullmatch(supplied_id) else f"{getrandbits(64):016x}"
        self.event = "request"
        self.facts: dict[str, Any] = {}
        self.payload = b""
        self.streams = False
        self.tell: Callable[[], None] = _nothing

    def note(self, event: str, **facts: Any) -> None:
        """Remember what came of the request, and facts for its line of the log."""
        self.event = event
        self.facts |= facts


def _nothing() -> None:
    """What there is to tell of an answer that has not started to leave."""


Listener = Callable[["Request", Observation, int, float], None]
"""What is told of every answer: its request, what is known of that, the status, and the seconds from the first on."""


def observation() -> Observation:
    """Of the request that is being answered."""
    observed: Observation = request.environ[PLACE]
    return observed


def register(app: Flask, *, log_json: bool, listeners: Sequence[Listener]) -> None:
    """Watch every request from its first moment to its last, and write the log to stdout."""
    _log_to_stdout(app, formatter(as_json=log_json))
    # Flask's own way to put something around an app.
    app.wsgi_app = _Watched(app.wsgi_app, [_write_line(app.logger), *listeners])  # type: ignore[method-assign]


class _Watched:
    """An app whose every answer is told to the listeners as it leaves, and names the request that it is for."""

    def __init__(self, app: WSGIApplication, listeners: Sequence[Listener]) -> None:
        self._app = app
        self._listeners = listeners

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        observed = environ[PLACE] = Observation(environ.get("HTTP_X_REQUEST_ID", ""))

        def tell_and_start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            headers.append((REQUEST_ID, observed.request_id))
            asked, code = environ["werkzeug.request"], int(status[:3])
            if observed.streams:
                observed.tell = partial(self._tell, asked, observed, code)
            else:
                self._tell(asked, observed, code)
            return start_response(status, headers, *error)

        return self._app(environ, tell_and_start)

    def _tell(self, asked: Request, observed: Observation, status: int) -> None:
        seconds = perf_counter() - observed.start
        for tell in self._listeners:
            tell(asked, observed, status, seconds)


def _write_line(logger: logging.Logger) -> Listener:
    """A line of the log for every answer."""

    def write_line(asked: Request, observed: Observation, status: int, seconds: float) -> None:
        if not asked.path.startswith(QUIET):
            line = {
                "request_id": observed.request_id,
                "method": asked.method,
                "path": asked.path,
                "status": status,
                **observed.facts,
                "ms": round(seconds * 1000, 3),
            }
            logger.info(observed.event, extra={"facts": line})

    return write_line


def _log_to_stdout(app: Flask, form: logging.Formatter) -> None:
    # No form of the log tells thread, process or line of code: logging has switches for not looking them up.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 - documented, whatever its name
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
    facts = getattr(record, "facts", {})
    if "request_id" not in facts and has_request_context():
        record.facts = {"request_id": observation().request_id, **facts}
    return True
