"""Throughput, latency and errors under clients that never pause: the service, and other servers in the same run.

One server at a time is under load, while the others are idle. They take turns (stints), so that a change of the
machine's speed affects all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import cycle
from statistics import quantiles
from time import monotonic
from typing import NamedTuple

from live_server import LiveServer, fetch, live_server

from benchmarks.service import servers
from benchmarks.service.client import Answer, Request, drive, post
from benchmarks.service.examples import BODIES
from benchmarks.service.processes import cpu_seconds
from benchmarks.service.tables import Table

WARM_UP = 300
"""Requests."""


class Contender(NamedTuple):
    """A server: its command, and the address for payloads."""

    command: tuple[str, ...]
    target: str = "/productionplan"


SERVICE = "powerplant, gunicorn"
CONTENDERS = {
    SERVICE: Contender(servers.POWERPLANT),
    "powerplant, granian": Contender(servers.GRANIAN),
    "FastAPI, uvicorn": Contender(servers.UVICORN),
    "FastAPI, uvicorn, threads": Contender(servers.UVICORN, "/threads/productionplan"),
}


class Load:
    """The results of one server."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.errors = 0
        self.seconds = 0.0
        self.cpu_seconds = 0.0

    def stint(self, server: LiveServer, target: str, seconds: float, connections: int, plans: list[object]) -> None:
        """Load the server for some seconds; an answer that is not the plan of its payload is an error."""

        def judge(request: Request, answer: Answer) -> None:
            if answer.status == 200 and answer.body == right[request.key]:
                self.latencies.append(answer.seconds)
            else:
                self.errors += 1

        requests = [Request(post(body, target=target), key) for key, body in enumerate(BODIES)]
        right = [_first_answer(server, target, body, plan) for body, plan in zip(BODIES, plans, strict=True)]
        drive(server.url, _some(requests, WARM_UP), connections, lambda *_: None)
        cpu, start = cpu_seconds(server.pid), monotonic()
        drive(server.url, _until(start + seconds, requests), connections, judge)
        self.seconds += monotonic() - start
        self.cpu_seconds += cpu_seconds(server.pid) - cpu


def measure(names: list[str], seconds: float, stints: int, connections: int) -> dict[str, Load]:
    """Load each server for some seconds, divided into stints."""
    loads = {name: Load() for name in names}
    with ExitStack() as stack:
        booted = {name: stack.enter_context(live_server(command=CONTENDERS[name].command)) for name in names}
        plans = [fetch("POST", booted[names[0]].url + CONTENDERS[names[0]].target, data=body).json() for body in BODIES]
        for _ in range(stints):
            for name, server in booted.items():
                loads[name].stint(server, CONTENDERS[name].target, seconds / stints, connections, plans)
    return loads


def _first_answer(server: LiveServer, target: str, body: bytes, plan: object) -> bytes:
    """The bytes that each later answer must have. All servers must find the same plan."""
    answer = fetch("POST", server.url + target, data=body, headers={"Content-Type": "application/json"})
    if answer.json() != plan:
        raise SystemExit(f"{server.url} has another plan: {answer.text}")
    return answer.content


def _some(requests: list[Request], count: int) -> Iterator[Request]:
    for number in range(count):
        yield requests[number % len(requests)]


def _until(end: float, requests: list[Request]) -> Iterator[Request]:
    for request in cycle(requests):
        if monotonic() > end:
            return
        yield request


def report(loads: dict[str, Load], *, markdown: bool) -> None:
    """Print a row for each server."""
    heads = ["server", "requests", "errors", "requests/s", "p50, ms", "p99, ms", "worst, ms", "CPU, µs", "times"]
    table = Table(heads, markdown=markdown)
    first = next(iter(loads.values()))
    for name, load in loads.items():
        answered = len(load.latencies) + load.errors
        centiles = quantiles(load.latencies, n=100)
        rate = answered / load.seconds
        table.row(
            name,
            str(answered),
            str(load.errors),
            f"{rate:.0f}",
            f"{centiles[49] * 1e3:.1f}",
            f"{centiles[98] * 1e3:.1f}",
            f"{max(load.latencies) * 1e3:.0f}",
            f"{load.cpu_seconds / answered * 1e6:.0f}",
            f"{rate / (len(first.latencies) / first.seconds):.2f}",
        )
