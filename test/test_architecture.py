"""Imports between modules: what the solver, the core, the tests and the product may import."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from imports import ROOT, imported, loaded_by

PACKAGE = ROOT / "powerplant"
SOLVER = sorted((PACKAGE / "merit_order").rglob("*.py"))
SERVES = ("api", "web", "__init__.py", "cli/serve.py", "flask_server.py", "gunicorn_")
"""What may import Flask and the server; all other modules are the core, the command line and batches."""

CORE = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if path not in SOLVER and not path.relative_to(PACKAGE).as_posix().startswith(SERVES)
]
HTTP = {"flask", "werkzeug", "http", "gunicorn"}


def top_levels(path: Path) -> set[str]:
    return {module.partition(".")[0] for module in imported(path)}


def label(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("statement", ["", "; solve([Unit(1, 5, 9), Unit(2, 3, 4)], 10)"], ids=["import", "solve"])
def test_the_solver_needs_the_standard_library_alone(statement: str) -> None:
    loaded = {module.partition(".")[0] for module in loaded_by(f"from powerplant.merit_order import *{statement}")}
    assert loaded - sys.stdlib_module_names == {"powerplant"}


def test_importing_the_package_loads_neither_flask_nor_pydantic() -> None:
    assert not loaded_by("import powerplant") & {"flask", "pydantic", "werkzeug"}


def test_planning_loads_no_flask() -> None:
    """The processes for long work start faster without it."""
    statement = "import powerplant.workers, powerplant.reporting, powerplant.cli.plan"
    assert not loaded_by(statement) & {"flask", "werkzeug"}


@pytest.mark.parametrize("path", SOLVER, ids=label)
def test_the_solver_imports_the_standard_library_and_itself(path: Path) -> None:
    others = {module for module in imported(path) if module.partition(".")[0] not in sys.stdlib_module_names}
    assert all(module.startswith("powerplant.merit_order") for module in others)


@pytest.mark.parametrize("path", SOLVER, ids=label)
def test_the_solver_imports_nothing_for_http_json_or_logs(path: Path) -> None:
    assert not top_levels(path) & {*HTTP, "json", "socket", "urllib", "logging", "os"}


@pytest.mark.parametrize("path", CORE, ids=label)
def test_the_core_imports_nothing_for_http(path: Path) -> None:
    assert not top_levels(path) & HTTP
    assert not any(module.startswith("powerplant.api") for module in imported(path))


def test_the_verification_imports_nothing_of_the_solver_but_the_shape_of_a_solution() -> None:
    tree = ast.parse((PACKAGE / "verification.py").read_text(encoding="utf-8"))
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("powerplant.merit_order")
        for alias in node.names
    }
    assert taken == {"Solution"}


@pytest.mark.parametrize(
    "name",
    [
        "oracles",
        "case_files",
        "live_server",
        "payloads",
        "responses",
        "strategies",
        "fuzzing",
        "test_contract",
        "test_fuzz",
        *(
            f"horizon/{name}"
            for name in ("reading", "parts", "dynamic", "independent", "cp_sat", "rules", "payloads", "mutations")
        ),
    ],
)
def test_oracles_and_black_box_tests_import_nothing_of_the_package(name: str) -> None:
    assert "powerplant" not in top_levels(ROOT / "test" / f"{name}.py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=label)
def test_the_product_imports_no_other_solver_and_nothing_of_the_tests(path: Path) -> None:
    outside = {
        "highspy",
        "ortools",
        "numpy",
        "scipy",
        "pulp",
        "pyomo",
        "cvxpy",
        "benchmarks",
        "tools",
        "test",
        "oracles",
    }
    of_highs = {"bracket", "dispatch", "groups", "heuristics", "highs", "model", "program", "unit"}
    if path.stem in of_highs and path.parent.name == "horizon":
        outside -= {"highspy", "numpy"}  # the solver of coupled periods
    assert not top_levels(path) & outside


def test_a_horizon_loads_highs_only_where_its_periods_are_coupled() -> None:
    plant = {"name": "a", "type": "b", "cost(euro/MWh)": 1, "pmin": 0, "pmax": 9}
    payload = {"load": [5], "fuels": {}, "powerplants": [plant]}
    modules = ("planning", "library", "answering", "reporting", "auditing", "schemas")
    imports = ", ".join(f"powerplant.horizon.{module}" for module in modules)
    statement = f"import powerplant, {imports}; powerplant.plan_horizon({payload!r})"
    assert not loaded_by(statement) & {"highspy", "numpy"}


def test_the_verification_of_a_horizon_imports_neither_the_model_nor_the_search() -> None:
    taken = imported(PACKAGE / "horizon" / "verification.py")
    assert {module for module in taken if module.startswith("powerplant")} == {
        "powerplant.horizon.instance",
        "powerplant.horizon.plan",
    }
