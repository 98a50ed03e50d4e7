"""What an interrupted run leaves is a beginning of what the whole run writes, wherever it was cut."""

from __future__ import annotations

import gzip
import io
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from powerplant.batch import results, resuming
from powerplant.batch.planner import NotOfThisBatch
from powerplant.batch.results import CompressedResults, PlainResults
from powerplant.batch.resuming import cut, kept_answers

LINES = [b'{"line":%d,"x":"%s"}\n' % (number, b"y" * (number % 7)) for number in range(1, 24)]


@pytest.fixture(autouse=True)
def small_members(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (results, resuming):
        monkeypatch.setattr(module, "MEMBER", 5)


def write(path: Path, lines: list[bytes], mode: str = "wb") -> None:
    file = path.open(mode)
    writer = CompressedResults(file) if path.suffix == ".gz" else PlainResults(file)  # type: ignore[arg-type]
    for start in range(0, len(lines), 3):
        writer.write(b"".join(lines[start : start + 3]))
    writer.close()


@pytest.mark.parametrize("name", ["plans.jsonl", "plans.jsonl.gz"])
def test_from_each_byte_on_the_rest_makes_the_same_file(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resuming, "BLOCK", 16)
    path = tmp_path / name
    write(path, LINES)
    whole = path.read_bytes()
    most_kept = []
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        with path.open("r+b") as file:
            cut(file, compressed=name.endswith(".gz"))
        kept = list(kept_answers(path))
        assert kept == LINES[: len(kept)]
        most_kept.append(len(kept))
        write(path, LINES[len(kept) :], "ab")
        assert path.read_bytes() == whole
    assert most_kept == sorted(most_kept)
    assert most_kept[-1] == (20 if name.endswith(".gz") else 23)


def test_a_compressed_file_is_one_for_everybody(tmp_path: Path) -> None:
    write(tmp_path / "plans.jsonl.gz", LINES)
    assert gzip.decompress((tmp_path / "plans.jsonl.gz").read_bytes()) == b"".join(LINES)


class InterruptedOnce(io.BytesIO):
    """A file behind whose first write somebody presses Ctrl-C, and that keeps what it holds when it is closed."""

    left: bytes | None = None

    def write(self, content: Any, /) -> int:
        written = super().write(content)
        if self.left is None:
            self.left = b""
            raise KeyboardInterrupt
        return written

    def close(self) -> None:
        self.left = self.getvalue()
        super().close()


def test_an_interruption_behind_a_member_does_not_write_it_twice(tmp_path: Path) -> None:
    file, path = InterruptedOnce(), tmp_path / "plans.jsonl.gz"
    writer = CompressedResults(file)
    with pytest.raises(KeyboardInterrupt), closing(writer):
        writer.write(b"".join(LINES[:7]))
    path.write_bytes(file.left or b"")
    with path.open("r+b") as left:
        cut(left, compressed=True)
    kept = list(kept_answers(path))
    assert kept == LINES[: len(kept)]


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize(
    "content", [b"a file that somebody needs\n", gzip.compress(b"so is this one\n", mtime=0), b"\x1f\x8b\x08 no"]
)
def test_a_file_that_is_none_of_ours_is_left_alone(compressed: bool, content: bytes) -> None:
    file = io.BytesIO(content)
    with pytest.raises(NotOfThisBatch, match="no file of answers"):
        cut(file, compressed=compressed)
    assert file.getvalue() == content


def test_plain_answers_leave_the_program_at_once(tmp_path: Path) -> None:
    path = tmp_path / "plans.jsonl"
    writer = PlainResults(path.open("wb"))
    writer.write(LINES[0])
    assert path.read_bytes() == LINES[0]
    writer.close()
