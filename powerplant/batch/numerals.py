"""Numbers as people and spreadsheets write them: decimal points or commas, separators of thousands, units."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import decimal

MOST_CHARACTERS = 60
"""Longer cells are not numbers."""

CURRENCY = r"(?:€|eur|euros?)"
TONNES = r"(?:t|tons?|tonnes?)(?:co2)?"
UNITS = {
    "power": r"mw|mwh|mwh/h|megawatt",
    "price": rf"{CURRENCY}(?:/mwh)?",
    "allowance": rf"{CURRENCY}(?:/{TONNES})?",
    "emission": rf"{TONNES}(?:/mwh)?",
    "share": r"%|percent|pct",
    "ratio": r"%|percent|pct",
    "time": r"h|hrs?|hours?",
    "ramp": r"mw/h",
    "money": CURRENCY,
    "rate": rf"{CURRENCY}(?:/h)?",
}
"""The units of each quantity, as patterns; the part after a slash may be missing in a cell, not in a heading.

A ``share`` is per cent, a ``ratio`` is a fraction of 1.
"""

_PLAIN = str.maketrans(
    "\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH FULL STOP}\N{FULLWIDTH COMMA}\N{FULLWIDTH PERCENT SIGN}"
    "\N{RIGHT SINGLE QUOTATION MARK}₂Û",  # the last one is € in Excel's "CSV (Macintosh)", read as Windows-1252
    "--.,%'2€",
)
_NO_VALUE = {"-", "--", "–", "—", "na", "n/a", "#n/a", "n/e", "nan", "null", "none", "nil", "k.a.", "nd", "n.d."}
"""How programs write that a cell has no value."""

_PARTS = re.compile(
    rf"(?P<sign>[-+]?)\s*(?P<currency>{CURRENCY}?)\s*(?P<inner>[-+]?)\s*"
    r"(?P<digits>\d[\d.,'\s]*|[.,]\d+)(?P<exponent>e[-+]?\d{1,4})?(?P<unit>\D.*)?",
    re.ASCII | re.IGNORECASE,
)


class Numeral(NamedTuple):
    """The meanings of a cell: JSON numbers, equal if the cell has only one.

    Attributes:
        with_point: if points are decimal; ``None`` if the cell is then not a number.
        with_comma: if commas are decimal.
        unit: the unit that it has.
    """

    with_point: str | None
    with_comma: str | None
    unit: str = ""

    @property
    def mark(self) -> str:
        """The decimal mark that the cell shows: a point or a comma; empty if it does not show one."""
        if (self.with_point is None) == (self.with_comma is None):
            return ""
        return "," if self.with_point is None else "."

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is one number with a decimal point, and another one with a decimal comma."""
        return None not in {self.with_point, self.with_comma} and self.with_point != self.with_comma

    def read(self, mark: str) -> str | None:
        """The number in a table with this decimal mark; a cell with one meaning has it in any table."""
        if mark == ",":
            return self.with_comma or self.with_point
        return self.with_point or self.with_comma


def plain_unit(unit: str) -> str:
    """A unit in small letters without spaces, and ``per`` as a slash."""
    words = unit.translate(_PLAIN).casefold().replace("per cent", "percent")
    return "".join(re.sub(r"\bper\b", "/", words).split())


def has_value(cell: str) -> bool:
    """Whether a cell is neither empty nor says that it has no value."""
    return bool(cell) and cell.casefold() not in _NO_VALUE


_TRUE = {"true", "yes", "1", "wahr", "ja", "vrai", "oui", "waar", "verdadero", "sí", "si", "vero", "prawda"}
_FALSE = {"false", "no", "0", "falsch", "nein", "faux", "non", "onwaar", "nee", "falso", "fałsz"}


def read_truth(cell: str) -> bool | None:
    """True or false, as spreadsheets of several languages write them; ``None`` if a cell is neither."""
    word = cell.casefold()
    return True if word in _TRUE else False if word in _FALSE else None


@lru_cache(maxsize=50_000)
def read_numeral(cell: str, quantity: str) -> Numeral:
    """Read a cell of a quantity of :data:`UNITS`."""
    parts = None if len(cell) > MOST_CHARACTERS else _PARTS.fullmatch(_with_sign_in_front(_in_ascii(cell)))
    if parts is None or (parts["sign"] and parts["inner"]):
        return Numeral(None, None)
    unit = plain_unit(parts["currency"] + (parts["unit"] or ""))
    if unit and not re.fullmatch(UNITS[quantity], unit):
        return Numeral(None, None)
    sign = "-" if "-" in (parts["sign"], parts["inner"]) else ""
    point, comma = (
        _decimal(parts["digits"].strip(), mark, separators, parts["exponent"] or "")
        for mark, separators in ((r"\.", ", '"), (",", ". '"))
    )
    return Numeral(point and sign + point, comma and sign + comma, unit)


def _in_ascii(text: str) -> str:
    """White space of any kind (no-break, thin) as a space; digits of any script as 0 to 9."""
    plain = text.translate(_PLAIN)
    return "".join(" " if c.isspace() else str(decimal(c)) if c.isdecimal() else c for c in plain).strip()


def _with_sign_in_front(text: str) -> str:
    """A negative number in brackets, as accountants write it, or with its sign behind it, as some programs do."""
    if text.startswith("(") and text.endswith(")"):
        return f"-{text[1:-1].strip()}"
    return f"-{text[:-1]}" if text.endswith("-") else text


def _decimal(digits: str, mark: str, separators: str, exponent: str) -> str | None:
    """Digits as JSON, if this mark is decimal and one of the separators may stand between thousands."""
    grouped = rf"[1-9]\d{{0,2}}(?:(?P<separator>[{separators}])\d{{3}})(?:(?P=separator)\d{{3}})*"
    number = re.fullmatch(rf"(?P<whole>{'' if exponent else f'{grouped}|'}\d*)(?:{mark}(?P<places>\d+))?", digits)
    if number is None:
        return None
    whole = re.sub(r"\D", "", number["whole"]).lstrip("0") or "0"
    places = number["places"]
    return f"{whole}{f'.{places}' if places else ''}{exponent}"
