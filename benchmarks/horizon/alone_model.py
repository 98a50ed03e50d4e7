"""The rival's model: three binaries for each plant and period, as tight as the literature has it, and no tricks.

After B. Knueven, J. Ostrowski, J.-P. Watson: On mixed-integer programming formulations for the unit commitment
problem, INFORMS Journal on Computing 32(4), 2020. On, start and stop; minimum times of Rajan and Takriti; output above
the minimum with limits tightened by starts and stops (Morales-España, Latorre, Ramos; Gentile, Morales-España, Ramos),
over several periods where a ramp binds (Pan, Guan); ramps of Damcı-Kurt and others; starts matched to the stop before
them or, where rests are long, to a category of starts; pieces of the cost curve tightened as the limits are (Knueven,
Ostrowski, Watson). Each plant for itself: no counts of identical units.

It reads a payload as the tests' oracles do, so that nothing of it is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from highspy import HighsLp, HighsVarType, MatrixFormat, kHighsInf
from horizon.reading import DEFAULTS, Plant, at, exact, read

from benchmarks.horizon.alone_parts import Array, Columns, Rows, add_start_costs, earlier


class RivalModel:
    """The model of a payload: MW and euro.

    Attributes:
        on, above: columns, plants × periods: on, and the output above the lower limit.
        least: MW, plants × periods.
    """

    def __init__(self, payload: Mapping[str, Any], *, steps: int, co2: bool = True) -> None:
        self.horizon = horizon = read(payload, co2=co2, steps=steps)
        self.size, self._payload, self._co2 = horizon.periods, payload, co2
        self._columns, self._rows = Columns(), Rows()
        self._powers: list[Array] = []
        none = [(0.0, np.full(self.size, -1))]
        load = self._megawatts(horizon.load)
        self.balance = self._rows.add(none, load, load)
        self.up = self._rows.add(none, self._megawatts(horizon.up), kHighsInf)
        self.down = self._rows.add(none, self._megawatts(horizon.down), kHighsInf)
        self._needs_up, self._needs_down = any(horizon.up), any(horizon.down)
        given = payload["powerplants"]
        parts = [self._plant(plant, members) for plant, members in zip(horizon.plants, given, strict=True)]
        self.on, self.above, self.least = (np.array([part[i] for part in parts]) for i in range(3))
        if horizon.lost_load is not None:
            price = float(horizon.lost_load * horizon.h)
            self._rows.put(self.balance, 1.0, self._columns.add(self.size, 0.0, load, price))

    def _megawatts(self, values: Sequence[Any]) -> Array:
        return np.array([float(Fraction(value) / self.horizon.steps) for value in values])

    def _plant(self, plant: Plant, members: Mapping[str, Any]) -> tuple[Array, Array, Array]:
        size, columns, rows = self.size, self._columns, self._rows
        runs = np.array(plant.runs)
        low, high = self._megawatts(plant.low) * runs, self._megawatts(plant.high) * runs
        span = high - low
        startup, shutdown = (
            np.array(
                [h if limit is None else min(h, float(Fraction(limit) / self.horizon.steps)) for limit, h in pairs]
            )
            for pairs in (
                list(zip(plant.startup_limit, high, strict=True)),
                list(zip(plant.shutdown_limit, high, strict=True)),
            )
        )
        shutdown[:-1] = np.where(runs[1:], shutdown[:-1], high[:-1])  # before an outage there is no limit
        initial = plant.initial

        # On, start, stop.
        forced, barred = np.array(plant.must), ~runs
        t = np.arange(size)
        until_outage = size if runs.all() else int(np.argmin(runs))
        forced = forced | (t < min(plant.up_left, until_outage))
        barred = barred | (t < plant.down_left)
        base = np.array([float(plant.costs[i][plant.low[i]]) if runs[i] else 0.0 for i in t])
        dearest = float(plant.start_costs[-1][1]) if plant.start_costs else 0.0
        u = columns.add(size, forced, ~barred, base, whole=True)
        v_high, w_high = runs & (startup >= low), np.ones(size, dtype=bool)
        w_high[1:] = (shutdown >= low)[:-1] | ~runs[1:]
        v_high[0] = v_high[0] and initial is not None and not initial.on
        w_high[0] = initial is not None and initial.on and (plant.may_stop_at_once or not runs[0])
        v = columns.add(size, 0.0, v_high, dearest, whole=True)
        w = columns.add(size, 0.0, w_high, whole=True)
        first = np.zeros(size)
        first[0] = float(initial.on) if initial is not None else 0.0
        where = np.ones(size, dtype=bool)
        where[0] = initial is not None
        rows.add([(1.0, u), (-1.0, earlier(u, 1)), (-1.0, v), (1.0, w)], first, first, where)

        # Minimum times; an outage ends a time on.
        last_outage = np.maximum.accumulate(np.where(runs, -1, t))
        starts = [(1.0, np.where(t - k > last_outage, earlier(v, k), -1)) for k in range(max(1, plant.min_up))]
        rows.add([*starts, (-1.0, u)], -kHighsInf, 0.0)
        rows.add([*((1.0, earlier(w, k)) for k in range(max(1, plant.min_down))), (1.0, u)], -kHighsInf, 1.0)

        slopes = np.array([0.0 if plant.curve else float(cost * self.horizon.h) for cost in plant.marginal])
        q = columns.add(size, 0.0, span, slopes)
        self._powers.append(q)
        rows.put(self.balance, 1.0, q)
        rows.put(self.balance, low, u)
        after = earlier(w, -1)
        unit = _Unit(low, high, startup, shutdown, runs, u, v, w, after, q)
        self._limits(plant, unit)
        add_start_costs(plant, self.horizon.h, columns, rows, v, w)
        if plant.curve:
            self._curve(plant, members, unit)
        return u, q, low

    def _limits(self, plant: Plant, unit: _Unit) -> None:
        """Limits, ramps and reserve."""
        rows, columns = self._rows, self._columns
        low, high, startup, shutdown, runs, u, v, w, after, q = unit.all
        span, cut_v, cut_w = unit.high - unit.low, unit.high - startup, unit.high - shutdown
        size, t = self.size, np.arange(self.size)
        hours_steps = Fraction(self.horizon.steps)
        ramp_up = None if plant.ramp_up is None else float(plant.ramp_up / hours_steps)
        ramp_down = None if plant.ramp_down is None else float(plant.ramp_down / hours_steps)
        both = np.zeros(size, dtype=bool)
        both[1:] = runs[1:] & runs[:-1]
        low_before, high_before = (np.concatenate(([0.0], values[:-1])) for values in (low, high))
        shutdown_before = np.concatenate(([0.0], shutdown[:-1]))
        rises = both & (high - low_before > ramp_up) if ramp_up is not None else np.zeros(size, dtype=bool)
        falls = np.zeros(size, dtype=bool)
        if ramp_down is not None:
            falls = both & np.array([plant.ramp_down_binds(i) for i in range(size)]) & (high_before - low > ramp_down)
        initial = plant.initial
        before = float(initial.p / hours_steps) if initial is not None and initial.on else None
        first_up = bool(runs[0] and before is not None and ramp_up is not None and before + ramp_up < high[0])
        first_down = bool(
            runs[0]
            and before is not None
            and ramp_down is not None
            and plant.ramp_down_binds(0)
            and before - ramp_down > low[0]
        )

        # What reserve is: a column where ramps or two limits bind it; else what the limit leaves.
        two = np.full(size, plant.min_up <= 1) & (cut_v > 0) & (cut_w > 0) & (after >= 0)
        up = np.full(size, -1)
        later = _later_limits(plant, unit, ramp_up, ramp_down)
        if self._needs_up and plant.reserve:
            own = runs & (rises | two | later.binds | (first_up & (t == 0)))
            up[own] = columns.add(int(own.sum()), 0.0, span[own])
            self._powers.append(up[own])
            rows.put(self.up, 1.0, up)
            rest = runs & ~own
            for factor, column in ((span, u), (-cut_v, v), (-cut_w, after), (-1.0, q)):
                rows.put(self.up, factor * rest, column)
        down = np.full(size, -1)
        if self._needs_down and plant.reserve:
            own = falls | (first_down & (t == 0))
            down[own] = columns.add(int(own.sum()), 0.0, span[own])
            self._powers.append(down[own])
            rows.put(self.down, 1.0, down)
            rows.put(self.down, 1.0 * (runs & ~own), q)
            rows.add([(1.0, down), (-1.0, q)], -kHighsInf, 0.0, own)

        less_w = np.where(two, np.maximum(cut_w - cut_v, 0.0), cut_w)
        more = [(1.0, q), (1.0, up), (-span, u)]
        rows.add([*more, (cut_v, v), (less_w, after), *later.starts], -kHighsInf, 0.0)
        rows.add([*more, (np.maximum(cut_v - cut_w, 0.0), v), (cut_w, after)], -kHighsInf, 0.0, two)
        if later.stops:
            rows.add([(1.0, q), (-span, u), (cut_v, v), (cut_w, after), *later.stops], -kHighsInf, 0.0)

        if ramp_up is not None:
            rise = ramp_up + low_before - low
            terms = [(1.0, q), (1.0, up), (-1.0, earlier(q, 1)), (-rise, u), (rise - startup + low, v)]
            rows.add(terms, -kHighsInf, 0.0, rises)
            if first_up and before is not None:
                rows.add([(1.0, q), (1.0, up), (-(before + ramp_up - low), u)], -kHighsInf, 0.0, t == 0)
        if ramp_down is not None:
            fall = ramp_down + low - low_before
            terms = [(1.0, earlier(q, 1)), (-1.0, q), (1.0, down), (-fall, earlier(u, 1))]
            rows.add([*terms, (fall - shutdown_before + low_before, w)], -kHighsInf, 0.0, falls)
            if first_down and before is not None:
                rows.add([(-1.0, q), (1.0, down), (before - ramp_down - low, u)], -kHighsInf, 0.0, t == 0)

    def _curve(self, plant: Plant, members: Mapping[str, Any], unit: _Unit) -> None:
        """The cost of output above the minimum, in pieces of the curve."""
        low, high, startup, shutdown, runs, u, v, _, after, q = unit.all
        h, fuels = self.horizon.h, self._payload["fuels"]
        known = DEFAULTS.get(members["type"], {}) | dict(members)
        tonnes = exact(known.get("co2(ton/MWh)", 0)) if self._co2 else Fraction(0)
        emission = [tonnes * exact(at(fuels.get("co2(euro/ton)", 0), t)) for t in range(self.size)]
        pieces = []
        two = (plant.min_up <= 1) & (high > startup) & (high > shutdown)
        for start, end in pairwise(members["cost_curve"]):
            a, b = (np.clip(point["p"], low, high) for point in (start, end))
            width = (b - a) * runs
            slope = (exact(end["cost"]) - exact(start["cost"])) / (exact(end["p"]) - exact(start["p"]))
            costs = np.array([float((slope + more) * h) for more in emission])
            piece = np.full(self.size, -1)
            there = width > 0
            piece[there] = self._columns.add(int(there.sum()), 0.0, width[there], costs[there])
            pieces.append((-1.0, piece))
            cut_v, cut_w = width - np.clip(startup - a, 0.0, width), width - np.clip(shutdown - a, 0.0, width)
            less_w = np.where(two, np.maximum(cut_w - cut_v, 0.0), cut_w)
            self._rows.add([(1.0, piece), (-width, u), (cut_v, v), (less_w, after)], -kHighsInf, 0.0, there)
            less_v = np.maximum(cut_v - cut_w, 0.0)
            self._rows.add([(1.0, piece), (-width, u), (less_v, v), (cut_w, after)], -kHighsInf, 0.0, there & two)
        self._rows.add([(1.0, q), *pieces], 0.0, 0.0)

    def lp(self, *, whole_outputs: bool = False) -> HighsLp:
        """The model for HiGHS; with ``whole_outputs``, outputs and reserves are whole MW."""
        columns, rows = self._columns, self._rows
        lp = HighsLp()
        lp.num_col_, lp.num_row_ = columns.count, rows.count
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.concatenate, (columns.cost, columns.low, columns.high))
        lp.row_lower_, lp.row_upper_ = np.concatenate(rows.low), np.concatenate(rows.high)
        row, column, value = (np.concatenate(part) for part in zip(*rows.entries, strict=True))
        order = np.argsort(column, kind="stable")
        lp.a_matrix_.format_ = MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate(([0], np.cumsum(np.bincount(column, minlength=columns.count))))
        lp.a_matrix_.index_, lp.a_matrix_.value_ = row[order], value[order]
        kinds = (HighsVarType.kContinuous, HighsVarType.kInteger)
        whole = np.concatenate(columns.whole)
        if whole_outputs:
            whole[np.concatenate(self._powers)] = True
        lp.integrality_ = [kinds[int(each)] for each in whole]
        return lp


@dataclass
class _Unit:
    """The limits of a plant in MW, and its columns, by period."""

    low: Array
    high: Array
    startup: Array
    shutdown: Array
    runs: Array
    u: Array
    v: Array
    w: Array
    after: Array
    q: Array

    @property
    def all(self) -> tuple[Array, ...]:
        return tuple(vars(self).values())


@dataclass
class _Later:
    """Terms that lower the limit some periods after a start, or before a stop; and where the former do."""

    starts: list[tuple[Array, Array]]
    stops: list[tuple[Array, Array]]
    binds: Array


def _later_limits(plant: Plant, unit: _Unit, ramp_up: float | None, ramp_down: float | None) -> _Later:
    """Pan and Guan: what a ramp leaves k periods after a start or before a stop, while the minimum time lasts."""
    low, high, startup, shutdown, runs, _, v, w, _, _ = unit.all
    size = len(v)
    starts, stops, binds = [], [], np.zeros(size, dtype=bool)
    for k in range(1, min(plant.min_up - 1, size - 1)):
        # Only where the plant can run and its limits stay as they are from the start on: else the limit is looser.
        same = runs.copy()
        for j in range(1, k + 1):
            same[j:] &= runs[:-j] & (low[j:] == low[:-j]) & (high[j:] == high[:-j])
        if ramp_up is not None:
            cut = np.where(
                same & (np.arange(size) >= k), high - np.concatenate((high[:k], startup[:-k])) - k * ramp_up, 0.0
            )
            cut = np.maximum(cut, 0.0)
            if cut.any():
                starts.append((cut, earlier(v, k)))
                binds |= cut > 0
        if ramp_down is not None:
            until = size - k - 1
            cut, column = np.zeros(size), np.full(size, -1)
            fits = np.zeros(size, dtype=bool)
            fits[:until] = same[k : k + until] & runs[k + 1 :]
            cut[:until] = high[:until] - shutdown[k : k + until] - k * ramp_down
            cut = np.maximum(np.where(fits, cut, 0.0), 0.0)
            column[:until] = w[k + 1 :]
            if cut.any():
                stops.append((cut, column))
    return _Later(starts, stops, binds)
