"""Tables for a terminal, or as Markdown for a document."""

from __future__ import annotations

from collections.abc import Sequence

FIRST, OTHERS = 40, 16
"""Widths of the first cell and of each other cell, in a terminal."""


class Table:
    """Prints its rows as they come."""

    def __init__(self, heads: Sequence[str], *, markdown: bool) -> None:
        self._markdown = markdown
        self.row(*heads)
        if markdown:
            self.row("---", *["---:"] * (len(heads) - 1))

    def row(self, *cells: str) -> None:
        """Print one row."""
        first, *others = cells
        if self._markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            print(first.ljust(FIRST), *(cell.rjust(OTHERS) for cell in others), flush=True)
