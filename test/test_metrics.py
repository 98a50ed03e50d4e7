"""The metrics: requests by outcome, the solver's time, infeasible loads, plants."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from payloads import ONE_WIND_PARK

import powerplant.api
from powerplant import create_app


def metrics(client: FlaskClient) -> dict[str, float]:
    """The values of the metrics, by name and labels."""
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    lines = [line for line in response.text.splitlines() if line.startswith("powerplant_")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_are_counted_by_their_outcome(client: FlaskClient) -> None:
    pytest.importorskip("prometheus_client", reason="the extra metrics is not installed")
    before = metrics(client)
    for load in (10, 10, 11, -1):
        client.post("/productionplan/", json=ONE_WIND_PARK | {"load": load})
    client.get("/productionplan")
    client.open("/made/up", method="BREW")
    after = metrics(client)
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    expected = {
        'request_seconds_count{method="POST",route="/productionplan",status="200"}': 2,
        'request_seconds_count{method="POST",route="/productionplan",status="422"}': 2,
        'request_seconds_count{method="GET",route="unknown",status="405"}': 1,
        'request_seconds_count{method="other",route="unknown",status="404"}': 1,
        'request_seconds_count{method="GET",route="/metrics",status="200"}': 1,
        'solve_seconds_count{proof="merit order"}': 2,
        'infeasible_loads_total{reason="above_capacity"}': 1,
        "plants_count": 3,
        "plants_sum": 3,
    }
    assert {f"powerplant_{name}": count for name, count in expected.items()}.items() <= grown.items()
    assert not any("made" in name for name in after)


def test_without_the_library_the_service_works_and_has_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powerplant.api, "find_spec", lambda _: None)
    client = create_app().test_client()
    assert client.get("/metrics").status_code == 404
    assert client.post("/productionplan", json=ONE_WIND_PARK).status_code == 200
