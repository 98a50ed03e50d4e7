"""The only place where MW and euro become integers: the decimals of the JSON, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from oracles import exact, expected_units
from strategies import payloads

from powerplant.decoding import decode_json
from powerplant.formulation import TENTHS, Instance, _ratio, formulate
from powerplant.merit_order import Unit


def instance_of(payload: dict[str, Any], *, co2: bool = True) -> Instance:
    return formulate(decode_json(payload, co2=co2, max_plants=1000), co2=co2)


def formulated(
    *, load: float = 0, gas: float = 13.4, co2_price: float = 20, wind: float = 60, co2: bool = True, **plant: Any
) -> Instance:
    """A fleet of one plant."""
    fuels = {"gas(euro/MWh)": gas, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": co2_price, "wind(%)": wind}
    plant = {"name": "one", "type": "gasfired", "efficiency": 1, "pmin": 0, "pmax": 100} | plant
    return instance_of({"load": load, "fuels": fuels, "powerplants": [plant]}, co2=co2)


def unit_of(**arguments: Any) -> Unit:
    return formulated(**arguments).units[0]


def test_a_price_is_the_decimal_in_the_payload() -> None:
    assert unit_of(gas=13.4, efficiency=1, co2=False).marginal_cost == 13_400_000_000
    assert unit_of(gas=0.1, efficiency=0.3, co2=False).marginal_cost == 333_333_333


def test_gas_is_charged_for_three_tenths_of_a_tonne_of_co2_per_mwh_of_power() -> None:
    assert unit_of(efficiency=0.53).marginal_cost == 31_283_018_868
    assert unit_of(efficiency=0.53, co2=False).marginal_cost == 25_283_018_868


def test_turbojets_are_not_charged_for_co2() -> None:
    assert unit_of(type="turbojet", efficiency=0.3).marginal_cost == 169_333_333_333


@pytest.mark.parametrize(
    ("gas", "billionths"),
    [
        (0.5e-9, 0),
        (0.500000001e-9, 1),
        (1.5e-9, 2),
        (2.5e-9, 2),
        (2.499999999e-9, 2),
        (-0.5e-9, 0),
        (-1.5e-9, -2),
        (-2.5e-9, -2),
        (-2.500000001e-9, -3),
        (123456.0000000005, 123_456_000_000_000),
        (123456.0000000015, 123_456_000_000_002),
    ],
)
def test_a_marginal_cost_is_rounded_half_to_even_to_a_billionth_of_a_euro(gas: float, billionths: int) -> None:
    assert unit_of(gas=gas, efficiency=1, co2=False).marginal_cost == billionths


def test_the_sum_of_fuel_and_co2_is_rounded_and_not_its_parts() -> None:
    """0.4 of a billionth for gas, 0.3 * 1 for CO2: together they round up."""
    assert unit_of(gas=0.4e-9, co2_price=1e-9).marginal_cost == 1


def test_a_quotient_is_rounded_once() -> None:
    """0.00000000075 / 0.5 is a tie, which a double cannot hold."""
    assert unit_of(gas=0.75e-9, efficiency=0.5, co2=False).marginal_cost == 2
    assert unit_of(gas=0.25e-9, efficiency=0.5, co2=False).marginal_cost == 0


def test_the_highest_possible_cost_keeps_its_last_digit() -> None:
    unit = unit_of(gas=1_000_000, efficiency=0.000_001, co2_price=1e-8)
    assert unit.marginal_cost == 10**21 + 3


@pytest.mark.parametrize(
    ("pmax", "wind", "tenths"),
    [
        (36, 60, 216),  # float arithmetic with truncation gives 215
        (36, 57, 205),
        (150, 60, 900),
        (36, 0, 0),
        (36, 100, 360),
        (0.7, 100, 7),
        (1, 29, 2),
        (1, 9.999, 0),
        (4.1, 100, 41),
        (1_000_000, 33.3, 3_330_000),
        (0.3, 66.66666666666667, 2),
        (0.3, 66.6666666666667, 2),
        (0.3, 66.66666666666666, 1),
    ],
)
def test_a_wind_turbine_has_one_output_rounded_down_to_a_tenth(pmax: float, wind: float, tenths: int) -> None:
    assert unit_of(type="windturbine", pmax=pmax, wind=wind) == Unit(0, tenths, tenths)


def test_pmin_and_efficiency_of_a_wind_turbine_are_ignored() -> None:
    assert unit_of(type="windturbine", pmin=90, efficiency=0.1, pmax=100, wind=50) == Unit(0, 500, 500)


@pytest.mark.parametrize(
    ("pmin", "pmax", "limits"),
    [
        (10, 20, (100, 200)),
        (10.1, 20.1, (101, 201)),
        (10.01, 20.09, (101, 200)),
        (10.000000001, 20, (101, 200)),
        (0.3, 0.3, (3, 3)),
        (0, 0.09, (0, 0)),
        (5e-324, 1, (1, 10)),
        (0.31, 0.39, (0, 0)),  # no multiple of 0.1 MW between them
        (0.31, 0.4, (4, 4)),
        (0.11, 0.11, (0, 0)),
        (999_999.9, 1_000_000, (9_999_999, 10_000_000)),
    ],
)
def test_pmin_rounds_up_and_pmax_down(pmin: float, pmax: float, limits: tuple[int, int]) -> None:
    assert unit_of(pmin=pmin, pmax=pmax)[1:] == limits


@pytest.mark.parametrize(
    ("load", "tenths", "on_grid"),
    [
        (910, 9100, True),
        (480.5, 4805, True),
        (0.1, 1, True),
        (0.7, 7, True),
        (-0.0, 0, True),
        (0.30000000000000004, 3, True),
        (900.3000000000001, 9003, True),
        (900.2999999999998, 9003, True),
        (50.0000009, 500, True),
        (50.000001, 500, False),
        (50.0999991, 501, True),
        (50.099999, 500, False),
        (1e-30, 0, True),
        (50.35, 503, False),
        (0.05, 0, False),
        (999_999.95, 9_999_999, False),
    ],
)
def test_a_load_is_on_the_grid_if_it_is_less_than_a_millionth_away(load: float, tenths: int, on_grid: bool) -> None:
    instance = formulated(load=load)
    assert (instance.load, instance.on_grid) == (tenths, on_grid)


def test_plants_stay_in_payload_order() -> None:
    wind = [{"name": name, "type": "windturbine", "pmax": 10 * i} for i, name in enumerate("zax", 1)]
    instance = instance_of({"load": 1, "fuels": {"wind(%)": 10}, "powerplants": wind})
    assert instance == Instance(("z", "a", "x"), (Unit(0, 10, 10), Unit(0, 20, 20), Unit(0, 30, 30)), 10, True)


@pytest.mark.parametrize("spelling", ["kerosine(euro/MWh)", "kerosine(euro/Mwh)"])
def test_kerosine_has_two_spellings(spelling: str) -> None:
    jet = {"name": "jet", "type": "turbojet", "efficiency": 0.5, "pmin": 0, "pmax": 1}
    assert (
        instance_of({"load": 1, "fuels": {spelling: 0.1}, "powerplants": [jet]}).units[0].marginal_cost == 200_000_000
    )


def test_euros_are_exact() -> None:
    assert TENTHS.euros(249_763_600_000_001) == Decimal("24976.3600000001")
    assert Fraction(TENTHS.euros(-(10**40) - 1)) == Fraction(-(10**40) - 1, 10**10)


@given(payloads(max_plants=8, largest=1000), st.booleans())
def test_an_instance_agrees_with_exact_fractions(payload: dict[str, Any], co2: bool) -> None:
    instance = instance_of(payload, co2=co2)
    expected = expected_units(payload, co2)
    assert list(instance.names) == [unit.name for unit in expected]
    assert [tuple(unit) for unit in instance.units] == [
        (unit.marginal_cost, unit.min_output, unit.max_output) for unit in expected
    ]
    load = exact(payload["load"]) * 10
    assert (instance.load, instance.on_grid) == (load.numerator // load.denominator, load.denominator == 1)


@given(st.floats(-1e6, 1e6) | st.integers(-(10**12), 10**12).map(lambda millionths: millionths / 10**6))
@example(999_999.999999)
@example(999_999.9999990001)
@example(0.1 + 0.2)
@example(-0.0)
@example(5e-324)
def test_a_number_is_its_shortest_decimal(number: float) -> None:
    assert Fraction(*_ratio(number)) == Fraction(repr(number))


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1), st.floats(-1e6, 1e6))
@example(1e6, 1e-6, -1e6)
@example(0.1, 0.3, 1e-300)
# Almost a tie: the difference is in the three hundredth place.
@example(2.2250738585e-313, 1.0, 1.974609375)
@example(-5e-324, 1.0, 1.974609375)
@example(0.5923828125, 1.0, 5e-324)
@example(5e-324, 0.7, -1.974609375)
def test_a_cost_is_rounded_like_a_fraction(gas: float, efficiency: float, co2_price: float) -> None:
    cost = exact(gas) / exact(efficiency) + Fraction("0.3") * exact(co2_price)
    assert unit_of(gas=gas, efficiency=efficiency, co2_price=co2_price).marginal_cost == round(cost * 10**9)
