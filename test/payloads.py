"""Payloads that several test modules use. Nothing here comes from the package under test."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[1] / "example_payloads"


def example(number: int, **changes: Any) -> dict[str, Any]:
    """One of the challenge's payloads, with some members changed."""
    payload: dict[str, Any] = json.loads((EXAMPLES / f"payload{number}.json").read_text(encoding="utf-8"))
    return payload | changes


WIND_PARK = {"name": "wind park of Zürich", "type": "windturbine", "pmax": 10}
ONE_WIND_PARK = {"load": 10, "fuels": {"wind(%)": 100}, "powerplants": [WIND_PARK]}
"""The smallest payload: one wind park of 10 MW that meets the load."""


def hard_payload(fuel_price: float = 13.4) -> dict[str, Any]:
    """30 plants of one output each, all different, and sums of nearly ten million tenths: seconds for any solver."""
    choose = random.Random(5)
    outputs = [choose.randrange(300_000, 999_999) / 10 for _ in range(30)]
    plants = [
        {"name": f"g{i}", "type": "gasfired", "efficiency": 0.4 + choose.randrange(1000) / 1e7, "pmin": p, "pmax": p}
        for i, p in enumerate(outputs)
    ]
    fuels = {"gas(euro/MWh)": fuel_price, "co2(euro/ton)": 20}
    return {"load": round(sum(outputs) / 2, 1), "fuels": fuels, "powerplants": plants}
