"""The oracles of the horizon agree with each other, and the checker of plans rejects what is wrong."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import pytest

from horizon import dynamic, independent
from horizon.cases import CASES
from horizon.comparing import setting
from horizon.payloads import counts_co2, random_horizon
from horizon.rules import broken_rules, cost_of

pytestmark = pytest.mark.skipif(not independent.IS_THERE, reason="the group oracles brings OR-tools")

SEEDS = [range(50 * block, 50 * block + 50) for block in range(3)]


@pytest.mark.parametrize("more", [False, True], ids=["plants", "storages-and-market"])
@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_the_programme_and_the_model_agree_and_their_plans_keep_all_rules(seeds: range, more: bool) -> None:
    for seed in seeds:
        payload, co2, steps = setting(seed, more=more)
        expected = dynamic.solve(payload, co2=co2, steps=steps)
        outcome = independent.solve(payload, co2=co2, steps=steps)
        assert (outcome.kind, outcome.cost, outcome.missing) == expected[:3], f"seed {seed}"
        for answer in (expected.answer, outcome.answer):
            assert answer is None or broken_rules(payload, answer, co2=co2, steps=steps) == [], f"seed {seed}"
            assert answer is None or cost_of(payload, answer, co2=co2, steps=steps) == expected.cost, f"seed {seed}"


@pytest.mark.parametrize("oracle", [dynamic, independent], ids=["programme", "model"])
@pytest.mark.parametrize("name", CASES)
def test_the_oracles_solve_what_is_solved_by_hand(name: str, oracle: Any) -> None:
    case = CASES[name]
    outcome = oracle.solve(case.payload)
    assert outcome.kind == ("plan" if case.missing is None else "missing")
    if outcome.answer is not None:
        assert case.gas in (None, *[row["p"] for row in outcome.answer["plan"] if row["name"] == "gas"])
        assert case.cost in (None, outcome.cost)
    else:
        assert case.missing == outcome.missing


@pytest.mark.parametrize("seed", range(120))
def test_a_corrupted_plan_is_rejected(seed: int) -> None:
    """An output, a start or a cost that is changed."""
    payload, co2 = random_horizon(seed, with_storages_and_market=seed % 2 > 0), counts_co2(seed)
    outcome, choose = dynamic.solve(payload, co2=co2), Random(seed)
    if outcome.answer is None:
        return
    dearer = outcome.answer | {"cost": outcome.answer["cost"] + 0.01, "gap": round(outcome.answer["gap"] + 0.01, 2)}
    assert broken_rules(payload, dearer, co2=co2) != []
    bounded = outcome.answer | {"lower_bound": outcome.answer["lower_bound"] + 0.02}
    assert broken_rules(payload, bounded, co2=co2) != []
    for name, plan in enumerate(outcome.answer["plan"]):
        t = choose.randrange(len(plan["p"]))
        for wrong in ({"p": plan["p"][t] + choose.choice([1, -1, 0.5])}, {"on": 1 - plan["on"][t]}):
            corrupted = _with(outcome.answer, name, t, wrong)
            faults = broken_rules(payload, corrupted, co2=co2)
            # A plant that gives 0 may as well be off or on; then only the cost tells.
            assert faults or cost_of(payload, corrupted, co2=co2) == outcome.cost, f"{plan['name']} {t} {wrong}"


def _with(answer: dict[str, Any], plant: int, t: int, wrong: dict[str, Any]) -> dict[str, Any]:
    changed = deepcopy(answer)
    for key, value in wrong.items():
        changed["plan"][plant][key][t] = value
    return changed


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"p": [3, 3, 3, 3]}, "period 1: 3 steps for a load of 4"),
        ({"on": [1, 1, 0, 1]}, "gas, period 3: limits"),
        ({"p": [4, 4, 0, 4], "on": [1, 1, 0, 1]}, "gas, period 4: minimum_times"),
        ({"p": [4, 4, 7, 4]}, "gas, period 3: ramps"),
        ({"p": [4, 4, 4, 1]}, "gas, period 4: ramps"),
        ({"p": [6, 4, 4, 4]}, "gas, period 1: startup"),
        ({"p": [4, 4, 6, 0], "on": [1, 1, 1, 0]}, "gas, period 3: shutdown"),
        ({"p": [4, 4, 4, 9]}, "gas, period 4: limits"),
        ({"p": [4, 0, 0, 0], "on": [1, 0, 0, 0]}, "gas, period 2: minimum_times"),
        ({"p": [0, 4, 4, 4], "on": [0, 1, 1, 1]}, "gas, period 1: must_run"),
        ({"p": [4, 4, 4, 4]}, "period 3: reserve up 2 of 3"),
    ],
)
def test_each_rule_is_checked(change: dict[str, Any], fault: str) -> None:
    gas = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 2, "pmax": 8, "ramp_up": 2, "ramp_down": 2}
    gas |= {"min_up_time": 2, "min_down_time": 1.5, "startup_limit": 5, "shutdown_limit": 5, "start_cost": 100}
    gas |= {"initial": {"on": False, "hours": 5}, "must_run": [True, False, False, False]}
    fuels = {"gas(euro/MWh)": 10, "co2(euro/ton)": 0}
    payload = {"load": [4, 4, 4, 4], "fuels": fuels, "powerplants": [gas]}
    answer = dynamic.solve(payload).answer
    assert answer is not None
    assert (answer["cost"], broken_rules(payload, answer)) == (420.0, [])
    reserve = {"reserve": {"up": [0, 0, 3, 0], "down": 0}}
    assert fault in broken_rules(payload | reserve, answer | {"plan": [answer["plan"][0] | change]})
