"""From a table of hours (CSV, as spreadsheets save it) to the lines of a batch.

A table is read as a whole before any of its hours is planned: only all cells together show whether its points are
decimal, and whether its profiles are fractions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from pydantic_core import to_json

from powerplant.batch.fleets import SharedFleet, as_one_key, constant_prices, faults_of_hour, keys_of_plants
from powerplant.batch.headings import LOAD, OF_THE_CHALLENGE, Vocabulary, changed_fuels, columns_of_hours
from powerplant.batch.numerals import has_value, read_numeral
from powerplant.batch.reading import Chunk, InvalidInput, Line, cut
from powerplant.batch.table import SEPARATED_BY, Table, cell_of, in_words, shown, shown_columns
from powerplant.decoding import faults_of_fuels, pointer
from powerplant.errors import Fault
from powerplant.models import FUEL_KEYS
from powerplant.rows import BY_LINE, Layout

_LOAD_IN_OTHER_WORDS = re.compile(
    r"load|demand|consumption|consommation|charge|\blast\b|netzlast|verbrauch|belasting|verbruik|carga|carico",
    re.IGNORECASE,
)
_PRICE = re.compile(r"/ ?(?:mwh|t|ton|tonne)\b|€|\b(?:euros?|eur|prices?|preise?|prix|prijs)\b", re.IGNORECASE)
TOTALS = re.compile(
    r"(?:grand )?(?:total|sum|average|mean|min|max|gesamt|summe|mittelwert|somme|moyenne|totaal|gemiddelde)s?:?",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?<![^\W_])(?:date|day|time|date ?time|time ?stamp|hour|period|start|begin|from|mtu|datum|tag|zeit|uhrzeit|stunde"
    r"|von|jour|heure|dag|tijd|uur|fecha|hora|d[ií]a|data|ora|giorno)s?(?![^\W_])",
    re.IGNORECASE,
)
"""Words in the headings of columns that say which hour a row is."""


class TableOfHours(Table):
    """A table with a row for each hour.

    Args:
        content: the table.
        vocabulary: its columns.

    Raises:
        InvalidInput: it has no column of loads, or an hour in each column.
    """

    def __init__(self, content: bytes, vocabulary: Vocabulary) -> None:
        super().__init__(content, vocabulary, without_load)
        numbers = [name for name in self.names[1:] if read_numeral(name, "power").read(".") is not None]
        if OF_THE_CHALLENGE.is_key(self.names[0]) and numbers:
            what = "the names stand in the first column: a table needs a row for each hour, so transpose it"
            raise InvalidInput(self.first, what)

    @cached_property
    def labels(self) -> list[int]:
        """The columns that say what hour a row is: those before the first that is used, and those that name a time."""
        first = min(column.place for column in self.columns.values())
        return [place for place, name in self.others.items() if place < first or _TIME.search(name)]

    def labels_of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """The labels of a row."""
        return tuple([cell_of(place, cells) for place in self.labels])

    def why_no_hour(self, cells: Sequence[str], what: str = "an hour") -> str:
        """Why a row is not an hour, but a total or a remark; empty if it is one."""
        given, first = self.given(cells), next(filter(None, cells))
        if TOTALS.fullmatch(first):
            return f"the row begins with {shown(first)}: totals are not {what}"
        has_no_number = all(
            not column.is_number or read_numeral(cell, column.quantity).read(".") is None for column, cell in given
        )
        is_remark = has_no_number and sum(map(bool, cells)) == 1 < len(self.columns)
        return f"the row has {shown(first)}, and neither load nor prices" if is_remark or not given else ""

    def layout_of_plans(self, otherwise: tuple[str, ...], plants: tuple[str, ...] = ()) -> Layout:
        """The layout of a table of plans: separator, decimals and labels as here; ``otherwise`` names other labels."""
        return Layout(self.delimiter, self.mark, self.has_mark, self.labels_of(self.names) or otherwise, plants)


class Hours(TableOfHours):
    """A table of hours.

    Its first row with a column ``load`` names the columns: ``load``, the prices and profiles that the fleet names, and
    ``MEMBER[PLANT]`` for a member of one plant, in any order and with other spellings of their units. Columns with
    other names are ignored, but those that say what hour a row is become its labels. An empty cell means no value, or
    no change of a plant; a row of empty cells is skipped. The number of a row is that of its last line.

    Attributes:
        layout: of a table of their plans: the labels, and separator and decimals as here.
        notes: remarks for the user, in sentences.

    Args:
        content: the table, in UTF-8, UTF-16 or Windows-1252.
        fleet: the power plants of each hour, and perhaps constant prices.
        shared: the same fleet, valid.
        co2: whether CO2 counts, so that its price is needed.
        is_fraction: whether wind is a fraction of 1.

    Raises:
        InvalidInput: a column is missing, there twice, or of a plant that the fleet does not have; a row has more cells
            than the table has columns, or is not CSV; or the meaning of a cell cannot be decided.
        InvalidPayload: a constant price of the fleet is not valid.
    """

    def __init__(
        self, content: bytes, fleet: Line, shared: SharedFleet, *, co2: bool, is_fraction: bool = False
    ) -> None:
        self._fleet, self._shared, self._co2 = fleet, shared, co2
        keys = [*keys_of_plants(shared.given)]
        super().__init__(content, Vocabulary(columns_of_hours(keys), LOAD))
        vocabulary = Vocabulary(columns_of_hours([*keys, *changed_fuels(self.names)]), LOAD)
        self.use(vocabulary, shared.fleet.names, is_fraction=is_fraction)
        self._column_at = {pointer(*path): column for path, column in self.columns.items()}
        prices = constant_prices(fleet.content or b"")
        given = {as_one_key(path[-1]) for path in self.columns if path[0] == "fuels"}
        self._constant = {key: price for key, price in prices.items() if as_one_key(key) not in given}
        self._check_columns(keys)
        self.layout = self.layout_of_plans(BY_LINE, shared.fleet.names)
        if self._constant:
            constant = ", ".join(f"{key} {price}" for key, price in self._constant.items())
            self.notes.append(f"The same in every hour, from the fleet's file: {constant}.")

    def chunks(self) -> Iterator[Chunk]:
        """The hours."""
        return cut((self._hour(number, cells) for number, cells in self.rows()), self._fleet)

    def _hour(self, number: int, cells: Sequence[str]) -> Line:
        """A row as a line of a batch."""
        labels = self.labels_of(cells)
        if why := self.why_no_hour(cells):
            return Line(number, b"{}", [Fault("#", why)], labels)
        members: dict[str, Any] = {"fuels": {**self._constant}}
        for column, cell in self.given(cells):
            place = members
            for key in column.path[:-1]:
                place = place.setdefault(key, {})
            place[column.path[-1]] = self.value(column, cell)
        content = to_json(members, inf_nan_mode="constants")
        faults = faults_of_hour(content, self._shared, co2=self._co2)
        return Line(number, content, [self._in_words(fault, cells) for fault in faults], labels)

    def _in_words(self, fault: Fault, cells: Sequence[str]) -> Fault:
        """A fault of an hour, with the heading of its column and the cell."""
        column = self._column_at.get(fault.pointer)
        cell = "" if column is None else cell_of(column.place, cells)
        if column is None or (column.path[0] == "plants" and not has_value(cell)):
            where, _, member = fault.pointer.rpartition("/")  # between members of a plant: its columns show which
            own = [each for place, each in self._column_at.items() if place.startswith(f"{where}/")]
            if not where.startswith("#/plants/") or not own:
                return fault
            filled = {each.heading: cell for each in own if (cell := cell_of(each.place, cells))}
            given = " and ".join(f"{heading} is {shown(cell)}" for heading, cell in filled.items())
            return fault._replace(detail=f"{given}, and {member} {fault.detail}")
        return fault._replace(detail=in_words(column, cell, fault.detail))

    def _check_columns(self, keys: Sequence[str]) -> None:
        """Refuse missing columns: otherwise every hour would be answered with a missing price."""
        given = {path[-1] for path in self.columns if path[0] != "plants"}
        headings = {name: 0.0 for name in self.names if name} | dict.fromkeys(given, 0.0) | self._constant
        named = {pointer("fuels", key): key for key in (*FUEL_KEYS.values(), *keys)}
        for fault in faults_of_fuels(self._shared.needs, headings, co2=self._co2):
            what = fault.detail.replace("is not a known fuel", "is not a known column")
            raise InvalidInput(self.first, f"the column {named[fault.pointer]} {what}")
        others = [*filter(_PRICE.search, self.others.values())]
        for key in self._constant:  # a column that was meant to override the price must not be ignored
            alike = (name for name in others if name.casefold().startswith(key[:3].casefold()))
            if (meant := next(alike, None)) is not None:
                what = f"rename it, or remove it to use the price {self._constant[key]} of the fleet's file"
                raise InvalidInput(self.first, f"{meant} is not a known column; did you mean {key}? If so, {what}")


def without_load(line: int, names: Sequence[str]) -> InvalidInput:
    """The error for a table without a column of loads, whose first row has these cells."""
    fuels = f"the fuels as in payloads, for example {FUEL_KEYS['gas']}"
    first = f"the column {LOAD} is missing" if names else "the table is empty"
    what = f"{first}; the first line must name {LOAD}, and {fuels}, separated by {SEPARATED_BY}"
    if meant := next(filter(_LOAD_IN_OTHER_WORDS.search, names), None):
        return InvalidInput(line, f"{what}; {shown(meant)} is not a known column; did you mean load, in MW?")
    return InvalidInput(line, what + shown_columns(names))
