"""Renews ``powerplant/api/openapi.json``, the description of the service for programs (OpenAPI 3.1).

::

    python -m tools.openapi

The service sends the file. Addresses, parameters, headers and the requests of the examples are edited by hand in it.
This module writes the parts that follow from the code: the schemas, from the models; the responses with problems, from
the table of problem types; the answers of the examples, from the service.

To add an address, add it to the file: its summary, its answer, and for each status with a problem a reference to a
response, whose name is the problem type, or several joined by ``-or-``. This module writes that response, and the
references to the problems that every address has. A problem type with its own members needs a model here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from powerplant import __version__, create_app
from powerplant.config import Settings
from powerplant.horizon.schemas import HorizonPlan, HorizonReport, HorizonRequest
from powerplant.models import Fuels, Megawatt, PlantOutput, PowerPlant, ProductionPlanRequest, Report
from powerplant.problems import PROBLEM_TYPES

Json = dict[str, Any]
FILE = Path(__file__).parents[1] / "powerplant" / "api" / "openapi.json"
WIDTH = 110
OR = "-or-"
PROBLEM = "application/problem+json"
Reason = Literal["off_grid", "below_must_run", "above_capacity", "below_minimum", "in_a_gap"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Fault(_Answer):
    """One fault of a payload."""

    pointer: str = Field(description="where: a JSON Pointer (RFC 6901) as a URI fragment")
    detail: str = Field(description="what is wrong there")


class QueryFault(_Answer):
    """One fault of a query."""

    parameter: str
    detail: str = Field(description="what its value may be")


class LineProblem(BaseModel):
    """The error of one line of a batch. It also has the members that its type adds."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="address of the problem type, /problems/{name}")
    title: str = Field(description="the problem type in a few words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong, in a sentence or two")


class ProblemDocument(LineProblem):
    """An error (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    instance: str = Field(description="the path of the request")
    request_id: str = Field(description="the id of the request in the log")


class InvalidPayloadProblem(ProblemDocument):
    """The payload has faults."""

    errors: list[Fault] = Field(description="every fault, up to a hundred")


class InvalidQueryProblem(ProblemDocument):
    """A query parameter has a fault."""

    errors: list[QueryFault]


class InfeasibleLoadProblem(ProblemDocument):
    """No plan meets the load."""

    reason: Reason
    nearest_below: float | None = Field(description="MW: the largest load below that has a plan; null if none has")
    nearest_above: float | None = Field(description="MW: the smallest load above that has a plan; null if none has")


class MissingEnergy(_Answer):
    """What all periods together lack, in MWh."""

    shortfall: float = Field(description="MWh of load that are not met")
    surplus: float = Field(description="MWh that must be produced beyond the load")
    reserve: float = Field(description="MW of reserve that are missing, times hours")


class PeriodWithoutPlan(_Answer):
    """What a period lacks, in MW."""

    period: int = Field(ge=1, description="its number, from 1")
    start: str | None = Field(None, description="its start; where the request has one")
    shortfall: float = Field(description="MW of load that are not met")
    surplus: float = Field(description="MW that must be produced beyond the load")
    reserve: float = Field(description="MW of reserve that are missing")
    reason: Reason | None = Field(None, description="where nothing couples the periods")
    nearest_below: float | None = Field(None, description="MW: the largest load below that has a plan, with a reason")
    nearest_above: float | None = Field(None, description="MW: the smallest load above that has a plan, with a reason")
    detail: str = Field(description="the same in a sentence")


class InfeasibleHorizonProblem(ProblemDocument):
    """No plan meets all periods."""

    missing: MissingEnergy
    proven: bool = Field(description="whether less cannot be missing")
    periods: list[PeriodWithoutPlan] = Field(description="those that lack something")


class GaveUpProblem(ProblemDocument):
    """No plan was proven in time."""

    gap: float | None = Field(
        description="euro: how far the best plan found is, at most, above the cheapest; null if none was found"
    )


class HourOfFleet(BaseModel):
    """The load and the prices of one hour. It may also have powerplants of its own, as a payload has."""

    load: Megawatt = Field(description="MWh in the hour, so MW on average")
    fuels: Fuels


class FleetAndHours(BaseModel):
    """A batch: the power plants, and the hours for which they are planned."""

    powerplants: list[PowerPlant] = Field(min_length=1)
    fuels: Fuels | None = Field(None, description="prices of the hours that have none of their own; no profiles")
    hours: list[HourOfFleet]


class LineWithPlan(_Answer):
    """The answer to a line of a batch that has a plan."""

    line: int = Field(ge=1, description="number of the line in the request, from 1")
    plan: list[PlantOutput] = Field(description="as POST /productionplan answers")
    cost: float = Field(description="euro, to the cent")
    gap: float | None = Field(
        None, description="euro: how far the plan is, at most, above the cheapest; absent if it is proven"
    )
    load: float | None = Field(
        None, description="MW: the load that the plan meets; present if the request asks for a rounded load"
    )


class LineWithHorizon(HorizonPlan):
    """The answer to a line of a batch that is a horizon."""

    line: int = Field(ge=1, description="number of the line in the request, from 1")


class LineWithProblem(_Answer):
    """The answer to a line of a batch that has no plan."""

    line: int = Field(ge=1, description="number of the line in the request, from 1")
    problem: LineProblem


MODELS: tuple[type[BaseModel], ...] = (
    *(ProductionPlanRequest, Report, FleetAndHours),
    *(HorizonRequest, HorizonPlan, HorizonReport),
    *(LineWithPlan, LineWithHorizon, LineWithProblem, ProblemDocument),
)
"""The models whose schemas are in the document, with the schemas of their members."""

MODEL_OF: dict[str, type[ProblemDocument]] = {
    "invalid-payload": InvalidPayloadProblem,
    "invalid-query": InvalidQueryProblem,
    "infeasible-load": InfeasibleLoadProblem,
    "infeasible-horizon": InfeasibleHorizonProblem,
    "gave-up": GaveUpProblem,
}
"""The models of problem types that have their own members."""

PATH_OF = {"infeasible-horizon": "/productionplan/horizon"}
"""The addresses whose answers are the examples of problems; for the others it is /productionplan."""

HEADERS_OF = {
    **dict.fromkeys(("gave-up", "busy", "feed-is-full"), ("Retry-After",)),
    "method-not-allowed": ("Allow",),
    "token-required": ("WWW-Authenticate",),
    "upgrade-required": ("Upgrade", "Sec-WebSocket-Version"),
}
"""The headers of problems, beside X-Request-ID."""

EVERYWHERE = (
    *("bad-request", "request-timeout", "uri-too-long"),
    *("expectation-failed", "headers-too-large", "internal-error"),
)
"""The problem types of every address. Most of them are answered before a request reaches the app."""


class _WithoutTitles(GenerateJsonSchema):
    """Omits the titles of members, which repeat the names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def document() -> Json:
    """The document in the file, with the parts that follow from the code written again."""
    document: Json = json.loads(FILE.read_text(encoding="utf-8"))
    document["info"]["version"] = __version__
    requests = document["components"]["examples"]
    groups = {"method-not-allowed"}  # no operation refers to it, since each one has a method that exists
    for path, item in document["paths"].items():
        for operation in item.values():
            operation["responses"] = responses = _with_all_problems(operation["responses"])
            groups.update(_names(responses))
            for media_type, content in responses.get("200", {}).get("content", {}).items():
                for name, answer in content.get("examples", {}).items():
                    answer["value"] = _answer(path, requests[name]["value"], 200, media_type)
    document["components"]["responses"] = {group: _problems(group.split(OR), requests) for group in sorted(groups)}
    document["components"]["schemas"] = _schemas()
    return document


def _names(responses: Json) -> list[str]:
    return [response["$ref"].rpartition("/")[2] for response in responses.values() if "$ref" in response]


def _with_all_problems(responses: Json) -> Json:
    """The responses of an operation, with a reference for each status of its problems and of those of every address."""
    named = {*EVERYWHERE, *OR.join(_names(responses)).split(OR)}
    groups = defaultdict(list)
    for name in PROBLEM_TYPES:
        if name in named:
            groups[str(PROBLEM_TYPES[name].status)].append(name)
    answers = {status: response for status, response in responses.items() if "$ref" not in response}
    references = {status: _ref("responses", OR.join(names)) for status, names in groups.items()}
    return dict(sorted({**answers, **references}.items()))


def _problems(names: list[str], requests: Json) -> Json:
    """The response that is one of these problems. The example of a problem is a request with the name of its type."""
    models = dict.fromkeys(MODEL_OF.get(name, ProblemDocument).__name__ for name in names)
    schemas = [_ref("schemas", model) for model in models]
    content: Json = {"schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas}}
    if shown := [name for name in names if name in requests]:
        content["examples"] = {
            name: {
                "value": _answer(
                    PATH_OF.get(name, "/productionplan"), requests[name]["value"], PROBLEM_TYPES[name].status
                )
            }
            for name in shown
        }
    headers = dict.fromkeys(header for name in names for header in ("X-Request-ID", *HEADERS_OF.get(name, ())))
    return {
        "description": " ".join(f"`{name}`: {PROBLEM_TYPES[name].title}." for name in names),
        "headers": {header: _ref("headers", header) for header in headers},
        "content": {PROBLEM: content},
    }


def _answer(path: str, body: Json | str, status: int, accept: str = "*/*") -> Any:
    """The body of the service's answer to a payload, or to a batch."""
    app = create_app(Settings(co2=True, time_limit=60, horizon_time_limit=60))  # enough on a busy machine too
    app.logger.handlers = []  # the log does not belong on the terminal here
    data = body if isinstance(body, str) else json.dumps(body)
    response = app.test_client().post(path, data=data, headers={"X-Request-ID": "example", "Accept": accept})
    if response.status_code != status:
        raise ValueError(f"The answer of {path} to an example has the status {response.status_code}, not {status}.")
    return response.json if response.is_json else response.text


def _schemas() -> Json:
    _, schemas = models_json_schema(
        [(model, "validation") for model in (*MODELS, *MODEL_OF.values())],
        ref_template="#/components/schemas/{model}",
        schema_generator=_WithoutTitles,
    )
    return dict(sorted(schemas["$defs"].items()))


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def as_text(value: Any, indent: str = "") -> str:
    """JSON with each list or object on one line if it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(indent + line) <= WIDTH:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        start, end, items = "{", "}", [f"{json.dumps(name)}: {as_text(value[name], inner)}" for name in value]
    else:
        start, end, items = "[", "]", [as_text(item, inner) for item in value]
    return f"{start}\n" + ",\n".join(inner + item for item in items) + f"\n{indent}{end}"


if __name__ == "__main__":
    FILE.write_text(as_text(document()) + "\n", encoding="utf-8")
