"""``powerplant check``: a plan or a proof that someone else made."""

from __future__ import annotations

import sys
from fractions import Fraction
from typing import NoReturn

import click

from powerplant.auditing import LeastCost, audit, decode_plan, least_cost, proven_cost, proves_that_no_plan_exists
from powerplant.cli.options import planning_options, refuse
from powerplant.cli.outputs import STDIO, keep_apart
from powerplant.cli.sources import Source, named, print_faults, read, source_option
from powerplant.cli.words import (
    BAD_INPUT,
    NO_PLAN,
    at_least_a_hundredth,
    complain,
    counted,
    fail,
    in_euro,
    say,
    to_the_cent,
)
from powerplant.errors import InfeasibleHorizon, NotInstalled, OutOfTime
from powerplant.formulation import Grid, Instance, formulate
from powerplant.horizon.auditing import audit_horizon, decode_horizon_plan
from powerplant.horizon.formulation import formulate_horizon
from powerplant.horizon.planning import plan_horizon
from powerplant.models import ProductionPlanRequest
from powerplant.planning import Options
from powerplant.proofs import Claim, proof_from_json
from powerplant.workers import Workers


@click.command()
@click.argument("file", callback=read)
@click.argument("plan", callback=read, required=False)
@source_option("proof", "Check this proof instead of solving. The plan must cost as little as the proof says.")
@click.option("--optimal", is_flag=True, help="Exit with 1 if the plan is not shown to be the cheapest.")
@planning_options
def check(
    file: Source,
    plan: Source | None,
    proof: Source | None,
    optimal: bool,
    options: Options,
) -> None:
    """Check a PLAN for the payload in FILE: list its faults, and say how far it is from the cheapest plan.

    PLAN is a list of {"name": ..., "p": ...}, like the service's answer, in any order. To compare it with the cheapest
    plan, the payload is solved. With --proof nothing is solved, and the plan must be as cheap as the proof says. With
    --proof and no PLAN only the proof is checked; it may also prove that no plan exists. For a horizon, PLAN is an
    object with plan, like its answer.

    \b
    Examples:
      powerplant check payload.json plan.json
      powerplant plan payload.json --json | powerplant check payload.json -
      powerplant check payload.json plan.json --proof proof.json
      powerplant check payload.json --proof proof.json
    """  # noqa: D301 - click wants the character itself
    refuse(
        {
            "Give a PLAN, or a --proof, or both.": plan is None and proof is None,
            "--optimal needs a PLAN.": plan is None and optimal,
        }
    )
    keep_apart([source.argument for source in (file, plan, proof) if source], [STDIO])
    if file.is_horizon:
        if plan is None or proof is not None:
            raise click.UsageError("A plan for a horizon is checked without a proof.")
        _check_horizon(file, plan, options, optimal=optimal)
        return
    request, time_limit = file.payload(co2=options.co2), options.time_limit
    instance = formulate(request, co2=options.co2, grid=options.grid, round_load=options.round_load)
    if plan is not None:
        cost = _check_plan(plan, request, instance)
        if proof is not None:
            least: LeastCost | None = _proven_cost(proof, instance, cost, time_limit)
        else:
            least = least_cost(instance, options, Workers(1))
        assert least is not None, "the checked plan is a plan"  # noqa: S101 - for the type checker
        _print_difference(cost, least, instance.grid)
        if cost > least.bound and (optimal or proof is not None):
            sys.exit(NO_PLAN)
    elif proof is not None:
        _check_proof(proof, request, instance, time_limit)


def _check_plan(source: Source, request: ProductionPlanRequest, instance: Instance) -> int:
    """The cost of a plan, in 10**-10 euro; a plan with faults ends the command."""
    faults, cost = audit(request, instance, source.decoded(decode_plan))
    if cost is None:
        print_faults(source.name, faults)
        fail(f"This is not a plan for the payload: {counted(len(faults), 'fault')}.", NO_PLAN)
    load = instance.grid.megawatts(instance.load)
    say(f"The plan is correct: every plant is listed and within its limits, and the sum is {load} MW exactly.")
    say(f"It costs {in_euro(instance.grid.euros(cost))}.")
    return cost


def _print_difference(cost: int, least: LeastCost, grid: Grid) -> None:
    """Print how much more than the cheapest plan it costs."""
    if cost == least.bound:
        say("No plan is cheaper.")
        return
    more, bound = grid.euros(cost - least.bound), grid.euros(least.bound)
    share = f" ({at_least_a_hundredth(100 * more / bound)} %)" if bound > 0 else ""
    dearer = f"{in_euro(more)}{share} more than the cheapest plan"
    if least.is_met:
        say(f"It costs {dearer}, which costs {in_euro(bound)}.")
    else:
        say(f"It costs at most {dearer}: no plan costs less than {in_euro(bound)}.")


# --- A horizon --------------------------------------------------------------------------------------------------------


def _check_horizon(file: Source, plan: Source, options: Options, *, optimal: bool) -> None:
    """List the faults of a plan, and say how far it is from the best one.

    Args:
        file: the payload.
        plan: the plan, in the form of an answer.
        options: how to plan the payload.
        optimal: whether to exit with 1 if the plan is further from the bound than the payload's gap.
    """
    horizon = file.horizon(co2=options.co2)
    with named(file.name):
        instance = formulate_horizon(horizon, co2=options.co2, grid=options.grid, round_load=options.round_load)
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


# --- The proof -------------------------------------------------------------------------------------------------------


def _check_proof(source: Source, request: ProductionPlanRequest, instance: Instance, time_limit: float) -> None:
    """Check a proof without a plan: of a least cost, or that no plan exists."""
    claim = _claim(source, instance)
    if claim.cost is not None:
        least = _proven_cost(source, instance, None, time_limit)
        say(f"No plan costs less than {in_euro(instance.grid.euros(least.bound))}.")
        return
    with named(source.name):
        holds = proves_that_no_plan_exists(instance, claim, time_limit)
    if not holds:
        _reject(source, claim, "that this payload has no plan")
    say(f"The proof holds ({_described(claim)}): no plan meets the load of {request.load} MW.")


def _claim(source: Source, instance: Instance) -> Claim:
    """The claim of a proof; one for another step ends the command."""
    claim = source.decoded(proof_from_json)
    if claim.grid != instance.grid:
        step = claim.grid.step
        fail(f"{source.name}: this is a proof for a step of {step} MW: try --step {step}.", BAD_INPUT)
    return claim


def _proven_cost(source: Source, instance: Instance, cost: int | None, time_limit: float) -> LeastCost:
    """The least cost that a proof shows; a proof that shows none ends the command."""
    claim = _claim(source, instance)
    with named(source.name):
        bound = proven_cost(instance, claim, cost, time_limit)
    if bound is None:
        _reject(source, claim, "a least cost of this payload")
    say(f"The proof holds ({_described(claim)}); nothing was solved.")
    return LeastCost(bound, is_met=False)


def _reject(source: Source, claim: Claim, what: str) -> NoReturn:
    unclear = " It has a step that cannot be checked. Without --proof the payload is solved instead."
    fail(f"{source.name}: this does not prove {what}.{'' if claim.proof.certified else unclear}", NO_PLAN)


def _described(claim: Claim) -> str:
    return f"{claim.proof.method}, {counted(len(claim.proof.steps), 'step')}"
