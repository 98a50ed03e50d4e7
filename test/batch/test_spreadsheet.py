"""Tables of hours as spreadsheets save them."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest

from powerplant.batch import reading
from powerplant.batch.reading import Line
from powerplant.batch.spreadsheet import InvalidTable, read_hours

FLEET = Line(0, b'{"powerplants": []}')
HEADER = "load,gas(euro/MWh),kerosine(euro/MWh),co2(euro/ton),wind(%)"


OTHER_COLUMNS = """\
hour,"load",wind(%),co2(euro/ton),kerosine(euro/MWh),gas(euro/MWh),remark
2026-01-01 00:00," 480 ",60,20,50.8,13.4,"cold,
windy"
"""


def rows(table: str | bytes, longest: int = 10_000) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a table with their numbers."""
    content = table if isinstance(table, bytes) else table.encode()
    chunks = list(read_hours(io.BytesIO(content), FLEET, longest))
    assert all(chunk.fleet == FLEET for chunk in chunks)
    return [(line.number, json.loads(line.content or b"")) for chunk in chunks for line in chunk.lines]


def fuels(gas: Any = 13.4, kerosine: Any = 50.8, co2: Any = 20, wind: Any = 60) -> dict[str, Any]:
    named = zip(HEADER.split(",")[1:], (gas, kerosine, co2, wind), strict=True)
    return {name: value for name, value in named if value is not None}


def test_a_row_is_an_hour_with_the_number_of_its_line() -> None:
    assert rows(f"{HEADER}\n480,13.4,50.8,20,60\n\n480.5,1e1,-3,0,0\n") == [
        (2, {"load": 480, "fuels": fuels()}),
        (4, {"load": 480.5, "fuels": fuels(10, -3, 0, 0)}),
    ]


@pytest.mark.parametrize(
    "table",
    [
        f"\ufeff{HEADER}\r\n480,13.4,50.8,20,60\r\n",
        f"{HEADER.replace(',', ';')}\n480;13,4;50,8;20;60\n",
        f"{HEADER.replace(',', chr(9))}\n480\t13.4\t50,8\t20\t60",
        OTHER_COLUMNS,
        f"\n\n{HEADER}\n+480,013.40,50.8,20,60\n",
    ],
    ids=["as Excel saves it", "semicolons", "tabs", "other columns", "signs and zeros"],
)
def test_a_table_can_be_written_in_many_ways(table: str) -> None:
    assert [hour for _, hour in rows(table)] == [{"load": 480, "fuels": fuels()}]


def test_an_empty_cell_means_no_value() -> None:
    assert rows(f"{HEADER}\n,13.4,, ,60\n480\n") == [
        (2, {"fuels": fuels(kerosine=None, co2=None)}),
        (3, {"load": 480, "fuels": {}}),
    ]


def test_a_row_of_empty_cells_is_skipped() -> None:
    assert [number for number, _ in rows(f"{HEADER}\n480,1,1,1,1\n,,,,\n , ,,,\n490,1,1,1,1,,\n,,,,,,\n")] == [2, 5]


@pytest.mark.parametrize("cell", ["n/a", "1,5", "NaN", "0x10", "1.2.3", "--1", "1 000", "Infinity", "\u0663"])
def test_a_cell_that_is_not_a_number_is_a_string_which_the_planner_refuses(cell: str) -> None:
    ((_, hour),) = rows(f'{HEADER}\n"{cell}",13.4,50.8,20,60\n')
    assert hour["load"] == cell


@pytest.mark.parametrize(
    ("table", "line", "what"),
    [
        ("", 1, "the column load is missing"),
        ("hour,wind(%)\n", 1, "the column load is missing"),
        ("\nload,wind\n1,2\n", 2, r"there is no column wind\(%\): rename wind,"),
        ("load,CO2 price\n1,2\n", 1, r"there is no column co2\(euro/ton\): rename CO2 price,"),
        ("load,wind(%),load\n1,2,3\n", 1, "the column load is there twice"),
        ("load,wind(%)\n480,60,,\n480,5,60\n", 3, "the row has 3 cells, the table 2 columns; .* need a decimal point"),
        ("load;wind(%)\n480;60;1\n", 2, "the row has 3 cells, the table 2 columns$"),
        ("load;wind(%)\r480;60\r", 1, "the row is not CSV"),
        (b"load\n1\n\xff\n", 3, "not in UTF-8"),
        (b"load\n1\n" + b"2" * 10_001 + b"\n", 3, "too long"),
    ],
)
def test_a_table_that_cannot_be_understood_says_where_and_why(table: str | bytes, line: int, what: str) -> None:
    with pytest.raises(InvalidTable, match=what) as error:
        rows(table)
    assert error.value.line == line


def test_a_column_like_a_fuel_is_ignored_if_the_fuel_is_present() -> None:
    assert rows("load,wind(%),wind speed\n1,2,3\n") == [(2, {"load": 1, "fuels": {"wind(%)": 2}})]
    for kerosine in ("kerosine(euro/MWh)", "kerosine(euro/Mwh)"):  # one fuel, two spellings
        assert rows(f"load,{kerosine},kerosine stock\n1,2,3\n") == [(2, {"load": 1, "fuels": {kerosine: 2}})]


def test_a_table_may_have_many_columns() -> None:
    names = ",".join(f"load {number}" for number in range(50_000))
    start = time.process_time()
    assert rows(f"load,wind(%),{names}\n1,2,3\n", longest=10_000_000) == [(2, {"load": 1, "fuels": {"wind(%)": 2}})]
    assert time.process_time() - start < 2


def test_rows_come_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINES", 2)
    chunks = list(read_hours(io.BytesIO(b"load\n1\n2\n3\n"), FLEET, 100))
    assert [[line.number for line in chunk.lines] for chunk in chunks] == [[2, 3], [4]]
