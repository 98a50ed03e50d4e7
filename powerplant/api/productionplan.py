"""``POST /productionplan``: bytes in, the cheapest plan out. ``POST /productionplan/report``: the plan explained."""

from __future__ import annotations

from decimal import ROUND_CEILING
from typing import Any

from flask import Blueprint, Response, current_app

from powerplant.answers import CENT, cents, plan_as_json, report_as_json
from powerplant.api.observation import Observation, observation
from powerplant.api.requests import read_body, read_options
from powerplant.config import Settings
from powerplant.decoding import decode
from powerplant.models import ProductionPlanRequest
from powerplant.planning import ProductionPlan, plan_production
from powerplant.reporting import report_production

blueprint = Blueprint("productionplan", __name__)


@blueprint.post("/productionplan", strict_slashes=False)
def productionplan() -> Response:
    """Answer a payload with its production plan; every error is told by the handlers in ``problems``."""
    observed = observation()
    payload, options = _read_request(observed)
    plan = plan_production(payload, **options)
    cost = cents(plan.cost)
    observed.note("plan", cost=cost, proof=plan.method, solve_ms=round(plan.seconds * 1000, 3))
    return _answer(plan, cost)


@blueprint.post("/productionplan/report", strict_slashes=False)
def report() -> Response:
    """Answer a payload with its production plan and why it is as it is."""
    observed = observation()
    payload, options = _read_request(observed)
    explained = report_production(payload, **options)
    observed.note("report", cost=f"{explained.cost.total:.2f}", proof=explained.proof)
    return Response(report_as_json(explained), mimetype="application/json")


def _read_request(observed: Observation) -> tuple[ProductionPlanRequest, dict[str, Any]]:
    """A valid payload, and how it is to be planned."""
    config = current_app.config
    settings: Settings = config["SETTINGS"]
    co2, feasible = read_options(default_co2=settings.co2)
    observed.payload = body = read_body(settings.max_body)
    payload = decode(body, co2=co2, max_plants=settings.max_plants)
    observed.note("payload", plants=len(payload.powerplants), load=payload.load)
    return payload, {
        "co2": co2,
        "feasible": feasible,
        "time_limit": settings.time_limit,
        "solvers": config["SOLVERS"],
    }


def _answer(plan: ProductionPlan, cost: str) -> Response:
    status = "feasible" if plan.gap else "optimal"
    headers = [("Content-Type", "application/json"), ("Plan-Status", status), ("Plan-Cost", cost)]
    if plan.gap:
        headers.append(("Plan-Gap", str(plan.gap.quantize(CENT, ROUND_CEILING))))
    return Response(plan_as_json(plan), headers=headers)
