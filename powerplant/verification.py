"""The last check of a plan before it is sent: balance, limits, cost and bound, computed again from the instance.

It shares no code with the solver.
"""

from __future__ import annotations

from powerplant.errors import WrongPlan
from powerplant.formulation import Instance
from powerplant.merit_order import Solution


def verify(instance: Instance, solution: Solution, *, proven: bool = True) -> None:
    """Check a solution of an instance; if ``proven``, its bound must equal its cost, else it may be lower; O(n).

    Raises:
        WrongPlan: the solution is not a plan for this instance, or its cost or bound is wrong.
    """
    outputs = solution.dispatch
    if len(outputs) != len(instance.units):
        raise WrongPlan(f"{len(outputs)} outputs for {len(instance.units)} power plants")
    produced = cost = 0
    must_run = instance.must_run or [False] * len(outputs)
    for name, (marginal_cost, least, most), output, must in zip(
        instance.names, instance.units, outputs, must_run, strict=True
    ):
        if type(output) is not int:
            raise WrongPlan(f"{name} produces {output!r}, which is off the grid")
        if (output or must) and not least <= output <= most:
            raise WrongPlan(f"{name} produces {output}, outside its limits {least}..{most}")
        produced += output
        cost += marginal_cost * output
    if produced != instance.load:
        raise WrongPlan(f"the plan produces {produced}, not the load of {instance.load}")
    if cost != solution.cost:
        raise WrongPlan(f"the plan costs {cost}, not {solution.cost} as stated")
    if solution.lower_bound > cost or (proven and solution.lower_bound != cost):
        raise WrongPlan(f"the plan costs {cost}, and the bound is {solution.lower_bound}")
