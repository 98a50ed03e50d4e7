"""gunicorn with the service's worker, over real sockets: slow, silent or wrong clients delay nobody else."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest
from conftest import BootServer
from connection import Connection
from live_server import ANSWER_DEADLINE, GUNICORN, ROOT, LiveServer, fetch, has_ended, live_server, soon, workers_of

pytest.importorskip("gunicorn", reason="gunicorn does not run on Windows")

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /productionplan HTTP/1.1\r\nHost: x\r\n"
WHOLE_POST = POST + b"Content-Length: %d\r\n\r\n" % len(PAYLOAD) + PAYLOAD

Crowd = Callable[[LiveServer, int, bytes], list[Connection]]


@pytest.fixture(scope="module")
def server(boot_server: BootServer) -> LiveServer:
    """The service as it runs by default."""
    return boot_server({}, GUNICORN)


@pytest.fixture(scope="module")
def hasty(boot_server: BootServer) -> LiveServer:
    """A server with a short deadline and a small limit for bodies."""
    return boot_server({"POWERPLANT_BODY_TIMEOUT": "0.7", "POWERPLANT_MAX_BODY": "500000"}, GUNICORN)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    """Opens so many connections that send the same, and closes them afterwards."""
    with ExitStack() as stack:

        def gather(server: LiveServer, size: int, data: bytes) -> list[Connection]:
            connections = [stack.enter_context(Connection(server.url)) for _ in range(size)]
            for connection in connections:
                connection.send_bytes(data)
            return connections

        yield gather


def assert_others_are_answered(server: LiveServer, tries: int = 15) -> None:
    """Nearly each of some requests from other clients is answered within a second."""
    seconds = []
    for _ in range(tries):
        for method, path, body in (("GET", "/health", b""), ("POST", "/productionplan", PAYLOAD)):
            start = time.monotonic()
            assert fetch(method, server.url + path, data=body).status_code == 200
            seconds.append(time.monotonic() - start)
    assert sorted(seconds)[-2] < 1, seconds


def assert_problem(connection: Connection, status: int, name: str) -> str:
    """The next answer is the last one, and a problem of this type; returns its request id."""
    answered, headers, body = connection.next_answer()
    assert (answered, headers["Content-Type"]) == (status, "application/problem+json"), body
    members = json.loads(body)
    assert (members["type"], members["status"]) == (f"/problems/{name}", status)
    assert members["request_id"] == headers["X-Request-ID"]
    assert members["title"]
    assert members["detail"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Connection"] == "close"
    assert connection.next_status() == 0
    return str(members["request_id"])


# --- Slow and silent clients -----------------------------------------------------------------------------------------

FAULTY = b'{"load":1,"fuels":{},"powerplants":[%s]}' % b",".join(
    [b'{"name":"p","type":"gasfire","efficiency":2,"pmin":5,"pmax":1}'] * 2000
)
"""Just small enough to be decoded in a thread; to find its faults takes about 0.1 s."""

ATTACKS = {
    "silent": (300, b""),
    "half-sent heads": (200, HEAD + b"X-Slow: "),
    "half-sent heads behind whole requests": (200, HEAD + b"\r\n" + HEAD),
    "half-sent bodies": (200, POST + b"Content-Length: 1000\r\n\r\n{"),
    "half-sent large bodies": (200, POST + b"Content-Length: 400000\r\n\r\n{"),
    "half-sent chunks": (200, POST + b'Transfer-Encoding: chunked\r\n\r\n80\r\n{"load"'),
    "bodies that are announced too large": (200, POST + b"Content-Length: 5000000\r\n\r\n{"),
    "bodies that nobody asked for": (200, b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"),
    "bodies with many faults": (60, POST + b"Content-Length: %d\r\n\r\n" % len(FAULTY) + FAULTY),
    "connections that the client does not close": (200, HEAD + b"Connection: close\r\n\r\n"),
    "answers that the client does not read": (50, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 60),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_clients_that_are_slow_or_silent_delay_nobody_else(server: LiveServer, crowd: Crowd, attack: str) -> None:
    crowd(server, *ATTACKS[attack])
    assert_others_are_answered(server)


def test_more_connections_than_a_worker_keeps_delay_nobody_else(crowd: Crowd) -> None:
    with live_server(command=(*GUNICORN, "--worker-connections", "20")) as server:
        silent = crowd(server, 100, b"")
        assert_others_are_answered(server)
        assert sum(connection.has_answer() for connection in silent) >= 50, "they were closed to make room"


def test_silent_connections_are_closed(hasty: LiveServer, crowd: Crowd) -> None:
    assert {connection.next_status() for connection in crowd(hasty, 20, b"")} == {0}


@pytest.mark.parametrize("drip", [b"", b"x"], ids=["still", "dripping"])
@pytest.mark.parametrize(
    "start",
    [HEAD + b"X-Slow: ", POST + b"Content-Length: 1000\r\n\r\n{", POST + b"Transfer-Encoding: chunked\r\n\r\n80\r\n{"],
    ids=["head", "body", "chunks"],
)
def test_a_request_that_does_not_arrive_in_time_is_answered_with_408(
    hasty: LiveServer, crowd: Crowd, start: bytes, drip: bytes
) -> None:
    (connection,) = crowd(hasty, 1, start)
    end = time.monotonic() + 10
    while not connection.has_answer():
        assert time.monotonic() < end
        connection.send_bytes(drip)
        time.sleep(0.05)
    assert_problem(connection, 408, "request-timeout")


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: %d" % len(PAYLOAD), PAYLOAD),
        (b"Transfer-Encoding: chunked", b"%x\r\n" % len(PAYLOAD) + PAYLOAD + b"\r\n0\r\n\r\n"),
    ],
    ids=["length", "chunks"],
)
class TestSlowButInTime:
    def test_a_request_in_single_bytes_is_answered(
        self, server: LiveServer, crowd: Crowd, framing: bytes, body: bytes
    ) -> None:
        (connection,) = crowd(server, 1, b"")
        for byte in POST + framing + b"\r\n\r\n" + body:
            connection.send_bytes(bytes([byte]))
        assert connection.next_answer()[0] == 200

    def test_a_client_that_asks_before_it_sends_a_body_is_invited(
        self, server: LiveServer, crowd: Crowd, framing: bytes, body: bytes
    ) -> None:
        (connection,) = crowd(server, 1, POST + b"Expect: 100-continue\r\n" + framing + b"\r\n\r\n")
        assert connection.next_answer()[0] == 100
        connection.send_bytes(body)
        assert connection.next_answer()[0] == 200


def test_a_batch_has_as_much_more_time_as_it_may_be_larger(hasty: LiveServer, crowd: Crowd) -> None:
    body = json.dumps(json.loads(PAYLOAD)).encode() + b"\n"
    head = b"POST /productionplan/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    (connection,) = crowd(hasty, 1, head)
    time.sleep(1.5)  # twice the deadline of other bodies
    connection.send_bytes(body)
    assert connection.next_status() == 200


# --- Refused requests ------------------------------------------------------------------------------------------------

REFUSED = {
    "not a request": (b"garbage\r\n\r\n", 400, "bad-request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", 400, "bad-request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad-request"),
    "an unknown version": (b"GET /health HTTP/3.7\r\n\r\n", 400, "bad-request"),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400, "bad-request"),
    "two hosts": (b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "bad-request"),
    "a line without a carriage return": (b"GET /health HTTP/1.1\nHost: x\n\n", 400, "bad-request"),
    "a header without a colon": (HEAD + b"colon\r\n\r\n", 400, "bad-request"),
    "a zero byte": (HEAD + b"X: \0\r\n\r\n", 400, "bad-request"),
    "a folded header": (HEAD + b"X: a\r\n b\r\n\r\n", 400, "bad-request"),
    "a long address": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long"),
    "an address without end": (b"GET /" + b"a" * 70_000, 414, "uri-too-long"),
    "an expectation": (HEAD + b"Expect: wonders\r\n\r\n", 417, "expectation-failed"),
    "a long header": (HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers-too-large"),
    "many headers": (HEAD + b"X: a\r\n" * 200 + b"\r\n", 431, "headers-too-large"),
    "a large head": (HEAD + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 8000) for i in range(20)), 431, "headers-too-large"),
    # What could make a proxy and the service disagree about where a request ends.
    "a length and chunks": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        400,
        "bad-request",
    ),
    "two lengths": (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400, "bad-request"),
    "a negative length": (POST + b"Content-Length: -2\r\n\r\n{}", 400, "bad-request"),
    "a length with a sign": (POST + b"Content-Length: +2\r\n\r\n{}", 400, "bad-request"),
    "an unknown transfer coding": (POST + b"Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n", 400, "bad-request"),
    "chunks twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400, "bad-request"),
    "a transfer coding without chunks": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, "bad-request"),
    "a space before the colon": (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "bad-request"),
    "a chunk size with a sign": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
        400,
        "bad-request",
    ),
    "a chunk that is longer than its size": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
        400,
        "bad-request",
    ),
    "a body beyond the limit": (POST + b"Content-Length: 500001\r\n\r\n{}", 413, "content-too-large"),
    "a length of many digits": (POST + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\n", 413, "content-too-large"),
    "chunks beyond the limit": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b" " * 0x4000 + b"\r\n") * 32,
        413,
        "content-too-large",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_not_a_legal_request_is_answered_with_a_problem(hasty: LiveServer, crowd: Crowd, fault: str) -> None:
    data, status, name = REFUSED[fault]
    (connection,) = crowd(hasty, 1, data)
    request_id = assert_problem(connection, status, name)
    assert soon(lambda: request_id in hasty.log), "a thread of its own writes the log"
    assert hasty.log.count(request_id) == 1, "one line in the log"


def test_an_answer_before_a_large_body_announces_that_the_connection_ends(server: LiveServer, crowd: Crowd) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    small, large = (crowd(server, 1, head % size + b" " * size)[0] for size in (1000, 1_000_000))
    assert small.next_answer()[1]["Connection"] == "keep-alive"
    assert large.next_answer()[1]["Connection"] == "close"


def test_a_client_that_sends_far_beyond_the_limit_gets_its_answer(server: LiveServer, crowd: Crowd) -> None:
    (connection,) = crowd(server, 1, POST + b"Transfer-Encoding: chunked\r\n\r\n")
    with suppress(ConnectionError):
        for _ in range(64):
            connection.send_bytes(b"100000\r\n" + b" " * 0x100000 + b"\r\n")
    assert connection.next_answer()[0] == 413


def test_refused_requests_are_counted(server: LiveServer, crowd: Crowd) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")

    def counted() -> float:
        lines = fetch("GET", f"{server.url}/metrics").text.splitlines()
        start = 'powerplant_refused_total{problem="uri-too-long"} '
        return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0)

    before = counted()
    for connection in crowd(server, 3, b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert connection.next_status() == 414
    assert counted() == before + 3


# --- Legal requests --------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server: LiveServer, crowd: Crowd) -> None:
    requests = [f"GET /nowhere/{number} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for number in range(200)]
    (connection,) = crowd(server, 1, WHOLE_POST + b"".join(requests) + WHOLE_POST)
    assert connection.next_answer()[0] == 200
    instances = [json.loads(connection.next_answer()[2])["instance"] for _ in requests]
    assert instances == [f"/nowhere/{number}" for number in range(200)]
    assert connection.next_answer()[0] == 200


def test_a_request_whose_client_has_reset_its_connection_while_it_queued_is_not_answered(crowd: Crowd) -> None:
    settings = {"POWERPLANT_WORKERS": "1", "POWERPLANT_THREADS": "12", "POWERPLANT_BODY_TIMEOUT": "30"}
    with live_server(settings, command=GUNICORN) as server:
        for held in crowd(server, 12, HEAD):  # these hold all threads
            held.send_bytes(b"X-Slow: ")
        with Connection(server.url) as leaving, Connection(server.url) as staying:
            leaving.send_bytes(b"GET /left HTTP/1.1\r\nHost: x\r\n\r\n")
            leaving.reset()
            staying.send_bytes(b"GET /stayed HTTP/1.1\r\nHost: x\r\n\r\n")
            assert staying.next_status() == 404
        assert soon(lambda: "/stayed" in server.log)
        assert "/left" not in server.log


def test_no_answer_names_the_server_software(server: LiveServer, crowd: Crowd) -> None:
    for data in (HEAD + b"\r\n", b"garbage\r\n\r\n"):
        (connection,) = crowd(server, 1, data)
        _, headers, body = connection.next_answer()
        assert b"gunicorn" not in bytes(headers).lower() + body.lower()


@pytest.mark.parametrize(("arguments", "lines"), [((), 0), (("--access-logfile", "-"), 1)], ids=["default", "asked"])
def test_gunicorn_writes_a_line_for_each_request_only_when_asked(arguments: tuple[str, ...], lines: int) -> None:
    with live_server(command=(*GUNICORN, *arguments)) as server:
        with Connection(server.url) as connection:
            for path in ("/nowhere", "/health"):  # gunicorn writes its line after the answer
                assert connection.ask("GET", path, b"") in (404, 200)
        assert server.log.count('"GET /nowhere HTTP/1.1" 404') == lines


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /x", "PATH_INFO: /x", "X-Forwarded-Proto: https"])
def test_headers_of_proxies_mean_nothing_by_default(server: LiveServer, header: str) -> None:
    with Connection(server.url) as connection:
        connection.send("GET /health HTTP/1.1", header)
        assert connection.next_answer()[0] == 200


# --- Stopping and reloading ------------------------------------------------------------------------------------------

SLOW = 1.5
"""Seconds that an answer from /slow takes."""

CONFIGURATION = f"""
import time

from powerplant.gunicorn_conf import *


def post_worker_init(worker):
    app = worker.wsgi

    def slow(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            time.sleep({SLOW})
            environ["PATH_INFO"] = "/health"
        return app(environ, start_response)

    worker.wsgi = slow
"""


@contextmanager
def server_of_its_own(folder: Path) -> Iterator[tuple[LiveServer, int]]:
    """A server that may be stopped, with an address that is slow, and the process id of its master."""
    pid_file, configuration = folder / "pid", folder / "conf.py"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    with live_server(command=(*GUNICORN, "--config", str(configuration), "--pid", str(pid_file))) as server:
        yield server, int(pid_file.read_text(encoding="utf-8"))


class Load:
    """Clients that send requests without a pause, each on one connection, or on one for each request."""

    def __init__(self, server: LiveServer, clients: int, headers: dict[str, str]) -> None:
        self._headers = headers
        self._address = server.url.removeprefix("http://")
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        self.answered = 0
        self.lost: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        client = http.client.HTTPConnection(self._address, timeout=ANSWER_DEADLINE)
        while not self._stop.is_set():
            try:
                client.request("POST", "/productionplan", PAYLOAD, self._headers)
                response = client.getresponse()
                response.read()
            except ConnectionRefusedError:  # nobody took the request
                break
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                client.close()
            else:
                if response.status != 200:
                    self.lost.append(str(response.status))
                self.answered += 1
        client.close()


@pytest.mark.slow
@pytest.mark.parametrize(("clients", "headers"), [(4, {}), (16, {"Connection": "close"})], ids=["kept", "new"])
def test_a_reload_under_load_loses_no_request(tmp_path: Path, clients: int, headers: dict[str, str]) -> None:
    with server_of_its_own(tmp_path) as (server, master), Load(server, clients, headers) as load:
        old = {*workers_of(master)}
        os.kill(master, signal.SIGHUP)
        assert soon(lambda: not old & {*workers_of(master)})
        answered_by_old = load.answered
        assert soon(lambda: load.answered > answered_by_old + 100)
    assert load.lost == []


@pytest.mark.parametrize(("clients", "headers"), [(4, {}), (16, {"Connection": "close"})], ids=["kept", "new"])
def test_a_stop_under_load_answers_what_has_connected(tmp_path: Path, clients: int, headers: dict[str, str]) -> None:
    """A connection that is made between a worker's last look and its closing is lost, one or two of them at most."""
    with server_of_its_own(tmp_path) as (server, master), Load(server, clients, headers) as load:
        assert soon(lambda: load.answered > 100)
        os.kill(master, signal.SIGTERM)
        assert soon(lambda: has_ended(master), 10)
    assert len(load.lost) <= 2, load.lost


def test_a_stop_finishes_what_has_begun_to_arrive(tmp_path: Path, crowd: Crowd) -> None:
    with server_of_its_own(tmp_path) as (server, master), Connection(server.url) as kept:
        assert kept.ask("GET", "/health", b"") == 200
        silent = crowd(server, 20, b"")
        half_sent = crowd(server, 20, HEAD)
        arriving = crowd(server, 2, POST + b"Content-Length: %d\r\n\r\n" % len(PAYLOAD))
        busy = crowd(server, 6, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        os.kill(master, signal.SIGTERM)
        start = time.monotonic()
        assert soon(lambda: not listens(server))
        kept.send("GET /health HTTP/1.1")
        status, headers, _ = kept.next_answer()
        assert (status, headers["Connection"]) == (200, "close")
        for connection in arriving:
            connection.send_bytes(PAYLOAD)
        assert [connection.next_answer()[0] for connection in (*arriving, *busy)] == [200] * 8
        assert {connection.next_status() for connection in half_sent} == {408}
        assert {connection.next_status() for connection in silent} == {0}
        assert soon(lambda: has_ended(master))
        assert time.monotonic() - start < 9, "docker stop kills after 10 s"


def listens(server: LiveServer) -> bool:
    with suppress(ConnectionRefusedError), Connection(server.url):
        return True
    return False


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with server_of_its_own(tmp_path) as (server, master):
        victim = min(workers_of(master))
        os.kill(victim, signal.SIGKILL)
        assert soon(lambda: victim not in workers_of(master) and len(workers_of(master)) == 2)
        assert_others_are_answered(server, 3)
