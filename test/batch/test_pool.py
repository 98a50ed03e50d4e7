"""The processes that plan chunks: what they are given time for, and what comes of it when they are ended."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from batches import FLEET, hour

from powerplant.batch import pool as room
from powerplant.batch.conveyor import WorkerDied
from powerplant.batch.planner import Settings
from powerplant.batch.pool import Pool
from powerplant.batch.reading import Chunk, Line

SETTINGS = Settings(co2=True, feasible=False, time_limit=0.1, max_plants=100_000, longest=100_000_000)


def large() -> Chunk:
    """An hour beside a fleet that takes a good part of a second to read."""
    plants = [FLEET[0] | {"name": f"power plant {number}"} for number in range(30_000)]
    return Chunk([Line(2, json.dumps(hour(480)).encode())], Line(1, json.dumps({"powerplants": plants}).encode()))


def test_a_large_fleet_has_time_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GRACE", 0.0)
    monkeypatch.setattr(room, "PATIENCE", 0.0)
    with closing(Pool(1)) as pool:
        assert pool.submit(large(), SETTINGS).result().done == 1


def test_what_takes_far_too_long_is_ended_and_the_next_chunk_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GRACE", 0.0)
    monkeypatch.setattr(room, "READING", 1e12)
    small = Chunk([Line(1, json.dumps(hour(480) | {"powerplants": FLEET}).encode())])
    with closing(Pool(1)) as pool:
        monkeypatch.setattr(room, "PATIENCE", -0.09)
        with pytest.raises(WorkerDied):
            pool.submit(large(), SETTINGS).result()
        monkeypatch.setattr(room, "PATIENCE", 30.0)
        assert b'"plan"' in pool.submit(small, SETTINGS).result().answers
