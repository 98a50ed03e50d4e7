"""The addresses that take nothing but a question: explanations, probes, the documentation."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from powerplant.api.openapi.bodies import Health, Ready
from powerplant.api.openapi.examples import look_at
from powerplant.api.openapi.responses import REFUSED, answer, problems
from powerplant.api.openapi.schemas import Json, ref, schema

HTML = "text/html"

NOT_MODIFIED = {
    "description": "It is the one whose ETag stands in the request's header If-None-Match.",
    "headers": {name: ref("headers", name) for name in ("X-Request-ID", "ETag")},
}


def addresses() -> Json:
    """Each address with its operation."""
    return _feed() | _explanations() | _operations() | _documentation()


def _feed() -> Json:
    path = "/productionplan/live"
    refusals = {
        "401": ["token-required"],
        "403": ["foreign-origin"],
        "426": ["upgrade-required"],
        "501": ["no-handover"],
        "503": ["feed-is-full", "overloaded"],
    }
    return {
        path: {
            "get": {
                "operationId": "listen",
                "tags": ["plans"],
                "summary": "What is planned, as it is planned (a websocket)",
                "description": "After each POST to `/productionplan`, one message with the request and its answer. Not "
                "found unless the server's operator has switched it on.",
                "responses": REFUSED
                | {"101": {"description": "Welcome.", "headers": {"X-Request-ID": ref("headers", "X-Request-ID")}}}
                | {"404": ref("responses", "not-found")}
                | {status: problems(path, names) for status, names in refusals.items()},
            }
        }
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
                responses={"404": ref("responses", "not-found")},
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
                answer("All numbers, in Prometheus' text format.", "text/plain", {"type": "string"}),
                responses={"404": ref("responses", "not-found")},
                description="Not found where prometheus-client is not installed.",
            )
        },
    }


def _documentation() -> Json:
    words = {
        "/openapi.json": ("openapiDocument", "This document", "OpenAPI 3.1.", "application/json", "object"),
        "/docs": ("documentationPage", "This document as a page", "A page that tries the service out.", HTML, "string"),
        "/": ("page", "The page on which to plan", "A page to edit a payload on, and to see its plan.", HTML, "string"),
    }
    return {
        path: {
            "get": _asking(
                operation_id,
                "documentation",
                summary,
                answer(description, media_type, {"type": form}, "ETag"),
                responses={"304": NOT_MODIFIED},
            )
        }
        for path, (operation_id, summary, description, media_type, form) in words.items()
    }


def _text(path: str) -> Json:
    name = path.rpartition("/")[2]
    return answer("A text.", "text/plain", {"type": "string"}, examples={name: look_at(path)})


def _recorded(path: str, description: str, model: type[BaseModel]) -> Json:
    name = path.removeprefix("/")
    return answer(description, "application/json", schema(model), examples={name: look_at(path)})


def _asking(operation_id: str, tag: str, summary: str, success: Json, **more: Any) -> Json:
    """An operation that takes nothing but its address."""
    responses = REFUSED | {"200": success} | more.pop("responses", {})
    return {"operationId": operation_id, "tags": [tag], "summary": summary, **more, "responses": responses}
