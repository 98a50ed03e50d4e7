"""The forms of all bodies, from the models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from powerplant.api.openapi.bodies import PROBLEMS, Health, LineWithPlan, LineWithProblem, Ready
from powerplant.models import PlantOutput, ProductionPlanRequest, Report

Json = dict[str, Any]
NDJSON = "application/x-ndjson"


class _WithoutTitles(GenerateJsonSchema):
    """A title that repeats the key says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def all_schemas() -> Json:
    """By their names."""
    answers: list[type[BaseModel]] = [
        PlantOutput,
        Report,
        LineWithPlan,
        LineWithProblem,
        Health,
        Ready,
        *PROBLEMS.values(),
    ]
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
    definitions["BatchAnswers"] = {
        "type": "string",
        "contentMediaType": NDJSON,
        "description": "An answer to each line of the batch, in its order: each is a line of JSON, a LineWithPlan or a "
        "LineWithProblem. Blank lines and a first line with the fleet have none.",
        "x-line": schema(LineWithPlan, LineWithProblem),
    }
    definitions["Batch"] = {
        "type": "string",
        "contentMediaType": NDJSON,
        "description": "A payload in each line. Where the first line holds powerplants alone, the others need only "
        "load and fuels. Blank lines are skipped.",
        "x-line": schema(ProductionPlanRequest),
    }
    return dict(sorted(definitions.items()))


def ref(kind: str, name: str) -> Json:
    """What stands for a component of the document."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(*models: type[BaseModel]) -> Json:
    """The form of one of these."""
    refs = [ref("schemas", model.__name__) for model in models]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}
