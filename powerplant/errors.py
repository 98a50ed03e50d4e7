"""What can go wrong, without a word of HTTP.

::

    PowerplantError
    ├── ConfigurationError    a setting that is not legal
    ├── MalformedPayload      bytes that are not JSON
    ├── InvalidQuery          a query parameter that is not legal
    ├── InvalidPayload        JSON that is no valid payload: every fault that can be told
    ├── InfeasibleLoad        a valid payload without a plan: why, and the nearest loads that have one
    ├── OutOfTime             the solver gave up: the best plan so far and its gap, where there are any
    ├── NotCheckedInTime      a proof whose check did not come to its end
    ├── TooBusy               it would take long, and as many others that do are being answered as may be
    └── WrongPlan             a plan that failed its verification: always our own bug
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal
from typing import NamedTuple


class Fault(NamedTuple):
    """One fault of a payload: where (an RFC 6901 pointer as a URI fragment) and what."""

    pointer: str
    detail: str


class PowerplantError(Exception):
    """The root of every error that this package raises on purpose."""


class ConfigurationError(PowerplantError):
    """An environment variable holds a value that is not legal."""


class MalformedPayload(PowerplantError):
    """The body is not JSON; the message says where."""


class InvalidQuery(PowerplantError):
    """A query parameter is not legal."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"The parameter {parameter} {detail}.")
        self.parameter = parameter
        self.detail = detail


class InvalidPayload(PowerplantError):
    """The payload is JSON, but no request for a production plan."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class InfeasibleLoad(PowerplantError):
    """No plan meets the load.

    Attributes:
        load: what was asked for, in MW.
        reason: ``off_grid``, ``above_capacity``, ``below_minimum`` or ``in_a_gap``.
        nearest_below: the largest load below that has a plan, in MW.
        nearest_above: the smallest load above that has one, in MW; ``None`` above all capacity.
    """

    def __init__(self, load: float, reason: str, nearest_below: float, nearest_above: float | None) -> None:
        super().__init__(_sentence(load, reason, nearest_below, nearest_above))
        self.load = load
        self.reason = reason
        self.nearest_below = nearest_below
        self.nearest_above = nearest_above


def _sentence(load: float, reason: str, nearest_below: float, nearest_above: float | None) -> str:
    why = {
        "off_grid": "is no multiple of 0.1 MW",
        "above_capacity": "is above all capacity",
        "below_minimum": "is under the smallest output of any power plant",
        "in_a_gap": "lies in a gap: no choice of power plants adds up to it",
    }[reason]
    nearest = f"{nearest_below} MW" if nearest_above is None else f"{nearest_below} MW and {nearest_above} MW"
    loads = "load with a plan is" if nearest_above is None else "loads with a plan are"
    return f"A load of {load} MW {why}. The nearest {loads} {nearest}."


class OutOfTime(PowerplantError):
    """The solver's time limit passed before a plan was proven optimal.

    Attributes:
        gap: cost of the best plan found minus the lower bound, in euro; ``None`` where no plan was found.
    """

    def __init__(self, time_limit: float, gap: Decimal | None) -> None:
        found = "no plan was found" if gap is None else f"the best plan found is at most {_cents(gap)} euro too dear"
        super().__init__(f"No plan was proven optimal within {time_limit:g} s; {found}.")
        self.gap = gap


def _cents(gap: Decimal) -> Decimal:
    return gap.quantize(Decimal("0.01"), ROUND_UP)  # up, so that what is said of the gap stays true


class NotCheckedInTime(PowerplantError):
    """The check of a proof did not come to its end within the time limit: nothing is known of what it claims."""

    def __init__(self, time_limit: float) -> None:
        super().__init__(f"This proof could not be checked within {time_limit:g} s.")


class TooBusy(PowerplantError):
    """A payload takes long to solve, or a batch comes, and all that there is for such ones is at work."""

    def __init__(
        self, message: str = "This payload takes long to solve, and as many others that do are being solved as may be."
    ) -> None:
        super().__init__(message)


class WrongPlan(PowerplantError):
    """A plan failed its verification; it is not sent."""
