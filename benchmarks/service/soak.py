"""Many requests on few connections: answers do not change, and the workers do not grow.

The requests are the example payloads, the case files of the tests, and fuzzed ones from a few seeds. Each is first
sent once and its answer is checked; every later answer must have the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from statistics import mean
from time import monotonic
from typing import NamedTuple

from case_files import load_cases
from fuzzing import PATHS, Attempt, Client, attempt, faults, kind_of
from live_server import LiveServer, live_server

from benchmarks.service import servers
from benchmarks.service.client import Answer, Request, drive
from benchmarks.service.examples import BODIES
from benchmarks.service.processes import descriptors, resident_bytes, tree
from benchmarks.service.tables import Table

FUZZED = ("good", "mutated", "numbers", "damaged", "tokens", "queries")
SEEDS = 30
SAMPLES = 200
STRIDE = 7919
"""A prime: attempts number 0, STRIDE, 2 STRIDE ... visit all of them, in an order that mixes the kinds."""

COMPARED = ("Content-Type", "Plan-Status", "Plan-Cost")
MOST_SECONDS = 10.0
MOST_GROWTH = 0.05
"""The share by which memory in the last quarter may exceed that in the second one."""


class Right(NamedTuple):
    """An attempt, and what every answer to it must be except for the request id."""

    attempt: Attempt
    kind: str
    status: int
    headers: tuple[str | None, ...]
    body: bytes


class Sample(NamedTuple):
    """Memory and descriptors of all processes of the server together."""

    resident: int
    descriptors: int
    pids: tuple[int, ...]


class Soak:
    """The results."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.samples: list[Sample] = []
        self.seconds = 0.0

    def quarter(self, number: int) -> tuple[float, float]:
        """Mean memory and mean number of descriptors in a quarter of the run, counted from 0."""
        size = len(self.samples) // 4
        part = self.samples[number * size : (number + 1) * size]
        return mean(sample.resident for sample in part), mean(sample.descriptors for sample in part)

    def faults(self) -> Iterator[str]:
        """The faults, as sentences."""
        yield from self.wrong
        (memory_before, files_before), (memory, files) = self.quarter(1), self.quarter(3)
        if memory > memory_before * (1 + MOST_GROWTH):
            yield "memory grows"
        if files > files_before + 1:
            yield "descriptors leak"
        if not all({*sample.pids} <= {*self.samples[-1].pids} for sample in self.samples):
            yield "a process ended"


def measure(requests: int, connections: int) -> Soak:
    """Send a number of requests, and measure the server's processes regularly."""
    with live_server(command=servers.POWERPLANT) as server:
        rights = list(_ask_once(server))
        soak = Soak()

        def judge(request: Request, answer: Answer) -> None:
            right = rights[_place(request.key, rights)]
            soak.kinds[right.kind] += 1
            headers = tuple(answer.header(name) for name in COMPARED)
            body = answer.body.replace(_request_id(request.key).encode(), b"")
            if (answer.status, headers, body) != (right.status, right.headers, right.body):
                soak.wrong.append(f"request {request.key} ({right.kind}): {answer}")
            if request.key % max(1, requests // SAMPLES) == 0:
                soak.samples.append(_sample(server))

        start = monotonic()
        drive(server.url, _requests(requests, rights), connections, judge)
        soak.seconds = monotonic() - start
    return soak


def _attempts() -> Iterator[Attempt]:
    yield from (Attempt("POST", PATHS[0], (), body) for body in BODIES)
    for _, case in load_cases():
        yield Attempt("POST", f"{PATHS[0]}?{case.query}", (), case.body.encode())
    for name in FUZZED:
        yield from (attempt(name, seed) for seed in range(SEEDS))


def _ask_once(server: LiveServer) -> Iterator[Right]:
    with Client(server.url) as client:
        for number, sent in enumerate(_attempts()):
            answer = client.ask(_with_request_id(sent, number))
            found = faults(sent, answer, MOST_SECONDS)
            if found:
                raise SystemExit(f"{sent}: {'; '.join(found)}")
            headers = tuple(answer.headers[name] for name in COMPARED)
            body = answer.body.replace(_request_id(number).encode(), b"")
            yield Right(sent, kind_of(answer), answer.status, headers, body)


def _requests(count: int, rights: list[Right]) -> Iterator[Request]:
    for number in range(count):
        yield Request(_with_request_id(rights[_place(number, rights)].attempt, number).wire, number)


def _place(number: int, rights: list[Right]) -> int:
    return number * STRIDE % len(rights)


def _with_request_id(sent: Attempt, number: int) -> Attempt:
    return sent._replace(headers=(f"X-Request-ID: {_request_id(number)}",))


def _request_id(number: int) -> str:
    return f"soak-{number:09}"


def _sample(server: LiveServer) -> Sample:
    pids = tree(server.pid)
    return Sample(sum(map(resident_bytes, pids)), sum(map(descriptors, pids)), tuple(pids))


def report(soak: Soak, *, markdown: bool) -> bool:
    """Print what was sent and used, then each fault; return whether there is none."""
    table = Table(["answer", "requests"], markdown=markdown)
    for kind, count in soak.kinds.most_common():
        table.row(kind, str(count))
    table.row("together", str(soak.kinds.total()))
    print()
    table = Table(["all processes", "second quarter", "last quarter", "change"], markdown=markdown)
    (memory_before, files_before), (memory, files) = soak.quarter(1), soak.quarter(3)
    change = f"{memory / memory_before - 1:+.2%}"
    table.row("resident memory, MiB", f"{memory_before / 2**20:.1f}", f"{memory / 2**20:.1f}", change)
    table.row("open descriptors", f"{files_before:.1f}", f"{files:.1f}", f"{files - files_before:+.1f}")
    found = list(soak.faults())
    print(f"\n{soak.seconds:.0f} s, {len(soak.wrong)} wrong answers", *found[:20], sep="\n")
    return not found
