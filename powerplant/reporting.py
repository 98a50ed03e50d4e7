"""Explain a plan: the price of the next MWh, the cost of each plant's alternative, and a reason for each plant.

Everything is computed exactly from the instance and its solution. Amounts become floats in the report itself, and are
rounded to the cent only in sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from time import perf_counter
from typing import Literal, NamedTuple

from powerplant.errors import TooBusy
from powerplant.formulation import COST_DIGITS, EXACT, TENTHS_PER_MEGAWATT, TONNES_OF_CO2_PER_MWH, euros
from powerplant.merit_order import Unit
from powerplant.merit_order.alternatives import Alternative, Appraisal, appraise
from powerplant.models import (
    Cost,
    GasFired,
    Headroom,
    MarginalCost,
    MarginalPrice,
    PlantReport,
    PowerPlant,
    Prices,
    ProductionPlanRequest,
    Report,
    WindTurbine,
)
from powerplant.planning import Options, Solved, in_merit_order, solve_request
from powerplant.workers import Workers

State = Literal["off", "at_minimum", "in_between", "at_maximum"]
Outcome = Literal["feasible", "infeasible", "not_computed"]

SHARE = 0.9
"""The part of the time limit that search and alternatives may use; the rest is for the report itself."""

HALF_A_CENT = 0.005
"""A smaller amount rounds to zero cents."""


def report_production(request: ProductionPlanRequest, options: Options, workers: Workers) -> Report:
    """The report on the cheapest plan for a request.

    The alternatives have what the search leaves of the time limit; the report marks those that were not computed.
    Arguments and errors are those of :func:`powerplant.planning.solve_request`.
    """
    start = perf_counter()
    solved = solve_request(request, options, workers)
    appraisal = appraise_plan(solved, options.after(perf_counter() - start), workers)
    return explain(request, solved, appraisal, co2=options.co2)


def appraise_plan(solved: Solved, options: Options, workers: Workers) -> Appraisal:
    """The alternatives to a solution that can be computed in the time that is left."""
    instance, solution, _ = solved
    arguments = instance.units, instance.load, solution.dispatch
    try:
        return workers.run(appraise, *arguments, time_limit=max(0.0, SHARE * options.time_limit - options.spent))
    except TooBusy as error:
        if not isinstance(error.so_far, Appraisal):
            raise
        return error.so_far


def explain(request: ProductionPlanRequest, solved: Solved, appraisal: Appraisal, *, co2: bool) -> Report:
    """The report on a solution and its alternatives; ``co2``: whether allowances count in the cost; O(n log n)."""
    instance, solution, _ = solved
    charged = _allowance(request) if co2 else None
    stations = [
        _Station(plant, unit, output, charged if isinstance(plant, GasFired) else None, alternative)
        for plant, unit, output, alternative in zip(
            request.powerplants, instance.units, solution.dispatch, appraisal.switched, strict=True
        )
    ]
    stations = [stations[index] for index in in_merit_order(instance)]
    running = [station for station in stations if station.output]
    total, for_co2 = euros(solution.cost), _sum(station.co2_cost for station in stations)
    load = Decimal(instance.load) / TENTHS_PER_MEGAWATT
    return Report(
        status="optimal" if solution.cost == solution.lower_bound else "feasible",
        load=float(load),
        cost=Cost(total=float(total), fuel=float(total - for_co2), co2=float(for_co2)),
        lower_bound=float(euros(solution.lower_bound)),
        proof=solution.proof.method,
        co2_tonnes=float(_sum(station.co2_tonnes for station in stations)),
        co2_emitted_tonnes=float(_sum(station.co2_emitted_tonnes for station in stations)),
        average_price=float(total / load) if load else None,
        marginal_price=MarginalPrice(
            commitment_as_it_is=_prices_of_running(running), commitment_free=_prices_of_loads(appraisal, solution.cost)
        ),
        curtailed_wind=_megawatt(
            sum(s.unit.max_output for s in stations if isinstance(s.plant, WindTurbine) and not s.output)
        ),
        headroom=Headroom(
            up=_megawatt(sum(station.unit.max_output - station.output for station in running)),
            down=_megawatt(sum(station.output - station.unit.min_output for station in running)),
        ),
        powerplants=_with_reasons([_plant_report(station, solution.cost) for station in stations]),
    )


def _allowance(request: ProductionPlanRequest) -> Decimal | None:
    """The price of CO2 for gas-fired plants, in euro per MWh of power; ``None`` if the payload has no price."""
    price = request.fuels.co2
    return None if price is None else EXACT.multiply(TONNES_OF_CO2_PER_MWH, Decimal(repr(price)))


class _Station(NamedTuple):
    """A plant in a plan, in exact numbers.

    Attributes:
        plant: the plant of the payload.
        unit: the same in integers.
        output: in tenths of a MW.
        allowance: euro for CO2 per MWh of its power; ``None`` if it is not charged for CO2.
        alternative: the best plan with the plant off if it is on, else with it on.
    """

    plant: PowerPlant
    unit: Unit
    output: int
    allowance: Decimal | None
    alternative: Alternative

    @property
    def energy(self) -> Decimal:
        """MWh in the hour."""
        return Decimal(self.output) / TENTHS_PER_MEGAWATT

    @property
    def co2_cost(self) -> Decimal:
        """Euro for allowances."""
        return EXACT.multiply(self.energy, self.allowance or Decimal(0))

    @property
    def co2_tonnes(self) -> Decimal:
        """Tonnes of CO2 that it is charged for."""
        return Decimal(0) if self.allowance is None else self.co2_emitted_tonnes

    @property
    def co2_emitted_tonnes(self) -> Decimal:
        """Tonnes of CO2 that it emits, charged or not. The challenge gives a figure for gas-fired plants only."""
        return self.energy * TONNES_OF_CO2_PER_MWH if isinstance(self.plant, GasFired) else Decimal(0)

    @property
    def state(self) -> State:
        """Where its output is between its limits."""
        if not self.output:
            return "off"
        if self.output == self.unit.max_output:
            return "at_maximum"
        return "at_minimum" if self.output == self.unit.min_output else "in_between"


def _plant_report(station: _Station, cost: int) -> PlantReport:
    plant, unit, output, allowance, alternative = station
    per_mwh = Decimal(unit.marginal_cost).scaleb(-COST_DIGITS, EXACT)
    for_co2 = allowance or Decimal(0)
    return PlantReport(
        name=plant.name,
        type=plant.type,
        p=_megawatt(output),
        pmin=_megawatt(unit.min_output),
        pmax=_megawatt(unit.max_output),
        marginal_cost=MarginalCost(total=float(per_mwh), fuel=float(per_mwh - for_co2), co2=float(for_co2)),
        cost=float(euros(unit.marginal_cost * output)),
        co2_tonnes=float(station.co2_tonnes),
        co2_emitted_tonnes=float(station.co2_emitted_tonnes),
        state=station.state,
        alternative="forced_off" if output else "forced_on",
        outcome=_outcome(alternative),
        cost_difference=None if alternative.cost is None else float(euros(alternative.cost - cost)),
        reason="",
    )


def _outcome(alternative: Alternative) -> Outcome:
    if not alternative.computed:
        return "not_computed"
    return "infeasible" if alternative.cost is None else "feasible"


# --- Prices ----------------------------------------------------------------------------------------------------------


def _prices_of_running(running: Sequence[_Station]) -> Prices:
    """Of the running plants, the cheapest that can produce more, and the most expensive that can produce less."""
    up = [station.unit.marginal_cost for station in running if station.output < station.unit.max_output]
    down = [station.unit.marginal_cost for station in running if station.output > station.unit.min_output]
    return Prices(up=_price(min(up, default=None)), down=_price(max(down, default=None)))


def _prices_of_loads(appraisal: Appraisal, cost: int) -> Prices:
    """How the cost changes with the best plans for one tenth of a MW more and less."""
    more, less = appraisal.more.cost, appraisal.less.cost
    return Prices(up=_price(None if more is None else more - cost), down=_price(None if less is None else cost - less))


def _price(marginal_cost: int | None) -> float | None:
    """A marginal cost in euro per MWh. The cost of one tenth of a MW in 10**-10 euro is the same number."""
    return None if marginal_cost is None else float(Decimal(marginal_cost).scaleb(-COST_DIGITS, EXACT))


# --- Reasons ---------------------------------------------------------------------------------------------------------


def _with_reasons(plants: list[PlantReport]) -> list[PlantReport]:
    needed = [plant for plant in plants if plant.p and plant.outcome == "infeasible"]
    return [plant.model_copy(update={"reason": reason_of(plant, needed)}) for plant in plants]


def reason_of(plant: PlantReport, needed: Sequence[PlantReport]) -> str:
    """Why a plant runs or is off, in one sentence, from the numbers of the report.

    Args:
        plant: its report.
        needed: the running plants without which no plan meets the load.
    """
    if plant.p:
        place = {"at_minimum": "At its minimum", "in_between": "Between its limits", "at_maximum": "At its maximum"}
        return f"{place[plant.state]}{_unless_off(plant)}."
    if not plant.pmax:
        return "Off: there is no wind." if plant.type == "windturbine" else "Off: it can produce nothing."
    off = "Off although free" if plant.marginal_cost.total == 0 else "Off"
    if plant.outcome == "infeasible":
        if needed:
            names = " and ".join(f"the {other.p} MW of {other.name}" for other in needed[:2])
            return f"{off}: without {names} no plan meets the load."
        return f"{off}: with it on no plan meets the load."
    if plant.outcome == "not_computed":
        return f"{off}."
    return f"{off}: switching it on would cost {_more(plant.cost_difference)}."


def _unless_off(plant: PlantReport) -> str:
    if plant.outcome == "infeasible":
        return ": without it no plan meets the load"
    if plant.outcome == "not_computed":
        return ""
    return f": switching it off would cost {_more(plant.cost_difference)}"


def _more(euro: float | None) -> str:
    """How much more an alternative costs; it can cost less if the plan is not proven optimal."""
    if not euro:
        return "the same"
    amount = f"{abs(euro):,.2f} euro" if abs(euro) >= HALF_A_CENT else "less than a cent"
    return f"{amount} {'more' if euro > 0 else 'less'}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _megawatt(tenths: int) -> float:
    return tenths / TENTHS_PER_MEGAWATT
