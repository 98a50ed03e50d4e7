"""``GET /metrics`` for Prometheus: requests, plans and how they were proven, of all worker processes together.

The processes share their numbers through files in the folder ``PROMETHEUS_MULTIPROC_DIR``, which gunicorn's
configuration creates; without it the numbers are those of this process. This module is imported only if the extra
``metrics`` is installed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from powerplant.api.request_log import Entry

blueprint = Blueprint("metrics", __name__)
disable_created_metrics()  # type: ignore[no-untyped-call]  # they would double the number of series

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
SOLVE_SECONDS = (0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 5)
OUTCOMES = ("plans", "infeasible", "gave_up", "faulty", "bugs")
PLANTS = (1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)

REQUESTS = Histogram(
    "powerplant_request_seconds",
    "Seconds from a request to its answer.",
    ["method", "route", "status"],
    buckets=SECONDS,
)
PLANS = Histogram(
    "powerplant_solve_seconds", "Seconds that the solver took, by the proof.", ["proof"], buckets=SOLVE_SECONDS
)
INFEASIBLE = Counter("powerplant_infeasible_loads", "Loads that no plan meets, by the reason.", ["reason"])
GAVE_UP = Counter("powerplant_gave_up", "Payloads whose plan was not proven in time.")
REFUSED = Counter("powerplant_refused", "Requests refused before the app saw them, by the problem.", ["problem"])
HORIZONS = Histogram(
    "powerplant_horizon_seconds", "Seconds from a horizon to its answer, by the outcome.", ["status"], buckets=SECONDS
)
LINES = Counter("powerplant_batch_lines", "Lines of batches, by their outcome.", ["outcome"])
FLEET = Histogram("powerplant_plants", "Power plants of a valid payload.", buckets=PLANTS)

requests_of, plans_of = cache(REQUESTS.labels), cache(PLANS.labels)
"""Cached: the library finds a series slowly, under a lock."""


def count(entry: Entry, status: int, seconds: float) -> None:
    """Count an answer."""
    event, facts = entry.event, entry.facts
    # No label is text of a client: the number of series would have no limit.
    requests_of(entry.method if entry.method in METHODS else "other", entry.route, status).observe(seconds)
    if "plants" in facts:
        FLEET.observe(facts["plants"])
    if entry.route.startswith("/productionplan/horizon") and (outcome := _outcome(facts)):
        HORIZONS.labels(outcome).observe(seconds)
    if event == "plan":
        plans_of(facts["proof"]).observe(facts["solve_ms"] / 1000)
    elif event == "infeasible" and "reason" in facts:
        INFEASIBLE.labels(facts["reason"]).inc()
    elif event == "gave-up":
        GAVE_UP.inc()
    elif event in {"batch", "batch-broken-off"}:
        for outcome in OUTCOMES:
            LINES.labels(outcome).inc(facts[outcome])


def _outcome(facts: Mapping[str, Any]) -> str | None:
    """The status of the plan for a horizon, or why there is none; ``None`` for faults and bugs."""
    without = {"infeasible-horizon": "infeasible", "gave-up": "gave_up"}.get(facts.get("problem", ""))
    return without or facts.get("plan_status")


@blueprint.get("/metrics", strict_slashes=False)
def metrics() -> Response:
    """All numbers in the text format of Prometheus."""
    registry = REGISTRY
    if Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", "/dev/null")).is_dir():
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # untyped in the library
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
