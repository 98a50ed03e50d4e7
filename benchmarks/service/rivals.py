"""The same plans from FastAPI, with the service's pydantic models and its planning.

It does less than the service: no rules between members, no problem+json, no log, no metrics, no request ids.
"""

from __future__ import annotations

import json

from fastapi import FastAPI, Response

from powerplant.models import ProductionPlanRequest
from powerplant.planning import Options, plan_production
from powerplant.workers import Workers

WORKERS = Workers(2)


async def health() -> dict[str, str]:
    """Answer that the server is up."""
    return {"status": "ok"}


async def productionplan(payload: ProductionPlanRequest) -> Response:
    """Plan inside the event loop, which is fastest for payloads that take microseconds."""
    return _plan(payload)


def productionplan_in_a_thread(payload: ProductionPlanRequest) -> Response:
    """Plan in FastAPI's thread pool, which is needed if a payload can take long."""
    return _plan(payload)


def _plan(payload: ProductionPlanRequest) -> Response:
    plan = plan_production(payload, Options(), WORKERS)
    body = json.dumps([{"name": name, "p": p} for name, p in plan.outputs]) + "\n"
    return Response(body, media_type="application/json")


app = FastAPI(openapi_url=None)
app.add_api_route("/health", health)
app.add_api_route("/productionplan", productionplan, methods=["POST"])
app.add_api_route("/threads/productionplan", productionplan_in_a_thread, methods=["POST"])
