"""A proof as a file: what is claimed, and the steps that prove it, as JSON.

::

    {"version": 1, "method": "search", "cost": 150158490566040, "steps": [
      {"kind": "output_split", "marginal_cost": 31283018868, "at_most": 0, "at_least": 1000, "at_least_first": true},
      {"kind": "bound", "price": 31283018868, "charge": 0, "scale": 1},
      ...
    ]}

``cost`` is what no plan can beat, in 10**-10 euro; ``null`` claims that no plan exists. All numbers are integers of any
size: outputs in tenths of a MW, prices in 10**-9 euro per MWh. The steps, and their members, are those of
:mod:`powerplant.merit_order.proof`. A proof says nothing of the payload that it is for: it proves its claim for
whatever payload it is checked with, or does not.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, get_type_hints

from powerplant.decoding import parse, pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.merit_order import Proof
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Recomputed, Step

VERSION = 1

STEPS: dict[str, type[Step]] = {
    "bound": Bound,
    "empty": Empty,
    "output_split": OutputSplit,
    "count_split": CountSplit,
    "recomputed": Recomputed,
}
"""The steps by the names that the file has for them."""

NAMES = {kind: name for name, kind in STEPS.items()}
HINTS = {kind: get_type_hints(kind) for kind in NAMES}
KINDS = {int: "a whole number", bool: "true or false", str: "a text"}


class Claim(NamedTuple):
    """What a proof proves.

    Attributes:
        cost: that no plan costs less, in 10**-10 euro; ``None`` that no plan exists.
        proof: why.
    """

    cost: int | None
    proof: Proof


def proof_as_json(claim: Claim) -> str:
    """A claim with its proof, a step a line."""
    cost, (method, steps) = claim
    head = json.dumps({"version": VERSION, "method": method, "cost": cost})
    lines = [f"\n  {json.dumps({'kind': NAMES[type(step)], **step._asdict()})}" for step in steps]
    return f'{head[:-1]}, "steps": [{",".join(lines)}\n]}}\n'


def proof_from_json(body: bytes) -> Claim:
    """Read what :func:`proof_as_json` wrote. It is not checked here.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is JSON, but no proof.
    """
    document = parse(body, "an object with version, method, cost and steps")
    if not isinstance(document, dict):
        raise InvalidPayload([Fault("#", "must be an object with version, method, cost and steps")])
    faults = [
        Fault(pointer(key), f"must be {what}")
        for key, what, is_right in (
            ("version", str(VERSION), _is(document.get("version"), int) and document["version"] == VERSION),
            ("method", KINDS[str], _is(document.get("method"), str)),
            ("cost", "a whole number or null", document.get("cost", "") is None or _is(document.get("cost"), int)),
            ("steps", "a list", _is(document.get("steps"), list)),
        )
        if not is_right
    ]
    steps = document["steps"] if _is(document.get("steps"), list) else []
    faults += [fault for index, step in enumerate(steps) for fault in _faults_of_step(index, step)]
    if faults:
        raise InvalidPayload(faults)
    return Claim(document["cost"], Proof(document["method"], tuple(_step(step) for step in steps)))


def _faults_of_step(index: int, step: Any) -> list[Fault]:
    name = step.get("kind") if isinstance(step, dict) else None
    if not isinstance(name, str) or name not in STEPS:
        return [Fault(pointer("steps", index), f"must be an object whose kind is one of {', '.join(STEPS)}")]
    members = HINTS[STEPS[name]]
    return [
        Fault(pointer("steps", index, key), f"must be {KINDS[kind]}")
        for key, kind in members.items()
        if not _is(step.get(key), kind)
    ]


def _step(step: dict[str, Any]) -> Step:
    kind = STEPS[step["kind"]]
    return kind(**{key: step[key] for key in HINTS[kind]})


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of this kind itself: a truth value is no number."""
    return type(value) is kind
