"""Tables of plans: a row for each hour, in CSV and in workbooks."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, FUELS, hour, hours, ndjson, parsed, payload
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from payloads import hard_payload

import powerplant
from powerplant import cli
from powerplant.batch.planner import Rules, plan_chunk
from powerplant.batch.reading import read_chunks
from powerplant.planning import Options
from powerplant.rows import OF_AN_HOUR, Layout, columns_of_hours

pytestmark = pytest.mark.usefixtures("keep_processes")

ROOT = Path(__file__).parents[2]
NAMES = tuple(str(plant["name"]) for plant in FLEET)
AS_FLEET = {"powerplants": FLEET}
HEADER = "hour;load;gas(euro/MWh);kerosine(euro/MWh);co2(euro/ton);wind(%)"
TABLE = f"{HEADER}\n2026-01-06 00:00;480,5;13,4;50,8;20;60\n2026-01-06 01:00;5000;13,4;50,8;20;60\n"
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: bytes | str, name: str) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def run(*arguments: str) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(cli.main, [*arguments], prog_name="powerplant")
    assert isinstance(result, Result)
    return result


def planned(write: Write, table: bytes | str, name: str = "plans.csv", *options: str, source: str = "hours.csv") -> str:
    """The table of plans for a table of hours."""
    fleet, given = write(json.dumps(AS_FLEET), "fleet.json"), write(table, source)
    out = str(Path(fleet).parent / name)
    result = run("batch", given, out, "--fleet", fleet, "--overwrite", *options)
    assert result.exit_code in (0, 1), result.stderr
    return Path(out).read_text(encoding="utf-8")


def rows(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


# --- Columns and rows ------------------------------------------------------------------------------------------------


def test_an_hour_is_a_row_with_its_time_as_it_was(write: Write) -> None:
    head, first, second = planned(write, TABLE).splitlines()
    outputs = ";".join(f"p[{name}]" for name in NAMES)
    assert head == f"hour;load;status;reason;cost;price_up;co2_emitted;{outputs}"
    assert first == "2026-01-06 00:00;480,5;optimal;;12216,02;31,283018868;117,15;390,5;0,0;0,0;90,0"
    start = "2026-01-06 01:00;5000,0;infeasible-load;A load of 5000.0 MW is above the capacity of all power plants"
    assert second.startswith(start)
    assert second.endswith(";;;;;;;")


@given(st.data())
def test_a_row_has_the_figures_of_the_line_of_json(data: st.DataObject) -> None:
    contents = [AS_FLEET, *data.draw(st.lists(st.sampled_from([*hours(40), payload(300), hour(-1)]), min_size=1))]
    rules = Rules(Options(), max_plants=100, max_line=10_000)
    chunk = next(read_chunks(io.BytesIO(ndjson(contents)), 10_000))
    lines = parsed(plan_chunk(chunk, rules, 60).answers)
    layout = Layout(plants=NAMES)
    table = (layout.head + plan_chunk(chunk, rules._replace(layout=layout), 60).answers).decode()
    for line, row, given_hour in zip(lines, rows(table), contents[1:], strict=True):
        assert (int(row["line"]), float(row["load"])) == (line["line"], given_hour["load"])
        if "plan" in line:
            assert {plant["name"]: float(row[f"p[{plant['name']}]"]) for plant in line["plan"]} == {
                plant["name"]: plant["p"] for plant in line["plan"]
            }
            assert (row["status"], row["reason"], float(row["cost"])) == ("optimal", "", line["cost"])
        else:
            assert line["problem"]["type"] == f"/problems/{row['status']}"
            assert row["reason"]
            assert not any(row[name] for name in columns_of_hours(NAMES)[3:])


def test_rows_are_those_of_plan_hours(write: Write) -> None:
    given_hours = list(hours(30))
    table = "\n".join(
        [HEADER, *(f"{i};{h['load']};" + ";".join(map(str, h["fuels"].values())) for i, h in enumerate(given_hours))]
    )
    expected = powerplant.plan_hours(given_hours, AS_FLEET)
    for row, plan in zip(rows(planned(write, table), ";"), expected, strict=True):
        assert list(row)[1:] == list(plan)
        for name, value in plan.items():
            cell = row[name]
            if name == "cost" and value is not None:
                assert abs(float(cell) - value) <= 0.005 + 1e-9
            elif isinstance(value, float | int):
                assert float(cell) == value
            else:
                assert cell == (value or "")


@pytest.mark.parametrize(
    ("headings", "kept"),
    [
        ("hour;{}", ["hour"]),
        ("Year;Month;Day;Period;{}", ["Year", "Month", "Day", "Period"]),
        (";{}", [""]),
        ("{};Date (UTC);remark;MTU", ["Date (UTC)", "MTU"]),
        ("{}", ["line"]),
        ("{};=time", ["'=time"]),
    ],
)
def test_the_columns_that_say_which_hour_it_is_are_kept(write: Write, headings: str, kept: list[str]) -> None:
    names = headings.format(HEADER.removeprefix("hour;"))
    cells = dict(zip(HEADER.removeprefix("hour;").split(";"), ["480", "13,4", "50,8", "20", "60"], strict=True))
    row = ";".join(cells.get(name, f"x{place}") for place, name in enumerate(names.split(";")))
    head, plan = planned(write, f"{names}\n{row}\n").splitlines()
    assert head.split(";")[: len(kept) + 1] == [*kept, "load"]
    places = [place for place, name in enumerate(names.split(";")) if name.replace("=", "'=") in kept]
    assert plan.split(";")[: len(kept)] == ([f"x{place}" for place in places] or ["2"])


def test_faulty_rows_are_rows_too(write: Write) -> None:
    table = TABLE + "a;x;13,4;50,8;20;101\nTotal;480;;;;\nb;;13,4;;20;60\n"
    *_, wrong, total, empty = rows(planned(write, table), ";")
    assert (wrong["hour"], wrong["load"], wrong["status"]) == ("a", "", "invalid-payload")
    assert wrong["reason"] == 'load is "x", and must be a number; wind(%) is "101", and must be at most 100'
    assert (total["hour"], total["reason"]) == ("Total", 'the row begins with "Total": totals are not an hour')
    assert "load is empty" in empty["reason"]
    assert "kerosine(euro/MWh) is empty" in empty["reason"]


@pytest.mark.parametrize(
    ("table", "options", "row"),
    [
        (TABLE, (), "480,5;optimal;;12216,02"),
        (TABLE.replace(",", ".").replace(";", ","), (), "480.5,optimal,,12216.02"),
        (TABLE.replace(",", ".").replace(";", "\t"), (), "480.5\toptimal\t\t12216.02"),
        (TABLE.replace(",", ".").replace(";", ","), ("--decimal", "comma"), "480,5;optimal;;12216,02"),
        (TABLE, ("--decimal", "point"), "480.5;optimal;;12216.02"),
        (TABLE.replace("480,5", '"480,5"').replace("13,4", '"13,4"').replace("50,8", '"50,8"').replace(";", ","), (),
         '"480,5",optimal,,"12216,02"'),
    ],
    ids=["comma", "point", "tabs", "to comma", "to point", "quoted"],
)  # fmt: skip
def test_separators_and_decimals_are_those_of_the_input_or_of_the_option(
    write: Write, table: str, options: tuple[str, ...], row: str
) -> None:
    assert row in planned(write, table, "plans.csv", *options).splitlines()[1]


def test_a_byte_order_mark_is_kept_and_tsv_has_tabs(write: Write) -> None:
    assert planned(write, f"\ufeff{TABLE}").startswith("\ufeffhour;")
    assert planned(write, TABLE.encode("utf-16")).startswith("\ufeffhour;")
    assert planned(write, TABLE).startswith("hour;")
    assert planned(write, TABLE, "plans.tsv").startswith("hour\tload\tstatus")


EVIL = ["=1+1", "+x", "-x", "@SUM(1)", "\tx", "＝1"]


@pytest.mark.parametrize("text", EVIL)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    (row,) = csv.reader(io.StringIO(Layout().row([text]).decode()))
    assert row == [f"'{text}"]


@pytest.mark.parametrize("text", ["-5", "+3,5", "2026-01-06", "a=b", "", "-1.000,5", "x@y"])
def test_numbers_and_other_text_stay_what_they_are(text: str) -> None:
    assert next(csv.reader(io.StringIO(Layout().row([text, 1.0]).decode())))[0] == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2))
def test_any_text_is_read_back(cells: list[str]) -> None:
    for delimiter in ",;\t":
        written = Layout(delimiter).row(cells).decode()
        (row,) = csv.reader(io.StringIO(written, newline=""), delimiter=delimiter)
        assert [cell.removeprefix("'") for cell in row] == [cell.removeprefix("'") for cell in cells]


@pytest.mark.parametrize(("value", "text"), [(1e-9, "0.000000001"), (1e22, "10000000000000000000000"), (-0.5, "-0.5")])
def test_numbers_have_no_exponent(value: float, text: str) -> None:
    assert Layout().row([value]).decode() == f"{text}\n"


def test_lines_of_json_with_a_fleet_become_rows_by_line(write: Write) -> None:
    out = str(Path(write(ndjson([AS_FLEET, b"", hour(480), b"x"]), "hours.jsonl")).parent / "plans.csv")
    run("batch", str(Path(out).parent / "hours.jsonl"), out)
    first, second = rows(Path(out).read_text())
    assert (first["line"], first["load"], first["status"]) == ("3", "480.0", "optimal")
    assert (second["line"], second["status"]) == ("4", "malformed-json")


def test_whole_payloads_have_the_columns_of_the_first_fleet_and_other_plants_are_faults(write: Write) -> None:
    fewer = hour(300) | {"powerplants": FLEET[:1]}
    other = hour(10) | {"powerplants": [FLEET[2] | {"name": "other"}]}
    source = write(ndjson([payload(480), fewer, other]), "payloads.jsonl")
    out = str(Path(source).parent / "plans.csv")
    run("batch", source, out)
    whole, part, refused = rows(Path(out).read_text())
    assert [whole[f"p[{name}]"] for name in NAMES] == ["390.0", "0.0", "0.0", "90.0"]
    assert [part[f"p[{name}]"] for name in NAMES] == ["300.0", "", "", ""]
    assert refused["reason"].startswith("/powerplants/0/name: has no column")


def test_a_plan_that_is_not_proven_says_by_how_much_it_may_be_too_dear() -> None:
    content = hard_payload()
    layout = Layout(plants=tuple(plant["name"] for plant in content["powerplants"]))
    rules = Rules(Options(feasible=True, time_limit=1.0), 10_000, 10**7, layout=layout)
    chunk = next(read_chunks(io.BytesIO(ndjson([content])), 10**7))
    (row,) = rows((layout.head + plan_chunk(chunk, rules).answers).decode())
    assert row["status"] == "feasible"
    assert row["reason"].startswith("Not proven to be the cheapest plan: it costs at most ")


def test_no_hours_are_a_table_without_rows(write: Write) -> None:
    source = write(b"\n", "hours.jsonl")
    out = Path(source).with_name("plans.csv")
    assert run("batch", source, str(out)).exit_code == 0
    assert out.read_text() == ",".join(("line", *OF_AN_HOUR)) + "\n"


def test_the_decimal_mark_is_for_csv_only(write: Write) -> None:
    source = write(ndjson([payload(480)]), "payloads.jsonl")
    for out in ("plans.jsonl", "plans.xlsx", "-"):
        assert "--decimal is for a table of plans" in run("batch", source, out, "--decimal", "comma").stderr


# --- Resuming --------------------------------------------------------------------------------------------------------


def test_a_table_of_plans_is_resumed_with_the_same_bytes(write: Write, tmp_path: Path) -> None:
    lines = [f"{i:04};{h['load']};" + ";".join(map(str, h["fuels"].values())) for i, h in enumerate(hours(6000))]
    table, fleet = write("\n".join([HEADER, *lines]), "hours.csv"), write(json.dumps(AS_FLEET), "fleet.json")
    whole, out = tmp_path / "whole.csv", tmp_path / "plans.csv"
    run("batch", table, str(whole), "--fleet", fleet)
    command = [sys.executable, "-m", "powerplant", "batch", table, str(out), "--fleet", fleet, "--workers", "1"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as process:
        while not out.exists() or out.stat().st_size < 50_000:  # some parts, each with its checkpoint
            assert process.poll() is None
        process.kill()
    assert 0 < len(out.read_bytes()) < len(whole.read_bytes())
    for options in (["--decimal", "comma"], ["--no-co2"]):
        assert "cannot be resumed" in run("batch", table, str(out), "--fleet", fleet, "--resume", *options).stderr
    write("\n".join([HEADER, "later" + lines[0], *lines[1:]]), "hours.csv")
    assert "cannot be resumed" in run("batch", table, str(out), "--fleet", fleet, "--resume").stderr
    write("\n".join([HEADER, *lines]), "hours.csv")
    assert run("batch", table, str(out), "--fleet", fleet, "--resume").exit_code == 1
    assert out.read_bytes() == whole.read_bytes()


def test_a_run_that_was_killed_before_its_first_row_gets_its_headings(write: Write, tmp_path: Path) -> None:
    planned(write, TABLE, "whole.csv")
    out = tmp_path / "plans.csv"
    out.write_bytes(b"")
    fleet, source = str(tmp_path / "fleet.json"), str(tmp_path / "hours.csv")
    run("batch", source, str(out), "--fleet", fleet, "--resume")
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


# --- One plan --------------------------------------------------------------------------------------------------------


def test_a_plan_is_a_row_for_each_plant_as_in_a_data_frame(write: Write) -> None:
    source = write(json.dumps(payload(480)), "payload.json")
    result = run("plan", source, "--csv")
    table = rows(result.stdout)
    assert [row["name"] for row in table] == ["wind", "gas1", "gas2", "jet"]
    assert list(table[0]) == ["name", "type", "p", "pmin", "pmax", "marginal_cost", "cost", "co2_emitted", "state"]
    assert list(table[1].values())[2:] == ["390.0", "100.0", "460.0", "31.283018868", "12200.38", "117.0", "in_between"]
    comma = run("plan", source, "--csv", "--decimal", "comma").stdout
    assert comma.splitlines()[2].startswith("gas1;gasfired;390,0;100,0")
    assert "--decimal is for --csv" in run("plan", source, "--decimal", "comma").stderr
    assert "Give --csv or --json, not both" in run("plan", source, "--csv", "--json").stderr


def test_names_that_a_spreadsheet_would_run_are_harmless(write: Write) -> None:
    plants = [FLEET[0] | {"name": '=HYPERLINK("http://x")'}]
    source = write(json.dumps({"load": 300, "fuels": FUELS, "powerplants": plants}), "payload.json")
    assert "'=HYPERLINK" in run("plan", source, "--csv").stdout


# --- Totals ----------------------------------------------------------------------------------------------------------


def test_the_summary_says_why_hours_have_no_plan_and_how_many_loads_were_rounded(write: Write, tmp_path: Path) -> None:
    must = [FLEET[0] | {"must_run": True}, *FLEET[1:]]
    loads = [480, 480.55, 50, 5000, 6000, 300.25, 300.31]
    source = write(ndjson([{"powerplants": must}, *map(hour, loads)]), "hours.jsonl")
    totals = tmp_path / "totals.json"

    def summary(*options: str) -> tuple[dict[str, Any], str]:
        result = run("batch", source, os.devnull, "--summary", str(totals), *options)
        return json.loads(totals.read_text()), result.stderr

    given_, stderr = summary()
    reasons = {name: count for name, count in given_["reasons"].items() if count}
    assert reasons == {"off_grid": 3, "below_must_run": 1, "above_capacity": 2}
    assert (given_["infeasible"], given_["rounded"]) == (6, 0)
    why = "3 not a multiple of the step, 1 below what plants must produce, 2 above the capacity"
    assert f"6 lines with a load that no plan meets: {why}\n" in stderr
    given_, stderr = summary("--round-load")
    assert (given_["reasons"]["off_grid"], given_["rounded"]) == (0, 3)
    assert "3 loads rounded to a multiple of the step\n" in stderr
