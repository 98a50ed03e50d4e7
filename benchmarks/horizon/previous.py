"""Planning again after a small change, with the plan before as ``previous`` and without it."""

from __future__ import annotations

import json
import sys
from copy import deepcopy
from random import Random
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from benchmarks.horizon.desks import SIZES, desk
from benchmarks.service.tables import Table
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import answer_of
from powerplant.horizon.planning import plan_horizon
from powerplant.library import NO_LIMIT
from powerplant.planning import Options

GAP, LIMIT = 0.001, 60.0
CHANGES_OF_A_DESK = 10


class Planned(NamedTuple):
    """A plan: processor seconds of one thread, its cost, and ``plan`` of its answer."""

    seconds: float
    cost: float
    plan: list[dict[str, Any]]


class Again(NamedTuple):
    """A change: both plans after it, and in how many cells plants are switched against the plan before."""

    what: str
    cold: Planned
    warm: Planned
    cold_cells: int
    warm_cells: int


def changed(payload: dict[str, Any], choose: Random) -> tuple[str, dict[str, Any]]:
    """A payload with one small change, and what it is."""
    payload = deepcopy(payload)
    periods = len(payload["load"])
    first = choose.randrange(periods - 4)
    part = range(first, first + 4)
    kind = choose.choice(["load", "wind", "gas", "outage"])
    if kind == "load":
        share = choose.uniform(-0.03, 0.03)
        for t in part:
            payload["load"][t] = round(payload["load"][t] * (1 + share), 1)
    elif kind == "wind":
        wind, more = payload["fuels"]["wind(%)"], choose.uniform(-8, 8)
        for t in part:
            wind[t] = round(min(100.0, max(0.0, wind[t] + more)), 1)
    elif kind == "gas":
        prices, share = payload["fuels"]["gas(euro/MWh)"], choose.uniform(-0.05, 0.05)
        payload["fuels"]["gas(euro/MWh)"] = [round(price * (1 + share), 2) for price in prices]
    else:
        plant = choose.choice([each for each in payload["powerplants"] if each["type"] in {"gasfired", "oil"}])
        available = plant.get("available", [True] * periods)
        plant["available"] = [can and t not in part for t, can in enumerate(available)]
    return kind, payload


def planned(payload: dict[str, Any]) -> Planned:
    """Plan with one thread."""
    start = process_time()
    horizon = decode(json.dumps(payload).encode(), co2=True, max_plants=NO_LIMIT, max_cells=NO_LIMIT)
    solved = plan_horizon(horizon._replace(relative_gap=GAP), Options(True, time_limit=LIMIT), threads=1)
    return Planned(process_time() - start, float(solved.cost), answer_of(solved)["plan"])


def switched(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> int:
    """In how many cells (plants times periods) two plans differ in what is on."""
    before = {plant["name"]: plant["on"] for plant in one}
    pairs = ((before[plant["name"]], plant["on"]) for plant in other)
    return sum(was != on for row in pairs for was, on in zip(*row, strict=True))


def measure(changes: int) -> list[Again]:
    """Change desks' days, ten times each, and plan them again, with and without the plan before in turn."""
    done: list[Again] = []
    for seed in range(1, changes // CHANGES_OF_A_DESK + 1):
        payload = desk(seed, SIZES["10x24"])
        before, choose = planned(payload).plan, Random(seed)
        for i in range(CHANGES_OF_A_DESK):
            what, again = changed(payload, choose)
            with_plan = again | {"previous": before}
            warm = planned(with_plan) if i % 2 else None
            cold = planned(again)
            warm = warm or planned(with_plan)
            done.append(Again(what, cold, warm, switched(before, cold.plan), switched(before, warm.plan)))
            last = done[-1]
            print(
                f"seed {seed}, {what}: {cold.seconds:.2f} s and {warm.seconds:.2f} s, "
                f"{last.cold_cells} and {last.warm_cells} cells, {cold.cost:.0f} and {warm.cost:.0f} euro",
                file=sys.stderr,
                flush=True,
            )
    return done


def report(done: list[Again], *, markdown: bool) -> None:
    """Print the medians."""
    table = Table(["", "cold", "with previous", "median of the ratios"], markdown=markdown)
    cold, warm = [each.cold.seconds for each in done], [each.warm.seconds for each in done]
    ratio = median(b / a for a, b in zip(cold, warm, strict=True))
    table.row("processor seconds, median", f"{median(cold):.2f}", f"{median(warm):.2f}", f"{ratio:.2f}")
    cells = [[each.cold_cells for each in done], [each.warm_cells for each in done]]
    table.row("cells switched, median", *(f"{median(each):g}" for each in cells), "")
    table.row("cells switched, mean", *(f"{sum(each) / len(each):.1f}" for each in cells), "")
    fewer, same = sum(b < a for a, b in zip(*cells, strict=True)), sum(b == a for a, b in zip(*cells, strict=True))
    table.row("changes with fewer cells", "", f"{fewer} of {len(done)}, {same} the same", "")
    worse = max(each.warm.cost / each.cold.cost - 1 for each in done)
    table.row("most that it costs more", "", f"{100 * worse:.3f} %", "")
