"""The solver and the check of its proof, as one function that any process can run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter

from powerplant.errors import WrongPlan
from powerplant.merit_order import GaveUp, Infeasible, Proof, Solution, Unit, check_proof, solve

SECONDS_PER_OPERATION = 0.5e-6
"""An estimate of the time of one simple operation of a check."""


def solve_and_check(
    units: Sequence[Unit], load: int, time_limit: float, improve: Callable[[GaveUp], None] | None = None
) -> Solution | Infeasible | GaveUp:
    """Solve, then check the proof if that takes no longer than solving did.

    Arguments and results are those of :func:`powerplant.merit_order.solve`.

    Raises:
        WrongPlan: the proof does not prove its claim.
    """
    start = perf_counter()
    result = solve(units, load, time_limit, improve)
    if isinstance(result, Solution):
        _check(units, load, result.cost, result.proof, perf_counter() - start)
    elif isinstance(result, Infeasible):
        _check(units, load, None, result.proof, perf_counter() - start)
    return result


def _check(units: Sequence[Unit], load: int, cost: int | None, proof: Proof, seconds: float) -> None:
    if not proof.certified or proof.operations_to_check(units, load) * SECONDS_PER_OPERATION > seconds:
        return
    if not check_proof(units, load, cost, proof):
        claim = "that no plan exists" if cost is None else f"a cost of {cost}"
        raise WrongPlan(f"the proof ({proof.method}) does not prove {claim}")
