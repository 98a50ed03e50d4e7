"""Prices in each period, and why each plant runs or rests.

Each is computed: the best outputs are found again with one step of load more or less, or with one run or rest switched.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from powerplant.formulation import BILLION, Instance
from powerplant.horizon.amounts import as_float
from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.plan import Plan, runs_and_rests
from powerplant.horizon.schedules import must_be_on
from powerplant.horizon.verification import broken_rules
from powerplant.merit_order.alternatives import Appraisal, appraise

if TYPE_CHECKING:
    from powerplant.horizon.dispatch import Dispatch

NOT_COMPUTED = "not computed"
CENT = Fraction(1, 100)


class Price(NamedTuple):
    """The prices of a period, in euro per MWh.

    Attributes:
        up, down: what one step of load more costs, and one step less saves, with the commitment as it is; ``None`` if
            the plants that run cannot follow, or there was no time.
        relaxed: the price where plants could be on in part: the multiplier of the linear relaxation; ``None`` if it is
            not known.
    """

    up: float | None
    down: float | None
    relaxed: float | None


class Spell(NamedTuple):
    """A run or a rest of a plant: its periods, from 0; whether it runs; and why."""

    periods: range
    on: bool
    reason: str


class Explanation(NamedTuple):
    """The prices of each period, and the runs and rests of each plant; whether all was computed in time."""

    prices: list[Price]
    spells: list[list[Spell]]
    is_complete: bool


def explain(instance: HorizonInstance, plan: Plan, relaxed: Sequence[float] | None, end: float) -> Explanation:
    """Prices and reasons, as many as can be computed.

    If something couples the periods, the commitment of all other plants and periods stays fixed. If nothing does, each
    period is one hour, and its best alternatives are proven.

    Args:
        instance: the horizon.
        plan: a plan. Prices and reasons are those of the best outputs for its commitment.
        relaxed: the multipliers of the linear relaxation, in euro per step and period; ``None`` if not known.
        end: the time (of ``perf_counter``) at which nothing more is computed.
    """
    return _coupled(instance, plan, relaxed, end) if instance.is_coupled else _alone(instance, plan, end)


def prices_of(instance: HorizonInstance, plan: Plan, relaxed: Sequence[float] | None, end: float) -> list[Price]:
    """The prices alone, as many as can be computed; arguments as for :func:`explain`."""
    if not instance.is_coupled:
        return [_price_of_single(single, plan, t) for t, single in enumerate(instance.singles)]
    from powerplant.horizon.dispatch import Dispatch

    dispatch = Dispatch(instance, end)
    plan = dispatch.begin_with(plan)
    return _prices_of_coupled(instance, plan, relaxed, dispatch)


def _why_forced(plant: Plant, periods: range, *, runs: bool, bound: Sequence[bool]) -> str:
    """Which data of the plant leave no choice, in a sentence; empty if there is a choice."""
    if runs:
        return "On: it must run." if all(bound[t] for t in periods) else ""
    if not any(plant.can_run[t] for t in periods):
        return "Off: it cannot run."
    if plant.initial is not None and not plant.initial.on and periods[-1] < plant.initial.left:
        return "Off: its minimum down time from before the first period."
    return ""


def _in_words(more: Fraction, periods: range, *, runs: bool) -> str:
    """What it would cost to switch a run or a rest."""
    state, other = ("On", "resting") if runs else ("Off", "running")
    if abs(more) < CENT:
        return f"{state}: {other} {_when(periods)} would cost the same."
    return (
        f"{state}: {other} {_when(periods)} would cost {abs(float(more)):,.2f} euro {'more' if more > 0 else 'less'}."
    )


def _when(periods: range) -> str:
    if len(periods) == 1:
        return f"in period {periods[0] + 1}"
    return f"from period {periods[0] + 1} to {periods[-1] + 1}"


# --- Coupled periods -------------------------------------------------------------------------------------------------


def _coupled(instance: HorizonInstance, plan: Plan, relaxed: Sequence[float] | None, end: float) -> Explanation:
    from powerplant.horizon.dispatch import Dispatch

    dispatch = Dispatch(instance, end)
    plan = dispatch.begin_with(plan)
    prices = _prices_of_coupled(instance, plan, relaxed, dispatch)
    spells: list[list[Spell]] = []
    for i, (plant, on) in enumerate(zip(instance.plants, plan.on, strict=True)):
        bound, own = must_be_on(plant), list[Spell]()
        for periods in runs_and_rests(on):
            runs = bool(on[periods[0]])
            reason = _why_forced(plant, periods, runs=runs, bound=bound) or _breaks(instance, plan, i, periods)
            reason = reason or _why_best(instance, plan, i, periods, dispatch, runs=runs)
            reason += _why_kept(instance, plan, i, periods, dispatch) if runs else ""
            own.append(Spell(periods, runs, reason))
        spells.append(own)
    return Explanation(prices, spells, dispatch.left > 0)


def _prices_of_coupled(
    instance: HorizonInstance, plan: Plan, relaxed: Sequence[float] | None, dispatch: Dispatch
) -> list[Price]:
    per_step = instance.hours / instance.grid.per_megawatt
    prices = []
    for t in instance.periods:
        up, down = (dispatch.cost_of_load(plan, t, change) for change in (1, -1))
        prices.append(
            Price(
                None if up is None else as_float(up / per_step),
                None if down is None else as_float(-down / per_step),
                None if relaxed is None else as_float(relaxed[t] / float(per_step)) + 0.0,  # no -0.0
            )
        )
    return prices


def _why_best(instance: HorizonInstance, plan: Plan, i: int, periods: range, dispatch: Dispatch, *, runs: bool) -> str:
    """What it would cost to switch a run or a rest, or that the others could not meet the load then."""
    more = dispatch.cost_of_switch(plan, i, periods)
    if more is not None:
        return _in_words(more, periods, runs=runs)
    if not dispatch.left:
        return NOT_COMPUTED
    state, other = ("On", "without it") if runs else ("Off", "with it on")
    return f"{state}: {other} {_when(periods)}, {_needed(instance)}."


def _needed(instance: HorizonInstance) -> str:
    what = "load and reserve" if any(instance.reserve_up) or any(instance.reserve_down) else "the load"
    return f"the commitment of the others cannot meet {what}"


def _why_kept(instance: HorizonInstance, plan: Plan, i: int, run: range, dispatch: Dispatch) -> str:
    """Why a plant stays on where it gives only its minimum, between periods in which it gives more.

    Empty if there are no such periods, or no reason was found.
    """
    plant, p = instance.plants[i], plan.p[i]
    lowest = [
        range(run[0] + rest[0], run[0] + rest[-1] + 1) for rest in runs_and_rests([p[t] > plant.least[t] for t in run])
    ]
    inside = [rest for rest in lowest if p[rest[0]] == plant.least[rest[0]] and run[0] < rest[0] and rest[-1] < run[-1]]
    if not inside:
        return ""
    longest = max(inside, key=len)
    rule = _broken_by(instance, plan, i, longest)
    if rule:
        return f" It stays on {_when(longest)} because of {rule}."
    more = dispatch.cost_of_switch(plan, i, longest)
    if more is None:
        return f" It stays on {_when(longest)}: else {_needed(instance)}." if dispatch.left else ""
    if more < CENT:
        return ""
    return f" It stays on {_when(longest)}: a stop and a new start would cost {float(more):,.2f} euro more."


def _breaks(instance: HorizonInstance, plan: Plan, i: int, periods: range) -> str:
    """Which rule of a plant does not allow that a run or rest is switched, in a sentence; empty if all allow it."""
    rule = _broken_by(instance, plan, i, periods)
    state, other = ("On", "resting") if plan.on[i][periods[0]] else ("Off", "running")
    return f"{state}: {other} {_when(periods)} is not possible because of {rule}." if rule else ""


def _broken_by(instance: HorizonInstance, plan: Plan, i: int, periods: range) -> str:
    """Which of its own rules a plant breaks if some periods are switched, at any output; empty if none."""
    plant, on = instance.plants[i], plan.on[i]
    row = tuple([1 - value if t in periods else value for t, value in enumerate(on)])
    nothing = (0,) * len(row)
    alone = instance._replace(
        plants=(plant._replace(least=nothing, ramp_up=None, ramp_down=None, startup=None, shutdown=None),),
        load=nothing,
        reserve_up=(Fraction(0),) * len(row),
        reserve_down=(Fraction(0),) * len(row),
        storages=(),
        market=None,
    )
    rules = broken_rules(alone, Plan((row,), (nothing,), nothing))
    return next((name for rule in rules for words, name in _RULES if words in rule), "")


_RULES = (
    ("it ran for", "its minimum up time"),
    ("it rested for", "its minimum down time"),
    ("must go on", "its minimum time from before the first period"),
    ("shut-down limit", "its shut-down limit"),
    ("cannot", "an outage in some of these periods"),
    ("must run", "must_run"),
)
"""Words in the sentences of the verification, and the names of the rules for a reason."""


# --- Periods that nothing couples ------------------------------------------------------------------------------------


def _alone(instance: HorizonInstance, plan: Plan, end: float) -> Explanation:
    prices, hours, costs = list[Price](), list[Appraisal](), list[int]()
    for t, single in enumerate(instance.singles):
        outputs = [p[t] for p in plan.p]
        prices.append(_price_of_single(single, plan, t))
        beyond = [output - least for output, least in zip(outputs, single.base, strict=True)]
        hours.append(appraise(*single.task, beyond, max(0.0, end - perf_counter())))
        costs.append(sum(unit.marginal_cost * output for unit, output in zip(single.task.units, beyond, strict=True)))
    spells: list[list[Spell]] = []
    for i, (plant, on) in enumerate(zip(instance.plants, plan.on, strict=True)):
        own = []
        for periods in runs_and_rests(on):
            runs = bool(on[periods[0]])
            reason = _why_forced(plant, periods, runs=runs, bound=plant.must_run)
            reason = reason or _why_best_alone(instance, i, periods, hours, costs, runs=runs)
            own.append(Spell(periods, runs, reason))
        spells.append(own)
    return Explanation(prices, spells, all(each.computed for hour in hours for each in hour.switched))


def _why_best_alone(
    instance: HorizonInstance, i: int, periods: range, hours: Sequence[Appraisal], costs: Sequence[int], *, runs: bool
) -> str:
    """What it would cost to switch a run or a rest, from the best plan of each of its hours with the plant switched."""
    others = [hours[t].switched[i] for t in periods]
    if not all(other.computed for other in others):
        return NOT_COMPUTED
    more = 0
    for t, other in zip(periods, others, strict=True):
        if other.cost is None:
            state, what = ("On", "without it") if runs else ("Off", "with it on")
            return f"{state}: {what} no plan meets the load of period {t + 1}."
        more += other.cost - costs[t]
    return _in_words(Fraction(instance.grid.euros(more)) * instance.hours, periods, runs=runs)


def _price_of_single(single: Instance, plan: Plan, t: int) -> Price:
    units = zip(single.units, plan.p, plan.on, strict=True)
    running = [(unit, p[t]) for unit, p, on in units if on[t]]
    up = min((unit.marginal_cost for unit, output in running if output < unit.max_output), default=None)
    down = max((unit.marginal_cost for unit, output in running if output > unit.min_output), default=None)
    return Price(_per_megawatt_hour(up), _per_megawatt_hour(down), _relaxed(single))


def _relaxed(single: Instance) -> float | None:
    """The price of an hour in which plants could be on in part: the cost of the plant that meets the last step."""
    units, load = single.task
    for unit in sorted(units):
        load -= unit.max_output
        if load <= 0:
            return _per_megawatt_hour(unit.marginal_cost)
    return None


def _per_megawatt_hour(cost: int | None) -> float | None:
    return None if cost is None else as_float(cost / BILLION)
