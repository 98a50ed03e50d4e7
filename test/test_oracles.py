"""The oracles agree with examples computed by hand and with each other, and the case files with the oracles."""

from __future__ import annotations

import json
from fractions import Fraction

import hypothesis.strategies as st
import pytest
from case_files import Case, load_cases
from hypothesis import given
from oracles import (
    ExpectedUnit,
    broken_rules,
    brute_force,
    decided_dispatch,
    dense_programme,
    dispatch_cost,
    euros,
    exact,
    expected_answer,
    expected_units,
    infeasible_reason,
    merit_order,
    nearest_loads,
    reachable,
)


def unit(marginal_cost: int, min_output: int, max_output: int) -> ExpectedUnit:
    return ExpectedUnit("", marginal_cost, min_output, max_output)


# Blocks, ranges and plants that cannot run, with few costs, so that ties are common.
any_unit = st.builds(
    lambda cost, low, width: unit(cost, low, low + width),
    st.integers(-2, 5),
    st.one_of(st.just(0), st.integers(1, 12)),
    st.one_of(st.just(0), st.integers(1, 10)),
)
fleets = st.lists(any_unit, min_size=1, max_size=7)


BIG, SMALL, WIND = unit(3, 50, 100), unit(5, 0, 40), unit(0, 20, 20)


@pytest.mark.parametrize(
    ("units", "load", "cost"),
    [
        ([BIG], 0, 0),
        ([BIG], 49, None),
        ([BIG], 50, 150),
        ([BIG], 101, None),
        # 60 of BIG at 3 cost less than the wind with 40 of SMALL at 5.
        ([BIG, SMALL, WIND], 60, 180),
        # 50 of BIG, 20 of wind, and 1 more of BIG.
        ([BIG, SMALL, WIND], 71, 153),
        # Two of BIG: 3 · 160.
        ([BIG, BIG], 160, 480),
        # A negative cost is cheaper than free wind: 100 · -1.
        ([unit(-1, 0, 100), WIND], 100, -100),
    ],
)
def test_both_oracles_give_the_cost_that_was_computed_by_hand(
    units: list[ExpectedUnit], load: int, cost: int | None
) -> None:
    assert brute_force(units, load) == cost
    assert dense_programme(units, load) == cost


@given(fleets)
def test_oracles_agree_on_every_load_of_a_fleet(units: list[ExpectedUnit]) -> None:
    """The two costs, the reachable loads and the nearest loads."""
    capacity = sum(u.max_output for u in units)
    feasible = [load for load in range(capacity + 3) if dense_programme(units, load) is not None]
    loads = reachable(units, capacity + 2)
    assert [load for load in range(capacity + 3) if loads >> load & 1] == feasible
    for load in range(capacity + 3):
        assert brute_force(units, load) == dense_programme(units, load)
        assert (infeasible_reason(units, load) is None) == (load in feasible)
        if load not in feasible:
            below = max(s for s in feasible if s < load)
            above = min((s for s in feasible if s > load), default=None)
            assert nearest_loads(units, load) == (below, above)


@given(fleets)
def test_a_decided_dispatch_is_a_plan_at_the_least_cost(units: list[ExpectedUnit]) -> None:
    for load in range(sum(u.max_output for u in units) + 1):
        dispatch = decided_dispatch(units, load)
        if dispatch is not None:
            assert broken_rules(units, load, dispatch) == []
            assert dispatch_cost(units, dispatch) == dense_programme(units, load)


def test_of_two_equal_plants_the_first_runs_if_one_is_enough() -> None:
    assert decided_dispatch([BIG, BIG], 60) == [60, 0]


def test_a_choice_between_equal_commitments_is_not_decided() -> None:
    """Four plants 100..120 at a load of 330: any three of them are enough."""
    assert decided_dispatch([unit(1, 100, 120)] * 4, 330) is None


def test_equal_plants_that_all_run_are_loaded_in_order() -> None:
    assert decided_dispatch([unit(1, 100, 460), unit(1, 100, 460)], 480) == [380, 100]


@pytest.mark.parametrize(
    ("load", "reason", "below", "above"),
    [
        (Fraction("150.5"), "off_grid", 120, 200),
        (Fraction("110.5"), "off_grid", 110, 111),
        (Fraction("240.5"), "off_grid", 240, None),
        (241, "above_capacity", 240, None),
        (99, "below_minimum", 0, 100),
        (121, "in_a_gap", 120, 200),
        (199, "in_a_gap", 120, 200),
    ],
)
def test_a_load_without_a_plan_has_its_reason_and_nearest_loads(
    load: int | Fraction, reason: str, below: int, above: int | None
) -> None:
    units = [unit(1, 100, 120), unit(2, 100, 120)]
    assert infeasible_reason(units, load) == reason
    assert nearest_loads(units, load) == (below, above)


def test_a_fleet_that_can_produce_nothing_has_no_capacity() -> None:
    assert infeasible_reason([unit(0, 0, 0)], 1) == "above_capacity"
    assert nearest_loads([unit(0, 0, 0)], 1) == (0, None)


@pytest.mark.parametrize(
    ("dispatch", "faults"),
    [
        ([60, 0, 0], 0),
        ([60, 0], 1),
        ([40, 0, 20], 1),
        ([50, 0, 10], 1),
        ([101, -41, 0], 2),
        ([50, 0, 20], 1),
    ],
)
def test_each_broken_rule_is_listed(dispatch: list[int], faults: int) -> None:
    assert len(broken_rules([BIG, SMALL, WIND], 60, dispatch)) == faults


def test_the_merit_order_keeps_plants_of_equal_cost_in_order() -> None:
    assert merit_order([unit(2, 0, 1), unit(1, 0, 1), unit(2, 0, 1), unit(1, 0, 1)]) == [1, 3, 0, 2]


@pytest.mark.parametrize(
    ("number", "fraction"),
    [
        (13.4, Fraction(134, 10)),
        (480, Fraction(480)),
        (1e-07, Fraction(1, 10**7)),
        (1e6, Fraction(10**6)),
        (-0.0, Fraction(0)),
    ],
)
def test_a_number_counts_as_the_decimal_in_the_payload(number: float, fraction: Fraction) -> None:
    assert exact(number) == fraction


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (249763600000000, "24976.36"),
        (0, "0.00"),
        (50_000_000, "0.00"),
        (150_000_000, "0.02"),
        (-123_450_000_000, "-12.34"),
        (-123_450_000_001, "-12.35"),
    ],
)
def test_euros_have_two_decimals_rounded_half_to_even(cost: int, text: str) -> None:
    assert euros(cost) == text


def test_units_of_a_payload_are_exact_integers() -> None:
    payload = {
        "load": 10,
        "fuels": {"gas(euro/MWh)": 13.4, "kerosine(euro/Mwh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 57},
        "powerplants": [
            {"name": "gas", "type": "gasfired", "efficiency": 0.53, "pmin": 10.01, "pmax": 20.09},
            {"name": "jet", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16},
            {"name": "wind", "type": "windturbine", "pmax": 36},
            {"name": "never", "type": "turbojet", "efficiency": 1, "pmin": 0.11, "pmax": 0.19},
        ],
    }
    # 13.4 / 0.53 = 25.283 018 867 92..., and 6 for the emissions.
    assert expected_units(payload) == [
        ExpectedUnit("gas", 31_283_018_868, 101, 200),
        ExpectedUnit("jet", 169_333_333_333, 0, 160),
        ExpectedUnit("wind", 0, 205, 205),
        ExpectedUnit("never", 50_800_000_000, 0, 0),
    ]
    assert expected_units(payload, co2=False)[0].marginal_cost == 25_283_018_868


def marks_of(case: Case) -> list[pytest.MarkDecorator]:
    """The oracle for a large fleet takes several seconds."""
    is_large = case.expected["status"] == 200 and len(json.loads(case.body)["powerplants"]) > 100
    return [pytest.mark.slow] if is_large else []


@pytest.mark.parametrize("case", [pytest.param(case, id=name, marks=marks_of(case)) for name, case in load_cases()])
def test_a_case_file_agrees_with_the_oracles(case: Case) -> None:
    """A wrong edit of a cost, plan, reason or nearest load is found."""
    expected = case.expected
    if expected["status"] == 200 or expected["type"] == "/problems/infeasible-load":
        answer = expected_answer(json.loads(case.body), co2=case.query != "co2=false")
        if "plan" not in expected:
            answer.pop("plan", None)
        assert answer == expected
    elif expected["type"] == "/problems/invalid-payload":
        assert expected["pointers"] == sorted(set(expected["pointers"]))
        assert all(pointer.startswith("#") for pointer in expected["pointers"])
        json.loads(case.body)
    elif expected["type"] == "/problems/malformed-json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(case.body)
    else:
        assert expected == {"status": 422, "type": "/problems/invalid-query"}
