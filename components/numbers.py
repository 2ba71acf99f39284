"""Figures as people read them: three significant digits, always a unit, ISO dates; "not measured" is never 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

NOT_MEASURED = "not measured"
_UNITS = {"fraction": "%", "percent": "%", "count": "", "dimensionless": "", "none": "", "1": "", "epsilon": "ε"}
_KILO = 1000


def figure(value: Decimal | float | None, unit: str = "fraction") -> str:
    """Return the value with its unit; fractions are shown as percent."""
    if value is None:
        return NOT_MEASURED
    number, suffix = float(value) * (100 if unit == "fraction" else 1), _UNITS.get(unit, unit)
    text = f"{number:,.0f}" if abs(number) >= _KILO else f"{number:.3g}"
    return f"{text} {suffix}".rstrip()


def interval(low: Decimal | float | None, high: Decimal | float | None, unit: str = "fraction") -> str:
    """Return ``[3.5, 6.4] %``; empty when there is no interval."""
    if low is None or high is None:
        return ""
    suffix = _UNITS.get(unit, unit)
    ends = ", ".join(figure(end, unit).removesuffix(suffix).strip() for end in (low, high))
    return f"[{ends}] {suffix}".rstrip()


def size(count: int | None) -> str:
    """Return bytes as kB, MB or GB (powers of 1000)."""
    if count is None:
        return "size unknown"
    number, unit = float(count), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if number < _KILO:
            break
        number, unit = number / _KILO, bigger
    return f"{number:.3g} {unit}"


def day(moment: date | datetime | None) -> str:
    """Return the ISO date, or a dash."""
    return "—" if moment is None else f"{moment:%Y-%m-%d}"


def days(count: float | None) -> str:
    """Return a duration in whole days."""
    if count is None:
        return "—"
    whole = int(count)
    return "1 day" if whole == 1 else f"{whole:,} days"


def counted(count: int, one: str, many: str = "") -> str:
    """Return ``1 finding`` or ``2 findings``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(items: list[str] | tuple[str, ...], none: str = "none") -> str:
    """Return ``a, b and c``."""
    if not items:
        return none
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
