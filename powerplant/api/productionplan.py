"""``POST /productionplan``: the cheapest plan. ``POST /productionplan/report``: the plan and why it is as it is."""

from __future__ import annotations

from decimal import ROUND_CEILING

from flask import Blueprint, Response, current_app

from powerplant.answers import CENT, cents, plan_as_json, report_as_json
from powerplant.api.request_log import Entry, entry
from powerplant.api.requests import read_body, read_options
from powerplant.config import Settings
from powerplant.decoding import decode
from powerplant.models import ProductionPlanRequest
from powerplant.planning import Options, plan_production
from powerplant.reporting import report_production

blueprint = Blueprint("productionplan", __name__)


@blueprint.post("/productionplan", strict_slashes=False)
def productionplan() -> Response:
    """Answer a payload with its production plan; :mod:`powerplant.api.errors` answers errors."""
    log = entry()
    payload, options = _read_request(log)
    plan = plan_production(payload, options, current_app.config["SOLVERS"])
    cost = cents(plan.cost)
    log.note("plan", cost=cost, proof=plan.method, solve_ms=round(plan.seconds * 1000, 3))
    status = "feasible" if plan.gap else "optimal"
    headers = [("Content-Type", "application/json"), ("Plan-Status", status), ("Plan-Cost", cost)]
    if plan.gap:
        headers.append(("Plan-Gap", str(plan.gap.quantize(CENT, ROUND_CEILING))))
    return Response(plan_as_json(plan), headers=headers)


@blueprint.post("/productionplan/report", strict_slashes=False)
def report() -> Response:
    """Answer a payload with its production plan and why it is as it is."""
    log = entry()
    payload, options = _read_request(log)
    answer = report_production(payload, options, current_app.config["SOLVERS"])
    log.note("report", cost=f"{answer.cost.total:.2f}", proof=answer.proof)
    return Response(report_as_json(answer), mimetype="application/json")


def _read_request(log: Entry) -> tuple[ProductionPlanRequest, Options]:
    settings: Settings = current_app.config["SETTINGS"]
    options = read_options()
    log.payload = body = read_body(settings.max_body)
    payload = decode(body, co2=options.co2, max_plants=settings.max_plants)
    log.note("payload", plants=len(payload.powerplants), load=payload.load)
    return payload, options
