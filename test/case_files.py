"""The case files: a payload each, and the answer of the service to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Case:
    """One file of ``test/cases``.

    Attributes:
        claim: the behaviour that the case shows, in one sentence.
        query: the query string of the request, without the question mark.
        payload: the payload; ``None`` if the body is given as text, because it is not JSON or its spelling matters.
        body: the request body, as text.
        expected: the answer: ``status`` always; for 200 ``cost`` (euro, two decimals, a string), and ``plan`` in
            the order of the answer if the rule on equally cheap plans determines it; for an error ``type`` and its
            members (``pointers``, sorted; or ``reason``, ``nearest_below``, ``nearest_above``).
    """

    claim: str
    query: str
    payload: dict[str, Any] | None
    body: str
    expected: dict[str, Any]


def load_cases() -> list[tuple[str, Case]]:
    """All cases with their ids, which are the file names, in the order of their ids."""
    return [(path.stem, _load(path)) for path in sorted(CASES.glob("*.json"))]


def _load(path: Path) -> Case:
    content = json.loads(path.read_text(encoding="utf-8"))
    payload = content.get("payload")
    return Case(
        claim=content["claim"],
        query=content.get("query", ""),
        payload=payload,
        body=content["body"] if payload is None else json.dumps(payload),
        expected=content["expected"],
    )
