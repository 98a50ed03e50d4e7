"""The service without all that could be left out of it: what a plan costs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from powerplant import create_app, solving
from powerplant.api import headers, metrics, observation


def bare_service() -> Flask:
    """No log, no metrics, no request ids, no headers of our own, and no check of proofs."""
    observation.register = _observe
    headers.register = metrics.count = solving._check = _nothing  # type: ignore[assignment] # noqa: SLF001
    return create_app()


def _observe(app: Flask, **_: Any) -> None:
    """Let the view note what it finds, and tell nobody."""
    inner = app.wsgi_app

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[observation.PLACE] = observation.Observation("")
        return inner(environ, start_response)

    # Flask's own way to put something around an app.
    app.wsgi_app = serve  # type: ignore[method-assign]


def _nothing(*_: Any) -> None:
    """Do what is left out."""
