"""The usual commands of a Flask and Poetry project, each run as it is typed.

They run in a fresh copy of the project, with the Poetry on PATH (``./runapp test`` adds its own) and its package index.
Without Poetry they are skipped.
"""

from __future__ import annotations

import re
import shutil
import socket
import sys

import pytest
from checkout import Checkout, free_port, has_debugger

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="the lines are bash's"),
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("poetry") is None, reason="Poetry is not on PATH (./runapp test adds it)"),
]

FLASK_RUN = "FLASK_APP=powerplant FLASK_ENV=development poetry run flask run --host 127.0.0.1 --port 8888"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A fresh copy of the project in which ``poetry install`` was run."""
    checkout = Checkout(tmp_path_factory.mktemp("commands"))
    checkout.use_the_poetry_of_these_tests()
    outcome = checkout.shell("poetry install", deadline=300)
    assert outcome.returncode == 0, outcome.stdout
    return checkout


def test_poetry_install(installed: Checkout) -> None:
    for program in ("flask", "gunicorn", "pytest", "ruff", "mypy"):
        assert (installed.folder / ".venv" / "bin" / program).exists()
    assert not list(installed.folder.glob(".venv/lib/python*/site-packages/ortools")), "the oracles are optional"


def test_flask_run_with_the_debugger_on(installed: Checkout) -> None:
    """If port 8888 is in use, the command is run with a free port instead."""
    port = 8888 if is_free(8888) else free_port()
    with installed.start_line(FLASK_RUN.replace("8888", str(port)), port) as server:
        server.wait_until_healthy()
        assert has_debugger(server.url)
    assert "Debugger is active" in server.log.read_text()


def test_flask_run_without_the_debugger(installed: Checkout) -> None:
    port = free_port()
    line = f"FLASK_APP=powerplant FLASK_ENV=prd poetry run flask run --host 127.0.0.1 --port {port}"
    with installed.start_line(line, port) as server:
        server.wait_until_healthy()
        assert not has_debugger(server.url)


def test_poetry_run_pytest_test(installed: Checkout) -> None:
    """Running all tests takes long, so this collects all, and runs one that starts the service."""
    outcome = installed.shell(
        "poetry run pytest test", {"PYTEST_ADDOPTS": "-k payload_3_gets_the_challenges_own_answer"}
    )
    assert outcome.returncode == 0, outcome.stdout
    assert re.search(r"\d+ passed,.* \d{4} deselected", outcome.stdout)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
