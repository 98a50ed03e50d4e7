"""The form of a proof: a tree of splits whose leaves are closed by multipliers or are empty.

A proof is the tree of a search in preorder: a split, then all of its first side, then all of its second. Everything
that it claims can be recomputed from the units and the load; :mod:`powerplant.merit_order.check` does so. A proof
considers only what a plan can use: outputs up to the load, and units whose ``min_output`` is at most the load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from powerplant.merit_order.types import Unit

BITS_PER_OPERATION = 4096
"""How many bits of a reach are shifted in the time of a simple operation."""

OPERATIONS_PER_UNIT = 2
"""How many simple operations each unit takes in each step."""


class Bound(NamedTuple):
    """A leaf that is closed by a bound: no plan in it is cheaper than the multipliers prove.

    For every plan with sum of outputs = load, and every price, the cost is at least
    ``price * load + sum over units of min((marginal_cost - price) * output)`` (Lagrangian relaxation of the
    balance), the minimum taken over the outputs that the leaf allows for the unit. On the first side of a
    :class:`CountSplit` its row is relaxed as well: each grain of a committed unit's weight costs ``charge``, and
    ``charge * at_most`` is subtracted; on the second side ``charge`` is negative, and ``charge * (at_most + 1)`` is
    subtracted. Both multipliers are divided by ``scale``.
    """

    price: int
    charge: int = 0
    scale: int = 1


class Empty(NamedTuple):
    """A leaf in which no plan exists.

    ``reason`` is ``outputs`` (the largest outputs together do not reach the load, or the smallest, of as many units as
    a :class:`CountSplit` requires, exceed it) or ``unreachable`` (no sum of outputs of all units is the load).
    """

    reason: str


class OutputSplit(NamedTuple):
    """The units of one marginal cost produce together at most ``at_most``, or at least ``at_least``.

    They can produce nothing between the two. The side that the search visited first comes first.
    """

    marginal_cost: int
    at_most: int
    at_least: int
    at_least_first: bool


class CountSplit(NamedTuple):
    """The weights (:func:`weight_of`) of the committed units sum to at most ``at_most``, or to at least one more.

    The side with at most ``at_most`` comes first.
    """

    grain: int
    at_most: int


def weight_of(min_output: int, grain: int) -> int:
    """The weight of a unit: its ``min_output`` in grains, rounded half up.

    With a grain of 0 each unit with a ``min_output`` has the weight 1; with a negative one every weight is 0.
    """
    if grain > 0:
        return (2 * min_output + grain) // (2 * grain)
    return 1 if min_output and not grain else 0


class Recomputed(NamedTuple):
    """A leaf without a certificate: it was closed by a dynamic programme, or by a reach that is too large to check."""


CHECKED_BITS = 1 << 28
"""The largest reach that a check recomputes; a leaf that depends on a larger one is ``Recomputed``."""

Step = Bound | Empty | OutputSplit | CountSplit | Recomputed


class Proof(NamedTuple):
    """How a cost was proven, or that no plan exists.

    Attributes:
        method: ``merit order``, ``search``, ``counting`` or ``core programme`` (the last is recomputed, not certified).
        steps: the tree in preorder.
    """

    method: str
    steps: tuple[Step, ...]

    @property
    def certified(self) -> bool:
        """Whether every leaf can be checked by arithmetic alone."""
        return not any(isinstance(step, Recomputed) for step in self.steps)

    def operations_to_check(self, units: Sequence[Unit], load: int) -> int:
        """An estimate of the simple operations that a check takes."""
        operations = OPERATIONS_PER_UNIT * (1 + len(self.steps)) * len(units)
        if len(self.steps) == 1 and isinstance(self.steps[0], Bound):
            return operations
        members = Counter(unit.marginal_cost for unit in units)
        widest = max((min(most, load) - least for _, least, most in units if least <= load), default=0)
        shifts = 2 + widest.bit_length()
        for step in self.steps:
            if isinstance(step, OutputSplit) and members[step.marginal_cost] > 1:
                operations += members[step.marginal_cost] * shifts * (1 + step.at_least // BITS_PER_OPERATION)
            elif isinstance(step, CountSplit):
                operations += len(units) * sum(weight_of(unit.min_output, step.grain) for unit in units)
            elif isinstance(step, Empty) and step.reason == "unreachable":
                operations += len(units) * shifts * (1 + load // BITS_PER_OPERATION)
        return operations
