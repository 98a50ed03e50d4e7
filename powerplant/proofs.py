"""A proof as a JSON file: a claim, and the steps that prove it.

::

    {"version": 1, "method": "search", "cost": 150158490566040, "steps": [
      {"kind": "output_split", "marginal_cost": 31283018868, "at_most": 0, "at_least": 1000, "at_least_first": true},
      {"kind": "bound", "price": 31283018868, "charge": 0, "scale": 1},
      ...
    ]}

It claims that no plan costs less than ``cost``, in 10**-10 euro, or with ``null`` that no plan exists. All numbers are
integers of any size: outputs in tenths of a MW, prices in 10**-9 euro per MWh. The steps and their members are those of
:mod:`powerplant.merit_order.proof`. A proof does not name its payload; it is checked for a given one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple, Union, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from powerplant.decoding import parse, pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.merit_order import Proof
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Recomputed, Step

EXPECTED = "an object with version, method, cost and steps"

STEPS: dict[str, type[Step]] = {
    "bound": Bound,
    "empty": Empty,
    "output_split": OutputSplit,
    "count_split": CountSplit,
    "recomputed": Recomputed,
}
"""The steps by their names in the file."""


class Claim(NamedTuple):
    """A claim and its proof.

    Attributes:
        cost: no plan costs less, in 10**-10 euro; ``None``: no plan exists.
        proof: of this.
    """

    cost: int | None
    proof: Proof


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


def _model_of(name: str, step: type[Step]) -> type[_Strict]:
    members: dict[str, Any] = {member: (hint, ...) for member, hint in get_type_hints(step).items()}
    return create_model(name, __base__=_Strict, **{"kind": (Literal[name], ...), **members})


_MODELS = {name: _model_of(name, step) for name, step in STEPS.items()}
_NAMES = {step: name for name, step in STEPS.items()}


class _File(_Strict):
    version: int = Field(ge=1, le=1)
    method: str
    cost: int | None
    steps: list[Annotated[Union[*_MODELS.values()], Field(discriminator="kind")]]  # type: ignore[valid-type]  # made above


def proof_as_json(claim: Claim) -> str:
    """A claim and its proof as a JSON file."""
    cost, (method, steps) = claim
    models = [
        _MODELS[_NAMES[type(step)]].model_validate(step._asdict() | {"kind": _NAMES[type(step)]}) for step in steps
    ]
    return _File(version=1, method=method, cost=cost, steps=models).model_dump_json(indent=1) + "\n"


def proof_from_json(body: bytes) -> Claim:
    """Read a file of :func:`proof_as_json`. The proof is not checked here.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is JSON, but not a proof.
    """
    document = parse(body, EXPECTED)
    if not isinstance(document, dict):
        raise InvalidPayload([Fault("#", f"must be {EXPECTED}")])
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        raise InvalidPayload([_fault(details) for details in error.errors(include_url=False)]) from None
    steps = (STEPS[step.kind](**step.model_dump(exclude={"kind"})) for step in file.steps)
    return Claim(file.cost, Proof(file.method, tuple(steps)))


def _fault(details: Any) -> Fault:
    path = [*details["loc"]]
    if path[0] == "steps" and len(path) > 2:
        del path[2]  # pydantic adds the kind of the step there
    if details["type"].startswith("union_tag"):
        path.append("kind")
    return Fault(pointer(*path), _WORDS.get(details["type"], details["msg"]))


_WORDS = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "greater_than_equal": "must be 1",
    "less_than_equal": "must be 1",
    "model_attributes_type": "must be an object",
    "union_tag_not_found": f"is missing: one of {', '.join(STEPS)}",
    "union_tag_invalid": f"must be one of {', '.join(STEPS)}",
}
