"""Headers of every answer: protection in browsers, pages of other origins, and reverse proxies."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from live_server import fetch
from payloads import ONE_WIND_PARK

from powerplant import create_app
from powerplant.config import Settings


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/productionplan"), ("GET", "/nowhere"), ("GET", "/health"), ("GET", "/problems")]
)
def test_browsers_guess_no_types_and_load_nothing(client: FlaskClient, method: str, path: str) -> None:
    headers = client.open(path, method=method).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/web/page.css", "/health", "/nowhere"])
def test_an_answer_has_one_date(server_url: str, gunicorn_url: str, path: str) -> None:
    for url in (server_url, gunicorn_url):
        assert len(fetch("GET", url + path).raw.headers.getlist("Date")) == 1


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ((), "https://desk.example.com", False),
        (("https://desk.example.com",), "https://desk.example.com", True),
        (("https://desk.example.com",), "https://desk.example.com:8443", False),
        (("https://desk.example.com",), "null", False),
        (("*",), "https://anywhere.example", True),
        (("*",), None, False),
    ],
)
def test_only_pages_of_the_listed_origins_may_send_requests_and_read_answers(
    origins: tuple[str, ...], origin: str | None, allowed: bool
) -> None:
    client = create_app(Settings(cors_origins=origins)).test_client()
    sent = {} if origin is None else {"Origin": origin}
    preflight = client.options("/productionplan", headers={**sent, "Access-Control-Request-Method": "POST"})
    answer = client.post("/productionplan", json=ONE_WIND_PARK, headers=sent)
    for response in (preflight, answer):
        assert response.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert any(name.startswith("Access-Control") for name, _ in response.headers) is allowed
        assert ("Origin" in response.headers.get("Vary", "")) is bool(origins)
    if allowed:
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
        assert "Plan-Cost" in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.parametrize(("proxies", "prefix"), [(0, ""), (1, "/desk")])
def test_forwarded_headers_count_only_from_a_configured_proxy(proxies: int, prefix: str) -> None:
    client = create_app(Settings(proxies=proxies)).test_client()
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "plans.example.com",
        "X-Forwarded-Prefix": "/desk",
        "X-Forwarded-For": "203.0.113.9",
    }
    members = json.loads(client.post("/productionplan", data=b"", headers=forwarded).text)
    assert members["type"] == f"{prefix}/problems/malformed-json"
    assert members["instance"] == f"{prefix}/productionplan"
