"""Where the time goes beside the search: reading, building, the grid and verifying, at 100 plants and 48 periods."""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np

from benchmarks.horizon.desks import Size, desk
from benchmarks.service.tables import Table
from powerplant.formulation import Grid
from powerplant.horizon.decoding import decode
from powerplant.horizon.dispatch import Dispatch
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.highs import Solver
from powerplant.horizon.model import Model
from powerplant.horizon.plan import cost_of
from powerplant.horizon.verification import broken_rule
from powerplant.library import NO_LIMIT

SIZE = Size(100, 48, 60)
GAP = 0.02
AIM = 0.5
LONGEST = 120.0
ROUNDS = 5

Result = TypeVar("Result")


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of each part.

    Raises:
        RuntimeError: HiGHS finds no plan, or the plan does not pass.
    """
    body = json.dumps(desk(1, SIZE)).encode()
    taken: dict[str, float] = {}

    def timed(part: str, work: Callable[[], Result]) -> Result:
        times, results = list[float](), list[Result]()
        for _ in range(rounds):
            start = perf_counter()
            results.append(work())
            times.append(perf_counter() - start)
        taken[part] = median(times)
        return results[-1]

    horizon = timed("reading", lambda: decode(body, co2=True, max_plants=NO_LIMIT, max_cells=NO_LIMIT))
    grid = Grid(1)  # steps of 0.1 MW
    instance = timed("integers", lambda: formulate_horizon(horizon, co2=True, grid=grid, round_load=False))
    model, lp = timed("building the model", lambda: (lambda model: (model, model.lp()))(Model(instance)))
    values = Solver(lp, LONGEST, relative_gap=GAP).solve_it()
    if values is None:
        raise RuntimeError("no plan to put on the grid")
    on = np.round(values[model.on])
    plan = timed("the best outputs on the grid", lambda: Dispatch(instance, perf_counter() + LONGEST).best(on))
    if plan is None or timed("verifying", lambda: broken_rule(instance, plan)) is not None:
        raise RuntimeError("the plan does not pass")
    timed("the cost", lambda: cost_of(instance, plan))
    return taken


def report(taken: dict[str, float], *, markdown: bool) -> None:
    """Print the parts and their sum."""
    table = Table(["part", "milliseconds"], markdown=markdown)
    for part, seconds in taken.items():
        table.row(part, f"{1000 * seconds:.0f}")
    table.row(f"together (aim: {1000 * AIM:.0f})", f"{1000 * sum(taken.values()):.0f}")
