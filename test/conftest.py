"""Fixtures that the tests share: servers, a client in this process, its log, and an environment without settings."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from importlib import import_module
from io import StringIO
from typing import Any, Protocol
from unittest import mock

import hypothesis
import pytest
from flask.testing import FlaskClient
from live_server import CACHED_PAGE, FLASK_RUN, GUNICORN, SETTINGS, LiveServer, ServerDidNotComeUp, live_server

# A slow machine is not a failure: an example has no deadline. CI runs the same examples each time.
hypothesis.settings.register_profile("default", max_examples=50, deadline=None)
hypothesis.settings.register_profile("ci", parent=hypothesis.settings.get_profile("default"), derandomize=True)
hypothesis.settings.register_profile("thorough", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

URL_OF_A_RUNNING_SERVER = os.environ.get("POWERPLANT_URL", "").strip().rstrip("/")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:  # noqa: ARG001 - pytest's hook
    """One process more than there are processors: tests of servers wait for most of their time."""
    return (os.cpu_count() or 1) + 1


class BootServer(Protocol):
    """Boots a server with these environment variables, and no other setting."""

    def __call__(self, environment: Mapping[str, str], command: Sequence[str] = FLASK_RUN) -> LiveServer: ...


@pytest.fixture(autouse=True)
def no_settings() -> Iterator[None]:
    """No setting in the environment of a test; what a test or an app sets there is removed again."""
    with mock.patch.dict(os.environ):
        for name in [name for name in os.environ if name.startswith(SETTINGS)]:
            del os.environ[name]
        yield


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The server that the contract is tested on: the one at POWERPLANT_URL, else one that is booted here.

    If it does not come up, the test run ends.
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
    """Boots servers with other settings, each once per test run."""
    if URL_OF_A_RUNNING_SERVER:
        pytest.skip("POWERPLANT_URL names a running server: its settings cannot be chosen")
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
def page_url(request: pytest.FixtureRequest) -> str:
    """The server that the page is tested on. Unless it is the one at POWERPLANT_URL, a browser keeps its files."""
    if URL_OF_A_RUNNING_SERVER:
        return URL_OF_A_RUNNING_SERVER
    boot: BootServer = request.getfixturevalue("boot_server")
    return boot({}, CACHED_PAGE).url


@pytest.fixture(scope="session")
def gunicorn_url(boot_server: BootServer) -> str:
    """The service as it runs in production."""
    return boot_server({}, GUNICORN).url


@pytest.fixture(scope="session")
def url_without_excel(boot_server: BootServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A service whose operator has not installed the extra excel."""
    folder = tmp_path_factory.mktemp("without-excel")
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['openpyxl'] = None\n", encoding="utf-8")
    return boot_server({"PYTHONPATH": str(folder)}).url


@pytest.fixture(scope="session")
def kept_pools() -> Iterator[Callable[..., Any]]:
    """Workers by how many processes they have and how much memory these may use. They are kept until the tests end."""
    from powerplant.workers import Workers

    class KeptWorkers(Workers):
        def close(self) -> None:
            if not all(future.done() for future in [*self._futures]):  # the command was interrupted
                super().close()

    pools: dict[tuple[int, int | None], KeptWorkers] = {}

    def pool(processes: int, *, most_memory: int | None = None) -> KeptWorkers:
        key = processes, most_memory
        if key not in pools:
            pools[key] = KeptWorkers(processes, most_memory=most_memory)
        return pools[key]

    yield pool
    for each in pools.values():
        Workers.close(each)


@pytest.fixture
def keep_processes(kept_pools: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands in this process share their processes: to start these takes longer than most batches and workbooks."""
    for name in ("powerplant.cli.batch", "powerplant.batch.workbooks"):
        monkeypatch.setattr(import_module(name), "Workers", kept_pools)


@pytest.fixture
def client() -> FlaskClient:
    """Flask's test client, on an app with default settings."""
    from powerplant import create_app

    return create_app().test_client()


class Log:
    """What an app writes to its log."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def log(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Log:
    """The JSON log of the app of ``client``, instead of stdout."""
    log = Log()
    [usual] = client.application.logger.handlers
    handler = logging.StreamHandler(log.stream)
    handler.setFormatter(usual.formatter)
    handler.filters = usual.filters
    monkeypatch.setattr(client.application.logger, "handlers", [handler])
    return log


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium, for the tests of the page."""
    from browsing import chromium  # not everybody has Playwright

    yield from chromium()


@pytest.fixture(scope="session")
def contexts() -> dict[str, Any]:
    """The contexts of the browser by their options."""
    return {}


@pytest.fixture
def open_page(browser: Any, contexts: dict[str, Any], page_url: str) -> Iterator[Any]:
    """Opens the page in a new window."""
    from browsing import windows

    yield from windows(browser, contexts, page_url)
