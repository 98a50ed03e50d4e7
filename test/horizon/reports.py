"""A checker of a horizon's report: what it says beside the plan is computed anew from the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from horizon.dynamic import redispatched
from horizon.reading import DEFAULTS, Horizon, at, exact, read
from horizon.rules import Schedule, total_cost

CENTS = Fraction(1, 50)
"""Two parts of a cost, each rounded to cents."""


def wrong_figures(
    payload: Mapping[str, Any], report: Mapping[str, Any], *, co2: bool = True, steps: int = 1
) -> Iterator[str]:
    """Every figure of a report that does not follow from its plan."""
    horizon = read(payload, co2=co2, steps=steps)
    plans = {row["name"]: row for row in report["plan"]}
    schedules = [Schedule(plant, horizon, plans[plant.name]) for plant in horizon.plants]
    total = total_cost(horizon, schedules, report)
    if abs(sum(exact(part) for part in report["costs"].values()) - total) > 8 * CENTS:
        yield f"costs {report['costs']} for {float(total)}"
    for schedule, given in zip(schedules, payload["powerplants"], strict=True):
        name = schedule.plant.name
        row = next(row for row in report["powerplants"] if row["name"] == name)
        if abs(exact(row["costs"]["total"]) - schedule.cost()) > CENTS:
            yield f"{name} costs {row['costs']['total']}, not {float(schedule.cost())}"
        energy = sum(schedule.p) * horizon.h / steps
        if abs(exact(row["energy"]) - energy) > Fraction(1, 10**6):
            yield f"{name} gives {row['energy']} MWh, not {float(energy)}"
        emitted = energy * exact((DEFAULTS.get(given["type"], {}) | dict(given)).get("co2(ton/MWh)", 0))
        charged = emitted if co2 else Fraction(0)
        for key, tonnes in (("co2_emitted_tonnes", emitted), ("co2_tonnes", charged)):
            if abs(exact(row[key]) - tonnes) > Fraction(1, 1000):
                yield f"{name}: {key} {row[key]}, not {float(tonnes)}"
        starts = [(start["period"], start.get("hours_off"), start["cost"]) for start in row["starts"]]
        if starts != expected_starts(schedule):
            yield f"{name} starts {starts}, not {expected_starts(schedule)}"
    yield from _periods(horizon, schedules, report)
    for row in report["end"]["powerplants"]:
        schedule = next(schedule for schedule in schedules if schedule.plant.name == row["name"])
        state = expected_end(schedule, steps, report["end"]["period"])
        if dict(row["initial"]) != state:
            yield f"{row['name']} ends {row['initial']}, not {state}"


def expected_starts(schedule: Schedule) -> list[tuple[int, float | None, float]]:
    """The period, the hours off before and the cost of each start; ``None``: longer than is known."""
    starts = []
    for t in schedule.periods:
        if schedule.starts(t):
            hours = schedule.hours_off(t)
            cost = float(round(schedule.plant.start_cost(hours), 2))
            starts.append((t + 1, None if hours is None else float(hours), cost))
    return starts


def expected_end(schedule: Schedule, steps: int, period: int) -> dict[str, Any]:
    """The state after a period, in the form of ``initial``."""
    on, first = schedule.on[period - 1], schedule.plant.initial
    hours: Fraction | None = Fraction(0)
    t = period
    while t and schedule.on[t - 1] == on:
        hours, t = (hours or 0) + schedule.h, t - 1
    if t == 0 and (first is None or first.on == on):
        hours = None if first is None or first.hours is None else first.hours + period * schedule.h
    state = {"on": on} | ({} if hours is None else {"hours": float(hours)})
    return state | ({"p": float(schedule.p[period - 1] / steps)} if on else {})


def _periods(horizon: Horizon, schedules: list[Schedule], report: Mapping[str, Any]) -> Iterator[str]:
    for t, row in enumerate(report["periods"]):
        if (row["period"], exact(row["load"]) * horizon.steps) != (t + 1, horizon.load[t]):
            yield f"period {t + 1} is {row['period']} with {row['load']} MW"
        if "reserve_up" not in row:
            if horizon.up[t] or horizon.down[t]:
                yield f"period {t + 1} has no reserve"
            continue
        given = [schedule.reserves(t) for schedule in schedules]
        for way, key, needed in ((0, "reserve_up", horizon.up[t]), (1, "reserve_down", horizon.down[t])):
            held = float(sum(reserve[way] for reserve in given)) / horizon.steps
            if abs(row[key]["held"] - held) > 1e-9 or abs(row[key]["needed"] - float(needed) / horizon.steps) > 1e-9:
                yield f"period {t + 1}: {key} {row[key]}, not {held}"


def wrong_prices(
    payload: Mapping[str, Any], report: Mapping[str, Any], *, co2: bool = True, steps: int = 1
) -> Iterator[str]:
    """Prices that are not what one step more or less costs with the same plants on."""
    horizon = read(payload, co2=co2, steps=steps)
    on = {row["name"]: row["on"] for row in report["plan"]}
    runs = [on[plant.name] for plant in horizon.plants]
    changes = [
        (t, way, change)
        for t, load in enumerate(horizon.load)
        for way, change in (("up", 1), ("down", -1))
        if load or change > 0 or horizon.lost_load is None  # no load of less than nothing is lost
    ]
    loads = [[*horizon.load[:t], horizon.load[t] + change, *horizon.load[t + 1 :]] for t, _, change in changes]
    cost, *others = redispatched(horizon, runs, [horizon.load, *loads])
    for (t, way, change), other in zip(changes, others, strict=True):
        price = None if cost is None or other is None else float((other - cost) * change * steps / horizon.h)
        stated = report["periods"][t]["price"][way]
        if (price is None) != (stated is None) or (price is not None and abs(price - stated) > 1e-6):
            yield f"period {t + 1}: a price {way} of {stated}, not {price}"


def window(payload: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    """The periods ``first`` to ``last`` - 1 of a payload, counted from 0."""
    periods = len(payload["load"])

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: inner if key in {"start_costs", "cost_curve"} else cut(inner) for key, inner in value.items()}
        if isinstance(value, list) and len(value) == periods and not isinstance(value[0], dict):
            return value[first:last]
        return [cut(inner) for inner in value] if isinstance(value, list) else value

    changed: dict[str, Any] = cut(dict(payload))
    if first:
        changed.pop("start", None)
    return changed


def depends_on_the_window(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> bool:
    """Whether a rule looks further back than a state says: at limits that change, or at outages of what must run."""
    horizon = read(payload, co2=co2, steps=steps)
    return any(
        len({*plant.low}) + len({*plant.high}) > 2
        or (not all(plant.runs) and any(at(given.get("must_run", False), t) for t in range(horizon.periods)))
        for plant, given in zip(horizon.plants, payload["powerplants"], strict=True)
    )
