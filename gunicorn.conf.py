"""How gunicorn serves powerplant. It reads this file by itself from the folder that it is started in.

What is given on the command line has the last word.
"""

import os
import sys

from powerplant import Settings
from powerplant.errors import ConfigurationError

# A setting that is not legal stops the master with one sentence, instead of every worker with a traceback.
try:
    Settings.from_environ(os.environ)
except ConfigurationError as error:
    sys.exit(str(error))


def _count(name: str, default: int) -> int:
    """Read a whole number above 0 from the environment."""
    text = os.environ.get(name, "").strip() or str(default)
    if not text.isdecimal() or int(text) == 0:
        sys.exit(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


_host = os.environ.get("POWERPLANT_HOST", "").strip() or "127.0.0.1"
# An IPv6 address stands in brackets before a port.
bind = f"{f'[{_host}]' if ':' in _host else _host}:{_count('POWERPLANT_PORT', 8888)}"

wsgi_app = "powerplant:create_app()"

# Threads keep connections open between requests, where `sync` workers close each one. Processes make use of
# more than one core, and a long search in one does not delay the answers of the other.
worker_class = "gthread"
workers = _count("POWERPLANT_WORKERS", 2)
threads = _count("POWERPLANT_THREADS", 4)

# Longer than the pause between two requests of a client that asks every few seconds, or of a proxy that keeps
# connections for it.
keepalive = 15

# A plan takes 5 s at most, and `docker stop` kills after 10 s.
graceful_timeout = 8

# The workers' heartbeat is a file that is touched all the time. A slow disk could stall them, so it is kept
# in memory where the system offers that.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a folder in memory is meant

# gunicorn would make a socket in the home directory by which it can be steered. Nobody does here, and a
# container may have no home that can be written to.
control_socket_disable = True

# The service writes a line for each plan itself.
accesslog = None
