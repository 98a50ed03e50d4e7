"""The engine's answers to random horizons, compared with the oracles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from importlib import import_module
from typing import Any

import pytest

from horizon import dynamic, independent
from horizon.dynamic import Outcome
from horizon.payloads import counts_co2, finer, random_horizon, steps_of
from horizon.reading import RESOLUTIONS
from horizon.rules import broken_rules

ROUNDING = Fraction(1, 10**6)
"""Shortages are floats in the answer."""


def blocks(count: int, quick: int) -> list[Any]:
    """The numbers of blocks of seeds, for a test: those after the first ones are slow."""
    return [pytest.param(block, marks=[pytest.mark.slow] if block >= quick else []) for block in range(count)]


def plan(payload: Any, *, co2: bool = True, step: float = 1, time_limit: float = 60.0, gap: float = 0) -> Any:
    """The engine's plan; imported late, since it is an extra."""
    return import_module("powerplant").plan_horizon(payload, co2=co2, step=step, time_limit=time_limit, gap=gap)


def compare(seed: int, *, gap: float = 0, large: bool = False, more: bool = False) -> tuple[str, list[str]]:
    """What kind of outcome a seed has, and what is wrong with the engine's; ``more``: with storages and a market."""
    payload, co2, steps = setting(seed, large=large, more=more)
    try:
        expected = (independent if large else dynamic).solve(payload, co2=co2, steps=steps)
    except TimeoutError:
        return "unsolved", []
    return expected.kind, list(faults(payload, expected, co2=co2, steps=steps, gap=gap))


def setting(seed: int, *, large: bool = False, more: bool = False) -> tuple[dict[str, Any], bool, int]:
    """The payload of a seed, whether CO2 counts, and the steps in a MW."""
    steps = steps_of(seed)
    return finer(random_horizon(seed, with_storages_and_market=more, large=large), steps), counts_co2(seed), steps


def faults(
    payload: Mapping[str, Any], expected: Outcome, *, co2: bool = True, steps: int = 1, gap: float = 0
) -> Iterator[str]:
    """What is wrong with the engine's answer to a valid payload."""
    errors = import_module("powerplant.errors")
    try:
        answer = json.loads(json.dumps(plan(payload, co2=co2, step=1 / steps, gap=gap).to_dict()))
    except errors.InvalidPayload as error:
        yield from _wrong_faults(expected, [fault.pointer for fault in error.faults], str(error))
        return
    except errors.InfeasibleHorizon as error:
        yield from _wrong_shortage(payload, expected, error)
        return
    if expected.kind != "plan" or expected.cost is None:
        yield f"a plan, not {expected.kind} {expected.missing} {expected.places}"
        yield from broken_rules(payload, answer, co2=co2, steps=steps)
        return
    yield from broken_rules(payload, answer, co2=co2, steps=steps)
    cents = round(expected.cost * 100)
    if gap == 0 and round(Fraction(repr(answer["cost"])) * 100) != cents:
        yield f"costs {answer['cost']}, not {cents / 100}"
    if Fraction(repr(answer["lower_bound"])) > expected.cost:
        yield f"a bound of {answer['lower_bound']} above the least cost of {float(expected.cost)}"
    if answer["status"] == "time_limit" or answer["gap"] > 0.02 + max(gap, 1e-6) * max(abs(answer["cost"]), 1):
        yield f"{answer['status']} with a gap of {answer['gap']}"


def _wrong_faults(expected: Outcome, pointers: list[str], message: str) -> Iterator[str]:
    if expected.kind != "fault":
        yield f"refused ({message}), not {expected.kind}"
        return
    for place in expected.places:
        if not any(pointer == place or pointer.startswith(f"{place}/") for pointer in pointers):
            yield f"no fault at {place}, only at {pointers}"
    for pointer in pointers:
        if not any(pointer == place or pointer.startswith(f"{place}/") for place in expected.places):
            yield f"a fault at {pointer}, not only at {expected.places} ({message})"


def _wrong_shortage(payload: Mapping[str, Any], expected: Outcome, error: Any) -> Iterator[str]:
    listed = list(error.periods)
    if expected.kind == "off_grid":
        if [period["period"] for period in listed] != list(expected.places):
            yield f"off the grid in {[period['period'] for period in listed]}, not in {expected.places}"
        return
    if expected.kind != "missing" or expected.missing is None:
        yield f"no plan ({error}), not {expected.kind}"
        return
    names = ("shortfall", "surplus", "reserve")
    missing = {name: Fraction(repr(float(error.missing[name]))) for name in names}
    if abs(sum(missing.values()) - expected.missing) > ROUNDING:
        yield f"misses {error.missing}, not {float(expected.missing)} MWh in all"
    if not error.proven:
        yield "the least shortage is not proven"
    hours = RESOLUTIONS[payload.get("resolution", "PT1H")]
    for name in names:
        stated = sum(Fraction(repr(float(period[name]))) * hours for period in listed)
        if abs(stated - missing[name]) > ROUNDING:
            yield f"the periods miss {float(stated)} MWh of {name}, the whole {error.missing[name]}"
    for period in listed:
        if not any(period[name] > 0 for name in names) or any(period[name] < 0 for name in names):
            yield f"period {period['period']} misses nothing"
        if not period["detail"].endswith("."):
            yield f"period {period['period']} has no sentence: {period['detail']!r}"
    if [period["period"] for period in listed] != sorted({period["period"] for period in listed}):
        yield "the periods are not in order"
