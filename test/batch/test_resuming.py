"""An interrupted run can be resumed from its checkpoint, and only with the same input, fleet and options."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from batches import FLEET, hours, ndjson, payload

from powerplant.batch.planner import Answered, Rules, plan_chunk
from powerplant.batch.reading import Chunk, Line, read_chunks
from powerplant.batch.resuming import CannotResume, Results, checkpoint_of
from powerplant.batch.tally import Tally
from powerplant.planning import Options

RULES = Rules(Options(), max_plants=100, max_line=10_000)
CONTENTS = [{"powerplants": FLEET}, *hours(30), b"x", payload(480)]
COUNTS = slice(0, 7)
"""The members of a tally that do not depend on time."""


def read(contents: Sequence[Any], size: int = 7) -> list[Chunk]:
    """Lines in chunks of this size."""
    chunks = read_chunks(io.BytesIO(ndjson(contents)), RULES.max_line)
    return [c._replace(lines=c.lines[i : i + size]) for c in chunks for i in range(0, len(c.lines), size)]


def write(path: Path, chunks: Sequence[Chunk], *, stop: int | None = None, resume: bool = False) -> Tally:
    """Plan chunks and write the answers; if ``stop`` is given, stop after so many chunks, as if killed."""
    with path.open("ab") as file:
        results = Results(file, path, RULES, None)
        left = iter(chunks)
        if resume:
            left = results.resume(left)
        else:
            results.begin()
        for number, chunk in enumerate(left):
            if number == stop:
                return results.tally
            results.write(chunk, plan_chunk(chunk, RULES, patience=60))
        results.finish()
    return results.tally


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plans.jsonl"


@pytest.mark.parametrize("stop", range(5))
@pytest.mark.parametrize("torn", [b"", b'{"line":', b'{"line":1,"plan":[]}\n'])
def test_a_resumed_run_writes_the_bytes_and_counts_of_an_uninterrupted_one(path: Path, stop: int, torn: bytes) -> None:
    whole = write(path, read(CONTENTS))
    expected = path.read_bytes()
    assert not checkpoint_of(path).exists()
    write(path, read(CONTENTS), stop=stop)
    with path.open("ab") as file:
        file.write(torn)  # written after the last checkpoint
    resumed = write(path, read(CONTENTS, size=4), resume=True)
    assert path.read_bytes() == expected
    assert resumed[COUNTS] == whole[COUNTS]
    assert not checkpoint_of(path).exists()


@pytest.mark.parametrize("count", [0, 1, 3, 6])
def test_a_part_of_a_chunk_can_be_the_last_one(path: Path, count: int) -> None:
    write(path, read(CONTENTS))
    expected = path.read_bytes()
    (first, *_) = read(CONTENTS)
    with path.open("ab") as file:
        results = Results(file, path, RULES, None)
        results.begin()
        part = plan_chunk(first._replace(lines=first.lines[:count]), RULES)
        results.write(first, part)
    write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == expected


@pytest.mark.parametrize(
    "contents",
    [
        [{"powerplants": FLEET[:3]}, *CONTENTS[1:]],
        [*CONTENTS[:3], payload(481), *CONTENTS[4:]],
        [b"", *CONTENTS],
        CONTENTS[:5],
        [],
    ],
    ids=["another fleet", "another line", "a blank line more", "too few lines", "no line"],
)
def test_other_input_is_refused_and_nothing_is_lost(path: Path, contents: list[Any]) -> None:
    write(path, read(CONTENTS), stop=2)
    left, checkpoint = path.read_bytes(), checkpoint_of(path).read_bytes()
    with pytest.raises(CannotResume, match="other input"):
        write(path, read(contents), resume=True)
    assert (path.read_bytes(), checkpoint_of(path).read_bytes()) == (left, checkpoint)


def test_other_options_or_another_fleet_are_refused(path: Path) -> None:
    write(path, read(CONTENTS), stop=2)
    without_co2 = RULES._replace(options=Options(co2=False))
    for rules, fleet in ((without_co2, None), (RULES, Line(0, b"{}"))):
        with path.open("ab") as file, pytest.raises(CannotResume, match="other options"):
            Results(file, path, rules, fleet).resume(iter(read(CONTENTS)))


def test_lines_that_were_appended_to_the_input_are_planned(path: Path) -> None:
    write(path, read(CONTENTS), stop=3)
    write(path, read([*CONTENTS, payload(490)]), resume=True)
    left = path.read_bytes()
    write(path, read([*CONTENTS, payload(490)]))
    assert path.read_bytes() == left


@pytest.mark.parametrize(
    "checkpoint", [None, b"", b"{}", b"not JSON", b'{"size": "x"}', b'{"line": %s}' % (b"9" * 10_000)]
)
def test_without_a_valid_checkpoint_nothing_is_resumed(path: Path, checkpoint: bytes | None) -> None:
    path.write_bytes(b"a file that somebody needs\n")
    if checkpoint is not None:
        checkpoint_of(path).write_bytes(checkpoint)
    with pytest.raises(CannotResume, match="finished, or not the result"):
        write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == b"a file that somebody needs\n"


def test_a_file_that_is_shorter_than_its_checkpoint_is_refused(path: Path) -> None:
    write(path, read(CONTENTS), stop=3)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CannotResume, match="shorter"):
        write(path, read(CONTENTS), resume=True)


@pytest.mark.parametrize("part", [b'"cost":', b'"problem":', b'"p":', b'"line":'])
def test_answers_that_somebody_has_changed_are_refused(path: Path, part: bytes) -> None:
    write(path, read(CONTENTS), stop=3)
    left = path.read_bytes()
    end = left.index(part) + len(part)
    changed = left[:end] + bytes([left[end] ^ 1]) + left[end + 1 :]
    path.write_bytes(changed)
    with pytest.raises(CannotResume, match="its answers are not those that the run wrote"):
        write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == changed


def test_a_run_that_is_resumed_can_be_interrupted_and_resumed_again(path: Path) -> None:
    write(path, read(CONTENTS))
    expected = path.read_bytes()
    write(path, read(CONTENTS), stop=1)
    for _ in range(3):
        write(path, read(CONTENTS), stop=1, resume=True)
    write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == expected


@pytest.mark.parametrize("digits", [4000, 10_000])
@pytest.mark.parametrize("member", ["size", "line", *(name for name in Tally._fields if name != "first_fault")])
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_checkpoint_with_an_absurd_number_is_refused(path: Path, member: str, digits: int, sign: str) -> None:
    write(path, read(CONTENTS), stop=3)
    checkpoint = json.loads(checkpoint_of(path).read_bytes())
    if member in checkpoint:
        checkpoint[member] = "absurd"
    else:
        checkpoint["tally"][Tally._fields.index(member)] = "absurd"
    absurd = json.dumps(checkpoint).replace('"absurd"', sign + "9" * digits)
    checkpoint_of(path).write_text(absurd)
    left = path.read_bytes()
    with pytest.raises(CannotResume):
        write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == left


def test_an_answer_with_an_absurd_number_is_refused(path: Path) -> None:
    write(path, read(CONTENTS), stop=3)
    path.write_bytes(path.read_bytes().replace(b'"line":3', b'"line":' + b"3" * 10_000))
    with pytest.raises(CannotResume, match="its answers"):
        write(path, read(CONTENTS), resume=True)


def test_links_to_one_file_have_one_checkpoint(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to(path)
    assert checkpoint_of(link) == checkpoint_of(path)


def test_an_empty_file_is_begun(path: Path) -> None:
    write(path, read(CONTENTS))
    expected = path.read_bytes()
    path.write_bytes(b"")
    write(path, read(CONTENTS), resume=True)
    assert path.read_bytes() == expected


def test_a_stream_has_no_checkpoint() -> None:
    stream = io.BytesIO()
    results = Results(stream, None, RULES, None)
    results.write(Chunk([Line(1, b"")]), Answered(1, b"answer\n", Tally(plans=1)))
    results.finish()
    assert (stream.getvalue(), results.tally.plans) == (b"answer\n", 1)
