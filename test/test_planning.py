"""The use case: what a request becomes, in the users' terms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import pytest

import powerplant.planning
import powerplant.solving
from powerplant.decoding import decode
from powerplant.errors import InfeasibleLoad, OutOfTime, WrongPlan
from powerplant.merit_order import GaveUp, Solution, Unit, solve
from powerplant.planning import ProductionPlan, plan_production
from powerplant.solving import Solvers

EXAMPLES = Path(__file__).parents[1] / "example_payloads"


def planned(
    payload: dict[str, Any], *, co2: bool = True, time_limit: float = 5.0, feasible: bool = False
) -> ProductionPlan:
    request = decode(json.dumps(payload).encode(), co2=co2, max_plants=1000)
    return plan_production(request, co2=co2, time_limit=time_limit, solvers=Solvers(1), feasible=feasible)


def example(number: int, **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads((EXAMPLES / f"payload{number}.json").read_text(encoding="utf-8"))
    return payload | changes


@pytest.mark.parametrize(("number", "gas_power"), [(1, "368.4"), (2, "480"), (3, "798.4")])
def test_the_challenges_payloads_have_their_exact_costs(number: int, gas_power: str) -> None:
    """To the last digit: so much of the best gas plants' power, at 13.4 / 0.53 + 0.3 * 20 euro to a billionth."""
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


def test_outputs_are_floats_without_noise() -> None:
    outputs = planned(example(3, load=911.3)).outputs
    assert all(type(p) is float and repr(p) == f"{p:.1f}" for _, p in outputs)


def test_the_least_cost_may_need_a_plant_at_its_pmin() -> None:
    plan = planned(example(2))
    assert dict(plan.outputs) | {"gasfiredbig1": 380.0, "gasfiredbig2": 100.0} == dict(plan.outputs)


def test_co2_counts_only_where_it_is_asked_for() -> None:
    assert round(planned(example(3), co2=False).cost, 2) == Decimal("20185.96")


@pytest.mark.parametrize(
    ("load", "reason", "below", "above", "said"),
    [
        (10_000, "above_capacity", 1257.6, None, "A load of 10000.0 MW is above all capacity."),
        (910.05, "off_grid", 910.0, 910.1, "is no multiple of 0.1 MW. The nearest loads with a plan are"),
        (10_000.05, "off_grid", 1257.6, None, "The nearest load with a plan is 1257.6 MW."),
    ],
)
def test_a_load_without_a_plan_is_an_error_with_its_neighbours(
    load: float, reason: str, below: float, above: float | None, said: str
) -> None:
    with pytest.raises(InfeasibleLoad) as error:
        planned(example(3, load=load))
    assert (error.value.load, error.value.reason) == (load, reason)
    assert (error.value.nearest_below, error.value.nearest_above) == (below, above)
    assert said in str(error.value)


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
def test_the_neighbours_are_the_ends_of_the_gap(load: float, reason: str, below: float, above: float | None) -> None:
    """One gas plant 50..100 and 20.5 MW of wind."""
    plants = [
        {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 50, "pmax": 100},
        {"name": "wind", "type": "windturbine", "pmax": 36},
    ]
    with pytest.raises(InfeasibleLoad) as error:
        planned(example(3, load=load, powerplants=plants) | {"fuels": example(3)["fuels"] | {"wind(%)": 57}})
    assert (error.value.reason, error.value.nearest_below, error.value.nearest_above) == (reason, below, above)


# --- What the solver may do ------------------------------------------------------------------------------------------


def given_up(gap: int | None) -> GaveUp:
    return GaveUp(None, None, 0) if gap is None else GaveUp((1,), 10**15 + gap, 10**15)


@pytest.mark.parametrize(
    ("gap", "euros", "said"),
    [
        (None, None, "No plan was proven optimal within 0.02 s; no plan was found."),
        (12_500_000_000, Decimal("1.25"), "the best plan found is at most 1.25"),
        (1, Decimal("1E-10"), "too dear"),
    ],
)
@pytest.mark.parametrize("load", [910, 910.05])
def test_a_solver_that_gives_up_is_out_of_time(
    monkeypatch: pytest.MonkeyPatch, gap: int | None, euros: Decimal | None, said: str, load: float
) -> None:
    limits = []

    def give_up(*arguments: Any) -> NoReturn:
        limits.append(arguments[-1])
        raise given_up(gap)

    monkeypatch.setattr(powerplant.planning, "prove", give_up)
    monkeypatch.setattr(powerplant.planning, "nearest_loads", give_up)
    with pytest.raises(OutOfTime, match=said) as error:
        planned(example(3, load=load), time_limit=0.02)
    assert error.value.gap == euros
    assert limits == [0.02]


def test_an_unproven_plan_is_handed_on_only_where_it_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Payload 1 from its gas plants alone, though the wind is free."""

    def give_up(units: Sequence[Unit], *_: Any) -> NoReturn:
        dispatch = (3800, 1000, 0, 0, 0, 0)
        cost = sum(unit.marginal_cost * output for unit, output in zip(units, dispatch, strict=True))
        raise GaveUp(dispatch, cost, cost - 12_500_000_000)

    monkeypatch.setattr(powerplant.planning, "prove", give_up)
    with pytest.raises(OutOfTime):
        planned(example(1))
    plan = planned(example(1, load=480), feasible=True)
    assert plan.gap == Decimal("1.25")
    assert plan.method == "none"
    assert sum(p for _, p in plan.outputs) == 480


def test_where_no_plan_was_found_none_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: Any) -> NoReturn:
        raise GaveUp(None, None, 0)

    monkeypatch.setattr(powerplant.planning, "prove", give_up)
    with pytest.raises(OutOfTime):
        planned(example(1), feasible=True)


@pytest.mark.parametrize("feasible", [False, True])
def test_a_wrong_plan_is_never_handed_on(monkeypatch: pytest.MonkeyPatch, feasible: bool) -> None:
    def miscount(units: Sequence[Unit], load: int, time_limit: float | None = None) -> Solution:
        solution = solve(units, load, time_limit)
        return solution._replace(dispatch=(solution.dispatch[0] - 1, *solution.dispatch[1:]))

    monkeypatch.setattr(powerplant.solving, "solve", miscount)
    with pytest.raises(WrongPlan, match="makes 9099, not the load of 9100"):
        planned(example(3), feasible=feasible)
