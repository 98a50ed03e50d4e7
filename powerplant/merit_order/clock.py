"""Counts the work that is done, and looks at the time.

Work is counted in simple operations, about a microsecond each: so the phases of a solve take turns in the same way on
every machine, and only the time limit depends on how fast a machine is.
"""

from __future__ import annotations

from time import perf_counter

BETWEEN_LOOKS = 500
"""Operations between two looks at the time: half a millisecond."""


class TimeLimitPassed(Exception):
    """Raised inside the solver when its time is up; :func:`powerplant.merit_order.solve` returns a ``GaveUp`` then."""


class TooLarge(Exception):
    """Raised inside a phase where a set of sums does not fit into memory; the other phases go on."""


class Clock:
    """Ends a computation ``time_limit`` seconds after ``start``; without a limit, never.

    Attributes:
        work: operations so far.
        turn_end: the work at which it is another phase's turn.
    """

    __slots__ = ("_end", "_next_look", "turn_end", "work")

    def __init__(self, start: float = 0, time_limit: float | None = None) -> None:
        self.work = self.turn_end = 0
        self._end = float("inf") if time_limit is None else start + time_limit
        self._next_look = float("inf") if time_limit is None else 0

    def spend(self, operations: int) -> None:
        """Count some operations, before they are done.

        Raises:
            TimeLimitPassed: the time limit has passed, if it is time to look.
        """
        self.work += operations
        if self.work >= self._next_look:
            self._next_look = self.work + BETWEEN_LOOKS
            if perf_counter() > self._end:
                raise TimeLimitPassed
