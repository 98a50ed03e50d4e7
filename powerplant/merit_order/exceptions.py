"""The two ways in which the solver ends without an optimal plan; they are never confused.

::

    Exception
    ├── Infeasible    it is proven that no plan meets the load
    └── GaveUp        a plan was neither proven optimal nor proven not to exist
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
        super().__init__(
            f"no plan meets the load ({reason}); nearest below {nearest_below}, nearest above {nearest_above}"
        )
        self.reason = reason
        self.nearest_below = nearest_below
        self.nearest_above = nearest_above
        self.proof = proof


class GaveUp(Exception):
    """The time limit passed first, or some sums are too large for memory (loads beyond 10^7 tenths of a MW).

    Attributes:
        dispatch: the incumbent's outputs in the order of the units, in tenths of a MW; ``None`` without one.
        cost: the incumbent's cost; ``None`` without one.
        lower_bound: what no plan can beat.
        gap: incumbent minus bound; ``None`` without an incumbent.
    """

    def __init__(self, dispatch: tuple[int, ...] | None, cost: int | None, lower_bound: int) -> None:
        self.dispatch = dispatch
        self.cost = cost
        self.lower_bound = lower_bound
        self.gap = None if cost is None else cost - lower_bound
        super().__init__(
            "gave up: " + ("no plan found yet" if cost is None else f"best plan {cost}, lower bound {lower_bound}")
        )
