"""Figures as people read them: three significant digits, always a unit, ISO dates; "not measured" is never 0."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from exeat.policy import figures as words
from exeat.policy.reading import EXACT_UNITS

if TYPE_CHECKING:
    from datetime import date, datetime

NOT_MEASURED = "not measured"
_KILO = 1000
_PERCENT = {"fraction": "%", "difference": "points"}


def shown_unit(name: str, unit: str) -> str:
    """Return the unit for people: an area under a curve is 0.51, not 51 %; flags and counts have none."""
    return "" if unit in EXACT_UNITS or name.endswith("auc") else unit


def scale(unit: str) -> int:
    """Return what a stored value is multiplied by to be drawn in ``axis_unit(unit)``."""
    return 100 if unit in _PERCENT else 1


def axis_unit(unit: str) -> str:
    """Return the unit at an axis: ``%`` for fractions, nothing for plain numbers."""
    return _PERCENT.get(unit) or words.figure(Decimal(0), unit).removeprefix("0").strip()


def figure(value: Decimal | float | None, unit: str = "fraction") -> str:
    """Return the value with its unit; fractions are shown as percent."""
    return NOT_MEASURED if value is None else words.figure(Decimal(str(value)), unit)


def interval(low: Decimal | float | None, high: Decimal | float | None, unit: str = "fraction") -> str:
    """Return ``[3.5 %, 6.4 %]``; empty when there is no interval."""
    return "" if low is None or high is None else f"[{figure(low, unit)}, {figure(high, unit)}]"


def bare_interval(low: Decimal | float | None, high: Decimal | float | None, unit: str = "fraction") -> str:
    """Return ``[3.5, 6.4]``, to stand right after the value with its unit; empty when there is no interval."""
    if low is None or high is None:
        return ""
    return "[" + ", ".join(figure(end, unit).removesuffix(axis_unit(unit)).strip() for end in (low, high)) + "]"


def version_name(version: str) -> str:
    """Return ``v3`` for the version 3, any other name as it is."""
    return f"v{version}" if version[:1].isdigit() else version


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
