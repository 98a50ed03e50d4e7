"""The HTTP service: blueprints, hooks and error handlers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from importlib.util import find_spec
from typing import TYPE_CHECKING

from click import ClickException, get_current_context
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from powerplant.api import batch, errors, headers, horizon, pages, probes, productionplan, request_log, requests
from powerplant.config import Settings, load_settings
from powerplant.errors import ConfigurationError
from powerplant.workers import Workers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def create_app(settings: Settings | None = None) -> Flask:
    """Create the service; see :func:`powerplant.create_app`."""
    settings = settings or _settings_of_the_environment()
    app = Flask("powerplant", static_folder=None)
    app.debug = settings.debug
    if settings.debug:  # `flask run` sets app.debug from this variable after the factory has returned
        os.environ.setdefault("FLASK_DEBUG", "1")
    app.url_map.merge_slashes = False  # an address with a double slash inside is not found, instead of redirected
    app.config["SETTINGS"] = settings
    app.config.update(_workers(settings))
    counters = []
    if find_spec("prometheus_client"):
        from powerplant.api import metrics

        app.register_blueprint(metrics.blueprint)
        counters.append(metrics.count)
    request_log.register(app, log_json=settings.log_json, counters=counters)  # first, so that it runs last
    headers.register(app, settings.cors_origins)
    requests.register(app, settings)
    for module in (productionplan, horizon, batch, probes, errors, pages):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    if settings.live:
        from powerplant.api import live

        live.register(app, settings)
    if count := settings.proxies:
        app.wsgi_app = _BehindProxies(app.wsgi_app, count, count, count, x_prefix=count)  # type: ignore[method-assign]  # Flask's way
    return app


FOR_HORIZONS = ("powerplant.horizon.answering", "powerplant.horizon.search")
"""The modules for horizons; the second needs the extra horizon. To import them takes several tenths of a second."""


def _workers(settings: Settings) -> dict[str, Workers]:
    """The processes for long work, by what they do."""
    most, horizons = settings.process_memory, settings.horizons
    return {
        "SOLVERS": Workers(settings.solvers, waiting=settings.waiting, turns=settings.turns, most_memory=most),
        "BATCHES": Workers(settings.batch_processes, places=settings.batches, waiting=0, most_memory=most),
        "HORIZONS": Workers(horizons, waiting=horizons, most_memory=settings.horizon_memory, modules=FOR_HORIZONS),
    }


class _BehindProxies(ProxyFix):
    """Uses the headers of proxies; a prefix that is not a path is ignored, since answers repeat it."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        prefixes = environ.get("HTTP_X_FORWARDED_PREFIX", "").split(",")  # one of each proxy
        if not all(_PREFIX.fullmatch(prefix.strip()) for prefix in prefixes):
            del environ["HTTP_X_FORWARDED_PREFIX"]
        return super().__call__(environ, start_response)


_PREFIX = re.compile(r"(/[\w.~!$&'()*+;=:@%-]+)*/?", re.ASCII)
"""A path. It does not begin with two slashes, which would name a host."""


def _settings_of_the_environment() -> Settings:
    try:
        return load_settings()
    except ConfigurationError as error:
        if get_current_context(silent=True):  # `flask run` shows it as a sentence, without a traceback
            raise ClickException(str(error)) from error
        raise
