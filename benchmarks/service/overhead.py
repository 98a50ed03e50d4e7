"""Server CPU for each request: the whole service beside apps that answer constant bytes, under the same gunicorn.

The constant view runs twice: in the worker that the service has, and in gunicorn's own ``gthread``.

All servers are up at the same time and take turns: a round is one batch of requests to each of them. A ratio is taken
within a round, so that a machine that slows down for a while slows down both sides of it.
"""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median, quantiles
from typing import NamedTuple

from live_server import LiveServer, live_server

from benchmarks.service import servers
from benchmarks.service.client import Answer, Request, drive
from benchmarks.service.examples import in_turn
from benchmarks.service.processes import cpu_seconds
from benchmarks.service.tables import Table

FLOOR = "constant bytes from a Flask view"
FLOOR_GTHREAD = "the same in gunicorn's gthread"
COMMANDS = {
    "constant bytes, WSGI alone": servers.CONSTANT_WSGI,
    FLOOR: servers.CONSTANT_VIEW,
    FLOOR_GTHREAD: servers.CONSTANT_VIEW_GTHREAD,
    "powerplant, bare": servers.BARE_SERVICE,
    "powerplant": servers.POWERPLANT,
}


class Overhead(NamedTuple):
    """Microseconds of CPU for each request, by server and round."""

    microseconds: dict[str, list[float]]

    def ratios(self, name: str, floor: str = FLOOR) -> list[float]:
        """How many times a constant view's CPU a server takes, round by round."""
        return [ours / least for ours, least in zip(self.microseconds[name], self.microseconds[floor], strict=True)]


def measure(rounds: int, requests: int, connections: int) -> Overhead:
    """Boot the servers and let them take turns; the first round warms them up and does not count."""
    microseconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with ExitStack() as stack:
        booted = {name: stack.enter_context(live_server(command=command)) for name, command in COMMANDS.items()}
        for number in range(rounds + 1):
            # Every other round goes the other way, so that none always follows the same one.
            for name in list(booted)[:: -1 if number % 2 else 1]:
                spent = _microseconds(booted[name], requests, connections)
                if number:
                    microseconds[name].append(spent)
    return Overhead(microseconds)


def _microseconds(server: LiveServer, requests: int, connections: int) -> float:
    before = cpu_seconds(server.pid)
    drive(server.url, in_turn(requests), connections, must_be_a_plan)
    return (cpu_seconds(server.pid) - before) / requests * 1e6


def must_be_a_plan(_: Request, answer: Answer) -> None:
    """End the run where an answer is none: its cost would mean nothing."""
    if answer.status != 200:
        raise SystemExit(f"not a plan: {answer}")


def report(overhead: Overhead, *, markdown: bool) -> None:
    """Print a row for each server; the quiet rounds are the cheapest tenth of each server's own."""
    heads = ["server", "CPU, µs", "times the view", "middle half", "times gthread's", "quiet, µs", "quiet, times"]
    table = Table(heads, markdown=markdown)
    quiet = {name: quantiles(spent, n=10)[0] for name, spent in overhead.microseconds.items()}
    for name, spent in overhead.microseconds.items():
        low, middle, high = quantiles(overhead.ratios(name), n=4)
        table.row(
            name,
            f"{median(spent):.0f}",
            f"{middle:.2f}",
            f"{low:.2f}–{high:.2f}",
            f"{median(overhead.ratios(name, FLOOR_GTHREAD)):.2f}",
            f"{quiet[name]:.0f}",
            f"{quiet[name] / quiet[FLOOR]:.2f}",
        )
