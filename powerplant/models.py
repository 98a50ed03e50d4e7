"""What crosses the wire: the payload that comes in and the plan that goes out.

Numbers are taken as JSON has them: no text and no truth value stands for one, and none is infinite.
"""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

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
