"""What the command line shows on terminals of several widths: no line is wider than the terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import pytest
from batches import FLEET, hours, ndjson
from payloads import example
from terminal import shown_on_terminal

from powerplant.cli.tables import wrapped

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")

ROOT = Path(__file__).parents[1]
WIDTHS = (40, 60, 120)
LONG_NAMES = [
    plant | {"name": f"Kraftwerk am großen Fluss, Block {number}, {plant['name']}"}
    for number, plant in enumerate(example(3)["powerplants"], 1)
]


def shown(width: int, *arguments: str, answers: bool = True) -> list[str]:
    """The lines that a terminal of this width shows; a carriage return begins a new one."""
    text = shown_on_terminal(*arguments, streams=("stdout", "stderr") if answers else ("stderr",), width=width)
    return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text))


def columns(line: str) -> int:
    return sum(2 if east_asian_width(character) in "FW" else 1 for character in line)


def write(folder: Path, content: Any) -> str:
    path = folder / "payload.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("width", WIDTHS[1:])
@pytest.mark.parametrize("plants", [example(3)["powerplants"], LONG_NAMES], ids=["short names", "long names"])
def test_a_plan_with_its_reasons_fits_the_terminal(width: int, plants: list[Any], tmp_path: Path) -> None:
    lines = shown(width, "plan", write(tmp_path, example(3, powerplants=plants)), "--why")
    assert max(map(columns, lines)) <= width
    assert any("No plan is cheaper" in line for line in lines)
    names = [line.split("  ")[0] for line in lines]
    for plant in plants:  # both ends of each name tell it apart, in the table and beside its reason
        assert sum(name.startswith(plant["name"][:3]) and name.endswith(plant["name"][-3:]) for name in names) == 2


def test_a_column_that_does_not_fit_is_named(tmp_path: Path) -> None:
    source = write(tmp_path, example(3))
    assert "A wider terminal also shows: type." in shown(60, "plan", source)
    assert not any("wider terminal" in line for line in shown(80, "plan", source))


def test_a_file_gets_the_whole_table(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "powerplant", "plan", write(tmp_path, example(3, powerplants=LONG_NAMES))]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    assert all(plant["name"] in text for plant in LONG_NAMES)
    assert " type " in text


@pytest.mark.parametrize("width", WIDTHS)
def test_the_progress_of_a_batch_fits_the_terminal(width: int, tmp_path: Path) -> None:
    source = tmp_path / "payloads.jsonl"
    source.write_bytes(ndjson([{"powerplants": FLEET}, *hours(2000)]))
    arguments = ["batch", str(source), str(tmp_path / "plans.jsonl"), "--workers", "1"]
    bars = [line for line in shown(width, *arguments, answers=False) if "Planning" in line]
    assert "100%" in bars[-1]
    assert max(map(columns, bars)) <= width
    assert "a second" in bars[-1] or width < 80


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two three", None, ["one two three"]),
        ("one two three", 13, ["one two three"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two three", 4, ["one", "two", "thre", "e"]),
        ("\u6c34\u529b \u53d1\u7535", 5, ["\u6c34\u529b", "\u53d1\u7535"]),
    ],
)
def test_a_text_is_broken_between_words(text: str, width: int | None, lines: list[str]) -> None:
    assert wrapped(text, width) == lines
