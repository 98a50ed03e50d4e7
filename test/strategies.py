"""Difficult fleets and payloads for hypothesis: ties, blocks, gaps, and loads at the limits of what is possible."""

from __future__ import annotations

from typing import Any, NamedTuple

import hypothesis.strategies as st


class PlainUnit(NamedTuple):
    """A unit, for the oracles."""

    marginal_cost: int
    min_output: int
    max_output: int


NEAR_EQUAL = 31_283_018_868
"""A marginal cost, in 10**-9 euro per MWh, around which others lie a few steps away."""

costs = st.one_of(
    st.integers(-2, 4),
    st.integers(NEAR_EQUAL - 2, NEAR_EQUAL + 2),
    st.integers(-(10**12), 10**12),
)


@st.composite
def limits(draw: st.DrawFn, largest: int, divisor: int = 1) -> tuple[int, int]:
    """The limits of one unit: never on, a block, without min_output, narrow, or any; multiples of a divisor."""
    high = divisor * draw(st.integers(0, largest // divisor))
    low = draw(st.one_of(st.just(high), st.just(0), st.just(-(-high * 9 // 10)), st.integers(0, high)))
    return low // divisor * divisor, high


@st.composite
def fleets(draw: st.DrawFn, max_units: int = 7, largest: int = 40, min_units: int = 1) -> list[PlainUnit]:
    """Units, many of them alike: a few costs and a few pairs of limits, drawn again and again."""
    divisor = draw(st.sampled_from([1, 1, 1, 2, 10]))
    few_costs = draw(st.lists(costs, min_size=1, max_size=4))
    few_limits = draw(st.lists(limits(largest, divisor), min_size=1, max_size=5))
    unit = st.builds(
        lambda cost, limits: PlainUnit(cost, *limits),
        st.one_of(st.sampled_from(few_costs), costs),
        st.one_of(st.sampled_from(few_limits), limits(largest, divisor), limits(largest)),
    )
    return draw(st.lists(unit, min_size=min_units, max_size=max_units))


@st.composite
def loads(draw: st.DrawFn, units: list[PlainUnit]) -> int:
    """A load: anything to just above capacity, or close to the sum of some units at one of their limits."""
    capacity = sum(unit.max_output for unit in units)
    if draw(st.booleans()):
        return draw(st.integers(0, capacity + 2))
    made = sum(draw(st.sampled_from([0, unit.min_output, unit.max_output])) for unit in units)
    return max(0, made + draw(st.integers(-2, 2)))


@st.composite
def instances(
    draw: st.DrawFn, max_units: int = 7, largest: int = 40, min_units: int = 1
) -> tuple[list[PlainUnit], int]:
    """A fleet and a load."""
    units = draw(fleets(max_units, largest, min_units))
    return units, draw(loads(units))


# --- Payloads --------------------------------------------------------------------------------------------------------

GAS, KEROSINE, KEROSINE_TOO = "gas(euro/MWh)", "kerosine(euro/MWh)", "kerosine(euro/Mwh)"
CO2, WIND = "co2(euro/ton)", "wind(%)"

prices = st.one_of(
    st.sampled_from([0, 13.4, 50.8, 20, -5.5, 0.1, 1e-9, 5e-10]),
    st.integers(-100_000, 100_000).map(lambda thousandths: thousandths / 1000),
    st.floats(-1e6, 1e6),
)
efficiencies = st.one_of(
    st.sampled_from([1, 0.53, 0.37, 0.3, 0.5, 0.5000001, 0.50000000001, 1 / 3]),
    st.integers(1, 1000).map(lambda thousandths: thousandths / 1000),
    st.floats(1e-6, 1),
)
percentages = st.one_of(
    st.sampled_from([0, 100, 60, 57, 33.3, 0.1, 99.99]),
    st.floats(0, 100),
)


def megawatts(largest: int) -> st.SearchStrategy[float]:
    """Up to so many tenths of a MW; seldom between two of them."""
    tenths = st.integers(0, largest)
    return st.one_of(
        tenths.map(lambda tenths: tenths / 10),
        tenths.map(lambda tenths: tenths / 10),
        st.integers(0, largest // 10),
        st.integers(0, 100 * largest).map(lambda thousandths: thousandths / 1000),
    )


@st.composite
def plants(draw: st.DrawFn, name: str, largest: int) -> dict[str, Any]:
    """A valid power plant."""
    kind = draw(st.sampled_from(["gasfired", "gasfired", "turbojet", "windturbine"]))
    pmax = draw(megawatts(largest))
    plant = {"name": name, "type": kind, "pmax": pmax}
    if kind != "windturbine":
        pmin = draw(st.one_of(st.just(0), st.just(pmax), megawatts(largest).map(lambda pmin: min(pmin, pmax))))
        plant |= {"efficiency": draw(efficiencies), "pmin": pmin}
    elif draw(st.booleans()):
        plant |= {"efficiency": 1, "pmin": 0}
    if draw(st.integers(0, 3)) == 0:
        plant |= draw(further_members(kind))
    return plant


def further_members(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Members beyond the challenge that need no further fuel."""
    members: dict[str, st.SearchStrategy[Any]] = {
        "available": st.booleans(),
        "must_run": st.booleans(),
        "cost(euro/MWh)": st.sampled_from([0, 5, 12.34, -40]),
        "co2(ton/MWh)": st.sampled_from([0, 0.3, 0.9]),
    }
    if kind == "windturbine":
        members |= {"curtailable": st.booleans()}
    return st.fixed_dictionaries({}, optional=members)


@st.composite
def payloads(draw: st.DrawFn, max_plants: int = 6, largest: int = 40, min_plants: int = 1) -> dict[str, Any]:
    """A valid payload; prices that no plant needs may be absent, and it can have unknown keys."""
    count = draw(st.integers(min_plants, max_plants))
    fleet = [draw(plants(f"p{i}", largest)) for i in range(count)]
    for i in range(1, count):
        if draw(st.integers(0, 3)) == 0:  # a twin of the plant before
            fleet[i] = fleet[i - 1] | {"name": f"p{i}"}
    kerosine = draw(prices)
    fuels = {GAS: draw(prices), draw(st.sampled_from([KEROSINE, KEROSINE_TOO])): kerosine}
    fuels |= {CO2: draw(prices), WIND: draw(percentages)}
    types = {plant["type"] for plant in fleet}
    not_needed = {
        GAS: "gasfired" not in types,
        CO2: "gasfired" not in types and not any(plant.get("co2(ton/MWh)") for plant in fleet),
        KEROSINE: "turbojet" not in types,
        KEROSINE_TOO: "turbojet" not in types,
        WIND: "windturbine" not in types,
    }
    fuels = {key: price for key, price in fuels.items() if not (not_needed[key] and draw(st.booleans()))}
    extra = draw(st.sampled_from([{}, {"co2": 1, "comment": None}]))
    return {"load": draw(_payload_loads(fleet, largest)), "fuels": fuels, "powerplants": fleet, **extra}


@st.composite
def _payload_loads(draw: st.DrawFn, fleet: list[dict[str, Any]], largest: int) -> float:
    """A load in MW: close to the sum of some plants at a limit, or anything."""
    if draw(st.integers(0, 2)) == 0:
        return draw(megawatts(largest * len(fleet) * 11 // 10))
    made: float = sum(draw(st.sampled_from([0, plant.get("pmin", 0), plant["pmax"]])) for plant in fleet)
    return max(0, round(made * 10) + draw(st.integers(-2, 2))) / 10
