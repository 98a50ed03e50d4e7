"""For probes: ``GET /health``, whether the process answers, and ``GET /ready``, whether it can plan."""

from __future__ import annotations

from flask import Blueprint, current_app

from powerplant import __version__
from powerplant.decoding import decode
from powerplant.planning import Options, plan_production

blueprint = Blueprint("probes", __name__)

SMALLEST_PAYLOAD = b"""{"load": 1, "fuels": {"wind(%)": 100}, "powerplants": [
    {"name": "wind", "type": "windturbine", "pmax": 1}]}"""


@blueprint.get("/health", strict_slashes=False)
def health() -> dict[str, str]:
    """Whether the process answers."""
    return {"status": "ok", "version": __version__}


@blueprint.get("/ready", strict_slashes=False)
def ready() -> dict[str, str]:
    """Whether the process can plan: it plans a payload with one plant."""
    payload = decode(SMALLEST_PAYLOAD, co2=False, max_plants=1)
    plan_production(payload, Options(co2=False), current_app.config["SOLVERS"])
    return {"status": "ready"}
