"""The last check of a plan for a horizon before it is sent: each rule, in integers and fractions.

It shares no code with the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.plan import Plan


def broken_rule(instance: HorizonInstance, plan: Plan) -> str | None:
    """The first rule that a plan breaks, in a sentence; ``None`` if it breaks none."""
    return next(broken_rules(instance, plan), None)


def broken_rules(instance: HorizonInstance, plan: Plan) -> Iterator[str]:
    """The rules that a plan breaks; O(plants × periods × minimum times)."""
    periods = len(instance.load)
    if len(plan.on) != len(instance.plants) or len(plan.p) != len(instance.plants):
        yield "the plan does not have a row for each power plant"
        return
    if any(len(row) != periods for row in (*plan.on, *plan.p, plan.lost)):
        yield "the plan does not have a value for each period"
        return
    yield from rules_of_plants(instance, plan)
    if (instance.market is None) != (not plan.buy and not plan.sell):
        yield "the plan has no market, or one that is not there"
        return
    for t in range(periods):
        produced = sum(p[t] for p in plan.p)
        for charge, discharge in zip(plan.charge, plan.discharge, strict=True):
            produced += discharge[t] - charge[t]
        if instance.market is not None:
            produced += plan.buy[t] - plan.sell[t]
            if not (0 <= plan.buy[t] <= instance.market.buy[t] and 0 <= plan.sell[t] <= instance.market.sell[t]):
                yield f"period {t + 1}: {plan.buy[t]} steps are bought and {plan.sell[t]} sold, beyond the limits"
            if plan.buy[t] and plan.sell[t]:
                yield f"period {t + 1}: power is bought and sold at once"
        lost = plan.lost[t]
        if produced + lost != instance.load[t]:
            yield f"period {t + 1}: {produced} steps are given and {lost} lost, for a load of {instance.load[t]}"
        if not 0 <= lost <= instance.load[t] or (lost and instance.lost_load is None):
            yield f"period {t + 1}: {lost} steps of load are lost"
        up, down = reserve_held(instance, plan, t)
        if up < instance.reserve_up[t]:
            yield f"period {t + 1}: {up} steps of reserve up, and {instance.reserve_up[t]} are needed"
        if down < instance.reserve_down[t]:
            yield f"period {t + 1}: {down} steps of reserve down, and {instance.reserve_down[t]} are needed"


def rules_of_plants(instance: HorizonInstance, plan: Plan) -> Iterator[str]:
    """The rules of each plant and storage alone that a plan breaks."""
    if not len(plan.charge) == len(plan.discharge) == len(instance.storages):
        yield "the plan does not have a row for each storage"
        return
    for storage, charge, discharge in zip(instance.storages, plan.charge, plan.discharge, strict=True):
        energy = storage.initial
        for t in instance.periods:
            into, out = charge[t], discharge[t]
            if type(into) is not int or type(out) is not int:
                yield f"{storage.name} in period {t + 1}: charge or discharge is not a whole number"
            if not (0 <= into <= storage.charge_max and 0 <= out <= storage.discharge_max):
                yield f"{storage.name} in period {t + 1}: it charges {into} and discharges {out}, beyond its limits"
            if into and out:
                yield f"{storage.name} in period {t + 1}: it charges and discharges at once"
            energy = energy + into * storage.charged - out * storage.discharged
            if not storage.energy_min <= energy <= storage.energy_max:
                yield f"{storage.name} in period {t + 1}: it holds {float(energy)} MWh, beyond its limits"
        if energy < storage.final_min:
            yield f"{storage.name} holds {float(energy)} MWh at the end, less than {float(storage.final_min)}"
    for plant, on, p in zip(instance.plants, plan.on, plan.p, strict=True):
        for t in instance.periods:
            for what in _limits(plant, on, p, t):
                yield f"{plant.name} in period {t + 1}: {what}"
            for what in (*_minimum_times(plant, on, t), *_must_run(plant, on, t)):
                yield f"{plant.name} in period {t + 1}: {what}"


def reserve_held(instance: HorizonInstance, plan: Plan, t: int) -> tuple[int, int]:
    """The reserve up and down that running plants give in a period, in steps."""
    all_up = all_down = 0
    for plant, on, p in zip(instance.plants, plan.on, plan.p, strict=True):
        if on[t] and plant.gives_reserve:
            low, high = _range(plant, on, p, t)
            all_up += high - p[t]
            all_down += p[t] - low
    return all_up, all_down


def _was_on(plant: Plant, on: tuple[int, ...], t: int) -> bool | None:
    """Whether a plant ran in the period before; ``None`` if that is not known."""
    if t:
        return bool(on[t - 1])
    return None if plant.initial is None else plant.initial.on


def _range(plant: Plant, on: tuple[int, ...], p: tuple[int, ...], t: int) -> tuple[int, int]:
    """The least and most output of a running plant in a period, given the periods before and after it."""
    low, high = plant.least[t], plant.most[t]
    before = _was_on(plant, on, t)
    if before is False and plant.startup is not None:
        high = min(high, plant.startup[t])
    if t + 1 < len(on) and not on[t + 1] and plant.can_run[t + 1] and plant.shutdown is not None:
        high = min(high, plant.shutdown[t])
    if before:
        was: Fraction | int = p[t - 1] if t or plant.initial is None else plant.initial.p
        limit_before = plant.most[t - 1] if t else was
        if plant.ramp_up is not None:
            high = min(high, (was + plant.ramp_up).__floor__())
        if plant.ramp_down is not None and not plant.most[t] < limit_before:
            low = max(low, (was - plant.ramp_down).__ceil__())
    return low, high


def _limits(plant: Plant, on: tuple[int, ...], p: tuple[int, ...], t: int) -> Iterator[str]:
    if type(p[t]) is not int or on[t] not in {0, 1}:
        yield "on or output is not a whole number"
    elif not on[t]:
        if p[t]:
            yield f"it rests and produces {p[t]} steps"
        if (
            t == 0
            and plant.can_run[0]
            and plant.initial is not None
            and plant.initial.on
            and not plant.initial.can_stop
        ):
            yield f"it stops from {float(plant.initial.p)} steps, above its shut-down limit"
    elif not plant.can_run[t]:
        yield "it runs, and it cannot run"
    else:
        low, high = _range(plant, on, p, t)
        if not low <= p[t] <= high:
            yield f"it produces {p[t]} steps, outside {low} to {high}"


def _minimum_times(plant: Plant, on: tuple[int, ...], t: int) -> Iterator[str]:
    """Find a stop or a start that comes too early."""
    before = _was_on(plant, on, t)
    if before is None or before == bool(on[t]):
        return
    if not on[t] and not plant.can_run[t]:
        return  # an outage comes first
    least = plant.up_time if before else plant.down_time
    since = t
    while since and bool(on[since - 1]) == before:
        since -= 1
    if since:
        if t - since < least:
            yield f"it {'ran' if before else 'rested'} for {t - since} periods, less than its minimum of {least}"
    elif plant.initial is not None and plant.initial.on == before:
        if t < plant.initial.left:
            yield f"its state before the first period must go on for {plant.initial.left} periods more"
    elif plant.initial is not None and t < least:
        yield f"it {'ran' if before else 'rested'} for {t} periods, less than its minimum of {least}"


def _must_run(plant: Plant, on: tuple[int, ...], t: int) -> Iterator[str]:
    if not plant.must_run[t] or on[t]:
        return
    initial = plant.initial
    if initial is not None and not initial.on and t < (initial.left if initial.excused is None else initial.excused):
        return
    for first in range(max(0, t - plant.down_time + 1), t):
        if not plant.can_run[first] and (first == 0 or plant.can_run[first - 1]):
            return  # the minimum down time after an outage
    yield "it rests, and it must run"
