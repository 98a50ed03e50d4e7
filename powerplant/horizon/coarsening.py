"""A horizon of quarter hours as one of hours: it has a quarter of the periods, and is solved much faster.

The search in quarter hours begins with the commitment of its plan. This proves nothing: the limits are the narrowest of
each hour, and the reserve also covers how far the load of a quarter hour is from the mean of its hour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from statistics import mean
from typing import TypeVar

from powerplant.horizon.instance import HorizonInstance, Market, Plant, Storage

FEWEST = 4
"""The fewest hours of a horizon that is first solved in hours."""

Value = TypeVar("Value", int, Fraction)

Hours = list[range]
"""The periods of each hour; the last hour may have fewer."""


def hours_of(instance: HorizonInstance) -> Hours | None:
    """The periods of each hour; ``None`` if an hour is not two or more whole periods, or there are too few hours."""
    count, size = Fraction(1) / instance.hours, len(instance.load)
    if count.denominator != 1 or count < 2 or size < FEWEST * count:
        return None
    return [range(t, min(t + int(count), size)) for t in range(0, size, int(count))]


def in_hours(instance: HorizonInstance, hours: Hours) -> HorizonInstance:
    """The horizon in hours; O(plants × periods)."""
    count = len(hours[0])
    load = [round(mean(instance.load[t] for t in hour)) for hour in hours]
    above = [max(instance.load[t] for t in hour) - p for hour, p in zip(hours, load, strict=True)]
    below = [p - min(instance.load[t] for t in hour) for hour, p in zip(hours, load, strict=True)]
    up, down = _each(max, instance.reserve_up, hours), _each(max, instance.reserve_down, hours)
    market = instance.market
    return instance._replace(
        plants=tuple([_plant(plant, hours) for plant in instance.plants]),
        load=tuple(load),
        reserve_up=tuple([needed + more for needed, more in zip(up, above, strict=True)]),
        reserve_down=tuple([needed + less for needed, less in zip(down, below, strict=True)]),
        lost_load=None if instance.lost_load is None else instance.lost_load * count,
        hours=instance.hours * count,
        singles=(),
        storages=tuple([_storage(storage, count) for storage in instance.storages]),
        market=None
        if market is None
        else Market(
            _sums(market.buying, hours),
            _sums(market.selling, hours),
            _each(min, market.buy, hours),
            _each(min, market.sell, hours),
        ),
        previous=None,
    )


def _plant(plant: Plant, hours: Hours) -> Plant:
    count = len(hours[0])
    low, high = _each(max, plant.least, hours), _each(min, plant.most, hours)
    can = [all(plant.can_run[t] for t in hour) and low[i] <= high[i] for i, hour in enumerate(hours)]
    initial = plant.initial
    return plant._replace(
        cost=_sums(plant.cost, hours),
        least=tuple([p * can_run for p, can_run in zip(low, can, strict=True)]),
        most=tuple([p * can_run for p, can_run in zip(high, can, strict=True)]),
        can_run=tuple(can),
        must_run=tuple([can[i] and any(plant.must_run[t] for t in hour) for i, hour in enumerate(hours)]),
        up_time=ceil(plant.up_time / count),
        down_time=ceil(plant.down_time / count),
        ramp_up=None if plant.ramp_up is None else plant.ramp_up * count,
        ramp_down=None if plant.ramp_down is None else plant.ramp_down * count,
        startup=_first_hour(plant.startup, plant.ramp_up, high, [hour[0] for hour in hours], count),
        shutdown=_first_hour(plant.shutdown, plant.ramp_down, high, [hour[-1] for hour in hours], count),
        no_load=plant.no_load * count,
        curve=tuple([(p, cost * count) for p, cost in plant.curve]),
        initial=None
        if initial is None
        else initial._replace(
            left=ceil(initial.left / count),
            excused=None if initial.excused is None else ceil(initial.excused / count),
        ),
    )


def _first_hour(
    limits: Sequence[int] | None, ramp: Fraction | None, high: Sequence[int], at: Sequence[int], count: int
) -> tuple[int, ...] | None:
    """The most output on average in the first hour of a run: it begins at the limit and follows the ramp.

    In the last hour likewise.
    """
    if limits is None:
        return None
    means = []
    for t, top in zip(at, high, strict=True):
        later = [top if ramp is None else min(top, floor(limits[t] + k * ramp)) for k in range(1, count)]
        means.append(floor(mean([min(top, limits[t]), *later])))
    return tuple(means)


def _storage(storage: Storage, count: int) -> Storage:
    return storage._replace(
        charged=storage.charged * count, discharged=storage.discharged * count, cost=storage.cost * count
    )


def _each(choose: Callable[[Sequence[Value]], Value], values: Sequence[Value], hours: Hours) -> tuple[Value, ...]:
    """The least or largest value of each hour."""
    return tuple([choose([values[t] for t in hour]) for hour in hours])


def _sums(values: Sequence[Fraction], hours: Hours) -> tuple[Fraction, ...]:
    """The cost of a whole hour, at the mean of its periods."""
    return tuple([mean(values[t] for t in hour) * len(hours[0]) for hour in hours])
