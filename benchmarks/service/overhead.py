"""Server CPU for each request: the service, and a view that answers constant bytes, under the same gunicorn.

All servers are up at the same time and take turns: in each round every server gets the same requests. Ratios are taken
within a round, so that a machine that is slower for a while slows down both sides.
"""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median, quantiles
from typing import NamedTuple

from live_server import LiveServer, live_server

from benchmarks.service import servers
from benchmarks.service.client import drive, must_be_a_plan
from benchmarks.service.examples import in_turn
from benchmarks.service.processes import cpu_seconds
from benchmarks.service.tables import Table

VIEW = "constant bytes from a Flask view"
COMMANDS = {
    "constant bytes, WSGI alone": servers.CONSTANT_WSGI,
    "constant bytes from Flask, gunicorn's own worker class": servers.CONSTANT_VIEW_GTHREAD,
    VIEW: servers.CONSTANT_VIEW,
    "powerplant": servers.POWERPLANT,
}


class Overhead(NamedTuple):
    """Microseconds of CPU for each request, by server and round."""

    microseconds: dict[str, list[float]]

    def ratios(self, name: str) -> list[float]:
        """The CPU of a server as a multiple of the view's, by round."""
        return [ours / view for ours, view in zip(self.microseconds[name], self.microseconds[VIEW], strict=True)]


def measure(rounds: int, requests: int, connections: int) -> Overhead:
    """Start the servers and measure them in turns; the first round is a warm-up and does not count."""
    microseconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with ExitStack() as stack:
        booted = {name: stack.enter_context(live_server(command=command)) for name, command in COMMANDS.items()}
        for number in range(rounds + 1):
            # Every other round is in the opposite order, so that none always follows the same server.
            for name in list(booted)[:: -1 if number % 2 else 1]:
                spent = _microseconds(booted[name], requests, connections)
                if number:
                    microseconds[name].append(spent)
    return Overhead(microseconds)


def _microseconds(server: LiveServer, requests: int, connections: int) -> float:
    before = cpu_seconds(server.pid)
    drive(server.url, in_turn(requests), connections, must_be_a_plan)
    return (cpu_seconds(server.pid) - before) / requests * 1e6


def report(overhead: Overhead, *, markdown: bool) -> None:
    """Print a row for each server."""
    table = Table(["server", "CPU, µs", "times the view", "middle half"], markdown=markdown)
    for name, spent in overhead.microseconds.items():
        low, middle, high = quantiles(overhead.ratios(name), n=4)
        table.row(name, f"{median(spent):.0f}", f"{middle:.2f}", f"{low:.2f}–{high:.2f}")
