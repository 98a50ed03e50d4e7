"""The service at the edge: blueprints, and the one table from exception to problem+json."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from powerplant.config import Settings


def register(app: Flask, settings: Settings) -> None:
    """Give the app its routes and its error handlers."""

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}
