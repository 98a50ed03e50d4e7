"""Where the time of one line goes: each stage of the planner, beside a floor that nothing in Python could be under."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import starmap
from operator import mul
from statistics import median
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from benchmarks.batch.year import fleet, payloads, whole
from benchmarks.service.tables import Table
from powerplant.batch.planner import Rules, plan_chunk
from powerplant.batch.reading import read_chunks
from powerplant.decoding import decode
from powerplant.formulation import Fleet, Instance
from powerplant.merit_order import Solution, Unit, check_proof, solve
from powerplant.models import Hour
from powerplant.planning import Options, Solved, present
from powerplant.verification import verify

RULES = Rules(Options(time_limit=60), max_plants=100_000, max_line=2**26)


class Work(NamedTuple):
    """A function, and the arguments of each of its calls."""

    function: Callable[..., Any]
    calls: Sequence[tuple[Any, ...]]

    def microseconds(self) -> float:
        """Of one call, on the average of all."""
        start = time.perf_counter()
        for _ in starmap(self.function, self.calls):
            pass
        return (time.perf_counter() - start) / len(self.calls) * 1e6


class Stage(NamedTuple):
    """What the planner does in a stage, and the least that anybody would have to do there."""

    ours: Work
    floor: Work
    floor_is: str


def measure(size: int, count: int, rounds: int) -> dict[str, tuple[float, float, str]]:
    """Microseconds of each stage for a line, those of its floor, and what that is.

    The medians over the rounds, in which all stages take turns, each with the same hours.
    """
    stages = _stages(size, count)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in stages}
    for _ in range(rounds):
        for name, stage in stages.items():
            taken[name].append((stage.ours.microseconds(), stage.floor.microseconds()))
    return {
        name: (median(ours for ours, _ in times), median(floor for _, floor in times), stages[name].floor_is)
        for name, times in taken.items()
    }


def whole_chunks(size: int, count: int, rounds: int) -> dict[str, float]:
    """Microseconds a line of the planner as a whole, with fleets of their own and with a shared one."""
    plants, hours = fleet(size), list(payloads(size, count))
    bodies = {
        "whole payloads": [json.dumps(payload).encode() for payload in whole(iter(hours), plants)],
        "fleet shared": [json.dumps(content).encode() for content in [{"powerplants": plants}, *hours]],
    }
    chunks = {name: list(read_chunks(BytesIO(b"\n".join(lines)), 2**26)) for name, lines in bodies.items()}
    taken: dict[str, list[float]] = {name: [] for name in chunks}
    for _ in range(rounds):
        for name, parts in chunks.items():
            start = time.perf_counter()
            for chunk in parts:
                plan_chunk(chunk, RULES, patience=60)
            taken[name].append((time.perf_counter() - start) / count * 1e6)
    return {name: median(times) for name, times in taken.items()}


def _stages(size: int, count: int) -> dict[str, Stage]:
    plants, hours = fleet(size), list(payloads(size, count))
    bodies = [json.dumps(payload).encode() for payload in whole(iter(hours), plants)]
    lines = [json.dumps(hour).encode() for hour in hours]
    requests = [decode(body, co2=True, max_plants=RULES.max_plants) for body in bodies]
    shared = Fleet.of(requests[0].powerplants)
    instances = [_formulate(shared, request) for request in requests]
    results = [solve(instance.units, instance.load, RULES.options.time_limit) for instance in instances]
    solutions = [result for result in results if isinstance(result, Solution)]  # every hour has a plan
    solved = list(zip(instances, solutions, strict=True))
    answers = [[{"name": name, "p": p} for name, p in present(Solved(*one, 0.0)).outputs] for one in solved]
    costs = [([unit.marginal_cost for unit in instance.units], found.dispatch) for instance, found in solved]
    return {
        "parse, whole payload": Stage(
            Work(_decode, [(body,) for body in bodies]),
            Work(from_json, [(body,) for body in bodies]),
            "the same parser, nothing checked",
        ),
        "parse, fleet shared": Stage(
            Work(Hour.model_validate_json, [(line,) for line in lines]),
            Work(from_json, [(line,) for line in lines]),
            "the same parser, nothing checked",
        ),
        "formulate, fleet shared": Stage(
            Work(_formulate, [(shared, request) for request in requests]),
            Work(_divide, [(instance.units,) for instance in instances]),
            "an exact division and a tuple for each plant",
        ),
        "solve": Stage(
            Work(solve, [(instance.units, instance.load, 60.0) for instance in instances]),
            Work(_fill, [(instance.units, instance.load) for instance in instances]),
            "sort by cost and fill up, no minimum and no proof",
        ),
        "check the proof": Stage(
            Work(check_proof, [(i.units, i.load, s.cost, s.proof) for i, s in solved]),
            Work(_least, [(instance.units,) for instance in instances]),
            "a product and a minimum for each plant",
        ),
        "verify": Stage(
            Work(verify, solved),
            Work(_cost, costs),
            "the sum of all outputs, and of their costs",
        ),
        "present": Stage(
            Work(_present, solved),
            Work(to_json, [(answer,) for answer in answers]),
            "the JSON of an answer that is there",
        ),
    }


def _decode(body: bytes) -> None:
    decode(body, co2=True, max_plants=RULES.max_plants)


def _formulate(shared: Fleet, request: Any) -> Instance:
    return shared.at(request.load, request.fuels, co2=True)


def _present(instance: Instance, solution: Solution) -> bytes:
    return to_json([{"name": name, "p": p} for name, p in present(Solved(instance, solution, 0.0)).outputs])


# --- Floors ----------------------------------------------------------------------------------------------------------

DIVIDEND = 38 * 10**15


def _divide(units: Sequence[Unit]) -> list[Unit]:
    return [Unit(DIVIDEND // 530_001, least, most) for _, least, most in units]


def _fill(units: Sequence[Unit], load: int) -> list[int]:
    outputs = [0] * len(units)
    for position in sorted(range(len(units)), key=[unit.marginal_cost for unit in units].__getitem__):
        outputs[position] = output = min(load, units[position].max_output)
        load -= output
    return outputs


def _least(units: Sequence[Unit]) -> int:
    return sum([min(0, cost * most) for cost, _, most in units])


def _cost(costs: Sequence[int], outputs: Sequence[int]) -> tuple[int, int]:
    return sum(outputs), sum(map(mul, costs, outputs))


# --- Report ----------------------------------------------------------------------------------------------------------


def report(size: int, count: int, rounds: int, *, markdown: bool) -> None:
    """Measure and print a row for each stage, then the planner as a whole."""
    table = Table([f"µs for a line of {size} plants", "ours", "floor", "times", "the floor is"], markdown=markdown)
    for name, (ours, floor, floor_is) in measure(size, count, rounds).items():
        table.row(name, f"{ours:.1f}", f"{floor:.1f}", f"{ours / floor:.1f}", floor_is)
    for name, microseconds in whole_chunks(size, count, rounds).items():
        table.row(f"all of the planner, {name}", f"{microseconds:.1f}", "", "", "")
