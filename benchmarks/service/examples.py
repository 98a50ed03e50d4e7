"""The challenge's three payloads, and the requests that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice

from benchmarks.service import ROOT
from benchmarks.service.client import Request, post

BODIES = [path.read_bytes() for path in sorted((ROOT / "example_payloads").glob("payload*.json"))]
REQUESTS = [Request(post(body), key) for key, body in enumerate(BODIES)]


def in_turn(count: int) -> Iterator[Request]:
    """This many requests, with one payload after the other."""
    return islice(cycle(REQUESTS), count)
