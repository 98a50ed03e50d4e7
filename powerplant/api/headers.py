"""Headers of every answer: what browsers may do with it, and which pages may read it (CORS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

READABLE = "Plan-Cost, Plan-Gap, Plan-Load, Plan-Relative-Gap, Plan-Status, Retry-After, X-Request-ID"
"""Headers of an answer that pages of other origins can read."""

ONE_DAY = "86400"
"""Seconds for which a browser may remember the answer to a preflight request."""

PROTECTION = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""Browsers do not guess types, and load nothing into a page that has no policy of its own."""


def register(app: Flask, cors_origins: tuple[str, ...]) -> None:
    """Set the headers of every answer; pages of ``cors_origins`` may use the service."""

    def protect(response: Response) -> Response:
        response.headers.remove("Date")  # the server sets the date
        for name, value in PROTECTION.items():
            response.headers.setdefault(name, value)
        return response

    def share(response: Response) -> Response:
        """Answer as https://fetch.spec.whatwg.org/#http-cors-protocol says."""
        origin = request.headers.get("Origin")
        response.vary.add("Origin")
        if origin is None or not ("*" in cors_origins or origin in cors_origins):
            return response
        headers = response.headers
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = READABLE
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            headers["Access-Control-Allow-Headers"] = "Content-Type, X-Request-ID"
            headers["Access-Control-Max-Age"] = ONE_DAY
        return response

    app.after_request(protect)
    if cors_origins:
        app.after_request(share)
