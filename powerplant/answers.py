"""Answers as JSON, the same over HTTP and on the command line."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from pydantic_core import to_json

from powerplant.models import Report
from powerplant.planning import ProductionPlan

CENT = Decimal("0.01")


def plan_as_json(plan: ProductionPlan) -> bytes:
    """A plan: a list of names and outputs."""
    return to_json([{"name": name, "p": p} for name, p in plan.outputs]) + b"\n"


def report_as_json(report: Report) -> bytes:
    """A report."""
    return report.model_dump_json().encode() + b"\n"


def cents(euros: Decimal) -> str:
    """An amount in euro with two decimals, half to even."""
    return f"{euros.quantize(CENT, ROUND_HALF_EVEN):z}"  # z: no minus sign before 0.00
