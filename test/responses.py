"""Read the service's answers, and check what holds for each of their kind."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests


def problem(response: requests.Response, status: int, name: str) -> dict[str, Any]:
    """The members of a problem document of this type; the standard ones are checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    members: dict[str, Any] = response.json()
    assert members["type"] == f"/problems/{name}"
    assert members["status"] == status
    assert members["instance"] == urlsplit(response.url).path
    for member in ("title", "detail"):
        assert isinstance(members[member], str)
        assert members[member]
    assert "Plan-Cost" not in response.headers
    assert "Plan-Status" not in response.headers
    return members


def plan(response: requests.Response) -> list[dict[str, Any]]:
    """An optimal plan."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Plan-Status"] == "optimal"
    outputs: list[dict[str, Any]] = response.json()
    assert all(list(output) == ["name", "p"] for output in outputs)
    return outputs
