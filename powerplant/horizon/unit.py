"""The columns and rows of one plant, or of some identical plants, in the mixed-integer model of a horizon.

There are three binaries for each period (Morales-España, Latorre, Ramos 2013): on ``u``, start ``v``, stop ``w``. The
output is ``least u + q``. Minimum times are sums of starts and stops (Rajan, Takriti 2005). Starts and stops tighten
limits and ramps (Pan, Guan 2016), and the pieces of a cost curve. The cost of a start depends on the stop before it
(``d``, Morales-España). Knueven, Ostrowski, Watson (2020) compare these formulations. For identical plants ``u``, ``v``
and ``w`` are counts, and each row is the sum of their rows.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

import numpy as np

from powerplant.horizon.instance import HorizonInstance, Plant
from powerplant.horizon.program import INFINITY, Array, Program
from powerplant.horizon.schedules import must_be_on


class Unit:
    """The columns and rows of one plant, or of some identical plants. Outputs are in steps, costs in euro.

    Args:
        program: where they are added.
        instance: the horizon.
        plant: the plant.
        count: how many identical plants there are.
        price: 1, or 0 if costs do not count.
        reserve_up, reserve_down: the rows of the reserve; ``None`` if none is needed.
        for_outputs: whether the model is for a commitment that keeps the minimum times.

    Attributes:
        u, v, w, q: the columns of on, start, stop, and of the output above the least.
    """

    def __init__(
        self,
        program: Program,
        instance: HorizonInstance,
        plant: Plant,
        count: int,
        price: float,
        reserve_up: Array | None,
        reserve_down: Array | None,
        *,
        for_outputs: bool,
    ) -> None:
        self._program, self._plant, self._count, self._price = program, plant, count, price
        self._size = len(plant.least)
        self._read_limits()
        self._read_ramps()
        if plant.curve:
            self._curve = _points(plant, on_grid=for_outputs)
        self._add_columns()
        self._switch_on_and_off()
        self._keep_minimum_times(1 if for_outputs else plant.up_time, 1 if for_outputs else plant.down_time)
        # The stop in the next period: none where an outage follows, or nothing.
        self._after = np.append(self.w[1:], -1)
        self._after[~self._runs_on] = -1
        # With a minimum up time of one period, a start and the next stop each need a row of their own.
        has_cuts = (self._cut_v > 0) & (self._cut_w > 0) & (self._after >= 0)
        self._two_rows = has_cuts & (plant.up_time <= 1)
        up = self._give_reserve_up(reserve_up if plant.gives_reserve else None)
        down = self._give_reserve_down(reserve_down if plant.gives_reserve else None)
        self._limit_output(up)
        self._limit_rise(up)
        self._limit_fall(down)
        if not for_outputs:
            self._price_starts(instance)
        if plant.curve:
            self._price_curve()

    # --- What the plant can do ---------------------------------------------------------------------------------------

    def _read_limits(self) -> None:
        """Limits in each period, also those after a start and before a stop."""
        plant = self._plant
        self._least, self._most = np.array(plant.least, dtype=float), np.array(plant.most, dtype=float)
        self._can = np.array(plant.can_run)
        self._runs_on = self._can & np.append(self._can[1:], False)
        self._startup = self._most.copy() if plant.startup is None else np.minimum(self._most, plant.startup)
        self._shutdown = self._most.copy() if plant.shutdown is None else np.minimum(self._most, plant.shutdown)
        if plant.initial is None:
            self._startup[0] = self._most[0]
        self._shutdown[~self._runs_on] = self._most[~self._runs_on]
        self._cut_v = self._most - np.maximum(self._startup, self._least)
        self._cut_w = self._most - np.maximum(self._shutdown, self._least)

    def _read_ramps(self) -> None:
        """In which periods a ramp limits more than the limits do."""
        plant, least, most, can = self._plant, self._least, self._most, self._can
        self._up = None if plant.ramp_up is None else floor(plant.ramp_up)
        self._down = None if plant.ramp_down is None else floor(plant.ramp_down)
        self._rises, self._falls = np.zeros(self._size, dtype=bool), np.zeros(self._size, dtype=bool)
        if self._up is not None:
            self._rises[1:] = (self._up < most[1:] - least[:-1]) & can[1:] & can[:-1]
            self._rises[0] = _rises_first(plant)
        if self._down is not None:
            self._falls[1:] = (self._down < most[:-1] - least[1:]) & (most[1:] >= most[:-1]) & can[1:] & can[:-1]
            self._falls[0] = _falls_first(plant)

    # --- Commitment --------------------------------------------------------------------------------------------------

    def _add_columns(self) -> None:
        """Add u, v, w and q: in which periods it may be on, start and stop, and what that costs."""
        plant, price, size, can, least = self._plant, self._price, self._size, self._can, self._least
        initial = plant.initial
        forced_on, forced_off = np.array(must_be_on(plant)), ~can
        v_high, w_high = (self._startup >= least) & can, np.ones(size, dtype=bool)
        w_high[1:] = self._shutdown[:-1] >= least[:-1]
        if initial is None:
            v_high[0] = w_high[0] = False
        else:
            first = np.arange(size) < initial.left
            if initial.on:
                ends = size if can.all() else int(np.argmax(~can))  # an outage ends the minimum up time
                forced_on = forced_on | (first & (np.arange(size) < ends))
                v_high[0] = False
                w_high[0] = initial.can_stop or not can[0]
            else:
                forced_off = forced_off | first
                w_high[0] = False
        start = float(plant.start_costs[-1][1]) if plant.start_costs else 0.0
        self._slope = np.array(plant.cost, dtype=float) * price
        base = np.where(can, self._slope * least + float(plant.no_load) * price, 0.0)
        if plant.curve:
            base += np.where(can, np.interp(least, *self._curve), 0.0) * price
        add = self._program.add_columns
        count = float(self._count)
        self.u = add(count * forced_on, count * ~forced_off, base, size)
        self.v = add(0.0, count * v_high, start * price, size)
        self.w = add(0.0, count * w_high, 0.0, size)
        self.q = add(0.0, count * (self._most - least), np.zeros(size) if plant.curve else self._slope, size)

    def _switch_on_and_off(self) -> None:
        """``u(t) - u(t-1) = v(t) - w(t)``; without a state before, from the second period on."""
        initial = self._plant.initial
        before = np.append(-1, self.u[:-1])
        was_on = np.zeros(self._size)
        if initial is not None:
            was_on[0] = float(self._count * initial.on)
        first = 1 if initial is None else 0
        terms = [(1.0, self.u), (-1.0, before), (-1.0, self.v), (1.0, self.w)]
        was_on = was_on[first:]
        self._program.add_rows([(sign, column[first:]) for sign, column in terms], was_on, was_on)

    def _keep_minimum_times(self, up_time: int, down_time: int) -> None:
        """Keep it on for the minimum up time after a start, and off for the minimum down time after a stop.

        An outage ends a run early.
        """
        program, periods = self._program, np.arange(self._size)
        outage_before = np.maximum.accumulate(np.where(self._can, -1, periods))
        begin = np.maximum(periods - max(1, up_time), outage_before)
        program.add_rows([*program.sums(self.v, begin, periods), (-1.0, self.u)], -INFINITY, 0.0)
        begin = periods - max(1, down_time)
        program.add_rows([*program.sums(self.w, begin, periods), (1.0, self.u)], -INFINITY, float(self._count))

    # --- Reserve -----------------------------------------------------------------------------------------------------

    def _give_reserve_up(self, rows: Array | None) -> Array:
        """Add columns of the reserve where a ramp or two rows limit it too; elsewhere it is what the limits leave."""
        up = np.full(self._size, -1)
        if rows is None:
            return up
        program, needs = self._program, self._rises | self._two_rows
        up[needs] = program.add_columns(0.0, self._count * self._most[needs], 0.0, int(needs.sum()))
        program.extend_rows(rows[needs], 1.0, up[needs])
        rest = ~needs & self._can
        program.extend_rows(rows[rest], (self._most - self._least)[rest], self.u[rest])
        program.extend_rows(rows[rest], -self._cut_v[rest], self.v[rest])
        ends = rest & (self._after >= 0)
        program.extend_rows(rows[ends], -self._cut_w[ends], self._after[ends])
        program.extend_rows(rows[rest], -1.0, self.q[rest])
        return up

    def _give_reserve_down(self, rows: Array | None) -> Array:
        """Add columns of the reserve where a ramp limits it too; elsewhere it is the output above the least."""
        down = np.full(self._size, -1)
        if rows is None:
            return down
        program, falls = self._program, self._falls
        down[falls] = program.add_columns(0.0, self._count * self._most[falls], 0.0, int(falls.sum()))
        program.extend_rows(rows[falls], 1.0, down[falls])
        rest = ~falls & self._can
        program.extend_rows(rows[rest], 1.0, self.q[rest])
        program.add_rows([(1.0, down[falls]), (-1.0, self.q[falls])], -INFINITY, 0.0)
        return down

    # --- Limits and ramps --------------------------------------------------------------------------------------------

    def _limit_output(self, up: Array) -> None:
        """``q + reserve <= (most - least) u``, and less around starts and stops."""
        program, least, most = self._program, self._least, self._most
        cut_v, cut_w = self._cut_v, self._cut_w
        rising = [(np.maximum(most - level, 0), column) for level, column in self._rising()]
        falling = [(np.maximum(most - level, 0), column) for level, column in self._falling()]
        only_w = np.where(self._two_rows, np.maximum(cut_w - cut_v, 0), cut_w)
        terms = [(1.0, self.q), (1.0, up), (least - most, self.u), (cut_v, self.v), (only_w, self._after)]
        program.add_rows([*terms, *rising], -INFINITY, 0.0)
        if falling:
            terms = [(1.0, self.q), (least - most, self.u), (cut_v, self.v), (cut_w, self._after)]
            program.add_rows([*terms, *falling], -INFINITY, 0.0)
        if self._two_rows.any():
            s = self._two_rows
            less_v = np.maximum(cut_v - cut_w, 0)
            stops = [(cut_w[s], self._after[s]), (less_v[s], self.v[s])]
            terms = [(1.0, self.q[s]), (1.0, up[s]), ((least - most)[s], self.u[s]), *stops]
            program.add_rows(terms, -INFINITY, 0.0)

    def _rising(self) -> list[tuple[Array, Array]]:
        """The most output that the ramp allows some periods after a start, with the column of the start.

        See Pan, Guan (2016). Within the minimum up time there is at most one of these starts.
        """
        plant, size, levels = self._plant, self._size, list[tuple[Array, Array]]()
        if self._up is None:
            return []
        for k in range(1, min(plant.up_time - 1, size)):
            level = np.full(size, INFINITY)
            level[k:] = np.maximum(self._startup[:-k], plant.least[: size - k]) + k * self._up
            level[_outage_within(plant, k)] = INFINITY
            if not (level < self._most).any():
                break
            levels.append((level, _earlier(self.v, k)))
        return levels

    def _falling(self) -> list[tuple[Array, Array]]:
        """The most output that the ramp allows some periods before a stop, with the column of the stop."""
        plant, size, most, levels = self._plant, self._size, self._most, list[tuple[Array, Array]]()
        if self._down is None:
            return []
        for k in range(1, min(plant.up_time - 1, size - 1)):
            level = np.full(size, INFINITY)
            until = size - k - 1  # the stop is k + 1 periods later
            level[:until] = np.maximum(self._shutdown[k : k + until], plant.least[k : k + until]) + k * self._down
            for j in range(k + 1):  # the ramp does not hold into an outage or a lower limit
                free = np.zeros(size, dtype=bool)
                free[: size - j - 1] = ~self._can[j + 1 :] | (most[j + 1 :] < most[j : size - 1])
                level[free] = INFINITY
            if not (level < most).any():
                break
            column = np.full(size, -1)
            column[:until] = self.w[k + 1 :]
            levels.append((level, column))
        return levels

    def _limit_rise(self, up: Array) -> None:
        """Limit its output and reserve to what the ramp allows; a start has its own limit."""
        program, least, q, initial = self._program, self._least, self.q, self._plant.initial
        if self._up is not None and self._rises[1:].any():
            s = np.flatnonzero(self._rises[1:]) + 1
            low, low_before = least[s], least[s - 1]
            change = [(1.0, q[s]), (1.0, up[s]), (-1.0, q[s - 1])]
            while_on = (-(self._up + low_before - low), self.u[s])
            at_start = (-(self._startup[s] - self._up - low_before), self.v[s])
            program.add_rows([*change, while_on, at_start], -INFINITY, 0.0)
        if self._rises[0] and initial is not None and self._plant.ramp_up is not None:
            top = floor(initial.p + self._plant.ramp_up)
            program.add_rows([(1.0, q[:1]), (1.0, up[:1]), (least[0] - top, self.u[:1])], -INFINITY, 0.0)

    def _limit_fall(self, down: Array) -> None:
        """Limit by how much it falls, with its reserve, to the ramp; a stop has its own limit."""
        program, least, q, initial = self._program, self._least, self.q, self._plant.initial
        if self._down is not None and self._falls[1:].any():
            s = np.flatnonzero(self._falls[1:]) + 1
            low, low_before = least[s], least[s - 1]
            change = [(1.0, q[s - 1]), (-1.0, q[s]), (1.0, down[s])]
            while_on = (-(self._down + low - low_before), self.u[s - 1])
            at_stop = (-(self._shutdown[s - 1] - self._down - low), self.w[s])
            program.add_rows([*change, while_on, at_stop], -INFINITY, 0.0)
        if self._falls[0] and initial is not None and self._plant.ramp_down is not None:
            bottom = ceil(initial.p - self._plant.ramp_down)
            program.add_rows([(-1.0, q[:1]), (1.0, down[:1]), (bottom - least[0], self.u[:1])], -INFINITY, 0.0)

    # --- Costs -------------------------------------------------------------------------------------------------------

    def _price_starts(self, instance: HorizonInstance) -> None:
        """A start soon after a stop costs less than the last entry: ``d`` says which stop it follows."""
        plant, program, size, hours = self._plant, self._program, self._size, instance.hours
        entries = plant.start_costs
        if len(entries) < 2 or not self._price:
            return
        if self._count > 1:
            self._match_starts(hours)
            return
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
            stops = program.sums(self.w, np.arange(size) - end, last_stop)
            useful = (soon > 0) | ((last_stop >= 0) & (end > first))
            if not useful.any():
                continue
            d = np.full(size, -1)
            d[useful] = program.add_columns(0.0, 1.0, float(cost) - last, int(useful.sum()))
            followed = [(-value, column[useful]) for value, column in stops]
            program.add_rows([(1.0, d[useful]), *followed], -INFINITY, soon[useful])
            terms.append((1.0, d))
        if terms:
            program.add_rows([*terms, (-1.0, self.v)], -INFINITY, 0.0)

    def _match_starts(self, hours: Fraction) -> None:
        """Count how many identical plants that stopped in one period start in another; each stop has one start."""
        plant, program, size, count = self._plant, self._program, self._size, float(self._count)
        last = plant.start_costs[-1][1]
        starts: list[tuple[float, Array]] = []
        stops: list[tuple[float, Array]] = []
        for k in range(1, size):
            saved = float(last - plant.start_cost(k * hours))
            if not saved:
                break
            columns = program.add_columns(0.0, count, -saved, size - k)
            none = np.full(k, -1)
            starts.append((1.0, np.concatenate((none, columns))))
            stops.append((1.0, np.concatenate((columns, none))))
        initial = plant.initial
        if initial is not None and not initial.on and initial.hours is not None:
            saved_by = np.array([float(last - plant.start_cost(initial.hours + t * hours)) for t in range(size)])
            soon = np.flatnonzero(saved_by)
            if soon.size:
                columns = np.full(size, -1)
                columns[soon] = program.add_columns(0.0, count, -saved_by[soon], soon.size)
                starts.append((1.0, columns))
                program.add_rows([(1.0, columns[[t]]) for t in soon], -INFINITY, count)
        if starts:
            program.add_rows([*starts, (-1.0, self.v)], -INFINITY, 0.0)
        if stops:
            program.add_rows([*stops, (-1.0, self.w)], -INFINITY, 0.0)

    def _price_curve(self) -> None:
        """Split q into the pieces of a cost curve."""
        program, least, most = self._program, self._least, self._most
        pieces: list[tuple[float, Array]] = []
        for (start, low), (end, high) in pairwise(zip(*self._curve, strict=True)):
            a, b = np.maximum(start, least), np.minimum(end, most)
            width = np.maximum(b - a, 0.0)
            s = width > 0
            if not s.any():
                continue
            slope = (high - low) / (end - start) * self._price
            piece = np.full(self._size, -1)
            piece[s] = program.add_columns(0.0, self._count * width[s], slope + self._slope[s], int(s.sum()))
            pieces.append((-1.0, piece))
            cut_v = width - np.clip(self._startup - a, 0.0, width)
            cut_w = width - np.clip(self._shutdown - a, 0.0, width)
            less_w = np.where(self._two_rows, np.maximum(cut_w - cut_v, 0.0), cut_w)
            less = [(cut_v[s], self.v[s]), (less_w[s], self._after[s])]
            program.add_rows([(1.0, piece[s]), (-width[s], self.u[s]), *less], -INFINITY, 0.0)
        if pieces:
            program.add_rows([(1.0, self.q), *pieces], 0.0, 0.0)


def _points(plant: Plant, *, on_grid: bool) -> tuple[Array, Array]:
    """Outputs and costs of the points of its cost curve; on the grid it has points at whole steps only."""
    p, cost = np.array(plant.curve, dtype=float).T
    if not on_grid:
        return p, cost
    steps = np.unique(np.concatenate((np.floor(p), np.ceil(p))))
    steps = steps[(steps >= p[0]) & (steps <= p[-1])]
    return (steps, np.interp(steps, p, cost)) if len(steps) > 1 else (p, cost)


def _outage_within(plant: Plant, periods: int) -> Array:
    """For each period, whether there is an outage in it or in so many periods before it."""
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
    """The columns of so many periods earlier; -1 before the first."""
    if not periods:
        return columns
    return np.concatenate((np.full(min(periods, len(columns)), -1), columns[:-periods]))
