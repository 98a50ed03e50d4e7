"""What a run of a solver tells: its best cost and its bound over time."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
NONE = 1e30
"""For a cost or a bound that is not known."""


class Moment(NamedTuple):
    """What is known after some seconds: the cost of the best plan and a bound, in euro."""

    seconds: float
    cost: float
    bound: float

    def finite(self) -> Moment:
        """The same without infinities, for JSON."""
        cost = self.cost if math.isfinite(self.cost) else NONE
        return Moment(self.seconds, cost, self.bound if math.isfinite(self.bound) else -NONE)


@dataclass
class Run:
    """A run.

    Attributes:
        moments: what was known when; the last one is the end.
        is_proven: whether it says that its plan is within the gap.
        columns, rows: of the model, 0 where not told.
        megabytes: the most memory of the process.
        built: seconds for the model, which are not in ``moments``.
        plan: outputs and states of each plant.
        error: why there is no plan.
    """

    moments: list[Moment]
    is_proven: bool = False
    columns: int = 0
    rows: int = 0
    megabytes: int = 0
    built: float = 0.0
    plan: dict[str, tuple[list[float], list[int]]] = field(default_factory=dict)
    error: str = ""

    @property
    def seconds(self) -> float:
        """Until it ended."""
        return self.moments[-1].seconds

    @property
    def cost(self) -> float:
        """Of its last plan."""
        return self.moments[-1].cost

    @property
    def bound(self) -> float:
        """The best one."""
        return max(moment.bound for moment in self.moments)

    @property
    def gap(self) -> float:
        """Between its cost and its bound, as a share of the cost."""
        return (self.cost - self.bound) / max(abs(self.cost), 1.0)

    def cost_at(self, seconds: float) -> float:
        """The best cost that was known then."""
        return min((moment.cost for moment in self.moments if moment.seconds <= seconds), default=NONE)

    def time_to_gap(self, gap: float) -> float | None:
        """Seconds until cost and bound were within a gap."""
        for moment in self.moments:
            if moment.cost < NONE and moment.cost - moment.bound <= gap * max(abs(moment.cost), 1.0) * (1 + 1e-9):
                return moment.seconds
        return self.seconds if self.is_proven else None

    def time_to_cost(self, cost: float) -> float | None:
        """Seconds until a plan was as cheap as this."""
        return next((moment.seconds for moment in self.moments if moment.cost <= cost), None)

    def as_json(self) -> dict[str, Any]:
        """As an object of JSON."""
        return asdict(self)

    @classmethod
    def of_json(cls, given: dict[str, Any]) -> Run:
        """From an object of JSON."""
        return cls(**{**given, "moments": [Moment(*moment) for moment in given["moments"]]})


def run(module: str, payload: dict[str, Any], *options: str) -> Run:
    """A run in a process of its own, so that memory and threads are its own too."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "payload.json"
        path.write_text(json.dumps(payload), "utf-8")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "test")])}
        command = [sys.executable, "-m", f"benchmarks.horizon.{module}", str(path), *options]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}: {done.stderr[-500:]}")
    return Run.of_json(json.loads(done.stdout.splitlines()[-1]))  # HiGHS prints its name before it


def in_order(payload: dict[str, Any], order: int) -> dict[str, Any]:
    """The payload with its plants in another order; 0 is as they stand."""
    plants = list(payload["powerplants"])
    if order:
        Random(order).shuffle(plants)
    return payload | {"powerplants": plants}
