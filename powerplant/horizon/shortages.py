"""Why a horizon has no plan: the least shortage, and the periods in which something is missing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from powerplant.errors import InfeasibleHorizon, InfeasibleLoad
from powerplant.horizon.amounts import as_float
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.plan import Plan
from powerplant.horizon.verification import reserve_held


class Missing(NamedTuple):
    """What a period lacks.

    Attributes:
        period: from 0.
        shortfall, surplus, reserve: in MW; exactly.
        detail: a sentence.
        more: further members: the reason and the nearest loads of a single hour.
    """

    period: int
    shortfall: Fraction = Fraction(0)
    surplus: Fraction = Fraction(0)
    reserve: Fraction = Fraction(0)
    detail: str = ""
    more: dict[str, Any] = {}  # noqa: RUF012 - never changed


def no_plan(instance: HorizonInstance, missing: Sequence[Missing], *, proven: bool) -> InfeasibleHorizon:
    """The error for a horizon without a plan.

    Args:
        instance: the horizon.
        missing: the periods that lack something.
        proven: whether it is proven that no less can be missing.
    """
    hours = instance.hours
    total = {
        "shortfall": as_float(sum((each.shortfall for each in missing), Fraction(0)) * hours),
        "surplus": as_float(sum((each.surplus for each in missing), Fraction(0)) * hours),
        "reserve": as_float(sum((each.reserve for each in missing), Fraction(0)) * hours),
    }
    times = instance.times
    periods = [
        {
            "period": instance.first + each.period,
            **({} if times is None else {"start": times[each.period]}),
            "shortfall": as_float(each.shortfall),
            "surplus": as_float(each.surplus),
            "reserve": as_float(each.reserve),
            **each.more,
            "detail": each.detail,
        }
        for each in missing
    ]
    return InfeasibleHorizon(total, periods, proven=proven)


def off_grid(instance: HorizonInstance, load: Sequence[float]) -> list[Missing]:
    """The periods whose load is off the grid."""
    grid = instance.grid
    missing = []
    for t, single in enumerate(instance.singles):
        if not single.on_grid:
            below, above = grid.megawatts(single.load), grid.megawatts(single.load + 1)
            error = InfeasibleLoad(load[t], "off_grid", None, None, step=grid.step)
            detail = f"In period {instance.first + t}, the load of {load[t]} MW is not a multiple of {grid.step} MW."
            missing.append(
                Missing(t, detail=detail, more={"reason": error.reason, "nearest_below": below, "nearest_above": above})
            )
    return missing


def of_single_period(instance: HorizonInstance, t: int, error: InfeasibleLoad) -> Missing:
    """What a period lacks, where nothing couples the periods."""
    load = Fraction(instance.load[t], instance.grid.per_megawatt)
    below, above = (
        None if near is None else Fraction(repr(near)) for near in (error.nearest_below, error.nearest_above)
    )
    shortfall = None if below is None else load - below
    surplus = None if above is None else above - load
    more = {name: getattr(error, name) for name in ("reason", "nearest_below", "nearest_above")}
    if surplus is None or (shortfall is not None and shortfall <= surplus):
        return Missing(
            t, shortfall=shortfall or Fraction(0), detail=f"In period {instance.first + t}: {error}", more=more
        )
    return Missing(t, surplus=surplus, detail=f"In period {instance.first + t}: {error}", more=more)


def of_plan(instance: HorizonInstance, plan: Plan) -> list[Missing]:
    """What each period lacks where the plants do what a plan says."""
    per_megawatt = instance.grid.per_megawatt
    missing = []
    for t in instance.periods:
        more = instance.load[t] - plan.supply(t) - plan.lost[t]
        up, down = reserve_held(instance, plan, t)
        reserve = max(Fraction(0), instance.reserve_up[t] - up) + max(Fraction(0), instance.reserve_down[t] - down)
        if not more and not reserve:
            continue
        shortfall, surplus, lacks = (max(Fraction(0), Fraction(each)) / per_megawatt for each in (more, -more, reserve))
        words = [
            f"{_shown(amount)} MW {what}"
            for amount, what in (
                (shortfall, "of the load cannot be met"),
                (surplus, "more than the load must be produced"),
                (lacks, "of reserve are missing"),
            )
            if amount
        ]
        missing.append(Missing(t, shortfall, surplus, lacks, f"In period {instance.first + t}, {' and '.join(words)}."))
    return missing


def _shown(amount: Fraction) -> str:
    return f"{as_float(amount):g}" if amount < 10**6 else f"{as_float(amount)}"
