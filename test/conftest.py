"""What the tests share: a live server, servers with other settings, and a client in the process itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Protocol

import hypothesis
import pytest
from flask.testing import FlaskClient
from live_server import FLASK_RUN, GUNICORN, LiveServer, ServerDidNotComeUp, live_server

# A slow machine is no fault: no deadline for one example. CI sees the same examples each time.
hypothesis.settings.register_profile("default", max_examples=50, deadline=None)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.register_profile("thorough", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

URL_OF_A_RUNNING_SERVER = os.environ.get("POWERPLANT_URL", "").strip().rstrip("/")


class BootServer(Protocol):
    """Boots a server with these environment variables, and no other setting."""

    def __call__(self, environment: Mapping[str, str], command: Sequence[str] = FLASK_RUN) -> LiveServer: ...


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The server that the contract is tested on: the one at POWERPLANT_URL, else one of our own.

    A server of our own that does not come up ends the run.
    """
    if URL_OF_A_RUNNING_SERVER:
        yield URL_OF_A_RUNNING_SERVER
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(live_server())
        except ServerDidNotComeUp as error:
            pytest.exit(str(error), returncode=1)
        yield server.url


@pytest.fixture(scope="session")
def boot_server() -> Iterator[BootServer]:
    """Boots servers with other settings, each once a session."""
    if URL_OF_A_RUNNING_SERVER:
        pytest.skip("POWERPLANT_URL names a server that is up: its settings cannot be chosen")
    with ExitStack() as stack:
        booted: dict[tuple[object, ...], LiveServer] = {}

        def boot(environment: Mapping[str, str], command: Sequence[str] = FLASK_RUN) -> LiveServer:
            if command == GUNICORN and sys.platform == "win32":
                pytest.skip("gunicorn does not run on Windows")
            key = (frozenset(environment.items()), *command)
            if key not in booted:
                booted[key] = stack.enter_context(live_server(environment, command=command))
            return booted[key]

        yield boot


@pytest.fixture(scope="session")
def gunicorn_url(boot_server: BootServer) -> str:
    """The service as it runs in production."""
    return boot_server({}, GUNICORN).url


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Flask's test client, on an app with the settings' defaults."""
    from powerplant import create_app
    from powerplant.config import Settings

    # Restores what an app with the debugger on leaves behind.
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    return create_app(Settings()).test_client()
