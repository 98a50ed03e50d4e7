"""The OpenAPI document is valid, up to date and complete, and the service answers as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from live_server import fetch
from strategies import payloads

from powerplant.errors import OutOfTime, TooBusy
from powerplant.problems import PROBLEM_TYPES, problem_of
from tools.openapi import EVERYWHERE, FILE, as_text, document

DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
COMPONENTS = DOCUMENT["components"]
PATHS = DOCUMENT["paths"]
PROBLEM = "application/problem+json"
OPTIONAL = {"/metrics", "/productionplan/live"}
"""Addresses that a server has only with an extra or a setting."""

FILES = re.compile("/(docs|web)/.*")
"""The parts of pages."""

POST = [path for path, item in PATHS.items() if "post" in item]


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """A part of the document, or the component that it refers to."""
    if "$ref" in part:
        kind, name = part["$ref"].removeprefix("#/components/").split("/")
        part = COMPONENTS[kind][name]
    return part


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in PATHS.items():
        for method, operation in item.items():
            yield path, method, operation


def problem_types(operation: dict[str, Any]) -> dict[str, str]:
    """The problem types that an operation documents, with the status of each."""
    return {
        name: status
        for status, response in operation["responses"].items()
        if PROBLEM in resolved(response).get("content", {})
        for name in re.findall("`(.*?)`", resolved(response)["description"])
    }


def requests_of(path: str) -> dict[str, Any]:
    contents = PATHS[path]["post"]["requestBody"]["content"].values()
    return {name: resolved(part)["value"] for content in contents for name, part in content.get("examples", {}).items()}


def examples() -> Iterator[Any]:
    """Each request of the document whose answer is in it too."""
    for path in POST:
        for status, response in PATHS[path]["post"]["responses"].items():
            for media_type, content in resolved(response).get("content", {}).items():
                for name, answer in content.get("examples", {}).items():
                    if name in requests_of(path):
                        given = (path, name, media_type, int(status), answer["value"])
                        yield pytest.param(*given, id=f"{path}-{name}")


def check(value: Any, schema: dict[str, Any]) -> None:
    """Assert that a value is as a schema of the document says."""
    jsonschema = pytest.importorskip("jsonschema", reason="poetry install brings it")
    jsonschema.Draft202012Validator({**schema, "components": COMPONENTS}).validate(value)


def check_answer(operation: dict[str, Any], status: int, headers: Any, media_type: str, body: Any) -> None:
    """Assert that an answer has a documented status, and the headers and the body that go with it."""
    response = resolved(operation["responses"][str(status)])
    for name, header in response["headers"].items():
        assert name in headers or not resolved(header).get("required"), name
    check(body, response["content"][media_type]["schema"])


# --- The document ----------------------------------------------------------------------------------------------------


def test_the_document_is_valid() -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="poetry install brings it")
    validator.validate(DOCUMENT)


def test_the_document_is_up_to_date() -> None:
    pytest.importorskip("highspy", reason="the extra horizon brings it")
    assert FILE.read_text(encoding="utf-8") == as_text(document()) + "\n", (
        "openapi.json is stale. Renew it: ./runapp poetry run python -m tools.openapi"
    )


def test_every_address_is_in_the_document_and_no_other(client: FlaskClient) -> None:
    served = {
        (re.sub("<(.*?)>", r"{\1}", rule.rule), method.lower())
        for rule in client.application.url_map.iter_rules()
        if not FILES.fullmatch(rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {(path, method) for path, method, _ in operations()}
    assert served <= documented
    assert {path for path, _ in documented - served} <= OPTIONAL


def test_no_query_parameter_has_a_default_that_clients_would_send() -> None:
    """Else a generated client overrides the settings of the server."""
    for parameter in COMPONENTS["parameters"].values():
        assert not parameter.get("required", False)
        assert not {"default", "example", "examples"} & {*parameter, *parameter["schema"]}
        assert "left out" in parameter["description"]


def test_every_problem_type_is_documented_with_its_status() -> None:
    documented = [
        (name, status) for _, _, operation in operations() for name, status in problem_types(operation).items()
    ]
    documented.append(("method-not-allowed", "405"))
    assert "method-not-allowed" in COMPONENTS["responses"]
    assert set(documented) == {(name, str(kind.status)) for name, kind in PROBLEM_TYPES.items()}


def test_every_address_documents_the_problems_that_any_request_can_have() -> None:
    for _, _, operation in operations():
        assert {*EVERYWHERE} <= {*problem_types(operation)}


@pytest.mark.parametrize("path", [path for path in POST if not path.endswith(("/batch", "/payload"))])
@pytest.mark.parametrize("error", [OutOfTime(5.0, Decimal("437.33")), OutOfTime(5.0, None), TooBusy()], ids=repr)
def test_every_address_that_plans_documents_that_it_can_run_out_of_time(path: str, error: Exception) -> None:
    problem = problem_of(error)
    operation = PATHS[path]["post"]
    assert problem_types(operation)[problem.name] == "503"
    response = resolved(operation["responses"]["503"])
    assert "Retry-After" in response["headers"]
    check(problem.as_members(instance=path, request_id="example"), response["content"][PROBLEM]["schema"])


# --- Answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name", "media_type", "status", "answer"), list(examples()))
def test_an_example_is_what_the_server_answers(
    path: str, name: str, media_type: str, status: int, answer: Any, server_url: str
) -> None:
    if path.startswith("/productionplan/horizon"):
        pytest.importorskip("highspy", reason="the extra horizon brings it")
    body = requests_of(path)[name]
    data = body if isinstance(body, str) else json.dumps(body)
    headers = {"X-Request-ID": "example", "Accept": media_type}
    response = fetch("POST", server_url + path, data=data, headers=headers)
    assert response.headers["Content-Type"].partition(";")[0] == media_type
    told = response.text if media_type.endswith(("ndjson", "csv")) else response.json()
    assert response.status_code == status
    assert told == (answer | {"instance": path} if media_type == PROBLEM else answer)
    check_answer(PATHS[path]["post"], status, response.headers, media_type, told)


@pytest.mark.parametrize(
    ("method", "path", "body", "name"),
    [
        *(("post", path, b"{", "malformed-json") for path in POST if not path.endswith("/batch")),
        *(("post", path, b"", "malformed-json") for path in POST),
        *(("post", f"{path}?co2=maybe", b"{}", "invalid-query") for path in POST),
        *(("post", path, b" " * (17 * 1024 * 1024), "content-too-large") for path in POST),
        *(
            ("post", f"{path}?time_limit=0", b"{}", "invalid-query")
            for path in POST
            if path.endswith(("/horizon", "/report")) and "horizon" in path
        ),
        ("post", "/productionplan/horizon/report?end=last", b"{}", "invalid-query"),
        ("get", "/problems/nothing", b"", "not-found"),
    ],
)
def test_a_problem_is_as_documented_for_its_address(
    client: FlaskClient, method: str, path: str, body: bytes, name: str
) -> None:
    response = client.open(path, method=method, data=body)
    operation = PATHS[path.partition("?")[0].replace("nothing", "{name}")][method]
    assert problem_types(operation)[name] == str(response.status_code)
    assert json.loads(response.text)["type"] == f"/problems/{name}"
    check_answer(operation, response.status_code, response.headers, PROBLEM, json.loads(response.text))


@pytest.mark.parametrize("path", [path for path, method, _ in operations() if method == "get"])
def test_get_answers_as_documented(client: FlaskClient, path: str) -> None:
    with client.get(path.format(name="gave-up")) as response:
        if response.status_code == 404:
            assert path in OPTIONAL
            return
        body = response.json if response.is_json else response.get_data(as_text=True)
        check_answer(PATHS[path]["get"], 200, response.headers, str(response.mimetype), body)
        assert ("ETag" in response.headers) is ("304" in PATHS[path]["get"]["responses"])


def test_the_lines_of_a_batch_are_of_the_documented_form() -> None:
    operation = PATHS["/productionplan/batch"]["post"]
    answer = operation["responses"]["200"]["content"]["application/x-ndjson"]
    lines = [json.loads(line) for line in answer["examples"]["batch"]["value"].splitlines()]
    assert {tuple(line) for line in lines} == {("line", "plan", "cost"), ("line", "problem")}
    for line in lines:
        check(line, answer["schema"]["x-line"])


def test_the_schema_of_a_batch_accepts_lists_and_hours() -> None:
    schema = PATHS["/productionplan/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    payload, hours = requests_of("/productionplan")["payload1"], requests_of("/productionplan/batch")["hours"]
    for body in ([payload, payload], hours):
        check(body, schema)
    with pytest.raises(Exception, match="is not valid under any of the given schemas"):
        check(hours["hours"], schema)


PAYLOAD_SCHEMA = PATHS["/productionplan"]["post"]["requestBody"]["content"]["application/json"]["schema"]


@given(payloads())
def test_the_schema_accepts_every_payload_that_the_service_accepts(payload: dict[str, Any]) -> None:
    check(payload, PAYLOAD_SCHEMA)


def test_the_schema_accepts_every_example_but_the_invalid_one() -> None:
    for name, payload in requests_of("/productionplan").items():
        if name != "invalid-payload":
            check(payload, PAYLOAD_SCHEMA)
    with pytest.raises(Exception, match="'60' is not of type 'number'"):
        check(requests_of("/productionplan")["invalid-payload"], PAYLOAD_SCHEMA)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_challenges_payloads_are_among_the_examples(number: int) -> None:
    file = Path(__file__).parents[1] / "example_payloads" / f"payload{number}.json"
    assert requests_of("/productionplan")[f"payload{number}"] == json.loads(file.read_text(encoding="utf-8"))


def test_requests_made_at_random_from_the_document_are_answered_as_it_says(server_url: str, tmp_path: Path) -> None:
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
