"""What can be wrong, as problem details (RFC 9457): one table of the types, and one from exception to problem.

A problem is told in the same words over HTTP, in the lines of a batch and on the command line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from powerplant.errors import InfeasibleLoad, InvalidPayload, InvalidQuery, MalformedPayload, OutOfTime, TooBusy

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
        "This payload takes longer than a moment to solve, or it is a batch, and as many others that take long are "
        "being answered as the server takes on at once. Nothing is wrong with it; send it again after the seconds that "
        "Retry-After names.",
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
    "upgrade-required": ProblemType(
        426,
        "A websocket is spoken here",
        "The live feed is a websocket (RFC 6455, version 13). The header Upgrade names it. Production plans are at "
        "POST /productionplan.",
    ),
    "token-required": ProblemType(
        401,
        "A token is needed",
        "The live feed of this server is for those who have its token. It goes in the header Authorization, as Bearer "
        "and the token or, on a page, in the subprotocols bearer and the token.",
    ),
    "foreign-origin": ProblemType(
        403,
        "Pages of this origin may not listen",
        "A browser would let any page listen to the live feed, with the reach of whoever looks at it. The server's "
        "operator names the origins whose pages may.",
    ),
    "feed-is-full": ProblemType(
        503,
        "The live feed has as many clients as it takes",
        "Each worker process of the server lets in so many clients and no more. Ask again after the seconds that "
        "Retry-After names: a client may have left, or another worker have room.",
    ),
    "no-handover": ProblemType(
        501,
        "This server cannot carry the live feed",
        "The program that serves the service keeps its connections to itself. The live feed needs gunicorn or flask "
        "run.",
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


class Problem(NamedTuple):
    """What is wrong with one payload or request.

    Attributes:
        name: of its type, a key of :data:`PROBLEM_TYPES`.
        detail: what is wrong, in a sentence or two.
        members: what this type tells besides.
    """

    name: str
    detail: str
    members: Mapping[str, Any] = {}

    def as_members(self, prefix: str = "", **members: Any) -> dict[str, Any]:
        """The members of its JSON object: the standard ones, then these, then those of its type.

        Args:
            prefix: of the addresses of the service.
            members: what else is known of it.
        """
        kind = PROBLEM_TYPES[self.name]
        return {
            "type": f"{prefix}/problems/{self.name}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            **members,
            **self.members,
        }


def problem_of(error: Exception) -> Problem:
    """What is told of one of the :data:`CLIENT_ERRORS`."""
    return _TOLD[type(error)](error)


def _malformed(error: MalformedPayload) -> Problem:
    return Problem("malformed-json", str(error))


def _invalid_query(error: InvalidQuery) -> Problem:
    return Problem("invalid-query", str(error), {"errors": [{"parameter": error.parameter, "detail": error.detail}]})


def _invalid_payload(error: InvalidPayload) -> Problem:
    count = len(error.faults)
    detail = "The payload has a fault." if count == 1 else f"The payload has {count} faults."
    if count > MAX_FAULTS:
        detail = f"The payload has {count} faults; the first {MAX_FAULTS} are listed."
    return Problem("invalid-payload", detail, {"errors": [fault._asdict() for fault in error.faults[:MAX_FAULTS]]})


def _infeasible_load(error: InfeasibleLoad) -> Problem:
    return Problem(
        "infeasible-load",
        str(error),
        {"reason": error.reason, "nearest_below": error.nearest_below, "nearest_above": error.nearest_above},
    )


def _out_of_time(error: OutOfTime) -> Problem:
    return Problem("gave-up", str(error), {"gap": None if error.gap is None else float(error.gap)})


def _too_busy(error: TooBusy) -> Problem:
    return Problem("busy", str(error))


_TOLD: dict[type[Exception], Callable[[Any], Problem]] = {
    MalformedPayload: _malformed,
    InvalidQuery: _invalid_query,
    InvalidPayload: _invalid_payload,
    InfeasibleLoad: _infeasible_load,
    OutOfTime: _out_of_time,
    TooBusy: _too_busy,
}
CLIENT_ERRORS: tuple[type[Exception], ...] = tuple(_TOLD)
"""The errors that a client can cause, with what it sends and when."""
