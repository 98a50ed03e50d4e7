"""A plant, a storage, the market and lost load as finite automata: states after each period, and moves between them.

A move is what a part adds to the balance and to the reserves in one period, and what that costs. The dynamic programme
joins the automata; the generator of payloads walks through them.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from horizon.reading import Horizon, Market, Plant, Storage

State = Any
ZERO = Fraction(0)


class Move(NamedTuple):
    """One period of a part: power into the balance and reserves in steps, cost in euro, and what the answer says."""

    after: State
    net: int
    up: int
    down: int
    cost: Fraction
    said: Any


Graph = list[dict[State, list[Move]]]
"""The moves of each period by the state before it; only those from which there is a way to the end."""


class Off(NamedTuple):
    """Stopped for so many periods; ``None``: since before the first."""

    periods: int | None


class On(NamedTuple):
    """Running.

    Attributes:
        p: the output where the next period needs it.
        left: further periods for which it must run.
        last: whether it stops after this period.
    """

    p: Fraction | int | None
    left: int
    last: bool


FREE = "free"
"""The state before the first period where ``initial`` is absent."""


def plant_graph(plant: Plant, horizon: Horizon) -> Graph:
    """The schedules of a plant; without moves in the first period if it has none."""
    first = plant.initial
    starts: list[State]
    if first is None:
        starts = [FREE]
    elif not first.on:
        starts = [Off(None)]
    else:
        starts = [On(first.p, plant.up_left, last) for last in (False, True)]
    return _graph(starts, horizon.periods, lambda t, state: _plant_moves(plant, horizon, t, state), _free_end)


def _plant_moves(plant: Plant, horizon: Horizon, t: int, state: State) -> Iterator[Move]:
    running = isinstance(state, On)
    # Off in this period.
    if not running or state.last:
        stops_by_rule = running and plant.runs[t]
        too_early = stops_by_rule and (state.left > 0 or (t == 0 and not plant.may_stop_at_once))
        if not plant.must[t] and not too_early:
            off = Off(1) if running else Off(None) if state in (FREE, Off(None)) else Off(state.periods + 1)
            yield Move(off, 0, 0, 0, ZERO, (0, 0))
    # On in this period.
    if not plant.runs[t] or (running and state.last) or not _may_start(plant, t, state):
        return
    starts = isinstance(state, Off)
    start_cost = plant.start_cost(_hours_off(plant, horizon.h, t, state)) if starts else ZERO
    left = max(0, plant.min_up - 1) if starts else max(0, state.left - 1) if running else 0
    before = state.p if running else None
    for last in (False, True):
        forced = t + 1 < horizon.periods and not plant.runs[t + 1]
        if last != forced and (forced or left > 0 or t + 1 == horizon.periods):
            continue
        ceilings: list[Fraction | int] = [plant.high[t]]
        if starts and plant.startup_limit[t] is not None:
            ceilings.append(plant.startup_limit[t] or 0)
        if last and not forced and plant.shutdown_limit[t] is not None:
            ceilings.append(plant.shutdown_limit[t] or 0)
        if before is not None and plant.ramp_up is not None:
            ceilings.append(before + plant.ramp_up)
        floors: list[Fraction | int] = [plant.low[t]]
        if before is not None and plant.ramp_down is not None and plant.ramp_down_binds(t):
            floors.append(before - plant.ramp_down)
        highest, lowest = floor(min(ceilings)), ceil(max(floors))
        for p in range(lowest, highest + 1):
            kept = p if not last and (plant.ramp_up, plant.ramp_down) != (None, None) else None
            up, down = (highest - p, p - lowest) if plant.reserve else (0, 0)
            yield Move(On(kept, left, last), p, up, down, plant.costs[t][p] + start_cost, (p, 1))


def _may_start(plant: Plant, t: int, state: State) -> bool:
    if not isinstance(state, Off):
        return True
    return t >= plant.down_left if state.periods is None else state.periods >= plant.min_down


def _hours_off(plant: Plant, h: Fraction, t: int, state: Off) -> Fraction | None:
    if state.periods is not None:
        return state.periods * h
    if plant.initial is None or plant.initial.hours is None:
        return None
    return plant.initial.hours + t * h


def storage_graph(storage: Storage, horizon: Horizon) -> Graph:
    """The schedules of a storage: a state is the energy in it."""

    def moves(_: int, energy: Fraction) -> Iterator[Move]:
        for net in range(-storage.charge_max, storage.discharge_max + 1):
            power = Fraction(net, horizon.steps)
            change = power / storage.discharge_efficiency if net > 0 else power * storage.charge_efficiency
            after = energy - change * horizon.h
            if storage.energy_min <= after <= storage.energy_max:
                yield Move(after, net, 0, 0, storage.cost * max(power, ZERO) * horizon.h, (max(-net, 0), max(net, 0)))

    if not storage.energy_min <= storage.initial <= storage.energy_max:
        return [{} for _ in range(horizon.periods)]

    def end(energy: Fraction) -> Fraction | None:
        return -storage.final_value * energy if energy >= storage.final_min else None

    return _graph([storage.initial], horizon.periods, moves, end)


def market_graph(market: Market, horizon: Horizon) -> Graph:
    """What can be bought and sold."""

    def moves(t: int, _: State) -> Iterator[Move]:
        for net in range(-market.sell[t], market.buy[t] + 1):
            price = market.buying[t] if net > 0 else market.selling[t]
            cost = price * Fraction(net, horizon.steps) * horizon.h
            yield Move(None, net, 0, 0, cost, (max(net, 0), max(-net, 0)))

    return _graph([None], horizon.periods, moves, _free_end)


def lost_load_graph(price: Fraction, horizon: Horizon) -> Graph:
    """Load that is not met: at most the load."""

    def moves(t: int, _: State) -> Iterator[Move]:
        for lost in range(floor(horizon.load[t]) + 1):
            yield Move(None, lost, 0, 0, price * Fraction(lost, horizon.steps) * horizon.h, lost)

    return _graph([None], horizon.periods, moves, _free_end)


def _free_end(_: State) -> Fraction:
    return ZERO


def _graph(starts: list[State], periods: int, moves: Any, end: Any) -> Graph:
    """All moves that can be reached and from which the end can be reached; the last ones carry the cost of the end."""
    graph: Graph = []
    states = set(starts)
    for t in range(periods):
        graph.append({state: list(moves(t, state)) for state in states})
        states = {move.after for found in graph[t].values() for move in found}
    costs = {state: end(state) for state in states}
    for t in reversed(range(periods)):
        kept = {}
        for state, found in graph[t].items():
            useful = [move for move in found if costs.get(move.after) is not None]
            if t + 1 == periods:
                useful = [move._replace(cost=move.cost + costs[move.after]) for move in useful]
            if useful:
                kept[state] = useful
        graph[t], costs = kept, dict.fromkeys(kept, ZERO)
    return _numbered(graph)


def _numbered(graph: Graph) -> Graph:
    """The same with numbers for states, which are faster to look up."""
    numbers = [{state: i for i, state in enumerate(found)} for found in graph]
    numbers.append({})
    return [
        {
            numbers[t][state]: [move._replace(after=numbers[t + 1].get(move.after, 0)) for move in moves]
            for state, moves in graph[t].items()
        }
        for t in range(len(graph))
    ]
