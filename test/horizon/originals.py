"""Small random files in the formats of others, for the tests of the converter."""

from __future__ import annotations

from random import Random
from typing import Any


def random_pglib(seed: int) -> dict[str, Any]:
    """A file of pglib-uc: a few units with ramps, limits of starts and stops, categories, and a wind farm."""
    choose = Random(seed)
    periods = choose.randint(4, 8)
    units = {f"unit{i}": _pglib_unit(choose) for i in range(choose.randint(2, 4))}
    least = [choose.choice([0.0, 0.0, 5.0]) for _ in range(periods)]
    wind = {"power_output_minimum": least, "power_output_maximum": [p + choose.choice([0.0, 20.0, 7.5]) for p in least]}
    most = sum(unit["power_output_maximum"] for unit in units.values())
    demand = [round(choose.uniform(0.35, 0.75) * most, 1) for _ in range(periods)]
    return {
        "time_periods": periods,
        "demand": demand,
        "reserves": [round(choose.choice([0, 0.05]) * load, 2) for load in demand],
        "thermal_generators": units,
        "renewable_generators": {"wind": wind},
    }


def _pglib_unit(choose: Random) -> dict[str, Any]:
    pmin, span = choose.randint(10, 40), choose.randint(10, 80)
    on, ramp = choose.random() < 0.7, choose.choice([span, span / 2])
    up, down = choose.randint(1, 3), choose.randint(1, 3)
    limit = pmin + choose.choice([0, ramp / 2, ramp])
    outputs = [pmin, pmin + span / 2, pmin + span]
    first, lag = choose.randint(0, 500), down
    return {
        "must_run": int(on and choose.random() < 0.15),
        "power_output_minimum": pmin,
        "power_output_maximum": pmin + span,
        "ramp_up_limit": ramp,
        "ramp_down_limit": ramp,
        "ramp_startup_limit": choose.choice([limit, pmin + 2 * span]),
        "ramp_shutdown_limit": limit,
        "time_up_minimum": up,
        "time_down_minimum": down,
        "power_output_t0": pmin if on else 0,
        "unit_on_t0": int(on),
        "time_up_t0": choose.randint(1, 5) if on else 0,
        "time_down_t0": 0 if on else choose.randint(1, 5),
        "startup": [{"lag": lag, "cost": first}, {"lag": lag + 2, "cost": first + 250.5}],
        "piecewise_production": _points(choose, outputs, "mw", "cost"),
    }


def _points(choose: Random, outputs: list[float], p: str, cost: str) -> list[dict[str, float]]:
    total, price, points = choose.uniform(50, 900), choose.uniform(5, 20), list[dict[str, float]]()
    for i, output in enumerate(outputs):
        total = total + price * (output - outputs[max(0, i - 1)])
        price += choose.uniform(0, 10)
        points.append({p: output, cost: round(total, 4)})
    return points


def random_unit_commitment(seed: int) -> dict[str, Any]:
    """A file of UnitCommitment.jl: ramps without reserve, or reserve without ramps; loads off the grid."""
    choose = Random(seed)
    periods, ramps = choose.randint(4, 8), choose.random() < 0.5
    units = {f"g{i}": _unit(choose, ramps=ramps) for i in range(choose.randint(2, 4))}
    most = sum(unit["Production cost curve (MW)"][-1] for unit in units.values())
    load = [choose.uniform(0.35, 0.75) * most for _ in range(periods)]
    reserve = [0.0 if ramps else 0.05 * p for p in load]
    return {
        "Parameters": {"Time (h)": periods},
        "Generators": units,
        "Buses": {"b1": {"Load (MW)": load}},
        "Reserves": {"Spinning (MW)": reserve},
    }


def _unit(choose: Random, *, ramps: bool) -> dict[str, Any]:
    pmin, span = choose.randint(10, 40), choose.uniform(10, 80)
    on, down = choose.random() < 0.7, choose.randint(1, 3)
    points = _points(choose, [float(pmin), pmin + span / 2, pmin + span], "p", "cost")
    unit = {
        "Bus": "b1",
        "Production cost curve (MW)": [point["p"] for point in points],
        "Production cost curve ($)": [point["cost"] for point in points],
        "Initial status (h)": choose.randint(1, 5) * (1 if on else -1),
        "Initial power (MW)": pmin + choose.uniform(0, span) if on else 0.0,
        "Minimum uptime (h)": choose.randint(1, 3),
        "Minimum downtime (h)": down,
    }
    if choose.random() < 0.7:
        unit |= {"Startup costs ($)": [100.0, 250.5], "Startup delays (h)": [down, down + 3]}
    if ramps:
        unit |= {
            "Ramp up limit (MW)": choose.uniform(span / 2, span),
            "Ramp down limit (MW)": choose.uniform(span / 2, span),
        }
    if choose.random() < 0.3:
        unit |= {"Startup limit (MW)": pmin + span / 3, "Shutdown limit (MW)": pmin + span / 2}
    return unit
