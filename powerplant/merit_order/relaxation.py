"""Lower bounds with multipliers.

The relaxed fill is the Lagrangian relaxation of the balance (Geoffrion 1974): with a ``price`` for each tenth of a MW
no plan costs less than ``price * load + sum over units of min((marginal_cost - price) * output)``. A **row**
(:mod:`powerplant.merit_order.counting`) is a constraint that every plan satisfies; it has a second multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.fill import Fill


class Row(NamedTuple):
    """In every plan, the weights of the committed units sum to ``least`` .. ``most``.

    Attributes:
        grain: in tenths of a MW; see :func:`powerplant.merit_order.proof.weight_of`.
        weights: of the units.
        most, least: limits of the sum.
    """

    grain: int
    weights: Sequence[int]
    most: int
    least: int = 0

    def limit(self, charge: int) -> int:
        """The limit that the sign of a charge belongs to."""
        return self.most if charge > 0 else self.least


class Relaxation(NamedTuple):
    """Multipliers, and the bound that they prove. All three are to be divided by ``scale``.

    Attributes:
        price: of a tenth of a MW.
        charge: for each grain of a committed unit, negative if the lower limit is binding; 0 without a row.
        bound: no plan costs less.
        scale: common denominator.
        row: the row that the charge belongs to, if any.
    """

    price: int
    charge: int
    bound: int
    scale: int
    row: Row | None

    def lower_bound(self) -> int:
        """The bound in whole units of cost, rounded up: costs are integers."""
        return -(-self.bound // self.scale)


def of_fill(fill: Fill) -> Relaxation:
    """The relaxation that the relaxed fill solves."""
    return Relaxation(fill.marginal_cost, 0, fill.cost, 1, None)
