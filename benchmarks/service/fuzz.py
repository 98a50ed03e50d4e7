"""Thousands of invalid and strange requests; every answer is checked as in the tests."""

from __future__ import annotations

from collections import Counter
from time import perf_counter

from fuzzing import KINDS, Client, NoAnswer, attempt, broken_http, exchange, faults, kind_of
from live_server import LiveServer, live_server

from benchmarks.service import servers
from benchmarks.service.tables import Table

BROKEN_HTTP = "broken_http"
SERVER_ERRORS = {*range(500, 600)} - {501}
"""501 is the right status for an unknown transfer coding."""

GRACE = 1.0
"""Seconds that an answer may take longer than the solver's time limit."""


class Kind:
    """The results of one kind of attempts."""

    def __init__(self) -> None:
        self.attempts = 0
        self.answers: Counter[str] = Counter()
        self.slowest = 0.0
        self.faults: dict[int, list[str]] = {}


def measure(attempts: int, first_seed: int, time_limit: float) -> dict[str, Kind]:
    """Send attempts of all kinds in turn to a server whose solver has this time limit in seconds."""
    kinds = {name: Kind() for name in [*KINDS, BROKEN_HTTP]}
    environment = {"POWERPLANT_TIME_LIMIT": str(time_limit)}
    with live_server(environment, command=servers.POWERPLANT) as server, Client(server.url) as client:
        for number in range(attempts):
            name = list(kinds)[number % len(kinds)]
            seed = first_seed + number // len(kinds)
            kinds[name].attempts += 1
            if name == BROKEN_HTTP:
                _send_broken(server, seed, kinds[name])
            else:
                _send(client, name, seed, kinds[name], time_limit + GRACE)
    return kinds


def _send(client: Client, name: str, seed: int, kind: Kind, most_seconds: float) -> None:
    sent = attempt(name, seed)
    try:
        answer = client.ask(sent)
    except NoAnswer as error:
        kind.faults[seed] = [f"no answer: {error}"]
        return
    kind.answers[kind_of(answer)] += 1
    kind.slowest = max(kind.slowest, answer.seconds)
    found = faults(sent, answer, most_seconds)
    if found:
        kind.faults[seed] = found


def _send_broken(server: LiveServer, seed: int, kind: Kind) -> None:
    start = perf_counter()
    statuses = exchange(server.url, broken_http(seed))
    kind.slowest = max(kind.slowest, perf_counter() - start)
    kind.answers.update([str(status) for status in statuses] or ["none"])
    if SERVER_ERRORS & {*statuses}:
        kind.faults[seed] = [f"answers {statuses}"]


def report(kinds: dict[str, Kind], *, markdown: bool) -> bool:
    """Print a row for each kind, then each fault; return whether there is none."""
    table = Table(["kind", "attempts", "faults", "slowest, ms", "answers"], markdown=markdown)
    for name, kind in kinds.items():
        answers = ", ".join(f"{answer} {count}" for answer, count in kind.answers.most_common())
        table.row(name, str(kind.attempts), str(len(kind.faults)), f"{kind.slowest * 1e3:.0f}", answers)
    for name, kind in kinds.items():
        for seed, found in kind.faults.items():
            print(f"{name} {seed}: {'; '.join(found)}")
    return not any(kind.faults for kind in kinds.values())
