"""What ends a computation before its end: the clock that every long loop looks at, and numbers that are too large."""

from __future__ import annotations

from time import perf_counter

SECONDS_PER_BIT = 2e-9
"""What ten operations on a long ``int`` take for each of its bits, where memory is slow."""


class TimeLimitPassed(Exception):
    """Raised inside the solver when its time is up; :func:`powerplant.merit_order.solve` makes it a ``GaveUp``."""


class TooLarge(Exception):
    """Raised inside the solver where a set of sums fits neither memory nor the time left; another method goes on."""


class Deadline:
    """A moment after which :meth:`check` raises: ``time_limit`` seconds after ``start``; without a limit, never."""

    __slots__ = ("_end",)

    def __init__(self, start: float, time_limit: float | None) -> None:
        self._end = float("inf") if time_limit is None else start + time_limit

    def check(self) -> None:
        """Raise :class:`TimeLimitPassed` once the time limit (seconds) has passed."""
        if perf_counter() > self._end:
            raise TimeLimitPassed

    def leaves_time_for(self, bits: int) -> bool:
        """Whether ten operations on long integers of so many bits end before the time limit, as far as can be told.

        Nothing looks at the clock inside one of them.
        """
        return perf_counter() + bits * SECONDS_PER_BIT <= self._end
