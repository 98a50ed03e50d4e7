"""``powerplant check``: anybody's plan for a payload, and anybody's proof."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

import click

from powerplant.auditing import LeastCost, audit, least_cost, proven_cost, proves_that_no_plan_exists
from powerplant.cli.options import planning_options
from powerplant.cli.sources import NAME, Source, read
from powerplant.cli.words import NO_PLAN, at_least_a_hundredth, counted, fail, in_euro, say
from powerplant.errors import NotCheckedInTime
from powerplant.formulation import Instance, euros, formulate
from powerplant.models import ProductionPlanRequest
from powerplant.proofs import Claim
from powerplant.solving import Solvers

Outcome = TypeVar("Outcome")


@click.command()
@click.argument("file", type=NAME, callback=read)
@click.argument("plan", type=NAME, callback=read, required=False)
@click.option(
    "--proof",
    type=NAME,
    callback=read,
    metavar="FILE",
    help="Check this proof instead of solving; the plan must be as cheap as it says.",
)
@click.option("--optimal", is_flag=True, help="A plan that is not shown to be a cheapest one is wrong, too.")
@planning_options
def check(file: Source, plan: Source | None, proof: Source | None, optimal: bool, co2: bool, time_limit: float) -> None:
    """Check anybody's PLAN for the payload in FILE: all that is wrong with it, and how far it is from the cheapest.

    PLAN is a list of {"name": ..., "p": ...}, as the service answers, in any order. To know how far it is from the
    cheapest, the payload is solved; with --proof nothing is solved, and a plan that the proof does not show to be a
    cheapest one counts as wrong. With --proof and no PLAN the proof alone is checked: also one that no plan exists.

    \b
    Examples:
      powerplant check payload.json plan.json
      powerplant plan payload.json --json | powerplant check payload.json -
      powerplant check payload.json plan.json --proof proof.json
      powerplant check payload.json --proof proof.json
    """  # noqa: D301 - click wants the character itself
    if plan is None and proof is None:
        raise click.UsageError("Give a PLAN, or a --proof, or both.")
    if plan is None and optimal:
        raise click.UsageError("--optimal is said of a PLAN: give one.")
    request = file.payload(co2=co2)
    instance = formulate(request, co2=co2)
    if plan is not None:
        cost = _check_plan(plan, request, instance)
        least = (
            _proven_cost(proof, instance, cost, time_limit) if proof else least_cost(instance, time_limit, Solvers(1))
        )
        _tell_distance(cost, least)
        if cost > least.bound and (optimal or proof is not None):
            sys.exit(NO_PLAN)
    elif proof is not None:
        _check_proof(proof, request, instance, time_limit)


def _check_plan(source: Source, request: ProductionPlanRequest, instance: Instance) -> int:
    """The cost of a plan, in the solver's unit; a plan that is none ends the command."""
    faults, cost = audit(request, instance, source.plan())
    if cost is None:
        source.tell(faults)
        fail(f"This is no plan for the payload: {counted(len(faults), 'fault')}.", NO_PLAN)
    say(f"The plan is right: every plant is listed, within its limits, and they make {request.load} MW exactly.")
    say(f"It costs {in_euro(euros(cost))}.")
    return cost


def _tell_distance(cost: int, least: LeastCost) -> None:
    """How much dearer than the cheapest a plan is."""
    if cost == least.bound:
        say("No plan is cheaper.")
        return
    more, bound = euros(cost - least.bound), euros(least.bound)
    share = f" ({at_least_a_hundredth(100 * more / bound)} %)" if bound > 0 else ""
    if least.is_met:
        say(f"It is {in_euro(more)}{share} dearer than the cheapest plan, which costs {in_euro(bound)}.")
    else:
        say(
            f"It is at most {in_euro(more)}{share} dearer than the cheapest plan: "
            f"none costs less than {in_euro(bound)}."
        )


# --- The proof -------------------------------------------------------------------------------------------------------


def _check_proof(source: Source, request: ProductionPlanRequest, instance: Instance, time_limit: float) -> None:
    """What a proof says without a plan beside it: a least cost, or that no plan exists."""
    claim = source.proof()
    if claim.cost is not None:
        least = _proven_cost(source, instance, None, time_limit)
        say(f"No plan costs less than {in_euro(euros(least.bound))}.")
    elif _within_the_time(source, lambda: proves_that_no_plan_exists(instance, claim, time_limit)):
        say(f"The proof holds ({_described(claim)}): no plan meets the load of {request.load} MW.")
    else:
        _reject(source, claim, "that this payload has no plan")


def _proven_cost(source: Source, instance: Instance, cost: int | None, time_limit: float) -> LeastCost:
    """The least cost by a proof; one that proves none ends the command."""
    claim = source.proof()
    bound = _within_the_time(source, lambda: proven_cost(instance, claim, cost, time_limit))
    if bound is None:
        _reject(source, claim, "a least cost of this payload")
    say(f"The proof holds ({_described(claim)}); nothing had to be solved.")
    return LeastCost(bound, is_met=False)


def _within_the_time(source: Source, check: Callable[[], Outcome]) -> Outcome:
    """What a check of a proof comes to; one that does not end in time ends the command."""
    try:
        return check()
    except NotCheckedInTime as error:
        fail(f"{source.name}: {error} A larger --time-limit may help.", NO_PLAN)


def _reject(source: Source, claim: Claim, what: str) -> NoReturn:
    why = ""
    if not claim.proof.certified:
        why = " It has a step that can only be recomputed: leave it out, and the payload is solved."
    fail(f"{source.name}: this does not prove {what}.{why}", NO_PLAN)


def _described(claim: Claim) -> str:
    return f"{claim.proof.method}, {counted(len(claim.proof.steps), 'step')}"
