"""The correct answers, computed a second time: slow, simple, and without the package under test.

Two layers:

* units: integer ``marginal_cost``, ``min_output`` and ``max_output``, and an integer load. The least cost
  comes from :func:`brute_force` (every commitment) or :func:`dense_programme` (every sum up to the load),
  which share no code. :func:`reachable` finds the loads that have a plan.
* payloads: :func:`expected_units` turns a payload into units with exact fractions, :func:`expected_answer`
  is the answer to a valid payload, in the form of the case files.

Outputs of a payload's units are tenths of a MW, their marginal costs 10⁻⁹ euro per MWh, and so a plan's cost
counts in 10⁻¹⁰ euro.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TENTHS_PER_MW = 10
COST_STEPS_PER_EURO_PER_MWH = 10**9
COST_STEPS_PER_EURO = COST_STEPS_PER_EURO_PER_MWH * TENTHS_PER_MW
BRUTE_FORCE_UNITS = 12


class UnitLike(Protocol):
    """Anything with the three integers of a unit."""

    @property
    def marginal_cost(self) -> int: ...

    @property
    def min_output(self) -> int: ...

    @property
    def max_output(self) -> int: ...


@dataclass(frozen=True)
class ExpectedUnit:
    """A power plant of a payload, as the solver must get it."""

    name: str
    marginal_cost: int
    min_output: int
    max_output: int
    must_run: bool = False


def must_run(unit: UnitLike) -> bool:
    """Whether a unit must run: units of the solver need not."""
    return bool(getattr(unit, "must_run", False))


# The least cost of a load.


def brute_force(units: Sequence[UnitLike], load: int) -> int | None:
    """The least cost over all 2ⁿ commitments, None when none of them has a plan."""
    costs = (dispatch_cost(units, dispatch) for dispatch in _dispatches(units, load))
    return min(costs, default=None)


def _dispatches(units: Sequence[UnitLike], load: int) -> Iterator[list[int]]:
    """The cheapest dispatch of each commitment that meets the load, equal costs in the order of the units."""
    by_cost = sorted(range(len(units)), key=lambda i: units[i].marginal_cost)
    for commitment in product(*[(True,) if must_run(unit) else (False, True) for unit in units]):
        dispatch = [unit.min_output if on else 0 for unit, on in zip(units, commitment, strict=True)]
        residual_load = load - sum(dispatch)
        for i in by_cost:
            if residual_load > 0 and commitment[i]:
                more = min(residual_load, units[i].max_output - units[i].min_output)
                dispatch[i] += more
                residual_load -= more
        if residual_load == 0:
            yield dispatch


def dense_programme(units: Sequence[UnitLike], load: int) -> int | None:
    """The least cost by a table over every sum 0..load, None when the load has no plan. O(n · load).

    ``best[s]`` is the least cost at which the units so far make s. A unit with cost c adds an output p of
    min_output..max_output, hence ``best'[s] = min(best[s], c·s + min over j = s - p of (best[j] - c·j))``:
    the inner minimum runs over a window that slides with s, kept in a queue of rising values.
    """
    best: list[int | None] = [0, *[None] * load]
    for unit in units:
        cost, low, high = unit.marginal_cost, unit.min_output, unit.max_output
        after: list[int | None] = [None] * len(best) if must_run(unit) else best[:]
        window: deque[tuple[int, int]] = deque()
        for s in range(low, load + 1):
            entering = best[s - low]
            if entering is not None:
                value = entering - cost * (s - low)
                while window and window[-1][1] >= value:
                    window.pop()
                window.append((s - low, value))
            while window and window[0][0] < s - high:
                window.popleft()
            if window:
                candidate = window[0][1] + cost * s
                present = after[s]
                if present is None or candidate < present:
                    after[s] = candidate
        best = after
    return best[load]


# Which loads have a plan.


def reachable(units: Sequence[UnitLike], limit: int) -> int:
    """The loads 0..limit that have a plan, as a bit set: bit s is set where the load s has one."""
    mask = (1 << (limit + 1)) - 1
    loads = 1
    for unit in units:
        smeared, width = loads, unit.max_output - unit.min_output + 1
        covered = 1
        while covered < width:
            step = min(covered, width - covered)
            smeared |= smeared << step
            covered += step
        on = (smeared << unit.min_output) & mask
        loads = on if must_run(unit) else loads | on
    return loads


def nearest_loads(units: Sequence[UnitLike], load: int | Fraction) -> tuple[int | None, int | None]:
    """The nearest loads strictly below and strictly above ``load`` that have a plan, None where there is none.

    ``load`` is positive; it may lie between two integers, as a load off the grid does.
    """
    capacity = sum(unit.max_output for unit in units)
    loads = reachable(units, capacity)
    lower = loads & ((1 << ceil(load)) - 1)
    below = lower.bit_length() - 1 if lower else None
    rest = loads >> (floor(load) + 1)
    above = floor(load) + 1 + _lowest_bit(rest) if rest else None
    return below, above


def _lowest_bit(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def infeasible_reason(units: Sequence[UnitLike], load: int | Fraction) -> str | None:
    """Why a load has no plan, None when it has one."""
    if load != floor(load):
        return "off_grid"
    whole_load = floor(load)
    if whole_load < sum(unit.min_output for unit in units if must_run(unit)):
        return "below_must_run"
    if whole_load > sum(unit.max_output for unit in units):
        return "above_capacity"
    if reachable(units, whole_load) >> whole_load & 1:
        return None
    if any(must_run(unit) for unit in units):
        return "in_a_gap"
    smallest_output = min(max(unit.min_output, 1) for unit in units if unit.max_output > 0)
    return "below_minimum" if whole_load < smallest_output else "in_a_gap"


# Checks of a plan.


def dispatch_cost(units: Sequence[UnitLike], dispatch: Sequence[int]) -> int:
    """The cost of a dispatch."""
    return sum(unit.marginal_cost * output for unit, output in zip(units, dispatch, strict=True))


def broken_rules(units: Sequence[UnitLike], load: int, dispatch: Sequence[int]) -> list[str]:
    """Every rule that a dispatch breaks, in words; empty for a plan that meets the load."""
    if len(dispatch) != len(units):
        return [f"{len(dispatch)} outputs for {len(units)} units"]
    faults = [
        f"unit {i} produces {output}, neither 0 nor {unit.min_output}..{unit.max_output}"
        for i, (unit, output) in enumerate(zip(units, dispatch, strict=True))
        if (output != 0 or must_run(unit)) and not unit.min_output <= output <= unit.max_output
    ]
    if sum(dispatch) != load:
        faults.append(f"the outputs add up to {sum(dispatch)}, not {load}")
    return faults


# From a payload to the answer of the service.


def exact(number: float) -> Fraction:
    """The decimal in the JSON: 13.4 is 134/10, not its binary neighbour."""
    return Fraction(repr(number))


DEFAULTS: dict[str, dict[str, Any]] = {
    "gasfired": {"fuel": "gas", "co2(ton/MWh)": 0.3},
    "turbojet": {"fuel": "kerosine"},
    "windturbine": {"profile": "wind", "curtailable": False},
}
"""What the types of the challenge bring."""


def expected_units(payload: Mapping[str, Any], co2: bool = True, steps: int = TENTHS_PER_MW) -> list[ExpectedUnit]:
    """The units of a valid payload, in its order. A plant that cannot run at all has both limits at 0."""
    return [_expected_unit(plant, payload["fuels"], co2, steps) for plant in payload["powerplants"]]


def _expected_unit(given: Mapping[str, Any], fuels: Mapping[str, float], co2: bool, steps: int) -> ExpectedUnit:
    plant = DEFAULTS.get(given["type"], {}) | dict(given)
    fuel, profile = plant.get("fuel"), plant.get("profile")
    cost = exact(plant.get("cost(euro/MWh)", 0))
    if fuel is not None:
        keys = [f"{fuel}(euro/MWh)", *(["kerosine(euro/Mwh)"] if fuel == "kerosine" else [])]
        cost += exact(next(fuels[key] for key in keys if key in fuels)) / exact(plant["efficiency"])
    if co2 and plant.get("co2(ton/MWh)", 0):
        cost += exact(plant["co2(ton/MWh)"]) * exact(fuels["co2(euro/ton)"])
    most = exact(plant["pmax"]) * steps
    fixed = profile is not None and not plant.get("curtailable", True)
    low, high = 0 if fixed else ceil(exact(plant.get("pmin", 0)) * steps), floor(most)
    if profile is not None:
        high = floor(most * exact(fuels[f"{profile}(%)"]) / 100)
        low = high if fixed else low
    if low > high or not plant.get("available", True):
        low = high = 0
    # Python rounds a fraction half to even.
    marginal_cost = round(cost * COST_STEPS_PER_EURO_PER_MWH)
    return ExpectedUnit(plant["name"], marginal_cost, low, high, plant.get("must_run", False) and high > 0)


def load_in_tenths(payload: Mapping[str, Any]) -> Fraction:
    """The load: the nearest whole number of tenths of a MW if it is less than a millionth of a MW away."""
    return load_in_steps(payload, TENTHS_PER_MW)


def load_in_steps(payload: Mapping[str, Any], steps: int) -> Fraction:
    """The load in steps, of which a MW has so many; the nearest whole number if it is less than 10⁻⁶ MW away."""
    load = exact(payload["load"]) * steps
    nearest = Fraction(round(load))
    return nearest if abs(load - nearest) < Fraction(steps, 10**6) else load


def expected_answer(payload: Mapping[str, Any], co2: bool = True) -> dict[str, Any]:
    """The answer to a valid payload, in the form of ``expected`` in a case file.

    It has ``plan`` only if :func:`decided_dispatch` determines it.
    """
    units = expected_units(payload, co2)
    load = load_in_tenths(payload)
    reason = infeasible_reason(units, load)
    if reason is not None:
        below, above = nearest_loads(units, load)
        return {
            "status": 422,
            "type": "/problems/infeasible-load",
            "reason": reason,
            "nearest_below": None if below is None else below / TENTHS_PER_MW,
            "nearest_above": None if above is None else above / TENTHS_PER_MW,
        }
    # Brute force counts in commitments, the programme in sums: take what is small.
    oracle: Callable[[Sequence[UnitLike], int], int | None]
    oracle = brute_force if len(units) <= BRUTE_FORCE_UNITS else dense_programme
    cost = oracle(units, int(load))
    assert cost is not None, "the bit set has a plan where the costs have none"
    answer: dict[str, Any] = {"status": 200, "cost": euros(cost)}
    dispatch = decided_dispatch(units, int(load))
    if dispatch is not None:
        answer["plan"] = [{"name": units[i].name, "p": dispatch[i] / TENTHS_PER_MW} for i in merit_order(units)]
    return answer


def euros(cost: int) -> str:
    """A payload's cost in euro with two decimals, half to even."""
    cents = round(Fraction(cost * 100, COST_STEPS_PER_EURO))
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def merit_order(units: Sequence[UnitLike]) -> list[int]:
    """The positions of the units, the cheapest first, those of equal cost in order."""
    return sorted(range(len(units)), key=lambda i: units[i].marginal_cost)


def decided_dispatch(units: Sequence[UnitLike], load: int) -> list[int] | None:
    """The one cheapest dispatch that the rule on equally cheap plans allows; None where it leaves a choice.

    Filling in merit order decides where it gives a plan. Elsewhere the cheapest commitments are asked: each
    has one dispatch that loads equal costs in order, and where those agree nothing is left to choose. With
    more plants than brute force is good for, only the fill is tried.
    """
    filled = [0] * len(units)
    residual_load = load
    for i in merit_order(units):
        filled[i] = min(residual_load, units[i].max_output)
        residual_load -= filled[i]
    if not broken_rules(units, load, filled):
        return filled
    if len(units) > BRUTE_FORCE_UNITS:
        return None
    candidates = list(_dispatches(units, load))
    least = min((dispatch_cost(units, dispatch) for dispatch in candidates), default=None)
    cheapest = {tuple(d) for d in candidates if dispatch_cost(units, d) == least}
    return list(cheapest.pop()) if len(cheapest) == 1 else None
