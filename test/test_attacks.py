"""Clients that try to take the service for themselves: others are answered meanwhile, and nothing stops it.

``benchmarks/service/attacks.py`` has the attacks, and measures what others notice.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from connection import Connection
from live_server import GUNICORN, ROOT, LiveServer, fetch, live_server, soon, workers_of

from powerplant.api.requests import LARGEST_AT_ONCE
from powerplant.workers import LARGE

pytest.importorskip("gunicorn", reason="gunicorn does not run on Windows")
attacks = pytest.importorskip("benchmarks.service.attacks", reason="the attacks need Linux")

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
SECONDS = 1.5
"""Of each attack."""


def plans(server: LiveServer, times: int = 1) -> None:
    """The server answers an ordinary payload so many times."""
    for _ in range(times):
        assert fetch("POST", f"{server.url}/productionplan", data=PAYLOAD).status_code == 200


def folder_of(server: LiveServer) -> Path:
    """The folder that the workers share."""
    [folder] = Path("/dev/shm").glob(f"powerplant-{server.pid}-*")  # noqa: S108 - where gunicorn_conf.py makes it
    return folder


# --- Others are answered during an attack ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "1 60 a second of them",
        "1 pipelined, never read",
        "2 batches and hard payloads",
        "3 reports on 10 000",
        "4 faulty fleets",
        "5 many faults",
        "9 unread log",
        "10 clients that leave",
    ],
)
def test_others_are_answered_within_a_second(name: str) -> None:
    """In one of two attacks: other programs on the machine may disturb one."""
    outcomes = (attacks.attack(ROOT, name, SECONDS, 0) for _ in range(2))
    assert any(map(was_held_off, outcomes))


def was_held_off(outcome: Any) -> bool:
    slowest = max(sorted(seconds)[int(len(seconds) * 0.9)] for seconds in (outcome.health, outcome.plans))
    return slowest < 1 and not outcome.failures and outcome.replaced == 0


@pytest.mark.slow
def test_idle_clients_beyond_the_limit_of_descriptors_harm_no_request() -> None:
    outcome = attacks.attack(ROOT, "13 64 descriptors", SECONDS, 0)
    assert not outcome.failures


# --- Nothing that is optional stops the service ----------------------------------------------------------------------


def test_a_worker_starts_again_without_the_folder_of_the_metrics() -> None:
    with live_server({}, command=GUNICORN) as server:
        plans(server)
        shutil.rmtree(folder_of(server))
        killed = workers_of(server.pid)
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        assert soon(lambda: len(set(workers_of(server.pid)) - {*killed}) == len(killed))
        plans(server, 4)
        assert fetch("GET", f"{server.url}/metrics").status_code in (200, 404)  # 404 without the extra


def test_a_replaced_worker_goes_on_counting() -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    with live_server({"POWERPLANT_WORKERS": "1"}, command=GUNICORN) as server:
        plans(server, 3)
        [killed] = workers_of(server.pid)
        os.kill(killed, signal.SIGKILL)
        assert soon(lambda: workers_of(server.pid) not in ([], [killed]))
        plans(server, 2)
        text = fetch("GET", f"{server.url}/metrics").text
        assert 'powerplant_solve_seconds_count{proof="merit order"} 5.0' in text
        assert len(list(folder_of(server).glob("metrics/*.db"))) == 2


FULL_MEMORY = """
mount -t tmpfs -o size={size} tmpfs /dev/shm && head -c 100M /dev/zero > /dev/shm/full 2> /dev/null
rm -f /dev/shm/enough
exec "$@"
"""


@pytest.mark.parametrize("size", ["1M", "1500k", "4M"])
def test_a_full_memory_disk_stops_nothing(size: str) -> None:
    """At the start; the metrics' room is taken then."""
    unshare = ["unshare", "--mount", "sh", "-c", FULL_MEMORY.format(size=size), "sh"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not mount a file system")
    with live_server({}, command=(*unshare, *GUNICORN)) as server:
        plans(server, 40)
        assert fetch("GET", f"{server.url}/metrics").status_code in (200, 404)
        batch = fetch("POST", f"{server.url}/productionplan/batch", data=PAYLOAD.replace(b"\n", b" "))
        assert batch.json()["problem"]["type"] == "/problems/busy"
        assert server.log.count("Booting worker") == 2


def test_the_folder_of_a_master_that_was_killed_is_removed_by_the_next() -> None:
    with live_server({}, command=GUNICORN) as server:
        left = folder_of(server)
        children = workers_of(server.pid)
        assert left.exists()
        os.kill(server.pid, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert soon(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    with live_server({}, command=GUNICORN) as server:
        assert not left.exists()
        with live_server({}, command=GUNICORN):
            assert folder_of(server).exists(), "a folder in use was removed"


@contextmanager
def unread() -> Iterator[int]:
    """A server whose log nobody reads; its port."""
    with attacks.server(ROOT, "log") as (port, _):
        yield port


def test_a_log_that_nobody_reads_delays_nothing() -> None:
    """A pipe takes 64 KiB, which is the log of about 300 plans."""
    with unread() as port:
        for _ in range(1200):
            assert attacks.ask(port, attacks.post(PAYLOAD), 10) == 200


# --- Headers of proxies ----------------------------------------------------------------------------------------------


def test_contradictory_headers_of_proxies_are_ignored() -> None:
    with live_server({}, command=GUNICORN) as server, Connection(server.url) as connection:
        connection.send("GET /health HTTP/1.1", "X-Forwarded-Proto: http", "X-Forwarded-Ssl: on")
        assert connection.next_answer()[0] == 200


@pytest.mark.parametrize("prefix", ["//evil.com", "/a//evil.com", "evil.com", "https://evil.com", '/a"', "/a b"])
def test_a_prefix_that_is_not_a_path_is_ignored(prefix: str) -> None:
    with live_server({"POWERPLANT_PROXIES": "1"}) as server:
        problem = fetch("GET", f"{server.url}/nowhere", headers={"X-Forwarded-Prefix": prefix}).json()
        assert (problem["type"], problem["instance"]) == ("/problems/not-found", "/nowhere")
        problem = fetch("GET", f"{server.url}/nowhere", headers={"X-Forwarded-Prefix": "/power/plan"}).json()
        assert problem["type"] == "/power/plan/problems/not-found"


# --- Large bodies ----------------------------------------------------------------------------------------------------


def test_a_small_body_is_accepted_while_large_ones_take_all_room() -> None:
    size = 8 * LARGE
    with live_server(
        {"POWERPLANT_MAX_BATCH_BODY": str(size), "POWERPLANT_MAX_BODY": str(size), "POWERPLANT_WORKERS": "1"},
        command=GUNICORN,
    ) as server:
        head = f"POST /productionplan HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
        with ExitStack() as stack:
            one_more = partial(fetch, "POST", f"{server.url}/productionplan", data=b" " * size)
            answers: list[str] = []
            # Bodies that come while one more is read can be refused: then others must take their room.
            while len(answers) < 3 * LARGEST_AT_ONCE and (not answers or answers[-1] != "/problems/busy"):
                for _ in range(1 if answers else LARGEST_AT_ONCE):
                    stack.enter_context(Connection(server.url)).send_bytes(head + b" " * (size - 1))
                time.sleep(0.3)
                answers.append(one_more().json()["type"])
            assert answers[-1] == "/problems/busy"
            plans(server)
        assert soon(lambda: one_more().status_code == 400)


def test_a_large_body_has_the_answer_of_a_small_one() -> None:
    def changed(data: bytes, change: dict[str, Any]) -> bytes:
        return json.dumps(json.loads(data) | change).encode() + data[len(data.rstrip()) :]

    large = PAYLOAD.rstrip() + b" " * (LARGE + 1)
    with live_server({}, command=GUNICORN) as server:
        for path in ("productionplan", "productionplan/report"):
            small, other = (fetch("POST", f"{server.url}/{path}", data=data) for data in (PAYLOAD, large))
            assert other.content == small.content
            names = {name for name in small.headers if name.startswith("Plan-")}
            assert {name: other.headers[name] for name in names} == {name: small.headers[name] for name in names}
        for change in ({"load": -1}, {"load": 1e6}, {"load": 0.05}, {"fuels": None}):
            answers = [
                fetch("POST", f"{server.url}/productionplan", data=changed(data, change)).json()
                for data in (PAYLOAD, large)
            ]
            assert answers[0] | {"request_id": ""} == answers[1] | {"request_id": ""}
        facts = r"load=1000000\.0|\"load\": ?1000000\.0"
        assert soon(lambda: re.search(facts, server.log) is not None), "the log has the facts too"
