"""Makes ``openapi.json``, what the service says of itself to programs (OpenAPI 3.1), at development time.

::

    python -m powerplant.api.openapi

The schemas come from the models, the problems from their table, and every example is an answer of the service itself. A
request example and the response example of the same name belong together. Two members of examples are ours: ``x-query``
holds the parameters of a request, since examples of the parameters themselves would be filled in for every request, and
``x-body`` one that is no JSON, beside its response. Nothing of this module is imported when the service runs: it sends
the file.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from flask import Flask, Response
from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from werkzeug.exceptions import BadRequest, MethodNotAllowed, RequestEntityTooLarge

from powerplant import Settings, __version__, create_app
from powerplant.api.problems import PROBLEM_TYPES, problem
from powerplant.errors import OutOfTime, TooBusy
from powerplant.models import PlantOutput, ProductionPlanRequest, Report

FILE = Path(__file__).with_name("openapi.json")
REQUEST_ID = "example"

Json = dict[str, Any]


# --- The bodies of problems, by the table of their types -------------------------------------------------------------


class Problem(BaseModel):
    """What every problem says (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="address of the kind of problem, which explains it")
    title: str = Field(description="the kind of problem in a few words")
    status: int = Field(description="the status of the answer")
    detail: str = Field(description="what is wrong with this request, in a sentence or two")
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


def _model_of(name: str) -> type[BaseModel]:
    status, title, explanation = PROBLEM_TYPES[name]
    members: dict[str, Any] = {
        "type": (str, Field(pattern=f"/problems/{name}$")),
        "title": (Literal[title], ...),
        "status": (Literal[status], ...),
        **MEMBERS.get(name, {}),
    }
    camel_case = "".join(word.capitalize() for word in name.split("-"))
    return create_model(camel_case, __base__=Problem, __doc__=explanation, **members)


PROBLEMS = {name: _model_of(name) for name in PROBLEM_TYPES}


class Health(BaseModel):
    """The service is there."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ok"]
    version: str


class Ready(BaseModel):
    """The service has made a plan."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["ready"]


# --- Schemas ---------------------------------------------------------------------------------------------------------


class _WithoutTitles(GenerateJsonSchema):
    """A title that repeats the key says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def _schemas() -> Json:
    answers: list[type[BaseModel]] = [PlantOutput, Report, Health, Ready, *PROBLEMS.values()]
    _, schemas = models_json_schema(
        [(ProductionPlanRequest, "validation"), *((model, "serialization") for model in answers)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_WithoutTitles,
    )
    definitions: Json = schemas["$defs"]
    definitions["ProductionPlan"] = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/PlantOutput"},
        "description": "Every power plant of the payload, in merit order. The outputs add up to the load exactly.",
    }
    return dict(sorted(definitions.items()))


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schema(*models: type[BaseModel]) -> Json:
    refs = [_ref("schemas", model.__name__) for model in models]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}


# --- Examples: what is asked, and what the service answers -----------------------------------------------------------


class Question(NamedTuple):
    """A request that shows something.

    Attributes:
        summary: what it shows.
        body: a payload or, where it shows what is no JSON, a text.
        query: parameters of the address.
        to: the addresses, of those that take a payload, that it is an example for.
    """

    summary: str
    body: Json | str
    query: Mapping[str, str] = {}
    to: tuple[str, ...] = ("/productionplan", "/productionplan/report")


PLAN_ALONE = ("/productionplan",)

FUELS = {"gas(euro/MWh)": 13.4, "kerosine(euro/MWh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
FLEET = [
    {"name": "gasfiredbig1", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
    {"name": "gasfiredbig2", "type": "gasfired", "efficiency": 0.53, "pmin": 100, "pmax": 460},
    {"name": "gasfiredsomewhatsmaller", "type": "gasfired", "efficiency": 0.37, "pmin": 40, "pmax": 210},
    {"name": "tj1", "type": "turbojet", "efficiency": 0.3, "pmin": 0, "pmax": 16},
    {"name": "windpark1", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 150},
    {"name": "windpark2", "type": "windturbine", "efficiency": 1, "pmin": 0, "pmax": 36},
]
PAYLOADS = [
    {"load": 480, "fuels": FUELS, "powerplants": FLEET},
    {"load": 480, "fuels": FUELS | {"wind(%)": 0}, "powerplants": FLEET},
    {"load": 910, "fuels": FUELS, "powerplants": FLEET},
]
"""The three of the challenge."""

ONE_GAS_PLANT = {"fuels": FUELS, "powerplants": [FLEET[0]]}

QUESTIONS = {
    "payload3": Question("Payload 3 of the challenge", PAYLOADS[2]),
    "payload1": Question("Payload 1 of the challenge", PAYLOADS[0], to=PLAN_ALONE),
    "payload2": Question("Payload 2: the merit order alone would break a pmin", PAYLOADS[1]),
    "without-co2": Question("Payload 2, CO2 not counted", PAYLOADS[1], {"co2": "false"}),
    "accept-feasible": Question(
        "Payload 1; an unproven plan would do, if it took too long", PAYLOADS[0], {"accept": "feasible"}, PLAN_ALONE
    ),
    "above-capacity": Question("A load above all capacity", PAYLOADS[0] | {"load": 2000}),
    "in-a-gap": Question(
        "A load that lies in a gap: 50 MW of wind are on or off, the gas plant makes 100 MW or more",
        {
            "load": 75,
            "fuels": FUELS | {"wind(%)": 100},
            "powerplants": [FLEET[0], {"name": "windpark3", "type": "windturbine", "pmax": 50}],
        },
        to=PLAN_ALONE,
    ),
    "below-minimum": Question("A load under every minimum", ONE_GAS_PLANT | {"load": 60}, to=PLAN_ALONE),
    "off-grid": Question("A load that is no multiple of 0.1 MW", PAYLOADS[0] | {"load": 480.05}, to=PLAN_ALONE),
    "invalid-payload": Question(
        "A payload with four faults",
        {
            "load": "60",
            "fuels": {},
            "powerplants": [{"name": "g", "type": "gasfired", "efficiency": 0.5, "pmin": 50, "pmax": 40}],
        },
    ),
    "invalid-query": Question("A parameter that is neither true nor false", PAYLOADS[0], {"co2": "maybe"}),
    "cut-off": Question("A body that ends too early", '{"load": 480, "fuels": {'),
}

ERRORS: dict[str, Exception] = {
    "bad-request": BadRequest("The body could not be read to its end."),
    "method-not-allowed": MethodNotAllowed(["POST", "OPTIONS"]),
    "content-too-large": RequestEntityTooLarge(f"A body may have {Settings.max_body} bytes here."),
    "gave-up": OutOfTime(Settings.time_limit, Decimal("437.3278")),
    "busy": TooBusy(),
}
"""Problems that no example asks for, as the service raises them. The words of the others are those of their page."""


def _ask(path: str, question: Question | None = None) -> tuple[int, Json]:
    """The status of an answer of the service, and the answer as an example."""
    client, headers = _silent_app().test_client(), {"X-Request-ID": REQUEST_ID}
    if question is None:
        response = client.get(path, headers=headers)
        return response.status_code, {"value": response.json if response.is_json else response.text}
    body = question.body if isinstance(question.body, str) else json.dumps(question.body)
    response = client.post(path, data=body, query_string=question.query, headers=headers)
    told = [f"{name}: {value}" for name, value in response.headers if name.startswith("Plan-")]
    example: Json = {"summary": question.summary, "value": response.json}
    if told:
        example["description"] = ", ".join(told)
    if isinstance(question.body, str):
        example["x-body"] = question.body
    return response.status_code, example


def _tell(path: str, name: str) -> Json:
    """How the service tells a problem, as an example: that of an app in which every address has this problem."""

    def view() -> Response:
        if name in ERRORS:
            raise ERRORS[name]
        return problem(name, PROBLEM_TYPES[name].explanation)

    app = _silent_app()
    app.view_functions = dict.fromkeys(app.view_functions, view)
    response = app.test_client().post(path, headers={"X-Request-ID": REQUEST_ID})
    return {"summary": PROBLEM_TYPES[name].title, "value": response.json}


def _silent_app() -> Flask:
    app = create_app(Settings())
    app.logger.setLevel(logging.CRITICAL + 1)
    return app


# --- Responses -------------------------------------------------------------------------------------------------------

HEADERS = {
    "X-Request-ID": {
        "description": "What the log knows the request by: the one that was sent, or a new one.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Plan-Status": {
        "description": "optimal: no plan is cheaper, which is proven; feasible: the best plan found in time.",
        "required": True,
        "schema": {"enum": ["optimal", "feasible"], "type": "string"},
    },
    "Plan-Cost": {"description": "euro, to the cent", "required": True, "schema": {"type": "number"}},
    "Plan-Gap": {
        "description": "euro by which a feasible plan may be too dear at the most; not there beside an optimal one",
        "schema": {"minimum": 0, "type": "number"},
    },
    "Retry-After": {
        "description": "seconds after which to ask again",
        "required": True,
        "schema": {"minimum": 0, "type": "integer"},
    },
    "Allow": {"description": "the methods that the address takes", "required": True, "schema": {"type": "string"}},
    "ETag": {"description": "changes with the content", "schema": {"type": "string"}},
}


def _response(description: str, media_type: str, schema: Json, *headers: str, **content: Any) -> Json:
    return {
        "description": description,
        "headers": {name: _ref("headers", name) for name in ("X-Request-ID", *headers)},
        "content": {media_type: {"schema": schema, **content}},
    }


def _problem(names: Iterable[str], examples: Json, *headers: str) -> Json:
    names = list(names)
    description = ", or: ".join(PROBLEM_TYPES[name].title for name in names) + "."
    schema = _schema(*(PROBLEMS[name] for name in names))
    return _response(description, "application/problem+json", schema, *headers, examples=examples)


def _told(path: str, names: Iterable[str], *headers: str) -> Json:
    """A response with problems that no example asks for."""
    names = list(names)
    return _problem(names, {name: _tell(path, name) for name in names}, *headers)


# --- Operations ------------------------------------------------------------------------------------------------------

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

REFUSED = {
    str(PROBLEM_TYPES[name].status): _ref("responses", name)
    for name in (
        "bad-request",
        "request-timeout",
        "uri-too-long",
        "expectation-failed",
        "headers-too-large",
        "internal-error",
        "overloaded",
    )
}
"""What can befall a request at any address: most of it before the address is looked at."""


def _planning(path: str, answer: Json, words: Json) -> Json:
    """An operation that takes a payload."""
    questions = {name: question for name, question in QUESTIONS.items() if path in question.to}
    recorded: dict[int, Json] = {}
    for name, question in questions.items():
        status, example = _ask(path, question)
        recorded.setdefault(status, {})[name] = example
    answer["content"]["application/json"]["examples"] = recorded[200]
    bad_request = recorded[400] | {"bad-request": _tell(path, "bad-request")}
    return {
        **words,
        "tags": ["plans"],
        "parameters": PARAMETERS,
        "requestBody": {
            "required": True,
            "description": "It is read as JSON whatever its Content-Type says.",
            "content": {
                "application/json": {
                    "schema": _schema(ProductionPlanRequest),
                    "examples": {
                        name: _asked(question)
                        for name, question in questions.items()
                        if not isinstance(question.body, str)
                    },
                }
            },
        },
        "responses": REFUSED
        | {
            "200": answer,
            "400": _problem(["malformed-json", "bad-request"], bad_request),
            "413": _ref("responses", "content-too-large"),
            "422": _problem(["invalid-payload", "invalid-query", "infeasible-load"], recorded[422]),
            "503": _told(path, ["gave-up", "busy", "overloaded"], "Retry-After"),
        },
    }


def _asked(question: Question) -> Json:
    """A question as an example."""
    if not question.query:
        return {"summary": question.summary, "value": question.body}
    query = urlencode(question.query)
    return {"summary": f"{question.summary}: ?{query}", "value": question.body, "x-query": query}


def _asking(operation_id: str, tag: str, summary: str, answer: Json, **more: Any) -> Json:
    """An operation that takes nothing but its address."""
    responses = REFUSED | {"200": answer} | more.pop("responses", {})
    return {"operationId": operation_id, "tags": [tag], "summary": summary, **more, "responses": responses}


def _paths() -> Json:
    return _plans() | _explanations() | _operations() | _documentation()


def _plans() -> Json:
    plan = _response(
        "The cheapest plan.",
        "application/json",
        _ref("schemas", "ProductionPlan"),
        *("Plan-Status", "Plan-Cost", "Plan-Gap"),
    )
    report = _response("The plan, and why it is as it is.", "application/json", _schema(Report))
    return {
        "/productionplan": {
            "post": _planning(
                "/productionplan",
                plan,
                {
                    "operationId": "planProduction",
                    "summary": "The cheapest plan for a payload",
                    "description": "How much each power plant should produce, so that the load is met exactly and as "
                    "cheaply as possible. That no plan is cheaper is proven.",
                },
            )
        },
        "/productionplan/report": {
            "post": _planning(
                "/productionplan/report",
                report,
                {
                    "operationId": "reportOnProduction",
                    "summary": "The same plan, and why it is as it is",
                    "description": "Costs, prices of the next MWh and, for each power plant, what the best plan would "
                    "cost with the plant switched the other way, and a reason in one sentence.",
                },
            )
        },
    }


def _explanations() -> Json:
    return {
        "/problems": {
            "get": _asking("listProblemTypes", "problems", "The types of problems, a line each", _text("/problems"))
        },
        "/problems/{name}": {
            "get": _asking(
                "explainProblemType",
                "problems",
                "A few lines on one type of problem",
                _text("/problems/infeasible-load"),
                parameters=[
                    {
                        "name": "name",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                        "examples": {"infeasible-load": {"value": "infeasible-load"}},
                    }
                ],
                responses={"404": _ref("responses", "not-found")},
            )
        },
    }


def _operations() -> Json:
    return {
        "/health": {
            "get": _asking("health", "operations", "Whether the service is up", _recorded("/health", "It is.", Health))
        },
        "/ready": {
            "get": _asking(
                "ready",
                "operations",
                "Whether the service can plan",
                _recorded("/ready", "It has just made a plan.", Ready),
            )
        },
        "/metrics": {
            "get": _asking(
                "metrics",
                "operations",
                "What the service is doing, for Prometheus",
                _response("All numbers, in Prometheus' text format.", "text/plain", {"type": "string"}),
                responses={"404": _ref("responses", "not-found")},
                description="Not found where prometheus-client is not installed.",
            )
        },
    }


def _documentation() -> Json:
    return {
        "/openapi.json": {
            "get": _asking(
                "openapiDocument",
                "documentation",
                "This document",
                _response("OpenAPI 3.1.", "application/json", {"type": "object"}, "ETag"),
            )
        },
        "/docs": {
            "get": _asking(
                "documentationPage",
                "documentation",
                "This document as a page",
                _response("A page that tries the service out.", "text/html", {"type": "string"}),
            )
        },
        "/": {
            "get": _asking(
                "page",
                "documentation",
                "The page on which to plan",
                _response("A page to edit a payload on, and to see its plan.", "text/html", {"type": "string"}),
            )
        },
    }


def _text(path: str) -> Json:
    name = path.rpartition("/")[2]
    _, example = _ask(path)
    return _response("A text.", "text/plain", {"type": "string"}, examples={name: example})


def _recorded(path: str, description: str, model: type[BaseModel]) -> Json:
    _, example = _ask(path)
    name = path.removeprefix("/")
    return _response(description, "application/json", _schema(model), examples={name: example})


# --- The document ----------------------------------------------------------------------------------------------------

DESCRIPTION = """\
How much each power plant should produce during one hour, so that the load is met exactly and as cheaply as possible.

Every error is a problem document (RFC 9457), whose `type` is an address that explains it. Besides what is listed with
each address, one that does not exist answers 404, and a method that an address does not take 405 with the header
`Allow`. A slash at the end of an address means nothing. `X-Request-ID` may be sent with any request: 1 to 128 printable
characters without spaces, under which the log then knows the request.
"""

SHARED = (
    "bad-request",
    "not-found",
    "method-not-allowed",
    "request-timeout",
    "content-too-large",
    "uri-too-long",
    "expectation-failed",
    "headers-too-large",
    "internal-error",
    "overloaded",
)
"""Problems that are the same at each address."""

HEADERS_OF = {"method-not-allowed": ["Allow"], "overloaded": ["Retry-After"]}


def document() -> Json:
    """The whole of it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "powerplant",
            "version": __version__,
            "summary": "The cheapest production plan that meets the load of one hour, exactly and proven",
            "description": DESCRIPTION,
        },
        "servers": [
            {"url": "http://127.0.0.1:8888", "description": "as ./runapp and the image start it"},
            {"url": ".", "description": "where this document came from"},
        ],
        "tags": [
            {"name": "plans", "description": "What the service is for"},
            {"name": "problems", "description": "What the types of problems mean"},
            {"name": "operations", "description": "For whoever runs it"},
            {"name": "documentation", "description": "For whoever uses it"},
        ],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "headers": HEADERS,
            "responses": {name: _told("/productionplan", [name], *HEADERS_OF.get(name, ())) for name in SHARED},
        },
    }


def as_text() -> str:
    """The document as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text(), encoding="utf-8")
