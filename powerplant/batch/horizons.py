"""Lines of a batch that are horizons: scenarios of a day, for example."""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import from_json, to_json

from powerplant.batch.fleets import SharedFleet
from powerplant.horizon.decoding import decode
from powerplant.horizon.planning import SolvedHorizon, plan_horizon
from powerplant.planning import Options

LIST_OF_LOADS = re.compile(rb'"load"\s*:\s*\[')
WITHOUT_LOAD = re.compile(rb'"market"\s*:\s*\{')


def is_horizon(content: bytes) -> bool:
    """Whether a line looks like a horizon: its load is a list, or it has a market."""
    return bool(LIST_OF_LOADS.search(content) or WITHOUT_LOAD.search(content))


def plan_line_of_periods(
    content: bytes, shared: SharedFleet | None, options: Options, *, max_plants: int, max_cells: int
) -> SolvedHorizon:
    """Plan a line that is a horizon, in one thread, so that its plan is the same each time.

    Args:
        content: the line; without power plants it has those of the shared fleet.
        shared: the fleet that lines share.
        options: how to plan it.
        max_plants: most power plants.
        max_cells: most power plants times periods.

    Raises:
        MalformedPayload, InvalidPayload: as for :func:`powerplant.horizon.decoding.decode`.
        InfeasibleHorizon, OutOfTime, NotInstalled: as for :func:`powerplant.horizon.planning.plan_horizon`.
    """
    if shared is not None:
        content = _with_fleet(content, shared)
    horizon = decode(content, co2=options.co2, max_plants=max_plants, max_cells=max_cells)
    return plan_horizon(horizon, options, threads=1)


def _with_fleet(content: bytes, shared: SharedFleet) -> bytes:
    try:
        payload: Any = from_json(content)
    except ValueError:
        return content  # decoding says what is wrong
    if not isinstance(payload, dict) or payload.get("powerplants") is not None:
        return content
    shared.check()
    return to_json({**payload, "powerplants": list(shared.given)})
