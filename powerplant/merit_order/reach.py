"""Which outputs units can make together: the reach of a group, and a commitment that makes one of its outputs.

A reach is a set of integers, built unit after unit (Bellman's subset-sum recursion). It is held as **intervals** while
it has few of them, as the reach of wide or alike units has at any size, and as the **bits** of one ``int`` beyond that:
bit ``s`` is set when the sum ``s`` can be made, and a unit is a shift and an or, so that a set over a million tenths
of a MW costs microseconds a unit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import gcd, isqrt
from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline, TooLarge
from powerplant.merit_order.types import Unit

FIRST_WINDOW = 4
"""How many units before and after the one that ends partly loaded are chosen anew at first."""

SMALL_PART = 32
"""Up to so many units, the reach of each number of them is kept for walking back."""

FEW_INTERVALS = 8
BITS_PER_INTERVAL = 2048
"""Up to so many intervals, and one more for each so many bits, intervals are faster than bits."""

MOST_INTERVALS = 1 << 15
"""More are never held: they take longer than a look at the clock should wait for, and memory."""

OPERATIONS = 4
"""Each doubling of a range takes one in so many of the operations for which a deadline is asked."""

REACH_BITS = 1 << 25
"""The largest reach that is held as bits: 4 MiB."""


class Intervals(NamedTuple):
    """A reach as disjoint intervals, in order."""

    intervals: list[tuple[int, int]]

    def with_unit(self, unit: Unit, limit: int, deadline: Deadline) -> Intervals | Bits:
        """The reach of one unit more, as far as ``limit``; O(intervals).

        Raises:
            TimeLimitPassed: the deadline came first.
            TooLarge: it is no few intervals, and has too many bits.
        """
        deadline.check()
        _, least, most = unit
        committed = [(low + least, min(high + most, limit)) for low, high in self.intervals if low + least <= limit]
        merged: list[tuple[int, int]] = []
        last_low, last_high = 0, -2
        for low, high in sorted(self.intervals + committed):
            if low <= last_high + 1:
                if high > last_high:
                    last_high = high
                    merged[-1] = (last_low, high)
            else:
                last_low, last_high = low, high
                merged.append((low, high))
        if len(merged) > min(FEW_INTERVALS + limit // BITS_PER_INTERVAL, MOST_INTERVALS):
            if limit > REACH_BITS:
                raise TooLarge
            return Bits(_as_bits(merged, 0), (1 << limit + 1) - 1)
        return Intervals(merged)

    def floor(self, output: int) -> int:
        """The largest reachable output up to ``output``."""
        interval = self.intervals[bisect_right(self.intervals, output, key=_low) - 1]
        return min(interval[1], output)

    def ceil(self, output: int) -> int | None:
        """The smallest reachable output from ``output`` on, where there is one."""
        place = bisect_left(self.intervals, output, key=_high)
        return None if place == len(self.intervals) else max(self.intervals[place][0], output)


class Bits(NamedTuple):
    """A reach as the bits of an ``int``, and a mask of the bits that count."""

    bits: int
    mask: int

    def with_unit(self, unit: Unit, limit: int, deadline: Deadline) -> Bits:
        """The reach of one unit more, as far as ``limit``; O(log(width of its range) * bits / 30).

        Raises:
            TimeLimitPassed: the deadline came first.
            TooLarge: it would come while this is worked out.
        """
        _, least, most = unit
        if least > limit:
            return self
        covered, width = 1, min(most, limit) - least + 1
        deadline.check()
        if not deadline.leaves_time_for(limit * (2 + width.bit_length()) // OPERATIONS):
            raise TooLarge
        committed = self.bits << least & self.mask
        while covered < width:
            committed |= committed << min(covered, width - covered)
            covered *= 2
        return Bits(self.bits | committed & self.mask, self.mask)

    def floor(self, output: int) -> int:
        """The largest reachable output up to ``output``."""
        return (self.bits & (1 << output + 1) - 1).bit_length() - 1

    def ceil(self, output: int) -> int | None:
        """The smallest reachable output from ``output`` on, where there is one."""
        above = self.bits >> output
        return output + (above & -above).bit_length() - 1 if above else None


Reach = Intervals | Bits
NOTHING = Intervals([(0, 0)])
"""The reach of no unit at all: the output 0 alone."""


def _as_bits(intervals: list[tuple[int, int]], base: int) -> int:
    """The bits of some intervals, the lowest bit standing for ``base``; by halves, so that few long ints are made."""
    if len(intervals) == 1:
        low, high = intervals[0]
        return (1 << high - base + 1) - (1 << low - base)
    half = len(intervals) // 2
    middle = intervals[half][0]
    return _as_bits(intervals[:half], base) | _as_bits(intervals[half:], middle) << middle - base


def _low(interval: tuple[int, int]) -> int:
    return interval[0]


def _high(interval: tuple[int, int]) -> int:
    return interval[1]


def reaches_of(first: Reach, units: Sequence[Unit], limit: int, deadline: Deadline) -> list[Reach]:
    """A reach with the first 0, 1, 2, ... of some units more, as far as ``limit``."""
    reaches = [first]
    for unit in units:
        reaches.append(reaches[-1].with_unit(unit, limit, deadline))
    return reaches


def common_divisor(units: Sequence[Unit]) -> int:
    """What divides all that several block units can make together; 1 for other units."""
    if len(units) == 1 or any(least != most for _, least, most in units):
        return 1
    return gcd(*(most for _, _, most in units)) or 1


def makes_all(blocks: Sequence[Unit]) -> bool:
    """Whether block units make every sum up to all of them: each is at most one more than all smaller ones."""
    below = 0
    for output in sorted(most for _, _, most in blocks):
        if output > below + 1:
            return False
        below += output
    return True


def divided(units: Sequence[Unit], divisor: int) -> Sequence[Unit]:
    """The units with their outputs counted in a divisor."""
    if divisor == 1:
        return units
    return [Unit(cost, least // divisor, most // divisor) for cost, least, most in units]


class Group:
    """Units whose sum alone matters.

    Attributes:
        units: in the order in which they are to be loaded.
        capacity: the output of all of them at maximum.
    """

    __slots__ = ("_deadline", "_filled", "_known_divisor", "_reach", "_reach_limit", "capacity", "units")

    def __init__(self, units: Sequence[Unit], capacity: int, deadline: Deadline) -> None:
        self.units = units
        self.capacity = capacity
        self._deadline = deadline
        self._filled: list[int] = []
        self._known_divisor = 0
        self._reach: Reach = NOTHING
        self._reach_limit = -1

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """The nearest reachable outputs below and above an unreachable one; ``None`` where it is reachable.

        Args:
            output: from 0 to the capacity.

        Raises:
            TimeLimitPassed: the deadline came first.
        """
        if self._is_alike():
            return None if self._alike_count(output) is not None else self.neighbours_of(output)
        return None if self.commit(output) is not None else self.neighbours_of(output)

    def neighbours_of(self, output: int) -> tuple[int, int]:
        """The nearest reachable outputs below and above one that is known to be unreachable.

        Raises:
            TimeLimitPassed: the deadline came first.
            TooLarge: the reach would not fit into memory.
        """
        if self._is_alike():
            _, least, most = self.units[0]
            count = -(-output // most)
            return (count - 1) * most, count * least
        if beside := output % self._divisor():
            return self._nearest(output - beside)[0], self._nearest(output - beside + self._divisor())[1]
        if output > self._reach_limit:
            # The least sum above an output has all its units at minimum and needs each of them.
            highest = min(self.capacity, output + max(unit.min_output for unit in self.units))
            reach: Reach = NOTHING
            for unit in self.units:
                reach = reach.with_unit(unit, highest, self._deadline)
            self._reach, self._reach_limit = reach, output
        above = self._reach.ceil(output)
        assert above is not None, "a group reaches its capacity"
        return self._reach.floor(output), above

    def commit(self, output: int) -> list[bool] | None:
        """A commitment of the units that makes exactly ``output``; ``None`` where there is none.

        Units are filled in order; the few around the one that ends partly loaded are chosen anew, the ones
        before them on at maximum and the ones after them off. Where no choice among the few makes the output,
        twice as many are tried, at last the whole group.

        Raises:
            TimeLimitPassed: the deadline came first.
        """
        total = len(self.units)
        if self._is_alike():
            count = self._alike_count(output)
            return None if count is None else [True] * count + [False] * (total - count)
        if output % self._divisor():
            return None
        if not self._filled:
            self._filled = list(accumulate((unit.max_output for unit in self.units), initial=0))
        filled = self._filled
        middle = min(bisect_left(filled, output, 1) - 1, total - 1)
        window = FIRST_WINDOW
        while True:
            low, high = max(0, middle - window), min(total, middle + window)
            chosen = _commitment(self.units[low:high], output - filled[low], self._deadline)
            if chosen is not None:
                return [True] * low + chosen + [False] * (total - high)
            if low == 0 and high == total:
                return None
            window *= 2

    def _nearest(self, output: int) -> tuple[int, int]:
        """The nearest reachable outputs up to an output, and from it on."""
        return self.gap_around(output) or (output, output)

    def _divisor(self) -> int:
        """What divides every reachable output, as far as that is known without the reach."""
        if not self._known_divisor:
            self._known_divisor = common_divisor(self.units)
        return self._known_divisor

    def _alike_count(self, output: int) -> int | None:
        """How many of units that are alike make an output; ``None`` where no number of them does."""
        _, least, most = self.units[0]
        count = -(-output // most) if most else 0
        return count if count * least <= output else None

    def _is_alike(self) -> bool:
        """Whether the units are all the same, so that their number alone matters."""
        first, last = self.units[0], self.units[-1]
        return first[1:] == last[1:] and all(unit[1:] == first[1:] for unit in self.units)


def _commitment(units: Sequence[Unit], output: int, deadline: Deadline) -> list[bool] | None:
    """A commitment of the units that can make exactly ``output``, or ``None`` where none can.

    Later units stay off where they may, so that it is the same one every time.
    """
    limit, part = output, max(SMALL_PART, isqrt(len(units)))
    starts: list[Reach] = [NOTHING]  # only one reach in so many is kept: they may be large
    for start in range(0, len(units), part):
        starts.append(reaches_of(starts[-1], units[start : start + part], limit, deadline)[-1])
    if starts.pop().floor(output) != output:
        return None
    committed = [False] * len(units)
    for start in range(part * (len(starts) - 1), -1, -part):
        reaches = reaches_of(starts.pop(), units[start : start + part], limit, deadline)
        for before, index in zip(reversed(reaches[:-1]), range(start + len(reaches) - 2, start - 1, -1), strict=True):
            if before.floor(output) != output:
                committed[index] = True
                output = before.floor(output - units[index].min_output)
    return committed
