"""The documents agree with the code."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import get_args

import pytest

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

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md"])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", ["algorithm.md", "python.md"])
def test_the_examples_in_a_document_are_right(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_to_a_file_works(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []
