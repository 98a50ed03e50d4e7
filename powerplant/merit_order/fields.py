"""Many small numbers at once: the states of the core programme as fields of one ``int``.

A step of the programme is a handful of operations on whole integers (Lamport 1975, multiple byte processing). Shifts
fill up with zeros, which stand for a sum that is out of reach, so nothing has to be guarded at the edges.
"""

from __future__ import annotations

from typing import NamedTuple

from powerplant.merit_order.deadline import Deadline, TooLarge

STATE_BITS = 1 << 28
"""The largest states that are tried: 32 MiB. To find the better of two takes some ten times as much."""

PIECE = 1 << 16
"""About so many fields are thinned out between two looks at the clock."""

LONG = 1 << 20
"""Bits from which on an operation takes so long that the clock is looked at first."""


class States(NamedTuple):
    """What is left of the budget, plus one, for each sum of moves from ``lowest`` on, packed in fields."""

    packed: int
    lowest: int
    fields: int


NO_STATES = States(0, 0, 0)


class Fields:
    """Arithmetic on many small numbers at once: fields of one width in one ``int``, each with a guard bit on top."""

    def __init__(self, budget: int, deadline: Deadline) -> None:
        self._deadline = deadline
        self.width = (budget + 1).bit_length() + 2
        self._ones = self._guards = self._count = 0

    def better(self, stay: States, move: States, by: int, cost: int) -> States:
        """For each sum the better of two: stay there, or come there by a move at a cost.

        With ``ahead`` = what the move leaves minus what staying leaves, the better of the two is staying plus
        ``ahead`` where that is positive. The guard bits keep the subtractions apart and say where it is.
        """
        move_lowest = move.lowest + by
        if not stay.fields:
            if not cost:
                return States(move.packed, move_lowest, move.fields)
            stay = States(0, move_lowest, 0)
        width = self.width
        lowest = min(stay.lowest, move_lowest)
        fields = max(stay.lowest + stay.fields, move_lowest + move.fields) - lowest
        bits = fields * width
        if bits > STATE_BITS:
            raise TooLarge
        is_long = bits > LONG
        if is_long:
            self._look_ahead(bits)
        staying = stay.packed << width * (stay.lowest - lowest)
        moving = move.packed << width * (move_lowest - lowest)
        self._prepare(fields)
        if is_long:
            self._deadline.check()
        ahead = moving + self._ones * ((1 << width - 1) - cost)
        if is_long:
            self._deadline.check()
        ahead -= staying
        positive = ahead & self._guards
        if is_long:
            self._deadline.check()
        return States(staying + (ahead & positive - (positive >> width - 1)), lowest, fields)

    def _look_ahead(self, bits: int) -> None:
        """Refuse a handful of operations on so many bits for which there is no time left."""
        self._deadline.check()
        if not self._deadline.leaves_time_for(bits):
            raise TooLarge

    def first(self, packed: int, count: int) -> int:
        """The first so many fields."""
        return packed & (1 << self.width * count) - 1

    def after(self, packed: int, count: int) -> int:
        """The fields after the first so many."""
        return packed >> self.width * count

    def every(self, states: States, divisor: int) -> States:
        """The states of the moves that a divisor divides, counted in it; piece by piece, each in whole bytes."""
        first = -states.lowest % divisor
        fields = max(0, states.fields - first)
        piece = 8 * divisor * max(1, PIECE // (8 * divisor))
        whole = self.first(self.after(states.packed, first), fields).to_bytes(self._bytes(fields), "little")
        chosen = bytearray()
        for start in range(0, fields, piece):
            count = min(piece, fields - start)
            self._look_ahead(count * self.width)
            part = int.from_bytes(whole[self._bytes(start) : self._bytes(start + count)], "little")
            thin = self._every_of(part, count, divisor)
            chosen += thin.to_bytes(self._bytes(len(range(0, count, divisor))), "little")
        return States(
            int.from_bytes(chosen, "little"), (states.lowest + first) // divisor, len(range(0, fields, divisor))
        )

    def _bytes(self, count: int) -> int:
        """How many bytes so many fields take."""
        return (count * self.width + 7) // 8

    def _every_of(self, packed: int, count: int, divisor: int) -> int:
        """The first of so many fields, and each that is a multiple of a divisor after it."""
        bits = format(packed, "b").zfill(self.width * count)
        ends = range(len(bits), 0, -divisor * self.width)
        return int("".join(reversed([bits[end - self.width : end] for end in ends])), 2)

    def any_above(self, packed: int, start: int, end: int, bound: int) -> bool:
        """Whether any of the fields from ``start`` to ``end`` (exclusive) exceeds a bound."""
        if packed.bit_length() > LONG:
            self._look_ahead(packed.bit_length())
        part = self.first(packed >> self.width * start, end - start)
        highest = (1 << self.width - 1) - 1
        if bound > highest:
            return False
        if self._count < end - start:
            self._prepare(end - start)
        return bool(part + self.first(self._ones, end - start) * (highest - bound) & self._guards)

    def _prepare(self, count: int) -> None:
        """Have a one, and a guard bit, in each of so many fields, or a few more."""
        if count <= self._count <= count + (count >> 2):
            return
        self._count = count + (count >> 3)
        ones, have = 1, 1
        while have < self._count:
            ones |= ones << self.width * have
            have *= 2
        self._ones = self.first(ones, self._count)
        self._guards = self._ones << self.width - 1


class Reader:
    """Looks at one field after the other, in a time that does not depend on how many there are; O(fields) to make."""

    def __init__(self, fields: Fields, states: States) -> None:
        self._width = fields.width
        self._mask = (1 << fields.width) - 1
        self._bytes = (fields.width + 7) // 8 + 1
        self._lowest, self._fields = states.lowest, states.fields
        self._buffer = states.packed.to_bytes(fields.width * states.fields // 8 + 1, "little")

    def at(self, move: int) -> int:
        """What is left of the budget, plus one, where the moves sum to ``move``; 0 where they cannot."""
        place = move - self._lowest
        if not 0 <= place < self._fields:
            return 0
        first, shift = divmod(place * self._width, 8)
        return int.from_bytes(self._buffer[first : first + self._bytes], "little") >> shift & self._mask
