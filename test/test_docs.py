"""The documents agree with the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from powerplant.horizon.models import Final, Initial, PlantOverTime, StartCost, StorageMembers, Whole
from powerplant.horizon.schemas import (
    HorizonCosts,
    HorizonPlan,
    HorizonPlantReport,
    HorizonReport,
    PeriodPrice,
    PeriodReport,
    Reserve,
    StorageSchedule,
)
from powerplant.models import (
    Cost,
    Headroom,
    Ignored,
    MarginalCost,
    MarginalPrice,
    NeverRuns,
    PlantReport,
    Prices,
    Report,
)
from tools.openapi import MissingEnergy

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", ["algorithm.md", "python.md"])
def test_the_examples_in_a_document_are_right(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if document == "python.md":
        pytest.importorskip("highspy", reason="the extra horizon brings it")
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / "docs" / document), module_relative=False)
    assert tried > 0
    assert failed == 0


def test_the_document_on_the_report_names_every_member_and_value() -> None:
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for model in (Report, Ignored, NeverRuns, Cost, MarginalPrice, Prices, Headroom, PlantReport, MarginalCost):
        assert [name for name in model.model_fields if f"`{name}`" not in text] == []
    for name in ("state", "alternative", "outcome"):
        assert [
            value for value in get_args(PlantReport.model_fields[name].annotation) if f"`{value}`" not in text
        ] == []


def test_the_document_on_horizons_names_every_member_and_value() -> None:
    text = (ROOT / "docs" / "horizon.md").read_text(encoding="utf-8")
    models: list[type[BaseModel]] = [
        PlantOverTime,
        StorageMembers,
        StartCost,
        Initial,
        Final,
        Whole,
        HorizonPlan,
        HorizonReport,
        HorizonCosts,
    ]
    models += [PeriodReport, PeriodPrice, Reserve, HorizonPlantReport, StorageSchedule, MissingEnergy]
    for model in models:
        names = [field.alias or name for name, field in model.model_fields.items()]
        assert [name for name in names if not re.search(rf"\b{re.escape(name)}", text)] == []
    for value in get_args(HorizonPlan.model_fields["status"].annotation):
        assert f"`{value}`" in text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_to_a_file_works(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
