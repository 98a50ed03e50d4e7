"""The answer to a body that is a horizon: its content and headers.

A process of its own computes it, and is killed if it exceeds the time limit: some steps of HiGHS do not check the time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from fractions import Fraction
from time import perf_counter
from typing import Any, NamedTuple

from pydantic_core import to_json

from powerplant.answers import CSV, JSON, Answer
from powerplant.batch.workbooks import Workbook
from powerplant.errors import InvalidPayload, InvalidQuery
from powerplant.horizon.decoding import decode
from powerplant.horizon.members import answer_of
from powerplant.horizon.models import Horizon
from powerplant.horizon.planning import Better, SolvedHorizon, plan_horizon
from powerplant.horizon.posted import read_periods
from powerplant.horizon.reporting import report_of
from powerplant.horizon.rows import labelled, table_of
from powerplant.horizon.tables import Periods
from powerplant.planning import Options
from powerplant.problems import CLIENT_ERRORS
from powerplant.rows import Layout

FOR_REPORT = 0.2
"""The share of the time limit for prices and reasons, if the answer is a report or a table."""

MOST_PER_SECOND = 2.0
"""How often, at most, a better plan is kept during the search."""


class Wish(NamedTuple):
    """What the client asks for.

    Attributes:
        options: how to plan it.
        max_plants, max_cells: the most plants, and the most plants and storages, times periods.
        threads: how many threads search.
        report: whether the answer is the report.
        end: the period after which the report has the state of the plants; ``None`` for the last.
        zone: the time zone of times without an offset, if the body has a table of hours; ``None`` if it is JSON.
        form: the media type of the answer.
    """

    options: Options
    max_plants: int
    max_cells: int
    threads: int = 2
    report: bool = False
    end: int | None = None
    zone: tzinfo | None = None
    form: str = JSON


class Outcome(NamedTuple):
    """What a process sends back: for the log, and its answer or error.

    Attributes:
        facts: about the plan, for the log.
        answer: the answer, or the error of the client.
        is_final: whether the search has ended.
        leaves_work: whether a thread of the search is still running: then the process must be replaced.
    """

    facts: Mapping[str, Any]
    answer: Answer | Exception
    is_final: bool = True
    leaves_work: bool = False


def answer_apart(body: bytes, wish: Wish, time_limit: float, improve: Callable[[Outcome], None] | None) -> Outcome:
    """In a process: the answer to a body.

    Args:
        body: JSON, or tables, as for :func:`powerplant.horizon.posted.read_periods`.
        wish: what the client asks for.
        time_limit: seconds that are left for everything.
        improve: called with the answer for each better plan during the search.
    """
    start = perf_counter()
    options = wish.options.after(wish.options.left - time_limit)  # it waited for the process
    facts: dict[str, Any] = {}
    table: Periods | None = None
    try:
        if wish.zone is not None:
            table = read_periods(body, wish.zone)
            body = table.content
        horizon = decode(body, co2=options.co2, max_plants=wish.max_plants, max_cells=wish.max_cells)
        periods = len(horizon.load)
        facts |= {"plants": len(horizon.plants), "periods": periods}
        if wish.end is not None and not 1 <= wish.end <= periods:
            raise InvalidQuery("end", f"must be a period, from 1 to {periods}")
        keep = None if improve is None else _keeping(horizon, table, wish, facts, improve)
        has_prices = wish.report or wish.form != JSON
        spent = perf_counter() - start + (FOR_REPORT * options.time_limit if has_prices else 0.0)
        solved = plan_horizon(horizon, options.after(spent), keep, threads=wish.threads)
    except InvalidPayload as error:
        of_table, of_fleet = ([], error.faults) if table is None else table.in_words(error.faults)
        return Outcome(facts, InvalidPayload([*of_table, *of_fleet]))
    except CLIENT_ERRORS as error:
        return Outcome(facts, error)
    return _outcome(solved, table, wish, facts, options.after(perf_counter() - start).left * 0.8)


def _keeping(
    horizon: Horizon, table: Periods | None, wish: Wish, facts: Mapping[str, Any], improve: Callable[[Outcome], None]
) -> Callable[[Better], None]:
    last = perf_counter()

    def keep(better: Better) -> None:
        nonlocal last
        if better.plan is None or better.cost is None or perf_counter() < last + 1 / MOST_PER_SECOND:
            return
        last = perf_counter()
        bound = better.cost if better.bound is None else min(better.cost, Fraction(better.bound))
        solved = SolvedHorizon(better.instance, better.plan, "time_limit", better.cost, bound, horizon, 0.0)
        improve(_outcome(solved, table, wish, facts, 0.0)._replace(is_final=False))

    return keep


def _outcome(
    solved: SolvedHorizon, table: Periods | None, wish: Wish, facts: Mapping[str, Any], left: float
) -> Outcome:
    members = (
        report_of(solved, co2=wish.options.co2, end=wish.end, time_limit=left) if wish.report else answer_of(solved)
    )
    cost, gap = f"{members['cost']:.2f}", f"{members['gap']:.2f}"
    headers = {"Plan-Status": solved.status, "Plan-Cost": cost}
    if solved.status != "optimal":
        headers |= {"Plan-Gap": gap, "Plan-Relative-Gap": f"{members['relative_gap']:.6f}"}
    facts = {
        **facts,
        "plan_status": solved.status,
        "cost": cost,
        "gap": gap,
        "solve_ms": round(solved.seconds * 1000, 3),
    }
    content = as_json(members) if wish.form == JSON else _as_table(solved, table, wish.form, left)
    return Outcome(facts, Answer(content, headers), leaves_work=solved.leaves_work)


def _as_table(solved: SolvedHorizon, table: Periods | None, form: str, left: float) -> bytes:
    """A plan as CSV or as a workbook."""
    layout, labels = labelled(solved.instance) if table is None else (table.layout, table.labels)
    if form == CSV:
        return table_of(solved, layout, labels, left)
    workbook = Workbook("plan")
    workbook.write(table_of(solved, Layout(labels=layout.labels), labels, left))
    return workbook.save()


def as_json(members: Mapping[str, Any]) -> bytes:
    """An answer as JSON."""
    return to_json(members) + b"\n"
