"""Payloads from files of pglib-uc and UnitCommitment.jl: both readings give the same cost and the same verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from benchmarks.horizon import convert as converter
from benchmarks.horizon.convert import convert, step_for
from benchmarks.horizon.kazarlis import kazarlis
from benchmarks.horizon.originals import Original, files_in, name_of, read_original
from horizon.originals import random_pglib, random_unit_commitment
from powerplant import InfeasibleHorizon

RANDOM = [random_pglib, random_unit_commitment]


@pytest.mark.parametrize("make", RANDOM)
@pytest.mark.parametrize("seeds", [range(8), range(8, 16)], ids=str)
def test_plans_good_and_bad_cost_the_same_and_are_judged_alike(make: Callable[[int], Original], seeds: range) -> None:
    pytest.importorskip("highspy", reason="the engine needs HiGHS")
    from benchmarks.horizon.checking import check

    judged, broken = 0, 0
    for seed in seeds:
        try:
            found, bad = check(make(seed), 10.0, 20, seed)
        except InfeasibleHorizon:
            continue
        assert found == [], f"seed {seed}"
        judged, broken = judged + 20, broken + bad
    assert judged / 4 < broken < judged


def test_a_plan_for_the_units_of_kazarlis_costs_what_their_file_says() -> None:
    pytest.importorskip("highspy", reason="the engine needs HiGHS")
    from benchmarks.horizon.checking import check

    found, broken = check(kazarlis(10), 10.0, 20)
    assert found == []
    assert 0 < broken < 20


def test_the_best_plan_of_kazarlis_costs_what_is_known() -> None:
    """563 937.7 with quadratic costs; the pieces lie a little above."""
    pytest.importorskip("highspy", reason="the engine needs HiGHS")
    import powerplant

    converted = convert(kazarlis(10))
    plan = powerplant.plan_horizon(converted.payload, step=converted.step, time_limit=60, gap=0)
    assert plan.status == "within_gap"
    assert 563937.7 < plan.cost < 563950


def test_the_coarsest_step_that_all_loads_lie_on_is_taken() -> None:
    assert step_for([700, 750.5]) == "0.1"
    assert step_for([700, 750.25]) == "0.01"
    assert step_for([700, 750.123]) == "0.001"


def test_loads_on_no_step_are_rounded_to_the_finest_that_is_allowed() -> None:
    assert step_for([953.170832]) == "0.001"
    assert step_for([13463.199121]) == "0.01"
    original = random_unit_commitment(0)
    original["Buses"]["b1"]["Load (MW)"][:2] = [40.0625, 40.5]
    converted = convert(original)
    assert converted.payload["load"][:2] == [40.062, 40.5]
    assert 1 in converted.rounded
    assert 2 not in converted.rounded


def test_limits_that_a_file_does_not_have_are_pmax() -> None:
    original = random_unit_commitment(1)
    for unit in original["Generators"].values():
        unit.pop("Startup limit (MW)", None)
        unit.pop("Shutdown limit (MW)", None)
    for plant in convert(original).payload["powerplants"]:
        assert plant["startup_limit"] == plant["shutdown_limit"] == plant["pmax"]


def test_a_start_in_pglib_is_limited_by_the_ramp_too() -> None:
    original = kazarlis(10)
    original["thermal_generators"]["u1_1"] |= {"ramp_up_limit": 100}
    assert convert(original).payload["powerplants"][0]["startup_limit"] == 250


def test_what_a_payload_cannot_say_is_refused() -> None:
    ramped = kazarlis(10)
    ramped["thermal_generators"]["u1_1"]["ramp_down_limit"] = 100
    with pytest.raises(ValueError, match="u1_1: the ramp down"):
        convert(ramped)
    units = random_unit_commitment(0)
    units["Reserves"]["Spinning (MW)"] = 5
    units["Generators"]["g0"]["Ramp down limit (MW)"] = 20
    with pytest.raises(ValueError, match="reserve and ramp limits"):
        convert(units)
    networked = deepcopy(units)
    networked["Buses"]["b2"] = {"Load (MW)": [0]}
    with pytest.raises(ValueError, match="2 buses"):
        convert(networked)
    with pytest.raises(ValueError, match="neither"):
        convert({"load": []})


def test_the_command_writes_the_payloads_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "kaz20_pwl8_pglibformat.json").write_text(json.dumps(kazarlis(20)), "utf-8")
    (tmp_path / "in" / "other.json").write_text('{"what": "else"}', "utf-8")
    monkeypatch.setattr("sys.argv", ["convert", "--data", str(tmp_path / "in"), "--to", str(tmp_path / "out")])
    converter.main()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["kaz20.json", "steps.json"]
    assert json.loads((tmp_path / "out" / "kaz20.json").read_text("utf-8")) == convert(kazarlis(20)).payload
    assert "kaz20: 20 plants, 24 periods, step 0.1 MW, 0 loads rounded" in capsys.readouterr().out
    assert [name_of(path) for path in files_in(tmp_path / "in")] == ["kaz20"]
    assert read_original(tmp_path / "in" / "kaz20_pwl8_pglibformat.json") == kazarlis(20)
