"""What goes into the solver and what comes out: units and a solution, all in integers.

Outputs and the load are in tenths of a MW. Costs are integers in any unit of the caller's, per tenth of a MW:
sums of ``marginal_cost * output`` are compared exactly, whatever their size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from powerplant.merit_order.proof import Proof


class Unit(NamedTuple):
    """One unit: off (output 0, cost 0), or on with an output from ``min_output`` to ``max_output``.

    A block unit (wind) has ``min_output == max_output``. A unit with ``max_output == 0`` is never on.
    """

    marginal_cost: int
    min_output: int
    max_output: int


class Solution(NamedTuple):
    """A cheapest plan, with the bound that no plan can beat and the proof of it.

    Attributes:
        dispatch: the output of each unit, in the order of the units; its sum is the load.
        cost: the sum of ``marginal_cost * output``.
        lower_bound: what no plan can beat; equal to ``cost``.
        proof: why that is so; :func:`powerplant.merit_order.check_proof` checks it.
    """

    dispatch: tuple[int, ...]
    cost: int
    lower_bound: int
    proof: Proof
