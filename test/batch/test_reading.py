"""Lines: numbered as an editor numbers them, whole, and in memory that does not grow."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerplant.batch import reading
from powerplant.batch.reading import MAX_FLEETS, MAX_LINES, Line, is_fleet, read_chunks, read_lines
from powerplant.workers import LARGE

MAX_LINE = 1000


class Trickle:
    """A stream that gives so many bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        self._content, self._step = io.BytesIO(content), step

    def read1(self, size: int, /) -> bytes:
        return self._content.read(min(size, self._step))


def lines_of(content: bytes, step: int = 1 << 20, max_line: int = MAX_LINE) -> list[Line]:
    return [line for lines in read_lines(Trickle(content, step), max_line) for line in lines]


def test_lines_are_numbered_from_one_and_blank_ones_count() -> None:
    assert lines_of(b"a\n\n  \t\r\nb\n") == [Line(1, b"a"), Line(4, b"b")]


def test_the_last_line_needs_no_end() -> None:
    assert lines_of(b"a\nb") == [Line(1, b"a"), Line(2, b"b")]


def test_a_byte_order_mark_before_the_first_line_is_ignored() -> None:
    assert lines_of(b"\xef\xbb\xbfa\n") == [Line(1, b"a")]


@pytest.mark.parametrize("step", [1, 2, 3, 4, 100])
def test_a_fleet_behind_a_byte_order_mark_is_one_however_it_arrives(step: int) -> None:
    fleet = b'{"powerplants": []}'
    (chunk,) = read_chunks(Trickle(b"\xef\xbb\xbf" + fleet, step), MAX_LINE)
    assert chunk.fleet == Line(1, fleet)


def test_nothing_of_a_line_that_is_too_long_is_kept() -> None:
    assert lines_of(b"a\n" + b"x" * 11 + b"\nb\n" + b"x" * 10, 4, max_line=10) == [
        Line(1, b"a"),
        Line(2, None),
        Line(3, b"b"),
        Line(4, b"x" * 10),
    ]
    assert lines_of(b"x" * 11, 4, max_line=10) == [Line(1, None)]


@given(st.lists(st.sampled_from([b"", b" ", b"a", b"xyz", b"x" * 10, b"y" * 11]), max_size=8), st.integers(1, 9))
def test_lines_are_the_same_however_they_arrive(contents: list[bytes], step: int) -> None:
    whole = b"\n".join(contents)
    expected = [
        Line(number, content if len(content) <= 10 else None)
        for number, content in enumerate(contents, start=1)
        if content.strip()
    ]
    assert lines_of(whole, step, max_line=10) == expected


def test_a_line_is_available_as_soon_as_it_has_arrived() -> None:
    stream = Trickle(b"a\nb\nc\n", 2)
    lines = read_lines(stream, MAX_LINE)
    assert next(lines) == [Line(1, b"a")]
    assert stream.read1(10) == b"b\n"


def test_the_lines_of_a_chunk_are_limited() -> None:
    chunks = list(read_chunks(io.BytesIO(b"1\n" * (2 * MAX_LINES + 1)), MAX_LINE))
    assert [len(chunk.lines) for chunk in chunks] == [MAX_LINES, MAX_LINES, 1]
    assert [line.number for chunk in chunks for line in chunk.lines] == list(range(1, 2 * MAX_LINES + 2))


def test_a_chunk_with_a_large_fleet_has_few_lines() -> None:
    def lengths(size: int) -> set[int]:
        fleet = b'{"powerplants": []%s}' % (b" " * size)
        chunks = read_chunks(io.BytesIO(fleet + b"\n1" * 1000), 10 * MAX_FLEETS)
        return {len(chunk.lines) for chunk in chunks}

    assert max(lengths(1000)) == MAX_LINES
    assert 15 <= max(lengths(MAX_FLEETS // 20)) <= 20
    assert lengths(2 * MAX_FLEETS) == {1}


def test_a_first_line_with_power_plants_alone_is_shared_by_all_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_LINES", 2)
    fleet = b'{"powerplants": []}'
    chunks = list(read_chunks(io.BytesIO(b"\n" + fleet + b"\na\nb\n" + fleet + b"\n"), MAX_LINE))
    assert [chunk.fleet for chunk in chunks] == [Line(2, fleet)] * 2


@pytest.mark.parametrize(
    "line",
    [{"load": 1, "powerplants": []}, {"fuels": {}, "powerplants": []}, {"load": 1}, [], "powerplants", 1],
    ids=str,
)
def test_a_line_with_load_or_fuels_is_not_a_fleet(line: object) -> None:
    assert not is_fleet(json.dumps(line).encode())


@pytest.mark.parametrize("more", [0, LARGE])
def test_a_fleet_of_any_size_is_a_line_without_load_and_fuels(more: int) -> None:
    plants = [{"name": "load", "type": "fuels", "comment": "x" * more}]
    assert is_fleet(json.dumps({"powerplants": plants}).encode())
    for key in ("load", "fuels"):
        assert not is_fleet(json.dumps({"powerplants": plants, key: 1}).encode())
        assert not is_fleet(json.dumps({key: 1, "powerplants": plants}, separators=(" , ", " : ")).encode())


def test_a_line_that_is_not_json_is_not_a_fleet() -> None:
    assert not is_fleet(b'{"powerplants": [')
    assert not is_fleet(None)
