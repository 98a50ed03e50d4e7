"""How gunicorn serves powerplant. ``gunicorn.conf.py`` and ``powerplant serve`` use it; arguments take precedence."""

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

# Longer than the pause between two requests of a client that asks every few seconds, or of a proxy that keeps
# connections for it.
keepalive = 15

# Connections that a worker has open at the same time. When more arrive, the idle ones are closed. Each needs a
# descriptor, and the limit of these is often 1024.
worker_connections = max(20, min(500, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))

# By default a proxy on the same machine may set SCRIPT_NAME and PATH_INFO by headers, and so may any client there.
forwarder_headers = ""

# A plan takes 5 s at most, and `docker stop` kills after 10 s.
graceful_timeout = 8

# A slow or full disk must not delay anything, so what has to be a file is kept in memory where the system can do that.
_in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder in memory is meant
worker_tmp_dir = _in_memory  # the workers' heartbeats

# Files are sent as other answers are, with the same time limit for clients that do not read.
sendfile = False

# By default gunicorn creates a socket in the home directory to be controlled by. A container may have no home.
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
    """Make a folder in which the workers share their metrics: a new one, since old files would be counted again."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="powerplant-metrics-", dir=_in_memory)
    if _settings.live:  # and one in which they share what they have planned
        os.environ["POWERPLANT_LIVE_DIR"] = tempfile.mkdtemp(prefix=f"powerplant-live-{os.getpid()}-", dir=_in_memory)


def post_worker_init(worker: Any) -> None:
    """Let the live feed see that a worker stops: it then closes its websockets, and gunicorn need not wait for them."""
    if _settings.live:
        worker.wsgi.extensions["live"].is_stopping = lambda: not worker.alive


def on_exit(_: Any) -> None:
    """Remove the folders."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    if _settings.live:
        shutil.rmtree(os.environ["POWERPLANT_LIVE_DIR"], ignore_errors=True)
