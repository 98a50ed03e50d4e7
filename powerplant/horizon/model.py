"""The mixed-integer model of a horizon, as arrays for HiGHS.

Three binaries a plant and period (Morales-España, Latorre, Ramos 2013): on ``u``, start ``v``, stop ``w``; the output
is ``least u + q``. Minimum times are sums of starts and stops (Rajan, Takriti 2005); limits and ramps are tightened by
starts and stops; a start's cost depends on the stop before it (``d``, Morales-España); pieces of a cost curve are
tightened like limits. Knueven, Ostrowski, Watson (2020) compare these formulations. Outputs are in steps, costs in
euro.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, gcd, lcm
from typing import Any

import numpy as np
from highspy import HighsLp, HighsVarType, MatrixFormat

from powerplant.horizon.formulation import HorizonInstance, Market, Plant, Storage, must_be_on
from powerplant.horizon.plan import Plan

Array = Any
"""A NumPy array."""

INFINITY = float("inf")

LARGEST_COEFFICIENT = 10_000
"""Of the energy of a storage, in a unit in which it is whole."""

MARGIN = Fraction(1, 10_000)
"""Steps of charge by which the limits of another storage are narrower in the model."""

LONG = 8
"""Terms of a sum of starts or stops that stands in each row; a longer one is a column of its own."""

SMALL = 100
"""Plants times periods of a small model."""


class _Columns:
    """The columns of the model: bounds and costs."""

    def __init__(self) -> None:
        self.low: list[Array] = []
        self.high: list[Array] = []
        self.cost: list[Array] = []
        self.count = 0

    def add(self, low: Any, high: Any, cost: Any, size: int) -> Array:
        """Add columns; returns their indices."""
        for kept, value in ((self.low, low), (self.high, high), (self.cost, cost)):
            kept.append(np.broadcast_to(np.asarray(value, dtype=float), size))
        self.count += size
        return np.arange(self.count - size, self.count)


class _Rows:
    """The rows of the model, as triplets."""

    def __init__(self) -> None:
        self.columns: list[Array] = []
        self.values: list[Array] = []
        self.rows: list[Array] = []
        self.low: list[Array] = []
        self.high: list[Array] = []
        self.count = 0

    def add(self, terms: list[tuple[Any, Array]], low: Any, high: Any) -> Array:
        """Add rows: the i-th is the sum of ``value[i] * column[i]`` of all terms; a column of -1 is left out."""
        size = len(terms[0][1])
        rows = np.arange(self.count, self.count + size)
        for value, column in terms:
            values = np.broadcast_to(np.asarray(value, dtype=float), size)
            used = (column >= 0) & (values != 0)
            self.columns.append(column[used])
            self.values.append(values[used])
            self.rows.append(rows[used])
        for kept, bound in ((self.low, low), (self.high, high)):
            kept.append(np.broadcast_to(np.asarray(bound, dtype=float), size))
        self.count += size
        return rows

    def extend(self, row: Array, value: Any, column: Array) -> None:
        """Add terms to rows that are there."""
        self.rows.append(row)
        self.values.append(np.broadcast_to(np.asarray(value, dtype=float), len(column)))
        self.columns.append(column)


class Model:
    """The model of an instance; with ``shortage``, that of its least shortage.

    With ``on_grid`` cost curves bend at whole steps only: that takes more columns, and outputs are more often whole.

    Attributes:
        on, start, stop, above: the columns of u, v, w and q, a row a plant.
        least: steps that a plant gives at least where it is on.
        lost: columns of lost load; empty where the load must be met.
        short, surplus: columns of missing and of surplus power; empty without ``shortage``.
        short_up, short_down: columns of missing reserve, likewise.
    """

    def __init__(self, instance: HorizonInstance, *, shortage: bool = False, on_grid: bool = False) -> None:
        self.instance, self._on_grid = instance, on_grid
        self._columns, self._rows = _Columns(), _Rows()
        self.offset = 0.0
        self._totals: dict[int, Array] = {}
        count, size = len(instance.plants), len(instance.load)
        self.on, self.start, self.stop, self.above = (np.full((count, size), -1) for _ in range(4))
        self.least = np.array([plant.least for plant in instance.plants], dtype=float).reshape(count, size)
        price = 0.0 if shortage else 1.0
        rows = self._rows
        self.balance = rows.add([(0.0, np.full(size, -1))], instance.load, instance.load)
        self.reserve_up: Array
        self.reserve_down: Array
        self.reserve_up, self.reserve_down = (
            rows.add([(0.0, np.full(size, -1))], [float(each if shortage else ceil(each)) for each in needed], INFINITY)
            if any(needed)
            else None
            for needed in (instance.reserve_up, instance.reserve_down)
        )
        for i, plant in enumerate(instance.plants):
            self._add(i, plant, price)
        self.charge, self.discharge, self.charging = (np.full((len(instance.storages), size), -1) for _ in range(3))
        for i, storage in enumerate(instance.storages):
            self._add_storage(i, storage, price)
        self.buy, self.sell = np.array([], dtype=int), np.array([], dtype=int)
        if instance.market is not None:
            self._add_market(instance.market, price)
        hours = float(instance.hours)
        self.lost = self._slack(
            self.balance, 1.0, instance.load, float(instance.lost_load or 0) * price, instance.lost_load is not None
        )
        self.short = self._slack(self.balance, 1.0, INFINITY, hours, shortage)
        self.surplus = self._slack(self.balance, -1.0, INFINITY, hours, shortage)
        self.short_up = self._slack(self.reserve_up, 1.0, INFINITY, hours, shortage)
        self.short_down = self._slack(self.reserve_down, 1.0, INFINITY, hours, shortage)

    def _slack(self, rows: Array | None, sign: float, high: Any, cost: float, wanted: bool) -> Array:
        if rows is None or not wanted:
            return np.array([], dtype=int)
        columns = self._columns.add(0.0, high, cost, len(rows))
        self._rows.extend(rows, sign, columns)
        return columns

    def _add_storage(self, i: int, storage: Storage, price: float) -> None:
        """Add a storage; its energy is counted from the start, in a unit in which it is whole where that is small."""
        columns, rows = self._columns, self._rows
        size = len(self.instance.load)
        unit = Fraction(1, lcm(storage.charged.denominator, storage.discharged.denominator))
        into, out = int(storage.charged / unit), int(storage.discharged / unit)
        common = gcd(into, out) or 1
        unit, into, out = unit * common, into // common, out // common
        low = (storage.energy_min - storage.initial) / unit
        high = (storage.energy_max - storage.initial) / unit
        end = (storage.final_min - storage.initial) / unit
        if max(into, out) > LARGEST_COEFFICIENT:  # floats would not do: in steps of charge, and a little less than all
            scale = storage.charged / unit
            low, high, end = low / scale + MARGIN, high / scale - MARGIN, end / scale + MARGIN
            coefficients = 1.0, float(out / scale)
        else:
            low, high, end, scale = Fraction(ceil(low)), Fraction(floor(high)), Fraction(ceil(end)), Fraction(1)
            coefficients = float(into), float(out)
        lows = np.full(size, min(float(low), 0.0))
        lows[-1] = max(float(low), float(end))
        value = float(storage.final_value * unit * scale) * price
        costs = np.zeros(size)
        costs[-1] = -value
        energy = columns.add(np.minimum(lows, max(float(high), 0.0)), max(float(high), 0.0), costs, size)
        self.offset -= float(storage.final_value * storage.initial) * price
        charge = self.charge[i] = columns.add(0.0, storage.charge_max, 0.0, size)
        discharge = self.discharge[i] = columns.add(0.0, storage.discharge_max, float(storage.cost) * price, size)
        charging = self.charging[i] = columns.add(0.0, 1.0, 0.0, size)
        before = np.append(-1, energy[:-1])
        rows.add([(1.0, energy), (-1.0, before), (-coefficients[0], charge), (coefficients[1], discharge)], 0.0, 0.0)
        rows.add([(1.0, charge), (-float(storage.charge_max), charging)], -INFINITY, 0.0)
        rows.add([(1.0, discharge), (float(storage.discharge_max), charging)], -INFINITY, float(storage.discharge_max))
        rows.extend(self.balance, -1.0, charge)
        rows.extend(self.balance, 1.0, discharge)

    def _add_market(self, market: Market, price: float) -> None:
        """Add the market. What is bought and sold at once is taken off both later: it costs its fees, or nothing."""
        size = len(self.instance.load)
        buying, selling = (np.array([float(each) for each in prices]) * price for prices in market[:2])
        self.buy = self._columns.add(0.0, np.array(market.buy, dtype=float), buying, size)
        self.sell = self._columns.add(0.0, np.array(market.sell, dtype=float), -selling, size)
        self._rows.extend(self.balance, 1.0, self.buy)
        self._rows.extend(self.balance, -1.0, self.sell)

    def _add(self, i: int, plant: Plant, price: float) -> None:
        """Add a plant: its columns, its rules, its part of balance and reserve."""
        columns, rows = self._columns, self._rows
        size = len(plant.least)
        none = np.full(size, -1)
        least, most = np.array(plant.least, dtype=float), np.array(plant.most, dtype=float)
        can = np.array(plant.can_run)
        runs_on = can & np.append(can[1:], False)  # an outage follows, or nothing: then no shut-down limit holds
        startup = most.copy() if plant.startup is None else np.minimum(most, plant.startup)
        shutdown = most.copy() if plant.shutdown is None else np.minimum(most, plant.shutdown)
        initial = plant.initial
        if initial is None:
            startup[0] = most[0]
        shutdown[~runs_on] = most[~runs_on]

        cost = np.array([float(each) for each in plant.cost]) * price
        base = np.array([float(plant.running_cost(t, plant.least[t])) if can[t] else 0.0 for t in range(size)]) * price
        slope = np.zeros(size) if plant.curve else cost

        forced_on, forced_off = np.array(must_be_on(plant)), ~can
        if initial is not None:
            first = np.arange(size) < initial.left
            if initial.on:
                ends = int(np.argmax(~can)) if not can.all() else size  # an outage ends the minimum up time
                forced_on = forced_on | (first & (np.arange(size) < ends))
            else:
                forced_off = forced_off | first
        u = self.on[i] = columns.add(forced_on.astype(float), (~forced_off).astype(float), base, size)
        start_price = float(plant.start_costs[-1][1]) * price if plant.start_costs else 0.0
        v_high, w_high = (startup >= least) & can, np.ones(size, dtype=bool)
        w_high[1:] = shutdown[:-1] >= least[:-1]
        if initial is None:
            v_high[0] = w_high[0] = False
        elif initial.on:
            v_high[0] = False
            w_high[0] = initial.can_stop or not can[0]
        else:
            w_high[0] = False
        v = self.start[i] = columns.add(0.0, v_high.astype(float), start_price, size)
        w = self.stop[i] = columns.add(0.0, w_high.astype(float), 0.0, size)
        q = self.above[i] = columns.add(0.0, most - least, slope, size)

        # on and off: u(t) - u(t-1) = v(t) - w(t)
        before = np.append(-1, u[:-1])
        was_on = np.zeros(size)
        if initial is not None:
            was_on[0] = float(initial.on)
            rows.add([(1.0, u), (-1.0, before), (-1.0, v), (1.0, w)], was_on, was_on)
        else:
            rows.add([(1.0, u[1:]), (-1.0, before[1:]), (-1.0, v[1:]), (1.0, w[1:])], 0.0, 0.0)

        # minimum times; an outage ends that of a run
        outage_before = np.maximum.accumulate(np.where(can, -1, np.arange(size)))
        begin = np.maximum(np.arange(size) - max(1, plant.up_time), outage_before)
        rows.add([*self._sums(v, begin, np.arange(size)), (-1.0, u)], -INFINITY, 0.0)
        begin = np.arange(size) - max(1, plant.down_time)
        rows.add([*self._sums(w, begin, np.arange(size)), (1.0, u)], -INFINITY, 1.0)

        after = np.append(w[1:], -1)  # the stop in the next period
        after[~runs_on] = -1
        ramp_up = None if plant.ramp_up is None else floor(plant.ramp_up)
        ramp_down = None if plant.ramp_down is None else floor(plant.ramp_down)
        rises = np.zeros(size, dtype=bool)
        if ramp_up is not None:
            rises[1:] = (ramp_up < most[1:] - least[:-1]) & can[1:] & can[:-1]
            rises[0] = _rises_first(plant)
        falls = np.zeros(size, dtype=bool)
        if ramp_down is not None:
            falls[1:] = (ramp_down < most[:-1] - least[1:]) & (most[1:] >= most[:-1]) & can[1:] & can[:-1]
            falls[0] = _falls_first(plant)
        cut_v, cut_w = most - np.maximum(startup, least), most - np.maximum(shutdown, least)
        two_rows = (np.full(size, plant.up_time <= 1)) & (cut_v > 0) & (cut_w > 0) & (after >= 0)

        reserve_up = plant.gives_reserve and self.reserve_up is not None
        reserve_down = plant.gives_reserve and self.reserve_down is not None
        up = none
        if reserve_up:
            needs = rises | two_rows
            up = none.copy()
            up[needs] = columns.add(0.0, most[needs], 0.0, int(needs.sum()))
            self._rows.extend(self.reserve_up[needs], 1.0, up[needs])
            rest = ~needs & can
            self._rows.extend(self.reserve_up[rest], (most - least)[rest], u[rest])
            self._rows.extend(self.reserve_up[rest], -cut_v[rest], v[rest])
            ends = rest & (after >= 0)
            self._rows.extend(self.reserve_up[ends], -cut_w[ends], after[ends])
            self._rows.extend(self.reserve_up[rest], -1.0, q[rest])
        down = none
        if reserve_down:
            down = none.copy()
            down[falls] = columns.add(0.0, most[falls], 0.0, int(falls.sum()))
            self._rows.extend(self.reserve_down[falls], 1.0, down[falls])
            rest = ~falls & can
            self._rows.extend(self.reserve_down[rest], 1.0, q[rest])
            rows.add([(1.0, down[falls]), (-1.0, q[falls])], -INFINITY, 0.0)

        # limits: q + reserve <= (most - least) u, less in the first and the last period on
        only_w = np.where(two_rows, np.maximum(cut_w - cut_v, 0), cut_w)
        terms = [(1.0, q), (1.0, up), (least - most, u), (cut_v, v), (only_w, after)]
        rising, falling = self._rising(plant, v, startup), self._falling(plant, w, shutdown)
        rows.add([*terms, *((np.maximum(most - level, 0), column) for level, column in rising)], -INFINITY, 0.0)
        if falling:
            terms = [(1.0, q), (least - most, u), (cut_v, v), (cut_w, after)]
            rows.add([*terms, *((np.maximum(most - level, 0), column) for level, column in falling)], -INFINITY, 0.0)
        if two_rows.any():
            s = two_rows
            less_v = np.maximum(cut_v - cut_w, 0)
            terms = [(1.0, q[s]), (1.0, up[s]), ((least - most)[s], u[s]), (cut_w[s], after[s]), (less_v[s], v[s])]
            rows.add(terms, -INFINITY, 0.0)

        # ramps
        if ramp_up is not None and rises[1:].any():
            s = np.flatnonzero(rises[1:]) + 1
            low, low_before = least[s], least[s - 1]
            terms = [
                (1.0, q[s]),
                (1.0, up[s]),
                (-1.0, q[s - 1]),
                (-(ramp_up + low_before - low), u[s]),
                (-(startup[s] - ramp_up - low_before), v[s]),
            ]
            rows.add(terms, -INFINITY, 0.0)
        if rises[0] and initial is not None and plant.ramp_up is not None:
            top = floor(initial.p + plant.ramp_up)
            rows.add([(1.0, q[:1]), (1.0, up[:1]), (least[0] - top, u[:1])], -INFINITY, 0.0)
        if ramp_down is not None and falls[1:].any():
            s = np.flatnonzero(falls[1:]) + 1
            low, low_before = least[s], least[s - 1]
            terms = [
                (1.0, q[s - 1]),
                (-1.0, q[s]),
                (1.0, down[s]),
                (-(ramp_down + low - low_before), u[s - 1]),
                (-(shutdown[s - 1] - ramp_down - low), w[s]),
            ]
            rows.add(terms, -INFINITY, 0.0)
        if falls[0] and initial is not None and plant.ramp_down is not None:
            bottom = ceil(initial.p - plant.ramp_down)
            rows.add([(-1.0, q[:1]), (1.0, down[:1]), (bottom - least[0], u[:1])], -INFINITY, 0.0)

        self._start_costs(plant, v, w, price)
        if plant.curve:
            self._curve(plant, u, v, after, q, cost, startup, shutdown, two_rows, price)
        self._rows.extend(self.balance, 1.0, q)
        self._rows.extend(self.balance, least, u)

    @staticmethod
    def _rising(plant: Plant, v: Array, startup: Array) -> list[tuple[Array, Array]]:
        """The most output some periods after a start, for the ramp, with the column of the start (Pan, Guan 2016).

        Within the minimum up time at most one of these starts can be.
        """
        if plant.ramp_up is None:
            return []
        levels = []
        for k in range(1, min(plant.up_time - 1, len(v))):
            level = np.full(len(v), INFINITY)
            level[k:] = np.maximum(startup[:-k], plant.least[: len(v) - k]) + k * floor(plant.ramp_up)
            level[_outage_within(plant, k)] = INFINITY
            if not (level < plant.most).any():
                break
            levels.append((level, _earlier(v, k)))
        return levels

    @staticmethod
    def _falling(plant: Plant, w: Array, shutdown: Array) -> list[tuple[Array, Array]]:
        """The most output some periods before a stop, with the column of the stop."""
        if plant.ramp_down is None:
            return []
        levels = []
        size, most = len(w), np.array(plant.most)
        for k in range(1, min(plant.up_time - 1, size - 1)):
            level = np.full(size, INFINITY)
            until = size - k - 1  # the stop is k + 1 periods later
            level[:until] = np.maximum(shutdown[k : k + until], plant.least[k : k + until]) + k * floor(plant.ramp_down)
            for j in range(k + 1):  # an outage, or a lower limit, frees it from its ramp
                free = np.zeros(size, dtype=bool)
                free[: size - j - 1] = ~np.array(plant.can_run)[j + 1 :] | (most[j + 1 :] < most[j : size - 1])
                level[free] = INFINITY
            if not (level < most).any():
                break
            column = np.full(size, -1)
            column[:until] = w[k + 1 :]
            levels.append((level, column))
        return levels

    def _sums(self, columns: Array, after: Array, until: Array) -> list[tuple[float, Array]]:
        """Terms of the sum of columns from the period after one to another, for each row.

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
            totals = self._totals[key] = self._columns.add(0.0, INFINITY, 0.0, size)
            self._rows.add([(1.0, totals), (-1.0, np.append(-1, totals[:-1])), (-1.0, columns)], 0.0, 0.0)
        totals = self._totals[key]
        empty = until <= after
        return [
            (sign, np.where((place >= 0) & ~empty, totals[np.maximum(place, 0)], -1))
            for sign, place in ((1.0, until), (-1.0, after))
        ]

    def _start_costs(self, plant: Plant, v: Array, w: Array, price: float) -> None:
        """A start soon after a stop costs less than the last entry: ``d`` says which stop it follows."""
        entries = plant.start_costs
        if len(entries) < 2 or not price:
            return
        hours, size = self.instance.hours, len(v)
        last = float(entries[-1][1])
        terms: list[tuple[float, Array]] = []
        for k, (after, cost) in enumerate(entries[:-1]):
            first = 1 if k == 0 else max(1, ceil(after / hours))
            end = ceil(entries[k + 1][0] / hours)  # the next entry holds from here
            soon = np.zeros(size)
            if plant.initial is not None and not plant.initial.on and plant.initial.hours is not None:
                so_long = [plant.initial.hours + t * hours for t in range(size)]
                soon = np.array(
                    [float(plant.start_cost(each) == cost and each < entries[k + 1][0]) for each in so_long]
                )
            last_stop = np.arange(size) - first
            stops = self._sums(w, np.arange(size) - end, last_stop)
            useful = (soon > 0) | ((last_stop >= 0) & (end > first))
            if not useful.any():
                continue
            d = np.full(size, -1)
            d[useful] = self._columns.add(0.0, 1.0, float(cost) - last, int(useful.sum()))
            self._rows.add(
                [(1.0, d[useful]), *((-value, column[useful]) for value, column in stops)], -INFINITY, soon[useful]
            )
            terms.append((1.0, d))
        if terms:
            self._rows.add([*terms, (-1.0, v)], -INFINITY, 0.0)

    def _curve(
        self,
        plant: Plant,
        u: Array,
        v: Array,
        after: Array,
        q: Array,
        cost: Array,
        startup: Array,
        shutdown: Array,
        two_rows: Array,
        price: float,
    ) -> None:
        """Split q into the pieces of a cost curve."""
        least, most = np.array(plant.least, dtype=float), np.array(plant.most, dtype=float)
        pieces: list[tuple[float, Array]] = []
        for (start, low), (end, high) in pairwise(plant.curve_on_grid if self._on_grid else plant.curve):
            a, b = np.maximum(float(start), least), np.minimum(float(end), most)
            width = np.maximum(b - a, 0.0)
            s = width > 0
            if not s.any():
                continue
            slope = float((high - low) / (end - start)) * price
            piece = np.full(len(q), -1)
            piece[s] = self._columns.add(0.0, width[s], slope + cost[s], int(s.sum()))
            pieces.append((-1.0, piece))
            cut_v = width - np.clip(startup - a, 0.0, width)
            cut_w = width - np.clip(shutdown - a, 0.0, width)
            less_w = np.where(two_rows, np.maximum(cut_w - cut_v, 0.0), cut_w)
            self._rows.add(
                [(1.0, piece[s]), (-width[s], u[s]), (cut_v[s], v[s]), (less_w[s], after[s])], -INFINITY, 0.0
            )
        if pieces:
            self._rows.add([(1.0, q), *pieces], 0.0, 0.0)

    @property
    def is_small(self) -> bool:
        """Whether it is solved at once, without presolve and on the grid."""
        return self.on.size + self.charge.size + self.buy.size <= SMALL

    # --- For HiGHS ---------------------------------------------------------------------------------------------------

    def lp(self, *, whole_outputs: bool = False) -> HighsLp:
        """The model; with ``whole_outputs``, outputs are whole steps."""
        columns, rows = self._columns, self._rows
        lp = HighsLp()
        lp.num_col_, lp.num_row_, lp.offset_ = columns.count, rows.count, self.offset
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.concatenate, (columns.cost, columns.low, columns.high))
        lp.row_lower_, lp.row_upper_ = np.concatenate(rows.low), np.concatenate(rows.high)
        row, column, value = map(np.concatenate, (rows.rows, rows.columns, rows.values))
        order = np.argsort(column, kind="stable")
        lp.a_matrix_.format_ = MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(np.bincount(column, minlength=columns.count))))
        lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order], value[order]
        lp.integrality_ = [
            HighsVarType.kInteger if whole else HighsVarType.kContinuous for whole in self.whole(outputs=whole_outputs)
        ]
        return lp

    def whole(self, *, outputs: bool = False) -> Array:
        """Which columns are whole numbers."""
        whole = np.zeros(self._columns.count, dtype=bool)
        for columns in (self.on, self.start, self.stop, self.charging):
            whole[columns.ravel()] = True
        if outputs:
            whole[self.outputs] = True
        return whole

    def decisions(self, plan: Plan) -> tuple[Array, Array]:
        """All columns that are whole numbers, and their values in a plan."""
        on = np.array(plan.on, dtype=float).reshape(self.on.shape)
        states = [plant.initial for plant in self.instance.plants]
        before = [row[0] if state is None else state.on for state, row in zip(states, plan.on, strict=True)]
        change = np.diff(on, axis=1, prepend=np.array(before, dtype=float).reshape(-1, 1))
        charging = (np.array(plan.charge, dtype=float).reshape(self.charging.shape) > 0).astype(float)
        columns = (self.on, self.start, self.stop, self.charging)
        values = (on, np.maximum(change, 0), np.maximum(-change, 0), charging)
        return np.concatenate([c.ravel() for c in columns]), np.concatenate([v.ravel() for v in values])

    @property
    def outputs(self) -> Array:
        """The columns that are whole steps on the grid."""
        both = (self.above, self.charge, self.discharge, self.buy, self.sell)
        return np.concatenate([columns.ravel() for columns in both])

    def plan(self, values: Array) -> Plan:
        """The plan of a solution, rounded to whole steps. What is bought and sold at once is taken off both."""
        on = np.round(values[self.on]).astype(int)
        p = np.round(values[self.above] + self.least * values[self.on]).astype(int)
        p[on == 0] = 0
        charge, discharge, buy, sell = (
            np.round(values[columns]).astype(int) for columns in (self.charge, self.discharge, self.buy, self.sell)
        )
        both = np.minimum(buy, sell)
        buy, sell = buy - both, sell - both
        lost = np.round(values[self.lost]).astype(int) if self.lost.size else np.zeros(self.on.shape[1], dtype=int)
        rows = [tuple(map(tuple, array.tolist())) for array in (on, p, charge, discharge)]
        return Plan(rows[0], rows[1], tuple(lost.tolist()), rows[2], rows[3], tuple(buy.tolist()), tuple(sell.tolist()))


def _outage_within(plant: Plant, periods: int) -> Array:
    """For each period, whether the plant cannot run in it or in so many periods before."""
    cannot = ~np.array(plant.can_run)
    within = cannot.copy()
    for k in range(1, periods + 1):
        within[k:] |= cannot[:-k]
    return within


def _rises_first(plant: Plant) -> bool:
    """Whether its ramp limits how far a plant can rise from its state before into the first period."""
    initial = plant.initial
    if initial is None or plant.ramp_up is None or not initial.on or not plant.can_run[0]:
        return False
    return initial.p + plant.ramp_up < plant.most[0]


def _falls_first(plant: Plant) -> bool:
    """Whether its ramp limits how far a plant can fall from its state before into the first period."""
    initial = plant.initial
    if initial is None or plant.ramp_down is None or not initial.on or not plant.can_run[0]:
        return False
    return plant.most[0] >= initial.p and initial.p - plant.ramp_down > plant.least[0]


def _earlier(columns: Array, periods: int) -> Array:
    """The columns of so many periods before; -1 before the first."""
    if not periods:
        return columns
    return np.concatenate((np.full(min(periods, len(columns)), -1), columns[:-periods]))
