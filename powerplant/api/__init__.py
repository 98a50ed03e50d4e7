"""The service at the edge: blueprints, what every request goes through, and the one table from exception to problem."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from powerplant.api import batch, docs, headers, observation, page, probes, problems, productionplan
from powerplant.solving import Solvers

if TYPE_CHECKING:
    from flask import Flask

    from powerplant.config import Settings


def register(app: Flask, settings: Settings) -> None:
    """Give the app its settings, its log, its routes and its error handlers."""
    app.config["SETTINGS"] = settings
    app.config["SOLVERS"] = Solvers(settings.solvers)
    app.config["BATCHES"] = batch.Batches(settings)
    listeners = []
    if find_spec("prometheus_client"):
        from powerplant.api import metrics

        app.register_blueprint(metrics.blueprint)
        listeners.append(metrics.count)
    observation.register(app, log_json=settings.log_json, listeners=listeners)
    headers.register(app, settings)
    app.register_blueprint(productionplan.blueprint)
    app.register_blueprint(batch.blueprint)
    app.register_blueprint(probes.blueprint)
    app.register_blueprint(problems.blueprint)
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(page.blueprint)
    problems.register_handlers(app)
    if settings.live:
        from powerplant import live

        live.register(app, settings)
    if count := settings.proxies:
        # Flask's own way to put something around an app.
        app.wsgi_app = ProxyFix(app.wsgi_app, count, count, count, x_prefix=count)  # type: ignore[method-assign]
