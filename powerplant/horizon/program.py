"""Columns and rows of a mixed-integer programme, as arrays for HiGHS."""

from __future__ import annotations

from typing import Any

import numpy as np
from highspy import HighsLp, HighsVarType, MatrixFormat

Array = Any
"""A NumPy array."""

INFINITY = float("inf")

LONG = 8
"""Most terms of a sum that is written in each row; longer sums use columns of their own."""

Terms = list[tuple[Any, Array]]
"""Terms of a family of rows: the row ``i`` has the sum of ``value[i] * column[i]``. A column of -1 is left out."""


class Program:
    """A mixed-integer programme that is minimised. Columns and rows are added in families, mostly one for each period.

    Attributes:
        columns: how many there are.
        rows: how many there are.
        offset: a constant part of the cost.
    """

    def __init__(self) -> None:
        self.columns = self.rows = 0
        self.offset = 0.0
        self._low: list[Array] = []
        self._high: list[Array] = []
        self._cost: list[Array] = []
        self._row_low: list[Array] = []
        self._row_high: list[Array] = []
        self._entries: list[tuple[Array, Array, Array]] = []  # row, column, value
        self._totals: dict[int, Array] = {}

    def add_columns(self, low: Any, high: Any, cost: Any, size: int) -> Array:
        """Add columns with these limits and costs; returns their indices."""
        for kept, value in ((self._low, low), (self._high, high), (self._cost, cost)):
            kept.append(np.full(size, value, dtype=float))
        self.columns += size
        return np.arange(self.columns - size, self.columns)

    def add_rows(self, terms: Terms, low: Any, high: Any) -> Array:
        """Add rows, whose sums lie between these limits; returns their indices."""
        size = len(terms[0][1])
        rows = np.arange(self.rows, self.rows + size)
        for value, column in terms:
            values = np.full(size, value, dtype=float)
            used = (column >= 0) & (values != 0)
            self._entries.append((rows[used], column[used], values[used]))
        for kept, bound in ((self._row_low, low), (self._row_high, high)):
            kept.append(np.full(size, bound, dtype=float))
        self.rows += size
        return rows

    def extend_rows(self, rows: Array, value: Any, columns: Array) -> None:
        """Add terms to existing rows."""
        self._entries.append((rows, columns, np.full(len(columns), value, dtype=float)))

    def sums(self, columns: Array, after: Array, until: Array) -> Terms:
        """For each row, the terms of the sum of the columns in the periods after ``after``, up to ``until``.

        A long sum is the difference of two sums from the first period, which are columns of their own.
        """
        size = len(columns)
        longest = int((until - np.maximum(after, -1)).max(initial=0))
        if longest <= LONG:
            terms = []
            for k in range(longest):
                place = until - k
                terms.append((1.0, np.where((place > after) & (place >= 0), columns[np.maximum(place, 0)], -1)))
            return terms
        key = int(columns[0])
        if key not in self._totals:
            totals = self._totals[key] = self.add_columns(0.0, INFINITY, 0.0, size)
            self.add_rows([(1.0, totals), (-1.0, np.append(-1, totals[:-1])), (-1.0, columns)], 0.0, 0.0)
        totals = self._totals[key]
        empty = until <= after
        return [
            (sign, np.where((place >= 0) & ~empty, totals[np.maximum(place, 0)], -1))
            for sign, place in ((1.0, until), (-1.0, after))
        ]

    def lp(self, whole: Array) -> HighsLp:
        """The programme for HiGHS, with the columns that are whole numbers; O(n log n) for n entries."""
        lp = HighsLp()
        lp.num_col_, lp.num_row_, lp.offset_ = self.columns, self.rows, self.offset
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.concatenate, (self._cost, self._low, self._high))
        lp.row_lower_, lp.row_upper_ = np.concatenate(self._row_low), np.concatenate(self._row_high)
        row, column, value = map(np.concatenate, zip(*self._entries, strict=True))
        order = np.argsort(column, kind="stable")
        lp.a_matrix_.format_ = MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(np.bincount(column, minlength=self.columns))))
        lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order], value[order]
        lp.integrality_ = [HighsVarType.kInteger if is_whole else HighsVarType.kContinuous for is_whole in whole]
        return lp
