"""The ten units of Kazarlis, Bakirtzis and Petridis, and as many copies of them as one likes, as a file of pglib-uc.

The table is that of S. A. Kazarlis, A. G. Bakirtzis, V. Petridis: A genetic algorithm solution to the unit commitment
problem, IEEE Transactions on Power Systems 11(1), 1996. n units are n / 10 copies of the table, and so often its load;
the reserve is a tenth of the load. The quadratic costs a + b P + c P² become straight pieces of equal length.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from benchmarks.horizon.originals import Original

PIECES = 8

LOAD = [
    *(700, 750, 850, 950, 1000, 1100, 1150, 1200, 1300, 1400, 1450, 1500),
    *(1400, 1300, 1200, 1050, 1000, 1100, 1200, 1400, 1300, 1100, 900, 800),
]
"""MW of ten units, by hour."""


class Row(NamedTuple):
    """A unit of the table: MW, $, hours. It starts hot where it was off for less than ``minimum + cold + 1`` hours."""

    pmax: int
    pmin: int
    a: str
    b: str
    c: str
    minimum: int
    hot_start: int
    cold: int
    initial: int


TABLE = [
    Row(455, 150, "1000", "16.19", "0.00048", 8, 4500, 5, 8),
    Row(455, 150, "970", "17.26", "0.00031", 8, 5000, 5, 8),
    Row(130, 20, "700", "16.6", "0.002", 5, 550, 4, -5),
    Row(130, 20, "680", "16.5", "0.00211", 5, 560, 4, -5),
    Row(162, 25, "450", "19.7", "0.00398", 6, 900, 4, -6),
    Row(80, 20, "370", "22.26", "0.00712", 3, 170, 2, -3),
    Row(85, 25, "480", "27.74", "0.00079", 3, 260, 2, -3),
    Row(55, 10, "660", "25.92", "0.00413", 1, 30, 0, -1),
    Row(55, 10, "665", "27.27", "0.00222", 1, 30, 0, -1),
    Row(55, 10, "670", "27.79", "0.00173", 1, 30, 0, -1),
]
"""A cold start costs twice as much as a hot one. ``minimum`` holds for the time on and the time off."""


def kazarlis(units: int) -> Original:
    """So many units, a multiple of ten."""
    copies = units // len(TABLE)
    return {
        "time_periods": len(LOAD),
        "demand": [copies * load for load in LOAD],
        "reserves": [copies * load / 10 for load in LOAD],
        "thermal_generators": {
            f"u{i}_{copy}": _unit(row) for copy in range(1, copies + 1) for i, row in enumerate(TABLE, 1)
        },
        "renewable_generators": {},
    }


def _unit(row: Row) -> dict[str, Any]:
    on, middle = row.initial > 0, (row.pmin + row.pmax) / 2
    outputs = [row.pmin + Decimal(row.pmax - row.pmin) * i / PIECES for i in range(PIECES + 1)]
    costs = [Decimal(row.a) + Decimal(row.b) * p + Decimal(row.c) * p * p for p in outputs]
    return {
        "must_run": 0,
        "power_output_minimum": row.pmin,
        "power_output_maximum": row.pmax,
        "ramp_up_limit": row.pmax,
        "ramp_down_limit": row.pmax,
        "ramp_startup_limit": row.pmax,
        "ramp_shutdown_limit": row.pmax,
        "time_up_minimum": row.minimum,
        "time_down_minimum": row.minimum,
        "power_output_t0": middle if on else 0,
        "unit_on_t0": int(on),
        "time_up_t0": max(0, row.initial),
        "time_down_t0": max(0, -row.initial),
        "startup": [
            {"lag": row.minimum, "cost": row.hot_start},
            {"lag": row.minimum + row.cold + 1, "cost": 2 * row.hot_start},
        ],
        "piecewise_production": [{"mw": float(p), "cost": float(c)} for p, c in zip(outputs, costs, strict=True)],
    }
