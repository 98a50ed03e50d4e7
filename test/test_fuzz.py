"""Random requests, valid and not, over real HTTP: each answer is a documented one, and correct.

``python -m benchmarks.service fuzz`` sends many more of them. A failure names its seed, which repeats it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fuzzing import KINDS, Client, attempt, broken_http, exchange, faults

SEEDS = 40
MOST_SECONDS = 10.0
"""The solver's time limit, and as much again for a busy machine."""

NOT_IMPLEMENTED = 501
"""The status that HTTP prescribes for an unknown transfer coding."""


@pytest.fixture(scope="module")
def fuzzer(server_url: str) -> Iterator[Client]:
    with Client(server_url) as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
def test_the_answer_to_any_request_is_documented_and_correct(fuzzer: Client, kind: str) -> None:
    wrong = {
        seed: faults(sent, fuzzer.ask(sent), MOST_SECONDS) for seed in range(SEEDS) for sent in [attempt(kind, seed)]
    }
    assert {seed: found for seed, found in wrong.items() if found} == {}


def test_broken_http_is_not_a_server_error(gunicorn_url: str) -> None:
    statuses = {seed: exchange(gunicorn_url, broken_http(seed)) for seed in range(100)}
    assert {seed: each for seed, each in statuses.items() if {*each} & ({*range(500, 600)} - {NOT_IMPLEMENTED})} == {}
    assert exchange(gunicorn_url, b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n") == [200]
