"""What goes into the solver: units, in integers.

Outputs and the load are in tenths of a MW. Costs are integers in any unit of the caller's, per tenth of a MW:
sums of ``marginal_cost * output`` are compared exactly, whatever their size.
"""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """One unit: off (output 0, cost 0), or on with an output from ``min_output`` to ``max_output``.

    A block unit (wind) has ``min_output == max_output``. A unit with ``max_output == 0`` is never on.
    """

    marginal_cost: int
    min_output: int
    max_output: int
