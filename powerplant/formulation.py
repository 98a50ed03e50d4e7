"""From a request to an instance of the solver: the only place where MW and euros become integers.

A number means the decimal that stands in the JSON (``13.4`` is 13.4, not its binary neighbour), as far as a
double carries it. Quotients are kept as numerator and denominator, and rounded once, at the end; from there on all is
exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from powerplant.merit_order import Unit
from powerplant.models import Fuels, PowerPlant, ProductionPlanRequest

TENTHS_PER_MEGAWATT = 10
COST_DIGITS = 9
"""A marginal cost is rounded to 10**-9 euro per MWh, half to even, when it becomes an integer."""

EURO_DIGITS = COST_DIGITS + 1
"""So the cost of one tenth of a MW for an hour counts in units of 10**-10 euro."""

TONNES_OF_CO2_PER_MWH = Decimal("0.3")
"""What a gas-fired plant is charged for, per MWh of power."""

# The same two in integers.
TONNES, BILLION = TONNES_OF_CO2_PER_MWH.as_integer_ratio(), 10**COST_DIGITS

EXACT = Context(prec=120)
"""More digits than any cost has."""

PLANTS_KNOWN = 10_000
"""How many plants are kept in integers: those of a desk are the same in each hour."""

MILLION = 10**6
"""A number of the payload seldom has more than six places."""

Ratio = tuple[int, int]
"""An exact number: numerator, and denominator above 0."""

ABSENT = (0, 0)
"""A price that is not there. Decoding has seen to it that no plant needs it; where one does, 0 is divided by."""


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
    return Fleet.of(request.powerplants).at(request.load, request.fuels, co2=co2)


def euros(cost: int) -> Decimal:
    """A cost of the solver's in euro, exactly."""
    return Decimal(cost).scaleb(-EURO_DIGITS, EXACT)


class _FuelCost(NamedTuple):
    """The cost of a MWh of power, in 10**-9 euro: (``fuel`` / efficiency + ``surcharge``) / ``denominator``."""

    fuel: int
    surcharge: int
    denominator: int

    @classmethod
    def of(cls, fuel_price: Ratio, allowance_price: Ratio) -> _FuelCost:
        (price, price_denominator), (allowance, allowance_denominator) = fuel_price, allowance_price
        tonnes, tonnes_denominator = TONNES
        surcharge_denominator = tonnes_denominator * allowance_denominator
        return cls(
            price * surcharge_denominator * BILLION,
            tonnes * allowance * price_denominator * BILLION,
            price_denominator * surcharge_denominator,
        )

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
        type: as the payload has it.
        ratio: its efficiency; of a wind turbine its pmax in MW.
        min_output, max_output: in tenths of a MW; those of a wind turbine are the hour's to tell.
    """

    type: str
    ratio: Ratio
    min_output: int
    max_output: int


class Fleet(NamedTuple):
    """Power plants as far as they are the same in each hour.

    Attributes:
        names: in payload order.
        plants: the same plants.
    """

    names: tuple[str, ...]
    plants: list[_Plant]

    @classmethod
    def of(cls, powerplants: Sequence[PowerPlant]) -> Fleet:
        """The fleet that a payload lists."""
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
        """The instance that an hour makes of it; the arguments are those of :func:`formulate`."""
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
        return Instance(self.names, tuple(units), tenths, not rest)


@lru_cache(maxsize=PLANTS_KNOWN)
def _wind_turbine(pmax: float) -> _Plant:
    return _Plant("windturbine", _ratio(pmax), 0, 0)


@lru_cache(maxsize=PLANTS_KNOWN)
def _fuel_burning(type_: str, efficiency: float, least: float, most: float) -> _Plant:
    (pmin, pmin_denominator), (pmax, pmax_denominator) = _ratio(least), _ratio(most)
    min_output = -(-TENTHS_PER_MEGAWATT * pmin // pmin_denominator)  # rounded up
    max_output = TENTHS_PER_MEGAWATT * pmax // pmax_denominator
    if min_output > max_output:  # no tenth is left between its limits: never on
        min_output = max_output = 0
    return _Plant(type_, _ratio(efficiency), min_output, max_output)


def _wind(percentage: Ratio, pmax: Ratio) -> int:
    """What a wind turbine gives, in tenths of a MW. Cut down: one cannot sell wind that does not blow."""
    (percent, percent_denominator), (megawatts, denominator) = percentage, pmax
    return TENTHS_PER_MEGAWATT * percent * megawatts // (100 * percent_denominator * denominator)


def _price(number: float | None) -> Ratio:
    return ABSENT if number is None else _ratio(number)


def _ratio(number: float) -> Ratio:
    """The shortest decimal that the double is nearest to, exactly."""
    millionths = round(number * MILLION)
    if millionths / MILLION == number:  # of so few digits only one decimal is nearest to a double: this is it
        return millionths, MILLION
    return Decimal(repr(number)).as_integer_ratio()
