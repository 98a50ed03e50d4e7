"""``powerplant batch``: files in, files out, however it is interrupted."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, hour, hours, ndjson, parsed, payload
from click.testing import CliRunner, Result
from payloads import hard_payload
from terminal import shown_on_terminal

from powerplant import cli

pytestmark = pytest.mark.usefixtures("keep_processes")

ROOT = Path(__file__).parents[2]
AS_FLEET = {"powerplants": FLEET}
HEADER = "load;gas(euro/MWh);kerosine(euro/MWh);co2(euro/ton);wind(%)\n"
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals differ")
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file and gives its name; a name that ends in .gz is compressed."""

    def write(content: bytes, name: str = "payloads.jsonl") -> str:
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return str(path)

    return write


@pytest.fixture
def out(tmp_path: Path) -> str:
    return str(tmp_path / "plans.jsonl")


def run(*arguments: str) -> Result:
    """Run the command in this process; an exception that is not click's is a failure."""
    runner = CliRunner(catch_exceptions=False)
    result = runner.invoke(cli.main, ["batch", *arguments], prog_name="powerplant")
    assert isinstance(result, Result)
    return result


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "powerplant", "batch", *arguments]


@contextmanager
def start(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start the command in a process of its own; its stderr is closed when it and all its processes have ended.

    Its coverage is not measured: Ctrl-C inside coverage's own lock would leave that locked for ever.
    """
    environ = options.pop("env", None) or os.environ
    options["env"] = {name: value for name, value in environ.items() if not name.startswith("COVERAGE_")}
    if sys.platform != "win32":  # a shell makes what it runs in the background ignore Ctrl-C
        options["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, process_group=0, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def answers(path: str) -> list[dict[str, Any]]:
    content = Path(path).read_bytes()
    return parsed(gzip.decompress(content) if path.endswith(".gz") else content)


# --- In and out ------------------------------------------------------------------------------------------------------


def test_lines_are_planned_in_order_and_summed_up(write: Write, out: str, tmp_path: Path) -> None:
    contents = [AS_FLEET, *hours(100), b"x", payload(480)]
    totals = str(tmp_path / "totals.json")
    result = run(write(ndjson(contents)), out, "--summary", totals)
    given = answers(out)
    assert [answer["line"] for answer in given] == list(range(2, 104))
    plans = [answer for answer in given if "plan" in answer]
    assert result.exit_code == 1
    assert "91 plans in" in result.stderr
    assert "10 lines with a load that no plan meets" in result.stderr
    assert "1 line with a fault; the first is line 102: The line is not JSON" in result.stderr
    cost = sum(answer["cost"] for answer in plans)
    summary = json.loads(Path(totals).read_text())
    assert f"{summary['cost']:,.2f} euro" in result.stderr
    assert abs(summary["cost"] - cost) < 0.5
    gas = sum(plant["p"] for answer in plans for plant in answer["plan"] if plant["name"].startswith("gas"))
    assert summary["co2_tonnes"] == summary["co2_emitted_tonnes"] == pytest.approx(0.3 * gas)
    counts = {name: summary[name] for name in ("lines", "plans", "infeasible", "gave_up", "faulty")}
    assert counts == {"lines": 102, "plans": 91, "infeasible": 10, "gave_up": 0, "faulty": 1}
    assert f"line {summary['slowest_line']}" in result.stderr


def test_co2_that_is_not_charged_is_still_emitted(write: Write, out: str, tmp_path: Path) -> None:
    totals = tmp_path / "totals.json"
    result = run(write(ndjson([payload(480)])), out, "--no-co2", "--summary", str(totals))
    summary = json.loads(totals.read_text())
    gas = sum(plant["p"] for plant in answers(out)[0]["plan"] if plant["name"].startswith("gas"))
    assert gas > 0
    assert (summary["co2_tonnes"], summary["co2_emitted_tonnes"]) == (0, pytest.approx(0.3 * gas))
    assert re.search(rf"CO2 emitted +{0.3 * gas:.2f} t\nCO2 charged +0\.00 t", result.stderr)


def test_a_batch_without_a_problem_ends_well(write: Write, out: str) -> None:
    assert run(write(ndjson([payload(480)])), out).exit_code == 0
    assert answers(out)[0]["cost"] > 0


def test_nothing_in_nothing_out(write: Write, out: str) -> None:
    result = run(write(b"\n \n"), out)
    assert (result.exit_code, answers(out)) == (0, [])
    assert "0 plans" in result.stderr


def test_the_answers_are_the_same_with_any_number_of_workers(write: Write, out: str) -> None:
    source = write(ndjson([AS_FLEET, *hours(1000)]))
    run(source, out)
    first = Path(out).read_bytes()
    for workers in ("1", "2", "5"):
        run(source, out, "--overwrite", "--workers", workers)
        assert Path(out).read_bytes() == first, workers


def test_names_that_end_in_gz_are_compressed(write: Write, out: str) -> None:
    content = ndjson(payload(480 + i) for i in range(9))
    run(write(content), out)
    run(write(content, "payloads.jsonl.gz"), f"{out}.gz")
    assert answers(f"{out}.gz") == answers(out)


def test_a_line_of_stdin_is_answered_before_the_next_one_comes() -> None:
    with start("-", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number, load in enumerate((480, 5000, 490), start=1):
            process.stdin.write(ndjson([payload(load)]))
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert (answer["line"], "plan" in answer) == (number, load < 5000)
        process.communicate()
        assert process.returncode == 1


def test_a_reader_that_closes_the_pipe_is_not_an_error(write: Write) -> None:
    with start(write(ndjson([AS_FLEET, *hours(5000)])), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        _, stderr = process.communicate()
    assert b"Traceback" not in stderr


def test_options_of_planning_hold_for_each_line(write: Write, out: str) -> None:
    source = write(ndjson([payload(480)]))
    run(source, out)
    dear = answers(out)[0]["cost"]
    run(source, out, "--no-co2", "--overwrite")
    assert answers(out)[0]["cost"] < dear
    result = run(write(ndjson([hard_payload()])), out, "--time-limit", "0.2", "--overwrite")
    assert result.exit_code == 1
    assert "1 line without a plan that was proven in time" in result.stderr


def test_the_first_fault_is_reported(write: Write, out: str) -> None:
    result = run(write(ndjson([AS_FLEET, hour(480), *[{"load": 480, "fuels": {}}] * 3])), out)
    assert "3 lines with a fault; the first is line 3: /fuels/gas(euro~1MWh): is missing" in result.stderr


# --- Tables of hours -------------------------------------------------------------------------------------------------


def test_a_table_of_hours_is_planned_as_its_payloads_are(write: Write, out: str, tmp_path: Path) -> None:
    contents = list(hours(50))
    rows = [";".join(str(v).replace(".", ",") for v in [h["load"], *h["fuels"].values()]) for h in contents]
    fleet = write(json.dumps(payload(1)).encode(), "fleet.json")
    run(write(ndjson([AS_FLEET, *contents])), out)
    table = str(tmp_path / "from-table.jsonl")
    run(write((HEADER + "\n".join(rows)).encode(), "hours.csv"), table, "--fleet", fleet)
    assert answers(table) == answers(out)
    run(write((HEADER + "\n".join(rows)).encode(), "hours.csv.gz"), table, "--fleet", fleet, "--overwrite")
    assert answers(table) == answers(out)
    stdin = (HEADER + "\n".join(rows)).encode()
    result = subprocess.run(command("-", "--csv", "--fleet", fleet), cwd=ROOT, capture_output=True, input=stdin)
    assert parsed(result.stdout) == answers(out)


@pytest.mark.parametrize("source", ["day.csv --fleet {}fleet8.csv", "day.xlsx", "day.csv --fleet {}day.xlsx"])
def test_the_examples_are_the_same_day(source: str) -> None:
    if "xlsx" in source:
        pytest.importorskip("openpyxl")
    folder = f"{ROOT / 'example_payloads'}/"
    lines = run(f"{folder}day.jsonl")
    table = run(*(folder + source.format(folder)).split())
    assert (lines.exit_code, lines.stdout.count('"plan"')) == (1, 23)
    assert table.stdout == lines.stdout


@pytest.mark.parametrize("name", ["fleet30.csv", "fleet30.xlsx"])
def test_the_fleet_of_thirty_is_the_same_in_each_format(write: Write, name: str) -> None:
    if "xlsx" in name:
        pytest.importorskip("openpyxl")
    whole = json.loads((ROOT / "example_payloads" / "fleet30.json").read_text())
    source = write(ndjson([whole]))
    hours = write(ndjson([{"load": whole["load"], "fuels": whole["fuels"]}]), "hours.jsonl")
    assert run(hours, "--fleet", str(ROOT / "example_payloads" / name)).stdout == run(source).stdout


def test_a_fleet_beside_lines_of_hours(write: Write, out: str) -> None:
    fleet = write(json.dumps(AS_FLEET).encode(), "fleet.json")
    assert run(write(ndjson([hour(480), payload(300)])), out, "--fleet", fleet).exit_code == 0
    first = Path(out).read_bytes()
    jet = {"name": "jet", "type": "turbojet", "efficiency": 0.5, "pmin": 0, "pmax": 600}
    other = write(ndjson([{"powerplants": [jet]}, hour(480), payload(300)]), "with-a-fleet.jsonl")
    assert run(other, out, "--fleet", fleet, "--overwrite").exit_code == 0
    assert [answer["line"] for answer in answers(out)] == [2, 3]
    assert [answer["plan"] for answer in answers(out)] == [answer["plan"] for answer in parsed(first)]


# --- Errors ---------------------------------------------------------------------------------------------------------


def refused(*arguments: str) -> str:
    """The message of a command that ends with bad input."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    return result.stderr


def test_a_file_that_cannot_be_read_or_written_is_named(write: Write, out: str, tmp_path: Path) -> None:
    source = write(ndjson([payload(480)]))
    assert refused("nowhere.jsonl", out) == "nowhere.jsonl: No such file or directory\n"
    message = f"plans: cannot be written: there is no folder {tmp_path / 'no'}\n"
    assert refused(source, str(tmp_path / "no" / "plans")).endswith(message)
    assert refused(source, str(tmp_path)).endswith("Is a directory\n")
    broken = write(b"", "broken.jsonl.gz")
    Path(broken).write_bytes(gzip.compress(ndjson([payload(480)]))[:-9])
    assert refused(broken, out) == f"{broken} is not a gzip file, or a part of it is missing or damaged.\n"
    assert not Path("nowhere.jsonl").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("name", ["full.jsonl", "stdout"])
@pytest.mark.parametrize("lines", [1, 1500])
def test_a_full_disk_is_reported_in_a_line(write: Write, tmp_path: Path, name: str, lines: int) -> None:
    source, full = write(ndjson([AS_FLEET, *hours(lines)])), tmp_path / name
    full.symlink_to("/dev/full")
    arguments = [source] if name == "stdout" else [source, str(full)]
    with full.open("wb") as stdout, start(*arguments, stdout=stdout) as process:
        _, stderr = process.communicate(timeout=30)
    shown = name if name == "stdout" else str(full)
    assert stderr.decode() == f"{shown}: No space left on device\n"
    assert process.returncode == 2


def test_a_summary_that_cannot_be_written_is_reported_before_anything_is_planned(write: Write, tmp_path: Path) -> None:
    source, out = write(ndjson([payload(480)])), tmp_path / "plans.jsonl"
    message = refused(source, str(out), "--summary", str(tmp_path / "no" / "totals.json"))
    assert message.endswith(f"cannot be written: there is no folder {tmp_path / 'no'}\n")
    assert not out.exists()


@NO_WINDOWS
@pytest.mark.parametrize("name", ["pipe", "null"])
def test_only_a_file_can_be_resumed(write: Write, tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    if name == "pipe":
        os.mkfifo(out)
    else:
        out.symlink_to("/dev/null")
    source = write(ndjson([payload(480)]))
    assert refused(source, str(out), "--resume") == f"{out} is not a file, so it cannot be resumed.\n"
    assert "not compressed" in refused(source, f"{out}.gz", "--resume")


def test_content_of_the_output_is_not_lost(write: Write, out: str) -> None:
    source = write(ndjson([payload(480)]))
    Path(out).write_text("something\n")
    assert refused(source, out) == f"{out} has content: --resume continues it, --overwrite replaces it.\n"
    expected = (
        f"{out} cannot be resumed: it is finished, or not the result of an interrupted run. --overwrite starts again.\n"
    )
    assert refused(source, out, "--resume") == expected
    assert Path(out).read_text() == "something\n"


def test_a_file_with_two_uses_is_not_overwritten(write: Write, tmp_path: Path, out: str) -> None:
    source = write(ndjson([hour(480)]))
    fleet = write(json.dumps(AS_FLEET).encode(), "fleet.json")
    link = tmp_path / "link.jsonl"
    link.symlink_to(source)
    for output in (source, fleet, str(link)):
        assert "would be overwritten" in refused(source, output, "--fleet", fleet, "--overwrite")
        assert "would be overwritten" in refused(source, out, "--fleet", fleet, "--summary", output)
    assert "would be overwritten" in refused(source, out, "--fleet", fleet, "--summary", out)
    assert answers(source) == [hour(480)]
    assert json.loads(Path(fleet).read_text()) == AS_FLEET
    assert not Path(out).exists()


@pytest.mark.parametrize("name", ["plans.xls", "plans.ODS", "plans.xlsm", "plans.xlsx.gz", "plans.xlsb"])
def test_a_name_of_another_format_is_refused_with_the_name_that_works(write: Write, tmp_path: Path, name: str) -> None:
    message = refused(write(ndjson([payload(480)])), str(tmp_path / name))
    assert f"name the file {tmp_path / 'plans.xlsx'}.\n" in message
    assert not (tmp_path / name).exists()


def test_a_table_needs_a_fleet_and_columns(write: Write, out: str) -> None:
    table = write(b"load,wind\n480,60\n", "hours.csv")
    assert "A table of hours needs the power plants too: --fleet FILE" in refused(table, out)
    fleet = write(json.dumps({"powerplants": FLEET[3:]}).encode(), "fleet.json")
    needed = "the column wind(%) is missing, and windturbine power plants need it"
    hint = "wind is not a known column; did you mean wind(%)?"
    assert refused(table, out, "--fleet", fleet) == f"{table}:1: {needed}; {hint}\n"
    assert not Path(out).exists()


def with_fleet(write: Write, content: bytes, name: str, *options: str, **members: Any) -> Result:
    """Run a batch beside a fleet."""
    fleet = write(json.dumps(AS_FLEET | members).encode(), "fleet.json")
    return run(write(content, name), "--fleet", fleet, *options)


ROW = HEADER + "480;13,4;50,8;20;60\n"


@pytest.mark.parametrize("name", ["HOURS.CSV", "hours.tsv", "hours.txt", "hours", "hours.txt.gz"])
def test_a_table_is_recognised_by_its_name_or_its_first_line(write: Write, name: str) -> None:
    result = with_fleet(write, ROW.encode(), name)
    assert (result.exit_code, [answer["line"] for answer in parsed(result.stdout.encode())]) == (0, [2])


def test_a_table_on_stdin_is_recognised_by_its_first_line(write: Write) -> None:
    fleet = write(json.dumps(AS_FLEET).encode(), "fleet.json")
    runner = CliRunner(catch_exceptions=False)
    result = runner.invoke(cli.main, ["batch", "-", "--fleet", fleet], input=ROW.encode("utf-16"))
    assert (result.exit_code, result.stdout.count('"plan"')) == (0, 1)


def test_wind_that_is_probably_a_fraction_is_said_on_stderr_and_in_the_summary(write: Write, tmp_path: Path) -> None:
    totals = tmp_path / "totals.json"
    content = (HEADER + "480;13,4;50,8;20;0,6\n").encode()
    result = with_fleet(write, content, "hours.csv", "--summary", str(totals))
    (note,) = json.loads(totals.read_text())["notes"]
    assert "wind(%) is never above 0.6" in note
    assert "--wind fraction" in note
    assert f"hours.csv: {note}\n" in result.stderr
    result = with_fleet(write, content, "hours.csv", "--wind", "fraction")
    assert "fraction" not in result.stderr
    assert parsed(result.stdout.encode()) == parsed(with_fleet(write, ROW.encode(), "hours.csv").stdout.encode())


def test_wind_as_a_fraction_is_for_tables(write: Write) -> None:
    assert "--wind is for a table of hours" in refused(write(ndjson([payload(480)])), "--wind", "fraction")


def test_a_faulty_row_is_answered_with_its_heading_and_cell_and_the_others_are_planned(write: Write) -> None:
    result = with_fleet(write, (ROW + "abc;13,4;50,8;20;60\nTotal;480;;;\n").encode(), "hours.csv")
    first, second, third = parsed(result.stdout.encode())
    fault = {"pointer": "#/load", "detail": 'load is "abc", and must be a number'}
    assert "plan" in first
    assert (second["line"], second["problem"]["errors"]) == (3, [fault])
    assert "totals are not an hour" in third["problem"]["errors"][0]["detail"]
    assert 'the first is line 3: load is "abc", and must be a number\n' in result.stderr


def test_constant_prices_beside_the_fleet_are_used_and_said(write: Write) -> None:
    content = b"load;wind(%)\n480;60\n"
    result = with_fleet(write, content, "hours.csv", fuels=hour(1)["fuels"])
    assert "from the fleet's file: gas(euro/MWh) 13.4" in result.stderr
    assert parsed(result.stdout.encode()) == parsed(with_fleet(write, ROW.encode(), "hours.csv").stdout.encode())
    result = with_fleet(write, content, "hours.csv", fuels={"gas(euro/MWh)": "13,4"})
    assert "fleet.json: /fuels/gas(euro~1MWh): must be a number, without quotes" in result.stderr
    assert result.exit_code == 2


def test_a_refused_table_leaves_no_output(write: Write, out: str) -> None:
    fleet = write(json.dumps(AS_FLEET).encode(), "fleet.json")
    table = write(HEADER.encode() + b"1.100;13;50;20;60\n", "hours.csv")
    assert "which can mean 1.100 or 1100" in refused(table, out, "--fleet", fleet)
    assert list(Path(out).parent.glob("plans*")) == []


# --- JSON that spans lines -------------------------------------------------------------------------------------------

THREE = [payload(480), payload(300), payload(350)]
AS_HOURS = AS_FLEET | {"hours": [hour(480), hour(300), hour(350)]}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(THREE).encode(),
        json.dumps(THREE, indent=2).encode(),
        b"\xef\xbb\xbf\n" + json.dumps(THREE, indent="\t").replace("\n", "\r\n").encode(),
        b"\n".join(json.dumps(each, indent=1).encode() for each in THREE),
        b"".join(json.dumps(each).encode() for each in THREE),
        json.dumps(THREE[:2]).encode() + b"\n" + json.dumps(THREE[2:]).encode(),
        json.dumps([AS_FLEET, *map(hour, (480, 300, 350))][1:], indent=2).encode(),
        b",\n".join(json.dumps(each).encode() for each in THREE) + b",\n",
        json.dumps(AS_HOURS).encode(),
        json.dumps(dict(reversed(AS_HOURS.items())), indent=2).encode(),
        b'{"note": "%s",\n' % (b"x" * 300_000) + json.dumps(AS_HOURS).encode()[1:],
        json.dumps({"note": "x" * 300_000} | AS_HOURS).encode() + b"\n\n",
    ],
    ids=[
        *(
            "list",
            "printed list",
            "tabs and CRLF",
            "printed payloads",
            "without line ends",
            "two lists",
            "list of hours",
            "list without brackets",
        ),
        *("hours", "printed hours", "hours after a long line", "hours in a long line"),
    ],
)
def test_json_that_spans_lines_is_a_batch_of_its_payloads(write: Write, content: bytes) -> None:
    expected = run(write(ndjson(THREE))).stdout
    result = with_fleet(write, content, "payloads.json")
    assert (result.exit_code, result.stdout) == (0, expected)


def test_a_list_may_begin_with_a_fleet(write: Write) -> None:
    answers = parsed(run(write(json.dumps([AS_FLEET, hour(480), hour(300)]).encode())).stdout.encode())
    assert [answer["line"] for answer in answers] == [2, 3]
    assert all("plan" in answer for answer in answers)


def test_hours_share_the_fleet_beside_them_unless_another_is_given(write: Write) -> None:
    source = write(json.dumps(AS_HOURS | {"powerplants": FLEET[:2]}).encode(), "hours.json")
    own = parsed(run(source).stdout.encode())
    assert [len(answer["plan"]) for answer in own] == [2, 2, 2]
    more = run(source, "--fleet", write(json.dumps(AS_FLEET).encode(), "fleet.json"))
    assert more.stdout == run(write(ndjson(THREE))).stdout
    (answer,) = parsed(run(write(json.dumps({"hours": [payload(480)]}).encode())).stdout.encode())
    assert answer["line"] == 1
    assert len(answer["plan"]) == 4


def test_something_else_that_is_named_hours_is_no_list_of_hours(write: Write) -> None:
    named = [each | {"name": "hours" if each["name"] == "wind" else each["name"]} for each in FLEET]
    firsts: list[dict[str, Any]] = [AS_FLEET | {"hours": 8760}, {"powerplants": named}, AS_FLEET | {"hours": {}}]
    for first in firsts:
        answers = parsed(run(write(ndjson([first, b"", hour(480), b"[]", hour(300)]))).stdout.encode())
        assert [(answer["line"], "plan" in answer) for answer in answers] == [(3, True), (4, False), (5, True)]
    whole = payload(480) | {"hours": [1, 2]}
    assert [answer["line"] for answer in parsed(run(write(ndjson([whole, whole]))).stdout.encode())] == [1, 2]


def test_every_fault_of_the_fleet_beside_hours_is_reported(write: Write, out: str) -> None:
    faulty = {"powerplants": [FLEET[0] | {"pmin": "5"}, FLEET[1] | {"efficiency": 3}], "hours": [hour(480)]}
    source = write(json.dumps(faulty).encode(), "hours.json")
    assert refused(source, out).splitlines() == [
        f"{source}: /powerplants/0/pmin: must be a number, without quotes",
        f"{source}: /powerplants/1/efficiency: must be at most 1: a fraction, 0.53 for 53 %",
    ]
    source = write(json.dumps(AS_FLEET | {"hours": {"1": hour(480)}}).encode(), "hours.json")
    assert refused(source, out) == f"{source}: /hours: must be a list of hours, each with load and fuels\n"
    source = write(json.dumps(AS_HOURS).encode() + b"\n\n" + json.dumps(hour(1)).encode())
    assert refused(source, out) == f"{source}:1: more text follows after the object with hours, which must be alone.\n"
    assert not Path(out).exists()


def test_prices_beside_hours_hold_where_an_hour_has_none_of_its_own(write: Write) -> None:
    prices = {key: value for key, value in hour(1)["fuels"].items() if key != "wind(%)"}
    own = [{"wind(%)": 60}, {"wind(%)": 60, "gas(euro/MWh)": 20}, {"wind(%)": 60, "kerosine(euro/Mwh)": 40}, {}]
    whole = AS_FLEET | {"fuels": prices, "hours": [{"load": 480, "fuels": fuels} for fuels in own]}
    contents = [hour(480), hour(480, gas=20), hour(480, kerosine=40)]
    given = parsed(run(write(json.dumps(whole).encode())).stdout.encode())
    expected = parsed(run(write(ndjson([AS_FLEET, *contents]))).stdout.encode())
    assert [answer["plan"] for answer in given[:3]] == [answer["plan"] for answer in expected]
    assert [answer["cost"] for answer in given[:3]] == [answer["cost"] for answer in expected]
    assert given[3]["problem"]["errors"][0]["pointer"] == "#/fuels/wind(%25)"
    faulty = whole | {"fuels": prices | {"gas(euro/MWh)": "13"}}
    assert "/fuels/gas(euro~1MWh): must be a number, without quotes" in refused(write(json.dumps(faulty).encode()))


def test_payloads_in_an_object_get_a_hint(write: Write) -> None:
    (answer,) = parsed(run(write(json.dumps({"payloads": THREE}).encode())).stdout.encode())
    details = [fault["detail"] for fault in answer["problem"]["errors"]]
    assert "is missing; payloads are a batch: send the list alone" in details


def test_the_payloads_of_a_list_are_limited(write: Write, out: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("powerplant.cli.batch.MOST_PAYLOADS", 3)
    assert run(write(json.dumps(THREE).encode())).exit_code == 0
    for content in (json.dumps([*THREE, 1]), json.dumps(THREE) * 2, json.dumps({"hours": [1] * 4}), "{\n}\n" * 4):
        source = write(content.encode())
        message = f"{source}: the JSON may have at most 3 payloads: give each a line of its own.\n"
        assert refused(source, out) == message


def test_a_batch_of_hours_is_resumed_with_the_same_fleet_only(write: Write, out: str) -> None:
    source = write(json.dumps(AS_FLEET | {"hours": [*hours(600)]}).encode(), "hours.json")
    whole = run(source).stdout
    with start(source, out, "--workers", "1") as process:
        while not Path(out).exists() or not Path(out).stat().st_size:
            assert process.poll() is None
        process.kill()
        process.wait()
    write(json.dumps({"powerplants": FLEET[:3], "hours": [*hours(600)]}).encode(), "hours.json")
    assert "with another fleet" in refused(source, out, "--resume")
    write(json.dumps(AS_FLEET | {"hours": [*hours(600)]}).encode(), "hours.json")
    assert run(source, out, "--resume").exit_code == 1  # one in ten has no plan
    assert Path(out).read_text() == whole


def test_a_batch_of_a_list_can_be_resumed(write: Write, out: str) -> None:
    source = write(json.dumps([AS_FLEET, *hours(40)], indent=1).encode(), "payloads.json")
    assert run(source, out, "--resume").exit_code == 1  # one in ten has no plan
    assert len(answers(out)) == 40


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b'[\n  {"load": 480},\n  {"load": 490\n]\n',
            ":4: the JSON is not valid: `,` or the end of a list or object is expected at column 1.",
        ),
        (b'[{"load": 1} {"load": 2}]', ":1: the JSON is not valid: `,` or `]` is expected at column 14."),
        (b'{\n "load": 480,\n', ":3: the JSON is not valid: it ends too early at column 1."),
        (b"[" * 100_000, ": the JSON is not valid: it is nested too deeply."),
        (b'["\xff"]', ": the JSON is not in UTF-8."),
        (b"[%s]" % (b"1" * 5000), ": the JSON is not valid: a number has too many digits."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ": this is not JSON, but a picture."),
        (b"PK\x03\x04\x14\0", ": this is not a workbook that can be read, or it is damaged: save it as CSV."),
        (b"\x1f\x8b\x08\0", ": this is not JSON, but compressed: name it .gz, or unpack it."),
        (b"\xca\xfe\0\1", ": this is not text, so it has neither payloads nor hours."),
        ('{"load": 480}'.encode("utf-16"), ": the text is in UTF-16: save it in UTF-8."),
        (
            b"power plants\nof Belgium\n" * 200,
            ": this is neither JSON nor a table of hours, it begins with `power plants`",
        ),
        (
            b"load   wind(%)\n480    60\n",
            ": this is neither JSON nor a table of hours, it begins with `load   wind(%)`; a table needs a first line",
        ),
        (b"<html>", ": this is not JSON, but a web page or XML: if a spreadsheet opens it, save it from there as CSV."),
    ],
)
def test_input_that_is_no_batch_is_one_message_and_leaves_no_output(
    write: Write, out: str, content: bytes, message: str
) -> None:
    if "workbook" in message:
        pytest.importorskip("openpyxl")
    source = write(content)
    given = refused(source, out)
    assert given.startswith(f"{source}{message}")
    assert given.count("\n") == 1
    assert not Path(out).exists()


def test_columns_that_are_aligned_with_spaces_get_the_separators(write: Write, out: str) -> None:
    message = refused(write(b"load   wind(%)\n480    60\n"), out)
    assert message.endswith("names its columns, with load among them, separated by commas, semicolons, tabs or |.\n")


def test_a_line_that_is_cut_off_does_not_harm_the_lines_after_it(write: Write) -> None:
    answers = parsed(run(write(ndjson([b'{"load": 480,', payload(480), payload(300)]))).stdout.encode())
    assert ["plan" in answer for answer in answers] == [False, True, True]


def test_a_fleet_in_another_encoding_gets_a_hint(write: Write, out: str) -> None:
    utf16 = write(json.dumps(AS_FLEET).encode("utf-16"), "fleet.json")
    assert refused(write(ndjson([hour(480)])), out, "--fleet", utf16).endswith(" Save it in UTF-8.\n")


def test_a_fleet_may_be_a_list_of_plants(write: Write) -> None:
    fleet = write(json.dumps(FLEET).encode(), "fleet.json")
    assert run(write(ndjson([hour(480)])), "--fleet", fleet).exit_code == 0


def test_every_fault_of_a_fleet_is_reported(write: Write, out: str) -> None:
    source = write(ndjson([hour(480)]))
    fleet = write(json.dumps({"powerplants": [FLEET[0] | {"pmin": "5"}]}, indent=1).encode(), "fleet.json")
    assert refused(source, out, "--fleet", fleet) == f"{fleet}: /powerplants/0/pmin: must be a number, without quotes\n"
    empty = write(b"[]", "empty.json")
    assert refused(source, out, "--fleet", empty) == f"{empty}: must be an object with powerplants\n"


def test_options_that_exclude_each_other(write: Write, out: str) -> None:
    source = write(ndjson([payload(480)]))
    assert "--resume" in refused(source, "-", "--resume")
    assert "--resume" in refused(source, out, "--resume", "--overwrite")
    assert "--workers" in refused(source, out, "--workers", "2", "--cluster", "tcp://127.0.0.1:1")
    assert "Only one of the files can be stdin" in refused("-", out, "--fleet", "-")


# --- Resuming --------------------------------------------------------------------------------------------------------


def test_a_run_that_has_not_begun_can_be_resumed(write: Write, out: str) -> None:
    assert run(write(ndjson([payload(480)])), out, "--resume").exit_code == 0
    assert len(answers(out)) == 1


def size_of(path: str) -> int:
    return Path(path).stat().st_size if Path(path).exists() else 0


def answered(path: str) -> int:
    """The last line that is answered, by the checkpoint of an interrupted run."""
    checkpoint = Path(f"{path}.resume")
    return int(json.loads(checkpoint.read_bytes())["line"]) if checkpoint.exists() else 0


def wait(until: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.001)


@NO_WINDOWS
def test_a_batch_of_stdin_can_be_resumed_with_the_same_input_only(write: Write, out: str) -> None:
    contents = [AS_FLEET, *hours(2500)]
    source, other = write(ndjson(contents)), write(ndjson([AS_FLEET, hour(481), *contents[2:]]), "other.jsonl")
    run(source, out)
    whole = Path(out).read_bytes()
    Path(out).unlink()
    with Path(source).open("rb") as stdin, start("-", out, "--workers", "1", stdin=stdin) as process:
        wait(lambda: process.poll() is not None or answered(out) > 0, 60)
        process.kill()
    left = Path(out).read_bytes()
    assert left != whole
    assert "it was made from other input" in refused(other, out, "--resume")
    assert "it was made from other input" in refused(source, out, "--resume", "--no-co2")
    assert Path(out).read_bytes() == left
    with Path(source).open("rb") as stdin, start("-", out, "--resume", stdin=stdin) as process:
        process.communicate(timeout=60)
    assert Path(out).read_bytes() == whole


KILLS = 4


@NO_WINDOWS
def test_killed_at_random_moments_a_batch_is_resumed_to_the_same_bytes(write: Write, out: str) -> None:
    source = write(ndjson([AS_FLEET, *hours(1500)]))
    began = time.monotonic()
    subprocess.run(command(source, out), cwd=ROOT, capture_output=True, timeout=120, check=False)
    seconds, whole = time.monotonic() - began, Path(out).read_bytes()
    Path(out).unlink()
    # A killed process reports no coverage; and measuring it makes each start slower.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    choose, done, sizes = random.Random(), 0, set()
    while done < KILLS:
        begun = size_of(out)
        with start(source, out, "--resume", "--workers", "2", env=environment) as process:
            if done % 2:  # after some time, perhaps before anything is written
                wait(lambda: process.poll() is not None, choose.uniform(0, 0.8 * seconds))
            else:  # when so much is written
                size = begun + choose.random() * (len(whole) - begun) / 2
                wait(lambda size=size: process.poll() is not None or size_of(out) > size, 60)  # type: ignore[misc]  # its default
            done += process.poll() is None
            process.kill()
            process.communicate(timeout=30)  # its processes end with it
        left = Path(out).read_bytes() if Path(out).exists() else b""
        assert whole.startswith(left[: left.rfind(b"\n") + 1])
        sizes.add(len(left))
        if process.returncode != -signal.SIGKILL:  # it was finished
            assert left == whole
            Path(out).unlink()
    assert len(sizes) > 1
    subprocess.run(command(source, out, "--resume"), cwd=ROOT, capture_output=True, timeout=120, check=False)
    assert Path(out).read_bytes() == whole


@NO_WINDOWS
def test_ctrl_c_stops_at_once_and_the_run_can_be_resumed(write: Write, out: str) -> None:
    source = write(ndjson([AS_FLEET, *hours(3000)]))
    run(source, out)
    whole = Path(out).read_bytes()
    with start(source, out, "--overwrite", "--workers", "1", stdin=subprocess.PIPE) as process:
        wait(lambda: 0 < size_of(out) < len(whole), 60)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    if process.returncode == 1:
        pytest.skip("it was finished before")
    assert (process.returncode, stderr.decode()) == (130, f"Stopped; --resume continues {out}.\n")
    run(source, out, "--resume")
    assert Path(out).read_bytes() == whole


@NO_WINDOWS
@pytest.mark.parametrize("seconds", [0.2, 0.5])
def test_ctrl_c_while_it_starts_ends_it_without_a_traceback(out: str, seconds: float) -> None:
    with start("-", out, stdin=subprocess.PIPE) as process:
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    if process.returncode == -signal.SIGINT:
        pytest.skip("Python had not started the program")
    assert process.returncode == 130
    assert b"Traceback" not in stderr


@NO_WINDOWS
@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_stops_a_run_that_waits_for_a_line(times: int) -> None:
    with start("-", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(ndjson([payload(480)]))
        process.stdin.flush()
        process.stdout.readline()
        for _ in range(times):
            process.send_signal(signal.SIGINT)
            time.sleep(0.2)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"Stopped.\n"


@NO_WINDOWS
@pytest.mark.parametrize("option", ["--resume", "--overwrite"])
def test_two_runs_do_not_write_to_one_file(write: Write, out: str, option: str) -> None:
    source = write(ndjson([payload(480), payload(490)]))
    with start("-", out, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(ndjson([payload(480)]))
        process.stdin.flush()
        wait(lambda: size_of(out) > 0, 60)
        left = Path(out).read_bytes()
        assert refused(source, out, option) == f"{out}: another run is writing to it.\n"
        assert Path(out).read_bytes() == left
        process.communicate()
    assert run(source, out, "--overwrite").exit_code == 0
    assert len(answers(out)) == 2


# --- Progress --------------------------------------------------------------------------------------------------------


@NO_WINDOWS
def test_a_terminal_shows_the_progress_and_a_pipe_does_not(write: Write, out: str) -> None:
    source = write(ndjson([AS_FLEET, *hours(3000)]))
    shown = shown_on_terminal("batch", source, out)
    for text in ("100%", "lines, ", " a second"):
        assert text in shown
    quiet = run(source, out, "--overwrite").stderr
    assert "%" not in quiet
    assert "\r" not in quiet
