"""nginx in front of the service, with the configuration in docs/operations.md."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from connection import Connection
from live_server import DEADLINE, GUNICORN, ROOT, LiveServer, fetch, live_server

pytest.importorskip("gunicorn", reason="gunicorn does not run on Windows")

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
if NGINX is None or sys.platform != "linux":
    pytest.skip("nginx is not installed, or the system has one loopback address only", allow_module_level=True)

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
DAY = (ROOT / "example_payloads" / "day.jsonl").read_bytes()
BODY_TIMEOUT = 0.7
HALF_A_BODY = b"POST /power/productionplan HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"

MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/powerplant.conf;
}}
"""


def configuration(port: int, service: LiveServer) -> str:
    """The configuration in the document, for other ports and without TLS."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 1
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("127.0.0.1:8888", service.url.removeprefix("http://")),
    ):
        assert blocks[0].count(old) == 1
        blocks[0] = blocks[0].replace(old, new)
    return re.sub(r"ssl_certificate.*\n", "", blocks[0])


@contextmanager
def nginx(folder: Path, service: LiveServer) -> Iterator[str]:
    """Run nginx in front of the service; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "powerplant.conf").write_text(configuration(port, service), encoding="utf-8")
    main = MAIN.format(folder=folder, user="user root root;" if os.geteuid() == 0 else "")
    (folder / "nginx.conf").write_text(main, encoding="utf-8")
    command = [str(NGINX), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            end = time.monotonic() + DEADLINE
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    said = (folder / "log").read_text(encoding="utf-8")
                    assert process.poll() is None, said
                    assert time.monotonic() < end, said
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def service() -> Iterator[LiveServer]:
    """The service behind one proxy, with a short deadline, and with the live feed if that is installed."""
    settings = {"POWERPLANT_PROXIES": "1", "POWERPLANT_BODY_TIMEOUT": str(BODY_TIMEOUT)}
    if find_spec("flask_sock"):
        settings["POWERPLANT_LIVE"] = "true"
    with live_server(settings, command=GUNICORN) as server:
        yield server


@pytest.fixture
def proxy(service: LiveServer, tmp_path: Path) -> Iterator[str]:
    """An nginx that has seen no clients yet."""
    with nginx(tmp_path, service) as url:
        yield url


def status_from(address: str, url: str, path: str, body: bytes) -> int:
    """The status of a POST that a client at this address sends."""
    host = url.removeprefix("http://")
    with closing(http.client.HTTPConnection(host, timeout=30, source_address=(address, 0))) as connection:
        connection.request("POST", path, body)
        return connection.getresponse().status


def test_the_service_answers_under_the_prefix(proxy: str) -> None:
    plan = fetch("POST", f"{proxy}/power/productionplan", data=PAYLOAD)
    assert (plan.status_code, plan.headers["Plan-Status"]) == (200, "optimal")
    assert fetch("POST", f"{proxy}/productionplan", data=PAYLOAD).status_code == 404
    for path in ("/", "/docs"):
        page = fetch("GET", f"{proxy}/power{path}")
        assert page.status_code == 200
        files = re.findall(r'(?:src|href)="([^"#:]+\.(?:js|css))"', page.text)
        assert files
        for file in files:
            address = f"{proxy}{file}" if file.startswith("/") else f"{proxy}/power{path.rpartition('/')[0]}/{file}"
            assert fetch("GET", address).status_code == 200, file


def test_a_problem_names_addresses_with_the_prefix(proxy: str) -> None:
    problem = fetch("POST", f"{proxy}/power/productionplan", data=b"{").json()
    assert (problem["type"], problem["instance"]) == ("/power/problems/malformed-json", "/power/productionplan")
    assert fetch("GET", proxy + problem["type"]).status_code == 200


def test_a_batch_is_larger_than_a_payload_and_streams(proxy: str, service: LiveServer) -> None:
    fleet, *hours = DAY.splitlines()
    body = b"\n".join([fleet, *hours * 400, b"\n" * 5_000_000])
    address, headers = f"{proxy}/power/productionplan/batch", {"X-Request-ID": "a-long-batch"}
    with fetch("POST", address, data=body, headers=headers, stream=True) as answer:
        assert answer.status_code == 200
        answers = answer.iter_lines()
        lines = [json.loads(next(answers))]
        assert "a-long-batch" not in service.log, "the first line arrives before the service has planned the last one"
        lines += [json.loads(line) for line in answers]
    assert [line["line"] for line in lines] == [*range(2, 2 + len(hours) * 400)]
    assert sum("plan" in line for line in lines) == 23 * 400  # the day has an hour without a plan


@pytest.mark.parametrize(("path", "size"), [("", 5_000_000), ("/batch", 17_000_000)])
def test_a_body_beyond_the_limit_is_refused_by_nginx(proxy: str, service: LiveServer, path: str, size: int) -> None:
    before = service.log
    with Connection(proxy) as connection:
        connection.send(f"POST /power/productionplan{path} HTTP/1.1", f"Content-Length: {size}")
        assert connection.next_status() == 413
    assert service.log == before


def test_half_sent_bodies_do_not_reach_the_service(proxy: str, service: LiveServer) -> None:
    before = service.log.count("request-timeout")
    with ExitStack() as stack:
        held = [stack.enter_context(Connection(proxy)) for _ in range(200)]
        for connection in held:
            connection.send_bytes(HALF_A_BODY)
        time.sleep(2 * BODY_TIMEOUT)  # the service would have answered 408
        assert status_from("127.0.0.2", proxy, "/power/productionplan", PAYLOAD) == 200
        answers = [connection.next_status() for connection in held if connection.has_answer()]
    assert set(answers) == {429}
    assert len(answers) == 180, "an address may have 20 connections"
    assert service.log.count("request-timeout") == before


def test_an_address_that_sends_too_much_gets_429_and_others_do_not(proxy: str) -> None:
    with Connection(proxy) as connection:
        statuses = [connection.ask("GET", "/power/health", b"") for _ in range(400)]
    assert set(statuses) == {200, 429}
    assert statuses[:100] == [200] * 100
    assert status_from("127.0.0.2", proxy, "/power/productionplan", PAYLOAD) == 200


def test_the_metrics_are_for_the_machine_of_nginx_only(proxy: str) -> None:
    for address, allowed in (("127.0.0.1", True), ("127.0.0.2", False)):
        assert (status_from(address, proxy, "/power/metrics", b"") != 403) is allowed


@pytest.mark.skipif(not find_spec("flask_sock"), reason="the extra live is not installed")
def test_the_live_feed_passes_nginx(proxy: str) -> None:
    client = pytest.importorskip("simple_websocket").Client
    feed = client.connect(f"{proxy.replace('http', 'ws')}/power/productionplan/live")
    try:
        assert fetch("POST", f"{proxy}/power/productionplan", data=PAYLOAD).status_code == 200
        assert json.loads(feed.receive(timeout=10))["status"] == 200
    finally:
        feed.close()
