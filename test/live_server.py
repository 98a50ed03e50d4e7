"""Start a server for the tests: ``flask run`` or gunicorn, on a free port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]
DEADLINE = 20.0
"""Seconds within which a server must come up."""

ANSWER_DEADLINE = 30.0
"""Seconds after which an answer that does not come is a failure."""

FLASK_RUN = (sys.executable, "-m", "flask", "--app", "powerplant", "run", "--port", "{port}")
CACHED_PAGE = (sys.executable, "-m", "flask", "--app", "test/cached_page.py", "run", "--port", "{port}")
GUNICORN = (sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:{port}")
SETTINGS = ("FLASK_", "POWERPLANT_")
"""Variables with these beginnings do not reach a server from the environment of the tests."""


class ServerDidNotComeUp(Exception):
    """No answer within the deadline; the message holds the server's log."""


def fetch(method: str, url: str, **arguments: Any) -> requests.Response:
    """One request on a new connection; a proxy in the environment is not used."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, **{"timeout": ANSWER_DEADLINE, **arguments})


@dataclass(frozen=True)
class LiveServer:
    """A server that answers.

    Attributes:
        url: its address, without a slash at the end.
        log_file: where its stdout and stderr go.
        pid: of its first process, the parent of all others.
    """

    url: str
    log_file: Path
    pid: int

    @property
    def log(self) -> str:
        """What it has written."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")


@contextmanager
def live_server(
    environment: Mapping[str, str] | None = None, *, command: Sequence[str] = FLASK_RUN, deadline: float = DEADLINE
) -> Iterator[LiveServer]:
    """Start a server with these variables, and no other setting, and end it afterwards.

    Raises:
        ServerDidNotComeUp: it ended, or gave no answer within the deadline (seconds).
    """
    port = _free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log_file = Path(folder) / "log"
        with (
            log_file.open("wb") as log,
            subprocess.Popen(
                [part.format(port=port) for part in command],
                cwd=ROOT,
                env={**inherited, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            ) as process,
        ):
            server = LiveServer(f"http://127.0.0.1:{port}", log_file, process.pid)
            try:
                _wait_until_it_answers(server, process, deadline)
                yield server
            finally:
                _end(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(server: LiveServer, process: subprocess.Popen[bytes], deadline: float) -> None:
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ServerDidNotComeUp(f"The server ended with {process.returncode}. Its log:\n{server.log}")
        try:
            fetch("GET", f"{server.url}/health", timeout=1).raise_for_status()
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return
    raise ServerDidNotComeUp(f"The server gave no answer within {deadline:g} s. Its log:\n{server.log}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
    if sys.platform != "win32":
        # The server with the debugger runs in a child process.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


# --- Its processes ---------------------------------------------------------------------------------------------------


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Stop a worker meanwhile, so that the other one gets all connections."""
    os.kill(pid, signal.SIGSTOP)
    while {state(task) for task in Path(f"/proc/{pid}/task").iterdir()} != {"T"}:  # not all stop at once
        time.sleep(0.01)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def workers_of(pid: int) -> list[int]:
    """The process ids of the workers of this master."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def has_ended(pid: int) -> bool:
    """Whether a server has; its parent, the test, has not waited for it yet."""
    return state(Path(f"/proc/{pid}")) == "Z"


def soon(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether a condition becomes true within this time."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return true


def state(process: Path) -> str:
    """The state of a process or thread (a folder of /proc): T if it is stopped, Z if it has ended."""
    return (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
