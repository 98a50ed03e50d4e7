"""Where values stand in a text of JSON that spans lines."""

from __future__ import annotations

import json
import re

from powerplant.batch.reading import InvalidInput
from powerplant.errors import Fault, InvalidPayload

_WHITE_SPACE = re.compile(r"[ \t\r\n]*")


class TooManyPayloads(InvalidInput):
    """JSON that is read as a whole has too many payloads."""


Span = tuple[int, int]
"""Start and end of a value in a text."""


class Scan:
    """Finds values in a text of JSON. Each is decoded, but only its place is kept.

    Args:
        text: the text.
        most: most places of payloads.
    """

    def __init__(self, text: str, most: int) -> None:
        self.text, self._most = text, most
        self._decode = json.JSONDecoder().raw_decode

    def after_space(self, place: int) -> int:
        """The next place without white space."""
        match = _WHITE_SPACE.match(self.text, place)
        return match.end() if match else place

    def payloads(self, place: int) -> list[Span]:
        """The values one after another, or in lists, up to the end of the text."""
        spans: list[Span] = []
        while (place := self.after_space(place)) < len(self.text):
            start = place
            if self.text[place] == "[":
                place, found = self._list(place)
            else:
                place = self._decode(self.text, place)[1]
                found = [(start, place)]
            spans += found
            self._check(len(spans))
            place = self.after_space(place)
            place += self.text.startswith(",", place)  # a list without its brackets
        return spans

    def hours(self, place: int) -> tuple[list[Span], Span | None, Span | None] | None:
        """The hours of the object that the text is, its power plants and fuels; ``None`` if it is no such object."""
        if not self.text.startswith("{", place):
            return None
        end, members = self._members(place)
        if "hours" not in members or "load" in members:
            return None
        is_all = self.after_space(end) == len(self.text)
        _, hours = members["hours"]
        if hours is None:
            if is_all:
                raise InvalidPayload([Fault("#/hours", "must be a list of hours, each with load and fuels")])
            return None
        if not is_all:
            line = self.text.count("\n", 0, end) + 1
            raise InvalidInput(line, "more text follows after the object with hours, which must be alone")
        plants, fuels = (members[key][0] if key in members else None for key in ("powerplants", "fuels"))
        return hours, plants, fuels

    def _list(self, place: int) -> tuple[int, list[Span]]:
        """The end of a list, and its items."""
        spans: list[Span] = []
        place = self.after_space(place + 1)
        is_last = self.text.startswith("]", place)
        place += is_last
        while not is_last:
            start, place = place, self._decode(self.text, place)[1]
            spans.append((start, place))
            self._check(len(spans))
            place, is_last = self._next(place, "]")
        return place, spans

    def _members(self, place: int) -> tuple[int, dict[str, tuple[Span, list[Span] | None]]]:
        """The end of an object, and its members: for each key the value, and its items if it is a list."""
        members: dict[str, tuple[Span, list[Span] | None]] = {}
        place = self.after_space(place + 1)
        is_last = self.text.startswith("}", place)
        place += is_last
        while not is_last:
            key, place = self._decode(self.text, place)
            start = self.after_space(self._next(place, ":")[0])
            is_list = self.text.startswith("[", start)
            place, items = self._list(start) if is_list else (self._decode(self.text, start)[1], None)
            members[str(key)] = (start, place), items
            place, is_last = self._next(place, "}")
        return place, members

    def _check(self, count: int) -> None:
        if count > self._most:
            raise TooManyPayloads(
                0, f"the JSON may have at most {self._most:,} payloads", "give each a line of its own"
            )

    def _next(self, place: int, end: str) -> tuple[int, bool]:
        """The place after a comma or an end mark, and whether it was the latter."""
        place = self.after_space(place)
        if not self.text.startswith((",", end), place):
            raise json.JSONDecodeError(f"`,` or `{end}` is expected", self.text, place)
        is_end = self.text.startswith(end, place)
        return (place + 1 if is_end else self.after_space(place + 1)), is_end
