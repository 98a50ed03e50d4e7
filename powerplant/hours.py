"""Plan many hours of one fleet from Python: :func:`powerplant.plan_hours`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Integral, Real
from time import perf_counter
from typing import Any, NamedTuple, Protocol, TypeVar, overload

from powerplant.batch.fleets import SharedFleet, constant_prices, decode_fleet, read_fleet, with_prices
from powerplant.batch.planner import Planned, plan_line
from powerplant.batch.plants import read_plants
from powerplant.batch.reading import InvalidInput, Line
from powerplant.decoding import faults_of_fuels, is_fuel
from powerplant.errors import Fault, InvalidPayload, MalformedPayload
from powerplant.library import NO_LIMIT, Payload, as_json, in_python, options_of
from powerplant.models import FIELDS, FUEL_KEYS
from powerplant.planning import Options
from powerplant.problems import CLIENT_ERRORS, problem_of
from powerplant.rows import TEXTS, columns_of_hours, values_of_hour

LOAD, FUELS, PLANTS = "load", "fuels", "plants"

FIELDS_OF_PLANTS = frozenset(FIELDS[2])


class Table(Protocol):
    """A :class:`pandas.DataFrame`."""

    @property
    def index(self) -> Any:
        """The labels of its rows."""

    @property
    def columns(self) -> Any:
        """The names of its columns."""


Frame = TypeVar("Frame", bound=Table)


@overload
def plan_hours(
    hours: Frame,
    fleet: Payload | list[Any],
    *,
    co2: bool = ...,
    step: float | str = ...,
    round_load: bool = ...,
    feasible: bool = ...,
    time_limit: float = ...,
) -> Frame: ...


@overload
def plan_hours(
    hours: Iterable[Mapping[str, Any]],
    fleet: Payload | list[Any],
    *,
    co2: bool = ...,
    step: float | str = ...,
    round_load: bool = ...,
    feasible: bool = ...,
    time_limit: float = ...,
) -> list[dict[str, Any]]: ...


def plan_hours(
    hours: Any,
    fleet: Payload | list[Any],
    *,
    co2: bool = True,
    step: float | str = 0.1,
    round_load: bool = False,
    feasible: bool = False,
    time_limit: float = 5.0,
) -> Any:
    """The cheapest production plan for each of many hours, which do not depend on each other.

    The fleet is decoded once. Hours are planned one after another, in the thread of the caller.

    Args:
        hours: a :class:`pandas.DataFrame` with a row for each hour, or an iterable of dicts. Columns and keys are
            ``load`` (MW); those of ``fuels`` in a payload: ``gas(euro/MWh)``, ``wind(%)``, ...; and members of a plant
            in this hour alone: ``available[gas1]``, ``pmax[gas1]``, ... Others are passed over. An empty cell (``NaN``,
            ``None``) has no value. A dict may also have ``fuels`` and ``plants``, as in a batch.
        fleet: the power plants: a dict with ``powerplants`` (for example a payload), a list of plants, JSON text, a
            DataFrame with a row for each plant and its members as columns, or the path of a file with JSON or with such
            a table (CSV or ``.xlsx``). A price in its ``fuels`` holds for every hour that has none itself; wind does
            not.
        co2: whether emission allowances count in the cost.
        step: MW; 1, 0.1, 0.01 or 0.001. Outputs and loads are multiples of it.
        round_load: whether a load that is not a multiple of the step is planned as the nearest one.
        feasible: whether to accept the best plan found if none is proven to be the cheapest within the time limit.
        time_limit: seconds for each hour.

    Returns:
        What was given: a DataFrame with the same index, or a list of dicts. For each hour:

        - ``load``: MW, which the outputs meet;
        - ``status``: ``optimal``, ``feasible``, or why there is no plan: ``infeasible-load``, ``invalid-payload``,
          ``gave-up``;
        - ``reason``: why there is no plan, or how much a ``feasible`` one costs too much at most; else empty;
        - ``cost`` in euro; ``price_up`` in euro per MWh, and ``co2_emitted`` in tonnes, as ``marginal_price`` and
          ``co2`` of :class:`powerplant.ProductionPlan`;
        - ``p[NAME]``: the output in MW of each plant, in the order of the fleet.

        Where there is no plan these are empty: ``NaN`` in a DataFrame, ``None`` in a dict.

    Raises:
        MalformedPayload: the fleet is neither JSON nor a table of power plants.
        InvalidPayload: the fleet is not valid, or the DataFrame lacks a column that it needs.
        OSError: the file of the fleet cannot be read.
        TypeError, ValueError: an argument has the wrong type or value, or two columns have the same name.
    """
    options = options_of(co2=co2, step=step, round_load=round_load, feasible=feasible, time_limit=time_limit)
    shared = _fleet(fleet, options)
    if not _is_frame(hours):
        if isinstance(hours, Mapping | str | bytes):
            raise TypeError(f"hours must be a DataFrame or an iterable of dicts, not {type(hours).__name__}")
        return [_planned(row, shared, options) for row in hours]
    _check_columns(hours, shared, options)
    rows = [_planned(row, shared, options) for row in _rows(hours)]
    frame = type(hours)(rows, index=hours.index, columns=shared.columns)
    return frame.astype({name: float for name in shared.columns if name not in TEXTS})


class _Fleet(NamedTuple):
    """A fleet in integers, the prices that hold for every hour without its own, and the columns of the result."""

    plants: SharedFleet
    prices: Mapping[str, float]
    columns: list[str]


def _fleet(given: Any, options: Options) -> _Fleet:
    body = as_json(_records(given)) if _is_frame(given) else as_json(given)
    try:
        if isinstance(given, os.PathLike):
            body = read_plants(body, max_plants=NO_LIMIT).content
        else:
            decode_fleet(body, max_plants=NO_LIMIT)
    except MalformedPayload as error:
        raise in_python(error, given) from None
    except InvalidInput as error:
        raise MalformedPayload(f"The fleet is neither JSON nor a table of power plants: {error}.") from None
    shared = read_fleet(Line(0, body), options.grid, max_plants=NO_LIMIT)
    return _Fleet(shared, constant_prices(body), [*columns_of_hours(shared.fleet.names)])


# --- One hour --------------------------------------------------------------------------------------------------------


def _planned(row: Any, shared: _Fleet, options: Options) -> dict[str, Any]:
    """A row of the result."""
    start = perf_counter()
    hour = _hour(row, shared.prices)
    try:
        content = as_json(hour)
        options = options.after(perf_counter() - start)
        return _with_plan(plan_line(content, shared.plants, options, max_plants=NO_LIMIT), shared)
    except CLIENT_ERRORS as error:
        load = hour.get(LOAD)
        result = dict.fromkeys(shared.columns)
        is_number = isinstance(load, int | float) and not isinstance(load, bool)
        return result | {LOAD: load if is_number else None, "status": problem_of(error).name, "reason": str(error)}


def _with_plan(planned: Planned, shared: _Fleet) -> dict[str, Any]:
    values = values_of_hour(planned.solved, planned.emitted)
    plain = [float(value) if isinstance(value, Decimal) else value for value in values]
    return dict(zip(shared.columns, plain, strict=True))


def _hour(row: Any, prices: Mapping[str, float]) -> dict[str, Any]:
    """A row as an hour of a batch, without what has no value."""
    if not isinstance(row, Mapping):
        raise TypeError(f"each hour must be a dict, not {type(row).__name__}")
    load = _number(row.get(LOAD))
    fuels, plants = ({} if row.get(key) is None else row[key] for key in (FUELS, PLANTS))
    if isinstance(fuels, Mapping):  # anything else is a fault of the hour
        own = {key: value for key, value in row.items() if _is_of_fuels(key)}
        fuels = with_prices({**_numbers(fuels), **_numbers(own)}, prices)
    if isinstance(plants, Mapping):
        plants = _changes(plants, row)
    hour = {FUELS: fuels, **({} if load is None else {LOAD: load})}
    return hour if plants == {} else hour | {PLANTS: plants}


def _changes(plants: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The members of plants that an hour changes: those of ``plants``, and of its columns like ``pmax[gas1]``."""
    changes = {name: dict(members) if isinstance(members, Mapping) else members for name, members in plants.items()}
    for key, value in row.items():
        place, number = _of_a_plant(key), _number(value)
        if place is not None and number is not None:
            member, name = place
            if isinstance(own := changes.setdefault(name, {}), dict):
                own[member] = number
    return changes


def _is_of_fuels(key: Any) -> bool:
    return isinstance(key, str) and (key in FUEL_KEYS.values() or is_fuel(key))


def _of_a_plant(key: Any) -> tuple[str, str] | None:
    """The member and the plant of a column like ``available[gas1]``; ``None`` for any other column."""
    member, bracket, rest = key.partition("[") if isinstance(key, str) else ("", "", "")
    return (member, rest[:-1]) if bracket and rest.endswith("]") and member in FIELDS_OF_PLANTS else None


def _numbers(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {key: number for key, value in cells.items() if (number := _number(value)) is not None}


def _number(value: Any) -> Any:
    """A number of any kind as Python's; ``None`` for an empty cell; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return value
    if isinstance(value, Integral):
        return int(value)
    number = float(str(value) if hasattr(value, "item") else value)  # NumPy's single precision: its shortest decimal
    return None if number != number else number  # NaN is an empty cell


# --- DataFrames ------------------------------------------------------------------------------------------------------


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")  # whoever has a DataFrame has imported it
    return pandas is not None and isinstance(value, pandas.DataFrame)


def _records(frame: Any, names: Iterable[Any] = ()) -> list[dict[str, Any]]:
    """The rows of a DataFrame as dicts, without empty cells."""
    names = [*names] or [*frame.columns]
    columns = [
        [None if is_empty else value for value, is_empty in zip(frame[name].array, frame[name].isna(), strict=True)]
        for name in names
    ]
    rows = zip(*columns, strict=True)
    return [{name: _number(cell) for name, cell in zip(names, row, strict=True) if cell is not None} for row in rows]


def _check_columns(hours: Any, shared: _Fleet, options: Options) -> None:
    """Refuse a DataFrame without a column that the fleet needs, instead of each of its hours."""
    if not hours.columns.is_unique:
        raise ValueError(f"two columns have the name {hours.columns[hours.columns.duplicated()][0]!r}")
    given = {name: 0.0 for name in hours.columns if isinstance(name, str)}
    faults = []
    if LOAD not in given:
        meant = next((name for name in given if LOAD in name.casefold()), None)
        hint = "" if meant is None else f"; {meant} is not a known column; did you mean load, in MW?"
        faults.append(Fault("#/load", f"is missing{hint}"))
    faults += faults_of_fuels(shared.plants.needs, given | dict(shared.prices), co2=options.co2)
    if faults:
        raise InvalidPayload(faults)


def _rows(hours: Any) -> Iterable[dict[str, Any]]:
    """The columns that are used, as a dict for each hour."""
    return _records(hours, [name for name in hours.columns if name == LOAD or _is_of_fuels(name) or _of_a_plant(name)])
