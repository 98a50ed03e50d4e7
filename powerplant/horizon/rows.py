"""Plans for horizons as rows of a table: a row for each period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from time import perf_counter

from powerplant.horizon.amounts import as_float
from powerplant.horizon.explaining import prices_of
from powerplant.horizon.instance import HorizonInstance
from powerplant.horizon.planning import SolvedHorizon
from powerplant.horizon.tables import BY_PERIOD, START
from powerplant.rows import Layout, Value

OF_A_PERIOD = ("load", "price_up", "price_down")
"""The columns before the outputs: MW, and euro per MWh that one step of load more costs, and one less saves."""

FLOWS = ("charge", "discharge", "energy")
"""The columns of a storage: MW, MW, and MWh after the period."""


def head_of(instance: HorizonInstance, layout: Layout) -> bytes:
    """The row that names the columns."""
    outputs = [f"p[{plant.name}]" for plant in instance.plants]
    flows = [f"{flow}[{storage.name}]" for storage in instance.storages for flow in FLOWS]
    trade = [] if instance.market is None else ["market_buy", "market_sell"]
    lost = [] if instance.lost_load is None else ["lost_load"]
    mark = ("\ufeff" if layout.has_mark else "").encode()
    return mark + layout.row((*layout.labels, *OF_A_PERIOD, *outputs, *flows, *trade, *lost))


def rows_of(
    solved: SolvedHorizon, layout: Layout, labels: Iterable[Sequence[Value]], time_limit: float
) -> Iterator[bytes]:
    """A row for each label: the first of them are the first periods of the plan.

    Args:
        solved: a plan.
        layout: how the table is written.
        labels: the first cells of each row, which say which period it is.
        time_limit: seconds for the prices; cells of those that are not computed are empty.
    """
    instance, plan = solved.instance, solved.plan
    prices = prices_of(instance, plan, solved.relaxed, perf_counter() + time_limit)
    megawatts = instance.grid.megawatts
    energies = [
        storage.energy(charge, discharge)
        for storage, charge, discharge in zip(instance.storages, plan.charge, plan.discharge, strict=True)
    ]
    for t, label in enumerate(labels):
        values: list[Value] = [megawatts(instance.load[t]), prices[t].up, prices[t].down]
        values += [megawatts(p[t]) for p in plan.p]
        for charge, discharge, energy in zip(plan.charge, plan.discharge, energies, strict=True):
            values += [megawatts(charge[t]), megawatts(discharge[t]), as_float(energy[t])]
        values += [] if instance.market is None else [megawatts(plan.buy[t]), megawatts(plan.sell[t])]
        values += [] if instance.lost_load is None else [megawatts(plan.lost[t])]
        yield layout.row([*label, *values])


def table_of(solved: SolvedHorizon, layout: Layout, labels: Sequence[Sequence[Value]], time_limit: float) -> bytes:
    """A plan as a table; arguments as for :func:`rows_of`."""
    return head_of(solved.instance, layout) + b"".join(rows_of(solved, layout, labels, time_limit))


def labelled(instance: HorizonInstance) -> tuple[Layout, Sequence[Sequence[Value]]]:
    """The layout and labels of a plan whose payload was JSON."""
    if (times := instance.times) is None:
        return Layout(labels=BY_PERIOD), [(f"{t + 1}",) for t in instance.periods]
    return Layout(labels=(START,)), [(time,) for time in times]
