"""The engine on a payload: ``python -m benchmarks.horizon.ours PAYLOAD --step 0.1``; prints JSON as :mod:`.alone` does.

Its seconds are those from the bytes of the payload to the answer: reading, building, search, the grid, verification.
Each plan that it tells on the way is on the grid and verified.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path
from time import perf_counter

import highspy  # noqa: F401 - a server has loaded it before a request comes

from benchmarks.horizon.traces import NONE, Moment, Run
from powerplant.errors import InfeasibleHorizon, OutOfTime
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import answer_of
from powerplant.horizon.planning import Better, plan_horizon
from powerplant.library import NO_LIMIT, options_of


def run_ours(body: bytes, *, step: str, time_limit: float, gap: float) -> Run:
    """Plan a payload."""
    start, moments = perf_counter(), list[Moment]()

    def watch(now: Better) -> None:
        cost = NONE if now.cost is None else float(now.cost)
        moments.append(Moment(perf_counter() - start, cost, -NONE if now.bound is None else now.bound))

    run = Run(moments)
    options = options_of(co2=True, step=step, round_load=False, feasible=False, time_limit=time_limit)
    horizon = decode(body, co2=True, max_plants=NO_LIMIT, max_cells=NO_LIMIT)._replace(relative_gap=gap)
    try:
        answer = answer_of(plan_horizon(horizon, options.after(perf_counter() - start), watch))
    except (OutOfTime, InfeasibleHorizon) as error:
        run.error = str(error)
        moments.append(Moment(perf_counter() - start, NONE, -NONE))
    else:
        run.is_proven = answer["status"] != "time_limit"
        run.plan = {plant["name"]: (plant["p"], plant["on"]) for plant in answer["plan"]}
        moments.append(Moment(perf_counter() - start, answer["cost"], answer["lower_bound"]))
    run.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return run


def main() -> None:
    """Run once, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payload", type=Path)
    parser.add_argument("--step", default="0.1")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=0.001)
    given = parser.parse_args()
    run = run_ours(given.payload.read_bytes(), step=given.step, time_limit=given.time_limit, gap=given.gap)
    json.dump(run.as_json(), sys.stdout)


if __name__ == "__main__":
    main()
