"""The work of a batch: each line is answered as if it came alone, and counted."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from batches import FLEET, hour, ndjson, parsed, payload
from hypothesis import given
from oracles import dense_programme, expected_units
from payloads import hard_payload
from strategies import payloads

from powerplant.batch import planner
from powerplant.batch.fleets import read_fleet, read_task
from powerplant.batch.planner import THIS_THREAD, Answered, Rules, give_up, plan_chunk
from powerplant.batch.reading import Line, read_chunks
from powerplant.batch.tally import Tally
from powerplant.decoding import decode
from powerplant.errors import InfeasibleLoad
from powerplant.formulation import TENTHS, formulate
from powerplant.planning import Options, plan_production
from powerplant.rows import cents

RULES = Rules(Options(), max_plants=100, max_line=100_000)
AS_FLEET = {"powerplants": FLEET}


def plan(*contents: Any, rules: Rules = RULES, fleet: Line | None = None) -> Answered:
    """A batch in one chunk."""
    (chunk,) = read_chunks(io.BytesIO(ndjson(contents)), rules.max_line, fleet)
    return plan_chunk(chunk, rules, patience=60)


def answers(*contents: Any, rules: Rules = RULES) -> list[dict[str, Any]]:
    return parsed(plan(*contents, rules=rules).answers)


def faults(answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert answer["problem"]["type"] == "/problems/invalid-payload"
    return [(fault["pointer"], fault["detail"]) for fault in answer["problem"]["errors"]]


def alone(content: dict[str, Any], *, co2: bool = True) -> dict[str, Any]:
    """The answer to a payload that comes alone, without its number."""
    request = decode(json.dumps(content).encode(), co2=co2, max_plants=100)
    try:
        plan = plan_production(request, Options(co2=co2), THIS_THREAD)
    except InfeasibleLoad as error:
        return {"reason": error.reason, "nearest": [error.nearest_below, error.nearest_above]}
    return {"plan": [{"name": name, "p": p} for name, p in plan.outputs], "cost": float(cents(plan.cost))}


def without_number(answer: dict[str, Any]) -> dict[str, Any]:
    if "problem" not in answer:
        return {"plan": answer["plan"], "cost": answer["cost"]}
    problem = answer["problem"]
    return {"reason": problem["reason"], "nearest": [problem["nearest_below"], problem["nearest_above"]]}


# --- Answers ---------------------------------------------------------------------------------------------------------


def test_a_plan_has_line_plan_and_cost() -> None:
    (answer,) = answers(payload(480))
    assert list(answer) == ["line", "plan", "cost"]
    assert (answer["line"], sum(plant["p"] for plant in answer["plan"])) == (1, 480)


@given(payloads())
def test_a_line_is_answered_as_if_it_came_alone(content: dict[str, Any]) -> None:
    expected = alone(content)
    assert without_number(answers(content)[0]) == expected
    shared = {"powerplants": content.pop("powerplants")}
    assert without_number(answers(shared, content)[0]) == expected


@given(payloads(max_plants=5))
def test_no_plan_of_a_shared_fleet_is_cheaper(content: dict[str, Any]) -> None:
    instance = formulate(decode(json.dumps(content).encode(), co2=True, max_plants=100), co2=True)
    units = expected_units(content)
    planned = plan({"powerplants": content.pop("powerplants")}, content)
    best = dense_programme(units, instance.load) if instance.on_grid else None
    assert (planned.tally.cost if planned.tally.plans else None) == (None if best is None else TENTHS.euros(best))


def test_a_line_may_have_a_fleet_of_its_own_beside_a_shared_one() -> None:
    own = hour(10) | {"powerplants": [{"name": "own", "type": "turbojet", "efficiency": 0.5, "pmin": 0, "pmax": 20}]}
    shared, other = answers(AS_FLEET, hour(480), own)
    assert {plant["name"] for plant in shared["plan"]} == {plant["name"] for plant in FLEET}
    assert other["plan"] == [{"name": "own", "p": 10.0}]


def test_co2_counts_as_the_settings_say() -> None:
    (dear,), (cheap,) = answers(payload(480)), answers(payload(480), rules=RULES._replace(options=Options(co2=False)))
    assert dear["cost"] > cheap["cost"]
    assert without_number(cheap) == alone(payload(480), co2=False)


def test_a_plan_that_is_not_proven_says_by_how_much_it_may_be_too_dear() -> None:
    quick = RULES._replace(options=Options(feasible=True, time_limit=2.0))
    (answer,) = answers(hard_payload(), rules=quick)
    assert list(answer) == ["line", "plan", "cost", "gap"]
    assert answer["gap"] > 0


# --- Problems --------------------------------------------------------------------------------------------------------


def test_a_bad_line_harms_no_other() -> None:
    contents = [payload(480), b'{"load": 480, "fuels"', b"[]", payload(480, wind=101), payload(5000), payload(480)]
    given = answers(*contents)
    assert [answer["line"] for answer in given] == [1, 2, 3, 4, 5, 6]
    kinds = [answer["problem"]["type"].rpartition("/")[2] if "problem" in answer else "plan" for answer in given]
    invalid = "invalid-payload"
    assert kinds == ["plan", "malformed-json", invalid, invalid, "infeasible-load", "plan"]


def test_a_problem_has_the_members_of_the_services_answer() -> None:
    (answer,) = answers(payload(480, wind=101))
    assert list(answer["problem"]) == ["type", "title", "status", "detail", "errors"]
    assert answer["problem"]["status"] == 422
    assert faults(answer) == [("#/fuels/wind(%25)", "must be at most 100")]


def test_broken_json_is_placed_by_its_column() -> None:
    (answer,) = answers(b'{"load": 480,, "fuels": {}}')
    assert answer["problem"]["detail"].startswith("The line is not JSON: ")
    assert " at column 14" in answer["problem"]["detail"]


def test_every_fault_of_an_hour_with_a_shared_fleet_is_listed() -> None:
    (answer,) = answers(AS_FLEET, {"load": "480", "fuels": {"gas(euro/MWh)": 1, "wind": 60, "co2(euro/ton)": 1}})
    listed = dict(faults(answer))
    assert listed["#/load"] == "must be a number, without quotes"
    assert "windturbine power plants need it; wind is not a known fuel" in listed["#/fuels/wind(%25)"]
    assert set(listed) == {"#/load", "#/fuels/wind(%25)", "#/fuels/kerosine(euro~1MWh)"}


def test_an_hour_without_any_fleet_says_that_it_is_missing() -> None:
    assert faults(answers(hour(480))[0]) == [("#/powerplants", "is missing")]


def test_a_faulty_fleet_is_answered_once_and_its_hours_say_where_it_is() -> None:
    wrong = {"powerplants": [FLEET[0] | {"pmin": 500}]}
    fleet, first, whole = answers(wrong, hour(480), payload(480))
    assert (fleet["line"], faults(fleet)) == (1, [("#/powerplants/0/pmin", "must not be above pmax")])
    assert faults(first) == [("#/powerplants", "is missing, and the fleet in line 1 is not valid")]
    assert "plan" in whole


def test_a_fleet_has_the_limits_of_a_payload() -> None:
    few = RULES._replace(max_plants=3)
    details = [faults(answer)[0][1] for answer in answers(payload(480), rules=few)]
    assert details == [faults(answer)[0][1] for answer in answers(AS_FLEET, rules=few)]
    assert details == ["must have at most 3 power plants"]


def test_a_line_that_is_too_long_is_refused() -> None:
    short = RULES._replace(max_line=200)
    first, second = answers(payload(480), b'{"load": 1}', rules=short)
    assert first["problem"]["type"] == "/problems/content-too-large"
    assert first["problem"]["detail"] == "A line may have at most 200 bytes."
    assert second["line"] == 2


def test_addresses_of_problems_have_the_prefix_of_the_service() -> None:
    (answer,) = answers(b"x", rules=RULES._replace(prefix="/desk"))
    assert answer["problem"]["type"] == "/desk/problems/malformed-json"


def test_a_bug_of_the_program_harms_one_line_and_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_some(content: bytes, *arguments: Any, **options: Any) -> Any:
        if b"481" in content:
            raise ZeroDivisionError("the inner secret")
        return planner_read(content, *arguments, **options)

    planner_read = read_task
    monkeypatch.setattr(planner, "read_task", read_some)
    planned = plan(payload(480), payload(481), payload(482))
    given = parsed(planned.answers)
    assert [list(answer)[1] for answer in given] == ["plan", "problem", "plan"]
    assert given[1]["problem"]["status"] == 500
    assert b"secret" not in planned.answers
    assert (planned.tally.plans, planned.tally.bugs) == (2, 1)
    assert [bug.line.number for bug in planned.bugs] == [2]
    assert "ZeroDivisionError: the inner secret" in planned.bugs[0].traceback


# --- Time ------------------------------------------------------------------------------------------------------------


def test_a_chunk_without_patience_comes_back_after_a_line() -> None:
    (chunk,) = read_chunks(io.BytesIO(ndjson([payload(480)] * 3)), 100_000)
    planned = plan_chunk(chunk, RULES, patience=0)
    assert (planned.done, planned.tally.plans, planned.answers.count(b"\n")) == (1, 1, 1)


def test_a_line_past_its_time_is_given_up() -> None:
    given = answers(payload(480), hard_payload(), payload(480), rules=RULES._replace(options=Options(time_limit=0.2)))
    assert [list(answer)[1] for answer in given] == ["plan", "problem", "plan"]
    assert given[1]["problem"]["type"] == "/problems/gave-up"


def test_lines_for_which_no_time_is_left_are_given_up_without_a_look() -> None:
    (chunk,) = read_chunks(io.BytesIO(ndjson([AS_FLEET, b"no JSON", hour(480)])), 100_000)
    planned = give_up(chunk, RULES)
    given = parsed(planned.answers)
    assert [(answer["line"], answer["problem"]["type"]) for answer in given] == [
        (2, "/problems/gave-up"),
        (3, "/problems/gave-up"),
    ]
    assert (planned.done, planned.tally) == (3, Tally(gave_up=2))


# --- Counting --------------------------------------------------------------------------------------------------------


def test_the_tally_is_the_sum_of_the_answers() -> None:
    contents = [payload(480), payload(300.5, gas=9.9), payload(5000), b"x", payload(480, wind=0)]
    planned = plan(*contents)
    plans = [answer for answer in parsed(planned.answers) if "plan" in answer]
    gas = sum(plant["p"] for answer in plans for plant in answer["plan"] if plant["name"].startswith("gas"))
    tally = planned.tally
    assert (tally.plans, tally.infeasible, tally.faulty, tally.problems, tally.lines) == (3, 1, 1, 2, 5)
    assert abs(tally.cost - sum(Decimal(str(answer["cost"])) for answer in plans)) < Decimal("0.02")
    assert tally.charged == tally.emitted == Decimal(str(round(gas, 1))) * Decimal("0.3")
    assert tally.slowest_line in {1, 2, 5}
    assert tally.slowest > 0


def test_co2_that_does_not_count_is_emitted_and_not_charged() -> None:
    tally = plan(payload(480), rules=RULES._replace(options=Options(co2=False))).tally
    assert tally.charged == 0
    assert tally.emitted > 0


# --- Memory ----------------------------------------------------------------------------------------------------------


def test_nothing_of_a_faulty_fleet_is_kept_but_its_problem() -> None:
    line = Line(1, json.dumps({"powerplants": [[]] * 100_000}).encode())
    shared = read_fleet(line, TENTHS, max_plants=200_000)
    assert shared.problem is not None
    assert len(shared.problem.members["errors"]) <= 100
    assert not shared.fleet.plants
    few = read_fleet(line, TENTHS, max_plants=10)
    assert few.problem is not None
    assert [fault["detail"] for fault in few.problem.members["errors"]] == ["must have at most 10 power plants"]
