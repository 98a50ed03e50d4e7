"""The settings of gunicorn, for ``gunicorn.conf.py`` and ``powerplant serve``; arguments take precedence."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
from typing import Any

from powerplant.config import load_settings
from powerplant.errors import ConfigurationError

# A setting that is not valid stops the master with one sentence, instead of every worker with a traceback.
try:
    _settings = load_settings()
except ConfigurationError as error:
    sys.exit(str(error))

workers, threads = _settings.workers, _settings.threads
# An IPv6 address is written in brackets before a port.
bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"

wsgi_app = "powerplant:create_app()"
worker_class = "powerplant.gunicorn_worker.Worker"

# In seconds: longer than the pause between two requests of a client that polls, or of a proxy that keeps connections.
keepalive = 15

# Connections that a worker has open at the same time. When more arrive, the idle ones are closed. Each needs a
# descriptor, and the limit of these is often 1024.
worker_connections = max(20, min(500, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))

# By default any client on the same machine may set SCRIPT_NAME and PATH_INFO with headers.
forwarder_headers = ""

# A plan takes 5 s at most, and `docker stop` kills after 10 s.
graceful_timeout = 8

# A slow or full disk must not delay anything, so temporary files are in memory where the system supports it.
_in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder is in memory
worker_tmp_dir = _in_memory  # the workers' heartbeats

# So that clients that do not read have the same time limit for files as for other answers.
sendfile = False

# By default gunicorn creates a control socket in the home directory. A container may have no home.
control_socket_disable = True

# The service writes a line for each request itself; gunicorn's own messages have the same format.
accesslog = None
logger_class = "powerplant.gunicorn_worker.Log"
logconfig_dict = {
    "formatters": {"lines": {"()": "powerplant.logs.formatter", "as_json": _settings.log_json}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False}},
    "root": {"handlers": []},
}


def on_starting(_: Any) -> None:
    """Create a folder in which the workers share their metrics: a new one, since old files would be counted again."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="powerplant-metrics-", dir=_in_memory)
    if _settings.live:  # and one for the sockets of the live feed
        os.environ["POWERPLANT_LIVE_DIR"] = tempfile.mkdtemp(prefix=f"powerplant-live-{os.getpid()}-", dir=_in_memory)


def post_worker_init(worker: Any) -> None:
    """Let the live feed detect that a worker stops, so that it closes its websockets and gunicorn need not wait."""
    if _settings.live:
        worker.wsgi.extensions["live"].is_stopping = lambda: not worker.alive


def on_exit(_: Any) -> None:
    """Remove the folders."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    if _settings.live:
        shutil.rmtree(os.environ["POWERPLANT_LIVE_DIR"], ignore_errors=True)
