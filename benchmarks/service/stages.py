"""Where the CPU of a request goes: the stages of the service beside those of a view that answers constant bytes."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median

from live_server import LiveServer, fetch, live_server

from benchmarks.service import servers
from benchmarks.service.client import drive
from benchmarks.service.examples import in_turn
from benchmarks.service.overhead import must_be_a_plan
from benchmarks.service.processes import cpu_seconds
from benchmarks.service.staged import FLASK, LOG, PATH, STAGES, VIEW
from benchmarks.service.tables import Table

GUNICORN = "gunicorn: sockets, HTTP, threads"
CONSTANT, SERVICE = "constant view", "powerplant"
COMMANDS = {
    CONSTANT: servers.gunicorn("benchmarks.service.staged:constant_view()", workers=1),
    SERVICE: servers.gunicorn("benchmarks.service.staged:powerplant()", workers=1),
}
ORDER = [GUNICORN, FLASK, VIEW, *STAGES, LOG]

Stages = dict[str, dict[str, float]]
"""Microseconds for each request, by server and stage."""


def measure(rounds: int, requests: int, connections: int) -> Stages:
    """Let both take turns; the median over the rounds counts, stage by stage. The first round warms up."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in COMMANDS}
    with ExitStack() as stack:
        booted = {name: stack.enter_context(live_server(command=command)) for name, command in COMMANDS.items()}
        for number in range(rounds + 1):
            for name, server in booted.items():
                round_ = _round(server, requests, connections)
                if number:
                    taken[name].append(round_)
    return {name: _medians(rounds_) for name, rounds_ in taken.items()}


def _round(server: LiveServer, requests: int, connections: int) -> dict[str, float]:
    before, cpu_before = _stages(server), cpu_seconds(server.pid)
    drive(server.url, in_turn(requests), connections, must_be_a_plan)
    cpu = cpu_seconds(server.pid) - cpu_before
    spent = {stage: seconds - before.get(stage, 0.0) for stage, seconds in _stages(server).items()}
    spent[GUNICORN] = cpu - sum(spent.values())
    return {stage: seconds / requests * 1e6 for stage, seconds in spent.items()}


def _stages(server: LiveServer) -> dict[str, float]:
    told: dict[str, float] = fetch("GET", server.url + PATH).json()
    return told


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    stages = {stage for round_ in rounds for stage in round_}
    return {stage: median(round_.get(stage, 0.0) for round_ in rounds) for stage in stages}


def report(stages: Stages, *, markdown: bool) -> None:
    """Print a row for each stage: both servers, and what the service adds."""
    table = Table(["CPU for each request, µs", CONSTANT, SERVICE, "added"], markdown=markdown)
    constant, service = stages[CONSTANT], stages[SERVICE]
    hooks = sorted(stage for stage in service if stage not in ORDER)
    for stage in [*ORDER, *hooks]:
        _row(table, stage, constant.get(stage, 0.0), service.get(stage, 0.0))
    _row(table, "together", sum(constant.values()), sum(service.values()))


def _row(table: Table, stage: str, constant: float, service: float) -> None:
    table.row(stage, f"{constant:.0f}" if constant else "", f"{service:.0f}", f"{service - constant:.0f}")
