"""The best outputs for a commitment, which says when each plant runs.

They come from a linear programme. HiGHS needs only a few steps to solve it again after a small change. If its outputs
are not multiples of the step, storages first get whole steps that follow them as closely as possible. If other outputs
are still not whole, a mixed-integer model makes them so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil, floor
from threading import Lock
from time import perf_counter

import numpy as np
from highspy import HighsVarType

from powerplant.horizon.highs import WHOLE, Solver
from powerplant.horizon.instance import HorizonInstance, Storage
from powerplant.horizon.model import Model
from powerplant.horizon.plan import Plan, cost_of
from powerplant.horizon.program import Array
from powerplant.horizon.verification import broken_rule

ATTEMPTS = 4
"""How often it tries to give storages whole steps."""

FOR_WHOLE_STEPS = 1.0
"""Seconds for a mixed-integer model, unless the caller gives it more."""


class Dispatch:
    """Finds the best outputs for one commitment after another. Threads may share it.

    Args:
        instance: the horizon.
        end: the time (of ``perf_counter``) at which nothing more is computed.
    """

    def __init__(self, instance: HorizonInstance, end: float) -> None:
        self.instance, self.end = instance, end
        self.model = Model(instance, for_outputs=True)
        self.lp = self.model.lp()
        self.low, self.high = np.asarray(self.lp.col_lower_), np.asarray(self.lp.col_upper_)
        self.solver = Solver(self.lp, self.left)
        size = self.lp.num_col_
        self.solver.changeColsIntegrality(size, np.arange(size), np.full(size, HighsVarType.kContinuous))
        self.lock = Lock()
        self.on: Array = None
        self.value: float | None = None
        self.is_whole = False

    @property
    def left(self) -> float:
        """Seconds that are left until the end."""
        return max(0.0, self.end - perf_counter())

    def best(self, on: Array, longest: float = FOR_WHOLE_STEPS, relative_gap: float = 0.0) -> Plan | None:
        """The verified plan with the best outputs for a commitment; ``None`` if none is found in time.

        Args:
            on: whether each plant is on in each period.
            longest: seconds for a mixed-integer model.
            relative_gap: between the cost and the bound of that model, at which it ends.
        """
        with self.lock:
            self.commit(on)
            plan = self._solve({}, {}, longest, relative_gap)
        return plan if plan is not None and broken_rule(self.instance, plan) is None else None

    def within(self, on: Array) -> Array:
        """A commitment, changed where the data of a plant do not allow it."""
        columns = self.model.on
        return np.clip(np.asarray(on, dtype=float).reshape(columns.shape), self.low[columns], self.high[columns])

    def commit(self, on: Array) -> None:
        """Fix the commitment."""
        self.value, self.is_whole = None, False
        self.on = np.asarray(on, dtype=float).reshape(self.model.on.shape)
        self.solver.fix(self.model.on, self.on)

    def begin_with(self, plan: Plan) -> Plan:
        """Fix the commitment of a plan. Returns the plan with the best outputs, if they are easily found, else this."""
        self.commit(plan.on)
        values = self._optimum()
        found = None if values is None else self._plan(values)
        return plan if found is None else found

    def cost_of_load(self, plan: Plan, t: int, change: int) -> Fraction | None:
        """By how many euro the cost rises if the load of a period changes; ``None`` if there is no plan, or no time.

        The commitment stays fixed. In a large model whose best outputs are not whole steps, this is the cost of
        outputs without the grid.

        Args:
            plan: a plan with the best outputs for the commitment.
            t: the period.
            change: by how many steps the load changes.
        """
        load = self.instance.load[t] + change
        if self.model.is_small:
            found = self._solve({t: load}, {}, FOR_WHOLE_STEPS)
            return None if found is None else difference(self.instance, plan, found)
        self._change(self.solver, [t], [load], [], [])
        values = self._optimum()
        value = float(self.solver.getInfo().objective_function_value)
        self._change(self.solver, [t], [self.instance.load[t]], [], [])
        if values is None or self.model.does_both(values):
            return None
        found, before = self._plan(values), self._least_cost()
        if found is not None and self.is_whole:
            return difference(self.instance, plan, found)
        return None if before is None else Fraction(value - before)

    def cost_of_switch(self, plan: Plan, i: int, periods: Sequence[int]) -> Fraction | None:
        """By how many euro the cost rises if a plant is switched in some periods, off or on; ``None`` as above.

        Its minimum times must allow it: they are not checked.
        """
        found = self._solve({}, {i: periods}, FOR_WHOLE_STEPS)
        return None if found is None else difference(self.instance, plan, found)

    def _solve(
        self, loads: dict[int, int], switches: dict[int, Sequence[int]], longest: float, relative_gap: float = 0.0
    ) -> Plan | None:
        if not self.left:
            return None
        periods = [*loads]
        columns = [int(self.model.on[i, t]) for i, periods in switches.items() for t in periods]
        before = [float(self.on[i, t]) for i, periods in switches.items() for t in periods]
        after = [1.0 - value for value in before]
        if not all(self.low[c] <= value <= self.high[c] for c, value in zip(columns, after, strict=True)):
            return None
        self._change(self.solver, periods, loads.values(), columns, after)
        values = self._optimum()
        found = None if values is None else self._plan(values)
        if values is not None and found is None and not self.model.is_small:
            found = self._with_whole_storages(values)
        if values is not None and found is None:
            solver = Solver(
                self.lp, min(longest, self.left), relative_gap=relative_gap, presolve=not self.model.is_small
            )
            solver.fix(self.model.on, self.on)
            self._change(solver, periods, loads.values(), columns, after)
            solver.make_whole(self.model.outputs)
            values = solver.solve_it()
            found = None if values is None else self._plan(values)
        self._change(self.solver, periods, [self.instance.load[t] for t in loads], columns, before)
        return found

    def _optimum(self) -> Array | None:
        """The solution of the linear programme as it is; ``None`` without one."""
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + self.left)
        values = self.solver.solve_it()
        return values if self.solver.is_optimal else None

    def _least_cost(self) -> float | None:
        """The least cost of outputs that need not be whole steps, in euro; also sets whether they are whole."""
        if self.value is None and (values := self._optimum()) is not None and not self.model.does_both(values):
            self.value = float(self.solver.getInfo().objective_function_value)
            self.is_whole = self._plan(values) is not None
        return self.value

    def _with_whole_storages(self, values: Array) -> Plan | None:
        """The best plan whose storages follow a solution as closely as whole steps allow; ``None`` without one.

        In periods in which more load is then lost, the next attempt rounds what storages give up instead of down.
        """
        model, storages = self.model, self.instance.storages
        columns = np.concatenate([model.charge.ravel(), model.discharge.ravel()])
        generous = np.zeros(len(self.instance.load), dtype=bool)
        plans = []
        for _ in range(ATTEMPTS):
            moves = [
                whole_steps(storage, values[charge], values[discharge], generous)
                for storage, charge, discharge in zip(storages, model.charge, model.discharge, strict=True)
            ]
            if not moves or None in moves:
                break
            self.solver.fix(columns, np.array([move[k] for k in (0, 1) for move in moves if move is not None]))
            solution = self._optimum()
            self.solver.changeColsBounds(columns.size, columns, self.low[columns], self.high[columns])
            plan = None if solution is None else self._plan(solution)
            if solution is None or plan is None:
                break
            plans.append(plan)
            more = solution[model.lost] > values[model.lost] + WHOLE if model.lost.size else generous
            if not (more & ~generous).any():
                break
            generous |= more
        return min(plans, key=lambda plan: cost_of(self.instance, plan), default=None)

    def _change(
        self, solver: Solver, periods: list[int], loads: Iterable[float], columns: list[int], values: list[float]
    ) -> None:
        """Change loads, with the most load that can be lost, and fix decisions."""
        for t, load in zip(periods, loads, strict=True):
            solver.changeRowBounds(int(self.model.balance[t]), float(load), float(load))
            if self.model.lost.size:
                solver.changeColBounds(int(self.model.lost[t]), 0.0, max(0.0, float(load)))
        for column, value in zip(columns, values, strict=True):
            solver.changeColBounds(column, value, value)

    def _plan(self, values: Array) -> Plan | None:
        """The plan of a solution; ``None`` if an output is not a whole step, or a storage charges and discharges."""
        return self.model.plan(values) if self.model.is_on_grid(values) else None


def whole_steps(
    storage: Storage, charge: Array, discharge: Array, generous: Array
) -> tuple[list[int], list[int]] | None:
    """Round charge and discharge to whole steps, as closely as the limits of the storage allow; O(periods).

    The storage never charges and discharges in one period. Where its limits allow, it holds at least as much energy as
    before rounding, less what it gives in addition in the generous periods.

    Args:
        storage: the storage.
        charge: what it takes in each period, in steps that need not be whole.
        discharge: what it gives, likewise.
        generous: the periods in which it may take no more, and give no less, than before rounding.

    Returns:
        Charge and discharge; ``None`` if the storage would then hold less energy at the end than it must.
    """
    wanted = float(storage.initial) + np.cumsum(charge * float(storage.charged) - discharge * float(storage.discharged))
    needed = [storage.final_min]
    for _ in wanted[1:]:
        needed.append(max(storage.energy_min, needed[-1] - storage.charge_max * storage.charged))
    energy, into, out = storage.initial, list[int](), list[int]()
    for t, least in enumerate(reversed(needed)):
        change = Fraction(float(wanted[t])) - energy
        given = ceil(discharge[t] - charge[t] - WHOLE)
        c = max(-given, 0) if generous[t] else ceil(change / storage.charged - Fraction(WHOLE))
        c = max(c, ceil((least - energy) / storage.charged), 0)
        c = min(c, floor((storage.energy_max - energy) / storage.charged), storage.charge_max)
        d = given if generous[t] else floor(-change / storage.discharged + Fraction(WHOLE))
        d = 0 if c else max(0, min(d, floor((energy - least) / storage.discharged), storage.discharge_max))
        energy += c * storage.charged - d * storage.discharged
        if energy < least:
            return None
        into.append(c)
        out.append(d)
    return into, out


def difference(instance: HorizonInstance, plan: Plan, other: Plan) -> Fraction:
    """By how many euro another plan costs more. With the same commitment, only outputs that differ are added up."""
    if plan.on != other.on:
        return cost_of(instance, other) - cost_of(instance, plan)
    more = Fraction(0)
    for plant, on, before, after in zip(instance.plants, plan.on, plan.p, other.p, strict=True):
        if before != after:
            for t, (old, new) in enumerate(zip(before, after, strict=True)):
                if on[t] and old != new:
                    more += plant.running_cost(t, new) - plant.running_cost(t, old)
    rest = plan._replace(on=(), p=()), other._replace(on=(), p=())
    bare = instance._replace(plants=())
    return more + cost_of(bare, rest[1]) - cost_of(bare, rest[0])
