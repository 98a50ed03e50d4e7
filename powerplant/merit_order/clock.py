"""Counts the work of the solver, and checks the time limit.

Work is counted in simple operations of about a microsecond, so the phases of a solve alternate in the same way on every
machine; only the time limit depends on the speed of the machine.

Whatever spends work raises ``TimeLimitPassed``, and whatever adds to a set of sums can raise ``TooLarge``; docstrings
do not repeat it.
"""

from __future__ import annotations

from time import perf_counter

BETWEEN_LOOKS = 500
"""Operations between two checks of the time: about half a millisecond."""


class TimeLimitPassed(Exception):
    """The time limit has passed; :func:`powerplant.merit_order.solve` then returns a ``GaveUp``."""


class TooLarge(Exception):
    """A set of sums does not fit into memory; it ends one phase, and the others continue."""


class Clock:
    """Ends a computation ``time_limit`` seconds after ``start``; without a limit, never.

    Attributes:
        work: operations so far.
        turn_end: the work at which the next phase continues.
    """

    __slots__ = ("_end", "_next_look", "turn_end", "work")

    def __init__(self, start: float = 0, time_limit: float | None = None) -> None:
        self.work = self.turn_end = 0
        self._end = float("inf") if time_limit is None else start + time_limit
        self._next_look = float("inf") if time_limit is None else 0

    def spend(self, operations: int) -> None:
        """Count operations before they are done; the time is checked every :data:`BETWEEN_LOOKS` operations."""
        self.work += operations
        if self.work >= self._next_look:
            self._next_look = self.work + BETWEEN_LOOKS
            if perf_counter() > self._end:
                raise TimeLimitPassed
