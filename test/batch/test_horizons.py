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
from powerplant.batch.resuming import Checkpoint
from powerplant.cli import main
from powerplant.planning import Options

pytestmark = pytest.mark.usefixtures("keep_processes")

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


def test_the_summary_has_mean_and_quantiles_of_the_scenarios(tmp_path: Path) -> None:
    lost = {"lost_load(euro/MWh)": 500, "resolution": "PT30M"}
    scenarios = [scenario(10.0 + k, load=[300, 740 + 20 * k, 180, 400], **lost) for k in range(5)]
    source = tmp_path / "in.jsonl"
    source.write_bytes(ndjson([{"powerplants": STARTING}, *scenarios, hour(480), scenario(5.0) | {"load": [9000]}]))
    arguments = ["batch", str(source), str(tmp_path / "out"), "--summary", str(tmp_path / "totals.json")]
    run = CliRunner().invoke(main, arguments)
    assert run.exit_code == 1, run.output
    answers = [json.loads(line) for line in (tmp_path / "out").read_bytes().splitlines()][:5]
    costs = sorted(answer["cost"] for answer in answers)
    missing = sorted(sum(answer.get("lost_load", [])) / 2 for answer in answers)
    totals = json.loads((tmp_path / "totals.json").read_text(encoding="utf-8"))["scenarios"]
    for name, values in (("cost", costs), ("lost_load", missing)):
        low, high = values[0] + (values[1] - values[0]) / 5, values[3] + (values[4] - values[3]) * 4 / 5
        expected = {"mean": sum(values) / 5, "p5": low, "p95": high}
        assert totals[name] == pytest.approx(expected)
    assert missing[0] == 0 < missing[-1]
    assert totals["starts"]["mean"] > 0 < totals["co2_emitted"]["p5"]
    assert "5 horizons" in run.output
    assert f"{sum(costs) / 5:,.2f}" in run.output


def test_a_summary_without_horizons_says_nothing_of_scenarios(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(ndjson([{"powerplants": FLEET}, hour(480)]))
    arguments = ["batch", str(source), str(tmp_path / "out"), "--summary", str(tmp_path / "totals.json")]
    run = CliRunner().invoke(main, arguments)
    assert json.loads((tmp_path / "totals.json").read_text(encoding="utf-8"))["scenarios"] == {}
    assert "5 %" not in run.output


def test_a_checkpoint_keeps_the_scenarios() -> None:
    contents = [{"powerplants": STARTING}, scenario(20.0), scenario(25.0)]
    (chunk,) = read_chunks(io.BytesIO(ndjson(contents)), RULES.max_line, None)
    tally = plan_chunk(chunk, RULES, patience=60).tally
    state = Checkpoint(size=1, line=3, digest="", answers="", tally=tally)
    assert Checkpoint.model_validate_json(state.model_dump_json()).tally.spreads == tally.spreads
    assert len(tally.scenarios) == 2
