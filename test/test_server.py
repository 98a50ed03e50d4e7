"""gunicorn with our worker, over real sockets: who is slow, silent or wrong holds up nobody, and no request is lost."""

from __future__ import annotations

import hashlib
import http.client
import inspect
import itertools
import json
import os
import signal
import socket
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest
from conftest import BootServer
from connection import Connection
from live_server import ANSWER_DEADLINE, GUNICORN, ROOT, LiveServer, fetch, live_server, paused

gunicorn = pytest.importorskip("gunicorn", reason="gunicorn does not run on Windows")
errors = pytest.importorskip("gunicorn.http.errors")

PAYLOAD = (ROOT / "example_payloads" / "payload3.json").read_bytes()
HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /productionplan HTTP/1.1\r\nHost: x\r\n"
SLOW, LONG, SHORT = 0.8, 0.03, 0.005
"""Seconds that an answer from /slow takes, one from /long, which costs the lead too, and one from /short."""

THREADS, PATIENCE = 4, 20.0
"""Requests that a worker answers at the same time, and seconds that the answers of /together wait for each other."""

LARGE = 16_000_000
"""Bytes of an answer from /large: more than the system keeps for a client that does not read."""

FILE = str(ROOT / "CHALLENGE.md")

HASTE = f"""
import os
import threading
import time
from pathlib import Path

import powerplant.server.answer
import powerplant.server.connection

together = threading.Barrier({THREADS})
os.environ["POWERPLANT_BODY_TIMEOUT"] = "0.7"
os.environ.setdefault("POWERPLANT_MAX_BODY", "500000")
exec(Path("gunicorn.conf.py").read_text(encoding="utf-8"))
powerplant.server.connection.HEAD_TIMEOUT = powerplant.server.answer.ANSWER_TIMEOUT = 0.7
powerplant.server.connection.LONGEST_PAUSE = 0.5
keepalive = 1


def post_worker_init(worker):
    app = worker.wsgi

    def odd(environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            time.sleep({SLOW})
            environ["PATH_INFO"] = "/health"
        if environ["PATH_INFO"] in ("/long", "/short"):
            time.sleep({LONG} if environ["PATH_INFO"] == "/long" else {SHORT})
            environ["PATH_INFO"] = "/health"
        if environ["PATH_INFO"] == "/together":
            together.wait({PATIENCE})
            environ["PATH_INFO"] = "/health"
        if environ["PATH_INFO"] == "/large":
            start_response("200 OK", [("Content-Length", "{LARGE}")])
            return [bytes({LARGE})]
        if environ["PATH_INFO"] == "/broken":
            raise ValueError("a bug")
        if environ["PATH_INFO"] == "/exit":
            raise SystemExit(1)
        if environ["PATH_INFO"] == "/file":
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](Path({FILE!r}).open("rb"))
        if environ["PATH_INFO"] == "/pieces":
            start_response("200 OK", [])
            return iter([b"one", b"", b"two"])
        return app(environ, start_response)

    worker.wsgi = odd
"""
"""The settings of production with shorter waits, and addresses whose answers come late, are large, or do not come."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The command of a server that does not wait long."""
    folder = tmp_path_factory.mktemp("hasty")
    (folder / "conf.py").write_text(HASTE, encoding="utf-8")
    return (*GUNICORN, "-c", str(folder / "conf.py"))


@pytest.fixture(scope="module")
def server(boot_server: BootServer, hasty: tuple[str, ...]) -> LiveServer:
    """A server that does not wait long."""
    return boot_server({}, hasty)


@pytest.fixture
def crowd() -> Iterator[Callable[[LiveServer, int, bytes], list[Connection]]]:
    """Opens so many connections that send the same, and closes them afterwards."""
    with ExitStack() as stack:

        def gather(server: LiveServer, size: int, data: bytes) -> list[Connection]:
            connections = [stack.enter_context(Connection(server.url)) for _ in range(size)]
            for connection in connections:
                connection.send_bytes(data)
            return connections

        yield gather


Crowd = Callable[[LiveServer, int, bytes], list[Connection]]


def assert_others_are_answered(server: LiveServer, seconds: float = 0.3) -> None:
    """Each of the requests that come one after another for so long is answered within a second."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert fetch("GET", f"{server.url}/health", timeout=1).status_code == 200
        response = fetch("POST", f"{server.url}/productionplan", data=PAYLOAD, timeout=1)
        assert response.status_code == 200


# --- Who holds up nobody ---------------------------------------------------------------------------------------------


def test_silent_connections_hold_up_nobody_and_are_let_go(server: LiveServer, crowd: Crowd) -> None:
    silent = crowd(server, 300, b"")
    assert_others_are_answered(server)
    assert {connection.next_status() for connection in silent} == {0}


@pytest.mark.parametrize("size", [8, 50])
@pytest.mark.parametrize("drip", [b"", b"x"], ids=["still", "dripping"])
def test_half_sent_heads_hold_up_nobody_and_are_told_so(
    server: LiveServer, crowd: Crowd, size: int, drip: bytes
) -> None:
    connections = crowd(server, size, HEAD + b"X-Slow: ")
    end = time.monotonic() + 5
    while not connections[0].has_answer():
        assert time.monotonic() < end
        for connection in connections:
            connection.send_bytes(drip)
        assert_others_are_answered(server, 0.1)
    for connection in connections:
        assert_problem(connection, 408, "request-timeout", "/health")


def test_half_a_head_behind_a_whole_request_is_no_different(server: LiveServer, crowd: Crowd) -> None:
    connections = crowd(server, 50, HEAD + b"\r\n" + HEAD)
    assert_others_are_answered(server)
    for connection in connections:
        assert connection.next_answer()[0] == 200
        assert_problem(connection, 408, "request-timeout", "/health")


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 1000\r\n\r\n", b"Content-Length: 400000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n80\r\n"],
    ids=["small", "large", "chunks"],
)
def test_half_sent_bodies_hold_up_nobody_and_are_told_so(server: LiveServer, crowd: Crowd, framing: bytes) -> None:
    connections = crowd(server, 200, POST + framing + b'{"load"')
    assert_others_are_answered(server)
    for connection in connections:
        assert_problem(connection, 408, "request-timeout", "/productionplan")


def test_a_body_that_drips_has_an_end_too(server: LiveServer, crowd: Crowd) -> None:
    (connection,) = crowd(server, 1, POST + b"Content-Length: 1000\r\n\r\n")
    end = time.monotonic() + 5
    while not connection.has_answer():
        assert time.monotonic() < end
        connection.send_bytes(b" ")
        time.sleep(0.1)
    assert_problem(connection, 408, "request-timeout", "/productionplan")


def test_clients_that_do_not_close_after_the_last_answer_hold_up_nobody(server: LiveServer, crowd: Crowd) -> None:
    crowd(server, 50, HEAD + b"Connection: close\r\n\r\n")
    assert_others_are_answered(server)


def test_clients_that_announce_too_large_bodies_hold_up_nobody(server: LiveServer, crowd: Crowd) -> None:
    connections = crowd(server, 50, POST + b"Content-Length: 5000000\r\n\r\n{")
    assert_others_are_answered(server)
    for connection in connections:
        assert_problem(connection, 413, "content-too-large", "/productionplan")


def test_clients_that_do_not_read_their_answers_are_left_to_themselves(server: LiveServer, crowd: Crowd) -> None:
    """More of them than there are threads: those threads wait for an end."""
    before = len(server.log)
    clients = 12
    crowd(server, clients, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    assert soon(lambda: server.log[before:].count("answer-not-taken") == clients)
    assert server.log[before:].count("\n") == clients
    assert_others_are_answered(server)


def test_more_connections_than_there_is_room_for_hold_up_nobody(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd
) -> None:
    with server_of_its_own((*hasty, "--worker-connections", "20"), tmp_path) as (server, master):
        crowd(server, 100, HEAD)
        assert_others_are_answered(server, 0.1)
        assert all(len(client_ports(worker)) <= 20 for worker in workers_of(master))
        assert_others_are_answered(server)


def test_large_bodies_give_way_when_too_many_arrive(
    boot_server: BootServer, hasty: tuple[str, ...], crowd: Crowd
) -> None:
    limits = {"POWERPLANT_MAX_BODY": "100000", "POWERPLANT_MAX_BATCH_BODY": "100000"}
    server = boot_server({**limits, "POWERPLANT_WORKERS": "1"}, hasty)
    connections = crowd(server, 20, POST + b"Content-Length: 100000\r\n\r\n" + b" " * 90_000)
    assert_others_are_answered(server, 0.1)
    answers = [connection.next_answer() for connection in connections]
    assert {status for status, _, _ in answers} == {408, 503}
    assert all(headers["Retry-After"].isdecimal() for status, headers, _ in answers if status == 503)


def test_who_holds_nothing_gives_way_to_nobody(hasty: tuple[str, ...], crowd: Crowd) -> None:
    """Bodies that have arrived, and wait for a thread, fill the memory; a kept connection is told nothing of it."""
    limits = {"POWERPLANT_MAX_BODY": "1000", "POWERPLANT_MAX_BATCH_BODY": "1000"}
    command = (*hasty, "--workers", "1", "--threads", "1", "--keep-alive", "15")
    with live_server(limits, command=command) as server, Connection(server.url) as kept:
        assert kept.ask("GET", "/health", b"") == 200
        bodies = crowd(server, 25, b"")
        assert bodies[-1].ask("GET", "/health", b"") == 200  # so all of them are let in
        slow = crowd(server, 1, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(SLOW / 4)
        for connection in bodies:
            connection.send_bytes(POST + b"Content-Length: 1000\r\n\r\n" + b" " * 1000)
        assert [connection.next_answer()[0] for connection in (*slow, *bodies)] == [200] + [400] * 25
        assert not kept.has_answer()
        assert kept.ask("GET", "/health", b"") == 200


def test_answers_that_take_long_hold_up_nobody_and_come_at_the_same_time(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd
) -> None:
    together = b"GET /together HTTP/1.1\r\nHost: x\r\n\r\n"
    with server_of_its_own((*hasty, "--workers", "1", "--threads", str(THREADS)), tmp_path) as (server, _):
        slow = crowd(server, THREADS - 1, together)
        assert_others_are_answered(server)
        slow += crowd(server, 1, together)
        assert [connection.next_status() for connection in slow] == [200] * THREADS


SHORT_ONES = b"GET /short HTTP/1.1\r\nHost: x\r\n\r\n" * 200
"""Requests that come together on one connection, so that the next one is always there already."""


@pytest.mark.parametrize("path", [b"/short", b"/long"])
def test_connections_that_ask_without_a_pause_keep_nobody_out(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd, path: bytes
) -> None:
    with server_of_its_own((*hasty, "--workers", "1"), tmp_path) as (server, _):
        crowd(server, 12, SHORT_ONES.replace(b"/short", path))
        assert_others_are_answered(server)


def test_connections_that_ask_without_a_pause_are_no_more_than_there_is_room_for(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd
) -> None:
    with server_of_its_own((*hasty, "--workers", "1", "--worker-connections", "20"), tmp_path) as (server, master):
        for _ in range(40):
            crowd(server, 1, SHORT_ONES)
            time.sleep(0.05)  # in which its first request is read, so that it is not let go again
        assert 15 < len(client_ports(workers_of(master)[0])) <= 20


def test_connections_that_ask_without_a_pause_hold_up_no_large_body(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd
) -> None:
    """It is read in pieces, one after each look at what has arrived."""
    with server_of_its_own((*hasty, "--workers", "1"), tmp_path) as (server, _):
        large, *others = crowd(server, 61, b"")
        assert others[-1].ask("GET", "/health", b"") == 200  # so all of them are let in
        for connection in others:
            connection.send_bytes(SHORT_ONES)
        large.send_bytes(POST + b"Content-Length: 490000\r\n\r\n" + b" " * 490_000)
        assert large.next_status() == 400  # an empty payload, rather than one that did not arrive in time


def test_while_each_thread_answers_what_arrives_is_read(hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd) -> None:
    with server_of_its_own((*hasty, "--workers", "1", "--threads", "1"), tmp_path) as (server, _):
        slow = crowd(server, 1, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        wrong = crowd(server, 4, b"no HTTP\r\n\r\n")
        waiting = crowd(server, 4, HEAD + b"\r\n")
        assert [connection.next_status() for connection in wrong] == [400] * 4
        assert [connection.next_status() for connection in (*slow, *waiting)] == [200] * 5


# --- Slow, but in time -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST + b"Content-Length: %d\r\n\r\n" % len(PAYLOAD) + PAYLOAD,
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(PAYLOAD) + PAYLOAD + b"\r\n0\r\n\r\n",
    ],
    ids=["length", "chunks"],
)
def test_requests_in_single_bytes_and_next_to_each_other_are_answered(
    server: LiveServer, crowd: Crowd, request_bytes: bytes
) -> None:
    (connection,) = crowd(server, 1, b"")
    for i in range(len(request_bytes)):
        connection.send_bytes(request_bytes[i : i + 1])
    assert connection.next_answer()[0] == 200
    connection.send_bytes(request_bytes * 3)
    assert [connection.next_answer()[0] for _ in range(3)] == [200] * 3


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: %d" % len(PAYLOAD), PAYLOAD),
        (b"Transfer-Encoding: chunked", b"%x\r\n" % len(PAYLOAD) + PAYLOAD + b"\r\n0\r\n\r\n"),
    ],
    ids=["length", "chunks"],
)
def test_a_client_that_asks_before_it_sends_a_body_is_told_to_go_on(
    server: LiveServer, crowd: Crowd, framing: bytes, body: bytes
) -> None:
    (connection,) = crowd(server, 1, POST + b"Expect: 100-continue\r\n" + framing + b"\r\n\r\n")
    assert connection.next_answer()[0] == 100
    connection.send_bytes(body)
    assert connection.next_answer()[0] == 200


# --- Refusals --------------------------------------------------------------------------------------------------------

REFUSED = {
    "no request": (b"garbage\r\n\r\n", 400, "bad-request", "/"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n", 400, "bad-request", "/"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad-request", "/"),
    "another HTTP": (b"GET /health HTTP/3.7\r\n\r\n", 400, "bad-request", "/health"),
    "a line without a carriage return": (b"GET /health HTTP/1.1\nHost: x\n\n", 400, "bad-request", "/health"),
    "a header without a colon": (HEAD + b"colon\r\n\r\n", 400, "bad-request", "/health"),
    "a zero byte": (HEAD + b"X: \0\r\n\r\n", 400, "bad-request", "/health"),
    "a folded header": (HEAD + b"X: a\r\n b\r\n\r\n", 400, "bad-request", "/health"),
    "a path and a query": (b"GET /a%20b?c HTTP/1.1\r\n:\r\n\r\n", 400, "bad-request", "/a%20b"),
    "a long address": (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n", 414, "uri-too-long", "/"),
    "an address without end": (b"GET /" + b"a" * 70_000, 414, "uri-too-long", "/"),
    "an expectation": (HEAD + b"Expect: wonders\r\n\r\n", 417, "expectation-failed", "/health"),
    "a long header": (HEAD + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "headers-too-large", "/health"),
    "many headers": (HEAD + b"X: a\r\n" * 200 + b"\r\n", 431, "headers-too-large", "/health"),
    "a header without end": (HEAD + b"X: " + b"a" * 70_000, 431, "headers-too-large", "/health"),
    "another transfer coding": (POST + b"Transfer-Encoding: x, chunked\r\n\r\n", 400, "bad-request", "/productionplan"),
    "no chunks": (POST + b"Transfer-Encoding: gzip\r\n\r\n", 400, "bad-request", "/productionplan"),
    "a length and chunks": (
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        400,
        "bad-request",
        "/productionplan",
    ),
    "trailers without end": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"a" * 700_000,
        413,
        "content-too-large",
        "/productionplan",
    ),
    "chunks beyond the limit": (
        POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
        413,
        "content-too-large",
        "/productionplan",
    ),
    "a length of many digits": (
        POST + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\n",
        413,
        "content-too-large",
        "/productionplan",
    ),
}


def assert_problem(connection: Connection, status: int, name: str, instance: str) -> None:
    """The next answer is the last one, and a problem of this type."""
    answered, headers, body = connection.next_answer()
    assert (answered, headers["Content-Type"]) == (status, "application/problem+json"), body
    assert headers["Connection"] == "close"
    members = json.loads(body)
    assert list(members) == ["type", "title", "status", "detail", "instance", "request_id"]
    assert members["request_id"] == headers["X-Request-ID"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in headers
    assert (members["type"], members["status"]) == (f"/problems/{name}", status)
    assert members["instance"] == instance or len(instance) == 1
    assert members["title"]
    assert members["detail"]
    assert connection.next_status() == 0


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_no_request_is_refused_as_the_service_refuses(server: LiveServer, crowd: Crowd, fault: str) -> None:
    data, status, name, instance = REFUSED[fault]
    before = len(server.log)
    (connection,) = crowd(server, 1, data)
    assert_problem(connection, status, name, instance)
    assert server.log[before:].count("\n") == 1


def test_refusals_are_counted(server: LiveServer, crowd: Crowd) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")

    def counted() -> float:
        lines = fetch("GET", f"{server.url}/metrics").text.splitlines()
        start = 'powerplant_refused_total{problem="uri-too-long"} '
        return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0)

    before = counted()
    for connection in crowd(server, 3, b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert connection.next_status() == 414
    assert counted() == before + 3


@pytest.mark.parametrize("data", [POST + b"Content-Length: 9\r\n\r\n{}", HEAD], ids=["body", "head"])
def test_a_request_that_breaks_off_is_refused(server: LiveServer, data: bytes) -> None:
    with Connection(server.url) as connection:
        connection.send_bytes(data)
        connection.end_sending()
        assert connection.next_answer()[0] == 400


@pytest.mark.parametrize("error", [*vars(errors).values()])
def test_no_error_of_gunicorns_parser_is_the_servers_fault(error: Any) -> None:
    from powerplant.problems import PROBLEM_TYPES
    from powerplant.server.refusal import refusal_of

    if not (isinstance(error, type) and issubclass(error, errors.ParseException | errors.NoMoreData)):
        return
    answers = issubclass(error, errors.InvalidResponseHeader | errors.InvalidResponseHeaderName)
    arguments = [] if error in (errors.ParseException, errors.InvalidSchemeHeaders) else ["what the client sent"]
    status = PROBLEM_TYPES[refusal_of(error(*arguments)).problem].status
    assert status == 500 if answers else 400 <= status < 500


def test_our_own_bug_is_logged_and_answered_as_one(server: LiveServer, crowd: Crowd) -> None:
    before = len(server.log)
    (connection,) = crowd(server, 1, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert_problem(connection, 500, "internal-error", "/broken")
    assert "ValueError: a bug" in server.log[before:]


def test_an_app_that_wants_to_end_the_process_ends_its_request(server: LiveServer, crowd: Crowd) -> None:
    """More often than there are threads."""
    for connection in crowd(server, 12, b"GET /exit HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert_problem(connection, 500, "internal-error", "/exit")
    assert fetch("GET", f"{server.url}/health").status_code == 200


@pytest.mark.parametrize(("path", "body"), [("/file", Path(FILE).read_bytes()), ("/pieces", b"onetwo")])
def test_answers_of_all_kinds_arrive_whole(server: LiveServer, path: str, body: bytes) -> None:
    assert fetch("GET", server.url + path).content == body
    assert fetch("HEAD", server.url + path).content == b""


def test_what_is_a_proxys_work_is_refused_at_the_start() -> None:
    command = [part.format(port=0) for part in GUNICORN]
    run = subprocess.run([*command, "--certfile", "README.md"], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert run.returncode != 0
    assert "TLS and other protocols are a proxy's work" in run.stderr + run.stdout


def test_no_answer_names_the_server_software(server: LiveServer, crowd: Crowd) -> None:
    for data in (HEAD + b"\r\n", b"garbage\r\n\r\n"):
        (connection,) = crowd(server, 1, data)
        _, headers, body = connection.next_answer()
        assert b"gunicorn" not in bytes(headers).lower() + body.lower()


@pytest.mark.parametrize(("arguments", "lines"), [((), 0), (("--access-logfile", "-"), 1)], ids=["unasked", "asked"])
def test_gunicorns_own_line_for_a_request_is_for_who_asks(arguments: tuple[str, ...], lines: int) -> None:
    with live_server(command=(*GUNICORN, *arguments)) as server:
        with Connection(server.url) as connection:
            for path in ("/nowhere", "/health"):  # gunicorn writes its line behind the answer
                assert connection.ask("GET", path, b"") in (404, 200)
        assert server.log.count('"GET /nowhere HTTP/1.1" 404') == lines


@pytest.mark.parametrize("header", ["SCRIPT_NAME: /x", "PATH_INFO: /x", "X-Forwarded-Proto: https"])
def test_a_client_on_the_same_machine_is_a_client_like_others(gunicorn_url: str, header: str) -> None:
    with Connection(gunicorn_url) as connection:
        connection.send("GET /health HTTP/1.1", header)
        assert connection.next_answer()[0] == 200


# --- Stopping and reloading ------------------------------------------------------------------------------------------


@contextmanager
def server_of_its_own(command: tuple[str, ...], folder: Path) -> Iterator[tuple[LiveServer, int]]:
    """A server that may be stopped, and the process id of its master."""
    pid_file = folder / "pid"
    with live_server(command=(*command, "--pid", str(pid_file))) as server:
        yield server, int(pid_file.read_text(encoding="utf-8"))


def workers_of(master: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text(encoding="utf-8").split()]


def soon(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether it comes true within this time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def has_ended(master: int) -> bool:
    """Whether the server has; its parent, the test, has not waited for it yet."""
    return Path(f"/proc/{master}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


class Load:
    """Clients that ask without a pause, each on one connection, or on one for each request, as its headers say."""

    def __init__(self, server: LiveServer, clients: int, headers: dict[str, str]) -> None:
        self._headers = headers
        self._address = server.url.removeprefix("http://")
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        self.answered = 0
        self.lost: list[str] = []
        self.lost_anew = 0  # on a connection that was only just made

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
            is_new = client.sock is None
            try:
                client.request("POST", "/productionplan", PAYLOAD, self._headers)
                response = client.getresponse()
                response.read()
            except ConnectionRefusedError:  # nobody took the request
                break
            except (OSError, http.client.HTTPException) as error:
                if is_new:
                    self.lost_anew += 1
                else:
                    self.lost.append(repr(error))
                client.close()
            else:
                if response.status != 200:
                    self.lost.append(str(response.status))
                self.answered += 1
        client.close()


def test_a_reload_under_load_loses_no_request(tmp_path: Path) -> None:
    with server_of_its_own(GUNICORN, tmp_path) as (server, master), Load(server, 4, {}) as load:
        old = set(workers_of(master))
        os.kill(master, signal.SIGHUP)
        assert soon(lambda: not old & set(workers_of(master)))
        answered_by_old = load.answered
        assert soon(lambda: load.answered > answered_by_old + 100)
    assert (load.lost, load.lost_anew) == ([], 0)


@pytest.mark.parametrize(("clients", "headers"), [(4, {}), (16, {"Connection": "close"})], ids=["kept", "anew"])
def test_a_stop_under_load_loses_no_request(tmp_path: Path, clients: int, headers: dict[str, str]) -> None:
    """Connections that wait to be accepted are served too; whoever comes later is told at once, by being refused.

    What comes anew between a worker's last look at the door and its closing is lost: one or two at the most, where all
    that waited would be without that look.
    """
    with server_of_its_own(GUNICORN, tmp_path) as (server, master), Load(server, clients, headers) as load:
        time.sleep(0.3)
        os.kill(master, signal.SIGTERM)
        assert soon(lambda: has_ended(master), 6)
    assert load.answered > 0
    assert load.lost == []
    assert load.lost_anew <= 2


def test_a_stop_finishes_what_is_there_and_waits_for_nobody_else(
    hasty: tuple[str, ...], tmp_path: Path, crowd: Crowd
) -> None:
    """Answers that take a while, bodies that arrive, and what comes at once on a connection that was kept."""
    command = (*hasty, "--keep-alive", "15")
    with server_of_its_own(command, tmp_path) as (server, master), Connection(server.url) as kept:
        assert kept.ask("GET", "/health", b"") == 200
        silent = crowd(server, 20, b"")
        half_sent = crowd(server, 20, HEAD)
        arriving = crowd(server, 2, POST + b"Content-Length: %d\r\n\r\n" % len(PAYLOAD))
        busy = crowd(server, 6, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
        os.kill(master, signal.SIGTERM)
        start = time.monotonic()
        assert soon(lambda: not listens(server))
        kept.send("GET /health HTTP/1.1")
        for connection in arriving:
            connection.send_bytes(PAYLOAD)
        status, headers, _ = kept.next_answer()
        assert (status, headers["Connection"]) == (200, "close")
        assert [connection.next_answer()[0] for connection in (*arriving, *busy)] == [200] * 8
        assert {connection.next_answer()[0] for connection in half_sent} == {408}
        assert {connection.next_status() for connection in silent} == {0}
        assert soon(lambda: has_ended(master))
        assert time.monotonic() - start < 5


def listens(server: LiveServer) -> bool:
    with suppress(ConnectionRefusedError), Connection(server.url):
        return True
    return False


def test_a_killed_worker_takes_nobody_elses_requests_along(hasty: tuple[str, ...], tmp_path: Path) -> None:
    with server_of_its_own(hasty, tmp_path) as (server, master), ExitStack() as stack:
        victim, other = workers_of(master)
        held: dict[int, list[Connection]] = {victim: [], other: []}
        for worker, waiting in ((victim, other), (other, victim)):
            with paused(waiting):
                for _ in range(4):
                    held[worker].append(stack.enter_context(Connection(server.url)))
                    assert held[worker][-1].ask("GET", "/health", b"") == 200
        for connection in (*held[victim], *held[other]):
            connection.send("GET /slow HTTP/1.1")
        time.sleep(0.2)
        os.kill(victim, signal.SIGKILL)
        for connection in held[victim]:
            with suppress(ConnectionResetError):
                assert connection.next_status() == 0
        assert [connection.next_answer()[0] for connection in held[other]] == [200] * 4
        assert soon(lambda: victim not in workers_of(master) and len(workers_of(master)) == 2)
        assert_others_are_answered(server, 0.2)


def client_ports(pid: int) -> set[int]:
    """The ports of the clients that a process has connections with."""
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            held.add(str(descriptor.readlink()))
    rows = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]]
    return {int(row[2].partition(":")[2], 16) for row in rows if f"socket:[{row[9]}]" in held} - {0}


# --- A connection by itself ------------------------------------------------------------------------------------------

WHOLE = {
    "no body": (HEAD + b"\r\n", b""),
    "an empty line before": (b"\r\n" + HEAD + b"\r\n", b""),
    "a length": (POST + b"Content-Length: 5\r\n\r\n12345", b"12345"),
    "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n2;a=b\r\n45\r\n0\r\n\r\n", b"12345"),
    "trailers": (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\nA: b\r\n\r\n", b"0\r\n\r\n"),
}


@pytest.fixture
def connection() -> Iterator[Any]:
    from gunicorn.config import Config

    from powerplant import Settings
    from powerplant.server.connection import Connection as ServersConnection

    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ServersConnection(Config(), Settings(max_body=100), ours, ("127.0.0.1", 1), ("127.0.0.1", 2))


@pytest.mark.parametrize(("first", "second"), [*itertools.product(WHOLE, repeat=2)])
def test_a_request_is_there_with_its_last_byte_and_not_before(connection: Any, first: str, second: str) -> None:
    for name in (first, second):
        data, body = WHOLE[name]
        for i, byte in enumerate(data):
            connection.take(bytes([byte]))
            assert connection.has_request() == (i == len(data) - 1)
        assert connection.request.body.read() == body
        connection.has_answered()
        assert connection.idle


@pytest.mark.parametrize(("first", "second"), [*itertools.product(WHOLE, repeat=2)])
def test_requests_that_come_together_are_told_apart(connection: Any, first: str, second: str) -> None:
    connection.take(WHOLE[first][0] + WHOLE[second][0])
    for name in (first, second):
        assert connection.has_request()
        assert connection.request.body.read() == WHOLE[name][1]
        assert connection.parser.finish_body()
        connection.has_answered()
    assert connection.idle


# --- What leaves -----------------------------------------------------------------------------------------------------


def test_an_answer_leaves_in_one_piece() -> None:
    from powerplant.server.answer import Outlet

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # which keeps pieces apart
    with ours, theirs:
        ours.setblocking(False)
        outlet = Outlet(ours)
        for piece in (b"head,", b"body", b"more"):
            outlet.sendall(piece)
        outlet.flush()
        assert [theirs.recv(100), theirs.recv(100)] == [b"head,body", b"more"]
        headed = Outlet(ours)
        headed.sendall(b"head alone")
        headed.flush()
        assert theirs.recv(100) == b"head alone"


def test_what_the_system_does_not_take_at_once_is_waited_for() -> None:
    from powerplant.server.answer import Outlet

    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        outlet, body, received = Outlet(ours), bytes(range(256)) * 10_000, bytearray()
        outlet.sendall(b"head")
        sender = threading.Thread(target=outlet.sendall, args=(body,))
        sender.start()
        while len(received) < len(b"head" + body):
            received += theirs.recv(65536)
        sender.join()
        assert received == b"head" + body
        assert ours.gettimeout() == 0


# --- What the worker leans on ----------------------------------------------------------------------------------------

LEANS_ON = {
    "glogging:Logger.access": "6fb86a2d03ac",
    "workers.base:Worker.init_signals": "35fed92e2472",
    "workers.base:Worker.init_process": "8d74c8f48e09",
    "workers.gthread:PollableMethodQueue": "5b4a78bd3cfb",
    "workers.gthread:ThreadWorker.__init__": "a53cfb3b9a0b",
    "workers.gthread:ThreadWorker.init_process": "091d906a1f5d",
    "workers.gthread:ThreadWorker.check_config": "dec8610ea115",
    "workers.gthread:ThreadWorker.get_thread_pool": "10888c25bacc",
    "workers.gthread:ThreadWorker.handle_exit": "2476ee2ba87d",
    "workers.gthread:ThreadWorker.handle_quit": "86cdb2bda308",
    "workers.gthread:ThreadWorker.handle_request": "1e773274d3db",
    "workers.gthread:ThreadWorker.is_parent_alive": "a05c36723f7e",
    "workers.gthread:ThreadWorker.run": "f72655efc8d2",
    "workers.gthread:ThreadWorker.set_accept_enabled": "33822c6e3df0",
    "workers.gthread:ThreadWorker.wait_for_and_dispatch_events": "ff40959b1a23",
    "http.body:ChunkedReader": "c1aa79e0ae04",
    "http.message:Message.set_body_reader": "b4d123237b54",
    "http.message:Request._parse_python": "848fef660388",
    "http.message:Request.read_line": "7b18f838e7af",
    "http.message:Request.set_body_reader": "b5ea8447883f",
    "http.parser:Parser": "3a9c06e348c7",
    "http.unreader:SocketUnreader": "786a257be09e",
    "http.unreader:Unreader": "84aaa8f91fcd",
    "http.wsgi:create": "2c35d4a2dc62",
    "http.wsgi:Response": "d67f8e6b29d7",
}
"""The parts of gunicorn that powerplant.server overrides, calls or relies on, and a digest of the source of each."""


def digest(part: str) -> str:
    module, _, names = part.partition(":")
    found = __import__(f"gunicorn.{module}", fromlist=["_"])
    for name in names.split("."):
        found = getattr(found, name)
    return hashlib.sha256(textwrap.dedent(inspect.getsource(found)).encode()).hexdigest()[:12]


@pytest.mark.parametrize("part", LEANS_ON)
def test_gunicorns_inside_is_the_one_that_the_worker_was_written_for(part: str) -> None:
    assert digest(part) == LEANS_ON[part], (
        f"gunicorn {gunicorn.__version__} has another {part}: read it against powerplant/server/, "
        "let the other tests here pass, then note its digest"
    )


def test_only_one_package_knows_gunicorns_inside() -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "powerplant").rglob("*.py")}
    knowing = {path for path, text in sources.items() if "import gunicorn" in text or "from gunicorn" in text}
    assert {path.parent.name for path in knowing} == {"server"}
