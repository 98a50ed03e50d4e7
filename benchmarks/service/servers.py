"""The servers that are compared: the command that starts each on a port."""

from __future__ import annotations

import sys

WORKERS, THREADS = 2, 4
"""Of the other servers; gunicorn has the project's own settings."""


def gunicorn(app: str = "", *, workers: int = WORKERS, worker: str = "") -> tuple[str, ...]:
    """The command of gunicorn with the project's settings, for the service or another app, and its worker class."""
    arguments = ["--workers", str(workers), "--bind", "127.0.0.1:{port}"]
    if worker:
        arguments += ["--worker-class", worker]
    return (sys.executable, "-m", "gunicorn", *arguments, *([app] if app else []))


POWERPLANT = gunicorn()
CONSTANT_VIEW = gunicorn("benchmarks.service.constant:flask_app")
CONSTANT_VIEW_GTHREAD = gunicorn("benchmarks.service.constant:flask_app", worker="gthread")
CONSTANT_WSGI = gunicorn("benchmarks.service.constant:wsgi_app")

# These write no access log; nor does gunicorn here.
GRANIAN = (
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", str(WORKERS)),
    *("--blocking-threads", str(THREADS), "--no-access-log", "--host", "127.0.0.1", "--port", "{port}"),
    "powerplant:create_app",
)
UVICORN = (
    *(sys.executable, "-m", "uvicorn", "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning"),
    *("--host", "127.0.0.1", "--port", "{port}", "benchmarks.service.rivals:app"),
)
