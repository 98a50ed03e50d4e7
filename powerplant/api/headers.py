"""Headers of every answer: what browsers may do with it, and whose pages may read it (CORS)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from flask import Flask, Response

    from powerplant.config import Settings

READABLE = "Plan-Cost, Plan-Gap, Plan-Status, Retry-After, X-Request-ID"
"""The headers of an answer that a page of another origin gets to see."""

ONE_DAY = "86400"
"""Seconds for which a browser may remember what it may send."""

GUARD = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""No guessing of types, and nothing loaded into a page that does not say so itself."""


def register(app: Flask, settings: Settings) -> None:
    """Set them on every answer."""
    # Flask's development server would name itself and Python, with their versions.
    WSGIRequestHandler.version_string = lambda _: "powerplant"  # type: ignore[method-assign, assignment]
    # Flask's own way to put something around an app.
    app.wsgi_app = _guarded(app.wsgi_app)  # type: ignore[method-assign, assignment]
    if settings.cors_origins:
        app.after_request(partial(_share, settings.cors_origins))


def _guarded(app: WSGIApplication) -> WSGIApplication:
    """Put the headers of GUARD on every answer that does not have its own. The date is the server's to set."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def guard_and_start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            given = {name for name, _ in headers}
            if "Date" in given:  # Werkzeug dates what a browser may keep, and Flask's server dates all
                headers[:] = [header for header in headers if header[0] != "Date"]
            headers += [header for header in GUARD.items() if header[0] not in given]
            return start_response(status, headers, *error)

        return app(environ, guard_and_start)

    return serve


def _share(origins: tuple[str, ...], response: Response) -> Response:
    """Let pages of these origins ask and read (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    origin = request.headers.get("Origin")
    response.vary.add("Origin")
    if origin is None or not ("*" in origins or origin in origins):
        return response
    headers = response.headers
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = READABLE
    if request.method == "OPTIONS":
        headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
        headers["Access-Control-Allow-Headers"] = "Content-Type, X-Request-ID"
        headers["Access-Control-Max-Age"] = ONE_DAY
    return response
