"""``POST /productionplan``: bytes in, the cheapest plan out. ``POST /productionplan/report``: the plan explained."""

from __future__ import annotations

from decimal import ROUND_CEILING
from typing import Any

from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length, get_input_stream

from powerplant.answers import CENT, cents, plan_as_json, report_as_json
from powerplant.api.observation import Observation, observation
from powerplant.config import Settings
from powerplant.decoding import decode
from powerplant.errors import InvalidQuery
from powerplant.models import ProductionPlanRequest
from powerplant.planning import ProductionPlan, plan_production
from powerplant.reporting import report_production

blueprint = Blueprint("productionplan", __name__)

CHUNK = 64 * 1024
PARAMETERS = ("accept", "co2")


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
    co2, feasible = _options(default_co2=settings.co2)
    observed.payload = body = _read_body(settings.max_body)
    payload = decode(body, co2=co2, max_plants=settings.max_plants)
    observed.note("payload", plants=len(payload.powerplants), load=payload.load)
    return payload, {
        "co2": co2,
        "feasible": feasible,
        "time_limit": settings.time_limit,
        "solvers": config["SOLVERS"],
    }


def _options(*, default_co2: bool) -> tuple[bool, bool]:
    """Whether CO2 counts, and whether a plan not proven to be a cheapest one will do when the time is over."""
    if not request.query_string:
        return default_co2, False
    arguments = request.args
    for name in arguments:
        if name not in PARAMETERS and name.lower() in PARAMETERS:
            raise InvalidQuery(name, f"must be written in small letters, as {name.lower()}")
    return _counts_co2(arguments, default=default_co2), _takes_feasible(arguments)


def _counts_co2(arguments: MultiDict[str, str], *, default: bool) -> bool:
    values = arguments.getlist("co2")
    if not values:
        return default
    if values not in (["true"], ["false"]):
        raise InvalidQuery("co2", "must be given once, as true or false")
    return values == ["true"]


def _takes_feasible(arguments: MultiDict[str, str]) -> bool:
    values = arguments.getlist("accept")
    if values not in ([], ["feasible"]):
        raise InvalidQuery("accept", "can only be feasible, given once")
    return bool(values)


def _read_body(max_body: int) -> bytes:
    """The whole body, whatever its Content-Type and however it is sent; that it arrives is the server's work."""
    environ = request.environ
    length = get_content_length(environ)
    if length is None:  # a body in chunks does not say its length before; one byte above the limit tells
        length = max_body + 1
    elif length > max_body:
        raise _too_large(max_body)
    stream, chunks, missing = get_input_stream(environ), [], length
    try:
        while missing and (chunk := stream.read(min(CHUNK, missing))):
            chunks.append(chunk)
            missing -= len(chunk)
    except Exception as error:  # each server has errors of its own for chunks that are none and clients that went away
        raise BadRequest("The body could not be read to its end.") from error
    if length > max_body and not missing:
        raise _too_large(max_body)
    return b"".join(chunks)


def _too_large(max_body: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"A body may have {max_body} bytes here.")


def _answer(plan: ProductionPlan, cost: str) -> Response:
    headers = [("Plan-Status", "feasible" if plan.gap else "optimal"), ("Plan-Cost", cost)]
    if plan.gap:
        headers.append(("Plan-Gap", str(plan.gap.quantize(CENT, ROUND_CEILING))))
    return Response(plan_as_json(plan), headers=headers, content_type="application/json")
