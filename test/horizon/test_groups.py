"""Identical plants are counted in the model, and a plan for counts is split into one for each plant."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon import dynamic
from horizon.comparing import blocks, faults, setting

pytest.importorskip("highspy", reason="the extra horizon brings it")

import numpy as np

from powerplant.horizon.decoding import decode
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.groups import Groups
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.search import search
from powerplant.planning import Options

PLANT = {"name": "a", "type": "oil", "cost(euro/MWh)": 50, "pmin": 10, "pmax": 40, "min_up_time": 2, "min_down_time": 3}


def fleet(*plants: dict[str, Any], load: Any = (100, 100)) -> HorizonInstance:
    """An instance in steps of 1 MW."""
    named = [plant | {"name": f"p{i}"} for i, plant in enumerate(plants)]
    body = json.dumps({"load": list(load), "fuels": {}, "powerplants": named}).encode()
    horizon = decode(body, co2=True, max_plants=100, max_cells=60_000)
    return formulate_horizon(horizon, co2=True, grid=Options(True).grid, round_load=False)


def twins(seed: int) -> tuple[dict[str, Any], bool, int]:
    """A random horizon in which each plant is there twice, without ramps."""
    payload, co2, steps = setting(seed, more=seed % 2 == 0)
    plants = [
        {key: value for key, value in plant.items() if not key.startswith("ramp")}
        for plant in payload["powerplants"][:2]
    ]
    copies = [plant | {"name": f"{plant['name']} {copy}"} for plant in plants for copy in (1, 2)]
    del payload["powerplants"]
    return payload | {"powerplants": copies}, co2, steps


@pytest.mark.parametrize("block", blocks(8, 3))
def test_a_horizon_of_twins_has_the_plan_or_the_shortage_of_the_oracle(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("powerplant.horizon.model.SMALL", 0)
    for seed in range(25 * block, 25 * block + 25):
        payload, co2, steps = twins(seed)
        expected = dynamic.solve(payload, co2=co2, steps=steps)
        assert list(faults(payload, expected, co2=co2, steps=steps)) == [], f"seed {seed}"


def test_only_what_differs_in_its_name_alone_is_a_group() -> None:
    other = PLANT | {"pmax": 41}
    resting = PLANT | {"initial": {"on": False, "hours": 5}}
    groups = Groups.of(fleet(PLANT, other, PLANT, resting, resting, PLANT))
    assert groups.members == ((0, 2, 5), (1,), (3, 4))


@pytest.mark.parametrize(
    ("members", "is_group"),
    [
        ({"ramp_up": 20}, False),
        ({"ramp_down": 20}, False),
        ({"ramp_up": 40, "ramp_down": 50}, True),
        ({"startup_limit": 20, "shutdown_limit": 20}, True),
        ({"startup_limit": 20, "shutdown_limit": 20, "min_up_time": 1}, False),
    ],
)
def test_plants_whose_ramps_bind_are_not_counted(members: dict[str, Any], is_group: bool) -> None:
    plant = PLANT | members
    assert (Groups.of(fleet(plant, plant)).members == ((0, 1),)) is is_group


def test_the_counts_of_spread_shares_are_the_counts() -> None:
    groups = Groups(((0, 3), (1,), (2, 4, 5)))
    counts = np.array([[0.0, 1.5, 2.0], [1.0, 0.25, 0.0], [3.0, 2.5, 0.5]])
    shares = groups.spread(counts)
    assert shares.shape == (6, 3)
    assert groups.counts(shares).tolist() == counts.tolist()
    assert shares[2].tolist() == [1.0, 1.0, 0.5]


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_the_one_that_has_run_longest_stops_and_minimum_times_hold(wanted: list[int]) -> None:
    """Counts that keep the minimum times as sums split into plans that keep them."""
    up, down, size = 2, 3, 3
    counts: list[int] = []
    starts: list[int] = []
    stops: list[int] = []
    for t, count in enumerate(wanted):
        before = counts[-1] if counts else count
        started, stopped = sum(starts[max(0, t - up + 1) :]), sum(stops[max(0, t - down + 1) :])
        now = max(min(count, before + size - before - stopped), started)
        counts.append(now)
        starts.append(max(0, now - before))
        stops.append(max(0, before - now))
    instance = fleet(PLANT, PLANT, PLANT, load=[0] * len(counts))
    rows, outputs = Groups.of(instance).split(instance, [counts], [[0] * len(counts)])
    assert [sum(column) for column in zip(*rows, strict=True)] == counts
    assert [[100 * is_on for is_on in row] for row in rows] == [[*row] for row in outputs]
    for row in rows:
        runs = [*map(len, "".join(map(str, row)).strip("1").strip("0").split("0"))]
        rests = [*map(len, "".join(map(str, row)).strip("0").strip("1").split("1"))]
        assert all(run >= up for run in runs if run)
        assert all(rest >= down for rest in rests if rest)


def test_of_those_that_rest_the_one_whose_start_costs_least_starts() -> None:
    plant = PLANT | {"min_down_time": 1, "start_costs": [{"after": 0, "cost": 100}, {"after": 3, "cost": 900}]}
    plant |= {"initial": {"on": True, "hours": 9, "p": 20}}
    instance = fleet(plant, plant, load=[0] * 6)
    rows, _ = Groups.of(instance).split(instance, [[1, 1, 1, 0, 1, 1]], [[0] * 6])
    assert sorted(rows) == [(0, 0, 0, 0, 0, 0), (1, 1, 1, 0, 1, 1)]


def test_each_stop_makes_one_start_cheaper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two plants start after one of them has stopped: only one of the starts is warm."""
    monkeypatch.setattr("powerplant.horizon.model.SMALL", 0)
    plant = {"name": "", "type": "oil", "cost(euro/MWh)": 50, "pmin": 10, "pmax": 10}
    plant |= {"start_costs": [{"after": 0, "cost": 0}, {"after": 4, "cost": 4000}]}
    cold = plant | {"initial": {"on": False, "hours": 100}}
    instance = fleet(cold, cold, load=[10, 0, 10, 20])._replace(relative_gap=Fraction(0))
    for threads in (1, 2):
        found = search(instance, 20, threads=threads)
        assert found.cost == 2 * 4000 + 4 * 10 * 50
        assert found.bound == pytest.approx(float(found.cost))
