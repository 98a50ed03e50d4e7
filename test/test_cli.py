"""The command line: what it prints, its errors, and that its answers are those of the service."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from case_files import Case, load_cases
from click.testing import CliRunner, Result
from imports import loaded_by
from live_server import fetch
from payloads import EXAMPLES, example, hard_payload

from powerplant import __version__, cli
from powerplant.errors import OutOfTime

pytestmark = pytest.mark.usefixtures("keep_processes")

ROOT = Path(__file__).parents[1]
PAYLOAD_2, PAYLOAD_3 = str(EXAMPLES / "payload2.json"), str(EXAMPLES / "payload3.json")
CHALLENGES_OWN_ANSWER = str(EXAMPLES / "response3.json")
CASES = load_cases()
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, text or JSON, and returns its name."""

    def write(content: Any, name: str = "payload.json") -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return write


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    """Run the command line in this process; an exception that is not click's is a failure."""
    result = CliRunner(catch_exceptions=False).invoke(cli.main, list(arguments), input=stdin, prog_name="powerplant")
    assert isinstance(result, Result)
    return result


def in_a_shell(line: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run ``powerplant`` with these arguments in a process."""
    command = [sys.executable, "-m", "powerplant", *line.split()]
    return subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False)


# --- Help ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [[], *([name] for name in cli.COMMANDS)])
def test_the_help_keeps_the_lines_of_its_examples(command: list[str]) -> None:
    text = run(*command, "--help").stdout
    assert "\\b" not in text
    assert "\n  Examples:\n    powerplant " in text


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_without_a_command_it_prints_the_help(arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 0
    assert "powerplant plan payload.json" in result.stdout
    assert "Exit codes" in result.stdout


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_the_examples_in_the_help_use_options_that_exist(command: str) -> None:
    text = run(command, "--help").stdout
    examples = [line for line in text.splitlines() if f"powerplant {command}" in line and "Usage" not in line]
    assert len(examples) >= 2
    for option in re.findall(r"--[a-z-]+[a-z]", "".join(examples)):
        assert re.search(rf"^  {option}|/ {option}", text, re.MULTILINE) or option == "--json"


def test_it_prints_its_version() -> None:
    assert run("--version").stdout == f"powerplant {__version__}\n"


def test_help_loads_neither_flask_nor_pydantic() -> None:
    loaded = loaded_by("from powerplant import cli; cli.main(['--help'], standalone_mode=False)")
    assert not {"flask", "pydantic", "werkzeug", "powerplant.models"} & loaded


def test_planning_loads_no_flask() -> None:
    loaded = loaded_by(f"from powerplant import cli; cli.main(['plan', {PAYLOAD_3!r}, '--why'], standalone_mode=False)")
    assert "pydantic" in loaded
    assert not {"flask", "werkzeug", "powerplant.api"} & loaded


# --- plan: what it prints --------------------------------------------------------------------------------------------

TABLE = """\
power plant              type            MW  euro/MWh       euro   CO2 t  state
------------------------------------------------------------------------------------
windpark1                windturbine   90.0      0.00       0.00    0.00  at maximum
windpark2                windturbine   21.6      0.00       0.00    0.00  at maximum
gasfiredbig1             gasfired     460.0     31.28  14,390.19  138.00  at maximum
gasfiredbig2             gasfired     338.4     31.28  10,586.17  101.52  in between
gasfiredsomewhatsmaller  gasfired       0.0     42.22       0.00    0.00  off
tj1                      turbojet       0.0    169.33       0.00    0.00  off
------------------------------------------------------------------------------------
total                                 910.0     27.45  24,976.36  239.52

24,976.36 euro: 20,185.96 for fuel, 4,790.40 for CO2.
No plan is cheaper (proven by merit order).
"""


def test_a_plan_is_a_table_in_merit_order_with_totals() -> None:
    result = run("plan", PAYLOAD_3)
    assert (result.exit_code, result.stdout, result.stderr) == (0, TABLE, "")


def test_without_co2_the_plan_costs_only_fuel() -> None:
    text = run("plan", PAYLOAD_3, "--no-co2").stdout
    assert "20,185.96 euro: 20,185.96 for fuel, 0.00 for CO2." in text


def test_an_option_has_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERPLANT_CO2", "false")
    assert "0.00 for CO2" in run("plan", PAYLOAD_3).stdout
    assert "4,790.40 for CO2" in run("plan", PAYLOAD_3, "--co2").stdout


def test_why_adds_prices_and_a_reason_for_each_plant() -> None:
    text = run("plan", PAYLOAD_3, "--why").stdout
    assert text.startswith(TABLE)
    assert "gasfiredsomewhatsmaller  Off: switching it on would cost 437.33 euro more.\n" in text
    assert "One more MWh: 31.28 euro from the running plants" in text


@pytest.mark.parametrize(
    ("gap", "hint"),
    [(None, "Try a larger --time-limit.\n"), (Decimal(3), "Try a larger --time-limit, or --feasible.\n")],
)
def test_an_unproven_plan_is_offered_only_if_one_was_found(
    gap: Decimal | None, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_: object) -> None:
        raise OutOfTime(5, gap)

    monkeypatch.setattr("powerplant.cli.plan.solve_request", give_up)
    result = run("plan", PAYLOAD_3)
    assert (result.exit_code, result.stderr.endswith(hint)) == (1, True)


def test_plants_that_can_never_run_are_named_below_the_table(write: Write) -> None:
    narrow = [
        {"name": f"narrow{number}", "type": "turbojet", "efficiency": 0.5, "pmin": 10.05, "pmax": 10.05}
        for number in range(7)
    ]
    payload = write(example(3, powerplants=[*example(3)["powerplants"], *narrow]))
    text = run("plan", payload).stdout
    between = "its pmin of 10.05 MW and its pmax of 10.05 MW"
    assert f"\n\nnarrow0 can never run, since no multiple of 0.1 MW above 0 is between {between}.\n" in text
    assert text.endswith("\n2 more power plants can never run; --why says why.\n")
    assert run("plan", payload, "--why").stdout.count("can never run") == 7
    calm = example(3)
    calm["fuels"]["wind(%)"] = 0
    assert "never" not in run("plan", write(calm)).stdout


def test_a_load_of_zero_has_a_table(write: Write) -> None:
    text = run("plan", write(example(2, load=0)), "--why").stdout
    assert re.search(r"^total +0\.0 +0\.00 +0\.00\n", text, re.MULTILINE)
    assert "One less: not possible" in text


def test_any_name_keeps_the_columns_aligned_and_sends_no_commands_to_a_terminal(write: Write) -> None:
    plants = example(2)["powerplants"]
    names = ["氷川", "e\u0301toile", "\u001b[31mred", "two\nlines"]
    renamed = [plant | {"name": name} for plant, name in zip(plants, names, strict=False)]
    text = run("plan", write(example(2, powerplants=renamed)), "--why").stdout
    assert "\u001b" not in text
    assert "\\x1b[31mred" in text
    assert "two\\nlines" in text
    lines = {
        name: next(line for line in text.splitlines() if line.startswith(name)) for name in ("氷", "e\u0301", "two")
    }
    column = lines["two"].index("turbojet")
    assert lines["氷"].index("gasfired") == column - 2  # two characters of two columns each
    assert lines["e\u0301"].index("gasfired") == column + 1  # a combining mark has no width


@pytest.mark.parametrize(("option", "path"), [("--json", "/productionplan"), ("--report", "/productionplan/report")])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("query", ["", "co2=false"])
def test_it_prints_the_answer_of_the_service_byte_for_byte(
    server_url: str, option: str, path: str, number: int, query: str
) -> None:
    body = (EXAMPLES / f"payload{number}.json").read_bytes()
    answer = fetch("POST", f"{server_url}{path}?{query}", data=body).content
    result = run("plan", "-", option, *(["--no-co2"] if query else []), stdin=body)
    assert (result.exit_code, result.stdout_bytes) == (0, answer)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=name) for name, case in CASES if case.query in ("", "co2=false")]
)
def test_a_case_has_the_same_answer_as_over_http(case: Case, server_url: str) -> None:
    answer = fetch("POST", f"{server_url}/productionplan?{case.query}", data=case.body.encode())
    result = run("plan", "-", "--json", *(["--no-co2"] if case.query else []), stdin=case.body.encode())
    if answer.status_code == 200:
        assert (result.exit_code, result.stdout_bytes) == (0, answer.content)
        return
    problem = answer.json()
    assert result.stdout == ""
    if problem["type"] == "/problems/infeasible-load":
        assert result.exit_code == 1
        assert result.stderr.endswith(f": {problem['detail']}\n")
        return
    assert result.exit_code == 2
    printed = [line for line in result.stderr.splitlines() if not line.startswith("Several payloads are for: ")]
    assert all(re.match(r"stdin: ", line) for line in printed)
    for error in problem.get("errors", []):
        assert any(line.endswith(error["detail"]) and error["pointer"][1:] in line for line in printed)


# --- plan: errors ----------------------------------------------------------------------------------------------------


def test_each_fault_of_a_payload_is_printed_with_file_and_pointer(write: Write) -> None:
    name = write(
        """{
  "load": "60",
  "fuels": {},
  "powerplants": [
    {"name": "g", "type": "gasfired", "efficiency": 0.5,
     "pmin": 50, "pmax": 40}
  ]
}"""
    )
    result = run("plan", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        f"{name}: /load: must be a number, without quotes",
        f"{name}: /powerplants/0/pmin: must not be above pmax",
        f"{name}: /fuels/gas(euro~1MWh): is missing, and gasfired power plants need it",
        f"{name}: /fuels/co2(euro~1ton): is missing, and gasfired power plants need it",
    ]


def test_of_very_many_faults_the_first_are_printed_and_the_rest_are_counted(write: Write) -> None:
    plants = [{"name": f"g{i}", "type": "gasfired", "efficiency": 0.5, "pmin": 2, "pmax": 1} for i in range(3000)]
    result = run("plan", write(example(2, powerplants=plants)))
    assert result.exit_code == 2
    printed = result.stderr.splitlines()
    assert len(printed) == 101
    assert printed[-1].endswith(": 2,900 more faults.")


def test_a_file_that_is_not_json_is_an_error_with_its_line(write: Write) -> None:
    name = write('{"load": 1,\n "fuels": ,}')
    result = run("plan", name)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{name}: The file is not JSON: a value is expected at line 2 column 11")


def test_a_load_without_a_plan_exits_with_1(write: Write) -> None:
    name = write(json.dumps(example(2, load=5000), indent=1))
    result = run("plan", name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{name}: A load of 5000.0 MW is above the capacity of all power plants together. "
        "The nearest load with a plan is 1146.0 MW.\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["plan", PAYLOAD_2, "--time-limit", "0"],
        ["plan", PAYLOAD_2, "--time-limit", "nan"],
        ["plan", PAYLOAD_2, "--time-limit", "soon"],
        ["check"],
        ["check", PAYLOAD_2],
        ["check", PAYLOAD_2, "--proof", PAYLOAD_2, "--optimal"],
        ["check", "-", "-"],
        ["check", PAYLOAD_2, "-", "--proof", "-"],
        ["fly"],
    ],
)
def test_a_wrong_command_line_exits_with_2_and_the_usage(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: powerplant")
    assert "Error: " in result.stderr


@pytest.mark.parametrize("forms", [("--json", "--report"), ("--report", "--json"), ("--why", "--json")])
def test_only_one_form_of_a_plan_can_be_chosen(forms: tuple[str, str]) -> None:
    result = run("plan", PAYLOAD_3, *forms)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"Error: Give {forms[0]} or {forms[1]}, not both." in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [["plan", "{}"], ["check", "{}", "-"], ["check", PAYLOAD_2, "{}"], ["check", PAYLOAD_2, "--proof", "{}"]],
)
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere.json", "No such file or directory"),
        ("folder", "Is a directory"),
        ("no\x1b[31m", "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_of_one_line(
    arguments: list[str], name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    result = run(*(argument.format(name) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"{name}: {why}\n".replace("\x1b", "\\x1b")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere/proof.json", "cannot be written: there is no folder nowhere"),
        ("folder", "cannot be written: it is a folder"),
        ("guarded.json", "cannot be written: permission denied"),
    ],
)
def test_a_proof_that_cannot_be_written_is_an_error_before_anything_is_solved(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "guarded.json").touch()
    monkeypatch.setattr("powerplant.cli.plan.solve_request", None)
    monkeypatch.setattr("os.access", lambda path, _: Path(path).name != "guarded.json")  # root may write everything
    result = run("plan", PAYLOAD_2, "--proof", name)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{name}: {why}\n")


@pytest.mark.parametrize("alias", ["payload.json", "./payload.json", "link.json", "hard.json"])
def test_a_proof_never_overwrites_its_payload(alias: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    payload = tmp_path / "payload.json"
    payload.write_bytes(Path(PAYLOAD_2).read_bytes())
    (tmp_path / "link.json").symlink_to(payload)
    (tmp_path / "hard.json").hardlink_to(payload)
    result = run("plan", "payload.json", "--proof", alias)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "would be overwritten" in result.stderr
    assert payload.read_bytes() == Path(PAYLOAD_2).read_bytes()


def test_after_the_time_limit_there_is_no_plan_unless_a_feasible_one_is_accepted(write: Write) -> None:
    name, proof = write(hard_payload()), Path(write("", "proof.json"))
    given_up = run("plan", name, "--time-limit", "0.2")
    assert (given_up.exit_code, given_up.stdout) == (1, "")
    assert re.search(r"No plan was (found|proven optimal) within 0\.2 s", given_up.stderr)
    feasible = run("plan", name, "--time-limit", "1.5", "--feasible", "--proof", str(proof))
    assert feasible.exit_code == 0
    assert "Not proven to be the cheapest plan: it costs at most" in feasible.stdout
    assert "is not written" in feasible.stderr
    assert proof.read_text() == ""


# --- Proofs ----------------------------------------------------------------------------------------------------------

PROVEN = [
    pytest.param(case, id=name)
    for name, case in CASES
    if case.query == "" and (case.expected["status"] == 200 or case.expected.get("reason"))
]


@pytest.mark.parametrize("case", PROVEN)
def test_the_proof_of_every_case_is_written_and_holds(case: Case, write: Write, tmp_path: Path) -> None:
    """Without solving; the plan is checked with its proof."""
    name, proof = write(case.body), str(tmp_path / "proof.json")
    planned = run("plan", name, "--json", "--proof", proof)
    if case.expected.get("reason") == "off_grid":
        assert "needs no proof" in planned.stderr
        assert not Path(proof).exists()
        return
    plan = [] if planned.exit_code else [write(planned.stdout, "plan.json")]
    checked = run("check", name, *plan, "--proof", proof)
    if "only computed again" in planned.stderr:
        assert checked.exit_code == 1
        assert "cannot be checked" in checked.stderr
        assert "No plan is cheaper." in run("check", name, *plan).stdout
        return
    assert checked.exit_code == 0, checked.output
    assert "The proof holds" in checked.stdout
    assert ("No plan is cheaper." if plan else "no plan meets the load") in checked.stdout


def proof_of(payload_name: str, write: Write) -> dict[str, Any]:
    name = write("", "proof.json")
    run("plan", payload_name, "--proof", name)
    content: dict[str, Any] = json.loads(Path(name).read_text(encoding="utf-8"))
    return content


HIGH_PMIN = next(case for name, case in CASES if name == "a-high-pmin-goes-off-for-two-more-expensive-plants")
GAP = next(case for name, case in CASES if name == "a-load-in-a-gap-names-the-nearest-loads")


def test_a_proof_with_a_step_removed_or_repeated_is_rejected(write: Write) -> None:
    name = write(HIGH_PMIN.body)
    proof = proof_of(name, write)
    plan = write(run("plan", name, "--json").stdout, "plan.json")
    steps = proof["steps"]
    assert len(steps) == 9
    for i in range(len(steps)):
        for tampered in (steps[:i] + steps[i + 1 :], steps[: i + 1] + steps[i:]):
            bad = write(proof | {"steps": tampered}, "bad.json")
            for arguments in ([plan], []):
                result = run("check", name, *arguments, "--proof", bad)
                assert result.exit_code == 1
                assert "this does not prove a least cost" in result.stderr


def test_a_proof_with_a_price_that_is_too_low_proves_less(write: Write) -> None:
    proof = proof_of(PAYLOAD_3, write)
    assert [step["kind"] for step in proof["steps"]] == ["bound"]
    proof["steps"][0]["price"] //= 2
    result = run("check", PAYLOAD_3, CHALLENGES_OWN_ANSWER, "--proof", write(proof, "bad.json"))
    assert result.exit_code == 1
    assert "this does not prove a least cost" in result.stderr


def test_a_proof_that_claims_too_much_is_rejected(write: Write) -> None:
    proof = proof_of(PAYLOAD_3, write)
    result = run("check", PAYLOAD_3, "--proof", write(proof | {"cost": proof["cost"] + 1}, "bad.json"))
    assert result.exit_code == 1


def test_a_proof_that_no_plan_exists_does_not_hold_for_another_payload(write: Write) -> None:
    proof = proof_of(write(GAP.body), write)
    assert proof["cost"] is None
    name = write(proof, "gap.json")
    assert run("check", write(GAP.body), "--proof", name).exit_code == 0
    result = run("check", PAYLOAD_3, "--proof", name)
    assert result.exit_code == 1
    assert "this does not prove that this payload has no plan" in result.stderr


def test_a_proof_that_takes_too_long_to_check_is_an_error_within_the_time_limit(write: Write) -> None:
    """Counting in single tenths takes a table of a million entries for each of a hundred plants."""
    plants = [{"name": f"g{i}", "type": "gasfired", "efficiency": 0.5, "pmin": 1e5, "pmax": 1e6} for i in range(100)]
    name = write(example(2, load=5e5, powerplants=plants))
    steps = [{"kind": "count_split", "grain": 1, "at_most": 0}, *[{"kind": "empty", "reason": "outputs"}] * 2]
    proof = write({"version": 1, "method": "counting", "cost": None, "steps": steps}, "hostile.json")
    start = perf_counter()
    result = in_a_shell(f"check {name} --proof {proof} --time-limit 0.5")
    assert perf_counter() - start < 15  # the limit, and what a busy machine takes to start and to read
    assert (result.returncode, result.stdout) == (1, b"")
    printed = f"{proof}: The proof was not checked within 0.5 s. Try a larger --time-limit.\n"
    assert result.stderr.decode().splitlines() == printed.splitlines()


def test_json_that_is_not_a_proof_exits_with_2(write: Write) -> None:
    name = write(
        '{"version": 1, "method": "search", "cost": 1, "steps": [\n{"kind": "bound", "price": 1.5}]}', "bad.json"
    )
    result = run("check", PAYLOAD_3, CHALLENGES_OWN_ANSWER, "--proof", name)
    assert result.exit_code == 2
    assert f"{name}: /steps/0/price: must be a whole number\n" in result.stderr


# --- check -----------------------------------------------------------------------------------------------------------


def test_the_challenges_own_answer_is_correct_and_no_plan_is_cheaper() -> None:
    result = run("check", PAYLOAD_3, CHALLENGES_OWN_ANSWER, "--optimal")
    assert result.exit_code == 0
    assert result.stdout == (
        "The plan is correct: every plant is listed and within its limits, and the sum is 910.0 MW exactly.\n"
        "It costs 24,976.36 euro.\n"
        "No plan is cheaper.\n"
    )


def test_each_fault_of_a_plan_is_printed_with_file_and_pointer(write: Write) -> None:
    name = write(
        """[
  {"name": "windpark1", "p": 90},
  {"name": "windpark2", "p": 21.65},
  {"name": "gasfiredbig1", "p": 500},
  {"name": "tj2", "p": 1}
]""",
        "plan.json",
    )
    result = run("check", PAYLOAD_3, name)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        f"{name}: /1/p: windpark2 produces 21.65 MW, which is not a multiple of 0.1 MW",
        f"{name}: /2/p: gasfiredbig1 produces 500.0 MW, but can produce 0 or 100.0 to 460.0 MW",
        f"{name}: /3/name: the payload has no power plant tj2",
        f"{name}: gasfiredbig2 is missing",
        f"{name}: gasfiredsomewhatsmaller is missing",
        f"{name}: tj1 is missing",
        f"{name}: the plan produces 612.65 MW, and the load is 910.0 MW: 297.35 MW too little",
        "This is not a plan for the payload: 7 faults.",
    ]


def test_json_that_is_not_a_plan_exits_with_2(write: Write) -> None:
    name = write('[\n{"name": "a", "p": "1"}]', "plan.json")
    result = run("check", PAYLOAD_3, name)
    assert result.exit_code == 2
    assert result.stderr == f"{name}: /0/p: must be a number\n"


@pytest.fixture
def expensive(write: Write) -> str:
    """Payload 3 with 40 MW from a plant that the cheapest plan leaves off."""
    outputs = {"windpark1": 90, "windpark2": 21.6, "gasfiredbig1": 460, "gasfiredbig2": 298.4}
    outputs |= {"gasfiredsomewhatsmaller": 40, "tj1": 0}
    return write([{"name": name, "p": p} for name, p in outputs.items()], "expensive.json")


MORE = "It costs 437.33 euro (1.75 %) more than the cheapest plan, which costs 24,976.36 euro."


def test_a_plan_that_is_not_the_cheapest_is_correct_and_its_difference_is_printed(expensive: str) -> None:
    result = run("check", PAYLOAD_3, expensive)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["It costs 25,413.69 euro.", MORE]


def test_with_optimal_a_plan_that_is_not_the_cheapest_exits_with_1(expensive: str) -> None:
    result = run("check", PAYLOAD_3, expensive, "--optimal")
    assert result.exit_code == 1
    assert MORE in result.stdout


def test_a_proof_shows_without_solving_how_much_more_a_plan_costs_at_most(
    expensive: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = write(proof_of(PAYLOAD_3, write), "proof.json")
    monkeypatch.setattr("powerplant.cli.check.least_cost", None)
    result = run("check", PAYLOAD_3, expensive, "--proof", proof)
    assert result.exit_code == 1
    assert "It costs at most 437.33 euro (1.75 %) more than the cheapest plan: no plan costs less than" in result.stdout


def test_a_very_small_difference_is_not_printed_as_zero(write: Write) -> None:
    plants = [
        {"name": name, "type": "gasfired", "efficiency": efficiency, "pmin": 0, "pmax": 10}
        for name, efficiency in (("a", 0.5), ("b", 0.499999999))
    ]
    fuels = {"gas(euro/MWh)": 10, "co2(euro/ton)": 0}
    name = write({"load": 10, "fuels": fuels, "powerplants": plants})
    plan = write([{"name": "a", "p": 9.9}, {"name": "b", "p": 0.1}], "plan.json")
    assert "less than 0.01 euro (less than 0.01 %) more than" in run("check", name, plan).stdout


def test_after_the_time_limit_only_a_bound_of_the_difference_is_printed(write: Write) -> None:
    name = write(hard_payload())
    plan = write(run("plan", name, "--json", "--feasible", "--time-limit", "1.5").stdout, "plan.json")
    result = run("check", name, plan, "--time-limit", "0.2")
    assert result.exit_code == 0
    assert re.search(r"It costs at most [\d.,]+ euro \(.+ %\) more than the cheapest plan", result.stdout)
    assert run("check", name, plan, "--time-limit", "0.2", "--optimal").exit_code == 1


def test_a_plan_is_checked_with_the_options_of_its_planning(write: Write) -> None:
    """Without CO2 another plan may be the cheapest."""
    plan = write(run("plan", PAYLOAD_2, "--json", "--no-co2").stdout, "plan.json")
    assert "It costs 12,135.85 euro.\nNo plan is cheaper." in run("check", PAYLOAD_2, plan, "--no-co2").stdout
    assert "It costs 15,015.85 euro." in run("check", PAYLOAD_2, plan).stdout


# --- In a process ----------------------------------------------------------------------------------------------------


def test_it_runs_as_a_module() -> None:
    result = in_a_shell("plan example_payloads/payload3.json")
    assert (result.returncode, result.stdout.decode().splitlines()) == (0, TABLE.splitlines())


def test_a_plan_can_be_piped_into_check() -> None:
    plan = in_a_shell("plan - --json", Path(PAYLOAD_2).read_bytes())
    assert plan.returncode == 0
    assert b"\r" not in plan.stdout
    check = in_a_shell("check example_payloads/payload2.json - --optimal", plan.stdout)
    assert check.returncode == 0
    assert b"No plan is cheaper." in check.stdout


@pytest.mark.parametrize(
    ("line", "stdin", "code", "message"),
    [
        ("plan -", b"", 2, b"stdin: The file is empty"),
        ("plan -", b"\xff\xfe{", 2, b"stdin: The file is not in UTF-8"),
        ("plan nowhere.json", b"", 2, b"nowhere.json: No such file or directory"),
        ("check example_payloads/payload3.json -", b"[]", 1, b"stdin: windpark1 is missing"),
    ],
)
def test_exit_codes_and_errors_of_the_process(line: str, stdin: bytes, code: int, message: bytes) -> None:
    result = in_a_shell(line, stdin)
    assert (result.returncode, result.stdout) == (code, b"")
    assert message in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(
    "line", [f"plan {PAYLOAD_3}", f"plan {PAYLOAD_3} --json", f"check {PAYLOAD_3} {CHALLENGES_OWN_ANSWER}"]
)
def test_a_full_disk_is_an_error_of_one_line(line: str) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "powerplant", *line.split()]
        result = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (2, b"stdout: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are bash's")
def test_a_pipe_that_is_closed_early_is_not_an_error() -> None:
    run = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m powerplant plan {PAYLOAD_3} | true"],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == b""


@pytest.mark.skipif(sys.platform == "win32", reason="the lines are bash's")
@pytest.mark.parametrize(("document", "least"), [("command-line.md", 5), ("report.md", 2)])
def test_the_commands_in_the_documentation_print_what_it_shows(document: str, least: int, tmp_path: Path) -> None:
    (tmp_path / "example_payloads").symlink_to(EXAMPLES)
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    sessions = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(sessions) >= least
    here = f'powerplant() {{ PYTHONPATH="{ROOT}" "{sys.executable}" -m powerplant "$@"; }}\n'
    for session in sessions:
        for line, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE):
            shell = subprocess.run(
                ["bash", "-c", here + line],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert shell.stdout == printed, line


# --- What was probably meant -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "hint"),
    [
        ("day.csv", "A table of hours is for: powerplant batch example_payloads/day.csv --fleet FILE"),
        ("day.jsonl", "Several payloads are for: powerplant batch example_payloads/day.jsonl"),
    ],
)
def test_a_file_that_is_a_batch_gets_a_hint(file: str, hint: str) -> None:
    result = run("plan", f"example_payloads/{file}")
    assert result.exit_code == 2
    assert result.stderr.endswith(f"{hint}\n")
    assert "curl" not in result.stderr


def test_a_list_of_payloads_gets_a_hint(write: Write) -> None:
    source = write([example(3), example(2)])
    message, hint = run("plan", source).stderr.splitlines()
    assert message == f"{source}: must be an object with load, fuels and powerplants; a list of payloads is a batch"
    assert hint == f"Several payloads are for: powerplant batch {source}"
    hours = write({"powerplants": example(3)["powerplants"], "hours": [{"load": 480}]})
    assert run("plan", hours).stderr.splitlines()[-1] == f"Several payloads are for: powerplant batch {hours}"


def test_a_faulty_payload_gets_no_hint(write: Write) -> None:
    assert "batch" not in run("plan", write(example(3, load="x"))).stderr


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["pln", "x"], "There is no command pln. Did you mean plan?"),
        (["Batch"], "There is no command Batch. Did you mean batch?"),
        (["payload.json"], "There is no command payload.json. Did you mean powerplant plan payload.json?"),
        (["day.CSV"], "There is no command day.CSV. Did you mean powerplant batch day.CSV?"),
        (["x"], "There is no command x. The commands are plan, horizon, batch, check, serve."),
    ],
)
def test_a_command_that_does_not_exist_gets_a_hint(arguments: list[str], hint: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"Error: {hint}\n")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="the system has no /proc")
@pytest.mark.parametrize("line", [f"plan {PAYLOAD_3} --proof", "batch example_payloads/day.jsonl --summary"])
def test_a_file_that_cannot_be_made_is_reported_before_anything_is_planned(line: str) -> None:
    result = run(*line.split(), "/proc/totals.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("/proc/totals.json: ")
