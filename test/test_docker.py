"""The image. The Dockerfile is always checked; a built image is tested if ``POWERPLANT_IMAGE`` names one.

::

    docker build --tag powerplant:latest .
    POWERPLANT_IMAGE=powerplant:latest ./runapp test test/test_docker.py

The containers use the machine's own network, each with a free port.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from checkout import ROOT, free_port, get

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IMAGE = os.environ.get("POWERPLANT_IMAGE", "")
on_an_image = pytest.mark.skipif(not IMAGE, reason="POWERPLANT_IMAGE names no built image")


def docker(*arguments: str, deadline: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=deadline,
        check=False,
    )


def run_once(*arguments: str) -> str:
    outcome = docker("run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp", *arguments)  # noqa: S108 - of the container
    assert outcome.returncode == 0, outcome.stdout
    return outcome.stdout


class Container:
    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"

    def wait_until_healthy(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                get(f"{self.url}/health")
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
            else:
                return
        pytest.fail(f"no service within 30 s:\n{self.logs()}")

    def logs(self) -> str:
        return docker("logs", self.name).stdout


@contextmanager
def serving(*arguments: str) -> Iterator[Container]:
    """A container with a read-only root; the arguments follow the name of the image."""
    container = Container(f"powerplant-test-{uuid.uuid4().hex[:8]}", free_port())
    port = container.url.rsplit(":", 1)[1]
    options = ("--read-only", "--tmpfs", "/tmp", "--network", "host", "--env", f"POWERPLANT_PORT={port}")  # noqa: S108 - the same
    started = docker("run", "--detach", "--name", container.name, *options, IMAGE, *arguments)
    try:
        assert started.returncode == 0, started.stdout
        container.wait_until_healthy()
        yield container
    finally:
        docker("rm", "--force", container.name)


# --- Its description -----------------------------------------------------------------------------------------------


def test_the_base_is_pinned_to_its_minor_version() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+-slim", base) for base in bases)


def test_only_port_8888_is_exposed() -> None:
    assert re.findall(r"^EXPOSE (.*)", DOCKERFILE, re.MULTILINE) == ["8888"]


def test_the_build_context_has_only_what_the_service_needs() -> None:
    """Tests, environments and history are excluded: everything is, except for a list."""
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {"gunicorn.conf.py", "poetry.lock", "powerplant", "pyproject.toml", "runapp"}


# --- A built one -----------------------------------------------------------------------------------------------------


@on_an_image
def test_it_serves_the_challenges_own_answer_with_a_read_only_root() -> None:
    with serving() as container:
        answer = get(f"{container.url}/productionplan", (ROOT / "example_payloads" / "payload3.json").read_bytes())
    assert json.loads(answer) == json.loads((ROOT / "example_payloads" / "response3.json").read_text())


@on_an_image
def test_other_arguments_keep_the_configuration() -> None:
    with serving("run", "gunicorn", "--workers", "1") as container:
        log = container.logs()
    assert "Using worker: powerplant.gunicorn_worker.Worker" in log
    assert log.count("Booting worker") == 1


@on_an_image
def test_it_stops_before_docker_kills_it() -> None:
    with serving() as container:
        start = time.monotonic()
        docker("stop", container.name)
        assert time.monotonic() - start < 10
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container.name).stdout.strip() == "0"


@on_an_image
def test_its_health_check_fails_if_the_service_does_not_answer() -> None:
    found = docker("inspect", "--format", "{{json .Config.Healthcheck.Test}}", IMAGE).stdout
    kind, *check = json.loads(found)
    assert kind == "CMD"
    with serving() as container:
        assert docker("exec", container.name, *check).returncode == 0
        assert docker("exec", "--env", f"POWERPLANT_PORT={free_port()}", container.name, *check).returncode != 0


@on_an_image
def test_it_runs_as_gunicorn_and_cannot_write_its_own_files() -> None:
    assert run_once("--entrypoint", "id", IMAGE, "-un").strip() == "gunicorn"
    probe = docker("run", "--rm", "--entrypoint", "touch", IMAGE, "/app/powerplant/written")
    assert probe.returncode != 0


@on_an_image
def test_it_lists_its_dependencies_and_has_no_development_dependencies() -> None:
    """Poetry marks with (!) packages that are locked but not installed."""
    listed = {line.split()[0]: "(!)" in line for line in run_once(IMAGE, "show", "-v").splitlines() if "  " in line}
    for name in ("flask", "pydantic", "gunicorn"):
        assert listed[name] is False
    for name in ("pytest", "mypy", "ruff", "hypothesis"):
        assert listed[name] is True


@on_an_image
def test_the_built_image_exposes_only_port_8888() -> None:
    found = docker("inspect", "--format", "{{json .Config.ExposedPorts}}", IMAGE).stdout
    assert json.loads(found) == {"8888/tcp": {}}
