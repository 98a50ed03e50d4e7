"""Outputs on the grid: plants and storages that follow a solution in whole steps."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

pytest.importorskip("highspy", reason="the extra horizon brings it")

import numpy as np

from powerplant.horizon.dispatch import whole_steps
from powerplant.horizon.instance import Storage
from powerplant.horizon.model import rounded_to_sums


def storage(final: Fraction = Fraction(0)) -> Storage:
    """A storage of 20 MWh with losses; a step is 0.1 MW for an hour."""
    charged, discharged = Fraction(95, 1000), Fraction(1, 9)
    return Storage(
        "battery", 50, 50, charged, discharged, Fraction(0), Fraction(20), Fraction(0), Fraction(10), final, Fraction(0)
    )


def followed(moves: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Charge and discharge that keep the storage within its limits."""
    battery, energy = storage(), 10.0
    charge, discharge = [], []
    for move in moves:
        into = min(max(move, 0.0) * 50, (20 - energy) / float(battery.charged))
        out = min(max(-move, 0.0) * 50, energy / float(battery.discharged))
        energy += into * float(battery.charged) - out * float(battery.discharged)
        charge.append(into)
        discharge.append(out)
    return np.array(charge), np.array(discharge)


# What a storage does, between full charge (1) and full discharge (-1), and whether it should give more there.
periods = st.lists(st.tuples(st.floats(-1, 1), st.booleans()), min_size=1, max_size=30)


@given(periods)
@example([(0.75, True), (1.0, False)])  # what it took less in the first period cannot be made up for in the second
def test_whole_steps_keep_the_limits_and_stay_near_what_they_follow(periods: list[tuple[float, bool]]) -> None:
    battery = storage()
    charge, discharge = followed([move for move, _ in periods])
    generous = np.array([more for _, more in periods])
    steps = whole_steps(battery, charge, discharge, generous)
    assert steps is not None
    into, out = steps
    energies = battery.energy(into, out)
    assert all(battery.energy_min <= energy <= battery.energy_max for energy in energies)
    assert all(0 <= c <= 50 and 0 <= d <= 50 and not (c and d) for c, d in zip(into, out, strict=True))
    if not generous.any():
        goals = 10 + np.cumsum(charge * float(battery.charged) - discharge * float(battery.discharged))
        assert max(abs(float(energy) - goal) for energy, goal in zip(energies, goals, strict=True)) < 0.25


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_a_storage_that_must_hold_more_at_the_end_does_so_or_has_no_whole_steps(moves: list[float]) -> None:
    battery = storage(final=Fraction(12))
    charge, discharge = followed(moves)
    steps = whole_steps(battery, charge, discharge, np.zeros(len(moves), dtype=bool))
    if steps is None:
        assert 10 + len(moves) * 50 * battery.charged < 12 + Fraction(1, 4)
    else:
        assert battery.energy(*steps)[-1] >= 12


@given(
    st.lists(st.integers(-3, 3).flatmap(lambda whole: st.floats(whole, whole + 1)), min_size=1, max_size=8), st.data()
)
def test_rounded_outputs_are_neighbours_of_what_they_follow_and_have_the_sum(
    outputs: list[float], data: st.DataObject
) -> None:
    values = np.array(outputs)
    low, high = np.floor(values + 0.001), np.ceil(values - 0.001)
    total = data.draw(st.integers(int(low.sum()), int(high.sum())))
    whole = rounded_to_sums(values.reshape(-1, 1), np.array([total]))[:, 0]
    assert whole.sum() == total
    assert ((low <= whole) & (whole <= high)).all()


def test_an_output_that_floats_put_below_a_whole_step_is_this_step() -> None:
    assert rounded_to_sums(np.array([[-1e-6], [2.999999]]), np.array([2])).tolist() == [[0], [3]]
