"""The mixed-integer model of a horizon, as arrays for HiGHS.

``unit.py`` adds the columns and rows of the plants: binaries for on, start and stop in each period. This module adds
the rows of balance and reserve, the storages, the market and lost load. Outputs are in steps, costs in euro.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, gcd, lcm
from typing import Any

import numpy as np
from highspy import HighsLp

from powerplant.horizon.groups import Groups
from powerplant.horizon.highs import WHOLE
from powerplant.horizon.instance import HorizonInstance, Market, Storage
from powerplant.horizon.plan import Plan
from powerplant.horizon.program import INFINITY, Array, Program
from powerplant.horizon.unit import Unit

LARGEST_COEFFICIENT = 10_000
"""Up to this coefficient, the energy of a storage is counted in a unit in which it is always a whole number."""

MARGIN = Fraction(1, 10_000)
"""By how many steps of charge the limits of other storages are narrower in the model."""

CLEARLY = 0.001
"""Steps by which an output differs at least from a whole number, if it is not one: HiGHS computes with floats."""

SMALL = 100
"""The most plants, storages and markets, times periods, of a small model."""


def is_small(instance: HorizonInstance) -> bool:
    """Whether the model of an instance is so small that it is solved as a whole, without presolve and on the grid."""
    parts = len(instance.plants) + len(instance.storages) + (instance.market is not None)
    return parts * len(instance.load) <= SMALL


class Model:
    """The model of an instance; with ``shortage``, that of its least shortage.

    With ``groups``, identical plants are counted. With ``for_outputs``, the model is for a commitment that keeps the
    minimum times: it has neither these nor the discounts of early starts, and cost curves have points at whole steps
    only, so that outputs are whole more often.

    Attributes:
        groups: identical plants, which are counted.
        on, start, stop, above: the columns u, v, w and q of ``unit.py``, a row for each group.
        least: the least steps of a plant of a group, where it is on.
        lost: the columns of lost load; empty if the load must be met.
        short, surplus: the columns of missing and of surplus power; empty without ``shortage``.
        short_up, short_down: the columns of missing reserve, likewise.
    """

    def __init__(
        self,
        instance: HorizonInstance,
        groups: Groups | None = None,
        *,
        shortage: bool = False,
        for_outputs: bool = False,
    ) -> None:
        self.instance = instance
        self.groups = Groups.alone(instance) if groups is None else groups
        self._program = Program()
        first = [instance.plants[group[0]] for group in self.groups.members]
        count, size = len(first), len(instance.load)
        self.on, self.start, self.stop, self.above = (np.full((count, size), -1) for _ in range(4))
        self.least = np.array([plant.least for plant in first], dtype=float).reshape(count, size)
        price = 0.0 if shortage else 1.0
        program = self._program
        self.balance = program.add_rows([(0.0, np.full(size, -1))], instance.load, instance.load)
        self.reserve_up: Array
        self.reserve_down: Array
        self.reserve_up, self.reserve_down = (
            program.add_rows(
                [(0.0, np.full(size, -1))], [float(each if shortage else ceil(each)) for each in needed], INFINITY
            )
            if any(needed)
            else None
            for needed in (instance.reserve_up, instance.reserve_down)
        )
        rows_of_reserve = self.reserve_up, self.reserve_down
        for i, (plant, group) in enumerate(zip(first, self.groups.members, strict=True)):
            unit = Unit(program, instance, plant, len(group), price, *rows_of_reserve, for_outputs=for_outputs)
            self.on[i], self.start[i], self.stop[i], self.above[i] = unit.u, unit.v, unit.w, unit.q
            program.extend_rows(self.balance, 1.0, unit.q)
            program.extend_rows(self.balance, self.least[i], unit.u)
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
        columns = self._program.add_columns(0.0, high, cost, len(rows))
        self._program.extend_rows(rows, sign, columns)
        return columns

    def _add_storage(self, i: int, storage: Storage, price: float) -> None:
        """Add a storage. Its energy is counted from that at the start, if possible in a unit in which it is whole."""
        program, size = self._program, len(self.instance.load)
        unit = Fraction(1, lcm(storage.charged.denominator, storage.discharged.denominator))
        into, out = int(storage.charged / unit), int(storage.discharged / unit)
        common = gcd(into, out) or 1
        unit, into, out = unit * common, into // common, out // common
        low = (storage.energy_min - storage.initial) / unit
        high = (storage.energy_max - storage.initial) / unit
        end = (storage.final_min - storage.initial) / unit
        if max(into, out) > LARGEST_COEFFICIENT:  # floats are not exact enough: in steps of charge, with a margin
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
        energy = program.add_columns(np.minimum(lows, max(float(high), 0.0)), max(float(high), 0.0), costs, size)
        program.offset -= float(storage.final_value * storage.initial) * price
        charge = self.charge[i] = program.add_columns(0.0, storage.charge_max, 0.0, size)
        discharge = self.discharge[i] = program.add_columns(
            0.0, storage.discharge_max, float(storage.cost) * price, size
        )
        charging = self.charging[i] = program.add_columns(0.0, 1.0, 0.0, size)
        before = np.append(-1, energy[:-1])
        program.add_rows(
            [(1.0, energy), (-1.0, before), (-coefficients[0], charge), (coefficients[1], discharge)], 0.0, 0.0
        )
        program.add_rows([(1.0, charge), (-float(storage.charge_max), charging)], -INFINITY, 0.0)
        program.add_rows(
            [(1.0, discharge), (float(storage.discharge_max), charging)], -INFINITY, float(storage.discharge_max)
        )
        program.extend_rows(self.balance, -1.0, charge)
        program.extend_rows(self.balance, 1.0, discharge)

    def _add_market(self, market: Market, price: float) -> None:
        """Add the market. If power is bought and sold in one period, :meth:`plan` takes the smaller off both."""
        size = len(self.instance.load)
        buying, selling = (np.array([float(each) for each in prices]) * price for prices in market[:2])
        self.buy = self._program.add_columns(0.0, np.array(market.buy, dtype=float), buying, size)
        self.sell = self._program.add_columns(0.0, np.array(market.sell, dtype=float), -selling, size)
        self._program.extend_rows(self.balance, 1.0, self.buy)
        self._program.extend_rows(self.balance, -1.0, self.sell)

    @property
    def is_small(self) -> bool:
        """Whether it is so small that it is solved as a whole, without presolve and on the grid."""
        return is_small(self.instance)

    # --- For HiGHS ---------------------------------------------------------------------------------------------------

    def lp(self, *, whole_outputs: bool = False) -> HighsLp:
        """The model; with ``whole_outputs``, outputs are whole steps."""
        return self._program.lp(self.whole(outputs=whole_outputs))

    def whole(self, *, outputs: bool = False) -> Array:
        """Which columns are whole numbers."""
        whole = np.zeros(self._program.columns, dtype=bool)
        for columns in (self.on, self.start, self.stop, self.charging):
            whole[columns.ravel()] = True
        if outputs:
            whole[self.outputs] = True
        return whole

    def decisions(self, plan: Plan) -> tuple[Array, Array]:
        """All columns that are whole numbers, and their values in a plan."""
        on = np.array(plan.on, dtype=float).reshape(len(plan.on), self.on.shape[1])
        states = [plant.initial for plant in self.instance.plants]
        before = [row[0] if state is None else state.on for state, row in zip(states, plan.on, strict=True)]
        change = np.diff(on, axis=1, prepend=np.array(before, dtype=float).reshape(-1, 1))
        charging = (np.array(plan.charge, dtype=float).reshape(self.charging.shape) > 0).astype(float)
        columns = (self.on, self.start, self.stop, self.charging)
        of_plants = map(self.groups.counts, (on, np.maximum(change, 0), np.maximum(-change, 0)))
        values = [value.ravel() for value in (*of_plants, charging)]
        return np.concatenate([c.ravel() for c in columns]), np.concatenate(values)

    @property
    def outputs(self) -> Array:
        """The columns that are whole steps on the grid."""
        both = (self.above, self.charge, self.discharge, self.buy, self.sell)
        return np.concatenate([columns.ravel() for columns in both])

    def is_on_grid(self, values: Array) -> bool:
        """Whether all outputs of a solution are whole steps, and no storage charges and discharges at once."""
        outputs = values[self.outputs]
        return bool((np.abs(outputs - np.round(outputs)) <= WHOLE).all()) and not self.does_both(values)

    def does_both(self, values: Array) -> bool:
        """Whether a storage charges and discharges at once."""
        return bool((np.minimum(values[self.charge], values[self.discharge]) > WHOLE).any())

    def plan(self, values: Array) -> Plan:
        """The plan of a solution, rounded to whole steps. It never buys and sells in one period.

        In each period, as many outputs are rounded up as the load needs: those that are nearest to the next step.
        """
        charge, discharge, buy, sell, on = (
            np.round(values[columns]).astype(int)
            for columns in (self.charge, self.discharge, self.buy, self.sell, self.on)
        )
        both = np.minimum(buy, sell)
        buy, sell = buy - both, sell - both
        lost = np.round(values[self.lost]).astype(int) if self.lost.size else np.zeros(self.on.shape[1], dtype=int)
        others = (self.least * on).sum(axis=0) + discharge.sum(axis=0) - charge.sum(axis=0) + lost
        if self.buy.size:
            others = others + buy - sell
        exact = values[self.above] + self.least * (values[self.on] - on)
        above = rounded_to_sums(exact, np.array(self.instance.load) - others)
        commitment, outputs = self.groups.split(self.instance, on.tolist(), above.tolist())
        into, out = (tuple(map(tuple, array.tolist())) for array in (charge, discharge))
        return Plan(commitment, outputs, tuple(lost.tolist()), into, out, tuple(buy.tolist()), tuple(sell.tolist()))


def rounded_to_sums(values: Array, sums: Array) -> Array:
    """Whole numbers near some values. Each column has the given sum, where that changes no value that is whole.

    Values are rounded to the nearest number, and then those that are nearest to their other neighbour are moved to it.
    """
    nearest = np.round(values)
    rest, missing = values - nearest, sums - nearest.sum(axis=0)
    is_up = (_places(-rest) < missing) & (rest > CLEARLY)
    is_down = (_places(rest) < -missing) & (rest < -CLEARLY)
    return (nearest + is_up - is_down).astype(int)


def _places(values: Array) -> Array:
    """The place of each value in its column, from the least."""
    return np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0, kind="stable")
