"""Where in a JSON text something stands: from a pointer to the line that an editor shows."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecoder
from urllib.parse import unquote

WHITE_SPACE = " \t\r\n"

_decode = JSONDecoder(parse_int=float, strict=False).raw_decode  # only where a value ends is of interest


def line_of(text: str, pointer: str) -> int:
    """The line, from 1 on, of what a pointer points at, or of the innermost value around it that is there; O(length).

    Args:
        text: JSON.
        pointer: an RFC 6901 pointer as a URI fragment, ``#/fuels/gas(euro~1MWh)``.
    """
    place = _skip_white_space(text, 0)
    for token in _tokens(pointer):
        inside = _value_of(text, place, token)
        if inside is None:
            break
        place = inside
    return text.count("\n", 0, place) + 1


def _tokens(pointer: str) -> Iterator[str]:
    for token in unquote(pointer).split("/")[1:]:
        yield token.replace("~1", "/").replace("~0", "~")


def _value_of(text: str, place: int, token: str) -> int | None:
    """Where the member or item of this name begins, in the object or list that begins at a place."""
    found = None
    for name, value in _members(text, place):
        if name == token:
            found = value
            if text[place] == "[":
                break  # of members of one name the last one counts, but there is one item of an index
    return found


def _members(text: str, place: int) -> Iterator[tuple[str, int]]:
    """Name or index, and beginning, of each value in an object or a list; none in anything else."""
    kind, index = text[place], 0
    if kind not in "{[":
        return
    place = _skip_white_space(text, place + 1)
    while text[place] not in "}]":
        name = str(index)
        if kind == "{":
            name, place = _decode(text, place)
            place = _skip_white_space(text, _skip_white_space(text, place) + 1)  # the colon
        yield name, place
        place = _skip_white_space(text, _decode(text, place)[1])
        if text[place] == ",":
            place = _skip_white_space(text, place + 1)
        index += 1


def _skip_white_space(text: str, place: int) -> int:
    while text[place] in WHITE_SPACE:
        place += 1
    return place
