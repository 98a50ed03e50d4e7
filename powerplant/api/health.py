"""``GET /health``: whether the service is alive; cheap enough for a probe a second."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("health", __name__)


@blueprint.get("/health", strict_slashes=False)
def health() -> dict[str, str]:
    """Answer that the process is there and serves."""
    return {"status": "ok"}
