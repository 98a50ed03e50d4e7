"""Random small horizons with every member of the description, valid, from a seed.

Loads come from schedules that the parts have, so that many horizons have a plan; some are then changed so that they
have none: too much, too little (plants that must run), or too much reserve.
"""

from __future__ import annotations

from random import Random
from typing import Any

from horizon.dynamic import graphs_of
from horizon.parts import Graph
from horizon.reading import RESOLUTIONS, exact, read

POWERS = {"load", "up", "down", "pmin", "pmax", "ramp_up", "ramp_down", "startup_limit", "shutdown_limit", "p"}
POWERS |= {"charge_max", "discharge_max", "energy_max", "energy_min", "initial", "min", "buy", "sell"}


def counts_co2(seed: int) -> bool:
    """Whether CO2 counts for this seed."""
    return seed % 3 > 0


def random_horizon(seed: int, *, with_storages_and_market: bool = False, large: bool = False) -> dict[str, Any]:
    """A payload for a step of 1 MW, of at most 4 plants and 5 periods; a large one has up to 6 and 10.

    Some plants have no schedule of their own.
    """
    choose = Random(f"horizon {seed}")
    periods = choose.choice([1, 2, 3, 3, 4, 4, 5, 5, 5])
    plants = choose.choice([1, 2, 2, 3, 3, 4])
    if large:
        periods, plants = choose.randint(6, 10), choose.randint(4, 6)
    coupled = choose.random() > 0.08
    resolution = choose.choice(["PT1H", "PT1H", "PT1H", "PT15M", "PT30M", "PT2H"])
    h = float(RESOLUTIONS[resolution])
    make = _Maker(choose, periods, h, 15 if large else {1: 10, 2: 10, 3: 8, 4: 6}[plants], coupled)
    fleet = [make.plant(f"p{i}") for i in range(plants)]
    if plants > 1 and choose.random() < 0.35:  # units that are alike
        for i in range(1, choose.choice([2, 2, plants])):
            fleet[i] = {**fleet[0], "name": f"p{i}"}
    payload: dict[str, Any] = {"load": [0] * periods, "fuels": make.fuels(), "powerplants": fleet}
    if resolution != "PT1H" or choose.random() < 0.3:
        payload["resolution"] = resolution
    if choose.random() < 0.1:
        payload["start"] = "2026-03-28T23:00:00+01:00"
    if with_storages_and_market:
        make.storages_and_market(payload)
    if coupled and choose.random() < 0.12:
        payload["lost_load(euro/MWh)"] = choose.choice([20, 300, 3000])
    _set_load(choose, payload, counts_co2(seed))
    if coupled and choose.random() < 0.45:
        most = choose.choice([1, 2, 2, 3, 6])
        reserve = {way: make.series(lambda: choose.choice([0, 1, choose.randint(0, most)])) for way in ("up", "down")}
        if choose.random() < 0.06:
            reserve["up"] = 1.5
        payload["reserve"] = reserve
    return payload


def steps_of(seed: int) -> int:
    """The steps in a MW that a seed is planned with."""
    return 10 if seed % 4 == 3 else 1


def finer(value: Any, steps: int, key: str = "") -> Any:
    """A payload with all powers and energies divided by the steps in a MW: it is as large on a finer grid."""
    if steps == 1 or key in {"fuels", "start_costs"}:
        return value
    if isinstance(value, dict):
        return {name: finer(inner, steps, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [finer(inner, steps, key) for inner in value]
    return round(value / steps, 10) if key in POWERS and not isinstance(value, bool) else value


def _set_load(choose: Random, payload: dict[str, Any], co2: bool) -> None:
    """The load of a random schedule of every part, sometimes changed."""
    horizon = read(payload, co2=co2)
    graphs, unable = graphs_of(horizon)
    walks = [] if unable else [_walk(choose, graph) for graph in graphs]
    load = [max(0, sum(walk[t] for walk in walks)) for t in range(horizon.periods)]
    if unable:
        load = [choose.randint(0, 8) for _ in load]
    change = choose.random()
    for t in range(horizon.periods):
        if change < 0.15 and choose.random() < 0.5:
            load[t] = max(0, load[t] + choose.choice([-2, -1, 1, 1, 2, 4]))
        elif 0.15 <= change < 0.22:
            load[t] = max(0, load[t] - choose.choice([0, 1, 3]))  # below what must run
        elif 0.22 <= change < 0.29:
            load[t] += choose.choice([0, 0, 6])
        elif 0.29 <= change < 0.33:
            load[t] = choose.randint(0, 12)
    payload["load"] = load
    if change > 0.98:
        payload["load"][0] += 0.5  # off the grid
    elif change > 0.95:
        payload["load"][-1] += 1e-9  # on the grid for all that counts
    if "market" in payload and isinstance(payload["market"]["price(euro/MWh)"], list) and choose.random() < 0.3:
        del payload["load"]


def _walk(choose: Random, graph: Graph) -> list[int]:
    state, nets = choose.choice(sorted(graph[0])), []
    for found in graph:
        move = choose.choice(found[state])
        nets.append(move.net)
        state = move.after
    return nets


class _Maker:
    """Makes the members of a payload."""

    def __init__(self, choose: Random, periods: int, h: float, largest: int, coupled: bool) -> None:
        self.choose, self.periods, self.h, self.largest, self.coupled = choose, periods, h, largest, coupled
        self.density = choose.choice([0.15, 0.3, 0.5, 0.65])

    def chance(self, probability: float) -> bool:
        return self.choose.random() < probability

    def series(self, one: Any, lists: float = 0.4) -> Any:
        """One value for all periods, or a list."""
        return [one() for _ in range(self.periods)] if self.chance(lists) else one()

    def number(self, value: float) -> float:
        """A number without a decimal point where it has none, and now and then a value between two steps."""
        value += self.choose.choice([0, 0, 0, 0, 0, 0, 0, 0.5, 0.25])
        return int(value) if value == int(value) else value

    def fuels(self) -> dict[str, Any]:
        choose = self.choose
        price = lambda: choose.choice([13.4, 50.8, 20, 0, -5, round(choose.uniform(0, 100), 2)])  # noqa: E731 - short
        share = lambda: choose.choice([0, 100, 100, 60, 33.3, 50, round(choose.uniform(0, 100), 1)])  # noqa: E731 - short
        return {
            **{f"{name}(euro/MWh)": self.series(price) for name in ("gas", "kerosine", "coal")},
            **{f"{name}(%)": self.series(share) for name in ("wind", "solar")},
            "co2(euro/ton)": self.series(lambda: choose.choice([0, 20, 65.3])),
        }

    def plant(self, name: str) -> dict[str, Any]:
        choose, chance = self.choose, self.chance
        kind = choose.choice(["gasfired", "gasfired", "turbojet", "windturbine", "coal", "coal", "solar", "import"])
        plant: dict[str, Any] = {"name": name, "type": kind, "efficiency": choose.choice([0.5, 0.53, 0.4, 1])}
        pmax = choose.randint(1, self.largest)
        pmin = choose.choice([0, 0, choose.randint(0, pmax), choose.randint(0, pmax), pmax])
        plant |= {"pmin": self.number(pmin), "pmax": self.number(pmax)}
        plant["pmin"] = min(plant["pmin"], plant["pmax"])
        plant |= {"coal": {"fuel": "coal"}, "solar": {"profile": "solar"}}.get(kind, {})
        if kind == "import":
            plant["cost(euro/MWh)"] = self.series(lambda: choose.choice([30, 80.25, -10]))
        if chance(0.15):
            plant["profile"] = choose.choice(["wind", "solar"])
        if "profile" in plant or kind == "windturbine":
            plant |= {"curtailable": chance(0.6)} if chance(0.7) else {}
        members: dict[str, Any] = {
            "cost(euro/MWh)": lambda: self.series(lambda: choose.choice([0, 5, 12.34, -40, 70])),
            "co2(ton/MWh)": lambda: choose.choice([0, 0.3, 0.9]),
            "available": lambda: self.series(lambda: chance(0.75), 0.9),
            "must_run": lambda: self.series(lambda: chance(0.7), 0.3),
        }
        if self.coupled:
            limit = lambda: self.number(max(plant["pmin"], choose.randint(0, self.largest)))  # noqa: E731 - short
            ramp = lambda: choose.choice([1, 1, 2, 3, 1.5, 0.5, 0]) / self.h  # noqa: E731 - short
            least = lambda: choose.choice([0.5, 1, 1.5, 2, 2.25, 3]) * choose.choice([1, self.h])  # noqa: E731 - short
            members |= {
                "min_up_time": least,
                "min_down_time": least,
                "ramp_up": ramp,
                "ramp_down": ramp,
                "startup_limit": limit,
                "shutdown_limit": limit,
                "no_load_cost(euro/h)": lambda: choose.choice([10, 55.5, -3]),
                "start_cost": lambda: choose.choice([0, 40, 250.5]),
                "start_costs": self.start_costs,
                "reserve": lambda: chance(0.5),
            }
        rare = {"available": 0.3, "must_run": 0.25, "cost(euro/MWh)": 0.3}
        plant |= {
            key: make() for key, make in members.items() if key not in plant and chance(rare.get(key, self.density))
        }
        if chance(max(self.density, 0.3)):
            plant["initial"] = self.initial(plant)
        if "start_costs" in plant:
            plant.pop("start_cost", None)
        if chance(0.2):
            self.lists_of_limits(plant)
        if self.coupled and chance(0.2):
            self.cost_curve(plant)
        if plant["type"] in {"windturbine", "solar"} and chance(0.5):
            del plant["pmin"]
        return plant

    def lists_of_limits(self, plant: dict[str, Any]) -> None:
        """Limits that change; those of the first period hold the output before."""
        pmin, pmax = plant["pmin"], plant["pmax"]
        plant["pmax"] = [pmax, *(max(0, pmax + self.choose.choice([0, 0, -1, -2, 1])) for _ in range(self.periods - 1))]
        plant["pmin"] = [min(most, max(0, pmin + self.choose.choice([0, 0, 0, 1, -1]))) for most in plant["pmax"]]
        plant["pmin"][0] = pmin

    def initial(self, plant: dict[str, Any]) -> dict[str, Any]:
        on, low, high = self.chance(0.55), plant["pmin"], plant["pmax"]
        state: dict[str, Any] = {"on": on}
        if on:
            state["p"] = self.choose.choice([low, high, self.inside(low, high), (low + high) / 2])
        if self.chance(0.6):
            state["hours"] = self.choose.choice([0.25, 0.5, 1, 1, 1.5, 2, 26]) * self.choose.choice([1, self.h])
        return state

    def inside(self, low: float, high: float) -> float:
        return max(low, min(high, round(self.choose.uniform(low, high), 1)))

    def start_costs(self) -> list[dict[str, Any]]:
        choose = self.choose
        after, cost, entries = choose.choice([0, 0, 1, 2.5]), choose.choice([0, 40, 100.1]), []
        for _ in range(choose.randint(1, 3)):
            entries.append({"after": after, "cost": round(cost, 2)})
            after += choose.choice([0.25, 0.75, 1, 1.5, 2])
            cost += choose.choice([0, 10, 35.55, 80])
        return entries

    def cost_curve(self, plant: dict[str, Any]) -> None:
        """Convex, over the limits of all periods."""
        choose = self.choose
        lows, highs = (value if isinstance(value, list) else [value] for value in (plant["pmin"], plant["pmax"]))
        p, top = (0 if "profile" in plant or plant["type"] in {"windturbine", "solar"} else min(lows)), max(highs)
        cost, slope = choose.choice([0, 50, 120.4]), choose.choice([-5, 10, 22.5])
        points = [{"p": p, "cost": cost}]
        while p < top:
            width = min(choose.choice([1, 2, 3, 1.5]), top - p)
            p, cost = p + width, float(exact(cost) + exact(slope) * exact(width))
            slope += choose.choice([0, 1, 7.5, 20])
            points.append({"p": p, "cost": cost})
        plant["cost_curve"] = points

    def storages_and_market(self, payload: dict[str, Any]) -> None:
        choose, chance = self.choose, self.chance
        payload["storages"] = [self.storage(f"s{i}") for i in range(choose.choice([0, 1, 1, 2]))]
        if not payload["storages"] and chance(0.5):
            del payload["storages"]
        if chance(0.5):
            market: dict[str, Any] = {"price(euro/MWh)": self.series(lambda: choose.choice([10, 45.5, 90, -20]), 0.7)}
            market |= {way: self.series(lambda: choose.randint(0, 3)) for way in ("buy", "sell") if chance(0.7)}
            payload["market"] = market | ({"fee(euro/MWh)": 1.25} if chance(0.4) else {})
        if chance(0.1) and (payload.get("storages") or "market" in payload):
            payload["powerplants"] = []

    def storage(self, name: str) -> dict[str, Any]:
        choose, chance = self.choose, self.chance
        most = choose.choice([1, 2, 3, 4]) * self.h
        storage: dict[str, Any] = {
            "name": name,
            "charge_max": choose.choice([0, 1, 2, 2.5]),
            "discharge_max": choose.choice([1, 1, 2, 3]),
            "energy_max": most,
        }
        members: dict[str, Any] = {
            "energy_min": lambda: choose.choice([0, most / 4]),
            "charge_efficiency": lambda: choose.choice([1, 0.9, 0.5]),
            "discharge_efficiency": lambda: choose.choice([1, 0.8, 0.5]),
            "cost(euro/MWh)": lambda: choose.choice([0, 2.5]),
            "initial": lambda: choose.choice([most, most / 2]),
            "final": lambda: choose.choice(
                [{"min": most / 2}, {"value(euro/MWh)": 30}, {"min": 0, "value(euro/MWh)": -4}]
            ),
        }
        storage |= {key: make() for key, make in members.items() if chance(0.5)}
        if "min" in storage.get("final", {}):
            storage["final"]["min"] = max(storage["final"]["min"], storage.get("energy_min", 0))
        return storage
