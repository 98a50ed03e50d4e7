"""powerplant: the cheapest production plan that meets the load of one hour, exactly and proven.

``create_app`` is the Flask app factory (``FLASK_APP=powerplant`` finds it). Flask is imported only when it
is called, so that the solver, :mod:`powerplant.merit_order`, can be used without it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from powerplant.config import Settings
from powerplant.errors import ConfigurationError

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["Settings", "__version__", "create_app"]

__version__ = "0.1.0"


def create_app(config: Settings | None = None) -> Flask:
    """Build the service.

    Args:
        config: the settings; read from the environment when not given.

    Raises:
        ConfigurationError: the environment holds a value that is no legal setting.
    """
    from flask import Flask

    from powerplant import api

    settings = config or _settings_of_the_environment()
    if settings.debug:
        # `flask run` sets app.debug from this variable after the factory has returned.
        os.environ.setdefault("FLASK_DEBUG", "1")
    app = Flask(__name__, static_folder=None)
    app.debug = settings.debug
    app.url_map.merge_slashes = False  # an address with a slash too many is not found, rather than redirected
    api.register(app, settings)
    return app


def _settings_of_the_environment() -> Settings:
    from click import ClickException, get_current_context

    try:
        return Settings.from_environ(os.environ)
    except ConfigurationError as error:
        if get_current_context(silent=True):  # `flask run` tells it as it tells its own errors, without a traceback
            raise ClickException(str(error)) from error
        raise
