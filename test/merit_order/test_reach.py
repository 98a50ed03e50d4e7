"""Reaches compared with plain sets of sums: possible outputs, gaps, and commitments."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence
from time import perf_counter

import hypothesis.strategies as st
import pytest
from hypothesis import given
from solving import cut_off, unit_list
from strategies import PlainUnit, fleets

from powerplant.merit_order import Unit, reach
from powerplant.merit_order.clock import Clock, TimeLimitPassed, TooLarge
from powerplant.merit_order.reach import NOTHING, Bits, Group, Intervals, Reach

NEVER = Clock()
TERA = 10**12


def sums_of(units: Sequence[Unit]) -> set[int]:
    """Every sum of outputs."""
    sums = {0}
    for _, low, high in units:
        sums |= {total + output for total in sums for output in range(low, high + 1)}
    return sums


def capacity_of(units: Sequence[Unit]) -> int:
    return sum(unit.max_output for unit in units)


def group_of(units: Sequence[Unit], clock: Clock = NEVER) -> Group:
    return reach.group_of(units, capacity_of(units), clock)


def reaches_of(units: Sequence[Unit], limit: int, clock: Clock = NEVER) -> list[Reach]:
    """The reach of the first 0, 1, 2, ... units."""
    reaches: list[Reach] = [NOTHING]
    for unit in units:
        reaches.append(reaches[-1].with_unit(unit, limit, clock))
    return reaches


def can_make(units: Sequence[Unit], committed: Sequence[bool], output: int) -> bool:
    running = [unit for unit, on in zip(units, committed, strict=True) if on]
    return sum(unit.min_output for unit in running) <= output <= capacity_of(running)


# --- Both ways to hold a reach ---------------------------------------------------------------------------------------


def same_as(reach: Reach, sums: set[int], limit: int) -> None:
    """Asserts that, up to a limit, a reach contains exactly these sums."""
    for output in range(limit + 1):
        assert reach.floor(output) == max(total for total in sums if total <= output)
        above = [total for total in sums if output <= total <= limit]
        found = reach.ceil(output)
        if above:
            assert found == min(above)
        else:
            assert found is None or found > limit


@given(fleets(max_units=5, largest=20), st.data())
def test_intervals_and_bits_contain_exactly_the_sums_of_a_fleet(units: list[PlainUnit], data: st.DataObject) -> None:
    fleet = unit_list(units)
    sums = sums_of(fleet)
    limit = data.draw(st.integers(0, capacity_of(fleet)))
    intervals: Reach = NOTHING
    bits: Reach = Bits(1, (1 << limit + 1) - 1)
    for unit in fleet:
        intervals, bits = intervals.with_unit(unit, limit, NEVER), bits.with_unit(unit, limit, NEVER)
    same_as(intervals, sums, limit)
    same_as(bits, sums, limit)


def test_a_reach_of_many_intervals_becomes_bits() -> None:
    """No two sums of powers of three are adjacent, so each unit doubles the number of intervals."""
    units = [Unit(0, 3**power, 3**power) for power in range(7)]
    limit = capacity_of(units)
    kinds = [type(reach) for reach in reaches_of(units, limit)]
    assert kinds[0] is Intervals
    assert kinds[-1] is Bits
    assert kinds == sorted(kinds, key=[Intervals, Bits].index)
    for count, of_first in enumerate(reaches_of(units, limit)):
        same_as(of_first, sums_of(units[:count]), limit)


def test_ranges_that_meet_or_overlap_are_one_interval() -> None:
    for units in ([Unit(0, 1, 5)], [Unit(0, 2, 4), Unit(0, 1, 1)], [Unit(0, 1, 1), Unit(0, 2, 4)], [Unit(0, 0, 5)]):
        assert reaches_of(units, TERA)[-1] == Intervals([(0, 5)])
    assert reaches_of([Unit(0, 3, 5), Unit(0, 4, 7)], TERA)[-1] == Intervals([(0, 0), (3, 12)])
    # The range of the second unit is inside that of the first.
    assert reaches_of([Unit(0, 3, 20), Unit(0, 4, 5)], TERA)[-1] == Intervals([(0, 0), (3, 25)])


def test_outputs_above_the_limit_are_ignored() -> None:
    bits: Reach = Bits(1, (1 << 101) - 1)
    giants = [Unit(0, 101, 101), Unit(0, TERA, TERA), Unit(0, 10**40, 10**41)]
    for unit in [Unit(0, 3, 3), *giants, Unit(0, 98, TERA), Unit(0, 99, 10**40)]:
        bits = bits.with_unit(unit, 100, NEVER)
    same_as(bits, {0, 3, 98, 99, 100}, 100)
    reach = reaches_of([Unit(0, 3**power, 10**40 if power == 4 else 3**power) for power in range(6)], 90, NEVER)
    same_as(reach[-1], {*sums_of([Unit(0, 3**power, 3**power) for power in range(4)]), *range(81, 91)}, 90)


def test_intervals_may_have_any_size() -> None:
    units = [Unit(0, 9 * TERA, 10 * TERA)] * 40 + [Unit(0, 0, TERA)]
    reach = reaches_of(units, capacity_of(units))[-1]
    assert isinstance(reach, Intervals)
    assert (reach.floor(9 * TERA - 1), reach.ceil(TERA + 1)) == (TERA, 9 * TERA)
    assert (reach.floor(401 * TERA), reach.ceil(401 * TERA), reach.ceil(401 * TERA + 1)) == (
        401 * TERA,
        401 * TERA,
        None,
    )


# --- Groups ----------------------------------------------------------------------------------------------------------


@given(fleets(max_units=6, largest=15), st.randoms(use_true_random=False))
def test_a_group_finds_every_gap_and_a_commitment_for_every_other_output(
    units: list[PlainUnit], rng: random.Random
) -> None:
    """In random order, because a group keeps what it has computed."""
    fleet = unit_list(units)
    group, sums = group_of(fleet), sums_of(fleet)
    outputs = range(group.capacity + 1)
    for output in rng.sample(outputs, min(len(outputs), 40)):
        gap, committed = group.gap_around(output), group.commit(output)
        if output in sums:
            assert gap is None
            assert committed is not None
            assert can_make(fleet, committed, output)
        else:
            below, above = (
                max(total for total in sums if total < output),
                min(total for total in sums if total > output),
            )
            assert gap == (below, above)
            assert committed is None


def test_a_group_that_computed_small_outputs_still_finds_larger_ones() -> None:
    group = group_of([Unit(1, output, output) for output in (10, 11, 100, 200)])
    assert group.gap_around(5) == (0, 10)
    assert group.gap_around(250) == (221, 300)
    assert group.gap_around(90) == (21, 100)
    assert group.gap_around(320) == (311, 321)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(1, 6))
def test_equal_units_are_counted(low: int, more: int, count: int) -> None:
    units = [Unit(cost, low, low + more) for cost in range(count)]
    group, sums = group_of(units), sums_of(units)
    for output in range(group.capacity + 1):
        committed = group.commit(output)
        assert (group.gap_around(output) is None) is (committed is not None) is (output in sums)
        if committed is not None:
            assert can_make(units, committed, output)
            # The first units, and as few as possible.
            assert committed == sorted(committed, reverse=True)
            running = sum(committed)
            assert not running or output > (running - 1) * (low + more)


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_equal_units_are_counted_at_any_size(count: int) -> None:
    group = group_of([Unit(1, 9 * TERA, 10 * TERA)] * count)
    assert group.commit(0) == [False] * count
    assert group.gap_around(1) == (0, 9 * TERA)
    assert group.gap_around(9 * TERA) is None
    assert group.commit(9 * TERA - 1) is None
    if count > 1:
        assert group.gap_around(15 * TERA) == (10 * TERA, 18 * TERA)
        assert group.commit(19 * TERA) == [True, True] + [False] * (count - 2)
    assert group.commit(count * 10 * TERA) == [True] * count


@pytest.mark.parametrize(
    ("output", "gap", "committed"),
    [
        (0, None, [False, False, False]),
        (TERA - 1, (7, TERA), None),
        (TERA, None, [True, False, False]),
        (TERA + 8, (TERA + 7, 3 * TERA - 1), None),
        (3 * TERA, None, [False, True, False]),
        (3 * TERA + 3, None, [False, True, True]),
        (4 * TERA - 1, None, [True, True, False]),
        (4 * TERA + 6, None, [True, True, True]),
        (4 * TERA + 7, None, [True, True, True]),
    ],
)
def test_different_units_may_have_any_size(
    output: int, gap: tuple[int, int] | None, committed: list[bool] | None
) -> None:
    group = group_of([Unit(1, TERA, TERA), Unit(1, 3 * TERA - 1, 3 * TERA), Unit(1, 0, 7)])
    assert group.gap_around(output) == gap
    assert group.commit(output) == committed


def test_units_with_maximum_0_change_no_reach() -> None:
    never = [Unit(1, 0, 0)] * 3
    group = group_of(never)
    assert (group.capacity, group.gap_around(0), group.commit(0)) == (0, None, [False] * 3)
    group = group_of([*never, Unit(1, 5, 6), *never])
    assert [group.gap_around(output) for output in range(7)] == [None, *[(0, 5)] * 4, None, None]


@given(st.integers(0, 10**6))
def test_a_large_group_finds_a_commitment_like_a_small_one(seed: int) -> None:
    """First a few units around the partly loaded one are tried, then more, at last all of them."""
    rng = random.Random(seed)
    units = [Unit(0, 2 * size, 2 * size) for size in rng.choices(range(40, 60), k=60)]
    units.insert(rng.randrange(61), Unit(0, 1, 1))
    group = group_of(units)
    for output in (2 * rng.randrange(1000, 2000), 2 * rng.randrange(1000, 2000) + 1):
        committed = group.commit(output)
        assert committed is not None
        assert can_make(units, committed, output)
        assert group.gap_around(output) is None
    assert group.gap_around(2) == (1, 2 * min(unit.min_output // 2 for unit in units if unit.min_output > 1))


@given(st.integers(1, 30), st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_blocks_with_a_common_divisor_find_every_gap(divisor: int, outputs: list[int]) -> None:
    units = [Unit(0, output * divisor, output * divisor) for output in outputs]
    group, sums = group_of(units), sums_of(units)
    for output in range(group.capacity + 1):
        below, above = max(s for s in sums if s <= output), min(s for s in sums if s >= output)
        assert group.gap_around(output) == (None if below == above else (below, above))


def test_an_odd_output_of_ten_thousand_even_blocks_is_excluded_without_a_set_of_sums() -> None:
    rng = random.Random(0)
    units = [Unit(0, size, size) for size in (2 * rng.randrange(50, 5000) for _ in range(10_000))]
    output = capacity_of(units) // 2 | 1
    tracemalloc.start()
    with cut_off(10):
        assert group_of(units).commit(output) is None
        assert group_of(units).gap_around(output) == (output - 1, output + 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


def test_a_reach_above_the_memory_limit_raises_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """This is about bits. Intervals may have any size, and a few units may be enough for an output."""
    monkeypatch.setattr(reach, "REACH_BITS", 100_000)
    units = [Unit(0, 10 * 3**power, 10 * 3**power) for power in range(12)]
    group = group_of(units)
    with pytest.raises(TooLarge):
        group.gap_around(group.capacity - 1)
    assert group.commit(group.capacity) == [True] * 12
    assert group.commit(40) == [True, True] + [False] * 10
    assert group_of([Unit(0, 9000, 9999)] * 40 + [Unit(0, 0, 2000)]).gap_around(300_000) is None


@pytest.mark.parametrize("units", [[Unit(0, 20, 20), Unit(0, 31, 31)], [Unit(0, 2, 2), Unit(0, 9, 10), Unit(0, 7, 7)]])
def test_a_group_stops_at_the_time_limit(units: list[Unit]) -> None:
    for ask in (group_of(units, Clock(perf_counter() - 1, 0)).commit, group_of(units, Clock(-1, 0)).gap_around):
        with pytest.raises(TimeLimitPassed):
            ask(8)
    with pytest.raises(TimeLimitPassed):
        reaches_of(units, 8, Clock(perf_counter() - 1, 0))
