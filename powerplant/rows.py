"""Plans as rows of tables: the names of their columns, what is in them, and CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from powerplant.models import PlantReport, Report
from powerplant.planning import Solved
from powerplant.reporting import prices_of_running

OF_AN_HOUR = ("load", "status", "reason", "cost", "price_up", "co2_emitted")
"""The columns of an hour before its outputs.

- ``load``: MW, which the outputs meet;
- ``status``: ``optimal``, ``feasible``, or the type of the problem: ``infeasible-load``, ``invalid-payload``, ...;
- ``reason``: why there is no plan, or how far a feasible one is from the cheapest; empty for an optimal plan;
- ``cost``: euro;
- ``price_up``: euro per MWh that one step more costs if the same plants run; empty if they are all at their maximum;
- ``co2_emitted``: tonnes, charged or not.
"""

COST = OF_AN_HOUR.index("cost")
TEXTS = ("status", "reason")

OF_A_PLANT = ("name", "type", "p", "pmin", "pmax", "marginal_cost", "cost", "co2_emitted", "state")
"""The columns of a plant in one plan: MW, euro per MWh, euro, tonnes."""

BY_LINE = ("line",)
"""The label of hours that have none of their own: the number of the line."""

CENT = Decimal("0.01")

Value = str | float | Decimal | None


def columns_of_hours(plants: Iterable[str]) -> tuple[str, ...]:
    """The columns of hours of a fleet; ``p[NAME]`` is the output of a plant in MW."""
    return (*OF_AN_HOUR, *(f"p[{name}]" for name in plants))


def values_of_hour(solved: Solved, emitted: Decimal) -> list[Value]:
    """A planned hour: its load, status, ... and outputs, in the order of its plants. Amounts of money are exact.

    Args:
        solved: its solution.
        emitted: the tonnes of CO2 that its plants emit.
    """
    (instance, solution, _), reason = solved, None
    grid, gap = instance.grid, solution.cost - solution.lower_bound
    if gap:
        most = grid.euros(gap).quantize(CENT, ROUND_CEILING)
        reason = f"Not proven to be the cheapest plan: it costs at most {most} euro too much."
    return [
        grid.megawatts(instance.load),
        "feasible" if gap else "optimal",
        reason,
        grid.euros(solution.cost),
        prices_of_running(instance.units, solution.dispatch).up,
        emitted,
        *map(grid.megawatts, solution.dispatch),
    ]


def values_of_plant(plant: PlantReport) -> tuple[Value, ...]:
    """A plant in one plan, in the order of :data:`OF_A_PLANT`."""
    cost, emitted = plant.cost, plant.co2_emitted_tonnes
    return (
        plant.name,
        plant.type,
        plant.p,
        plant.pmin,
        plant.pmax,
        plant.marginal_cost.total,
        cost,
        emitted,
        plant.state,
    )


def cents(euros: Decimal) -> str:
    """An amount in euro with two decimals, half to even."""
    return f"{euros.quantize(CENT, ROUND_HALF_EVEN):z}"  # z: no minus sign before 0.00


# --- CSV -------------------------------------------------------------------------------------------------------------

_FORMULA = re.compile(r"[=+\-@\t\r＝＋－＠]")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*")
_QUOTED = re.compile(r'[",;\t|\r\n]|^\s|\s$')


class Layout(NamedTuple):
    """How a table of hours is written.

    Attributes:
        delimiter: what separates its columns.
        decimal: the decimal mark.
        has_mark: whether it begins with a byte order mark, by which spreadsheets know that it is UTF-8.
        labels: the columns that say what hour a row is, before all others.
        plants: the names of the power plants.
    """

    delimiter: str = ","
    decimal: str = "."
    has_mark: bool = False
    labels: tuple[str, ...] = BY_LINE
    plants: tuple[str, ...] = ()

    @property
    def head(self) -> bytes:
        """The row that names the columns."""
        return ("\ufeff" if self.has_mark else "").encode() + self.row((*self.labels, *columns_of_hours(self.plants)))

    def hour(self, labels: Iterable[Value], values: Sequence[Value]) -> bytes:
        """An hour as :func:`values_of_hour` gives it, its cost to the cent; of one without a plan the first values."""
        cells = [*values, *[None] * (len(OF_AN_HOUR) + len(self.plants) - len(values))]
        if isinstance(cost := cells[COST], Decimal):
            cells[COST] = cost.quantize(CENT, ROUND_HALF_EVEN)
        return self.row([*labels, *cells])

    def row(self, values: Iterable[Value]) -> bytes:
        """A row with its end. Text that a spreadsheet would run as a formula gets an apostrophe before it."""
        return (self.delimiter.join([*map(self._cell, values)]) + "\n").encode()

    def _cell(self, value: Value) -> str:
        if value is None:
            return ""
        if isinstance(value, str):
            if _FORMULA.match(value) and not _NUMBER.fullmatch(value):
                value = f"'{value}"
            return '"' + value.replace('"', '""') + '"' if _QUOTED.search(value) else value
        text = f"{value:zf}" if isinstance(value, Decimal) else repr(value)
        if "e" in text:
            text = f"{Decimal(text):f}"
        if self.decimal == ",":
            text = text.replace(".", ",")
            return f'"{text}"' if self.delimiter == "," else text
        return text


AS_PROGRAMS_DO = Layout()
"""Commas between columns, decimal points."""


def plan_as_csv(report: Report, layout: Layout = AS_PROGRAMS_DO) -> bytes:
    """A plan as a table: a row for each plant in merit order, its cost to the cent."""
    rows = [layout.row(OF_A_PLANT)]
    for plant in report.powerplants:
        cost = float(cents(Decimal(repr(plant.cost))))
        rows.append(layout.row(values_of_plant(plant.model_copy(update={"cost": cost}))))
    return b"".join(rows)
