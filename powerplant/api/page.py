"""``GET /``: the page, and ``GET /web/...``: the files that it is made of. It needs no other host."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory
from werkzeug.exceptions import NotFound

from powerplant import __version__

FOLDER = Path(__file__).parents[1] / "web"

blueprint = Blueprint("page", __name__, template_folder=str(FOLDER))

CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
"""What is served, and as what. The machine's own table is not asked: on Windows programs write into it."""

POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
"""Scripts, styles and data come from here alone, and none of them from within the page's text."""

ONE_YEAR = 365 * 24 * 60 * 60
"""Seconds for which a browser keeps a file whose name changes when its content does."""


@blueprint.get("/")
def page() -> Response:
    """The page; it starts with what this server does about CO2."""
    response = Response(render_template("index.html", co2=current_app.config["SETTINGS"].co2, version=__version__))
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.cache_control.no_cache = True
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/web/<path:name>")
def file(name: str) -> Response:
    """One of its files. Browsers ask each time whether it has changed, but for vendored ones: those carry their version."""
    path = PurePosixPath(name)
    if path.suffix not in CONTENT_TYPES:
        raise NotFound
    response = send_from_directory(FOLDER, name, mimetype=CONTENT_TYPES[path.suffix])
    if path.parts[0] == "vendor":
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = ONE_YEAR
        response.cache_control.immutable = True
    return response
