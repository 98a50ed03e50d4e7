"""The addresses that take payloads: a table of them, and how an entry becomes an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from powerplant.api.openapi.examples import Question, ask, asked, questions_to
from powerplant.api.openapi.responses import REFUSED, answer, problems
from powerplant.api.openapi.schemas import NDJSON, Json, ref, schema
from powerplant.models import ProductionPlanRequest, Report

JSON = "application/json"


class Body(NamedTuple):
    """What is sent to an address."""

    media_type: str
    form: Json
    description: str

    def may_be_of(self, question: Question) -> bool:
        """Whether a question is shown among the requests: a text cannot be, where JSON is sent."""
        return not (self.media_type == JSON and isinstance(question.body, str))


class Operation(NamedTuple):
    """What an address does with a body.

    Attributes:
        operation_id: what programs call it.
        summary: in a line.
        description: in a few.
        body: what it takes.
        success: what it answers when all is well.
        errors: the problems that it may answer instead, by the status.
    """

    operation_id: str
    summary: str
    description: str
    body: Body
    success: Json
    errors: Mapping[int, Sequence[str]]


PARAMETERS = [
    {
        "name": "co2",
        "in": "query",
        "description": "Whether CO2 counts in the cost. The default is the server's setting: true, unless its operator "
        "says otherwise.",
        "schema": {"default": True, "type": "boolean"},
    },
    {
        "name": "accept",
        "in": "query",
        "description": "feasible: where no plan is proven to be a cheapest one in time, the best plan found will do.",
        "schema": {"enum": ["feasible"], "type": "string"},
    },
]

PAYLOAD = Body(JSON, schema(ProductionPlanRequest), "It is read as JSON whatever its Content-Type says.")

ERRORS = {
    400: ["malformed-json", "bad-request"],
    422: ["invalid-payload", "invalid-query", "infeasible-load"],
    503: ["gave-up", "busy", "overloaded"],
}
"""What may come of a payload that is no plan."""

OPERATIONS = {
    "/productionplan": Operation(
        "planProduction",
        "The cheapest plan for a payload",
        "How much each power plant should produce, so that the load is met exactly and as cheaply as possible. That no "
        "plan is cheaper is proven.",
        PAYLOAD,
        answer(
            "The cheapest plan.",
            JSON,
            ref("schemas", "ProductionPlan"),
            *("Plan-Status", "Plan-Cost", "Plan-Gap"),
        ),
        ERRORS,
    ),
    "/productionplan/report": Operation(
        "reportOnProduction",
        "The same plan, and why it is as it is",
        "Costs, prices of the next MWh and, for each power plant, what the best plan would cost with the plant "
        "switched the other way, and a reason in one sentence.",
        PAYLOAD,
        answer("The plan, and why it is as it is.", JSON, schema(Report)),
        ERRORS,
    ),
    "/productionplan/batch": Operation(
        "planBatch",
        "A plan for each of many payloads",
        "Takes newline-delimited JSON and answers newline-delimited JSON in the same order: a plan or a problem for "
        "each line. One that is wrong harms no other.",
        Body(NDJSON, ref("schemas", "Batch"), "It is read as lines of JSON whatever its Content-Type says."),
        answer("A plan or a problem for each line.", NDJSON, ref("schemas", "BatchAnswers")),
        {400: ["malformed-json", "bad-request"], 422: ["invalid-query"], 503: ["busy", "overloaded"]},
    ),
}


def plans() -> Json:
    """Each address with its operation, shown by the questions to it."""
    return {path: {"post": _shown(path, operation)} for path, operation in OPERATIONS.items()}


def _shown(path: str, operation: Operation) -> Json:
    body, questions = operation.body, questions_to(path)
    sent = {name: asked(question) for name, question in questions.items() if body.may_be_of(question)}
    recorded: dict[int, Json] = {}
    for name, question in questions.items():
        status, example = ask(path, question)
        if name not in sent:
            example["x-body"] = question.body
        recorded.setdefault(status, {})[name] = example
    return {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "description": operation.description,
        "tags": ["plans"],
        "parameters": PARAMETERS,
        "requestBody": {
            "required": True,
            "description": body.description,
            "content": {body.media_type: {"schema": body.form, "examples": sent}},
        },
        "responses": REFUSED
        | {"200": _with_examples(operation.success, recorded[200]), "413": ref("responses", "content-too-large")}
        | {str(status): problems(path, names, recorded.get(status)) for status, names in operation.errors.items()},
    }


def _with_examples(response: Json, examples: Json) -> Json:
    content = {media_type: {**form, "examples": examples} for media_type, form in response["content"].items()}
    return {**response, "content": content}
