"""A proof as a file: what comes back is what was written, and what is no proof is told where."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from case_files import Case, load_cases
from hypothesis import given
from strategies import PlainUnit, instances

from powerplant.decoding import decode
from powerplant.errors import InvalidPayload, MalformedPayload
from powerplant.formulation import formulate
from powerplant.merit_order import Infeasible, Proof, Unit, check_proof, solve
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Recomputed
from powerplant.proofs import STEPS, Claim, proof_as_json, proof_from_json


def claim_of(units: list[Unit], load: int) -> Claim:
    """What solving claims, and its proof."""
    try:
        solution = solve(units, load)
    except Infeasible as error:
        return Claim(None, error.proof)
    return Claim(solution.cost, solution.proof)


def round_trip(claim: Claim) -> Claim:
    return proof_from_json(proof_as_json(claim).encode())


SOLVED = [
    pytest.param(case, id=name)
    for name, case in load_cases()
    if case.expected["status"] == 200 or case.expected.get("reason") in {"above_capacity", "below_minimum", "in_a_gap"}
]


@pytest.mark.parametrize("case", SOLVED)
def test_the_proof_of_a_case_comes_back_as_it_was(case: Case) -> None:
    co2 = case.query != "co2=false"
    instance = formulate(decode(case.body.encode(), co2=co2, max_plants=1000), co2=co2)
    claim = claim_of([*instance.units], instance.load)
    again = round_trip(claim)
    assert again == claim
    assert [type(step) for step in again.proof.steps] == [type(step) for step in claim.proof.steps]
    assert check_proof(instance.units, instance.load, again.cost, again.proof) is claim.proof.certified


def test_the_cases_have_proofs_of_every_method_and_steps_of_every_kind() -> None:
    methods, kinds = set(), set()
    for parameters in SOLVED:
        case: Any = parameters.values[0]
        co2 = case.query != "co2=false"
        instance = formulate(decode(case.body.encode(), co2=co2, max_plants=1000), co2=co2)
        proof = claim_of([*instance.units], instance.load).proof
        methods.add(proof.method)
        kinds |= {type(step) for step in proof.steps}
    assert methods == {"merit order", "search", "counting", "core programme"}
    assert kinds == {Bound, Empty, OutputSplit, CountSplit, Recomputed}


@given(instances())
def test_any_proof_comes_back_as_it_was(instance: tuple[list[PlainUnit], int]) -> None:
    units, load = instance
    claim = claim_of([Unit(*unit) for unit in units], load)
    assert round_trip(claim) == claim


def test_numbers_of_any_size_come_back() -> None:
    claim = Claim(-(10**40), Proof("counting", (Bound(10**60, 0, 3**50), OutputSplit(-5, 0, 2**70, True))))
    assert round_trip(claim) == claim
    assert repr(round_trip(claim)) == repr(claim), "a truth value stays one"


RIGHT: dict[str, Any] = {
    "version": 1,
    "method": "search",
    "cost": 5,
    "steps": [{"kind": "bound", "price": 1, "charge": 0, "scale": 1}, {"kind": "empty", "reason": "outputs"}],
}


def with_step(**step: Any) -> dict[str, Any]:
    return RIGHT | {"steps": [RIGHT["steps"][0], step]}


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ([], ["#"]),
        (None, ["#"]),
        ({}, ["#/version", "#/method", "#/cost", "#/steps"]),
        (RIGHT | {"version": 2}, ["#/version"]),
        (RIGHT | {"version": True}, ["#/version"]),
        (RIGHT | {"method": 3}, ["#/method"]),
        (RIGHT | {"cost": 5.0}, ["#/cost"]),
        (RIGHT | {"cost": "5"}, ["#/cost"]),
        (RIGHT | {"cost": False}, ["#/cost"]),
        (RIGHT | {"steps": {}}, ["#/steps"]),
        (RIGHT | {"steps": [1, None, {"kind": "magic"}, {}, {"kind": []}]}, [f"#/steps/{i}" for i in range(5)]),
        (with_step(kind="bound", price=1), ["#/steps/1/charge", "#/steps/1/scale"]),
        (
            with_step(kind="bound", price=1.5, charge=True, scale="1"),
            [f"#/steps/1/{key}" for key in ("price", "charge", "scale")],
        ),
        (with_step(kind="empty", reason=1), ["#/steps/1/reason"]),
        (
            with_step(kind="output_split", marginal_cost=1, at_most=0, at_least=2, at_least_first=1),
            ["#/steps/1/at_least_first"],
        ),
    ],
)
def test_what_is_no_proof_is_told_where(document: Any, pointers: list[str]) -> None:
    with pytest.raises(InvalidPayload) as error:
        proof_from_json(json.dumps(document).encode())
    assert [place for place, _ in error.value.faults] == pointers


@pytest.mark.parametrize("body", [b"", b"{", b'{"version": 1,}', b"\xff"])
def test_what_is_no_json_is_no_proof(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        proof_from_json(body)


def test_members_that_mean_nothing_are_ignored() -> None:
    assert proof_from_json(json.dumps({**RIGHT, "comment": "mine"}).encode()).cost == 5


def test_the_documentation_names_the_members_of_every_kind_of_step() -> None:
    text = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text.partition("## The file of a proof")[2], re.MULTILINE)
    documented = {kind: set(re.findall(r"`(\w+)`", members)) for kind, members in rows[1:]}
    assert documented == {name: set(kind._fields) for name, kind in STEPS.items()}
