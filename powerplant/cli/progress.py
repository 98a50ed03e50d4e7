"""The progress of a batch on a terminal: a bar, the rate and the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import click

from powerplant.cli.inputs import Input
from powerplant.cli.words import terminal_width

INTERVAL = 0.1
"""Seconds between two updates: a write to a terminal takes longer than a plan."""

WIDEST_BAR = 36
NARROWEST = len("Planning  [-]  100%  0d 00:00:00  ")
"""Columns of a line without the rate, with the shortest bar."""


@contextmanager
def shown(source: Input, count: int | None = None, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, if that is a terminal. It is never wider than the terminal.

    Args:
        source: the input.
        count: how many lines it has, if that is known; else the bar shows how many of its bytes were read.
        hidden: whether the terminal shows the answers.

    Yields:
        A function to call with the number of lines that are done.
    """
    if hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    start = updated = perf_counter()
    position = done = 0

    def rate(_: object) -> str:
        if not done:
            return ""
        text = f"{done:,} lines, {done / (perf_counter() - start):,.0f} a second"
        return text if NARROWEST + len(text) < (terminal_width(sys.stderr) or 0) else ""

    def fitting() -> int:
        return max(1, min(WIDEST_BAR, (terminal_width(sys.stderr) or 0) - NARROWEST - len(rate(None))))

    bar = click.progressbar(length=count or source.size or None, label="Planning", file=sys.stderr, item_show_func=rate)

    def update(lines: int, *, now: bool = False) -> None:
        nonlocal updated, position, done
        done = lines
        if now or perf_counter() > updated + INTERVAL:
            updated = perf_counter()
            bar.width = fitting()
            progress = done if count else source.position
            bar.update(progress - position, "")
            position = progress

    bar.width = fitting()
    with bar:
        try:
            yield update
        finally:
            update(done, now=True)
