"""The contract, over real HTTP: what clients of the challenge can send, and the answers.

These are black-box tests: nothing here comes from the package. With POWERPLANT_URL set, the same tests run against a
running server; those that need a server with other settings are then skipped.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from time import sleep
from typing import Any

import pytest
import requests
from case_files import Case, load_cases
from conftest import URL_OF_A_RUNNING_SERVER, BootServer
from connection import Connection
from live_server import ANSWER_DEADLINE, FLASK_RUN, GUNICORN, fetch, soon
from oracles import broken_rules, dispatch_cost, euros, exact, expected_units, merit_order
from payloads import EXAMPLES, example, hard_payload
from responses import plan, problem

PAYLOAD_3 = example(3)
CHALLENGES_OWN_ANSWER = json.loads((EXAMPLES / "response3.json").read_text(encoding="utf-8"))
COST_WITH_CO2, COST_WITHOUT_CO2 = "24976.36", "20185.96"
PROBLEM_TYPES = (
    "malformed-json",
    "invalid-payload",
    "invalid-query",
    "infeasible-load",
    "gave-up",
    "busy",
    "not-found",
    "method-not-allowed",
    "content-too-large",
    "bad-request",
    "request-timeout",
    "uri-too-long",
    "expectation-failed",
    "headers-too-large",
    "internal-error",
)
SMALL_BODY = 2000


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    """A client that keeps its connections and does not follow redirects."""
    with requests.Session() as session:
        session.max_redirects = 0
        session.trust_env = False
        yield session


@pytest.fixture
def post(session: requests.Session, server_url: str) -> Callable[..., requests.Response]:
    """Posts a body to /productionplan."""

    def post(body: Any, query: str = "", headers: dict[str, str] | None = None) -> requests.Response:
        data = body if isinstance(body, bytes | Iterator) else json.dumps(body).encode()
        url = f"{server_url}/productionplan{'?' + query if query else ''}"
        return session.post(url, data=data, headers=headers, timeout=ANSWER_DEADLINE)

    return post


Post = Callable[..., requests.Response]


# --- The case files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [pytest.param(case, id=case_id) for case_id, case in load_cases()])
def test_case(case: Case, post: Post) -> None:
    response = post(case.body.encode(), case.query)
    expected = case.expected
    if expected["status"] == 200:
        check_plan(case, response)
        return
    members = problem(response, expected["status"], expected["type"].removeprefix("/problems/"))
    if "pointers" in expected:
        assert sorted(error["pointer"] for error in members["errors"]) == expected["pointers"]
        assert all(error["detail"] for error in members["errors"])
    for member in ("reason", "nearest_below", "nearest_above"):
        if member in expected:
            assert members[member] == expected[member]


def check_plan(case: Case, response: requests.Response) -> None:
    """Check the plan of a case: its cost, all rules of a plan, and the plan itself if the case names one."""
    outputs = plan(response)
    assert response.headers["Plan-Cost"] == case.expected["cost"]
    if "plan" in case.expected:
        assert outputs == case.expected["plan"]
    payload = json.loads(case.body)
    units = expected_units(payload, co2=case.query != "co2=false")
    assert [output["name"] for output in outputs] == [units[i].name for i in merit_order(units)]
    tenths = {output["name"]: exact(output["p"]) * 10 for output in outputs}
    assert all(output.denominator == 1 for output in tenths.values())
    dispatch = [int(tenths[unit.name]) for unit in units]
    assert broken_rules(units, int(exact(payload["load"]) * 10), dispatch) == []
    assert euros(dispatch_cost(units, dispatch)) == case.expected["cost"]


# --- Requests --------------------------------------------------------------------------------------------------------


def test_payload_3_gets_the_challenges_own_answer_in_its_order(post: Post) -> None:
    response = post(PAYLOAD_3)
    assert plan(response) == CHALLENGES_OWN_ANSWER
    assert response.headers["Plan-Cost"] == COST_WITH_CO2


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/octet-stream",
        "not a content type",
        "",
        None,
    ],
)
def test_the_content_type_does_not_matter(post: Post, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert plan(post(PAYLOAD_3, headers=headers)) == CHALLENGES_OWN_ANSWER


def test_the_accept_header_does_not_matter(post: Post) -> None:
    assert plan(post(PAYLOAD_3, headers={"Accept": "text/html"})) == CHALLENGES_OWN_ANSWER


@pytest.mark.parametrize("path", ["/productionplan", "/productionplan/"])
def test_a_trailing_slash_makes_no_difference_and_no_redirect(
    session: requests.Session, server_url: str, path: str
) -> None:
    response = session.post(f"{server_url}{path}", json=PAYLOAD_3, allow_redirects=False, timeout=ANSWER_DEADLINE)
    assert plan(response) == CHALLENGES_OWN_ANSWER


def test_a_body_can_come_in_chunks(post: Post) -> None:
    body = json.dumps(PAYLOAD_3).encode()
    assert plan(post(iter([body[:100], body[100:101], body[101:]]))) == CHALLENGES_OWN_ANSWER


def test_a_byte_order_mark_is_ignored(post: Post) -> None:
    assert plan(post(codecs.BOM_UTF8 + json.dumps(PAYLOAD_3).encode())) == CHALLENGES_OWN_ANSWER


NOT_JSON = {
    "empty": b"",
    "a byte order mark alone": codecs.BOM_UTF8,
    "zero bytes": b"\x00" * 16,
    "Latin-1": '{"load": 0, "name": "Zürich"}'.encode("latin-1"),
    "UTF-16": json.dumps(PAYLOAD_3).encode("utf-16"),
    "UTF-16 without a mark": json.dumps(PAYLOAD_3).encode("utf-16-le"),
    "UTF-32": json.dumps(PAYLOAD_3).encode("utf-32"),
    "half a surrogate pair in UTF-8": b'{"name": "\xed\xa0\x80"}',
    "half a surrogate pair, escaped": rb'{"name": "\ud800"}',
    "an overlong slash": b'{"name": "\xc0\xaf"}',
    "a control character in a string": b'{"name": "a\nb"}',
    "lists without end": b"[" * 200_000,
    "objects without end": b'{"load":' * 200_000,
    "deep lists that do end": b"[" * 50_000 + b"]" * 50_000,
    "two payloads": json.dumps(PAYLOAD_3).encode() * 2,
    "Python": b"{'load': None}",
    "a comment": b'{"load": 1} // a load',
}


@pytest.mark.parametrize("name", NOT_JSON)
def test_a_body_that_is_not_json_is_refused(post: Post, name: str) -> None:
    problem(post(NOT_JSON[name]), 400, "malformed-json")


def test_the_message_names_line_and_column_in_the_json(post: Post) -> None:
    members = problem(post(b'{\n  "load": 480,\n  "fuels": oops\n}'), 400, "malformed-json")
    assert "line 3 column 12" in members["detail"]


@pytest.mark.parametrize(
    ("number", "statuses"),
    [
        # JSON does not limit a number; its parsers do.
        (b"9" * 5000, {400, 422}),
        (b"-" + b"9" * 5000, {400, 422}),
        (b"1e" + b"9" * 5000, {400, 422}),
        # As a double it is 1.
        (b"0." + b"9" * 5000, {200}),
        (b"1" + b"0" * 299 + b"e-299", {200}),
    ],
    ids=["large", "negative", "exponent", "decimals", "both"],
)
def test_very_many_digits_are_not_a_server_error(post: Post, number: bytes, statuses: set[int]) -> None:
    response = post(json.dumps(PAYLOAD_3).encode().replace(b"910", number))
    assert response.status_code in statuses, response.text


def test_the_last_of_two_equal_keys_counts(post: Post) -> None:
    """JSON does not define it; most parsers do the same."""
    twice = json.dumps(PAYLOAD_3).replace('"load": 910', '"load": 1, "load": 910')
    assert plan(post(twice.encode())) == CHALLENGES_OWN_ANSWER


# --- Answers ---------------------------------------------------------------------------------------------------------


def test_outputs_have_one_decimal(post: Post) -> None:
    text = post(PAYLOAD_3).text
    assert re.findall(r'"p": ?([^,}]+)}', text) == ["90.0", "21.6", "460.0", "338.4", "0.0", "0.0"]


def test_the_answer_is_a_json_list(post: Post) -> None:
    response = post(PAYLOAD_3)
    assert isinstance(response.json(), list)
    assert int(response.headers["Content-Length"]) == len(response.content)


def test_the_sum_of_the_outputs_is_the_load_exactly(post: Post) -> None:
    outputs = json.loads(post(PAYLOAD_3 | {"load": 911.7}).text, parse_float=Decimal)
    assert sum(output["p"] for output in outputs) == Decimal("911.7")


def test_names_are_returned_unchanged(post: Post) -> None:
    names = ['"', "\\", "Zürich ⚡ 風力", "\U0001f300", "tab\there", "\u0000", "</script>", "a/b~c", " x ", "null"]
    plants = [{"name": name, "type": "windturbine", "pmax": 10} for name in names]
    outputs = plan(post({"load": 100, "fuels": {"wind(%)": 100}, "powerplants": plants}))
    assert outputs == [{"name": name, "p": 10.0} for name in names]


def test_each_fault_has_a_pointer_and_a_message(post: Post) -> None:
    payload = json.loads(json.dumps(PAYLOAD_3))
    payload["powerplants"][0]["pmin"] = 500
    payload["powerplants"][1]["efficiency"] = "good"
    del payload["fuels"]["gas(euro/MWh)"]
    errors = {e["pointer"]: e["detail"] for e in problem(post(payload), 422, "invalid-payload")["errors"]}
    assert errors == {
        "#/powerplants/0/pmin": "must not be above pmax",
        "#/powerplants/1/efficiency": "must be a number",
        "#/fuels/gas(euro~1MWh)": "is missing, and gasfired power plants need it",
    }


def test_the_message_about_a_load_without_a_plan_names_the_nearest_loads(post: Post) -> None:
    members = problem(post(PAYLOAD_3 | {"load": 10_000}), 422, "infeasible-load")
    assert members["reason"] == "above_capacity"
    assert members["nearest_below"] == 1257.6
    assert members["nearest_above"] is None
    assert "1257.6 MW" in members["detail"]


def test_a_cost_that_rounds_to_zero_has_no_sign(post: Post) -> None:
    gas = {"name": "gas", "type": "gasfired", "efficiency": 1, "pmin": 0, "pmax": 1}
    payload = {"load": 0.1, "fuels": {"gas(euro/MWh)": -0.001, "co2(euro/ton)": 0}, "powerplants": [gas]}
    assert post(payload).headers["Plan-Cost"] == "0.00"


def test_in_production_no_header_names_a_version_of_software(gunicorn_url: str) -> None:
    for path in ("/health", "/nowhere"):
        response = fetch("GET", gunicorn_url + path)
        assert response.raw.headers.getlist("Server") == ["powerplant"]
        assert not any(re.search(r"/\d|Python|gunicorn|Werkzeug", value) for value in response.headers.values())


# --- CO2 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "cost"), [("", COST_WITH_CO2), ("co2=true", COST_WITH_CO2), ("co2=false", COST_WITHOUT_CO2)]
)
def test_co2_counts_unless_the_request_switches_it_off(post: Post, query: str, cost: str) -> None:
    assert post(PAYLOAD_3, query).headers["Plan-Cost"] == cost


@pytest.mark.parametrize("query", ["co2=", "co2", "co2=1", "co2=True", "co2=no", "co2=true&co2=false", "co2=%00"])
def test_co2_must_be_true_or_false(post: Post, query: str) -> None:
    members = problem(post(PAYLOAD_3, query), 422, "invalid-query")
    assert [error["parameter"] for error in members["errors"]] == ["co2"]


def test_other_parameters_are_ignored(post: Post) -> None:
    assert post(PAYLOAD_3, "verbose=1&co2=false&load=3").headers["Plan-Cost"] == COST_WITHOUT_CO2


@pytest.mark.parametrize(
    ("query", "cost"), [("", COST_WITHOUT_CO2), ("co2=true", COST_WITH_CO2), ("co2=false", COST_WITHOUT_CO2)]
)
def test_co2_can_be_switched_off_for_a_server(boot_server: BootServer, query: str, cost: str) -> None:
    server = boot_server({"POWERPLANT_CO2": "false"})
    response = fetch("POST", f"{server.url}/productionplan?{query}", json=PAYLOAD_3)
    assert response.headers["Plan-Cost"] == cost


# --- Other addresses and methods -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/productionplan", "/productionplan/"])
def test_only_post_is_allowed_for_plans(session: requests.Session, server_url: str, method: str, path: str) -> None:
    response = session.request(method, f"{server_url}{path}", json=PAYLOAD_3, timeout=ANSWER_DEADLINE)
    assert "POST" in response.headers["Allow"].split(", ")
    if method == "HEAD":
        assert (response.status_code, response.content) == (405, b"")
    else:
        problem(response, 405, "method-not-allowed")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/productionplans", "/productionplan//", "/ProductionPlan", "/problem", "/%C3%BC/x"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_address_is_not_found(session: requests.Session, server_url: str, path: str, method: str) -> None:
    problem(session.request(method, f"{server_url}{path}", data=b"{}", timeout=ANSWER_DEADLINE), 404, "not-found")


@pytest.mark.parametrize("name", PROBLEM_TYPES)
def test_each_type_of_problem_has_an_explanation(session: requests.Session, server_url: str, name: str) -> None:
    response = session.get(f"{server_url}/problems/{name}", timeout=ANSWER_DEADLINE)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/")
    assert len(response.text.split()) > 8


def test_the_types_of_problems_are_listed(session: requests.Session, server_url: str) -> None:
    response = session.get(f"{server_url}/problems", timeout=ANSWER_DEADLINE)
    assert response.status_code == 200
    assert all(f"/problems/{name} " in response.text for name in PROBLEM_TYPES)


def test_an_unknown_type_of_problem_is_not_found(session: requests.Session, server_url: str) -> None:
    response = session.get(f"{server_url}/problems/none", timeout=ANSWER_DEADLINE)
    assert "/problems" in problem(response, 404, "not-found")["detail"]


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health(session: requests.Session, server_url: str, path: str) -> None:
    response = session.get(f"{server_url}{path}", allow_redirects=False, timeout=ANSWER_DEADLINE)
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert re.fullmatch(r"\d+\.\d+\.\d+", response.json()["version"])


@pytest.mark.parametrize("path", ["/ready", "/ready/"])
def test_ready(session: requests.Session, server_url: str, path: str) -> None:
    response = session.get(f"{server_url}{path}", allow_redirects=False, timeout=ANSWER_DEADLINE)
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


# --- Connections -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["flask run", "gunicorn"])
def edge_url(request: pytest.FixtureRequest) -> str:
    """Each of the two servers that the project starts: connections are handled by them.

    A server at POWERPLANT_URL is tested once.
    """
    if not URL_OF_A_RUNNING_SERVER:
        server: str = request.getfixturevalue("server_url" if request.param == "flask run" else "gunicorn_url")
        return server
    if request.param == "gunicorn":
        pytest.skip("the server at POWERPLANT_URL was tested already")
    return URL_OF_A_RUNNING_SERVER


def test_clients_at_the_same_time_get_their_own_answers(edge_url: str) -> None:
    def ask(load: int) -> tuple[int, Decimal]:
        outputs = fetch("POST", f"{edge_url}/productionplan", json=PAYLOAD_3 | {"load": load})
        return load, sum((output["p"] for output in json.loads(outputs.text, parse_float=Decimal)), Decimal())

    with ThreadPoolExecutor(2) as pool:
        assert all(load == produced for load, produced in pool.map(ask, range(800, 860)))


def test_a_connection_works_after_an_error(edge_url: str) -> None:
    """The rest of a body that was not read is not taken for the next request."""
    body = json.dumps(PAYLOAD_3).encode()
    with Connection(edge_url) as connection:
        for _ in range(2):
            assert connection.ask("POST", "/productionplan", body) == 200
            assert connection.ask("POST", "/productionplan", b"{") == 400
            assert connection.ask("PUT", "/productionplan", body) == 405
            assert connection.ask("POST", "/nowhere", body) == 404
            assert connection.ask("POST", "/productionplan?co2=maybe", body) == 422
            assert connection.ask("GET", "/health", body) == 200


def test_gunicorn_keeps_a_connection_open(gunicorn_url: str) -> None:
    with Connection(gunicorn_url) as connection:
        for _ in range(3):
            assert connection.ask("POST", "/productionplan", json.dumps(PAYLOAD_3).encode()) == 200
        assert connection.opened == 1


def test_after_bodies_that_break_off_the_service_answers_others(edge_url: str) -> None:
    for _ in range(10):
        with Connection(edge_url) as connection:
            connection.send("POST /productionplan HTTP/1.1", "Content-Length: 1000", body=b'{"load": 4')
    response = fetch("POST", f"{edge_url}/productionplan", json=PAYLOAD_3)
    assert plan(response) == CHALLENGES_OWN_ANSWER


@pytest.mark.parametrize("length", ["ten", "-1", "1e3", ""])
def test_an_invalid_content_length_is_a_400(edge_url: str, length: str) -> None:
    with Connection(edge_url) as connection:
        connection.send("POST /productionplan HTTP/1.1", f"Content-Length: {length}", "Connection: close")
        assert connection.next_status() == 400


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nno size\r\n0\r\n\r\n", b"5\r\nlonger than five\r\n0\r\n\r\n", b"-5\r\n{}\r\n"]
)
def test_invalid_chunks_are_a_400(edge_url: str, chunks: bytes) -> None:
    with Connection(edge_url) as connection:
        connection.send("POST /productionplan HTTP/1.1", "Transfer-Encoding: chunked", "Connection: close", body=chunks)
        assert connection.next_status() == 400


# --- Limits ----------------------------------------------------------------------------------------------------------


def padded(length: int) -> bytes:
    """Payload 3 with white space after it, this many bytes long."""
    body = json.dumps(PAYLOAD_3).encode()
    assert len(body) < length
    return body.ljust(length)


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 700):
        yield body[start : start + 700]


@pytest.fixture(scope="module", params=[FLASK_RUN, GUNICORN], ids=["flask run", "gunicorn"])
def small_body_url(request: pytest.FixtureRequest, boot_server: BootServer) -> str:
    """A server that accepts at most SMALL_BODY bytes."""
    return boot_server({"POWERPLANT_MAX_BODY": str(SMALL_BODY)}, request.param).url + "/productionplan"


@pytest.mark.parametrize("send", [bytes, in_chunks])
def test_a_body_of_the_largest_size_is_read(small_body_url: str, send: Callable[[bytes], Any]) -> None:
    assert plan(fetch("POST", small_body_url, data=send(padded(SMALL_BODY)))) == CHALLENGES_OWN_ANSWER


@pytest.mark.parametrize("more", [1, 5000])
@pytest.mark.parametrize("send", [bytes, in_chunks])
def test_a_larger_body_is_refused_although_it_is_valid_up_to_the_limit(
    small_body_url: str, send: Callable[[bytes], Any], more: int
) -> None:
    response = fetch("POST", small_body_url, data=send(padded(SMALL_BODY) + b"x" * more))
    problem(response, 413, "content-too-large")


def test_a_body_above_the_default_limit_is_refused(post: Post) -> None:
    problem(post(b" " * (4 * 1024 * 1024 + 1)), 413, "content-too-large")


def test_more_plants_than_the_limit_are_refused(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_MAX_PLANTS": "5"}).url + "/productionplan"
    members = problem(fetch("POST", url, json=PAYLOAD_3), 422, "invalid-payload")
    assert [error["pointer"] for error in members["errors"]] == ["#/powerplants"]
    fewer = PAYLOAD_3 | {"powerplants": PAYLOAD_3["powerplants"][:5]}
    assert fetch("POST", url, json=fewer).status_code == 200


def test_after_the_time_limit_the_service_gives_up(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_TIME_LIMIT": "0.2"}).url + "/productionplan"
    response = fetch("POST", url, json=hard_payload())
    members = problem(response, 503, "gave-up")
    assert response.headers["Retry-After"].isdecimal()
    assert members["gap"] is None or members["gap"] > 0
    assert response.elapsed.total_seconds() < 2


def test_with_accept_feasible_the_answer_is_the_best_plan_found_and_its_gap(boot_server: BootServer) -> None:
    url = boot_server({"POWERPLANT_TIME_LIMIT": "1.5"}).url + "/productionplan?accept=feasible"
    payload = hard_payload()
    response = fetch("POST", url, json=payload)
    assert (response.status_code, response.headers["Plan-Status"]) == (200, "feasible")
    assert 0 < Decimal(response.headers["Plan-Gap"]) < Decimal(response.headers["Plan-Cost"])
    outputs = json.loads(response.text, parse_float=Decimal)
    assert sum(output["p"] for output in outputs) == Decimal(str(payload["load"]))
    assert {output["p"] for output in outputs} <= {Decimal(0)} | {exact(p["pmax"]) for p in payload["powerplants"]}


def test_with_accept_feasible_a_proven_plan_is_optimal(post: Post) -> None:
    response = post(PAYLOAD_3, "accept=feasible")
    assert plan(response) == CHALLENGES_OWN_ANSWER
    assert "Plan-Gap" not in response.headers


@pytest.mark.parametrize("query", ["accept=", "accept=optimal", "accept=feasible&accept=feasible", "Accept=feasible"])
def test_accept_can_only_be_feasible(post: Post, query: str) -> None:
    members = problem(post(PAYLOAD_3, query), 422, "invalid-query")
    assert [error["parameter"].lower() for error in members["errors"]] == ["accept"]


def test_four_hard_payloads_do_not_delay_other_requests(boot_server: BootServer) -> None:
    """They are answered in time too: with a plan, or with one of the two documented 503s."""
    url = boot_server({"POWERPLANT_TIME_LIMIT": "3"}, GUNICORN).url
    with ThreadPoolExecutor(4) as pool:
        hard = [pool.submit(fetch, "POST", f"{url}/productionplan", json=hard_payload(13 + i)) for i in range(4)]
        sleep(0.5)
        for _ in range(10):
            assert fetch("GET", f"{url}/health", timeout=1).status_code == 200
            assert plan(fetch("POST", f"{url}/productionplan", json=PAYLOAD_3, timeout=1)) == CHALLENGES_OWN_ANSWER
        assert not all(answer.done() for answer in hard), "they were hard"
        for response in (answer.result() for answer in hard):
            assert response.elapsed.total_seconds() < 5
            if response.status_code == 503:
                assert response.json()["type"] in ("/problems/gave-up", "/problems/busy")
                assert response.headers["Retry-After"].isdecimal()
            else:
                assert response.headers["Plan-Status"] == "optimal"


def test_metrics_are_those_of_all_workers_together(boot_server: BootServer) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    url = boot_server({"POWERPLANT_THREADS": "12"}, GUNICORN).url
    for _ in range(40):  # each on a new connection, so that both workers get some
        fetch("POST", f"{url}/productionplan", json=PAYLOAD_3)
    for _ in range(6):
        text = fetch("GET", f"{url}/metrics").text
        assert 'powerplant_solve_seconds_count{proof="merit order"} 40.0' in text
        assert 'powerplant_request_seconds_count{method="POST",route="/productionplan",status="200"} 40.0' in text


# --- Environments ----------------------------------------------------------------------------------------------------

DEBUGGERS_OWN_FILE = "/nowhere?__debugger__=yes&cmd=resource&f=style.css"


def test_flask_env_turns_the_debugger_on(boot_server: BootServer) -> None:
    server = boot_server({"FLASK_ENV": "dev"})
    assert fetch("GET", server.url + DEBUGGERS_OWN_FILE).status_code == 200
    assert "Debug mode: on" in server.log
    response = fetch("POST", f"{server.url}/productionplan", json=PAYLOAD_3)
    assert plan(response) == CHALLENGES_OWN_ANSWER


def test_any_other_flask_env_leaves_the_debugger_off(boot_server: BootServer) -> None:
    server = boot_server({"FLASK_ENV": "prd"})
    assert fetch("GET", server.url + DEBUGGERS_OWN_FILE).status_code == 404
    assert "Debug mode: on" not in server.log


def test_each_plan_is_one_line_of_the_log(boot_server: BootServer) -> None:
    server = boot_server({})
    fetch("POST", f"{server.url}/productionplan", json=PAYLOAD_3 | {"load": 910.0})
    assert soon(lambda: '"plan"' in server.log), "a thread of its own writes the log"
    *_, line = [json.loads(line) for line in server.log.splitlines() if '"plan"' in line]
    assert (line["plants"], line["load"], line["cost"], line["status"]) == (6, 910.0, "24976.36", 200)
    assert line["ms"] > 0


# --- The report ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/productionplan/report", "/productionplan/report/"])
def test_a_report_explains_the_plan(session: requests.Session, server_url: str, path: str) -> None:
    response = session.post(f"{server_url}{path}", json=PAYLOAD_3, timeout=ANSWER_DEADLINE)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    members = response.json()
    assert (members["status"], members["load"], members["proof"]) == ("optimal", 910.0, "merit order")
    assert f"{members['cost']['total']:.2f}" == COST_WITH_CO2
    plants = members["powerplants"]
    assert [{"name": plant["name"], "p": plant["p"]} for plant in plants] == CHALLENGES_OWN_ANSWER
    assert plants[4]["reason"] == "Off: switching it on would cost 437.33 euro more."


@pytest.mark.parametrize(("query", "co2_tonnes"), [("", 239.52), ("?co2=false", 0.0)])
def test_a_report_has_the_same_parameters(
    session: requests.Session, server_url: str, query: str, co2_tonnes: float
) -> None:
    response = session.post(f"{server_url}/productionplan/report{query}", json=PAYLOAD_3, timeout=ANSWER_DEADLINE)
    assert response.json()["co2_tonnes"] == co2_tonnes


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"", 400, "malformed-json"),
        (b"{}", 422, "invalid-payload"),
        (json.dumps(PAYLOAD_3 | {"load": 10_000}).encode(), 422, "infeasible-load"),
    ],
)
def test_a_request_without_a_plan_has_no_report(
    session: requests.Session, server_url: str, body: bytes, status: int, name: str
) -> None:
    response = session.post(f"{server_url}/productionplan/report", data=body, timeout=ANSWER_DEADLINE)
    problem(response, status, name)
