"""From a pointer to the line that an editor shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from powerplant.decoding import pointer
from powerplant.places import line_of

TEXT = """
{
  "load": 480,
  "fuels": {"gas(euro/MWh)": 13.4,
            "a~b": null},
  "powerplants": [
    {"name": "}], \\" {", "pmin": 1e400},
    {
      "name": "b" , "pmin" : [ ],
      "pmin": 7
    }
  ]
}
"""


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("#", 2),
        ("#/load", 3),
        ("#/fuels", 4),
        ("#/fuels/gas(euro~1MWh)", 4),
        ("#/fuels/a~0b", 5),
        ("#/powerplants", 6),
        ("#/powerplants/0", 7),
        ("#/powerplants/0/pmin", 7),
        ("#/powerplants/1", 8),
        ("#/powerplants/1/name", 9),
        # Of two members of one name JSON takes the last.
        ("#/powerplants/1/pmin", 10),
        # What is missing is missing in the object that should have it.
        ("#/powerplants/1/pmax", 8),
        ("#/fuels/co2(euro~1ton)", 4),
        ("#/powerplants/2", 6),
        ("#/load/there/is/nothing", 3),
    ],
)
def test_a_pointer_leads_to_its_line(place: str, line: int) -> None:
    assert line_of(TEXT, place) == line


@pytest.mark.parametrize("text", ["1", '"text"', "null", " [] ", "{}"])
def test_what_holds_nothing_is_a_place_itself(text: str) -> None:
    assert line_of(text, "#/0/name") == 1


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
values = st.recursive(leaves, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=4), v, max_size=4))


@given(values, st.data())
def test_each_value_is_found_where_it_stands(value: Any, data: st.DataObject) -> None:
    """With one value a line, the line that is found begins with the value, or with its key."""
    text = json.dumps(value, indent=1)
    path: list[str | int] = []
    while isinstance(value, dict | list) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        path.append(key)
        value = value[key]
    line = text.splitlines(keepends=True)  # splits at other line ends too, but JSON writes those as escapes
    found = line[line_of(text, pointer(*path)) - 1].strip()
    expected = json.dumps(value, indent=1).splitlines()[0]
    if path and isinstance(path[-1], str):
        expected = f"{json.dumps(path[-1])}: {expected}"
    assert found.rstrip(",") == expected
