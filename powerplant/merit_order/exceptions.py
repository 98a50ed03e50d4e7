"""The two ways in which the solver ends without an optimal plan; they are never confused.

::

    Exception
    ├── Infeasible    it is proven that no plan meets the load
    └── GaveUp        a plan was neither proven optimal nor proven not to exist

What they are made of is what an exception keeps as its ``args``, so that both can be sent to another process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from powerplant.merit_order.proof import Proof


class Infeasible(Exception):
    """No plan meets the load.

    Attributes:
        reason: ``above_capacity`` (all units at maximum do not reach it), ``below_minimum`` (it is under the
            smallest output of any unit) or ``in_a_gap`` (no commitment can meet it).
        nearest_below: the largest load below that has a plan, in tenths of a MW.
        nearest_above: the smallest load above that has a plan; ``None`` above all capacity.
        proof: why no plan exists; :func:`powerplant.merit_order.check_proof` checks it.
    """

    def __init__(self, reason: str, nearest_below: int, nearest_above: int | None, proof: Proof) -> None:
        super().__init__(reason, nearest_below, nearest_above, proof)
        self.reason = reason
        self.nearest_below = nearest_below
        self.nearest_above = nearest_above
        self.proof = proof

    def __str__(self) -> str:
        nearest = f"nearest below {self.nearest_below}, nearest above {self.nearest_above}"
        return f"no plan meets the load ({self.reason}); {nearest}"


class GaveUp(Exception):
    """The time limit passed first, or some sums are too large for memory (loads beyond 10^7 tenths of a MW).

    Attributes:
        dispatch: the incumbent's outputs in the order of the units, in tenths of a MW; ``None`` without one.
        cost: the incumbent's cost; ``None`` without one.
        lower_bound: what no plan can beat.
        gap: incumbent minus bound; ``None`` without an incumbent.
    """

    def __init__(self, dispatch: tuple[int, ...] | None, cost: int | None, lower_bound: int) -> None:
        super().__init__(dispatch, cost, lower_bound)
        self.dispatch = dispatch
        self.cost = cost
        self.lower_bound = lower_bound
        self.gap = None if cost is None else cost - lower_bound

    def __str__(self) -> str:
        found = "no plan found yet" if self.cost is None else f"best plan {self.cost}, lower bound {self.lower_bound}"
        return f"gave up: {found}"
