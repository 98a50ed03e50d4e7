"""The same plans from FastAPI: the service's own pydantic models as its parameter, the same planning behind them.

It does less than the service: no faults between members, no problem+json, no log line, no metrics, no request ids.
"""

from __future__ import annotations

import json

from fastapi import FastAPI, Response

from powerplant.models import ProductionPlanRequest
from powerplant.planning import plan_production
from powerplant.solving import Solvers

CO2, TIME_LIMIT = True, 5.0
SOLVERS = Solvers(2)


async def health() -> dict[str, str]:
    """Tell that the server is up."""
    return {"status": "ok"}


async def productionplan(payload: ProductionPlanRequest) -> Response:
    """Plan inside the event loop, which is quickest for payloads that take microseconds."""
    return _plan(payload)


def productionplan_in_a_thread(payload: ProductionPlanRequest) -> Response:
    """Plan in FastAPI's pool of threads, as one must where a payload may take long."""
    return _plan(payload)


def _plan(payload: ProductionPlanRequest) -> Response:
    plan = plan_production(payload, co2=CO2, time_limit=TIME_LIMIT, solvers=SOLVERS)
    body = json.dumps([{"name": name, "p": p} for name, p in plan.outputs]) + "\n"
    return Response(body, media_type="application/json")


app = FastAPI(openapi_url=None)
app.add_api_route("/health", health)
app.add_api_route("/productionplan", productionplan, methods=["POST"])
app.add_api_route("/threads/productionplan", productionplan_in_a_thread, methods=["POST"])
