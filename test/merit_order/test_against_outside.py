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
from any_fleet import random_payload
from solving import answer

from benchmarks.families import FAMILIES, PlainUnit
from powerplant.decoding import decode_json
from powerplant.formulation import GRIDS, formulate
from powerplant.merit_order import Infeasible

if sys.platform == "win32":
    pytest.skip("the benchmark's workers measure memory in a way that Windows does not know", allow_module_level=True)

from benchmarks.outside import FAILED, NO_PLAN, OPTIMAL, TIME_OUT
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


def agree(outside: tuple[Worker, str], plain: list[PlainUnit], load: int) -> bool:
    """Whether the outside solver found the same; not if it had no answer in time. Fails if it found something else."""
    worker, setting = outside
    theirs = worker.ask((plain, load), TIME_LIMIT, setting=setting)
    if theirs.status in {TIME_OUT, FAILED}:
        return False
    ours = answer(plain, load)
    if isinstance(ours, Infeasible):
        assert theirs.status == NO_PLAN
        return True
    assert theirs.status == OPTIMAL
    assert theirs.cost is not None
    assert ours.cost <= theirs.cost
    if worker.solver == "cpsat" and theirs.exact:
        assert ours.cost == theirs.cost
    else:
        assert theirs.cost - ours.cost <= TOLERANCE * abs(ours.cost)
    return True


@pytest.mark.parametrize("family", FAMILIES)
def test_an_outside_solver_finds_no_cheaper_plan_and_agrees_if_there_is_none(
    outside: tuple[Worker, str], family: str
) -> None:
    compared = [agree(outside, *FAMILIES[family](n, n)) for n in SIZES]
    if not any(compared):
        pytest.skip(f"{outside[0].solver} takes longer than {TIME_LIMIT} s for this family")


@pytest.mark.parametrize("block", range(5))
def test_an_outside_solver_agrees_on_plants_of_any_kind(outside: tuple[Worker, str], block: int) -> None:
    """Outages, profiles, plants that must run: what the solver gets of them."""
    compared = 0
    for seed in range(40 * block, 40 * block + 40):
        content, step = random_payload(seed)
        request = decode_json(content, co2=True, max_plants=100)
        units, load = formulate(request, co2=True, grid=GRIDS[step]).task
        if load >= 0:
            compared += agree(outside, [(cost, least, most) for cost, least, most in units], load)
    assert compared > 20
