"""The merit-order solver: which units should run, and at what output, so that the load is met at least cost.

Standard library only. It knows integers alone: no HTTP, no payload, no MW.
"""

from powerplant.merit_order.check import check_proof
from powerplant.merit_order.exceptions import GaveUp, Infeasible
from powerplant.merit_order.proof import Proof
from powerplant.merit_order.solution import Solution
from powerplant.merit_order.solver import nearest_loads, solve
from powerplant.merit_order.unit import Unit

__all__ = ["GaveUp", "Infeasible", "Proof", "Solution", "Unit", "check_proof", "nearest_loads", "solve"]
