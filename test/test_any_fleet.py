"""Plants with any fuel, any profile, further costs, outages and must-run plants, on any grid."""

from __future__ import annotations

import json
from typing import Any

import pytest
from any_fleet import STEPS, faults, random_payload
from flask.testing import FlaskClient
from oracles import expected_units, load_in_steps

from powerplant.auditing import audit, decode_plan, proven_cost, proves_that_no_plan_exists
from powerplant.decoding import decode, decode_json, ignored_in
from powerplant.errors import InfeasibleLoad, InvalidPayload
from powerplant.formulation import GRIDS, formulate
from powerplant.merit_order import Proof
from powerplant.models import ProductionPlanRequest, Report
from powerplant.planning import Options, Solved, present, solve_request
from powerplant.proofs import Claim
from powerplant.reporting import report_production
from powerplant.workers import Workers

FUELS = {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
NUCLEAR: dict[str, Any] = {
    "name": "nuclear",
    "type": "nuclear",
    "cost(euro/MWh)": 8,
    "pmin": 300,
    "pmax": 600,
    "must_run": True,
}
COAL: dict[str, Any] = {"name": "coal", "type": "coal", "fuel": "coal", "efficiency": 0.4, "pmin": 100, "pmax": 300}
SUN = {"name": "sun", "type": "solar", "profile": "sun", "pmax": 200}
GAS: dict[str, Any] = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": 400}
WIND = {"name": "wind", "type": "windturbine", "pmax": 100}


def payload(load: float, *plants: dict[str, Any], **fuels: Any) -> dict[str, Any]:
    more = {"coal(euro/MWh)": 10, "sun(%)": 33.3} | fuels
    return {"load": load, "fuels": FUELS | more, "powerplants": list(plants)}


def outputs(content: dict[str, Any], step: str = "0.1", **options: Any) -> dict[str, float]:
    request = decode_json(content, co2=True, max_plants=100)
    return dict(present(solve_request(request, Options(grid=GRIDS[step], **options), Workers(0))).outputs)


def report(content: dict[str, Any], step: str = "0.1") -> Report:
    request = decode_json(content, co2=True, max_plants=100)
    body = json.dumps(content).encode()
    return report_production(request, Options(grid=GRIDS[step]), Workers(0), ignored_in(body))


def solved_or_refused(request: ProductionPlanRequest, step: str) -> Solved | InfeasibleLoad:
    try:
        return solve_request(request, Options(grid=GRIDS[step]), Workers(0))
    except InfeasibleLoad as error:
        return error


def reasons(content: dict[str, Any]) -> dict[str, str]:
    return {plant.name: plant.reason for plant in report(content).powerplants}


def faults_of(content: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPayload) as caught:
        decode(json.dumps(content).encode(), co2=True, max_plants=100)
    return [(fault.pointer, fault.detail) for fault in caught.value.faults]


@pytest.mark.parametrize("block", range(10))
def test_no_plan_of_500_random_fleets_is_cheaper_and_each_refusal_is_right(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        content, step = random_payload(seed)
        assert [*faults(content, step, co2=bool(seed % 3))] == [], f"seed {seed}"


@pytest.mark.parametrize("seed", range(0, 300, 3))
def test_proofs_and_audits_hold_for_random_fleets(seed: int) -> None:
    content, step = random_payload(seed)
    request = decode_json(content, co2=True, max_plants=100)
    instance = formulate(request, co2=True, grid=GRIDS[step])
    solved = solved_or_refused(request, step)
    if isinstance(solved, InfeasibleLoad):
        proof = solved.proof
        assert not isinstance(proof, Proof) or proves_that_no_plan_exists(instance, Claim(None, proof), 10)
        return
    cost, proof = solved.solution.cost, solved.solution.proof
    plan = decode_plan(json.dumps([{"name": name, "p": p} for name, p in present(solved).outputs]).encode())
    assert audit(request, instance, plan) == ([], cost)
    if proof.certified:
        assert proven_cost(instance, Claim(cost, proof), cost, 10) == cost
        assert proven_cost(instance, Claim(cost + 1, proof), None, 10) in {None, cost + 1}


@pytest.mark.parametrize("seed", range(0, 200, 4))
def test_the_report_on_a_random_fleet_adds_up(seed: int) -> None:
    content, step = random_payload(seed)
    try:
        explained = report(content, step)
    except InfeasibleLoad:
        return
    units = {unit.name: unit for unit in expected_units(content, True, STEPS[step])}
    cost = explained.cost
    assert cost.fuel + cost.co2 + cost.other == pytest.approx(cost.total, abs=1e-6)
    assert sum(plant.cost for plant in explained.powerplants) == pytest.approx(cost.total, abs=1e-6)
    emitted = sum(plant.co2_emitted_tonnes for plant in explained.powerplants)
    assert emitted == pytest.approx(explained.co2_emitted_tonnes)
    assert cost.co2 == pytest.approx(explained.co2_tonnes * content["fuels"]["co2(euro/ton)"])
    assert sum(plant.p for plant in explained.powerplants) == pytest.approx(float(load_in_steps(content, 1)))
    for plant in explained.powerplants:
        unit = units[plant.name]
        assert (plant.pmin, plant.pmax) == (unit.min_output / STEPS[step], unit.max_output / STEPS[step])
        assert plant.marginal_cost.total == pytest.approx(unit.marginal_cost / 1e9)
        assert ("it must run" in plant.reason) <= unit.must_run
        assert plant.reason.endswith(".")


def test_a_plant_that_must_run_runs_though_others_are_cheaper() -> None:
    assert outputs(payload(400, NUCLEAR | {"cost(euro/MWh)": 90}, GAS)) == {"gas": 100, "nuclear": 300}


def test_below_the_minimum_of_the_plants_that_must_run_there_is_no_plan() -> None:
    with pytest.raises(InfeasibleLoad) as caught:
        outputs(payload(299.9, NUCLEAR, GAS))
    assert (caught.value.reason, caught.value.nearest_below, caught.value.nearest_above) == (
        "below_must_run",
        None,
        300,
    )
    assert str(caught.value) == (
        "A load of 299.9 MW is below what the power plants that must run produce at least. "
        "The nearest load with a plan is 300.0 MW."
    )


@pytest.mark.parametrize("outage", [{"available": False}, {"pmin": 0.02, "pmax": 0.03}])
def test_an_outage_comes_before_must_run(outage: dict[str, Any]) -> None:
    assert outputs(payload(50, NUCLEAR | outage, GAS))["nuclear"] == 0


def test_a_curtailable_plant_gives_what_fits_and_a_fixed_one_all_or_nothing() -> None:
    assert outputs(payload(50.5, SUN, GAS | {"pmax": 0})) == {"sun": 50.5, "gas": 0}
    fixed = payload(50.5, SUN | {"curtailable": False}, GAS)
    assert outputs(fixed) == {"sun": 0, "gas": 50.5}
    assert outputs(payload(50.5, WIND | {"curtailable": True}, GAS)) == {"wind": 50.5, "gas": 0}


def test_the_profile_is_rounded_down_to_the_step() -> None:
    assert outputs(payload(66.6, SUN), "0.1") == {"sun": 66.6}
    assert outputs(payload(66.599, SUN, **{"sun(%)": 33.2999}), "0.001") == {"sun": 66.599}
    with pytest.raises(InfeasibleLoad):
        outputs(payload(66.6, SUN, **{"sun(%)": 33.2999}))


@pytest.mark.parametrize(
    ("load", "step", "planned"),
    [
        (100.05, "0.1", 100.0),
        (100.15, "0.1", 100.2),
        (100.051, "0.1", 100.1),
        (100.5, "1", 100.0),
        (0.0004, "0.001", 0.0),
    ],
)
def test_a_load_can_be_rounded_to_the_step_half_to_even(load: float, step: str, planned: float) -> None:
    assert outputs(payload(load, GAS), step, round_load=True) == {"gas": planned}


def test_outputs_are_multiples_of_the_step(client: FlaskClient) -> None:
    content = payload(480.123, GAS, COAL)
    assert client.post("/productionplan", json=content).status_code == 422
    response = client.post("/productionplan?step=0.001", json=content)
    assert response.status_code == 200
    assert sum(round(1000 * output["p"]) for output in response.json or ()) == 480_123
    assert "Plan-Load" not in response.headers
    response = client.post("/productionplan?round_load=true", json=content)
    assert response.headers["Plan-Load"] == "480.1"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("step=0.5", "The parameter step must be given once, as 1, 0.1, 0.01 or 0.001 (MW)."),
        ("step=0.1&step=0.1", "The parameter step must be given once, as 1, 0.1, 0.01 or 0.001 (MW)."),
        ("round_load=yes", "The parameter round_load must be given once, as true or false."),
        ("Step=1", "The parameter Step must be written in small letters, as step."),
    ],
)
def test_a_wrong_parameter_is_a_fault(client: FlaskClient, query: str, words: str) -> None:
    response = client.post(f"/productionplan?{query}", json=payload(100, GAS))
    assert (response.status_code, (response.json or {})["detail"]) == (422, words)


def test_a_load_has_at_most_ten_million_steps(client: FlaskClient) -> None:
    response = client.post("/productionplan?step=0.001", json=payload(10_000.001, GAS))
    assert (response.json or {})["errors"] == [
        {"pointer": "#/load", "detail": "must be at most 10000 MW with a step of 0.001 MW"}
    ]


def test_a_batch_says_which_load_it_planned_for(client: FlaskClient) -> None:
    lines = [json.dumps(payload(load, GAS, COAL, NUCLEAR)) for load in (480.04, 20)]
    answers = client.post("/productionplan/batch?round_load=true", data="\n".join(lines)).text.splitlines()
    planned, refused = map(json.loads, answers)
    assert planned["load"] == 480.0
    assert (refused["problem"]["reason"], refused["problem"]["nearest_below"]) == ("below_must_run", None)


def test_a_shared_fleet_may_have_any_plant(client: FlaskClient) -> None:
    hours = [{"load": load, "fuels": payload(0)["fuels"]} for load in (400, 500)]
    lines = [{"powerplants": [NUCLEAR, COAL, SUN, GAS]}, *hours, {"load": 400, "fuels": FUELS}]
    answers = client.post("/productionplan/batch", data="\n".join(map(json.dumps, lines))).text.splitlines()
    first, second, refused = map(json.loads, answers)
    alone = outputs(payload(400, NUCLEAR, COAL, SUN, GAS))
    assert {output["name"]: output["p"] for output in first["plan"]} == alone
    assert second["plan"] != first["plan"]
    assert [fault["pointer"] for fault in refused["problem"]["errors"]] == [
        "#/fuels/coal(euro~1MWh)",
        "#/fuels/sun(%25)",
    ]


# --- Faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plant", "fuels", "expected"),
    [
        (COAL, {"coal(euro/MWh)": None}, ("#/fuels/coal(euro~1MWh)", "is missing, and coal power plants need it")),
        (COAL, {"coal(euro/MWh)": "10"}, ("#/fuels/coal(euro~1MWh)", "must be a number, without quotes")),
        (COAL, {"coal(euro/MWh)": True}, ("#/fuels/coal(euro~1MWh)", "must be a number")),
        (COAL, {"coal(euro/MWh)": 10**400}, ("#/fuels/coal(euro~1MWh)", "must be at most 1000000 euro")),
        (SUN, {"sun(%)": 101}, ("#/fuels/sun(%25)", "must be at most 100")),
        (SUN, {"sun(%)": None}, ("#/fuels/sun(%25)", "is missing, and solar power plants need it")),
        (COAL | {"efficiency": None}, {}, ("#/powerplants/0/efficiency", "is missing, and the plant burns coal")),
        (COAL | {"pmin": None}, {}, ("#/powerplants/0/pmin", "is missing, and the plant has no profile")),
        (COAL | {"co2(ton/MWh)": -0.1}, {}, ("#/powerplants/0/co2(ton~1MWh)", "must be at least 0")),
        (COAL | {"available": "no"}, {}, ("#/powerplants/0/available", "must be true or false")),
        (WIND | {"curtailable": "no"}, {}, ("#/powerplants/0/curtailable", "must be true or false")),
        (WIND | {"curtailable": True, "pmin": 101}, {}, ("#/powerplants/0/pmin", "must not be above pmax")),
        (COAL | {"fuel": "a(b)"}, {}, ("#/powerplants/0/fuel", "must not be blank, and have no parentheses")),
        (COAL | {"type": "Gasfired"}, {}, ("#/powerplants/0/type", "did you mean gasfired?")),
        (COAL | {"type": "wind turbine"}, {}, ("#/powerplants/0/type", "did you mean windturbine?")),
        (COAL | {"fuel": None}, {}, ("#/powerplants/0/type", "or the plant needs a fuel, a profile or cost(euro/MWh)")),
        (GAS | {"fuel": "biogas"}, {}, ("#/fuels/biogas(euro~1MWh)", "is missing, and gasfired power plants need it")),
    ],
)
def test_each_fault_has_its_place_and_its_message(
    plant: dict[str, Any], fuels: dict[str, Any], expected: tuple[str, str]
) -> None:
    ((place, words),) = faults_of(payload(100, plant, **fuels))
    assert place == expected[0]
    assert words.endswith(expected[1])


def test_a_gas_fired_plant_that_emits_nothing_needs_no_price_of_co2() -> None:
    content = payload(100, GAS | {"co2(ton/MWh)": 0}, **{"co2(euro/ton)": None})
    assert outputs(content) == {"gas": 100}


def test_prices_that_no_plant_uses_are_not_looked_at() -> None:
    assert outputs(payload(100, GAS, **{"coal(euro/MWh)": "dear", "sun(%)": []})) == {"gas": 100}


# --- The report ------------------------------------------------------------------------------------------------------


def test_reasons_name_outages_plants_that_must_run_and_curtailed_ones() -> None:
    spare = GAS | {"name": "spare", "available": False}
    found = reasons(payload(340, NUCLEAR, SUN | {"pmin": 10}, spare))
    assert found["nuclear"] == "At its minimum: it must run."
    assert found["spare"] == "Off: it is not available."
    assert found["sun"].startswith("Curtailed to 40.0 of 66.6 MW: ")
    dark = reasons(payload(340, NUCLEAR, SUN, GAS, **{"sun(%)": 0}))
    assert dark["sun"] == "Off: its profile sun leaves nothing."
    low = reasons(payload(340, NUCLEAR, SUN | {"pmin": 10}, GAS, **{"sun(%)": 1}))
    assert low["sun"] == "Off: its profile sun leaves less than its pmin of 10.0 MW."


def test_emitted_and_charged_co2_of_any_plant() -> None:
    content = payload(200, COAL | {"co2(ton/MWh)": 0.9})
    assert (report(content).co2_emitted_tonnes, report(content).co2_tonnes) == (180.0, 180.0)
    request = decode_json(content, co2=False, max_plants=100)
    free = report_production(request, Options(co2=False), Workers(0))
    assert (free.co2_emitted_tonnes, free.co2_tonnes) == (180.0, 0.0)


def test_what_can_never_run_is_named() -> None:
    never = report(payload(10, GAS, GAS | {"name": "tiny", "pmin": 0.02, "pmax": 0.05})).never_runs
    assert [plant.name for plant in never] == ["tiny"]
    limits = "its pmin of 0.02 MW and its pmax of 0.05 MW"
    assert never[0].reason == f"It can never run, since no multiple of 0.1 MW above 0 is between {limits}."


def test_a_plant_that_does_not_say_its_co2_is_in_the_notes() -> None:
    assert report(payload(200, COAL, GAS)).notes == [
        "coal burns coal, and the payload does not say how much CO2 that emits: none is counted."
    ]
    assert report(payload(200, COAL | {"co2(ton/MWh)": 0}, GAS)).notes == []


def test_what_is_ignored_is_named() -> None:
    plant = GAS | {"min_up_time": 3, "Pmin": 4, "colour": "red"}
    found = report(payload(10, plant, **{"wimd(%)": 3, "note": 1}) | {"start": "2026-01-01T00:00Z"}).ignored
    assert [(part.pointer, part.detail) for part in found] == [
        ("#/start", "is ignored: it has no meaning for a single hour"),
        ("#/fuels/note", "is ignored: it is not a known key"),
        ("#/powerplants/0/min_up_time", "is ignored: it has no meaning for a single hour"),
        ("#/powerplants/0/Pmin", "is ignored: it is not a known key; did you mean pmin?"),
        ("#/powerplants/0/colour", "is ignored: it is not a known key"),
    ]


# --- Hours of a shared fleet that change members of plants -----------------------------------------------------------


def answers_of(client: FlaskClient, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    response = client.post("/productionplan/batch", data="\n".join(map(json.dumps, lines)))
    return [json.loads(line) for line in response.text.splitlines()]


def test_an_hour_may_change_members_of_plants(client: FlaskClient) -> None:
    hour = {"load": 350, "fuels": payload(0)["fuels"]}
    change: dict[str, dict[str, Any]] = {
        "gas": {"pmax": 30},
        "coal": {"available": False},
        "nuclear": {"must_run": False, "pmin": 0},
    }
    before, changed, after = answers_of(
        client, {"powerplants": [NUCLEAR, COAL, GAS]}, hour, hour | {"plants": change}, hour
    )
    assert before["plan"] == after["plan"]
    planned = {output["name"]: output["p"] for output in changed["plan"]}
    assert planned == outputs(payload(350, *(plant | change[plant["name"]] for plant in (NUCLEAR, COAL, GAS))))


def test_a_change_may_need_another_fuel(client: FlaskClient) -> None:
    hour = {"load": 100, "fuels": payload(0)["fuels"] | {"oil(euro/MWh)": 1}}
    fleet = {"powerplants": [GAS | {"name": "big", "pmax": 900}, COAL]}
    (planned,) = answers_of(client, fleet, hour | {"plants": {"coal": {"fuel": "oil"}}})
    assert planned["plan"][0] == {"name": "coal", "p": 100.0}
    (refused,) = answers_of(client, fleet, hour | {"plants": {"coal": {"fuel": "peat"}}})
    assert refused["problem"]["errors"][0]["pointer"] == "#/fuels/peat(euro~1MWh)"


def test_the_faults_of_a_change_are_listed_with_those_of_the_hour(client: FlaskClient) -> None:
    change = {"gas": {"pmax": -1}, "cola": {"pmax": 1}, "coal": 7, "nuclear": {"name": "other"}}
    (refused,) = answers_of(
        client, {"powerplants": [NUCLEAR, COAL, GAS]}, {"load": "1", "fuels": FUELS, "plants": change}
    )
    assert [(fault["pointer"], fault["detail"]) for fault in refused["problem"]["errors"]] == [
        ("#/load", "must be a number, without quotes"),
        ("#/fuels/coal(euro~1MWh)", "is missing, and coal power plants need it"),
        ("#/plants/gas/pmax", "must be at least 0"),
        ("#/plants/cola", "the fleet has no power plant of this name; did you mean coal?"),
        ("#/plants/coal", "must be an object with members of the power plant"),
        ("#/plants/nuclear/name", "must not change"),
    ]
