"""What other clients notice while one client tries to take the service for itself.

Each attack runs for some seconds against a server of its own with the default settings, on the loopback interface.
Meanwhile other clients send ``/health`` and an ordinary POST at a fixed rate, whether or not earlier ones were
answered: a server that stops for ten seconds delays all that would have been sent in these ten seconds.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Any, NamedTuple

from benchmarks.service import ROOT
from benchmarks.service.processes import PROC, tree
from benchmarks.service.tables import Table

HOST = "127.0.0.1"
MEBIBYTE = 1024 * 1024

RATE = 5.0
"""Requests a second of the other clients, to each of the two addresses."""

PATIENCE = 30.0
"""Seconds after which another client gives up."""

MOST_MEMORY = 8 * 1024 * MEBIBYTE
"""Bytes of the server at which an attack is ended before its time."""

ORDINARY = (ROOT / "example_payloads" / "payload3.json").read_bytes()
FUELS = {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}


# --- Requests --------------------------------------------------------------------------------------------------------


def head(method: str, path: str, *headers: str) -> bytes:
    """The head of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def post(body: bytes, path: str = "/productionplan") -> bytes:
    """A whole request with a body."""
    return head("POST", path, "Content-Type: application/json", f"Content-Length: {len(body)}") + body


def connect(port: int, seconds: float = PATIENCE, receive_buffer: int | None = None) -> socket.socket:
    """A connection, with a small window if there is a size for the buffer."""
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(seconds)
    try:
        connection.connect((HOST, port))
    except OSError:
        connection.close()
        raise
    return connection


def ask(port: int, request: bytes, seconds: float = PATIENCE) -> int:
    """The status of an answer that was read to its end, on a connection of its own."""
    with connect(port, seconds) as connection:
        connection.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        answer = connection.recv(65536)
        status = int(answer[9:12])  # a connection without an answer is an error
        while connection.recv(65536):
            pass
        return status


def hard_payload(number: int) -> bytes:
    """A payload that takes any solver seconds; none is like another."""
    choose = random.Random(number)
    outputs = [choose.randrange(300_000, 999_999) / 10 for _ in range(30)]
    plants = [
        {"name": f"g{i}", "type": "gasfired", "efficiency": 0.4 + choose.randrange(1000) / 1e7, "pmin": p, "pmax": p}
        for i, p in enumerate(outputs)
    ]
    return json.dumps({"load": round(sum(outputs) / 2, 1), "fuels": FUELS, "powerplants": plants}).encode()


def must_run_payload(plants: int) -> bytes:
    """A payload of which half of the plants must run, and the other half, of like plants, must stay off."""
    half, most = plants // 2, 10
    load = half * most
    must_run = {"type": "gasfired", "efficiency": 0.5, "pmin": 0, "pmax": most}
    must_stay_off = {"type": "gasfired", "efficiency": 0.5, "pmin": load + 1, "pmax": load + 2}
    fleet = [{"name": f"p{i}", **must_run} for i in range(half)] + [
        {"name": f"q{i}", **must_stay_off} for i in range(half)
    ]
    return json.dumps({"load": load, "fuels": FUELS, "powerplants": fleet}).encode()


def empty_lists(number: int, size: int = 4 * MEBIBYTE - 4096) -> bytes:
    """A list of empty lists in the place of power plants; none is like another."""
    return b"[" + b"[]," * ((size - 2 * number) // 3) + b"[]]"


# --- Attacks ---------------------------------------------------------------------------------------------------------


Loop = Callable[[int, int], Any]
"""One step of an attack: its port, and a number that no other step has."""


def _in_threads(threads: int, step: Loop, port: int) -> None:
    """Repeat a step in so many threads for ever; a step that fails is repeated a little later."""
    numbers = count(1)

    def repeat() -> None:
        while True:
            try:
                step(port, next(numbers))
            except (OSError, ValueError):
                sleep(0.2)

    for _ in range(threads - 1):
        threading.Thread(target=repeat, daemon=True).start()
    repeat()


def _hold(port: int, clients: int, data: bytes) -> None:
    """So many connections on which this is sent and nothing else; one that the server closes is opened again."""
    held: list[socket.socket | None] = [None] * clients
    while True:
        for index, connection in enumerate(held):
            if connection is None or _has_ended(connection):
                with suppress(OSError):
                    held[index] = connection = connect(port, 1)
                    connection.sendall(data)
        sleep(0.25)


def _has_ended(connection: socket.socket) -> bool:
    try:
        connection.setblocking(False)
        return not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _never_reads(port: int, each_second: float, data: bytes) -> None:
    """So many new connections a second whose answers are never read."""
    held = []
    while True:
        with suppress(OSError):
            connection = connect(port, 1, receive_buffer=1024)
            connection.sendall(data)
            held.append(connection)
        sleep(1 / each_second)


def file_that_nobody_reads(port: int) -> None:
    """Row 1: 3 new connections a second ask for the largest static file and never read."""
    _never_reads(port, 3, head("GET", f"/docs/{_largest_file(port)}"))


def pipelined_and_never_read(port: int) -> None:
    """Row 1: 4 new connections a second send 60 requests for ``/openapi.json`` each and never read."""
    _never_reads(port, 4, head("GET", "/openapi.json") * 60)


def many_that_never_read(port: int) -> None:
    """Row 1, larger: 60 new connections a second ask for the largest static file and never read."""
    _never_reads(port, 60, head("GET", f"/docs/{_largest_file(port)}"))


def _largest_file(port: int) -> str:
    """The script of the page of the documentation; its name has a version."""
    with connect(port) as connection:
        connection.sendall(head("GET", "/docs", "Connection: close"))
        page = b"".join(iter(lambda: connection.recv(65536), b""))
    found = re.search(rb"swagger-ui-[0-9.]+\.js", page)
    if found is None:
        raise ValueError("the page of the documentation has no script")
    return found[0].decode()


def batches_and_hard_payloads(port: int) -> None:
    """Row 2: for each worker two batches of hard lines and two hard payloads, always."""

    def step(port: int, number: int) -> None:
        if number % 2:
            ask(port, post(b"\n".join(hard_payload(number * 1000 + i) for i in range(40)), "/productionplan/batch"), 60)
        else:
            ask(port, post(hard_payload(number)))

    _in_threads(8, step, port)


def reports(plants: int) -> Callable[[int], None]:
    """Row 3: ten clients ask for reports on plants half of which must run."""

    def attack(port: int) -> None:
        request = post(must_run_payload(plants), "/productionplan/report")
        _in_threads(10, lambda port, _: ask(port, request, 120), port)

    return attack


def faulty_fleets(port: int) -> None:
    """Row 4: four clients send batches with three fleets of 4 MB that are lists of empty lists."""

    def step(port: int, number: int) -> None:
        hour = json.dumps({"load": 1, "fuels": FUELS}).encode()
        fleets = [b'{"powerplants":%s}\n%s\n' % (empty_lists(number), hour)]
        fleets += [b'{"load":1,"fuels":{},"powerplants":%s}\n' % empty_lists(number * 10 + i) for i in range(2)]
        ask(port, post(b"".join(fleets), "/productionplan/batch"), 60)

    _in_threads(4, step, port)


def many_faults(port: int) -> None:
    """Row 5: four clients send bodies of 4 MB with a million faults or unknown keys."""
    unknown = {f"k{i}": 0 for i in range(38)}
    plants = [
        {"name": f"p{i}", "type": "gasfired", "efficiency": 2, "pmin": 5, "pmax": 1, **unknown} for i in range(9000)
    ]
    bodies = [
        b'{"load":1,"fuels":{},"powerplants":%s}' % empty_lists(0),
        json.dumps({"load": 1, "fuels": FUELS, "powerplants": plants}, separators=(",", ":")).encode()[: 4 * MEBIBYTE],
        b'{"load":1,"fuels":{"wind(%%)":%s},"powerplants":[]}' % empty_lists(0),
        b'{"load":1,"fuels":{},"powerplants":[%s]}' % b",".join([b'{"type":"x","pmin":-1,"pmax":-1}'] * 9999),
    ]
    requests = [post(body) for body in bodies if len(body) <= 4 * MEBIBYTE]
    _in_threads(4, lambda port, number: ask(port, requests[number % len(requests)], 60), port)


def all_long_work(port: int) -> None:
    """Rows 3, 4, 5 and hard payloads at the same time."""
    attacks = reports(10_000), faulty_fleets, many_faults, batches_and_hard_payloads
    threads = [threading.Thread(target=attack, args=(port,), daemon=True) for attack in attacks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def trailers(port: int) -> None:
    """Row 6: four clients send a chunked body whose trailers are 15 MB, and then go on a byte at a time."""

    def step(port: int, _: int) -> None:
        with connect(port) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(head("POST", "/productionplan/batch", "Transfer-Encoding: chunked") + b"1\r\n \r\n0\r\n")
            connection.sendall(b"X: " + b"y" * (15 * MEBIBYTE))
            while True:
                connection.sendall(b"y")
                sleep(0.001)

    _in_threads(4, step, port)


def unread_log(port: int) -> None:
    """Row 9: nobody reads the server's stdout, a pipe; 200 plans a second fill it."""

    def step(port: int, _: int) -> None:
        ask(port, post(ORDINARY), 5)
        sleep(0.02)

    _in_threads(4, step, port)


def hard_payloads_of_clients_that_leave(port: int) -> None:
    """Row 10: every two seconds 60 clients send a hard payload each and leave."""
    for number in count():
        for i in range(60):
            with suppress(OSError), connect(port, 1) as connection:
                connection.sendall(post(hard_payload(number * 60 + i)))
        sleep(2)


def idle_beyond_the_descriptors(port: int) -> None:
    """Row 13: the server may have 64 descriptors; 200 clients keep answered connections open."""
    _hold(port, 200, head("GET", "/health"))


def large_bodies(port: int) -> None:
    """60 clients send bodies of 15 MB, most of them blank, for batches."""
    request = post(b" " * (15 * MEBIBYTE), "/productionplan/batch")
    _in_threads(60, lambda port, _: ask(port, request), port)


def tiny_chunks(port: int) -> None:
    """20 clients send bodies in chunks of a byte."""
    request = head("POST", "/productionplan", "Transfer-Encoding: chunked") + b"1\r\n \r\n" * 2_000_000
    _in_threads(20, lambda port, _: ask(port, request), port)


def file_that_is_read_slowly(port: int) -> None:
    """20 new connections a second, at most 300, ask for the largest static file and read 20 kB a second of it."""
    request = head("GET", f"/docs/{_largest_file(port)}")
    held: list[socket.socket] = []
    while True:
        with suppress(OSError):
            for _ in range(20 if len(held) < 300 else 0):
                connection = connect(port, 1, receive_buffer=4096)
                connection.sendall(request)
                held.append(connection)
        held = [connection for connection in held if _has_more(connection, 20_000)]
        sleep(1)


def _has_more(connection: socket.socket, size: int) -> bool:
    """Read so many bytes, as far as they have arrived; return whether the connection goes on."""
    connection.setblocking(False)
    try:
        while size > 0:
            data = connection.recv(size)
            if not data:
                return False
            size -= len(data)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def silent(port: int) -> None:
    """300 connections on which nothing is sent."""
    _hold(port, 300, b"")


def half_heads(port: int) -> None:
    """200 connections on which half a head is sent."""
    _hold(port, 200, head("GET", "/health")[:-2])


def half_bodies(port: int) -> None:
    """200 connections on which half a body is sent."""
    _hold(port, 200, post(ORDINARY)[:-10])


def dripping_bodies(port: int) -> None:
    """200 connections on which a body arrives a byte a second."""
    held: list[tuple[socket.socket, Iterator[int]]] = []
    while True:
        alive = []
        for connection, rest in held:
            with suppress(OSError, StopIteration):
                connection.sendall(bytes([next(rest)]))
                alive.append((connection, rest))
        held = alive
        while len(held) < 200:
            with suppress(OSError):
                connection = connect(port, 1)
                connection.sendall(head("POST", "/productionplan", f"Content-Length: {len(ORDINARY)}"))
                held.append((connection, iter(ORDINARY)))
        sleep(1)


def faults_below_the_limit(port: int) -> None:
    """100 clients send bodies of 128 kB, which a thread decodes, with as many faults as fit."""
    wrong = b'{"name":"p","type":"gasfire","efficiency":2,"pmin":5,"pmax":1}'
    bodies = [
        b'{"load":1,"fuels":{},"powerplants":[%s]}' % b",".join([part] * (130_000 // (len(part) + 1)))
        for part in (wrong, b"[]")
    ]
    _in_threads(100, lambda port, number: ask(port, post(bodies[number % 2])), port)


def wind_parks(port: int) -> None:
    """100 clients ask for reports on as many wind parks as fit into 128 kB."""
    fleet = [
        {"name": f"w{i}", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": i % 100 + 1} for i in range(1700)
    ]
    body = json.dumps({"load": 1000, "fuels": FUELS, "powerplants": fleet}, separators=(",", ":")).encode()
    _in_threads(100, lambda port, _: ask(port, post(body, "/productionplan/report")), port)


def huge_heads(port: int) -> None:
    """300 connections on which a head of 730 kB is sent, without its end."""
    _hold(port, 300, head("GET", "/health", *[f"X-{i}: {'v' * 8100}" for i in range(90)])[:-2])


def requests_of_clients_that_leave(*, reset: bool, hard: bool = False) -> Callable[[int], None]:
    """30 clients send a payload, leave at once, and connect again as fast as they can."""

    def step(port: int, number: int) -> None:
        with connect(port, 5) as connection:
            connection.sendall(post(hard_payload(number) if hard else ORDINARY))
            if hard:
                sleep(0.1)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return lambda port: _in_threads(30, step, port)


def nothing(_: int) -> None:
    """No attack: the figures of a server that nobody attacks."""
    sleep(3600)


ATTACKS: dict[str, Callable[[int], None]] = {
    "none": nothing,
    "1 file that nobody reads": file_that_nobody_reads,
    "1 60 a second of them": many_that_never_read,
    "1 pipelined, never read": pipelined_and_never_read,
    "2 batches and hard payloads": batches_and_hard_payloads,
    "3 reports on 1 000": reports(1000),
    "3 reports on 4 000": reports(4000),
    "3 reports on 10 000": reports(10_000),
    "4 faulty fleets": faulty_fleets,
    "5 many faults": many_faults,
    "3 to 5 and hard payloads": all_long_work,
    "6 trailers": trailers,
    "9 unread log": unread_log,
    "10 clients that leave": hard_payloads_of_clients_that_leave,
    "13 64 descriptors": idle_beyond_the_descriptors,
    "16 large bodies": large_bodies,
    "16 tiny chunks": tiny_chunks,
    "16 file read slowly": file_that_is_read_slowly,
    "17 faults in 128 kB": faults_below_the_limit,
    "17 reports on wind parks": wind_parks,
    "17 huge heads": huge_heads,
    "17 resets": requests_of_clients_that_leave(reset=True),
    "17 resets of hard payloads": requests_of_clients_that_leave(reset=True, hard=True),
    "17 closes": requests_of_clients_that_leave(reset=False),
    "300 silent": silent,
    "200 half heads": half_heads,
    "200 half bodies": half_bodies,
    "200 dripping bodies": dripping_bodies,
}
"""By the row of the list of attacks; 16 and 17 are what the list does not have."""


# --- A server --------------------------------------------------------------------------------------------------------


@contextmanager
def server(checkout: Path, name: str) -> Iterator[tuple[int, int]]:
    """Run gunicorn with the default settings from a checkout with its own ``.venv``; its port and process id."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("FLASK_", "POWERPLANT_"))}
    limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))) if "descriptors" in name else None
    process = subprocess.Popen(  # noqa: S603 - gunicorn of a checkout that the caller names
        [str(checkout / ".venv" / "bin" / "python"), "-m", "gunicorn", "--bind", f"{HOST}:{port}"],
        cwd=checkout,
        env=inherited,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "log" in name else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,  # no session of its own: Linux may let whole sessions wait for seconds (autogroup)
        preexec_fn=limit,
    )
    try:
        end = monotonic() + 60
        while True:
            with suppress(OSError, ValueError):
                if ask(port, head("GET", "/health"), 1) == 200:
                    break
            if process.poll() is not None or monotonic() > end:
                raise RuntimeError(f"the server of {checkout} does not answer")
            sleep(0.1)
        for _ in range(20):
            ask(port, post(ORDINARY))
        yield port, process.pid
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def proportional_bytes(pid: int) -> int:
    """Memory of a process and its descendants; what several share counts once."""
    total = 0
    for member in tree(pid):
        with suppress(OSError, ValueError, IndexError):
            rollup = (PROC / str(member) / "smaps_rollup").read_text()
            total += int(rollup.partition("\nPss:")[2].split()[0]) * 1024
    return total


# --- Others ----------------------------------------------------------------------------------------------------------


class Others:
    """Clients that are not part of the attack: they ask at a fixed rate, each on a connection of its own."""

    def __init__(self, port: int) -> None:
        self.seconds: dict[str, list[float]] = {"/health": [], "POST": []}
        self.failures: Counter[str] = Counter()
        self._requests = {"/health": head("GET", "/health"), "POST": post(ORDINARY)}
        self._port = port
        self._threads: list[threading.Thread] = []

    def go_on(self, seconds: float) -> None:
        """Ask for so many seconds, and wait for the answers."""
        start = monotonic()
        for number in range(int(seconds * RATE)):
            sleep(max(0.0, start + number / RATE - monotonic()))
            for kind in self._requests:
                thread = threading.Thread(target=self._ask, args=(kind,), daemon=True)
                thread.start()
                self._threads.append(thread)
        for thread in self._threads:
            thread.join(PATIENCE + 1)

    def _ask(self, kind: str) -> None:
        start, failure = monotonic(), ""
        try:
            status = ask(self._port, self._requests[kind])
            failure = "" if status == 200 else str(status)
        except TimeoutError:
            failure = "no answer"
        except (OSError, ValueError) as error:
            failure = "closed" if isinstance(error, ValueError) else error.strerror or "error"
        self.seconds[kind].append(monotonic() - start)
        if failure:
            self.failures[failure] += 1


class Watch(threading.Thread):
    """The memory of a server's processes, a few times a second."""

    def __init__(self, pid: int, too_much: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self.peak, self.most_processes, self._pid, self._too_much, self.ended = 0, 0, pid, too_much, threading.Event()

    def run(self) -> None:
        """Look until it is ended."""
        while not self.ended.wait(0.3):
            self.most_processes = max(self.most_processes, len(tree(self._pid)))
            self.peak = max(self.peak, proportional_bytes(self._pid))
            if self.peak > MOST_MEMORY:
                self._too_much()


class Outcome(NamedTuple):
    """What others noticed of an attack, and the server's memory.

    Attributes:
        health: seconds of each answer to ``/health``.
        plans: seconds of each answer to a POST.
        failures: how often something other than 200 came, by kind.
        memory: bytes before the attack, at most, and afterwards.
        processes: at most.
        replaced: workers that the server has lost.
    """

    health: list[float]
    plans: list[float]
    failures: Counter[str]
    memory: tuple[int, int, int]
    processes: int
    replaced: int


def attack(checkout: Path, name: str, seconds: float, afterwards: float) -> Outcome:
    """Attack a server of its own for so many seconds."""
    with server(checkout, name) as (port, pid):
        workers = set(_children(pid))
        before = proportional_bytes(pid)
        # A new interpreter: the attack must not slow the clients that measure.
        attacker = get_context("spawn").Process(target=_attack, args=(name, port), daemon=True)
        attacker.start()
        sleep(1.5)
        watch, others = Watch(pid, attacker.kill), Others(port)
        watch.start()
        timer = threading.Timer(seconds, attacker.kill)
        timer.start()
        others.go_on(seconds)
        timer.cancel()
        attacker.kill()
        attacker.join()
        watch.ended.set()
        watch.join()
        sleep(afterwards)
        memory = before, watch.peak, proportional_bytes(pid)
        replaced = len(workers - set(_children(pid)))
    health, plans = others.seconds.values()
    return Outcome(health, plans, others.failures, memory, watch.most_processes, replaced)


def _attack(name: str, port: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))
    ATTACKS[name](port)


def _children(pid: int) -> list[int]:
    return [int(child) for child in (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()]


def measure(checkout: Path, names: list[str], seconds: float, afterwards: float) -> Iterator[tuple[str, Outcome]]:
    """Attack with each of these, one after the other."""
    for name in names:
        yield name, attack(checkout, name, seconds, afterwards)


def report(outcomes: Iterator[tuple[str, Outcome]], *, markdown: bool) -> bool:
    """Print a row for each attack; return whether others were always answered within a second (p95)."""
    heads = ["attack", "/health median", "p95", "max, ms", "POST median", "p95", "max, ms", "failed"]
    table = Table([*heads, "MiB before", "peak", "after", "processes", "workers lost"], markdown=markdown)
    good = True
    for name, outcome in outcomes:
        failures = ", ".join(f"{many} {kind}" for kind, many in outcome.failures.most_common()) or "0"
        figures = [f"{1000 * value:.0f}" for part in outcome[:2] for value in _figures(part)]
        memory = [f"{value / MEBIBYTE:.0f}" for value in outcome.memory]
        table.row(name, *figures, failures, *memory, str(outcome.processes), str(outcome.replaced))
        good &= not outcome.failures and max(_figures(part)[1] for part in outcome[:2]) < 1
    return good


def _figures(seconds: list[float]) -> tuple[float, float, float]:
    ordered = sorted(seconds)
    return median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1]
