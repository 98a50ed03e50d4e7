"""Answers as JSON and CSV, the same over HTTP and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING
from time import perf_counter
from typing import Any, NamedTuple

from pydantic_core import to_json

from powerplant.decoding import decode, ignored_in
from powerplant.errors import OutOfTime
from powerplant.models import ProductionPlanRequest, Report
from powerplant.planning import ExactPlan, Options, plan_production, present, solve_request
from powerplant.problems import CLIENT_ERRORS
from powerplant.reporting import figures_of, report_production
from powerplant.rows import CENT, cents, plan_as_csv
from powerplant.workers import LARGE, Workers

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
"""The media types of answers."""

Note = Callable[..., None]
"""Called with an event and facts about it, for the log."""


class Answer(NamedTuple):
    """The answer to a body: JSON or CSV, and headers with the facts of the plan."""

    content: bytes
    headers: Mapping[str, str] = {}


View = Callable[[bytes, Options, int, Workers, Note], Answer]
"""From a body, options, the most power plants, processes and a log to an answer."""


def answer_plan(body: bytes, options: Options, max_plants: int, workers: Workers, note: Note) -> Answer:
    """The production plan for a body; errors as in :func:`~powerplant.decoding.decode` and ``plan_production``."""
    payload, options = _decode(body, options, max_plants, note)
    plan = plan_production(payload, options, workers)
    return Answer(plan_as_json(plan), _headers(plan, options, note))


def answer_table(body: bytes, options: Options, max_plants: int, workers: Workers, note: Note) -> Answer:
    """The same plan as CSV, with a row for each plant."""
    payload, options = _decode(body, options, max_plants, note)
    solved = solve_request(payload, options, workers)
    report = figures_of(payload, solved, co2=options.co2)
    return Answer(plan_as_csv(report), _headers(present(solved), options, note))


def _headers(plan: ExactPlan, options: Options, note: Note) -> Mapping[str, str]:
    """The headers of a plan, which is logged."""
    cost = cents(plan.cost)
    note("plan", cost=cost, proof=plan.method, solve_ms=round(plan.seconds * 1000, 3))
    headers = {"Plan-Status": "feasible" if plan.gap else "optimal", "Plan-Cost": cost}
    if options.round_load:
        headers["Plan-Load"] = str(plan.load)
    if plan.gap:
        headers["Plan-Gap"] = str(plan.gap.quantize(CENT, ROUND_CEILING))
    return headers


def answer_report(body: bytes, options: Options, max_plants: int, workers: Workers, note: Note) -> Answer:
    """The report for a body; errors as in :func:`answer_plan`."""
    payload, options = _decode(body, options, max_plants, note)
    report = report_production(payload, options, workers, ignored_in(body))
    note("report", cost=f"{report.cost.total:.2f}", proof=report.proof)
    return Answer(report_as_json(report))


def answer(view: View, body: bytes, options: Options, max_plants: int, workers: Workers, note: Note) -> Answer:
    """Call a view: in this thread, or in a process if the body is large.

    Raises:
        TooBusy: the body is large or the search long, and all processes are in use.
        OutOfTime: its process did not end in time, or reached its limit of memory.
    """
    if len(body) <= LARGE:
        return view(body, options, max_plants, workers, note)
    outcome = workers.run_apart(_answer_apart, view, body, options, max_plants, time_limit=options.left)
    if outcome is None:
        raise OutOfTime(options.time_limit, None)
    for event, facts in outcome.notes:
        note(event, **facts)
    if isinstance(outcome.answer, Exception):
        raise outcome.answer
    return outcome.answer


class _Outcome(NamedTuple):
    """What a process sends back: for the log, and its answer or error."""

    notes: Sequence[tuple[str, Mapping[str, Any]]]
    answer: Answer | Exception
    is_final: bool = True


def _answer_apart(
    view: View, body: bytes, options: Options, max_plants: int, time_limit: float, _: Callable[..., None] | None
) -> _Outcome:
    """In a process: call a view."""
    notes: list[tuple[str, Mapping[str, Any]]] = []
    options = options.after(options.left - time_limit)  # it waited for the process
    try:
        answer = view(body, options, max_plants, Workers(0), lambda event, **facts: notes.append((event, facts)))
    except CLIENT_ERRORS as error:
        return _Outcome(notes, error)
    return _Outcome(notes, answer)


def _decode(body: bytes, options: Options, max_plants: int, note: Note) -> tuple[ProductionPlanRequest, Options]:
    """The payload, and the options when it is decoded."""
    start = perf_counter()
    payload = decode(body, co2=options.co2, max_plants=max_plants)
    note("payload", plants=len(payload.powerplants), load=payload.load)
    return payload, options.after(perf_counter() - start)


def plan_as_json(plan: ExactPlan) -> bytes:
    """A plan: a list of names and outputs."""
    return to_json([{"name": name, "p": p} for name, p in plan.outputs]) + b"\n"


def report_as_json(report: Report) -> bytes:
    """A report."""
    return report.model_dump_json().encode() + b"\n"
