"""From a request to an instance of the solver: the only place where MW and euro become integers.

A double stands for the shortest decimal that rounds to it: ``13.4`` in the JSON is exactly 13.4. Quotients are kept as
numerator and denominator and rounded once, at the end. After that all arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from powerplant.merit_order import Unit
from powerplant.models import Fuels, PowerPlant, ProductionPlanRequest

TENTHS_PER_MEGAWATT = 10
NOISE = 100_000
"""A load that differs from a multiple of 0.1 MW by less than this part of 0.1 MW, so by less than 10**-6 MW, is that
multiple: sums of loads in floating point differ by so much."""

COST_DIGITS = 9
"""A marginal cost is rounded to 10**-9 euro per MWh, half to even, when it becomes an integer."""

EURO_DIGITS = COST_DIGITS + 1
"""The cost of one tenth of a MW for an hour is counted in units of 10**-10 euro."""

TONNES_OF_CO2_PER_MWH = Decimal("0.3")
"""Emissions of a gas-fired plant, per MWh of power."""

# The same in integers.
TONNES, BILLION = TONNES_OF_CO2_PER_MWH.as_integer_ratio(), 10**COST_DIGITS

EXACT = Context(prec=120)
"""More digits than any cost has."""

PLANTS_KNOWN = 10_000
"""Plants that are cached in integers: clients plan the same plants for every hour."""

MILLION = 10**6
"""Numbers of a payload rarely have more than six decimals."""

Ratio = tuple[int, int]
"""An exact number: numerator, and denominator above 0."""

ABSENT = (0, 0)
"""A missing price. Decoding ensures that no plant needs it; its use would be a division by zero."""


class Instance(NamedTuple):
    """The problem in integers.

    Attributes:
        names: of the power plants, in payload order.
        units: the same plants for the solver; outputs in tenths of a MW, costs in 10**-9 euro per MWh.
        load: in tenths of a MW, rounded down if it is not on the grid.
        on_grid: whether the load is a multiple of 0.1 MW, up to :data:`NOISE`.
    """

    names: tuple[str, ...]
    units: tuple[Unit, ...]
    load: int
    on_grid: bool


def formulate(request: ProductionPlanRequest, *, co2: bool) -> Instance:
    """The instance of a valid request; O(n).

    Args:
        request: a decoded payload, with every price that its plants need.
        co2: whether emission allowances count in the marginal cost.
    """
    return Fleet.of(request.powerplants).at(request.load, request.fuels, co2=co2)


def euros(cost: int) -> Decimal:
    """A cost of the solver in euro, exactly."""
    return Decimal(cost).scaleb(-EURO_DIGITS, EXACT)


class _FuelCost(NamedTuple):
    """The cost of a MWh of power, in 10**-9 euro: (``fuel`` / efficiency + ``surcharge``) / ``denominator``."""

    fuel: int
    surcharge: int
    denominator: int

    @classmethod
    def of(cls, fuel_price: Ratio, allowance_price: Ratio) -> _FuelCost:
        (price, a), (allowance, b), (tonnes, c) = fuel_price, allowance_price, TONNES  # price / a, and so on
        return cls(price * b * c * BILLION, tonnes * allowance * a * BILLION, a * b * c)

    def at(self, efficiency: Ratio) -> int:
        """The marginal cost of a plant, rounded half to even."""
        power, burnt = efficiency  # MWh of power out of MWh of fuel
        denominator = self.denominator * power
        cost, rest = divmod(self.fuel * burnt + self.surcharge * power, denominator)
        above_half = 2 * rest - denominator
        return cost + 1 if above_half > 0 or (above_half == 0 and cost % 2) else cost


class _Plant(NamedTuple):
    """A power plant in integers.

    Attributes:
        type: its type in the payload.
        ratio: its efficiency; for a wind turbine its pmax in MW.
        min_output, max_output: in tenths of a MW; 0 for a wind turbine, whose output depends on the hour.
    """

    type: str
    ratio: Ratio
    min_output: int
    max_output: int


class Fleet(NamedTuple):
    """The names and plants of a payload, in its order, without what depends on the hour."""

    names: tuple[str, ...]
    plants: list[_Plant]

    @classmethod
    def of(cls, powerplants: Sequence[PowerPlant]) -> Fleet:
        """The fleet of a payload."""
        return cls(
            tuple([plant.name for plant in powerplants]),
            [
                _wind_turbine(plant.pmax)
                if plant.type == "windturbine"
                else _fuel_burning(plant.type, plant.efficiency, plant.pmin, plant.pmax)
                for plant in powerplants
            ],
        )

    def at(self, load: float, fuels: Fuels, *, co2: bool) -> Instance:
        """The instance of one hour; see :func:`formulate`."""
        kerosine = fuels.kerosine if fuels.kerosine is not None else fuels.kerosine_other_spelling
        wind = _price(fuels.wind)
        gas_fired = _FuelCost.of(_price(fuels.gas), _price(fuels.co2) if co2 else (0, 1))
        turbojet = _FuelCost.of(_price(kerosine), (0, 1))
        units = []
        for type_, ratio, min_output, max_output in self.plants:
            if type_ == "windturbine":
                output = _wind(wind, ratio)
                units.append(Unit(0, output, output))
            else:
                fuel = gas_fired if type_ == "gasfired" else turbojet
                units.append(Unit(fuel.at(ratio), min_output, max_output))
        megawatts, denominator = _ratio(load)
        tenths, rest = divmod(TENTHS_PER_MEGAWATT * megawatts, denominator)
        if rest and (denominator - rest) * NOISE < denominator:
            tenths, rest = tenths + 1, 0
        return Instance(self.names, tuple(units), tenths, rest * NOISE < denominator)


@lru_cache(maxsize=PLANTS_KNOWN)
def _wind_turbine(pmax: float) -> _Plant:
    return _Plant("windturbine", _ratio(pmax), 0, 0)


@lru_cache(maxsize=PLANTS_KNOWN)
def _fuel_burning(type_: str, efficiency: float, least: float, most: float) -> _Plant:
    (pmin, pmin_denominator), (pmax, pmax_denominator) = _ratio(least), _ratio(most)
    min_output = -(-TENTHS_PER_MEGAWATT * pmin // pmin_denominator)  # rounded up
    max_output = TENTHS_PER_MEGAWATT * pmax // pmax_denominator
    if min_output > max_output:  # no multiple of 0.1 MW is within its limits: never on
        min_output = max_output = 0
    return _Plant(type_, _ratio(efficiency), min_output, max_output)


def _wind(percentage: Ratio, pmax: Ratio) -> int:
    """The output of a wind turbine, in tenths of a MW, rounded down."""
    (percent, percent_denominator), (megawatts, denominator) = percentage, pmax
    return TENTHS_PER_MEGAWATT * percent * megawatts // (100 * percent_denominator * denominator)


def _price(number: float | None) -> Ratio:
    return ABSENT if number is None else _ratio(number)


def _ratio(number: float) -> Ratio:
    """The shortest decimal that rounds to this double, exactly."""
    millionths = round(number * MILLION)
    if millionths / MILLION == number:  # only one decimal with so few digits rounds to this double
        return millionths, MILLION
    return Decimal(repr(number)).as_integer_ratio()
