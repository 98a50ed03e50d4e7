"""A table of the types of problem details (RFC 9457), and one with the problem for each error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from powerplant.errors import InfeasibleLoad, InvalidPayload, InvalidQuery, MalformedPayload, OutOfTime, TooBusy

MAX_FAULTS = 100
"""Most faults of a payload that are listed; the rest are counted."""


class ProblemType(NamedTuple):
    """One type of problem: its status, its title, and the text of its page."""

    status: int
    title: str
    explanation: str


PROBLEM_TYPES = {
    "malformed-json": ProblemType(
        400,
        "The body is not JSON",
        "The body of the request is not JSON in UTF-8: it is empty, incomplete, not UTF-8, nested too deeply, or "
        "otherwise not valid JSON. The detail names line and column if they are known.",
    ),
    "invalid-payload": ProblemType(
        422,
        "The payload is not valid",
        f"The body is JSON, but not a valid payload. The member errors lists every fault, up to {MAX_FAULTS}; the "
        "detail says how many there are. pointer is a JSON Pointer (RFC 6901) to the value, or to the place where a "
        "missing one belongs; detail says what is wrong with it.",
    ),
    "invalid-query": ProblemType(
        422,
        "A query parameter is not valid",
        "A query parameter has a value that the service does not accept, or its name is in capitals. The member "
        "errors names the parameter and its possible values.",
    ),
    "infeasible-load": ProblemType(
        422,
        "No plan meets the load",
        "The payload is valid, and it is proven that no combination of power plants produces exactly its load. reason "
        "is off_grid (the load is not a multiple of 0.1 MW), above_capacity (more than all plants together), "
        "below_minimum (less than the smallest output of any plant) or in_a_gap (between the outputs that the plants "
        "can produce together). nearest_below and nearest_above are the nearest loads in MW that have a plan; "
        "nearest_above is null above the capacity of all plants.",
    ),
    "gave-up": ProblemType(
        503,
        "No plan was proven in time",
        "The payload is valid, but no plan was proven to be the cheapest within the server's time limit. gap is how "
        "many euro more than the cheapest plan the best plan found may cost; null if no plan was found. The same "
        "payload may succeed on a server with a larger time limit. With ?accept=feasible the best plan found is "
        "returned instead, with the headers Plan-Status: feasible and Plan-Gap.",
    ),
    "busy": ProblemType(
        503,
        "The server is busy with long work",
        "This payload takes long to solve, or it is a batch, and the server is already working on as many of them as "
        "it accepts. Nothing is wrong with the request: send it again after the seconds in Retry-After.",
    ),
    "not-found": ProblemType(
        404,
        "Nothing is at this address",
        "There is nothing at this address. Production plans are at POST /productionplan.",
    ),
    "method-not-allowed": ProblemType(
        405,
        "The address does not support this method",
        "The address does not support this method. The header Allow lists the methods that it supports.",
    ),
    "content-too-large": ProblemType(
        413,
        "The body is too large",
        "The body of the request is larger than the server accepts. The operator of the server can raise the limit.",
    ),
    "request-timeout": ProblemType(
        408,
        "The request did not arrive in time",
        "The client began to send a request and did not finish it in time. Nothing was computed; send it again.",
    ),
    "uri-too-long": ProblemType(
        414, "The address is too long", "The request line, which holds the address, is longer than the server accepts."
    ),
    "expectation-failed": ProblemType(
        417, "The expectation is not supported", "The header Expect asks for something other than 100-continue."
    ),
    "headers-too-large": ProblemType(
        431, "The headers are too large", "The request has more headers, or longer ones, than the server accepts."
    ),
    "upgrade-required": ProblemType(
        426,
        "This address is a websocket",
        "The live feed is a websocket (RFC 6455, version 13), as the header Upgrade says. Production plans are at POST "
        "/productionplan.",
    ),
    "token-required": ProblemType(
        401,
        "A token is needed",
        "The live feed of this server needs its token: in the header Authorization, as Bearer and the token, or from a "
        "page as the websocket subprotocols bearer and the token.",
    ),
    "foreign-origin": ProblemType(
        403,
        "Pages of this origin may not use the live feed",
        "A browser lets any page open a websocket. The operator of this server lists the origins whose pages may use "
        "the live feed, and this origin is not one of them.",
    ),
    "feed-is-full": ProblemType(
        503,
        "The live feed is full",
        "Each worker process of the server accepts a limited number of clients of the live feed. Try again after the "
        "seconds in Retry-After.",
    ),
    "no-handover": ProblemType(
        501,
        "This server cannot serve the live feed",
        "The program that serves the service does not give access to its connections. The live feed needs gunicorn or "
        "flask run.",
    ),
    "bad-request": ProblemType(
        400, "The request could not be read", "The request is incomplete, or is not valid HTTP."
    ),
    "internal-error": ProblemType(
        500,
        "The service failed",
        "This is a bug of the service, not a fault of the payload. It has been logged together with the payload.",
    ),
}


UNTYPED = ProblemType(500, "", "")
"""For ``about:blank``: a problem without a type has its title and status as members."""


class Problem(NamedTuple):
    """What is wrong with one payload or request.

    Attributes:
        name: its type, a key of :data:`PROBLEM_TYPES`, or ``about:blank``.
        detail: what is wrong, in a sentence or two.
        members: further members of this type.
    """

    name: str
    detail: str
    members: Mapping[str, Any] = {}

    def as_members(self, prefix: str = "", **members: Any) -> dict[str, Any]:
        """The members of its JSON object: the standard ones, then ``members``, then those of its type.

        Args:
            prefix: the path in front of all addresses of the service.
            members: further members.
        """
        status, title, _ = PROBLEM_TYPES.get(self.name, UNTYPED)
        return {
            "type": self.name if self.name == "about:blank" else f"{prefix}/problems/{self.name}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **members,
            **self.members,
        }


def problem_of(error: Exception) -> Problem:
    """The problem for one of the :data:`CLIENT_ERRORS`."""
    detail, members = str(error), dict[str, Any]()
    match error:
        case InvalidQuery():
            members = {"errors": [{"parameter": error.parameter, "detail": error.detail}]}
        case InvalidPayload():
            count = len(error.faults)
            detail = "The payload has a fault." if count == 1 else f"The payload has {count} faults."
            if count > MAX_FAULTS:
                detail = f"The payload has {count} faults; the first {MAX_FAULTS} are listed."
            members = {"errors": [fault._asdict() for fault in error.faults[:MAX_FAULTS]]}
        case InfeasibleLoad():
            members = {name: getattr(error, name) for name in ("reason", "nearest_below", "nearest_above")}
        case OutOfTime():
            members = {"gap": None if error.gap is None else float(error.gap)}
    return Problem(_NAMES[type(error)], detail, members)


_NAMES: dict[type[Exception], str] = {
    MalformedPayload: "malformed-json",
    InvalidQuery: "invalid-query",
    InvalidPayload: "invalid-payload",
    InfeasibleLoad: "infeasible-load",
    OutOfTime: "gave-up",
    TooBusy: "busy",
}
CLIENT_ERRORS = tuple(_NAMES)
"""The errors that a client can cause."""
