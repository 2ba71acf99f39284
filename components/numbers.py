"""Figures as people read them: three significant digits, always a unit, ISO dates; "not measured" is never 0."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING

from exeat.policy import figures as words
from exeat.policy.reading import EXACT_UNITS

if TYPE_CHECKING:
    from datetime import date, datetime

NOT_MEASURED = "not measured"
_KILO = 1000
_MOST_DIGITS = 12
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


def figure(value: Decimal | float | None, unit: str = "fraction", *, limit: Decimal | float | None = None) -> str:
    """Return the value with its unit; fractions are shown as percent.

    Beside a ``limit`` as many digits are shown as it takes to tell the two apart: 1.004 % is not "1 %" at limit 1 %.
    """
    if value is None:
        return NOT_MEASURED
    exact, text = Decimal(str(value)), words.figure(Decimal(str(value)), unit)
    if limit is None or exact == Decimal(str(limit)) or text != words.figure(Decimal(str(limit)), unit):
        return text
    finer = (_with_unit(words.digits(exact * scale(unit), places), unit) for places in range(4, _MOST_DIGITS))
    return next((one for one in finer if one != text), text)


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {axis_unit(unit)}".strip()


def _ends(low: Decimal | float, high: Decimal | float, unit: str) -> tuple[str, str]:
    """Return both ends as numbers in ``axis_unit``, rounded outward: an interval never looks narrower than it is."""
    ways = ((low, ROUND_FLOOR), (high, ROUND_CEILING))
    at, to = (_rounded(Decimal(str(end)) * scale(unit), way) for end, way in ways)
    return at, to


def _rounded(value: Decimal, rounding: str) -> str:
    step = Decimal(1).scaleb(value.adjusted() - 2) if value else Decimal(1)
    return words.digits(value.quantize(min(step, Decimal(1)), rounding, words.EXACT))


def interval(low: Decimal | float | None, high: Decimal | float | None, unit: str = "fraction") -> str:
    """Return ``[3.5 %, 6.4 %]``, rounded outward; empty when there is no interval."""
    if low is None or high is None:
        return ""
    return "[" + ", ".join(_with_unit(end, unit) for end in _ends(low, high, unit)) + "]"


def bare_interval(low: Decimal | float | None, high: Decimal | float | None, unit: str = "fraction") -> str:
    """Return ``[3.5, 6.4]``, rounded outward, to stand after the value with its unit; empty without an interval."""
    return "" if low is None or high is None else f"[{', '.join(_ends(low, high, unit))}]"


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


def moved(count: int, unknown: int) -> str:
    """Return the bytes moved, and of how many events they are not known: those are not 0."""
    return size(count) if not unknown else f"{size(count)}; bytes unknown for {counted(unknown, 'event')}"


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
