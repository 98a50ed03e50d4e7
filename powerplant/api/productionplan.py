"""``POST /productionplan``: bytes in, the cheapest production plan out."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal
from time import monotonic, perf_counter

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, RequestTimeout

from powerplant.config import Settings
from powerplant.decoding import decode
from powerplant.errors import InvalidQuery
from powerplant.planning import ProductionPlan, plan_production

blueprint = Blueprint("productionplan", __name__)

CENT = Decimal("0.01")
CHUNK = 64 * 1024
BODY_TIMEOUT = 5.0
"""Seconds in which a body has to arrive."""

LONGEST_PAUSE = 2.0
"""Seconds that a client may pause inside its body."""

SHORTEST_WAIT = 0.001
"""Seconds; a timeout of 0 would mean not to wait at all, even for what is there."""


@blueprint.post("/productionplan", strict_slashes=False)
def productionplan() -> Response:
    """Answer a payload with its production plan; every error is told by the handlers in ``problems``."""
    start = perf_counter()
    settings: Settings = current_app.config["SETTINGS"]
    co2 = _counts_co2(default=settings.co2)
    body = g.payload = _read_body(settings.max_body)
    payload = decode(body, co2=co2, max_plants=settings.max_plants)
    plan = plan_production(payload, co2=co2, time_limit=settings.time_limit)
    current_app.logger.info(
        "plan plants=%d load=%s cost=%s method=%r ms=%.2f",
        len(plan.outputs),
        payload.load,
        _cents(plan.cost),
        plan.method,
        (perf_counter() - start) * 1000,
    )
    return _answer(plan)


def _counts_co2(*, default: bool) -> bool:
    values = request.args.getlist("co2")
    if not values:
        return default
    if values not in (["true"], ["false"]):
        raise InvalidQuery("co2", "must be given once, as true or false")
    return values == ["true"]


def _read_body(max_body: int) -> bytes:
    """The whole body, whatever its Content-Type and however it is sent.

    One byte more than the limit is asked for, since a body in chunks does not say its length before.
    """
    too_large = f"A body may have {max_body} bytes here."
    if (request.content_length or 0) > max_body:
        raise RequestEntityTooLarge(too_large)
    body = bytearray()
    end = monotonic() + BODY_TIMEOUT
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
    response.headers["Plan-Status"] = "optimal"
    response.headers["Plan-Cost"] = _cents(plan.cost)
    return response


def _cents(euros: Decimal) -> str:
    return f"{euros.quantize(CENT, ROUND_HALF_EVEN):z}"  # z: what rounds to nothing has no sign
