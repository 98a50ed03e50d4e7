"""The errors of the package."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from powerplant.errors import (
    Fault,
    InfeasibleLoad,
    InvalidPayload,
    InvalidQuery,
    MalformedPayload,
    OutOfTime,
    PowerplantError,
    TooBusy,
    WrongPlan,
)


@pytest.mark.parametrize(
    "error",
    [
        MalformedPayload("not JSON"),
        InvalidQuery("co2", "must be true"),
        InvalidPayload([Fault("#/load", "is missing")]),
        InfeasibleLoad(10, "in_a_gap", 5, None),
        OutOfTime(5, Decimal("1.5")),
        TooBusy("message", 7),
        WrongPlan("wrong"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_can_be_sent_to_another_process(error: PowerplantError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))
