"""How gunicorn serves powerplant. It reads this file by itself from the folder that it is started in.

What is given on the command line has the last word.
"""

import os
import shutil
import sys
import tempfile
from typing import Any

from powerplant import Settings
from powerplant.config import positive_integer
from powerplant.errors import ConfigurationError

# A setting that is not legal stops the master with one sentence, instead of every worker with a traceback.
try:
    _settings = Settings.from_environ(os.environ)
    _port = positive_integer(os.environ, "POWERPLANT_PORT", default=8888)
    workers = positive_integer(os.environ, "POWERPLANT_WORKERS", default=2)
    threads = positive_integer(os.environ, "POWERPLANT_THREADS", default=4)
except ConfigurationError as error:
    sys.exit(str(error))

_host = os.environ.get("POWERPLANT_HOST", "").strip() or "127.0.0.1"
# An IPv6 address stands in brackets before a port.
bind = f"{f'[{_host}]' if ':' in _host else _host}:{_port}"

wsgi_app = "powerplant:create_app()"

# Threads keep connections open between requests, where `sync` workers close each one. Processes make use of
# more than one core, and a long search in one does not delay the answers of the other. Ours is gunicorn's `gthread`
# that gives a thread to a request only when all of it has arrived.
worker_class = "powerplant.server.Worker"

# Longer than the pause between two requests of a client that asks every few seconds, or of a proxy that keeps
# connections for it.
keepalive = 15

# Connections that a worker has open at the same time. When there are more, those that it has waited for longest give
# way. Two workers stay below the 1024 descriptors that a process has at least, usually.
worker_connections = 500

# By default a proxy on the same machine may set SCRIPT_NAME and PATH_INFO by headers, and so may any client there.
forwarder_headers = ""

# A plan takes 5 s at most, and `docker stop` kills after 10 s.
graceful_timeout = 8

# A slow or full disk must not stall anything, so what has to be a file is kept in memory, where the system offers that.
_in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder in memory is meant
worker_tmp_dir = _in_memory  # the workers' heartbeats

# gunicorn would make a socket in the home directory by which it can be steered. Nobody does here, and a
# container may have no home that can be written to.
control_socket_disable = True

# The service writes a line for each request itself; what gunicorn says has the same form.
accesslog = None
logger_class = "powerplant.server.Log"
logconfig_dict = {
    "formatters": {"lines": {"()": "powerplant.logs.formatter", "as_json": _settings.log_json}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False}},
    "root": {"handlers": []},
}


def on_starting(_: Any) -> None:
    """Have a folder in which the workers share their metrics: a new one, since old files would be counted again."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="powerplant-metrics-", dir=_in_memory)
    if _settings.live:  # and one in which they tell each other what they have planned
        os.environ["POWERPLANT_LIVE_DIR"] = tempfile.mkdtemp(prefix="powerplant-live-", dir=_in_memory)


def on_exit(_: Any) -> None:
    """Leave nothing behind."""
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    if _settings.live:
        shutil.rmtree(os.environ["POWERPLANT_LIVE_DIR"], ignore_errors=True)
