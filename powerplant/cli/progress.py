"""The progress of a batch on a terminal: a bar, the rate and the time left."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import click

from powerplant.cli.files import Input

INTERVAL = 0.1
"""Seconds between two updates: a write to a terminal takes longer than a plan."""


@contextmanager
def shown(source: Input, *, hidden: bool) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, if that is a terminal.

    Args:
        source: the input.
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
        return f"{done:,} lines, {done / (perf_counter() - start):,.0f} a second" if done else ""

    bar = click.progressbar(length=source.size or None, label="Planning", file=sys.stderr, item_show_func=rate)

    def update(lines: int, *, now: bool = False) -> None:
        nonlocal updated, position, done
        done = lines
        if now or perf_counter() > updated + INTERVAL:
            updated = perf_counter()
            bar.update(source.position - position, "")
            position = source.position

    with bar:
        try:
            yield update
        finally:
            update(done, now=True)
