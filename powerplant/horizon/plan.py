"""A plan for a horizon, and its cost."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from powerplant.horizon.formulation import HorizonInstance, Plant


class Plan(NamedTuple):
    """A plan: a row a plant in payload order, a column a period.

    Attributes:
        on: 1 where the plant runs, else 0.
        p: its output in steps.
        lost: steps of load that are not met, in each period.
    """

    on: tuple[tuple[int, ...], ...]
    p: tuple[tuple[int, ...], ...]
    lost: tuple[int, ...]


class Start(NamedTuple):
    """A start of a plant.

    Attributes:
        period: from 0.
        hours_off: before it; ``None`` if they reach back before what is known.
        cost: euro.
    """

    period: int
    hours_off: Fraction | None
    cost: Fraction


def starts_of(plant: Plant, on: tuple[int, ...], hours: Fraction) -> list[Start]:
    """The starts of a plant; one that runs in the first period without a state before it has not started there."""
    starts = []
    initial = plant.initial
    was_on, off = True, Fraction(0)
    is_known = True
    if initial is None:
        was_on, is_known = bool(on[0]), False
    else:
        was_on = initial.on
        if not was_on:
            is_known, off = initial.hours is not None, initial.hours or Fraction(0)
    for t, runs in enumerate(on):
        if runs and not was_on:
            hours_off = off if is_known else None
            starts.append(Start(t, hours_off, plant.start_cost(hours_off)))
        if runs:
            off, is_known = Fraction(0), True
        else:
            off += hours
        was_on = bool(runs)
    return starts


def cost_of(instance: HorizonInstance, plan: Plan) -> Fraction:
    """The cost of a plan in euro, exactly; O(plants × periods)."""
    cost = Fraction(0)
    for plant, on, p in zip(instance.plants, plan.on, plan.p, strict=True):
        cost += sum(start.cost for start in starts_of(plant, on, instance.hours))
        for t, runs in enumerate(on):
            if runs:
                cost += plant.running_cost(t, p[t])
    if instance.lost_load is not None:
        cost += instance.lost_load * sum(plan.lost)
    return cost
