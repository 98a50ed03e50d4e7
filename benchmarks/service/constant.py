"""Two apps that return the same bytes for every request, to measure gunicorn and Flask alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response

from benchmarks.service import ROOT

BODY = json.dumps(json.loads((ROOT / "example_payloads" / "response3.json").read_bytes())).encode()

flask_app = Flask(__name__)


@flask_app.post("/productionplan")
def productionplan() -> Response:
    """Answer the plan of payload 3 to every payload."""
    return Response(BODY, mimetype="application/json")


@flask_app.get("/health")
def health() -> Response:
    """Answer that the server is up."""
    return Response(BODY, mimetype="application/json")


def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:  # noqa: ARG001 - WSGI's own
    """Answer the plan of payload 3, without Flask."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return [BODY]
