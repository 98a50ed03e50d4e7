"""Amounts as numbers in an answer."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

CENTS = 100

DIGITS = 6
"""Digits after the decimal point of MW, MWh, hours, tonnes and prices."""


def as_float(amount: Fraction | float) -> float:
    """An amount with :data:`DIGITS` digits."""
    return round(float(amount), DIGITS)


def cents(euros: Fraction, rounding: str = ROUND_HALF_EVEN) -> float:
    """An amount in euro with two decimals."""
    scaled = euros * CENTS
    whole = Decimal(scaled.numerator // scaled.denominator)
    rest = scaled - int(whole)
    if rounding == ROUND_HALF_EVEN and (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and int(whole) % 2)):
        whole += 1
    return float(whole.scaleb(-2))
