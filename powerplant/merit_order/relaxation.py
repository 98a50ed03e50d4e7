"""Lower bounds with multipliers.

The relaxed fill is the Lagrangian relaxation of the balance (Geoffrion 1974): with a ``price`` for each tenth of a
MW no plan costs less than ``price * load + sum of min((marginal_cost - price) * output)`` over the units, each taken
by itself. A **row** (:mod:`powerplant.merit_order.counting` finds them) is a constraint that every plan keeps; with it
comes a second multiplier.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.fill import Fill


class Row(NamedTuple):
    """A row that holds for every plan: the weights of the committed units sum to ``least`` .. ``most``.

    Attributes:
        grain: in tenths of a MW; a unit's weight is its ``min_output`` in grains, rounded half up.
        weights: of the units.
        most, least: limits of their sum.
    """

    grain: int
    weights: Sequence[int]
    most: int
    least: int = 0

    def limit(self, charge: int) -> int:
        """The limit that a charge, or (negative) a reward, for each grain is paid against."""
        return self.most if charge > 0 else self.least


class Relaxation(NamedTuple):
    """Multipliers, and what they prove. All three are in ``scale``-ths.

    Attributes:
        price: of a tenth of a MW.
        charge: for each grain of a committed unit, negative where the lower limit of the row counts; 0 without a row.
        bound: no plan costs less than this, divided by ``scale``.
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
