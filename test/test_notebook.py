"""The notebook in docs, with the optional group `notebook`: it runs, and prints what it shows."""

from __future__ import annotations

import os
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

REASON = "a package is missing: poetry install --with notebook"
nbclient = pytest.importorskip("nbclient", reason=REASON)
nbformat = pytest.importorskip("nbformat", reason=REASON)
for package in ("ipykernel", "matplotlib", "pandas"):
    pytest.importorskip(package, reason=REASON)

NOTEBOOK = Path(__file__).parents[1] / "docs" / "day.ipynb"


def printed(notebook: Any) -> list[list[str]]:
    """The texts that each cell shows."""
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    return [[output.get("text") or output.data["text/plain"] for output in shown] for shown in outputs]


# ipykernel and its client warn about their own future.
@pytest.mark.filterwarnings("default")
def test_the_notebook_prints_what_it_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = [str(NOTEBOOK.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "jupyter"))
    kept = nbformat.read(NOTEBOOK, as_version=4)
    assert sum("image/png" in output.get("data", {}) for cell in kept.cells for output in cell.get("outputs", [])) == 1
    executed = nbclient.NotebookClient(
        deepcopy(kept), timeout=120, resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert printed(executed) == printed(kept)
