"""A proof as a file: it is read as it was written, and each fault of a file has its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from case_files import Case, load_cases
from hypothesis import given
from solving import claim_of
from strategies import PlainUnit, instances

from powerplant.decoding import decode
from powerplant.errors import InvalidPayload, MalformedPayload
from powerplant.formulation import Instance, formulate
from powerplant.merit_order import Proof, check_proof
from powerplant.merit_order.proof import Bound, OutputSplit
from powerplant.proofs import STEPS, Claim, proof_as_json, proof_from_json


def round_trip(claim: Claim) -> Claim:
    return proof_from_json(proof_as_json(claim).encode())


def is_solved(case: Case) -> bool:
    """Whether a proof belongs to its answer."""
    reasons = {"above_capacity", "below_minimum", "in_a_gap"}
    return case.expected["status"] == 200 or case.expected.get("reason") in reasons


SOLVED = [pytest.param(case, id=name) for name, case in load_cases() if is_solved(case)]


def instance_of(case: Case) -> Instance:
    co2 = case.query != "co2=false"
    return formulate(decode(case.body.encode(), co2=co2, max_plants=1000), co2=co2)


@pytest.mark.parametrize("case", SOLVED)
def test_the_proof_of_a_case_is_read_as_it_was_written(case: Case) -> None:
    instance = instance_of(case)
    claim = claim_of(instance.units, instance.load)
    again = round_trip(claim)
    assert again == claim
    assert [type(step) for step in again.proof.steps] == [type(step) for step in claim.proof.steps]
    assert check_proof(instance.units, instance.load, again.cost, again.proof) is claim.proof.certified


def test_the_cases_have_proofs_of_every_method_and_steps_of_every_kind() -> None:
    instances = [instance_of(case) for _, case in load_cases() if is_solved(case)]
    proofs = [claim_of(instance.units, instance.load).proof for instance in instances]
    assert {proof.method for proof in proofs} == {"merit order", "search", "counting", "core programme"}
    assert {type(step) for proof in proofs for step in proof.steps} == {*STEPS.values()}


@given(instances())
def test_any_proof_is_read_as_it_was_written(instance: tuple[list[PlainUnit], int]) -> None:
    units, load = instance
    claim = claim_of(units, load)
    assert round_trip(claim) == claim


def test_numbers_can_have_any_size() -> None:
    claim = Claim(-(10**40), Proof("counting", (Bound(10**60, 0, 3**50), OutputSplit(-5, 0, 2**70, True))))
    assert round_trip(claim) == claim
    assert repr(round_trip(claim)) == repr(claim), "true is not 1"


VALID: dict[str, Any] = {
    "version": 1,
    "method": "search",
    "cost": 5,
    "steps": [{"kind": "bound", "price": 1, "charge": 0, "scale": 1}, {"kind": "empty", "reason": "outputs"}],
}


def with_step(**step: Any) -> dict[str, Any]:
    return VALID | {"steps": [VALID["steps"][0], step]}


@pytest.mark.parametrize(
    ("document", "pointers"),
    [
        ([], ["#"]),
        (None, ["#"]),
        ({}, ["#/version", "#/method", "#/cost", "#/steps"]),
        (VALID | {"version": 2}, ["#/version"]),
        (VALID | {"version": True}, ["#/version"]),
        (VALID | {"method": 3}, ["#/method"]),
        (VALID | {"cost": 5.0}, ["#/cost"]),
        (VALID | {"cost": "5"}, ["#/cost"]),
        (VALID | {"cost": False}, ["#/cost"]),
        (VALID | {"steps": {}}, ["#/steps"]),
        (
            VALID | {"steps": [1, None, {"kind": "magic"}, {}, {"kind": []}]},
            ["#/steps/0", "#/steps/1", *(f"#/steps/{i}/kind" for i in (2, 3, 4))],
        ),
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
def test_json_that_is_not_a_proof_has_faults_with_their_places(document: Any, pointers: list[str]) -> None:
    with pytest.raises(InvalidPayload) as error:
        proof_from_json(json.dumps(document).encode())
    assert [place for place, _ in error.value.faults] == pointers


@pytest.mark.parametrize("body", [b"", b"{", b'{"version": 1,}', b"\xff"])
def test_a_body_that_is_not_json_is_not_a_proof(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        proof_from_json(body)


def test_other_members_are_ignored() -> None:
    assert proof_from_json(json.dumps({**VALID, "comment": "mine"}).encode()).cost == 5


def test_the_documentation_names_the_members_of_every_kind_of_step() -> None:
    text = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", text.partition("## The file of a proof")[2], re.MULTILINE)
    documented = {kind: set(re.findall(r"`(\w+)`", members)) for kind, members in rows[1:]}
    assert documented == {name: set(kind._fields) for name, kind in STEPS.items()}
