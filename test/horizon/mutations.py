"""Random horizons that are damaged: wrong types, lists of a wrong length, members that are missing or not known."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from random import Random
from typing import Any
from urllib.parse import unquote

from horizon.payloads import random_horizon

Path = tuple[str | int, ...]

WRONG: list[Any] = [
    None,
    True,
    False,
    "",
    "12",
    "PT90S",
    "on",
    -1,
    -0.001,
    0,
    1e-7,
    0.3333333333333333,
    1e9,
    1e308,
    10**400,
    float("nan"),
    float("inf"),
    [],
    [1],
    [None],
    [[1, 2], 3],
    {},
    {"p": 1},
    {"on": True},
    {"up": [1]},
    "\ud800",
    "a" * 500,
]
NAMES = [
    "Load",
    "pMax",
    "min_uptime",
    "startup_cost",
    "gap",
    "reserves",
    "minUpTime",
    "",
    "fuel ",
    "__proto__",
    "a/b~c%",
]


def mutated(seed: int) -> Any:
    """A horizon with one to four damages; a dict, or JSON text for what Python's values cannot say."""
    choose = Random(f"mutation {seed}")
    payload = random_horizon(choose.randrange(10**6), with_storages_and_market=choose.random() < 0.2)
    if choose.random() < 0.02:
        return json.dumps(choose.choice([*WRONG[:12], [payload]]))
    for _ in range(choose.choice([1, 1, 2, 4])):
        paths = list(places(payload))
        if not paths:
            break
        _damage(choose, payload, choose.choice(paths))
    if choose.random() < 0.3:
        text = json.dumps(payload)
        cut = choose.randrange(len(text))
        return choose.choice([text, text, text[:cut], text[:cut] + choose.choice('",:{}[]0-e\\') + text[cut:]])
    return payload


def _damage(choose: Random, payload: Any, path: Path) -> None:
    parent, key = at(payload, path[:-1]), path[-1]
    value = parent[key]
    what = choose.randrange(6)
    if what == 0:
        del parent[key]
    elif what == 1 and isinstance(value, list):
        parent[key] = choose.choice([value[:-1], [*value, *value[:1]], value * 3, [*value, 0]])
    elif what == 2 and isinstance(parent, dict):
        parent[choose.choice([*NAMES, str(key).upper(), f"{key}s"])] = parent.pop(key)
    elif what == 3 and isinstance(value, int | float) and abs(value) < 1e12:
        parent[key] = choose.choice([-value, value + 0.5, value * 1000, str(value), [value], [value] * 3])
    elif what == 4:
        parent[key] = deepcopy(at(payload, choose.choice(list(places(payload)))))
    else:
        parent[key] = deepcopy(choose.choice(WRONG))


def places(value: Any, path: Path = ()) -> list[Path]:
    """The paths of all members and elements."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found: list[Path] = []
    for key, inner in items:
        found += [(*path, key), *places(inner, (*path, key))]
    return found


def at(value: Any, path: Path) -> Any:
    """What is at a path."""
    for key in path:
        value = value[key]
    return value


def is_a_place(payload: Any, pointer: str) -> bool:
    """Whether a pointer (RFC 6901, as a URI fragment) leads to a value, or to where an object lacks a member."""
    if re.fullmatch(r"#(/[^/]*)*", pointer) is None:
        return False
    keys = [unquote(key).replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    for i, key in enumerate(keys):
        if isinstance(payload, list):
            if not key.isdecimal() or int(key) >= len(payload):
                return False
            payload = payload[int(key)]
        elif isinstance(payload, dict):
            if key not in payload:
                return i == len(keys) - 1
            payload = payload[key]
        else:
            return False
    return True
