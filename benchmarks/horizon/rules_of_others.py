"""A plan judged by the rules of a file's own format; nothing here knows of payloads.

pglib-uc: the equations of its ``MODEL.pdf``, in its variables: output above the minimum, on, start, stop, category of
start. UnitCommitment.jl: its description of the format. A loop for each rule, in fractions.
Outputs are exact; the balance has room for loads that were rounded, and all limits have it for plans in floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks.horizon.originals import Original, is_pglib

Plan = Mapping[str, tuple[Sequence[float], Sequence[int]]]
"""Outputs in MW, and whether it is on, of each unit by its name."""


class Verdict(NamedTuple):
    """The cost of a plan in $, and the rules that it breaks."""

    cost: Fraction
    broken: list[str]


class Unit(NamedTuple):
    """A thermal unit, in the words of both formats; MW, h and $."""

    name: str
    p: list[Fraction]
    u: list[bool]
    on_before: bool
    hours_before: int
    p_before: Fraction
    curve: list[tuple[Fraction, Fraction]]
    up_time: int
    down_time: int
    categories: list[tuple[int, Fraction]]
    must_run: bool
    noise: Fraction

    def v(self, t: int) -> bool:
        """Whether it starts."""
        return self.u[t] and not (self.u[t - 1] if t else self.on_before)

    def w(self, t: int) -> bool:
        """Whether it stops."""
        return not self.u[t] and (self.u[t - 1] if t else self.on_before)

    @property
    def least(self) -> Fraction:
        """The minimum output."""
        return self.curve[0][0]

    @property
    def most(self) -> Fraction:
        """The maximum output."""
        return self.curve[-1][0]


def judge(original: Original, plan: Plan, *, rounding: float = 0.0, noise: float = 0.0) -> Verdict:
    """Judge a plan.

    Args:
        original: the file.
        plan: for each of its units.
        rounding: MW by which the sum of the outputs may miss the load of a period.
        noise: MW by which each limit of a unit may be missed.
    """
    rules = _pglib if is_pglib(original) else _unit_commitment
    return rules(original, plan, _exact(rounding), _exact(noise))


def plan_of(answer: Mapping[str, Any]) -> dict[str, tuple[list[float], list[int]]]:
    """The plan in an answer to a horizon."""
    return {plant["name"]: (plant["p"], plant["on"]) for plant in answer["plan"]}


def _exact(number: float) -> Fraction:
    return Fraction(repr(number))


# --- Both formats ----------------------------------------------------------------------------------------------------


def _times_and_limits(unit: Unit) -> Iterator[str]:
    """Limits of the output, must-run, and minimum times with the state before."""
    periods = range(len(unit.u))
    for t in periods:
        least, most = (unit.least, unit.most) if unit.u[t] else (0, 0)
        if not least - unit.noise <= unit.p[t] <= most + unit.noise:
            yield f"{unit.name}, {t + 1}: output"
        if unit.must_run and not unit.u[t]:
            yield f"{unit.name}, {t + 1}: must run"
        if unit.on_before and t < unit.up_time - unit.hours_before and not unit.u[t]:
            yield f"{unit.name}, {t + 1}: up time from before"
        if not unit.on_before and t < unit.down_time - unit.hours_before and unit.u[t]:
            yield f"{unit.name}, {t + 1}: down time from before"
        if sum(unit.v(s) for s in periods if t - unit.up_time < s <= t) > unit.u[t]:
            yield f"{unit.name}, {t + 1}: up time"
        if sum(unit.w(s) for s in periods if t - unit.down_time < s <= t) > 1 - unit.u[t]:
            yield f"{unit.name}, {t + 1}: down time"


def _cost(unit: Unit) -> Fraction:
    """Production by the curve, starts by the hours off before; an output outside the curve costs as its end."""
    cost, off = Fraction(0), 0 if unit.on_before else unit.hours_before
    for t, (p, on) in enumerate(zip(unit.p, unit.u, strict=True)):
        if on:
            cost += _on_curve(unit.curve, p)
        if unit.v(t):
            reached = [amount for lag, amount in unit.categories if lag <= off]
            cost += reached[-1] if reached else unit.categories[0][1]
        off = 0 if on else off + 1
    return cost


def _on_curve(curve: Sequence[tuple[Fraction, Fraction]], p: Fraction) -> Fraction:
    p = min(max(p, curve[0][0]), curve[-1][0])
    for (p1, cost1), (p2, cost2) in pairwise(curve):
        if p1 <= p <= p2:
            return cost1 + (cost2 - cost1) / (p2 - p1) * (p - p1)
    return curve[0][1]


def _balance(total: Sequence[Fraction], load: Sequence[float], rounding: Fraction) -> Iterator[str]:
    for t, (given, needed) in enumerate(zip(total, load, strict=True), 1):
        if abs(given - _exact(needed)) > rounding:
            yield f"{t}: {float(given)} MW for a load of {needed}"


def _numbers(plan: Plan, name: str) -> tuple[list[Fraction], list[bool]]:
    p, u = plan[name]
    return [_exact(output) for output in p], [bool(on) for on in u]


# --- pglib-uc --------------------------------------------------------------------------------------------------------


def _pglib(original: Original, plan: Plan, rounding: Fraction, noise: Fraction) -> Verdict:
    periods, broken, cost = range(original["time_periods"]), list[str](), Fraction(0)
    total, reserve = ([Fraction(0) for _ in periods] for _ in range(2))
    for name, given in original["thermal_generators"].items():
        unit = _pglib_unit(name, given, plan, noise)
        broken += [*_times_and_limits(unit), *_pglib_ramps(unit, given)]
        cost += _cost(unit)
        for t in periods:
            total[t] += unit.p[t]
            reserve[t] += _pglib_reserve(unit, given, t)
    for name, given in original["renewable_generators"].items():
        p, _ = _numbers(plan, name)
        for t in periods:
            least, most = _exact(given["power_output_minimum"][t]), _exact(given["power_output_maximum"][t])
            if not least - noise <= p[t] <= most + noise:
                broken.append(f"{name}, {t + 1}: output")
            total[t] += p[t]
    broken += _balance(total, original["demand"], rounding)
    broken += [f"{t + 1}: reserve" for t in periods if reserve[t] + noise < _exact(original["reserves"][t])]
    return Verdict(cost, broken)


def _pglib_unit(name: str, given: Mapping[str, Any], plan: Plan, noise: Fraction) -> Unit:
    p, u = _numbers(plan, name)
    least, most = _exact(given["power_output_minimum"]), _exact(given["power_output_maximum"])
    curve = [(_exact(point["mw"]), _exact(point["cost"])) for point in given["piecewise_production"]]
    curve[0], curve[-1] = (least, curve[0][1]), (most, curve[-1][1])  # the ends carry noise
    return Unit(
        name,
        p,
        u,
        bool(given["unit_on_t0"]),
        given["time_up_t0"] if given["unit_on_t0"] else given["time_down_t0"],
        _exact(given["power_output_t0"]),
        curve,
        given["time_up_minimum"],
        given["time_down_minimum"],
        [(entry["lag"], _exact(entry["cost"])) for entry in given["startup"]],
        bool(given["must_run"]),
        noise,
    )


def _above(unit: Unit, t: int) -> Fraction:
    """Output above the minimum, 0 when off; of the state before where t is -1."""
    if t < 0:
        return unit.p_before - unit.least if unit.on_before else Fraction(0)
    return unit.p[t] - unit.least if unit.u[t] else Fraction(0)


def _pglib_ramps(unit: Unit, given: Mapping[str, Any]) -> Iterator[str]:
    ramp_up, ramp_down, startup, shutdown = (
        _exact(given[f"ramp_{name}_limit"]) for name in ("up", "down", "startup", "shutdown")
    )
    span, noise = unit.most - unit.least, unit.noise
    for t in range(len(unit.u)):
        if _above(unit, t) - _above(unit, t - 1) > ramp_up + noise:
            yield f"{unit.name}, {t + 1}: ramp up"
        if _above(unit, t - 1) - _above(unit, t) > ramp_down + noise:
            yield f"{unit.name}, {t + 1}: ramp down"
        if unit.v(t) and _above(unit, t) > span - max(unit.most - startup, Fraction(0)) + noise:
            yield f"{unit.name}, {t + 1}: start-up limit"
        if unit.w(t) and _above(unit, t - 1) > span - max(unit.most - shutdown, Fraction(0)) + noise:
            yield f"{unit.name}, {t + 1}: shut-down limit"


def _pglib_reserve(unit: Unit, given: Mapping[str, Any], t: int) -> Fraction:
    """The most that the reserve of a unit can be."""
    if not unit.u[t]:
        return Fraction(0)
    span, least_limit = unit.most - unit.least, Fraction(0)
    most = span - (max(unit.most - _exact(given["ramp_startup_limit"]), least_limit) if unit.v(t) else 0)
    if t + 1 < len(unit.u) and unit.w(t + 1):
        most = min(most, span - max(unit.most - _exact(given["ramp_shutdown_limit"]), least_limit))
    most = min(most, _exact(given["ramp_up_limit"]) + _above(unit, t - 1))
    return most - _above(unit, t)


# --- UnitCommitment.jl -----------------------------------------------------------------------------------------------


def _unit_commitment(original: Original, plan: Plan, rounding: Fraction, noise: Fraction) -> Verdict:
    (bus,) = original["Buses"].values()
    periods, broken, cost = range(len(bus["Load (MW)"])), list[str](), Fraction(0)
    total, reserve = ([Fraction(0) for _ in periods] for _ in range(2))
    for name, given in original["Generators"].items():
        unit = _unit(name, given, plan, noise)
        broken += _times_and_limits(unit)
        cost += _cost(unit)
        for t in periods:
            total[t] += unit.p[t]
            rise = _most_output(unit, given, t) - unit.p[t]
            if rise < -noise:
                broken.append(f"{name}, {t + 1}: ramp up or start")
            if unit.u[t] and given.get("Provides spinning reserves?", True):
                reserve[t] += rise
            before, was_on = (unit.p[t - 1], unit.u[t - 1]) if t else (unit.p_before, unit.on_before)
            fall = before - unit.p[t] if unit.u[t] and was_on else Fraction(0)
            if fall > _exact(given.get("Ramp down limit (MW)", 1e6)) + noise:
                broken.append(f"{name}, {t + 1}: ramp down")
            if unit.w(t) and before > _exact(given.get("Shutdown limit (MW)", 1e6)) + noise:
                broken.append(f"{name}, {t + 1}: shut-down limit")
    broken += _balance(total, bus["Load (MW)"], rounding)
    needed = original.get("Reserves", {}).get("Spinning (MW)", 0)
    for t in periods:
        if reserve[t] + noise < _exact(needed[t] if isinstance(needed, list) else needed):
            broken.append(f"{t + 1}: reserve")
    return Verdict(cost, broken)


def _unit(name: str, given: Mapping[str, Any], plan: Plan, noise: Fraction) -> Unit:
    p, u = _numbers(plan, name)
    outputs, costs = given["Production cost curve (MW)"], given["Production cost curve ($)"]
    lags, starts = given.get("Startup delays (h)", [1]), given.get("Startup costs ($)", [0.0])
    status = given["Initial status (h)"]
    return Unit(
        name,
        p,
        u,
        status > 0,
        abs(status),
        _exact(given["Initial power (MW)"]),
        [(_exact(mw), _exact(amount)) for mw, amount in zip(outputs, costs, strict=True)],
        given.get("Minimum uptime (h)", 1),
        given.get("Minimum downtime (h)", 1),
        [(lag, _exact(amount)) for lag, amount in zip(lags, starts, strict=True)],
        given.get("Must run?", False),
        noise,
    )


def _most_output(unit: Unit, given: Mapping[str, Any], t: int) -> Fraction:
    """The most that a unit can give with its reserve: limits, ramp up, start and the stop that follows."""
    if not unit.u[t]:
        return Fraction(0)
    most, before = unit.most, unit.p[t - 1] if t else unit.p_before
    if unit.v(t):
        most = min(most, _exact(given.get("Startup limit (MW)", 1e6)))
    else:
        most = min(most, before + _exact(given.get("Ramp up limit (MW)", 1e6)))
    if t + 1 < len(unit.u) and unit.w(t + 1):
        most = min(most, _exact(given.get("Shutdown limit (MW)", 1e6)))
    return most
