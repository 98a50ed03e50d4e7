"""powerplant: the cheapest production plan that meets the load of one hour, exactly and proven.

:func:`create_app` is the Flask app factory; ``FLASK_APP=powerplant`` finds it. Flask and pydantic are imported when it
is called, so that :mod:`powerplant.merit_order` can be used without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from powerplant.config import Settings

__all__ = ["__version__", "create_app"]

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """Create the service.

    Args:
        settings: the settings; read from the environment by default.

    Raises:
        ConfigurationError: an environment variable holds a value that is not a valid setting. Under ``flask run`` it is
            a :class:`click.ClickException`, which is shown without a traceback.
    """
    from powerplant.api import create_app

    return create_app(settings)
