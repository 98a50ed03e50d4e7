"""A Dask cluster of this machine, for as long as a measurement takes."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def local_cluster(workers: int, folder: Path) -> Iterator[str]:
    """The address of a scheduler with so many workers; their logs go to the folder."""
    with ExitStack() as stack:

        def start(name: str, *arguments: str) -> Path:
            log = folder / f"{name}-{workers}.log"
            with log.open("wb") as stream:
                command = [sys.executable, "-m", *arguments]
                process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream)  # noqa: S603 - ours
            stack.enter_context(process)
            stack.callback(process.kill)
            return log

        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        address = _wait_for(start("scheduler", "distributed.cli.dask_scheduler", *options), r"at:\s+(tcp://\S+)")
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(folder))
        logs = [start(f"worker{i}", "distributed.cli.dask_worker", address, *options) for i in range(workers)]
        for log in logs:
            _wait_for(log, r"Registered to:\s+(tcp://\S+)")
        yield address


def _wait_for(log: Path, pattern: str) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if found := re.search(pattern, log.read_text(encoding="utf-8")):
            return found[1]
        time.sleep(0.05)
    raise TimeoutError(log.read_text(encoding="utf-8"))
