"""``POST /productionplan/batch`` on live servers: order, limits, time, and clients of all kinds."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from batches import FLEET, hour, hours, ndjson, parsed, payload
from conftest import BootServer
from flask.testing import FlaskClient
from live_server import FLASK_RUN, GUNICORN, LiveServer, fetch
from payloads import hard_payload
from pydantic_core import from_json
from responses import problem
from werkzeug.exceptions import RequestEntityTooLarge

from powerplant.api.batch import check_lines, in_list
from powerplant.batch import documents
from powerplant.errors import TooBusy
from powerplant.workers import LARGE, Workers

AS_FLEET = {"powerplants": FLEET}
SERVERS = pytest.mark.parametrize("command", [FLASK_RUN, GUNICORN], ids=["flask run", "gunicorn"])

LIMITS = {"POWERPLANT_MAX_LINES": "3", "POWERPLANT_MAX_BATCH_BODY": "9000", "POWERPLANT_MAX_BODY": "2000"}


def post(url: str, body: bytes, query: str = "", **arguments: Any) -> requests.Response:
    return fetch("POST", f"{url}/productionplan/batch{query}", data=body, **arguments)


def answers(response: requests.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/x-ndjson"
    return parsed(response.content)


def kinds(response: requests.Response) -> list[str]:
    """The answer to each line: a plan, or the type of its problem."""
    return [
        answer["problem"]["type"].rpartition("/")[2] if "problem" in answer else "plan" for answer in answers(response)
    ]


def last_event(server: LiveServer, event: str, within: float = 10) -> dict[str, Any]:
    """The last line of the log with this event."""
    end = time.monotonic() + within
    while True:
        lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
        found: list[dict[str, Any]] = [line for line in lines if line["event"] == event]
        if found or time.monotonic() > end:
            return found[-1]
        time.sleep(0.05)


@contextmanager
def connection(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as sock:
        yield sock


def head(body: bytes) -> bytes:
    return b"POST /productionplan/batch HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % len(body)


# --- Answers ---------------------------------------------------------------------------------------------------------


@SERVERS
def test_each_line_is_answered_as_the_service_answers_it_alone(
    boot_server: BootServer, command: tuple[str, ...]
) -> None:
    url = boot_server({}, command).url
    contents = [payload(480), payload(5000), payload(480, wind=101), b'{"load": 480,', payload(300.5), b"[]"]
    given = answers(post(url, ndjson(contents)))
    assert [answer["line"] for answer in given] == [1, 2, 3, 4, 5, 6]
    for content, answer in zip(contents, given, strict=True):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        alone = fetch("POST", f"{url}/productionplan", data=body)
        if alone.status_code == 200:
            assert answer["plan"] == alone.json()
            assert f"{answer['cost']:.2f}" == alone.headers["Plan-Cost"]
        else:
            expected = {name: alone.json()[name] for name in answer["problem"]}
            if expected["type"] == "/problems/malformed-json":
                expected["detail"] = answer["problem"]["detail"]  # which speaks of a line, not of a body
            assert answer["problem"] == expected


def test_a_year_of_hours_shares_its_fleet(gunicorn_url: str) -> None:
    contents = list(hours(8760))
    given = answers(post(gunicorn_url, ndjson([AS_FLEET, *contents])))
    assert [answer["line"] for answer in given] == list(range(2, 8762))
    for content, answer in zip(contents, given, strict=True):
        made = round(sum(plant["p"] for plant in answer.get("plan", [])), 1)
        assert made == (content["load"] if content["load"] < 900 else 0)
        assert ("problem" in answer) == (content["load"] > 900)


def test_blank_lines_count_and_are_not_answered(gunicorn_url: str) -> None:
    response = post(gunicorn_url, b"\n" + ndjson([payload(480), b"", payload(480)]) + b"  \r\n")
    assert [answer["line"] for answer in answers(response)] == [2, 4]


def test_a_fleet_alone_has_no_answer(gunicorn_url: str) -> None:
    response = post(gunicorn_url, ndjson([AS_FLEET]))
    assert (response.status_code, response.content) == (200, b"")


def test_parameters_hold_for_each_line(gunicorn_url: str) -> None:
    body = ndjson([payload(480), payload(300)])
    dear, cheap = answers(post(gunicorn_url, body)), answers(post(gunicorn_url, body, "?co2=false"))
    assert all(one["cost"] > other["cost"] for one, other in zip(dear, cheap, strict=True))
    problem(post(gunicorn_url, body, "?co2=maybe"), 422, "invalid-query")


def test_a_problem_of_the_whole_batch_is_a_problem_document(gunicorn_url: str) -> None:
    path = "/productionplan/batch"
    for body in (b"", b" \n\r\n"):
        assert "lines of JSON" in problem(post(gunicorn_url, body), 400, "malformed-json")["detail"]
    assert fetch("GET", gunicorn_url + path).status_code == 405


# --- JSON that spans lines -------------------------------------------------------------------------------------------

THREE = [payload(480), payload(5000), payload(350)]
HOURS = AS_FLEET | {"hours": [hour(480), hour(5000), hour(350)]}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(THREE),
        json.dumps(THREE, indent=2),
        "\n".join(json.dumps(each, indent=1) for each in THREE),
        "".join(map(json.dumps, THREE)),
        ",\n".join(map(json.dumps, THREE)),
        "\ufeff\r\n" + json.dumps([THREE[0], hour(5000) | AS_FLEET, THREE[2]], indent="\t"),
        json.dumps(HOURS),
        json.dumps(dict(reversed(HOURS.items())), indent=2),
    ],
    ids=[
        "list",
        "printed list",
        "printed payloads",
        "without line ends",
        "without brackets",
        "tabs",
        "hours",
        "printed hours",
    ],
)
def test_json_that_spans_lines_is_answered_as_its_payloads_in_lines(gunicorn_url: str, body: str) -> None:
    assert answers(post(gunicorn_url, body.encode())) == answers(post(gunicorn_url, ndjson(THREE)))


@pytest.mark.parametrize("body", [THREE, HOURS], ids=["list", "hours"])
@pytest.mark.parametrize(
    ("accept", "is_list"),
    [
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/x-ndjson, application/json;q=0.9", False),
        ("*/*", False),
    ],
)
def test_a_list_or_hours_are_answered_with_a_list_if_the_client_asks_for_one(
    gunicorn_url: str, body: Any, accept: str, is_list: bool
) -> None:
    response = post(gunicorn_url, json.dumps(body).encode(), headers={"Accept": accept})
    assert response.headers["Content-Type"] == ("application/json" if is_list else "application/x-ndjson")
    assert (response.json() if is_list else parsed(response.content)) == answers(post(gunicorn_url, ndjson(THREE)))


def test_lines_are_answered_with_lines_whatever_the_client_asks_for(gunicorn_url: str) -> None:
    for body in (ndjson(THREE), b"".join(json.dumps(each, indent=1).encode() for each in THREE)):
        assert len(answers(post(gunicorn_url, body, headers={"Accept": "application/json"}))) == 3


@pytest.mark.parametrize("body", [[], AS_FLEET | {"hours": []}, [AS_FLEET]], ids=["list", "hours", "fleet"])
def test_a_batch_without_payloads_is_answered_with_an_empty_list(gunicorn_url: str, body: Any) -> None:
    response = post(gunicorn_url, json.dumps(body).encode(), headers={"Accept": "application/json"})
    assert response.json() == []


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_pieces_of_lines_become_a_list_wherever_they_are_cut(size: int) -> None:
    lines = b'{"line":1}\n{"line":2}\n{"line":3}\n'
    pieces = (lines[start : start + size] for start in range(0, len(lines), size))
    listed = [*in_list(pieces)]
    assert json.loads(b"".join(listed)) == parsed(lines)
    assert all(listed)  # an empty piece would end the answer


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[1, {]", "The body is not a batch. In line 1, the JSON is not valid: a key in double quotes is expected"),
        (b'{"powerplants": [],\n"hours": [', "In line 2, the JSON is not valid: it ends too early at column 11."),
        (json.dumps(HOURS).encode() + b"\n{}", "more text follows after the object with hours, which must be alone."),
        (b"\x89PNG\r\n\x1a\n", "this is not JSON, but a picture. It must be lines of JSON"),
        (b"PK\x03\x04\n", "this is not JSON, but a spreadsheet or a zip archive. It must be"),
        (
            b"hour;load\n1;480\n",
            "The body is a table without power plants. It must be a line with the power plants as JSON",
        ),
        (b"power plants", "The body is not JSON. It must be lines of JSON with a payload each, a JSON list"),
        (json.dumps(THREE).encode("utf-16"), "Send it in UTF-8."),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n{}', "Send the file itself as the body"),
    ],
)
def test_a_body_that_is_no_batch_is_one_problem(gunicorn_url: str, body: bytes, message: str) -> None:
    assert message in problem(post(gunicorn_url, body), 400, "malformed-json")["detail"]


# --- Tables ----------------------------------------------------------------------------------------------------------

HEADER = b"hour;load;gas(euro/MWh);kerosine(euro/MWh);co2(euro/ton);wind(%)\n"
TABLE = (
    json.dumps(AS_FLEET).encode() + b"\n" + HEADER + b"a;480,5;13,4;50,8;20;60\nb;5000;13,4;50,8;20;60\nc;x;1;1;1;1\n"
)
CSV = {"Accept": "text/csv"}
AS_CSV = {"Content-Type": "text/csv"}


@pytest.mark.parametrize("second", [b'load";\rwind', b"a" * 200_000], ids=["line-end", "long"])
def test_a_second_line_that_is_neither_json_nor_a_heading_is_a_problem_of_its_line(
    server_url: str, second: bytes
) -> None:
    body = ndjson([{"powerplants": FLEET}, second, hour(480)])
    response = requests.post(f"{server_url}/productionplan/batch", data=body, timeout=30)
    assert response.status_code == 200
    first, last = parsed(response.content)
    assert (first["line"], first["problem"]["status"]) == (2, 400)
    assert last["line"] == 3


@pytest.mark.parametrize("headers", [{}, AS_CSV, {"Content-Type": "text/csv; charset=utf-8"}], ids=str)
def test_a_table_after_its_fleet_is_a_batch(gunicorn_url: str, headers: dict[str, str]) -> None:
    url = gunicorn_url
    given = answers(post(url, TABLE, headers=headers))
    (expected,) = answers(post(url, json.dumps(payload(480.5)).encode()))
    assert [answer["line"] for answer in given] == [3, 4, 5]
    assert given[0] == expected | {"line": 3}
    assert given[1]["problem"]["reason"] == "above_capacity"
    assert given[2]["problem"]["errors"] == [{"pointer": "#/load", "detail": 'load is "x", and must be a number'}]
    as_list = post(url, TABLE, headers={**headers, "Accept": "application/json"})
    assert as_list.json() == given
    table = post(url, TABLE, headers={**headers, **CSV})
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, *rows = table.text.splitlines()
    assert head.startswith("hour;load;status;reason;cost;price_up;co2_emitted;p[gas1];")
    assert rows[0] == "a;480,5;optimal;;12216,02;31,283018868;117,15;390,5;0,0;0,0;90,0"
    assert [row.split(";")[:3] for row in rows[1:]] == [
        ["b", "5000,0", "infeasible-load"],
        ["c", "", "invalid-payload"],
    ]


@pytest.mark.parametrize("body", [ndjson([AS_FLEET, *hours(600)]), json.dumps([AS_FLEET, *hours(600)]).encode()])
def test_any_batch_can_be_answered_with_a_table(gunicorn_url: str, body: bytes) -> None:
    lines = answers(post(gunicorn_url, body))
    head, *rows = post(gunicorn_url, body, headers=CSV).text.splitlines()
    assert head.startswith("line,load,status,")
    assert [row.split(",")[0] for row in rows] == [f"{line['line']}" for line in lines]
    assert [row.split(",")[2] == "optimal" for row in rows] == ["plan" in line for line in lines]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json, text/csv", "text/csv;q=0.5, application/x-ndjson", "text/html"]
)
def test_a_table_is_only_for_clients_that_like_it_best(gunicorn_url: str, accept: str) -> None:
    body, one = ndjson([payload(480)]), json.dumps(payload(480)).encode()
    type_ = post(gunicorn_url, body, headers={"Accept": accept}).headers["Content-Type"]
    assert type_ == ("text/csv; charset=utf-8" if accept.startswith("application/json,") else "application/x-ndjson")
    plan = fetch("POST", f"{gunicorn_url}/productionplan", data=one, headers={"Accept": accept})
    is_csv = accept.startswith("text/csv")
    assert plan.headers["Content-Type"] == ("text/csv; charset=utf-8" if is_csv else "application/json")


@pytest.mark.parametrize("more", [0, 2 * LARGE])
def test_a_plan_can_be_a_table(gunicorn_url: str, more: int) -> None:
    """Also that of a large body, which is planned in a process."""
    content = payload(480) | {"note": "x" * more}
    plain, table = (
        fetch("POST", f"{gunicorn_url}/productionplan", data=json.dumps(content).encode(), headers=headers)
        for headers in ({}, CSV)
    )
    head, *rows = table.text.splitlines()
    assert head == "name,type,p,pmin,pmax,marginal_cost,cost,co2_emitted,state"
    assert [(row.split(",")[0], float(row.split(",")[2])) for row in rows] == [
        (plant["name"], plant["p"]) for plant in plain.json()
    ]
    assert table.headers["Plan-Cost"] == plain.headers["Plan-Cost"]
    broken = fetch("POST", f"{gunicorn_url}/productionplan", data=b"{", headers=CSV)
    problem(broken, 400, "malformed-json")


@pytest.mark.parametrize(
    ("body", "status", "type_", "message"),
    [
        (b"", 400, "malformed-json", "The body is empty."),
        (HEADER, 400, "malformed-json", "The body is a table without power plants. It must be a line with the power"),
        (
            HEADER + b"a;1\n",
            400,
            "malformed-json",
            "The first line is not JSON: a value is expected at line 1 column 1",
        ),
        (b"{}\n" + HEADER, 422, "invalid-payload", "must be an object with powerplants"),
        (TABLE.replace(b"load", b"last"), 422, "invalid-payload", "line 2: the column load is missing"),
        (TABLE.replace(b"wind(%)", b"wind"), 422, "invalid-payload", "line 2: the column wind(%) is missing"),
        (TABLE + b"d;1;2;3;4;5;6\n", 422, "invalid-payload", "line 6: the row has 7 cells, the table 6 columns"),
        (TABLE.replace(b"0.53", b"53"), 422, "invalid-payload", "must be at most 1"),
        (TABLE.decode().encode("utf-16"), 400, "malformed-json", "Send it in UTF-8."),
    ],
)
def test_a_faulty_table_is_one_problem(gunicorn_url: str, body: bytes, status: int, type_: str, message: str) -> None:
    members = problem(post(gunicorn_url, body, headers=AS_CSV), status, type_)
    assert message in json.dumps(members.get("errors", members["detail"]))


def test_lines_of_json_that_say_that_they_are_csv_are_lines_of_json(gunicorn_url: str) -> None:
    for body in (ndjson([payload(480)]), ndjson([AS_FLEET, hour(480)]), json.dumps(THREE).encode()):
        assert post(gunicorn_url, body, headers=AS_CSV).content == post(gunicorn_url, body).content


def test_a_table_has_the_limits_of_a_batch(boot_server: BootServer) -> None:
    url = boot_server(LIMITS, GUNICORN).url
    assert len(answers(post(url, TABLE))) == 3
    problem(post(url, TABLE + b"d;480;1;1;1;1\n"), 413, "content-too-large")


def test_a_faulty_fleet_of_hours_is_one_problem_that_lists_every_fault(gunicorn_url: str) -> None:
    fleet = [FLEET[0] | {"pmin": "5"}, FLEET[1] | {"efficiency": 3}]
    body = json.dumps({"powerplants": fleet, "hours": [hour(480)]}).encode()
    faults = problem(post(gunicorn_url, body), 422, "invalid-payload")["errors"]
    assert [fault["pointer"] for fault in faults] == ["#/powerplants/0/pmin", "#/powerplants/1/efficiency"]
    body = json.dumps(AS_FLEET | {"hours": {"1": hour(480)}}).encode()
    (fault,) = problem(post(gunicorn_url, body), 422, "invalid-payload")["errors"]
    assert fault == {"pointer": "#/hours", "detail": "must be a list of hours, each with load and fuels"}


def test_payloads_of_a_list_have_the_limits_of_lines(boot_server: BootServer) -> None:
    url = boot_server(LIMITS).url
    for body in ([payload(480)] * 4, {"powerplants": FLEET, "hours": [hour(480)] * 4}):
        logged = problem(post(url, json.dumps(body).encode()), 413, "content-too-large")
        assert logged["detail"] == "A batch may have at most 3 payloads."
    large = payload(480) | {"name": "x" * 2000}
    assert kinds(post(url, json.dumps([payload(480), large, 7]).encode())) == [
        "plan",
        "content-too-large",
        "invalid-payload",
    ]
    logged = problem(post(url, b"[" + b" " * 9000), 413, "content-too-large")
    assert logged["detail"] == "The body may have at most 9000 bytes."
    assert kinds(post(url, b'{"load": 1\n' + ndjson([payload(480)] * 2)))[1:] == ["plan", "plan"]
    problem(post(url, b'{"load": 1\n' + ndjson([payload(480)] * 3)), 413, "content-too-large")


def test_a_list_is_never_decoded_in_the_thread_of_its_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    decoded: list[int] = []

    def decode(text: bytes) -> object:
        decoded.append(len(text))
        return from_json(text)

    monkeypatch.setattr(documents, "Scan", refuse)
    monkeypatch.setattr(documents, "decode_fleet", refuse)
    monkeypatch.setattr(documents, "from_json", decode)
    fleet = {"powerplants": [FLEET[0] | {"name": f"{number} {'x' * 190}"} for number in range(1000)]}
    for body in (json.dumps([fleet, *[hour(480)] * 3]), json.dumps(fleet | {"hours": [hour(480)] * 3}) + "\n"):
        assert len(body) > LARGE
        with client.post("/productionplan/batch", data=body) as response:
            assert len(parsed(response.data)) == 3
    with client.post("/productionplan/batch", data=json.dumps(fleet) + "\n" + json.dumps(hour(480))) as response:
        assert len(parsed(response.data)) == 1
    assert decoded
    assert max(decoded) <= LARGE


def test_a_body_whose_process_dies_is_busy_and_frees_its_place(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Workers, "call", lambda *_, **__: _raise(TooBusy("The server could not read this body in time."))
    )
    for _ in range(3):  # one more than there are places
        with client.post("/productionplan/batch", data=b"[]") as response:
            assert (response.status_code, json.loads(response.data)["type"]) == (503, "/problems/busy")
            assert "in time" in json.loads(response.data)["detail"]


def _raise(error: Exception) -> None:
    raise error


# --- Limits ----------------------------------------------------------------------------------------------------------


@SERVERS
def test_lines_and_bytes_are_limited(boot_server: BootServer, command: tuple[str, ...]) -> None:
    url = boot_server(LIMITS, command).url
    assert kinds(post(url, b"\n\n" + ndjson([payload(480)] * 3) + b"\n\n")) == ["plan"] * 3
    logged = problem(post(url, ndjson([payload(480)] * 4)), 413, "content-too-large")
    assert logged["detail"] == "A batch may have at most 3 lines."
    assert kinds(post(url, ndjson([payload(480), b" " * 2001 + b"1"]))) == ["plan", "content-too-large"]
    big = b"{" + b" " * 1998 + b"}" + b"\n" * 7000
    assert kinds(post(url, big)) == ["invalid-payload"]
    logged = problem(post(url, big + b"1"), 413, "content-too-large")
    assert logged["detail"] == "The body may have at most 9000 bytes."
    logged = problem(fetch("POST", f"{url}/productionplan", data=b" " * 2001), 413, "content-too-large")
    assert logged["detail"] == "The body may have at most 2000 bytes."


def test_plants_of_a_line_are_limited_as_those_of_a_payload(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_MAX_PLANTS": "3"}).url
    given = answers(post(url, ndjson([payload(480), payload(480) | {"powerplants": FLEET[:3]}])))
    assert given[0]["problem"]["errors"][0]["detail"] == "must have at most 3 power plants"
    assert "plan" in given[1]


def test_a_client_that_sends_everything_before_it_reads_is_answered(gunicorn_url: str) -> None:
    """10 000 lines and all the bytes that may be: more than any buffer between the two holds."""
    lines = [json.dumps(AS_FLEET).encode(), *[json.dumps(hour(200 + i % 500)).encode() for i in range(9999)]]
    room = 16 * 1024 * 1024 - sum(map(len, lines)) - len(lines)
    lines[1] += b" " * (room // 2 - 2_000_000)
    lines[2:5] = [line + b" " * ((room - room // 2 + 2_000_000) // 3) for line in lines[2:5]]
    lines[5] += b" " * (16 * 1024 * 1024 - sum(map(len, lines)) - len(lines))
    body = b"\n".join(lines) + b"\n"
    assert len(body) == 16 * 1024 * 1024
    response = post(gunicorn_url, body)
    assert response.content.count(b"\n") == 9999
    assert response.content.count(b'"plan"') >= 9995


# --- Time ------------------------------------------------------------------------------------------------------------


def test_a_long_answer_leaves_in_pieces_that_a_slow_client_can_take_in_time(client: FlaskClient) -> None:
    fleet = [FLEET[0] | {"name": f"power plant {number}"} for number in range(1000)]
    body = ndjson([{"powerplants": fleet}, *hours(20)])
    response = client.post("/productionplan/batch", data=body, buffered=False)
    pieces = list(response.iter_encoded())
    assert max(len(piece) for piece in pieces) <= 128 * 1024
    assert len(parsed(b"".join(pieces))) == 20


def test_blank_lines_do_not_count_as_lines() -> None:
    body = b"{}\n" * 10 + b"\n" * 100_000
    check_lines(body, 10)
    with pytest.raises(RequestEntityTooLarge):
        check_lines(body + b"{}", 10)


def test_a_hard_line_holds_up_no_other_request(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_TIME_LIMIT": "1"}, GUNICORN).url
    body = ndjson([payload(480), hard_payload(), payload(480), hard_payload(13.5), payload(480)])
    given: list[requests.Response] = []
    thread = threading.Thread(target=lambda: given.append(post(url, body)))
    thread.start()
    slowest = 0.0
    while thread.is_alive():
        response = fetch("POST", f"{url}/productionplan", json=payload(480))
        assert response.status_code == 200
        slowest = max(slowest, response.elapsed.total_seconds())
    assert slowest < 1
    assert kinds(given[0]) == ["plan", "gave-up", "plan", "gave-up", "plan"]


def test_after_the_time_limit_of_a_batch_its_last_lines_are_given_up(boot_server: BootServer) -> None:
    server = boot_server({"POWERPLANT_TIME_LIMIT": "1", "POWERPLANT_BATCH_TIME_LIMIT": "1.5"}, GUNICORN)
    start = time.monotonic()
    response = post(server.url, ndjson([payload(480), *[hard_payload(13 + i / 10) for i in range(20)], payload(481)]))
    assert time.monotonic() - start < 8
    assert len(kinds(response)) == 22
    assert kinds(response)[0] == "plan"
    assert set(kinds(response)[1:21]) == {"gave-up"}


def test_accept_feasible_returns_plans_that_are_not_proven(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_TIME_LIMIT": "1.5"}, GUNICORN).url
    (answer,) = answers(post(url, ndjson([hard_payload()]), "?accept=feasible"))
    assert answer["gap"] > 0


def test_a_batch_too_many_is_refused_as_busy(boot_server: BootServer) -> None:
    settings = {"POWERPLANT_TIME_LIMIT": "1", "POWERPLANT_BATCHES": "1"}
    url = boot_server(settings, FLASK_RUN).url
    with connection(url) as sock:
        body = ndjson([hard_payload(13 + i / 100) for i in range(100)])  # far more seconds than the test takes
        sock.sendall(head(body) + body)
        assert sock.recv(10) == b"HTTP/1.1 2"
        response = post(url, ndjson([payload(480)]))
        problem(response, 503, "busy")
        assert response.headers["Retry-After"].isdecimal()
    # The client has left. The server stops its batch, and has room for the next.
    until = time.monotonic() + 30
    while (response := post(url, ndjson([payload(480)]))).status_code == 503 and time.monotonic() < until:
        time.sleep(0.2)
    assert kinds(response) == ["plan"]


# --- Clients that leave ----------------------------------------------------------------------------------------------


def test_a_client_that_goes_away_stops_the_work(boot_server: BootServer) -> None:
    settings = {"POWERPLANT_TIME_LIMIT": "0.3", "POWERPLANT_BATCHES": "1", "POWERPLANT_WORKERS": "1"}
    server = boot_server(settings, GUNICORN)
    body = ndjson([hard_payload(13 + i / 100) for i in range(150)])
    with connection(server.url) as sock:
        sock.sendall(head(body) + body)
        assert sock.recv(10) == b"HTTP/1.1 2"
    logged = last_event(server, "batch-broken-off")
    assert logged["lines"] < 150
    assert kinds(post(server.url, ndjson([payload(480)]))) == ["plan"]


def test_a_client_that_stops_reading_holds_nothing_for_long(boot_server: BootServer) -> None:
    server = boot_server({"POWERPLANT_WORKERS": "1", "POWERPLANT_BATCHES": "1"}, GUNICORN)
    fleet = {"powerplants": [FLEET[0] | {"name": f"{i:03}" + "x" * 190} for i in range(200)]}
    body = ndjson([fleet, *[hour(480)] * 2000])
    with connection(server.url) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.sendall(head(body) + body)
        logged = last_event(server, "batch-broken-off", within=20)
    assert logged["lines"] < 2000
    assert kinds(post(server.url, ndjson([payload(480)]))) == ["plan"]


# --- The log ----------------------------------------------------------------------------------------------


def test_a_batch_is_one_line_of_the_log(boot_server: BootServer) -> None:
    server = boot_server({"POWERPLANT_LOG": "json"}, GUNICORN)
    body = ndjson([payload(480), payload(5000), b"x"])
    assert len(answers(post(server.url, body, headers={"X-Request-ID": "the-batch"}))) == 3
    logged = last_event(server, "batch")
    expected = {"lines": 3, "plans": 1, "infeasible": 1, "gave_up": 0, "faulty": 1, "bugs": 0, "status": 200}
    assert {name: logged[name] for name in expected} == expected
    assert (logged["request_id"], logged["path"]) == ("the-batch", "/productionplan/batch")
    assert "gas1" not in server.log


def test_lines_are_counted_for_prometheus(boot_server: BootServer) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics brings it")
    url = boot_server({"POWERPLANT_MAX_PLANTS": "17"}, GUNICORN).url
    answers(post(url, ndjson([payload(480), payload(5000), payload(480), b"x"])))
    logged = fetch("GET", f"{url}/metrics").text
    for outcome, count in {"plans": 2, "infeasible": 1, "faulty": 1, "gave_up": 0}.items():
        assert f'powerplant_batch_lines_total{{outcome="{outcome}"}} {count}.0' in logged
    route = 'method="POST",route="/productionplan/batch",status="200"'
    assert f"powerplant_request_seconds_count{{{route}}} 1.0" in logged
