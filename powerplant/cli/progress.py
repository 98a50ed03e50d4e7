"""The progress of a batch on a terminal: a bar, the rate and the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import click

from powerplant.cli.words import terminal_width

INTERVAL = 0.1
"""Seconds between two updates: a write to a terminal takes longer than a plan."""

WIDEST_BAR = 36
NARROWEST = len("Planning  [-]  100%  0d 00:00:00  ")
"""Columns of a line without the rate, with the shortest bar."""


@contextmanager
def shown(length: int, position: Callable[[], int] | None, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, if that is a terminal. It is never wider than the terminal.

    Args:
        length: of the bar; 0 if it is not known.
        position: how much of the length is done, if that is not the number of lines.
        hidden: whether the terminal shows the answers.

    Yields:
        A function to call with the number of lines that are done.
    """
    if hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    start = updated = perf_counter()
    done = 0

    def rate(_: object) -> str:
        if not done:
            return ""
        text = f"{done:,} lines, {done / (perf_counter() - start):,.0f} a second"
        return text if NARROWEST + len(text) < (terminal_width(sys.stderr) or 0) else ""

    def fitting() -> int:
        return max(1, min(WIDEST_BAR, (terminal_width(sys.stderr) or 0) - NARROWEST - len(rate(None))))

    bar = click.progressbar(length=length or None, label="Planning", file=sys.stderr, item_show_func=rate)

    def update(lines: int, *, now: bool = False) -> None:
        nonlocal updated, done
        done = lines
        if now or perf_counter() > updated + INTERVAL:
            updated = perf_counter()
            bar.width = fitting()
            bar.update((position() if position else done) - bar.pos, "")

    bar.width = fitting()
    with bar:
        try:
            yield update
        finally:
            update(done, now=True)
