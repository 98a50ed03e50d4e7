"""Explain a plan: the price of the next MWh, the cost of each plant's alternative, and a reason for each plant.

Everything is computed exactly from the instance and its solution. Amounts become floats in the report itself, and are
rounded to the cent only in sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from time import perf_counter
from typing import Literal

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

PLACES = {
    "off": "Off",
    "at_minimum": "At its minimum",
    "in_between": "Between its limits",
    "at_maximum": "At its maximum",
}


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
    price = request.fuels.co2 if co2 else None
    allowance = None if price is None else EXACT.multiply(TONNES_OF_CO2_PER_MWH, Decimal(repr(price)))
    rows = list(zip(request.powerplants, instance.units, solution.dispatch, appraisal.switched, strict=True))
    running = [(unit, output) for _, unit, output, _ in rows if output]
    emitted = sum(output for plant, _, output, _ in rows if isinstance(plant, GasFired))
    charged = 0 if allowance is None else emitted
    total, for_co2 = euros(solution.cost), _times(charged, allowance)
    load = _energy(instance.load)
    plants = [_plant_report(*rows[index], solution.cost, allowance) for index in in_merit_order(instance)]
    needed = [plant for plant in plants if plant.p and plant.outcome == "infeasible"]
    return Report(
        status="optimal" if solution.cost == solution.lower_bound else "feasible",
        load=float(load),
        cost=Cost(total=float(total), fuel=float(total - for_co2), co2=float(for_co2)),
        lower_bound=float(euros(solution.lower_bound)),
        proof=solution.proof.method,
        co2_tonnes=float(_times(charged, TONNES_OF_CO2_PER_MWH)),
        co2_emitted_tonnes=float(_times(emitted, TONNES_OF_CO2_PER_MWH)),
        average_price=float(total / load) if load else None,
        marginal_price=MarginalPrice(
            commitment_as_it_is=_prices_of_running(running), commitment_free=_prices_of_loads(appraisal, solution.cost)
        ),
        curtailed_wind=_megawatt(
            sum(unit.max_output for plant, unit, output, _ in rows if isinstance(plant, WindTurbine) and not output)
        ),
        headroom=Headroom(
            up=_megawatt(sum(unit.max_output - output for unit, output in running)),
            down=_megawatt(sum(output - unit.min_output for unit, output in running)),
        ),
        powerplants=[
            plant.model_copy(update={"reason": reason_of(plant, request.powerplants[index], needed, float(load))})
            for plant, index in zip(plants, in_merit_order(instance), strict=True)
        ],
    )


def _plant_report(
    plant: PowerPlant, unit: Unit, output: int, alternative: Alternative, cost: int, allowance: Decimal | None
) -> PlantReport:
    """The report on one plant, without its reason.

    Args:
        plant: of the payload.
        unit: the same in integers.
        output: in tenths of a MW.
        alternative: the best plan with the plant off if it is on, else with it on.
        cost: of the plan, in 10**-10 euro.
        allowance: the price of CO2 for gas-fired plants, in euro per MWh of power; ``None`` if they are not charged.
    """
    charged = allowance if isinstance(plant, GasFired) else None
    per_mwh, for_co2 = Decimal(unit.marginal_cost).scaleb(-COST_DIGITS, EXACT), charged or Decimal(0)
    outcome: Outcome = "infeasible" if alternative.cost is None else "feasible"
    return PlantReport(
        name=plant.name,
        type=plant.type,
        p=_megawatt(output),
        pmin=_megawatt(unit.min_output),
        pmax=_megawatt(unit.max_output),
        marginal_cost=MarginalCost(total=float(per_mwh), fuel=float(per_mwh - for_co2), co2=float(for_co2)),
        cost=float(euros(unit.marginal_cost * output)),
        co2_tonnes=0.0 if charged is None else float(_times(output, TONNES_OF_CO2_PER_MWH)),
        co2_emitted_tonnes=float(_times(output, TONNES_OF_CO2_PER_MWH)) if isinstance(plant, GasFired) else 0.0,
        state=_state(unit, output),
        alternative="forced_off" if output else "forced_on",
        outcome=outcome if alternative.computed else "not_computed",
        cost_difference=None if alternative.cost is None else float(euros(alternative.cost - cost)),
        reason="",
    )


def _state(unit: Unit, output: int) -> State:
    if not output:
        return "off"
    if output == unit.max_output:
        return "at_maximum"
    return "at_minimum" if output == unit.min_output else "in_between"


# --- Prices ----------------------------------------------------------------------------------------------------------


def _prices_of_running(running: Sequence[tuple[Unit, int]]) -> Prices:
    """Of the running plants, the cheapest that can produce more, and the most expensive that can produce less."""
    up = [unit.marginal_cost for unit, output in running if output < unit.max_output]
    down = [unit.marginal_cost for unit, output in running if output > unit.min_output]
    return Prices(up=_price(min(up, default=None)), down=_price(max(down, default=None)))


def _prices_of_loads(appraisal: Appraisal, cost: int) -> Prices:
    """How the cost changes with the best plans for one tenth of a MW more and less."""
    more, less = appraisal.more.cost, appraisal.less.cost
    return Prices(up=_price(None if more is None else more - cost), down=_price(None if less is None else cost - less))


def _price(marginal_cost: int | None) -> float | None:
    """A marginal cost in euro per MWh. The cost of one tenth of a MW in 10**-10 euro is the same number."""
    return None if marginal_cost is None else float(Decimal(marginal_cost).scaleb(-COST_DIGITS, EXACT))


# --- Reasons ---------------------------------------------------------------------------------------------------------


def reason_of(plant: PlantReport, given: PowerPlant, needed: Sequence[PlantReport], load: float) -> str:
    """Why a plant runs or is off, in one sentence, from the numbers of the report.

    Args:
        plant: its report.
        given: the plant of the payload.
        needed: the running plants without which no plan meets the load.
        load: in MW.
    """
    if not plant.pmax:
        return f"Off: {_why_nothing(given)}."
    if plant.pmin > load:
        if isinstance(given, WindTurbine):
            return f"Off: its {plant.pmax} MW are more than the load of {load} MW, and a wind turbine is on or off."
        return f"Off: its pmin of {given.pmin} MW is above the load of {load} MW."
    place = PLACES[plant.state]
    if not plant.p and plant.marginal_cost.total == 0:
        place += " although free"
    if plant.outcome == "not_computed":
        return f"{place}."
    if plant.outcome == "feasible":
        return f"{place}: switching it {'off' if plant.p else 'on'} would cost {_more(plant.cost_difference)}."
    names = " and ".join(f"the {other.p} MW of {other.name}" for other in needed[:2])
    condition = "without it" if plant.p else f"without {names}" if names else "with it on"
    return f"{place}: {condition} no plan meets the load."


def _why_nothing(given: PowerPlant) -> str:
    """Why a plant can produce nothing in this hour."""
    if isinstance(given, WindTurbine):
        can_run = given.pmax >= 1 / TENTHS_PER_MEGAWATT
        return "there is no wind" if can_run else f"it can never run, since its pmax of {given.pmax} MW is below 0.1 MW"
    between = f"its pmin of {given.pmin} MW and its pmax of {given.pmax} MW"
    return f"it can never run, since no multiple of 0.1 MW above 0 is between {between}"


def _more(euro: float | None) -> str:
    """How much more an alternative costs; it can cost less if the plan is not proven optimal."""
    if not euro:
        return "the same"
    amount = f"{abs(euro):,.2f} euro" if abs(euro) >= HALF_A_CENT else "less than a cent"
    return f"{amount} {'more' if euro > 0 else 'less'}"


def _energy(tenths: int) -> Decimal:
    """MWh in the hour."""
    return Decimal(tenths) / TENTHS_PER_MEGAWATT


def _times(tenths: int, amount: Decimal | None) -> Decimal:
    """The energy of an output times an amount for each MWh."""
    return EXACT.multiply(_energy(tenths), amount) if tenths and amount else Decimal(0)


def _megawatt(tenths: int) -> float:
    return tenths / TENTHS_PER_MEGAWATT
