"""Lines of a batch that are horizons: each is answered as if it came alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, FUELS, hour, ndjson, parsed
from click.testing import CliRunner

pytest.importorskip("highspy")

import powerplant
from powerplant.batch.planner import Rules, plan_chunk
from powerplant.batch.reading import read_chunks
from powerplant.cli import main
from powerplant.planning import Options

RULES = Rules(Options(), max_plants=100, max_line=100_000)
STARTING = [{**FLEET[0], "start_cost": 900, "min_up_time": 3}, *FLEET[1:]]
LOADS = [300, 420, 180, 400]


def scenario(gas: float, **members: Any) -> dict[str, Any]:
    return {"load": LOADS, "fuels": FUELS | {"gas(euro/MWh)": gas}, **members}


def answers(*contents: Any) -> list[dict[str, Any]]:
    (chunk,) = read_chunks(io.BytesIO(ndjson(contents)), RULES.max_line, None)
    return parsed(plan_chunk(chunk, RULES, patience=60).answers)


def alone(payload: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = powerplant.plan_horizon(payload, threads=1, time_limit=5).to_dict()
    return members


def test_a_line_that_is_a_horizon_has_its_answer() -> None:
    payload = scenario(20.0, powerplants=STARTING)
    (answer,) = answers(payload)
    assert answer == {"line": 1, **alone(payload)}


def test_horizons_and_hours_share_a_fleet() -> None:
    first, second = answers({"powerplants": STARTING}, scenario(20.0), hour(480))
    assert first == {"line": 2, **alone(scenario(20.0, powerplants=STARTING))}
    assert second["plan"][0]["name"] == "wind"


def test_a_horizon_without_a_plan_is_a_problem_of_its_line_and_is_counted() -> None:
    contents = [{"powerplants": STARTING}, scenario(20.0) | {"load": [300, 5000, 300, 300]}]
    (chunk,) = read_chunks(io.BytesIO(ndjson(contents)), RULES.max_line, None)
    answered = plan_chunk(chunk, RULES, patience=60)
    (answer,) = parsed(answered.answers)
    assert answer["problem"]["type"] == "/problems/infeasible-horizon"
    assert [period["period"] for period in answer["problem"]["periods"]] == [2]
    assert answered.tally.reasons == {"infeasible_horizon": 1}


def test_a_faulty_horizon_names_its_faults() -> None:
    (answer,) = answers(scenario(20.0, powerplants=STARTING) | {"relative_gap": 3})
    assert [fault["pointer"] for fault in answer["problem"]["errors"]] == ["#/relative_gap"]


def test_a_batch_of_scenarios_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """An interrupted run can then be resumed."""
    source = tmp_path / "in.jsonl"
    source.write_bytes(ndjson([{"powerplants": STARTING}, *(scenario(10.0 + k) for k in range(6))]))
    outputs = []
    for name, workers in (("one", "1"), ("two", "2")):
        run = CliRunner().invoke(main, ["batch", str(source), str(tmp_path / name), "--workers", workers])
        assert run.exit_code == 0, run.output
        outputs.append((tmp_path / name).read_bytes())
    assert outputs[0] == outputs[1]
    assert [json.loads(line)["line"] for line in outputs[0].splitlines()] == [2, 3, 4, 5, 6, 7]
