"""Figures of foreign reports: exact decimals and whole counts, or a refusal that names the place.

Refusals never quote a value of a per-record array.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from exeat.errors import BadInput

AGAIN = "Export the report again."
MAX_COUNT = 2**53
_LARGEST = 10**15


def table(value: Any, place: str = "$") -> dict[str, Any]:
    """Return the value if it is an object."""
    if not isinstance(value, dict):
        raise BadInput(f"{place} is not an object.", AGAIN, place=place)
    return value


def entries(value: Any, place: str, limit: int) -> list[Any]:
    """Return the value if it is a list of at most ``limit`` entries."""
    if not isinstance(value, list):
        raise BadInput(f"{place} is not a list.", AGAIN, place=place)
    if len(value) > limit:
        raise BadInput(f"{place} has {len(value):,} entries; at most {limit:,} are read.", AGAIN, place=place)
    return value


def number(holder: dict[str, Any], key: str, place: str = "$") -> Decimal | None:
    """Return a finite figure as an exact decimal; None when it is absent or null; BadInput for anything else."""
    value, where = holder.get(key), f"{place}.{key}"
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{where} is {str(value)[:40]!r}, not a number.", AGAIN, place=where)
    if not abs(value) <= _LARGEST:  # NaN and infinity too; isfinite fails on huge whole numbers
        raise BadInput(f"{where} is not a finite number of a usual size.", AGAIN, place=where)
    return Decimal(repr(value))


def needed(holder: dict[str, Any], key: str, place: str = "$") -> Decimal:
    """Return a figure that must be there."""
    found = number(holder, key, place)
    if found is None:
        raise BadInput(f"{place}.{key} is missing.", AGAIN, place=f"{place}.{key}")
    return found


def fraction(holder: dict[str, Any], key: str, place: str = "$") -> Decimal | None:
    """Return a figure in [0, 1], or None when it is absent."""
    found = number(holder, key, place)
    if found is not None and not 0 <= found <= 1:
        raise BadInput(f"{place}.{key} is {found:.6g}; a rate lies between 0 and 1.", AGAIN, place=f"{place}.{key}")
    return found


def count(holder: dict[str, Any], key: str, place: str = "$") -> int:
    """Return a whole number from 0 on that must be there."""
    found = needed(holder, key, place)
    if found != found.to_integral_value() or not 0 <= found < MAX_COUNT:
        raise BadInput(f"{place}.{key} is {found}, not a count.", AGAIN, place=f"{place}.{key}")
    return int(found)


def text(holder: dict[str, Any], key: str) -> str:
    """Return short printable text, empty when there is none."""
    value = holder.get(key)
    return "".join(c for c in value[:300] if c.isprintable()).strip() if isinstance(value, str) else ""


def moment(holder: dict[str, Any], key: str) -> datetime | None:
    """Return an ISO time, read as UTC when it carries no zone; None when it is none."""
    try:
        found = datetime.fromisoformat(text(holder, key))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
