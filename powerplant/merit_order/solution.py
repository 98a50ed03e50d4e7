"""What comes out of the solver: a plan and its proof, in the integers that went in."""

from __future__ import annotations

from typing import NamedTuple

from powerplant.merit_order.proof import Proof


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
