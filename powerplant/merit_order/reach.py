"""Which outputs a group of units can make together: a set of integers held as the bits of one ``int``.

Bit ``s`` is set when some commitment and dispatch of the units adds up to ``s``. Adding a unit is a shift and an
or, so a set over a million tenths of a MW costs microseconds a unit (Bellman's subset-sum recursion on machine
words; a range of outputs is covered by doubling, in ``O(log width)`` shifts).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from powerplant.merit_order.deadline import Deadline
from powerplant.merit_order.model import Unit

NOTHING = 1
"""The reach of no unit at all: the output 0 alone."""

FIRST_WINDOW = 4
"""How many units before and after the one that ends partly loaded are chosen anew at first."""


class Group:
    """Units whose sum alone matters: which outputs they reach, and which commitment makes one of them.

    Attributes:
        units: in the order in which they are to be loaded.
        capacity: the output of all of them at maximum.
    """

    __slots__ = ("_deadline", "_filled", "_reach", "_reach_limit", "capacity", "units")

    def __init__(self, units: Sequence[Unit], capacity: int, deadline: Deadline) -> None:
        self.units = units
        self.capacity = capacity
        self._deadline = deadline
        self._filled: list[int] = []
        self._reach = NOTHING
        self._reach_limit = 0

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """The nearest reachable outputs below and above an unreachable one; ``None`` where it is reachable.

        Args:
            output: from 0 to the capacity.

        Raises:
            TimeLimitPassed: the deadline came first.
        """
        if len(self.units) == 1:
            least = self.units[0].min_output
            return None if output >= least or not output else (0, least)
        if self.commit(output) is not None:
            return None
        if output >= self._reach_limit:
            # The least sum above an output has all its units at minimum and needs each of them.
            highest = min(self.capacity, output + max(unit.min_output for unit in self.units))
            self._reach = reach_of(self.units, highest, self._deadline)
            self._reach_limit = output + 1
        above = ceil_in(self._reach, output)
        assert above is not None, "a group reaches its capacity"
        return floor_in(self._reach, output), above

    def commit(self, output: int) -> list[bool] | None:
        """A commitment of the units that makes exactly ``output``; ``None`` where there is none.

        Units are filled in order; the few around the one that ends partly loaded are chosen anew, the ones
        before them on at maximum and the ones after them off. Where no choice among the few makes the output,
        twice as many are tried, at last the whole group.

        Raises:
            TimeLimitPassed: the deadline came first.
        """
        count = len(self.units)
        if not self._filled:
            self._filled = list(accumulate((unit.max_output for unit in self.units), initial=0))
        filled = self._filled
        middle = min(bisect_left(filled, output, 1) - 1, count - 1)
        window = FIRST_WINDOW
        while True:
            low, high = max(0, middle - window), min(count, middle + window)
            chosen = commitment_for(self.units[low:high], output - filled[low], self._deadline)
            if chosen is not None:
                return [True] * low + chosen + [False] * (count - high)
            if low == 0 and high == count:
                return None
            window *= 2


def with_unit(reach: int, unit: Unit, mask: int) -> int:
    """The reach of a group with one more unit, cut to the bits of ``mask``."""
    width = unit.max_output - unit.min_output + 1
    committed = reach << unit.min_output & mask
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        committed |= committed << step
        covered += step
    return reach | committed & mask


def reach_of(units: Iterable[Unit], limit: int, deadline: Deadline) -> int:
    """All outputs from 0 to ``limit`` that the units can make together; O(units * log(width) * limit / 30)."""
    mask = (1 << limit + 1) - 1
    reach = NOTHING
    for unit in units:
        deadline.check()
        reach = with_unit(reach, unit, mask)
    return reach


def floor_in(reach: int, output: int) -> int:
    """The largest reachable output up to ``output``."""
    return (reach & (1 << output + 1) - 1).bit_length() - 1


def ceil_in(reach: int, output: int) -> int | None:
    """The smallest reachable output from ``output`` on, where there is one."""
    above = reach >> output
    return output + (above & -above).bit_length() - 1 if above else None


def commitment_for(units: Sequence[Unit], output: int, deadline: Deadline) -> list[bool] | None:
    """A commitment of the units that can make exactly ``output``, or ``None`` where none can.

    Later units stay off where they may, so that it is the same one every time.
    """
    mask = (1 << output + 1) - 1
    reaches = [NOTHING]
    for unit in units:
        deadline.check()
        reaches.append(with_unit(reaches[-1], unit, mask))
    if not reaches[-1] >> output & 1:
        return None
    committed = [False] * len(units)
    for index in range(len(units) - 1, -1, -1):
        before, unit = reaches[index], units[index]
        if not before >> output & 1:
            committed[index] = True
            output = _largest_before(before, unit, output)
    return committed


def _largest_before(reach: int, unit: Unit, output: int) -> int:
    """The largest output that the units before can add to this one to make ``output``: it runs low as it may."""
    highest = output - unit.min_output
    largest = floor_in(reach, highest)
    assert largest >= output - unit.max_output, "the reach of a group holds no output that it cannot make"
    return largest
