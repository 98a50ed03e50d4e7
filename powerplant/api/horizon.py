"""``POST /productionplan/horizon``: a plan for periods that depend on each other; and the report on it."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from powerplant.api.request_log import entry
from powerplant.api.requests import read_body, read_options
from powerplant.config import Settings
from powerplant.errors import InvalidQuery, OutOfTime
from powerplant.horizon.answering import Wish, answer_apart
from powerplant.workers import Workers

blueprint = Blueprint("horizon", __name__)


@blueprint.post("/productionplan/horizon", strict_slashes=False)
def horizon() -> Response:
    """Answer a horizon with its plan; :mod:`powerplant.api.errors` answers errors."""
    return _answer(report=False)


@blueprint.post("/productionplan/horizon/report", strict_slashes=False)
def report() -> Response:
    """Answer a horizon with its plan, costs, starts, reserve, and the state at the end."""
    return _answer(report=True)


def _answer(*, report: bool) -> Response:
    settings: Settings = current_app.config["SETTINGS"]
    workers: Workers = current_app.config["HORIZONS"]
    log = entry()
    options = read_options()._replace(time_limit=_time_limit(settings))
    wish = Wish(options, settings.max_plants, settings.max_cells, settings.horizon_threads, report, _end())
    log.payload = body = read_body(settings.max_body)
    outcome = workers.run_apart(answer_apart, body, wish, time_limit=options.time_limit)
    if outcome is None:
        raise OutOfTime(options.time_limit, None)
    if outcome.leaves_work:
        workers.renew()
    log.note("horizon", **outcome.facts)
    if isinstance(outcome.answer, Exception):
        raise outcome.answer
    content, headers = outcome.answer
    return Response(content, headers=[("Content-Type", "application/json"), *headers.items()])


def _time_limit(settings: Settings) -> float:
    """The seconds that the request asks for, or those of the server.

    Raises:
        InvalidQuery: they are not a number, or more than the server gives.
    """
    given = request.args.getlist("time_limit")
    if not given:
        return settings.horizon_time_limit
    try:
        seconds = float(given[0]) if len(given) == 1 else float("nan")
    except ValueError:
        seconds = float("nan")
    if not 0 < seconds <= settings.horizon_time_limit:
        most = f"{settings.horizon_time_limit:g}"
        raise InvalidQuery("time_limit", f"must be given once, as seconds above 0 and at most {most}")
    return seconds


def _end() -> int | None:
    """The period after which the state is wanted."""
    given = request.args.getlist("end")
    if not given:
        return None
    if len(given) != 1 or not given[0].isascii() or not given[0].isdigit() or len(given[0]) > MOST_DIGITS:
        raise InvalidQuery("end", "must be given once, as the number of a period")
    return int(given[0])


MOST_DIGITS = 9
"""Of the number of a period."""
