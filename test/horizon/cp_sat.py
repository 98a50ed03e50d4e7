"""The same horizon as a model of constraints over integers, solved by OR-tools' CP-SAT.

Binaries say where a plant runs, starts and stops; a start is assigned to the stop before it. Nothing is shared with the
dynamic programme but the numbers of the payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any

from ortools.sat.python import cp_model

from horizon.dynamic import Outcome, as_answer, refusal
from horizon.reading import Horizon, Plant, Storage, read

TIME_LIMIT = 20.0
LARGEST = 2**62


def solve(payload: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Outcome:
    """The outcome of a valid payload."""
    horizon = read(payload, co2=co2, steps=steps)
    refused = refusal(horizon)
    if refused is not None:
        return refused
    plan = _Model(horizon, elastic=False).least()
    if plan is not None:
        cost, said = plan
        return Outcome("plan", cost, Fraction(0), as_answer(horizon, cost, said))
    missing = _Model(horizon, elastic=True).least()
    assert missing is not None, "each part has a schedule, and the model has none"
    return Outcome("missing", missing=missing[0])


class _Model:
    """The model; an elastic one may miss load and reserve, and minimises what it misses in MWh."""

    def __init__(self, horizon: Horizon, *, elastic: bool) -> None:
        self.horizon, self.elastic = horizon, elastic
        self.model = cp_model.CpModel()
        self.terms: list[tuple[Fraction, Any]] = []
        self.said: list[list[tuple[Any, ...]]] = []
        self.supply: list[list[Any]] = [[] for _ in range(horizon.periods)]
        self.reserves: list[list[tuple[Any, Any]]] = [[] for _ in range(horizon.periods)]
        for plant in horizon.plants:
            self._plant(plant)
        for storage in horizon.storages:
            self._storage(storage)
        self._market_and_lost_load()
        for t in range(horizon.periods):
            self._balance(t)

    def least(self) -> tuple[Fraction, list[list[Any]]] | None:
        """The least of the objective, and what each part does in each period."""
        whole = lcm(*(factor.denominator for factor, _ in self.terms))
        factors = [int(factor * whole) for factor, _ in self.terms]
        assert sum(map(abs, factors)) < LARGEST // 1000, "the costs have too many digits"
        self.model.minimize(sum(factor * var for factor, (_, var) in zip(factors, self.terms, strict=True)))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        # The presolve of 9.15 errs: the least s + o for 9 b <= p <= 10 b, p - d >= 9 b, p + s - o = 6 is 3, not 6.
        solver.parameters.cp_model_presolve = False
        solver.parameters.max_time_in_seconds = TIME_LIMIT
        status = solver.solve(self.model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise TimeoutError(f"the model is not solved within {TIME_LIMIT:g} s")
        value = sum((factor * solver.value(var) for factor, var in self.terms), Fraction(0))
        parts = [[tuple(map(solver.value, said)) for said in part] for part in self.said]
        said = [[part[t] if len(part[t]) > 1 else part[t][0] for part in parts] for t in range(self.horizon.periods)]
        return value, said

    def _bool(self) -> Any:
        return self.model.new_bool_var("")

    def _int(self, most: int) -> Any:
        return self.model.new_int_var(0, max(most, 0), "")

    def _costs(self, factor: Fraction, variable: Any) -> None:
        if not self.elastic and factor:
            self.terms.append((factor, variable))

    # --- Plants ------------------------------------------------------------------------------------------------------

    def _plant(self, plant: Plant) -> None:
        model, periods = self.model, range(self.horizon.periods)
        on, start, stop = ([self._bool() for _ in periods] for _ in range(3))
        p = [self._int(plant.high[t]) for t in periods]
        first = plant.initial
        for t in periods:
            if t or first is not None:
                before = on[t - 1] if t else int(first is not None and first.on)
                model.add(on[t] - before == start[t] - stop[t])
                model.add(start[t] + stop[t] <= 1)
            else:
                model.add(start[t] + stop[t] == 0)
            if not plant.runs[t]:
                model.add(on[t] == 0)
                model.add(p[t] == 0)
                continue
            model.add(p[t] >= plant.low[t] * on[t])
            model.add(p[t] <= plant.high[t] * on[t])
            if plant.must[t]:
                model.add(on[t] == 1)
        if plant.runs[0] and not plant.may_stop_at_once:
            model.add(stop[0] == 0)
        self._minimum_times(plant, on, start, stop)
        self._reserves_and_ramps(plant, on, start, stop, p)
        for t in periods:
            if plant.runs[t]:
                self._running_cost(plant, t, on[t], p[t])
        if plant.start_costs:
            self._start_costs(plant, on, start, stop)
        for t in periods:
            self.supply[t].append(p[t])
        self.said.append(list(zip(p, on, strict=True)))

    def _minimum_times(self, plant: Plant, on: list[Any], start: list[Any], stop: list[Any]) -> None:
        for s in range(len(on)):
            for t in range(s, min(len(on), s + plant.min_up)):
                if not plant.runs[t]:
                    break  # an outage ends the time
                self.model.add(on[t] >= start[s])
            for t in range(s, min(len(on), s + plant.min_down)):
                self.model.add(on[t] + stop[s] <= 1)
        for t in range(min(plant.up_left, len(on))):
            if not plant.runs[t]:
                break
            self.model.add(on[t] == 1)
        for t in range(min(plant.down_left, len(on))):
            self.model.add(on[t] == 0)

    def _reserves_and_ramps(self, plant: Plant, on: list[Any], start: list[Any], stop: list[Any], p: list[Any]) -> None:
        """Output and reserve together stay within each limit; reserves are 0 for a plant that gives none."""
        model = self.model
        for t in range(len(on)):
            if not plant.runs[t]:
                continue
            up, down = self._int(plant.high[t]), self._int(plant.high[t])
            if not plant.reserve:
                model.add(up + down == 0)
            model.add(p[t] + up <= plant.high[t] * on[t])
            model.add(p[t] - down >= plant.low[t] * on[t])
            startup, shutdown = plant.startup_limit[t], plant.shutdown_limit[t]
            if startup is not None:
                model.add(p[t] + up <= startup).only_enforce_if(start[t])
            if shutdown is not None and t + 1 < len(on) and plant.runs[t + 1]:
                model.add(p[t] + up <= shutdown).only_enforce_if(stop[t + 1])
            stays = [on[t], on[t - 1]] if t else [on[t]]
            if t:
                more, less = floor(plant.ramp_up or 0), floor(plant.ramp_down or 0)
                highest, lowest = p[t - 1] + more, p[t - 1] - less
            elif plant.initial is not None and plant.initial.on:
                highest = floor(plant.initial.p + (plant.ramp_up or 0))
                lowest = ceil(plant.initial.p - (plant.ramp_down or 0))
            else:
                highest = lowest = None
            if highest is not None and plant.ramp_up is not None:
                model.add(p[t] + up <= highest).only_enforce_if(stays)
            if lowest is not None and plant.ramp_down_binds(t):
                model.add(p[t] - down >= lowest).only_enforce_if(stays)
            self.reserves[t].append((up, down))

    def _running_cost(self, plant: Plant, t: int, on: Any, p: Any) -> None:
        costs, least = plant.costs[t], plant.low[t]
        if not plant.curve:
            slope = plant.marginal[t] * self.horizon.h / self.horizon.steps
            self._costs(slope, p)
            self._costs(costs[least] - slope * least, on)
            return
        for output, cost in costs.items():  # one binary for each output
            here = self._bool()
            self.model.add(p == output).only_enforce_if(here)
            self.model.add(on == 1).only_enforce_if(here)
            self.model.add(p != output).only_enforce_if([here.negated(), on])
            self._costs(cost, here)

    def _start_costs(self, plant: Plant, on: list[Any], start: list[Any], stop: list[Any]) -> None:
        """Each start is matched with the stop that began its rest, or with the time before the first period."""
        h, first = self.horizon.h, plant.initial
        for t in range(len(on)):
            matches = []
            for s in range(t):
                match = self._bool()
                self.model.add(stop[s] == 1).only_enforce_if(match)
                for u in range(s, t):
                    self.model.add(on[u] == 0).only_enforce_if(match)
                self._costs(plant.start_cost((t - s) * h), match)
                matches.append(match)
            if first is None or not first.on:
                match = self._bool()
                for u in range(t):
                    self.model.add(on[u] == 0).only_enforce_if(match)
                hours = None if first is None or first.hours is None else first.hours + t * h
                self._costs(plant.start_cost(hours), match)
                matches.append(match)
            self.model.add(sum(matches) == start[t])

    # --- What is not a plant -----------------------------------------------------------------------------------------

    def _storage(self, storage: Storage) -> None:
        hours, periods = self.horizon.h / self.horizon.steps, range(self.horizon.periods)
        gain, loss = storage.charge_efficiency * hours, hours / storage.discharge_efficiency
        limits = storage.initial, storage.energy_min, storage.energy_max, storage.final_min
        whole = lcm(gain.denominator, loss.denominator, *(limit.denominator for limit in limits))
        energy, said = int(storage.initial * whole), []
        for t in periods:
            charge, discharge, charges = self._int(storage.charge_max), self._int(storage.discharge_max), self._bool()
            self.model.add(discharge == 0).only_enforce_if(charges)
            self.model.add(charge == 0).only_enforce_if(charges.negated())
            energy += int(gain * whole) * charge - int(loss * whole) * discharge
            self.model.add(energy >= int(storage.energy_min * whole))
            self.model.add(energy <= int(storage.energy_max * whole))
            self.supply[t].append(discharge - charge)
            self._costs(storage.cost * hours + storage.final_value * loss, discharge)
            self._costs(-storage.final_value * gain, charge)
            said.append((charge, discharge))
        self.model.add(energy >= int(storage.final_min * whole))
        self._costs(-storage.final_value * storage.initial, self.model.new_constant(1))
        self.said.append(said)

    def _market_and_lost_load(self) -> None:
        market, hours = self.horizon.market, self.horizon.h / self.horizon.steps
        if market is not None:
            trades = []
            for t in range(self.horizon.periods):
                bought, sold, buys = self._int(market.buy[t]), self._int(market.sell[t]), self._bool()
                self.model.add(sold == 0).only_enforce_if(buys)
                self.model.add(bought == 0).only_enforce_if(buys.negated())
                self._costs(market.buying[t] * hours, bought)
                self._costs(-market.selling[t] * hours, sold)
                self.supply[t].append(bought - sold)
                trades.append((bought, sold))
            self.said.append(trades)
        if self.horizon.lost_load is not None:
            lost = [self._int(int(load)) for load in self.horizon.load]
            for t, amount in enumerate(lost):
                self._costs(self.horizon.lost_load * hours, amount)
                self.supply[t].append(amount)
            self.said.append([(amount,) for amount in lost])

    def _balance(self, t: int) -> None:
        horizon = self.horizon
        load, hours = int(horizon.load[t]), horizon.h / horizon.steps
        most = 10**6
        short, over = (self._int(most if self.elastic else 0) for _ in range(2))
        self.model.add(sum(self.supply[t]) + short - over == load)
        missed = [(hours, short), (hours, over)]
        for way, need in enumerate((horizon.up[t], horizon.down[t])):
            lacks = self._int(most if self.elastic else 0)
            held = sum(reserve[way] for reserve in self.reserves[t])
            self.model.add(need.denominator * held + lacks >= need.numerator)
            missed.append((hours / need.denominator, lacks))
        if self.elastic:
            self.terms += missed
