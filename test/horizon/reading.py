"""A horizon's payload as exact numbers, read once for all oracles. Outputs are steps, costs are fractions of a euro.

Choices where the description leaves one:

* All limits count on the grid: a lower limit is rounded up, upper limits and ramps are rounded down.
* The default of a start-up or shut-down limit takes the lower limit of that period on the grid, so that a plant can
  always start and stop at its lower limit.
* ``p`` of ``initial`` is exact, and so are the limits that it is compared with.
* Where ``ramp_down`` does not bind, it does not limit the reserve either; a stop that an outage forces has no
  ``shutdown_limit``, for the reserve too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from math import ceil, floor
from typing import Any

BILLION = 10**9
NOISE = Fraction(1, 10**6)

DEFAULTS: dict[str, dict[str, Any]] = {
    "gasfired": {"fuel": "gas", "co2(ton/MWh)": 0.3},
    "turbojet": {"fuel": "kerosine"},
    "windturbine": {"profile": "wind", "curtailable": False},
}
RESOLUTIONS = {"PT15M": Fraction(1, 4), "PT30M": Fraction(1, 2), "PT1H": Fraction(1), "PT2H": Fraction(2)}


@lru_cache(maxsize=10_000)
def exact(number: float) -> Fraction:
    """The decimal in the JSON: 13.4 is 134/10, not its binary neighbour."""
    return Fraction(repr(number))


def at(value: Any, period: int) -> Any:
    """A value that is one for all periods, or a list of them."""
    return value[period] if isinstance(value, list) else value


@dataclass(frozen=True)
class Initial:
    """The state before the first period; ``hours`` is ``None`` where it has been so for long."""

    on: bool
    hours: Fraction | None
    p: Fraction = Fraction(0)


class Costs(Mapping[int, Fraction]):
    """Costs in euro by output: those of a large plant on a fine grid are many, and few of them are asked for."""

    def __init__(self, outputs: range, cost: Callable[[int], Fraction]) -> None:
        self._outputs, self._cost = outputs, cost
        self._known: dict[int, Fraction] = {}

    def __getitem__(self, output: int) -> Fraction:
        if output not in self._outputs:
            raise KeyError(output)
        if output not in self._known:
            self._known[output] = self._cost(output)
        return self._known[output]

    def __iter__(self) -> Iterator[int]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)


@dataclass(frozen=True)
class Plant:
    """A plant: ``low``, ``high``, limits and ramps in steps, ``costs`` in euro by period and output."""

    name: str
    fixed: bool
    low: list[int]
    high: list[int]
    runs: list[bool]
    must: list[bool]
    marginal: list[Fraction]
    costs: list[Costs]
    start_costs: list[tuple[Fraction, Fraction]]
    min_up: int
    min_down: int
    ramp_up: Fraction | None
    ramp_down: Fraction | None
    startup_limit: list[int | None]
    shutdown_limit: list[int | None]
    initial: Initial | None
    up_left: int
    down_left: int
    may_stop_at_once: bool
    reserve: bool
    curve: bool

    def start_cost(self, hours_off: Fraction | None) -> Fraction:
        """The cost of a start after so many hours; ``None`` is long."""
        cost = self.start_costs[0][1] if self.start_costs else Fraction(0)
        for after, more in self.start_costs:
            if hours_off is None or after <= hours_off:
                cost = more
        return cost

    def upper_before(self, period: int) -> Fraction | None:
        """The upper limit of the period before; for the first one, the output before it."""
        if period:
            return Fraction(self.high[period - 1])
        return self.initial.p if self.initial and self.initial.on else None

    def ramp_down_binds(self, period: int) -> bool:
        """Whether ``ramp_down`` limits the output of a period by that of the period before."""
        before = self.upper_before(period)
        return self.ramp_down is not None and before is not None and self.high[period] >= before


@dataclass(frozen=True)
class Storage:
    """A storage: powers in steps, energies in MWh."""

    name: str
    charge_max: int
    discharge_max: int
    energy_min: Fraction
    energy_max: Fraction
    charge_efficiency: Fraction
    discharge_efficiency: Fraction
    cost: Fraction
    initial: Fraction
    final_min: Fraction
    final_value: Fraction


@dataclass(frozen=True)
class Market:
    """A market: limits in steps and prices in euro per MWh, by period."""

    buy: list[int]
    sell: list[int]
    buying: list[Fraction]
    selling: list[Fraction]


@dataclass(frozen=True)
class Horizon:
    """All of a payload. ``load`` and the reserve are in steps, and need not be whole."""

    steps: int
    periods: int
    h: Fraction
    load: list[Fraction]
    plants: list[Plant]
    up: list[Fraction]
    down: list[Fraction]
    lost_load: Fraction | None
    storages: list[Storage] = field(default_factory=list)
    market: Market | None = None

    @property
    def off_grid(self) -> list[int]:
        """The periods, from 1, whose load is not a multiple of the step."""
        return [t + 1 for t, load in enumerate(self.load) if load.denominator != 1]


def read(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Horizon:
    """The numbers of a valid payload, with so many steps in a MW."""
    h = RESOLUTIONS[payload.get("resolution", "PT1H")]
    market = payload.get("market")
    periods = len(payload["load"] if "load" in payload else payload["market"]["price(euro/MWh)"])
    reserve = payload.get("reserve", {})
    up, down = ([exact(at(reserve.get(way, 0), t)) * steps for t in range(periods)] for way in ("up", "down"))
    price = payload.get("lost_load(euro/MWh)")
    return Horizon(
        steps,
        periods,
        h,
        [_load(at(payload.get("load", 0), t), steps) for t in range(periods)],
        [_plant(plant, payload["fuels"], periods, h, steps, co2) for plant in payload["powerplants"]],
        up,
        down,
        None if price is None else exact(price),
        [_storage(storage, steps) for storage in payload.get("storages", [])],
        None if market is None else _market(market, periods, steps),
    )


def _load(load: float, steps: int) -> Fraction:
    exactly = exact(load) * steps
    nearest = Fraction(round(exactly))
    return nearest if abs(exactly - nearest) < NOISE * steps else exactly


def _plant(
    given: Mapping[str, Any], fuels: Mapping[str, Any], periods: int, h: Fraction, steps: int, co2: bool
) -> Plant:
    plant = DEFAULTS.get(given["type"], {}) | dict(given)
    profile, initial = plant.get("profile"), _initial(plant.get("initial"), steps)
    fixed = profile is not None and not plant.get("curtailable", True)
    low, high, runs, marginal, costs = [], [], [], [], []
    for t in range(periods):
        upper = exact(at(plant["pmax"], t)) * steps
        if profile is not None:
            upper = upper * exact(at(fuels[f"{profile}(%)"], t)) / 100
        high.append(floor(upper))
        low.append(high[t] if fixed else ceil(exact(at(plant.get("pmin", 0), t)) * steps))
        runs.append(at(plant.get("available", True), t) and low[t] <= high[t] and not (fixed and high[t] == 0))
        emission = (
            exact(plant.get("co2(ton/MWh)", 0)) * exact(at(fuels.get("co2(euro/ton)", 0), t)) if co2 else Fraction(0)
        )
        fuel = plant.get("fuel")
        burnt = 0 if fuel is None else exact(at(fuels[f"{fuel}(euro/MWh)"], t)) / exact(plant["efficiency"])
        marginal.append(
            Fraction(round((burnt + exact(at(plant.get("cost(euro/MWh)", 0), t)) + emission) * BILLION), BILLION)
        )
        outputs = range(low[t], high[t] + 1) if runs[t] else range(0)
        costs.append(Costs(outputs, partial(_running_cost, plant, marginal[t], emission, h, steps)))
    ramps = [None if plant.get(key) is None else exact(plant[key]) * h * steps for key in ("ramp_up", "ramp_down")]
    limits = [
        None if plant.get(key) is None else exact(plant[key]) * steps for key in ("startup_limit", "shutdown_limit")
    ]
    pmin = exact(at(plant.get("pmin", 0), 0)) * steps
    shut = (
        limits[1]
        if limits[1] is not None or ramps[1] is None
        else initial.p
        if fixed and initial
        else max(pmin, ramps[1])
    )
    min_up, min_down = (exact(plant.get(key, 0)) for key in ("min_up_time", "min_down_time"))
    left = [0, 0]
    if initial is not None and initial.hours is not None:
        left = [ceil(max(Fraction(0), least - initial.hours) / h) for least in (min_up, min_down)]
    up_left, down_left = (left[0], 0) if initial is not None and initial.on else (0, left[1])
    must, down = [], ceil(min_down / h)
    outages = [t for t in range(periods) if not runs[t] and (t == 0 or runs[t - 1])]
    for t in range(periods):
        held = t < down_left or any(first <= t < first + down for first in outages)
        must.append(bool(at(plant.get("must_run", False), t)) and runs[t] and not held)
    entries = plant.get("start_costs", [{"after": 0, "cost": plant["start_cost"]}] if "start_cost" in plant else [])
    return Plant(
        plant["name"],
        fixed,
        low,
        high,
        runs,
        must,
        marginal,
        costs,
        [(exact(entry["after"]), exact(entry["cost"])) for entry in entries],
        ceil(min_up / h),
        down,
        ramps[0],
        ramps[1],
        [_limit(limits[0], ramps[0], low[t]) for t in range(periods)],
        [_limit(limits[1], ramps[1], low[t]) for t in range(periods)],
        initial,
        up_left,
        down_left,
        initial is None or shut is None or initial.p <= shut,
        plant.get("reserve", True) and not fixed,
        "cost_curve" in plant,
    )


def _running_cost(
    plant: Mapping[str, Any], marginal: Fraction, emission: Fraction, h: Fraction, steps: int, p: int
) -> Fraction:
    """The cost of a period on, without a start."""
    if "cost_curve" in plant:
        curve = [(exact(point["p"]) * steps, exact(point["cost"])) for point in plant["cost_curve"]]
        return (_on_curve(curve, p) + emission * p / steps) * h
    return (marginal * p / steps + exact(plant.get("no_load_cost(euro/h)", 0))) * h


def _initial(given: Mapping[str, Any] | None, steps: int) -> Initial | None:
    if given is None:
        return None
    hours = None if given.get("hours") is None else exact(given["hours"])
    return Initial(given["on"], hours, exact(given["p"]) * steps if given["on"] else Fraction(0))


def _limit(limit: Fraction | None, ramp: Fraction | None, low: int) -> int | None:
    if limit is not None:
        return floor(limit)
    return None if ramp is None else max(low, floor(ramp))


def _on_curve(curve: list[tuple[Fraction, Fraction]], p: int) -> Fraction:
    for (p1, cost1), (p2, cost2) in pairwise(curve):
        if p1 <= p <= p2:
            return cost1 + (cost2 - cost1) * (p - p1) / (p2 - p1)
    (only,) = [cost for point, cost in curve if point == p]
    return only


def _storage(given: Mapping[str, Any], steps: int) -> Storage:
    least = exact(given.get("energy_min", 0))
    initial = least if given.get("initial") is None else exact(given["initial"])
    final = given.get("final")
    end = initial if final is None else exact(final.get("min", given.get("energy_min", 0)))
    return Storage(
        given["name"],
        floor(exact(given["charge_max"]) * steps),
        floor(exact(given["discharge_max"]) * steps),
        least,
        exact(given["energy_max"]),
        exact(given.get("charge_efficiency", 1)),
        exact(given.get("discharge_efficiency", 1)),
        exact(given.get("cost(euro/MWh)", 0)),
        initial,
        max(end, least),
        exact((final or {}).get("value(euro/MWh)", 0)),
    )


def _market(given: Mapping[str, Any], periods: int, steps: int) -> Market:
    buy, sell = ([floor(exact(at(given.get(way, 0), t)) * steps) for t in range(periods)] for way in ("buy", "sell"))
    prices, fee = [exact(at(given["price(euro/MWh)"], t)) for t in range(periods)], exact(given.get("fee(euro/MWh)", 0))
    return Market(buy, sell, [price + fee for price in prices], [price - fee for price in prices])
