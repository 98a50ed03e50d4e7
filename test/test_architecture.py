"""The walls of the house: what may know what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "powerplant"
SOLVER = sorted((PACKAGE / "merit_order").rglob("*.py"))
KNOW_NO_HTTP = [
    PACKAGE / f"{name}.py"
    for name in (
        *("answers", "auditing", "config", "decoding", "errors", "formulation", "models", "places", "planning"),
        *("problems", "processes", "proofs", "reporting", "solving", "verification"),
    )
] + sorted((PACKAGE / "cli").rglob("*.py"))
HTTP = {"flask", "werkzeug", "http", "gunicorn"}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, inside functions and for types too, by their absolute names."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: -node.level]) if node.level else ""
            yield ".".join(filter(None, [above, node.module]))


def top_levels(path: Path) -> set[str]:
    return {module.partition(".")[0] for module in imported(path)}


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def loaded_by(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter loads for a statement."""
    program = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {module.partition(".")[0] for module in run.stdout.split()}


def test_the_solver_needs_the_standard_library_alone() -> None:
    loaded = loaded_by("import powerplant.merit_order")
    assert "powerplant" in loaded
    assert loaded - sys.stdlib_module_names == {"powerplant"}


def test_the_solver_solves_without_anything_else() -> None:
    loaded = loaded_by("from powerplant.merit_order import Unit, solve; solve([Unit(1, 5, 9), Unit(2, 3, 4)], 10)")
    assert loaded - sys.stdlib_module_names == {"powerplant"}


def test_flask_is_loaded_only_when_an_app_is_made() -> None:
    assert not loaded_by("import powerplant") & {"flask", "pydantic", "werkzeug"}


@pytest.mark.parametrize("path", SOLVER, ids=label)
def test_a_file_of_the_solver_imports_the_standard_library_and_the_solver(path: Path) -> None:
    others = {module for module in imported(path) if module.partition(".")[0] not in sys.stdlib_module_names}
    assert all(module.startswith("powerplant.merit_order") for module in others)


@pytest.mark.parametrize("path", SOLVER, ids=label)
def test_a_file_of_the_solver_knows_no_http_and_no_json(path: Path) -> None:
    assert not top_levels(path) & {*HTTP, "json", "socket", "urllib", "logging", "os"}


@pytest.mark.parametrize("path", KNOW_NO_HTTP, ids=label)
def test_what_lies_between_the_edge_and_the_solver_knows_no_http(path: Path) -> None:
    assert not top_levels(path) & HTTP
    assert not any(module.startswith("powerplant.api") for module in imported(path))


def test_the_verifier_takes_nothing_from_the_solver_but_the_solutions_shape() -> None:
    tree = ast.parse((PACKAGE / "verification.py").read_text(encoding="utf-8"))
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("powerplant.merit_order")
        for alias in node.names
    }
    assert taken == {"Solution"}


@pytest.mark.parametrize("name", ["oracles", "case_files", "live_server", "test_contract", "strategies", "fuzzing"])
def test_what_checks_the_service_from_outside_imports_nothing_of_it(name: str) -> None:
    assert "powerplant" not in top_levels(ROOT / "test" / f"{name}.py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=label)
def test_the_product_imports_no_solver_from_outside_and_nothing_of_the_tests(path: Path) -> None:
    outside = {"highspy", "ortools", "numpy", "scipy", "pulp", "pyomo", "cvxpy", "benchmarks", "test", "oracles"}
    assert not top_levels(path) & outside
