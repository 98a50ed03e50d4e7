"""What the columns of a table hold, by their headings, which may spell units in many ways."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

from powerplant.batch.numerals import UNITS, plain_unit
from powerplant.batch.reading import InvalidInput
from powerplant.decoding import LONGEST_SLIP
from powerplant.models import FIELDS, FUEL_KEYS

LOAD = "load"
WIND = FUEL_KEYS["wind"]
FRACTION = "fraction"
"""What heading or command line call a profile that is given as a fraction of 1."""

LONGEST_HEADING = 500
"""Longer headings are not understood."""

MEMBERS = tuple(FIELDS[2])
"""The members of a power plant."""

_FRACTIONS = {"fraction", "0-1", "0..1", "p.u.", "pu"}
_QUANTITIES = {
    "efficiency": "ratio",
    "pmin": "power",
    "pmax": "power",
    "cost(euro/MWh)": "price",
    "co2(ton/MWh)": "emission",
    "curtailable": "truth",
    "available": "truth",
    "must_run": "truth",
}
"""Of the members of a power plant; the others are text."""

_REST = re.compile(r"(?: price)?(?: in\b)?\s*[\[(]?\s*(?P<unit>[^\[\]()]*?)\s*[\])]?", re.IGNORECASE)
_END_OF_WORD = re.compile(r"(?<=\w)(?!\w)")
_OF_A_PLANT = re.compile(r"(?P<member>[^\[]+)\[(?P<name>.+)\]")


class Column(NamedTuple):
    """What a column holds; and if it was found in a table, where.

    Attributes:
        path: the place of a cell in the JSON of its row; its last part is the key.
        quantity: a key of :data:`~powerplant.batch.numerals.UNITS`, ``truth`` or ``text``.
        is_converted: whether its numbers without a unit are fractions, of a share; or per cent, of a ratio.
        place: of its cells in a row, from 0.
        heading: its name as the table has it, on one line.
    """

    path: tuple[str, ...]
    quantity: str
    is_converted: bool = False
    place: int = -1
    heading: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return self.quantity in UNITS

    def factor_of(self, unit: str) -> Decimal | int:
        """What a number with this unit is multiplied by."""
        if self.quantity == "ratio":
            return Decimal("0.01") if self.is_converted or unit else 1
        return 100 if self.is_converted and not unit else 1


class Vocabulary:
    """The headings that are understood: keys as in JSON, and the same with other spellings of their units.

    Words of a key may be separated by spaces or hyphens: ``must run``.

    Attributes:
        exact: the columns, by their keys.

    Args:
        columns: the columns.
        keys: of the columns of which every table has one.
    """

    def __init__(self, columns: Iterable[Column], *keys: str) -> None:
        self._keys = keys
        self.exact = {column.path[-1]: column for column in columns}
        self._by_word = defaultdict[str, list[Column]](list)
        for key, column in self.exact.items():
            self._by_word[_words(key.partition("(")[0])].append(column)

    def meaning_of(self, heading: str) -> Column | None:
        """What a column holds; ``None`` for a column to ignore."""
        if heading in self.exact:
            return self.exact[heading]
        if len(heading) > LONGEST_HEADING:
            return None
        text = " ".join(heading.translate({ord("₂"): "2"}).split())
        ends = [match.start() for match in _END_OF_WORD.finditer(text)]
        found = (
            meaning._replace(is_converted=is_converted)
            for end in reversed(ends)
            for meaning in self._by_word.get(_words(text[:end]), ())
            if (is_converted := _fits(meaning, text[end:])) is not None
        )
        return next(found, None)

    def is_key(self, heading: str) -> bool:
        """Whether a column is one of those of which every table has one."""
        meaning = self.meaning_of(heading.strip())
        return meaning is not None and meaning.path[0] in self._keys


def _words(text: str) -> str:
    return text.casefold().replace("_", " ").replace("-", " ")


def _fits(meaning: Column, rest: str) -> bool | None:
    """Whether the numbers of a column are to be converted, by the unit after its name; ``None`` for another unit."""
    parts = _REST.fullmatch(rest)
    if parts is None:
        return None
    unit, key = plain_unit(parts["unit"]), meaning.path[-1]
    if not unit:
        return None if "(" in key else False
    if meaning.quantity == "share" and unit in _FRACTIONS:
        return True
    is_unit = meaning.quantity in UNITS and re.fullmatch(UNITS[meaning.quantity], unit)
    if not is_unit or ("/" in key and "/" not in unit):
        return None
    return meaning.quantity == "ratio"


def columns_of_hours(keys: Iterable[str] = ()) -> list[Column]:
    """Load, the prices and profiles of the challenge, and those with these keys."""
    all_keys = dict.fromkeys([*FUEL_KEYS.values(), *keys])
    return [Column((LOAD,), "power"), *(Column(("fuels", key), _quantity_of(key)) for key in all_keys)]


def _quantity_of(key: str) -> str:
    if key == FUEL_KEYS["co2"]:
        return "allowance"
    return "share" if key.endswith("(%)") else "price"


OF_THE_CHALLENGE = Vocabulary(columns_of_hours(), LOAD)
COLUMNS_OF_PLANTS = [Column((member,), _QUANTITIES.get(member, "text")) for member in MEMBERS]
OF_PLANTS = Vocabulary(COLUMNS_OF_PLANTS, "name")


def changed_fuels(names: Iterable[str]) -> Iterator[str]:
    """The prices and profiles among the headings, if a column changes which ones a plant needs."""
    names = [*names]
    if any(re.match(r"(fuel|profile)\[", name) for name in names):
        yield from (name for name in names if re.fullmatch(r"[^()]+\((?:euro/MWh|%)\)", name))


def columns_of(
    names: Sequence[str], line: int, vocabulary: Vocabulary, plants: Sequence[str] = (), *, is_fraction: bool = False
) -> dict[tuple[str, ...], Column]:
    """The columns that are used, by their paths. A heading as in JSON comes before other spellings.

    Args:
        names: the headings.
        line: the number of their row.
        vocabulary: what they can mean.
        plants: the names of plants that may have columns of their own, ``pmax[gas1]``.
        is_fraction: whether wind is a fraction of 1.

    Raises:
        InvalidInput: a column is there twice, or has an unknown plant or member.
    """
    columns: dict[tuple[str, ...], Column] = {}
    exact = vocabulary.exact.keys() & set(names)
    by_name = {" ".join(name.split()): name for name in reversed(plants)}
    for place, name in enumerate(names):
        meaning = vocabulary.meaning_of(name)
        if meaning is None and plants and (parts := _OF_A_PLANT.fullmatch(name)):
            meaning = _of_a_plant(parts["member"], parts["name"], by_name, line)
        if meaning is None or (meaning.path[-1] in exact and name not in exact and meaning.path[0] != "plants"):
            continue
        if meaning.path in columns:
            first = columns[meaning.path].heading
            key = meaning.path[-1] if meaning.path[0] != "plants" else name
            twice = f"the column {key} is there twice"
            raise InvalidInput(line, twice if name == key == first else f"{twice}: {first} and {name}")
        fraction = meaning.is_converted or (is_fraction and meaning.path[-1] == WIND)
        columns[meaning.path] = meaning._replace(place=place, heading=name, is_converted=fraction)
    return columns


def _of_a_plant(member: str, name: str, by_name: Mapping[str, str], line: int) -> Column | None:
    """The meaning of a column of one plant; ``None`` for one to ignore."""
    heading, meaning = f"{member}[{name}]", OF_PLANTS.meaning_of(member.strip())
    if meaning is not None and name in by_name:
        return meaning._replace(path=("plants", by_name[name], *meaning.path))
    if meaning is not None:
        close = get_close_matches(name[:LONGEST_SLIP], by_name, 1)
        hint = f"; did you mean {member}[{close[0]}]?" if close else ""
        raise InvalidInput(line, f"{heading}: the fleet has no power plant of this name{hint}")
    if name in by_name and (close := members_like(member)):
        raise InvalidInput(line, f"{heading} is not a known column; did you mean {close[0]}[{name}]?")
    return None


def members_like(heading: str) -> list[str]:
    """The member of a power plant that a heading was probably meant to be, if there is one."""
    word = heading.partition("(")[0].strip().casefold()[:LONGEST_SLIP]
    by_word = {member.partition("(")[0]: member for member in MEMBERS}
    return [by_word[meant] for meant in get_close_matches(word, by_word, 1, 0.75)]
