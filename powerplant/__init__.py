"""powerplant: the cheapest production plan that meets the load of one hour, exactly and proven.

:func:`plan` plans one payload, :func:`plan_hours` many hours of one fleet, and :func:`plan_horizon` periods that depend
on each other. :func:`create_app` is the Flask app factory;
``FLASK_APP=powerplant`` finds it.

Nothing is imported before it is used: :mod:`powerplant.merit_order` needs the standard library alone, the functions
that plan need no Flask, and only what handles DataFrames needs pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

    from powerplant.config import Settings
    from powerplant.errors import (
        Fault,
        InfeasibleHorizon,
        InfeasibleLoad,
        InvalidPayload,
        MalformedPayload,
        NotInstalled,
        OutOfTime,
        PowerplantError,
    )
    from powerplant.horizon.library import HorizonPlan, plan_horizon
    from powerplant.hours import plan_hours
    from powerplant.library import ProductionPlan, plan
    from powerplant.models import ProductionPlanRequest, Report

__all__ = [
    "Fault",
    "HorizonPlan",
    "InfeasibleHorizon",
    "InfeasibleLoad",
    "InvalidPayload",
    "MalformedPayload",
    "NotInstalled",
    "OutOfTime",
    "PowerplantError",
    "ProductionPlan",
    "ProductionPlanRequest",
    "Report",
    "__version__",
    "create_app",
    "plan",
    "plan_horizon",
    "plan_hours",
]

__version__ = "0.1.0"

_MODULES = ("errors", "models", "library", "horizon.library", "hours")
"""The modules of the other names. They are imported when one of these names is first used."""


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


def __getattr__(name: str) -> Any:
    for module in _MODULES if name in __all__ else ():
        if (value := getattr(import_module(f"powerplant.{module}"), name, None)) is not None:
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
