"""The arguments and results of the solver, all in integers.

Outputs and the load are in steps. The caller chooses the unit of cost; marginal costs are per step.
Sums of ``marginal_cost * output`` are exact at any size. Each result has ``is_final``: whether more time cannot change
it.
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
    """A cheapest plan, and the proof that no plan is cheaper.

    Attributes:
        dispatch: the output of each unit, in the order of the units; its sum is the load.
        cost: the sum of ``marginal_cost * output``.
        lower_bound: no plan costs less; equal to ``cost``.
        proof: of the bound; :func:`powerplant.merit_order.check_proof` checks it.
    """

    dispatch: tuple[int, ...]
    cost: int
    lower_bound: int
    proof: Proof

    @property
    def is_final(self) -> bool:
        """Always true."""
        return True


class Infeasible(NamedTuple):
    """It is proven that no plan meets the load.

    Attributes:
        reason: ``above_capacity`` (all units at maximum do not reach it), ``below_minimum`` (it is under the
            smallest output of any unit) or ``in_a_gap`` (no commitment can meet it).
        nearest_below: the largest load below that has a plan, in steps.
        nearest_above: the smallest load above that has a plan; ``None`` if there is none.
        proof: that no plan exists; :func:`powerplant.merit_order.check_proof` checks it.
    """

    reason: str
    nearest_below: int
    nearest_above: int | None
    proof: Proof

    @property
    def is_final(self) -> bool:
        """Always true."""
        return True


class NearestLoads(NamedTuple):
    """The nearest loads that have a plan, in steps; ``None`` if there is none."""

    below: int | None
    above: int | None

    @property
    def is_final(self) -> bool:
        """Always true."""
        return True


class GaveUp(NamedTuple):
    """Neither a proven plan nor a proof that none exists.

    The time limit passed, or (with loads above 10^7 steps) the sums do not fit into memory.

    Attributes:
        dispatch: of the incumbent (the best plan found), in the order of the units; ``None`` without one.
        cost: of the incumbent; ``None`` without one.
        lower_bound: no plan costs less.
    """

    dispatch: tuple[int, ...] | None
    cost: int | None
    lower_bound: int

    @property
    def gap(self) -> int | None:
        """The incumbent's cost minus the bound; ``None`` without an incumbent."""
        return None if self.cost is None else self.cost - self.lower_bound

    @property
    def is_final(self) -> bool:
        """Always false: with more time, a better plan or a proof may be found."""
        return False
