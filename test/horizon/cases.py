"""Horizons that are small enough to be solved by hand, one for each rule that is easily missed."""

from __future__ import annotations

from typing import Any, NamedTuple

GAS: dict[str, Any] = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 10, "pmax": 100}
"""20 euro per MWh."""

DEAR: dict[str, Any] = {"name": "dear", "type": "import", "cost(euro/MWh)": 90, "pmin": 0, "pmax": 100}
MUST: dict[str, Any] = GAS | {"must_run": True, "cost(euro/MWh)": 80}
"""100 euro per MWh: it runs only where it must."""

STORAGE: dict[str, Any] = {"name": "battery", "charge_max": 10, "discharge_max": 10, "energy_max": 20}
PAYS: dict[str, Any] = {"price(euro/MWh)": -50, "buy": 10}

TWO_COSTS = [{"after": 0, "cost": 100}, {"after": 3, "cost": 300}]


class Case(NamedTuple):
    """A payload and what is known of its answer: outputs of the plant ``gas`` and the cost, or the least shortage."""

    payload: dict[str, Any]
    gas: list[float] | None = None
    cost: float | None = None
    missing: float | None = None


def horizon(load: list[float], *plants: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A payload for some plants; ``wind`` is a profile of 50 %, ``calm`` one of 0 %."""
    fuels = {"gas(euro/MWh)": 10, "co2(euro/ton)": 0, "wind(%)": 50, "calm(%)": 0}
    return {"load": load, "fuels": fuels, "powerplants": list(plants), **members}


def _on(p: float, hours: float | None = None) -> dict[str, Any]:
    return {"on": True, "p": p} | ({} if hours is None else {"hours": hours})


def _off(hours: float | None = None) -> dict[str, Any]:
    return {"on": False} | ({} if hours is None else {"hours": hours})


CASES = {
    "an outage ends a minimum up time": Case(
        horizon(
            [50] * 4, GAS | {"min_up_time": 4, "initial": _on(50, 1), "available": [True, False, True, True]}, DEAR
        ),
        gas=[50, 0, 50, 50],
    ),
    "a minimum down time counts from the outage": Case(
        horizon([60, 50, 50, 50], GAS | {"min_down_time": 2, "available": [True, False, True, True]}, DEAR),
        gas=[60, 0, 0, 50],
    ),
    "an outage of a plant that is off starts no minimum down time": Case(
        horizon(
            [50] * 4,
            GAS | {"min_down_time": 2, "initial": _off(1), "available": [True, False, True, True]},
            DEAR,
        ),
        gas=[0, 0, 50, 50],
    ),
    "must_run does not bind while a minimum down time holds after an outage": Case(
        horizon([50] * 4, MUST | {"min_down_time": 2, "available": [True, False, True, True]}, DEAR),
        gas=[10, 0, 0, 10],
    ),
    "must_run does not bind while a minimum down time holds from before": Case(
        horizon([50] * 4, MUST | {"min_down_time": 2.5, "initial": _off(1)}, DEAR), gas=[0, 0, 10, 10]
    ),
    "must_run of a plant whose profile gives nothing is no fault": Case(
        horizon([50, 50], MUST | {"profile": "calm"}, DEAR), gas=[0, 0]
    ),
    "ramp_down does not bind where the upper limit falls": Case(
        horizon([100, 40, 40], GAS | {"pmax": [100, 40, 40], "ramp_down": 10, "initial": _on(100)}, DEAR),
        gas=[100, 40, 40],
    ),
    "ramp_down binds where the upper limit stays": Case(
        horizon([60, 40, 20], GAS | {"ramp_down": 10}, DEAR), gas=[40, 30, 20]
    ),
    "before an outage no shutdown_limit binds": Case(
        horizon([50, 50], GAS | {"shutdown_limit": 20, "available": [True, False]}, DEAR), gas=[50, 0]
    ),
    "an outage in the first period stops a plant at any output": Case(
        horizon([50, 50], GAS | {"shutdown_limit": 20, "initial": _on(90, 1), "available": [False, True]}, DEAR),
        gas=[0, 50],
    ),
    "a plant above its shutdown_limit cannot stop at once": Case(
        horizon([0, 0, 0], GAS | {"shutdown_limit": 20, "ramp_down": 20, "initial": _on(50)}), missing=40
    ),
    "the last period of the horizon is no stop": Case(
        horizon([50, 50], GAS | {"shutdown_limit": 20, "startup_limit": 20}), gas=[50, 50]
    ),
    "the start-up limit is by default ramp_up": Case(
        horizon([50] * 3, GAS | {"ramp_up": 20, "initial": _off()}, DEAR), gas=[20, 40, 50]
    ),
    "the start-up limit is by default not below pmin": Case(
        horizon([50] * 3, GAS | {"ramp_up": 20, "pmin": 30, "initial": _off()}, DEAR), gas=[30, 50, 50]
    ),
    "the shut-down limit is by default ramp_down": Case(
        horizon([50, 50, 0], GAS | {"ramp_down": 20}, DEAR), gas=[40, 20, 0]
    ),
    "the output before is not rounded": Case(
        horizon([80], GAS | {"ramp_up": 10.25, "initial": _on(50.7)}, DEAR), gas=[60]
    ),
    "an outage counts as hours off": Case(
        horizon([0, 0, 0, 50], GAS | {"start_costs": TWO_COSTS, "initial": _on(50), "available": [False] * 3 + [True]}),
        cost=1300,
    ),
    "hours off before the first period count": Case(
        horizon([0, 50], GAS | {"start_costs": TWO_COSTS, "initial": _off(2)}), cost=1300
    ),
    "fewer hours off cost less": Case(
        horizon([0, 50], GAS | {"start_costs": TWO_COSTS, "initial": _off(1.5)}), cost=1100
    ),
    "a rest that began before all that is known is long": Case(
        horizon([0, 50], GAS | {"start_costs": TWO_COSTS}), cost=1300
    ),
    "hours off are hours at any resolution": Case(
        horizon([50, 0, 0, 50], GAS | {"start_costs": TWO_COSTS}, resolution="PT2H"), cost=4300
    ),
    "on in the first period is no start where nothing is known": Case(
        horizon([50, 50], GAS | {"start_costs": TWO_COSTS, "startup_limit": 20, "min_up_time": 9}), cost=2000
    ),
    "nothing is known of a plant that is off in the first period": Case(
        horizon([0, 50], GAS | {"min_down_time": 5}), gas=[0, 50]
    ),
    "a minimum time is rounded up to periods": Case(
        horizon([60, 0, 0, 50], GAS | {"min_down_time": 1.25}, DEAR, resolution="PT30M"), gas=[60, 0, 0, 0]
    ),
    "what is left of a minimum time is rounded up to periods": Case(
        horizon([50] * 3, GAS | {"min_down_time": 2.25, "initial": _off(1)}, DEAR), gas=[0, 0, 50]
    ),
    "the start-up limit bounds the reserve": Case(
        horizon([50], GAS | {"startup_limit": 60, "initial": _off()}, reserve={"up": 20, "down": 0}), missing=10
    ),
    "the shut-down limit bounds the reserve": Case(
        horizon([50, 0], GAS | {"pmin": 30, "shutdown_limit": 60}, reserve={"up": [20, 0], "down": 0}), missing=10
    ),
    "the shut-down limit bounds no reserve before an outage": Case(
        horizon(
            [50, 0],
            GAS | {"shutdown_limit": 60, "available": [True, False]},
            reserve={"up": [20, 0], "down": 0},
        ),
        gas=[50, 0],
    ),
    "ramp_up bounds the reserve": Case(
        horizon([55], GAS | {"ramp_up": 10, "initial": _on(50)}, reserve={"up": 10, "down": 0}), missing=5
    ),
    "ramp_down bounds the reserve": Case(
        horizon([45], GAS | {"ramp_down": 10, "initial": _on(50)}, reserve={"up": 0, "down": 10}), missing=5
    ),
    "ramp_down bounds no reserve where it does not bind": Case(
        horizon(
            [60],
            GAS | {"pmax": 70, "ramp_down": 10, "initial": _on(70)} | {"profile": "wind", "pmax": 130},
            reserve={"up": 0, "down": 20},
        ),
        gas=[60],
    ),
    "a plant that is not curtailable gives no reserve": Case(
        horizon([50], GAS | {"profile": "wind", "curtailable": False}, reserve={"up": 0, "down": 5}), missing=5
    ),
    "a plant that is not curtailable gives all or nothing": Case(
        horizon([30, 60], GAS | {"profile": "wind", "curtailable": False}, DEAR, reserve={"up": 0, "down": 0}),
        gas=[0, 50],
    ),
    "reserve needs a plant that runs": Case(
        horizon([50], GAS, DEAR | {"pmin": 5}, reserve={"up": 60, "down": 0}), gas=[45], cost=45 * 20 + 5 * 90
    ),
    "load is lost where that is cheaper": Case(
        horizon([105], GAS, DEAR | {"pmin": 20}, **{"lost_load(euro/MWh)": 50}), gas=[100], cost=2250
    ),
    "a no-load cost and a start cost count in euro": Case(
        horizon([50] * 4, GAS | {"no_load_cost(euro/h)": 30, "start_cost": 7, "initial": _off()}, resolution="PT15M"),
        cost=1037,
    ),
    "a curve gives euro per hour at the output": Case(
        horizon(
            [50] * 2,
            GAS | {"cost_curve": [{"p": 10, "cost": 100}, {"p": 30, "cost": 300}, {"p": 100, "cost": 1700}]},
            resolution="PT30M",
        ),
        cost=700,
    ),
    "a storage never charges and discharges at once, though a negative price would pay for it": Case(
        horizon([0], market=PAYS, storages=[STORAGE | {"initial": 20, "charge_efficiency": 0.5}]), cost=0
    ),
    "what is left in a storage has its value": Case(
        horizon([0], market=PAYS | {"price(euro/MWh)": 30}, storages=[STORAGE | {"final": {"value(euro/MWh)": 40}}]),
        cost=-100,
    ),
    "a storage ends with no less than it began with": Case(
        horizon([10], GAS, storages=[STORAGE | {"initial": 10}]), gas=[10]
    ),
    "a storage that need not be full again is emptied": Case(
        horizon([10, 10], GAS, storages=[STORAGE | {"initial": 10, "final": {"min": 0}}], resolution="PT30M"),
        gas=[0, 0],
    ),
    "the fee is paid for what is bought and for what is sold": Case(
        horizon([10, 0], GAS, market=PAYS | {"price(euro/MWh)": [15, 30], "sell": 10, "fee(euro/MWh)": 2}), cost=90
    ),
}
