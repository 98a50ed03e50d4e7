"""A plan for a horizon, and its cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from powerplant.horizon.instance import HorizonInstance, Plant


class Plan(NamedTuple):
    """A plan: a row for each plant in payload order, with a value for each period.

    Attributes:
        on: 1 where the plant runs, else 0.
        p: its output in steps.
        lost: steps of load that are not met, in each period.
        charge, discharge: steps of each storage, a row for each storage.
        buy, sell: steps in each period; empty without a market.
    """

    on: tuple[tuple[int, ...], ...]
    p: tuple[tuple[int, ...], ...]
    lost: tuple[int, ...]
    charge: tuple[tuple[int, ...], ...] = ()
    discharge: tuple[tuple[int, ...], ...] = ()
    buy: tuple[int, ...] = ()
    sell: tuple[int, ...] = ()

    def supply(self, t: int) -> int:
        """What plants, storages and the market give to meet the load of a period, in steps; not the lost load."""
        produced = sum(p[t] for p in self.p)
        produced += sum(row[t] for row in self.discharge) - sum(row[t] for row in self.charge)
        return produced + (self.buy[t] - self.sell[t] if self.buy else 0)


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


def runs_and_rests(on: Sequence[int]) -> Iterator[range]:
    """The periods of each run and each rest of a plant, from 0, in order."""
    first = 0
    for t in range(1, len(on) + 1):
        if t == len(on) or on[t] != on[first]:
            yield range(first, t)
            first = t


def hours_so_far(plant: Plant, on: Sequence[int], hours: Fraction) -> Fraction | None:
    """For how many hours a plant has run, or rested, at the end of some periods.

    ``None`` if this reaches back before what is known.

    Args:
        plant: the plant.
        on: whether it is on, in one period or more.
        hours: of a period.
    """
    *_, last = runs_and_rests(on)
    so_far, initial = len(last) * hours, plant.initial
    if last.start or (initial is not None and initial.on != bool(on[-1])):
        return so_far
    return None if initial is None or initial.hours is None else initial.hours + so_far


def starts_of(plant: Plant, on: tuple[int, ...], hours: Fraction) -> list[Start]:
    """The starts of a plant. If its state before is not known, running in the first period is not a start."""
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
    return cost + sum(storage_costs(instance, plan), Fraction(0)) + market_cost(instance, plan)


def storage_costs(instance: HorizonInstance, plan: Plan) -> list[Fraction]:
    """The cost of each storage, without the value of what it holds at the end, in euro."""
    costs = []
    for storage, charge, discharge in zip(instance.storages, plan.charge, plan.discharge, strict=True):
        energy = storage.energy(charge, discharge)[-1]
        costs.append(storage.cost * sum(discharge) - storage.final_value * energy)
    return costs


def market_cost(instance: HorizonInstance, plan: Plan) -> Fraction:
    """What is paid to the market, less what it pays, in euro."""
    market = instance.market
    if market is None:
        return Fraction(0)
    bought = sum((price * steps for price, steps in zip(market.buying, plan.buy, strict=True)), Fraction(0))
    return bought - sum((price * steps for price, steps in zip(market.selling, plan.sell, strict=True)), Fraction(0))
