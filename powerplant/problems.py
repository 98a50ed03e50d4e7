"""The types of problem details (RFC 9457), whose texts are in ``problems.toml``, and the problem for each error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from powerplant.errors import (
    InfeasibleHorizon,
    InfeasibleLoad,
    InvalidPayload,
    InvalidQuery,
    MalformedPayload,
    NotInstalled,
    OutOfTime,
    TooBusy,
)

MAX_FAULTS = 100
"""Most faults of a payload that are listed; the rest are counted. ``problems.toml`` names the number."""


class ProblemType(NamedTuple):
    """One type of problem: its status, its title, and the text of its page."""

    status: int
    title: str
    explanation: str


PROBLEM_TYPES = {
    name: ProblemType(**members)
    for name, members in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
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
        case InfeasibleHorizon():
            members = {"missing": error.missing, "proven": error.proven, "periods": error.periods}
        case OutOfTime():
            members = {"gap": None if error.gap is None else float(error.gap)}
    return Problem(_NAMES[type(error)], detail, members)


_NAMES: dict[type[Exception], str] = {
    MalformedPayload: "malformed-json",
    InvalidQuery: "invalid-query",
    InvalidPayload: "invalid-payload",
    InfeasibleLoad: "infeasible-load",
    InfeasibleHorizon: "infeasible-horizon",
    NotInstalled: "not-installed",
    OutOfTime: "gave-up",
    TooBusy: "busy",
}
CLIENT_ERRORS = tuple(_NAMES)
"""The errors that a client can cause."""
