"""``solve``: fill in merit order; where that does not prove itself, search; where the search does not end, the guarantee."""

from __future__ import annotations

from collections.abc import Sequence

from powerplant.merit_order.deadline import Deadline, TimeLimitPassed
from powerplant.merit_order.exceptions import GaveUp, Infeasible
from powerplant.merit_order.fill import MeritOrder
from powerplant.merit_order.model import Solution, Unit
from powerplant.merit_order.proof import Bound, Empty, Proof
from powerplant.merit_order.reach import ceil_in, floor_in, reach_of
from powerplant.merit_order.search import Search

FIRST_NODES = 2000


def solve(units: Sequence[Unit], load: int, time_limit: float | None = None) -> Solution:
    if load < 0:
        raise ValueError("the load must not be negative")
    deadline = Deadline(time_limit)
    merit_order = MeritOrder(units)
    capacity = merit_order.capacity[-1] if units else 0
    if load > capacity:
        raise Infeasible("above_capacity", capacity, None, Proof("merit order", (Empty("outputs"),)))
    if not units:
        return Solution((), 0, 0, Proof("merit order", (Bound(0),)))
    fill = merit_order.relaxed_fill(load)
    if fill.is_plan:
        proof = Proof("merit order", (Bound(fill.marginal_cost),))
        return Solution(tuple(fill.outputs), fill.cost, fill.cost, proof)
    search = Search(merit_order, fill, load, deadline)
    try:
        while not search.run(FIRST_NODES):
            if search.incumbent is None:
                below, above = _nearest_loads(units, load, deadline)
                if below != load:
                    break
    except TimeLimitPassed:
        d = c = None
        if search.incumbent is not None:
            d = tuple(merit_order.dispatch(search.commitment(), load))
            c = search.incumbent.bound
        raise GaveUp(d, c, search.lower_bound) from None
    if search.incumbent is None:
        below, above = _nearest_loads(units, load, deadline)
        least = min((u.min_output for u in units if u.max_output))
        raise Infeasible("below_minimum" if load < least else "in_a_gap", below, above, Proof("search", (Empty("unreachable"),)))
    outputs = merit_order.dispatch(search.commitment(), load)
    return Solution(tuple(outputs), search.incumbent.bound, search.incumbent.bound, Proof("search", tuple(search.steps)))


def nearest_loads(units, below, above, time_limit=None):
    deadline = Deadline(time_limit)
    capacity = sum(u.max_output for u in units)
    if above > capacity:
        return capacity, None
    return _nearest_loads(units, below, deadline)[0], _nearest_loads(units, above, deadline)[1]


def _nearest_loads(units: Sequence[Unit], load: int, deadline: Deadline) -> tuple[int, int | None]:
    highest = load + max(u.min_output for u in units)
    reach = reach_of(units, highest, deadline)
    return floor_in(reach, load), ceil_in(reach, load)
