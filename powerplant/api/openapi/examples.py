"""What is asked, and what the service answers.

A request example and the response example of the same name belong together. Two members of examples are ours:
``x-query`` holds the parameters of a request, since examples of the parameters themselves would be filled in for every
request, and ``x-body`` one that is no JSON, beside its response.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Flask, Response
from flask.testing import FlaskClient
from werkzeug.exceptions import BadRequest, MethodNotAllowed, RequestEntityTooLarge

from powerplant import Settings, create_app
from powerplant.api.openapi.schemas import Json
from powerplant.api.problems import problem
from powerplant.errors import OutOfTime, TooBusy
from powerplant.problems import PROBLEM_TYPES

HEADERS = {"X-Request-ID": "example"}


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

HOURS = [{name: payload[name] for name in ("load", "fuels")} for payload in PAYLOADS]


def _lines(*contents: Json) -> str:
    return "".join(json.dumps(content) + "\n" for content in contents)


BATCH = ("/productionplan/batch",)
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
    "shared-fleet": Question(
        "A fleet, then hours: the challenge's three, and one that no plan meets",
        _lines({"powerplants": FLEET}, *HOURS, HOURS[0] | {"load": 2000}),
        to=BATCH,
    ),
    "whole-payloads": Question(
        "A payload in each line; the second has a fault",
        _lines(PAYLOADS[0], PAYLOADS[1] | {"load": "480"}, PAYLOADS[2]),
        to=BATCH,
    ),
    "batch-without-co2": Question(
        "The same fleet and hours, CO2 not counted", _lines({"powerplants": FLEET}, *HOURS), {"co2": "false"}, BATCH
    ),
    "no-lines": Question("A batch without a line", "\n", to=BATCH),
    "batch-invalid-query": Question(
        "A parameter that is neither true nor false", _lines(PAYLOADS[0]), {"co2": "maybe"}, BATCH
    ),
}

ERRORS: dict[str, Exception] = {
    "bad-request": BadRequest("The body could not be read to its end."),
    "method-not-allowed": MethodNotAllowed(["POST", "OPTIONS"]),
    "content-too-large": RequestEntityTooLarge(f"A body may have {Settings.max_body} bytes here."),
    "gave-up": OutOfTime(Settings.time_limit, Decimal("437.3278")),
    "busy": TooBusy(),
}
"""Problems that no example asks for, as the service raises them. The words of the others are those of their page."""


def questions_to(path: str) -> dict[str, Question]:
    """The questions that are examples for an address."""
    return {name: question for name, question in QUESTIONS.items() if path in question.to}


def asked(question: Question) -> Json:
    """A question as an example."""
    if not question.query:
        return {"summary": question.summary, "value": question.body}
    query = urlencode(question.query)
    return {"summary": f"{question.summary}: ?{query}", "value": question.body, "x-query": query}


def ask(path: str, question: Question) -> tuple[int, Json]:
    """The status of an answer of the service to a payload, and the answer as an example."""
    body = question.body if isinstance(question.body, str) else json.dumps(question.body)
    response = _client().post(path, data=body, query_string=question.query, headers=HEADERS)
    told = [f"{name}: {value}" for name, value in response.headers if name.startswith("Plan-")]
    example: Json = {"summary": question.summary, "value": response.json if response.is_json else response.text}
    if told:
        example["description"] = ", ".join(told)
    return response.status_code, example


def look_at(path: str) -> Json:
    """The answer of the service at an address, as an example."""
    response = _client().get(path, headers=HEADERS)
    return {"value": response.json if response.is_json else response.text}


def tell(path: str, name: str) -> Json:
    """How the service tells a problem, as an example: that of an app in which every request has this problem."""

    def view() -> Response:
        if name in ERRORS:
            raise ERRORS[name]
        return problem(name, PROBLEM_TYPES[name].explanation)

    app = _silent_app()
    app.before_request(view)
    response = app.test_client().post(path, headers=HEADERS)
    return {"summary": PROBLEM_TYPES[name].title, "value": response.json}


def _client() -> FlaskClient:
    return _silent_app().test_client()


def _silent_app() -> Flask:
    app = create_app(Settings())
    app.logger.setLevel(logging.CRITICAL + 1)
    return app
