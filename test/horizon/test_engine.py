"""The engine of horizons against the oracles, and against what users of other tools complain about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from horizon import dynamic, independent
from horizon.cases import CASES, DEAR, GAS
from horizon.cases import horizon as payload
from horizon.comparing import blocks, compare, faults, plan, setting
from horizon.payloads import random_horizon
from horizon.reports import depends_on_the_window, window, wrong_figures, wrong_prices
from horizon.rules import broken_by_plants, broken_rules, cost_of
from powerplant import errors, plan_horizon

pytest.importorskip("powerplant.horizon")
pytest.importorskip("highspy", reason="the extra horizon brings it")

ROOT = Path(__file__).parents[2]


def outputs(content: dict[str, Any]) -> dict[str, list[float]]:
    """What each plant gives; the plan keeps all rules and is as cheap as it can be."""
    expected = dynamic.solve(content)
    assert list(faults(content, expected)) == []
    return {row["name"]: row["p"] for row in plan(content).to_dict()["plan"]}


def shortage(content: dict[str, Any]) -> tuple[dict[str, float], list[Mapping[str, Any]]]:
    with pytest.raises(errors.InfeasibleHorizon) as caught:
        plan(content)
    assert list(faults(content, dynamic.solve(content))) == []
    return dict(caught.value.missing), list(caught.value.periods)


@pytest.mark.parametrize("block", blocks(20, 8))
def test_500_random_horizons_have_the_plan_or_the_shortage_of_the_oracle(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        assert compare(seed)[1] == [], f"seed {seed}"


@pytest.mark.parametrize("block", blocks(20, 8))
def test_500_random_horizons_with_storages_and_a_market_have_it_too(block: int) -> None:
    for seed in range(25 * block, 25 * block + 25):
        assert compare(seed, more=True)[1] == [], f"seed {seed}"


@pytest.mark.parametrize("seed", range(0, 600, 3))
def test_a_plan_within_a_gap_is_no_dearer_than_the_gap_allows(seed: int) -> None:
    assert compare(seed, gap=0.05)[1] == []


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("block", blocks(8, 3))
def test_the_search_of_large_horizons_is_right_for_small_ones_too(
    block: int, more: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.horizon.model.SMALL", 0)
    for seed in range(25 * block, 25 * block + 25):
        assert compare(seed, gap=0.05, more=more)[1] == [], f"seed {seed}"


@pytest.mark.parametrize("threads", [1, 2])
def test_the_bound_is_not_that_of_a_model_in_which_decisions_are_fixed(threads: int) -> None:
    payload = json.loads((ROOT / "example_payloads" / "battery.json").read_text("utf-8"))
    found = plan_horizon(payload, threads=threads, gap=0.0001, time_limit=60)
    assert found.lower_bound <= 507_606.93
    assert 507_602.13 <= found.cost <= 507_606.93 + 51


@pytest.mark.slow
@pytest.mark.skipif(not independent.IS_THERE, reason="the group oracles brings OR-tools")
@pytest.mark.parametrize("seed", range(60))
def test_larger_random_horizons_have_the_plan_or_the_shortage_of_the_oracle(seed: int) -> None:
    assert compare(seed, large=True)[1] == []


@pytest.mark.parametrize("name", CASES)
def test_the_engine_solves_what_is_solved_by_hand(name: str) -> None:
    case = CASES[name]
    if case.missing is not None:
        assert sum(shortage(case.payload)[0].values()) == case.missing
        return
    assert case.gas in (None, outputs(case.payload).get("gas"))
    assert case.cost in (None, plan(case.payload).to_dict()["cost"])


# --- What users of other tools complain about ------------------------------------------------------------------------


@pytest.mark.parametrize("coupled", [{}, {"min_up_time": 2}], ids=["hours", "coupled"])
def test_a_plant_that_runs_at_0_mw_sets_the_price_of_one_step_more(coupled: dict[str, Any]) -> None:
    idle = GAS | {"pmin": 0, "must_run": True, "cost(euro/MWh)": 90} | coupled
    report = plan(payload([1, 1], idle, DEAR | {"pmax": 1})).report()
    assert [row["price"]["up"] for row in report["periods"]] == [110, 110]


@pytest.mark.parametrize(("load", "price"), [(0, 3000), (50, 20), (100, 3000), (150, 3000)])
def test_lost_load_sets_the_price_where_no_plant_can_give_more(load: float, price: float) -> None:
    report = plan(payload([load], GAS, **{"lost_load(euro/MWh)": 3000})).report()
    assert report["periods"][0]["price"]["up"] == price


@pytest.mark.parametrize(
    ("start_cost", "reserve", "reason"),
    [
        (9000, 0, "It stays on from period 2 to 3: a stop and a new start would cost 8,600.00 euro more."),
        (450, 0, "It stays on from period 2 to 3: a stop and a new start would cost 50.00 euro more."),
        (0, 10, "It stays on from period 2 to 3: else the commitment of the others cannot meet load and reserve."),
    ],
)
def test_why_a_plant_stays_on_at_its_minimum(start_cost: float, reserve: float, reason: str) -> None:
    gas = GAS | {"pmin": 20, "start_cost": start_cost, "initial": {"on": True, "p": 90}}
    cheap = DEAR | {"name": "cheap", "cost(euro/MWh)": 10, "pmax": 60, "reserve": False}
    report = plan(payload([150, 60, 60, 150], gas, cheap, reserve={"up": reserve})).report()
    reasons = next(row["reasons"] for row in report["powerplants"] if row["name"] == "gas")
    assert len(reasons) == 1
    assert reasons[0]["reason"].endswith(reason)


def test_prices_are_per_mwh_at_quarter_hours() -> None:
    report = plan(payload([50] * 4, GAS | {"min_up_time": 1}, resolution="PT15M")).report()
    assert [row["price"] for row in report["periods"]] == [{"up": 20, "down": 20, "relaxed": 20}] * 4


def test_four_quarter_hours_cost_what_an_hour_costs() -> None:
    plant = GAS | {"no_load_cost(euro/h)": 30, "ramp_up": 400}
    costs = [
        plan(payload([60] * n, plant, resolution=resolution)).to_dict()["cost"]
        for n, resolution in ((4, "PT15M"), (2, "PT30M"), (1, "PT1H"))
    ]
    assert costs == [1230.0] * 3


def test_ramps_at_quarter_hours_are_in_mw_per_hour() -> None:
    slow = GAS | {"ramp_up": 40, "ramp_down": 40, "initial": {"on": True, "p": 20}}
    assert outputs(payload([50, 50, 50, 50], slow, DEAR, resolution="PT15M"))["gas"] == [30, 40, 50, 50]


@pytest.mark.parametrize(
    ("initial", "expected"),
    [
        ({"on": False, "hours": 1}, [0, 0, 50, 50]),
        ({"on": False, "hours": 1.5}, [0, 0, 50, 50]),
        ({"on": False, "hours": 2}, [0, 50, 50, 50]),
        ({"on": False, "hours": 30}, [50, 50, 50, 50]),
        ({"on": False}, [50, 50, 50, 50]),
    ],
)
def test_a_minimum_down_time_holds_from_the_initial_state(initial: dict[str, Any], expected: list[float]) -> None:
    plant = GAS | {"min_down_time": 3, "initial": initial}
    assert outputs(payload([50] * 4, plant, DEAR))["gas"] == expected


def test_a_minimum_down_time_of_one_period_can_be_left_from_before() -> None:
    """It comes before must_run, also where nothing else couples the periods."""
    plant = GAS | {"pmin": 7, "must_run": True, "min_down_time": 1, "initial": {"on": False, "hours": 0.25}}
    assert outputs(payload([0, 8], plant))["gas"] == [0, 8]


@pytest.mark.parametrize(("hours", "expected"), [(1, [10, 10, 0, 0]), (1.5, [10, 10, 0, 0]), (2, [10, 0, 0, 0])])
def test_a_minimum_up_time_holds_from_the_initial_state(hours: float, expected: list[float]) -> None:
    plant = DEAR | {"name": "old", "pmin": 10, "min_up_time": 3, "initial": {"on": True, "hours": hours, "p": 10}}
    assert outputs(payload([50] * 4, plant, GAS | {"pmin": 0}))["old"] == expected


def test_the_hours_off_before_the_first_period_count_for_the_start_cost() -> None:
    entries = [{"after": 0, "cost": 100}, {"after": 8, "cost": 300}]
    for hours, cost in ((3, 100), (7, 100), (8, 300)):
        plant = GAS | {"start_costs": entries, "initial": {"on": False, "hours": hours}}
        assert plan(payload([50], plant)).to_dict()["cost"] == 1000 + cost
    plant = GAS | {"start_costs": entries, "initial": {"on": False, "hours": 7}}
    assert plan(payload([0, 50], plant)).to_dict()["cost"] == 1300


def test_a_plant_that_its_own_data_keep_off_is_named() -> None:
    locked = GAS | {"name": "locked", "startup_limit": 5, "initial": {"on": False}}
    report = plan(payload([50, 50], locked, DEAR)).report()
    assert [plant["name"] for plant in report["never_runs"]] == ["locked"]
    assert "start" in report["never_runs"][0]["reason"]


def test_a_plant_whose_own_data_allow_no_schedule_is_a_fault_at_its_place() -> None:
    stuck = GAS | {"must_run": True, "startup_limit": 5, "initial": {"on": False}}
    with pytest.raises(errors.InvalidPayload) as caught:
        plan(payload([50, 50], DEAR, stuck))
    assert {fault.pointer.split("/")[2] for fault in caught.value.faults} == {"1"}


def test_no_plan_says_when_and_how_much() -> None:
    missing, periods = shortage(payload([50, 130, 250, 50], GAS, DEAR, resolution="PT30M"))
    assert missing == {"shortfall": 25, "surplus": 0, "reserve": 0}
    assert [(period["period"], period["shortfall"]) for period in periods] == [(3, 50)]


def test_what_must_run_is_a_surplus_and_lacking_reserve_is_named() -> None:
    fixed = GAS | {"must_run": True, "min_up_time": 2}
    assert shortage(payload([50, 4, 50], fixed))[0] == {"shortfall": 0, "surplus": 6, "reserve": 0}
    reserve = {"up": [0, 30, 0], "down": 0}
    missing, periods = shortage(payload([50, 50, 50], fixed | {"reserve": False}, reserve=reserve))
    assert missing == {"shortfall": 0, "surplus": 0, "reserve": 30}
    assert [(period["period"], period["reserve"]) for period in periods] == [(2, 30)]


def test_a_window_that_begins_with_the_end_of_the_one_before_keeps_times_and_ramps() -> None:
    plant = GAS | {"min_up_time": 3, "min_down_time": 3, "ramp_up": 20, "start_cost": 100}
    first = payload([60, 60, 0, 0], plant | {"initial": {"on": True, "p": 40, "hours": 30}}, DEAR)
    end = plan(first).report()["end"]
    state = next(row["initial"] for row in end["powerplants"] if row["name"] == "gas")
    assert state == {"on": False, "hours": 2}
    assert outputs(payload([60, 60, 60], plant | {"initial": state}, DEAR))["gas"] == [0, 20, 40]


@pytest.mark.parametrize("more", [False, True], ids=["plants", "storages-and-market"])
@pytest.mark.parametrize("block", blocks(10, 3))
def test_each_figure_of_a_report_follows_from_the_plan(block: int, more: bool) -> None:
    for seed in range(50 * block, 50 * block + 50):
        content, co2, steps = setting(seed, more=more)
        try:  # whether there is one, the oracle says above for the same horizons
            report = plan(content, co2=co2, step=1 / steps).report()
        except (errors.InvalidPayload, errors.InfeasibleHorizon):
            continue
        assert list(wrong_figures(content, report, co2=co2, steps=steps)) == [], f"seed {seed}"
        assert list(wrong_prices(content, report, co2=co2, steps=steps)) == [], f"seed {seed}"


@pytest.mark.parametrize("block", blocks(6, 2))
def test_prices_of_large_horizons_are_those_of_the_best_outputs(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powerplant.horizon.model.SMALL", 0)
    for seed in range(50 * block, 50 * block + 50):
        content, co2, steps = setting(seed)
        try:
            report = plan(content, co2=co2, step=1 / steps, gap=0.05).report()
        except (errors.InvalidPayload, errors.InfeasibleHorizon):
            continue
        assert list(wrong_figures(content, report, co2=co2, steps=steps)) == [], f"seed {seed}"
        assert list(wrong_prices(content, report, co2=co2, steps=steps)) == [], f"seed {seed}"


@pytest.mark.parametrize("block", blocks(10, 3))
def test_a_plan_stays_one_where_it_is_cut_in_two_and_costs_the_same(block: int) -> None:
    """The state after a period says all that the next window must know."""
    for seed in range(40 * block, 40 * block + 40):
        content, co2, steps = setting(seed)
        periods = len(content["load"])
        expected = dynamic.solve(content, co2=co2, steps=steps)
        if periods == 1 or expected.cost is None or depends_on_the_window(content, co2=co2, steps=steps):
            continue
        whole, middle, cost = plan(content, co2=co2, step=1 / steps), 1 + seed % (periods - 1), Fraction(0)
        states = {row["name"]: row["initial"] for row in whole.report(end=middle)["end"]["powerplants"]}
        later = window(content, middle, periods)
        later["powerplants"] = [plant | {"initial": states[plant["name"]]} for plant in later["powerplants"]]
        for part, first, last in ((window(content, 0, middle), 0, middle), (later, middle, periods)):
            rows = [
                {"name": row["name"], "p": row["p"][first:last], "on": row["on"][first:last]}
                for row in whole.to_dict()["plan"]
            ]
            lost = whole.to_dict().get("lost_load")
            answer = {"status": "optimal", "plan": rows} | ({} if lost is None else {"lost_load": lost[first:last]})
            assert broken_by_plants(part, answer, co2=co2, steps=steps) == [], f"seed {seed}, periods {first}..{last}"
            cost += cost_of(part, answer, co2=co2, steps=steps)
            plan_or_shortage(part, co2=co2, steps=steps)
        assert cost == expected.cost, f"seed {seed}"


def plan_or_shortage(content: dict[str, Any], *, co2: bool, steps: int) -> None:
    with suppress(errors.InfeasibleHorizon):
        plan(content, co2=co2, step=1 / steps)


def test_nothing_is_sent_in_place_of_a_plan_that_was_not_found() -> None:
    """With hardly any time there is a plan that keeps all rules, or none at all: never zeros."""
    plants = [
        GAS
        | {"name": f"g{i}", "pmin": 10 + i, "pmax": 60 + 3 * i, "efficiency": 0.4 + i / 200, "min_up_time": 3}
        | {"min_down_time": 2, "start_cost": 500 + 7 * i, "ramp_up": 30 + i, "ramp_down": 30, "no_load_cost(euro/h)": i}
        for i in range(20)
    ]
    content = payload([500 + 40 * (t % 12) for t in range(48)], *plants)
    for time_limit in (0.001, 0.3):
        try:
            answer = plan(content, time_limit=time_limit).to_dict()
        except errors.OutOfTime:
            continue
        assert broken_rules(content, answer) == []
        assert answer["status"] in {"within_gap", "time_limit", "optimal"}
        assert answer["status"] != "time_limit" or answer["gap"] >= 0


def test_a_plan_found_before_the_time_limit_is_sent_with_its_gap() -> None:
    plants = [
        GAS | {"name": f"g{i}", "pmin": 10, "pmax": 55, "min_up_time": 5, "min_down_time": 5, "start_cost": 900 + i}
        for i in range(8)
    ]
    content = payload([100 + 37 * (t * t % 9) for t in range(24)], *plants, DEAR | {"pmax": 500})
    answer = plan(content, time_limit=2).to_dict()
    assert broken_rules(content, answer) == []
    assert answer["relative_gap"] < 0.5


def test_a_horizon_that_nothing_couples_is_as_cheap_as_its_hours() -> None:
    content = payload([50, 130, 7], GAS, DEAR)
    assert outputs(content) == {"gas": [50, 100, 0], "dear": [0, 30, 7]}
    assert plan(content).to_dict()["status"] == "optimal"


def test_the_same_seed_is_the_same_payload() -> None:
    assert random_horizon(7) == random_horizon(7)
