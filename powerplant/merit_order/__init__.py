"""The merit-order solver: which units should run, and at what output, so that the load is met at least cost.

It uses only the standard library, and works on integers only.
"""

from powerplant.merit_order.check import check_proof
from powerplant.merit_order.proof import Proof
from powerplant.merit_order.solver import nearest_loads, solve
from powerplant.merit_order.types import GaveUp, Infeasible, NearestLoads, Solution, Unit

__all__ = [
    "GaveUp",
    "Infeasible",
    "NearestLoads",
    "Proof",
    "Solution",
    "Unit",
    "check_proof",
    "nearest_loads",
    "solve",
]
