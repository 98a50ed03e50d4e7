"""The servers that are compared, each by the command that starts it on a port."""

from __future__ import annotations

import sys

WORKERS, THREADS = 2, 4


def gunicorn(app: str = "", *, workers: int = WORKERS, worker: str = "") -> tuple[str, ...]:
    """The project's own settings, for the service or for another app; with another class of worker if one is named."""
    arguments = ["--workers", str(workers), "--threads", str(THREADS), "--bind", "127.0.0.1:{port}"]
    if worker:
        arguments += ["--worker-class", worker]
    return (sys.executable, "-m", "gunicorn", *arguments, *([app] if app else []))


POWERPLANT = gunicorn()
BARE_SERVICE = gunicorn("benchmarks.service.bare:bare_service()")
CONSTANT_VIEW = gunicorn("benchmarks.service.floor:flask_app")
CONSTANT_VIEW_GTHREAD = gunicorn("benchmarks.service.floor:flask_app", worker="gthread")
CONSTANT_WSGI = gunicorn("benchmarks.service.floor:wsgi_app")

# The rivals write no access log, as gunicorn writes none here.
GRANIAN = (
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", str(WORKERS)),
    *("--blocking-threads", str(THREADS), "--no-access-log", "--host", "127.0.0.1", "--port", "{port}"),
    "powerplant:create_app",
)
UVICORN = (
    *(sys.executable, "-m", "uvicorn", "--workers", str(WORKERS), "--no-access-log", "--log-level", "warning"),
    *("--host", "127.0.0.1", "--port", "{port}", "benchmarks.service.rivals:app"),
)
