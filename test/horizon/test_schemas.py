"""Requests, answers, reports and problems are as the description of the service says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

import powerplant
from horizon.days import day
from horizon.payloads import counts_co2, random_horizon
from horizon.rules import broken_rules
from powerplant.horizon.models import PlantOverTime, Whole
from powerplant.horizon.schemas import HorizonPlan, HorizonPlant, HorizonReport, HorizonRequest
from powerplant.models import FIELDS
from powerplant.problems import problem_of
from tools.openapi import InfeasibleHorizonProblem, LineWithHorizon

pytest.importorskip("highspy", reason="the extra horizon brings it")

Members = dict[str, Any]


def planned(seed: int) -> powerplant.HorizonPlan:
    return powerplant.plan_horizon(
        random_horizon(seed, with_storages_and_market=seed % 2 > 0), co2=counts_co2(seed), step=1
    )


@pytest.mark.parametrize("block", range(5))
def test_random_requests_and_their_answers_are_as_documented(block: int) -> None:
    for seed in range(20 * block, 20 * block + 20):
        HorizonRequest.model_validate(random_horizon(seed, with_storages_and_market=seed % 2 > 0))
        try:
            plan = planned(seed)
        except powerplant.InfeasibleHorizon as error:
            members = problem_of(error).as_members(instance="/", request_id="1")
            InfeasibleHorizonProblem.model_validate(members)
        except powerplant.InvalidPayload:
            continue
        else:
            HorizonPlan.model_validate(plan.to_dict())
            HorizonReport.model_validate(plan.report())


def _without(*path: str | int) -> Callable[[Members], None]:
    def damage(report: Members) -> None:
        part: Any = report
        for name in path[:-1]:
            part = part[name]
        del part[path[-1]]

    return damage


def test_a_line_of_a_batch_that_is_a_horizon_is_answered_as_documented(client: FlaskClient) -> None:
    response = client.post("/productionplan/batch?step=1", data=json.dumps(day()))
    line = json.loads(response.text)
    LineWithHorizon.model_validate(line)
    assert line["line"] == 1
    assert broken_rules(day(), line) == []


@pytest.mark.parametrize("path", [("end",), ("periods", 0, "reserve_up"), ("powerplants", 0, "costs", "start")])
def test_a_report_that_lacks_a_member_is_not_as_documented(path: tuple[str | int, ...]) -> None:
    report = powerplant.plan_horizon({"load": [1], "fuels": {}, "powerplants": [IMPORT]}).report()
    HorizonReport.model_validate(report)
    _without(*path)(report)
    with pytest.raises(ValueError, match=f"{path[-1]}\n  Field required"):
        HorizonReport.model_validate(report)


IMPORT = {"name": "import", "type": "import", "cost(euro/MWh)": 90, "pmin": 0, "pmax": 9}


def test_the_documented_request_has_every_member_that_is_decoded() -> None:
    documented = {field.alias or name for name, field in HorizonPlant.model_fields.items()}
    decoded = {field.alias or name for name, field in PlantOverTime.model_fields.items()} | {*FIELDS[2]}
    assert documented == decoded
    documented = {field.alias or name for name, field in HorizonRequest.model_fields.items()}
    decoded = {field.alias or name for name, field in Whole.model_fields.items()} | {*FIELDS[0]}
    assert documented >= decoded | {"reserve", "market", "storages", "previous"}
