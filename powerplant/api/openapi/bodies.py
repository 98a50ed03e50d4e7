"""The bodies that only the document has a form for: problems, by the table of their types, and answers to probes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from powerplant.models import PlantOutput
from powerplant.problems import PROBLEM_TYPES


class LineProblem(BaseModel):
    """What is wrong with one line of a batch, with the members of the type of problem."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="address of the kind of problem, which explains it")
    title: str = Field(description="the kind of problem in a few words")
    status: int = Field(description="the status that it would have alone")
    detail: str = Field(description="what is wrong, in a sentence or two")


class Problem(LineProblem):
    """What every problem says (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    status: int = Field(description="the status of the answer")
    instance: str = Field(description="the path of the request")
    request_id: str = Field(description="what the log knows the request by")


class PayloadFault(BaseModel):
    """One fault of a payload."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="where: a JSON Pointer (RFC 6901) as a URI fragment")
    detail: str = Field(description="what is wrong there")


class QueryFault(BaseModel):
    """One fault of a query."""

    model_config = ConfigDict(extra="forbid")

    parameter: str
    detail: str = Field(description="what it may be")


MEMBERS: dict[str, dict[str, tuple[Any, Any]]] = {
    "invalid-payload": {"errors": (list[PayloadFault], Field(description="every fault, up to a hundred of them"))},
    "invalid-query": {"errors": (list[QueryFault], ...)},
    "infeasible-load": {
        "reason": (Literal["off_grid", "above_capacity", "below_minimum", "in_a_gap"], ...),
        "nearest_below": (float, Field(description="MW: the largest load below that has a plan")),
        "nearest_above": (
            float | None,
            Field(description="MW: the smallest load above that has one; null above all capacity"),
        ),
    },
    "gave-up": {
        "gap": (float | None, Field(description="euro by which the best plan found may be too dear; null without one"))
    },
}
"""What the problems say beyond :class:`Problem`."""


def _problem_of(name: str) -> type[BaseModel]:
    status, title, explanation = PROBLEM_TYPES[name]
    members: dict[str, Any] = {
        "type": (str, Field(pattern=f"/problems/{name}$")),
        "title": (Literal[title], ...),
        "status": (Literal[status], ...),
        **MEMBERS.get(name, {}),
    }
    camel_case = "".join(word.capitalize() for word in name.split("-"))
    return create_model(camel_case, __base__=Problem, __doc__=explanation, **members)


PROBLEMS = {name: _problem_of(name) for name in PROBLEM_TYPES}


class LineWithPlan(BaseModel):
    """The answer to a line of a batch that has a plan."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=1, description="the number of the line, as an editor counts")
    plan: list[PlantOutput] = Field(description="as POST /productionplan answers")
    cost: float = Field(description="euro, to the cent")
    gap: float | None = Field(None, description="euro by which it may be too dear; not there where no plan is cheaper")


class LineWithProblem(BaseModel):
    """The answer to a line of a batch that has none."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=1, description="the number of the line, as an editor counts")
    problem: LineProblem


class Health(BaseModel):
    """The service is there."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"]
    version: str


class Ready(BaseModel):
    """The service has made a plan."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ready"]
