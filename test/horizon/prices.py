"""Prices by the dynamic programme: the least cost for one step of load more or less, with the commitment as it is."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from horizon.comparing import plan
from horizon.dynamic import _cheapest, graphs_of
from horizon.payloads import counts_co2, random_horizon
from horizon.reading import RESOLUTIONS, read
from powerplant.errors import InfeasibleHorizon, InvalidPayload

NOISE = Fraction(1, 10**5)


def least_cost(payload: Mapping[str, Any], on: Mapping[str, list[int]], *, co2: bool) -> Fraction | None:
    """The least cost of the plans with this commitment; ``None`` if there is none."""
    horizon = read(payload, co2=co2, steps=1)
    graphs, _ = graphs_of(horizon)
    for graph, plant in zip(graphs, horizon.plants, strict=False):
        for t, moves in enumerate(graph):
            kept = {
                state: [move for move in found if move.said[1] == on[plant.name][t]] for state, found in moves.items()
            }
            graph[t] = {state: found for state, found in kept.items() if found}
    if not all(moves for graph in graphs for moves in graph):
        return None
    best = _cheapest(horizon, graphs)
    return None if best is None else best[0]


def wrong_prices(seed: int) -> Iterator[str]:
    """What is wrong with the prices of a random horizon with storages and a market."""
    payload, co2 = random_horizon(seed, with_storages_and_market=True), counts_co2(seed)
    try:
        solved = plan(payload, co2=co2)
    except (InvalidPayload, InfeasibleHorizon):
        return
    report = solved.report()
    if not solved._solved.instance.is_coupled:
        return
    hours = RESOLUTIONS[payload.get("resolution", "PT1H")]
    on = {plant["name"]: plant["on"] for plant in report["plan"]}
    base = least_cost(payload, on, co2=co2)
    assert base is not None, "the plan of the answer is a plan"
    for period in report["periods"]:
        t = period["period"] - 1
        for name, change in (("up", 1), ("down", -1)):
            changed = copy.deepcopy(payload)
            loads = changed.setdefault("load", [0] * len(report["periods"]))
            loads[t] = round(loads[t]) + change
            if loads[t] < 0 and "lost_load(euro/MWh)" in payload:
                continue  # the dynamic programme has no lost load of less than nothing
            cost = least_cost(changed, on, co2=co2)
            expected = None if cost is None else (cost - base) / (change * hours)
            given = period["price"][name]
            if (given is None) != (expected is None) or (
                expected is not None and abs(Fraction(repr(given)) - expected) > NOISE * max(Fraction(1), abs(expected))
            ):
                yield f"seed {seed}, period {t + 1}: {name} is {given}, not {expected and float(expected)}"
