"""``GET /openapi.json``, what the service says of itself to programs, and ``GET /docs``, the same to people.

The document is a file that :mod:`powerplant.api.openapi` makes at development time. The page is Swagger UI; it needs no
other host.
"""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, render_template, request, send_from_directory
from werkzeug.exceptions import NotFound

FOLDER = Path(__file__).parents[1] / "web" / "docs"
DOCUMENT = Path(__file__).with_name("openapi.json")
CONTENT_TYPES = {".css": "text/css", ".js": "text/javascript", ".txt": "text/plain"}
"""What is sent of the folder, and as what, whatever this machine takes these endings for."""

POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Everything comes from here. Swagger UI has pictures inside of its styles, and styles inside of its markup."""

ONE_YEAR = 365 * 24 * 60 * 60
"""Seconds for which a browser keeps a file that has its version in its name."""

blueprint = Blueprint("docs", __name__, template_folder=str(FOLDER))


@blueprint.get("/openapi.json", strict_slashes=False)
def openapi() -> Response:
    """The document; who has it already is told that it has not changed."""
    return send_from_directory(DOCUMENT.parent, DOCUMENT.name, mimetype="application/json")


@blueprint.get("/docs", strict_slashes=False)
def page() -> Response:
    """The page on it."""
    response = Response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = POLICY
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/docs/<name>")
def file(name: str) -> Response:
    """A file that the page is made of."""
    path = FOLDER / name
    if path.suffix not in CONTENT_TYPES:
        raise NotFound
    is_vendored = name.startswith("swagger-ui-")
    return send_from_directory(
        FOLDER, name, mimetype=CONTENT_TYPES[path.suffix], max_age=ONE_YEAR if is_vendored else None
    )
