"""Explain a plan: the price of the next MWh, the cost of each plant's alternative, and a reason for each plant.

Everything is computed exactly from the instance and its solution. Amounts become floats in the report itself, and are
rounded to the cent only in sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from time import perf_counter
from typing import Literal, NamedTuple

from powerplant.errors import Fault, TooBusy
from powerplant.formulation import COST_DIGITS, EXACT, TENTHS, Grid
from powerplant.merit_order import Unit
from powerplant.merit_order.alternatives import NO_PLAN, NOT_COMPUTED, Alternative, Appraisal, appraise
from powerplant.models import (
    Cost,
    Headroom,
    Ignored,
    MarginalCost,
    MarginalPrice,
    NeverRuns,
    PlantReport,
    PowerPlant,
    Prices,
    ProductionPlanRequest,
    Report,
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


def report_production(
    request: ProductionPlanRequest, options: Options, workers: Workers, ignored: Sequence[Fault] = ()
) -> Report:
    """The report on the cheapest plan for a request; ``ignored``: what of the payload is not used.

    The alternatives have what the search leaves of the time limit; the report marks those that were not computed.
    Arguments and errors are those of :func:`powerplant.planning.solve_request`.
    """
    start = perf_counter()
    solved = solve_request(request, options, workers)
    appraisal = appraise_plan(solved, options.after(perf_counter() - start), workers)
    return explain(request, solved, appraisal, co2=options.co2, ignored=ignored)


def appraise_plan(solved: Solved, options: Options, workers: Workers) -> Appraisal:
    """The alternatives to a solution that can be computed in the time that is left."""
    instance, solution, _ = solved
    dispatch = [output - least for output, least in zip(solution.dispatch, instance.base, strict=True)]
    try:
        limit = max(0.0, SHARE * options.time_limit - options.spent)
        return workers.run(appraise, *instance.task, dispatch, time_limit=limit)
    except TooBusy as error:
        if not isinstance(error.so_far, Appraisal):
            raise
        return error.so_far


def figures_of(request: ProductionPlanRequest, solved: Solved, *, co2: bool) -> Report:
    """The report on a solution without the alternatives, which take longer than the plan."""
    none = Appraisal(NOT_COMPUTED, NOT_COMPUTED, [NOT_COMPUTED] * len(request.powerplants))
    return explain(request, solved, none, co2=co2)


class _Row(NamedTuple):
    """A plant in a plan.

    Attributes:
        given: the plant of the payload.
        unit: the same in integers.
        must_run: whether it must run, and can.
        output: in steps.
        alternative: the best plan with the plant off if it is on, else with it on.
    """

    given: PowerPlant
    unit: Unit
    must_run: bool
    output: int
    alternative: Alternative


def explain(
    request: ProductionPlanRequest,
    solved: Solved,
    appraisal: Appraisal,
    *,
    co2: bool,
    ignored: Sequence[Fault] = (),
) -> Report:
    """The report on a solution and its alternatives; O(n log n).

    Args:
        request: a decoded payload.
        solved: its solution.
        appraisal: the alternatives to it.
        co2: whether allowances count in the cost.
        ignored: what of the payload is not used.
    """
    instance, solution, _ = solved
    grid, price = instance.grid, Decimal(repr(request.fuels.co2 or 0)) if co2 else None
    rows = _rows(request, solved, appraisal)
    order = in_merit_order(instance)
    base_cost = instance.base_cost
    plants = [_plant_report(row, solution.cost - base_cost, price, grid) for row in rows]
    needed = [plants[i] for i in order if plants[i].p and plants[i].outcome == "infeasible" and not rows[i].must_run]
    reasons = [
        reason_of(plant, row.given, needed, float(grid.energy(instance.load)), must_run=row.must_run, grid=grid)
        for plant, row in zip(plants, rows, strict=True)
    ]
    running = [row for row in rows if row.output]
    emitted = sum((_emitted(row, grid) for row in rows), Decimal(0))
    charged = Decimal(0) if price is None else emitted
    total, for_co2 = grid.euros(solution.cost), EXACT.multiply(charged, price or Decimal(0))
    other = sum((_times(grid.energy(row.output), row.given.cost) for row in rows), Decimal(0))
    load = grid.energy(instance.load)
    return Report(
        status="optimal" if solution.cost == solution.lower_bound else "feasible",
        load=float(load),
        step=float(grid.step),
        cost=Cost(total=float(total), fuel=float(total - for_co2 - other), co2=float(for_co2), other=float(other)),
        lower_bound=float(grid.euros(solution.lower_bound)),
        proof=solution.proof.method,
        co2_tonnes=float(charged),
        co2_emitted_tonnes=float(emitted),
        average_price=float(total / load) if load else None,
        marginal_price=MarginalPrice(
            commitment_as_it_is=prices_of_running(instance.units, solution.dispatch),
            commitment_free=_prices_of_loads(appraisal, solution.cost - base_cost),
        ),
        curtailed_wind=grid.megawatts(sum(row.unit.max_output - row.output for row in rows if row.given.profile)),
        headroom=Headroom(
            up=grid.megawatts(sum(row.unit.max_output - row.output for row in running)),
            down=grid.megawatts(sum(row.output - row.unit.min_output for row in running)),
        ),
        powerplants=[plants[i].model_copy(update={"reason": reasons[i]}) for i in order],
        never_runs=[
            NeverRuns(name=row.given.name, reason=f"{why[0].upper()}{why[1:]}.")
            for row in rows
            if (why := why_never(row.given, grid))
        ],
        ignored=[Ignored(pointer=place, detail=detail) for place, detail in ignored],
        notes=unstated_emissions(request.powerplants),
    )


def unstated_emissions(plants: Sequence[PowerPlant]) -> list[str]:
    """A note for each plant that burns a fuel and says nothing of its CO2."""
    return [
        f"{plant.name} burns {plant.fuel}, and the payload does not say how much CO2 that emits: none is counted."
        for plant in plants
        if plant.fuel and not plant.says_its_co2 and "tonnes" not in plant.model_fields_set
    ]


def _rows(request: ProductionPlanRequest, solved: Solved, appraisal: Appraisal) -> list[_Row]:
    """The plants of a plan, in payload order."""
    instance, solution, _ = solved
    must_run = instance.must_run or [False] * len(instance.units)
    return [
        _Row(plant, unit, must, output, NO_PLAN if must else alternative)
        for plant, unit, must, output, alternative in zip(
            request.powerplants, instance.units, must_run, solution.dispatch, appraisal.switched, strict=True
        )
    ]


def _plant_report(row: _Row, cost: int, price: Decimal | None, grid: Grid) -> PlantReport:
    """The report on one plant, without its reason.

    Args:
        row: the plant.
        cost: of the plan, without what the plants that must run cost at least.
        price: of CO2, in euro per tonne; ``None`` if it is not charged.
        grid: of the instance.
    """
    plant, unit, must_run, output, alternative = row
    per_mwh, other = Decimal(unit.marginal_cost).scaleb(-COST_DIGITS, EXACT), Decimal(repr(plant.cost))
    for_co2 = _times(price or Decimal(0), plant.tonnes)
    emitted = _emitted(row, grid)
    outcome: Outcome = "infeasible" if alternative.cost is None else "feasible"
    return PlantReport(
        name=plant.name,
        type=plant.type,
        p=grid.megawatts(output),
        pmin=grid.megawatts(unit.min_output),
        pmax=grid.megawatts(unit.max_output),
        marginal_cost=MarginalCost(
            total=float(per_mwh), fuel=float(per_mwh - for_co2 - other), co2=float(for_co2), other=float(other)
        ),
        cost=float(grid.euros(unit.marginal_cost * output)),
        co2_tonnes=0.0 if price is None else float(emitted),
        co2_emitted_tonnes=float(emitted),
        state=_state(unit, output),
        alternative="forced_off" if output or must_run else "forced_on",
        outcome=outcome if alternative.computed else "not_computed",
        cost_difference=None if alternative.cost is None else float(grid.euros(alternative.cost - cost)),
        reason="",
    )


def _emitted(row: _Row, grid: Grid) -> Decimal:
    """The tonnes of CO2 that a plant emits."""
    return _times(grid.energy(row.output), row.given.tonnes)


def _state(unit: Unit, output: int) -> State:
    if not output:
        return "off"
    if output == unit.max_output:
        return "at_maximum"
    return "at_minimum" if output == unit.min_output else "in_between"


# --- Prices ----------------------------------------------------------------------------------------------------------


def prices_of_running(units: Sequence[Unit], dispatch: Sequence[int]) -> Prices:
    """Of the running plants, the cheapest that can produce more, and the most expensive that can produce less; O(n)."""
    running = [(unit, output) for unit, output in zip(units, dispatch, strict=True) if output]
    up = [unit.marginal_cost for unit, output in running if output < unit.max_output]
    down = [unit.marginal_cost for unit, output in running if output > unit.min_output]
    return Prices(up=_price(min(up, default=None)), down=_price(max(down, default=None)))


def _prices_of_loads(appraisal: Appraisal, cost: int) -> Prices:
    """How the cost changes with the best plans for one step more and less."""
    more, less = appraisal.more.cost, appraisal.less.cost
    return Prices(up=_price(None if more is None else more - cost), down=_price(None if less is None else cost - less))


def _price(marginal_cost: int | None) -> float | None:
    """A marginal cost in euro per MWh, from 10**-9 euro per MWh; the cost of one step is counted alike."""
    return None if marginal_cost is None else float(Decimal(marginal_cost).scaleb(-COST_DIGITS, EXACT))


# --- Reasons ---------------------------------------------------------------------------------------------------------


def reason_of(
    plant: PlantReport,
    given: PowerPlant,
    needed: Sequence[PlantReport],
    load: float,
    *,
    must_run: bool = False,
    grid: Grid = TENTHS,
) -> str:
    """Why a plant runs or is off, in one sentence, from the numbers of the report.

    Args:
        plant: its report.
        given: the plant of the payload.
        needed: the running plants without which no plan meets the load.
        load: in MW.
        must_run: whether it must run, and can.
        grid: of the instance.
    """
    if not plant.pmax:
        return f"Off: {_why_nothing(given, grid)}."
    if plant.pmin > load:
        if given.profile is not None and not given.curtailable:
            what = "a wind turbine" if given.type == "windturbine" else "it"
            return f"Off: its {plant.pmax} MW are more than the load of {load} MW, and {what} is on or off."
        return f"Off: its pmin of {given.pmin} MW is above the load of {load} MW."
    place = PLACES[plant.state]
    if given.profile is not None and plant.state == "in_between":
        place = f"Curtailed to {plant.p} of {plant.pmax} MW"
    if must_run:
        return f"{place}: it must run."
    if not plant.p and plant.marginal_cost.total == 0:
        place += " although free"
    if plant.outcome == "not_computed":
        return f"{place}."
    if plant.outcome == "feasible":
        return f"{place}: switching it {'off' if plant.p else 'on'} would cost {_more(plant.cost_difference)}."
    names = " and ".join(f"the {other.p} MW of {other.name}" for other in needed[:2])
    condition = "without it" if plant.p else f"without {names}" if names else "with it on"
    return f"{place}: {condition} no plan meets the load."


def _why_nothing(given: PowerPlant, grid: Grid) -> str:
    """Why a plant can produce nothing in this hour."""
    if not given.available:
        return "it is not available"
    if why := why_never(given, grid):
        return why
    if given.profile is not None:
        if given.least:
            return f"its profile {given.profile} leaves less than its pmin of {given.pmin} MW"
        return "there is no wind" if given.profile == "wind" else f"its profile {given.profile} leaves nothing"
    raise AssertionError("a plant that can run has an output")


def why_never(given: PowerPlant, grid: Grid) -> str:
    """Why a plant can run in no hour; empty if it can in some."""
    per_megawatt = grid.per_megawatt
    if given.least == 0 and Decimal(repr(given.pmax)) * per_megawatt < 1:
        return f"it can never run, since its pmax of {given.pmax} MW is below {grid.step} MW"
    least, most = (Decimal(repr(limit)) * per_megawatt for limit in (given.least, given.pmax))
    if least.to_integral_value(ROUND_CEILING) <= most.to_integral_value(ROUND_FLOOR):
        return ""
    between = f"its pmin of {given.pmin} MW and its pmax of {given.pmax} MW"
    return f"it can never run, since no multiple of {grid.step} MW above 0 is between {between}"


def _more(euro: float | None) -> str:
    """How much more an alternative costs; it can cost less if the plan is not proven optimal."""
    if not euro:
        return "the same"
    amount = f"{abs(euro):,.2f} euro" if abs(euro) >= HALF_A_CENT else "less than a cent"
    return f"{amount} {'more' if euro > 0 else 'less'}"


def _times(amount: Decimal, factor: float) -> Decimal:
    """A product, exactly."""
    return EXACT.multiply(amount, Decimal(repr(factor))) if amount and factor else Decimal(0)
