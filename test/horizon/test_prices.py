"""The prices of a report are what one step of load more or less costs, as a dynamic programme finds them."""

from __future__ import annotations

import pytest

pytest.importorskip("powerplant.horizon")
pytest.importorskip("highspy")

from horizon.prices import wrong_prices

BATCHES = 10


@pytest.mark.parametrize("first", range(0, 1000, 1000 // BATCHES))
def test_prices_are_the_cost_of_one_step_more_and_less_with_the_commitment_as_it_is(first: int) -> None:
    assert not [fault for seed in range(first, first + 1000 // BATCHES) for fault in wrong_prices(seed)]
