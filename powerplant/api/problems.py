"""Errors as RFC 9457 problem details: one table from exception to problem, and a page on each type."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, NotFound

from powerplant.api.observation import observation
from powerplant.errors import InfeasibleLoad, InvalidPayload, InvalidQuery, MalformedPayload, OutOfTime, TooBusy

blueprint = Blueprint("problems", __name__, url_prefix="/problems")

RETRY_AFTER = "5"
"""Seconds after which a client may send a payload again that the solver gave up on, or had no process for."""


MAX_FAULTS = 100
"""How many faults of a payload are listed; the rest are counted."""


class ProblemType(NamedTuple):
    """One kind of problem: its status, its title, and what its page says of it."""

    status: int
    title: str
    explanation: str


PROBLEM_TYPES = {
    "malformed-json": ProblemType(
        400,
        "The body is not JSON",
        "The body of the request could not be read as JSON in UTF-8: it is empty, cut off, not UTF-8, nested without "
        "end, or holds something that JSON does not have. The detail names line and column where there are any.",
    ),
    "invalid-payload": ProblemType(
        422,
        "The payload is not valid",
        "The body is JSON, but no valid payload. The member errors lists every fault that could be told, up to "
        f"{MAX_FAULTS} of them; the problem's detail says how many there are. pointer is a JSON Pointer (RFC 6901) to "
        "the value in the payload, or to where a missing one should stand; detail says what is wrong with it.",
    ),
    "invalid-query": ProblemType(
        422,
        "A query parameter is not valid",
        "A parameter behind the question mark of the address has a value that the service does not take, or is co2 "
        "written in capitals. The member errors names the parameter and what it may be.",
    ),
    "infeasible-load": ProblemType(
        422,
        "No plan meets the load",
        "The payload is valid, and it is proven that no choice of power plants produces exactly its load. reason is "
        "off_grid (the load is no multiple of 0.1 MW), above_capacity (more than all plants together), "
        "below_minimum (less than the smallest output of any plant) or in_a_gap (between what the plants can "
        "make together). nearest_below and nearest_above are the nearest loads in MW that have a plan; "
        "nearest_above is null above all capacity.",
    ),
    "gave-up": ProblemType(
        503,
        "No plan was proven in time",
        "The payload is valid, but its cheapest plan could not be proven within the time that the server gives to "
        "one request. gap is how far, in euro, the best plan found may be from the cheapest; it is null where none "
        "was found. The same payload may succeed on a server with a larger time limit. With ?accept=feasible the best "
        "plan found is answered instead, with the headers Plan-Status: feasible and Plan-Gap.",
    ),
    "busy": ProblemType(
        503,
        "Too many payloads take long at the moment",
        "This payload takes longer than a moment to solve, and as many others that do are being solved as the server "
        "takes on at once. Nothing is wrong with it; send it again after the seconds that Retry-After names.",
    ),
    "not-found": ProblemType(404, "There is nothing at this address", "Production plans are at POST /productionplan."),
    "method-not-allowed": ProblemType(
        405, "The address does not take this method", "The header Allow names the methods that it takes."
    ),
    "content-too-large": ProblemType(
        413,
        "The body is too large",
        "The body of the request has more bytes than the server takes. Its operator can raise the limit.",
    ),
    "request-timeout": ProblemType(
        408,
        "The request did not arrive in time",
        "The client began to send a request and paused too long inside it, or did not come to its end in time. "
        "Nothing was computed; send it again.",
    ),
    "uri-too-long": ProblemType(
        414, "The address is too long", "The request line, which holds the address, is longer than the server takes."
    ),
    "expectation-failed": ProblemType(
        417, "The expectation is not met", "The header Expect asks for something other than 100-continue."
    ),
    "headers-too-large": ProblemType(
        431, "The headers are too large", "The request has more headers, or longer ones, than the server takes."
    ),
    "overloaded": ProblemType(
        503,
        "The server has too much to do",
        "Too many large requests arrive at the same time. Nothing was computed; send it again a little later.",
    ),
    "bad-request": ProblemType(
        400,
        "The request could not be read",
        "The request broke off, or is not HTTP as the server expects it.",
    ),
    "internal-error": ProblemType(
        500,
        "The service made a mistake",
        "This is a bug of the service, not of the payload. It has been logged together with the payload.",
    ),
}

_TYPE_OF_STATUS = {
    400: "bad-request",
    404: "not-found",
    408: "request-timeout",
    405: "method-not-allowed",
    413: "content-too-large",
    500: "internal-error",
}


def problem(name: str, detail: str, **members: Any) -> Response:
    """A problem+json response of one of the types, with members of its own beside the standard ones."""
    status, title, _ = PROBLEM_TYPES[name]
    return _response(status, f"{request.script_root}/problems/{name}", title, detail, members)


def _response(status: int, type_: str, title: str, detail: str, members: dict[str, Any]) -> Response:
    body = {
        "type": type_,
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(request.script_root + request.path),
        "request_id": observation().request_id,
        **members,
    }
    observation().note("problem", problem=type_.rpartition("/")[2])
    return Response(json.dumps(body) + "\n", status, mimetype="application/problem+json")


def _malformed(error: MalformedPayload) -> Response:
    return problem("malformed-json", str(error))


def _invalid_query(error: InvalidQuery) -> Response:
    return problem("invalid-query", str(error), errors=[{"parameter": error.parameter, "detail": error.detail}])


def _invalid_payload(error: InvalidPayload) -> Response:
    count = len(error.faults)
    detail = "The payload has a fault." if count == 1 else f"The payload has {count} faults."
    if count > MAX_FAULTS:
        detail = f"The payload has {count} faults; the first {MAX_FAULTS} are listed."
    return problem("invalid-payload", detail, errors=[fault._asdict() for fault in error.faults[:MAX_FAULTS]])


def _infeasible_load(error: InfeasibleLoad) -> Response:
    response = problem(
        "infeasible-load",
        str(error),
        reason=error.reason,
        nearest_below=error.nearest_below,
        nearest_above=error.nearest_above,
    )
    observation().note("infeasible", reason=error.reason)
    return response


def _out_of_time(error: OutOfTime) -> Response:
    gap = None if error.gap is None else float(error.gap)
    response = problem("gave-up", str(error), gap=gap)
    response.headers["Retry-After"] = RETRY_AFTER
    observation().note("gave-up", gap=gap)
    return response


def _too_busy(error: TooBusy) -> Response:
    response = problem("busy", str(error))
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_exception(error: HTTPException) -> Response:
    """What Flask and Werkzeug raise: unknown address, wrong method, a body too large, and our own bugs."""
    status = error.code or 500
    name = _TYPE_OF_STATUS.get(status)
    detail = error.description or HTTPStatus(status).phrase
    if name is not None and error.description == type(error).description:  # the framework's words, not ours
        detail = PROBLEM_TYPES[name].explanation
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        payload = observation().payload.decode(errors="backslashreplace")
        current_app.logger.error("the payload of a request that failed", extra={"facts": {"payload": payload}})
    response = problem(name, detail) if name else _response(status, "about:blank", error.name, detail, {})
    for header, value in error.get_headers():
        if header not in {"Content-Type", "Content-Length"}:
            response.headers[header] = value
    return response


HANDLERS: dict[type[Exception], Callable[[Any], Response]] = {
    MalformedPayload: _malformed,
    InvalidQuery: _invalid_query,
    InvalidPayload: _invalid_payload,
    InfeasibleLoad: _infeasible_load,
    OutOfTime: _out_of_time,
    TooBusy: _too_busy,
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
