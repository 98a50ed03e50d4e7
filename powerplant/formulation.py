"""From a request to an instance of the solver: the only place where MW and euros become integers.

A number means the decimal that stands in the JSON (``13.4`` is 13.4, not its binary neighbour), as far as a
double carries it. From here on all is exact.
"""

from __future__ import annotations

from decimal import ROUND_05UP, ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from powerplant.merit_order import Unit
from powerplant.models import GasFired, ProductionPlanRequest, Turbojet, WindTurbine

TENTHS_PER_MEGAWATT = 10
COST_DIGITS = 9
"""A marginal cost is rounded to 10**-9 euro per MWh, half to even, when it becomes an integer."""

EURO_DIGITS = COST_DIGITS + 1
"""So the cost of one tenth of a MW for an hour counts in units of 10**-10 euro."""

TONNES_OF_CO2_PER_MWH = Decimal("0.3")
"""What a gas-fired plant is charged for, per MWh of power."""

EXACT = Context(prec=120, rounding=ROUND_05UP)
"""Quotients and sums of prices are taken to 120 digits, and cut so that the last one still tells that more followed:
the one rounding to come then falls as it would on the whole number, however many digits that has."""

ABSENT = Decimal("NaN")
"""A price that is not there. Decoding has seen to it that no plant needs it; if one does, its cost is no integer."""


class Instance(NamedTuple):
    """The problem in integers.

    Attributes:
        names: of the power plants, in payload order.
        units: the same plants for the solver; outputs in tenths of a MW, costs in 10**-9 euro per MWh.
        load: in tenths of a MW, rounded down.
        on_grid: whether the load is a multiple of 0.1 MW, so that nothing was rounded away.
    """

    names: tuple[str, ...]
    units: tuple[Unit, ...]
    load: int
    on_grid: bool


def formulate(request: ProductionPlanRequest, *, co2: bool) -> Instance:
    """Make an instance of a valid request.

    Args:
        request: a decoded payload; every price that its plants need is there.
        co2: whether emission allowances count in the marginal cost.
    """
    load, on_grid = _tenths_down(request.load)
    fuels = request.fuels
    gas = _decimal(fuels.gas)
    kerosine = _decimal(fuels.kerosine if fuels.kerosine is not None else fuels.kerosine_other_spelling)
    wind = _decimal(fuels.wind)
    allowance = EXACT.multiply(TONNES_OF_CO2_PER_MWH, _decimal(fuels.co2)) if co2 else Decimal(0)
    units = []
    for plant in request.powerplants:
        if isinstance(plant, GasFired):
            units.append(_fuel_burning_unit(plant, gas, allowance))
        elif isinstance(plant, Turbojet):
            units.append(_fuel_burning_unit(plant, kerosine, Decimal(0)))
        else:
            units.append(_wind_unit(plant, wind))
    return Instance(tuple(plant.name for plant in request.powerplants), tuple(units), load, on_grid)


def euros(cost: int) -> Decimal:
    """A cost of the solver's in euro, exactly."""
    return Decimal(cost).scaleb(-EURO_DIGITS, EXACT)


def _fuel_burning_unit(plant: GasFired | Turbojet, fuel_price: Decimal, surcharge: Decimal) -> Unit:
    cost = EXACT.add(EXACT.divide(fuel_price, _decimal(plant.efficiency)), surcharge)
    min_output, max_output = _tenths_up(plant.pmin), _tenths_down(plant.pmax)[0]
    if min_output > max_output:  # no tenth is left between its limits: never on
        min_output = max_output = 0
    return Unit(int(cost.scaleb(COST_DIGITS, EXACT).to_integral_value(ROUND_HALF_EVEN)), min_output, max_output)


def _wind_unit(plant: WindTurbine, wind: Decimal) -> Unit:
    percent_of_tenths = EXACT.multiply(_decimal(plant.pmax), wind)
    output = int(percent_of_tenths.scaleb(-1, EXACT))  # cut down: one cannot sell wind that does not blow
    return Unit(0, output, output)


def _decimal(number: float | None) -> Decimal:
    return Decimal(repr(number)) if number is not None else ABSENT


def _tenths_down(megawatt: float) -> tuple[int, bool]:
    """Tenths of a MW, rounded down, and whether nothing was lost."""
    tenths = round(megawatt * TENTHS_PER_MEGAWATT)
    if tenths / TENTHS_PER_MEGAWATT == megawatt:  # then the shortest decimal of the double has one place
        return tenths, True
    return int(_decimal(megawatt).scaleb(1, EXACT)), False


def _tenths_up(megawatt: float) -> int:
    tenths, exact = _tenths_down(megawatt)
    return tenths if exact else tenths + 1
