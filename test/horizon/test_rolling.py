"""Long horizons that are planned in windows: the joined plan breaks no rule of the whole horizon."""

from __future__ import annotations

import csv
import json
from decimal import ROUND_FLOOR
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from benchmarks.horizon.desks import Size, desk
from benchmarks.horizon.rolled import write_tables
from horizon.comparing import setting
from horizon.days import day, without_a_plan
from horizon.rules import broken_rules
from powerplant import cli
from powerplant.errors import InfeasibleHorizon, InvalidPayload
from powerplant.formulation import GRIDS
from powerplant.horizon.amounts import cents
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import schedule_of
from powerplant.horizon.rolling import NoWindow, Rolling
from powerplant.planning import Options

pytest.importorskip("highspy", reason="the extra horizon brings it")

LIMIT = 60.0


def run(*arguments: str) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(cli.main, list(arguments), prog_name="powerplant")
    assert isinstance(result, Result)
    return result


def rolling(payload: dict[str, Any], keep: int, ahead: int, *, co2: bool = True, step: str = "1") -> Rolling:
    horizon = decode(json.dumps(payload).encode(), co2=co2, max_plants=100, max_cells=100_000)
    return Rolling(horizon, Options(co2, time_limit=LIMIT, grid=GRIDS[step]), keep, ahead, threads=1)


def rolled(payload: dict[str, Any], keep: int, ahead: int, *, co2: bool = True, step: str = "1") -> dict[str, Any]:
    """The joined plan in the form of an answer."""
    windows = rolling(payload, keep, ahead, co2=co2, step=step)
    for _ in windows.windows():
        pass
    instance, plan, cost = windows.schedule()
    total, bound = cents(cost), cents(cost, ROUND_FLOOR)
    figures = {"status": "within_gap", "cost": total, "lower_bound": bound, "gap": round(total - bound, 2)}
    return {**figures, "relative_gap": 0, **schedule_of(instance, plan)}


@pytest.mark.slow
def test_two_weeks_of_a_desk_break_no_rule() -> None:
    payload = desk(1, Size(6, 24 * 14, 60)) | {"relative_gap": 0.02}
    answer = rolled(payload, 24, 12, step="0.1")
    assert broken_rules(payload, answer, steps=10) == []


@pytest.mark.parametrize(("keep", "ahead"), [(12, 0), (5, 6), (2, 3), (1, 0)])
def test_a_day_in_windows_of_any_length_breaks_no_rule(keep: int, ahead: int) -> None:
    assert broken_rules(day(), rolled(day(), keep, ahead)) == []


def test_random_horizons_with_every_member_in_windows_break_no_rule() -> None:
    planned = 0
    for seed in range(60):
        payload, co2, steps = setting(seed, large=seed % 2 == 0, more=True)
        try:
            answer = rolled(payload, 1 + seed % 3, seed // 3 % 4, co2=co2, step={1: "1", 10: "0.1"}[steps])
        except (InvalidPayload, InfeasibleHorizon, NoWindow):
            continue
        assert broken_rules(payload, answer, co2=co2, steps=steps) == [], seed
        planned += 1
    assert planned > 20


def test_one_window_is_the_plan_at_once() -> None:
    assert rolled(day(), 12, 0)["cost"] == rolled(day(), 4, 8)["cost"]


GAS = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": 100}
FUELS = {"gas(euro/MWh)": 30, "co2(euro/ton)": 70}
STORAGE = {"name": "s", "charge_max": 10, "discharge_max": 10, "energy_max": 40, "discharge_efficiency": 0.9}


@pytest.mark.parametrize(
    ("initial", "final"), [(20, None), (0, {"min": 30}), (30, {"min": 3}), (7, {"value(euro/MWh)": 1})]
)
def test_a_storage_holds_at_the_end_what_it_must(initial: float, final: dict[str, float] | None) -> None:
    storage = STORAGE | {"initial": initial, "final": final}
    payload = {"load": [50, 60] * 12, "fuels": FUELS, "powerplants": [GAS], "storages": [storage]}
    assert broken_rules(payload, rolled(payload, 5, 2)) == []


def test_a_plant_whose_rest_reaches_from_window_to_window_pays_for_a_long_one() -> None:
    peaker = {"name": "peaker", "type": "gasfired", "efficiency": 0.4, "pmin": 10, "pmax": 50, "min_down_time": 3}
    peaker |= {"start_costs": [{"after": 0, "cost": 10}, {"after": 7, "cost": 900}], "initial": {"on": True, "p": 10}}
    payload = {"load": [120, 90, 90, 90, 90, 90, 90, 90, 90, 130], "fuels": FUELS, "powerplants": [GAS, peaker]}
    answer = rolled(payload, 3, 0)
    assert broken_rules(payload, answer) == []
    assert next(plan["on"] for plan in answer["plan"] if plan["name"] == "peaker")[-1] == 1


def test_an_outage_that_goes_on_in_the_next_window_counts_from_its_beginning() -> None:
    forced = GAS | {"name": "forced", "must_run": True, "min_down_time": 5, "pmin": 20}
    forced["available"] = [True, True, False, False, False, True, True, True, True, True]
    payload = {"load": [90] * 10, "fuels": FUELS, "powerplants": [GAS, forced]}
    answer = rolled(payload, 3, 2)
    assert broken_rules(payload, answer) == []
    assert next(plan["on"] for plan in answer["plan"] if plan["name"] == "forced") == [1, 1, 0, 0, 0, 0, 0, 1, 1, 1]


def test_a_plant_does_not_stop_where_its_reserve_was_counted_on() -> None:
    slow = GAS | {"name": "slow", "pmin": 10, "shutdown_limit": 15, "no_load_cost(euro/h)": 900}
    payload = {"load": [110, 20, 20, 20], "fuels": FUELS, "powerplants": [GAS, slow], "reserve": {"up": [70, 0, 0, 0]}}
    assert broken_rules(payload, rolled(payload, 1, 0)) == []


# --- The command -----------------------------------------------------------------------------------------------------


def test_tables_are_rolled_to_a_table_that_balances_each_hour(tmp_path: Path) -> None:
    hours, fleet = write_tables(tmp_path, 2)
    plan = tmp_path / "plan.csv"
    windows = ("--roll", "24", "--look-ahead", "12", "--gap", "0.02", "--time-limit", "60")
    result = run("horizon", *windows, "--hours", str(hours), "--fleet", str(fleet), str(plan))
    assert result.exit_code == 0
    assert "48 periods in 2 windows" in result.stderr
    rows = [*csv.DictReader(plan.read_text(encoding="utf-8").splitlines())]
    assert [row["start"][:13] for row in (rows[0], rows[-1])] == ["2026-01-06T00", "2026-01-07T23"]
    for row in rows:
        outputs = sum(float(value) for name, value in row.items() if name.startswith("p[")) + float(row["lost_load"])
        assert outputs == pytest.approx(float(row["load"]))


def test_a_rolled_payload_as_json_passes_the_check(tmp_path: Path) -> None:
    payload, plan = tmp_path / "day.json", tmp_path / "plan.json"
    payload.write_text(json.dumps(day()), encoding="utf-8")
    result = run("horizon", "--roll", "5", "--look-ahead", "6", "--step", "1", str(payload), str(plan))
    assert result.exit_code == 0
    assert json.loads(plan.read_text(encoding="utf-8"))["status"] == "rolled"
    check = run("check", str(payload), str(plan), "--step", "1")
    assert "The plan is correct: it breaks no rule in any period" in check.stdout


@pytest.mark.parametrize("name", ["plan.csv", "plan.json"])
def test_a_window_without_a_plan_is_named_and_what_is_planned_is_kept(tmp_path: Path, name: str) -> None:
    payload = without_a_plan() | {"load": [100, 110, 120, 100, 260, 100], "start": "2026-01-06T00:00+01:00"}
    given, plan = tmp_path / "day.json", tmp_path / name
    given.write_text(json.dumps(payload), encoding="utf-8")
    result = run("horizon", "--roll", "2", "--look-ahead", "1", str(given), str(plan))
    assert result.exit_code == 1
    assert (
        "The window of periods 3 to 5 (2026-01-06T02:00:00+01:00 to 2026-01-06T04:00:00+01:00) has no plan: "
        "No plan meets all periods: at least 60 MWh of load are not met. 1 period has no plan. In period 5, 60 MW "
        "of the load cannot be met. The 2 periods before it are written."
    ) in result.stderr
    text = plan.read_text(encoding="utf-8")
    written = json.loads(text)["plan"][0]["p"] if name == "plan.json" else [*csv.DictReader(text.splitlines())]
    assert len(written) == 2
