"""The pages: ``GET /`` to plan in a browser, ``GET /docs``, Swagger UI on ``GET /openapi.json``, and their files.

Nothing is loaded from another host.
"""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request, send_from_directory
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from powerplant import __version__

WEB = Path(__file__).parents[1] / "web"
ONE_YEAR = 365 * 24 * 60 * 60
CONTENT_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
"""The types of the files that are served. On Windows any program can change the types of the system."""

FIRST_SCRIPT = Markup(
    'document.documentElement.classList.add("js");'
    'if(!location.pathname.endsWith("/"))'
    'history.replaceState(null,"",location.pathname+"/"+location.search+location.hash)'
)
"""Runs before anything is loaded, so it is part of the page.

Behind a proxy that does not send the prefix, the service cannot know that the address of the page was ``/prefix``
without the slash, from where its relative addresses lead elsewhere. The browser knows, and adds the slash.
"""

_HASH = b64encode(sha256(FIRST_SCRIPT.encode()).digest()).decode()

PAGE_POLICY = (
    f"default-src 'self'; script-src 'self' 'sha256-{_HASH}'; img-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)
"""The page makes a PNG of its pictures, from an image of its own."""

DOCS_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI needs images in styles and inline styles."""

_VERSION = re.compile(r"-\d+\.\d+\.\d+\b")

blueprint = Blueprint("pages", __name__, template_folder=str(WEB))


@blueprint.before_request
def expect_a_day() -> None:
    """Prepare for a day that the page may ask for. Its many files come from every worker of the service."""
    current_app.config["HORIZONS"].prepare()


@blueprint.get("/")
def page() -> Response:
    """The page for planning, with the server's settings for CO2 and the step."""
    settings = current_app.config["SETTINGS"]
    values = {"co2": settings.co2, "step": settings.step, "version": __version__, "first_script": FIRST_SCRIPT}
    return _html("page/index.html", PAGE_POLICY, **values)


@blueprint.get("/docs", strict_slashes=False)
def docs() -> Response:
    """The documentation page. Its addresses are relative, so that it works behind any prefix."""
    return _html("docs/docs.html", DOCS_POLICY, root=".." if request.path.endswith("/") else ".")


@blueprint.get("/openapi.json", strict_slashes=False)
def openapi() -> Response:
    """The OpenAPI document, which ``tools/openapi.py`` writes at development time."""
    return send_from_directory(Path(__file__).parent, "openapi.json", mimetype="application/json")


@blueprint.get("/web/<path:name>", defaults={"folder": "page"})
@blueprint.get("/docs/<path:name>", defaults={"folder": "docs"})
def file(folder: str, name: str) -> Response:
    """A file of a page. Browsers cache files with a version in their name, and revalidate the others."""
    path = Path(name)
    if path.suffix not in CONTENT_TYPES:
        raise NotFound
    has_version = _VERSION.search(path.name) is not None
    response = send_from_directory(
        WEB / folder, name, mimetype=CONTENT_TYPES[path.suffix], max_age=ONE_YEAR if has_version else None
    )
    response.cache_control.immutable = has_version
    return response


def _html(template: str, policy: str, **values: object) -> Response:
    response = Response(render_template(template, **values), mimetype="text/html")
    response.headers["Content-Security-Policy"] = policy
    response.headers["Referrer-Policy"] = "no-referrer"
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response
