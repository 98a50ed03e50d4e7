"""What crosses the wire: the payload that comes in and the plan that goes out.

Numbers are taken as JSON has them: no text and no truth value stands for one, and none is infinite.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

MAX_MEGAWATT = 1_000_000
MAX_PRICE = 1_000_000
MIN_EFFICIENCY = 0.000_001
MAX_NAME_LENGTH = 200


class BeyondLimits(NamedTuple):
    """What is said of a number under the least, or above the most, that its kind may be."""

    too_small: str
    too_large: str


Megawatt = Annotated[
    float,
    Field(ge=0, le=MAX_MEGAWATT),
    BeyondLimits("must be at least 0", f"must be at most {MAX_MEGAWATT} MW"),
]
Price = Annotated[
    float | None,
    Field(ge=-MAX_PRICE, le=MAX_PRICE),
    BeyondLimits(f"must be at least -{MAX_PRICE} euro", f"must be at most {MAX_PRICE} euro"),
]
Percentage = Annotated[
    float | None,
    Field(ge=0, le=100),
    BeyondLimits("must be at least 0", "must be at most 100"),
]
Efficiency = Annotated[
    float,
    Field(ge=MIN_EFFICIENCY, le=1),
    BeyondLimits(f"must be above 0 (at least {MIN_EFFICIENCY:f})", "must be at most 1: a fraction, 0.53 for 53 %"),
]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH, pattern=r"\S")]


class _Payload(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Fuels(_Payload):
    """Prices of the hour and its wind; only what some power plant of the payload needs must be there."""

    gas: Price = Field(None, alias="gas(euro/MWh)", description="euro per MWh of gas")
    kerosine: Price = Field(None, alias="kerosine(euro/MWh)", description="euro per MWh of kerosine")
    kerosine_other_spelling: Price = Field(
        None, alias="kerosine(euro/Mwh)", description="the same, as the challenge also spells it"
    )
    co2: Price = Field(None, alias="co2(euro/ton)", description="euro per tonne of CO2")
    wind: Percentage = Field(None, alias="wind(%)", description="per cent of pmax that wind turbines make")


FUEL_KEYS = {name: str(field.alias) for name, field in Fuels.model_fields.items()}
"""What the payload calls each of the fuels."""


class _FuelBurningPlant(_Payload):
    name: Name
    efficiency: Efficiency = Field(description="MWh of power out of one MWh of fuel")
    pmin: Megawatt = Field(description="MW, the least output when on")
    pmax: Megawatt = Field(description="MW, the largest output")


class GasFired(_FuelBurningPlant):
    """A gas-fired power plant: burns gas and is charged for 0.3 t of CO2 per MWh of power."""

    type: Literal["gasfired"]


class Turbojet(_FuelBurningPlant):
    """A turbojet: burns kerosine."""

    type: Literal["turbojet"]


class WindTurbine(_Payload):
    """A wind turbine: off, or on at exactly pmax x wind %; its pmin and efficiency mean nothing."""

    name: Name
    type: Literal["windturbine"]
    pmax: Megawatt = Field(description="MW in full wind")


PowerPlant = Annotated[GasFired | Turbojet | WindTurbine, Field(discriminator="type")]


class ProductionPlanRequest(_Payload):
    """The payload: the load of one hour, the prices, and the fleet."""

    load: Megawatt = Field(description="MWh in the hour, so MW on average")
    fuels: Fuels
    powerplants: list[PowerPlant] = Field(min_length=1)


class Hour(_Payload):
    """The load and the prices of one hour, for a fleet that is known already."""

    load: Megawatt
    fuels: Fuels
    powerplants: Any = None


FIELDS = {
    field.alias or name: field
    for model in (ProductionPlanRequest, Fuels, GasFired, Turbojet, WindTurbine)
    for name, field in model.model_fields.items()
}
"""Every key that the payload may have, wherever: one key means the same in each place."""

BEYOND_LIMITS = {
    key: words for key, field in FIELDS.items() for words in field.metadata if isinstance(words, BeyondLimits)
}
"""The words for each key that holds a number."""


# --- The report ------------------------------------------------------------------------------------------------------


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlantOutput(_Answer):
    """What one power plant produces."""

    name: str
    p: float = Field(description="MW, a multiple of 0.1")


class Cost(_Answer):
    """Money, and what it is spent on."""

    total: float = Field(description="euro")
    fuel: float = Field(description="euro for fuel")
    co2: float = Field(description="euro for emission allowances")


class MarginalCost(_Answer):
    """What one more MWh of a plant's power costs, and for what."""

    total: float = Field(description="euro per MWh")
    fuel: float = Field(description="euro per MWh for fuel")
    co2: float = Field(description="euro per MWh for emission allowances")


class Prices(_Answer):
    """What one tenth of a MW more or less would change, per MWh."""

    up: float | None = Field(description="euro per MWh that one tenth more would cost; null where it cannot be had")
    down: float | None = Field(description="euro per MWh that one tenth less would save; null where it cannot be had")


class MarginalPrice(_Answer):
    """The price of the next MWh; the two differ where a plant would have to start or stop for it."""

    commitment_as_it_is: Prices = Field(description="from the plants that run")
    commitment_free: Prices = Field(description="from the best plan at that load; also null where time was over")


class Headroom(_Answer):
    """How far the plants that run could go from here."""

    up: float = Field(description="MW more")
    down: float = Field(description="MW less")


class PlantReport(_Answer):
    """One power plant in a plan."""

    name: str
    type: Literal["gasfired", "turbojet", "windturbine"]
    p: float = Field(description="MW, its output")
    pmin: float = Field(description="MW, the least output when on that held for it, on the grid of 0.1 MW")
    pmax: float = Field(description="MW, the largest output that held for it; of a wind turbine what the wind gives")
    marginal_cost: MarginalCost
    cost: float = Field(description="euro")
    co2_tonnes: float = Field(description="tonnes of CO2 that it is charged for")
    state: Literal["off", "at_minimum", "in_between", "at_maximum"]
    alternative: Literal["forced_on", "forced_off"] = Field(description="the other thing that it could do")
    outcome: Literal["feasible", "infeasible", "not_computed"] = Field(
        description="whether a plan exists with it; not_computed where the time for the report was over"
    )
    cost_difference: float | None = Field(description="euro that the best plan with it costs more; null without one")
    reason: str = Field(description="the same in a sentence")


class Report(_Answer):
    """A production plan, and why it is as it is."""

    status: Literal["optimal", "feasible"]
    load: float = Field(description="MW")
    cost: Cost
    lower_bound: float = Field(description="euro that no plan can beat; the cost itself where it is optimal")
    proof: str = Field(description="how the cost was proven")
    co2_tonnes: float = Field(description="tonnes of CO2 that are charged")
    average_price: float | None = Field(description="euro per MWh; null where nothing is made")
    marginal_price: MarginalPrice
    curtailed_wind: float = Field(description="MW of wind that blows and is not used")
    headroom: Headroom
    powerplants: list[PlantReport] = Field(description="in merit order")
