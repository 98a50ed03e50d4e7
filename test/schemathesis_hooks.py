"""How schemathesis sends and reads lines of JSON."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import schemathesis

NDJSON = "application/x-ndjson"


@schemathesis.serializer(NDJSON)
def as_lines(_context: Any, value: Any) -> bytes:
    """A body: a string unchanged, anything else as a line of JSON."""
    return value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()


@schemathesis.deserializer(NDJSON)
def as_text(_context: Any, response: Any) -> str:
    """An answer. Each line must be JSON."""
    text: str = response.content.decode()
    for line in text.splitlines():
        json.loads(line)
    return text


@schemathesis.hook
def before_call(_context: Any, case: Any, _arguments: Any) -> None:
    """Give a horizon a second at least: without time the answer is 503, as documented."""
    with suppress(KeyError, TypeError, ValueError):
        if 0 < float((case.query or {})["time_limit"]) < 1:
            case.query["time_limit"] = 1
