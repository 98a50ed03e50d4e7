"""The command line with hostile files, names, options and streams."""

from __future__ import annotations

import ast
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, hours, ndjson, payload
from click.testing import CliRunner
from payloads import example
from terminal import shown_on_terminal

from powerplant import cli
from powerplant.cli.options import MOST_SECONDS
from powerplant.cli.sources import MAX_BYTES, MAX_ITEMS
from powerplant.config import Settings

pytestmark = pytest.mark.usefixtures("keep_processes")

ROOT = Path(__file__).parents[1]
NO_WINDOWS = pytest.mark.skipif(sys.platform == "win32", reason="streams and devices differ")


def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
    """Run the command line in this process: exit code, stdout, stderr. Exceptions that are not click's are failures."""
    result = CliRunner(catch_exceptions=False).invoke(cli.main, list(arguments), input=stdin, prog_name="powerplant")
    return result.exit_code, result.stdout, result.stderr


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in a folder."""
    here = f'powerplant() {{ "{sys.executable}" -m powerplant "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", here + line],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )


# --- Files with two uses ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A payload, its plan and proof, a batch, and links."""
    (tmp_path / "p.json").write_text(json.dumps(example(3)))
    run("plan", str(tmp_path / "p.json"), "--proof", str(tmp_path / "proof.json"))
    (tmp_path / "plan.json").write_text(run("plan", str(tmp_path / "p.json"), "--json")[1])
    (tmp_path / "in.jsonl").write_bytes(ndjson([{"powerplants": FLEET}, *hours(3)]))
    (tmp_path / "hard.jsonl").hardlink_to(tmp_path / "in.jsonl")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "in.jsonl")
    (tmp_path / "sub").mkdir()
    (tmp_path / "here").symlink_to(tmp_path)
    (tmp_path / "later.jsonl").symlink_to("out.jsonl")
    return tmp_path


@NO_WINDOWS
@pytest.mark.parametrize(
    "line",
    [
        "plan p.json >> p.json",
        "plan p.json 2>> p.json",
        "plan p.json >> p.json 2>&1",
        "plan - < p.json >> p.json",
        "plan - --proof p.json < p.json",
        "plan p.json --proof /dev/stdout >> proof.json",
        "plan p.json --proof here/p.json",
        "check p.json plan.json >> plan.json",
        "check p.json plan.json --proof proof.json 2>> proof.json",
        "batch in.jsonl - >> in.jsonl",
        "batch in.jsonl >> in.jsonl",
        "batch in.jsonl out.jsonl 2>> in.jsonl",
        "batch in.jsonl out.jsonl 2>> out.jsonl",
        "batch in.jsonl out.jsonl --fleet p.json 2>> p.json",
        "batch - in.jsonl --overwrite < in.jsonl",
        "batch in.jsonl hard.jsonl --overwrite",
        "batch in.jsonl link.jsonl --overwrite",
        "batch in.jsonl /dev/stdout --overwrite >> in.jsonl",
        "batch in.jsonl /dev/fd/3 --overwrite 3>> in.jsonl",
        "batch in.jsonl --summary /dev/stdout >> totals.json",
        "batch in.jsonl out.jsonl --summary sub/../out.jsonl",
        "batch in.jsonl out.jsonl --summary here/out.jsonl",
        "batch in.jsonl later.jsonl --summary out.jsonl",
        "batch in.jsonl out.jsonl --summary out.jsonl.resume",
        "batch in.jsonl out.jsonl --summary out.jsonl.resume.part",
    ],
)
def test_no_output_is_written_into_another_file_of_the_command(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    if {*"<>"} & {*line}:
        result = shell(f"powerplant {line}", folder)
        code, output = result.returncode, (result.stdout + result.stderr).decode()
    else:
        monkeypatch.chdir(folder)
        code, stdout, stderr = run(*line.split(" "))
        output = stdout + stderr
    assert code == 2, output
    assert {path: path.read_bytes() for path in files} == files
    if ">> p.json 2>&1" not in line:  # then the message has no place
        assert "would be overwritten" in output
    left = [path for path in folder.iterdir() if path.is_file() and path not in files]
    assert all(path.read_bytes() == b"" for path in left)


@NO_WINDOWS
@pytest.mark.parametrize(
    "line",
    [
        "plan p.json > all.log 2>&1",
        "plan p.json --proof /dev/null > /dev/null 2> /dev/null",
        "plan p.json --proof >(cat > copy.json)",
        "plan <(cat p.json)",
        "check <(cat p.json) <(cat plan.json)",
        "check p.json - --proof proof.json < plan.json",
        "batch <(cat in.jsonl) /dev/null --summary /dev/null 2> /dev/null",
        "batch in.jsonl /dev/stdout | cat",
        "batch in.jsonl out.jsonl --summary /dev/stdout > totals.json",
        "batch in.jsonl /dev/stdout > out.jsonl && test ! -e /dev/stdout.resume",
        "batch in.jsonl --fleet <(cat p.json)",
    ],
)
def test_pipes_devices_and_streams_of_their_own_have_any_use(line: str, folder: Path) -> None:
    (folder / "in.jsonl").write_bytes(ndjson([{"powerplants": FLEET}, *hours(3)]))
    result = shell(f"powerplant {line}", folder)
    assert result.returncode == 0, result


# --- What a terminal shows -------------------------------------------------------------------------------------------

EVIL = "x\x1b]0;y\x07\x1b[31m\x9b2J\x7f\u202ea\u2066b\u2069\u200e\u200f\u2028\r\nz"
"""Commands to a terminal (C0, DEL, C1), controls of the writing direction, and line ends."""


def commands_to_the_terminal(text: str) -> set[str]:
    return {character for character in text if character != "\n" and not character.isprintable()}


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder with an evil name; in it evil payloads, plans, proofs, batches and tables."""
    name = EVIL.replace("/", "")
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(tmp_path)

    def write(file: str, content: Any) -> None:
        (folder / file).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())

    plants = [plant | {"name": f"{i}{EVIL}"} for i, plant in enumerate(example(3)["powerplants"])]
    write("good", example(3, powerplants=plants))
    write("faulty", example(3, powerplants=[*plants, plants[0] | {"type": EVIL}], **{EVIL: 1}))
    write("high", example(3, powerplants=plants, load=1e6))
    write("broken", f'{{"{EVIL}": {EVIL}'.encode())
    write("plan", json.loads(run("plan", f"{name}/good", "--json")[1]))
    write("wrong", [{"name": EVIL, "p": 1}, {"name": plants[0]["name"], "p": 0.05}, {EVIL: 1}][:2])
    write("not-a-plan", [{EVIL: 1}])
    run("plan", f"{name}/good", "--proof", f"{name}/proof")
    proof = json.loads((folder / "proof").read_bytes())
    write("named", proof | {"method": EVIL})
    write("empty", proof | {"method": EVIL, "steps": []})
    write("not-a-proof", proof | {"steps": [{"kind": EVIL}]})
    write("lines", ndjson([example(3, powerplants=plants), EVIL.replace("\n", "").encode(), {EVIL: 1}]))
    columns = "gas(euro/MWh),kerosine(euro/MWh),co2(euro/ton),wind(%)"
    write("hours.csv", f'"{EVIL[:-3]}",load,{columns}\n1,2,3,4,5,{EVIL[:-3]}\n'.encode())
    write("totals.csv", f'x,load,{columns}\n"{EVIL[:-3]}",,,,,\n'.encode())
    write("misnamed.csv", f'"wind{EVIL[:-3]}",load\n1,2\n'.encode())
    return name


@NO_WINDOWS
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("plan {}/good", 0),
        ("plan {}/good --why", 0),
        ("plan {}/faulty", 2),
        ("plan {}/high", 1),
        ("plan {}/broken", 2),
        ("plan {}/nowhere", 2),
        ("plan {}/good --proof {}/good", 2),
        ("plan {}/good --proof {}/no/where", 2),
        ("plan {}/good {}", 2),
        ("plan --{}", 2),
        ("plan {}/good --time-limit {}", 2),
        ("check {}/good {}/plan", 0),
        ("check {}/good {}/wrong", 1),
        ("check {}/good {}/not-a-plan", 2),
        ("check {}/good --proof {}/named", 0),
        ("check {}/good --proof {}/empty", 1),
        ("check {}/good --proof {}/not-a-proof", 2),
        ("batch {}/lines {}/out", 1),
        ("batch {}/lines {}/out --cluster {}", 2),
        ("batch {}/lines {}/out --summary {}/lines", 2),
        ("batch {}/lines {}/out --workers {}", 2),
        ("batch {}/nowhere", 2),
        ("batch {}/hours.csv {}/out --fleet {}/good", 1),
        ("batch {}/totals.csv {}/out --fleet {}/good", 1),
        ("batch {}/misnamed.csv --fleet {}/good", 2),
        ("serve --port {}", 2),
        ("serve --host {}", 2),
        ("{}", 2),
        ("--{}", 2),
    ],
)
def test_no_command_prints_what_a_terminal_obeys(line: str, code: int, evil: str) -> None:
    exit_code, stdout, stderr = run(*(argument.replace("{}", evil) for argument in line.split(" ")))
    assert exit_code == code, stderr
    assert commands_to_the_terminal(stdout + stderr) == set()
    assert stdout + stderr


@NO_WINDOWS
@pytest.mark.parametrize("line", ["plan {}/good --json", "plan {}/good --report", "batch {}/lines"])
def test_json_on_a_terminal_is_the_same_json_without_commands_to_it(line: str, evil: str) -> None:
    arguments = [argument.replace("{}", evil) for argument in line.split(" ")]
    lines = shown_on_terminal(*arguments, streams=["stdout"], cwd=None).replace("\r\n", "\n")
    assert commands_to_the_terminal(lines) == set()
    assert [json.loads(answer) for answer in lines.splitlines()] == [
        json.loads(answer) for answer in run(*arguments)[1].split("\n") if answer
    ]


def test_only_one_module_writes_to_stdout_and_stderr() -> None:
    for path in sorted((ROOT / "powerplant" / "cli").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        writes = {call for call in calls if call in {"print", "click.secho", "click.echo"} or ".write" in call}
        writes -= {"results.write", "file.write", "book.write", "path.write_text", "path.write_bytes"}  # files
        writes -= {"formatter.write_dl"}  # the help
        assert writes == ({"click.echo"} if path.name == "words.py" else set()), path.name


# --- Large files -----------------------------------------------------------------------------------------------------


def in_little_memory(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose processes may have an address space of 2 GiB each."""
    import resource

    limit = 2 * 1024**3
    return subprocess.run(
        [sys.executable, "-m", "powerplant", *arguments],
        cwd=ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@NO_WINDOWS
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("content", [b"a", b"[],"])
def test_a_line_that_is_too_long_is_answered_and_not_kept_in_memory(
    content: bytes, compressed: bool, tmp_path: Path
) -> None:
    long = b'{"powerplants":[' + content * (40 * 1024 * 1024 // len(content)) + b"1]}\n"
    data = ndjson([payload(480)]) + long + ndjson([payload(490)])
    path = tmp_path / ("in.jsonl.gz" if compressed else "in.jsonl")
    path.write_bytes(gzip.compress(data, 1) if compressed else data)
    result = in_little_memory("batch", str(path), "--workers", "1")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer.get("problem", {}).get("status") for answer in answers] == [None, 413, None]
    assert str(MAX_BYTES) in answers[1]["problem"]["detail"]


@NO_WINDOWS
@pytest.mark.parametrize("line", ["plan {}", "check {} {}", "check payload3.json {}", "check payload3.json --proof {}"])
def test_a_file_without_an_end_is_refused(line: str) -> None:
    examples = str(ROOT / "example_payloads" / "payload3.json")
    arguments = line.replace("{}", "/dev/zero").replace("payload3.json", examples).split(" ")
    result = in_little_memory(*arguments)
    assert result.returncode == 2
    assert result.stderr == f"/dev/zero: The file is too large: it may have at most {MAX_BYTES:,} bytes.\n"


@NO_WINDOWS
@pytest.mark.parametrize("name", ["hours.csv", "hours.csv.gz"])
def test_a_table_with_a_line_that_is_too_long_is_refused(name: str, tmp_path: Path) -> None:
    table, data = tmp_path / name, b"load,wind(%)\n" + b"9" * 40 * 1024 * 1024
    table.write_bytes(gzip.compress(data, 1) if name.endswith(".gz") else data)
    fleet = str(ROOT / "example_payloads" / "payload3.json")
    result = in_little_memory("batch", str(table), "--fleet", fleet)
    assert (result.returncode, result.stderr) == (2, f"{table}:2: a cell is too long.\n")


@pytest.mark.parametrize("item", ["1", "{}", '{"name": "a", "p": 1}'])
def test_a_list_that_is_too_long_is_one_fault(item: str, tmp_path: Path) -> None:
    """Listing a fault for each item would take a thousand times the memory of the file."""
    items = f"[{','.join([item] * (MAX_ITEMS + 1))}]"
    good, path = str(ROOT / "example_payloads" / "payload3.json"), tmp_path / "long.json"
    for content, arguments in [
        (f'{{"load": 1, "fuels": {{}}, "powerplants": {items}}}', ["plan", str(path)]),
        (items, ["check", good, str(path)]),
        (f'{{"version": 1, "method": "x", "cost": 1, "steps": {items}}}', ["check", good, "--proof", str(path)]),
        (f'{{"powerplants": {items}}}', ["batch", "-", "--fleet", str(path)]),
    ]:
        path.write_text(content)
        code, _, stderr = run(*arguments)
        assert (code, stderr) == (2, f"{path}: The file is too large: it may have at most {MAX_ITEMS:,} list items.\n")


@pytest.mark.parametrize("row", [b"," * 1_000_000, b'"' + b"a" * 1_000_000, b"9" * 100_000 + b",1"])
def test_a_table_of_a_million_columns_or_a_huge_cell_is_one_fault(row: bytes, tmp_path: Path) -> None:
    table = tmp_path / "hours.csv"
    fleet = str(ROOT / "example_payloads" / "payload3.json")
    for content in (row + b"\n1,2\n", b"load,wind(%)\n" + row + b"\n"):
        table.write_bytes(content)
        code, stdout, stderr = run("batch", str(table), "--fleet", fleet)
        assert code in (0, 1, 2)
        assert len(stdout) + len(stderr) < 2000


# --- Options ---------------------------------------------------------------------------------------------------------

ABSURD = ["nan", "-1", "0", "inf", "1" + "0" * 30, "1" * 5000, "\u0661e99", ""]


@pytest.mark.parametrize("value", [*ABSURD, "1e308"])
@pytest.mark.parametrize(
    "line",
    [
        "plan example_payloads/payload3.json --time-limit",
        "check example_payloads/payload3.json example_payloads/response3.json --time-limit",
        "batch example_payloads/day.jsonl --time-limit",
        "batch example_payloads/day.jsonl --workers",
        "batch example_payloads/day.jsonl --cluster",
    ],
)
def test_an_absurd_value_is_a_wrong_command_line(line: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    code, stdout, stderr = run(*line.split(" "), value)
    assert (code, stdout) == (2, "")
    assert "Error: Invalid value for " in stderr


@pytest.mark.parametrize("value", ["nan", "-1", "0", "inf", "1e308", "1" + "0" * 30, "1" * 5000])
@pytest.mark.parametrize("option", ["--workers", "--port"])
def test_an_absurd_number_of_processes_starts_no_service(option: str, value: str) -> None:
    code, _, stderr = run("serve", option, value)
    assert code == 2
    assert stderr.startswith(f"POWERPLANT_{option[2:].upper()} must be ")


@pytest.mark.parametrize("variable", ["TIME_LIMIT", "BODY_TIMEOUT", "BATCH_TIME_LIMIT", "SOLVERS", "THREADS"])
def test_an_absurd_setting_starts_no_service(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"POWERPLANT_{variable}", "1000000000000")
    code, _, stderr = run("serve")
    assert code == 2
    assert f"POWERPLANT_{variable} must be at most " in stderr


def test_the_command_line_and_the_service_allow_the_same_time_limits() -> None:
    assert Settings(time_limit=MOST_SECONDS).time_limit == MOST_SECONDS
    assert run("plan", str(ROOT / "example_payloads" / "payload3.json"), "--time-limit", str(MOST_SECONDS))[0] == 0


@pytest.mark.parametrize(
    "address", ["tcp://a:99999999", "tcp://[", "tls://127.0.0.1:1", "tcp://x:-1", "tcp://" + "a" * 300]
)
def test_the_address_of_no_scheduler_is_an_error_of_one_line(address: str) -> None:
    pytest.importorskip("distributed", reason="the extra cluster brings it")
    code, stdout, stderr = run("batch", str(ROOT / "example_payloads" / "day.jsonl"), "--cluster", address)
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith(f"--cluster {address}: ")


# --- Streams ---------------------------------------------------------------------------------------------------------


@NO_WINDOWS
@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("plan p.json >&-", 2, "stdout: Bad file descriptor\n"),
        ("plan p.json --json >&-", 2, "stdout: Bad file descriptor\n"),
        ("--help >&-", 2, "stdout: Bad file descriptor\n"),
        ("check p.json plan.json >&-", 2, "stdout: Bad file descriptor\n"),
        ("batch in.jsonl >&-", 2, "stdout: Bad file descriptor\n"),
        ("plan - <&-", 2, "stdin: Bad file descriptor\n"),
        ("batch - <&-", 2, "stdin: Bad file descriptor\n"),
        ("plan nowhere 2>&-", 2, ""),
        ("plan nowhere 2> /dev/full", 2, ""),
        ("--help > /dev/full", 2, "stdout: No space left on device\n"),
        ("plan --help > /dev/full", 2, "stdout: No space left on device\n"),
        ("--version > /dev/full", 2, "stdout: No space left on device\n"),
        ("batch in.jsonl | head -1 > /dev/null", 0, None),
        ("batch in.jsonl out.jsonl <&- >&- 2>&- && powerplant batch in.jsonl 2> /dev/null | cmp - out.jsonl", 0, ""),
    ],
)
def test_closed_and_full_streams_are_errors_of_one_line(
    line: str, code: int, message: str | None, folder: Path
) -> None:
    (folder / "in.jsonl").write_bytes(ndjson([payload(480)]))
    result = shell(f"powerplant {line}", folder)
    assert result.returncode == code, result
    assert b"Traceback" not in result.stderr
    if message is not None:
        assert result.stderr.decode() == message


@NO_WINDOWS
@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_names_that_the_locale_does_not_have_are_no_error(locale: dict[str, str], folder: Path) -> None:
    plants = [plant | {"name": f"{i}-é-氷川"} for i, plant in enumerate(example(3)["powerplants"])]
    (folder / "é.json").write_text(json.dumps(example(3, powerplants=plants)), encoding="utf-8")
    result = shell("powerplant plan é.json --why && powerplant plan nowhere-é.json", folder, **locale)
    assert result.returncode == 2
    assert "0-é-氷川" in result.stdout.decode()
    assert result.stderr.decode().endswith(".json: No such file or directory\n")


@NO_WINDOWS
@pytest.mark.parametrize("line", ["plan {}", "plan p.json --proof {}", "batch {} out.jsonl", "batch in.jsonl {}"])
@pytest.mark.parametrize("name", ["a" * 300, "loop", "", "sub"])
def test_a_name_that_cannot_be_opened_is_an_error_of_one_line(
    line: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "loop").symlink_to("loop")
    code, stdout, stderr = run(*(argument.replace("{}", name) for argument in line.split(" ")))
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
