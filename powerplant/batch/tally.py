"""Counts and sums of a batch."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from powerplant.formulation import EXACT, TENTHS_PER_MEGAWATT, TONNES_OF_CO2_PER_MWH, euros


class Tally(NamedTuple):
    """Counts and exact sums over the answered lines.

    Attributes:
        plans: lines with a plan.
        infeasible: lines whose load no plan meets.
        gave_up: lines whose plan was not proven in time.
        faulty: lines that are not a valid payload.
        bugs: lines for which this program failed.
        cost: of all plans, in 10**-10 euro.
        emitting: output of gas-fired plants, which emit CO2, in tenths of a MWh.
        charged: the part of it that CO2 was charged for, in tenths of a MWh.
        slowest: seconds of the slowest solve.
        slowest_line: its line; 0 if nothing was solved.
        first_fault: the first faulty line and its fault, in words.
    """

    plans: int = 0
    infeasible: int = 0
    gave_up: int = 0
    faulty: int = 0
    bugs: int = 0
    cost: int = 0
    emitting: int = 0
    charged: int = 0
    slowest: float = 0.0
    slowest_line: int = 0
    first_fault: str = ""

    @property
    def lines(self) -> int:
        """Answered lines."""
        return self.plans + self.problems

    @property
    def problems(self) -> int:
        """Lines that are answered with a problem."""
        return self.infeasible + self.gave_up + self.faulty + self.bugs

    @property
    def euros(self) -> Decimal:
        """The cost of all plans."""
        return euros(self.cost)

    @property
    def tonnes_emitted(self) -> Decimal:
        """The CO2 that the gas-fired plants emit, charged or not."""
        return _tonnes(self.emitting)

    @property
    def tonnes_charged(self) -> Decimal:
        """The CO2 that is charged."""
        return _tonnes(self.charged)

    def plus(self, other: Tally) -> Tally:
        """Both together; the other one is of later lines."""
        slower = max(self, other, key=lambda tally: tally.slowest)
        return Tally(
            plans=self.plans + other.plans,
            infeasible=self.infeasible + other.infeasible,
            gave_up=self.gave_up + other.gave_up,
            faulty=self.faulty + other.faulty,
            bugs=self.bugs + other.bugs,
            cost=self.cost + other.cost,
            emitting=self.emitting + other.emitting,
            charged=self.charged + other.charged,
            slowest=slower.slowest,
            slowest_line=slower.slowest_line,
            first_fault=self.first_fault or other.first_fault,
        )


def _tonnes(tenths: int) -> Decimal:
    return EXACT.multiply(Decimal(tenths) / TENTHS_PER_MEGAWATT, TONNES_OF_CO2_PER_MWH)
