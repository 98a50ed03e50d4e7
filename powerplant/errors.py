"""The errors of this package, independent of HTTP.

::

    PowerplantError
    ├── ConfigurationError    a setting is not valid
    ├── MalformedPayload      the bytes are not JSON
    ├── InvalidQuery          a query parameter is not valid
    ├── InvalidPayload        the JSON is not a valid payload; lists every fault
    ├── InfeasibleLoad        no plan meets the load; says why, and names the nearest loads that have a plan
    ├── InfeasibleHorizon     no plan meets all loads of a horizon; says what is missing, and in which periods
    ├── NotInstalled          a library that the payload needs is not installed
    ├── OutOfTime             no plan was found, or proven optimal, within the time limit
    ├── NotCheckedInTime      a proof was not checked within the time limit
    ├── TooBusy               all processes for long work are in use
    └── WrongPlan             a plan failed its verification: always a bug of this package
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal
from typing import Any, ClassVar, NamedTuple


class Fault(NamedTuple):
    """One fault of a payload: where it is (an RFC 6901 pointer as a URI fragment) and what is wrong."""

    pointer: str
    detail: str


class PowerplantError(Exception):
    """The base class of the errors of this package. They can be sent from one process to another."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy message and attributes without calling the class, whose arguments may be others."""
        return type(self).__new__, (type(self), *self.args), self.__dict__


class ConfigurationError(PowerplantError):
    """An environment variable holds a value that is not valid."""


class MalformedPayload(PowerplantError):
    """The body is not JSON; the message says where."""


class InvalidQuery(PowerplantError):
    """A query parameter is not valid."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"The parameter {parameter} {detail}.")
        self.parameter = parameter
        self.detail = detail


class InvalidPayload(PowerplantError):
    """The body is JSON, but not a valid payload."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class InfeasibleLoad(PowerplantError):
    """No plan meets the load.

    Attributes:
        load: the load of the payload, in MW.
        reason: ``off_grid``, ``below_must_run``, ``above_capacity``, ``below_minimum`` or ``in_a_gap``.
        nearest_below: the largest smaller load that has a plan, in MW; ``None`` below what plants must produce.
        nearest_above: the smallest larger load that has a plan, in MW; ``None`` above the capacity of all plants.
        proof: the proof that no plan exists; ``None`` if the load alone shows it.
    """

    def __init__(
        self,
        load: float,
        reason: str,
        nearest_below: float | None,
        nearest_above: float | None,
        proof: object = None,
        *,
        step: str = "0.1",
    ) -> None:
        super().__init__(_infeasible(load, reason, nearest_below, nearest_above, step))
        self.load = load
        self.reason = reason
        self.nearest_below = nearest_below
        self.nearest_above = nearest_above
        self.proof = proof


def _infeasible(load: float, reason: str, nearest_below: float | None, nearest_above: float | None, step: str) -> str:
    why = {
        "off_grid": f"is not a multiple of {step} MW",
        "below_must_run": "is below what the power plants that must run produce at least",
        "above_capacity": "is above the capacity of all power plants together",
        "below_minimum": "is below the smallest output of any power plant",
        "in_a_gap": "is in a gap: no combination of power plants produces exactly this load",
    }[reason]
    nearest = [f"{megawatt} MW" for megawatt in (nearest_below, nearest_above) if megawatt is not None]
    loads = "load with a plan is" if len(nearest) == 1 else "loads with a plan are"
    return f"A load of {load} MW {why}. The nearest {loads} {' and '.join(nearest)}."


class InfeasibleHorizon(PowerplantError):
    """No plan meets the loads and the reserve of all periods.

    Attributes:
        missing: MWh of ``shortfall`` (load that is not met), ``surplus`` (production above the load) and ``reserve``.
        periods: what each period lacks, in MW, with a sentence; only those that lack something.
        proven: whether less cannot be missing.
    """

    def __init__(self, missing: Mapping[str, float], periods: Sequence[Mapping[str, Any]], *, proven: bool) -> None:
        super().__init__(_missing(missing, periods))
        self.missing = dict(missing)
        self.periods = [*periods]
        self.proven = proven


def _missing(missing: Mapping[str, float], periods: Sequence[Mapping[str, Any]]) -> str:
    if not any(missing.values()):
        return f"{_periods(len(periods))} a load that is not a multiple of the step. {periods[0]['detail']}"
    lacks = [f"{missing[name]:g} MWh of {words}" for name, words in _LACKS.items() if missing[name]]
    first = f"{_periods(len(periods))} no plan. {periods[0]['detail']}"
    return f"No plan meets all periods: at least {' and '.join(lacks)}. {first}"


def _periods(count: int) -> str:
    return "1 period has" if count == 1 else f"{count} periods have"


_LACKS = {"shortfall": "load are not met", "surplus": "power are too much", "reserve": "reserve are missing"}


class NotInstalled(PowerplantError):
    """A library that the payload needs is not installed; the message names it."""


class OutOfTime(PowerplantError):
    """The time limit passed before a plan was proven optimal, or, of a horizon, before one was found.

    Attributes:
        gap: cost of the best plan found minus the lower bound, in euro; ``None`` if no plan was found.
    """

    def __init__(self, time_limit: float, gap: Decimal | None) -> None:
        message = f"No plan was found within {time_limit:g} s."
        if gap is not None:  # rounded up, so that the sentence stays true
            message = (
                f"No plan was proven optimal within {time_limit:g} s; the best plan found costs at most "
                f"{gap.quantize(Decimal('0.01'), ROUND_UP)} euro too much."
            )
        super().__init__(message)
        self.gap = gap


class NotCheckedInTime(PowerplantError):
    """The check of a proof did not end within the time limit."""

    def __init__(self, time_limit: float) -> None:
        super().__init__(f"The proof was not checked within {time_limit:g} s.")


class TooBusy(PowerplantError):
    """All processes for long work are in use.

    Attributes:
        so_far: the unfinished result of the short attempt before, if there is one.
    """

    LONG_PAYLOADS: ClassVar = "The server is already solving as many long payloads as it accepts."
    TURNS: ClassVar = "The server is already reading as many payloads as it accepts."

    def __init__(self, message: str = LONG_PAYLOADS, so_far: object = None) -> None:
        super().__init__(message)
        self.so_far = so_far


class WrongPlan(PowerplantError):
    """A plan or a proof failed its check: a bug of this package."""
