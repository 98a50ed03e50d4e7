"""Both readings of a file agree: ``PYTHONPATH=test python -m benchmarks.horizon.checking --data FOLDER``.

A plan, and many that are damaged at random, are judged by the rules of the file's format and, on the converted payload,
by the tests' checker of answers. Cost and verdict must be the same.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

from horizon.rules import broken_rules, cost_of

import powerplant
from benchmarks.horizon.convert import Converted, convert
from benchmarks.horizon.originals import Original, files_in, name_of, read_original
from benchmarks.horizon.rules_of_others import judge, plan_of

Answer = dict[str, Any]


def disagreements(original: Original, converted: Converted, answer: Answer) -> Iterator[str]:
    """Where the readings of a plan differ."""
    steps = round(1 / float(converted.step))
    rounding = float(converted.step) / 2 if converted.rounded else 0.0
    theirs = judge(original, plan_of(answer), rounding=rounding)
    faults = broken_rules(converted.payload, answer, steps=steps)
    ours = [fault for fault in faults if not fault.startswith("states a")]  # a damaged plan has another cost
    if bool(ours) != bool(theirs.broken):
        yield f"broken by the payload: {ours[:3]}; by the file: {theirs.broken[:3]}"
    if not ours and (cost := cost_of(converted.payload, answer, steps=steps)) != theirs.cost:
        yield f"costs {float(cost)} by the payload, {float(theirs.cost)} by the file"


def damaged(answer: Answer, step: str, choose: Random, always_on: Collection[str] = ()) -> Answer:
    """A plan with one or two changes, some of which keep its balance; units that are never off are not turned off."""
    answer = deepcopy(answer)
    plants, digits = answer["plan"], len(step) - 2
    t = choose.randrange(len(plants[0]["p"]))
    one, other = choose.choice(plants), choose.choice(plants)
    kind = choose.choice(["move", "move", "move", "turn", "shift", "add"])
    if kind == "turn" and one["name"] in always_on:
        kind = "move"
    if kind == "turn":  # on or off
        one["on"][t] = 1 - one["on"][t]
        _give(plants, other, t, one["p"][t] if not one["on"][t] else 0.0, digits)
        one["p"][t] = 0.0 if not one["on"][t] else one["p"][t]
    elif kind == "shift":  # the same state for one period more
        before = max(0, t - 1)
        freed = round(one["p"][t] - one["p"][before], digits)
        one["on"][t], one["p"][t] = one["on"][before], one["p"][before]
        _give(plants, other, t, freed, digits)
    else:
        amount = round(choose.choice([float(step), 1.0, 10.0, 50.0, choose.uniform(0, 200)]), digits)
        one["p"][t] = round(one["p"][t] + amount, digits)
        if kind == "move":
            _give(plants, other, t, -amount, digits)
    return answer


def _give(plants: list[Answer], first: Answer, t: int, amount: float, digits: int) -> None:
    """Add an amount to the first plant that is on; what is left stays there."""
    running = [plant for plant in [first, *plants] if plant["on"][t]]
    if running:
        running[0]["p"][t] = round(running[0]["p"][t] + amount, digits)


def check(original: Original, seconds: float, count: int, seed: int = 0) -> tuple[list[str], int]:
    """The disagreements on the engine's plan and on damaged ones, and how many of these are broken.

    Raises:
        Exception: the engine has no plan.
    """
    converted = convert(original)
    plan = powerplant.plan_horizon(converted.payload, step=converted.step, time_limit=seconds)
    answer = plan.to_dict()
    found, broken, choose = [*disagreements(original, converted, answer)], 0, Random(seed)
    rounding = float(converted.step) / 2 if converted.rounded else 0.0
    if faults := judge(original, plan_of(answer), rounding=rounding).broken:
        found.append(f"the plan itself is broken: {faults[:3]}")
    current = answer
    for i in range(count):
        changed = damaged(current, converted.step, choose, original.get("renewable_generators", ()))
        found += [f"damage {i}: {text}" for text in disagreements(original, converted, changed)]
        bad = bool(judge(original, plan_of(changed), rounding=rounding).broken)
        broken += bad
        current = answer if bad else changed  # wander from good plan to good plan
    return found, broken


def main() -> int:
    """Check all files; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with files of both formats")
    parser.add_argument("--only", default="", help="names with this in them")
    parser.add_argument("--plans", type=int, default=100, help="damaged plans for each file")
    parser.add_argument("--time-limit", type=float, default=10.0, help="seconds for the plan")
    arguments = parser.parse_args()
    wrong = 0
    for path in files_in(arguments.data):
        if arguments.only not in name_of(path):
            continue
        try:
            found, broken = check(read_original(path), arguments.time_limit, arguments.plans)
        except powerplant.OutOfTime as error:
            print(f"{name_of(path)}: {error}", flush=True)
            continue
        wrong += len(found)
        text = f"{name_of(path)}: {arguments.plans} damaged plans, {broken} broken, {len(found)} disagreements"
        print(text, *found[:5], sep="\n  ", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
