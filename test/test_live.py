"""The live feed: what its clients get, which clients it refuses, and that it holds up neither a POST nor a stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from conftest import BootServer
from live_server import FLASK_RUN, GUNICORN, ROOT, LiveServer, fetch, has_ended, live_server, paused, soon, workers_of

pytest.importorskip("flask_sock", reason="the extra live is not installed")
if sys.platform == "win32":
    pytest.skip("the live feed needs Unix sockets", allow_module_level=True)

from simple_websocket import Client, ConnectionClosed

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
LARGE = json.dumps(json.loads(PAYLOAD) | {"note": "x" * 100_000}).encode()
ON = {"POWERPLANT_LIVE": "true"}
TOKEN = "correct-horse.battery_staple~9"  # noqa: S105 - a token for tests
HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "A" * 22 + "==",
}

on_linux = pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")


def post(server: LiveServer, body: bytes = PAYLOAD, query: str = "", request_id: str = "") -> requests.Response:
    return fetch("POST", f"{server.url}/productionplan{query}", data=body, headers={"X-Request-ID": request_id})


@contextmanager
def listening(server: LiveServer, **arguments: Any) -> Iterator[Client]:
    client = Client.connect(f"{server.url.replace('http', 'ws')}/productionplan/live", **arguments)
    try:
        yield client
    finally:
        if client.connected:
            client.close()


def handshake(server: LiveServer, **headers: str | None) -> requests.Response:
    """The answer to a handshake with these headers; 101 when the client may listen."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    response = fetch("GET", f"{server.url}/productionplan/live", headers=HANDSHAKE | more, stream=True)
    if response.status_code == 101:
        response.close()
    return response


def message_of(client: Client) -> dict[str, Any]:
    text = client.receive(timeout=20)
    assert text is not None, "no message"
    message: dict[str, Any] = json.loads(text)
    return message


def messages_of(client: Client, count: int) -> list[dict[str, Any]]:
    return [message_of(client) for _ in range(count)]


def close_code(client: Client) -> int:
    try:
        while client.receive(timeout=20) is not None:
            pass
    except ConnectionClosed as closed:
        return int(closed.reason)
    raise AssertionError("the connection is still open")


# --- Off by default --------------------------------------------------------------------------------------------------


def test_the_feed_is_off_by_default(boot_server: BootServer) -> None:
    server = boot_server({})
    assert handshake(server).status_code == 404
    assert fetch("GET", f"{server.url}/productionplan/live").status_code == 404


@pytest.mark.parametrize("on", [True, False])
def test_nothing_of_it_is_imported_unless_it_is_on(on: bool) -> None:
    program = "import sys, powerplant; powerplant.create_app(); print(*sys.modules)"
    environment = {**os.environ, "POWERPLANT_LIVE": str(on).lower()}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    modules = {"powerplant.api.live", "flask_sock", "simple_websocket", "wsproto"}
    assert modules & {*run.stdout.split()} == (modules if on else set())


# --- Messages --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["gunicorn", "flask run"])
def server(request: pytest.FixtureRequest, boot_server: BootServer) -> LiveServer:
    """A server with the feed, in both of the ways in which the service runs."""
    return boot_server(ON | {"POWERPLANT_THREADS": "32"}, GUNICORN if request.param == "gunicorn" else FLASK_RUN)


def test_with_the_debugger_there_are_messages_too(boot_server: BootServer) -> None:
    server = boot_server(ON | {"FLASK_ENV": "dev"})
    with listening(server) as client:
        post(server, request_id="debugged")
        assert message_of(client)["request_id"] == "debugged"


def test_a_message_holds_the_request_and_its_answer(server: LiveServer) -> None:
    with listening(server) as client:
        answer = post(server, query="?co2=false", request_id='a"1')
        message = message_of(client)
    assert list(message) == ["worker", "number", "time", "request_id", "query", "request", "status", "answer"]
    assert abs(datetime.fromisoformat(message["time"]) - datetime.now(UTC)) < timedelta(seconds=20)
    assert message["number"] > 0
    assert (message["request_id"], message["query"]) == ('a"1', "co2=false")
    assert message["request"] == json.loads(PAYLOAD)
    assert (message["status"], message["answer"]) == (200, answer.json())


def test_a_plan_as_a_table_is_a_string(server: LiveServer) -> None:
    with listening(server) as client:
        answer = fetch("POST", f"{server.url}/productionplan", data=PAYLOAD, headers={"Accept": "text/csv"})
        message = message_of(client)
    assert message["answer"] == answer.text.strip()
    assert message["answer"].startswith("name,type,p,")


@pytest.mark.parametrize(
    ("body", "query", "status", "request_"),
    [
        (b"{}", "", 422, {}),
        (b"\xef\xbb\xbf[1e0]", "", 422, [1]),
        (b"", "", 400, None),
        (b'{"load"', "", 400, None),
        (b'{"\xff": 1}', "", 400, None),
        (b'{"load": NaN}', "", 422, None),
        (b"\0", "", 400, None),
        (PAYLOAD, "?co2=maybe", 422, None),
    ],
    ids=["not a payload", "byte order mark", "empty", "incomplete", "not UTF-8", "NaN", "separator", "query"],
)
def test_problems_are_sent_too(server: LiveServer, body: bytes, query: str, status: int, request_: Any) -> None:
    with listening(server) as client:
        assert post(server, body, query).status_code == status
        message = message_of(client)
    assert (message["status"], message["answer"]["status"]) == (status, status)
    assert message["request"] == request_


def test_nothing_else_is_sent(server: LiveServer) -> None:
    with listening(server) as client:
        for method, path in [("GET", "/health"), ("OPTIONS", "/productionplan"), ("GET", "/productionplan")]:
            fetch(method, server.url + path)
        fetch("POST", f"{server.url}/productionplan/report", data=PAYLOAD)
        post(server, request_id="this")
        assert message_of(client)["request_id"] == "this"


def test_a_message_that_is_too_large_carries_its_id_alone(server: LiveServer) -> None:
    with listening(server) as client:
        body = json.dumps(json.loads(PAYLOAD) | {"note": "x" * 200_000}).encode()
        assert post(server, body, request_id="large").status_code == 200
        large = message_of(client)
        post(server, request_id="small")
        small = message_of(client)
    assert list(large) == ["worker", "number", "time", "request_id"]
    assert (large["request_id"], small["request_id"], small["status"]) == ("large", "small", 200)
    assert large["worker"] != small["worker"] or large["number"] == small["number"] - 1


@pytest.mark.parametrize(("text", "code"), [("", 1003), ("x", 1003), ("hello", 1009)])
def test_a_client_that_sends_a_message_is_disconnected(server: LiveServer, text: str, code: int) -> None:
    with listening(server) as client:
        client.send(text)
        assert close_code(client) == code


def test_a_ping_is_answered(server: LiveServer) -> None:
    with raw_client(server) as sock:
        sock.sendall(b"\x89\x80\0\0\0\0")
        assert sock.recv(2) == b"\x8a\0"


def test_clients_that_send_garbage_or_vanish_do_not_disturb_others(server: LiveServer) -> None:
    with listening(server) as client:
        for garbage in [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x81\xff" + b"\xff" * 100, b"\x88\x82\0\0\0\0", b"\x89\xfe"]:
            with raw_client(server) as sock:
                sock.sendall(garbage)
        post(server, request_id="after")
        assert message_of(client)["request_id"] == "after"
        assert soon(lambda: can_listen(server))
    assert "Traceback" not in server.log


def can_listen(server: LiveServer) -> bool:
    return handshake(server).status_code == 101


def raw_client(server: LiveServer, receive_buffer: int = 0) -> socket.socket:
    """A client after its handshake, which reads nothing by itself."""
    address = urlsplit(server.url)
    sock = socket.socket()
    sock.settimeout(20)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.connect((address.hostname, address.port))
    headers = [f"{name}: {value}" for name, value in (HANDSHAKE | {"Host": address.netloc}).items()]
    sock.sendall("\r\n".join(["GET /productionplan/live HTTP/1.1", *headers, "", ""]).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += sock.recv(1)
    assert answer.startswith(b"HTTP/1.1 101 ")
    return sock


# --- Several worker processes ----------------------------------------------------------------------------------------


@contextmanager
def two_workers(**settings: str) -> Iterator[tuple[LiveServer, list[int]]]:
    """gunicorn with the feed, and the process ids of its workers."""
    with live_server(ON | settings, command=GUNICORN) as server:
        assert soon(lambda: len(workers_of(server.pid)) == 2)
        yield server, workers_of(server.pid)


@contextmanager
def listening_to_both(server: LiveServer, workers: list[int], each: int) -> Iterator[list[Client]]:
    """So many clients of each worker."""
    with ExitStack() as stack:
        clients = []
        for other in workers:
            with paused(other):
                clients += [stack.enter_context(listening(server)) for _ in range(each)]
        yield clients


@on_linux
def test_all_clients_of_two_workers_get_all_posts() -> None:
    with (
        two_workers(POWERPLANT_THREADS="16") as (server, workers),
        listening_to_both(server, workers, each=4) as clients,
        ThreadPoolExecutor() as pool,
    ):
        received = [pool.submit(messages_of, client, 300) for client in clients]
        with ThreadPoolExecutor(8) as posting:
            answers = list(posting.map(lambda n: post(server, request_id=f"post-{n}"), range(300)))
        assert {answer.status_code for answer in answers} == {200}
        for messages in received:
            assert {message["request_id"] for message in messages.result()} == {f"post-{n}" for n in range(300)}
            counts = Counter(message["worker"] for message in messages.result())
            assert len(counts) == 2
            for worker, count in counts.items():  # in order, and without a gap
                numbers = [message["number"] for message in messages.result() if message["worker"] == worker]
                assert numbers == [*range(1, count + 1)]


@on_linux
def test_a_worker_that_is_killed_takes_only_its_own_clients_along() -> None:
    with two_workers() as (server, (first, second)), ExitStack() as stack:
        with paused(second):
            of_first = stack.enter_context(listening(server))
        with paused(first):
            of_second = stack.enter_context(listening(server))
        os.kill(first, signal.SIGKILL)
        assert close_code(of_first) == 1005  # none
        assert soon(lambda: len({*workers_of(server.pid)} - {first}) == 2)
        for n in range(20):
            post(server, request_id=str(n))
        assert {message_of(of_second)["request_id"] for _ in range(20)} == {str(n) for n in range(20)}
        assert len(sockets(server)) == 1


@on_linux
def test_nothing_is_published_when_nobody_listens() -> None:
    with two_workers() as (server, _):
        for _ in range(20):
            post(server)
        assert sockets(server) == []
        assert folders(server)[0].stat().st_mode & 0o777 == 0o700
        with listening(server) as client:
            assert len(sockets(server)) == 1
            post(server)
            assert message_of(client)["number"] == 1
        assert soon(lambda: sockets(server) == [])


def folders(server: LiveServer) -> list[Path]:
    """The folder that gunicorn.conf.py makes."""
    return [*Path("/dev/shm").glob(f"powerplant-{server.pid}-*/live")]  # noqa: S108 - where gunicorn.conf.py makes it


def sockets(server: LiveServer) -> list[Path]:
    """The sockets of all listeners."""
    (folder,) = folders(server)
    return [*folder.iterdir()]


@on_linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_closes_all_connections_and_ends_soon(number: signal.Signals) -> None:
    with (
        two_workers(POWERPLANT_THREADS="12") as (server, workers),
        listening_to_both(server, workers, each=3) as clients,
    ):
        post(server)
        assert {message_of(client)["status"] for client in clients} == {200}
        start = time.monotonic()
        os.kill(server.pid, number)
        assert {close_code(client) for client in clients} == {1001}
        assert soon(lambda: has_ended(server.pid))
        assert time.monotonic() - start < 6, "gunicorn waited for the listeners"
        assert "Traceback" not in server.log
        assert not folders(server)


@on_linux
def test_after_a_reload_clients_can_connect_again() -> None:
    with two_workers() as (server, workers), listening(server) as client:
        os.kill(server.pid, signal.SIGHUP)
        assert close_code(client) == 1001
        assert soon(lambda: not {*workers} & {*workers_of(server.pid)})
        with listening(server) as again:
            post(server)
            assert message_of(again)["status"] == 200


# --- Limits ----------------------------------------------------------------------------------------------------------


@on_linux
def test_listeners_get_a_quarter_of_the_threads() -> None:
    with (
        two_workers(POWERPLANT_THREADS="12") as (server, workers),
        listening_to_both(server, workers, each=3) as clients,
    ):
        refused = handshake(server)
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/feed-is-full")
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.headers["Retry-After"].isdecimal()
        assert post(server).status_code == 200
        clients[0].close()
        assert soon(lambda: can_listen(server))
        assert {message_of(client)["status"] for client in clients[1:]} == {200}


@on_linux
def test_a_client_that_does_not_read_is_dropped_and_delays_no_post() -> None:
    with two_workers() as (server, _), raw_client(server, receive_buffer=4096), listening(server) as other:
        for _ in range(120):
            start = time.monotonic()
            assert post(server, LARGE).status_code == 200
            assert time.monotonic() - start < 4, "the POST waited for the client"
        assert soon(lambda: "live-client-dropped" in server.log)
        assert message_of(other)["status"] == 200
        assert soon(lambda: len(sockets(server)) == 1)


# --- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://[", "http://localhost", "own"])
def test_pages_may_not_listen_by_default(server: LiveServer, origin: str) -> None:
    """Not even the service's own: somebody else's name can be made to point to it (DNS rebinding)."""
    refused = handshake(server, Origin=server.url if origin == "own" else origin)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/foreign-origin")


def test_pages_of_listed_origins_may_listen(boot_server: BootServer) -> None:
    server = boot_server(ON | {"POWERPLANT_LIVE_ORIGINS": "https://desk.example.com"})
    assert handshake(server, Origin="https://desk.example.com").status_code == 101
    assert handshake(server, Origin="http://desk.example.com").status_code == 403
    assert handshake(server, Origin="https://desk.example.com.evil.example").status_code == 403
    everybody = boot_server(ON | {"POWERPLANT_LIVE_ORIGINS": "*"})
    assert handshake(everybody, Origin="http://anywhere.example").status_code == 101


def test_a_token_can_be_required(boot_server: BootServer) -> None:
    server = boot_server(ON | {"POWERPLANT_LIVE_TOKEN": TOKEN, "POWERPLANT_THREADS": "32"})
    for wrong in ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN]:
        refused = handshake(server, Authorization=wrong)
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems/token-required")
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    for wrong in [TOKEN, "bearer", "bearer, wrong", f"{TOKEN}, bearer"]:
        assert handshake(server, Sec_WebSocket_Protocol=wrong).status_code == 401
    assert handshake(server, Authorization=f"Bearer {TOKEN}").status_code == 101
    with listening(server, subprotocols=["bearer", TOKEN]) as page:
        assert page.subprotocol == "bearer"
        post(server)
        assert message_of(page)["status"] == 200
    assert TOKEN not in server.log


@pytest.mark.parametrize(
    "headers",
    [{"Upgrade": "none"}, {"Sec-WebSocket-Version": "8"}, {"Sec-WebSocket-Version": ""}, {"Sec-WebSocket-Key": None}],
)
def test_other_requests_are_asked_to_upgrade(server: LiveServer, headers: dict[str, str | None]) -> None:
    refused = handshake(server, **headers)
    assert (refused.status_code, refused.json()["type"]) == (426, "/problems/upgrade-required")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert (refused.headers["Upgrade"], refused.headers["Sec-WebSocket-Version"]) == ("websocket", "13")


def test_a_server_without_threads_answers_501(boot_server: BootServer) -> None:
    server = boot_server(ON, (*FLASK_RUN, "--without-threads"))
    assert handshake(server).status_code == 501
