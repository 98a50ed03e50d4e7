"""The measurements of the service measure what they say."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from checkout import ROOT

if TYPE_CHECKING:
    from benchmarks.service.client import Answer, Request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the servers' processes are watched in /proc")


@contextmanager
def scripted_server(*conversations: list[bytes]) -> Iterator[str]:
    """Accepts one connection after the other; sends one piece after each request, then closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for pieces in conversations:
                connection, _ = listener.accept()
                with connection:
                    for piece in pieces:
                        connection.recv(65536)
                        connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def answers(url: str, count: int) -> list[tuple[int, int, bytes]]:
    from benchmarks.service.client import Request, drive, post

    taken = []

    def judge(request: Request, answer: Answer) -> None:
        taken.append((request.key, answer.status, answer.body))

    drive(url, (Request(post(b"{}"), number) for number in range(count)), 1, judge)
    return taken


def ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body])


def test_the_client_reads_one_answer_after_the_other() -> None:
    with scripted_server([ok(b"one"), ok(b""), ok(b"three")]) as url:
        assert answers(url, 3) == [(0, 200, b"one"), (1, 200, b""), (2, 200, b"three")]


def test_the_client_opens_a_connection_again_if_the_server_says_that_it_closes() -> None:
    with scripted_server([ok(b"one", b"Connection: close")], [ok(b"two")]) as url:
        assert answers(url, 2) == [(0, 200, b"one"), (1, 200, b"two")]


@pytest.mark.parametrize(
    "piece", [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"]
)
def test_a_connection_that_ends_inside_an_answer_is_a_lost_request(piece: bytes) -> None:
    with scripted_server([piece], [ok(b"two")]) as url:
        assert answers(url, 2) == [(0, 0, b""), (1, 200, b"two")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["overhead", "--rounds", "2", "--requests", "20"], "times the view"),
        (["load", "--servers", "powerplant, gunicorn", "--seconds", "0.5", "--stints", "1"], "requests/s"),
        (["soak", "--requests", "1000"], " 0 wrong answers"),
        (["fuzz", "--attempts", "55"], "broken_http"),
    ],
    ids=lambda each: each[0],
)
def test_a_short_run_prints_its_table(arguments: list[str], says: str) -> None:
    command = [sys.executable, "-m", "benchmarks.service", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert says in run.stdout, run.stdout + run.stderr
