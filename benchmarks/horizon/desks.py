"""Desks' days at random, with every member of a horizon: ``python -m benchmarks.horizon.desks --to FOLDER``.

A desk has nuclear that must run, coal, combined cycles, peakers with a cost curve, wind and sun that can be curtailed,
a reserve both ways, an outage, a derating, lost load, and a state before the first period. Ramps are 0.5 % of pmax a
minute for nuclear, 1 to 3 % for coal, 2 to 5 % for combined cycles. A seed gives the same day always. Loads are
multiples of 0.1 MW.
"""

from __future__ import annotations

import argparse
import json
from math import cos, pi
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

Plant = dict[str, Any]

SEEDS = range(1, 21)


class Size(NamedTuple):
    """How large a desk is: plants, periods and the minutes of each; whether it has storages."""

    plants: int
    periods: int
    minutes: int
    stores: bool = False


SIZES = {"10x24": Size(10, 24, 60), "30x96": Size(30, 96, 15), "10x168 with 2 storages": Size(10, 168, 60, stores=True)}

STORAGES = [
    {"name": "battery", "charge_max": 100, "discharge_max": 100, "energy_max": 400, "initial": 100}
    | {"charge_efficiency": 0.95, "discharge_efficiency": 0.95, "cost(euro/MWh)": 2},
    {"name": "pumped hydro", "charge_max": 250, "discharge_max": 300, "energy_max": 2400, "initial": 1000}
    | {"charge_efficiency": 0.87, "discharge_efficiency": 0.9},
]

SHARES = {"nuclear": 0.1, "coal": 0.2, "ccgt": 0.4, "peaker": 0.1, "wind": 0.13, "solar": 0.07}
"""Of the plants; combined cycles fill up."""


def desk(seed: int, size: Size) -> dict[str, Any]:
    """The payload of a day."""
    choose = Random(f"{seed} {size.plants} {size.periods}")
    kinds = [kind for kind, share in SHARES.items() for _ in range(max(1, round(share * size.plants)))]
    kinds = [kind for kind in kinds if kind != "ccgt"]
    kinds += ["ccgt"] * (size.plants - len(kinds))
    plants = [_MAKE[kind](choose, f"{kind}{i}") for i, kind in enumerate(kinds, 1)]
    hours = [t * size.minutes / 60 for t in range(size.periods)]
    thermal = [plant for plant in plants if "profile" not in plant]
    _outage(choose, thermal, size)
    capacity = sum(plant["pmax"] for plant in thermal)
    profiles = {"wind(%)": _wind(choose, hours), "solar(%)": _sun(choose, hours)}
    load = _load(choose, hours, capacity, choose.uniform(0.62, 0.72))
    _initial(choose, thermal, load[0])
    _derating(choose, thermal, size)
    return {
        "start": "2026-01-06T00:00+01:00",
        "resolution": "PT1H" if size.minutes == 60 else f"PT{size.minutes}M",
        "load": load,
        "fuels": {
            "gas(euro/MWh)": _prices(choose, size, 32),
            "coal(euro/MWh)": round(choose.uniform(11, 14), 2),
            "uranium(euro/MWh)": 3.5,
            "co2(euro/ton)": round(choose.uniform(65, 85), 2),
            **profiles,
        },
        "powerplants": plants,
        "reserve": {"up": [round(0.04 * p, 1) for p in load], "down": round(0.02 * min(load), 1)},
        "lost_load(euro/MWh)": 10000,
        **({"storages": STORAGES} if size.stores else {}),
    }


# --- Plants ----------------------------------------------------------------------------------------------------------


def _nuclear(choose: Random, name: str) -> Plant:
    pmax = choose.choice([900, 1000])
    return {
        "name": name,
        "type": "nuclear",
        "fuel": "uranium",
        "efficiency": 0.33,
        "pmin": round(0.6 * pmax),
        "pmax": pmax,
        "must_run": True,
        "cost(euro/MWh)": 8,
        "co2(ton/MWh)": 0,
        "min_up_time": 72,
        "min_down_time": 48,
        "ramp_up": round(0.3 * pmax),
        "ramp_down": round(0.3 * pmax),
        "start_cost": 150000,
        "reserve": False,
    }


def _coal(choose: Random, name: str) -> Plant:
    pmax = choose.randrange(300, 801, 10)
    pmin = round(choose.uniform(0.35, 0.45) * pmax)
    start = round(choose.uniform(60, 90) * pmax)
    return {
        "name": name,
        "type": "coal",
        "fuel": "coal",
        "efficiency": round(choose.uniform(0.36, 0.46), 3),
        "pmin": pmin,
        "pmax": pmax,
        "cost(euro/MWh)": round(choose.uniform(2, 4), 2),
        "co2(ton/MWh)": round(choose.uniform(0.75, 0.95), 3),
        "min_up_time": choose.choice([6, 8, 12]),
        "min_down_time": choose.choice([4, 6, 8]),
        "ramp_up": round(choose.uniform(0.6, 1.5) * pmax),
        "ramp_down": round(choose.uniform(0.8, 1.8) * pmax),
        "startup_limit": round(pmin + 0.1 * pmax),
        "shutdown_limit": round(pmin + 0.15 * pmax),
        "start_costs": [
            {"after": 0, "cost": start},
            {"after": 12, "cost": round(1.3 * start)},
            {"after": 48, "cost": round(1.7 * start)},
        ],
        "no_load_cost(euro/h)": round(choose.uniform(1.5, 3) * pmax),
    }


def _ccgt(choose: Random, name: str) -> Plant:
    pmax = choose.randrange(200, 481, 5)
    pmin = round(choose.uniform(0.4, 0.5) * pmax)
    start = round(choose.uniform(30, 50) * pmax)
    return {
        "name": name,
        "type": "gasfired",
        "efficiency": round(choose.uniform(0.50, 0.62), 3),
        "pmin": pmin,
        "pmax": pmax,
        "cost(euro/MWh)": round(choose.uniform(1, 3), 2),
        "co2(ton/MWh)": round(choose.uniform(0.33, 0.40), 3),
        "min_up_time": choose.choice([3, 4, 6]),
        "min_down_time": choose.choice([2, 3, 4]),
        "ramp_up": round(choose.uniform(1.2, 3) * pmax),
        "ramp_down": round(choose.uniform(1.2, 3) * pmax),
        "start_costs": [{"after": 0, "cost": start}, {"after": 8, "cost": round(1.5 * start)}],
        "no_load_cost(euro/h)": round(choose.uniform(2, 5) * pmax),
    }


def _peaker(choose: Random, name: str) -> Plant:
    pmax = choose.choice([40, 50, 60, 80])
    pmin, price, base = round(0.3 * pmax), choose.uniform(110, 150), choose.uniform(300, 900)
    middle = (pmin + pmax) / 2
    curve = [(pmin, 0.0), (middle, price * (middle - pmin)), (pmax, (price * 2 + 15) * (middle - pmin))]
    return {
        "name": name,
        "type": "oil",
        "pmin": pmin,
        "pmax": pmax,
        "cost_curve": [{"p": p, "cost": round(base + price * pmin + more, 2)} for p, more in curve],
        "co2(ton/MWh)": 0.6,
        "min_up_time": 1,
        "min_down_time": 1,
        "start_cost": round(choose.uniform(10, 25) * pmax),
    }


def _wind_farm(choose: Random, name: str) -> Plant:
    pmax = choose.randrange(100, 401, 10)
    return {"name": name, "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": pmax, "curtailable": True}


def _solar_park(choose: Random, name: str) -> Plant:
    return {"name": name, "type": "solar", "profile": "solar", "pmax": choose.randrange(50, 301, 10)}


_MAKE = {
    "nuclear": _nuclear,
    "coal": _coal,
    "ccgt": _ccgt,
    "peaker": _peaker,
    "wind": _wind_farm,
    "solar": _solar_park,
}


# --- The day ---------------------------------------------------------------------------------------------------------


def _load(choose: Random, hours: list[float], capacity: float, peak: float) -> list[float]:
    """Low at night, a peak in the morning and a higher one in the evening."""
    phase = choose.uniform(-0.5, 0.5)
    shape = [0.78 - 0.16 * cos((h - 3 + phase) / 12 * pi) + 0.06 * cos((h - 8) / 4 * pi) for h in hours]
    return [round(peak * capacity * s / max(shape) * choose.uniform(0.997, 1.003), 1) for s in shape]


def _wind(choose: Random, hours: list[float]) -> list[float]:
    level, drift = choose.uniform(15, 70), choose.uniform(0, 2 * pi)
    return [round(min(100, max(0, level * (1 + 0.4 * cos(h / 9 + drift)) + choose.uniform(-3, 3))), 1) for h in hours]


def _sun(choose: Random, hours: list[float]) -> list[float]:
    strength = choose.uniform(20, 60)
    return [round(max(0.0, strength * cos((h - 12.5) / 9 * pi)) if abs(h - 12.5) < 9 else 0.0, 1) for h in hours]


def _prices(choose: Random, size: Size, level: float) -> list[float]:
    """The price of gas; a day ends at six in the morning."""
    before, after = (round(level * choose.uniform(0.9, 1.1), 2) for _ in range(2))
    return [before if t * size.minutes < 6 * 60 else after for t in range(size.periods)]


def _outage(choose: Random, thermal: list[Plant], size: Size) -> None:
    """One plant that need not run is out for a part of the day."""
    plant = choose.choice([plant for plant in thermal if not plant.get("must_run")])
    first = choose.randrange(size.periods // 2)
    last = first + choose.randrange(size.periods // 6, size.periods // 2)
    plant["available"] = [not first <= t < last for t in range(size.periods)]


def _derating(choose: Random, thermal: list[Plant], size: Size) -> None:
    """One plant without a curve gives less in a part of the day."""
    plant = choose.choice([p for p in thermal if "cost_curve" not in p and not p.get("must_run")])
    first, most = choose.randrange(size.periods), plant["pmax"]
    plant["pmax"] = [round(0.9 * most) if first <= t < first + size.periods // 4 else most for t in range(size.periods)]


def _initial(choose: Random, thermal: list[Plant], load: float) -> None:
    """Those that run before: the must-run plants, and others by their cost, until the load of the first period."""
    order = sorted(thermal, key=lambda plant: (not plant.get("must_run"), plant["type"] == "oil", choose.random()))
    running, on = 0.0, list[Plant]()
    for plant in order:
        if running < 1.15 * load and plant["type"] != "oil":
            on.append(plant)
            running += plant["pmax"]
        else:
            plant["initial"] = {"on": False, "hours": choose.randint(1, 30)}
    share = min(1.0, max(0.0, (load - sum(p["pmin"] for p in on)) / sum(p["pmax"] - p["pmin"] for p in on)))
    for plant in on:
        p = round(plant["pmin"] + share * (plant["pmax"] - plant["pmin"]), 1)
        plant["initial"] = {"on": True, "hours": choose.randint(1, 60), "p": p}


def main() -> None:
    """Write the days of all seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True, help="where the payloads go")
    folder: Path = parser.parse_args().to
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in SIZES.items():
        for seed in SEEDS:
            (folder / f"desk_{name.replace(' ', '_')}_{seed}.json").write_text(json.dumps(desk(seed, size)), "utf-8")


if __name__ == "__main__":
    main()
