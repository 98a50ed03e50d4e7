"""``powerplant horizon``, and ``powerplant check`` of plans for horizons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from payloads import example
from terminal import shown_on_terminal

from horizon.days import FAULTS, day, faulty, hard, without_a_plan
from horizon.rules import broken_rules
from powerplant import cli

pytest.importorskip("highspy", reason="the extra horizon brings it")

ROOT = Path(__file__).parents[2]
Write = Callable[..., str]
Damage = Callable[[dict[str, Any]], None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of JSON, and returns its name."""

    def write(content: Any, name: str = "day.json") -> str:
        path = tmp_path / name
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    return write


def run(*arguments: str, stdin: str = "") -> Result:
    result = CliRunner(catch_exceptions=False).invoke(cli.main, list(arguments), input=stdin, prog_name="powerplant")
    assert isinstance(result, Result)
    return result


# --- Plans -----------------------------------------------------------------------------------------------------------


def test_the_diagram_has_a_line_for_each_plant_and_says_what_is_proven(write: Write) -> None:
    result = run("horizon", write(day()), "--step", "1")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    names = {line.split()[0]: line.split()[-1] for line in lines[1:5]}
    assert set(names) == {"wind", "coal", "gas", "peaker"}
    assert all(len(diagram) == 12 for diagram in names.values())
    assert names["coal"][5] > names["coal"][3] > "▁"
    assert "no plan costs less than" in result.stdout
    assert "(gap 0.000 %)" in result.stdout


def test_the_example_of_the_documentation_has_a_plan_and_the_lines_that_are_shown() -> None:
    result = run("horizon", str(ROOT / "example_payloads" / "horizon.json"), "--threads", "1")
    assert result.exit_code == 0
    assert "The time limit came first." not in result.stdout
    text = (ROOT / "docs" / "horizon.md").read_text(encoding="utf-8")
    shown = text.partition("--threads 1\n")[2].partition("```")[0]
    assert first_columns(shown) == first_columns(result.stdout)


def first_columns(table: str) -> list[str]:
    """The names; the figures may differ within the gap."""
    return [line[:12].rstrip() for line in table.partition("\n\n")[0].splitlines()]


def test_storages_and_the_market_have_lines_and_the_energy_adds_up(write: Write) -> None:
    battery = {"name": "battery", "charge_max": 4, "discharge_max": 4, "energy_max": 2, "charge_efficiency": 0.5}
    market = {"price(euro/MWh)": [1, 9, 1, 90], "buy": 8, "sell": 8}
    payload = {"load": [4] * 4, "resolution": "PT30M", "market": market, "storages": [battery]}
    for plants in ([], [{"name": "a", "type": "import", "cost(euro/MWh)": 5, "pmin": 0, "pmax": 2}]):
        result = run("horizon", write(payload | {"fuels": {}, "powerplants": plants}), "--json")
        answer = json.loads(result.stdout)
        lines = run("horizon", write(payload | {"fuels": {}, "powerplants": plants})).stdout.splitlines()
        rows = {line.split()[0]: line.split() for line in lines[1 : 4 + len(plants)]}
        assert list(rows) == [*(plant["name"] for plant in plants), "battery", "market", "total"]
        assert rows["total"][1] == "8.0"
        assert len(rows["battery"][-1]) == len(rows["market"][-1]) == 4
        bought = [bool(buy) for buy in answer["market"]["buy"]]
        assert [character == "+" for character in rows["market"][-1]] == bought
        held = [bool(energy) for energy in answer["storages"][0]["energy"]]
        assert [character != "·" for character in rows["battery"][-1]] == held


def test_json_and_report_are_the_answers_of_the_service(write: Write) -> None:
    answer = json.loads(run("horizon", "-", "--step", "1", "--json", stdin=json.dumps(day())).stdout)
    report = json.loads(run("horizon", write(day()), "--step", "1", "--report", "--end", "6").stdout)
    assert broken_rules(day(), answer) == []
    assert report["cost"] == answer["cost"]
    assert report["end"]["period"] == 6


def test_one_thread_gives_the_same_bytes_each_time(write: Write) -> None:
    file = write(hard())
    first, second = (run("horizon", file, "--threads", "1", "--step", "1", "--gap", "0.01", "--json") for _ in range(2))
    assert first.stdout_bytes == second.stdout_bytes
    assert json.loads(first.stdout)["relative_gap"] <= 0.01


def test_hours_that_nothing_couples_are_proven(write: Write) -> None:
    result = run("horizon", write(example(1) | {"load": [480, 470, 100]}))
    assert "It is proven that no plan costs less." in result.stdout
    assert "Nothing couples the periods: each was planned alone." in result.stdout


def test_members_that_are_not_known_are_named(write: Write) -> None:
    result = run("horizon", write(day() | {"reservs": 1}), "--step", "1")
    assert result.exit_code == 0
    assert "/reservs" in result.stderr
    assert "did you mean reserve?" in result.stderr


# --- No plan ---------------------------------------------------------------------------------------------------------


def test_faults_are_printed_at_their_places(write: Write) -> None:
    file = write(faulty())
    result = run("horizon", file)
    assert (result.exit_code, result.stdout) == (2, "")
    places = sorted(line.removeprefix(f"{file}: ").partition(": ")[0] for line in result.stderr.splitlines())
    assert places == [place.removeprefix("#") for place in FAULTS]


def test_no_plan_is_exit_code_1_with_a_sentence_for_each_period(write: Write) -> None:
    payload = without_a_plan() | {"load": [300, 260, 100]}
    result = run("horizon", write(payload))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "at least 160 MWh of load are not met" in result.stderr
    assert "In period 1, 100 MW of the load cannot be met." in result.stderr
    assert "In period 2, 60 MW of the load cannot be met." in result.stderr


def test_no_plan_in_time_is_exit_code_1(write: Write) -> None:
    result = run("horizon", write(hard()), "--time-limit", "0.001")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Try a larger --time-limit." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--gap", "2"], "must be from 0 to 1"),
        (["--end", "13", "--report"], "must be a period, from 1 to 12"),
        (["--end", "0", "--report"], "must be a period, from 1 to 12"),
        (["--end", "3"], "--end needs --report"),
        (["--threads", "3"], "'3' is not one of"),
        (["--json", "--report"], "not both"),
        (["--time-limit", "0"], "must be a number above 0"),
    ],
)
def test_options_that_are_not_valid_are_exit_code_2(write: Write, arguments: list[str], words: str) -> None:
    result = run("horizon", write(day()), *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_one_load_is_an_hour_and_a_list_of_loads_a_horizon(write: Write) -> None:
    result = run("horizon", write(day() | {"load": 480}))
    assert result.exit_code == 2
    assert "/productionplan" in result.stderr
    result = run("plan", write(example(1) | {"load": [480]}))
    assert result.exit_code == 2
    assert "horizon" in result.stderr


def test_without_highs_the_command_says_what_to_install(write: Write, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['highspy'] = None\n", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "powerplant", "horizon", write(day())]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--extras horizon" in result.stderr


# --- Terminals -------------------------------------------------------------------------------------------------------

unix = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")


@unix
@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_diagram_fits_the_terminal(write: Write, width: int) -> None:
    payload = example(1) | {"load": [480 + t for t in range(96)], "resolution": "PT15M"}
    text = shown_on_terminal("horizon", write(payload), streams=["stdout"], width=width)
    assert text.count("\n") > 6
    assert all(len(line) <= width for line in click.unstyle(text).splitlines())
    assert "Each character is" in text


def battery(write: Write) -> str:
    """The file of a day with a battery, starts, a negative price and lost load."""
    payload = json.loads((ROOT / "example_payloads" / "battery.json").read_bytes())
    payload["load"][9] += 1000
    return write(payload | {"lost_load(euro/MWh)": 3000, "relative_gap": 0.01})


def test_below_the_plants_are_the_starts_the_lost_load_and_the_prices(write: Write) -> None:
    lines = run("horizon", battery(write), "--threads", "1").stdout.splitlines()
    below = dict(line.rsplit(maxsplit=1) for line in lines if line.startswith(("starts ", "lost load ", "price ")))
    diagrams = {name.strip(): diagram for name, diagram in below.items()}
    starts = sum(map(int, diagrams["starts"].replace("·", "")))
    assert starts == sum(int(line.split()[-2]) for line in lines if line.startswith(("gas", "coal", "peaker")))
    assert [n for n, c in enumerate(diagrams["lost load"]) if c != "·"] == [9]
    assert diagrams["price"][9] == "█"
    assert any(line.startswith("Price: from -27.00 (period 1) to 3,000.00 (period 10) euro") for line in lines)


@unix
def test_a_terminal_shows_starts_lost_load_and_negative_prices_in_colours(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("horizon", battery(write), "--threads", "1")
    text = shown_on_terminal(*arguments, streams=["stdout"], width=100)
    row = {line.split("  ")[0]: line for line in text.splitlines()}
    assert row["lost load"].count("\x1b[31m") == 1  # red
    assert row["price"].partition("\x1b[31m▁")[0].strip() == "price"
    assert "\x1b[32m" in row["gas 1"]  # green
    assert "\x1b[36m" in row["battery"]  # cyan
    assert click.unstyle(row["gas 1"]).startswith("gas 1  ")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown_on_terminal(*arguments, streams=["stdout"], width=100)


@unix
def test_a_terminal_shows_the_progress_and_clears_it(write: Write) -> None:
    arguments = ("horizon", write(hard()), "--step", "1", "--time-limit", "2")
    text = shown_on_terminal(*arguments, streams=["stderr"], width=80)
    assert "\r\x1b[K0 s" in text
    shown, message = [line for line in text.split("\r\x1b[K") if line], ""
    if "No plan was found" in shown[-1]:  # the machine is busy
        message = shown.pop()
    assert all(len(line) < 80 for line in shown)
    assert message or any("cost " in line and "bound " in line and "gap " in line for line in shown)
    assert message or text.endswith("\r\x1b[K")


# --- Checking plans --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan_of_day() -> str:
    return run("horizon", "-", "--step", "1", "--json", stdin=json.dumps(day())).stdout


def test_a_plan_of_the_command_is_correct(write: Write, plan_of_day: str) -> None:
    result = run("check", write(day()), "-", "--step", "1", "--optimal", stdin=plan_of_day)
    assert result.exit_code == 0
    assert (
        result.stdout.splitlines()[0]
        == "The plan is correct: it breaks no rule in any period, and meets every load exactly."
    )
    assert "the gap is 0.000 %" in result.stdout


def test_a_plan_for_a_storage_and_a_market_without_a_load_is_checked(write: Write) -> None:
    battery = {"name": "battery", "charge_max": 5, "discharge_max": 5, "energy_max": 20}
    market = {"price(euro/MWh)": [1, 9], "buy": 5, "sell": 5}
    payload = write({"market": market, "storages": [battery]})
    answer = run("horizon", payload, "--json").stdout
    assert json.loads(answer)["cost"] == -40
    result = run("check", payload, "-", "--optimal", stdin=answer)
    assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "It costs -40.00 euro.")


def _row(answer: dict[str, Any], name: str) -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in answer["plan"] if row["name"] == name)
    return row


def _one_megawatt_more(answer: dict[str, Any]) -> None:
    _row(answer, "coal")["p"][3] += 1


def _another_start(answer: dict[str, Any]) -> None:
    _row(answer, "peaker")["on"][1] = 1


def _cheaper(answer: dict[str, Any]) -> None:
    answer["cost"] -= 1


def _a_plant_less(answer: dict[str, Any]) -> None:
    answer["plan"].remove(_row(answer, "gas"))


def _a_period_less(answer: dict[str, Any]) -> None:
    _row(answer, "gas")["p"].pop()


def _between_steps(answer: dict[str, Any]) -> None:
    _row(answer, "gas")["p"][5] += 0.5


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_one_megawatt_more, "period 4: "),
        (_another_start, "peaker in period 2: it produces 0 steps, outside 20 to 100"),
        (_cheaper, "/cost: is "),
        (_a_plant_less, "gas is missing"),
        (_a_period_less, "has 11 values for 12 periods"),
        (_between_steps, "not a multiple of 1 MW"),
    ],
)
def test_a_damaged_plan_is_exit_code_1_with_its_faults(
    write: Write, plan_of_day: str, damage: Damage, words: str
) -> None:
    answer = json.loads(plan_of_day)
    damage(answer)
    result = run("check", write(day()), write(answer, "plan.json"), "--step", "1")
    assert result.exit_code == 1
    assert words in result.stderr
    assert ("A step is 1 MW." in result.stderr) is ("steps" in result.stderr)
    assert "This is not a plan for the payload" in result.stderr


def test_a_plan_that_costs_too_much_is_correct_but_not_the_cheapest(write: Write) -> None:
    plants = [
        {"name": name, "type": "import", "cost(euro/MWh)": cost, "pmin": 0, "pmax": 50, "start_cost": 10}
        for name, cost in (("cheap", 10), ("dear", 20))
    ]
    payload = write({"load": [40, 40], "fuels": {}, "powerplants": plants})
    schedules = [{"name": "cheap", "p": [0, 0]}, {"name": "dear", "p": [40, 40]}]
    plan = write({"plan": schedules}, "plan.json")
    result = run("check", payload, plan)
    assert result.exit_code == 0
    assert "It costs 1,600.00 euro." in result.stdout
    assert "A plan that costs 800.00 euro less is known." in result.stdout
    assert run("check", payload, plan, "--optimal").exit_code == 1
