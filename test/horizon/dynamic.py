"""The least cost of a horizon by a dynamic programme over the states of all parts together, in fractions.

Within a period the parts are added one after another. A key is the states (of this period for parts that are added, of
the one before for the others), the power so far and the reserves so far, each reserve at most what is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any, NamedTuple

from horizon.parts import Graph, lost_load_graph, market_graph, plant_graph, storage_graph
from horizon.reading import Horizon, Market, read

Key = tuple[tuple[Any, ...], int, int, int]


class Outcome(NamedTuple):
    """What a horizon's answer must be.

    Attributes:
        kind: ``plan``, ``missing`` (no plan), ``fault`` or ``off_grid``.
        cost: the least cost of a plan in euro.
        missing: the least shortage in MWh: shortfall, surplus and reserve together.
        answer: a cheapest plan, in the form of an answer.
        places: pointers of the plants and storages without a schedule of their own; periods off the grid.
    """

    kind: str
    cost: Fraction | None = None
    missing: Fraction | None = None
    answer: dict[str, Any] | None = None
    places: tuple[Any, ...] = ()


def solve(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Outcome:
    """The outcome of a valid payload."""
    horizon = read(payload, co2=co2, steps=steps)
    graphs, unable = graphs_of(horizon)
    refused = _refusal(horizon, unable)
    if refused is not None:
        return refused
    best = _cheapest(horizon, graphs)
    if best is not None:
        cost, said = best
        return Outcome("plan", cost, Fraction(0), as_answer(horizon, cost, said))
    return Outcome("missing", missing=_least_missing(horizon, graphs))


def redispatched(horizon: Horizon, on: list[list[int]], loads: Iterable[list[Fraction]]) -> list[Fraction | None]:
    """The least cost for each of some loads where each plant runs in given periods and no others.

    ``None`` if no plan does.
    """
    graphs, _ = graphs_of(horizon)
    for i, runs in enumerate(on):
        graphs[i] = [
            {state: [move for move in moves if move.said[1] == runs[t]] for state, moves in found.items()}
            for t, found in enumerate(graphs[i])
        ]
    if not all(any(found.values()) for graph in graphs for found in graph):
        return [None for _ in loads]
    costs: list[Fraction | None] = []
    for load in loads:
        changed = replace(horizon, load=load)
        if horizon.lost_load is not None:
            graphs[-1] = lost_load_graph(horizon.lost_load, changed)
        best = _cheapest(changed, graphs)
        costs.append(None if best is None else best[0])
    return costs


def refusal(horizon: Horizon) -> Outcome | None:
    """Why a horizon is not solved at all: a part without a schedule of its own, or loads off the grid."""
    return _refusal(horizon, graphs_of(horizon)[1])


def _refusal(horizon: Horizon, unable: list[str]) -> Outcome | None:
    if unable:
        return Outcome("fault", places=tuple(unable))
    return Outcome("off_grid", places=tuple(horizon.off_grid)) if horizon.off_grid else None


def graphs_of(horizon: Horizon) -> tuple[list[Graph], list[str]]:
    """The parts that can be scheduled, and the pointers of those that have no schedule of their own."""
    graphs, unable = [], []
    for i, plant in enumerate(horizon.plants):
        graphs.append(plant_graph(plant, horizon))
        if not graphs[-1][0]:
            unable.append(f"#/powerplants/{i}")
    for i, storage in enumerate(horizon.storages):
        graphs.append(storage_graph(storage, horizon))
        if not graphs[-1][0]:
            unable.append(f"#/storages/{i}")
    if horizon.market is not None:
        graphs.append(market_graph(horizon.market, horizon))
    if horizon.lost_load is not None:
        graphs.append(lost_load_graph(horizon.lost_load, horizon))
    return graphs, unable


def _starts(graphs: list[Graph]) -> list[Key]:
    states: list[tuple[Any, ...]] = [()]
    for graph in graphs:
        states = [(*before, state) for before in states for state in graph[0]]
    return [(state, 0, 0, 0) for state in states]


def _cheapest(horizon: Horizon, graphs: list[Graph]) -> tuple[Fraction, list[list[Any]]] | None:
    """The least cost of a plan, and what its moves say: a list for each period, in the order of the parts."""
    whole = lcm(*(move.cost.denominator for graph in graphs for found in graph for ms in found.values() for move in ms))
    front: dict[Key, tuple[int, Any]] = dict.fromkeys(_starts(graphs), (0, None))
    for t in range(horizon.periods):
        load, needs = int(horizon.load[t]), (ceil(horizon.up[t]), ceil(horizon.down[t]))
        rests = [_extremes(graphs[i + 1 :], t) for i in range(len(graphs))]
        for i, graph in enumerate(graphs):
            least, most, most_up, most_down = rests[i]
            cost_of = {
                id(move): move.cost.numerator * (whole // move.cost.denominator)
                for found in graph[t].values()
                for move in found
            }
            after: dict[Key, tuple[int, Any]] = {}
            for (states, net, up, down), (cost, trace) in front.items():
                for move in graph[t].get(states[i], ()):
                    power = net + move.net
                    gained = min(up + move.up, needs[0]), min(down + move.down, needs[1])
                    if not power + least <= load <= power + most:
                        continue
                    if gained[0] + most_up < needs[0] or gained[1] + most_down < needs[1]:
                        continue
                    key = ((*states[:i], move.after, *states[i + 1 :]), power, *gained)
                    dearer = cost + cost_of[id(move)]
                    if key not in after or dearer < after[key][0]:
                        after[key] = dearer, (trace, move.said)
            front = after
        front = _next_period(front)
    if not front:
        return None
    cost, trace = min(front.values(), key=lambda best: best[0])
    said: list[Any] = []
    while trace is not None:
        trace, last = trace
        said.append(last)
    said.reverse()
    n = len(graphs)
    return Fraction(cost, whole), [said[t * n : t * n + n] for t in range(horizon.periods)]


def _least_missing(horizon: Horizon, graphs: list[Graph]) -> Fraction:
    """The least sum of shortfall, surplus and missing reserve, in MWh."""
    loads, ups, downs = horizon.load, horizon.up, horizon.down
    whole = lcm(*(each.denominator for each in map(Fraction, (*loads, *ups, *downs))))
    front = dict.fromkeys(_starts(graphs), 0)
    for t in range(horizon.periods):
        load, need_up, need_down = (int(each[t] * whole) for each in (loads, ups, downs))
        most_up, most_down = ceil(ups[t]), ceil(downs[t])
        for i, graph in enumerate(graphs):
            after: dict[Key, int] = {}
            steps = {
                state: {(move.after, move.net, move.up, move.down) for move in moves}
                for state, moves in graph[t].items()
            }
            for (states, net, up, down), missing in front.items():
                before, rest = states[:i], states[i + 1 :]
                for state, more, more_up, more_down in steps.get(states[i], ()):
                    gained = min(up + more_up, most_up), min(down + more_down, most_down)
                    key = ((*before, state, *rest), net + more, *gained)
                    if key not in after or missing < after[key]:
                        after[key] = missing
            front = after
        met: dict[Key, int] = {}
        for (states, net, up, down), missing in front.items():
            short = abs(net * whole - load) + max(0, need_up - up * whole) + max(0, need_down - down * whole)
            key = (states, 0, 0, 0)
            if key not in met or missing + short < met[key]:
                met[key] = missing + short
        front = met
    return Fraction(min(front.values()), whole) * horizon.h / horizon.steps


def _next_period(front: dict[Key, tuple[int, Any]]) -> dict[Key, tuple[int, Any]]:
    return {(states, 0, 0, 0): best for (states, _, _, _), best in front.items()}


def _extremes(graphs: list[Graph], t: int) -> tuple[int, int, int, int]:
    """The least and most power, and the most reserves, that parts can give in a period."""
    moves = [[move for found in graph[t].values() for move in found] for graph in graphs]
    return (
        sum(min(move.net for move in found) for found in moves),
        sum(max(move.net for move in found) for found in moves),
        sum(max(move.up for move in found) for found in moves),
        sum(max(move.down for move in found) for found in moves),
    )


def as_answer(horizon: Horizon, cost: Fraction, said: list[list[Any]]) -> dict[str, Any]:
    """A cheapest plan in the form of an answer."""
    columns = [list(column) for column in zip(*said, strict=True)]
    order = sorted(range(len(horizon.plants)), key=lambda i: horizon.plants[i].marginal[0])
    cents, bound = round(cost * 100), floor(cost * 100)
    answer: dict[str, Any] = {
        "status": "optimal",
        "cost": cents / 100,
        "lower_bound": bound / 100,
        "gap": (cents - bound) / 100,
        "relative_gap": round((cents - bound) / max(abs(cents), 100), 6),
        "plan": [
            {
                "name": horizon.plants[i].name,
                "p": [p / horizon.steps for p, _ in columns[i]],
                "on": [on for _, on in columns[i]],
            }
            for i in order
        ],
    }
    rest = columns[len(horizon.plants) :]
    if horizon.storages:
        answer["storages"] = []
    for storage in horizon.storages:
        moves, energy, energies = rest.pop(0), storage.initial, []
        for charge, discharge in moves:
            flow = charge * storage.charge_efficiency - discharge / storage.discharge_efficiency
            energy += flow * horizon.h / horizon.steps
            energies.append(round(float(energy), 6))
        charges, discharges = ([move[way] / horizon.steps for move in moves] for way in (0, 1))
        answer["storages"].append(
            {"name": storage.name, "charge": charges, "discharge": discharges, "energy": energies}
        )
    if isinstance(horizon.market, Market):
        moves = rest.pop(0)
        answer["market"] = {way: [move[i] / horizon.steps for move in moves] for i, way in enumerate(("buy", "sell"))}
    if horizon.lost_load is not None:
        answer["lost_load"] = [lost / horizon.steps for lost in rest.pop(0)]
    return answer
