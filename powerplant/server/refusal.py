"""What is refused before the app has seen it, and how the client is told."""

from __future__ import annotations

import json
from email.utils import formatdate
from http import HTTPStatus
from importlib.util import find_spec
from urllib.parse import quote

from gunicorn.http.errors import (
    ConfigurationProblem,
    ExpectationFailed,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

SERVER = "powerplant"
"""The header Server of each answer; nobody needs to know what serves."""


class Refusal(Exception):
    """A request that the server refuses: the type of the problem, and the sentence that says what is wrong."""

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem


def refusal_of(error: BaseException) -> Refusal:
    """What the client is told of an error."""
    match error:
        case Refusal():
            return error
        case InvalidResponseHeader() | InvalidResponseHeaderName():
            return Refusal("internal-error", "The service made a mistake.")
        case LimitRequestLine():
            return Refusal("uri-too-long", "The request line is longer than the server takes.")
        case LimitRequestHeaders():
            return Refusal("headers-too-large", "The headers are more or longer than the server takes.")
        case ExpectationFailed():
            return Refusal("expectation-failed", "The server meets no expectation but 100-continue.")
        case ConfigurationProblem():  # a path outside of the prefix that the server is told to have
            return Refusal("not-found", "There is nothing at this address.")
        case ParseException():
            return Refusal("bad-request", f"{str(error)[:200]}.")
        case OSError():
            return Refusal("bad-request", "The request broke off.")
    return Refusal("internal-error", "The service made a mistake.")


def count(refusal: Refusal) -> None:
    """Count it, where anything is counted."""
    if find_spec("prometheus_client"):
        from powerplant.api.metrics import REFUSED

        REFUSED.labels(refusal.problem).inc()


def answer_to(refusal: Refusal, path: str, request_id: str) -> bytes:
    """A whole answer with a problem document, as the service writes its own."""
    # Only here, in the worker: what gunicorn's master imports outlives a reload.
    from powerplant.api.headers import GUARD
    from powerplant.api.problems import RETRY_AFTER
    from powerplant.problems import PROBLEM_TYPES

    status, title, _ = PROBLEM_TYPES[refusal.problem]
    members = {
        "type": f"/problems/{refusal.problem}",
        "title": title,
        "status": status,
        "detail": str(refusal),
        "instance": quote(path),
        "request_id": request_id,
    }
    body = json.dumps(members) + "\n"
    head = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        f"Server: {SERVER}",
        f"Date: {formatdate(usegmt=True)}",
        "Connection: close",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"X-Request-ID: {request_id}",
        *(f"{name}: {value}" for name, value in GUARD.items()),
    ]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        head.append(f"Retry-After: {RETRY_AFTER}")
    return "\r\n".join([*head, "", body]).encode()
