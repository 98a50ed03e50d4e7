"""The page as a server sees it: which files there are, as what they are served, and how long they may be kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

ROOT = Path(__file__).parents[1]
WEB = ROOT / "powerplant" / "web" / "page"
FILES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file())
SERVED = [name for name in FILES if not name.endswith((".html", ".md"))]
VENDORED = [name for name in SERVED if name.startswith("vendor/") and not name.endswith(".txt")]
OWN_TEXTS = [name for name in FILES if name.endswith((".html", ".css", ".js", ".svg")) and name not in VENDORED]
CHALLENGE_EXAMPLES = ["payload1.json", "payload2.json", "payload3.json"]

CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def read(name: str) -> str:
    return (WEB / name).read_text(encoding="utf-8")


@pytest.fixture
def page(client: FlaskClient) -> str:
    return client.get("/").text


def test_the_page_is_html_that_loads_from_its_own_server_alone(client: FlaskClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'self'" in policy
    assert not any("unsafe" in rule or "http" in rule or "*" in rule for rule in policy)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_only_get_asks_for_the_page(client: FlaskClient) -> None:
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200


@pytest.mark.parametrize("co2", [True, False])
def test_the_page_starts_with_what_the_server_does_about_co2(co2: bool) -> None:
    from powerplant import Settings, create_app

    page = create_app(Settings(co2=co2)).test_client().get("/").text
    assert f'data-co2="{str(co2).lower()}"' in page


@pytest.mark.parametrize("name", SERVED)
def test_a_file_is_served_as_what_it_is(client: FlaskClient, name: str) -> None:
    response = client.get(f"/web/{name}")
    assert response.status_code == 200
    assert response.content_type == CONTENT_TYPES[Path(name).suffix]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.data == (WEB / name).read_bytes()


@pytest.mark.parametrize(
    "name", ["", "js", "nothing.js", "index.html", "../config.py", "%2e%2e/api/page.py", "vendor/README.md"]
)
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    response = client.get(f"/web/{name}")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("address", ["/", "/web/page.css", "/web/js/page.js"])
def test_browsers_ask_whether_it_has_changed_and_get_it_only_then(client: FlaskClient, address: str) -> None:
    first = client.get(address)
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


@pytest.mark.parametrize("name", VENDORED)
def test_a_vendored_file_has_its_version_in_its_name_and_is_kept(client: FlaskClient, name: str) -> None:
    assert re.search(r"-\d+\.\d+\.\d+", name)
    assert client.get(f"/web/{name}").headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", VENDORED)
def test_a_vendored_file_stands_beside_its_licence(name: str) -> None:
    package = re.sub(r"(-\d+\.\d+\.\d+).*", r"\1", name)
    assert "permi" in read(f"{package}.LICENSE.txt").lower()


def test_the_page_has_no_script_and_no_style_within(page: str) -> None:
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", page)


def test_each_address_in_the_page_is_relative_and_there(client: FlaskClient, page: str) -> None:
    addresses = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert len(addresses) > 5
    assert not any(address.startswith(("/", "http")) for address in addresses)  # behind a proxy the page has a prefix
    assert all(client.get(f"/{address}").status_code == 200 for address in addresses)


@pytest.mark.parametrize("name", OWN_TEXTS)
def test_no_file_of_ours_names_another_host(name: str) -> None:
    namespaces = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\s\"')]+", read(name))) <= namespaces


@pytest.mark.parametrize("name", CHALLENGE_EXAMPLES)
def test_the_challenges_examples_are_those_of_the_page(name: str) -> None:
    theirs = (ROOT / "example_payloads" / name).read_text(encoding="utf-8")
    assert json.loads(read(f"examples/{name}")) == json.loads(theirs)


def test_each_example_of_the_page_can_be_chosen_and_has_a_plan(client: FlaskClient, page: str) -> None:
    names = re.findall(r'<option value="([\w-]+)">', page)
    assert {f"examples/{name}.json" for name in names} == {name for name in FILES if name.startswith("examples/")}
    for name in names:
        assert client.post("/productionplan", data=read(f"examples/{name}.json")).status_code == 200
