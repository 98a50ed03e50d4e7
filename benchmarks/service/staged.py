"""Apps that time their own stages: where the CPU of a request goes, inside a real worker of gunicorn.

Each worker counts for itself and tells at ``/stages``, so they are served by one worker. CPU of the thread is counted,
not time on the wall; waiting for other threads is in no stage. Reading that clock costs about as much as it counts in
the smallest stages.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import wraps
from time import thread_time
from typing import Any

from flask import Flask

from benchmarks.service import floor
from powerplant import create_app

VIEW = "the view itself"
FLASK = "Flask and Werkzeug around the view"
STAGES = {
    "query parameters": "powerplant.api.productionplan:read_options",
    "read the body": "powerplant.api.productionplan:read_body",
    "decode": "powerplant.api.productionplan:decode",
    "formulate": "powerplant.planning:formulate",
    "solve": "powerplant.solving:solve",
    "check the proof": "powerplant.solving:_check",
    "solve: the rest": "powerplant.planning:prove",
    "verify": "powerplant.planning:verify",
    "present": "powerplant.planning:present",
    "plan: the rest": "powerplant.api.productionplan:plan_production",
    "write the answer": "powerplant.api.productionplan:_answer",
    "metrics": "powerplant.api.metrics:count",
}
"""Each stage and the function, under the name by which it is called, whose time it is without the stages inside it."""

LOG = "write the log"
PATH = "/stages"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Stopwatch:
    """Sums the CPU of functions, for each without what is timed inside it."""

    def __init__(self) -> None:
        self._local = threading.local()
        self._threads: list[dict[str, float]] = []

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function, so that its CPU counts under this name."""

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            local = self._local
            if not hasattr(local, "totals"):
                local.totals, local.inside = defaultdict(float), 0.0
                self._threads.append(local.totals)
            around, local.inside = local.inside, 0.0
            start = thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = thread_time() - start
                local.totals[name] += spent - local.inside
                local.inside = around + spent

        return run

    def totals(self) -> dict[str, float]:
        """Seconds by name, over all threads."""
        names = {name for totals in self._threads for name in totals}
        return {name: sum(totals.get(name, 0.0) for totals in self._threads) for name in names}


def powerplant() -> Wsgi:
    """The service, every stage timed."""
    stopwatch = Stopwatch()
    for name, place in STAGES.items():
        module, _, function = place.partition(":")
        owner = importlib.import_module(module)
        setattr(owner, function, stopwatch.timed(name, getattr(owner, function)))
    app = create_app()
    for level in ("info", "warning", "error"):
        setattr(app.logger, level, stopwatch.timed(LOG, getattr(app.logger, level)))
    return _timed(app, stopwatch)


def constant_view() -> Wsgi:
    """The view that answers constant bytes, and the Flask around it."""
    return _timed(floor.flask_app, Stopwatch())


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", type(function).__name__)


def _timed(app: Flask, stopwatch: Stopwatch) -> Wsgi:
    """Time the views, the hooks and the whole of an app, which then tells the sums at PATH."""
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = stopwatch.timed(VIEW, view)
    for hooks in (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs):
        for functions in hooks.values():
            functions[:] = [stopwatch.timed(f"hook: {_name(function)}", function) for function in functions]

    def whole(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        answer = app.wsgi_app(environ, start_response)
        try:
            return list(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()

    timed_whole = stopwatch.timed(FLASK, whole)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH:
            answer: Iterable[bytes] = timed_whole(environ, start_response)
            return answer
        body = json.dumps(stopwatch.totals()).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return serve
