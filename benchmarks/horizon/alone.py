"""HiGHS alone on a payload: ``PYTHONPATH=test python -m benchmarks.horizon.alone PAYLOAD --step 0.1 --threads 1``.

The model is that of :mod:`.alone_model`; all settings are HiGHS' defaults but the gap, the time limit and the threads.
Only its own seconds count, from the model in memory on: reading the payload and building the model do not. A run
prints JSON: see :class:`~benchmarks.horizon.traces.Run`.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from highspy import Highs, HighsModelStatus

from benchmarks.horizon.alone_model import RivalModel
from benchmarks.horizon.traces import Moment, Run


def run_alone(payload: dict[str, Any], *, steps: int, threads: int, time_limit: float, gap: float) -> Run:
    """Solve a payload; the plan is that of HiGHS, in floats."""
    begin = perf_counter()
    model = RivalModel(payload, steps=steps)
    lp = model.lp()
    built = perf_counter() - begin
    highs = Highs()  # type: ignore[no-untyped-call]  # it has no types
    for option, value in (
        ("output_flag", False),
        ("threads", threads),
        ("time_limit", time_limit),
        ("mip_rel_gap", gap),
    ):
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    start, moments = perf_counter(), list[Moment]()

    def watch(event: Any) -> None:
        known = event.data_out
        now = Moment(perf_counter() - start, known.mip_primal_bound, known.mip_dual_bound)
        if not moments or now[1:] != moments[-1][1:]:
            moments.append(now)

    highs.cbMipInterrupt += watch
    highs.cbMipImprovingSolution += watch
    highs.run()
    info = highs.getInfo()
    bound = info.mip_dual_bound
    has_plan = bool(highs.getSolution().value_valid)
    moments.append(Moment(perf_counter() - start, info.objective_function_value if has_plan else np.inf, bound))
    values = np.array(highs.getSolution().col_value)
    plan = {}
    if has_plan:
        on = np.round(values[model.on])
        p = np.round(values[model.above] + model.least * on, 6)
        for plant, outputs, states in zip(model.horizon.plants, p.tolist(), on.astype(int).tolist(), strict=True):
            plan[plant.name] = (outputs, states)
    return Run(
        moments=[moment.finite() for moment in moments],
        is_proven=bool(highs.getModelStatus() == HighsModelStatus.kOptimal),
        columns=lp.num_col_,
        rows=lp.num_row_,
        megabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        built=built,
        plan=plan,
    )


def main() -> None:
    """Run once, and print what happened."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payload", type=Path)
    parser.add_argument("--step", default="0.1")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=0.001)
    given = parser.parse_args()
    run = run_alone(
        json.loads(given.payload.read_text("utf-8")),
        steps=round(1 / float(given.step)),
        threads=given.threads,
        time_limit=given.time_limit,
        gap=given.gap,
    )
    print()
    json.dump(run.as_json(), sys.stdout)


if __name__ == "__main__":
    main()
