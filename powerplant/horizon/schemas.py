"""The request, the answer and the report of a horizon as schemas, for the description of the service.

Nothing here decides what is valid: :mod:`.decoding` does. A test holds real answers and reports against these models.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from powerplant.horizon.models import Earlier, Initial, PlantOverTime, StorageMembers, Whole
from powerplant.models import (
    Answered,
    Efficiency,
    Ignored,
    KeyName,
    Megawatt,
    Members,
    Name,
    NeverRuns,
    Percentage,
    Price,
    Tonnes,
)

Number = Annotated[float, *Price.__metadata__]
Megawatts = Megawatt | list[Megawatt]
Prices = Number | list[Number]


# --- The request -----------------------------------------------------------------------------------------------------


class HorizonFuels(Members):
    """Prices and profiles: one value, or a list with a value for each period. Keys as for one hour."""

    model_config = ConfigDict(extra="allow")

    gas: Prices | None = Field(None, alias="gas(euro/MWh)", description="euro per MWh of gas")
    kerosine: Prices | None = Field(None, alias="kerosine(euro/MWh)", description="euro per MWh of kerosine")
    co2: Prices | None = Field(None, alias="co2(euro/ton)", description="euro per tonne of CO2")
    wind: Percentage | list[Annotated[float, *Percentage.__metadata__]] = Field(
        None, alias="wind(%)", description="per cent of pmax that wind turbines produce"
    )


class _HorizonPlant(PlantOverTime):
    name: Name
    pmax: Megawatts = Field(description="MW, the largest output; with a profile, at 100 %")
    fuel: KeyName | None = Field(None, description="NAME of a price in fuels that the plant burns")
    profile: KeyName | None = Field(None, description="NAME of a profile in fuels that limits the output")
    curtailable: bool | None = Field(
        None, description="of a plant with a profile: whether it may give less than the profile leaves"
    )
    cost: Prices = Field(0, alias="cost(euro/MWh)", description="further euro for a MWh of power; may be negative")
    tonnes: Tonnes | None = Field(None, alias="co2(ton/MWh)", description="tonnes of CO2 emitted for a MWh of power")
    available: bool | list[bool] = Field(True, description="false: an outage; the plant cannot run")
    must_run: bool | list[bool] = Field(False, description="true: the plant runs, unless it cannot")


class HorizonPlant(_HorizonPlant):
    """A power plant; pmin, pmax, cost, available and must_run are one value, or a value for each period."""

    type: Name = Field(description="gasfired, turbojet and windturbine bring defaults; any other is a label")
    efficiency: Efficiency | None = Field(None, description="MWh of power out of one MWh of fuel")
    pmin: Megawatts | None = Field(None, description="MW, the least output when on")


class HorizonWindTurbine(_HorizonPlant):
    """A wind turbine: off, or on at exactly pmax x wind %, unless it is curtailable; its efficiency is ignored."""

    type: Literal["windturbine"]
    efficiency: Any = None
    pmin: Any = None


class ReserveNeeded(Members):
    """What running plants must be able to give more (up) or less (down), in MW."""

    up: Megawatts = 0
    down: Megawatts = 0


class Market(Members):
    """A market in which energy can be bought and sold; never both in one period."""

    price: Prices = Field(alias="price(euro/MWh)", description="euro per MWh")
    buy: Megawatts = Field(0, description="most MW bought in a period")
    sell: Megawatts = Field(0, description="most MW sold in a period")
    fee: Number = Field(0, alias="fee(euro/MWh)", description="euro for each MWh bought or sold")


class HorizonRequest(Whole):
    """Loads, prices, profiles, power plants and storages over many periods that depend on each other."""

    load: list[Megawatt] | None = Field(
        None, min_length=1, description="MW on average, for each period; may be absent beside a market with prices"
    )
    fuels: HorizonFuels | None = Field(None, description="may be absent without power plants")
    powerplants: list[HorizonWindTurbine | HorizonPlant] = Field(
        [], description="may be absent or empty beside storages or a market"
    )
    reserve: ReserveNeeded | None = None
    market: Market | None = None
    storages: list[StorageMembers] = Field([])
    previous: list[Earlier] | None = Field(
        None, description="the plan of an answer to a similar request: the search begins with it"
    )


# --- The answer ------------------------------------------------------------------------------------------------------


class PlantSchedule(Answered):
    """What a power plant does; lists have a value for each period."""

    name: str
    p: list[float] = Field(description="MW, multiples of the step")
    on: list[Literal[0, 1]] = Field(description="1 where it runs")


class StorageSchedule(Answered):
    """What a storage does; lists have a value for each period."""

    name: str
    charge: list[float] = Field(description="MW")
    discharge: list[float] = Field(description="MW")
    energy: list[float] = Field(description="MWh at the end of the period")


class MarketSchedule(Answered):
    """What is bought and sold; lists have a value for each period."""

    buy: list[float] = Field(description="MW")
    sell: list[float] = Field(description="MW")


class HorizonPlan(Answered):
    """The best plan found for a horizon, and how far it is from the cheapest at most."""

    status: Literal["optimal", "within_gap", "time_limit"] = Field(
        description="optimal: integers prove that no plan is cheaper. within_gap: the gap is at most the request's "
        "relative_gap. time_limit: the time ended before that"
    )
    cost: float = Field(description="euro")
    lower_bound: float = Field(description="euro; no plan costs less")
    gap: float = Field(ge=0, description="euro: cost minus lower_bound")
    relative_gap: float = Field(ge=0, description="the gap as a share of the cost")
    times: list[str] | None = Field(None, description="the start of each period; where the request has a start")
    plan: list[PlantSchedule] = Field(description="every plant, in merit order of the first period")
    storages: list[StorageSchedule] = Field([], description="absent without storages")
    market: MarketSchedule | None = Field(None, description="absent without a market")
    lost_load: list[float] = Field([], description="MW that are not met; absent where all load is met")
    ignored: list[Ignored] = Field([], description="members of the request that were not used")


# --- The report ------------------------------------------------------------------------------------------------------


class KindsOfCost(Answered):
    """Euro by kind."""

    fuel: float = Field(description="euro for fuel, or of the cost curve")
    co2: float = Field(description="euro for emission allowances")
    other: float = Field(description="euro of the further costs that plants have for a MWh")
    no_load: float = Field(description="euro for running, whatever the output")
    start: float = Field(description="euro for starts")


class HorizonCosts(KindsOfCost):
    """The cost of the plan by kind, in euro."""

    storage: float = Field(description="euro for discharged energy, less the value of what is held at the end")
    market: float = Field(description="euro for bought energy, less those for sold energy")
    lost_load: float = Field(description="euro for load that is not met")


class PlantCosts(KindsOfCost):
    """The cost of a plant by kind, in euro."""

    total: float = Field(description="euro")


class Reserve(Answered):
    """Reserve in a period."""

    needed: float = Field(description="MW")
    held: float = Field(description="MW")


class PeriodPrice(Answered):
    """Prices of a period, in euro per MWh."""

    up: float | None = Field(description="of one step of load more, with the commitment as it is; null if not possible")
    down: float | None = Field(description="of one step of load less, likewise")
    relaxed: float | None = Field(description="where plants could be on in part; null if not known")


class PeriodReport(Answered):
    """One period of the plan."""

    period: int = Field(ge=1, description="its number, from 1")
    start: str | None = Field(None, description="its start; where the request has one")
    load: float = Field(description="MW")
    price: PeriodPrice
    reserve_up: Reserve
    reserve_down: Reserve
    curtailed: float = Field(description="MW that wind, sun and other profiles leave and no plant uses")
    lost_load: float | None = Field(None, description="MW that are not met; where the request has a price for it")


class StartReport(Answered):
    """One start of a plant."""

    period: int = Field(ge=1, description="the first period in which it runs, from 1")
    hours_off: float | None = Field(description="h off before; null if they reach back before what is known")
    cost: float = Field(description="euro")


class SpellReport(Answered):
    """Why a plant runs or rests in periods that follow each other."""

    first: int = Field(ge=1, description="the first period, from 1")
    last: int = Field(ge=1, description="the last period")
    on: bool = Field(description="whether it runs")
    reason: str = Field(description="the reason in one sentence")


class HorizonPlantReport(Answered):
    """One power plant over all periods."""

    name: str
    type: str
    energy: float = Field(description="MWh")
    costs: PlantCosts
    uplift: float | None = Field(
        description="euro that its cost is above what it earns at the relaxed prices; null if these are not known"
    )
    co2_tonnes: float = Field(description="tonnes of CO2 that it is charged for")
    co2_emitted_tonnes: float = Field(description="tonnes of CO2 that it emits, charged or not")
    starts: list[StartReport]
    reasons: list[SpellReport] = Field(description="of each run and each rest")


class PlantState(Answered):
    """The state of a plant; its initial is that of the next request."""

    name: str
    initial: Initial


class StorageState(Answered):
    """The energy in a storage; its initial is that of the next request."""

    name: str
    initial: float = Field(description="MWh")


class End(Answered):
    """The state after a period, the last one unless the request says otherwise."""

    period: int = Field(ge=1, description="its number, from 1")
    powerplants: list[PlantState]
    storages: list[StorageState] = Field([], description="absent without storages")


class HorizonReport(HorizonPlan):
    """A plan for a horizon with costs, starts, reserve, and the state at its end."""

    step: float = Field(description="MW; loads and outputs are multiples of it")
    costs: HorizonCosts
    co2_tonnes: float = Field(description="tonnes of CO2 that are charged")
    co2_emitted_tonnes: float = Field(description="tonnes of CO2 that the plants emit, charged or not")
    periods: list[PeriodReport]
    powerplants: list[HorizonPlantReport] = Field(description="in merit order of the first period")
    end: End
    never_runs: list[NeverRuns] = Field(description="plants that their own data keep from ever running")
    notes: list[str] = Field(description="what somebody who uses the figures should know")
