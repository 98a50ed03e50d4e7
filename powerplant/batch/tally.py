"""Counts and sums of a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import fmean, quantiles
from typing import NamedTuple

from pydantic import NonNegativeInt

from powerplant.formulation import EXACT


class Scenario(NamedTuple):
    """A line that is a horizon: its cost in euro, tonnes of CO2 emitted, starts, and MWh of load that is not met."""

    cost: float
    co2_emitted: float
    starts: int
    lost_load: float


class Spread(NamedTuple):
    """The mean of a figure over all scenarios, and its 5 % and 95 % percentiles."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of some values; percentiles as ``PERCENTILE.INC`` of a spreadsheet computes them."""
        cuts = quantiles(values, n=20, method="inclusive") if len(values) > 1 else values
        return cls(fmean(values), cuts[0], cuts[-1])


class Tally(NamedTuple):
    """Counts and exact sums over the answered lines.

    Attributes:
        plans: lines with a plan.
        reasons: how many lines have a load that no plan meets, by the reason: ``off_grid``, ``above_capacity``, ...
        gave_up: lines whose plan was not proven in time.
        faulty: lines that are not a valid payload.
        bugs: lines for which this program failed.
        rounded: lines with a plan whose load was rounded to a multiple of the step.
        cost: of all plans, in euro.
        emitted: tonnes of CO2 that the plants emit, charged or not.
        charged: tonnes of CO2 that are charged.
        slowest: seconds of the slowest solve.
        slowest_line: its line; 0 if nothing was solved.
        first_fault: the first faulty line and its fault, in words.
        scenarios: the lines with a plan that are horizons.
    """

    plans: int = 0
    reasons: Mapping[str, NonNegativeInt] = {}
    gave_up: int = 0
    faulty: int = 0
    bugs: int = 0
    rounded: int = 0
    cost: Decimal = Decimal(0)
    emitted: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    slowest: float = 0.0
    slowest_line: int = 0
    first_fault: str = ""
    scenarios: tuple[Scenario, ...] = ()

    @property
    def spreads(self) -> dict[str, Spread]:
        """The spread of each figure of the scenarios; empty without any."""
        columns = zip(Scenario._fields, zip(*self.scenarios, strict=True), strict=True) if self.scenarios else ()
        return {name: Spread.of(values) for name, values in columns}

    @property
    def infeasible(self) -> int:
        """Lines whose load no plan meets."""
        return sum(self.reasons.values())

    @property
    def lines(self) -> int:
        """Answered lines."""
        return self.plans + self.problems

    @property
    def problems(self) -> int:
        """Lines that are answered with a problem."""
        return self.infeasible + self.gave_up + self.faulty + self.bugs

    def plus(self, other: Tally) -> Tally:
        """Both together; the other one is of later lines."""
        reasons = Counter(self.reasons) + Counter(other.reasons) if other.reasons else self.reasons
        slower = max(self, other, key=lambda tally: tally.slowest)
        return Tally(
            plans=self.plans + other.plans,
            reasons=reasons,
            gave_up=self.gave_up + other.gave_up,
            faulty=self.faulty + other.faulty,
            bugs=self.bugs + other.bugs,
            rounded=self.rounded + other.rounded,
            cost=EXACT.add(self.cost, other.cost),
            emitted=EXACT.add(self.emitted, other.emitted),
            charged=EXACT.add(self.charged, other.charged),
            slowest=slower.slowest,
            slowest_line=slower.slowest_line,
            first_fault=self.first_fault or other.first_fault,
            scenarios=self.scenarios + other.scenarios,
        )
