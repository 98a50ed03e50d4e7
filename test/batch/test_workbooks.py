"""Workbooks (``.xlsx``) as input and output of the command line, also damaged and hostile ones."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, ndjson, payload
from click.testing import CliRunner, Result

from powerplant import cli
from powerplant.batch import workbooks
from powerplant.batch.reading import InvalidInput
from powerplant.batch.workbooks import Workbook, read_sheets, sheets_of
from powerplant.workers import Workers

openpyxl = pytest.importorskip("openpyxl")
pytestmark = pytest.mark.usefixtures("keep_processes")

HEADINGS = ["hour", "load", "gas(euro/MWh)", "kerosine(euro/MWh)", "co2(euro/ton)", "wind(%)"]
ROW = [480.5, 13.4, 50.8, 20, 60]
MEMBERS = ["name", "type", "efficiency", "pmin", "pmax"]
FLEET_ROWS: list[list[Any]] = [MEMBERS, *([plant[member] for member in MEMBERS] for plant in FLEET)]
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'
STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
TYPE_OF_STRINGS = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
FIRST_SHEET = "xl/worksheets/sheet1.xml"
GIBIBYTE = 1024**3

Rows = Sequence[Sequence[Any]]


def at(hour: int) -> datetime:
    return datetime.fromisoformat(f"2026-01-06 {hour:02}:00")


def book(change: Callable[[Any], None] | None = None, /, **sheets: Rows) -> bytes:
    """A workbook with these sheets."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title.replace("_", " "))
        for row in rows:
            sheet.append(row)
    if change is not None:
        change(made)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """A workbook with one of its parts replaced, or with strings in a part of their own."""
    changed = io.BytesIO()
    has_strings = name == "xl/sharedStrings.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            kept = old.read(each).replace(b"</Types>", TYPE_OF_STRINGS if has_strings else b"</Types>")
            new.writestr(each, part if each == name else kept)
        if has_strings:
            new.writestr(name, part)
    return changed.getvalue()


def text(content: bytes) -> list[list[str]]:
    """The sheet of hours as it is read."""
    return list(csv.reader(io.StringIO(sheets_of(content).hours.decode())))


def run(*arguments: str) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(cli.main, [*arguments], prog_name="powerplant")
    assert isinstance(result, Result)
    return result


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes | str, str], str]:
    def write(content: bytes | str, name: str) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


Write = Callable[[bytes | str, str], str]

# --- In --------------------------------------------------------------------------------------------------------------


def test_cells_of_every_kind_have_one_meaning() -> None:
    def formats(made: Any) -> None:
        made.active["C2"].number_format = "0.0%"

    cells = [480.0, 1.125, 0.605, True, "13,4", at(13), date(2026, 1, 6), -3, 1e-7, "a\nb", "#N/A"]
    assert text(book(formats, hours=[["x"], cells]))[1] == [
        *("480", "1.1250", "60.5%", "TRUE", "13,4", "2026-01-06 13:00", "2026-01-06 00:00", "-3", "0.0000001", "a b"),
        "#N/A",
    ]


@pytest.mark.parametrize(
    "titles", [("hours", "fleet"), ("Fleet", "HOURS"), ("fleet", "Sheet1"), ("hours", "x", "fleet")]
)
def test_a_workbook_can_have_hours_and_fleet(write: Write, titles: Sequence[str]) -> None:
    rows: dict[str, Rows] = {
        "hours": [HEADINGS, ["1", *ROW]],
        "fleet": FLEET_ROWS,
        "sheet1": [HEADINGS, ["1", *ROW]],
        "x": [["y"]],
    }
    result = run("batch", write(book(**{title: rows[title.casefold()] for title in titles}), "book.xlsx"))
    assert (result.exit_code, json.loads(result.stdout)["cost"]) == (0, 12216.02)


def test_hours_and_fleet_can_be_workbooks_of_their_own(write: Write) -> None:
    hours, fleet = write(book(Sheet=[HEADINGS, ["1", *ROW]]), "a.xlsx"), write(book(Sheet=FLEET_ROWS), "b.xlsx")
    result = run("batch", hours, "--fleet", fleet)
    assert (result.exit_code, json.loads(result.stdout)["cost"]) == (0, 12216.02)
    assert "A table of hours needs the power plants too" in run("batch", hours).stderr
    both = write(book(hours=[HEADINGS, ["1", *ROW]], fleet=[MEMBERS, ["x", "windturbine", 1, 0, 9]]), "both.xlsx")
    assert run("batch", both, "--fleet", fleet).stdout == result.stdout


def test_faults_name_the_row_of_the_sheet(write: Write) -> None:
    hours: list[list[Any]] = [["Title"], [], HEADINGS, [], ["1", *ROW], ["2", "much", *ROW[1:]]]
    plants = [["Plants"], *FLEET_ROWS]
    result = run("batch", write(book(hours=hours, fleet=plants), "book.xlsx"))
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["line"], second["line"]) == (5, 6)
    assert second["problem"]["errors"][0]["detail"] == 'load is "much", and must be a number'
    plants[3] = ["gas2", "gasfired", 37, 40, 210]
    result = run("batch", write(book(hours=hours, fleet=plants), "book.xlsx"))
    assert "book.xlsx, sheet fleet: row 4: efficiency is " in result.stderr


def test_percentages_and_dates_are_read_as_they_are_shown(write: Write, tmp_path: Path) -> None:
    def formats(made: Any) -> None:
        made["hours"]["F2"].number_format = "0%"

    row = [at(23), *ROW[:-1], 0.6]
    source = write(book(formats, hours=[HEADINGS, row], fleet=FLEET_ROWS), "book.xlsx")
    out = tmp_path / "plans.csv"
    assert run("batch", source, str(out)).exit_code == 0
    assert out.read_text().splitlines()[1].startswith("2026-01-06 23:00,480.5,optimal,,12216.02,")


def test_a_formula_counts_with_the_value_that_was_saved(write: Write) -> None:
    content = book(hours=[HEADINGS, ["1", 0, *ROW[1:]]], fleet=FLEET_ROWS)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read(FIRST_SHEET)
    cell = b'<c r="B2" t="n"><v>0</v></c>'
    assert cell in sheet
    saved = with_part(content, FIRST_SHEET, sheet.replace(cell, b'<c r="B2"><f>480+0.5</f><v>480.5</v></c>'))
    assert json.loads(run("batch", write(saved, "book.xlsx")).stdout)["cost"] == 12216.02
    never = with_part(content, FIRST_SHEET, sheet.replace(cell, b'<c r="B2"><f>480+0.5</f></c>'))
    assert "load is empty" in run("batch", write(never, "book.xlsx")).stdout


# --- Out -------------------------------------------------------------------------------------------------------------


def test_plans_become_numbers_and_times_of_a_sheet(write: Write, tmp_path: Path) -> None:
    rows: Rows = [HEADINGS, [at(0), *ROW], ["2026-01-06T01:00Z", 5000, *ROW[1:]], ["007", *ROW]]
    out = tmp_path / "plans.xlsx"
    assert run("batch", write(book(hours=rows, fleet=FLEET_ROWS), "book.xlsx"), str(out)).exit_code == 1
    head, first, second, third = openpyxl.load_workbook(out).active.iter_rows(values_only=True)
    assert head[:7] == ("hour", "load", "status", "reason", "cost", "price_up", "co2_emitted")
    assert first[:6] == (at(0), 480.5, "optimal", None, 12216.02, 31.283018868)
    assert (second[0], second[2], second[4:]) == ("2026-01-06T01:00Z", "infeasible-load", (None,) * 7)
    assert third[0] == "007"
    before = out.read_bytes()
    assert "has content" in run("batch", str(tmp_path / "book.xlsx"), str(out)).stderr
    assert "not a workbook" in run("batch", str(tmp_path / "book.xlsx"), str(out), "--resume").stderr
    assert out.read_bytes() == before


def test_a_plan_can_be_a_workbook(write: Write, tmp_path: Path) -> None:
    plants = [{"name": name, "type": "a", "pmin": 0, "pmax": 9, "cost(euro/MWh)": 1} for name in ("=1+1", "1", "\x01")]
    source = write(json.dumps({"load": 9, "fuels": {}, "powerplants": plants}), "payload.json")
    out = tmp_path / "plan.xlsx"
    assert run("plan", source, "--xlsx", str(out), "--json").exit_code == 0
    head, *rows = openpyxl.load_workbook(out).active.iter_rows()
    assert [cell.value for cell in head][:3] == ["name", "type", "p"]
    assert [(row[0].value, row[0].data_type) for row in rows] == [("'=1+1", "s"), (1, "n"), ("\ufffd", "s")]
    assert "would be overwritten" in run("plan", source, "--xlsx", source).stderr


def test_what_a_sheet_has_no_room_for_is_refused(monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 2)
    source = write(ndjson([payload(480), payload(300)]), "payloads.jsonl")
    result = run("batch", source, str(tmp_path / "plans.xlsx"))
    assert result.exit_code == 2
    assert "a sheet may have at most 2 rows and 16,384 columns: name the output .csv.\n" in result.stderr
    monkeypatch.setattr(workbooks, "MOST_COLUMNS", 1)
    with pytest.raises(InvalidInput):
        Workbook("x").write(b"a,b\n")


# --- Without openpyxl, damaged, hostile ------------------------------------------------------------------------------


def test_without_openpyxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, write: Write, tmp_path: Path) -> None:
    source, lines = write(book(hours=[HEADINGS]), "book.xlsx"), write(ndjson([payload(480)]), "payloads.jsonl")
    monkeypatch.setattr(workbooks, "find_spec", lambda _: None)
    extra = "needs the extra excel, which is not installed: poetry install --extras excel, or pip install '.[excel]'"
    fleet = ("batch", lines, "--fleet", source)
    out = str(tmp_path / "out.xlsx")
    for arguments in (("batch", source), fleet, ("batch", lines, out), ("plan", lines, "--xlsx", out)):
        result = run(*arguments)
        assert result.exit_code == 2
        assert extra in result.stderr
    assert not Path(out).exists()


def refused(content: bytes, most_memory: int = GIBIBYTE) -> str:
    with pytest.raises(InvalidInput) as error:
        read_sheets(content, most_memory=most_memory)
    return f"{error.value}"


DAMAGED = "this is not a workbook that can be read, or it is damaged"
HUGE = "the workbook needs too much time or memory"


def test_damaged_workbooks_are_refused() -> None:
    whole = book(hours=[HEADINGS, ["1", *ROW]])
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "not a workbook")
    broken = with_part(whole, FIRST_SHEET, b"<worksheet>")
    index = with_part(
        whole,
        FIRST_SHEET,
        SHEET.format('<sheetData><row><c t="s"><v>9</v></c></row></sheetData>').encode(),
    )
    for content in (whole[:-30], whole[:2000], other.getvalue(), broken, index, b"PK\x03\x04"):
        assert refused(content) == DAMAGED


def test_a_sheet_that_claims_to_be_huge_is_as_large_as_its_cells() -> None:
    rows = '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
    whole = book(hours=[["x"]])
    assert text(with_part(whole, FIRST_SHEET, SHEET.format(rows).encode())) == [["1"]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>', None),
        ('<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>', DAMAGED),
        ('<row r="1"><c r="A1"><v>' + "9" * 10_000 + "</v></c></row>", DAMAGED),
    ],
    ids=["a far row", "a far column", "a long number"],
)
def test_far_cells_take_neither_time_nor_memory(rows: str, message: str | None) -> None:
    content = with_part(book(hours=[["x"]]), FIRST_SHEET, SHEET.format(f"<sheetData>{rows}</sheetData>").encode())
    if message is None:
        assert not any(map(any, text(content)))
    else:
        assert refused(content) == message


@pytest.mark.parametrize(
    ("part", "limit", "message"),
    [
        (
            "<sheetData>" + '<row><c r="ZZZ1"><v>1</v></c></row>' * 100 + "</sheetData>",
            "MOST_TEXT",
            "a sheet has more than 1,048,576 characters",
        ),
        (" " * 2**20, "MOST_UNPACKED", "the workbook has more than 1,048,576 bytes, unpacked"),
    ],
    ids=["wide rows", "much space"],
)
def test_what_a_workbook_unpacks_to_is_limited(
    monkeypatch: pytest.MonkeyPatch, part: str, limit: str, message: str
) -> None:
    content = with_part(book(hours=[["x"]]), FIRST_SHEET, SHEET.format(part).encode())
    assert len(content) < 10_000
    sheets_of(content)
    monkeypatch.setattr(workbooks, limit, 2**20)
    with pytest.raises(InvalidInput) as error:
        sheets_of(content)
    assert f"{error.value}" == message


def laughs() -> str:
    """A document whose entities contain each other."""
    pairs = zip("abcdefg", "bcdefgh", strict=True)
    entities = "".join(f'<!ENTITY {outer} "{f"&{inner};" * 40}">' for inner, outer in pairs)
    cell = SHEET.format("<sheetData><row><c><v>&h;</v></c></row></sheetData>")
    return f'<!DOCTYPE x [<!ENTITY a "{"ha" * 1000}">{entities}]>{cell}'


LITTLE = GIBIBYTE // 6


def test_a_little_memory_is_enough_for_a_workbook() -> None:
    assert read_sheets(book(hours=[["x"]]), most_memory=LITTLE).hours == b"x\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "content", "message"),
    [
        (FIRST_SHEET, lambda: SHEET.format("<sheetData><row>" + "<c/>" * 25_000_000 + "</row></sheetData>"), HUGE),
        ("xl/sharedStrings.xml", lambda: STRINGS.format("<si/>" * 20_000_000), HUGE),
        (FIRST_SHEET, laughs, DAMAGED),
    ],
    ids=["one row of cells", "many strings", "entities"],
)
def test_bombs_are_refused_with_bounded_memory(
    monkeypatch: pytest.MonkeyPatch, part: str, content: Callable[[], str], message: str
) -> None:
    monkeypatch.setattr(workbooks, "Workers", Workers)  # a process of its own
    bomb = with_part(book(hours=[["x"]]), part, content().encode())
    assert len(bomb) < 2_000_000
    assert refused(bomb, LITTLE) == message
