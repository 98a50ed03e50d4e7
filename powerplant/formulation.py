"""From a request to an instance of the solver: the only place where MW and euro become integers.

A double stands for the shortest decimal that rounds to it: ``13.4`` in the JSON is exactly 13.4. Quotients are kept as
numerator and denominator and rounded once, at the end. After that all arithmetic is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from powerplant.errors import Fault, InvalidPayload
from powerplant.merit_order import Unit
from powerplant.models import Fuels, PowerPlant, ProductionPlanRequest

NOISE_DIGITS = 6
"""A load that differs from a multiple of the step by less than 10**-6 MW is that multiple: sums of loads in floating
point differ by so much."""

COST_DIGITS = 9
"""A marginal cost is rounded to 10**-9 euro per MWh, half to even, when it becomes an integer."""

MOST_STEPS = 10**7
"""The largest load, in steps."""

EXACT = Context(prec=120)
"""More digits than any cost has."""

BILLION = 10**COST_DIGITS

PLANTS_KNOWN = 10_000
"""Plants that are cached in integers: clients plan the same plants for every hour."""

MILLION = 10**6
"""Numbers of a payload rarely have more than six decimals."""

Ratio = tuple[int, int]
"""An exact number: numerator, and denominator above 0."""

ZERO, ABSENT = (0, 1), (0, 0)
"""A missing price is ABSENT. Decoding ensures that no plant needs it; its use would be a division by zero."""


class Grid(NamedTuple):
    """The multiples of a step, which all outputs and the load are.

    Attributes:
        digits: decimals of the step in MW: 1 for 0.1 MW.
    """

    digits: int = 1

    @property
    def per_megawatt(self) -> int:
        """Steps in a MW."""
        return int(10**self.digits)

    @property
    def step(self) -> str:
        """The step in MW."""
        return f"{1 / self.per_megawatt:g}"

    def megawatts(self, steps: int) -> float:
        """An output in MW."""
        return steps / self.per_megawatt

    def energy(self, steps: int) -> Decimal:
        """An output in MWh in the hour, exactly."""
        energy: Decimal = Decimal(steps).scaleb(-self.digits, EXACT)
        return energy

    def euros(self, cost: int) -> Decimal:
        """A cost of the solver in euro, exactly: marginal costs count for a MWh, and outputs are steps."""
        euros: Decimal = Decimal(cost).scaleb(-COST_DIGITS - self.digits, EXACT)
        return euros


TENTHS = Grid()
"""The grid of the challenge."""

GRIDS = {grid.step: grid for grid in map(Grid, range(4))}
"""The grids by their step in MW: 1, 0.1, 0.01 and 0.001."""


class Task(NamedTuple):
    """What the solver solves.

    Attributes:
        units: the fleet; one that must run is a unit of what it can give beyond its minimum, without a minimum.
        load: without the minimum of the plants that must run, in steps; below 0 if these exceed the load.
    """

    units: tuple[Unit, ...]
    load: int


class Instance(NamedTuple):
    """The problem in integers.

    Attributes:
        names: of the power plants, in payload order.
        units: the same plants; outputs in steps, costs in 10**-9 euro per MWh.
        load: in steps, rounded down if it is not on the grid.
        on_grid: whether the load is a multiple of the step, up to 10**-6 MW.
        grid: the step.
        must_run: whether each plant must run, and can; empty if none must.
    """

    names: tuple[str, ...]
    units: tuple[Unit, ...]
    load: int
    on_grid: bool
    grid: Grid = TENTHS
    must_run: tuple[bool, ...] = ()

    @property
    def task(self) -> Task:
        """What the solver solves."""
        if not self.must_run:
            return Task(self.units, self.load)
        units = [
            Unit(unit.marginal_cost, 0, unit.max_output - unit.min_output) if must else unit
            for unit, must in zip(self.units, self.must_run, strict=True)
        ]
        return Task(tuple(units), self.load - sum(self.base))

    @property
    def base(self) -> Sequence[int]:
        """The outputs that the plants have at least: the minimum of each that must run."""
        if not self.must_run:
            return [0] * len(self.units)
        return [unit.min_output if must else 0 for unit, must in zip(self.units, self.must_run, strict=True)]

    @property
    def base_cost(self) -> int:
        """The cost of these outputs."""
        return sum(unit.marginal_cost * least for unit, least in zip(self.units, self.base, strict=True) if least)


def formulate(request: ProductionPlanRequest, *, co2: bool, grid: Grid = TENTHS, round_load: bool = False) -> Instance:
    """The instance of a valid request; O(n).

    Args:
        request: a decoded payload, with every price that its plants need.
        co2: whether emission allowances count in the marginal cost.
        grid: the step of outputs and load.
        round_load: whether a load that is off the grid becomes the nearest multiple of the step, half to even.

    Raises:
        InvalidPayload: the load has more than 10**7 steps.
    """
    fleet = Fleet.of(request.powerplants, grid)
    return fleet.at(request.load, request.fuels, co2=co2, round_load=round_load)


class _Cost(NamedTuple):
    """The cost of a MWh of power, in 10**-9 euro: (``fuel`` / efficiency + ``surcharge``) / ``denominator``."""

    fuel: int
    surcharge: int
    denominator: int

    @classmethod
    def of(cls, fuel_price: Ratio, tonnes: Ratio, allowance_price: Ratio, further: Ratio) -> _Cost:
        """The cost for a fuel price, emissions, the price of an allowance, and a further cost."""
        (price, a), (tonne, b), (allowance, c), (extra, d) = fuel_price, tonnes, allowance_price, further
        surcharge = a * (tonne * allowance * d + extra * b * c)  # price / a, and so on
        return cls(price * b * c * d * BILLION, surcharge * BILLION, a * b * c * d)

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
        cost: what its marginal cost depends on beside its efficiency: fuel, tonnes of CO2 and further cost of a MWh.
        efficiency: MWh of power out of one MWh of fuel.
        min_output, max_output: in steps; 0 if it can never run.
        profile: the name of its profile; ``None`` without one.
        pmax: in MW, for a plant with a profile.
        curtailable: whether it may give less than the profile leaves.
        must_run: whether it must run.
    """

    cost: tuple[str | None, Ratio, Ratio]
    efficiency: Ratio
    min_output: int
    max_output: int
    profile: str | None
    pmax: Ratio
    curtailable: bool
    must_run: bool


class Fleet(NamedTuple):
    """The names and plants of a payload, in its order, without what depends on the hour."""

    names: tuple[str, ...]
    plants: list[_Plant]
    grid: Grid = TENTHS

    @classmethod
    def of(cls, powerplants: Sequence[PowerPlant], grid: Grid = TENTHS) -> Fleet:
        """The fleet of a payload."""
        return cls(
            tuple([plant.name for plant in powerplants]),
            [
                _plant(
                    plant.fuel,
                    plant.tonnes,
                    plant.cost,
                    1.0 if plant.fuel is None else plant.efficiency,
                    0.0 if plant.profile is not None and not plant.curtailable else plant.pmin or 0.0,
                    plant.pmax,
                    plant.profile,
                    plant.curtailable,
                    plant.available,
                    plant.must_run,
                    grid.digits,
                )
                for plant in powerplants
            ],
            grid,
        )

    def at(self, load: float, fuels: Fuels, *, co2: bool, round_load: bool = False) -> Instance:
        """The instance of one hour; see :func:`formulate`."""
        allowance = _price(fuels.co2) if co2 else ZERO
        costs: dict[tuple[str | None, Ratio, Ratio], _Cost] = {}
        units, musts = [], []
        for plant in self.plants:
            cost = costs.get(plant.cost)
            if cost is None:
                fuel, tonnes, further = plant.cost
                price = ZERO if fuel is None else _price(fuels.price(fuel))
                cost = costs[plant.cost] = _Cost.of(price, tonnes, allowance if tonnes[0] else ZERO, further)
            least, most = plant.min_output, plant.max_output
            if plant.profile is not None and most:
                most = _share(_price(fuels.profile(plant.profile)), plant.pmax, self.grid)
                if not plant.curtailable:
                    least = most
                elif least > most:
                    least = most = 0
            units.append(Unit(cost.at(plant.efficiency), least, most))
            musts.append(plant.must_run and most > 0)
        steps, on_grid = self._steps(load, round_load=round_load)
        must_run = tuple(musts) if any(musts) else ()
        return Instance(self.names, tuple(units), steps, on_grid, self.grid, must_run)

    def emitted(self, dispatch: Sequence[int]) -> Decimal:
        """The tonnes of CO2 that plants with these outputs emit, exactly."""
        total = Decimal(0)
        for plant, output in zip(self.plants, dispatch, strict=True):
            _, (tonnes, denominator), _ = plant.cost
            if output and tonnes:
                total = EXACT.add(total, EXACT.divide(self.grid.energy(output * tonnes), Decimal(denominator)))
        return total

    def _steps(self, load: float, *, round_load: bool) -> tuple[int, bool]:
        """A load in steps, rounded down, and whether it is on the grid."""
        megawatts, denominator = _ratio(load)
        per_megawatt = self.grid.per_megawatt
        steps, rest = divmod(per_megawatt * megawatts, denominator)
        noise, one = 10**NOISE_DIGITS, per_megawatt * denominator
        if round_load:
            if 2 * rest > denominator or (2 * rest == denominator and steps % 2):
                steps += 1
            rest = 0
        elif rest and (denominator - rest) * noise < one:
            steps, rest = steps + 1, 0
        if steps > MOST_STEPS:
            most = f"{self.grid.megawatts(MOST_STEPS):g} MW with a step of {self.grid.step} MW"
            raise InvalidPayload([Fault("#/load", f"must be at most {most}")])
        return steps, rest * noise < one


@lru_cache(maxsize=PLANTS_KNOWN)
def _plant(
    fuel: str | None,
    tonnes: float,
    cost: float,
    efficiency: float,
    least: float,
    most: float,
    profile: str | None,
    curtailable: bool,
    available: bool,
    must_run: bool,
    digits: int,
) -> _Plant:
    pmax, per_megawatt = _ratio(most), 10**digits
    pmin, denominator = _ratio(least)
    min_output = -(-per_megawatt * pmin // denominator)  # rounded up
    max_output = per_megawatt * pmax[0] // pmax[1]
    if min_output > max_output or not available:  # no multiple of the step is within its limits: never on
        min_output = max_output = 0
    costs = fuel, _ratio(tonnes), _ratio(cost)
    return _Plant(costs, _ratio(efficiency), min_output, max_output, profile, pmax, curtailable, must_run)


def _share(percentage: Ratio, pmax: Ratio, grid: Grid) -> int:
    """What a profile leaves of the pmax of a plant, in steps, rounded down."""
    (percent, percent_denominator), (megawatts, denominator) = percentage, pmax
    return grid.per_megawatt * percent * megawatts // (100 * percent_denominator * denominator)


def _price(number: float | None) -> Ratio:
    return ABSENT if number is None else _ratio(number)


def _ratio(number: float) -> Ratio:
    """The shortest decimal that rounds to this double, exactly."""
    whole = int(number)
    if whole == number:
        return whole, 1
    millionths = round(number * MILLION)
    if millionths / MILLION == number:  # only one decimal with so few digits rounds to this double
        return millionths, MILLION
    return Decimal(repr(number)).as_integer_ratio()
