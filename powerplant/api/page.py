"""``GET /``: the page, and ``GET /web/...``: the files that it is made of. It needs no other host."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request
from werkzeug.exceptions import NotFound

from powerplant import __version__

FOLDER = Path(__file__).parents[1] / "web" / "page"

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

FILES = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.suffix in CONTENT_TYPES}
"""By their names in an address. Nothing else can be asked for."""

POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
"""Scripts, styles and data come from here alone, and none of them from within the page's text."""

ONE_YEAR = 365 * 24 * 60 * 60
"""Seconds for which a browser keeps a file whose name changes when its content does."""


@blueprint.get("/")
def page() -> Response:
    """The page; it starts with what this server does about CO2."""
    text = render_template("index.html", co2=current_app.config["SETTINGS"].co2, version=__version__)
    response = Response(text, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return _unless_known(response)


@blueprint.get("/web/<path:name>")
def file(name: str) -> Response:
    """One of its files."""
    if name not in FILES:
        raise NotFound
    path = FILES[name]
    response = _unless_known(Response(path.read_bytes(), mimetype=CONTENT_TYPES[path.suffix]))
    if name.startswith("vendor/"):  # these have their version in their name
        response.headers["Cache-Control"] = f"public, max-age={ONE_YEAR}, immutable"
    return response


def _unless_known(response: Response) -> Response:
    """Let browsers ask each time, and send them only what they do not have."""
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
