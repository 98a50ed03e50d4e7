"""Random payloads with every member that a plant can have, and a check of the answers by the oracles."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from oracles import (
    broken_rules,
    dense_programme,
    dispatch_cost,
    exact,
    expected_units,
    infeasible_reason,
    load_in_steps,
    nearest_loads,
)

from powerplant.decoding import decode_json
from powerplant.errors import InfeasibleLoad
from powerplant.formulation import GRIDS
from powerplant.planning import Options, solve_request
from powerplant.workers import Workers

STEPS = {"1": 1, "0.1": 10, "0.01": 100, "0.001": 1000}
"""The steps in a MW, by the step."""

MOST_STEPS = 3000
"""The largest load, in steps: the oracle needs time in proportion to it."""

HERE = Workers(0)


def random_payload(seed: int) -> tuple[dict[str, Any], str]:
    """A valid payload of a few plants, and a step in MW."""
    choose = Random(seed)
    step = choose.choice(["0.1", "0.1", *STEPS])
    largest = choose.choice([40, 400, MOST_STEPS // 4]) / STEPS[step]
    digits = {"1": 0, "0.1": 1, "0.01": 2, "0.001": 3}[step] + choose.choice([0, 0, 0, 1])
    fuels: dict[str, Any] = {
        "gas(euro/MWh)": _price(choose),
        "kerosine(euro/MWh)": _price(choose),
        "co2(euro/ton)": choose.choice([0, 20, 20, 65.3, -3]),
        "coal(euro/MWh)": _price(choose),
        "wind(%)": _share(choose),
        "solar(%)": _share(choose),
    }
    plants = [_plant(choose, f"p{i}", largest, digits) for i in range(choose.randrange(1, 9))]
    if choose.random() < 0.3:
        plants.append({**choose.choice(plants), "name": "twin"})
    made = sum(choose.choice([0, plant.get("pmin", 0), plant["pmax"]]) for plant in plants)
    load = max(0, made + choose.choice([0, 0, 1, -1, 5, -5]) / STEPS[step])
    load = min(round(load, digits + choose.choice([0, 0, 0, 0, 3])), MOST_STEPS / STEPS[step])
    return {"load": load, "fuels": fuels, "powerplants": plants}, step


def faults(payload: dict[str, Any], step: str, *, co2: bool = True) -> Iterator[str]:
    """What is wrong with the answer to a payload."""
    steps = STEPS[step]
    units, load = expected_units(payload, co2, steps), load_in_steps(payload, steps)
    reason = infeasible_reason(units, load)
    request = decode_json(payload, co2=co2, max_plants=100)
    try:
        solved = solve_request(request, Options(co2=co2, time_limit=60, grid=GRIDS[step]), HERE)
    except InfeasibleLoad as error:
        below, above = nearest_loads(units, load)
        expected = (reason, *(None if side is None else side / steps for side in (below, above)))
        if (error.reason, error.nearest_below, error.nearest_above) != expected:
            yield f"{(error.reason, error.nearest_below, error.nearest_above)}, not {expected}"
        return
    if reason is not None:
        yield f"there is a plan, not {reason}"
        return
    yield from broken_rules(units, int(load), solved.solution.dispatch)
    cost, least = dispatch_cost(units, solved.solution.dispatch), dense_programme(units, int(load))
    if not cost == least == solved.solution.cost == solved.solution.lower_bound:
        yield f"a cost of {cost}, stated {solved.solution.cost}, not {least}"
    if solved.instance.grid.euros(cost) != exact_euros(cost, steps):
        yield f"{solved.instance.grid.euros(cost)} euro, not {exact_euros(cost, steps)}"


def outcome(payload: dict[str, Any], step: str, *, co2: bool = True) -> str:
    """Whether a payload has a plan, or why not, by the oracle."""
    return infeasible_reason(expected_units(payload, co2, STEPS[step]), load_in_steps(payload, STEPS[step])) or "plan"


def exact_euros(cost: int, steps: int) -> Any:
    """A cost in euro: marginal costs are 10⁻⁹ euro per MWh."""
    return exact(0) + type(exact(0))(cost, 10**9 * steps)


def _plant(choose: Random, name: str, largest: float, digits: int) -> dict[str, Any]:
    pmax = round(choose.uniform(0, largest), digits)
    pmin = choose.choice([0, 0, round(choose.uniform(0, pmax), digits), pmax])
    plant: dict[str, Any] = {"name": name, "pmin": min(pmin, pmax), "pmax": pmax}
    plant["type"] = choose.choice(["gasfired", "turbojet", "windturbine", "coal", "solar", "import"])
    plant["efficiency"] = choose.choice([0.53, 0.37, 0.3, 1, round(choose.uniform(0.1, 1), 3)])
    members: dict[str, Any] = {
        "fuel": choose.choice(["gas", "coal", "kerosine"]),
        "profile": choose.choice(["wind", "solar"]),
        "curtailable": choose.random() < 0.5,
        "cost(euro/MWh)": choose.choice([0, 5, 12.34, -40, 70]),
        "co2(ton/MWh)": choose.choice([0, 0.3, 0.9, 1.05]),
        "available": choose.random() < 0.7,
        "must_run": choose.random() < 0.4,
    }
    needed = {"coal": ["fuel"], "solar": ["profile"], "import": ["cost(euro/MWh)"]}.get(plant["type"], [])
    given = [*needed, *(key for key in members if choose.random() < 0.2)]
    return plant | {key: members[key] for key in given}


def _price(choose: Random) -> float:
    return choose.choice([13.4, 50.8, 0, -5, round(choose.uniform(0, 100), 2)])


def _share(choose: Random) -> float:
    return choose.choice([0, 100, 60, 33.3, round(choose.uniform(0, 100), 2)])
