"""``./runapp``: set-up, messages, serving.

Most tests run it in a copy of the project with a fake Poetry on PATH that installs nothing, so they take seconds and
need no network. The test of a real set-up runs if ``CI`` is ``true``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from checkout import ROOT, Checkout, get, has_debugger, write_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="runapp is for bash; Windows has runapp.ps1")

TOOLS = ("bash", "cat", "cmp", "dirname", "env", "grep", "mkdir", "rm", "sed", "sleep", "tail")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that is set up. Tests must not change it."""
    checkout = Checkout(tmp_path_factory.mktemp("ready"))
    setup = checkout.run("setup")
    assert setup.returncode == 0, setup.stdout
    return checkout


def assert_fails(outcome: subprocess.CompletedProcess[str], *words: str) -> None:
    """Assert that it failed with a message that contains these words, and without a traceback."""
    assert outcome.returncode != 0
    assert "Traceback" not in outcome.stdout
    for word in words:
        assert word in outcome.stdout


# --- Set-up ----------------------------------------------------------------------------------------------------------


def test_the_second_start_installs_nothing(checkout: Checkout) -> None:
    with checkout.start() as server:
        server.wait_until_healthy()
    with checkout.start() as server:
        server.wait_until_healthy()
    assert len(checkout.installs()) == 1


def test_a_start_installs_only_the_main_dependencies_and_the_tests_install_all(checkout: Checkout) -> None:
    with checkout.start() as server:
        server.wait_until_healthy()
    assert "--only main" in checkout.installs()[-1]
    assert "pytest" in checkout.run("test", "--version").stdout
    assert len(checkout.installs()) == 2
    assert "--only main" not in checkout.installs()[-1]
    with checkout.start() as server:
        server.wait_until_healthy()
    assert len(checkout.installs()) == 2, "the dependencies of the tests include those of the service"


def test_a_changed_lock_file_is_installed(checkout: Checkout) -> None:
    checkout.run("setup")
    with (checkout.folder / "poetry.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "Making" not in checkout.run("setup").stdout
    assert len(checkout.installs()) == 2


def test_a_set_up_that_has_nothing_to_do_says_so(ready: Checkout) -> None:
    outcome = ready.run("setup")
    assert (outcome.returncode, outcome.stdout) == (0, "runapp: Nothing to do: everything is installed.\n")


def test_a_folder_that_was_moved_is_set_up_again(checkout: Checkout) -> None:
    checkout.run("setup")
    checkout.folder = checkout.folder.rename(checkout.home / "project moved")
    outcome = checkout.run("setup")
    assert outcome.returncode == 0
    assert "Making an environment" in outcome.stdout
    assert len(checkout.installs()) == 2


def test_an_interrupted_set_up_is_repeated(checkout: Checkout) -> None:
    checkout.use_poetry(before="import time; time.sleep(60)")
    with checkout.start("setup") as setup:
        while not checkout.installs():
            assert setup.process.poll() is None, setup.log.read_text()
            time.sleep(0.05)
        os.killpg(setup.process.pid, signal.SIGKILL)
        setup.process.wait(10)
    checkout.use_poetry()
    outcome = checkout.run("setup")
    assert outcome.returncode == 0
    assert "Making an environment" in outcome.stdout, "the incomplete environment is not used"
    assert len(checkout.installs()) == 2


def test_of_two_simultaneous_set_ups_one_installs(checkout: Checkout) -> None:
    checkout.use_poetry(before="import time; time.sleep(2)")
    with checkout.start("setup") as first:
        while not checkout.installs():
            assert first.process.poll() is None, first.log.read_text()
            time.sleep(0.05)
        second = checkout.run("setup")
        assert first.process.wait(20) == 0
    assert second.returncode == 0
    assert "Waiting for it" in second.stdout
    assert len(checkout.installs()) == 1


def test_an_existing_environment_of_the_user_is_kept(checkout: Checkout) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout.folder / ".venv"], check=True)
    (checkout.folder / ".venv" / "theirs").touch()
    assert checkout.run("setup").returncode == 0
    assert (checkout.folder / ".venv" / "theirs").exists()


def test_an_environment_whose_python_is_missing_is_replaced(checkout: Checkout) -> None:
    checkout.run("setup")
    for python in (checkout.folder / ".venv" / "bin").glob("python*"):
        python.unlink()
        python.symlink_to("/nowhere/python3")
    assert "Making an environment" in checkout.run("setup").stdout
    assert len(checkout.installs()) == 2


def test_a_terminal_shows_what_is_being_installed(checkout: Checkout) -> None:
    checkout.use_poetry(before="print('  - Installing flask (3.1.0)')")
    shown = checkout.shell("script --quiet --return --command './runapp setup' /dev/null").stdout
    assert "  - Installing flask (3.1.0)" in shown
    assert "Set-up is done." in shown
    assert "flask" in (checkout.folder / ".venv" / "install.log").read_text()


def test_the_tests_run_on_all_processors_unless_the_arguments_say_otherwise(ready: Checkout) -> None:
    assert "--numprocesses auto" in ready.shell("bash -x ./runapp test --version").stdout
    assert "--numprocesses auto" not in ready.shell("bash -x ./runapp test -n 1 --version").stdout
    assert "--numprocesses auto" not in ready.shell("bash -x ./runapp test --pdb --version").stdout


def test_processes_of_the_tests_share_their_bytecode_although_the_environment_forbids_it(ready: Checkout) -> None:
    case = ready.home / "cases" / "test_bytecode.py"
    case.parent.mkdir()
    case.write_text("import sys\n\ndef test_it() -> None:\n    assert not sys.dont_write_bytecode\n")
    outcome = ready.shell(f"./runapp test -p no:xdist -c {os.devnull} {case}", {"PYTHONDONTWRITEBYTECODE": "1"})
    assert "1 passed" in outcome.stdout


# --- Package index and certificates ----------------------------------------------------------------------------------


@pytest.fixture
def python_with_pip() -> str:
    """A Python with pip: that of these tests or, if it has no pip, the one that it was made from."""
    for python in (sys.executable, str(Path(sys.base_prefix) / "bin" / "python3")):
        if subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode == 0:
            return python
    pytest.skip("no Python here has pip")


def test_poetry_uses_the_index_and_the_certificates_that_pip_is_configured_with(
    checkout: Checkout, python_with_pip: str
) -> None:
    configuration = checkout.home / "pip.conf"
    configuration.write_text("[global]\nindex-url = http://127.0.0.1:9/mirror/\ncert = /certificates/of/pip.pem\n")
    del checkout.environ["PIP_INDEX_URL"]
    checkout.environ.pop("REQUESTS_CA_BUNDLE", None)
    checkout.run("setup", PIP_CONFIG_FILE=str(configuration), PYTHON=python_with_pip)
    assert checkout.installs()[0].endswith(
        "POETRY_PYPI_MIRROR_URL=http://127.0.0.1:9/mirror/ REQUESTS_CA_BUNDLE=/certificates/of/pip.pem"
    )


def test_variables_of_the_user_take_precedence(checkout: Checkout) -> None:
    checkout.run(
        "setup",
        PIP_CERT="/pip.pem",
        REQUESTS_CA_BUNDLE="/mine.pem",
        POETRY_PYPI_MIRROR_URL="http://127.0.0.1:9/mine",
    )
    assert checkout.installs()[0].endswith(
        "POETRY_PYPI_MIRROR_URL=http://127.0.0.1:9/mine REQUESTS_CA_BUNDLE=/mine.pem"
    )


def test_without_a_configuration_the_default_index_of_pip_is_used(checkout: Checkout, python_with_pip: str) -> None:
    ask = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    own = subprocess.run([python_with_pip, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    checkout.run("setup", PIP_INDEX_URL="", PYTHON=python_with_pip)
    assert f"POETRY_PYPI_MIRROR_URL={own} " in checkout.installs()[0]


def test_the_lock_file_names_no_host() -> None:
    lines = (ROOT / "poetry.lock").read_text().splitlines()
    assert [line for line in lines if "://" in line and not line.startswith("description = ")] == []
    assert [line for line in lines if line.startswith("[package.source]")] == []


# --- Errors ----------------------------------------------------------------------------------------------------------


def test_help_lists_the_commands_and_an_unknown_command_is_an_error(checkout: Checkout) -> None:
    assert "gunicorn" in checkout.run("help").stdout
    assert checkout.run("help").returncode == 0
    assert checkout.run("fly").returncode == 2
    assert "no command 'fly'" in checkout.run("fly").stdout
    assert checkout.installs() == []


def test_without_a_python_it_says_what_to_install(checkout: Checkout) -> None:
    for tool in TOOLS:
        (checkout.bin / tool).symlink_to(shutil.which(tool) or pytest.fail(f"no {tool} here"))
    del checkout.environ["PYTHON"]
    assert_fails(checkout.run(PATH=str(checkout.bin)), "found no Python 3.11 or newer", "apt install python3")


def test_a_python_that_is_too_old_is_not_used(checkout: Checkout) -> None:
    write_program(checkout.bin / "old", "#!/bin/sh\nexit 1\n")
    assert_fails(checkout.run(PYTHON="old"), "PYTHON=old is not Python 3.11 or newer")


def test_without_python3_venv_it_says_what_to_install(checkout: Checkout) -> None:
    script = f'#!/bin/sh\ncase "$*" in "-m venv"* | "-m pip"*) exit 1 ;; esac\nexec {sys.executable} "$@"\n'
    write_program(checkout.bin / "bare-python", script)
    assert_fails(checkout.run(PYTHON="bare-python"), "apt install python3-venv")


def test_without_ensurepip_the_pip_of_the_system_installs_poetry(checkout: Checkout) -> None:
    script = f"""#!/bin/sh
case "$*" in
  "-m venv .poetry") exit 1 ;;
  "-m pip --version") exit 0 ;;
  "-m pip --python"*) echo "$@" > ../pip-calls; exit 1 ;;
esac
exec {sys.executable} "$@"
"""
    write_program(checkout.bin / "debian-python", script)
    (checkout.bin / "poetry").write_text("#!/bin/sh\nexit 1\n")
    assert_fails(checkout.run(PYTHON="debian-python"), "Poetry could not be installed")
    call = (checkout.home / "pip-calls").read_text()
    assert call.startswith("-m pip --python .poetry/bin/python install")
    assert " poetry==2." in call


def test_without_a_network_it_says_what_to_check(checkout: Checkout) -> None:
    """The Poetry on PATH is too old to read the project, so another one must be installed."""
    (checkout.bin / "poetry").write_text("#!/bin/sh\necho 'Poetry (version 1.8.5)'\n")
    assert_fails(
        checkout.run(),
        "Poetry could not be installed",
        "Check the network",
        "pip config set global.index-url URL",
    )
    assert not (checkout.folder / ".poetry" / ".runapp-place").exists()


def test_if_the_poetry_on_path_fails_another_one_is_installed(checkout: Checkout) -> None:
    checkout.use_poetry(before="sys.exit('cannot')")
    assert_fails(
        checkout.run(),
        "That Poetry could not install them.",
        "Installing Poetry 2.",
        "Poetry could not be installed",
    )


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_an_error(checkout: Checkout) -> None:
    checkout.folder.chmod(0o555)
    try:
        assert_fails(checkout.run(), "cannot write to")
    finally:
        checkout.folder.chmod(0o755)


def test_a_port_in_use_is_an_error_that_names_it(ready: Checkout) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        outcome = ready.run(POWERPLANT_PORT=port)
    assert_fails(outcome, f"Port {port} on 127.0.0.1 is in use", "POWERPLANT_PORT=")
    assert outcome.returncode == 2


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [((), "POWERPLANT_PORT", "electricity"), (("gunicorn",), "POWERPLANT_WORKERS", "many")],
)
def test_an_invalid_setting_is_an_error_that_names_it(
    ready: Checkout, command: tuple[str, ...], name: str, value: str
) -> None:
    outcome = ready.run(*command, **{name: value})
    assert_fails(outcome, f"{name} must ")
    assert "Page" not in outcome.stdout


def test_a_host_of_another_machine_is_an_error(ready: Checkout) -> None:
    assert_fails(ready.run(POWERPLANT_HOST="192.0.2.1"), "Cannot listen on 192.0.2.1", "POWERPLANT_HOST")


# --- Serving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [(), ("gunicorn",)])
def test_it_serves_the_answer_of_the_challenge(ready: Checkout, command: tuple[str, ...]) -> None:
    with ready.start(*command) as server:
        server.wait_until_healthy()
        expected = json.loads((ROOT / "example_payloads" / "response3.json").read_text())
        assert server.post("payload3.json") == expected


def test_it_prints_the_addresses_of_the_page_and_the_documentation_and_an_example(ready: Checkout) -> None:
    with ready.start() as server:
        server.wait_until_healthy()
        for path in ("/", "/docs"):
            assert f"{server.url}{path}\n" in server.log.read_text()
            get(server.url + path)
        assert f"curl -d @example_payloads/payload3.json {server.url}/productionplan" in server.log.read_text()


@pytest.mark.parametrize("command", [(), ("gunicorn",)])
def test_sigterm_stops_it(ready: Checkout, command: tuple[str, ...]) -> None:
    with ready.start(*command) as server:
        server.wait_until_healthy()
        server.process.terminate()
        assert server.process.wait(10) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("command", [("serve", "--workers", "1"), ("gunicorn", "--workers", "1")])
def test_arguments_do_not_replace_the_configuration(ready: Checkout, command: tuple[str, ...]) -> None:
    with ready.start(*command) as server:
        server.wait_until_healthy()
    log = server.log.read_text()
    assert "Using worker: powerplant.gunicorn_worker.Worker" in log
    assert log.count("Booting worker") == 1, log


def test_gunicorn_writes_nothing_to_the_home_directory(ready: Checkout, tmp_path: Path) -> None:
    with ready.start("gunicorn", HOME=str(tmp_path), XDG_RUNTIME_DIR=str(tmp_path)) as server:
        server.wait_until_healthy()
        assert list(tmp_path.iterdir()) == []


def test_the_environment_sets_the_workers_and_threads_of_gunicorn(ready: Checkout) -> None:
    outcome = ready.run("gunicorn", "--print-config", POWERPLANT_WORKERS="3", POWERPLANT_THREADS="13")
    settings = dict(line.split("=", 1) for line in outcome.stdout.replace(" ", "").splitlines() if "=" in line)
    assert settings["workers"] == "3"
    assert settings["threads"] == "13"
    assert settings["control_socket_disable"] == "True"


@pytest.mark.parametrize(("flask_env", "debugging"), [("development", True), ("prd", False)])
def test_flask_env_turns_the_debugger_on(ready: Checkout, flask_env: str, *, debugging: bool) -> None:
    with ready.start(FLASK_ENV=flask_env) as server:
        server.wait_until_healthy()
        assert has_debugger(server.url) is debugging


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="installs from the package index; runs with CI=true")
def test_a_fresh_folder_becomes_a_service(checkout: Checkout) -> None:
    checkout.take_away_poetry()
    with checkout.start() as server:
        server.wait_until_healthy(300)
        expected = json.loads((ROOT / "example_payloads" / "response3.json").read_text())
        assert server.post("payload3.json") == expected
    assert "Installing Poetry" in server.log.read_text()
    with checkout.start() as server:
        server.wait_until_healthy()
    assert "Installing" not in server.log.read_text()


def test_runapp_and_its_windows_version_install_the_same_poetry() -> None:
    def pins(text: str) -> list[str]:
        return re.findall(r"version\s*=\s*'?([0-9.]+)", text, re.IGNORECASE)[:2]

    assert len(pins((ROOT / "runapp").read_text())) == 2
    assert pins((ROOT / "runapp").read_text()) == pins((ROOT / "runapp.ps1").read_text())
