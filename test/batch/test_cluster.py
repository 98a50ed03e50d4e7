"""Batches on a Dask cluster of several processes of this machine: the same bytes, also where one of them is killed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from batches import FLEET, hour, hours, ndjson, payload
from imports import loaded_by
from payloads import hard_payload

pytest.importorskip("distributed", reason="the extra cluster brings it")

ROOT = Path(__file__).parents[2]
# The last two lines are horizons.
DAYS = [hour(load) | {"load": [load, 300, 200], "reserve": {"up": 10}} for load in (450, 460)]
CONTENTS = [{"powerplants": FLEET}, *hours(4000), payload(480), *DAYS]


class Cluster(NamedTuple):
    """A scheduler and two workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


def start(folder: Path, name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a program of Dask's; its log is a file in the folder."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("DASK_", "POWERPLANT_"))}
    paths = os.pathsep.join(filter(None, [str(ROOT), settings.get("PYTHONPATH")]))
    with (folder / name).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={**settings, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait_for(log: Path, pattern: str) -> str:
    """What a pattern finds in a log, as soon as it does."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := re.search(pattern, log.read_text(encoding="utf-8", errors="replace")):
            return found[found.re.groups]
        time.sleep(0.05)
    raise TimeoutError(log.read_text(encoding="utf-8", errors="replace"))


@contextmanager
def local_cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    with ExitStack() as stack:

        def started(name: str, *arguments: str) -> subprocess.Popen[bytes]:
            process = stack.enter_context(start(folder, name, *arguments))
            stack.callback(process.kill)
            return process

        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        started("scheduler", "distributed.cli.dask_scheduler", *options)
        address = wait_for(folder / "scheduler", r"Scheduler at:\s+(tcp://\S+)")
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder))
        running = [started(f"worker{i}", "distributed.cli.dask_worker", address, *options) for i in range(workers)]
        for i in range(workers):
            wait_for(folder / f"worker{i}", r"Registered to:\s+(tcp://\S+)")
        yield Cluster(address, running)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with local_cluster(tmp_path, 2) as cluster:
        yield cluster


def batch(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "powerplant", "batch", *arguments]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(batch(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, bytes]:
    """A batch, where its answers go, and what they are."""
    source, out = tmp_path / "payloads.jsonl", tmp_path / "plans.jsonl"
    source.write_bytes(ndjson(CONTENTS))
    run(str(source), str(out))
    whole = out.read_bytes()
    out.unlink()
    return str(source), str(out), whole


def test_a_cluster_gives_the_same_bytes_and_the_same_summary(cluster: Cluster, files: tuple[str, str, bytes]) -> None:
    source, out, whole = files
    finished = run(source, out, "--cluster", cluster.address)
    assert finished.returncode == 1
    assert Path(out).read_bytes() == whole
    plans = sum("plan" in json.loads(line) for line in whole.splitlines())
    assert f"{plans:,} plans in" in finished.stderr
    assert "400 lines with a load that no plan meets" in finished.stderr


def test_a_worker_that_is_killed_half_way_costs_no_answer(cluster: Cluster, files: tuple[str, str, bytes]) -> None:
    source, out, whole = files
    with subprocess.Popen(
        batch(source, out, "--cluster", cluster.address), cwd=ROOT, stderr=subprocess.PIPE
    ) as process:
        while not Path(out).exists() or Path(out).stat().st_size < len(whole) // 10:
            assert process.poll() is None
            time.sleep(0.005)
        cluster.workers[0].kill()
        left = Path(out).stat().st_size
        _, stderr = process.communicate(timeout=120)
    assert left < len(whole)
    assert process.returncode == 1, stderr
    assert Path(out).read_bytes() == whole


def test_hard_lines_are_given_up_on_a_cluster_too(cluster: Cluster, tmp_path: Path) -> None:
    source = tmp_path / "hard.jsonl"
    source.write_bytes(ndjson([payload(480), hard_payload(), payload(490)]))
    finished = run(str(source), "-", "--time-limit", "0.3", "--cluster", cluster.address)
    assert finished.returncode == 1
    kinds = [list(json.loads(line))[1] for line in finished.stdout.splitlines()]
    assert kinds == ["plan", "problem", "plan"]


def test_a_cluster_that_cannot_be_used_is_reported_in_a_line(tmp_path: Path) -> None:
    source, out = tmp_path / "payloads.jsonl", tmp_path / "plans.jsonl"
    source.write_bytes(ndjson([payload(480)]))
    finished = run(str(source), str(out), "--cluster", "tcp://127.0.0.1:1")
    assert (finished.returncode, finished.stderr) == (
        2,
        "--cluster tcp://127.0.0.1:1: no Dask scheduler answers there.\n",
    )
    finished = run(str(source), str(out), "--cluster", "nonsense://127.0.0.1:1")
    assert finished.returncode == 2
    assert "must be the address of a scheduler, like tcp://host:8786" in finished.stderr
    assert not out.exists()


def test_dask_is_loaded_only_for_a_cluster() -> None:
    loaded = loaded_by("import powerplant.cli.batch, powerplant.api; powerplant.create_app()")
    assert not loaded & {"dask", "distributed", "tornado"}
