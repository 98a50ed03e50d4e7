"""From a request to its plan or its error, in MW and euro."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from payloads import example

import powerplant.planning
import powerplant.solving
from powerplant.decoding import decode_json
from powerplant.errors import InfeasibleLoad, OutOfTime, WrongPlan
from powerplant.merit_order import GaveUp, Solution, Unit, solve
from powerplant.planning import ExactPlan, Options, plan_production
from powerplant.workers import Workers


def planned(payload: dict[str, Any], **options: Any) -> ExactPlan:
    chosen = Options(**options)
    return plan_production(decode_json(payload, co2=chosen.co2, max_plants=1000), chosen, Workers(0))


@pytest.mark.parametrize(("number", "gas_power"), [(1, "368.4"), (2, "480"), (3, "798.4")])
def test_the_challenges_payloads_have_their_exact_costs(number: int, gas_power: str) -> None:
    """To the last digit: the power of the best gas plants, at 13.4 / 0.53 + 0.3 * 20 euro to a billionth."""
    assert planned(example(number)).cost == Decimal(gas_power) * Decimal("31.283018868")


def test_a_plan_lists_every_plant_in_merit_order() -> None:
    assert planned(example(3)).outputs == [
        ("windpark1", 90.0),
        ("windpark2", 21.6),
        ("gasfiredbig1", 460.0),
        ("gasfiredbig2", 338.4),
        ("gasfiredsomewhatsmaller", 0.0),
        ("tj1", 0.0),
    ]


def test_outputs_are_floats_with_one_decimal() -> None:
    outputs = planned(example(3, load=911.3)).outputs
    assert all(type(p) is float and repr(p) == f"{p:.1f}" for _, p in outputs)


def test_the_cheapest_plan_may_need_a_plant_at_its_pmin() -> None:
    outputs = dict(planned(example(2)).outputs)
    assert (outputs["gasfiredbig1"], outputs["gasfiredbig2"]) == (380.0, 100.0)


def test_co2_counts_only_with_its_option() -> None:
    assert round(planned(example(3), co2=False).cost, 2) == Decimal("20185.96")


@pytest.mark.parametrize(
    ("load", "reason", "below", "above", "message"),
    [
        (
            10_000,
            "above_capacity",
            1257.6,
            None,
            (
                "A load of 10000.0 MW is above the capacity of all power plants together. "
                "The nearest load with a plan is 1257.6 MW."
            ),
        ),
        (
            910.05,
            "off_grid",
            910.0,
            910.1,
            "A load of 910.05 MW is not a multiple of 0.1 MW. The nearest loads with a plan are 910.0 MW and 910.1 MW.",
        ),
        (
            10_000.05,
            "off_grid",
            1257.6,
            None,
            "A load of 10000.05 MW is not a multiple of 0.1 MW. The nearest load with a plan is 1257.6 MW.",
        ),
    ],
)
def test_a_load_without_a_plan_is_an_error_with_its_reason_and_the_nearest_loads(
    load: float, reason: str, below: float, above: float | None, message: str
) -> None:
    with pytest.raises(InfeasibleLoad) as error:
        planned(example(3, load=load))
    assert (error.value.load, error.value.reason) == (load, reason)
    assert (error.value.nearest_below, error.value.nearest_above) == (below, above)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("load", "reason", "below", "above"),
    [
        (10, "below_minimum", 0.0, 20.5),
        (30, "in_a_gap", 20.5, 50.0),
        (20.45, "off_grid", 0.0, 20.5),
        (49.95, "off_grid", 20.5, 50.0),
        (0.05, "off_grid", 0.0, 20.5),
        (120.45, "off_grid", 120.4, 120.5),
        (120.55, "off_grid", 120.5, None),
    ],
)
def test_the_nearest_loads_are_the_ends_of_the_gap(load: float, reason: str, below: float, above: float | None) -> None:
    """One gas plant 50..100 and 20.5 MW of wind."""
    plants = [
        {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 50, "pmax": 100},
        {"name": "wind", "type": "windturbine", "pmax": 36},
    ]
    with pytest.raises(InfeasibleLoad) as error:
        planned(example(3, load=load, powerplants=plants, fuels=example(3)["fuels"] | {"wind(%)": 57}))
    assert (error.value.reason, error.value.nearest_below, error.value.nearest_above) == (reason, below, above)


# --- Results of the solver -------------------------------------------------------------------------------------------

NO_PLAN_FOUND = "No plan was found within 0.02 s."


@pytest.mark.parametrize(
    ("result", "gap", "message"),
    [
        (GaveUp(None, None, 0), None, NO_PLAN_FOUND),
        (
            GaveUp((1,), 10**15 + 12_500_000_000, 10**15),
            Decimal("1.25"),
            "No plan was proven optimal within 0.02 s; the best plan found costs at most 1.25 euro too much.",
        ),
    ],
)
@pytest.mark.parametrize("load", [910, 910.05])
def test_a_solver_that_gives_up_is_out_of_time(
    monkeypatch: pytest.MonkeyPatch, result: GaveUp, gap: Decimal | None, message: str, load: float
) -> None:
    """It was given what was left of the time limit. For a load off the grid the nearest loads are searched."""
    limits = []

    def give_up(*arguments: Any) -> GaveUp:
        limits.append(arguments[-2])
        return result

    monkeypatch.setattr(powerplant.planning, "solve_and_check", give_up)
    monkeypatch.setattr(powerplant.planning, "nearest_loads", give_up)
    with pytest.raises(OutOfTime) as error:
        planned(example(3, load=load), time_limit=0.02)
    [limit] = limits
    assert 0 < limit < 0.02
    assert (error.value.gap, str(error.value)) == ((gap, message) if load == 910 else (None, NO_PLAN_FOUND))


@pytest.mark.parametrize(
    ("gap", "rounded"),
    [
        ("0", "0.00"),
        ("1E-10", "0.01"),
        ("12.3400000000", "12.34"),
        ("12.3400000001", "12.35"),
        ("12.3499999999", "12.35"),
        ("1234567890123456789.0000000001", "1234567890123456789.01"),
    ],
)
def test_the_message_rounds_a_gap_up_to_the_cent(gap: str, rounded: str) -> None:
    assert f"costs at most {rounded} euro too much" in str(OutOfTime(5.0, Decimal(gap)))


def test_an_unproven_plan_is_accepted_only_with_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payload 1 from its gas plants alone, although the wind is free."""

    def give_up(units: Sequence[Unit], *_: Any) -> GaveUp:
        dispatch = (3800, 1000, 0, 0, 0, 0)
        cost = sum(unit.marginal_cost * output for unit, output in zip(units, dispatch, strict=True))
        return GaveUp(dispatch, cost, cost - 12_500_000_000)

    monkeypatch.setattr(powerplant.planning, "solve_and_check", give_up)
    with pytest.raises(OutOfTime):
        planned(example(1))
    plan = planned(example(1, load=480), feasible=True)
    assert (plan.gap, plan.method) == (Decimal("1.25"), "none")
    assert sum(p for _, p in plan.outputs) == 480


def test_without_any_plan_found_there_is_nothing_to_accept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powerplant.planning, "solve_and_check", lambda *_: GaveUp(None, None, 0))
    with pytest.raises(OutOfTime):
        planned(example(1), feasible=True)


@pytest.mark.parametrize("feasible", [False, True])
def test_a_wrong_plan_is_never_returned(monkeypatch: pytest.MonkeyPatch, feasible: bool) -> None:
    def miscount(*arguments: Any) -> Solution:
        solution = solve(*arguments)
        assert isinstance(solution, Solution)
        return solution._replace(dispatch=(solution.dispatch[0] - 1, *solution.dispatch[1:]))

    monkeypatch.setattr(powerplant.solving, "solve", miscount)
    with pytest.raises(WrongPlan, match="produces 9099, not the load of 9100"):
        planned(example(3), feasible=feasible)
