"""``POST /productionplan/horizon``: a plan for periods that depend on each other. ``.../report`` has its report too.

``.../payload`` converts tables to a payload.
"""

from __future__ import annotations

from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, current_app, request

from powerplant.answers import CSV, JSON, XLSX
from powerplant.api.request_log import entry
from powerplant.api.requests import is_connected, preferred, read_body, read_options
from powerplant.batch.documents import has_table
from powerplant.batch.workbooks import has_openpyxl
from powerplant.config import Settings
from powerplant.errors import InvalidQuery, OutOfTime
from powerplant.horizon.answering import Wish, answer_apart
from powerplant.horizon.posted import has_workbook, payload_in
from powerplant.workers import Workers

READING = 30.0
"""Seconds for reading tables."""

MOST_DIGITS = 9
"""The most digits of the number of a period."""

_CONTENT_TYPES = {JSON: JSON, CSV: f"{CSV}; charset=utf-8", XLSX: XLSX}

blueprint = Blueprint("horizon", __name__)


@blueprint.post("/productionplan/horizon", strict_slashes=False)
def horizon() -> Response:
    """Answer a horizon with its plan; :mod:`powerplant.api.errors` answers errors."""
    return _answer(report=False)


@blueprint.post("/productionplan/horizon/report", strict_slashes=False)
def report() -> Response:
    """Answer a horizon with its plan, costs, starts, reserve, and the state at the end."""
    return _answer(report=True)


@blueprint.post("/productionplan/horizon/payload", strict_slashes=False)
def payload() -> Response:
    """Answer tables with the payload that they contain; clients can change it before they ask for a plan."""
    settings: Settings = current_app.config["SETTINGS"]
    workers: Workers = current_app.config["HORIZONS"]
    options, zone = read_options(), _zone()
    entry().payload = body = read_body(settings.max_body)
    read = partial(payload_in, co2=options.co2, max_plants=settings.max_plants, max_cells=settings.max_cells)
    workers.enter(READING / 2)
    try:
        return Response(workers.call(read, body, zone, timeout=READING), mimetype=JSON)
    finally:
        workers.leave()


def _answer(*, report: bool) -> Response:
    settings: Settings = current_app.config["SETTINGS"]
    workers: Workers = current_app.config["HORIZONS"]
    log = entry()
    options = read_options()._replace(time_limit=_time_limit(settings))
    form = JSON if report else _form()
    wish = Wish(options, settings.max_plants, settings.max_cells, settings.horizon_threads, report, _end(), form=form)
    zone = _zone()
    log.payload = body = read_body(settings.max_body)
    if has_workbook(body) or has_table(body, is_csv=request.mimetype == CSV):
        wish = wish._replace(zone=zone)
    is_wanted = partial(is_connected, request.environ)
    outcome = workers.run_apart(answer_apart, body, wish, time_limit=options.time_limit, is_wanted=is_wanted)
    if outcome is None:
        raise OutOfTime(options.time_limit, None)
    if outcome.leaves_work:
        workers.renew()
    log.note("horizon", **outcome.facts)
    if isinstance(outcome.answer, Exception):
        raise outcome.answer
    content, headers = outcome.answer
    return Response(content, headers=[("Content-Type", _CONTENT_TYPES[form]), *headers.items()])


def _form() -> str:
    """The media type that the client prefers. A workbook is possible only with openpyxl."""
    accepted = request.environ.get("HTTP_ACCEPT", "")
    tables = [form for form in (CSV, XLSX) if form in accepted and (form == CSV or has_openpyxl())]
    return preferred(JSON, *tables) if tables else JSON


def _zone() -> ZoneInfo:
    """The time zone of times without an offset.

    Raises:
        InvalidQuery: there is no such time zone.
    """
    given = request.args.getlist("timezone") or ["UTC"]
    try:
        (name,) = given
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = "must be given once, as the name of a time zone like Europe/Brussels"
        raise InvalidQuery("timezone", detail) from None


def _time_limit(settings: Settings) -> float:
    """The time limit in the request, or that of the server.

    Raises:
        InvalidQuery: it is not a number, or larger than that of the server.
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
    """The period after which the report has the state of the plants."""
    given = request.args.getlist("end")
    if not given:
        return None
    if len(given) != 1 or not given[0].isascii() or not given[0].isdigit() or len(given[0]) > MOST_DIGITS:
        raise InvalidQuery("end", "must be given once, as the number of a period")
    return int(given[0])
