"""``powerplant check`` for a horizon."""

from __future__ import annotations

import sys
from fractions import Fraction

from powerplant.cli.sources import Source, print_faults
from powerplant.cli.words import BAD_INPUT, NO_PLAN, complain, counted, fail, say, to_the_cent
from powerplant.errors import InfeasibleHorizon, InvalidPayload, NotInstalled, OutOfTime
from powerplant.horizon.auditing import audit_horizon, decode_horizon_plan
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.planning import plan_horizon
from powerplant.planning import Options


def check_horizon(file: Source, plan: Source, options: Options, *, optimal: bool) -> None:
    """List the faults of a plan, and say how far it is from the best one.

    Args:
        file: the payload.
        plan: the plan, in the form of an answer.
        options: how to plan the payload.
        optimal: whether to exit with 1 if the plan is further from the bound than the payload's gap.
    """
    horizon = file.horizon(co2=options.co2)
    try:
        instance = formulate_horizon(horizon, co2=options.co2, grid=options.grid, round_load=options.round_load)
    except InvalidPayload as error:
        print_faults(file.name, error.faults)
        sys.exit(BAD_INPUT)
    faults, cost = audit_horizon(instance, plan.decoded(decode_horizon_plan))
    if cost is None:
        print_faults(plan.name, faults)
        if any("steps" in fault.detail for fault in faults):
            complain(f"{plan.name}: A step is {options.grid.step} MW.")
        fail(f"This is not a plan for the payload: {counted(len(faults), 'fault')}.", NO_PLAN)
    say("The plan is correct: it breaks no rule in any period, and meets every load exactly.")
    say(f"It costs {to_the_cent(float(cost))} euro.")
    try:
        best = plan_horizon(horizon, options)
    except (OutOfTime, NotInstalled, InfeasibleHorizon) as error:
        fail(f"Nothing is known about better plans: {error}", NO_PLAN if optimal else 0)
    bound = min(best.bound, cost)
    gap = cost - bound
    share = 100 * float(gap) / max(abs(float(cost)), 1.0)
    if best.cost < cost:
        say(f"A plan that costs {to_the_cent(float(cost - best.cost))} euro less is known.")
    say(f"No plan costs less than {to_the_cent(float(bound))} euro: the gap is {share:.3f} %.")
    if optimal and gap > Fraction(horizon.relative_gap) * max(abs(cost), Fraction(1)):
        sys.exit(NO_PLAN)
