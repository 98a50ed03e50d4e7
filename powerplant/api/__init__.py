"""The service at the edge: blueprints, and the one table from exception to problem+json."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from flask.logging import default_handler

from powerplant.api import health, problems, productionplan

if TYPE_CHECKING:
    from flask import Flask

    from powerplant.config import Settings


def register(app: Flask, settings: Settings) -> None:
    """Give the app its settings, its log, its routes and its error handlers."""
    app.config["SETTINGS"] = settings
    _log_to_stdout(app)
    app.register_blueprint(productionplan.blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(problems.blueprint)
    problems.register_handlers(app)


def _log_to_stdout(app: Flask) -> None:
    """Send Flask's logger to stdout, a line an event."""
    app.logger.removeHandler(default_handler)
    if not app.logger.handlers:  # the logger outlives an app of the same name
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        app.logger.addHandler(handler)
    app.logger.setLevel(logging.DEBUG if app.debug else logging.INFO)
    app.logger.propagate = False
