"""Answer errors with problem documents (RFC 9457), and explain each type of problem on a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound

from powerplant.api.request_log import entry
from powerplant.problems import CLIENT_ERRORS, PROBLEM_TYPES, Problem, problem_of

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

RETRY_AFTER = "5"
"""Seconds after which a client may send the same payload again."""

_TEMPORARY = {"gave-up", "busy"}

_TYPE_OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    408: "request-timeout",
    413: "content-too-large",
    500: "internal-error",
}

_EVENTS = {"infeasible-load": "infeasible", "infeasible-horizon": "infeasible", "gave-up": "gave-up"}
"""The event in the log for a problem that is not a fault of the client."""

OPTIONAL = {
    "/metrics": "The metrics need the extra metrics: poetry install --extras metrics, or pip install '.[metrics]'.",
    "/productionplan/live": "The live feed needs the extra live, and the setting POWERPLANT_LIVE=true.",
}
"""The details for optional addresses that this server does not have."""


class Refused(HTTPException):
    """An HTTP error with its own type of problem.

    Args:
        name: the type of problem.
        detail: what is wrong, in a sentence.
        headers: of the answer.
    """

    def __init__(self, name: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.problem = name
        self.code = PROBLEM_TYPES[name].status
        self._headers = [*(headers or {}).items()]

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """The headers of the base class, and its own."""
        return [*super().get_headers(*arguments), *self._headers]


def register(app: Flask) -> None:
    """Answer every error with a problem document. Any other exception is a bug: Flask answers it with 500."""
    for exception in CLIENT_ERRORS:
        app.register_error_handler(exception, lambda error: _answer(problem_of(error)))
    app.register_error_handler(HTTPException, _http_exception)


def _answer(problem: Problem) -> Response:
    prefix, path, log = request.script_root, request.path, entry()
    members = problem.as_members(prefix, instance=quote(prefix + path), request_id=log.request_id)
    facts = {name: problem.members[name] for name in ("reason", "gap") if name in problem.members}
    log.note(_EVENTS.get(problem.name, "problem"), problem=problem.name, **facts)
    response = Response(json.dumps(members) + "\n", members["status"], mimetype="application/problem+json")
    if problem.name in _TEMPORARY:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_exception(error: HTTPException) -> Response:
    """Answer the errors of Flask and Werkzeug: unknown address, wrong method, and bugs of the service."""
    status = error.code or 500
    name = error.problem if isinstance(error, Refused) else _TYPE_OF_STATUS.get(status, "about:blank")
    detail = error.description or HTTPStatus(status).phrase
    if name in PROBLEM_TYPES and error.description == type(error).description:  # a text of the framework
        optional = OPTIONAL.get(request.path.rstrip("/")) if name == "not-found" else None
        detail = optional or PROBLEM_TYPES[name].explanation
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        payload = entry().payload.decode(errors="backslashreplace")
        current_app.logger.error("the payload of a request that failed", extra={"facts": {"payload": payload}})
    response = _answer(Problem(name, detail, {"status": status, "title": error.name} if name == "about:blank" else {}))
    for header, value in error.get_headers():
        if header not in {"Content-Type", "Content-Length"}:
            response.headers[header] = value
    return response


@blueprint.get("", strict_slashes=False)
def index() -> Response:
    """List the types of problems."""
    lines = [f"/problems/{name}  {kind.title} ({kind.status})\n" for name, kind in PROBLEM_TYPES.items()]
    return Response("".join(lines), mimetype="text/plain")


@blueprint.get("/<name>", strict_slashes=False)
def explain(name: str) -> Response:
    """Explain one type of problem."""
    if name not in PROBLEM_TYPES:
        raise NotFound("There is no problem type of this name. /problems lists them.")
    status, title, explanation = PROBLEM_TYPES[name]
    return Response(f"{title} ({status})\n\n{explanation}\n", mimetype="text/plain")
