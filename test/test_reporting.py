"""The report: every number in it computed a second time, and the words of its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from time import sleep
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from oracles import ExpectedUnit, brute_force, expected_units, merit_order, must_run
from payloads import example
from strategies import payloads

from powerplant import reporting
from powerplant.decoding import decode_json
from powerplant.errors import InfeasibleLoad
from powerplant.merit_order.alternatives import NOT_COMPUTED, Appraisal
from powerplant.models import PlantReport, Report
from powerplant.planning import Options
from powerplant.reporting import reason_of, report_production
from powerplant.workers import AT_ONCE, Workers


def reported(payload: dict[str, Any], *, co2: bool = True, workers: Workers | None = None) -> Report:
    request = decode_json(payload, co2=co2, max_plants=1000)
    return report_production(request, Options(co2=co2), workers or Workers(0))


def by_name(report: Report) -> dict[str, PlantReport]:
    return {plant.name: plant for plant in report.powerplants}


GAS = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 100, "pmax": 200}
WIND = {"name": "wind", "type": "windturbine", "pmax": 60}
FUELS = {"gas(euro/MWh)": 10, "co2(euro/ton)": 10, "wind(%)": 100}


# --- The challenge's payloads ----------------------------------------------------------------------------------------


def test_payload_3_is_explained() -> None:
    report = reported(example(3))
    assert (report.status, report.proof, report.load) == ("optimal", "merit order", 910.0)
    assert report.cost.total == report.lower_bound == pytest.approx(24976.3622642, abs=1e-6)
    assert report.cost.co2 == pytest.approx(798.4 * 0.3 * 20)
    assert report.cost.fuel + report.cost.co2 == pytest.approx(report.cost.total)
    assert report.co2_tonnes == pytest.approx(239.52)
    assert report.average_price == pytest.approx(24976.3622642 / 910)
    assert report.curtailed_wind == 0.0
    assert (report.headroom.up, report.headroom.down) == (121.6, 598.4)
    prices = report.marginal_price.commitment_as_it_is
    assert (prices.up, prices.down) == (31.283018868, 31.283018868)
    assert report.marginal_price.commitment_free == prices
    plants = by_name(report)
    assert list(plants) == [
        "windpark1",
        "windpark2",
        "gasfiredbig1",
        "gasfiredbig2",
        "gasfiredsomewhatsmaller",
        "tj1",
    ]
    assert [plant.state for plant in report.powerplants] == [
        *["at_maximum"] * 3,
        "in_between",
        *["off"] * 2,
    ]
    small = plants["gasfiredsomewhatsmaller"]
    assert (small.alternative, small.outcome) == ("forced_on", "feasible")
    assert small.cost_difference == pytest.approx(40 * (13.4 / 0.37 - 13.4 / 0.53), abs=1e-6)
    assert small.reason == "Off: switching it on would cost 437.33 euro more."
    assert plants["gasfiredbig1"].marginal_cost.co2 == 6.0
    assert plants["gasfiredbig1"].marginal_cost.fuel == pytest.approx(13.4 / 0.53, abs=1e-9)


def test_the_marginal_prices_differ_if_another_plant_must_start() -> None:
    """200 MW of gas at its maximum: no running plant can produce more, and an expensive one must start at 50."""
    second = GAS | {"name": "second", "efficiency": 0.25, "pmin": 50}
    report = reported({"load": 200, "fuels": FUELS, "powerplants": [GAS, second]})
    assert report.marginal_price.commitment_as_it_is.up is None
    assert report.marginal_price.commitment_as_it_is.down == 23.0
    # 150.1 from the first at 23 euro and 50 from the second at 43, instead of 200 at 23: 1002.3 euro for 0.1 MWh.
    assert report.marginal_price.commitment_free.up == pytest.approx(10_023)
    assert report.marginal_price.commitment_free.down == 23.0


def test_without_co2_no_plant_is_charged() -> None:
    report = reported(example(3), co2=False)
    assert report.cost.co2 == report.co2_tonnes == 0
    assert all(plant.co2_tonnes == 0 for plant in report.powerplants)
    assert report.cost.fuel == report.cost.total
    assert all(plant.marginal_cost.co2 == 0 for plant in report.powerplants)


@pytest.mark.parametrize("co2", [True, False])
def test_gas_fired_plants_emit_co2_whether_it_is_charged_or_not(co2: bool) -> None:
    """The turbojet produces too; the challenge says nothing of its CO2."""
    report = reported(example(3, load=1040), co2=co2)
    plants = by_name(report)
    assert plants["tj1"].p > 0 or plants["gasfiredsomewhatsmaller"].p > 0
    gas = sum(plant.p for plant in report.powerplants if plant.type == "gasfired")
    assert report.co2_emitted_tonnes == pytest.approx(0.3 * gas)
    for plant in report.powerplants:
        assert plant.co2_emitted_tonnes == pytest.approx(0.3 * plant.p if plant.type == "gasfired" else 0)


def test_emissions_count_even_if_their_price_is_zero() -> None:
    report = reported(example(3, fuels=example(3)["fuels"] | {"co2(euro/ton)": 0}))
    assert report.cost.co2 == 0
    assert report.co2_tonnes == pytest.approx(239.52)


def test_a_load_of_zero_has_no_average_price() -> None:
    report = reported(example(3, load=0))
    assert report.average_price is None
    assert report.cost.total == 0
    assert report.curtailed_wind == 111.6
    assert report.marginal_price.commitment_free.down is None


def test_a_load_without_a_plan_has_no_report() -> None:
    with pytest.raises(InfeasibleLoad):
        reported(example(3, load=10_000))


# --- Reasons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "plants", "reasons"),
    [
        (
            100,
            [GAS, WIND],
            {
                "wind": "Off although free: without the 100.0 MW of gas no plan meets the load.",
                "gas": "At its minimum: without it no plan meets the load.",
            },
        ),
        (
            150,
            [GAS, WIND | {"pmax": 100}],
            {"wind": "Off although free: without the 150.0 MW of gas no plan meets the load."},
        ),
        (160, [GAS, WIND], {"wind": "At its maximum: switching it off would cost 1,380.00 euro more."}),
        (60, [GAS, WIND], {"gas": "Off: its pmin of 100.0 MW is above the load of 60.0 MW."}),
        (0, [GAS, WIND], {"gas": "Off: its pmin of 100.0 MW is above the load of 0.0 MW."}),
        (130, [GAS, WIND], {"wind": "Off although free: without the 130.0 MW of gas no plan meets the load."}),
        (
            60,
            [GAS | {"pmin": 0}, WIND | {"pmax": 100}],
            {"wind": "Off: its 100.0 MW are more than the load of 60.0 MW, and a wind turbine is on or off."},
        ),
        (100, [GAS, GAS | {"name": "twin"}], {"gas": "At its minimum: switching it off would cost the same."}),
        (
            100,
            [GAS, WIND | {"pmax": 0}],
            {"wind": "Off: it can never run, since its pmax of 0.0 MW is below 0.1 MW."},
        ),
        (
            100,
            [GAS, GAS | {"name": "none", "pmin": 1.01, "pmax": 1.09}],
            {
                "none": "Off: it can never run, since no multiple of 0.1 MW above 0 is between its pmin of 1.01 MW and "
                "its pmax of 1.09 MW."
            },
        ),
        (
            100,
            [GAS, WIND | {"pmax": 0.05}],
            {"wind": "Off: it can never run, since its pmax of 0.05 MW is below 0.1 MW."},
        ),
        (
            120,
            [GAS | {"pmin": 0}, WIND],
            {"gas": "Between its limits: without it no plan meets the load."},
        ),
    ],
)
def test_each_plant_has_its_reason(load: float, plants: list[dict[str, Any]], reasons: dict[str, str]) -> None:
    report = by_name(reported({"load": load, "fuels": FUELS, "powerplants": plants}))
    assert {name: report[name].reason for name in reasons} == reasons


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (1234.5, "1,234.50 euro more"),
        (0.005, "0.01 euro more"),
        (1e-9, "less than a cent more"),
        (0.0, "the same"),
        (-0.004, "less than a cent less"),
        (-12.0, "12.00 euro less"),
    ],
)
def test_a_reason_rounds_a_difference_to_the_cent_but_never_to_zero(difference: float, words: str) -> None:
    """A negative one is possible for a plan that is not proven to be the cheapest."""
    plants = reported({"load": 150, "fuels": FUELS, "powerplants": [GAS, GAS | {"name": "twin"}]}).powerplants
    given = decode_json({"load": 150, "fuels": FUELS, "powerplants": [GAS]}, co2=True, max_plants=1).powerplants[0]
    gas, twin = (plant.model_copy(update={"outcome": "feasible", "cost_difference": difference}) for plant in plants)
    assert reason_of(gas, given, [], 150) == f"Between its limits: switching it off would cost {words}."
    assert reason_of(twin, given, [], 150) == f"Off: switching it on would cost {words}."


# --- Every number, with an oracle ------------------------------------------------------------------------------------


def with_one_switched(units: Sequence[ExpectedUnit], load: int, position: int, *, on: bool) -> int | None:
    """The least cost with a unit off, unless it must run; or with some output of it."""
    if must_run(units[position]) and not on:
        return None
    others = [*units[:position], *units[position + 1 :]]
    unit = units[position]
    outputs = range(max(unit.min_output, 1), min(unit.max_output, load) + 1) if on else [0]
    totals = ((unit.marginal_cost * output, brute_force(others, load - output)) for output in outputs)
    return min((own + rest for own, rest in totals if rest is not None), default=None)


@hypothesis.example({"load": 60, "fuels": FUELS, "powerplants": [WIND | {"must_run": True}, GAS | {"pmin": 10}]})
@given(payloads(max_plants=4, largest=15))
def test_every_alternative_and_price_agrees_with_an_oracle(payload: dict[str, Any]) -> None:
    try:
        report = reported(payload)
    except InfeasibleLoad:
        return
    units = expected_units(payload)
    load = round(payload["load"] * 10)
    cost = brute_force(units, load)
    assert cost is not None
    assert report.cost.total == float(Fraction(cost, 10**10))
    order = merit_order(units)
    assert [plant.name for plant in report.powerplants] == [units[i].name for i in order]
    for plant, position in zip(report.powerplants, order, strict=True):
        unit = units[position]
        assert (plant.pmin, plant.pmax) == (unit.min_output / 10, unit.max_output / 10)
        assert plant.marginal_cost.total == float(Fraction(unit.marginal_cost, 10**9))
        is_on = bool(plant.p) or must_run(unit)  # a plant that must run is on, also at 0
        assert plant.alternative == ("forced_off" if is_on else "forced_on")
        expected = with_one_switched(units, load, position, on=not is_on)
        assert plant.outcome == ("infeasible" if expected is None else "feasible")
        assert plant.cost_difference == (None if expected is None else float(Fraction(expected - cost, 10**10)))
    for price, neighbour in (
        (report.marginal_price.commitment_free.up, load + 1),
        (report.marginal_price.commitment_free.down, load - 1),
    ):
        least = brute_force(units, neighbour) if neighbour >= 0 else None
        expected_price = None if least is None else float(Fraction((least - cost) * (neighbour - load), 10**9))
        assert price == expected_price
    check_prices_of_running_plants(report, units)


def check_prices_of_running_plants(report: Report, units: Sequence[ExpectedUnit]) -> None:
    """With the commitment as it is, only the running plants change their output, within their limits."""
    running = {plant.name: round(plant.p * 10) for plant in report.powerplants if plant.p}
    committed = [unit for unit in units if unit.name in running]
    load = sum(running.values())
    at = {change: least_cost_of_all_on(committed, load + change) for change in (-1, 0, 1)}
    prices = report.marginal_price.commitment_as_it_is
    up, down, here = at[1], at[-1], at[0]
    assert here is not None
    assert prices.up == (None if up is None else float(Fraction(up - here, 10**9)))
    assert prices.down == (None if down is None else float(Fraction(here - down, 10**9)))
    assert round(report.headroom.up * 10) == sum(unit.max_output for unit in committed) - load
    assert round(report.headroom.down * 10) == load - sum(unit.min_output for unit in committed)


def least_cost_of_all_on(committed: Sequence[ExpectedUnit], load: int) -> int | None:
    """All units at their minimum, and the rest of the load in merit order."""
    rest = load - sum(unit.min_output for unit in committed)
    cost = sum(unit.marginal_cost * unit.min_output for unit in committed)
    if rest < 0:
        return None
    for unit in sorted(committed, key=lambda unit: unit.marginal_cost):
        more = min(rest, unit.max_output - unit.min_output)
        cost, rest = cost + unit.marginal_cost * more, rest - more
    return None if rest else cost


# --- Time ------------------------------------------------------------------------------------------------------------


class Busy(Workers):
    """All processes are in use."""

    def __init__(self) -> None:
        super().__init__(1)
        self.enter(0)


@pytest.mark.parametrize("workers", [Workers(0), Busy()], ids=["out of time", "busy"])
def test_an_alternative_that_was_not_computed_in_time_says_so(
    monkeypatch: pytest.MonkeyPatch, workers: Workers
) -> None:
    def unfinished(
        units: Sequence[Any], _load: int, _dispatch: object, time_limit: float, _improve: object
    ) -> Appraisal:
        sleep(min(time_limit, AT_ONCE))
        return Appraisal(NOT_COMPUTED, NOT_COMPUTED, [NOT_COMPUTED] * len(units))

    monkeypatch.setattr(reporting, "appraise", unfinished)
    report = reported(example(3), workers=workers)
    assert report.status == "optimal"
    assert report.marginal_price.commitment_free.up is None
    assert {plant.outcome for plant in report.powerplants} == {"not_computed"}
    assert {plant.cost_difference for plant in report.powerplants} == {None}
    assert [plant.reason for plant in report.powerplants][-2:] == ["Off.", "Off."]
    assert by_name(report)["gasfiredbig1"].reason == "At its maximum."
