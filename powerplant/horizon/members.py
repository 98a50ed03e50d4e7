"""The members of the answer to a horizon."""

from __future__ import annotations

from decimal import ROUND_FLOOR
from fractions import Fraction
from typing import Any

from powerplant.horizon.amounts import as_float, cents
from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.plan import Plan
from powerplant.horizon.planning import SolvedHorizon


def answer_of(solved: SolvedHorizon) -> dict[str, Any]:
    """The members of an answer, as plain Python objects."""
    answer: dict[str, Any] = {
        "status": solved.status,
        "cost": cents(solved.cost),
        "lower_bound": cents(solved.bound, ROUND_FLOOR),
        "gap": round(cents(solved.cost) - cents(solved.bound, ROUND_FLOOR), 2),
        "relative_gap": as_float(relative_gap(solved)),
        **schedule_of(solved.instance, solved.plan),
    }
    if solved.horizon.ignored:
        answer["ignored"] = [fault._asdict() for fault in solved.horizon.ignored]
    return answer


def schedule_of(instance: HorizonInstance, plan: Plan) -> dict[str, Any]:
    """What plants, storages and the market do in each period, and the load that is lost."""
    times, per_megawatt = instance.times, instance.grid.per_megawatt
    answer: dict[str, Any] = {} if times is None else {"times": times}
    answer["plan"] = [
        {
            "name": instance.plants[i].name,
            "p": [steps / per_megawatt for steps in plan.p[i]],
            "on": [*plan.on[i]],
        }
        for i in in_merit_order(instance)
    ]
    if instance.storages:
        answer["storages"] = [
            {
                "name": storage.name,
                "charge": [steps / per_megawatt for steps in charge],
                "discharge": [steps / per_megawatt for steps in discharge],
                "energy": [as_float(energy) for energy in storage.energy(charge, discharge)],
            }
            for storage, charge, discharge in zip(instance.storages, plan.charge, plan.discharge, strict=True)
        ]
    if instance.market is not None:
        answer["market"] = {
            "buy": [steps / per_megawatt for steps in plan.buy],
            "sell": [steps / per_megawatt for steps in plan.sell],
        }
    if any(plan.lost):
        answer["lost_load"] = [steps / per_megawatt for steps in plan.lost]
    return answer


def relative_gap(solved: SolvedHorizon) -> float:
    """The gap between cost and bound, both in cents, as a share of the cost."""
    cost = cents(solved.cost)
    return (cost - cents(solved.bound, ROUND_FLOOR)) / max(abs(cost), 1.0)


def in_merit_order(instance: HorizonInstance) -> list[int]:
    """Indices of the plants, the cheapest of the first period first; equally cheap ones in the order of the payload."""
    return sorted(range(len(instance.plants)), key=lambda i: _first_cost(instance.plants[i]))


def _first_cost(plant: Plant) -> Fraction:
    if not plant.curve:
        return plant.cost[0]
    p, cost = plant.curve[-1]
    return plant.cost[0] + (cost / p if p else cost)
