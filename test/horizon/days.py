"""Payloads for the tests of the service and of the command line."""

from __future__ import annotations

from typing import Any

Payload = dict[str, Any]


def day() -> Payload:
    """Twelve hours of four plants, whose plan needs starts, minimum times, ramps and reserve; in steps of 1 MW."""
    return {
        "load": [210, 190, 180, 220, 300, 420, 480, 460, 430, 390, 300, 240],
        "fuels": {
            "gas(euro/MWh)": [30] * 6 + [36] * 6,
            "coal(euro/MWh)": 12,
            "co2(euro/ton)": 70,
            "wind(%)": [50, 50, 40, 40, 30, 20, 10, 10, 20, 30, 40, 50],
        },
        "reserve": {"up": 20},
        "relative_gap": 0,
        "powerplants": [
            {"name": "wind", "type": "windturbine", "pmax": 100},
            {"name": "coal", "type": "coal", "fuel": "coal", "efficiency": 0.4, "co2(ton/MWh)": 0.9}
            | {"pmin": 100, "pmax": 250, "min_up_time": 6, "min_down_time": 6, "ramp_up": 50, "ramp_down": 50}
            | {"start_cost": 9000, "initial": {"on": True, "hours": 30, "p": 160}},
            {"name": "gas", "type": "gasfired", "efficiency": 0.55, "pmin": 80, "pmax": 220, "min_up_time": 3}
            | {"start_costs": [{"after": 0, "cost": 2500}, {"after": 8, "cost": 4000}]}
            | {"no_load_cost(euro/h)": 300, "initial": {"on": False, "hours": 6}},
            {"name": "peaker", "type": "gasfired", "efficiency": 0.38, "pmin": 20, "pmax": 100, "start_cost": 400}
            | {"initial": {"on": False}},
        ],
    }


def without_a_plan() -> Payload:
    """A horizon whose second period lacks 60 MW."""
    gas = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 50, "pmax": 200, "start_cost": 1000}
    return {
        "load": [100, 260, 100],
        "fuels": {"gas(euro/MWh)": 30, "co2(euro/ton)": 70},
        "powerplants": [gas | {"initial": {"on": True, "p": 120}}],
    }


def hard() -> Payload:
    """A horizon that is not solved to a gap of 0 within seconds."""
    plants = [
        {"name": f"g{i}", "type": "gasfired", "efficiency": 0.4 + i * 13 % 29 / 300}
        | {"pmin": 10 + i * 7 % 23, "pmax": 60 + i * 37 % 83, "ramp_up": 20 + i % 11, "ramp_down": 20 + i % 7}
        | {"min_up_time": 3 + i % 4, "min_down_time": 2 + i % 3}
        | {"start_cost": 500 + i * 311 % 1700, "no_load_cost(euro/h)": i * 17 % 40}
        for i in range(24)
    ]
    fuels = {"gas(euro/MWh)": 30, "co2(euro/ton)": 70}
    return {
        "load": [24 * (25 + 2 * (t % 12)) + 7 * t % 31 for t in range(96)],
        "fuels": fuels,
        "powerplants": plants,
        "reserve": {"up": 50},
        "relative_gap": 0,
    }


def faulty() -> Payload:
    """A horizon with faults at four places."""
    payload = day()
    payload["load"][3] = "220"
    payload["fuels"]["wind(%)"] = [50, 50]
    payload["powerplants"][1]["ramp_up"] = -1
    payload["powerplants"][2]["initial"] = {"on": True}
    return payload


FAULTS = [
    "#/fuels/wind(%25)",
    "#/load/3",
    "#/powerplants/1/ramp_up",
    "#/powerplants/2/initial/p",
]
