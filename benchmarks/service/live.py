"""What the live feed costs: server CPU for each POST, and how long answers take, by how many clients listen.

All servers are up at the same time, with their clients, and take turns. The clients read and do nothing else, in a
process of their own for each server.
"""

from __future__ import annotations

import os
import selectors
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from listener import Listener
from live_server import LiveServer, live_server

from benchmarks.service import servers
from benchmarks.service.client import Answer, Request, drive, must_be_a_plan
from benchmarks.service.examples import in_turn
from benchmarks.service.processes import cpu_seconds
from benchmarks.service.tables import Table

if TYPE_CHECKING:
    from threading import Event

ON = {"POWERPLANT_LIVE": "true", "POWERPLANT_LIVE_CLIENTS": "1000"}
CLIENTS: dict[str, tuple[dict[str, str], int]] = {
    "off": ({}, 0),
    **{f"on, {count} clients": (ON, count) for count in (0, 1, 20, 100)},
}
"""The feeds that are compared: settings of the server, and how many listen."""

PIECE = 1 << 20


class Cost(NamedTuple):
    """What each round of a server came to.

    Attributes:
        microseconds: of CPU for each POST.
        milliseconds: that half of the answers took at the most.
    """

    microseconds: list[float]
    milliseconds: list[float]


def measure(rounds: int, requests: int, connections: int) -> dict[str, Cost]:
    """Boot the servers and let them take turns; the first round warms them up and does not count."""
    costs = {name: Cost([], []) for name in CLIENTS}
    with ExitStack() as stack:
        booted = {}
        for name, (environment, clients) in CLIENTS.items():
            booted[name] = stack.enter_context(live_server(environment, command=servers.POWERPLANT))
            stack.enter_context(_clients(booted[name].url, clients))
        for number in range(rounds + 1):
            for name in list(booted)[:: -1 if number % 2 else 1]:
                microseconds, milliseconds = _round(booted[name], requests, connections)
                if number:
                    costs[name].microseconds.append(microseconds)
                    costs[name].milliseconds.append(milliseconds)
    return costs


def _round(server: LiveServer, requests: int, connections: int) -> tuple[float, float]:
    seconds = []

    def judge(request: Request, answer: Answer) -> None:
        must_be_a_plan(request, answer)
        seconds.append(answer.seconds)

    before = cpu_seconds(server.pid)
    drive(server.url, in_turn(requests), connections, judge)
    return (cpu_seconds(server.pid) - before) / requests * 1e6, median(seconds) * 1e3


@contextmanager
def _clients(url: str, count: int) -> Iterator[None]:
    """So many listeners, in a process of their own."""
    context = get_context("spawn")
    are_in = context.Event()
    process = context.Process(target=_listen, args=(url, count, are_in), daemon=True)
    if count:
        process.start()
        are_in.wait()
    try:
        yield
    finally:
        if count:
            process.kill()
            process.join()


def _listen(url: str, count: int, are_in: Event) -> None:
    os.nice(1)  # the servers are what is measured
    selector = selectors.DefaultSelector()
    listeners = [Listener.of(url) for _ in range(count)]
    for listener in listeners:
        selector.register(listener.fileno(), selectors.EVENT_READ)
    are_in.set()
    while True:
        for key, _ in selector.select():
            os.read(key.fd, PIECE)


def report(costs: dict[str, Cost], *, markdown: bool) -> None:
    """Print a row for each feed; ratios are taken within a round, and the quiet rounds are the cheapest tenth."""
    table = Table(["feed", "CPU, µs", "quiet, µs", "times off", "middle half", "median, ms"], markdown=markdown)
    off = costs["off"].microseconds
    for name, (microseconds, milliseconds) in costs.items():
        low, middle, high = quantiles([each / floor for each, floor in zip(microseconds, off, strict=True)], n=4)
        table.row(
            name,
            f"{median(microseconds):.0f}",
            f"{quantiles(microseconds, n=10)[0]:.0f}",
            f"{middle:.2f}",
            f"{low:.2f}–{high:.2f}",
            f"{median(milliseconds):.2f}",
        )
