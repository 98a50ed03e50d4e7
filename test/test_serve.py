"""``powerplant serve``: it serves from any folder, with gunicorn or with Flask's server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkout import ROOT, Started, free_port, get, has_debugger
from live_server import soon

SERVE = ("-m", "powerplant", "serve")
WITHOUT_GUNICORN = (
    "-c",
    "import sys; sys.modules['gunicorn'] = None; from powerplant.cli import main; main(sys.argv[1:])",
    "serve",
)
PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()


@contextmanager
def serving(folder: Path, command: Sequence[str] = (sys.executable, *SERVE), **environ: str) -> Iterator[Started]:
    """The service, started in a folder that has nothing of the project."""
    port = free_port()
    log = folder / "server.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "POWERPLANT_"))}
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **environ},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        server = Started(process, f"http://127.0.0.1:{port}", log)
        server.wait_until_healthy()
        yield server
    finally:
        process.terminate()
        process.wait(15)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows")
def test_it_starts_gunicorn_with_the_projects_configuration(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        get(f"{server.url}/docs")
    log = server.log.read_text()
    assert f"curl -d @payload.json {server.url}/productionplan" in log
    assert "powerplant.gunicorn_worker.Worker" in log
    assert '"event":"request"' in log


@pytest.mark.parametrize(
    ("command", "flask_env"), [(SERVE, "development"), (WITHOUT_GUNICORN, "prd")], ids=["development", "no gunicorn"]
)
def test_otherwise_it_starts_flasks_server(tmp_path: Path, command: tuple[str, ...], flask_env: str) -> None:
    with serving(tmp_path, (sys.executable, *command), FLASK_ENV=flask_env) as server:
        assert server.post("payload3.json")
        assert has_debugger(server.url) == (flask_env == "development")
        assert soon(lambda: server.log.read_text().count("/productionplan") >= 2), "a thread of its own writes the log"
        log = server.log.read_text()
        assert log.count("/productionplan") == 2, "the curl line, and one line for the request"
        assert "Serving Flask app" in log


def test_a_port_that_is_taken_is_named_and_the_exit_code_is_2(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        command = [sys.executable, *SERVE, "--port", port]
        outcome = subprocess.run(
            command,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert outcome.returncode == 2
    assert outcome.stderr.startswith(f"Port {port} on 127.0.0.1 is in use: ")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs from the package index: with CI=true")
def test_pip_install_brings_all_that_it_needs(tmp_path: Path) -> None:
    source = tmp_path / "project"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "htmlcov", "dist"))
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([binaries / "python", "-m", "pip", "install", "--quiet", "--no-compile", source], check=True)
    (tmp_path / "payload.json").write_bytes(PAYLOAD)
    plan = subprocess.run(
        [binaries / "powerplant", "plan", "payload.json"], cwd=tmp_path, capture_output=True, check=True
    )
    assert b"24,976.36 euro" in plan.stdout
    with serving(tmp_path, (str(binaries / "powerplant"), "serve"), PYTHONPATH="") as server:
        assert b"openapi" in get(f"{server.url}/openapi.json")
        for path in ("/", "/docs", "/web/page.css"):
            get(server.url + path)
