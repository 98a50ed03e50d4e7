"""The payload of a request, and the report on its plan.

Numbers must be JSON numbers: strings, booleans and infinities are not accepted.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, FailFast, Field
from pydantic.fields import FieldInfo

MAX_MEGAWATT = 1_000_000
MAX_PRICE = 1_000_000
MIN_EFFICIENCY = 0.000_001
MAX_TONNES = 1_000
MAX_NAME_LENGTH = 200

TONNES_OF_GAS = 0.3
"""Tonnes of CO2 that a gas-fired plant emits for a MWh of power, unless the payload says otherwise."""


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
Tonnes = Annotated[
    float,
    Field(ge=0, le=MAX_TONNES),
    BeyondLimits("must be at least 0", f"must be at most {MAX_TONNES} tonnes for a MWh"),
]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH, pattern=r"\S")]
KeyName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH, pattern=r"^[^()]*[^()\s][^()]*$")]
"""The name of a fuel or a profile, which is a part of a key of ``fuels``."""


class Members(BaseModel):
    """An object that a client sends; members that are not known are ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", allow_inf_nan=False)


class Fuels(Members):
    """Prices and profiles of the hour. Those that no power plant of the payload uses may be absent.

    ``NAME(euro/MWh)`` is the price of a fuel of any name, and ``NAME(%)`` a profile of any name.
    """

    model_config = ConfigDict(extra="allow")

    gas: Price = Field(None, alias="gas(euro/MWh)", description="euro per MWh of gas")
    kerosine: Price = Field(None, alias="kerosine(euro/MWh)", description="euro per MWh of kerosine")
    kerosine_other_spelling: Price = Field(
        None, alias="kerosine(euro/Mwh)", description="the same; another spelling of the challenge"
    )
    co2: Price = Field(None, alias="co2(euro/ton)", description="euro per tonne of CO2")
    wind: Percentage = Field(None, alias="wind(%)", description="per cent of pmax that wind turbines produce")

    def price(self, fuel: str) -> Any:
        """The price of a fuel, in euro per MWh; ``None`` if it is absent."""
        if fuel == "gas":
            return self.gas
        if fuel == "kerosine":
            return self.kerosine if self.kerosine is not None else self.kerosine_other_spelling
        return (self.model_extra or {}).get(price_key(fuel))

    def profile(self, name: str) -> Any:
        """A profile, in per cent; ``None`` if it is absent."""
        return self.wind if name == "wind" else (self.model_extra or {}).get(profile_key(name))


FUEL_KEYS = {name: str(field.alias) for name, field in Fuels.model_fields.items()}
"""The keys of the challenge for prices and wind, by the names of the model."""


def price_key(fuel: str) -> str:
    """The key of the price of a fuel."""
    return f"{fuel}(euro/MWh)"


def profile_key(name: str) -> str:
    """The key of a profile."""
    return f"{name}(%)"


class _Plant(Members):
    """What any power plant may have. A type brings defaults for some of these members, and nothing else."""

    says_its_co2: ClassVar[bool] = False

    name: Name
    efficiency: Any = None
    pmin: Any = None
    pmax: Megawatt = Field(description="MW, the largest output; with a profile, at 100 %")
    fuel: KeyName | None = Field(None, description="NAME of a price in fuels that the plant burns")
    profile: KeyName | None = Field(None, description="NAME of a profile in fuels that limits the output")
    curtailable: bool = Field(
        True, description="of a plant with a profile: whether it may give less than the profile leaves"
    )
    cost: Annotated[float, *Price.__metadata__] = Field(
        0, alias="cost(euro/MWh)", description="further euro for a MWh of power; may be negative"
    )
    tonnes: Tonnes = Field(0, alias="co2(ton/MWh)", description="tonnes of CO2 emitted for a MWh of power")
    available: bool = Field(True, description="false: an outage; the plant cannot run")
    must_run: bool = Field(False, description="true: the plant runs, unless it cannot")

    @property
    def least(self) -> float:
        """Its pmin, in MW; 0 where that is absent or does not count."""
        is_fixed = self.profile is not None and not self.curtailable
        return 0.0 if self.pmin is None or is_fixed else self.pmin


class _FuelBurningPlant(_Plant):
    efficiency: Efficiency = Field(description="MWh of power out of one MWh of fuel")
    pmin: Megawatt = Field(description="MW, the least output when on")


class GasFired(_FuelBurningPlant):
    """A gas-fired power plant: burns gas, and emits 0.3 t of CO2 per MWh of power."""

    says_its_co2 = True

    type: Literal["gasfired"]
    fuel: KeyName = Field("gas", description="NAME of a price in fuels that the plant burns")
    tonnes: Tonnes = Field(TONNES_OF_GAS, alias="co2(ton/MWh)", description="tonnes of CO2 emitted for a MWh of power")


class Turbojet(_FuelBurningPlant):
    """A turbojet: burns kerosine."""

    type: Literal["turbojet"]
    fuel: KeyName = Field("kerosine", description="NAME of a price in fuels that the plant burns")


class WindTurbine(_Plant):
    """A wind turbine: off, or on at exactly pmax x wind %; its pmin and efficiency are ignored."""

    type: Literal["windturbine"]
    fuel: None = None
    profile: KeyName = Field("wind", description="NAME of a profile in fuels that limits the output")
    curtailable: Literal[False] = False


class _AnyPlant(_Plant):
    efficiency: Efficiency | None = Field(None, description="MWh of power out of one MWh of fuel; needed with a fuel")
    pmin: Megawatt | None = Field(None, description="MW, the least output when on; needed without a profile")


class CurtailableWindTurbine(_AnyPlant):
    """A wind turbine that may give less than the wind leaves, or that burns a fuel too."""

    type: Literal["windturbine"]
    profile: KeyName = Field("wind", description="NAME of a profile in fuels that limits the output")
    curtailable: bool = False


class OtherPlant(_AnyPlant):
    """A power plant of any other type, which is a label: it has a fuel, a profile or a cost of its own."""

    type: Name


TYPES = ("gasfired", "turbojet", "windturbine")
"""The types that bring defaults."""

PowerPlant = Annotated[
    Annotated[GasFired | Turbojet | WindTurbine, Field(discriminator="type")] | CurtailableWindTurbine | OtherPlant,
    Field(union_mode="left_to_right"),
]


class ProductionPlanRequest(Members):
    """The payload: the load of one hour, prices and wind, and the power plants."""

    load: Megawatt = Field(description="MWh in the hour, so MW on average")
    fuels: Fuels
    powerplants: Annotated[list[PowerPlant], FailFast()] = Field(min_length=1)  # decoding lists all faults


class Hour(Members):
    """The load and the prices of one hour, for a fleet that several hours share; it may change members of plants."""

    load: Megawatt
    fuels: Fuels
    powerplants: Any = None
    plants: Any = Field(None, description="members of plants of the fleet that differ in this hour, by their names")


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of an object in JSON, and their fields."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


FIELDS = [keys_of(model) for model in (ProductionPlanRequest, Fuels, GasFired)]
"""The known keys of the payload, of its fuels, and of a power plant."""

BEYOND_LIMITS = {
    key: words
    for fields in FIELDS
    for key, field in fields.items()
    for words in field.metadata
    if isinstance(words, BeyondLimits)
}
"""The messages about limits, for each key that holds a number."""


# --- The report ------------------------------------------------------------------------------------------------------


class Answered(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlantOutput(Answered):
    """The output of one power plant."""

    name: str
    p: float = Field(description="MW, a multiple of 0.1")


class Cost(Answered):
    """Cost and its parts."""

    total: float = Field(description="euro")
    fuel: float = Field(description="euro for fuel")
    co2: float = Field(description="euro for emission allowances")
    other: float = Field(description="euro of the further costs that plants have for a MWh")


class MarginalCost(Answered):
    """The cost of one more MWh of a plant's power, and its parts."""

    total: float = Field(description="euro per MWh")
    fuel: float = Field(description="euro per MWh for fuel")
    co2: float = Field(description="euro per MWh for emission allowances")
    other: float = Field(description="euro per MWh of further cost, as the payload has it")


class Prices(Answered):
    """How the cost changes with one step (0.1 MW, unless the request says otherwise) more or less, per MWh."""

    up: float | None = Field(description="euro per MWh that one step more costs; null if it is not possible")
    down: float | None = Field(description="euro per MWh that one step less saves; null if it is not possible")


class MarginalPrice(Answered):
    """The price of the next MWh. The two differ if a plant must start or stop for it."""

    commitment_as_it_is: Prices = Field(description="from the plants that run")
    commitment_free: Prices = Field(
        description="from the best plan for that load; also null if it was not computed in time"
    )


class Headroom(Answered):
    """How much more and less the running plants can produce."""

    up: float = Field(description="MW more")
    down: float = Field(description="MW less")


class PlantReport(Answered):
    """One power plant in a plan."""

    name: str
    type: str
    p: float = Field(description="MW, its output")
    pmin: float = Field(description="MW, its least output when on, a multiple of the step")
    pmax: float = Field(
        description="MW, its largest output in this hour, a multiple of the step; what its profile (wind, sun) leaves"
    )
    marginal_cost: MarginalCost
    cost: float = Field(description="euro")
    co2_tonnes: float = Field(description="tonnes of CO2 that it is charged for")
    co2_emitted_tonnes: float = Field(description="tonnes of CO2 that it emits, charged or not")
    state: Literal["off", "at_minimum", "in_between", "at_maximum"]
    alternative: Literal["forced_on", "forced_off"] = Field(
        description="the other choice for the plant; it is infeasible for a plant that must run"
    )
    outcome: Literal["feasible", "infeasible", "not_computed"] = Field(
        description="whether a plan exists with it; not_computed if there was no time left"
    )
    cost_difference: float | None = Field(
        description="euro that the best plan with that choice costs more; null if there is none"
    )
    reason: str = Field(description="the reason in one sentence")


class NeverRuns(Answered):
    """A power plant that its own data keep from running in any hour."""

    name: str
    reason: str = Field(description="the reason in one sentence")


class Ignored(Answered):
    """A member or key of the payload that is not known, or has no meaning for one hour."""

    pointer: str = Field(description="its place, a JSON Pointer (RFC 6901) as a URI fragment")
    detail: str = Field(description="why it was not used, and what it was perhaps meant to be")


class Report(Answered):
    """A production plan, and why it is as it is."""

    status: Literal["optimal", "feasible"]
    load: float = Field(description="MW")
    step: float = Field(description="MW; the load and all outputs are multiples of it")
    cost: Cost
    lower_bound: float = Field(description="no plan costs less, in euro; equal to the cost if it is proven optimal")
    proof: str = Field(description="how the cost was proven")
    co2_tonnes: float = Field(description="tonnes of CO2 that are charged")
    co2_emitted_tonnes: float = Field(description="tonnes of CO2 that the plants emit, charged or not")
    average_price: float | None = Field(description="euro per MWh; null if nothing is produced")
    marginal_price: MarginalPrice
    curtailed_wind: float = Field(description="MW that wind, sun and other profiles leave and no plant uses")
    headroom: Headroom
    powerplants: list[PlantReport] = Field(description="in merit order")
    never_runs: list[NeverRuns] = Field([], description="plants that can run in no hour")
    ignored: list[Ignored] = Field([], description="members and keys of the payload that were not used")
    notes: list[str] = Field([], description="what somebody who uses the figures should know")
