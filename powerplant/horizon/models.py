"""The payload of a horizon: what it has beyond the payload of one hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from powerplant.models import MAX_MEGAWATT, Fuels, Megawatt, Members, Name, PowerPlant, Price

MAX_HOURS = 100_000
MAX_EURO = 1_000_000_000

SHORTEST_PERIOD, LONGEST_PERIOD = timedelta(minutes=1), timedelta(hours=24)
"""Limits of the length of a period."""

Hours = Annotated[float, Field(ge=0, le=MAX_HOURS)]
Euro = Annotated[float, Field(ge=0, le=MAX_EURO)]
EuroPerHour = Annotated[float, Field(ge=-MAX_EURO, le=MAX_EURO)]


class StartCost(Members):
    """The cost of a start after so many hours off."""

    after: Hours = Field(description="h off from which the cost holds")
    cost: Euro = Field(description="euro")


class Point(Members):
    """A point of a cost curve."""

    p: Megawatt = Field(description="MW")
    cost: EuroPerHour = Field(description="euro per hour")


class Initial(Members):
    """The state of a plant before the first period."""

    on: bool
    hours: Hours | None = Field(None, description="h in this state; without it: for long")
    p: Megawatt | None = Field(None, description="MW, its output; needed where it is on")


class PlantOverTime(Members):
    """The members of a power plant that only a horizon has."""

    min_up_time: Hours = Field(0, description="h that it runs at least; rounded up to periods")
    min_down_time: Hours = Field(0, description="h that it rests at least; rounded up to periods")
    ramp_up: Megawatt | None = Field(None, description="MW/h by which its output may rise between two periods on")
    ramp_down: Megawatt | None = Field(None, description="MW/h by which its output may fall between two periods on")
    startup_limit: Megawatt | None = Field(
        None, description="MW in the first period on, at most; default: the larger of pmin and ramp_up × h"
    )
    shutdown_limit: Megawatt | None = Field(
        None, description="MW in the last period on, at most; default: the larger of pmin and ramp_down × h"
    )
    start_costs: Annotated[list[StartCost], Field(min_length=1)] | None = Field(
        None, description="cost of a start by the hours off; after rises, costs do not fall"
    )
    start_cost: Euro | None = Field(None, description="euro for each start; short for one entry of start_costs")
    no_load_cost: EuroPerHour = Field(0, alias="no_load_cost(euro/h)", description="euro per hour while it runs")
    cost_curve: Annotated[list[Point], Field(min_length=1)] | None = Field(
        None, description="convex cost in place of fuel, cost(euro/MWh) and no-load cost; covers the limits"
    )
    reserve: bool = Field(True, description="whether it counts for the reserve")
    initial: Initial | None = Field(None, description="state before the first period; without it: any")


MegawattHours = Annotated[float, Field(ge=0, le=MAX_MEGAWATT * MAX_HOURS)]
EuroPerMegawattHour = Annotated[float, *Price.__metadata__]
Share = Annotated[float, Field(gt=0, le=1)]


class Final(Members):
    """What a storage holds after the last period."""

    min: MegawattHours | None = Field(None, description="MWh that it holds at least")
    value: EuroPerMegawattHour = Field(0, alias="value(euro/MWh)", description="euro for a MWh that it holds")


class StorageMembers(Members):
    """A storage: a battery, or pumped hydro."""

    name: Name
    charge_max: Megawatt = Field(description="MW that it charges at most")
    discharge_max: Megawatt = Field(description="MW that it discharges at most")
    energy_max: MegawattHours = Field(description="MWh that it holds at most")
    energy_min: MegawattHours = Field(0, description="MWh that it holds at least")
    charge_efficiency: Share = Field(1, description="MWh held for a MWh charged")
    discharge_efficiency: Share = Field(1, description="MWh discharged for a MWh taken out")
    cost: EuroPerMegawattHour = Field(0, alias="cost(euro/MWh)", description="euro for a MWh discharged")
    initial: MegawattHours | None = Field(None, description="MWh before the first period; default: energy_min")
    final: Final | None = Field(None, description="after the last period; without it: no less than at the start")


class Earlier(Members):
    """What a plant does in the plan for a similar payload, in the form of an answer."""

    name: str
    on: list[Literal[0, 1]]


class Whole(Members):
    """The members of the payload that are single values."""

    resolution: str = Field("PT1H", description="ISO 8601: the length of a period, whole minutes from PT1M to PT24H")
    start: str | None = Field(None, description="ISO 8601 with offset: the start of the first period")
    relative_gap: float = Field(0.001, ge=0, le=1, description="gap between cost and bound at which to stop")
    lost_load: Annotated[float, Field(ge=0, le=MAX_EURO)] | None = Field(
        None, alias="lost_load(euro/MWh)", description="price of load that is not met; without it all load is met"
    )


class OverTime(NamedTuple):
    """A power plant of the horizon.

    Attributes:
        plant: its members of one hour; where one is a list, its value in the first period.
        lists: its members that are lists, by the names of the model.
        members: its members that only a horizon has.
    """

    plant: PowerPlant
    lists: dict[str, list[Any]]
    members: PlantOverTime

    def at(self, period: int) -> PowerPlant:
        """Its members in one period."""
        if not self.lists:
            return self.plant
        return self.plant.model_copy(update={name: values[period] for name, values in self.lists.items()})


class Trade(NamedTuple):
    """The market, with a value for each period.

    Attributes:
        price: euro per MWh.
        buy, sell: most MW.
        fee: euro for each MWh bought or sold.
    """

    price: list[float]
    buy: list[float]
    sell: list[float]
    fee: float


class Horizon(NamedTuple):
    """A valid payload of a horizon.

    Attributes:
        load: MW in each period.
        fuels: prices and profiles of each period.
        plants: the power plants.
        length: the length of a period.
        start: the start of the first period.
        relative_gap: the gap at which the search stops, as a share of the cost.
        lost_load: the price of load that is not met, in euro per MWh; ``None`` if all load must be met.
        reserve_up, reserve_down: MW that running plants must be able to give more or less, in each period.
        ignored: members that are not used: where they are, and why.
        storages: the storages.
        market: the market; ``None`` without one.
        previous: whether each plant was on in each period of a plan for a similar payload; ``None`` without one.
    """

    load: list[float]
    fuels: list[Fuels]
    plants: list[OverTime]
    length: timedelta
    start: datetime | None
    relative_gap: float
    lost_load: float | None
    reserve_up: list[float]
    reserve_down: list[float]
    ignored: list[Any]
    storages: list[StorageMembers] = []  # noqa: RUF012 - never changed
    market: Trade | None = None
    previous: list[list[int]] | None = None
