"""The answers as JSON, the same over HTTP and on the command line."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from pydantic_core import to_json

from powerplant.models import Report
from powerplant.planning import ProductionPlan

CENT = Decimal("0.01")


def plan_as_json(plan: ProductionPlan) -> bytes:
    """The answer to a payload: a list of names and outputs."""
    return to_json([{"name": name, "p": p} for name, p in plan.outputs]) + b"\n"


def report_as_json(report: Report) -> bytes:
    """The report on a plan."""
    return report.model_dump_json().encode() + b"\n"


def cents(euros: Decimal) -> str:
    """An amount to the cent, as a program reads it; half a cent goes to the even one."""
    return f"{euros.quantize(CENT, ROUND_HALF_EVEN):z}"  # z: what rounds to nothing has no sign
