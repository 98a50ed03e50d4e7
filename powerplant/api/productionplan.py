"""``POST /productionplan``: bytes in, the cheapest plan out. ``POST /productionplan/report``: the plan explained."""

from __future__ import annotations

import json
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from time import monotonic
from typing import Any

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestTimeout

from powerplant.api.observation import note
from powerplant.config import Settings
from powerplant.decoding import decode
from powerplant.errors import InvalidQuery
from powerplant.models import ProductionPlanRequest
from powerplant.planning import ProductionPlan, plan_production
from powerplant.reporting import report_production

blueprint = Blueprint("productionplan", __name__)

CENT = Decimal("0.01")
CHUNK = 64 * 1024
LONGEST_PAUSE = 2.0
"""Seconds that a client may pause inside its body."""

SHORTEST_WAIT = 0.001
"""Seconds; a timeout of 0 would mean not to wait at all, even for what is there."""


@blueprint.post("/productionplan", strict_slashes=False)
def productionplan() -> Response:
    """Answer a payload with its production plan; every error is told by the handlers in ``problems``."""
    payload, options = _read_request()
    plan = plan_production(payload, **options)
    note("plan", cost=_cents(plan.cost), proof=plan.method, solve_ms=round(plan.seconds * 1000, 3))
    return _answer(plan)


@blueprint.post("/productionplan/report", strict_slashes=False)
def report() -> Response:
    """Answer a payload with its production plan and why it is as it is."""
    payload, options = _read_request()
    explained = report_production(payload, **options)
    note("report", cost=f"{explained.cost.total:.2f}", proof=explained.proof)
    return Response(explained.model_dump_json() + "\n", mimetype="application/json")


def _read_request() -> tuple[ProductionPlanRequest, dict[str, Any]]:
    """A valid payload, and how it is to be planned."""
    settings: Settings = current_app.config["SETTINGS"]
    co2 = _counts_co2(default=settings.co2)
    feasible = _takes_feasible()
    body = g.payload = _read_body(settings.max_body, settings.body_timeout)
    payload = decode(body, co2=co2, max_plants=settings.max_plants)
    note("payload", plants=len(payload.powerplants), load=payload.load)
    solvers = current_app.config["SOLVERS"]
    return payload, {"co2": co2, "feasible": feasible, "time_limit": settings.time_limit, "solvers": solvers}


def _counts_co2(*, default: bool) -> bool:
    for parameter in request.args:
        if parameter != "co2" and parameter.lower() == "co2":
            raise InvalidQuery(parameter, "must be written in small letters, as co2")
    values = request.args.getlist("co2")
    if not values:
        return default
    if values not in (["true"], ["false"]):
        raise InvalidQuery("co2", "must be given once, as true or false")
    return values == ["true"]


def _takes_feasible() -> bool:
    """Whether a plan that is not proven to be a cheapest one will do when the time is over."""
    values = request.args.getlist("accept")
    if values not in ([], ["feasible"]):
        raise InvalidQuery("accept", "can only be feasible, given once")
    return bool(values)


def _read_body(max_body: int, timeout: float) -> bytes:
    """The whole body, whatever its Content-Type and however it is sent.

    One byte more than the limit is asked for, since a body in chunks does not say its length before.
    """
    too_large = f"A body may have {max_body} bytes here."
    if (request.content_length or 0) > max_body:
        raise RequestEntityTooLarge(too_large)
    body = bytearray()
    end = monotonic() + timeout
    while chunk := _read_chunk(min(CHUNK, max_body + 1 - len(body)), end):
        body += chunk
        if len(body) > max_body:
            raise RequestEntityTooLarge(too_large)
    return bytes(body)


def _read_chunk(size: int, end: float) -> bytes:
    """What has come of the body, up to a size; an empty one at its end.

    Under gunicorn the socket is given no longer than until ``end`` (a moment of the monotonic clock): bodies that never
    come to their end would hold every thread.
    """
    connection = request.environ.get("gunicorn.socket")
    before = connection.gettimeout() if connection else None
    try:
        if connection:
            connection.settimeout(min(max(end - monotonic(), SHORTEST_WAIT), LONGEST_PAUSE))
        return request.stream.read(size)
    except TimeoutError as error:
        raise RequestTimeout from error
    except Exception as error:  # each server has errors of its own for chunks that are none and clients that went away
        raise BadRequest("The body could not be read to its end.") from error
    finally:
        if connection:
            connection.settimeout(before)


def _answer(plan: ProductionPlan) -> Response:
    response = Response(
        json.dumps([{"name": name, "p": p} for name, p in plan.outputs]) + "\n", mimetype="application/json"
    )
    headers = response.headers
    headers["Plan-Status"] = "feasible" if plan.gap else "optimal"
    headers["Plan-Cost"] = _cents(plan.cost)
    if plan.gap:
        headers["Plan-Gap"] = str(plan.gap.quantize(CENT, ROUND_CEILING))
    return response


def _cents(euros: Decimal) -> str:
    return f"{euros.quantize(CENT, ROUND_HALF_EVEN):z}"  # z: what rounds to nothing has no sign
