"""Which outputs units can produce together: the reach of a group, and a commitment for one of its outputs.

A reach is a set of integers, built unit after unit (Bellman's subset-sum recursion). It is stored as **intervals** if
they are few, as for units that are identical or have wide ranges. Else it is stored as the **bits** of one ``int``:
bit ``s`` is set if the sum ``s`` can be produced, and adding a unit is a shift and an or, which takes microseconds for
a set over a million steps.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import gcd, isqrt
from operator import itemgetter
from typing import NamedTuple

from powerplant.merit_order.clock import Clock, TooLarge
from powerplant.merit_order.types import Unit

FIRST_WINDOW = 4
"""How many units before and after the partly loaded one are chosen again at first."""

BITS_PER_INTERVAL = 2048
"""Intervals are faster than bits up to one interval for this many bits."""

BITS_SHIFT = 16
"""A shift of 2 to this power of bits counts as one operation of the clock."""

REACH_BITS = 1 << 25
"""The largest reach that is stored as bits: 4 MiB."""


class Intervals(NamedTuple):
    """A reach as disjoint intervals, in order."""

    intervals: list[tuple[int, int]]

    def with_unit(self, unit: Unit, limit: int, clock: Clock) -> Intervals | Bits:
        """The reach with one more unit, up to ``limit``; O(intervals)."""
        clock.spend(1 + len(self.intervals))
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
        if len(merged) > min(limit, REACH_BITS) // BITS_PER_INTERVAL:
            if limit > REACH_BITS:
                raise TooLarge
            return Bits(_as_bits(merged, 0), (1 << limit + 1) - 1)
        return Intervals(merged)

    def floor(self, output: int) -> int:
        """The largest reachable output up to ``output``."""
        interval = self.intervals[bisect_right(self.intervals, output, key=itemgetter(0)) - 1]
        return min(interval[1], output)

    def ceil(self, output: int) -> int | None:
        """The smallest reachable output from ``output`` on, where there is one."""
        place = bisect_left(self.intervals, output, key=itemgetter(1))
        return None if place == len(self.intervals) else max(self.intervals[place][0], output)


class Bits(NamedTuple):
    """A reach as the bits of an ``int``, and a mask of the bits that are used."""

    bits: int
    mask: int

    def with_unit(self, unit: Unit, limit: int, clock: Clock) -> Bits:
        """The reach with one more unit, up to ``limit``; O(log(width of its range) * bits / 30)."""
        _, least, most = unit
        if least > limit:
            return self
        covered, width = 1, min(most, limit) - least + 1
        clock.spend(1 + (limit * (2 + width.bit_length()) >> BITS_SHIFT))
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
    """The bits of some intervals, relative to ``base``; by recursive halving, so that few long ints are created."""
    if len(intervals) == 1:
        low, high = intervals[0]
        return (1 << high - base + 1) - (1 << low - base)
    half = len(intervals) // 2
    middle = intervals[half][0]
    return _as_bits(intervals[:half], base) | _as_bits(intervals[half:], middle) << middle - base


def _reach_of(first: Reach, units: Sequence[Unit], limit: int, clock: Clock) -> Reach:
    """A reach with more units, up to ``limit``."""
    for unit in units:
        first = first.with_unit(unit, limit, clock)
    return first


class Group:
    """Units of which only the total output matters; use :func:`group_of` to create one.

    Attributes:
        units: in the order in which they are loaded.
        capacity: the sum of their ``max_output``.
    """

    def __init__(self, units: Sequence[Unit], capacity: int, clock: Clock) -> None:
        self.units = units
        self.capacity = capacity
        self._clock = clock
        self._filled = list(accumulate((unit.max_output for unit in units), initial=0))
        self._reach: Reach = NOTHING
        self._reach_limit = -1

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """The nearest reachable outputs around an unreachable one up to the capacity; ``None`` if it is reachable."""
        return None if self.commit(output) is not None else self.neighbours_of(output)

    def neighbours_of(self, output: int) -> tuple[int, int]:
        """The same for an output that is known to be unreachable."""
        if output > self._reach_limit:
            # The least sum above an output has all its units at minimum, and is not above it without any of them.
            highest = min(self.capacity, output + max(unit.min_output for unit in self.units))
            self._reach, self._reach_limit = _reach_of(NOTHING, self.units, highest, self._clock), output
        above = self._reach.ceil(output)
        assert above is not None, "a group reaches its capacity"
        return self._reach.floor(output), above

    def commit(self, output: int) -> list[bool] | None:
        """A commitment of the units that can produce exactly ``output``; ``None`` if there is none.

        Units are filled in order. Then a few around the partly loaded one are chosen again, with those before them at
        maximum and those after them off. If no choice among the few produces the output, twice as many are tried, up
        to the whole group.
        """
        total, window = len(self.units), FIRST_WINDOW
        middle = min(bisect_left(self._filled, output, 1) - 1, total - 1)
        while True:
            low, high = max(0, middle - window), min(total, middle + window)
            chosen = _commitment(self.units[low:high], output - self._filled[low], self._clock)
            if chosen is not None:
                return [True] * low + chosen + [False] * (total - high)
            if low == 0 and high == total:
                return None
            window *= 2


class Identical(Group):
    """Identical units, of which only the number matters: O(1)."""

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """See :class:`Group`."""
        count, _, least, most = self._count(output), *self.units[0]
        return None if count * least <= output else ((count - 1) * most, count * least)

    def commit(self, output: int) -> list[bool] | None:
        """See :class:`Group`."""
        count = self._count(output)
        return None if self.gap_around(output) else [True] * count + [False] * (len(self.units) - count)

    def neighbours_of(self, output: int) -> tuple[int, int]:
        """See :class:`Group`."""
        return self.gap_around(output) or (output, output)

    def _count(self, output: int) -> int:
        most = self.units[0].max_output
        return -(-output // most) if most else 0


class Blocks(Group):
    """Block units whose outputs share a divisor; the reach is computed in multiples of it.

    Attributes:
        divisor: above 1.
        reach_all: whether they can produce every multiple of it up to the capacity.
    """

    def __init__(self, units: Sequence[Unit], capacity: int, clock: Clock, divisor: int) -> None:
        super().__init__(units, capacity, clock)
        self.divisor = divisor
        divided = [Unit(cost, output // divisor, output // divisor) for cost, _, output in units]
        self._divided = Group(divided, capacity // divisor, clock)
        outputs = sorted(unit.max_output for unit in divided)
        smaller = accumulate(outputs, initial=0)
        self.reach_all = all(output <= below + 1 for output, below in zip(outputs, smaller, strict=False))

    def gap_around(self, output: int) -> tuple[int, int] | None:
        """See :class:`Group`."""
        below, rest = divmod(output, self.divisor)
        above = below + bool(rest)
        if not self.reach_all:
            below, _ = self._divided.gap_around(below) or (below, below)
            _, above = self._divided.gap_around(above) or (above, above)
        return None if below == above else (below * self.divisor, above * self.divisor)

    def neighbours_of(self, output: int) -> tuple[int, int]:
        """See :class:`Group`."""
        return self.gap_around(output) or (output, output)

    def commit(self, output: int) -> list[bool] | None:
        """See :class:`Group`."""
        times, rest = divmod(output, self.divisor)
        return None if rest else self._divided.commit(times)


def group_of(units: Sequence[Unit], capacity: int, clock: Clock) -> Group:
    """The group of some units; O(units)."""
    first = units[0][1:] if units else ()
    if units and units[-1][1:] == first and all(unit[1:] == first for unit in units):
        return Identical(units, capacity, clock)
    if all(least == most for _, least, most in units) and (divisor := gcd(*(most for _, _, most in units))) > 1:
        return Blocks(units, capacity, clock, divisor)
    return Group(units, capacity, clock)


def _commitment(units: Sequence[Unit], output: int, clock: Clock) -> list[bool] | None:
    """The commitment for exactly ``output`` in which later units stay off if possible; ``None`` if none."""
    limit, part = output, 1 + isqrt(len(units))
    starts: list[Reach] = [NOTHING]  # only one reach for each part: a reach may be large
    for start in range(0, len(units), part):
        starts.append(_reach_of(starts[-1], units[start : start + part], limit, clock))
    if starts.pop().floor(output) != output:
        return None
    committed = [False] * len(units)
    for start in range(part * (len(starts) - 1), -1, -part):
        reaches = [starts.pop()]  # with the first 0, 1, 2, ... of the part
        for unit in units[start : start + part - 1]:
            reaches.append(reaches[-1].with_unit(unit, limit, clock))
        for place in range(min(start + part, len(units)) - 1, start - 1, -1):
            before = reaches[place - start]
            if before.floor(output) != output:
                committed[place] = True
                output = before.floor(output - units[place].min_output)
    return committed
