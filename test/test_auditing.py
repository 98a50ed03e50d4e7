"""Checking a plan that someone else made: all of its faults are found, and nothing else is."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracles import broken_rules, brute_force, dispatch_cost, exact, expected_units
from solving import claim_of
from strategies import payloads

from powerplant.auditing import (
    Audit,
    LeastCost,
    audit,
    decode_plan,
    least_cost,
    proven_cost,
    proves_that_no_plan_exists,
)
from powerplant.decoding import decode_json
from powerplant.errors import InvalidPayload, MalformedPayload, NotCheckedInTime
from powerplant.formulation import Instance, formulate
from powerplant.merit_order import GaveUp, Proof
from powerplant.merit_order.proof import Bound, CountSplit, Empty, Recomputed
from powerplant.models import ProductionPlanRequest
from powerplant.planning import Options
from powerplant.proofs import Claim
from powerplant.workers import Workers

LONG = 60.0
"""Seconds: more than any check in this module takes."""

PAYLOAD = {
    "load": 480,
    "fuels": {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60},
    "powerplants": [
        {"name": "big", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
        {"name": "jet", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16},
        {"name": "never", "type": "gasfired", "efficiency": 0.5, "pmin": 1.01, "pmax": 1.09},
        {"name": "wind", "type": "windturbine", "pmax": 36},
    ],
}
CORRECT = {"big": 458.4, "jet": 0.0, "never": 0.0, "wind": 21.6}


def read(payload: Any) -> ProductionPlanRequest:
    return decode_json(payload, co2=True, max_plants=100)


def instance_of(payload: Any) -> Instance:
    return formulate(read(payload), co2=True)


def audited(plan: Any, payload: Any = PAYLOAD) -> Audit:
    if isinstance(plan, dict):
        plan = [{"name": name, "p": p} for name, p in plan.items()]
    return audit(read(payload), instance_of(payload), decode_plan(json.dumps(plan).encode()))


def test_the_order_of_the_outputs_and_other_members_do_not_matter() -> None:
    plan = [{"p": p, "name": name, "comment": None} for name, p in reversed(CORRECT.items())]
    faults, cost = audited(plan)
    assert faults == []
    assert cost == 4584 * 31_283_018_868


def test_an_output_can_be_a_whole_number() -> None:
    plan = {"big": 460, "jet": 20, "never": 0, "wind": 0}
    assert [detail for _, detail in audited(plan).faults] == ["jet produces 20.0 MW, but can produce 0 to 16.0 MW"]


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"big": 458.5}, [("#", "the plan produces 480.1 MW, and the load is 480.0 MW: 0.1 MW too much")]),
        ({"big": 458.3}, [("#", "the plan produces 479.9 MW, and the load is 480.0 MW: 0.1 MW too little")]),
        (
            {"big": 458.35, "jet": 0.05},
            [
                ("#/0/p", "big produces 458.35 MW, which is not a multiple of 0.1 MW"),
                ("#/1/p", "jet produces 0.05 MW, which is not a multiple of 0.1 MW"),
            ],
        ),
        (
            {"big": 458.3999999999999},
            [
                ("#/0/p", "big produces 458.3999999999999 MW, which is not a multiple of 0.1 MW"),
                (
                    "#",
                    "the plan produces 479.9999999999999 MW, and the load is 480.0 MW: 0.0000000000001 MW too little",
                ),
            ],
        ),
        (
            {"big": 479.9, "wind": 0.1},
            [
                ("#/0/p", "big produces 479.9 MW, but can produce 0 or 100.0 to 460.0 MW"),
                ("#/3/p", "wind produces 0.1 MW, but can produce 0 or exactly 21.6 MW"),
            ],
        ),
        (
            {"jet": -1, "never": 1},
            [
                ("#/1/p", "jet produces -1.0 MW, but can produce 0 to 16.0 MW"),
                ("#/2/p", "never produces 1.0 MW, but can produce nothing"),
            ],
        ),
        ({"sun": 0}, [("#/4/name", "the payload has no power plant sun")]),
    ],
)
def test_each_fault_is_listed_with_its_place(changes: dict[str, float], faults: list[tuple[str, str]]) -> None:
    assert audited(CORRECT | changes) == (faults, None)


def test_plants_that_are_missing_or_listed_twice_are_faults() -> None:
    plan = [{"name": "big", "p": 458.4}, {"name": "big", "p": 21.6}]
    assert audited(plan).faults == [
        ("#/1/name", "big is listed twice"),
        ("#/1/p", "big produces 21.6 MW, but can produce 0 or 100.0 to 460.0 MW"),
        ("#", "jet is missing"),
        ("#", "never is missing"),
        ("#", "wind is missing"),
    ]


def test_in_an_empty_plan_every_plant_is_missing() -> None:
    assert len(audited([]).faults) == 5


@given(payloads(max_plants=4), st.data())
def test_a_plan_has_faults_exactly_if_an_oracle_finds_some(payload: dict[str, Any], data: st.DataObject) -> None:
    """Outputs at the limits and just beyond, for loads that they meet and loads that they do not."""
    units = expected_units(payload)
    outputs = [data.draw(st.sampled_from([0, u.min_output, u.max_output, u.max_output + 1])) for u in units]
    if data.draw(st.booleans()):
        payload = payload | {"load": sum(outputs) / 10}
    load = exact(payload["load"]) * 10
    plan = {unit.name: output / 10 for unit, output in zip(units, outputs, strict=True)}
    faults, cost = audited(plan, payload)
    is_correct = load.denominator == 1 and not broken_rules(units, int(load), outputs)
    assert (not faults) is is_correct
    assert cost == (dispatch_cost(units, outputs) if is_correct else None)


# --- Reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "faults"),
    [
        ({}, [("#", "must be a list of objects with name and p")]),
        (None, [("#", "must be a list of objects with name and p")]),
        ([1], [("#/0", "must be an object with name and p")]),
        ([{}], [("#/0/name", "is missing"), ("#/0/p", "is missing")]),
        ([{"name": 1, "p": "1"}], [("#/0/name", "must be a string"), ("#/0/p", "must be a number")]),
        ([{"name": "a", "p": None}], [("#/0/p", "must be a number")]),
        ([{"name": "a", "p": True}], [("#/0/p", "must be a number")]),
        ([{"name": "a", "p": float("nan")}], [("#/0/p", "must be a number")]),
        ([{"name": "a", "p": 10**400}], [("#/0/p", "must be a number")]),
    ],
)
def test_json_that_is_not_a_plan_has_faults_with_their_places(plan: Any, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidPayload) as error:
        decode_plan(json.dumps(plan).encode())
    assert list(error.value.faults) == faults


def test_a_body_that_is_not_json_is_not_a_plan() -> None:
    with pytest.raises(MalformedPayload, match="a list of objects with name and p"):
        decode_plan(b"")


# --- The cheapest plan -----------------------------------------------------------------------------------------------


def least_cost_of(instance: Instance) -> int:
    cost = claim_of(instance.units, instance.load).cost
    assert cost is not None
    return cost


@given(payloads(max_plants=4, largest=15))
def test_the_least_cost_agrees_with_an_oracle_whether_solved_or_proven(payload: dict[str, Any]) -> None:
    instance = instance_of(payload)
    assume(instance.on_grid)
    expected = brute_force(expected_units(payload), instance.load)
    if instance.task.load < 0:  # the plants that must run give more than the load
        assert expected is None
        assert least_cost(instance, Options(), Workers(0)) is None
        return
    claim = claim_of(*instance.task)
    if claim.cost is not None:
        claim = claim._replace(cost=claim.cost + instance.base_cost)
    assert claim.cost == expected
    if expected is None:
        assert proves_that_no_plan_exists(instance, claim, LONG)
        return
    assert least_cost(instance, Options(), Workers(0)) == LeastCost(expected, is_met=True)
    assert proven_cost(instance, claim, None, LONG) == expected
    assert proven_cost(instance, claim, expected, LONG) == expected
    assert proven_cost(instance, claim, expected + 1, LONG) == expected
    assert proven_cost(instance, claim._replace(cost=expected + 1), None, LONG) is None
    assert not proves_that_no_plan_exists(instance, claim, LONG)


def test_when_the_time_is_over_only_a_bound_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powerplant.planning.solve_and_check", lambda *_: GaveUp(None, None, 7))
    assert least_cost(instance_of(PAYLOAD), Options(), Workers(0)) == LeastCost(7, is_met=False)


def test_a_proof_that_can_only_be_computed_again_proves_nothing() -> None:
    instance = instance_of(PAYLOAD)
    cost = least_cost_of(instance)
    assert proven_cost(instance, Claim(cost, Proof("core programme", (Recomputed(),))), cost, LONG) is None


def test_a_weaker_claim_proves_a_lower_bound() -> None:
    instance = instance_of(PAYLOAD)
    cost = least_cost_of(instance)
    weaker = Claim(0, Proof("merit order", (Bound(0),)))
    assert proven_cost(instance, weaker, cost, LONG) == 0


def test_a_load_off_the_grid_needs_no_proof() -> None:
    nothing = Claim(None, Proof("search", ()))
    assert proves_that_no_plan_exists(instance_of(PAYLOAD | {"load": 480.05}), nothing, LONG)
    assert not proves_that_no_plan_exists(instance_of(PAYLOAD), nothing, LONG)


def test_the_check_of_any_proof_ends_with_its_time_limit() -> None:
    """Counting in single tenths takes a table of a million entries for each plant."""
    plants = [{"name": f"g{i}", "type": "gasfired", "efficiency": 0.5, "pmin": 1e5, "pmax": 1e6} for i in range(8)]
    instance = instance_of(PAYLOAD | {"load": 5e5, "powerplants": plants})
    proof = Proof("counting", (CountSplit(1, 0), Empty("outputs"), Empty("outputs")))
    start = perf_counter()
    with pytest.raises(NotCheckedInTime, match=r"was not checked within 0\.1 s"):
        proven_cost(instance, Claim(1, proof), None, 0.1)
    with pytest.raises(NotCheckedInTime):
        proves_that_no_plan_exists(instance, Claim(None, proof), 0.1)
    assert perf_counter() - start < 5  # on a busy machine
