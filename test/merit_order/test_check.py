"""The check of proofs: it accepts true proofs, and rejects every false one.

The bound of a leaf is computed here a second time, output by output, as :mod:`powerplant.merit_order.proof` defines it.
"""

from __future__ import annotations

import ast
import sys
import tracemalloc
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given
from oracles import brute_force, reachable
from solving import answer, as_units, cut_off, finished, unit_list, usable
from strategies import PlainUnit, fleets, instances

from benchmarks.families import FAMILIES
from powerplant.merit_order import Infeasible, Solution, Unit, check, check_proof
from powerplant.merit_order.bracket import Bracket
from powerplant.merit_order.clock import Clock
from powerplant.merit_order.counting import by_counting
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.proof import Bound, CountSplit, Empty, OutputSplit, Proof, Recomputed, Step, weight_of
from powerplant.merit_order.solver import by_reach

BIG, SMALL, WIND = Unit(3, 50, 100), Unit(5, 0, 40), Unit(0, 20, 20)
ENGINES = [Unit(3, 20, 30), Unit(3, 20, 30), Unit(5, 0, 100)]
BLOCKS = [Unit(3, 20, 20), Unit(3, 30, 30), Unit(3, 40, 40)]

SIZES = [13, 45, 10, 15, 56, 35, 55, 60, 52, 50, 10, 49]
EACH_COUNTS = [Unit(3000 + 60_000 // size, size, size) for size in SIZES], 120
"""The cost of each unit is mostly that of being on, and two of them do not reach the load."""

PROVEN: dict[str, tuple[tuple[Sequence[tuple[int, int, int]], int], str, list[type[Step]]]] = {
    "no units": (([], 0), "merit order", [Bound]),
    "a load of nothing": (([BIG], 0), "merit order", [Bound]),
    "merit order": (([BIG, SMALL, WIND], 120), "merit order", [Bound]),
    "splits of one unit": (([BIG, SMALL, WIND], 60), "search", [OutputSplit, Bound, Empty]),
    "a split of two units": ((ENGINES, 35), "search", [OutputSplit, Bound, Empty]),
    "a longer search": (FAMILIES["types"](8, 1), "search", [OutputSplit, Bound, Empty]),
    "counting": (FAMILIES["counted"](8, 0), "counting", [CountSplit, Bound, Empty]),
    "counting two sizes": (FAMILIES["counted_two_sizes"](8, 0), "counting", [CountSplit, Bound, Empty]),
    "above capacity": (([BIG, SMALL, WIND], 161), "merit order", [Empty]),
    "below minimum": (([BIG, WIND], 19), "merit order", [Empty]),
    "below what is too large": (([BIG, WIND], 49), "merit order", [Empty]),
    "in a gap": (([Unit(3, 50, 60), WIND], 65), "search", [OutputSplit, Empty]),
    "counting from below": (FAMILIES["near_infeasible"](8, 0), "counting", [CountSplit, Bound, Empty]),
    "each counts as one": (EACH_COUNTS, "counting", [CountSplit, Bound, Empty]),
    "no count": (FAMILIES["counted_no_plan"](8, 0), "counting", [CountSplit, Empty]),
    "unreachable": (FAMILIES["gap"](8, 1), "search", [Empty]),
}
"""Fleets, with the method of the proof and the kinds of its steps."""

every_proof = pytest.mark.parametrize("name", PROVEN)


class Proven(NamedTuple):
    """A fleet, and its proof."""

    units: list[Unit]
    load: int
    cost: int | None
    steps: tuple[Step, ...]

    def accepts(self, *steps: Any) -> bool:
        """Whether these steps also prove the claim."""
        return check_proof(self.units, self.load, self.cost, Proof("search", steps))

    def with_step(self, place: int, *steps: Any) -> tuple[Any, ...]:
        """The steps, with one of them replaced."""
        return *self.steps[:place], *steps, *self.steps[place + 1 :]


def proven(units: Sequence[tuple[int, int, int]], load: int) -> Proven:
    answered = answer(units, load)
    cost = None if isinstance(answered, Infeasible) else answered.cost
    return Proven(usable(units, load), load, cost, answered.proof.steps)


def named(name: str) -> Proven:
    (units, load), _, _ = PROVEN[name]
    answered = result_of(name)
    return Proven(
        usable(units, load), load, answered.cost if isinstance(answered, Solution) else None, answered.proof.steps
    )


def result_of(name: str) -> Solution | Infeasible:
    """The solver's answer. The fleets for counting are so small that the search would end first."""
    (units, load), method, kinds = PROVEN[name]
    if method != "counting" and kinds != [Empty]:
        return answer(units, load)
    merit_order = MeritOrder(unit_list(units)).usable_under(load)
    if not load <= merit_order.total:
        return answer(units, load)
    bracket = Bracket(merit_order, merit_order.relaxed_fill(load), load, Clock())
    result = finished(by_counting(bracket)) or by_reach(bracket)
    assert result is not None
    return result


# --- The bound of a leaf, computed independently ---------------------------------------------------------------------


class Region(NamedTuple):
    """The plans under some splits: ranges of outputs by marginal cost, and the side of a count split."""

    outputs: dict[int, range]
    row: CountSplit | None
    beyond: CountSplit | None = None


ALL = Region({}, None)


def sides(units: Sequence[Unit], region: Region, split: OutputSplit | CountSplit) -> list[Region]:
    """Both sides of a split, in the order of the steps."""
    if isinstance(split, CountSplit):
        return [region._replace(row=split), region._replace(beyond=None if region.outputs else split)]
    cost = split.marginal_cost
    capacity = sum(unit.max_output for unit in units if unit.marginal_cost == cost)
    outputs = region.outputs.get(cost, range(capacity + 1))
    region = region._replace(beyond=None)  # the weight of a split class is not known
    below = region._replace(outputs={**region.outputs, cost: range(outputs.start, split.at_most + 1)})
    above = region._replace(outputs={**region.outputs, cost: range(split.at_least, outputs.stop)})
    return [above, below] if split.at_least_first else [below, above]


def leaves(units: Sequence[Unit], steps: Sequence[Step]) -> Iterator[tuple[int, Region]]:
    """The index of each leaf among the steps, and its region."""
    regions = [ALL]
    for place, step in enumerate(steps):
        region = regions.pop()
        if isinstance(step, OutputSplit | CountSplit):
            regions += reversed(sides(units, region, step))
        else:
            yield place, region


def bound_of(units: Sequence[Unit], load: int, region: Region, leaf: Bound) -> int:
    """The lower bound of a leaf's multipliers on the plans of a region; tries every output."""
    price, charge, scale = leaf
    grain, limit = (-1, 0)
    if charge > 0 and region.row:
        grain, limit = region.row
    elif charge < 0 and region.beyond:
        grain, limit = region.beyond.grain, region.beyond.at_most + 1
    bound = price * load - charge * limit
    for cost, least, most in units:
        if cost not in region.outputs and most:
            toll = charge * weight_of(least, grain)
            bound += min(0, *((cost * scale - price) * output + toll for output in range(least, most + 1)))
    for cost, outputs in region.outputs.items():
        bound += min((cost * scale - price) * output for output in outputs)
    return -(-bound // scale)


def holds_a_plan(units: Sequence[Unit], load: int, region: Region) -> bool:
    """Whether a region without a row has a plan."""
    assert region.row is None
    sums = reachable([unit for unit in units if unit.marginal_cost not in region.outputs], load)
    for cost, outputs in region.outputs.items():
        members = reachable([unit for unit in units if unit.marginal_cost == cost], outputs.stop)
        made = [output for output in outputs if members >> output & 1]
        sums = sum({1 << total + output for total in range(load + 1) if sums >> total & 1 for output in made})
    return bool(sums >> load & 1)


# --- True proofs -----------------------------------------------------------------------------------------------------


@every_proof
def test_the_proofs_of_the_solver_are_accepted(name: str) -> None:
    _, method, kinds = PROVEN[name]
    answered = result_of(name)
    assert answered.proof.method == method
    assert {type(step) for step in answered.proof.steps} == set(kinds)
    assert answered.proof.certified
    assert named(name).accepts(*answered.proof.steps)


@given(instances())
def test_every_certified_proof_is_accepted(instance: tuple[list[PlainUnit], int]) -> None:
    units, load = instance
    answered = answer(units, load)
    assert answered.proof.certified is (answered.proof.method != "core programme")
    assert proven(units, load).accepts(*answered.proof.steps) is answered.proof.certified


def test_a_proof_by_the_core_programme_is_not_certified() -> None:
    units, load = FAMILIES["block_ceiling"](12, 1)
    answered = answer(units, load)
    assert answered.proof == Proof("core programme", (Recomputed(),))
    assert not answered.proof.certified
    assert not proven(units, load).accepts(Recomputed())


def test_the_method_of_a_proof_does_not_matter() -> None:
    units, load, cost, steps = named("splits of one unit")
    for method in ("merit order", "search", "counting", "core programme", "", "trust me"):
        assert check_proof(units, load, cost, Proof(method, steps))
        assert not check_proof(units, load, cost, Proof(method, (Recomputed(),)))


def test_a_proof_written_by_hand_is_accepted() -> None:
    """Two engines produce 0, 20 to 30 or 40 to 60: at 35 one is full and the expensive unit produces 5."""
    by_hand = Proven(ENGINES, 35, 115, ())
    assert by_hand.accepts(OutputSplit(3, 30, 40, True), Empty("outputs"), Bound(5))
    assert by_hand.accepts(OutputSplit(3, 30, 40, False), Bound(5), Empty("outputs"))
    # A deeper tree than necessary, and a leaf with scale 3.
    assert by_hand.accepts(
        OutputSplit(3, 30, 40, False), OutputSplit(3, 0, 20, False), Bound(5), Bound(15, 0, 3), Empty("outputs")
    )
    # A split inside the side of another one: 20 and 10 exceed 25, only because of their lower ends.
    inside = Proven([*ENGINES, Unit(4, 10, 12)], 25, 75, ())
    outer, inner = OutputSplit(4, 0, 10, True), OutputSplit(3, 0, 20, True)
    assert inside.accepts(outer, inner, Empty("outputs"), Bound(5), Bound(3))
    # Counting: two of 20 are too many, and one produces at most 30.
    assert by_hand.accepts(CountSplit(20, 1), Bound(5, 60), Empty("outputs"))


# --- Claims ----------------------------------------------------------------------------------------------------------


@every_proof
def test_a_proof_proves_no_higher_cost_and_no_infeasibility(name: str) -> None:
    units, load, cost, steps = named(name)
    proof = Proof("search", steps)
    if cost is None:
        return
    assert not check_proof(units, load, cost + 1, proof)
    assert not check_proof(units, load, None, proof)
    # A lower bound is also true.
    assert check_proof(units, load, cost - 1, proof)


@every_proof
@pytest.mark.parametrize("made_of", [float, str, lambda cost: [cost], lambda cost: complex(cost)])
def test_a_cost_that_is_not_an_integer_is_rejected(name: str, made_of: Any) -> None:
    units, load, cost, steps = named(name)
    if cost is not None:
        assert not check_proof(units, load, made_of(cost), Proof("search", steps))


# --- Coverage --------------------------------------------------------------------------------------------------------


@every_proof
def test_a_missing_or_repeated_step_is_rejected(name: str) -> None:
    case = named(name)
    for place, step in enumerate(case.steps):
        assert not case.accepts(*case.with_step(place))
        assert not case.accepts(*case.with_step(place, step, step))


@every_proof
def test_missing_or_extra_steps_at_the_end_are_rejected(name: str) -> None:
    case = named(name)
    for length in range(len(case.steps)):
        assert not case.accepts(*case.steps[:length])
    for step in (*case.steps, Bound(0), Empty("outputs"), OutputSplit(3, 0, 50, True), Recomputed(), None):
        assert not case.accepts(*case.steps, step)


@every_proof
def test_a_recomputed_leaf_is_rejected(name: str) -> None:
    case = named(name)
    for place, _ in leaves(case.units, case.steps):
        assert not case.accepts(*case.with_step(place, Recomputed()))


@every_proof
@pytest.mark.parametrize("reason", ["outputs", "unreachable"])
def test_a_leaf_with_a_plan_is_not_accepted_as_empty(name: str, reason: str) -> None:
    case = named(name)
    for place, region in leaves(case.units, case.steps):
        if region.row is None and not isinstance(case.steps[place], Empty):
            accepted = case.accepts(*case.with_step(place, Empty(reason)))
            assert not (accepted and holds_a_plan(case.units, case.load, region))
            assert not (accepted and reason == "unreachable")


def test_the_side_of_a_count_that_has_plans_is_not_accepted_as_empty() -> None:
    case = named("counting")
    split, bound, empty = case.steps
    assert case.accepts(split, bound, empty)
    for reason in ("outputs", "unreachable"):
        assert not case.accepts(split, Empty(reason), empty)
        assert not case.accepts(split, Empty(reason), bound)


@pytest.mark.parametrize(
    ("units", "load", "claim", "split", "first", "then"),
    [
        # One unit, 50 to 100: the cheapest output is in between.
        ([Unit(3, 50, 100), Unit(5, 0, 100)], 60, 181, OutputSplit(3, 59, 61, False), Bound(5), Bound(0)),
        ([Unit(3, 50, 100), Unit(5, 0, 100)], 60, 181, OutputSplit(3, 59, 61, True), Bound(0), Bound(5)),
        ([Unit(3, 50, 100), Unit(5, 0, 100)], 60, 185, OutputSplit(3, 0, 70, False), Bound(5), Bound(0)),
        # The lowest and the highest of its outputs.
        ([Unit(3, 50, 100), Unit(5, 0, 100)], 50, 151, OutputSplit(3, 0, 51, False), Bound(5), Bound(0)),
        ([Unit(3, 50, 99), Unit(5, 0, 60)], 98, 295, OutputSplit(3, 50, 99, False), Bound(5), Bound(0)),
        # Off is an output too.
        ([Unit(3, 50, 100), Unit(2, 0, 60)], 60, 121, OutputSplit(3, -1, 50, False), Empty("outputs"), Bound(0)),
        # Two units of one cost: both of them, or one, produce an output that the split excludes.
        (ENGINES, 50, 151, OutputSplit(3, 30, 51, False), Bound(5), Bound(0)),
        (ENGINES, 25, 76, OutputSplit(3, 24, 26, False), Bound(5), Bound(0)),
        (ENGINES, 20, 61, OutputSplit(3, 0, 21, True), Bound(0), Bound(5)),
        (ENGINES, 30, 91, OutputSplit(3, 29, 40, True), Bound(0), Bound(5)),
        # Blocks of one cost: 20 and 30 together are 50.
        ([*BLOCKS, Unit(5, 0, 99)], 50, 151, OutputSplit(3, 40, 60, True), Bound(0), Bound(5)),
    ],
)
def test_a_split_that_excludes_a_possible_output_is_rejected(
    units: list[Unit], load: int, claim: int, split: OutputSplit, first: Step, then: Step
) -> None:
    """The claim holds on each side of the split, but not for the outputs between them."""
    least = brute_force(as_units(units), load)
    assert least is not None
    assert least < claim
    for leaf, region in zip((first, then), sides(units, ALL, split), strict=True):
        if isinstance(leaf, Bound):
            assert bound_of(units, load, region, leaf) >= claim
    assert not check_proof(units, load, claim, Proof("search", (split, first, then)))
    assert not check_proof(units, load, claim, Proof("search", (split, then, first)))


@pytest.mark.parametrize(
    "split",
    [
        OutputSplit(3, 60, 61, True),  # at the capacity, and above it
        OutputSplit(3, -1, 0, True),
        OutputSplit(3, 61, 70, True),
        OutputSplit(3, 30, 30, True),  # sides that overlap
        OutputSplit(3, 40, 30, True),
        OutputSplit(4, 0, 1, True),  # no unit has this cost
        OutputSplit(4, 0, 0, True),
    ],
)
def test_a_split_outside_the_range_of_its_class_is_rejected(split: OutputSplit) -> None:
    for leaf in (Bound(3), Bound(5), Bound(0), Empty("outputs")):
        assert not check_proof(ENGINES, 50, 150, Proof("search", (split, leaf, leaf)))
        assert not check_proof(ENGINES, 50, 150, Proof("search", (split, leaf, Bound(3))))


def test_a_split_outside_the_range_of_an_outer_split_is_rejected() -> None:
    """Each split is sound alone. Under another one it must not add outputs that the outer split excludes."""
    case = Proven(ENGINES, 35, 115, ())
    outer = OutputSplit(3, 30, 40, True)
    assert case.accepts(outer, Empty("outputs"), OutputSplit(3, 0, 20, True), Bound(5), Bound(5))
    # First 40 to 60 remains, then 0 to 30.
    assert not case.accepts(outer, OutputSplit(3, 0, 20, True), Empty("outputs"), Empty("outputs"), Bound(5))
    assert not case.accepts(outer, OutputSplit(3, 30, 40, True), Empty("outputs"), Bound(5), Bound(5))
    assert not case.accepts(outer, Empty("outputs"), OutputSplit(3, 30, 40, True), Empty("outputs"), Bound(5))
    assert not case.accepts(outer, Empty("outputs"), OutputSplit(3, 30, 40, True), Bound(5), Bound(5))


@every_proof
def test_a_split_with_swapped_sides_is_rejected_unless_all_leaves_still_close(name: str) -> None:
    """A leaf that closes one side usually does not close the other. If all leaves do, the proof is still sound."""
    case = named(name)
    for place, step in enumerate(case.steps):
        if isinstance(step, OutputSplit):
            steps = case.with_step(place, step._replace(at_least_first=not step.at_least_first))
            if case.cost is not None and case.accepts(*steps):
                at = dict(leaves(case.units, steps))
                closing = [(at[i], leaf) for i, leaf in enumerate(steps) if isinstance(leaf, Bound)]
                assert all(bound_of(case.units, case.load, *leaf) >= case.cost for leaf in closing)


# --- Multipliers -----------------------------------------------------------------------------------------------------


def test_a_proof_with_another_price_is_rejected() -> None:
    """One engine is full at 30, and the expensive unit produces 5: only the price of that unit proves 115."""
    case = named("a split of two units")
    assert case.cost == 115
    assert case.steps == (OutputSplit(3, 30, 40, False), Bound(5), Empty("outputs"))
    for moved in (Bound(4), Bound(6), Bound(0), Bound(-5), Bound(5, 1), Bound(5, -1), Bound(5, 0, 2), Bound(10, 0, 1)):
        assert not case.accepts(*case.with_step(1, moved))
    assert case.accepts(*case.with_step(1, Bound(10, 0, 2)))


@given(instances(max_units=5, largest=20), st.data())
def test_a_changed_multiplier_is_accepted_only_if_its_bound_reaches_the_cost(
    instance: tuple[list[PlainUnit], int], data: st.DataObject
) -> None:
    case = proven(*instance)
    bounds = [at for at in leaves(case.units, case.steps) if isinstance(case.steps[at[0]], Bound)]
    assume(case.cost is not None and bounds)
    assert case.cost is not None
    place, region = data.draw(st.sampled_from(bounds))
    leaf = case.steps[place]
    assert isinstance(leaf, Bound)
    finer = data.draw(st.integers(1, 3))
    by = data.draw(st.one_of(st.integers(-3, 3), st.sampled_from([u.marginal_cost - leaf.price for u in case.units])))
    moved = Bound(leaf.price * finer + by, 0, finer * leaf.scale)
    accepted = case.accepts(*case.with_step(place, moved))
    assert accepted is (bound_of(case.units, case.load, region, moved) >= case.cost)


@pytest.mark.parametrize("name", ["counting", "counting two sizes"])
def test_a_tenth_more_or_less_of_a_multiplier_of_a_row_is_rejected(name: str) -> None:
    case = named(name)
    split, leaf, empty = case.steps
    assert isinstance(split, CountSplit)
    assert isinstance(leaf, Bound)
    region, _ = sides(case.units, ALL, split)
    # The bound is nearly equal to the cost, so a tenth more or less of a multiplier is too much.
    for moved in (
        leaf._replace(price=leaf.price * 9 // 10),
        leaf._replace(price=leaf.price * 11 // 10),
        leaf._replace(charge=leaf.charge * 9 // 10),
        leaf._replace(charge=leaf.charge * 11 // 10),
        leaf._replace(charge=0),
        leaf._replace(scale=leaf.scale * 11 // 10),
        leaf._replace(scale=leaf.scale + 1),
        leaf._replace(price=leaf.price + leaf.scale, charge=leaf.charge + leaf.scale),
    ):
        assert case.cost is not None
        reaches = bound_of(case.units, case.load, region, moved) >= case.cost
        assert case.accepts(split, moved, empty) is reaches
        assert not reaches or moved.price == leaf.price
    assert not case.accepts(split, leaf._replace(charge=0), empty)
    assert not case.accepts(split, leaf._replace(scale=leaf.scale * 11 // 10), empty)


@every_proof
@pytest.mark.parametrize("scale", [0, -1, -(1 << 20)])
def test_a_scale_that_is_not_positive_is_rejected(name: str, scale: int) -> None:
    """A negative scale would turn a lower bound into an upper bound."""
    case = named(name)
    for place, step in enumerate(case.steps):
        if isinstance(step, Bound):
            assert case.cost is not None
            turned = Bound(step.price * scale, 0, scale)
            for wrong in (step._replace(scale=scale), step._replace(charge=0, scale=scale), turned):
                for claim in (case.cost, case.cost + 1, case.cost + 10**30):
                    steps = case.with_step(place, wrong)
                    assert not check_proof(case.units, case.load, claim, Proof("search", steps))


def test_a_charge_without_a_row_is_rejected() -> None:
    case = named("merit order")
    assert case.accepts(Bound(3))
    assert case.accepts(Bound(3, 0))
    assert not case.accepts(Bound(3, 1))
    # On the second side there is no upper limit. On the first one there is, and units of weight 0 pay nothing.
    assert case.accepts(CountSplit(1000, 0), Bound(3, 1), Bound(3))
    assert not case.accepts(CountSplit(1000, 0), Bound(3, 1), Bound(3, 1))


def test_a_negative_charge_is_accepted_only_on_the_second_side_of_a_count() -> None:
    """Elsewhere it would raise the bound above the cost: with -60 for each engine, 35 would cost 175."""
    units, split = ENGINES, CountSplit(20, 1)
    negative = Bound(5, -60)
    assert not check_proof(units, 35, 115, Proof("counting", (split, negative, Empty("outputs"))))
    # One engine of 20 meets a load of 20 for 60; a reward of a million would prove that it does not.
    proof = (CountSplit(20, 3), Bound(3, -(10**6)), Empty("outputs"))
    assert not check_proof(units, 20, 61, Proof("counting", proof))


# --- Rows on counts --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["counting", "counting two sizes"])
def test_a_count_that_can_be_exceeded_is_rejected(name: str) -> None:
    case = named(name)
    split, leaf, empty = case.steps
    assert isinstance(split, CountSplit)
    for lower in range(1, split.at_most + 2):
        assert not case.accepts(split._replace(at_most=split.at_most - lower), leaf, empty)


@pytest.mark.parametrize("name", ["counting", "counting two sizes"])
def test_a_wrong_grain_is_rejected(name: str) -> None:
    """Half the grain doubles the weights, which then exceed the limit; twice the grain halves them."""
    case = named(name)
    split, leaf, empty = case.steps
    assert isinstance(split, CountSplit)
    for grain in (-1, -split.grain, 1, split.grain // 2, split.grain * 2, split.grain * 100):
        assert not case.accepts(split._replace(grain=grain), leaf, empty)


def test_a_count_does_not_use_the_weights_of_a_class_that_was_split() -> None:
    """The two engines produce 45 for 135. On the first side only one of them is on, with the expensive unit: 165."""
    count, split, nothing = CountSplit(20, 1), OutputSplit(3, 30, 40, True), Empty("outputs")
    first_side = Bound(5, 60)
    assert bound_of(ENGINES, 45, sides(ENGINES, ALL, count)[0], first_side) == 165
    assert brute_force(as_units(ENGINES), 45) == 135
    for second_side in ((nothing,), (split, nothing, nothing), (split, Empty("unreachable"), nothing)):
        assert not check_proof(ENGINES, 45, 165, Proof("counting", (count, first_side, *second_side)))
    # At 35 two of them are too many: the second side is empty, as long as no class was split.
    assert check_proof(ENGINES, 35, 115, Proof("counting", (count, first_side, nothing)))


def test_a_negative_grain_is_rejected() -> None:
    case = named("merit order")
    for grain in (-1, -20):
        for at_most in (-1, 0, 5):
            for then in (Empty("outputs"), Empty("unreachable"), *case.steps):
                assert not case.accepts(CountSplit(grain, at_most), *case.steps, then)


@given(fleets(max_units=5, largest=20), st.data())
def test_the_second_side_of_a_count_is_empty_only_if_every_commitment_weighs_less(
    units: list[PlainUnit], data: st.DataObject
) -> None:
    fleet = unit_list(units)
    load = data.draw(st.integers(0, sum(unit.max_output for unit in units)))
    grain = data.draw(st.integers(1, 21))
    heaviest = heaviest_commitment(fleet, load, grain)
    at_most = data.draw(st.integers(max(0, heaviest - 2), heaviest + 2))
    # Any bound reaches this cost, so that only the second side decides.
    count = Proof("counting", (CountSplit(grain, at_most), Bound(0), Empty("outputs")))
    too_little = sum(unit.max_output for unit in usable(units, load)) < load
    assert check_proof(fleet, load, -(10**15), count) is (at_most >= heaviest or too_little)


def heaviest_commitment(units: Sequence[Unit], load: int, grain: int) -> int:
    """The largest sum of weights of a commitment whose minimum outputs fit under the load; tries each commitment."""
    commitments = [(0, 0)]
    for unit in units:
        weight = weight_of(unit.min_output, grain)
        commitments += [(output + unit.min_output, weighed + weight) for output, weighed in commitments]
    return max(weighed for output, weighed in commitments if output <= load)


# --- Invalid values --------------------------------------------------------------------------------------------------


class Anything:
    """An object of an unknown class."""

    def __repr__(self) -> str:
        return "anything"


GARBAGE: list[Any] = [None, 0, 1.5, "", "outputs", (), (3,), (3, 0, 1), [], {}, Anything(), Bound, Empty, Proof("", ())]


@every_proof
@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_a_step_that_is_not_a_step_is_rejected(name: str, garbage: Any) -> None:
    case = named(name)
    for place in range(len(case.steps)):
        assert not case.accepts(*case.with_step(place, garbage))


@pytest.mark.parametrize("garbage", [None, 0, 1.5, "steps", Anything(), Bound(3), Bound], ids=repr)
def test_steps_or_a_proof_of_another_type_are_rejected(garbage: Any) -> None:
    units, load, cost, _ = named("merit order")
    assert not check_proof(units, load, cost, Proof("search", garbage))
    assert not check_proof(units, load, cost, garbage)


def numbers_of(step: Step) -> list[str]:
    """The members of a step that are numbers."""
    return [name for name, value in step._asdict().items() if type(value) is int]


@every_proof
@pytest.mark.parametrize(
    "made_of",
    [
        float,
        complex,
        Fraction,
        str,
        lambda _: None,
        lambda _: float("nan"),
        lambda _: float("inf"),
        lambda n: [n],
        lambda n: (n,),
    ],
)
def test_a_number_that_is_not_an_integer_is_rejected_even_if_it_equals_one(name: str, made_of: Any) -> None:
    case = named(name)
    for place, step in enumerate(case.steps):
        for member in numbers_of(step):
            garbled = step._replace(**{member: made_of(getattr(step, member))})
            assert not case.accepts(*case.with_step(place, garbled))


def test_a_float_whose_rounding_hides_a_fault_is_rejected() -> None:
    """A plan costs 7 * 2**53. At the price 2**53 + 1 the slope of the class is -1; as a float it is 0."""
    cost = 1 << 53
    steps = OutputSplit(float(cost), 0, 5, True), Bound(cost + 1), Bound(2 * cost)  # type: ignore[arg-type] # on purpose
    assert not check_proof([Unit(cost, 5, 10)], 7, 7 * cost + 1, Proof("search", steps))


@pytest.mark.parametrize(
    ("steps", "holds"),
    [
        ((CountSplit(1, 10**15), Bound(1), Empty("outputs")), True),  # every commitment under the load weighs less
        ((OutputSplit(1, 7, 8, True), Bound(1), Bound(1)), True),  # there is no integer between
        ((OutputSplit(1, 10, 10**18, True), Empty("outputs"), Bound(1)), False),  # a reach too large to be built
        ((Empty("unreachable"),), False),
    ],
)
def test_outputs_and_counts_may_have_any_size(steps: tuple[Step, ...], holds: bool) -> None:
    """A step whose check would need too much memory is rejected, without an error."""
    assert check_proof([Unit(1, 10**18, 10**18), Unit(1, 5, 10), Unit(1, 6, 9)], 7, 7, Proof("search", steps)) is holds


@pytest.mark.parametrize("at_most", [10**8, 10**10, 10**30])
@pytest.mark.parametrize("step", [1, 2, 10**4])
def test_a_count_of_any_size_takes_little_memory(step: int, at_most: int) -> None:
    """The weights of two units of 10^9 exceed the length of any list, but not the largest of the counts."""
    units, load = [Unit(1, 10**9, 10**9), Unit(2, 10**9, 10**9), Unit(3, 0, 5)], 10**9 + 3
    cost = 10**9 + 9
    tracemalloc.start()
    with cut_off(5):
        check_proof(units, load, cost, Proof("counting", (CountSplit(step, at_most), Bound(3), Empty("outputs"))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 << 20


@pytest.mark.parametrize("leaf", [Bound("12345678", 0), Bound(3, "12345678")])  # type: ignore[arg-type] # on purpose
@pytest.mark.parametrize("outer", [(), (CountSplit(0, 1),)])
def test_a_string_in_place_of_a_number_takes_no_memory(leaf: Step, outer: tuple[Step, ...]) -> None:
    """A string times a load would be a string of the length of the load."""
    tracemalloc.start()
    assert not check_proof([Unit(3, 5, 10**8)], 10**8, 3 * 10**8, Proof("search", (*outer, leaf, Empty("outputs"))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


# --- Soundness: every accepted claim is true -------------------------------------------------------------------------


@st.composite
def planned(draw: st.DrawFn, max_units: int = 4, largest: int = 16) -> tuple[list[Unit], int, int]:
    """A fleet, a load that has a plan, and the least cost."""
    units = unit_list(draw(fleets(max_units, largest)))
    load = 0
    for unit in units:
        load += draw(st.one_of(st.sampled_from([0, *unit[1:]]), st.integers(unit.min_output, unit.max_output)))
    least = brute_force(as_units(units), load)
    assert least is not None
    return units, load, least


@st.composite
def falsehoods(draw: st.DrawFn, least: int) -> int | None:
    """A false claim: a cost above the least one, or None for no plan."""
    return draw(st.one_of(st.none(), st.just(least + 1), st.just(least + 1), st.integers(least + 1, least + 10**4)))


@given(planned(5, 24), st.data())
def test_the_proof_of_a_similar_fleet_proves_nothing_false(
    question: tuple[list[Unit], int, int], data: st.DataObject
) -> None:
    """The unchanged proof of a fleet that differs in one thing."""
    units, load, least = question
    others = units.copy()
    at = data.draw(st.integers(0, len(units) - 1))
    cost, low, high = units[at]
    change = data.draw(st.sampled_from(["more expensive", "later", "earlier", "gone", "load"]))
    if change == "more expensive":
        others[at] = Unit(cost + data.draw(st.integers(1, 3)), low, high)
    elif change == "later":
        others[at] = Unit(cost, data.draw(st.integers(low, high)), high)
    elif change == "earlier":
        others[at] = Unit(cost, low, data.draw(st.integers(low, high)))
    elif change == "gone":
        del others[at]
    other_load = max(0, load + data.draw(st.integers(-3, 3))) if change == "load" else load
    answered = answer(others, other_load)
    claim = None if isinstance(answered, Infeasible) else answered.cost
    accepted = check_proof(units, load, claim, answered.proof)
    assert not accepted or (claim is not None and claim <= least)


@st.composite
def trees(draw: st.DrawFn, units: list[Unit], load: int, claim: int | None) -> tuple[Step, ...]:
    """A tree that tries to prove a claim: its splits need not be sound, and its leaves close if possible."""
    plan = draw(st.sampled_from(cheapest_outputs(units, load)))
    regions = [ALL]
    steps: list[Step] = []
    while regions:
        region = regions.pop()
        kind = draw(st.sampled_from(["output", "output", "count", "leaf"])) if len(steps) < 6 else "leaf"
        split: OutputSplit | CountSplit | None = None
        if kind == "output":
            split = draw(output_splits(units, region, plan))
        elif kind == "count":
            split = draw(count_splits(units, plan))
        if split is None:
            steps.append(draw(closing_leaves(units, load, claim, region)))
        else:
            steps.append(split)
            regions += reversed(sides(units, region, split))
    return tuple(steps)


def cheapest_outputs(units: Sequence[Unit], load: int) -> list[tuple[int, ...]]:
    """The outputs of the cheapest plans, ends of ranges first. A split that excludes one makes a claim seem true."""
    plans: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for cost, low, high in units:
        after: dict[int, tuple[int, tuple[int, ...]]] = {}
        for total, (spent, outputs) in plans.items():
            for output in {0, *range(low, high + 1)} if high else {0}:
                candidate = spent + cost * output, (*outputs, output)
                if total + output <= load and (total + output not in after or candidate < after[total + output]):
                    after[total + output] = candidate
        plans = after
    return [plans[load][1]]


@st.composite
def output_splits(draw: st.DrawFn, units: list[Unit], region: Region, plan: Sequence[int]) -> OutputSplit | None:
    """A split that excludes the output of a class in the cheapest plan, or any other split."""
    cost = draw(st.sampled_from([unit.marginal_cost for unit in units]))
    capacity = sum(unit.max_output for unit in units if unit.marginal_cost == cost)
    left = region.outputs.get(cost, range(capacity + 1))
    if len(left) < 2:
        return None
    made = sum(output for unit, output in zip(units, plan, strict=True) if unit.marginal_cost == cost)
    between = made if made in left[1:-1] and draw(st.booleans()) else draw(st.sampled_from(left[:-1]))
    at_most = draw(st.sampled_from([max(left[0], between - 1), left[0], between]))
    at_least = draw(st.sampled_from([max(at_most, between) + 1, left[-1]]))
    at_least = min(max(at_least, at_most + 1), left[-1])
    return OutputSplit(cost, at_most, at_least, draw(st.booleans())) if at_most < at_least else None


@st.composite
def count_splits(draw: st.DrawFn, units: list[Unit], plan: Sequence[int]) -> CountSplit:
    """A row that the cheapest plan just satisfies, or just violates, or any other row."""
    step = draw(st.sampled_from(sorted({max(1, unit.min_output // parts) for unit in units for parts in (1, 2, 3)})))
    weight = sum(weight_of(unit.min_output, step) for unit, output in zip(units, plan, strict=True) if output)
    return CountSplit(step, draw(st.sampled_from([weight, weight - 1, weight - 1, weight + 1, 0])))


@st.composite
def closing_leaves(draw: st.DrawFn, units: list[Unit], load: int, claim: int | None, region: Region) -> Step:
    """A bound that reaches the claim, if there is one; else an empty leaf."""
    scale = draw(st.sampled_from([1, 1, 1, 2, -1]))
    costs = sorted({unit.marginal_cost for unit in units})
    far = 10**4 * max(1, *map(abs, costs))
    prices = [scale * price for cost in costs for price in (cost, cost - 1, cost + 1)] + [-far, far]
    charges = [0, draw(st.integers(1, 1 + abs(costs[-1]))), -draw(st.integers(1, 10**6)), far]
    if region.row is None:
        charges = [0, draw(st.sampled_from([0, 0, 0, 1, -1]))]
    bounds = [Bound(price, charge, scale) for price in prices for charge in charges]
    least = 10**30 if claim is None else claim
    closing: list[Step] = [bound for bound in bounds if scale < 0 or bound_of(units, load, region, bound) >= least]
    otherwise: list[Step] = [Empty("outputs"), Empty("unreachable"), bounds[0], Recomputed()]
    return draw(st.sampled_from(closing or otherwise))


@given(planned(), st.data())
def test_no_random_tree_proves_a_false_claim(question: tuple[list[Unit], int, int], data: st.DataObject) -> None:
    units, load, least = question
    claim = data.draw(falsehoods(least))
    assert not check_proof(units, load, claim, Proof("search", data.draw(trees(units, load, claim))))


@given(planned(), st.data())
def test_random_trees_for_a_true_claim_are_often_accepted(
    question: tuple[list[Unit], int, int], data: st.DataObject
) -> None:
    """Most such trees are accepted, so the test before this one is not trivial."""
    units, load, least = question
    claim = least - data.draw(st.integers(0, 2))
    steps = data.draw(trees(units, load, claim))
    if check_proof(units, load, claim, Proof("search", steps)):
        for place, region in leaves(units, steps):
            leaf = steps[place]
            if isinstance(leaf, Bound):
                assert bound_of(units, load, region, leaf) >= claim
            else:
                assert isinstance(leaf, Empty)


@st.composite
def corrupted(draw: st.DrawFn, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps of which one or a few were removed, repeated, swapped, or had a number changed."""
    corrupt = list(steps)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(corrupt) - 1)) if corrupt else 0
        how = draw(st.sampled_from(["drop", "double", "swap", "empty", "number", "number", "number"]))
        if not corrupt or how == "double":
            corrupt.insert(place, draw(st.sampled_from(steps)))
        elif how == "drop":
            del corrupt[place]
        elif how == "swap":
            other = draw(st.integers(0, len(corrupt) - 1))
            corrupt[place], corrupt[other] = corrupt[other], corrupt[place]
        elif how == "empty":
            corrupt[place] = Empty(draw(st.sampled_from(["outputs", "unreachable"])))
        elif members := numbers_of(corrupt[place]):
            member = draw(st.sampled_from(members))
            by = draw(st.one_of(st.integers(-2, 2), st.integers(-(10**4), 10**4)))
            corrupt[place] = corrupt[place]._replace(**{member: getattr(corrupt[place], member) + by})
    return tuple(corrupt)


@given(planned(5, 24), st.data())
def test_no_corrupted_proof_proves_a_false_claim(question: tuple[list[Unit], int, int], data: st.DataObject) -> None:
    units, load, least = question
    case = proven(units, load)
    assert case.cost == least
    corrupt = data.draw(corrupted(case.steps))
    claim = data.draw(falsehoods(least))
    assert not check_proof(units, load, claim, Proof("search", corrupt))
    if len(corrupt) != len(case.steps):
        splits = sum(isinstance(step, OutputSplit | CountSplit) for step in corrupt)
        assert not case.accepts(*corrupt) or len(corrupt) == 2 * splits + 1


TINY = [
    ([Unit(2, 2, 3), Unit(5, 0, 4)], 4),
    ([Unit(2, 2, 2), Unit(2, 3, 3), Unit(4, 0, 3)], 4),
    ([Unit(-1, 3, 4), Unit(1, 1, 3)], 5),
    ([Unit(1, 2, 2), Unit(1, 2, 2), Unit(1, 2, 2), Unit(7, 0, 1)], 5),
    ([Unit(0, 3, 3), Unit(2, 2, 4)], 3),
]


@pytest.mark.parametrize(("units", "load"), TINY)
def test_no_small_tree_proves_more_than_the_least_cost(units: list[Unit], load: int) -> None:
    """Every possible split, sound or not, with all pairs of many leaves."""
    least = brute_force(as_units(units), load)
    assert least is not None
    costs = sorted({unit.marginal_cost for unit in units})
    capacity = sum(unit.max_output for unit in units)
    splits: list[Step] = [CountSplit(step, at_most) for step in (1, 2, 3) for at_most in range(-1, 5)]
    splits += [
        OutputSplit(cost, at_most, at_least, True)
        for cost in costs
        for at_most in range(capacity + 1)
        for at_least in range(at_most, capacity + 1)
    ]
    far: list[Step] = [Bound(price) for price in (-99, *costs, 99)]
    closing: list[Step] = [*far, Bound(99, 99), Bound(costs[-1], 3), Bound(costs[0], -9), Empty("outputs")]
    closing += [Empty("unreachable"), Recomputed()]
    accepted = 0
    for split in splits:
        for first in closing:
            for then in closing:
                proof = Proof("search", (split, first, then))
                assert not check_proof(units, load, least + 1, proof)
                accepted += check_proof(units, load, least, proof)
    assert accepted


# --- The module ------------------------------------------------------------------------------------------------------

SOURCE = Path(check.__file__)


def test_the_check_imports_nothing_from_the_search() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    assert not any(node.level for node in imports if isinstance(node, ast.ImportFrom))
    own = {module for module in modules if module.partition(".")[0] not in sys.stdlib_module_names}
    assert own == {"powerplant.merit_order.types", "powerplant.merit_order.proof"}
    assert not any(isinstance(node, ast.Name) and node.id in ("__import__", "eval", "exec") for node in ast.walk(tree))
