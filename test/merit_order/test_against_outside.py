"""HiGHS and CP-SAT agree with the solver, on every family of the benchmark.

They come with an optional group (`poetry install --with oracles`). Each runs in a process of its own, since the two
cannot be imported into one; the benchmark's workers do that, and recompute what their plans cost in integers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from solving import answer

from benchmarks.families import FAMILIES
from powerplant.merit_order import Infeasible

if sys.platform == "win32":
    pytest.skip("the benchmark's workers measure memory in a way that Windows does not know", allow_module_level=True)

from benchmarks.outside import NO_PLAN, OPTIMAL, TIME_OUT
from benchmarks.worker import Worker

SIZES = (8, 50)
TIME_LIMIT = 0.5
"""Seconds for one fleet; fleets that take an outside solver longer are only in the benchmark."""

TOLERANCE = 1e-6
"""The tolerance of HiGHS for integers and for the optimal cost."""


@pytest.fixture(
    scope="module", params=[("highs", "highspy", "slack"), ("cpsat", "ortools", "presolve")], ids=lambda p: p[0]
)
def outside(request: pytest.FixtureRequest) -> Iterator[tuple[Worker, str]]:
    """A worker with an outside solver, and its setting for small fleets."""
    solver, package, setting = request.param
    for needed in (package, "numpy"):
        if find_spec(needed) is None:
            pytest.skip(f"{needed} is not installed: poetry install --with oracles")
    with pytest.MonkeyPatch.context() as patch, Worker(solver) as worker:
        patch.chdir(Path(__file__).parents[2])
        yield worker, setting


@pytest.mark.parametrize("family", FAMILIES)
def test_an_outside_solver_finds_no_cheaper_plan_and_agrees_if_there_is_none(
    outside: tuple[Worker, str], family: str
) -> None:
    worker, setting = outside
    compared = 0
    for n in SIZES:
        plain, load = FAMILIES[family](n, n)
        theirs = worker.ask((plain, load), TIME_LIMIT, setting=setting)
        if theirs.status == TIME_OUT:
            continue
        ours = answer(plain, load)
        compared += 1
        if isinstance(ours, Infeasible):
            assert theirs.status == NO_PLAN
            continue
        assert theirs.status == OPTIMAL
        assert theirs.cost is not None
        assert ours.cost <= theirs.cost
        if worker.solver == "cpsat" and theirs.exact:
            assert ours.cost == theirs.cost
        else:
            assert theirs.cost - ours.cost <= TOLERANCE * abs(ours.cost)
    if not compared:
        pytest.skip(f"{worker.solver} takes longer than {TIME_LIMIT} s for this family")
