"""The states of the core programme as fields of one ``int``, so that one operation works on all of them.

A step of the programme is a few operations on whole integers (Lamport 1975, multiple byte processing). Shifts fill up
with zeros, which mean that an imbalance cannot be reached, so the ends need no special case.
"""

from __future__ import annotations

from typing import NamedTuple

from powerplant.merit_order.clock import Clock, TooLarge

STATE_BITS = 1 << 27
"""The largest states that are tried: 16 MiB. A step with them takes about 0.1 s without a check of the time."""

BITS_SHIFT = 12
"""A step with 2 to this power of bits counts as one operation of the clock."""


class States(NamedTuple):
    """The rest of the budget plus one for each imbalance from ``lowest`` on, packed in ``size`` fields."""

    packed: int
    lowest: int
    size: int


NO_STATES = States(0, 0, 0)


class Fields:
    """Arithmetic on fields for numbers up to a budget plus one, each with a guard bit on top.

    Attributes:
        width: of a field, in bits.
    """

    def __init__(self, budget: int, clock: Clock, *, whole_bytes: bool = False) -> None:
        self._clock = clock
        self.width = (budget + 1).bit_length() + 2
        if whole_bytes:
            self.width = -(-self.width // 8) * 8
        self._ones = self._guards = self._count = 0

    def better(self, stay: States, move: States, by: int, cost: int) -> States:
        """For each imbalance the better of two: stay there, or reach it by a move at a cost.

        ``ahead`` is the rest of the budget after the move minus the rest after staying. The better of the two is
        staying plus ``ahead`` where that is positive. The guard bits separate the subtractions and show the sign.
        """
        move_lowest = move.lowest + by
        if not stay.size:
            if not cost:
                return States(move.packed, move_lowest, move.size)
            stay = States(0, move_lowest, 0)
        width = self.width
        lowest = min(stay.lowest, move_lowest)
        count = max(stay.lowest + stay.size, move_lowest + move.size) - lowest
        if count * width > STATE_BITS:
            raise TooLarge
        self._clock.spend(6 + (count * width >> BITS_SHIFT))
        self._prepare(count)
        staying, moving = stay.packed, move.packed
        if stay.lowest > lowest:  # a shift by 0 would copy
            staying <<= width * (stay.lowest - lowest)
        elif move_lowest > lowest:
            moving <<= width * (move_lowest - lowest)
        ahead = moving + self._ones * ((1 << width - 1) - cost) - staying
        positive = ahead & self._guards
        return States(staying + (ahead & positive - (positive >> width - 1)), lowest, count)

    def between(self, states: States, first: int, last: int) -> States:
        """The states of the imbalances from ``first`` to ``last``."""
        packed, lowest, size = states
        if last < lowest + size - 1:
            size = max(0, last - lowest + 1)
            packed &= (1 << self.width * size) - 1
        if first > lowest:
            packed >>= self.width * (first - lowest)
            size = max(0, size - (first - lowest))
            lowest = first
        return States(packed, lowest, size)

    def every(self, states: States, divisor: int) -> States:
        """The states of the multiples of a divisor, divided by it; for fields of whole bytes."""
        first, width = -states.lowest % divisor, self.width // 8
        size = len(range(first, states.size, divisor))
        held, chosen = states.packed.to_bytes(states.size * width, "little"), bytearray(size * width)
        for byte in range(width):
            chosen[byte::width] = held[first * width + byte :: divisor * width]
        return States(int.from_bytes(chosen, "little"), (states.lowest + first) // divisor, size)

    def _prepare(self, count: int) -> None:
        """Compute a one and a guard bit for each of ``count`` fields, or a few more."""
        if count <= self._count <= count + (count >> 2):
            return
        self._count = count + (count >> 3)
        ones, have = 1, 1
        while have < self._count:
            ones |= ones << self.width * have
            have *= 2
        self._ones = ones & (1 << self.width * self._count) - 1
        self._guards = self._ones << self.width - 1


class Reader:
    """Reads single states; the first read of a sum of weights converts its states to bytes, the others are O(1)."""

    def __init__(self, fields: Fields, states: dict[int, States]) -> None:
        self._width = fields.width
        self._states = states
        self._held: dict[int, bytes] = {}

    def range_of(self, weight: int) -> tuple[int, int]:
        """The lowest and the highest imbalance of the states of a sum of weights."""
        _, lowest, size = self._states.get(weight, NO_STATES)
        return lowest, lowest + size - 1

    def at(self, weight: int, imbalance: int) -> int:
        """The rest of the budget plus one; 0 if the state cannot be reached."""
        packed, lowest, size = self._states.get(weight, NO_STATES)
        place, width = imbalance - lowest, self._width
        if not 0 <= place < size:
            return 0
        if weight not in self._held:
            self._held[weight] = packed.to_bytes(size * width // 8 + 1, "little")
        first, shift = divmod(place * width, 8)
        field = int.from_bytes(self._held[weight][first : first + width // 8 + 2], "little")
        return field >> shift & (1 << width) - 1
