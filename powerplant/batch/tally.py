"""What a batch comes to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from powerplant.formulation import EXACT, TENTHS_PER_MEGAWATT, TONNES_OF_CO2_PER_MWH, euros


class Tally(NamedTuple):
    """Counts and sums over lines that have an answer, exact.

    Attributes:
        plans: lines with a plan.
        infeasible: lines whose load no plan meets.
        gave_up: lines whose plan was not proven in time.
        faulty: lines that are no valid payload.
        bugs: lines at which the program made a mistake.
        cost: of all plans, in 10**-10 euro.
        charged: output that CO2 was charged for, in tenths of a MWh.
        slowest: seconds of the slowest solve.
        slowest_line: the line that it was for; 0 where nothing was solved.
        first_fault: the first of the faulty lines, and what is wrong with it, in words.
    """

    plans: int = 0
    infeasible: int = 0
    gave_up: int = 0
    faulty: int = 0
    bugs: int = 0
    cost: int = 0
    charged: int = 0
    slowest: float = 0.0
    slowest_line: int = 0
    first_fault: str = ""

    @property
    def lines(self) -> int:
        """Lines that have an answer."""
        return self.plans + self.problems

    @property
    def problems(self) -> int:
        """Lines that have a problem for an answer."""
        return self.infeasible + self.gave_up + self.faulty + self.bugs

    @property
    def euros(self) -> Decimal:
        """The cost of all plans."""
        return euros(self.cost)

    @property
    def tonnes(self) -> Decimal:
        """The CO2 that is charged."""
        return EXACT.multiply(Decimal(self.charged) / TENTHS_PER_MEGAWATT, TONNES_OF_CO2_PER_MWH)

    @classmethod
    def of(cls, parts: Sequence[Tally]) -> Tally:
        """All of them together."""
        if not parts:
            return cls()
        plans, infeasible, gave_up, faulty, bugs, cost, charged, slowest, _, faults = zip(*parts, strict=True)
        line = parts[slowest.index(max(slowest))].slowest_line
        return cls(
            plans=sum(plans),
            infeasible=sum(infeasible),
            gave_up=sum(gave_up),
            faulty=sum(faulty),
            bugs=sum(bugs),
            cost=sum(cost),
            charged=sum(charged),
            slowest=max(slowest),
            slowest_line=line,
            first_fault=next(filter(None, faults), ""),
        )
