"""``powerplant.plan_horizon``: horizons from Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import powerplant
from horizon.days import FAULTS, day, faulty, hard, without_a_plan
from horizon.rules import broken_rules

pytest.importorskip("highspy", reason="the extra horizon brings it")


@pytest.fixture(scope="module")
def plan() -> powerplant.HorizonPlan:
    return powerplant.plan_horizon(day(), step=1)


def test_a_plan_has_its_figures(plan: powerplant.HorizonPlan) -> None:
    answer = plan.to_dict()
    assert broken_rules(day(), answer) == []
    assert (plan.status, plan.cost, plan.lower_bound) == ("within_gap", answer["cost"], answer["lower_bound"])
    assert plan.outputs == {row["name"]: row["p"] for row in answer["plan"]}
    assert json.loads(json.dumps(answer)) == answer


def test_text_bytes_and_files_are_payloads_too(plan: powerplant.HorizonPlan, tmp_path: Path) -> None:
    text = json.dumps(day())
    file = tmp_path / "day.json"
    file.write_text(text, encoding="utf-8")
    for payload in (text, text.encode(), file):
        assert powerplant.plan_horizon(payload, step=1).cost == plan.cost


def test_the_report_has_the_state_after_any_period(plan: powerplant.HorizonPlan) -> None:
    for end in (1, 5, 12):
        states = plan.report(end=end)["end"]
        assert states["period"] == end
        for row in states["powerplants"]:
            assert row["initial"].get("p", 0) == plan.outputs[row["name"]][end - 1]
    assert plan.report()["end"] == plan.report(end=12)["end"]
    for wrong in (0, 13, -1):
        with pytest.raises(ValueError, match=r"end must be from 1 to 12"):
            plan.report(end=wrong)


def test_errors_are_those_of_the_service() -> None:
    with pytest.raises(powerplant.InvalidPayload) as invalid:
        powerplant.plan_horizon(faulty())
    assert sorted(fault.pointer for fault in invalid.value.faults) == FAULTS
    with pytest.raises(powerplant.InfeasibleHorizon, match="at least 60 MWh of load are not met") as infeasible:
        powerplant.plan_horizon(without_a_plan())
    assert (infeasible.value.proven, [period["period"] for period in infeasible.value.periods]) == (True, [2])
    with pytest.raises(powerplant.OutOfTime, match=r"^No plan was found within 1e-06 s\.$"):
        powerplant.plan_horizon(hard(), time_limit=1e-6)
    with pytest.raises(powerplant.MalformedPayload):
        powerplant.plan_horizon("{")
    with pytest.raises(FileNotFoundError):
        powerplant.plan_horizon(Path("nowhere.json"))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"gap": 2}, ValueError),
        ({"gap": -0.1}, ValueError),
        ({"threads": 3}, ValueError),
        ({"step": 2}, ValueError),
        ({"time_limit": 0}, ValueError),
        ({"time_limit": "1"}, TypeError),
    ],
)
def test_arguments_that_are_not_valid_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        powerplant.plan_horizon(day(), **arguments)


def test_a_gap_of_the_call_takes_the_place_of_that_of_the_payload() -> None:
    plan = powerplant.plan_horizon(hard(), step=1, gap=0.05, threads=1)
    assert plan.status == "within_gap"
    assert plan.cost - plan.lower_bound <= 0.05 * plan.cost


def test_co2_can_be_left_out_of_the_cost() -> None:
    report = powerplant.plan_horizon(day(), step=1, co2=False).report()
    assert report["costs"]["co2"] == report["co2_tonnes"] == 0
    assert report["co2_emitted_tonnes"] > 0
