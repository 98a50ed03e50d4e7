"""The merit-order solver: which units should run, and at what output, so that the load is met at least cost.

Standard library only. It knows integers alone: no HTTP, no payload, no MW.
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
