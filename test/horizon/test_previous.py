"""Planning again with the plan before as ``previous``: it is a hint, and changes no rule and no cost."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from benchmarks.horizon.desks import SIZES, desk
from horizon import dynamic
from horizon.comparing import blocks, plan, setting
from horizon.comparing import faults as wrong_in
from horizon.days import day
from horizon.rules import broken_rules
from powerplant.errors import InvalidPayload

pytest.importorskip("highspy", reason="the extra horizon brings it")

Plants = list[dict[str, Any]]


@pytest.fixture(scope="module")
def before() -> Plants:
    """The plan of the day."""
    plants: Plants = plan(day()).to_dict()["plan"]
    return plants


def changed() -> dict[str, Any]:
    payload = day()
    payload["load"][5] += 20
    payload["powerplants"][3]["available"] = [True] * 9 + [False] * 3
    return payload


@pytest.mark.parametrize("block", blocks(8, 3))
def test_with_a_plan_before_random_horizons_have_the_cost_of_the_oracle(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.horizon.model.SMALL", 0)
    for seed in range(25 * block, 25 * block + 25):
        payload, co2, steps = setting(seed, more=seed % 2 == 1)
        expected, choose = dynamic.solve(payload, co2=co2, steps=steps), Random(seed)
        if expected.answer is None:
            continue
        before = [
            each | {"on": [on if choose.random() < 0.8 else 1 - on for on in each["on"]]}
            for each in expected.answer["plan"]
        ]
        wrong = [*wrong_in(payload | {"previous": before}, expected, co2=co2, steps=steps)]
        assert wrong == [], f"seed {seed}"


def faults(previous: Any) -> dict[str, str]:
    with pytest.raises(InvalidPayload) as raised:
        plan(day() | {"previous": previous})
    return {fault.pointer: fault.detail for fault in raised.value.faults}


def test_the_plan_with_the_plan_before_costs_no_more_and_breaks_no_rule(before: Plants) -> None:
    payload = changed()
    cold, warm = plan(payload).to_dict(), plan(payload | {"previous": before}).to_dict()
    assert warm["cost"] == cold["cost"]
    assert broken_rules(payload, warm) == []


def test_a_desk_s_day_planned_again_is_as_near_to_its_bound() -> None:
    payload = desk(1, SIZES["10x24"]) | {"relative_gap": 0.005}
    before = plan(payload, step=0.1, gap=0.005).to_dict()
    payload["fuels"]["wind(%)"] = [max(0, wind - 5) for wind in payload["fuels"]["wind(%)"]]
    cold = plan(payload, step=0.1, gap=0.005).to_dict()
    warm = plan(payload | {"previous": before["plan"]}, step=0.1, gap=0.005).to_dict()
    assert cold["status"] == warm["status"] == "within_gap"
    assert abs(warm["cost"] - cold["cost"]) <= 0.005 * cold["cost"]
    assert broken_rules(payload, warm, steps=10) == []


def test_a_plan_before_that_breaks_every_rule_does_no_harm(before: Plants) -> None:
    wrong = [each | {"on": [1 - on for on in each["on"]]} for each in before]
    payload = changed()
    assert plan(payload | {"previous": wrong}).to_dict()["cost"] == plan(payload).to_dict()["cost"]


def test_another_plant_one_twice_and_a_missing_one_are_faults_at_their_places(before: Plants) -> None:
    other = [before[0] | {"name": "nuclear"}, *before[1:]]
    missing = f"does not have the power plant {before[0]['name']}"
    assert faults(other) == {
        "#/previous/0/name": "must be the name of a power plant of the payload, once",
        "#/previous": missing,
    }
    assert [*faults([*before, before[1]])] == ["#/previous/4/name"]
    assert faults(before[1:]) == {"#/previous": missing}


def test_other_periods_and_other_values_are_faults_at_their_places(before: Plants) -> None:
    short = [before[0] | {"on": before[0]["on"][:-1]}, *before[1:]]
    assert faults(short) == {"#/previous/0/on": "has 11 values for 12 periods"}
    half = [*before[:3], before[3] | {"on": [0.5, *before[3]["on"][1:]]}]
    assert faults(half)["#/previous/3/on/0"] == "must be 0 or 1"
    assert [*faults({"plan": before})] == ["#/previous"]
