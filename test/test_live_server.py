"""A server that does not come up is told within the deadline, with what it wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

import pytest
from live_server import FLASK_RUN, ServerDidNotComeUp, fetch, live_server

HANGS = (sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(60)")


@pytest.mark.parametrize(
    ("environment", "command", "said"),
    [
        ({"POWERPLANT_CO2": "maybe"}, FLASK_RUN, "POWERPLANT_CO2 must be true or false, not 'maybe'"),
        ({}, HANGS, "waiting"),
    ],
)
def test_a_server_that_does_not_come_up_shows_its_log_in_time(
    environment: Mapping[str, str], command: tuple[str, ...], said: str
) -> None:
    start = time.monotonic()
    deadline = 4.0 if command is HANGS else 20.0
    with pytest.raises(ServerDidNotComeUp, match=said), live_server(environment, command=command, deadline=deadline):
        pass
    assert time.monotonic() - start < 15


def test_a_server_does_not_outlive_its_test() -> None:
    with live_server({"FLASK_ENV": "development"}) as server:
        url = server.url
    with pytest.raises(OSError, match="refused"):
        fetch("GET", f"{url}/health")
