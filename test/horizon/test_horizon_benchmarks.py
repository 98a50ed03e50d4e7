"""The benchmarks of the horizon: desks' days, the rival's model, and what is made of their runs."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from benchmarks.horizon.comparison import BEST_KNOWN
from benchmarks.horizon.desks import SEEDS, SIZES, desk
from benchmarks.horizon.kazarlis import kazarlis
from benchmarks.horizon.traces import NONE, Moment, Run, in_order
from horizon import dynamic
from horizon.payloads import counts_co2, random_horizon
from powerplant.horizon.decoding import decode
from powerplant.library import as_json

EVERY_MEMBER = {
    *("fuel", "efficiency", "profile", "curtailable", "pmin", "pmax", "cost(euro/MWh)", "co2(ton/MWh)", "available"),
    *("must_run", "min_up_time", "min_down_time", "ramp_up", "ramp_down", "startup_limit", "shutdown_limit"),
    *("start_costs", "start_cost", "no_load_cost(euro/h)", "cost_curve", "reserve", "initial"),
}


@pytest.mark.parametrize("size", SIZES)
def test_desks_days_are_valid_and_nothing_of_them_is_ignored(size: str) -> None:
    for seed in SEEDS:
        payload = desk(seed, SIZES[size])
        horizon = decode(as_json(payload), co2=True, max_plants=1000, max_cells=60_000)
        assert horizon.ignored == []
        assert len(horizon.plants) == SIZES[size].plants
        assert len(horizon.load) == SIZES[size].periods
        assert {key for plant in payload["powerplants"] for key in plant} >= EVERY_MEMBER


@pytest.mark.parametrize("size", SIZES)
def test_a_seed_gives_the_same_day_always(size: str) -> None:
    assert desk(3, SIZES[size]) == desk(3, SIZES[size])
    assert desk(3, SIZES[size]) != desk(4, SIZES[size])


@pytest.mark.parametrize("seed", SEEDS[:6])
def test_a_small_desks_day_has_a_plan_that_meets_nearly_all_load(seed: int) -> None:
    pytest.importorskip("highspy", reason="the engine needs HiGHS")
    import powerplant

    payload = desk(seed, SIZES["10x24"])
    answer = powerplant.plan_horizon(payload, time_limit=60, gap=0.01).to_dict()
    assert sum(answer.get("lost_load", [0])) <= 1e-4 * sum(payload["load"])


@pytest.mark.slow
def test_a_large_desks_day_has_a_plan() -> None:
    """HiGHS alone finds it: a plan of the test's own solver, whatever the engine does."""
    pytest.importorskip("highspy", reason="the rival is HiGHS")
    from benchmarks.horizon.alone import run_alone

    payload = desk(5, SIZES["30x96"])
    assert run_alone(payload, steps=10, threads=1, time_limit=120, gap=0.5).plan


@pytest.mark.parametrize("seeds", [range(30), range(30, 60)], ids=str)
def test_the_rivals_model_has_the_cost_of_the_dynamic_programme(seeds: range) -> None:
    highspy = pytest.importorskip("highspy", reason="the rival is HiGHS")
    from benchmarks.horizon.alone_model import RivalModel

    for seed in seeds:
        payload, co2 = random_horizon(seed, with_storages_and_market=False), counts_co2(seed)
        expected = dynamic.solve(payload, co2=co2)
        if expected.kind == "off_grid":
            continue
        highs = highspy.Highs()
        for option, value in (("output_flag", False), ("mip_rel_gap", 0.0), ("presolve", "off")):
            highs.setOptionValue(option, value)
        highs.passModel(RivalModel(payload, steps=1, co2=co2).lp(whole_outputs=True))
        highs.run()
        is_solved = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        assert is_solved == (expected.answer is not None), f"seed {seed}"
        if expected.cost is not None:
            assert highs.getInfo().objective_function_value == pytest.approx(float(expected.cost), abs=1e-4)


def test_the_rivals_model_is_the_same_for_long_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Categories of starts instead of matches."""
    pytest.importorskip("highspy", reason="the rival is HiGHS")
    from benchmarks.horizon import alone_parts

    monkeypatch.setattr(alone_parts, "MOST_MATCHED", -1000)
    test_the_rivals_model_has_the_cost_of_the_dynamic_programme(range(60, 90))


def test_the_engine_and_the_rival_find_the_known_cost_of_ten_units() -> None:
    pytest.importorskip("highspy", reason="both use HiGHS")
    from benchmarks.horizon.comparison import compare

    compared = compare("kaz10", kazarlis(10), orders=1, limit=60)
    assert compared.wrong == []
    for done in (*compared.ours, *compared.alone[1], *compared.alone[2]):
        assert done.cost == pytest.approx(563940.58, rel=0.001)
        assert done.time_to_gap(0.001) is not None


def run_of(*moments: tuple[float, float, float], **others: Any) -> Run:
    return Run([Moment(*moment) for moment in moments], **others)


def test_a_run_knows_its_cost_at_a_time_and_its_time_to_a_gap() -> None:
    done = run_of((1, NONE, 90.0), (2, 110.0, 90.0), (3, 101.0, 90.0), (4, 101.0, 100.9))
    assert [done.cost_at(seconds) for seconds in (0.5, 1, 2.5, 9)] == [NONE, NONE, 110.0, 101.0]
    assert done.time_to_gap(0.15) == 3
    assert done.time_to_gap(0.001) == 4
    assert done.time_to_gap(0.0001) is None
    assert done.time_to_cost(101.5) == 3
    assert done.time_to_cost(100) is None


def test_another_order_has_the_same_plants() -> None:
    payload = desk(1, SIZES["10x24"])
    shuffled = in_order(payload, 2)["powerplants"]
    assert in_order(payload, 0)["powerplants"] == payload["powerplants"]
    assert shuffled != payload["powerplants"]
    assert sorted(plant["name"] for plant in shuffled) == sorted(plant["name"] for plant in payload["powerplants"])


def test_best_known_costs_are_above_their_bounds_and_say_how_they_were_found() -> None:
    with BEST_KNOWN.open("rb") as file:
        entries = tomllib.load(file)
    assert {f"kaz{units}" for units in (10, 20, 40, 60, 80, 100)} <= set(entries)
    for name, entry in entries.items():
        assert 0.99 * entry["cost"] < entry["bound"] <= entry["cost"], name
        assert entry["found"], name
