"""Columns and rows of the rival's model, and the costs of its starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from highspy import kHighsInf
from horizon.reading import Plant

Array = Any
"""A NumPy array: values or indices of columns, by period. An index of -1 is no column."""

MOST_MATCHED = 12
"""Periods of rest up to which each start is matched to a stop; above, they would be most of the model."""


@dataclass
class Columns:
    """The columns of a model, in blocks."""

    low: list[Array] = field(default_factory=list)
    high: list[Array] = field(default_factory=list)
    cost: list[Array] = field(default_factory=list)
    whole: list[Array] = field(default_factory=list)
    count: int = 0

    def add(self, size: int, low: Any, high: Any, cost: Any = 0.0, *, whole: bool = False) -> Array:
        """Add columns with these limits and costs; return their indices."""
        for values, value in ((self.low, low), (self.high, high), (self.cost, cost)):
            values.append(np.broadcast_to(np.asarray(value, dtype=float), size))
        self.whole.append(np.full(size, whole))
        self.count += size
        return np.arange(self.count - size, self.count)


@dataclass
class Rows:
    """The rows of a model, and what is in them."""

    low: list[Array] = field(default_factory=list)
    high: list[Array] = field(default_factory=list)
    entries: list[tuple[Array, Array, Array]] = field(default_factory=list)
    count: int = 0

    def add(self, terms: Sequence[tuple[Any, Array]], low: Any, high: Any, where: Array | None = None) -> Array:
        """A row for each period (of those in ``where``): the sum of factors times columns, between two values."""
        size = len(terms[0][1])
        where = np.ones(size, dtype=bool) if where is None else where
        rows = np.full(size, -1)
        rows[where] = np.arange(self.count, self.count + int(where.sum()))
        self.count += int(where.sum())
        for values, value in ((self.low, low), (self.high, high)):
            values.append(np.broadcast_to(np.asarray(value, dtype=float), size)[where])
        for factor, columns in terms:
            self.put(rows, factor, columns)
        return rows

    def put(self, rows: Array, factor: Any, columns: Array) -> None:
        """Add terms to rows; those without a row, a column or a factor are left out."""
        factors = np.broadcast_to(np.asarray(factor, dtype=float), len(columns))
        kept = (rows >= 0) & (columns >= 0) & (factors != 0)
        self.entries.append((rows[kept], columns[kept], factors[kept]))


def add_start_costs(plant: Plant, h: Fraction, columns: Columns, rows: Rows, v: Array, w: Array) -> None:
    """What starts after short rests save; ``v`` costs as much as after the longest.

    Each start is matched to the stop before it (Knueven, Ostrowski, Watson), or where rests are long, to a category of
    starts (Morales-España, Latorre, Ramos).
    """
    costs = plant.start_costs
    if len(costs) < 2 or costs[0][1] == costs[-1][1]:
        return
    size, dearest = len(v), costs[-1][1]
    first, end = max(1, plant.min_down), min(size, ceil(costs[-1][0] / h))
    initial = plant.initial
    from_before = [
        None if initial is None or initial.on or initial.hours is None else initial.hours + t * h for t in range(size)
    ]
    saved_from_before = np.array(
        [0.0 if rest is None else float(plant.start_cost(rest) - dearest) for rest in from_before]
    )
    matches = list[Array]()
    if end - first <= MOST_MATCHED:
        stops = list[Array]()
        for rest in range(first, end):
            match = np.full(size, -1)
            match[rest:] = columns.add(size - rest, 0.0, 1.0, float(plant.start_cost(rest * h) - dearest))
            matches.append(match)
            stops.append(earlier(match, -rest))
        soon = saved_from_before < 0
        if soon.any():
            match = np.full(size, -1)
            match[soon] = columns.add(int(soon.sum()), 0.0, 1.0, saved_from_before[soon])
            matches.append(match)
            # Only the first start follows the stop before the first period.
            rows.add([(1.0, match[t : t + 1]) for t in np.flatnonzero(soon)], -kHighsInf, 1.0)
        if stops:
            rows.add([*((1.0, stop) for stop in stops), (-1.0, w)], -kHighsInf, 0.0)
    else:
        for cost in sorted({cost for _, cost in costs if cost < dearest}):
            rests = [rest for rest in range(first, end) if plant.start_cost(rest * h) == cost]
            soon = saved_from_before == float(cost - dearest)
            terms = [(-1.0, earlier(w, rest)) for rest in rests]
            useful = soon | np.any([column >= 0 for _, column in terms], axis=0) if terms else soon
            match = np.full(size, -1)
            match[useful] = columns.add(int(useful.sum()), 0.0, 1.0, float(cost - dearest))
            rows.add([(1.0, match), *terms], -kHighsInf, soon.astype(float), useful)
            matches.append(match)
    if matches:
        rows.add([*((1.0, match) for match in matches), (-1.0, v)], -kHighsInf, 0.0)


def earlier(columns: Array, periods: int) -> Array:
    """The columns of so many periods before (after, if negative); -1 where there are none."""
    shifted = np.full(len(columns), -1)
    if periods >= 0:
        shifted[periods:] = columns[: max(0, len(columns) - periods)]
    else:
        shifted[:periods] = columns[-periods:]
    return shifted
