"""The payload of a request, and the report on its plan.

Numbers must be JSON numbers: strings, booleans and infinities are not accepted.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, FailFast, Field

MAX_MEGAWATT = 1_000_000
MAX_PRICE = 1_000_000
MIN_EFFICIENCY = 0.000_001
MAX_NAME_LENGTH = 200


class BeyondLimits(NamedTuple):
    """The messages for a number below and above its limits."""

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
    """Prices and wind of the hour. Those that no power plant of the payload needs may be absent."""

    gas: Price = Field(None, alias="gas(euro/MWh)", description="euro per MWh of gas")
    kerosine: Price = Field(None, alias="kerosine(euro/MWh)", description="euro per MWh of kerosine")
    kerosine_other_spelling: Price = Field(
        None, alias="kerosine(euro/Mwh)", description="the same; another spelling of the challenge"
    )
    co2: Price = Field(None, alias="co2(euro/ton)", description="euro per tonne of CO2")
    wind: Percentage = Field(None, alias="wind(%)", description="per cent of pmax that wind turbines produce")


FUEL_KEYS = {name: str(field.alias) for name, field in Fuels.model_fields.items()}
"""The keys of the payload for prices and wind, by the names of the model."""


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
    """A wind turbine: off, or on at exactly pmax x wind %; its pmin and efficiency are ignored."""

    name: Name
    type: Literal["windturbine"]
    pmax: Megawatt = Field(description="MW at 100 % wind")


PowerPlant = Annotated[GasFired | Turbojet | WindTurbine, Field(discriminator="type")]


class ProductionPlanRequest(_Payload):
    """The payload: the load of one hour, prices and wind, and the power plants."""

    load: Megawatt = Field(description="MWh in the hour, so MW on average")
    fuels: Fuels
    powerplants: Annotated[list[PowerPlant], FailFast()] = Field(min_length=1)  # decoding lists all faults


class Hour(_Payload):
    """The load and the prices of one hour, for a fleet that several hours share."""

    load: Megawatt
    fuels: Fuels
    powerplants: Any = None


FIELDS = {
    field.alias or name: field
    for model in (ProductionPlanRequest, Fuels, GasFired, Turbojet, WindTurbine)
    for name, field in model.model_fields.items()
}
"""Every known key of the payload; a key has the same meaning everywhere."""

BEYOND_LIMITS = {
    key: words for key, field in FIELDS.items() for words in field.metadata if isinstance(words, BeyondLimits)
}
"""The messages about limits, for each key that holds a number."""


# --- The report ------------------------------------------------------------------------------------------------------


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlantOutput(_Answer):
    """The output of one power plant."""

    name: str
    p: float = Field(description="MW, a multiple of 0.1")


class Cost(_Answer):
    """Cost and its parts."""

    total: float = Field(description="euro")
    fuel: float = Field(description="euro for fuel")
    co2: float = Field(description="euro for emission allowances")


class MarginalCost(_Answer):
    """The cost of one more MWh of a plant's power, and its parts."""

    total: float = Field(description="euro per MWh")
    fuel: float = Field(description="euro per MWh for fuel")
    co2: float = Field(description="euro per MWh for emission allowances")


class Prices(_Answer):
    """How the cost changes with one tenth of a MW more or less, per MWh."""

    up: float | None = Field(description="euro per MWh that one tenth more costs; null if it is not possible")
    down: float | None = Field(description="euro per MWh that one tenth less saves; null if it is not possible")


class MarginalPrice(_Answer):
    """The price of the next MWh. The two differ if a plant must start or stop for it."""

    commitment_as_it_is: Prices = Field(description="from the plants that run")
    commitment_free: Prices = Field(
        description="from the best plan for that load; also null if it was not computed in time"
    )


class Headroom(_Answer):
    """How much more and less the running plants can produce."""

    up: float = Field(description="MW more")
    down: float = Field(description="MW less")


class PlantReport(_Answer):
    """One power plant in a plan."""

    name: str
    type: Literal["gasfired", "turbojet", "windturbine"]
    p: float = Field(description="MW, its output")
    pmin: float = Field(description="MW, its least output when on, on the grid of 0.1 MW")
    pmax: float = Field(
        description="MW, its largest output in this hour, on the grid of 0.1 MW; for a wind turbine that of the wind"
    )
    marginal_cost: MarginalCost
    cost: float = Field(description="euro")
    co2_tonnes: float = Field(description="tonnes of CO2 that it is charged for")
    co2_emitted_tonnes: float = Field(
        description="tonnes of CO2 that it emits, charged or not; of gas-fired plants only"
    )
    state: Literal["off", "at_minimum", "in_between", "at_maximum"]
    alternative: Literal["forced_on", "forced_off"] = Field(description="the other choice for the plant")
    outcome: Literal["feasible", "infeasible", "not_computed"] = Field(
        description="whether a plan exists with it; not_computed if there was no time left"
    )
    cost_difference: float | None = Field(
        description="euro that the best plan with that choice costs more; null if there is none"
    )
    reason: str = Field(description="the reason in one sentence")


class Report(_Answer):
    """A production plan, and why it is as it is."""

    status: Literal["optimal", "feasible"]
    load: float = Field(description="MW")
    cost: Cost
    lower_bound: float = Field(description="no plan costs less, in euro; equal to the cost if it is proven optimal")
    proof: str = Field(description="how the cost was proven")
    co2_tonnes: float = Field(description="tonnes of CO2 that are charged")
    co2_emitted_tonnes: float = Field(
        description="tonnes of CO2 that the gas-fired plants emit, charged or not; 0.3 per MWh of power"
    )
    average_price: float | None = Field(description="euro per MWh; null if nothing is produced")
    marginal_price: MarginalPrice
    curtailed_wind: float = Field(description="MW of available wind that is not used")
    headroom: Headroom
    powerplants: list[PlantReport] = Field(description="in merit order")
