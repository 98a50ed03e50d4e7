"""``GET /metrics`` for Prometheus: requests, plans and how they were proven, in all worker processes together.

Several processes share their numbers through files in the folder that ``PROMETHEUS_MULTIPROC_DIR`` names, which
``gunicorn.conf.py`` makes; without it the numbers are those of this one process. The library is the extra ``metrics``:
this module is imported only where it is installed.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from flask import Blueprint, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

if TYPE_CHECKING:
    from flask import Request

    from powerplant.api.observation import Observation

blueprint = Blueprint("metrics", __name__)
disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each number, that nobody asks for

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SOLVE_SECONDS = (0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 5)
OUTCOMES = ("plans", "infeasible", "gave_up", "faulty", "bugs")
PLANTS = (1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)

REQUESTS = Histogram(
    "powerplant_request_seconds", "From head to answer, in seconds.", ["method", "route", "status"], buckets=SECONDS
)
PLANS = Histogram(
    "powerplant_solve_seconds", "The solver's part of a plan, by how it was proven.", ["proof"], buckets=SOLVE_SECONDS
)
INFEASIBLE = Counter("powerplant_infeasible_loads", "Loads that no plan meets, by the reason.", ["reason"])
GAVE_UP = Counter("powerplant_gave_up", "Payloads whose plan was not proven in time.")
REFUSED = Counter("powerplant_refused", "Requests refused before the app saw them, by the problem.", ["problem"])
LINES = Counter("powerplant_batch_lines", "Lines of batches, by what came of them.", ["outcome"])
FLEET = Histogram("powerplant_plants", "Power plants of a valid payload.", buckets=PLANTS)

# Each series is looked up once. Its labels are few, and the library makes texts of them, under a lock, each time.
requests_of, plans_of = cache(REQUESTS.labels), cache(PLANS.labels)


def count(asked: Request, observed: Observation, status: int, seconds: float) -> None:
    """Count an answer."""
    event, facts = observed.event, observed.facts
    # Only names of our own become labels: what clients make up would grow without end.
    route = asked.url_rule.rule if asked.url_rule else "unknown"
    method = asked.method if asked.method in METHODS else "other"
    requests_of(method, route, status).observe(seconds)
    if "plants" in facts:
        FLEET.observe(facts["plants"])
    if event == "plan":
        plans_of(facts["proof"]).observe(facts["solve_ms"] / 1000)
    elif event == "infeasible":
        INFEASIBLE.labels(facts["reason"]).inc()
    elif event == "gave-up":
        GAVE_UP.inc()
    elif event in {"batch", "batch-broken-off"}:
        for outcome in OUTCOMES:
            LINES.labels(outcome).inc(facts[outcome])


@blueprint.get("/metrics", strict_slashes=False)
def metrics() -> Response:
    """All numbers, in Prometheus' text format."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has left it untyped
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
