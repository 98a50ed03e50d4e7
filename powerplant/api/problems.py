"""Problems as answers: from exception to problem+json (RFC 9457), and a page on each type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound

from powerplant.api.observation import observation
from powerplant.problems import CLIENT_ERRORS, PROBLEM_TYPES, Problem, problem_of

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

RETRY_AFTER = "5"
"""Seconds after which a client may send a payload again that the solver gave up on, or had no process for."""

_TYPE_OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    408: "request-timeout",
    405: "method-not-allowed",
    413: "content-too-large",
    500: "internal-error",
}


ABSENT = {
    "/metrics": "The metrics are here once the extra metrics is installed: poetry install --extras metrics",
    "/productionplan/live": "The live feed is here once the extra live is installed, and the setting is "
    "POWERPLANT_LIVE=true",
}
"""What is said at addresses that are there on some servers and not on this one."""


class Refused(HTTPException):
    """An error of HTTP that has a type of problem of its own.

    Args:
        name: of its type.
        detail: what is wrong, in a sentence.
        headers: of its answer.
    """

    def __init__(self, name: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.problem = name
        self.code = PROBLEM_TYPES[name].status
        self._headers = [*(headers or {}).items()]

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """Those of every error, and its own."""
        return [*super().get_headers(*arguments), *self._headers]


def problem(name: str, detail: str, **members: Any) -> Response:
    """A problem+json response of one of the types, with members of its own beside the standard ones."""
    return _told(Problem(name, detail, members))


def _told(problem: Problem) -> Response:
    members = problem.as_members(
        request.script_root, instance=quote(request.script_root + request.path), request_id=observation().request_id
    )
    response = _response(members)
    if problem.name in _WORTH_ANOTHER_TRY:
        response.headers["Retry-After"] = RETRY_AFTER
    observation().note(_EVENTS.get(problem.name, "problem"), problem=problem.name, **_facts(problem))
    return response


_WORTH_ANOTHER_TRY = ("gave-up", "busy")
_EVENTS = {"infeasible-load": "infeasible", "gave-up": "gave-up"}
"""What the log calls problems that are no mistake of the client's."""


def _facts(problem: Problem) -> dict[str, Any]:
    return {name: problem.members[name] for name in ("reason", "gap") if name in problem.members}


def _response(members: dict[str, Any]) -> Response:
    return Response(json.dumps(members) + "\n", members["status"], mimetype="application/problem+json")


def _client_error(error: Exception) -> Response:
    return _told(problem_of(error))


def _http_exception(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise: unknown address, wrong method, a body too large, and our own bugs."""
    status = error.code or 500
    name = error.problem if isinstance(error, Refused) else _TYPE_OF_STATUS.get(status)
    detail = error.description or HTTPStatus(status).phrase
    if name is not None and error.description == type(error).description:  # the framework's words, not ours
        detail = ABSENT.get(request.path.rstrip("/")) or PROBLEM_TYPES[name].explanation
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        payload = observation().payload.decode(errors="backslashreplace")
        current_app.logger.error("the payload of a request that failed", extra={"facts": {"payload": payload}})
    response = problem(name, detail) if name else _untyped(status, error.name, detail)
    for header, value in error.get_headers():
        if header not in {"Content-Type", "Content-Length"}:
            response.headers[header] = value
    return response


def _untyped(status: int, title: str, detail: str) -> Response:
    """A status that no type is for."""
    observation().note("problem", problem="about:blank")
    return _response(
        {
            "type": "about:blank",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": quote(request.script_root + request.path),
            "request_id": observation().request_id,
        }
    )


HANDLERS: dict[type[Exception], Callable[[Any], Response]] = {
    **dict.fromkeys(CLIENT_ERRORS, _client_error),
    HTTPException: _http_exception,
}
"""Which exception becomes which problem. What is not in it is our own bug: Flask logs it and makes it a 500."""


def register_handlers(app: Flask) -> None:
    """Let every error leave the app as problem+json."""
    for exception, handler in HANDLERS.items():
        app.register_error_handler(exception, handler)


@blueprint.get("", strict_slashes=False)
def index() -> Response:
    """The types of problems, a line each."""
    lines = [f"/problems/{name}  {kind.title} ({kind.status})\n" for name, kind in PROBLEM_TYPES.items()]
    return Response("".join(lines), mimetype="text/plain")


@blueprint.get("/<name>", strict_slashes=False)
def explain(name: str) -> Response:
    """A few lines on one type of problem."""
    if name not in PROBLEM_TYPES:
        raise NotFound("There is no type of problem of this name; /problems lists them.")
    status, title, explanation = PROBLEM_TYPES[name]
    return Response(f"{title} ({status})\n\n{explanation}\n", mimetype="text/plain")
