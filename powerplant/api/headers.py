"""Headers of every answer: what browsers may do with it, and whose pages may read it (CORS)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

    from powerplant.config import Settings

READABLE = "Plan-Cost, Plan-Gap, Plan-Status, Retry-After, X-Request-ID"
"""The headers of an answer that a page of another origin gets to see."""

ONE_DAY = "86400"
"""Seconds for which a browser may remember what it may send."""


def register(app: Flask, settings: Settings) -> None:
    """Set them on every answer."""
    app.after_request(_guard)
    if settings.cors_origins:
        app.after_request(partial(_share, settings.cors_origins))


def _guard(response: Response) -> Response:
    """No guessing of types, nothing loaded into a page that does not say so itself, no versions of software."""
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    if request.environ.get("SERVER_SOFTWARE", "").startswith("Werkzeug"):  # it would name itself and Python
        headers["Server"] = "powerplant"
    return response


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
