"""Which modules a file imports, and which an interpreter loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(path: Path) -> Iterator[str]:
    """The absolute names of the modules that a file of the project imports, inside functions and for types too."""
    package = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: -node.level]) if node.level else ""
            yield ".".join(filter(None, [above, node.module]))


def loaded_by(statements: str) -> set[str]:
    """The names of the modules, and of their packages, that a new interpreter loads for these statements."""
    program = f"import sys; before = set(sys.modules); {statements}; print('\\n', *(set(sys.modules) - before))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    modules = run.stdout.splitlines()[-1].split()
    return {*modules, *(module.partition(".")[0] for module in modules)}
