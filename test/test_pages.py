"""The pages over HTTP: which files are served, their types, and how long a browser may cache them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

import powerplant
from powerplant import create_app
from powerplant.config import Settings

ROOT = Path(__file__).parents[1]
WEB = ROOT / "powerplant" / "web" / "page"
DOCS = ROOT / "powerplant" / "web" / "docs"
FILES = sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file())
SERVED = {f"/web/{name}": WEB / name for name in FILES} | {f"/docs/{path.name}": path for path in DOCS.iterdir()}
SERVED = {address: path for address, path in SERVED.items() if path.suffix not in {".html", ".md"}}
VENDORED = [address for address in SERVED if "/vendor/" in address or "/swagger-ui-" in address]
OWN_TEXTS = [
    *(path for address, path in SERVED.items() if path.suffix in {".css", ".js", ".svg"} and address not in VENDORED),
    *(WEB / "index.html", DOCS / "docs.html"),
]
REFERENCE = re.compile(r'(?:src|href|data-document)="(?!data:)([^"#]+)"')
SHARED_EXAMPLES = ["payload1.json", "payload2.json", "payload3.json", "fleet30.json", "horizon.json"]

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


@pytest.mark.parametrize("address", ["/", "/docs", "/docs/"])
def test_a_page_is_html_that_may_load_only_from_its_own_server(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.content_type == "text/html; charset=utf-8"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert policy[0] in {"default-src 'self'", "default-src 'none'"}
    assert not any(re.search(r"https?:|\*|unsafe-eval|script-src.*unsafe", rule) for rule in policy)
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_only_swagger_ui_may_have_styles_in_its_markup(client: FlaskClient) -> None:
    assert "unsafe" not in client.get("/").headers["Content-Security-Policy"]
    assert (
        "script-src 'self'; style-src 'self' 'unsafe-inline'" in client.get("/docs").headers["Content-Security-Policy"]
    )


def test_a_page_answers_get_and_head_only(client: FlaskClient) -> None:
    assert client.post("/").status_code == 405
    assert client.head("/").status_code == 200


@pytest.mark.parametrize("co2", [True, False])
def test_the_page_has_the_servers_setting_for_co2(co2: bool) -> None:
    page = create_app(Settings(co2=co2)).test_client().get("/").text
    assert f'data-co2="{str(co2).lower()}"' in page


@pytest.mark.parametrize("step", ["0.1", "0.001"])
def test_the_page_has_the_servers_step(step: Literal["0.1", "0.001"]) -> None:
    page = create_app(Settings(step=step)).test_client().get("/").text
    assert f'data-step="{step}"' in page


@pytest.mark.parametrize("address", SERVED)
def test_a_file_is_served_with_its_type(client: FlaskClient, address: str) -> None:
    path = SERVED[address]
    with client.get(address) as response:
        assert response.status_code == 200
        assert response.content_type == CONTENT_TYPES[path.suffix]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.data == path.read_bytes()


def test_the_openapi_document_is_served_unchanged(client: FlaskClient) -> None:
    with client.get("/openapi.json") as response:
        assert response.content_type == "application/json"
        assert response.data == (ROOT / "powerplant" / "api" / "openapi.json").read_bytes()


@pytest.mark.parametrize(
    "address",
    [
        *("/web/", "/web/js", "/web/nothing.js", "/web/index.html", "/web/../config.py", "/web/vendor/README.md"),
        *("/web/%2e%2e/%2e%2e/api/openapi.json", "/web/..%2f..%2fapi%2fopenapi.json", "/web//etc/passwd.txt"),
        *("/docs/docs.html", "/docs/README.md", "/docs/nothing.js", "/docs/..%2fpage%2fpage.css"),
    ],
)
def test_nothing_else_is_served(client: FlaskClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "address", ["/", "/docs", "/openapi.json", "/web/page.css", "/web/js/page.js", "/docs/docs.js"]
)
def test_a_browser_revalidates_each_file_and_gets_304_if_it_is_unchanged(client: FlaskClient, address: str) -> None:
    with client.get(address) as first:
        assert first.headers["Cache-Control"] == "no-cache"
        etag = first.headers["ETag"]
    with client.get(address, headers={"If-None-Match": etag}) as again:
        assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("address", VENDORED)
def test_a_vendored_file_has_its_version_in_its_name_and_is_cached_for_a_year(
    client: FlaskClient, address: str
) -> None:
    assert re.search(r"-\d+\.\d+\.\d+", address)
    with client.get(address) as response:
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("address", VENDORED)
def test_a_vendored_file_has_its_licence_in_the_same_folder(address: str) -> None:
    package = re.sub(r"(-\d+\.\d+\.\d+).*", r"\1", SERVED[address].name)
    licence = (SERVED[address].parent / f"{package}.LICENSE.txt").read_text(encoding="utf-8")
    assert "permi" in licence.lower()


@pytest.mark.parametrize(("address", "scripts"), [("/", 1), ("/docs", 0)])
def test_a_page_has_no_inline_style_and_only_scripts_whose_hash_the_policy_has(
    client: FlaskClient, address: str, scripts: int
) -> None:
    response = client.get(address)
    inline = re.findall(r"<script>(.*?)</script>", response.text, re.DOTALL)
    assert len(inline) == scripts
    for script in inline:
        code = b64encode(sha256(script.encode()).digest()).decode()
        assert f"'sha256-{code}'" in response.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?!>| src=)|<style|\sstyle=|\son\w+=|javascript:", response.text)


@pytest.mark.parametrize("address", ["/", "/docs", "/docs/"])
@pytest.mark.parametrize("prefix", ["", "/planning"])
def test_the_addresses_in_a_page_work_behind_a_proxy_that_adds_a_prefix(
    client: FlaskClient, prefix: str, address: str
) -> None:
    """Also if the proxy does not send the prefix to the service."""
    references = REFERENCE.findall(client.get(address).text)
    assert len(references) >= 5
    for reference in references:
        target = urljoin(f"http://desk{prefix}{address}", reference)
        assert target.startswith(f"http://desk{prefix}/")
        with client.get(target.removeprefix(f"http://desk{prefix}")) as response:
            assert response.status_code == 200


@pytest.mark.parametrize("path", OWN_TEXTS, ids=lambda path: path.name)
def test_no_file_of_ours_names_another_host(path: Path) -> None:
    namespaces = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\s\"')]+", path.read_text(encoding="utf-8"))) <= namespaces


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_a_browser_without_network_shows_every_operation_of_the_document(server_url: str, tmp_path: Path) -> None:
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
    shown = re.findall(r'id="operations-(?!tag-)\w+-(\w+)"', browser.stdout)
    document = json.loads((ROOT / "powerplant" / "api" / "openapi.json").read_text(encoding="utf-8"))
    assert shown == [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert "CONSOLE" not in browser.stderr


@pytest.mark.parametrize("name", SHARED_EXAMPLES)
def test_the_page_has_the_payloads_of_the_examples(name: str) -> None:
    theirs = (ROOT / "example_payloads" / name).read_text(encoding="utf-8")
    assert json.loads(read(f"examples/{name}")) == json.loads(theirs)


def test_each_example_of_the_page_can_be_chosen_and_has_a_plan(client: FlaskClient) -> None:
    page = client.get("/").text
    choice = page[page.index('<select id="example">') :].partition("</select>")[0]
    names = re.findall(r'<option value="([\w-]+)">', choice)
    assert {f"examples/{name}.json" for name in names} == {name for name in FILES if name.startswith("examples/")}
    for name in names:
        payload = read(f"examples/{name}.json")
        if isinstance(json.loads(payload)["load"], list):
            assert powerplant.plan_horizon(payload).status in {"optimal", "within_gap", "time_limit"}
        else:
            assert client.post("/productionplan", data=payload).status_code == 200
