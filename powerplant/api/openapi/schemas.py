"""The forms of all bodies, from the models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from powerplant.api.openapi.bodies import PROBLEMS, Health, Ready
from powerplant.models import PlantOutput, ProductionPlanRequest, Report

Json = dict[str, Any]


class _WithoutTitles(GenerateJsonSchema):
    """A title that repeats the key says nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def all_schemas() -> Json:
    """By their names."""
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


def ref(kind: str, name: str) -> Json:
    """What stands for a component of the document."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema(*models: type[BaseModel]) -> Json:
    """The form of one of these."""
    refs = [ref("schemas", model.__name__) for model in models]
    return refs[0] if len(refs) == 1 else {"oneOf": refs}
