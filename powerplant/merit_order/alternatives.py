"""What the best plan would cost if one thing about it were different: the load, or whether one unit is on.

Each alternative is another instance of the same problem, and is solved exactly:

- a unit **forced off** is a unit that can make nothing;
- a unit **forced on** makes its least output beforehand, and the rest of its range, from 0 on, stands in its place:
  load and range are smaller by its least output, and the cost is what both parts cost.

Units that are alike have the same alternatives, so each kind is solved once.
"""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from powerplant.merit_order.exceptions import GaveUp, Infeasible
from powerplant.merit_order.solver import solve
from powerplant.merit_order.unit import Unit


class Alternative(NamedTuple):
    """What was asked, as far as it was answered.

    Attributes:
        cost: of the best plan then; ``None`` where there is none, or it was not computed.
        computed: whether it was.
    """

    cost: int | None
    computed: bool


NOT_COMPUTED = Alternative(None, computed=False)


class Appraisal(NamedTuple):
    """The alternatives to one solution.

    Attributes:
        more: with a load of one tenth of a MW more.
        less: with one less.
        switched: for each unit, in their order, with it on where the solution has it off, and off where it has it on.
    """

    more: Alternative
    less: Alternative
    switched: list[Alternative]


class Unfinished(GaveUp):
    """The time limit passed first.

    Attributes:
        appraisal: what was computed until then.
    """

    def __init__(self, appraisal: Appraisal) -> None:
        super().__init__(None, None, 0)
        self.args = (appraisal,)
        self.appraisal = appraisal


def appraise(units: Sequence[Unit], load: int, dispatch: Sequence[int], time_limit: float | None = None) -> Appraisal:
    """All alternatives to a dispatch; as many solves as there are kinds of units, and two.

    Args:
        units: the fleet; outputs in tenths of a MW.
        load: in tenths of a MW.
        dispatch: an optimal one, in the order of the units.
        time_limit: seconds after which to stop; never by default.

    Raises:
        Unfinished: the time limit passed first.
    """
    end = float("inf") if time_limit is None else perf_counter() + time_limit
    known: dict[tuple[Unit, bool], Alternative] = {}
    appraisal = Appraisal(NOT_COMPUTED, NOT_COMPUTED, [NOT_COMPUTED] * len(units))
    try:
        appraisal = appraisal._replace(more=_best(units, load + 1, end))
        appraisal = appraisal._replace(less=_best(units, load - 1, end))
        for position, (unit, output) in enumerate(zip(units, dispatch, strict=True)):
            kind = unit, output > 0
            if kind not in known:
                known[kind] = (_forced_off if output else _forced_on)(units, load, position, end)
            appraisal.switched[position] = known[kind]
    except _TimeIsOver:
        raise Unfinished(appraisal) from None
    return appraisal


class _TimeIsOver(Exception):
    """The moment has come at which to stop."""


def _forced_off(units: Sequence[Unit], load: int, position: int, end: float) -> Alternative:
    """The best plan without a unit."""
    return _best([*units[:position], *units[position + 1 :]], load, end)


def _forced_on(units: Sequence[Unit], load: int, position: int, end: float) -> Alternative:
    """The best plan with a unit on, that is with some output of it."""
    marginal_cost, min_output, max_output = units[position]
    least = max(min_output, 1)
    if least > max_output:  # it can make nothing
        return Alternative(None, computed=True)
    rest = Unit(marginal_cost, 0, max_output - least)
    others = _best([*units[:position], rest, *units[position + 1 :]], load - least, end)
    return others if others.cost is None else others._replace(cost=others.cost + marginal_cost * least)


def _best(units: Sequence[Unit], load: int, end: float) -> Alternative:
    """What the best plan costs; units that can never be on, or a load that is no load, are no mistake here."""
    left = end - perf_counter()
    if left <= 0:
        raise _TimeIsOver
    if load < 0:
        return Alternative(None, computed=True)
    try:
        return Alternative(solve(units, load, None if end == float("inf") else left).cost, computed=True)
    except Infeasible:
        return Alternative(None, computed=True)
    except GaveUp:
        if perf_counter() >= end:
            raise _TimeIsOver from None
        return NOT_COMPUTED  # its sums are too large for memory
