"""What ends a computation before its end: the clock that every long loop looks at, and numbers that are too large."""

from __future__ import annotations

from time import perf_counter

SECONDS_PER_BIT = 2e-9
"""What ten operations on a long ``int`` take for each of its bits, where memory is slow."""


class TimeLimitPassed(Exception):
    """Raised inside the solver when its time is up; :func:`powerplant.merit_order.solve` makes it a ``GaveUp``."""


class TooLarge(Exception):
    """Raised inside the solver where a set of sums would not fit into memory; another method goes on."""


class Deadline:
    """A moment after which :meth:`check` raises: ``time_limit`` seconds after ``start``; without a limit, never."""

    __slots__ = ("_end",)

    def __init__(self, start: float, time_limit: float | None) -> None:
        self._end = float("inf") if time_limit is None else start + time_limit

    def check(self) -> None:
        """Raise :class:`TimeLimitPassed` once the time limit (seconds) has passed."""
        if perf_counter() > self._end:
            raise TimeLimitPassed

    def check_for(self, bits: int) -> None:
        """Raise :class:`TimeLimitPassed` where some ten operations on so many bits may last beyond the time limit.

        Nothing looks at the clock inside such an operation.
        """
        if perf_counter() + bits * SECONDS_PER_BIT > self._end:
            raise TimeLimitPassed
