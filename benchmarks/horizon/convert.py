"""Payloads from the files of others: ``python -m benchmarks.horizon.convert --data FOLDER --to FOLDER``.

What is done, and where the formats differ:

* **Step**: the coarsest of 0.1, 0.01 and 0.001 MW of which all loads are multiples. Where none is (OR-Library), the
  finest with which the load has at most 10⁷ steps; the loads are then rounded to it, half to even.
* **Costs** are totals per hour at the listed outputs in both formats: the points of ``cost_curve``. An end that
  misses pmin or pmax by the noise of floating point (California) is put there.
* **Limits** of start and stop are written out; where a file has none, pmax. In pglib-uc a start is limited by the ramp
  from pmin too: the smaller of both.
* **Start costs**: a category begins at its lag, in hours off, in all three.
* **Renewables** (pglib-uc): outputs from a list of minima to a list of maxima, at no cost. They run always, and give no
  reserve, as in that model.
* **Reserve** upwards from all thermal plants, within their limits and ramps. In UnitCommitment.jl the ramp down limits
  it too, which a payload cannot say: a file with both is refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.horizon.originals import Original, files_in, is_pglib, name_of, read_original

STEPS = ("0.1", "0.01", "0.001")
MOST_STEPS = 10**7
NOISE = 1e-6
NO_LIMIT = 1e6
"""What UnitCommitment.jl takes for a limit that is not given, in MW."""


class Converted(NamedTuple):
    """A payload, and the grid it is meant for.

    Attributes:
        payload: the horizon.
        step: MW, as text.
        rounded: the periods, from 1, whose load was rounded.
    """

    payload: dict[str, Any]
    step: str
    rounded: list[int]


def convert(original: Original) -> Converted:
    """The payload of a file.

    Raises:
        ValueError: the file has something that a payload cannot say.
    """
    loads = original["demand"] if is_pglib(original) else _only(original["Buses"])["Load (MW)"]
    step = step_for(loads)
    rounded = [_on_grid(load, step) for load in loads]
    payload = {"load": rounded, "fuels": {}, **(_pglib(original) if is_pglib(original) else _unit_commitment(original))}
    return Converted(payload, step, [t for t, (a, b) in enumerate(zip(loads, rounded, strict=True), 1) if a != b])


def step_for(loads: Sequence[float]) -> str:
    """The coarsest step of which all loads are multiples; else the finest that is allowed."""
    for step in STEPS:
        if all(_on_grid(load, step) == load for load in loads):
            return step
    return max((step for step in STEPS if max(loads) <= MOST_STEPS * float(step)), key=len)


def _on_grid(load: float, step: str) -> float:
    return float(Decimal(repr(load)).quantize(Decimal(step), ROUND_HALF_EVEN))


# --- pglib-uc --------------------------------------------------------------------------------------------------------


def _pglib(original: Original) -> dict[str, Any]:
    plants = [_pglib_thermal(name, unit) for name, unit in original["thermal_generators"].items()]
    plants += [_renewable(name, unit) for name, unit in original["renewable_generators"].items()]
    return {"reserve": {"up": original["reserves"]}, "powerplants": plants}


def _pglib_thermal(name: str, unit: Mapping[str, Any]) -> dict[str, Any]:
    pmin, pmax = unit["power_output_minimum"], unit["power_output_maximum"]
    startup = min(unit["ramp_startup_limit"], _sum(pmin, unit["ramp_up_limit"]), pmax)
    shutdown = min(unit["ramp_shutdown_limit"], pmax)
    if _sum(pmin, unit["ramp_down_limit"]) < shutdown:
        raise ValueError(
            f"{name}: the ramp down from pmin is below the shut-down limit; that limits output, not reserve"
        )
    on = bool(unit["unit_on_t0"])
    initial = {"on": on, "hours": unit["time_up_t0"] if on else unit["time_down_t0"]}
    return {
        "name": name,
        "type": "thermal",
        "pmin": pmin,
        "pmax": pmax,
        "must_run": bool(unit["must_run"]),
        "cost_curve": _curve(unit["piecewise_production"], pmin, pmax),
        "min_up_time": unit["time_up_minimum"],
        "min_down_time": unit["time_down_minimum"],
        "ramp_up": unit["ramp_up_limit"],
        "ramp_down": unit["ramp_down_limit"],
        "startup_limit": startup,
        "shutdown_limit": shutdown,
        "start_costs": [{"after": entry["lag"], "cost": entry["cost"]} for entry in unit["startup"]],
        "initial": initial | ({"p": unit["power_output_t0"]} if on else {}),
    }


def _curve(points: Sequence[Mapping[str, float]], pmin: float, pmax: float) -> list[dict[str, float]]:
    outputs = [point["mw"] for point in points]
    for i, limit in ((0, pmin), (-1, pmax)):
        if abs(outputs[i] - limit) < NOISE:
            outputs[i] = limit
    return [{"p": p, "cost": point["cost"]} for p, point in zip(outputs, points, strict=True)]


def _renewable(name: str, unit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "renewable",
        "pmin": unit["power_output_minimum"],
        "pmax": unit["power_output_maximum"],
        "cost(euro/MWh)": 0,
        "must_run": True,
        "reserve": False,
    }


def _sum(a: float, b: float) -> float:
    return float(Decimal(repr(a)) + Decimal(repr(b)))


# --- UnitCommitment.jl -----------------------------------------------------------------------------------------------


def _unit_commitment(original: Original) -> dict[str, Any]:
    reserve = original.get("Reserves", {}).get("Spinning (MW)", 0)
    plants = [_unit(name, unit) for name, unit in original["Generators"].items()]
    needed = max(reserve) if isinstance(reserve, list) else reserve
    if needed and any("ramp_down" in plant for plant in plants):
        raise ValueError("reserve and ramp limits together: the ramp down would limit the reserve")
    return {"reserve": {"up": reserve}, "powerplants": plants}


def _unit(name: str, unit: Mapping[str, Any]) -> dict[str, Any]:
    outputs, costs = unit["Production cost curve (MW)"], unit["Production cost curve ($)"]
    hours = unit["Initial status (h)"]
    initial = {"on": hours > 0, "hours": abs(hours)} | ({"p": unit["Initial power (MW)"]} if hours > 0 else {})
    plant: dict[str, Any] = {
        "name": name,
        "type": "thermal",
        "pmin": outputs[0],
        "pmax": outputs[-1],
        "must_run": unit.get("Must run?", False),
        "cost_curve": [{"p": p, "cost": cost} for p, cost in zip(outputs, costs, strict=True)],
        "min_up_time": unit.get("Minimum uptime (h)", 1),
        "min_down_time": unit.get("Minimum downtime (h)", 1),
        "startup_limit": min(unit.get("Startup limit (MW)", NO_LIMIT), outputs[-1]),
        "shutdown_limit": min(unit.get("Shutdown limit (MW)", NO_LIMIT), outputs[-1]),
        "reserve": unit.get("Provides spinning reserves?", True),
        "initial": initial,
    }
    for member, key in (("ramp_up", "Ramp up limit (MW)"), ("ramp_down", "Ramp down limit (MW)")):
        if unit.get(key, NO_LIMIT) < NO_LIMIT:
            plant[member] = unit[key]
    delays, starts = unit.get("Startup delays (h)", [1]), unit.get("Startup costs ($)", [0])
    if any(starts):
        plant["start_costs"] = [{"after": h, "cost": cost} for h, cost in zip(delays, starts, strict=True)]
    return plant


def _only(members: Mapping[str, Any]) -> Any:
    if len(members) != 1:
        raise ValueError(f"{len(members)} buses; a payload has no network")
    return next(iter(members.values()))


def main() -> None:
    """Write the payload of each file, and a table of steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with files of both formats")
    parser.add_argument("--to", type=Path, required=True, help="where the payloads go")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    steps = {}
    for path in files_in(arguments.data):
        converted = convert(read_original(path))
        name = name_of(path)
        steps[name] = converted.step
        (arguments.to / f"{name}.json").write_text(json.dumps(converted.payload), "utf-8")
        print(
            f"{name}: {len(converted.payload['powerplants'])} plants, {len(converted.payload['load'])} periods, step "
            f"{converted.step} MW, {len(converted.rounded)} loads rounded"
        )
    (arguments.to / "steps.json").write_text(json.dumps(steps, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
