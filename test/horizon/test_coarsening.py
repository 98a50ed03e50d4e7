"""Horizons of quarter hours are first solved in hours, and a plan that is known is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from horizon import dynamic
from horizon.comparing import setting
from horizon.days import day, hard
from powerplant.formulation import Grid
from powerplant.horizon.decoding import decode
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.models import Horizon
from powerplant.horizon.planning import _trivial_bound, plan_horizon
from powerplant.planning import Options

pytest.importorskip("highspy", reason="the extra horizon brings it")

from powerplant.horizon.bracket import Bracket
from powerplant.horizon.coarsening import hours_of, in_hours
from powerplant.horizon.search import search


def decoded(payload: dict[str, Any]) -> Horizon:
    return decode(json.dumps(payload).encode(), co2=True, max_plants=100, max_cells=60_000)


def formulated(payload: dict[str, Any]) -> HorizonInstance:
    options = Options(True)
    return formulate_horizon(decoded(payload), co2=True, grid=options.grid, round_load=False)


def in_quarters(payload: dict[str, Any]) -> dict[str, Any]:
    """The same day in quarter hours."""
    fuels = {
        name: [v for v in value for _ in range(4)] if isinstance(value, list) else value
        for name, value in payload["fuels"].items()
    }
    return payload | {"resolution": "PT15M", "fuels": fuels, "load": [p for p in payload["load"] for _ in range(4)]}


@pytest.mark.parametrize(
    ("resolution", "periods", "lengths"),
    [
        ("PT15M", 16, [4] * 4),
        ("PT15M", 18, [4] * 4 + [2]),
        ("PT30M", 8, [2] * 4),
        ("PT15M", 15, None),
        ("PT1H", 24, None),
        ("PT7M", 60, None),
        ("PT2H", 24, None),
    ],
)
def test_periods_that_are_parts_of_an_hour_are_grouped(
    resolution: str, periods: int, lengths: list[int] | None
) -> None:
    instance = formulated(
        day()
        | {
            "load": [200] * periods,
            "resolution": resolution,
            "fuels": day()["fuels"] | {"gas(euro/MWh)": 30, "wind(%)": 20},
        }
    )
    hours = hours_of(instance)
    assert (None if hours is None else [len(hour) for hour in hours]) == lengths
    assert hours is None or [t for hour in hours for t in hour] == list(range(periods))


def test_a_day_of_equal_quarter_hours_in_hours_is_the_day_of_hours() -> None:
    plain = day()
    for plant in plain["powerplants"]:
        plant.pop("ramp_up", None)
        plant.pop("ramp_down", None)
    fine = formulated(in_quarters(plain))
    hours = hours_of(fine)
    assert hours is not None
    coarse, expected = in_hours(fine, hours), formulated(plain)
    assert coarse._replace(singles=()) == expected._replace(singles=())


def test_a_plan_in_quarter_hours_is_as_cheap_as_without_the_start_in_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    instance = formulated(in_quarters(day()) | {"relative_gap": 0.0})
    found = search(instance, 60, threads=1)
    monkeypatch.setattr("powerplant.horizon.search.find_from_hours", lambda _bracket: None)
    other = search(instance, 60, threads=1)
    assert found.cost is not None
    assert found.cost == other.cost


def test_a_plan_is_sent_although_no_bound_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bracket, "raise_bound", lambda _bracket, _bound: None)
    solved = plan_horizon(decoded(hard()), Options(True)._replace(time_limit=3.0))
    assert solved.status == "time_limit"
    assert solved.bound < solved.cost


def test_a_plan_that_is_known_is_kept_although_highs_says_that_there_is_none() -> None:
    instance = formulated(day())
    bracket, known = Bracket(instance, 60), search(instance, 60, threads=1).plan
    bracket.offer(known)
    bracket.rule_out()
    assert bracket.found.plan == known
    assert not bracket.found.is_infeasible


@pytest.mark.parametrize("block", range(4))
def test_the_bound_without_a_search_is_below_the_least_cost(block: int) -> None:
    for seed in range(50 * block, 50 * block + 50):
        payload, co2, steps = setting(seed, more=bool(seed % 2))
        expected = dynamic.solve(payload, co2=co2, steps=steps)
        if expected.kind == "plan" and expected.cost is not None:
            horizon = decode(json.dumps(payload).encode(), co2=co2, max_plants=100, max_cells=60_000)
            instance = formulate_horizon(horizon, co2=co2, grid=Grid(len(str(steps)) - 1), round_load=False)
            assert _trivial_bound(instance) <= expected.cost, f"seed {seed}"
