"""A proof as a JSON file: a claim, and the steps that prove it.

::

    {"version": 1, "method": "search", "step": "0.1", "cost": 150158490566040, "steps": [
      {"kind": "output_split", "marginal_cost": 31283018868, "at_most": 0, "at_least": 1000, "at_least_first": true},
      {"kind": "bound", "price": 31283018868, "charge": 0, "scale": 1},
      ...
    ]}

It claims that no plan costs less than ``cost``, or with ``null`` that no plan exists. All numbers are integers of any
size: outputs in steps of ``step`` MW, prices in 10**-9 euro per MWh, the cost in 10**-9 euro times ``step``. The steps
and their members are those of :mod:`powerplant.merit_order.proof`; what plants that must run produce at least is not
part of the proof. A proof does not name its payload; it is checked for a given one.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal, NamedTuple, TypeVar, Union, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails

from powerplant.decoding import parse, pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.formulation import GRIDS, TENTHS, Grid
from powerplant.merit_order import Proof
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Recomputed, Step

T = TypeVar("T")

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
        cost: no plan costs less, in the unit of the solver; ``None``: no plan exists.
        proof: of this.
        grid: of the outputs.
    """

    cost: int | None
    proof: Proof
    grid: Grid = TENTHS


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


_MODELS = {
    name: create_model(name, __base__=_Strict, **{"kind": Literal[name], **get_type_hints(step)})
    for name, step in STEPS.items()
}
_NAMES = {step: name for name, step in STEPS.items()}


class _File(_Strict):
    version: int = Field(ge=1, le=1)
    method: str
    step: Literal["1", "0.1", "0.01", "0.001"] = "0.1"
    cost: int | None
    steps: list[Annotated[Union[*_MODELS.values()], Field(discriminator="kind")]]  # type: ignore[valid-type]  # made above


def proof_as_json(claim: Claim) -> str:
    """A claim and its proof as a JSON file."""
    cost, (method, steps), grid = claim
    members = [{"kind": _NAMES[type(step)], **step._asdict()} for step in steps]
    file = {"version": 1, "method": method, "step": grid.step, "cost": cost, "steps": members}
    return json.dumps(file, indent=1) + "\n"


def proof_from_json(body: bytes) -> Claim:
    """Read a file of :func:`proof_as_json`. The proof is not checked here.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is JSON, but not a proof.
    """
    file = read_as(TypeAdapter(_File), body, "an object with version, method, cost and steps")
    steps = (STEPS[step.kind](**step.model_dump(exclude={"kind"})) for step in file.steps)
    return Claim(file.cost, Proof(file.method, tuple(steps)), GRIDS[file.step])


def read_as(kind: TypeAdapter[T], body: bytes, expected: str) -> T:
    """Read a proof or a plan; ``expected``: what it must be, for messages.

    Raises:
        MalformedPayload: it is not JSON.
        InvalidPayload: it is JSON, but not of this kind.
    """
    try:
        return kind.validate_python(parse(body, expected))
    except ValidationError as error:
        raise InvalidPayload([_fault(details, expected) for details in error.errors(include_url=False)]) from None


def _fault(details: ErrorDetails, expected: str) -> Fault:
    path, type_ = [*details["loc"]], details["type"]
    if not path:
        return Fault("#", f"must be {expected}")
    if path[0] == "steps" and len(path) > 2:
        del path[2]  # pydantic adds the kind of the step there
    if type_.startswith("union_tag"):
        path.append("kind")
    return Fault(pointer(*path), _WORDS.get(type_, details["msg"]))


_WORDS = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "list_type": "must be a list",
    "greater_than_equal": "must be 1",
    "less_than_equal": "must be 1",
    "literal_error": "must be 1, 0.1, 0.01 or 0.001, in quotes",
    "model_type": "must be an object with name and p",  # in a plan
    "model_attributes_type": "must be an object",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "union_tag_not_found": f"is missing: one of {', '.join(STEPS)}",
    "union_tag_invalid": f"must be one of {', '.join(STEPS)}",
}
