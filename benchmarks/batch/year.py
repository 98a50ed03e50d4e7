"""A year of hours, made by a formula, and fleets of any size for it.

Load in MW, ``d`` the day of the year from 0 and ``h`` the hour of the day::

    560 + 130 cos(2π(d - 15)/365) + 110 sin(2π(h - 9)/24) - 45 w,   w = 1 on every sixth and seventh day, else 0

Wind in per cent of what the turbines can give, ``t`` the hour of the year; kept between 0 and 100::

    46 + 14 cos(2π(d - 10)/365) + 27 sin(2πt/109) + 19 sin(2πt/277 + 1) + 9 sin(2πt/23)

Both are rounded to a tenth. The periods of 23, 109 and 277 hours share no divisor with a day, so that no week is like
another one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, pi, sin
from random import Random
from typing import Any, NamedTuple

HOURS = 8760
GAS, KEROSINE, CO2, WIND = "gas(euro/MWh)", "kerosine(euro/MWh)", "co2(euro/ton)", "wind(%)"
PRICES = {GAS: 38.0, KEROSINE: 41.0}
"""Euro per MWh of fuel. The old gas plant (37 %) costs less than the turbojet up to 72 euro for a tonne of CO2."""

FLEET: list[dict[str, Any]] = [
    {"name": "gas north 1", "type": "gasfired", "efficiency": 0.57, "pmin": 120, "pmax": 300},
    {"name": "gas north 2", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 280},
    {"name": "gas south", "type": "gasfired", "efficiency": 0.37, "pmin": 40, "pmax": 210},
    {"name": "turbojet", "type": "turbojet", "efficiency": 0.33, "pmin": 0, "pmax": 160},
    {"name": "wind coast", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 240},
    {"name": "wind hills", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 90},
]


class Hour(NamedTuple):
    """Load in MW and wind in per cent."""

    load: float
    wind: float


def hours(count: int = HOURS) -> Iterator[Hour]:
    """The hours of the year, one after the other, and of the years after it."""
    for t in range(count):
        day, hour = divmod(t, 24)
        weekend = 1 if day % 7 >= 5 else 0
        load = 560 + 130 * _season(day, 15) + 110 * sin(2 * pi * (hour - 9) / 24) - 45 * weekend
        waves = 27 * sin(2 * pi * t / 109) + 19 * sin(2 * pi * t / 277 + 1) + 9 * sin(2 * pi * t / 23)
        yield Hour(round(load, 1), round(min(100, max(0, 46 + 14 * _season(day, 10) + waves)), 1))


def _season(day: int, peak: int) -> float:
    return cos(2 * pi * (day - peak) / 365)


def fleet(size: int) -> list[dict[str, Any]]:
    """A fleet of so many plants: the one above, or copies of it, each a little different."""
    choose = Random(size)
    plants = []
    for index in range(size):
        plant = FLEET[index % len(FLEET)] | {"name": f"{FLEET[index % len(FLEET)]['name']} {index // len(FLEET)}"}
        if plant["type"] != "windturbine":
            plant["efficiency"] = round(plant["efficiency"] + choose.randrange(-200, 200) / 10_000, 4)
            plant["pmin"], plant["pmax"] = plant["pmin"] + choose.randrange(9), plant["pmax"] + choose.randrange(30)
        plants.append(plant)
    return plants


def payloads(size: int, count: int, co2_price: float = 20.0) -> Iterator[dict[str, Any]]:
    """The hours as payloads without a fleet; the load grows with the number of plants."""
    scale = size / len(FLEET)
    for load, wind in hours(count):
        yield {"load": round(load * scale, 1), "fuels": PRICES | {CO2: co2_price, WIND: wind}}


def whole(parts: Iterator[dict[str, Any]], plants: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Payloads with their fleet."""
    return (part | {"powerplants": plants} for part in parts)
