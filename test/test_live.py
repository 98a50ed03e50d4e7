"""The live feed: what its clients get, who may be one, and that nobody else notices."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from logging import getLogger
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import BootServer
from connection import Connection
from listener import PING, PONG, TEXT, Listener, Refused
from live_server import FLASK_RUN, GUNICORN, ROOT, LiveServer, fetch, live_server, paused, state

from powerplant import Settings, config, create_app
from powerplant.errors import ConfigurationError

pytest.importorskip("wsproto", reason="the extra live is not installed")

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
ON = {"POWERPLANT_LIVE": "true"}
KEY = "A" * 22 + "=="
TOKEN = "correct-horse.battery_staple~9"  # noqa: S105 - a token for tests

on_linux = pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")


def post(server: LiveServer, data: bytes = PAYLOAD, query: str = "", **headers: str) -> int:
    url = f"{server.url}/productionplan{query}"
    return fetch(
        "POST", url, data=data, headers={name.replace("_", "-"): text for name, text in headers.items()}
    ).status_code


def soon(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it comes true within this time."""
    end = time.monotonic() + seconds
    while not (true := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return true


# --- Off by default --------------------------------------------------------------------------------------------------


def test_without_the_setting_there_is_nothing_at_the_address(boot_server: BootServer) -> None:
    server = boot_server({})
    assert status_of(server) == 404
    assert fetch("GET", f"{server.url}/productionplan/live").status_code == 404


@pytest.mark.parametrize("on", [True, False])
def test_without_the_setting_nothing_of_it_is_imported(on: bool) -> None:
    program = "import sys, powerplant; powerplant.create_app(); print(*sys.modules)"
    environment = {**os.environ, **(ON if on else {"POWERPLANT_LIVE": ""})}
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    modules = set(run.stdout.split())
    assert ("powerplant.live" in modules) is on
    assert ("wsproto" in modules) is on


def test_the_setting_without_the_extra_stops_the_start_with_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda _: None)
    assert not Settings.from_environ({"POWERPLANT_LIVE": "false"}).live
    with pytest.raises(
        ConfigurationError, match="POWERPLANT_LIVE needs the extra live, which is not installed: poetry"
    ):
        Settings.from_environ(ON)


def test_a_post_that_nobody_listens_to_starts_no_thread() -> None:
    client = create_app(Settings(live=True)).test_client()
    before = threading.active_count()
    assert client.post("/productionplan", data=PAYLOAD).status_code == 200
    assert threading.active_count() == before


# --- What is told ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["gunicorn", "flask run", "flask run with the debugger"])
def server(request: pytest.FixtureRequest, boot_server: BootServer) -> LiveServer:
    """A server with the feed, in each of the ways in which the service runs."""
    debugger = {"FLASK_ENV": "dev"} if "debugger" in request.param else {}
    return boot_server(ON | debugger, GUNICORN if request.param == "gunicorn" else FLASK_RUN)


def test_a_message_holds_request_answer_id_and_time(server: LiveServer) -> None:
    with Listener.of(server.url) as listener:
        answer = fetch("POST", f"{server.url}/productionplan?co2=false", data=PAYLOAD, headers={"X-Request-ID": 'a"1'})
        message = listener.message()
    assert list(message) == ["worker", "number", "time", "request_id", "query", "request", "status", "answer"]
    assert abs(datetime.fromisoformat(message["time"]) - datetime.now(UTC)) < timedelta(seconds=10)
    assert message["number"] > 0
    assert message["request_id"] == 'a"1'
    assert message["query"] == "co2=false"
    assert message["request"] == json.loads(PAYLOAD)
    assert (message["status"], message["answer"]) == (200, answer.json())


def test_the_upgrade_is_a_request_like_others(server: LiveServer) -> None:
    with Listener.of(server.url, "X-Request-ID: somebody") as listener:
        assert listener.headers["X-Request-ID"] == "somebody"
    assert soon(lambda: bool(re.search("live.*somebody.*101", server.log)))


@pytest.mark.parametrize(
    ("body", "query", "status", "request_"),
    [
        (b"{}", "", 422, {}),
        (b"\xef\xbb\xbf[1e0]", "", 422, [1]),
        (b"", "", 400, None),
        (b'{"load"', "", 400, None),
        (b'{"\xff": 1}', "", 400, None),
        (b'{"load": NaN}', "", 422, None),
        (PAYLOAD, "?co2=maybe", 422, None),
    ],
    ids=["no payload", "byte order mark", "empty", "broken off", "no UTF-8", "NaN", "query"],
)
def test_problems_are_told_too(server: LiveServer, body: bytes, query: str, status: int, request_: Any) -> None:
    with Listener.of(server.url) as listener:
        assert post(server, body, query) == status
        message = listener.message()
    assert (message["status"], message["answer"]["status"]) == (status, status)
    assert message["request"] == request_


def test_nothing_else_is_told(server: LiveServer) -> None:
    with Listener.of(server.url) as listener:
        for method, path in [("GET", "/health"), ("OPTIONS", "/productionplan"), ("GET", "/productionplan")]:
            fetch(method, server.url + path)
        fetch("POST", f"{server.url}/productionplan/report", data=PAYLOAD)
        post(server, X_Request_ID="this")
        assert listener.message()["request_id"] == "this"


def test_a_message_that_is_too_large_carries_its_id_alone(server: LiveServer) -> None:
    payload = json.loads(PAYLOAD) | {"note": "x" * 200_000}
    with Listener.of(server.url) as listener:
        assert post(server, json.dumps(payload).encode(), X_Request_ID="large") == 200
        assert post(server, X_Request_ID="small") == 200
        messages = {message["request_id"]: message for message in (listener.message(), listener.message())}
    large, small = messages["large"], messages["small"]
    assert list(large) == ["worker", "number", "time", "request_id"]
    assert small["status"] == 200
    assert large["worker"] != small["worker"] or large["number"] == small["number"] - 1


def test_who_leaves_does_not_end_the_feed_of_others(server: LiveServer) -> None:
    with Listener.of(server.url) as stays:
        with Listener.of(server.url) as leaves:
            leaves.send(8, (1000).to_bytes(2))
            assert leaves.ending() == 1000
        with Listener.of(server.url):
            pass
        post(server, X_Request_ID="after")
        assert stays.message()["request_id"] == "after"


def test_a_client_that_talks_is_let_go(server: LiveServer) -> None:
    with Listener.of(server.url) as listener:
        listener.send(PING, b"here?")
        assert listener.frame() == (PONG, b"here?")
        listener.send(TEXT, b"hello")
        assert listener.ending() == 1003


def test_clients_that_send_anything_do_no_harm(server: LiveServer) -> None:
    chance = Random(5)
    with Listener.of(server.url) as listener:
        for _ in range(100):
            with Listener.of(server.url) as client:
                start = chance.choice([b"", b"\x81\x80", b"\x88\x82\0\0\0\0", b"\x89\xfe", b"\x81\xff" + b"\xff" * 8])
                client.send_bytes(start + chance.randbytes(chance.randrange(300)))
        post(server, X_Request_ID="after")
        assert listener.message()["request_id"] == "after"
    assert "Traceback" not in server.log


def test_a_client_that_speaks_no_websocket_is_let_go(server: LiveServer) -> None:
    with Listener.of(server.url) as listener:
        listener.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
        assert listener.ending() == 1002


# --- Several worker processes ----------------------------------------------------------------------------------------


@contextmanager
def server_of_its_own(**settings: str) -> Iterator[tuple[LiveServer, list[int]]]:
    """gunicorn with the feed, and the process ids of its workers."""
    if sys.platform == "win32":
        pytest.skip("gunicorn does not run on Windows")
    with live_server(ON | settings, command=GUNICORN) as server:
        assert soon(lambda: len(workers_of(server)) == int(settings.get("POWERPLANT_WORKERS", "2")))
        yield server, workers_of(server)


def workers_of(server: LiveServer) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="utf-8")
    return [int(pid) for pid in children.split()]


def has_ended(server: LiveServer) -> bool:
    return state(Path(f"/proc/{server.pid}")) == "Z"


@on_linux
def test_twenty_clients_of_two_workers_get_all_of_five_hundred_posts() -> None:
    with server_of_its_own() as (server, workers), ExitStack() as stack:
        listeners: list[Listener] = []
        connections: list[HTTPConnection] = []
        for other in workers:
            with paused(other):
                listeners += [stack.enter_context(Listener.of(server.url)) for _ in range(10)]
                for _ in range(4):
                    connections.append(HTTPConnection(urlsplit(server.url).netloc, timeout=30))
                    connections[-1].connect()
                    connections[-1].request("GET", "/health")
                    assert connections[-1].getresponse().read()
        received: list[list[dict[str, Any]]] = [[] for _ in listeners]

        def listen(i: int) -> None:
            received[i] = [listeners[i].message(30) for _ in range(500)]

        def ask(i: int) -> None:
            for n in range(i, 500, len(connections)):
                connections[i].request("POST", "/productionplan", PAYLOAD, {"X-Request-ID": f"post-{n}"})
                response = connections[i].getresponse()
                assert (response.status, bool(response.read())) == (200, True)

        threads = [threading.Thread(target=listen, args=(i,)) for i in range(len(listeners))]
        threads += [threading.Thread(target=ask, args=(i,)) for i in range(len(connections))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for messages in received:
            assert {message["request_id"] for message in messages} == {f"post-{n}" for n in range(500)}
            numbers = Counter(message["worker"] for message in messages)
            assert len(numbers) == 2
            for worker, count in numbers.items():  # in order, and without a gap
                assert [m["number"] for m in messages if m["worker"] == worker] == [*range(1, count + 1)]
        for connection in connections:
            connection.close()


@on_linux
def test_a_worker_that_dies_takes_only_its_own_clients_along() -> None:
    with server_of_its_own() as (server, (first, second)):
        with paused(second):
            of_first = Listener.of(server.url)
        with paused(first):
            of_second = Listener.of(server.url)
        with of_first, of_second:
            os.kill(first, signal.SIGKILL)
            assert of_first.ending() == 0
            assert soon(lambda: len(set(workers_of(server)) - {first}) == 2)
            for n in range(20):
                post(server, X_Request_ID=f"later-{n}")
            assert {of_second.message()["request_id"] for _ in range(20)} == {f"later-{n}" for n in range(20)}
            with Listener.of(server.url) as new:
                post(server)
                assert new.message()["request"] == of_second.message()["request"]


@on_linux
def test_a_stop_ends_the_feed_of_all_clients_at_once_and_is_not_held_up() -> None:
    with server_of_its_own() as (server, workers), ExitStack() as stack:
        listeners = []
        for other in workers:
            with paused(other):
                listeners += [stack.enter_context(Listener.of(server.url)) for _ in range(10)]
        start = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        assert {listener.ending() for listener in listeners} == {1001}
        assert soon(lambda: has_ended(server))
        assert time.monotonic() - start < 4
        assert "Traceback" not in server.log


@on_linux
def test_a_stop_tells_the_last_answers_first() -> None:
    with (
        server_of_its_own(POWERPLANT_WORKERS="1") as (server, _),
        Listener.of(server.url) as listener,
        Connection(server.url) as client,
    ):
        client.send("POST /productionplan HTTP/1.1", f"Content-Length: {len(PAYLOAD)}", body=PAYLOAD[:-1])
        time.sleep(0.2)
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.2)
        client.send_bytes(PAYLOAD[-1:])
        assert client.next_answer()[0] == 200
        assert listener.message()["status"] == 200
        assert listener.ending() == 1001


@on_linux
def test_a_reload_ends_the_feed_and_a_new_one_is_there() -> None:
    with server_of_its_own() as (server, workers), Listener.of(server.url) as listener:
        os.kill(server.pid, signal.SIGHUP)
        assert listener.ending() == 1001
        assert soon(lambda: not set(workers) & set(workers_of(server)))
        with Listener.of(server.url) as again:
            post(server)
            assert again.message()["status"] == 200


@on_linux
def test_the_folder_is_there_as_long_as_the_server() -> None:
    before = folders()
    with server_of_its_own() as (server, _):
        (folder,) = folders() - before
        assert folder.stat().st_mode & 0o777 == 0o700
        with Listener.of(server.url):
            assert [*folder.glob("*.socket")]
        assert soon(lambda: not [*folder.glob("*.socket")])
    assert folders() == before


def folders() -> set[Path]:
    return {*Path("/dev/shm").glob("powerplant-live-*")}  # noqa: S108 - where gunicorn.conf.py makes them


# --- Who holds up nobody ---------------------------------------------------------------------------------------------


@on_linux
def test_clients_hold_no_threads_and_are_capped() -> None:
    settings = {"POWERPLANT_WORKERS": "1", "POWERPLANT_THREADS": "1", "POWERPLANT_LIVE_CLIENTS": "30"}
    with server_of_its_own(**settings) as (server, _), ExitStack() as stack:
        listeners = [stack.enter_context(Listener.of(server.url)) for _ in range(30)]
        with pytest.raises(Refused) as refused:
            Listener.of(server.url)
        assert refused.value.status == 503
        assert refused.value.headers["Content-Type"] == "application/problem+json"
        assert refused.value.headers["Retry-After"].isdecimal()
        assert post(server) == 200
        listeners.pop().leave()
        assert soon(lambda: can_listen(server))
        assert {listener.message()["status"] for listener in listeners} == {200}


def can_listen(server: LiveServer, *headers: str) -> bool:
    try:
        Listener.of(server.url, *headers).leave()
    except Refused:
        return False
    return True


@on_linux
def test_a_slow_client_is_dropped_and_holds_up_nobody() -> None:
    large = json.dumps(json.loads(PAYLOAD) | {"note": "x" * 100_000}).encode()
    posts = 120
    with (
        server_of_its_own() as (server, _),
        Listener.of(server.url, receive_buffer=4096) as slow,
        Listener.of(server.url) as other,
    ):
        reader = threading.Thread(target=lambda: [other.message() for _ in range(posts)])
        reader.start()
        for _ in range(posts):
            start = time.monotonic()
            assert post(server, large) == 200
            assert time.monotonic() - start < 2
        reader.join()
        assert soon(lambda: "live-client-dropped" in server.log)
        assert "too slow" in server.log
        with pytest.raises((ConnectionResetError, AssertionError)):
            assert slow.ending() == 1000


# --- Who may listen --------------------------------------------------------------------------------------------------


def status_of(server: LiveServer, *headers: str) -> int:
    try:
        Listener.of(server.url, *headers).leave()
    except Refused as refused:
        problem = json.loads(refused.body)
        return refused.status if problem["status"] == refused.status else 0
    return 101


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://[", "http://localhost", "file://"]
)
def test_pages_of_other_origins_may_not_listen(server: LiveServer, origin: str) -> None:
    assert status_of(server, f"Origin: {origin}") == 403


def test_the_services_own_pages_may(server: LiveServer) -> None:
    assert status_of(server, f"Origin: {server.url}") == 101


def test_a_name_that_somebody_made_to_point_here_is_no_origin_of_ours(boot_server: BootServer) -> None:
    """DNS rebinding: the browser takes the page and the service for one origin."""
    server = boot_server(ON)
    port = urlsplit(server.url).port
    asks = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"]
    for host, status in [("localhost", 101), ("[::1]", 101), ("evil.example", 403)]:
        own = [f"Host: {host}:{port}", f"Origin: http://{host}:{port}"]
        with socket.create_connection(("127.0.0.1", port or 0)) as sock:
            sock.sendall("\r\n".join(["GET /productionplan/live HTTP/1.1", *asks, *own, "", ""]).encode())
            assert int(sock.recv(100).split()[1]) == status


def test_origins_that_are_named_may_listen(boot_server: BootServer) -> None:
    server = boot_server(ON | {"POWERPLANT_LIVE_ORIGINS": "https://desk.example.com"})
    assert status_of(server, "Origin: https://desk.example.com") == 101
    assert status_of(server, "Origin: http://desk.example.com") == 403
    assert status_of(server, "Origin: https://desk.example.com.evil.example") == 403
    everybody = boot_server(ON | {"POWERPLANT_LIVE_ORIGINS": "*"})
    assert status_of(everybody, "Origin: http://anywhere.example") == 101


def test_a_token_can_be_required(boot_server: BootServer) -> None:
    server = boot_server(ON | {"POWERPLANT_LIVE_TOKEN": TOKEN})
    for wrong in ["X: y", "Authorization: Bearer", f"Authorization: Bearer {TOKEN}x", f"Authorization: Basic {TOKEN}"]:
        assert status_of(server, wrong) == 401
    assert status_of(server, f"Sec-WebSocket-Protocol: {TOKEN}") == 401
    assert status_of(server, "Sec-WebSocket-Protocol: bearer, wrong") == 401
    assert status_of(server, f"Authorization: Bearer {TOKEN}") == 101
    with Listener.of(server.url, f"Sec-WebSocket-Protocol: bearer, {TOKEN}") as page:
        assert page.headers["Sec-WebSocket-Protocol"] == "bearer"
    with pytest.raises(Refused) as refused:
        Listener.of(server.url)
    assert refused.value.headers["WWW-Authenticate"].lower().startswith("bearer")
    assert TOKEN not in server.log


def test_what_is_no_websocket_is_told_so(server: LiveServer) -> None:
    response = fetch("GET", f"{server.url}/productionplan/live")
    assert (response.status_code, response.headers["Upgrade"]) == (426, "websocket")
    assert response.headers["Content-Type"] == "application/problem+json"
    asks = {"Connection": "Upgrade", "Upgrade": "websocket"}
    for headers, status in [
        ({"Sec-WebSocket-Version": "8"}, 426),
        ({"Sec-WebSocket-Version": "13"}, 400),
        ({"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "short"}, 400),
        ({"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "%" * 24}, 400),
    ]:
        assert fetch("GET", f"{server.url}/productionplan/live", headers=asks | headers).status_code == status


def test_a_server_that_keeps_its_connections_is_told_of() -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
    }
    client = create_app(Settings(live=True)).test_client()
    response = client.get("/productionplan/live", headers=headers)
    assert response.status_code == 501
    assert json.loads(response.text)["type"] == "/problems/no-handover"


@pytest.mark.parametrize(
    ("settings", "headers", "name"),
    [
        ({}, {"Upgrade": "none"}, "upgrade-required"),
        ({}, {"Sec-WebSocket-Version": "8"}, "upgrade-required"),
        ({}, {"Origin": "https://elsewhere.example"}, "foreign-origin"),
        ({"live_token": TOKEN}, {}, "token-required"),
        ({"live_clients": 0}, {}, "feed-is-full"),
    ],
)
def test_a_refusal_is_a_problem_of_a_documented_type(
    settings: dict[str, Any], headers: dict[str, str], name: str
) -> None:
    """With the status and the headers that the document promises."""
    document = json.loads((ROOT / "powerplant" / "api" / "openapi.json").read_text())
    app = create_app(Settings(live=True, **settings))
    asks = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}
    environ = {"gunicorn.socket": None}
    response = app.test_client().get("/productionplan/live", headers=asks | headers, environ_overrides=environ)
    assert json.loads(response.text)["type"] == f"/problems/{name}"
    documented = document["paths"]["/productionplan/live"]["get"]["responses"][str(response.status_code)]
    assert name in documented["content"]["application/problem+json"]["examples"]
    assert set(documented["headers"]) <= set(response.headers.keys())


# --- The hub by itself -----------------------------------------------------------------------------------------------


class Room:
    """Feeds in this process, each with a hub of its own, as worker processes have them."""

    def __init__(self, folder: Path, capacity: int = 10) -> None:
        self._folder, self._capacity = folder, capacity
        self._stack = ExitStack()

    def feed(self) -> Any:
        from powerplant.live.exchange import Exchange
        from powerplant.live.feed import Feed

        feed = Feed(Exchange(self._folder), self._capacity, getLogger("feed"))
        self._stack.callback(feed.stop)
        return feed

    def listener(self, feed: Any) -> Listener:
        """A client that has been greeted."""
        ours, theirs = socket.socketpair()
        feed.admit(theirs, b"\x81\x00", lambda: None)
        listener = self._stack.enter_context(Listener(ours))
        assert listener.frame() == (TEXT, b"")
        return listener

    def close(self) -> None:
        self._stack.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    if sys.platform == "win32":
        pytest.skip("there is one process on Windows")
    room = Room(tmp_path)
    yield room
    room.close()


def publish(feed: Any, name: str, payload: bytes = b"{}") -> None:
    feed.publish(name, "", payload, 200, b"[]")


def unframed(data: bytes) -> list[Any]:
    """The messages in what one process sends to another: frames as a client gets them."""
    ours, theirs = socket.socketpair()
    with theirs, Listener(ours) as listener:
        theirs.sendall(data + b"\x81\x04null")
        return [*iter(listener.message, None)]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 131_072])
def test_a_frame_of_any_size_is_read_back(size: int) -> None:
    from powerplant.live.client import frame

    ours, theirs = socket.socketpair()
    with theirs, Listener(ours) as listener:
        theirs.sendall(frame(b"x" * size) + frame(b"next"))
        assert listener.frame() == (TEXT, b"x" * size)
        assert listener.frame() == (TEXT, b"next")


def test_what_is_planned_while_the_hub_rests_is_told_together_and_in_order(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one datagram for each process, and not to a client that comes later."""
    from powerplant.live import hub

    monkeypatch.setattr(hub, "REST", 0.3)
    one, other = room.feed(), room.feed()
    here, there = room.listener(one), room.listener(other)
    time.sleep(0.4)
    sent, send = [], one._exchange.send

    def count_and_send(data: bytes) -> None:
        sent.append(data)
        send(data)

    monkeypatch.setattr(one._exchange, "send", count_and_send)
    for n in range(20):
        publish(one, str(n))
    later = room.listener(one)
    publish(one, "last")
    names = [*map(str, range(20)), "last"]
    assert [here.message()["request_id"] for _ in names] == names
    assert [there.message()["request_id"] for _ in names] == names
    assert later.message()["request_id"] == "last"
    assert len(sent) < 5


def test_feeds_notice_when_the_first_client_comes_and_the_last_leaves(room: Room) -> None:
    one, other = room.feed(), room.feed()
    assert not one.has_listeners
    assert not other.has_listeners
    listener = room.listener(one)
    assert one.has_listeners
    assert other.has_listeners
    publish(other, "a")
    assert listener.message()["request_id"] == "a"
    listener.leave()
    assert soon(lambda: not one.has_listeners)
    publish(other, "b")  # which finds out that nobody is there
    assert soon(lambda: not other.has_listeners)


def test_a_feed_that_is_left_and_listened_to_again_is_reached(room: Room) -> None:
    """Also by a process that had nothing to tell in between."""
    one, other = room.feed(), room.feed()
    for n in range(3):
        listener = room.listener(one)
        publish(other, str(n))
        assert listener.message()["request_id"] == str(n)
        listener.leave()
        assert soon(lambda: not one.has_listeners)


def test_what_another_process_does_not_read_is_a_gap_in_the_numbers(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from powerplant.live import exchange, hub

    monkeypatch.setattr(exchange, "BACKLOG", 20_000)
    monkeypatch.setattr(hub, "REST", 0)
    feed = room.feed()
    listener = room.listener(feed)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stalled:
        stalled.bind(str(tmp_path / "stalled.socket"))
        room.listener(room.feed())  # a change, at which the stalled one is found
        for n in range(1000):
            publish(feed, str(n))
            assert listener.message()["number"] == n + 1  # it holds up nobody
        stalled.settimeout(0.5)
        numbers = []
        try:
            while True:
                numbers += [message["number"] for message in unframed(stalled.recv(200_000))]
        except TimeoutError:
            pass
        publish(feed, "last")
        assert [message["number"] for message in unframed(stalled.recv(200_000))] == [1001]
    assert numbers == sorted(set(numbers))
    assert 10 < len(numbers) < 1000


def test_a_process_that_has_died_is_forgotten(room: Room, tmp_path: Path) -> None:
    feed = room.feed()
    dead = tmp_path / "dead.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(dead))
    listener = room.listener(feed)
    publish(feed, "a")
    assert listener.message()["request_id"] == "a"
    assert soon(lambda: not dead.exists())


def test_what_the_system_does_not_take_is_a_gap_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from powerplant.live import feed as feed_module
    from powerplant.live import messages

    for module in (feed_module, messages):
        monkeypatch.setattr(module, "LARGEST", 4_000_000)
    one, other = room.feed(), room.feed()
    here, there = room.listener(one), room.listener(other)
    publish(one, "small")
    publish(one, "large", b'"%b"' % bytes(900_000).replace(b"\0", b"x"))
    publish(one, "after")
    assert [there.message()["number"] for _ in range(2)] == [1, 3]
    assert [here.message()["number"] for _ in range(2)] == [1, 2]


def test_a_bug_is_logged_and_the_feed_goes_on(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    feed = room.feed()
    listener = room.listener(feed)
    feed._started.put(lambda: 1 / 0)
    publish(feed, "a")
    assert listener.message()["request_id"] == "a"
    assert soon(lambda: "ZeroDivisionError" in caplog.text)


@pytest.mark.skipif(sys.platform == "win32", reason="there is one process on Windows")
def test_a_client_that_cannot_be_served_is_let_go(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As when there is no room for the socket in memory."""
    folder = tmp_path / "gone"
    folder.mkdir()
    room = Room(folder)
    feed = room.feed()
    shutil.rmtree(folder)
    ours, theirs = socket.socketpair()
    with Listener(ours) as listener:
        feed.admit(theirs, b"", lambda: None)
        assert listener.ending() == 0
    assert soon(lambda: "FileNotFoundError" in caplog.text)
    assert not feed.is_full
    room.close()


def test_a_hub_that_is_behind_leaves_out_what_does_not_fit(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from powerplant.live import feed as feed_module

    monkeypatch.setattr(feed_module, "MOST_WAITING", 1000)
    feed = room.feed()
    listener = room.listener(feed)
    go_on = threading.Event()
    feed._started.put(go_on.wait)
    for n in range(100):
        publish(feed, str(n))
    go_on.set()
    first = listener.message()["number"]
    assert soon(lambda: feed._waiting == 0)
    publish(feed, "last")
    numbers = [first]
    while numbers[-1] < 101:
        numbers.append(listener.message()["number"])
    assert numbers == [1, 2, 3, 101]


@pytest.mark.skipif(sys.platform == "win32", reason="there is one process on Windows")
def test_more_clients_than_there_is_room_for_are_let_go(tmp_path: Path) -> None:
    room = Room(tmp_path, capacity=1)
    feed = room.feed()
    room.listener(feed)
    assert feed.is_full
    assert room.listener(feed).ending() == 1013
    room.close()


def test_a_silent_client_is_pinged_and_then_dropped(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from powerplant.live import client, hub

    monkeypatch.setattr(client, "PING_INTERVAL", 0.3)
    monkeypatch.setattr(hub, "TICK", 0.05)
    feed = room.feed()
    answering, silent = room.listener(feed), room.listener(feed)
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        assert answering.frame() == (PING, b"")
        answering.send(PONG)
    assert silent.frame() == (PING, b"")
    assert silent.ending() == 0
    publish(feed, "a")
    opcode, _ = answering.frame()
    while opcode == PING:
        opcode, _ = answering.frame()
    assert opcode == TEXT


def test_a_stop_tells_who_answers_and_waits_for_nobody_else(room: Room) -> None:
    feed = room.feed()
    polite, mute = room.listener(feed), room.listener(feed)
    start = time.monotonic()
    stop = threading.Thread(target=feed.stop)
    stop.start()
    assert polite.ending() == 1001
    polite.send(8, (1001).to_bytes(2))
    stop.join()
    assert time.monotonic() - start < 1.9
    assert mute.ending() == 1001
