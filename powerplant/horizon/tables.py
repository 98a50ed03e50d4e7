"""From tables to the payload of a horizon. A table of periods has the lists; the fleet has all other members.

:mod:`powerplant.batch` reads their cells, as for tables of independent hours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic_core import to_json

from powerplant.batch.fleets import FLEET, keys_of_plants
from powerplant.batch.headings import (
    COLUMNS_OF_PLANTS,
    LOAD,
    Column,
    Vocabulary,
    columns_of_hours,
)
from powerplant.batch.numerals import has_value
from powerplant.batch.plants import TableOfPlants, is_json
from powerplant.batch.reading import InvalidInput
from powerplant.batch.spreadsheet import TableOfHours
from powerplant.batch.table import cell_of, in_words, shown
from powerplant.batch.workbooks import Sheets, sheets_of
from powerplant.decoding import is_fuel, parse, pointer
from powerplant.errors import Fault, InvalidPayload
from powerplant.horizon.consistency import value_at
from powerplant.horizon.decoding import LISTS
from powerplant.horizon.models import LONGEST_PERIOD
from powerplant.models import FUEL_KEYS

START = "start"
MARKET = "market(euro/MWh)"

PLACES = {
    MARKET: ("market", "price(euro/MWh)"),
    "market_buy": ("market", "buy"),
    "market_sell": ("market", "sell"),
    "reserve_up": ("reserve", "up"),
    "reserve_down": ("reserve", "down"),
}
"""The columns that only a horizon has, and the places of their lists in the payload."""

DEFAULTS = {"pmin": 0, "cost(euro/MWh)": 0, "available": True, "must_run": False, "up": 0, "down": 0}
"""The value of an empty cell, if the fleet has none."""

BY_PERIOD = ("period",)
"""The column of labels if the table has no other: the numbers of the periods."""

MOST_STEPS = 9
"""Most entries of start costs in a table of plants."""

_TIMES = {"min_up_time": "time", "min_down_time": "time", "hours": "time"}
_RAMPS = {"ramp_up": "ramp", "ramp_down": "ramp"}
_POWERS = {"startup_limit": "power", "shutdown_limit": "power", "p": "power"}
_COSTS = {"start_cost": "money", "no_load_cost(euro/h)": "rate"}
_STEPS = {f"start_after_{n}": "time" for n in range(2, MOST_STEPS + 1)}
_STEP_COSTS = {f"start_cost_{n}": "money" for n in range(2, MOST_STEPS + 1)}
_MEMBERS = _TIMES | _RAMPS | _POWERS | _COSTS | _STEPS | _STEP_COSTS | {"reserve": "truth", "on": "truth"}
INITIAL = ("on", "hours", "p")
OF_PLANTS_OVER_TIME = Vocabulary(
    [*COLUMNS_OF_PLANTS, *(Column((member,), quantity) for member, quantity in _MEMBERS.items())], "name"
)


class GivenFleet(NamedTuple):
    """The members of a payload that are not in the table of periods.

    Attributes:
        payload: as JSON has it; not checked.
        table: the table of plants, if it was one.
        columns: of each plant of the table, the columns by the rest of the pointer to their members.
        notes: remarks for the user, in sentences.
    """

    payload: dict[str, Any]
    table: TableOfPlants | None = None
    columns: Sequence[Mapping[str, Column]] = ()
    notes: Sequence[str] = ()

    def in_words(self, fault: Fault) -> Fault:
        """A fault of the fleet, with row and column if it is a table."""
        if self.table is None:
            return fault
        (worded,) = self.table.in_words([fault], lambda place, member: self.columns[place].get(member))
        return worded


def read_fleet(content: bytes, read: Callable[[bytes], Sheets] = sheets_of) -> GivenFleet:
    """Read the fleet: an object with power plants, storages and other members; a list of plants; or a table of plants.

    Args:
        content: JSON, CSV, or a workbook with the table in its sheet ``fleet`` or its first sheet.
        read: how a workbook is read.

    Raises:
        MalformedPayload: it begins like JSON, but is not valid.
        InvalidInput: it is neither JSON nor a table of plants.
        InvalidPayload: it is JSON, but not an object or a list.
    """
    if is_json(content):
        payload = parse(content, FLEET)
        payload = {"powerplants": payload} if isinstance(payload, list) else payload
        if not isinstance(payload, dict):
            raise InvalidPayload([Fault("#", f"must be {FLEET}")])
        return GivenFleet(payload)
    table = TableOfPlants(content, OF_PLANTS_OVER_TIME, read)
    plants, columns = list[dict[str, Any]](), list[Mapping[str, Column]]()
    for members in table.plants:
        plant, places = _plant(members)
        plants.append(plant)
        columns.append({place: table.columns[name,] for place, name in places.items() if (name,) in table.columns})
    known = [path[0] for path in table.columns] + [*_MEMBERS]
    return GivenFleet({"powerplants": plants}, table, columns, [*table.notes, *table.ignored(known)])


def _plant(cells: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """A plant of a row, and the headings of its members by the rest of their pointers."""
    plant = {name: value for name, value in cells.items() if name not in {*INITIAL, *_STEPS, *_STEP_COSTS}}
    places = {pointer(name)[1:]: name for name in OF_PLANTS_OVER_TIME.exact}
    if initial := {name: cells[name] for name in INITIAL if name in cells}:
        plant["initial"] = initial
        places |= {f"/initial/{name}": name for name in INITIAL}
    further = [n for n in range(2, MOST_STEPS + 1) if f"start_after_{n}" in cells or f"start_cost_{n}" in cells]
    if further:
        first = {"after": 0, "cost": plant.pop("start_cost", None)}
        steps = [{"after": cells.get(f"start_after_{n}"), "cost": cells.get(f"start_cost_{n}")} for n in further]
        plant["start_costs"] = [
            {key: value for key, value in step.items() if value is not None} for step in [first, *steps]
        ]
        places["/start_costs/0/cost"] = "start_cost"
        for i, n in enumerate(further, 1):
            places |= {f"/start_costs/{i}/after": f"start_after_{n}", f"/start_costs/{i}/cost": f"start_cost_{n}"}
    return plant, places


class Periods:
    """A table of periods, and the fleet whose lists it fills.

    Its columns are those of a table of hours, ``market(euro/MWh)``, ``market_buy``, ``market_sell``, ``reserve_up``,
    ``reserve_down`` and the time at which each period starts. An empty cell means what the fleet says.

    Attributes:
        content: the payload, as JSON.
        layout: the layout of a table of plans: separator, decimals and labels as in this table.
        labels: for each period, the cells that say which one it is.
        notes: remarks for the user, in sentences.

    Args:
        content: the table, in UTF-8, UTF-16 or Windows-1252.
        fleet: all other members of the payload.
        zone: the time zone of times without an offset.
        is_fraction: whether wind is a fraction of 1.

    Raises:
        InvalidInput: as for :class:`powerplant.batch.spreadsheet.Hours`.
        InvalidPayload: the times have gaps or repeats; or a member that the table fills is not an object.
    """

    def __init__(self, content: bytes, fleet: GivenFleet, zone: tzinfo = UTC, *, is_fraction: bool = False) -> None:
        self._fleet, payload = fleet, deepcopy(fleet.payload)
        given = payload.get("powerplants")
        plants = [plant for plant in given if isinstance(plant, dict)] if isinstance(given, list) else []
        fuels = payload.get("fuels")
        self._keys = [
            *FUEL_KEYS.values(),
            *keys_of_plants(plants),
            *filter(is_fuel, fuels if isinstance(fuels, dict) else ()),
        ]
        more = [Column((name,), "price" if name == MARKET else "power") for name in PLACES]
        vocabulary = Vocabulary([*columns_of_hours(self._keys), *more], LOAD, MARKET)
        self._table = table = TableOfHours(content, vocabulary)
        names = [plant["name"] for plant in plants if isinstance(plant.get("name"), str)]
        table.use(vocabulary, names, is_fraction=is_fraction)
        self._rows, self.notes = [*self._checked()], table.notes
        self._column_at = dict[str, Column]()
        for path, column in table.columns.items():
            self._fill(payload, path, column)
        self._find_times(payload, zone)
        self.labels = [table.labels_of(cells) for _, cells in self._rows]
        if not table.labels:
            self.labels = [(str(period),) for period in range(1, len(self._rows) + 1)]
        self.layout = table.layout_of_plans(BY_PERIOD)
        self.content = to_json(payload, inf_nan_mode="constants")

    def in_words(self, faults: Sequence[Fault]) -> tuple[list[Fault], list[Fault]]:
        """The faults of the payload in two lists: those of the table, with row and column; and those of the fleet."""
        of_table, of_fleet = list[Fault](), list[Fault]()
        keys = {pointer("fuels", key): key for key in self._keys} | {pointer(LOAD): LOAD}
        for fault in faults:
            place, _, period = fault.pointer.rpartition("/")
            if (column := self._column_at.get(place)) is not None and period.isdigit():
                number, cells = self._rows[int(period)]
                cell = cell_of(column.place, cells)
                detail = fault.detail if has_value(cell) else "is missing"
                of_table.append(Fault("#", f"row {number}: {in_words(column, cell, detail)}"))
            elif fault.pointer in keys and fault.detail.startswith("is missing"):
                of_table.append(Fault("#", f"the column {keys[fault.pointer]} {fault.detail}"))
            else:
                of_fleet.append(self._fleet.in_words(fault))
        return of_table, of_fleet

    def _checked(self) -> Iterator[tuple[int, list[str]]]:
        """The rows; each must be a period."""
        for number, cells in self._table.rows():
            if why := self._table.why_no_hour(cells, "a period"):
                raise InvalidInput(number, why)
            yield number, cells

    def _fill(self, payload: dict[str, Any], path: tuple[str, ...], column: Column) -> None:
        """Put a column into the payload as a list."""
        where: tuple[str | int, ...] = PLACES.get(path[0], path)
        into: Any = payload
        if path[0] == "plants":
            if path[2] not in LISTS:
                what = f"{column.heading}: only {', '.join(LISTS)} can be different in each period"
                raise InvalidInput(self._table.first, what)
            place = [isinstance(plant, dict) and plant.get("name") for plant in payload["powerplants"]].index(path[1])
            where, into = ("powerplants", place, path[2]), payload["powerplants"][place]
        elif len(where) > 1:
            if payload.get(path_to := str(where[0])) is None:
                payload[path_to] = {}
            into = payload[path_to]
            if not isinstance(into, dict):
                raise InvalidPayload([Fault(pointer(path_to), "must be an object")])
        key = str(where[-1])
        otherwise = into.get(key)
        otherwise = DEFAULTS.get(key) if otherwise is None else otherwise
        values = []
        for period, (_, cells) in enumerate(self._rows):
            cell = cell_of(column.place, cells)
            values.append(self._table.value(column, cell) if has_value(cell) else value_at(otherwise, period))
        into[key] = values
        self._column_at[pointer(*where)] = column

    # --- Times -------------------------------------------------------------------------------------------------------

    def _find_times(self, payload: dict[str, Any], zone: tzinfo) -> None:
        """Start and resolution, from the column ``start`` or the first one that begins with a time.

        Raises:
            InvalidPayload: a cell is not a time, or the steps between them differ.
        """
        first = self._rows[0][1] if self._rows else []
        names, places = self._table.names, self._table.labels
        named = (place for place in places if names[place].casefold() == START)
        begins = (place for place in places if _time(cell_of(place, first)) is not None)
        place = next(named, next(begins, None))
        if place is None or not self._rows:
            if self._rows and "start" not in payload:
                self.notes.append("No column has times: the periods have numbers. 2026-01-06 00:00 would be a time.")
            return
        times, faults = list[datetime](), list[str]()
        for number, cells in self._rows:
            cell = cell_of(place, cells)
            time = _time(cell)
            what = f"row {number}: {names[place]} is {shown(cell)}"
            if time is None:
                faults.append(f"{what}, and must be a time such as 2026-01-06 00:00 or 2026-01-06T00:00+01:00")
            elif time.tzinfo is None:
                time, is_right = _in_zone(time, zone, times[-1] if times else None)
                faults += [] if is_right else [f"{what}, a time that {zone} does not have: clocks go forward"]
            times += [] if time is None else [time.astimezone(UTC)]
        if not faults:
            faults = [*self._steps(payload, times, names[place], place)]
        if faults:
            raise InvalidPayload([Fault("#", fault) for fault in faults])
        start = _time(cell_of(place, first))
        assert start is not None  # noqa: S101 - all cells are times
        payload["start"] = times[0].astimezone(start.tzinfo or zone).isoformat()

    def _steps(self, payload: dict[str, Any], times: list[datetime], name: str, place: int) -> Iterator[str]:
        """What is wrong with the steps between times; their length is the resolution."""
        steps = Counter(later - time for time, later in pairwise(times) if later > time)
        if not steps:
            if len(times) > 1:
                yield f"{name} does not rise from row to row"
            return
        length, minute = steps.most_common(1)[0][0], timedelta(minutes=1)
        if length % minute or length > LONGEST_PERIOD:
            yield f"{name} rises by {length} from row to row: a period has whole minutes, and at most 24 hours"
            return
        payload["resolution"] = f"PT{length // minute}M"
        for (before, _), (number, cells), step in zip(
            self._rows, self._rows[1:], (later - time for time, later in pairwise(times)), strict=False
        ):
            if step == length:
                continue
            what = f"row {number}: {name} is {shown(cell_of(place, cells))}"
            if not step:
                yield f"{what}, the same time as in row {before}"
            elif step < timedelta(0):
                yield f"{what}, before that of row {before}"
            elif step % length:
                yield f"{what}, {step} after row {before}, and the other rows are {length} apart"
            else:
                missing = step // length - 1
                yield f"{what}: {missing} {'period is' if missing == 1 else 'periods are'} missing after row {before}"


_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
_ONE_DIGIT = re.compile(r"(?<!\d)(\d)(?=:)")


def _time(cell: str) -> datetime | None:
    """A time in ISO 8601, or as 06.01.2026 0:00; without an offset if the cell has none."""
    text = _DAY_FIRST.sub(lambda match: f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}", cell, count=1)
    try:
        return datetime.fromisoformat(_ONE_DIGIT.sub(r"0\1", text))
    except ValueError:
        return None


def _in_zone(time: datetime, zone: tzinfo, before: datetime | None) -> tuple[datetime, bool]:
    """A time of a zone, and whether it exists there: clocks go forward.

    In an hour that comes twice, when clocks go back, it is the first time that is later than the one before.
    """
    local = time.replace(tzinfo=zone)
    if before is not None and local.astimezone(UTC) <= before:
        again = local.replace(fold=1)
        local = again if again.astimezone(UTC) > before else local
    return local, local.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == time
