"""Fleets as tables: a row for each power plant."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, hour, ndjson
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from strategies import payloads

from powerplant import cli
from powerplant.batch.documents import read_posted_table
from powerplant.batch.planner import Rules
from powerplant.batch.plants import is_json, read_plants
from powerplant.batch.reading import InvalidInput
from powerplant.errors import InvalidPayload, MalformedPayload
from powerplant.planning import Options

pytestmark = pytest.mark.usefixtures("keep_processes")

TABLE = """\
name;type;efficiency;pmin;pmax
gas1;gasfired;0,53;100;460
gas2;gasfired;37 %;40;210
jet;turbojet;0,3;0;16
wind;windturbine;;;150
"""
PLANTS = [*FLEET[:3], {"name": "wind", "type": "windturbine", "pmax": 150}]


def fleet(table: str | bytes) -> list[dict[str, Any]]:
    content = table if isinstance(table, bytes) else table.encode()
    plants: list[dict[str, Any]] = json.loads(read_plants(content, max_plants=100).content)["powerplants"]
    return plants


def notes(table: str) -> list[str]:
    return list(read_plants(table.encode(), max_plants=100).notes)


def faults(table: str) -> list[str]:
    with pytest.raises(InvalidPayload) as error:
        fleet(table)
    return [fault.detail for fault in error.value.faults]


OTHER_COLUMNS = """\
name;owner;pmax;pmin;efficiency;type
gas1;city;460;100;0,53;gasfired
gas2;;210;40;37 %;gasfired
jet;;16;0;0,3;turbojet
wind;;150;;;windturbine
"""


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        TABLE.replace(",", ".").replace(";", ","),
        TABLE.replace(";", "\t"),
        f"\ufeff{TABLE}".replace("\n", "\r\n"),
        f"Our fleet;;;;\n\n{TABLE}",
        f"sep=;\n{TABLE}",
        TABLE.replace("pmin;pmax", "Pmin (MW);PMAX [MW]"),
        TABLE.replace("\njet", "\n;;;;\njet"),
        OTHER_COLUMNS,
    ],
    ids=["semicolons", "commas", "tabs", "as Excel saves it", "a title", "sep", "units", "empty rows", "other columns"],
)
def test_a_row_is_a_plant_and_an_empty_cell_a_default(table: str) -> None:
    assert fleet(table) == PLANTS


def test_every_member_can_be_a_column() -> None:
    table = (
        "name,type,fuel,profile,curtailable,cost (EUR/MWh),CO2 (t/MWh),available,must-run,pmax,pmin,efficiency\n"
        "A,coal,coal,,,3.5,0.9,WAHR,ja,500,100,40 %\n"
        "B,sun,,solar,FALSCH,-2,,nein,0,80,,\n"
    )
    coal = {"fuel": "coal", "cost(euro/MWh)": 3.5, "co2(ton/MWh)": 0.9, "available": True, "must_run": True}
    sun = {"profile": "solar", "curtailable": False, "cost(euro/MWh)": -2, "available": False, "must_run": False}
    assert fleet(table) == [
        {"name": "A", "type": "coal", "pmax": 500, "pmin": 100, "efficiency": 0.4} | coal,
        {"name": "B", "type": "sun", "pmax": 80} | sun,
    ]


@given(payloads(max_plants=6), st.sampled_from([";", ",", "\t"]))
def test_a_fleet_written_as_a_table_is_the_same_fleet(content: dict[str, Any], delimiter: str) -> None:
    plants = content["powerplants"]
    members = list(dict.fromkeys(member for plant in plants for member in plant))
    texts = [[json.dumps(plant.get(member, "")).strip('"') for member in members] for plant in plants]
    rows = [[re.sub(r"(\.\d{3})$", r"\g<1>0", text) for text in row] for row in texts]  # 1.001 can be 1001
    table = "\n".join(delimiter.join(row) for row in [members, *rows])
    assert fleet(table) == [{member: value for member, value in plant.items() if value != ""} for plant in plants]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("460", "abc"), 'row 2: pmax is "abc", and must be a number'),
        (("0,53", "53"), 'row 2: efficiency is "53", and must be at most 1: a fraction, 0.53 for 53 %'),
        (("40;210", ";210"), "row 3: pmin is empty"),
        (("40;210", "n/a;210"), 'row 3: pmin is "n/a", so it has no value'),
        (("gas2", "gas1"), 'row 3: name is "gas1", and is the name of another power plant (row 2)'),
        (
            ("turbojet", "jetturbo"),
            'row 4: type is "jetturbo", and must be gasfired, turbojet or windturbine; did you mean',
        ),
        (("40;210", "400;210"), 'row 3: pmin is "400", and must not be above pmax'),
    ],
)
def test_a_fault_names_row_column_and_cell(change: tuple[str, str], fault: str) -> None:
    (given,) = faults(TABLE.replace(*change))
    assert given.startswith(fault)


def test_a_missing_column_is_a_fault_of_each_plant_that_needs_it() -> None:
    assert faults("name;type;efficiency;pmax\na;gasfired;0,5;9\nb;windturbine;;9\n") == ["row 2: pmin is missing"]
    assert faults("name;type;available;pmax\na;windturbine;perhaps;9\n") == [
        'row 2: available is "perhaps", and must be true or false'
    ]


def test_what_is_ignored_is_said() -> None:
    table = TABLE.replace("pmin;", "pmin;min_up_time;effciency;").replace("00;", "00;3;;").replace("40;", "40;;;")
    assert notes(table.replace(";0;16", ";0;;;16").replace(";;;150", ";;;;;150")) == [
        "min_up_time is ignored: it has no meaning for a single hour",
        "effciency is ignored: it is not a known key; did you mean efficiency?",
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('""', "the table is empty"),
        ("plant;type;pmax\na;b;1\n", "the column name is missing; the first line must name the columns, name, type"),
        (TABLE.replace("pmin;pmax", "PMIN;Pmin"), "the column pmin is there twice: PMIN and Pmin"),
        (TABLE.replace("16", "16;9"), "the row has 6 cells, the table 5 columns"),
        ("name;type;pmax\na;windturbine;1.100\n", "can mean 1.100 or 1100"),
    ],
)
def test_a_table_that_is_no_fleet_is_refused(table: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message.replace("(", r"\(")):
        fleet(table)


def test_a_table_without_plants_is_no_fleet() -> None:
    with pytest.raises(InvalidPayload, match="must have at least one power plant"):
        fleet("name;type;pmax\n")


@st.composite
def damaged_tables(draw: st.DrawFn) -> bytes:
    """A table of plants with some of its text replaced."""
    text = TABLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        piece = draw(
            st.text(max_size=4) | st.sampled_from([";", '"', "\n", "1e999", "true", "name", "\ufeff", "=1", "9" * 5000])
        )
        text = text[:start] + piece + text[start + draw(st.integers(0, 9)) :]
    return text.encode(draw(st.sampled_from(["utf-8", "utf-16"])))


@given(st.binary(max_size=60) | damaged_tables())
def test_any_bytes_are_a_fleet_or_are_refused(content: bytes) -> None:
    with suppress(InvalidInput, InvalidPayload, MalformedPayload):
        assert fleet(content)


@given(st.binary(max_size=60) | damaged_tables())
def test_any_bytes_after_a_fleet_are_hours_or_are_refused(content: bytes) -> None:
    rules = Rules(Options(), max_plants=100, max_line=10_000)
    with suppress(InvalidPayload):
        read_posted_table(json.dumps({"powerplants": PLANTS}).encode() + b"\n" + content, rules, most=100)
    with suppress(InvalidPayload, MalformedPayload):
        read_posted_table(content, rules, most=100)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_is_told_from_a_table(encoding: str) -> None:
    assert is_json(' {"powerplants": []}'.encode(encoding))
    assert is_json("[]".encode(encoding))
    assert not is_json(TABLE.encode(encoding))


def test_the_command_line_takes_a_fleet_as_a_table(tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text(TABLE.replace("pmax", "pmax;note").replace("460", "460;new"), encoding="cp1252")
    (tmp_path / "fleet.json").write_text(json.dumps(PLANTS))
    (tmp_path / "hours.jsonl").write_bytes(ndjson([hour(480), hour(300)]))
    run = CliRunner(catch_exceptions=False).invoke
    given, expected = (
        run(cli.main, ["batch", str(tmp_path / "hours.jsonl"), "--fleet", str(tmp_path / name)])
        for name in ("fleet.csv", "fleet.json")
    )
    assert (given.exit_code, given.stdout) == (0, expected.stdout)
    assert f"{tmp_path / 'fleet.csv'}: note is ignored: it is not a known key\n" in given.stderr
    (tmp_path / "fleet.csv").write_text(TABLE.replace("460", "x"))
    refused = run(cli.main, ["batch", str(tmp_path / "hours.jsonl"), "--fleet", str(tmp_path / "fleet.csv")])
    assert refused.exit_code == 2
    assert refused.stderr == f'{tmp_path / "fleet.csv"}: row 2: pmax is "x", and must be a number\n'
