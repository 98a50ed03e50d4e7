"""What probes ask: ``GET /health``, whether the process is alive, and ``GET /ready``, whether it can plan."""

from __future__ import annotations

from flask import Blueprint, current_app

from powerplant import __version__
from powerplant.decoding import decode
from powerplant.planning import plan_production

blueprint = Blueprint("probes", __name__)

SMALLEST_PAYLOAD = b"""{"load": 1, "fuels": {"wind(%)": 100}, "powerplants": [
    {"name": "wind", "type": "windturbine", "pmax": 1}]}"""


@blueprint.get("/health", strict_slashes=False)
def health() -> dict[str, str]:
    """Answer that the process is there and serves; cheap enough for a probe a second."""
    return {"status": "ok", "version": __version__}


@blueprint.get("/ready", strict_slashes=False)
def ready() -> dict[str, str]:
    """Answer that plans can be made, by making one."""
    settings = current_app.config["SETTINGS"]
    payload = decode(SMALLEST_PAYLOAD, co2=False, max_plants=settings.max_plants)
    plan_production(payload, co2=False, time_limit=settings.time_limit, solvers=current_app.config["SOLVERS"])
    return {"status": "ready"}
