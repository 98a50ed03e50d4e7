"""A checker of an answer: a loop for each rule of the description, in fractions of a MW; the cost is added up anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from horizon.reading import Horizon, Plant, exact, read

CENT = Fraction(1, 100)


def broken_rules(
    payload: Mapping[str, Any], answer: Mapping[str, Any], *, co2: bool = True, steps: int = 1
) -> list[str]:
    """Every rule that an answer breaks, in words."""
    horizon = read(payload, co2=co2, steps=steps)
    shape = list(_shape(horizon, answer))
    if shape:
        return shape
    plans = {plan["name"]: plan for plan in answer["plan"]}
    schedules = [Schedule(plant, horizon, plans[plant.name]) for plant in horizon.plants]
    broken = [fault for schedule in schedules for fault in schedule.faults()]
    broken += _order(horizon, answer)
    broken += _balance(horizon, schedules, answer)
    broken += _reserve(horizon, schedules)
    broken += _storages(horizon, answer)
    broken += _market(horizon, answer)
    if not broken:
        broken += _cost(total_cost(horizon, schedules, answer), answer)
    return broken


def broken_by_plants(
    payload: Mapping[str, Any], answer: Mapping[str, Any], *, co2: bool = True, steps: int = 1
) -> list[str]:
    """Every rule of a plant alone that a plan breaks."""
    horizon = read(payload, co2=co2, steps=steps)
    plans = {plan["name"]: plan for plan in answer["plan"]}
    return [fault for plant in horizon.plants for fault in Schedule(plant, horizon, plans[plant.name]).faults()]


def cost_of(payload: Mapping[str, Any], answer: Mapping[str, Any], *, co2: bool = True, steps: int = 1) -> Fraction:
    """The exact cost of the plan of an answer, in euro."""
    horizon = read(payload, co2=co2, steps=steps)
    plans = {plan["name"]: plan for plan in answer["plan"]}
    return total_cost(horizon, [Schedule(plant, horizon, plans[plant.name]) for plant in horizon.plants], answer)


class Schedule:
    """What one plant does: outputs in steps, exactly as they are given."""

    def __init__(self, plant: Plant, horizon: Horizon, plan: Mapping[str, Any]) -> None:
        self.plant, self.h, self.periods = plant, horizon.h, range(horizon.periods)
        self.p = [exact(p) * horizon.steps for p in plan["p"]]
        self.on = [bool(on) for on in plan["on"]]

    # The state before, and what happens in a period.

    def on_before(self, t: int) -> bool:
        """Whether it ran in the period before; before the first, as ``initial`` says, else as in the first."""
        if t:
            return self.on[t - 1]
        return self.on[0] if self.plant.initial is None else self.plant.initial.on

    def p_before(self, t: int) -> Fraction | None:
        """Its output in the period before, where that is known."""
        if t:
            return self.p[t - 1]
        return None if self.plant.initial is None else self.plant.initial.p

    def starts(self, t: int) -> bool:
        """Whether this is its first period on."""
        return self.on[t] and not self.on_before(t)

    def stops_after(self, t: int) -> bool:
        """Whether this is its last period on, by choice and not by an outage."""
        return t + 1 < len(self.on) and self.on[t] and not self.on[t + 1] and self.plant.runs[t + 1]

    def stops(self, t: int) -> bool:
        """Whether this is its first period off, by choice or by an outage."""
        return not self.on[t] and self.on_before(t)

    def hours_off(self, t: int) -> Fraction | None:
        """The hours off before a start; ``None`` where the rest began before all that is known."""
        rest = 0
        while rest < t and not self.on[t - 1 - rest]:
            rest += 1
        if rest < t or self.on_before(0):
            return rest * self.h
        initial = self.plant.initial
        return None if initial is None or initial.hours is None else initial.hours + rest * self.h

    # The rules.

    def faults(self) -> Iterator[str]:
        """The rules that hold for a plant alone."""
        for t in self.periods:
            for rule in (self.limits, self.startup, self.shutdown, self.ramps, self.minimum_times, self.must_run):
                if not rule(t):
                    yield f"{self.plant.name}, period {t + 1}: {rule.__name__}"

    def limits(self, t: int) -> bool:
        """On, its output is a multiple of the step within its limits; off, it is 0. In an outage it is off."""
        if not self.on[t]:
            return self.p[t] == 0
        inside = self.plant.low[t] <= self.p[t] <= self.plant.high[t]
        return self.plant.runs[t] and self.p[t].denominator == 1 and inside

    def startup(self, t: int) -> bool:
        """In its first period on it gives at most the start-up limit."""
        limit = self.plant.startup_limit[t]
        return not self.starts(t) or limit is None or self.p[t] <= limit

    def shutdown(self, t: int) -> bool:
        """In its last period on it gives at most the shut-down limit."""
        if t == 0 and self.stops(0) and self.plant.runs[0] and not self.plant.may_stop_at_once:
            return False
        limit = self.plant.shutdown_limit[t]
        return not self.stops_after(t) or limit is None or self.p[t] <= limit

    def ramps(self, t: int) -> bool:
        """Between two periods on its output changes by no more than the ramps."""
        before, plant = self.p_before(t), self.plant
        if not self.on[t] or not self.on_before(t) or before is None:
            return True
        if plant.ramp_up is not None and self.p[t] > before + plant.ramp_up:
            return False
        return not plant.ramp_down_binds(t) or plant.ramp_down is None or self.p[t] >= before - plant.ramp_down

    def minimum_times(self, t: int) -> bool:
        """It stays on after a start and off after a stop; an outage may end a time on."""
        plant = self.plant
        if plant.initial is not None and self.on[t] and t < plant.down_left and not any(self.on[:t]):
            return False
        if self.on_before(0) and not self.on[t] and t < plant.up_left and all(plant.runs[: t + 1]):
            return False
        for s in range(t):
            if self.starts(s) and s + plant.min_up > t and not self.on[t] and all(plant.runs[s : t + 1]):
                return False
            if self.stops(s) and not (s == 0 and plant.initial is None) and s + plant.min_down > t and self.on[t]:
                return False
        return True

    def must_run(self, t: int) -> bool:
        """Where it must run it does."""
        return self.on[t] or not self.plant.must[t]

    # What it gives to all.

    def reserves(self, t: int) -> tuple[Fraction, Fraction]:
        """What it could give more and less in a period."""
        plant, before = self.plant, self.p_before(t)
        if not self.on[t] or not plant.reserve:
            return Fraction(0), Fraction(0)
        up: list[Fraction | int] = [plant.high[t] - self.p[t]]
        down: list[Fraction | int] = [self.p[t] - plant.low[t]]
        startup, shutdown = plant.startup_limit[t], plant.shutdown_limit[t]
        if self.starts(t) and startup is not None:
            up.append(startup - self.p[t])
        if self.stops_after(t) and shutdown is not None:
            up.append(shutdown - self.p[t])
        if before is not None and not self.starts(t):
            if plant.ramp_up is not None:
                up.append((before + plant.ramp_up - self.p[t]) // 1)  # reserves are whole steps
            if plant.ramp_down is not None and plant.ramp_down_binds(t):
                down.append((self.p[t] - before + plant.ramp_down) // 1)
        return Fraction(min(up)), Fraction(min(down))

    def cost(self) -> Fraction:
        """What it costs, in euro."""
        running = sum(self.plant.costs[t][int(self.p[t])] for t in self.periods if self.on[t])
        return running + sum(
            (self.plant.start_cost(self.hours_off(t)) for t in self.periods if self.starts(t)), Fraction(0)
        )


def _shape(horizon: Horizon, answer: Mapping[str, Any]) -> Iterator[str]:
    if answer.get("status") not in {"optimal", "within_gap", "time_limit"}:
        yield f"status {answer.get('status')!r}"
    if sorted(plan["name"] for plan in answer["plan"]) != sorted(plant.name for plant in horizon.plants):
        yield "the plan has other plants"
    lists = [(plan["name"], plan[key]) for plan in answer["plan"] for key in ("p", "on")]
    storages = answer.get("storages", [])
    if [storage["name"] for storage in storages] != [storage.name for storage in horizon.storages]:
        yield "the plan has other storages"
    lists += [(storage["name"], storage[key]) for storage in storages for key in ("charge", "discharge", "energy")]
    lists += [("market", answer["market"][key]) for key in ("buy", "sell") if "market" in answer]
    lists += [("lost load", answer["lost_load"])] if "lost_load" in answer else []
    for name, values in lists:
        if len(values) != horizon.periods or any(isinstance(value, bool) for value in values):
            yield f"{name}: {values} is not one number for each period"
    if any(on not in (0, 1) for plan in answer["plan"] for on in plan["on"]):
        yield "on is neither 0 nor 1"
    if horizon.lost_load is None and any(answer.get("lost_load", [])):
        yield "lost load without a price"
    if horizon.market is None and "market" in answer:
        yield "a market that is not there"


def _order(horizon: Horizon, answer: Mapping[str, Any]) -> Iterator[str]:
    """Merit order of the first period, ties as sent. Plants with a curve are not looked at."""
    plants = [plant for plant in horizon.plants if not plant.curve]
    expected = [plant.name for plant in sorted(plants, key=lambda plant: plant.marginal[0])]
    if [plan["name"] for plan in answer["plan"] if plan["name"] in expected] != expected:
        yield "the plants are not in merit order"


def _amounts(horizon: Horizon, values: list[float] | None) -> list[Fraction]:
    return [exact(value) * horizon.steps for value in values or [0] * horizon.periods]


def _traded(horizon: Horizon, answer: Mapping[str, Any]) -> tuple[list[Fraction], list[Fraction]]:
    market = answer.get("market", {})
    return _amounts(horizon, market.get("buy")), _amounts(horizon, market.get("sell"))


def _balance(horizon: Horizon, schedules: list[Schedule], answer: Mapping[str, Any]) -> Iterator[str]:
    """What comes in is what goes out, exactly; lost load is at most the load."""
    lost, (bought, sold) = _amounts(horizon, answer.get("lost_load")), _traded(horizon, answer)
    for t in range(horizon.periods):
        supply = sum(schedule.p[t] for schedule in schedules) + bought[t] + lost[t] - sold[t]
        for storage in answer.get("storages", []):
            supply += _amounts(horizon, storage["discharge"])[t] - _amounts(horizon, storage["charge"])[t]
        if supply != horizon.load[t]:
            yield f"period {t + 1}: {supply} steps for a load of {horizon.load[t]}"
        if lost[t].denominator != 1 or not 0 <= lost[t] <= horizon.load[t]:
            yield f"period {t + 1}: lost load {lost[t]}"


def _reserve(horizon: Horizon, schedules: list[Schedule]) -> Iterator[str]:
    for t in range(horizon.periods):
        given = [schedule.reserves(t) for schedule in schedules]
        for way, needed, held in (
            ("up", horizon.up[t], sum(up for up, _ in given)),
            ("down", horizon.down[t], sum(down for _, down in given)),
        ):
            if held < needed:
                yield f"period {t + 1}: reserve {way} {held} of {needed}"


def _storages(horizon: Horizon, answer: Mapping[str, Any]) -> Iterator[str]:
    for storage, plan in zip(horizon.storages, answer.get("storages", []), strict=True):
        energy = storage.initial
        charges, discharges = _amounts(horizon, plan["charge"]), _amounts(horizon, plan["discharge"])
        for t, (charge, discharge) in enumerate(zip(charges, discharges, strict=True)):
            if (charge and discharge) or {charge.denominator, discharge.denominator} != {1}:
                yield f"{storage.name}, period {t + 1}: charge {charge}, discharge {discharge}"
            if not 0 <= charge <= storage.charge_max or not 0 <= discharge <= storage.discharge_max:
                yield f"{storage.name}, period {t + 1}: power"
            flow = charge * storage.charge_efficiency - discharge / storage.discharge_efficiency
            energy += flow * horizon.h / horizon.steps
            if not storage.energy_min <= energy <= storage.energy_max:
                yield f"{storage.name}, period {t + 1}: an energy of {energy}"
            if abs(exact(plan["energy"][t]) - energy) > Fraction(1, 10**6):
                yield f"{storage.name}, period {t + 1}: states an energy of {plan['energy'][t]}, not {energy}"
        if energy < storage.final_min:
            yield f"{storage.name}: ends with {energy}"


def _market(horizon: Horizon, answer: Mapping[str, Any]) -> Iterator[str]:
    if horizon.market is None:
        return
    for t, (buy, sell) in enumerate(zip(*_traded(horizon, answer), strict=True)):
        inside = 0 <= buy <= horizon.market.buy[t] and 0 <= sell <= horizon.market.sell[t]
        if not inside or (buy and sell) or {buy.denominator, sell.denominator} != {1}:
            yield f"period {t + 1}: buys {buy}, sells {sell}"


def total_cost(horizon: Horizon, schedules: list[Schedule], answer: Mapping[str, Any]) -> Fraction:
    """The cost of a plan in euro."""
    cost = sum((schedule.cost() for schedule in schedules), Fraction(0))
    hours = horizon.h / horizon.steps  # MWh of a step
    for lost in _amounts(horizon, answer.get("lost_load")):
        cost += lost * hours * (horizon.lost_load or 0)
    bought, sold = _traded(horizon, answer)
    for t in range(horizon.periods):
        if horizon.market is not None:
            cost += (horizon.market.buying[t] * bought[t] - horizon.market.selling[t] * sold[t]) * hours
    for storage, plan in zip(horizon.storages, answer.get("storages", []), strict=True):
        charged, discharged = sum(_amounts(horizon, plan["charge"])), sum(_amounts(horizon, plan["discharge"]))
        flow = charged * storage.charge_efficiency - discharged / storage.discharge_efficiency
        cost += storage.cost * discharged * hours - storage.final_value * (storage.initial + flow * hours)
    return cost


def _cost(cost: Fraction, answer: Mapping[str, Any]) -> Iterator[str]:
    """Euro to cents, half to even, the bound rounded down; the gaps follow from them, within a cent."""
    stated, bound = exact(answer["cost"]), exact(answer["lower_bound"])
    if stated != Fraction(round(cost / CENT)) * CENT:
        yield f"states a cost of {answer['cost']}, not {float(cost)}"
    if bound > cost or (bound / CENT).denominator != 1:
        yield f"states a bound of {answer['lower_bound']} for a cost of {float(cost)}"
    if abs(exact(answer["gap"]) - (stated - bound)) > CENT:
        yield f"states a gap of {answer['gap']}, not {float(stated - bound)}"
    scale = max(abs(stated), Fraction(1))
    if abs(exact(answer["relative_gap"]) - (stated - bound) / scale) > CENT / scale + Fraction(1, 10**6):
        yield f"states a relative gap of {answer['relative_gap']}, not {float((stated - bound) / scale)}"
