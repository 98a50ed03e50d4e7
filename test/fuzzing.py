"""Random requests from a seed, valid and not, and the check of their answers.

``KINDS`` holds the generators, from valid payloads to random bytes. :func:`faults` checks an answer: the meaning of the
body is computed here a second time, so it is also a fault if a valid payload is refused or one that is not valid gets a
plan. Nothing here comes from the package under test.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from oracles import (
    broken_rules,
    dispatch_cost,
    euros,
    exact,
    expected_answer,
    expected_units,
    load_in_tenths,
    merit_order,
)

PATHS = ("/productionplan", "/productionplan/")
BATCH = "/productionplan/batch"
UTF8_BOM = b"\xef\xbb\xbf"
PATIENCE = 60.0
"""Seconds after which an answer that does not come is a fault."""


class Attempt(NamedTuple):
    """One request.

    Attributes:
        method: GET, POST, or any other word.
        target: path and query.
        headers: beside Host and those that delimit the body.
        body: as it is sent, or before it is cut into chunks.
        chunks: the sizes of the chunks; empty where Content-Length delimits the body.
    """

    method: str
    target: str
    headers: tuple[str, ...]
    body: bytes
    chunks: tuple[int, ...] = ()

    @property
    def path(self) -> str:
        """The target before its question mark."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The target behind its question mark."""
        return self.target.partition("?")[2]

    @property
    def wire(self) -> bytes:
        """The bytes that are sent."""
        length = "Transfer-Encoding: chunked" if self.chunks else f"Content-Length: {len(self.body)}"
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1", length, *self.headers, "", ""]
        return "\r\n".join(lines).encode("latin-1") + (b"".join(self._chunks()) if self.chunks else self.body)

    def _chunks(self) -> Iterator[bytes]:
        rest, number = self.body, 0
        while rest:
            size = self.chunks[number % len(self.chunks)]
            chunk, rest = rest[:size], rest[size:]
            yield b"%x\r\n%b\r\n" % (len(chunk), chunk)
            number += 1
        yield b"0\r\n\r\n"


class Answer(NamedTuple):
    """What came back, and in how many seconds."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float


class NoAnswer(Exception):
    """The connection ended, or the time passed, without an answer."""


class Client:
    """Sends attempts over one connection as long as the server keeps it open."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._address = (address.hostname or "", address.port or 80)
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def ask(self, attempt: Attempt) -> Answer:
        """Send an attempt and read its answer to the end."""
        start = perf_counter()
        connection = self._socket = self._socket or socket.create_connection(self._address, timeout=PATIENCE)
        response = http.client.HTTPResponse(connection, method=attempt.method)
        try:
            connection.sendall(attempt.wire)
            response.begin()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._close()
            raise NoAnswer(repr(error)) from error
        if response.will_close:
            self._close()
        return Answer(response.status, response.headers, body, perf_counter() - start)

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None


def exchange(url: str, wire: bytes) -> list[int]:
    """Send bytes, end the sending, and give back the statuses of all answers that come before the server ends too."""
    address = urlsplit(url)
    received = b""
    with (
        socket.create_connection((address.hostname or "", address.port or 80), timeout=PATIENCE) as connection,
        suppress(ConnectionError),  # a server may end the connection without reading all of it
    ):
        connection.sendall(wire)
        connection.shutdown(socket.SHUT_WR)
        while some := connection.recv(65536):
            received += some
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", received, re.MULTILINE)]


# --- What is sent ----------------------------------------------------------------------------------------------------

Kind = Callable[[Random], Attempt]
KINDS: dict[str, Kind] = {}


def _kind(generator: Kind) -> Kind:
    KINDS[generator.__name__] = generator
    return generator


def attempt(kind: str, seed: int) -> Attempt:
    """The attempt of a kind and a seed, always the same."""
    return KINDS[kind](Random(f"{kind} {seed}"))


def broken_http(seed: int) -> bytes:
    """Bytes that are nearly a request: what the server before the app has to refuse, or must still read rightly."""
    rng = Random(f"http {seed}")
    wire = bytearray(attempt(rng.choice(["good", "headers", "queries", "addresses"]), rng.randrange(10**6)).wire)
    head = wire.index(b"\r\n\r\n")
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(head)
        end = at + rng.choice([0, 0, 1, 4, 30])
        wire[at:end] = rng.choice([b"", rng.randbytes(2), rng.choice(HTTP_WORDS), wire[at:end] * 2])
    return bytes(wire)


def _words(text: str) -> list[str]:
    """What stands between white space; a list of so many literals would take a line for each."""
    return text.split()


def _posted(rng: Random, body: bytes) -> Attempt:
    chunks = (
        tuple(rng.choice([1, 2, 7, 100, 5000]) for _ in range(3)) if len(body) < 5000 and rng.random() < 0.1 else ()
    )
    query = rng.choice(["", "", "", "?co2=true", "?co2=false", "?accept=feasible"])
    return Attempt("POST", PATHS[rng.random() < 0.05] + query, (), body, chunks)


@_kind
def good(rng: Random) -> Attempt:
    """Payloads with no fault; many loads have no plan."""
    return _posted(rng, _text(rng, _payload(rng)))


@_kind
def large(rng: Random) -> Attempt:
    """Up to sixty plants, many of them alike or blocks: what a solver may take long for."""
    return _posted(rng, _text(rng, _payload(rng, rng.randint(7, 60))))


@_kind
def mutated(rng: Random) -> Attempt:
    """Payloads with a few values, types, keys or plants that are not as they should be."""
    payload = _payload(rng)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        payload = _mutate(rng, payload)
    return _posted(rng, _text(rng, payload))


@_kind
def numbers(rng: Random) -> Attempt:
    """Payloads with one number that is at a limit, or written as few would write it."""
    payload = _payload(rng)
    places = [(holder, key) for holder, key in _places(payload) if isinstance(holder[key], int | float)]
    holder, key = rng.choice(places)
    holder[key] = Raw(rng.choice(ODD_NUMBERS)) if rng.random() < 0.7 else _nudged(rng, holder[key])
    return _posted(rng, _text(rng, payload))


@_kind
def damaged(rng: Random) -> Attempt:
    """The bytes of a payload, a few of them changed, taken out, or put in."""
    body = bytearray(_text(rng, _payload(rng)))
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(body) + 1)
        end = min(len(body), at + rng.choice([0, 1, 1, 4, 100]))
        body[at:end] = rng.choice([b"", rng.randbytes(rng.choice([1, 1, 3])), rng.choice(TOKENS), body[at:end] * 2])
    return _posted(rng, bytes(body))


@_kind
def tokens(rng: Random) -> Attempt:
    """Tokens of JSON in random order."""
    return _posted(rng, b"".join(rng.choice(TOKENS) for _ in range(rng.choice([0, 1, 2, 5, 20, 200]))))


@_kind
def noise(rng: Random) -> Attempt:
    """Bytes."""
    return _posted(rng, rng.randbytes(rng.choice([0, 1, 2, 10, 1000, 100_000])))


@_kind
def queries(rng: Random) -> Attempt:
    """Good payloads behind odd question marks."""
    names = ["co2", "co2", "co2", "CO2", "co2[]", "%20co2", "c%6F2", "accept", "%ff", "", "x"]
    values = [
        "true",
        "false",
        "True",
        "1",
        "",
        "tru%65",
        "true%00",
        "%ff%fe",
        "truefalse",
        "a" * 1000,
        "<b>",
        "+true",
        "feasible",
    ]
    parts = [f"{rng.choice(names)}{rng.choice(['=', '=', '=', '', '=='])}{rng.choice(values)}" for _ in range(3)]
    query = rng.choice(["&", "&", "&", ";", "&&"]).join(parts[: rng.choice([1, 1, 2, 3])])
    return Attempt("POST", f"/productionplan?{query}", (), _text(rng, _payload(rng)))


@_kind
def headers(rng: Random) -> Attempt:
    """Good payloads under odd headers."""
    names = _words("""
        Content-Type Content-Encoding Content-Language Accept Accept-Encoding X-Request-ID Authorization Cookie Origin
        X-Forwarded-For X-Forwarded-Prefix Range If-None-Match
    """)
    values = _words("""
        application/json text/html;q=x multipart/form-data application/x-www-form-urlencoded gzip bytes=0-1 <script>
        * /.. %0d%0a " \\ =;,= null
    """)
    values += ["", "\xff\xfe", "a" * 3000, "a\tb"]
    lines = tuple(f"{name}: {rng.choice(values)}" for name in rng.sample(names, rng.choice([1, 1, 2, 8])))
    return _posted(rng, _text(rng, _payload(rng)))._replace(headers=lines)


@_kind
def addresses(rng: Random) -> Attempt:
    """Other addresses and methods, with and without a body."""
    method = rng.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"])
    parts = [
        "productionplan",
        "health",
        "problems",
        "malformed-json",
        "..",
        ".",
        "",
        "%2e%2e",
        "%ff",
        "%00",
        "a" * 2000,
    ]
    parts += ["<script>", "%3Cscript%3E", "Productionplan", "static", "%C3%BC", "~", "'", "%22", "//127.0.0.1"]
    path = "/" + "/".join(rng.choice(parts) for _ in range(rng.choice([0, 1, 1, 2, 3])))
    return Attempt(method, path, (), _text(rng, _payload(rng)) if rng.random() < 0.5 else b"")


class Raw(str):
    """Stands in a payload as it is written, JSON or not."""

    __slots__ = ()


class Twice(NamedTuple):
    """Two values under one key, one after the other."""

    first: Any
    second: Any


ODD_NUMBERS = _words("""
    0 -0 -0.0 0.05 0.1 0.04999999999999999 0.30000000000000004 1e-300 5e-324 1e-400 480.04 33.333333333333336
    1000000 1000000.0 1e6 1000000.0000000001 1000000.0000001 1000000.1 999999.95 -1000000 9007199254740993
    0.000001 1e-6 0.00000099999 1 1.0 1.0000000000000002 100 100.00000000000001 99.99 1E+2
    1e308 1.7976931348623159e308 1e309 -1e309 1e99999 1e999999999999999999999999999999
    - -- --1 +1 .5 1. 1e 1e+ 01 0x10 1_000 1,5 1/2 ١ NaN Infinity -Infinity nan
""")
ODD_NUMBERS += ["1" + "0" * 400, "9" * 5000, "0." + "3" * 5000, "1 2"]

ODD_TEXTS = [
    "",
    " ",
    "910",
    "true",
    "gasfired",
    "windturbine",
    "~/#%",
    "__proto__",
    "\x00",
    "\x1c",
    "\u3000",
    "a\u2028b",
    "\U0001f300",
]
ODD_TEXTS += ["x" * 200, "x" * 201, "\U0001f300" * 200, "\U0001f300" * 201]

NOT_JSON = _words(r"""
    "\ud800" "\udc00\ud800" "\ud83c\udf00" "\x" 'a' nul undefined {}{} 1, /**/1 " "a"b" [1,] {,}
""")

ODD_VALUES: list[Any] = [None, True, False, 0, 1, -1, 0.5, [], {}, [[]], [1], {"": None}, *ODD_TEXTS]
ODD_VALUES += map(Raw, [*ODD_NUMBERS, *NOT_JSON, '"\t"', ""])

TOKENS = rb"""
    { } [ ] : , " \ \u00 \ud800 null true false NaN 0 - 1e . /*
    "load": "fuels":{ "powerplants":[ "name":"a" "type":"gasfired"
""".split()
TOKENS += [b" ", b"\n", b"\t", b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", UTF8_BOM]
TOKENS += [b"9" * 400, b"[" * 250, b'{"a":' * 250]

HTTP_WORDS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b" ",
    b"\t",
    b":",
    b"\r\n\r\n",
    b"http://[",
    b"HTTP/2.0",
    b"HTTP/0.9",
]
HTTP_WORDS += [b"a" * 9000, b"X: y\r\n" * 120, b"get / HTTP/1.1\r\n"]
HTTP_WORDS += [b"Content-Length: %b\r\n" % length for length in (b"5", b"-1", b"0x10", b"9" * 20, b"")]
HTTP_WORDS += [b"Transfer-Encoding: %b\r\n" % coding for coding in (b"chunked", b"gzip", b"chunked, chunked")]
HTTP_WORDS += [b"Expect: 100-continue\r\n", b"Expect: x\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n"]
HTTP_WORDS += [b"Host: a\r\nHost: b\r\n", b"SCRIPT_NAME: /x\r\n", b"PATH_INFO: /health\r\n"]

GAS, KEROSINE, KEROSINE_TOO = "gas(euro/MWh)", "kerosine(euro/MWh)", "kerosine(euro/Mwh)"
CO2, WIND = "co2(euro/ton)", "wind(%)"


def _payload(rng: Random, count: int = 0) -> dict[str, Any]:
    """A valid payload; its load is close to the sum of some plants at a limit, or anything."""
    shapes = [_plant(rng) for _ in range(rng.randint(1, 4))]
    fleet = [{"name": f"p{i}", **rng.choice([*shapes, _plant(rng)])} for i in range(count or rng.randint(1, 6))]
    prices = [0, 13.4, 50.8, 20, -5.5, 0.1, 1e-9, 1e6, -1e6, rng.randint(-(10**5), 10**5) / 1000, rng.uniform(0, 100)]
    fuels = {GAS: rng.choice(prices), rng.choice([KEROSINE, KEROSINE_TOO]): rng.choice(prices), CO2: rng.choice(prices)}
    fuels[WIND] = rng.choice([0, 100, 60, 57, 33.3, 0.1, 99.99, rng.uniform(0, 100)])
    if rng.random() < 0.5:
        load = sum(rng.choice([0, plant.get("pmin", 0), plant["pmax"]]) for plant in fleet)
        load = min(10**6, max(0, round(load * 10) + rng.randint(-2, 2)) / 10)
    else:
        load = round(sum(plant["pmax"] for plant in fleet) * rng.random(), rng.choice([0, 1, 1, 1, 2]))
    return {"load": min(load, 10**6), "fuels": fuels, "powerplants": fleet}


def _plant(rng: Random) -> dict[str, Any]:
    kind = rng.choice(["gasfired", "gasfired", "turbojet", "windturbine"])
    pmax = rng.choice([rng.randint(0, 400), rng.randint(0, 4000) / 10, rng.randint(0, 4000) / 100])
    if rng.random() < 0.01:
        pmax = rng.choice([0.05, 1e6, 999_999.9])
    plant = {"type": kind, "pmax": pmax}
    if kind != "windturbine":
        pmin = rng.choice([0, pmax, round(pmax * rng.random(), rng.choice([0, 1, 2])), pmax * 0.9])
        efficiency = rng.choice([1, 0.53, 0.37, 0.3, 0.5, 0.5000001, 1 / 3, 1e-6, rng.randint(1, 1000) / 1000])
        plant |= {"efficiency": efficiency, "pmin": min(pmin, pmax)}
    return plant


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a payload: what holds it, and its key or index there."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _mutate(rng: Random, payload: Any) -> Any:
    places = list(_places(payload))
    if not places or rng.random() < 0.02:
        return rng.choice([*ODD_VALUES, [payload], {"payload": payload}, json.dumps({})])
    holder, key = rng.choice(places)
    change = rng.randrange(8)
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, dict):
        holder[rng.choice([key.upper(), key + " ", key[:-1], "", key + "\u0000", "pmaх"])] = holder.pop(key)
    elif change == 2 and isinstance(holder, dict):
        holder[key] = Twice(rng.choice(ODD_VALUES), holder[key])
    elif change == 3:
        holder[key] = _nested(rng, holder[key])
    elif change == 4 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), deepcopy(holder[key]))
    elif change == 5:
        other, its_key = rng.choice(places)
        if isinstance(holder[key], str | int | float | None) and isinstance(other[its_key], str | int | float | None):
            holder[key], other[its_key] = other[its_key], holder[key]
    elif change == 6 and isinstance(holder[key], int | float):
        holder[key] = _nudged(rng, holder[key])
    else:
        holder[key] = rng.choice(ODD_VALUES)
    return payload


def _nested(rng: Random, value: Any) -> Raw:
    depth, inner = rng.choice([1, 2, 50, 150, 250, 5000]), _text(rng, value).decode("utf-8", "surrogatepass")
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
    return Raw(opening * depth + inner + closing * rng.choice([depth, depth, depth, depth - 1, 0]))


def _nudged(rng: Random, number: float) -> float:
    return rng.choice(
        [number + 0.1, number - 0.1, number + 0.01, number * 1.0000000000000002, -number, number / 3, number * 1000]
    )


def _text(rng: Random, value: Any) -> bytes:
    """A value as JSON, with white space and escapes as they please."""
    space = rng.choice(["", "", " ", "\n\t "])
    return _written(value, space, ascii_only=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _written(value: Any, space: str, *, ascii_only: bool) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        members = ((key, each) for key, held in value.items() for each in (held if isinstance(held, Twice) else [held]))
        written = (f"{json.dumps(k)}:{space}{_written(each, space, ascii_only=ascii_only)}" for k, each in members)
        return "{" + f",{space}".join(written) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(_written(each, space, ascii_only=ascii_only) for each in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


# --- Batches ---------------------------------------------------------------------------------------------------------


@_kind
def batches(rng: Random) -> Attempt:
    """Lines of all the kinds above, half of the batches with a fleet that some of their lines share."""
    fleet = _payload(rng)["powerplants"] if rng.random() < 0.5 else None
    lines = [] if fleet is None else [json.dumps({"powerplants": fleet}).encode()]
    for _ in range(rng.choice([0, 1, 3, 12])):
        if fleet is not None and rng.random() < 0.6:
            hour = _payload(rng)
            del hour["powerplants"]
            lines.append(_text(rng, _mutate(rng, hour) if rng.random() < 0.5 else hour))
        else:
            lines.append(attempt(rng.choice([*LINES]), rng.randrange(10**6)).body[:100_000])
    ends = [rng.choice([b"\n", b"\n", b"\r\n", b"\n \n"]) for _ in lines]
    body = b"".join(line.replace(b"\n", b" ") + end for line, end in zip(lines, ends, strict=True))
    chunks = (7, 100, 5000) if rng.random() < 0.1 and len(body) < 5000 else ()
    return Attempt("POST", BATCH + rng.choice(["", "", "?co2=false", "?accept=feasible", "?co2="]), (), body, chunks)


LINES = ("good", "large", "mutated", "numbers", "damaged", "tokens", "noise")


# --- Expected answers ------------------------------------------------------------------------------------------------

PROBLEMS = {
    "malformed-json": 400,
    "bad-request": 400,
    "not-found": 404,
    "method-not-allowed": 405,
    "request-timeout": 408,
    "content-too-large": 413,
    "invalid-payload": 422,
    "invalid-query": 422,
    "infeasible-load": 422,
    "gave-up": 503,
    "busy": 503,
}
"""Every documented type but that of our own bugs, with its status."""

PLAN = "plan"
KIND_LENGTH = 40
SURE_DEPTH = 190
"""How deeply JSON may be nested is its reader's choice; up to here it is read for certain."""

SURE_DIGITS = 300
"""The same for the length of a number."""

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Unicode calls so; ``str.strip`` by itself takes four control characters too."""

SMALL_FLEET, SMALL_LOAD = 6, 50_000
"""Plants and tenths of a MW up to which the whole answer is computed a second time."""


@dataclass(frozen=True)
class Expected:
    """The possible answers: a plan, or problems of these types; the payload, if there is one; the parameters."""

    kinds: frozenset[str]
    payload: Any = None
    co2: bool = True
    feasible: bool = False


def expected_of(attempt: Attempt) -> Expected:
    """The possible answers to an attempt at /productionplan; CO2 counts by default."""
    given = parse_qsl(attempt.query, keep_blank_values=True)
    co2, accept = ([value for name, value in given if name == wanted] for wanted in ("co2", "accept"))
    in_capitals = any(name.lower() == "co2" != name for name, _ in given)
    if in_capitals or co2 not in ([], ["true"], ["false"]) or accept not in ([], ["feasible"]):
        return Expected(frozenset({"invalid-query"}))
    try:
        payload, certain = _read(attempt.body)
    except (ValueError, RecursionError):
        return Expected(frozenset({"malformed-json"}), co2=co2 != ["false"], feasible=bool(accept))
    return _expected_for(payload, co2 != ["false"], feasible=bool(accept), certain=certain)


def _expected_for(payload: Any, co2: bool, *, feasible: bool, certain: bool) -> Expected:
    kinds = {PLAN, "infeasible-load", "gave-up", "busy"} if _is_valid(payload, co2) else {"invalid-payload"}
    return Expected(frozenset(kinds if certain else {*kinds, "malformed-json"}), payload, co2, feasible)


def _read(body: bytes) -> tuple[Any, bool]:
    """The value of a JSON text, and whether every reader must be able to read it."""
    text = body.removeprefix(UTF8_BOM).decode()
    objects: list[Any] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        objects.append(pairs)
        return dict(pairs)

    value = json.loads(text, object_pairs_hook=members, parse_int=_integer)
    # Halves of a surrogate pair are not valid text, also in repeated keys.
    json.dumps([objects, value], ensure_ascii=False).encode()
    deep = text.count("[") + text.count("{") > SURE_DEPTH
    long_number = any(character * SURE_DIGITS in text for character in "039")
    return value, not (deep or long_number)


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < SURE_DIGITS * 2 else float(digits)


def _is_valid(payload: Any, co2: bool) -> bool:
    if not isinstance(payload, dict):
        return False
    fuels, plants = payload.get("fuels"), payload.get("powerplants")
    if not (_within(payload.get("load"), 0, 10**6) and isinstance(fuels, dict) and isinstance(plants, list) and plants):
        return False
    if not all(map(_is_valid_plant, plants)) or len({plant["name"] for plant in plants}) < len(plants):
        return False
    limits = dict.fromkeys([GAS, KEROSINE, KEROSINE_TOO, CO2], (-(10**6), 10**6)) | {WIND: (0, 100)}
    if not all(fuels.get(key) is None or _within(fuels[key], *limits[key]) for key in limits):
        return False
    there = {key for key in limits if fuels.get(key) is not None}
    types = {plant["type"] for plant in plants}
    needed = [("gasfired", {GAS}), ("turbojet", {KEROSINE, KEROSINE_TOO}), ("windturbine", {WIND})]
    needed += [("gasfired", {CO2})] if co2 else []
    return all(there & keys for kind, keys in needed if kind in types) and not (
        {KEROSINE, KEROSINE_TOO} <= there and fuels[KEROSINE] != fuels[KEROSINE_TOO]
    )


def _is_valid_plant(plant: Any) -> bool:
    if not isinstance(plant, dict) or plant.get("type") not in ("gasfired", "turbojet", "windturbine"):
        return False
    name = plant.get("name")
    if not (
        isinstance(name, str)
        and 1 <= len(name) <= 200
        and name.strip(WHITE_SPACE)
        and _within(plant.get("pmax"), 0, 10**6)
    ):
        return False
    if plant["type"] == "windturbine":
        return True
    return (
        _within(plant.get("efficiency"), 1e-6, 1)
        and _within(plant.get("pmin"), 0, 10**6)
        and bool(plant["pmin"] <= plant["pmax"])
    )


def _within(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


# --- What came back --------------------------------------------------------------------------------------------------


def faults(attempt: Attempt, answer: Answer, most_seconds: float) -> list[str]:
    """Everything that is wrong with an answer, in words; empty for one as it should be."""
    found = list(_faults(attempt, answer))
    if answer.seconds > most_seconds:
        found.append(f"took {answer.seconds:.2f} s")
    return found


def _faults(attempt: Attempt, answer: Answer) -> Iterator[str]:
    path = unquote(attempt.path)
    if attempt.method == "POST" and path in PATHS:
        due = expected_of(attempt)
        kind = PLAN if answer.status == 200 else _problem_of(answer)
        if kind not in due.kinds:
            yield f"{answer.status} {kind}, where {' or '.join(sorted(due.kinds))} is expected"
        elif kind == PLAN:
            yield from _faults_of_plan(due, answer)
        else:
            yield from _faults_of_problem(attempt, answer, due)
    elif attempt.method == "POST" and path == BATCH:
        yield from _faults_of_batch(attempt, answer)
    elif answer.status >= 400 and attempt.method != "HEAD":
        yield from _faults_of_problem(attempt, answer, Expected(frozenset({"not-found", "method-not-allowed"})))
    elif answer.status >= 500 or 300 <= answer.status < 400:
        yield f"{answer.status}"


def _faults_of_batch(attempt: Attempt, answer: Answer) -> Iterator[str]:
    """The faults of the whole answer and of its lines; a line has the answer of a single payload."""
    lines = [line for line in enumerate(attempt.body.split(b"\n"), start=1) if line[1].strip(b" \t\r")]
    is_invalid_query = expected_of(attempt).kinds == {"invalid-query"}
    has_payloads = any(line.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r").startswith(b"{") for _, line in lines)
    is_text = has_payloads and b"\0" not in attempt.body.lstrip(b" \t\r\n")[:4]
    if is_invalid_query or not lines or (answer.status == 400 and not is_text):
        due = Expected(frozenset({"invalid-query" if is_invalid_query else "malformed-json"}))
        yield from _faults_of_problem(attempt, answer, due)
        return
    if (answer.status, answer.headers["Content-Type"]) != (200, "application/x-ndjson"):
        yield f"{answer.status} {answer.headers['Content-Type']}"
        return
    fleet = _fleet_of(lines[0][1])
    if fleet is not None:
        del lines[0]
    lines_answered = [
        json.loads(line) | {"exactly": json.loads(line, parse_float=str)} for line in answer.body.splitlines()
    ]
    if [line["line"] for line in lines_answered] != [number for number, _ in lines]:
        yield f"lines {[line['line'] for line in lines_answered]}, not {[number for number, _ in lines]}"
        return
    for (number, content), line in zip(lines, lines_answered, strict=True):
        alone = attempt._replace(target=attempt.target.replace(BATCH, PATHS[0]), body=content)
        yield from (f"line {number}: {fault}" for fault in _faults_of_line(alone, line, fleet))


def _fleet_of(line: bytes) -> Any:
    try:
        members, _ = _read(line)
    except (ValueError, RecursionError):
        return None
    is_fleet = isinstance(members, dict) and "powerplants" in members and not members.keys() & {"load", "fuels"}
    return members["powerplants"] if is_fleet else None


def _faults_of_line(alone: Attempt, line: dict[str, Any], fleet: Any) -> Iterator[str]:
    """What is wrong with the answer to a line, judged as the answer to a payload that came alone."""
    due = expected_of(alone)
    if fleet is not None and isinstance(due.payload, dict) and due.payload.get("powerplants") is None:
        payload = due.payload | {"powerplants": fleet}
        due = _expected_for(payload, due.co2, feasible=due.feasible, certain="malformed-json" not in due.kinds)
    headers = http.client.HTTPMessage()
    headers["X-Request-ID"], headers["Retry-After"] = "1", "1"
    if "problem" in line:
        members = line["problem"] | {"request_id": "1", "instance": alone.path}
        headers["Content-Type"] = "application/problem+json"
        answer = Answer(members["status"], headers, json.dumps(members).encode(), 0.0)
        yield from _faults_of_problem(alone, answer, due)
        return
    headers["Content-Type"], headers["Plan-Cost"] = "application/json", line["exactly"]["cost"]
    headers["Plan-Status"] = "feasible" if "gap" in line else "optimal"
    headers["Plan-Gap"] = str(line.get("gap"))
    if PLAN not in due.kinds:
        yield f"a plan, where {' or '.join(sorted(due.kinds))} is expected"
    else:
        yield from _faults_of_plan(due, Answer(200, headers, json.dumps(line["plan"]).encode(), 0.0))


def _problem_of(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body)["type"]).removeprefix("/problems/")
    except (ValueError, KeyError, TypeError):
        return f"not a problem: {answer.body[:200]!r}"


def _faults_of_problem(attempt: Attempt, answer: Answer, due: Expected) -> Iterator[str]:
    kind = _problem_of(answer)
    if PROBLEMS.get(kind) != answer.status or kind not in due.kinds:
        yield f"{answer.status} {kind}"
        return
    members = json.loads(answer.body)
    if answer.headers["Content-Type"] != "application/problem+json":
        yield f"Content-Type {answer.headers['Content-Type']}"
    if members["status"] != answer.status or not members["title"] or not members["detail"]:
        yield f"members {members}"
    if members.get("request_id") != answer.headers["X-Request-ID"]:
        yield f"request_id {members.get('request_id')}, X-Request-ID {answer.headers['X-Request-ID']}"
    if attempt.path in PATHS and members["instance"] != attempt.path:
        yield f"instance {members['instance']}"
    if kind == "invalid-payload":
        yield from _faults_of_pointers(members["errors"], due.payload)
    elif kind == "infeasible-load":
        yield from _faults_of_infeasibility(members, due)
    elif answer.status == 503 and (not answer.headers["Retry-After"].isdecimal() or (members.get("gap") or 0) < 0):
        yield f"Retry-After {answer.headers['Retry-After']}, {members}"


def _faults_of_pointers(errors: list[dict[str, str]], payload: Any) -> Iterator[str]:
    if not errors or len({(error["pointer"], error["detail"]) for error in errors}) < len(errors):
        yield f"errors {errors}"
    for error in errors:
        *parents, last = [None, *error["pointer"].removeprefix("#").split("/")[1:]]
        value = payload
        for token in [*parents[1:], last] if parents else []:
            holder = value
            key = unquote(token or "").replace("~1", "/").replace("~0", "~")
            if isinstance(holder, list) and key.isdecimal() and int(key) < len(holder):
                value = holder[int(key)]
            elif isinstance(holder, dict) and (key in holder or token is last):
                value = holder.get(key)
            else:
                yield f"pointer {error['pointer']} leads nowhere"
                break


def _faults_of_infeasibility(members: dict[str, Any], due: Expected) -> Iterator[str]:
    load, below, above = due.payload["load"], members["nearest_below"], members["nearest_above"]
    if not below < load or not (above is None or load < above):
        yield f"nearest {below} and {above} of {load}"
    if _is_small(due.payload):
        expected = expected_answer(due.payload, due.co2)
        answered = {key: members.get(key) for key in expected}
        if answered != expected:
            yield f"{answered}, where {expected} is right"


def _faults_of_plan(due: Expected, answer: Answer) -> Iterator[str]:
    outputs = json.loads(answer.body)
    units = expected_units(due.payload, due.co2)
    proven = answer.headers["Plan-Status"] == "optimal"
    if answer.headers["Content-Type"] != "application/json" or not (proven or _has_its_gap(answer, due)):
        yield f"headers {answer.headers.items()}"
    if [output["name"] for output in outputs] != [units[i].name for i in merit_order(units)]:
        yield "the plants are not those of the payload in merit order"
        return
    tenths = {output["name"]: exact(output["p"]) * 10 for output in outputs}
    yield from (f"{name} makes {tenth} tenths" for name, tenth in tenths.items() if tenth.denominator != 1)
    dispatch = [int(tenths[unit.name]) for unit in units]
    yield from broken_rules(units, int(load_in_tenths(due.payload)), dispatch)
    if answer.headers["Plan-Cost"] != euros(dispatch_cost(units, dispatch)):
        yield f"the cost is {euros(dispatch_cost(units, dispatch))}, not {answer.headers['Plan-Cost']}"
    if proven and _is_small(due.payload):
        expected = expected_answer(due.payload, due.co2)
        if answer.headers["Plan-Cost"] != expected.get("cost") or outputs != expected.get("plan", outputs):
            yield f"{outputs} for {answer.headers['Plan-Cost']}, where {expected} is right"


def _has_its_gap(answer: Answer, due: Expected) -> bool:
    return due.feasible and answer.headers["Plan-Status"] == "feasible" and float(answer.headers["Plan-Gap"]) > 0


def _is_small(payload: Any) -> bool:
    plants = payload["powerplants"]
    return len(plants) <= SMALL_FLEET and sum(plant["pmax"] for plant in plants) * 10 <= SMALL_LOAD


def kind_of(answer: Answer) -> str:
    """What kind of answer it is: a plan, another success, or the type of its problem."""
    if answer.status < 400:
        return PLAN if "Plan-Cost" in answer.headers else str(answer.status)
    return _problem_of(answer)[:KIND_LENGTH] if answer.body else f"{answer.status} without a body"
