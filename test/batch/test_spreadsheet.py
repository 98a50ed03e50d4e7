"""Tables of hours as people and spreadsheets write them."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from batches import FLEET

from powerplant.batch import reading
from powerplant.batch.fleets import read_fleet
from powerplant.batch.reading import InvalidInput, Line, read_whole
from powerplant.batch.spreadsheet import Hours
from powerplant.batch.table import is_heading
from powerplant.formulation import TENTHS

WITH_FLEET = Line(0, json.dumps({"powerplants": FLEET}).encode())
HEADER = "load,gas(euro/MWh),kerosine(euro/MWh),co2(euro/ton),wind(%)"
SEMICOLONS = HEADER.replace(",", ";")


OTHER_COLUMNS = """\
hour,"load",wind(%),co2(euro/ton),kerosine(euro/MWh),gas(euro/MWh),remark
2026-01-01 00:00," 480 ",60,20,50.8,13.4,"cold,
windy"
"""


def hours_of(table: str | bytes, fleet: Line = WITH_FLEET, **options: Any) -> Hours:
    content = table if isinstance(table, bytes) else table.encode()
    return Hours(content, fleet, read_fleet(fleet, TENTHS, max_plants=100), **({"co2": True} | options))


def lines(table: str | bytes, **options: Any) -> list[Line]:
    chunks = list(hours_of(table, **options).chunks())
    assert all(chunk.fleet == options.get("fleet", WITH_FLEET) for chunk in chunks)
    return [line for chunk in chunks for line in chunk.lines]


def rows(table: str | bytes, **options: Any) -> list[tuple[int, dict[str, Any]]]:
    """The rows of a table with their numbers."""
    return [(line.number, json.loads(line.content or b"")) for line in lines(table, **options)]


def loads(*cells: str, others: str = "13.4;50.8;20;60") -> list[Any]:
    """What the cells of the column of loads are read as, in a table with these other cells."""
    return [hour["load"] for _, hour in rows(SEMICOLONS + "\n" + "".join(f"{cell};{others}\n" for cell in cells))]


def faults(table: str, **options: Any) -> list[str]:
    """The faults of the only row."""
    (line,) = lines(table, **options)
    return [fault.detail for fault in line.faults]


def refusal(table: str | bytes, **options: Any) -> str:
    with pytest.raises(InvalidInput) as error:
        lines(table, **options)
    return f"{error.value.line}: {error.value}"


def fuels(gas: Any = 13.4, kerosine: Any = 50.8, co2: Any = 20, wind: Any = 60) -> dict[str, Any]:
    named = zip(HEADER.split(",")[1:], (gas, kerosine, co2, wind), strict=True)
    return {name: value for name, value in named if value is not None}


def test_a_row_is_an_hour_with_the_number_of_its_line() -> None:
    assert rows(f"{HEADER}\n480,13.4,50.8,20,60\n\n480.5,1e1,-3,0,0\n") == [
        (2, {"load": 480, "fuels": fuels()}),
        (4, {"load": 480.5, "fuels": fuels(10, -3, 0, 0)}),
    ]


UNITS = "Load (MW);Gas price (EUR/MWh);KEROSINE [€/MWh];CO₂ (euro per tonne);Wind in per cent"


@pytest.mark.parametrize(
    "table",
    [
        f"\ufeff{HEADER}\r\n480,13.4,50.8,20,60\r\n",
        f"{SEMICOLONS}\n480;13,4;50,8;20;60\n",
        f"{HEADER.replace(',', chr(9))}\n480\t13.4\t50,8\t20\t60",
        f"{HEADER.replace(',', '|')}\n480|13.4|50.8|20|60\n",
        OTHER_COLUMNS,
        f"\n\n{HEADER}\n+480,013.40,50.8,20,60\n",
        f'{HEADER}\n480,"13,4","50,8",20,60\n',
        f"{SEMICOLONS}\r480;13,4;50,8;20;60\r",
        f"{SEMICOLONS}\r\n480;13,4;50,8;20;60\r;;;;\n\n",
        f"sep=;\r\n{SEMICOLONS}\r\n480;13,4;50,8;20;60\r\n",
        f'"sep=;"\n{SEMICOLONS}\n480;13,4;50,8;20;60\n',
        f'"Total\nload",{HEADER}\n1,480,13.4,50.8,20,60\n',
        f"{SEMICOLONS};;\n480;13,4;50,8;20;60;;\n",
        f"{HEADER}\n480,13.4,50.8,20,60,,\n",
        f"{UNITS}\n480;13,4;50,8;20;60\n",
        f"{UNITS}\n480 MW;€ 13,40;50,8 €/MWh;20 EUR;60%\n",
        f"{SEMICOLONS}\nMW;€/MWh;€/MWh;€/t;%\n480;13,4;50,8;20;60\n",
        f"Forecast of the day;;;;\n\n{SEMICOLONS}\n480;13,4;50,8;20;60\n",
        f"{SEMICOLONS}\n480;13,4;50,8;20;60\n\ufeff{SEMICOLONS}\n",
        f"|{HEADER.replace(',', '|')}|\n|:---|---|---|---|---|\n|480|13.4|50.8|20|60|\n",
        f"Hour;Demand;Prices;;;Weather\n;{SEMICOLONS}\n1;480;13,4;50,8;20;60\n",
        f",{HEADER}\n0,480,13.4,50.8,20,60\n",
        'load, wind(%), co2(euro/ton), "kerosine(euro/MWh)", gas(euro/MWh)\n480, 60, 20, 50.8, 13.4\n',
        f"{HEADER}\n4.8E+02,13.4,5.08e1,20,6E1\n",
    ],
    ids=[
        "as Excel saves it",
        "semicolons",
        "tabs",
        "pipes",
        "other columns",
        "signs and zeros",
        "quoted decimal commas",
        "line ends of old Macs",
        "mixed line ends",
        "a line that names the separator",
        "a quoted line that names the separator",
        "a line break in a heading",
        "trailing separators",
        "trailing separators in rows only",
        "units in headings",
        "units in cells",
        "a row of units",
        "a title above",
        "headings again",
        "a table in Markdown",
        "merged headings above",
        "an index without a heading",
        "spaces after commas",
        "exponents",
    ],
)
def test_a_table_can_be_written_in_many_ways(table: str) -> None:
    assert [hour for _, hour in rows(table)] == [{"load": 480, "fuels": fuels()}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_table_can_have_the_encodings_of_spreadsheets(encoding: str) -> None:
    table = "load;wind(%);gas (€/MWh);CO2 (€/t);kerosine (€/MWh);über\r\n1\u00a0480,5;60;13,4;20;50,8;é\r\n"
    assert rows(table.encode(encoding)) == [(2, {"load": 1480.5, "fuels": fuels()})]


def test_an_empty_cell_means_no_value() -> None:
    first, second = lines(f"{HEADER}\n,13.4,50.8, ,60\n480\n")
    assert json.loads(first.content or b"") == {"fuels": fuels(co2=None)}
    assert [fault.detail for fault in first.faults] == [
        "load is empty",
        "co2(euro/ton) is empty, and gasfired power plants need it",
    ]
    assert len(second.faults) == 4


def test_a_row_of_empty_cells_is_skipped() -> None:
    assert [number for number, _ in rows(f"{HEADER}\n480,1,1,1,1\n,,,,\n , ,,,\n490,1,1,1,1,,\n,,,,,,\n")] == [2, 5]


# --- Numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "load"),
    [
        ("1100", 1100),
        ("1 100", 1100),
        ("1\u202f100,5", 1100.5),
        ("1\u2009100.5", 1100.5),
        ("1'100", 1100),
        ("1’100.5", 1100.5),
        ("1.100,5", 1100.5),
        ("1,100.5", 1100.5),
        ("1.100.000", 1_100_000),
        ("1,000,000", 1_000_000),
        ("1e3", 1000),
        ("1,1E+03", 1100),
        ("0.743", 0.743),
        ("0,743", 0.743),
        (".5", 0.5),
        ("1234.567", 1234.567),
        ("1.1000", 1.1),
        ("480 MW", 480),
        ("480MWh", 480),
        ("\u22125,5", -5.5),
        ("(5,5)", -5.5),
        ("5,5-", -5.5),
        ("９１０．５", 910.5),
        ("\u0663", 3),
    ],
)
def test_a_number_with_one_meaning_has_it_in_every_table(cell: str, load: float) -> None:
    assert loads(cell) == loads(cell, others="13,4;50,8;20;60") == [load]


@pytest.mark.parametrize(
    ("cell", "with_points", "with_commas"),
    [("1.100", 1.1, 1100), ("1,100", 1100, 1.1), ("-1.100", -1.1, -1100), ("999,999", 999_999, 999.999)],
)
def test_the_other_cells_decide_whether_a_point_is_decimal(cell: str, with_points: float, with_commas: float) -> None:
    assert loads(cell) == [with_points]
    assert loads(cell, others="13,4;50,8;20;60") == [with_commas]
    assert loads("565", cell, "2.034,5", others="13;50;20;60")[1] == with_commas


def test_a_table_that_does_not_show_whether_its_points_are_decimal_is_refused() -> None:
    both = '3: load is "1.100", which can mean 1.100 or 1100, and no other cell shows which: write 1100 or 1.1000'
    assert refusal(f"{SEMICOLONS}\n565;13;50;20;60\n1.100;13;50;20;60\n") == both
    comma = '2: load is "1,100", which can mean 1100 or 1.100, and no other cell shows which: write 1100 or 1,1000'
    assert refusal(f"{SEMICOLONS}\n1,100;13;50;20;60\n") == comma
    mixed = refusal(f"{SEMICOLONS}\n1.100;13,4;50.8;20;60\n")
    assert "and the table has decimal points and commas" in mixed


def test_thousands_that_the_other_cells_show_are_noted() -> None:
    notes = hours_of(f"{SEMICOLONS}\n1.100;13,4;50,8;20;60\n").notes
    assert notes == ['load: "1.100" is read as 1100, because the table has decimal commas.']
    assert hours_of(f"{SEMICOLONS}\n13.125;13.4;50.8;20;60\n").notes == []


@pytest.mark.parametrize(
    "cell",
    ["0x10", "1.2.3", "--1", "1 00", "1,1000.5", "1,03,400.5", "Infinity", "10²", "½", "565 kW", "5 %", "€ 5", "(-5)"],
)
def test_a_cell_that_is_not_a_number_is_a_fault_that_shows_it(cell: str) -> None:
    heading = SEMICOLONS.replace("load", "Load (MW)")
    assert faults(f"{heading}\n{cell};13,4;50,8;20;60\n") == [f'Load (MW) is "{cell}", and must be a number']


@pytest.mark.parametrize("cell", ["NA", "n/a", "#N/A", "NaN", "null", "-", "–", "n/e"])
def test_a_cell_that_says_that_it_has_no_value_is_as_an_empty_one_and_shown_where_a_value_is_needed(cell: str) -> None:
    assert faults(f"{SEMICOLONS}\n{cell};13,4;50,8;20;60\n") == [f'load is "{cell}", so it has no value']
    assert faults(f"{SEMICOLONS}\n480;13,4;{cell};20;60\n") == [
        f'kerosine(euro/MWh) is "{cell}", so it has no value, and turbojet power plants need it'
    ]
    without_jet = Line(0, json.dumps({"powerplants": [plant for plant in FLEET if plant["name"] != "jet"]}).encode())
    assert faults(f"{SEMICOLONS}\n480;13,4;{cell};20;60\n", fleet=without_jet) == []


def test_the_euro_sign_of_excel_on_old_macs_is_understood() -> None:
    table = "load;gas (€/MWh);kerosine (€/MWh);co2 (€/t);wind (%)\r480;13,4;50,8;20;60\r"
    assert rows(table.encode("mac-roman")) == [(2, {"load": 480, "fuels": fuels()})]


def test_a_number_beyond_its_limits_is_a_fault_that_shows_the_cell() -> None:
    assert faults(f"{UNITS}\n-480;13,4;50,8;20;120 %\n") == [
        'Load (MW) is "-480", and must be at least 0',
        'Wind in per cent is "120 %", and must be at most 100',
    ]


# --- The table as a whole --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "1: the table is empty; the first line must name load, and the fuels"),
        ('load;wind(%)\n"480"0;60\n', "2: more text follows after a cell in quotes"),
        ("hour,wind(%)\n", "1: the column load is missing"),
        ("\n\nload.gas\n1.2\n", "3: .*separated by commas, semicolons, tabs or |"),
        (f"{HEADER.replace('wind(%)', 'wind')}\n", "wind is not a known column; did you mean wind"),
        (f"{HEADER.replace('kerosine', 'kerosene')}\n", "kerosene(euro/MWh) is not a known column; did you mean kero"),
        (f"{HEADER.replace('co2(euro/ton)', 'CO2 price')}\n", "CO2 price is not a known column; did you mean co2"),
        (f"{HEADER.replace('gas(euro/MWh)', 'gas(ct/kWh)')}\n", "gas(ct/kWh) is not a known column; did you mean gas"),
        (f"{HEADER},load\n", "1: the column load is there twice"),
        (f"{UNITS};Load MW\n", "1: the column load is there twice: Load (MW) and Load MW"),
        (f"{HEADER},,\n480,60,5,5,5\n480,5,60,5,5,5\n", "3: the row has 6 cells, the table 5 columns; commas separate"),
        (f"{SEMICOLONS}\n480;60;1;1;1;1\n", "2: the row has 6 cells, the table 5 columns"),
        (f'{SEMICOLONS};remark\n480;60;1;1;1;"cold\n', "2: a cell begins with a quote that has no end"),
        (
            f"{SEMICOLONS.replace('load', 'Demand (GW)')}\n",
            '"Demand (GW)" is not a known column; did you mean load, in',
        ),
        (b"load\n\0\1\n", "1: the table is not text"),
        (
            '"Time","Day-ahead load [MW] - BZN|BE"\n"29.10.2023 02:00","7012"\n',
            '1: "Day-ahead load [MW] - BZN|BE" is not a known column; did you mean load, in MW?',
        ),
        ("Datum von;Netzlast [MWh]\n27.10.2024 02:00;45.123,75\n", '1: "Netzlast [MWh]" is not a known column'),
        ("timestamp,demand_el\n2012,910\n", '1: "demand_el" is not a known column; did you mean load, in MW?'),
        ("uur;belasting\n1;910\n", '1: "belasting" is not a known column; did you mean load, in MW?'),
        ("a,b,c,d,e,f,g,h\n", '1: ; the table has "a", "b", "c", "d", "e", "f", and 2 more'),
        ('snapshot,"Belgium"\n', '1: ; the table has "snapshot", "Belgium"'),
        ("load;480;910;480\ngas(euro/MWh);13,4;13,4;13,4\n", "1: the names stand in the first column"),
        ("hour;0:00;1:00\nload;480;910\nwind(%);60;70\n", "2: the names stand in the first column"),
    ],
)
def test_a_table_that_cannot_be_understood_says_where_and_why(table: str | bytes, message: str) -> None:
    place, _, what = message.partition(": ") if message[0].isdigit() else ("", "", message)
    given = refusal(table)
    assert given.startswith(place)
    assert what.removeprefix(".*") in given


def test_only_the_columns_that_the_fleet_needs_are_needed() -> None:
    turbine = Line(0, json.dumps({"powerplants": FLEET[3:]}).encode())
    assert rows("load,wind(%)\n90,60\n", fleet=turbine) == [(2, {"load": 90, "fuels": {"wind(%)": 60}})]
    assert "the column co2(euro/ton) is missing" in refusal("load,gas(euro/MWh),kerosine(euro/MWh),wind(%)\n1,2,3,4\n")
    assert rows("load,gas(euro/MWh),kerosine(euro/MWh),wind(%)\n1,2,3,4\n", co2=False)


def test_totals_and_notes_under_the_table_are_faults_that_show_them() -> None:
    heading = f"hour;{SEMICOLONS}\n"
    assert faults(f"{heading}Total:;21000;13,4;50,8;20;60\n") == [
        'the row begins with "Total:": totals are not an hour'
    ]
    assert faults(f"{heading}Source: the market;;;;;\n") == [
        'the row has "Source: the market", and neither load nor prices'
    ]
    assert faults(f"{SEMICOLONS}\nSource: the market;;;;\n") == [
        'the row has "Source: the market", and neither load nor prices'
    ]


def test_a_column_like_a_fuel_is_ignored_if_the_fuel_is_present() -> None:
    assert rows(f"{HEADER},wind speed,load last year\n480,13.4,50.8,20,60,3,4\n") == [
        (2, {"load": 480, "fuels": fuels()})
    ]
    assert rows(f"Load (MW),{HEADER}\n3,480,13.4,50.8,20,60\n") == [(2, {"load": 480, "fuels": fuels()})]
    other = "kerosine(euro/Mwh)"  # the other spelling of the challenge
    ((_, hour),) = rows(f"{HEADER.replace('kerosine(euro/MWh)', other)}\n480,13.4,50.8,20,60\n")
    assert hour["fuels"][other] == 50.8


def seconds_for_columns(count: int) -> float:
    """The fastest of three times to read a table with so many columns."""
    names = ",".join(f"load {number}" for number in range(count))
    seconds = []
    for _ in range(3):
        start = time.process_time()
        assert rows(f"{HEADER},{names}\n480,13.4,50.8,20,60\n") == [(2, {"load": 480, "fuels": fuels()})]
        seconds.append(time.process_time() - start)
    return min(seconds)


def test_a_table_with_eight_times_the_columns_does_not_take_the_square_of_the_time() -> None:
    assert seconds_for_columns(40_000) < 24 * seconds_for_columns(5_000)


def test_rows_come_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINES", 2)
    hours = hours_of(f"{HEADER}\n" + "480,13.4,50.8,20,60\n" * 3)
    assert [[line.number for line in chunk.lines] for chunk in hours.chunks()] == [[2, 3], [4]]
    assert hours.count == 3


def test_a_table_that_is_too_large_is_refused() -> None:
    assert read_whole(io.BytesIO(b"x" * 10), 10) == b"x" * 10
    with pytest.raises(InvalidInput, match="at most 9 bytes"):
        read_whole(io.BytesIO(b"x" * 10), 9)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        (HEADER, True),
        ("hour\tLoad (MW)\tx", True),
        ('"day, hour";load', True),
        ("sep=;", True),
        ("hour;wind(%)", False),
        ('{"load": 5}', False),
        ("", False),
    ],
)
def test_a_heading_is_recognised_by_its_load(line: str, is_one: bool) -> None:
    assert is_heading(line) is is_one


# --- Wind ------------------------------------------------------------------------------------------------------------


def wind(*cells: str, heading: str = "wind(%)", **options: Any) -> tuple[list[Any], list[str]]:
    """What the cells of the column of wind are read as, and the notes."""
    table = SEMICOLONS.replace("wind(%)", heading) + "\n" + "".join(f"480;13,4;50,8;20;{cell}\n" for cell in cells)
    return [hour["fuels"]["wind(%)"] for _, hour in rows(table, **options)], hours_of(table, **options).notes


def test_wind_that_is_probably_a_fraction_is_planned_as_it_stands_and_noted() -> None:
    values, notes = wind("0,6", "0,75", "0")
    assert values == [0.6, 0.75, 0]
    planned = "It is planned as it stands: as at most 0.75 % of pmax."
    hint = "If it is a fraction, --wind fraction reads 0.75 as 75 %."
    assert notes == [f"wind(%) is never above 0.75. {planned} {hint}"]


@pytest.mark.parametrize("cells", [["0,6", "1,5"], ["0", "0"], ["1 %", "0,5 %"]])
def test_wind_that_is_per_cent_is_not_noted(cells: list[str]) -> None:
    assert wind(*cells)[1] == []


@pytest.mark.parametrize("options", [{"is_fraction": True}, {"heading": "wind (fraction)"}, {"heading": "Wind [p.u.]"}])
def test_wind_can_be_a_fraction(options: dict[str, Any]) -> None:
    assert wind("0,6", "1", "0,743", "60 %", **options) == ([60, 100, 74.3, 60], [])


def test_a_fraction_above_one_is_a_fault() -> None:
    assert faults(f"{HEADER}\n480,13.4,50.8,20,60\n", is_fraction=True) == [
        'wind(%) is "60", and, times 100, must be at most 100'
    ]


# --- Constant prices -------------------------------------------------------------------------------------------------


def fleet_with(**prices: Any) -> Line:
    return Line(0, json.dumps({"powerplants": FLEET, "fuels": fuels(**({"wind": None} | prices))}).encode())


def test_constant_prices_may_stand_in_the_file_of_the_fleet() -> None:
    hours = hours_of("hour;load;wind(%)\n1;480;60\n", fleet=fleet_with())
    assert rows("hour;load;wind(%)\n1;480;60\n", fleet=fleet_with()) == [(2, {"load": 480, "fuels": fuels()})]
    prices = "gas(euro/MWh) 13.4, kerosine(euro/MWh) 50.8, co2(euro/ton) 20"
    assert hours.notes == [f"The same in every hour, from the fleet's file: {prices}."]


def test_a_column_overrides_a_constant_price_even_where_its_cell_is_empty() -> None:
    fleet = fleet_with(gas=99, kerosine=99)
    heading = "load;gas(euro/MWh);kerosine(euro/Mwh);wind(%)"
    ((_, hour),) = rows(f"{heading}\n480;13,4;50,8;60\n", fleet=fleet)
    assert hour["fuels"] == {"gas(euro/MWh)": 13.4, "kerosine(euro/Mwh)": 50.8, "co2(euro/ton)": 20, "wind(%)": 60}
    assert faults(f"{heading}\n480;;50,8;60\n", fleet=fleet) == [
        "gas(euro/MWh) is empty, and gasfired power plants need it"
    ]


@pytest.mark.parametrize("heading", ["kerosene(euro/MWh)", "kerosine EUR per ton", "Kero price", "kerosine/MWh [USD]"])
def test_a_column_that_was_meant_to_override_a_constant_price_is_not_ignored(heading: str) -> None:
    message = refusal(f"load;{heading};wind(%)\n480;70;60\n", fleet=fleet_with())
    assert message.startswith(
        f"1: {heading} is not a known column; did you mean kerosine(euro/MWh)? If so, rename it, or"
    )


def test_a_column_that_is_no_price_leaves_a_constant_price_as_it_is() -> None:
    table = "load;gas burnt (m3/h);co2 emitted in t;wind(%)\n480;70;1;60\n"
    assert rows(table, fleet=fleet_with()) == [(2, {"load": 480, "fuels": fuels()})]


def test_wind_is_not_a_constant_price() -> None:
    assert "the column wind(%) is missing" in refusal("load\n480\n", fleet=fleet_with(wind=60))


# --- Any fuel, and columns of one plant ------------------------------------------------------------------------------

ANY_FLEET = Line(
    0,
    json.dumps(
        {
            "powerplants": [
                {"name": "coal1", "type": "coal", "fuel": "coal", "efficiency": 0.4, "pmin": 100, "pmax": 300},
                {"name": "park [1]", "type": "solar", "profile": "solar", "pmax": 200},
                {"name": "lig", "type": "lignite", "fuel": "Brown coal", "efficiency": 0.4, "pmin": 0, "pmax": 300},
            ],
            "fuels": {"Brown coal(euro/MWh)": 4, "solar(%)": 50, "peat(euro/MWh)": "x"},
        }
    ).encode(),
)


def any_hour(heading: str, *cells: str) -> dict[str, Any]:
    """The hour of a table with these columns beside load, coal and solar."""
    table = f"load;coal(euro/MWh);solar(%);{heading}\n480,5;10;33,3;{';'.join(cells)}\n"
    ((_, hour),) = rows(table, fleet=ANY_FLEET)
    assert lines(table, fleet=ANY_FLEET)[0].faults == []
    return hour


@pytest.mark.parametrize("coal", ["coal(euro/MWh)", "Coal price (EUR/MWh)", "COAL [€/MWh]", "coal in euro per MWh"])
@pytest.mark.parametrize("solar", ["solar(%)", "Solar [%]", "solar in per cent", "SOLAR (pct)"])
def test_a_column_can_be_of_any_fuel_and_profile_that_the_fleet_names(coal: str, solar: str) -> None:
    ((_, hour),) = rows(f"load;{coal};{solar}\n480,5;10;33,3\n", fleet=ANY_FLEET)
    given = {"coal(euro/MWh)": 10, "solar(%)": 33.3, "Brown coal(euro/MWh)": 4}
    assert hour == {"load": 480.5, "fuels": given}


def test_a_column_of_any_fuel_overrides_the_constant_price() -> None:
    assert any_hour("brown coal (€/MWh)", "7")["fuels"]["Brown coal(euro/MWh)"] == 7
    notes = hours_of("load;coal(euro/MWh);solar(%)\n480;10;33\n", fleet=ANY_FLEET).notes
    assert notes == ["The same in every hour, from the fleet's file: Brown coal(euro/MWh) 4."]
    message = refusal("load;coal(euro/MWh);solar(%);Brown cole(euro/MWh)\n1;2;3;4\n", fleet=ANY_FLEET)
    assert message.startswith("1: Brown cole(euro/MWh) is not a known column; did you mean Brown coal(euro/MWh)?")


def test_a_column_of_any_fuel_that_is_missing_is_named() -> None:
    missing = refusal("load;coal;solar(%)\n480;10;33\n", fleet=ANY_FLEET)
    assert missing == (
        "1: the column coal(euro/MWh) is missing, and coal power plants need it; "
        "coal is not a known column; did you mean coal(euro/MWh)?"
    )
    assert "the column solar(%) is missing" in refusal("load;coal(euro/MWh)\n480;10\n", fleet=ANY_FLEET)


def test_a_profile_that_is_probably_a_fraction_is_noted_with_the_heading_that_reads_it() -> None:
    (note, _) = hours_of("load;coal(euro/MWh);solar(%)\n480;10;0,5\n", fleet=ANY_FLEET).notes
    assert note.endswith("If it is a fraction, the heading solar (fraction) reads 0.5 as 50 %.")
    ((_, hour),) = rows("load;coal(euro/MWh);solar (fraction)\n480;10;0,5\n", fleet=ANY_FLEET)
    assert hour["fuels"]["solar(%)"] == 50


@pytest.mark.parametrize(
    ("heading", "cell", "name", "change"),
    [
        ("available[coal1]", "FALSE", "coal1", {"available": False}),
        ("available[coal1]", "WAHR", "coal1", {"available": True}),
        ("Available[coal1]", "Faux", "coal1", {"available": False}),
        ("must_run[coal1]", "1", "coal1", {"must_run": True}),
        ("pmax[coal1]", "1.100,5", "coal1", {"pmax": 1100.5}),
        ("pmax (MW)[coal1]", "200 MW", "coal1", {"pmax": 200}),
        ("efficiency[coal1]", "45 %", "coal1", {"efficiency": 0.45}),
        ("efficiency (%)[coal1]", "45", "coal1", {"efficiency": 0.45}),
        ("cost(euro/MWh)[coal1]", "-2,5", "coal1", {"cost(euro/MWh)": -2.5}),
        ("Cost (EUR per MWh)[coal1]", "3", "coal1", {"cost(euro/MWh)": 3}),
        ("co2(ton/MWh)[coal1]", "0,9 t/MWh", "coal1", {"co2(ton/MWh)": 0.9}),
        ("fuel[coal1]", "Brown coal", "coal1", {"fuel": "Brown coal"}),
        ("pmax[park [1]]", "100", "park [1]", {"pmax": 100}),
    ],
)
def test_a_column_of_a_plant_changes_it_in_its_hour(heading: str, cell: str, name: str, change: dict[str, Any]) -> None:
    options = {"co2": False, "fleet": ANY_FLEET}
    ((_, hour), (_, other)) = rows(f"load;coal(euro/MWh);solar(%);{heading}\n1;10;33,3;{cell}\n1;2;3;\n", **options)
    assert hour["plants"] == {name: change}
    assert "plants" not in other


def test_columns_of_several_plants_and_members_stand_together() -> None:
    hour = any_hour("pmin[coal1];pmax[coal1];pmax[lig]", "1", "2", "3")
    assert hour["plants"] == {"coal1": {"pmin": 1, "pmax": 2}, "lig": {"pmax": 3}}


def test_a_plant_can_burn_a_fuel_that_only_its_column_names() -> None:
    hour = any_hour("fuel[coal1];peat(euro/MWh)", "peat", "3")
    assert hour["fuels"]["peat(euro/MWh)"] == 3


@pytest.mark.parametrize(
    ("heading", "cell", "fault"),
    [
        ("Pmax (MW)[coal1]", "-5", 'Pmax (MW)[coal1] is "-5", and must be at least 0'),
        ("pmax[coal1]", "abc", 'pmax[coal1] is "abc", and must be a number'),
        ("pmax[coal1]", "50", 'pmax[coal1] is "50", and pmin must not be above pmax'),
        ("available[coal1]", "perhaps", 'available[coal1] is "perhaps", and must be true or false'),
        ("efficiency (%)[coal1]", "450", 'efficiency (%)[coal1] is "450", and, divided by 100, must be at most 1'),
        ("name[coal1]", "coal2", 'name[coal1] is "coal2", and must not change'),
    ],
)
def test_a_fault_of_a_plant_names_its_column_and_cell(heading: str, cell: str, fault: str) -> None:
    table = f"load;coal(euro/MWh);solar(%);{heading}\n1;10;33,3;{cell}\n"
    (detail,) = faults(table, fleet=ANY_FLEET)
    assert detail.startswith(fault)


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("pmax[coal2]", "1: pmax[coal2]: the fleet has no power plant of this name; did you mean pmax[coal1]?"),
        ("pmxa[coal1]", "1: pmxa[coal1] is not a known column; did you mean pmax[coal1]?"),
        ("pmax[lig];PMAX (MW)[lig]", "1: the column PMAX (MW)[lig] is there twice: pmax[lig] and PMAX (MW)[lig]"),
    ],
)
def test_a_column_of_a_plant_that_is_not_understood_stops_the_run(heading: str, message: str) -> None:
    cells = ";1" * (heading.count(";") + 1)
    assert refusal(f"load;coal(euro/MWh);solar(%);{heading}\n1;2;3{cells}\n", fleet=ANY_FLEET) == message


def test_the_columns_of_a_table_of_plans_are_ignored() -> None:
    hour = any_hour("p[coal1];price_up;co2_emitted;p[other]", "1", "2", "3", "4")
    assert hour.keys() == {"load", "fuels"}
