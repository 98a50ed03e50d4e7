"""How far a batch is: a bar with rate and time left, where somebody looks at a terminal."""

from __future__ import annotations

import sys
from time import perf_counter
from types import TracebackType
from typing import Any, Self

import click

EVERY = 0.1
"""Seconds between two looks: a terminal takes longer than a plan."""


class Progress:
    """A bar on stderr; nothing at all where that is no terminal.

    Args:
        size: bytes of the input; 0 where nobody knows.
        hidden: whether something else is written to the terminal.
    """

    def __init__(self, size: int, *, hidden: bool) -> None:
        self._lines, self._position, self._shown = 0, 0, 0
        self._start = self._next = perf_counter()
        self._bar: Any = None
        if sys.stderr.isatty() and not hidden:
            self._bar = click.progressbar(
                length=size or None, label="Planning", file=sys.stderr, item_show_func=lambda _: self._rate()
            )

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._show()
            self._bar.__exit__(kind, error, trace)

    def at(self, lines: int, position: int) -> None:
        """Note how many lines are done, and how many bytes of the input that is."""
        self._lines, self._position = lines, position
        if self._bar and perf_counter() > self._next:
            self._next = perf_counter() + EVERY
            self._show()

    def _show(self) -> None:
        if self._bar:
            self._bar.update(self._position - self._shown, "")
            self._shown = self._position

    def _rate(self) -> str:
        seconds = perf_counter() - self._start
        return f"{self._lines:,} lines, {self._lines / seconds:,.0f} a second" if self._lines else ""
