"""Copies of the project that tests set up, start, spoil and move; the one that they belong to is left alone."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What a run of these tests sets for itself is not for the project under test.
OURS = ("COVERAGE_", "COV_", "FLASK_", "POWERPLANT_", "PYTEST_", "PYTHON", "VIRTUAL_ENV")

# A Poetry that only pretends to install: it makes the packages that these tests run with importable, and writes
# down what it was asked and told.
PRETENDING_POETRY = """#!PYTHON
import os, sys
from pathlib import Path

if sys.argv[1:] == ["--version"]:
    sys.exit(print("Poetry (version 2.9.9)"))
told = [f"{name}={os.environ.get(name)}" for name in ("POETRY_PYPI_MIRROR_URL", "REQUESTS_CA_BUNDLE")]
with open("../poetry-calls", "a") as log:
    print(*sys.argv[1:], *told, file=log)
BEFORE
for site in Path(".venv/lib").glob("python*/site-packages"):
    (site / "borrowed.pth").write_text("PACKAGES")
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(url, body, timeout=10) as answer:  # noqa: S310 - only http on this machine
        content: bytes = answer.read()
        return content


class Checkout:
    """A copy of the project in a folder of its own, and ways to run it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "project"
        # What is made here, environments and caches, stays here.
        shutil.copytree(ROOT, self.folder, ignore=shutil.ignore_patterns(".*", "__pycache__", "htmlcov", "dist"))
        self.bin = home / "bin"
        leave_out = (*OURS, "PIP_", "POETRY_")
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(leave_out)}
        self.environ |= {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "PYTHON": sys.executable,
            # Nobody listens there: an index that cannot be reached.
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
            "PIP_RETRIES": "0",
        }
        self.use_poetry()

    def use_poetry(self, before: str = "") -> None:
        """Put the pretending Poetry on PATH; ``before`` is a line of Python that it runs first."""
        text = PRETENDING_POETRY.replace("PYTHON", sys.executable).replace("BEFORE", before)
        write_program(self.bin / "poetry", text.replace("PACKAGES", sysconfig.get_path("purelib")))

    def take_away_poetry(self) -> None:
        """Leave a person's shell in which Poetry is nowhere, and an empty home."""
        folders = [folder for folder in os.environ["PATH"].split(":") if not (Path(folder) / "poetry").exists()]
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith((*OURS, "POETRY_"))}
        self.environ |= {"PATH": ":".join(folders), "HOME": str(self.home)}

    def installs(self) -> list[str]:
        log = self.home / "poetry-calls"
        return log.read_text().splitlines() if log.exists() else []

    def use_the_poetry_of_these_tests(self) -> None:
        """Take what stands in for it away, and give it the package index that was set for it."""
        (self.bin / "poetry").unlink()
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        # Not into the environments of the person's home.
        self.environ["POETRY_VIRTUALENVS_IN_PROJECT"] = "true"

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run ``./runapp`` to its end; its two outputs as one. A service of the person's own may be up meanwhile."""
        return self.shell(shlex.join(["./runapp", *arguments]), {"POWERPLANT_PORT": str(free_port()), **environ})

    def shell(
        self, line: str, environ: Mapping[str, str] | None = None, *, deadline: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a line in bash to its end; its two outputs as one."""
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=deadline,
            check=False,
        )

    def start(self, *arguments: str, **environ: str) -> AbstractContextManager[Started]:
        """Run ``./runapp`` as a server on a free port, and end it."""
        port = free_port()
        line = "exec " + shlex.join(["./runapp", *arguments])
        return self.start_line(line, port, {"POWERPLANT_PORT": str(port), **environ})

    @contextmanager
    def start_line(self, line: str, port: int, environ: Mapping[str, str] | None = None) -> Iterator[Started]:
        """Run a line in bash that starts a server, and end it."""
        log = self.home / "server.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                ["bash", "-c", line],
                cwd=self.folder,
                env={**self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        try:
            yield Started(process, f"http://127.0.0.1:{port}", log)
        finally:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            except ProcessLookupError:
                pass


class Started:
    """A server that is on its way up, or up."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log
        self.since = time.monotonic()

    def wait_until_healthy(self, deadline: float = 20) -> float:
        """Return how many seconds it took until ``/health`` answered."""
        while time.monotonic() < self.since + deadline and self.process.poll() is None:
            try:
                get(f"{self.url}/health")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
            else:
                return time.monotonic() - self.since
        pytest.fail(f"no server within {deadline} s:\n{self.log.read_text()}")

    def post(self, payload: str) -> object:
        return json.loads(get(f"{self.url}/productionplan", (ROOT / "example_payloads" / payload).read_bytes()))


def has_debugger(url: str) -> bool:
    """Whether Werkzeug's debugger serves its own script."""
    try:
        return b"debugger" in get(f"{url}/?__debugger__=yes&cmd=resource&f=debugger.js").lower()
    except urllib.error.HTTPError:
        return False
