"""What comes back: answers, and problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from powerplant.api.openapi.bodies import PROBLEMS
from powerplant.api.openapi.examples import tell
from powerplant.api.openapi.schemas import Json, ref, schema
from powerplant.problems import PROBLEM_TYPES

HEADERS = {
    "X-Request-ID": {
        "description": "What the log knows the request by: the one that was sent, or a new one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Plan-Status": {
        "description": "optimal: no plan is cheaper, which is proven; feasible: the best plan found in time.",
        "required": True,
        "schema": {"enum": ["optimal", "feasible"], "type": "string"},
    },
    "Plan-Cost": {"description": "euro, to the cent", "required": True, "schema": {"type": "number"}},
    "Plan-Gap": {
        "description": "euro by which a feasible plan may be too dear at the most; not there beside an optimal one",
        "schema": {"minimum": 0, "type": "number"},
    },
    "Retry-After": {
        "description": "seconds after which to ask again",
        "required": True,
        "schema": {"minimum": 0, "type": "integer"},
    },
    "Allow": {"description": "the methods that the address takes", "required": True, "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "how to show a token", "required": True, "schema": {"type": "string"}},
    "Upgrade": {"description": "what is spoken here", "required": True, "schema": {"const": "websocket"}},
    "Sec-WebSocket-Version": {"description": "its version", "required": True, "schema": {"const": "13"}},
    "ETag": {"description": "changes with the content", "schema": {"type": "string"}},
}

HEADERS_OF = {
    "method-not-allowed": ["Allow"],
    "gave-up": ["Retry-After"],
    "busy": ["Retry-After"],
    "overloaded": ["Retry-After"],
    "feed-is-full": ["Retry-After"],
    "token-required": ["WWW-Authenticate"],
    "upgrade-required": ["Upgrade", "Sec-WebSocket-Version"],
}
"""What problems carry beyond the headers of every answer."""

SHARED = (
    "bad-request",
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "content-too-large",
    "uri-too-long",
    "expectation-failed",
    "headers-too-large",
    "internal-error",
    "overloaded",
)
"""Problems that are the same at each address."""

REFUSED = {
    str(PROBLEM_TYPES[name].status): ref("responses", name)
    for name in (
        "bad-request",
        "request-timeout",
        "uri-too-long",
        "expectation-failed",
        "headers-too-large",
        "internal-error",
        "overloaded",
    )
}
"""What can befall a request at any address: most of it before the address is looked at."""


def answer(description: str, media_type: str, form: Json, *headers: str, **content: Any) -> Json:
    """A response, with the names of its headers beyond those of every answer."""
    return {
        "description": description,
        "headers": {name: ref("headers", name) for name in ("X-Request-ID", *headers)},
        "content": {media_type: {"schema": form, **content}},
    }


def problems(path: str, names: Iterable[str], recorded: Mapping[str, Json] | None = None) -> Json:
    """A response that is one of these problems.

    Args:
        path: the address.
        names: the problems.
        recorded: examples of some of them; the others are told as the service would.
    """
    names, examples = list(names), dict(recorded or {})
    shown = {example["value"]["type"].rpartition("/")[2] for example in examples.values()}
    examples |= {name: tell(path, name) for name in names if name not in shown}
    return answer(
        ", or: ".join(PROBLEM_TYPES[name].title for name in names) + ".",
        "application/problem+json",
        schema(*(PROBLEMS[name] for name in names)),
        *dict.fromkeys(header for name in names for header in HEADERS_OF.get(name, ())),
        examples=examples,
    )


def shared_responses() -> Json:
    """The problems that are the same at each address, by their names."""
    return {name: problems("/productionplan", [name]) for name in SHARED}
