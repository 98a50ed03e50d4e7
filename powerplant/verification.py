"""The last look at a plan before it leaves: balance, limits, cost and bound, recomputed from the instance alone.

It shares no code with the solver, so that a wrong plan is impossible to send, not unlikely.
"""

from __future__ import annotations

from powerplant.errors import WrongPlan
from powerplant.formulation import Instance
from powerplant.merit_order import Solution


def verify(instance: Instance, solution: Solution, *, proven: bool = True) -> None:
    """Check a solution against the instance that it is for; O(n).

    Args:
        instance: what was to be solved.
        solution: what came of it.
        proven: whether its bound must meet its cost; else it may lie below.

    Raises:
        WrongPlan: it is no plan for this instance, or not proven to be a cheapest one.
    """
    outputs = solution.dispatch
    if len(outputs) != len(instance.units):
        raise WrongPlan(f"{len(outputs)} outputs for {len(instance.units)} power plants")
    produced = cost = 0
    for name, (marginal_cost, least, most), output in zip(instance.names, instance.units, outputs, strict=True):
        if type(output) is not int:
            raise WrongPlan(f"{name} makes {output!r}, which is off the grid")
        if output and not least <= output <= most:
            raise WrongPlan(f"{name} makes {output}, outside its limits {least}..{most}")
        produced += output
        cost += marginal_cost * output
    if produced != instance.load:
        raise WrongPlan(f"the plan makes {produced}, not the load of {instance.load}")
    if cost != solution.cost:
        raise WrongPlan(f"the plan costs {cost}, not {solution.cost} as stated")
    if solution.lower_bound > cost or (proven and solution.lower_bound != cost):
        raise WrongPlan(f"the plan costs {cost}, and only {solution.lower_bound} is proven")
