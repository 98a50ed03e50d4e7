"""Horizons that are not valid: every fault at its place, and nothing but faults."""

from __future__ import annotations

from typing import Any

import pytest

from horizon.cases import GAS
from horizon.cases import horizon as payload
from horizon.comparing import plan
from horizon.mutations import is_a_place, mutated
from powerplant import errors

pytest.importorskip("highspy", reason="the extra horizon brings it")


@pytest.mark.parametrize("block", range(20))
def test_2000_damaged_horizons_get_a_plan_or_faults_at_places_that_they_have(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        assert outcome_of_mutation(seed) is None, f"seed {seed}"


def outcome_of_mutation(seed: int) -> str | None:
    """What is wrong with the answer to a damaged horizon."""
    content = mutated(seed)
    try:
        answer = plan(content, time_limit=5, gap=0.01).to_dict()
    except errors.InvalidPayload as error:
        if not error.faults or not all(fault.detail for fault in error.faults):
            return "refused without a word"
        if isinstance(content, str):
            return None
        wrong = [fault.pointer for fault in error.faults if not is_a_place(content, fault.pointer)]
        return f"faults at {wrong}" if wrong else None
    except (errors.MalformedPayload, errors.InfeasibleHorizon, errors.OutOfTime):
        return None
    lengths = {len(row[key]) for row in answer["plan"] for key in ("p", "on")}
    return None if len(lengths) <= 1 else f"lists of {lengths}"


def test_a_list_of_another_length_is_a_fault_at_its_place() -> None:
    content = payload([50, 50, 50], GAS | {"pmax": [100, 90]}, available=1)
    content["fuels"] |= {"gas(euro/MWh)": [10, 11, 12, 13]}
    with pytest.raises(errors.InvalidPayload) as caught:
        plan(content)
    assert {"#/powerplants/0/pmax", "#/fuels/gas(euro~1MWh)"} <= {fault.pointer for fault in caught.value.faults}


@pytest.mark.parametrize(
    ("plant", "place"),
    [
        ({"initial": {"on": True}}, "initial/p"),
        ({"initial": {"on": True, "p": 101}}, "initial/p"),
        ({"start_cost": 1, "start_costs": [{"after": 0, "cost": 1}]}, "start_cost"),
        ({"start_costs": [{"after": 0, "cost": 5}, {"after": 2, "cost": 4}]}, "start_costs"),
        ({"start_costs": [{"after": 3, "cost": 5}, {"after": 2, "cost": 6}]}, "start_costs"),
        ({"cost_curve": [{"p": 10, "cost": 0}, {"p": 50, "cost": 90}, {"p": 100, "cost": 100}]}, "cost_curve"),
        ({"cost_curve": [{"p": 10, "cost": 0}, {"p": 90, "cost": 90}]}, "cost_curve"),
        ({"min_up_time": -1}, "min_up_time"),
        ({"type": {}}, "type"),
        ({"type": ["gasfired"], "cost_curve": []}, "type"),
        ({"pmax": []}, "pmax"),
        ({"available": []}, "available"),
        ({"ramp_up": float("nan")}, "ramp_up"),
        ({"available": [True, "no", True]}, "available/1"),
    ],
)
def test_data_that_contradict_each_other_are_faults_at_their_place(plant: dict[str, Any], place: str) -> None:
    content = payload([50, 50, 50], GAS | plant)
    with pytest.raises(errors.InvalidPayload) as caught:
        plan(content)
    pointers = [fault.pointer for fault in caught.value.faults]
    assert all(is_a_place(content, pointer) for pointer in pointers), pointers
    assert any(pointer.startswith(f"#/powerplants/0/{place}") for pointer in pointers), pointers


def test_a_name_that_is_a_list_is_a_fault_beside_storages_too() -> None:
    with pytest.raises(errors.InvalidPayload) as caught:
        plan(payload([50], GAS | {"name": ["gas"]}, storages=[]))
    assert [fault.pointer for fault in caught.value.faults] == ["#/powerplants/0/name"]


def test_times_after_the_year_9999_are_a_fault() -> None:
    with pytest.raises(errors.InvalidPayload) as caught:
        plan(payload([50, 50], GAS, start="9999-12-31T23:30Z"))
    assert [fault.pointer for fault in caught.value.faults] == ["#/start"]


def test_a_plant_with_a_curve_needs_no_price_of_its_fuel() -> None:
    content = payload([50], GAS | {"cost_curve": [{"p": 10, "cost": 100}, {"p": 100, "cost": 1000}]})
    assert plan(content | {"fuels": {"co2(euro/ton)": 0}}).to_dict()["cost"] == 500
