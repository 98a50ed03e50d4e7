"""The Python library: what the service answers, as Python objects, DataFrames and exceptions."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from imports import loaded_by
from payloads import EXAMPLES, example, hard_payload
from strategies import payloads

import powerplant
import powerplant.planning
from powerplant.answers import answer_plan, answer_report
from powerplant.batch.planner import THIS_THREAD
from powerplant.merit_order import GaveUp, Solution, solve
from powerplant.planning import Options
from powerplant.rows import cents

GAS = {"name": "gas", "type": "gasfired", "efficiency": 0.5, "pmin": 100, "pmax": 200}
WIND = {"name": "wind", "type": "windturbine", "pmax": 60}
COAL = {"name": "coal", "type": "coal", "fuel": "coal", "efficiency": 0.4, "pmin": 0, "pmax": 100, "co2(ton/MWh)": 0.9}
FLEET = [COAL, GAS, WIND]
FUELS = {"gas(euro/MWh)": 10, "coal(euro/MWh)": 2, "co2(euro/ton)": 10, "wind(%)": 50}
PAYLOAD = {"load": 250, "fuels": FUELS, "powerplants": FLEET}
HOUR = {"load": 250, **FUELS}
COLUMNS = ["load", "status", "reason", "cost", "price_up", "co2_emitted", "p[coal]", "p[gas]", "p[wind]"]


def nothing(*_: Any, **__: Any) -> None:
    pass


def served(payload: Any, view: Callable[..., Any] = answer_plan, **options: Any) -> Any:
    """The service's answer to a payload, with its headers."""
    answer = view(json.dumps(payload).encode(), Options(**options), 1000, THIS_THREAD, nothing)
    return json.loads(answer.content), answer.headers


# --- The package -----------------------------------------------------------------------------------------------------


def test_every_public_name_is_there_and_listed() -> None:
    assert set(powerplant.__all__) <= set(dir(powerplant))
    assert all(getattr(powerplant, name) is not None for name in powerplant.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'plans'"):
        powerplant.plans  # noqa: B018 - the access is what is tested


@pytest.mark.parametrize(
    "call",
    [
        "powerplant.plan(pathlib.Path('example_payloads/payload3.json')).report()",
        "powerplant.plan_hours([{'load': 0}], [{'name': 'a', 'type': 'a', 'cost(euro/MWh)': 1, 'pmin': 0, 'pmax': 9}])",
        "powerplant.InfeasibleLoad, powerplant.ProductionPlanRequest",
    ],
)
def test_planning_loads_neither_flask_nor_pandas(call: str) -> None:
    loaded = loaded_by(f"import pathlib, powerplant; {call}")
    assert not loaded & {"flask", "werkzeug", "gunicorn", "pandas", "numpy"}


def test_type_checkers_find_the_annotations() -> None:
    assert files("powerplant").joinpath("py.typed").is_file()


# --- One hour --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        lambda payload: payload,
        MappingProxyType,
        json.dumps,
        lambda payload: json.dumps(payload, indent=2).encode("utf-8-sig"),
        powerplant.ProductionPlanRequest.model_validate,
    ],
    ids=["dict", "mapping", "text", "bytes", "model"],
)
@pytest.mark.parametrize("payload", [example(3), PAYLOAD])
def test_every_form_of_a_payload_has_the_same_plan(
    payload: Mapping[str, Any], form: Callable[[Mapping[str, Any]], Any]
) -> None:
    plan, expected = powerplant.plan(form(payload)), powerplant.plan(payload)
    assert plan == expected
    assert plan.report() == expected.report()


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("co2", [True, False])
def test_a_plan_of_a_file_is_that_of_the_service(number: int, co2: bool) -> None:
    plan = powerplant.plan(EXAMPLES / f"payload{number}.json", co2=co2)
    outputs, headers = served(example(number), co2=co2)
    assert [{"name": name, "p": p} for name, p in plan.outputs.items()] == outputs
    assert (plan.status, cents(Decimal(plan.cost)), plan.gap) == (headers["Plan-Status"], headers["Plan-Cost"], 0)
    assert plan.load == example(number)["load"]
    report, _ = served(example(number), answer_report, co2=co2)
    assert plan.report().model_dump() == report
    assert plan.marginal_price == report["marginal_price"]["commitment_as_it_is"]["up"]
    assert plan.co2 == report["co2_emitted_tonnes"]


def test_co2_is_emitted_whether_or_not_it_is_charged() -> None:
    assert powerplant.plan(PAYLOAD).co2 == powerplant.plan(PAYLOAD, co2=False).co2 == 0.9 * 100 + 0.3 * 120
    assert powerplant.plan(PAYLOAD, co2=False).report().co2_tonnes == 0


def test_plants_are_in_merit_order() -> None:
    assert powerplant.plan(PAYLOAD).outputs == {"wind": 30.0, "coal": 100.0, "gas": 120.0}
    assert [*powerplant.plan(PAYLOAD).outputs] == ["wind", "coal", "gas"]


def test_there_is_no_marginal_price_where_all_running_plants_are_at_their_maximum() -> None:
    assert powerplant.plan(PAYLOAD | {"load": 330}).marginal_price is None


@pytest.mark.parametrize("step", [1, 1.0, "1"])
def test_outputs_are_multiples_of_the_step(step: float | str) -> None:
    assert powerplant.plan(PAYLOAD | {"load": 251}, step=step).outputs["gas"] == 121
    with pytest.raises(powerplant.InfeasibleLoad, match=r"A load of 250.5 MW is not a multiple of 1 MW"):
        powerplant.plan(PAYLOAD | {"load": 250.5}, step=step)


def test_a_load_off_the_grid_can_be_rounded() -> None:
    assert powerplant.plan(PAYLOAD | {"load": 250.04}, round_load=True).load == 250


@pytest.fixture
def no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver finds its plans, and proves none."""

    def give_up(*arguments: Any) -> GaveUp:
        found = solve(*arguments)
        assert isinstance(found, Solution)
        return GaveUp(found.dispatch, found.cost, found.cost - 12_500_000_000)

    monkeypatch.setattr(powerplant.planning, "solve_and_check", give_up)


@pytest.mark.usefixtures("no_proof")
def test_a_plan_that_is_not_proven_is_accepted_only_on_request() -> None:
    with pytest.raises(powerplant.OutOfTime) as caught:
        powerplant.plan(PAYLOAD)
    assert caught.value.gap == Decimal("1.25")
    plan = powerplant.plan(PAYLOAD, feasible=True)
    assert plan.status == plan.report().status == "feasible"
    assert plan.gap == 1.25
    assert [hour["status"] for hour in powerplant.plan_hours([HOUR], FLEET, feasible=True)] == ["feasible"]
    assert [hour["status"] for hour in powerplant.plan_hours([HOUR], FLEET)] == ["gave-up"]


def test_the_time_limit_is_kept() -> None:
    with pytest.raises(powerplant.OutOfTime, match=r"^No plan was (found|proven optimal) within 0\.05 s"):
        powerplant.plan(hard_payload(), time_limit=0.05)


def test_to_dict_is_what_json_can_hold() -> None:
    plan = powerplant.plan(PAYLOAD)
    members = json.loads(json.dumps(plan.to_dict()))
    assert members == {name: getattr(plan, name) for name in members}
    assert set(members) == {"outputs", "load", "cost", "status", "gap", "marginal_price", "co2"}


def test_numbers_of_other_libraries_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    payload = PAYLOAD | {"load": numpy.int64(250), "fuels": FUELS | {"wind(%)": numpy.float64(50)}}
    assert powerplant.plan(payload) == powerplant.plan(PAYLOAD)


# --- Faults ----------------------------------------------------------------------------------------------------------


def test_every_fault_of_a_payload_is_in_the_text_and_has_its_pointer() -> None:
    payload = {"load": -1, "fuels": {}, "powerplants": [GAS, GAS]}
    with pytest.raises(powerplant.InvalidPayload) as caught:
        powerplant.plan(payload)
    with pytest.raises(powerplant.InvalidPayload) as of_the_service:
        served(payload)
    assert caught.value.faults == of_the_service.value.faults
    assert caught.value.faults[0] == ("#/load", "must be at least 0")
    assert "#/powerplants/1/name: is the name of another power plant" in str(caught.value)


def test_a_model_is_checked_too() -> None:
    request = powerplant.ProductionPlanRequest.model_validate(PAYLOAD | {"fuels": {}})
    with pytest.raises(powerplant.InvalidPayload, match="is missing, and gasfired power plants need it"):
        powerplant.plan(request)


def test_a_load_without_a_plan_has_the_nearest_ones() -> None:
    with pytest.raises(powerplant.InfeasibleLoad) as caught:
        powerplant.plan(PAYLOAD | {"load": 1000})
    assert (caught.value.reason, caught.value.nearest_below) == ("above_capacity", 330)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("", "The payload is empty. It must be JSON: an object with load, fuels and powerplants."),
        ("payload.json", r"The payload is not JSON: .*\. To read a file, pass pathlib\.Path\(\.\.\.\)\."),
        ('{"load": }', r"The payload is not JSON: .* at line 1 column 10, near `{\"load\": }`\."),
        ('{"load": "\ud800"}', "The payload is not JSON: "),
        ({"load": "\ud800"}, "The payload cannot be written as JSON: "),
    ],
)
def test_what_is_not_json_is_refused(payload: Any, message: str) -> None:
    with pytest.raises(powerplant.MalformedPayload, match=f"^{message}"):
        powerplant.plan(payload)


def test_a_payload_that_is_none_of_these_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="expected a dict, JSON text, a path or a ProductionPlanRequest, not int"):
        powerplant.plan(3)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(FileNotFoundError):
        powerplant.plan(Path("nowhere.json"))


@pytest.mark.parametrize(("option", "value"), [("step", 0.5), ("step", "0.10"), ("time_limit", 0)])
def test_an_option_with_another_value_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{option} must be .*, not {value!r}"):
        powerplant.plan(PAYLOAD, **{option: value})
    with pytest.raises(ValueError, match=f"{option} must be .*, not {value!r}"):
        powerplant.plan_hours([], FLEET, **{option: value})


# --- Many hours: dicts -----------------------------------------------------------------------------------------------


@given(payloads())
def test_each_hour_has_the_plan_that_it_has_alone(payload: dict[str, Any]) -> None:
    loads = [payload["load"], payload["load"] + 0.1, payload["load"] / 2]
    planned = powerplant.plan_hours([{"load": load, **payload["fuels"]} for load in loads], payload["powerplants"])
    for load, hour in zip(loads, planned, strict=True):
        try:
            plan = powerplant.plan(payload | {"load": load})
        except powerplant.InfeasibleLoad as error:
            expected = dict.fromkeys(hour) | {"load": load, "status": "infeasible-load", "reason": str(error)}
            assert hour == expected
            continue
        assert {name: hour[f"p[{name}]"] for name in plan.outputs} == plan.outputs
        for name in ("load", "status", "cost"):
            assert hour[name] == getattr(plan, name)
        assert (hour["price_up"], hour["co2_emitted"]) == (plan.marginal_price, plan.co2)
        assert hour["reason"] is None


def test_rows_have_the_columns_in_their_order_with_plants_as_sent() -> None:
    (row,) = powerplant.plan_hours([HOUR], FLEET)
    assert [*row] == COLUMNS
    assert [row[name] for name in COLUMNS[-3:]] == [100, 120, 30]


@pytest.mark.parametrize(
    "fleet",
    [
        FLEET,
        {"powerplants": FLEET},
        PAYLOAD,
        json.dumps(PAYLOAD),
        json.dumps(FLEET).encode(),
        powerplant.ProductionPlanRequest.model_validate(PAYLOAD),
    ],
)
def test_every_form_of_a_fleet_has_the_same_plans(fleet: Any) -> None:
    assert powerplant.plan_hours([HOUR], fleet) == powerplant.plan_hours([HOUR], FLEET)


@pytest.mark.parametrize("name", ["fleet8.csv", "day.xlsx", "frame"])
def test_a_fleet_can_be_a_table(name: str) -> None:
    if name == "day.xlsx":
        pytest.importorskip("openpyxl")
    given_, *hours = map(json.loads, (EXAMPLES / "day.jsonl").read_text().splitlines())
    fleet: Any = EXAMPLES / name
    if name == "frame":
        pandas = pytest.importorskip("pandas")
        fleet = pandas.DataFrame(given_["powerplants"])
    assert powerplant.plan_hours(hours, fleet) == powerplant.plan_hours(hours, given_)


def test_a_file_that_is_no_fleet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fleet.csv"
    cases: list[tuple[str, type[Exception], str]] = [
        ("plant;pmax\na;1\n", powerplant.MalformedPayload, "neither JSON nor a table .* the column name is missing"),
        ("name;type;pmax\na;windturbine;x\n", powerplant.InvalidPayload, 'row 2: pmax is "x", and must be a number'),
    ]
    for text, error, message in cases:
        path.write_text(text)
        with pytest.raises(error, match=message):
            powerplant.plan_hours([HOUR], path)


def test_an_hour_can_have_its_fuels_as_in_a_payload() -> None:
    rows = [{"load": 250, "fuels": FUELS}, {"load": 250, "fuels": {**FUELS, "wind(%)": 0}, "wind(%)": 50}]
    assert powerplant.plan_hours(rows, FLEET) == 2 * powerplant.plan_hours([HOUR], FLEET)


@pytest.mark.parametrize(
    "change",
    [
        {"available[coal]": False, "pmax[gas]": 240.0, "cost(euro/MWh)[gas]": float("nan"), "comment[gas]": "x"},
        {"plants": {"coal": {"available": False}, "gas": {"pmax": 240}}},
        {"plants": {"coal": {"available": True}, "gas": {"pmax": 240}}, "available[coal]": False},
    ],
)
def test_an_hour_can_change_members_of_plants_for_itself_alone(change: Mapping[str, Any]) -> None:
    kept = copy.deepcopy(change)
    changed, after = powerplant.plan_hours([{**HOUR, **change}, HOUR], FLEET)
    assert [changed[name] for name in COLUMNS[-3:]] == [0, 220, 30]
    assert [after[name] for name in COLUMNS[-3:]] == [100, 120, 30]
    assert repr(change) == repr(kept)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"available[oil]": False}, "#/plants/oil: the fleet has no power plant of this name"),
        ({"pmax[gas]": "much"}, "#/plants/gas/pmax: must be a number"),
        ({"plants": 3}, "#/plants: must be an object with the names of power plants"),
        ({"plants": {"gas": 3}, "pmax[gas]": 9}, "#/plants/gas: must be an object with members of the power plant"),
    ],
)
def test_a_faulty_change_of_a_plant_is_a_fault_of_its_hour(change: Mapping[str, Any], reason: str) -> None:
    (hour,) = powerplant.plan_hours([{**HOUR, **change}], FLEET)
    assert (hour["status"], hour["reason"]) == ("invalid-payload", reason)


def test_a_price_of_the_fleet_holds_in_hours_without_their_own_and_wind_does_not() -> None:
    fleet = {"powerplants": [GAS, WIND], "fuels": FUELS}
    cheap, own, calm = powerplant.plan_hours(
        [
            {"load": 130, "wind(%)": 50, "gas(euro/MWh)": None},
            {"load": 130, "wind(%)": 50, "gas(euro/MWh)": 20},
            {"load": 130},
        ],
        fleet,
    )
    assert (cheap["cost"], own["cost"]) == (100 * (10 / 0.5 + 3), 100 * (20 / 0.5 + 3))
    assert calm["reason"] == "#/fuels/wind(%25): is missing, and windturbine power plants need it"


def test_a_price_of_any_fuel_can_stand_beside_the_fleet() -> None:
    fleet = {"powerplants": [COAL], "fuels": {"coal(euro/MWh)": 2, "co2(euro/ton)": 10, "tea(euro/MWh)": "unused"}}
    (hour,) = powerplant.plan_hours([{"load": 50}], fleet)
    assert hour["cost"] == 50 * (2 / 0.4 + 9)
    with pytest.raises(powerplant.InvalidPayload) as caught:
        powerplant.plan_hours([{"load": 50}], fleet | {"fuels": {"coal(euro/MWh)": "2", "co2(euro/ton)": 2e6}})
    assert caught.value.faults == (
        ("#/fuels/co2(euro~1ton)", "must be at most 1000000 euro"),
        ("#/fuels/coal(euro~1MWh)", "must be a number, without quotes"),
    )


@pytest.mark.parametrize(
    ("hour", "status", "reason"),
    [
        ({"load": 1000}, "infeasible-load", "A load of 1000.0 MW is above the capacity"),
        ({"load": None}, "invalid-payload", "#/load: is missing"),
        ({"load": float("nan")}, "invalid-payload", "#/load: is missing"),
        ({"load": "250,0"}, "invalid-payload", "#/load: must be a number, without quotes and with a decimal point"),
        ({"load": True}, "invalid-payload", "#/load: must be a number"),
        ({"load": "\ud800"}, "malformed-json", "The payload cannot be written as JSON"),
        ({"wind(%)": 101}, "invalid-payload", "#/fuels/wind(%25): must be at most 100"),
        ({"fuels": 3}, "invalid-payload", "#/fuels: must be an object"),
    ],
)
def test_an_hour_without_a_plan_has_its_reason_and_harms_no_other(
    hour: dict[str, Any], status: str, reason: str
) -> None:
    wrong, right = powerplant.plan_hours([HOUR | hour, HOUR], FLEET)
    assert wrong["status"] == status
    assert wrong["reason"].startswith(reason)
    assert [wrong[name] for name in COLUMNS[3:]] == [None] * 6
    assert right["status"] == "optimal"


def test_an_hour_that_is_given_up_is_not_one_without_a_plan() -> None:
    hard = hard_payload()
    (hour,) = powerplant.plan_hours([{"load": hard["load"]}], hard, time_limit=0.05)
    assert (hour["status"], hour["load"], hour["cost"]) == ("gave-up", hard["load"], None)


def test_an_hour_needs_no_prices_if_its_plants_need_none() -> None:
    own_cost = {"name": "import", "type": "import", "cost(euro/MWh)": 9, "pmin": 0, "pmax": 50}
    assert powerplant.plan_hours([{"load": 40}], [own_cost])[0]["cost"] == 360


def test_numbers_of_any_kind_are_numbers() -> None:
    assert powerplant.plan_hours([HOUR | {"load": Decimal(250)}], FLEET) == powerplant.plan_hours([HOUR], FLEET)


def test_a_fleet_that_is_not_valid_is_an_exception() -> None:
    with pytest.raises(powerplant.InvalidPayload) as caught:
        powerplant.plan_hours([HOUR], [GAS, GAS | {"pmin": 300}])
    assert [fault.pointer for fault in caught.value.faults] == ["#/powerplants/1/name", "#/powerplants/1/pmin"]
    with pytest.raises(powerplant.MalformedPayload, match=r"pass pathlib\.Path"):
        powerplant.plan_hours([HOUR], "fleet.json")


@pytest.mark.parametrize("hours", [HOUR, "hours.csv", [[250]], ["load"]])
def test_hours_that_are_neither_a_dataframe_nor_dicts_are_a_type_error(hours: Any) -> None:
    with pytest.raises(TypeError, match="must be a"):
        powerplant.plan_hours(hours, FLEET)


# --- DataFrames ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pandas() -> Any:
    """With the group `notebook`."""
    return pytest.importorskip("pandas")


def test_a_plan_as_a_dataframe_has_the_figures_of_its_report(pandas: Any) -> None:
    plan = powerplant.plan(PAYLOAD)
    frame = plan.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.index.name == "name"
    assert frame["p"].to_dict() == plan.outputs
    assert [*frame.index] == [*plan.outputs]
    assert (frame["cost"].sum(), frame["co2_emitted"].sum()) == pytest.approx((plan.cost, plan.co2))
    assert frame.loc["gas"].to_dict() == {
        "type": "gasfired",
        "p": 120.0,
        "pmin": 100.0,
        "pmax": 200.0,
        "marginal_cost": 23.0,
        "cost": 2760.0,
        "co2_emitted": 36.0,
        "state": "in_between",
    }


def test_a_dataframe_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = powerplant.plan(PAYLOAD)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas, which is not installed: pip install pandas"):
        plan.to_frame()
    assert powerplant.plan_hours([HOUR], FLEET)[0]["status"] == "optimal"


def test_a_dataframe_of_hours_becomes_one_of_plans_with_the_same_index(pandas: Any) -> None:
    times = pandas.date_range("2026-01-06", periods=3, freq="h", tz="Europe/Brussels", name="start")
    loads = [250.0, 1000.0, None]
    hours = pandas.DataFrame([{**HOUR, "load": load, "comment": "x", 7: 7} for load in loads], index=times)
    plans = powerplant.plan_hours(hours, FLEET)
    rows = powerplant.plan_hours([{**HOUR, "load": load} for load in loads], FLEET)
    assert plans.index.equals(times)
    assert plans.index.name == "start"
    assert [*plans.columns] == COLUMNS
    assert plans.astype(object).where(plans.notna(), None).to_dict("records") == rows
    assert [*plans["status"]] == ["optimal", "infeasible-load", "invalid-payload"]


def test_columns_of_plants_change_them_where_a_cell_is_not_empty(pandas: Any) -> None:
    hours = pandas.DataFrame([HOUR] * 2).assign(**{"available[coal]": [False, None], "pmax[gas]": [240.0, None]})
    plans = powerplant.plan_hours(hours, FLEET)
    assert [*plans["p[coal]"]] == [0, 100]
    assert [*plans["p[gas]"]] == [220, 120]


def test_columns_of_numbers_are_numbers_even_if_no_hour_has_a_plan(pandas: Any) -> None:
    for loads in ([10_000.0], []):
        plans = powerplant.plan_hours(pandas.DataFrame({**HOUR, "load": loads}), FLEET)
        assert {str(plans[name].dtype) for name in COLUMNS if name not in {"status", "reason"}} == {"float64"}
        assert len(plans) == len(loads)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "object"])
def test_a_column_of_any_type_of_number_means_the_decimals_that_it_shows(pandas: Any, dtype: str) -> None:
    hours = pandas.DataFrame([HOUR | {"load": 250.3}, HOUR | {"load": None}]).astype({"load": dtype})
    plans = powerplant.plan_hours(hours, FLEET)
    assert plans["load"][0] == 250.3
    assert [*plans["reason"]][1] == "#/load: is missing"


def test_a_dataframe_without_a_column_that_the_fleet_needs_is_refused(pandas: Any) -> None:
    hours = pandas.DataFrame([HOUR]).rename(columns={"load": "Load (MW)", "wind(%)": "wind"})
    with pytest.raises(powerplant.InvalidPayload) as caught:
        powerplant.plan_hours(hours, FLEET)
    assert caught.value.faults == (
        ("#/load", "is missing; Load (MW) is not a known column; did you mean load, in MW?"),
        (
            "#/fuels/wind(%25)",
            "is missing, and windturbine power plants need it; wind is not a known fuel; did you mean wind(%)?",
        ),
    )
    without_co2 = pandas.DataFrame([HOUR]).drop(columns="co2(euro/ton)")
    assert len(powerplant.plan_hours(without_co2, FLEET, co2=False)) == 1


def test_two_columns_with_one_name_are_refused(pandas: Any) -> None:
    hours = pandas.concat([pandas.DataFrame([HOUR]), pandas.DataFrame({"load": [1]})], axis=1)
    with pytest.raises(ValueError, match="two columns have the name 'load'"):
        powerplant.plan_hours(hours, FLEET)
