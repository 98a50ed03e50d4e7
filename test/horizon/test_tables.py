"""Tables of hours and of plants to the payload of a horizon, and its plan as a table."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from conftest import BootServer
from live_server import LiveServer, fetch

from horizon.days import day
from horizon.rules import broken_rules
from powerplant import cli
from powerplant.batch.reading import InvalidInput
from powerplant.errors import InvalidPayload
from powerplant.horizon.decoding import decode
from powerplant.horizon.tables import Periods, read_fleet

pytestmark = pytest.mark.usefixtures("keep_processes")

pytest.importorskip("highspy", reason="the extra horizon brings it")

EXAMPLES = Path(__file__).parents[2] / "example_payloads"
HOURS, FLEET = EXAMPLES / "horizon_hours.csv", EXAMPLES / "horizon_fleet.csv"
BRUSSELS = ZoneInfo("Europe/Brussels")

GAS = b"name,type,efficiency,pmin,pmax\ngas,gasfired,0.5,10,100\n"
PRICES = "gas(euro/MWh),co2(euro/ton)"
Write = Callable[[str, str | bytes], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, and returns its name."""

    def write(name: str, content: str | bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def run(*arguments: str) -> Result:
    result = CliRunner(catch_exceptions=False).invoke(cli.main, list(arguments), prog_name="powerplant")
    assert isinstance(result, Result)
    return result


def payload_of(hours: str | bytes, fleet: bytes = GAS, zone: ZoneInfo = BRUSSELS) -> dict[str, Any]:
    content = hours.encode() if isinstance(hours, str) else hours
    payload: dict[str, Any] = json.loads(Periods(content, read_fleet(fleet), zone).content)
    return payload


def faults_of(hours: str, fleet: bytes = GAS, zone: ZoneInfo = BRUSSELS) -> list[str]:
    """What is wrong with the table, and then with the fleet."""
    try:
        periods = Periods(hours.encode(), read_fleet(fleet), zone)
    except InvalidPayload as error:
        return [fault.detail for fault in error.faults]
    with pytest.raises(InvalidPayload) as raised:
        decode(periods.content, co2=True, max_plants=100, max_cells=10_000)
    of_table, of_fleet = periods.in_words(raised.value.faults)
    return [fault.detail for fault in (*of_table, *of_fleet)]


def rows(plan: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(plan))]


# --- Tables to a payload ---------------------------------------------------------------------------------------------


def test_the_example_as_tables_is_the_example_as_json() -> None:
    wanted = json.loads((EXAMPLES / "horizon.json").read_text(encoding="utf-8"))
    for fleet in (FLEET, EXAMPLES / "horizon.json"):
        payload = payload_of(HOURS.read_bytes(), fleet.read_bytes())
        for body in (payload, wanted):
            body["resolution"] = "PT1H"
        given, expected = (
            decode(json.dumps(body).encode(), co2=True, max_plants=100, max_cells=10_000) for body in (payload, wanted)
        )
        assert given == expected


def test_a_cell_without_a_value_means_what_the_fleet_says() -> None:
    fleet = {"powerplants": [{"name": "a", "pmax": [7, 8]}, {"name": "b", "pmax": 5}], "fuels": {"gas(euro/MWh)": 30}}
    hours = "load,gas(euro/MWh),pmax[a],pmin[a],pmax[b],reserve_up\n1,,,,4,\n2,31,9,1,,5\n"
    payload = payload_of(hours, json.dumps(fleet).encode())
    assert payload["fuels"]["gas(euro/MWh)"] == [30, 31]
    assert payload["powerplants"] == [{"name": "a", "pmax": [7, 9], "pmin": [0, 1]}, {"name": "b", "pmax": [4, 5]}]
    assert payload["reserve"] == {"up": [0, 5]}


def test_storages_and_the_limits_of_the_market_come_from_the_fleet_and_prices_from_the_table() -> None:
    storage = {"name": "s", "charge_max": 5, "discharge_max": 5, "energy_max": 9}
    fleet = {"storages": [storage], "market": {"buy": 8, "sell": 3, "fee(euro/MWh)": 1}, "relative_gap": 0}
    payload = payload_of("market price (EUR/MWh)\n40\n-3.5\n", json.dumps(fleet).encode())
    assert payload["market"] == {"buy": 8, "sell": 3, "fee(euro/MWh)": 1, "price(euro/MWh)": [40, -3.5]}
    assert (payload["storages"], payload["relative_gap"]) == ([storage], 0)


def test_limits_of_the_market_can_be_columns() -> None:
    payload = payload_of("load;market(euro/MWh);market_buy;Market sell (MW)\n5;40;8;0\n5;41;7,5;2\n")
    assert payload["market"] == {"price(euro/MWh)": [40, 41], "buy": [8, 7.5], "sell": [0, 2]}


def test_a_table_of_plants_has_start_costs_by_hours_off_and_the_state_before() -> None:
    fleet = (
        "name;type;pmax;Start cost (EUR);start_after_2;start_cost_2;start after 3 (h);start_cost_3;"
        "on;hours;p;ramp up [MW/h]\n"
        "a;coal;400;21.000,5;12;34.000,5;48;52.000,5;TRUE;60;300;90,5\nb;gasfired;80;350,5;;;;;nein;;;\nc;gasfired;80;;;;;;;;;\n"
    )
    a, b, c = read_fleet(fleet.encode()).payload["powerplants"]
    steps = [{"after": 0, "cost": 21000.5}, {"after": 12, "cost": 34000.5}, {"after": 48, "cost": 52000.5}]
    assert (a["start_costs"], a["initial"], a["ramp_up"]) == (steps, {"on": True, "hours": 60, "p": 300}, 90.5)
    assert (b["start_cost"], b["initial"]) == (350.5, {"on": False})
    assert not {"start_cost", "start_costs", "initial"} & {*c}


@pytest.mark.parametrize(
    ("times", "start", "resolution"),
    [
        (["2026-01-06 00:00", "2026-01-06 01:00"], "2026-01-06T00:00:00+01:00", "PT60M"),
        (["6.1.2026 0:00", "6.1.2026 0:15"], "2026-01-06T00:00:00+01:00", "PT15M"),
        (["2026-01-06T00:00Z", "2026-01-06T00:30Z"], "2026-01-06T00:00:00+00:00", "PT30M"),
        (["2026-03-29 01:00", "2026-03-29 03:00"], "2026-03-29T01:00:00+01:00", "PT60M"),
        (["2026-10-25 01:00", *["2026-10-25 02:00"] * 2, "2026-10-25 03:00"], "2026-10-25T01:00:00+02:00", "PT60M"),
    ],
)
def test_the_resolution_is_the_step_between_the_times_also_when_clocks_change(
    times: list[str], start: str, resolution: str
) -> None:
    payload = payload_of("start,load\n" + "".join(f"{time},50\n" for time in times))
    assert (payload["start"], payload["resolution"], len(payload["load"])) == (start, resolution, len(times))


def test_without_a_column_start_the_first_one_with_times_has_them() -> None:
    payload = payload_of("day,MTU (CET),load\nTue,2026-01-06 00:00,5\nTue,2026-01-06 01:00,6\n")
    assert payload["start"] == "2026-01-06T00:00:00+01:00"


def test_without_times_the_periods_have_those_of_the_fleet() -> None:
    fleet = json.dumps({"powerplants": [], "start": "2026-01-06T00:00Z", "resolution": "PT30M"}).encode()
    payload = payload_of("load\n5\n6\n", fleet)
    assert (payload["start"], payload["resolution"]) == ("2026-01-06T00:00Z", "PT30M")


@pytest.mark.parametrize(
    ("times", "faults"),
    [
        ([0, 1, 4, 5], ['row 4: start is "2026-01-06 04:00": 2 periods are missing after row 3']),
        ([0, 1, 1, 2], ['row 4: start is "2026-01-06 01:00", the same time as in row 3']),
        ([0, 1, 2, 0], ['row 5: start is "2026-01-06 00:00", before that of row 4']),
        ([5, 4, 3], ["start does not rise from row to row"]),
    ],
)
def test_gaps_and_repeats_are_named(times: list[int], faults: list[str]) -> None:
    assert faults_of("start,load\n" + "".join(f"2026-01-06 {hour:02}:00,50\n" for hour in times)) == faults


def test_a_time_that_clocks_skip_and_one_that_is_not_a_time_are_named() -> None:
    faults = faults_of("start,load\n2026-03-29 02:00,5\nnoon,6\n")
    assert (
        faults[0] == 'row 2: start is "2026-03-29 02:00", a time that Europe/Brussels does not have: clocks go forward'
    )
    assert faults[1].startswith('row 3: start is "noon", and must be a time such as')


def test_faults_name_row_column_and_cell() -> None:
    fleet = (
        b"name,type,efficiency,pmin,pmax,start_cost,start_after_2,start_cost_2,on,p\n"
        b"gas,gasfired,0.5,0,9,9,,8,,\nb,gasfired,0.5,0,9,9,,,TRUE,\n"
    )
    assert faults_of(f"load,{PRICES},pmax[gas]\n5,30,70,x\n,31,70,\n", fleet) == [
        "row 3: load is empty",
        'row 2: pmax[gas] is "x", and must be a number',
        "row 2: start_after_2 is empty",
        "row 3: p is empty, and the plant is on",
    ]


def test_a_missing_column_is_named() -> None:
    assert faults_of("load,co2(euro/ton)\n5,70\n") == [
        "the column gas(euro/MWh) is missing, and gasfired power plants need it"
    ]


@pytest.mark.parametrize(
    ("hours", "line", "what"),
    [
        ("load,min_up_time[gas]\n5,1\n", 0, ""),
        ("load,efficiency[gas]\n5,0.5\n", 1, "only pmin, pmax, cost(euro/MWh), available, must_run can be different"),
        ("load,pmax[gas1]\n5,4\n", 1, "did you mean pmax[gas]?"),
        ("load,x\n5,\nTotal,5\n", 3, "totals are not a period"),
        ("start,price\n2026-01-06,4\n", 1, "the column load is missing"),
    ],
)
def test_tables_that_are_not_periods_are_refused(hours: str, line: int, what: str) -> None:
    if not line:
        assert payload_of(hours)["load"] == [5]  # a column that is not known is not used
        return
    with pytest.raises(InvalidInput, match=re.escape(what)) as raised:
        payload_of(hours)
    assert raised.value.line == line


def test_random_tables_are_a_payload_or_refused() -> None:
    choose = random.Random(17)
    cells = [
        "",
        "5",
        "1,5",
        "x",
        "2026-01-06 00:00",
        "06.01.2026 1:00",
        "TRUE",
        "1e999",
        "NaN",
        "-",
        '"',
        "Total",
        "\t",
    ]
    heads = [
        "start",
        "load",
        "gas(euro/MWh)",
        "wind(%)",
        "pmax[gas]",
        "available[gas]",
        "market(euro/MWh)",
        "reserve_up",
    ]
    read = 0
    for _ in range(2_000):
        columns = choose.sample(heads, choose.randint(1, len(heads)))
        lines = [columns, *([choose.choice(cells) for _ in columns] for _ in range(choose.randint(0, 4)))]
        try:
            periods = Periods("\n".join(map(";".join, lines)).encode(), read_fleet(GAS), BRUSSELS)
            read += 1
            decode(periods.content, co2=False, max_plants=9, max_cells=99)
        except (InvalidInput, InvalidPayload):
            continue
    assert read > 200


# --- The command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["csv", "tsv", "xlsx"])
def test_a_plan_is_a_table_with_a_row_for_each_period(tmp_path: Path, suffix: str) -> None:
    if suffix == "xlsx":
        pytest.importorskip("openpyxl")
    plan = tmp_path / f"plan.{suffix}"
    where = ("--hours", str(HOURS), "--fleet", str(FLEET), "--timezone", "Europe/Brussels")
    result = run("horizon", *where, "--threads", "1", str(plan))
    assert (result.exit_code, result.output) == (0, "")
    if suffix == "xlsx":
        from openpyxl import load_workbook

        head, *others = load_workbook(plan)["plan"].iter_rows(values_only=True)
        table = [dict(zip(head, cells, strict=True)) for cells in others]
    else:
        text = plan.read_text(encoding="utf-8")
        table = [*csv.DictReader(io.StringIO(text), delimiter="\t" if suffix == "tsv" else ",")]
    assert [*table[0]][:6] == ["start", "load", "price_up", "price_down", "p[wind north]", "p[sun]"]
    assert len(table) == 24
    for row in table:
        outputs = [float(value) for name, value in row.items() if name.startswith("p[")]
        assert sum(outputs) == pytest.approx(float(row["load"]))
    again = run("horizon", *where, str(plan))
    assert again.exit_code == 2
    assert again.stderr == f"{plan} has content: --overwrite replaces it.\n"


def test_the_columns_of_storages_the_market_and_lost_load_balance_the_load(write: Write) -> None:
    storage = {"name": "=1+1", "charge_max": 5, "discharge_max": 5, "energy_max": 9, "final": {"min": 0}}
    market = {"price(euro/MWh)": [4, 90, 5, 95], "buy": 8, "sell": 3}
    payload = {"load": [4, 9, 4, 20], "storages": [storage], "market": market, "lost_load(euro/MWh)": 900}
    result = run("horizon", write("day.json", json.dumps(payload)), "--csv")
    assert result.stdout.splitlines()[0] == (
        "period,load,price_up,price_down,charge[=1+1],discharge[=1+1],energy[=1+1],market_buy,market_sell,lost_load"
    )
    energy = 0.0
    for row in rows(result.stdout):
        value = {name.partition("[")[0]: float(cell) for name, cell in row.items() if cell}
        given = value["discharge"] + value["market_buy"] + value["lost_load"]
        assert given == pytest.approx(value["load"] + value["charge"] + value["market_sell"])
        energy += value["charge"] - value["discharge"]
        assert value["energy"] == pytest.approx(energy)
    assert float(rows(result.stdout)[-1]["lost_load"]) > 0


def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(write: Write) -> None:
    hours = write("hours.csv", f"hour,load,{PRICES}\n=1+1,50,30,70\n")
    result = run("horizon", "--hours", hours, "--fleet", write("fleet.csv", GAS), "--csv")
    assert result.stdout.splitlines()[1].startswith("'=1+1,50.0,")


def test_separator_and_decimals_are_those_of_the_table_of_hours(write: Write, tmp_path: Path) -> None:
    hours = write(
        "hours.csv", f"start;load;{PRICES.replace(',', ';')}\n06.01.2026 00:00;50,5;30;70\n06.01.2026 01:00;51;30;70\n"
    )
    plan = tmp_path / "plan.csv"
    result = run("horizon", "--hours", hours, "--fleet", write("fleet.csv", GAS), str(plan))
    assert (result.exit_code, result.output) == (0, "")
    assert plan.read_text(encoding="utf-8").splitlines()[1] == "06.01.2026 00:00;50,5;81,0;81,0;50,5"


def test_a_workbook_can_have_hours_and_fleet(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for sheet, path in ((book.active, HOURS), (book.create_sheet("fleet"), FLEET)):
        sheet.title = "fleet" if path == FLEET else "hours"
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines()):
            sheet.append([float(cell) if cell.replace(".", "", 1).isdigit() else cell for cell in row])
    book.save(tmp_path / "day.xlsx")
    options = ("--timezone", "Europe/Brussels", "--threads", "1", "--csv")
    one = run("horizon", "--hours", str(tmp_path / "day.xlsx"), *options)
    other = run("horizon", "--hours", str(HOURS), "--fleet", str(FLEET), *options)
    assert one.exit_code == 0
    assert one.stdout == other.stdout


def test_faults_have_the_name_of_their_file(write: Write) -> None:
    hours = write("hours.csv", f"load,{PRICES}\nx,30,70\n")
    fleet = write("fleet.csv", b"name,type,efficiency,pmax,min_up_time\ngas,gasfired,0.5,100,-1\n")
    result = run("horizon", "--hours", hours, "--fleet", fleet)
    assert result.exit_code == 2
    assert f'{hours}: row 2: load is "x", and must be a number\n' in result.stderr
    assert f'{fleet}: row 2: min_up_time is "-1", and must be at least 0\n' in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'FILE'."),
        (("--hours", "HOURS"), "A table of hours needs the power plants too: --fleet FILE"),
        (("--fleet", "FLEET", "DAY"), "--fleet and --timezone are for --hours."),
        (("--hours", "HOURS", "--fleet", "FLEET", "--timezone", "Mars/Base"), "must be the name of a time zone"),
        (("--look-ahead", "3", "DAY"), "--look-ahead needs --roll."),
        (("--roll", "3", "--report", "DAY"), "--report is for a horizon that is planned at once"),
        (("--decimal", "comma", "DAY"), "--decimal is for a table of plans."),
        (("--json", "DAY", "plan.csv"), "plan.csv is the name of a table, and --json prints JSON."),
        (("DAY", "DAY"), "would be overwritten"),
        (("DAY", "plan.ods"), "Tables are .csv or .xlsx"),
    ],
)
def test_a_wrong_command_line_is_refused(write: Write, arguments: tuple[str, ...], message: str) -> None:
    files = {"HOURS": str(HOURS), "FLEET": str(FLEET), "DAY": write("day.json", json.dumps(day()))}
    result = run("horizon", *(files.get(each, each) for each in arguments))
    assert result.exit_code == 2
    assert message in result.stderr


# --- Over HTTP -------------------------------------------------------------------------------------------------------

PLAN = "/productionplan/horizon?timezone=Europe/Brussels"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def server(boot_server: BootServer) -> LiveServer:
    return boot_server({"POWERPLANT_HORIZON_TIME_LIMIT": "60"})


def posted() -> bytes:
    """The example: a fleet as a line of JSON, then the hours."""
    fleet = read_fleet(FLEET.read_bytes()).payload
    return json.dumps(fleet).encode() + b"\n" + HOURS.read_bytes()


def test_a_table_after_its_fleet_is_answered_as_the_payload_is(server: LiveServer) -> None:
    payload = json.loads((EXAMPLES / "horizon.json").read_text(encoding="utf-8"))
    answer = fetch("POST", server.url + PLAN, data=posted()).json()
    assert broken_rules(payload, answer, steps=10) == []
    assert answer["times"][0] == "2026-01-06T00:00:00+01:00"


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/csv"}])
def test_a_client_that_likes_csv_gets_a_row_for_each_period(server: LiveServer, headers: dict[str, str]) -> None:
    response = fetch("POST", server.url + PLAN, data=posted(), headers={"Accept": "text/csv", **headers})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Plan-Status"] == "within_gap"
    table = rows(response.text)
    assert [row["start"] for row in table[:2]] == ["2026-01-06 00:00", "2026-01-06 01:00"]
    assert all(row["price_up"] for row in table)


def test_json_is_answered_with_a_table_too_and_a_workbook_is_one(server: LiveServer) -> None:
    response = fetch("POST", f"{server.url}/productionplan/horizon?step=1", json=day(), headers={"Accept": "text/csv"})
    assert [row["period"] for row in rows(response.text)] == [str(period) for period in range(1, 13)]
    openpyxl = pytest.importorskip("openpyxl")
    response = fetch("POST", server.url + PLAN, data=posted(), headers={"Accept": XLSX})
    assert response.headers["Content-Type"] == XLSX
    assert openpyxl.load_workbook(io.BytesIO(response.content))["plan"].max_row == 25


def test_faults_of_a_posted_table_name_the_line_of_the_body(server: LiveServer) -> None:
    body = posted().replace(b"01:00,1120", b"01:00,x").replace(b"03:00,1085", b"03:00,")
    problem = fetch("POST", server.url + PLAN, data=body).json()
    assert problem["type"] == "/problems/invalid-payload"
    assert problem["errors"] == [
        {"pointer": "#", "detail": 'row 4: load is "x", and must be a number'},
        {"pointer": "#", "detail": "row 6: load is empty"},
    ]
    for table, detail in ((b"load\n1\n\xff\0", "not text"), (b"load,pmax[gas9]\n1,2\n", "line 2: pmax[gas9]")):
        problem = fetch("POST", server.url + PLAN, data=json.dumps(day()).encode() + b"\n" + table).json()
        assert detail in problem["errors"][0]["detail"]


def test_a_time_zone_that_is_not_one_is_a_wrong_parameter(server: LiveServer) -> None:
    problem = fetch("POST", f"{server.url}/productionplan/horizon?timezone=Mars", data=posted()).json()
    assert problem["type"] == "/problems/invalid-query"


# --- The payload in tables -------------------------------------------------------------------------------------------

READ = "/productionplan/horizon/payload?timezone=Europe/Brussels"


def opened(server: LiveServer, body: bytes) -> dict[str, Any]:
    response = fetch("POST", server.url + READ, data=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_workbook_and_tables_hold_the_same_payload(server: LiveServer) -> None:
    pytest.importorskip("openpyxl")
    workbook, hours, fleet = ((EXAMPLES / name).read_bytes() for name in ("day.xlsx", "day.csv", "fleet8.csv"))
    plants = opened(server, fleet)
    expected = {"payload": payload_of(hours, fleet), "notes": []}
    assert plants["payload"]["powerplants"] == read_fleet(fleet).payload["powerplants"]
    assert opened(server, workbook) == expected
    assert opened(server, json.dumps(plants["payload"]).encode() + b"\n" + hours) == expected
    line = {"powerplants": [{**plant, "pmax": 999} for plant in plants["payload"]["powerplants"]]}
    other = opened(server, json.dumps(line).encode() + b"\n" + workbook)
    assert {plant["pmax"] for plant in other["payload"]["powerplants"]} == {999}
    assert len(opened(server, (EXAMPLES / "fleet30.xlsx").read_bytes())["payload"]["powerplants"]) == 30
    answer = fetch("POST", server.url + PLAN, data=workbook).json()
    assert [period["shortfall"] for period in answer["periods"]] == [51.2]  # hour 19 has no plan


def test_tables_that_cannot_be_read_name_their_cells_and_what_the_fleet_lacks_is_left_open(server: LiveServer) -> None:
    pytest.importorskip("openpyxl")
    fleet = b'{"powerplants": [{"name": "gas", "type": "gasfired", "pmax": 9}]}\n'
    assert opened(server, fleet + b"load\n5\n")["payload"]["load"] == [5.0]
    for body, detail in (
        (fleet + b"load,gas(euro/MWh)\n5,x\n", 'row 2: gas(euro/MWh) is "x", and must be a number'),
        (fleet + b"load,pmax[coal]\n5,9\n", "pmax[coal]"),
        (b"neither,this\n", "the column load is missing"),
        (b"PK\x03\x04 and no more", "this is not a workbook that can be read, or it is damaged"),
    ):
        response = fetch("POST", server.url + READ, data=body)
        assert response.status_code == 422
        assert detail in response.json()["errors"][0]["detail"]


def test_without_the_extra_excel_a_workbook_is_refused_with_its_name(url_without_excel: str) -> None:
    workbook = (EXAMPLES / "day.xlsx").read_bytes()
    for path in (READ, PLAN):
        response = fetch("POST", url_without_excel + path, data=workbook)
        assert response.status_code == 501
        assert "needs the extra excel, which is not installed" in response.json()["detail"]
