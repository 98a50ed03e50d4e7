"""``POST /productionplan``: the cheapest plan. ``POST /productionplan/report``: the plan and why it is as it is."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from powerplant.answers import CSV, JSON, View, answer, answer_plan, answer_report, answer_table
from powerplant.api.request_log import entry
from powerplant.api.requests import prefers_csv, read_body, read_options
from powerplant.config import Settings
from powerplant.workers import Workers

blueprint = Blueprint("productionplan", __name__)


@blueprint.post("/productionplan", strict_slashes=False)
def productionplan() -> Response:
    """Answer a payload with its production plan; :mod:`powerplant.api.errors` answers errors."""
    return _answer(answer_table, f"{CSV}; charset=utf-8") if prefers_csv() else _answer(answer_plan)


@blueprint.post("/productionplan/report", strict_slashes=False)
def report() -> Response:
    """Answer a payload with its production plan and why it is as it is."""
    return _answer(answer_report)


def _answer(view: View, mimetype: str = JSON) -> Response:
    settings: Settings = current_app.config["SETTINGS"]
    log, options = entry(), read_options()
    log.payload = body = read_body(settings.max_body)
    workers: Workers = current_app.config["SOLVERS"]
    with workers.turn(len(body)):
        content, headers = answer(view, body, options, settings.max_plants, workers, log.note)
    return Response(content, headers=[("Content-Type", mimetype), *headers.items()])
