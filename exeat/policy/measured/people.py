"""Rates said in people, for whoever is no statistician."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

GROUPS = (100, 1_000, 10_000)


class Share(NamedTuple):
    """About so many of ``of``, with the interval rounded outward; ``low`` and ``high`` are None without interval."""

    of: int
    about: int
    low: int | None
    high: int | None

    def __str__(self) -> str:
        """Return ``about 5 (4 to 7)``."""
        ends = "" if self.low is None else f" ({self.low:,} to {self.high:,})"
        return f"about {self.about:,}{ends}"


def share(value: Decimal, low: Decimal | None, high: Decimal | None) -> Share:
    """Return the rate as a count of 100 people, or of more where it would round to nobody."""
    seen = value or high or Decimal(0)
    of = next((size for size in GROUPS if seen * size >= 1), GROUPS[-1] if seen else GROUPS[0])
    return Share(of, _whole(value * of), _end(low, of, ROUND_FLOOR), _end(high, of, ROUND_CEILING))


def _whole(value: Decimal, rounding: str = ROUND_HALF_EVEN) -> int:
    return int(value.to_integral_value(rounding))


def _end(end: Decimal | None, of: int, rounding: str) -> int | None:
    return None if end is None else _whole(end * of, rounding)


def one_in(fpr: Decimal) -> str:
    """Return ``1 of 100`` for the rate 0.01; another rate as ``3 of 1,000``; empty for 0."""
    if fpr <= 0:
        return ""
    if 1 / fpr == (1 / fpr).to_integral_value():
        return f"1 of {int(1 / fpr):,}"
    found = share(fpr, None, None)
    return f"{found.about:,} of {found.of:,}"


def recognised(value: Decimal, low: Decimal | None, high: Decimal | None, fpr: Decimal, noun: str) -> str:
    """Return one sentence: of so many whose record was used, how many an attacker would recognise, and by guessing."""
    found = share(value, low, high)
    used = "people whose record was used" if noun == "people" else "records that were used"
    outside = "outsiders" if noun == "people" else "records from outside"
    start = f"Of {found.of:,} {used}, an attacker who wrongly accuses {one_in(fpr)} {outside}"
    if not value:
        limit = f"; up to {found.high:,} cannot be ruled out" if found.high is not None else ""
        return f"{start} recognised none of those tried{limit}. {_guess(fpr, found.of)}"
    return f"{start} would recognise {found}. {_guess(fpr, found.of)}"


def _guess(fpr: Decimal, of: int) -> str:
    number = fpr * of
    if number >= 1:
        return f"Guessing would find {_whole(number):,}."
    return "Guessing would find fewer than 1."
