"""Figures as people read them: three significant digits, unit always."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=100)
"""Enough digits for every number of a document (1e-30 to 1e30), which the usual 28 are not."""
_WORDS = {"ratio_to_baseline": "of the baseline", "flag": "", "": "", "dimensionless": "", "epsilon": ""}


def digits(value: Decimal, significant: int = 3) -> str:
    """Return the number with that many significant digits, without needless zeros or an exponent."""
    if value == 0:
        return "0"
    step = Decimal(1).scaleb(value.adjusted() - significant + 1)
    rounded = value.quantize(min(step, Decimal(1)), ROUND_HALF_EVEN, EXACT)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(value: Decimal, unit: str = "fraction") -> str:
    """Return value and unit: ``4.8 %`` for the fraction 0.048, ``5 points`` for a difference, ``10 bits``."""
    if unit == "fraction":
        return f"{digits(value * 100)} %"
    if unit == "difference":
        return f"{digits(value * 100)} points"
    return f"{digits(value)} {_WORDS.get(unit, unit)}".strip()


def with_interval(value: Decimal, low: Decimal | None, high: Decimal | None, unit: str = "fraction") -> str:
    """Return ``4.8 % [3.5 %, 6.4 %]``; without interval the value alone."""
    if low is None or high is None:
        return figure(value, unit)
    return f"{figure(value, unit)} [{figure(low, unit)}, {figure(high, unit)}]"


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 report``, ``2 reports``, ``no report``."""
    word = noun if n in {0, 1} else plural or noun + "s"
    return f"{n or 'no'} {word}" if n < 1 else f"{n:,} {word}"


def listed(names: tuple[str, ...] | list[str], limit: int = 4) -> str:
    """Return the names with commas; beyond the limit how many more."""
    shown = ", ".join(names[:limit])
    return f"{shown} and {len(names) - limit} more" if len(names) > limit else shown
