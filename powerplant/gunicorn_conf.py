"""The settings of gunicorn, for ``gunicorn.conf.py`` and ``powerplant serve``; arguments take precedence."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import IO, Any

from powerplant.config import load_settings
from powerplant.errors import ConfigurationError

# A setting that is not valid stops the master with one sentence, instead of every worker with a traceback.
try:
    _settings = load_settings()
except ConfigurationError as error:
    sys.exit(str(error))

workers = _settings.workers
# An IPv6 address is written in brackets before a port.
bind = f"{f'[{_settings.host}]' if ':' in _settings.host else _settings.host}:{_settings.port}"

wsgi_app = "powerplant:create_app()"
worker_class = "powerplant.gunicorn_worker.Worker"

# In seconds: longer than the pause between two requests of a client that polls, or of a proxy that keeps connections.
keepalive = 15

# Connections that a worker has open at the same time. When more arrive, idle ones are closed. Each needs a descriptor,
# and the limit of these is often 1024.
worker_connections = max(20, min(500, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))
threads = min(_settings.threads, worker_connections // 2)  # the other connections are kept open between requests

# By default any client on the same machine may set SCRIPT_NAME, PATH_INFO and the scheme with headers.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

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
    "handlers": {"stdout": {"()": "powerplant.logs.output", "as_json": _settings.log_json}},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stdout"], "propagate": False}},
    "root": {"handlers": []},
}


FOLDERS = {"metrics": "PROMETHEUS_MULTIPROC_DIR", "live": "POWERPLANT_LIVE_DIR"}
"""What the workers share, each in a folder; its variable names it."""

METRICS = {"counter": 64 * 1024, "histogram": 1024 * 1024}
"""Bytes of the files in which a worker keeps its metrics: more than all series need. They are filled with zeros at the
start, since a process that writes into a file beyond the free memory is ended by the system."""

_open: list[IO[bytes]] = []


def on_starting(server: Any) -> None:
    """Create a folder that the workers share, and remove those of masters that were killed."""
    try:
        _remove_abandoned(Path(_in_memory or tempfile.gettempdir()))
        folder = Path(tempfile.mkdtemp(prefix=f"powerplant-{os.getpid()}-", dir=_in_memory))
        _open.append((folder / "lock").open("wb"))
        fcntl.flock(_open[0], fcntl.LOCK_EX)
        for name, variable in FOLDERS.items():
            (folder / name).mkdir(mode=0o700)
            os.environ[variable] = str(folder / name)
    except OSError as error:
        server.log.warning("the workers share no metrics: %s", error)


def pre_fork(server: Any, worker: Any) -> None:
    """Number the workers. A replacement gets the number of the worker before it, and goes on counting its metrics."""
    taken = {other.number for other in server.WORKERS.values()}
    worker.number = next(number for number in count(1) if number not in taken)


def post_fork(_: Any, worker: Any) -> None:
    """Let the worker keep its metrics in files, if there is room for them; without, it counts for itself."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not (folder and find_spec("prometheus_client")):
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for kind, size in METRICS.items():
            file = Path(folder, f"{kind}_{worker.number}.db")
            if not file.exists() or file.stat().st_size < size:
                file.write_bytes(bytes(size))
    except OSError as error:
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        worker.log.warning("this worker shares no metrics: %s", error)
    else:
        from prometheus_client import values

        values.ValueClass = values.MultiProcessValue(lambda: worker.number)  # type: ignore[no-untyped-call]


def post_worker_init(worker: Any) -> None:
    """Let the live feed detect that a worker stops, so that it closes its websockets and gunicorn need not wait."""
    if _settings.live:
        worker.wsgi.extensions["live"].is_stopping = lambda: not worker.alive


def on_exit(_: Any) -> None:
    """Remove the folder."""
    for lock in _open:
        shutil.rmtree(Path(lock.name).parent, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove folders whose lock nobody holds: their master and its workers have ended."""
    for file in parent.glob("powerplant-*/lock"):
        with suppress(OSError), file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(file.parent, ignore_errors=True)
