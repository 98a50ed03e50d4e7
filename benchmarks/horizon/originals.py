"""The files of others: pglib-uc (Kazarlis, RTS-GMLC, California) and UnitCommitment.jl (OR-Library, Tejada)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Original = dict[str, Any]
"""A file of pglib-uc or UnitCommitment.jl, as JSON."""


def is_pglib(original: Original) -> bool:
    """Whether it is of pglib-uc; of UnitCommitment.jl otherwise.

    Raises:
        ValueError: it is neither.
    """
    if "thermal_generators" in original:
        return True
    if "Generators" not in original:
        raise ValueError("neither thermal_generators (pglib-uc) nor Generators (UnitCommitment.jl)")
    return False


def read_original(path: Path) -> Original:
    """Read a file, compressed or not."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        original: Original = json.load(file)
    return original


def name_of(path: Path) -> str:
    """A short name of the instance in a file."""
    name = path.name.removesuffix(".gz").removesuffix(".json")
    for long, short in (
        ("_pwl8_pglibformat", ""),
        ("_0_", "_"),
        ("_w", ""),
        ("tejada19_UC", "tejada"),
        ("or-lib", "orlib"),
    ):
        name = name.replace(long, short)
    return name


def files_in(folder: Path) -> Iterator[Path]:
    """The files of both formats in a folder and below, by name."""
    for path in sorted(folder.rglob("*.json*")):
        if path.name.endswith((".json", ".json.gz")) and {"thermal_generators", "Generators"} & {*read_original(path)}:
            yield path
