"""What the service says of itself is true: the document is valid, up to date and whole, and its examples are kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import BootServer
from flask.testing import FlaskClient
from hypothesis import given
from live_server import fetch
from strategies import payloads
from test_contract import hard_payload

from powerplant import Settings, create_app
from powerplant.api.openapi.document import FILE, as_text
from powerplant.problems import PROBLEM_TYPES

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
NOT_EVERYWHERE = {"/metrics", "/productionplan/live"}
"""Addresses that need something that may not be installed, or switched on."""

FOR_THE_PAGES = re.compile("/(docs|web)/.*")
"""Addresses of files that a page is made of; nobody asks for them but the page."""


class Example(NamedTuple):
    """A request of the document, and what it says that comes back."""

    method: str
    path: str
    query: str
    body: bytes | None
    status: int
    answer: dict[str, Any]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or what it refers to."""
    if "$ref" not in part:
        return part
    target: Any = DOCUMENT
    for token in part["$ref"].removeprefix("#/").split("/"):
        target = target[token]
    found: dict[str, Any] = target
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def contents(operation: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any], str, dict[str, Any]]]:
    """Each status of an operation, its response, and each media type with its content."""
    for status, response in operation["responses"].items():
        for media_type, content in resolved(response).get("content", {}).items():
            yield int(status), resolved(response), media_type, content


def examples_with_requests() -> Iterator[tuple[str, Example]]:
    for path, method, operation in operations():
        bodies = operation.get("requestBody", {}).get("content", {})
        requests = {name: request for body in bodies.values() for name, request in body["examples"].items()}
        parameters = {p["name"]: next(iter(p["examples"].values()))["value"] for p in _in_path(operation)}
        for status, _, _, content in contents(operation):
            for name, answer in content.get("examples", {}).items():
                request = requests.get(name, {})
                if "x-body" in answer:
                    body = answer["x-body"].encode()
                elif request:
                    value = request["value"]
                    body = (value if isinstance(value, str) else json.dumps(value)).encode()
                elif method == "GET" and status == 200:
                    body = None
                else:
                    continue
                address = path.format(**parameters)
                query = request.get("x-query", "")
                yield f"{method}{path}-{name}", Example(method, address, query, body, status, answer)


def _in_path(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [parameter for parameter in operation.get("parameters", []) if parameter["in"] == "path"]


def check(value: Any, schema: dict[str, Any]) -> None:
    """That a value is as a schema of the document says."""
    jsonschema = pytest.importorskip("jsonschema", reason="poetry install brings it")
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


# --- The document ----------------------------------------------------------------------------------------------------


def test_the_document_is_valid() -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="poetry install brings it")
    validator.validate(DOCUMENT)


def test_the_document_is_up_to_date() -> None:
    assert FILE.read_text(encoding="utf-8") == as_text(), (
        "openapi.json is stale. Renew it: ./runapp poetry run python -m powerplant.api.openapi"
    )


def test_every_address_is_in_the_document_and_no_other(client: FlaskClient) -> None:
    there = {
        (re.sub("<(.*?)>", r"{\1}", rule.rule), method)
        for rule in client.application.url_map.iter_rules()
        if not FOR_THE_PAGES.fullmatch(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {(path, method) for path, method, _ in operations()}
    assert there <= documented
    assert {path for path, _ in documented - there} <= NOT_EVERYWHERE


def test_every_type_of_problem_is_in_the_document() -> None:
    told = set()
    responses = [*DOCUMENT["components"]["responses"].values()]
    responses += [
        resolved(response) for _, _, operation in operations() for response in operation["responses"].values()
    ]
    for response in responses:
        content = response.get("content", {})
        for example in content.get("application/problem+json", {}).get("examples", {}).values():
            told.add(example["value"]["type"])
    assert told == {f"/problems/{name}" for name in PROBLEM_TYPES}


def test_every_example_is_as_its_schema_says() -> None:
    count = 0
    for _, _, operation in operations():
        for _, _, _, content in contents(operation):
            for example in content.get("examples", {}).values():
                check(example["value"], content["schema"])
                count += 1
    assert count > 50


PAYLOAD_CONTENT = DOCUMENT["paths"]["/productionplan"]["post"]["requestBody"]["content"]["application/json"]


@pytest.mark.parametrize("name", PAYLOAD_CONTENT["examples"])
def test_the_schema_takes_every_example_of_a_payload_but_the_invalid_one(name: str) -> None:
    payload, schema = PAYLOAD_CONTENT["examples"][name]["value"], PAYLOAD_CONTENT["schema"]
    if name == "invalid-payload":
        with pytest.raises(Exception, match="'60' is not of type 'number'"):
            check(payload, schema)
    else:
        check(payload, schema)


@given(payloads())
def test_the_schema_takes_every_payload_that_the_service_takes(payload: dict[str, Any]) -> None:
    check(payload, PAYLOAD_CONTENT["schema"])


def test_the_lines_of_batches_are_of_the_forms_that_the_document_names() -> None:
    operation = DOCUMENT["paths"]["/productionplan/batch"]["post"]
    schemas = DOCUMENT["components"]["schemas"]
    asked = operation["requestBody"]["content"]["application/x-ndjson"]["examples"]
    told = operation["responses"]["200"]["content"]["application/x-ndjson"]["examples"]
    lines = [json.loads(line) for line in asked["whole-payloads"]["value"].splitlines()]
    check(lines[0], schemas["Batch"]["x-line"])
    check(lines[2], schemas["Batch"]["x-line"])
    answers = [json.loads(line) for example in told.values() for line in example["value"].splitlines()]
    assert {tuple(answer) for answer in answers} == {("line", "plan", "cost"), ("line", "problem")}
    for answer in answers:
        check(answer, schemas["BatchAnswers"]["x-line"])


# --- The live server -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", [pytest.param(example, id=name) for name, example in examples_with_requests()])
def test_an_example_is_what_the_server_does(example: Example, server_url: str) -> None:
    response = fetch(
        example.method,
        f"{server_url}{example.path}?{example.query}",
        data=example.body,
        headers={"X-Request-ID": "example"},
    )
    assert response.status_code == example.status
    is_json = re.search("[/+]json", response.headers["Content-Type"])
    assert (response.json() if is_json else response.text) == example.answer["value"]
    told = [f"{name}: {value}" for name, value in response.headers.items() if name.startswith("Plan-")]
    assert ", ".join(told) == example.answer.get("description", "")
    check_headers(response.headers, DOCUMENT["paths"], example)


def check_headers(headers: Any, paths: dict[str, Any], example: Example) -> None:
    """Each header that the document promises is there, and of its kind."""
    for path, item in paths.items():
        if re.fullmatch(re.sub("{.*?}", "[^/]+", path), example.path) and example.method.lower() in item:
            response = resolved(item[example.method.lower()]["responses"][str(example.status)])
            for name, header in response["headers"].items():
                described = resolved(header)
                assert name in headers or not described.get("required")
                if name in headers and described["schema"].get("type") in {"number", "integer"}:
                    float(headers[name])


@pytest.mark.parametrize(
    ("method", "path", "size", "name"),
    [
        ("POST", "/productionplan", 4 * 1024 * 1024 + 1, "content-too-large"),
        ("GET", "/productionplan", 0, "method-not-allowed"),
        ("GET", "/problems/nothing", 0, "not-found"),
    ],
)
def test_a_problem_that_every_address_shares_is_as_documented(
    server_url: str, method: str, path: str, size: int, name: str
) -> None:
    response = fetch(method, server_url + path, data=b" " * size, headers={"X-Request-ID": "example"})
    described = DOCUMENT["components"]["responses"][name]
    content = described["content"]["application/problem+json"]
    assert response.status_code == content["examples"][name]["value"]["status"]
    assert set(described["headers"]) <= set(response.headers)
    check(response.json(), content["schema"])
    if name != "not-found":  # a request that is refused while its body still arrives has an id of the server's
        assert response.json() | {"request_id": "example"} == content["examples"][name]["value"]


def test_giving_up_is_as_documented(boot_server: BootServer) -> None:
    response = fetch("POST", boot_server({"POWERPLANT_TIME_LIMIT": "0.2"}).url + "/productionplan", json=hard_payload())
    assert response.status_code == 503
    operation = DOCUMENT["paths"]["/productionplan"]["post"]
    assert int(response.headers["Retry-After"]) > 0
    check(response.json(), operation["responses"]["503"]["content"]["application/problem+json"]["schema"])


def test_what_the_document_allows_never_breaks_the_server(server_url: str, tmp_path: Path) -> None:
    """Requests made at random from the document: no 5xx, and only what it promises comes back."""
    pytest.importorskip("schemathesis", reason="poetry install --with fuzz brings it")
    checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance"]
    checks += ["response_headers_conformance", "response_schema_conformance"]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", FILE, "--url", server_url),
            *("--checks", ",".join(checks), "--max-examples", "40", "--seed", "1", "--no-color"),
            *("--phases", "examples,coverage,fuzzing"),
        ],
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(Path(__file__).with_name("schemathesis_hooks.py"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    passed = re.search(r"(\d+) generated, \1 passed", run.stdout)
    assert passed, run.stdout
    assert int(passed[1]) > 200


# --- How both are served ---------------------------------------------------------------------------------------------


def test_the_document_is_served_as_it_is_and_not_sent_twice(client: FlaskClient) -> None:
    with client.get("/openapi.json") as response:
        assert response.mimetype == "application/json"
        assert response.data == FILE.read_bytes()
        assert response.headers["Cache-Control"] == "no-cache"
        etag = response.headers["ETag"]
    with client.get("/openapi.json", headers={"If-None-Match": etag}) as again:
        assert again.status_code == 304
        assert again.data == b""


ADDRESSES = re.compile(r'(?:href|src|data-document)="(?!data:)([^"]*)"')


@pytest.mark.parametrize("address", ["/docs", "/docs/"])
def test_all_that_the_page_is_made_of_comes_from_here(client: FlaskClient, address: str) -> None:
    page = client.get(address)
    assert page.mimetype == "text/html"
    assert "<script>" not in page.text
    assert "style=" not in page.text
    references = ADDRESSES.findall(page.text)
    assert len(references) >= 5
    types = set()
    for reference in references:
        assert reference.startswith("/")
        assert not reference.startswith("//")
        with client.get(reference) as response:
            assert response.status_code == 200
            types.add(response.mimetype)
    assert types == {"text/css", "text/javascript", "application/json"}


def test_the_page_may_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


def test_a_page_that_has_not_changed_is_not_sent_twice(client: FlaskClient) -> None:
    response = client.get("/docs")
    assert response.headers["Cache-Control"] == "no-cache"
    assert client.get("/docs", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", [path for path, _, operation in operations() if "304" in operation["responses"]])
def test_what_has_not_changed_is_told_as_documented(client: FlaskClient, path: str) -> None:
    responses = DOCUMENT["paths"][path]["get"]["responses"]
    with client.get(path) as first:
        etag = first.headers["ETag"]
        assert "ETag" in responses["200"]["headers"]
    with client.get(path, headers={"If-None-Match": etag}) as again:
        assert (again.status_code, again.data) == (304, b"")
        assert set(responses["304"]["headers"]) <= set(again.headers.keys())


def test_every_address_that_a_browser_may_keep_documents_304(client: FlaskClient) -> None:
    for path, method, operation in operations():
        if method == "GET" and "{" not in path and path not in NOT_EVERYWHERE:
            with client.get(path) as response:
                assert ("ETag" in response.headers) is ("304" in operation["responses"])


@pytest.mark.parametrize("name", ["docs.html", "README.md", "nothing.js", "..%2F..%2Fconfig.py"])
def test_nothing_else_of_the_folder_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/docs/{name}").status_code == 404


def test_the_page_works_behind_a_proxy_that_adds_a_prefix() -> None:
    client = create_app(Settings(proxies=1)).test_client()
    page = client.get("/docs", headers={"X-Forwarded-Prefix": "/planning"})
    assert all(reference.startswith("/planning/") for reference in ADDRESSES.findall(page.text))


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_shows_the_document_and_finds_no_fault(server_url: str, tmp_path: Path) -> None:
    """With no other host to be found."""
    browser = subprocess.run(
        [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
            *("--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"),
            *("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"{server_url}/docs"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    shown = re.sub("<.*?>|\u200b", "", browser.stdout)
    assert "/productionplan/report" in shown
    assert "CONSOLE" not in browser.stderr
