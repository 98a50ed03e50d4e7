"""``powerplant serve``: the service, with gunicorn, or with Flask's server in development and on Windows."""

from __future__ import annotations

import errno
import os
import socket
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from powerplant.cli.words import BAD_INPUT, complain, fail
from powerplant.config import Settings, load_settings
from powerplant.errors import ConfigurationError

EXAMPLE = Path("example_payloads", "payload3.json")


@click.command()
@click.option("--host", metavar="ADDRESS", help="The address to listen on.  [POWERPLANT_HOST; default: 127.0.0.1]")
@click.option("--port", metavar="NUMBER", help="The port to listen on.  [POWERPLANT_PORT; default: 8888]")
@click.option("--workers", metavar="NUMBER", help="gunicorn's worker processes.  [POWERPLANT_WORKERS; default: 2]")
def serve(**options: str | None) -> None:
    """Start the service.

    \b
    Examples:
      powerplant serve
      powerplant serve --port 8889
      powerplant serve --host 0.0.0.0 --workers 4

    The server is gunicorn. On Windows it is Flask's server, and with
    FLASK_ENV=development Flask's server with its debugger. All other settings
    are environment variables, such as POWERPLANT_TIME_LIMIT=10.
    """  # noqa: D301 - click wants the character itself
    # As variables, because the worker processes read the settings from there.
    os.environ |= {f"POWERPLANT_{name.upper()}": value for name, value in options.items() if value is not None}
    try:
        settings = load_settings()
    except ConfigurationError as error:
        fail(f"{error}.", BAD_INPUT)
    if "WERKZEUG_RUN_MAIN" not in os.environ:  # Flask's server starts this command again to load changed code
        _check_address(settings)
        _announce(settings)
    if settings.debug or sys.platform == "win32" or not find_spec("gunicorn"):
        from powerplant.flask_server import run

        run(settings.host, settings.port)
    else:
        command = [sys.executable, "-m", "gunicorn", "--config", "python:powerplant.gunicorn_conf"]
        os.execv(sys.executable, command)  # noqa: S606 - no shell is needed


def _check_address(settings: Settings) -> None:
    """End the command with a sentence if nothing can listen there."""
    host, port = settings.host, settings.port
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            if sys.platform != "win32":  # there it would allow a port that is in use
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except UnicodeError:  # a name that no machine can have
        fail(f"{host} is not an address. Change --host or POWERPLANT_HOST.", BAD_INPUT)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(
                f"Port {port} on {host} is in use: stop the program that listens there, or choose another port with "
                f"--port {port + 1} or POWERPLANT_PORT={port + 1}.",
                BAD_INPUT,
            )
        reason = error.strerror or os.strerror(error.errno or 0)
        fail(f"Cannot listen on {host}, port {port}: {reason}. Change --host or POWERPLANT_HOST.", BAD_INPUT)


def _announce(settings: Settings) -> None:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - only compared
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
    payload = EXAMPLE.as_posix() if EXAMPLE.exists() else "payload.json"
    complain(f"Page:            {url}/")
    complain(f"Documentation:   {url}/docs")
    complain(f"Ask for a plan:  curl -d @{payload} {url}/productionplan")
