"""Bring foreign values into the form of our manifest; None means that the value does not fit."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from exeat.model.base import MAX_TEXT
from exeat.model.tier import Tier

MAX_LINE = 300
MAX_COUNT = 2**53 - 1
MAX_EXPONENT = 30
MAX_INT_DIGITS = 30
_HEX64 = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")
_FRAMEWORKS = {
    "pytorch": "PyTorch",
    "torch": "PyTorch",
    "pt": "PyTorch",
    "tf": "TensorFlow",
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "jax": "JAX",
    "flax": "Flax",
    "sklearn": "scikit-learn",
    "scikit-learn": "scikit-learn",
    "lightning": "PyTorch Lightning",
    "pytorch-lightning": "PyTorch Lightning",
}


def number(value: Any) -> str | None:
    """Return a finite decimal as text, exact as written; no percent signs, no guessing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    try:
        found = Decimal(str(value).strip()[:100])
    except (InvalidOperation, ValueError):
        return None
    if not found.is_finite() or (found and abs(found.adjusted()) > MAX_EXPONENT):
        return None
    return format(found, "f") if -found.as_tuple().exponent <= 2 * MAX_EXPONENT else None  # type: ignore[operator]


def integer(value: Any) -> int | None:
    """Return a count from 0 on; 30 and "30" are counts, 30.5 is not."""
    found = whole_number(value)
    return found if found is not None and 0 <= found <= MAX_COUNT else None


def whole_number(value: Any) -> int | None:
    """Return an integer of either sign."""
    text = number(value)
    found = Decimal(text) if text is not None else None
    return int(found) if found is not None and found == found.to_integral_value() else None


def line(value: Any) -> str | None:
    """Return one line of at most 300 printable characters."""
    if value is None or isinstance(value, dict | list | tuple | bytes):
        return None
    cleaned = "".join(c if c.isprintable() else " " for c in _short(value, MAX_LINE * 4))
    return " ".join(cleaned.split())[:MAX_LINE] or None


def text(value: Any) -> str | None:
    """Return text of at most 20,000 characters, without control characters."""
    if not isinstance(value, str):
        return line(value)
    cleaned = "".join(c if c.isprintable() or c in "\n\t" else " " for c in value[: MAX_TEXT * 2])
    return cleaned.strip()[:MAX_TEXT] or None


def slug(value: Any) -> str | None:
    """Return an id: small letters, digits, dots, dashes; everything else becomes a dash."""
    found = re.sub(r"[^a-z0-9._-]+", "-", (line(value) or "").lower()).strip("-._")
    return found[:80] or None


def path_inside(value: Any) -> str | None:
    """Return a relative path inside the checkpoint's folder, or None when it leads out of it."""
    found = (line(value) or "").replace("\\", "/").removeprefix("./")
    outside = found.startswith("/") or ".." in found.split("/") or ":" in found.split("/", maxsplit=1)[0]
    return None if not found or outside else found


def sha256(value: Any) -> str | None:
    """Return ``sha256:<hex>``."""
    match = _HEX64.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"sha256:{match[1].lower()}" if match else None


def moment(value: Any) -> str | None:
    """Return an RFC 3339 time in UTC; a text without zone is read as UTC, a number as milliseconds since 1970."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value / 1000, UTC)
        else:
            found = datetime.fromisoformat(str(value).strip()[:40])
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found.isoformat().replace("+00:00", "Z")


def day(value: Any) -> str | None:
    """Return a calendar day."""
    try:
        return date.fromisoformat(str(value).strip()[:10]).isoformat()
    except ValueError:
        return None


def tier(value: Any) -> str | None:
    """Return T0 to T5."""
    found = str(value).strip().upper()[:3]
    return found if found in Tier.__members__ else None


def setting(value: Any) -> str | int | bool | None:
    """Return a hyperparameter: whole numbers and truth values as such, fractions as text, anything else one line."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) <= MAX_COUNT:
        return value
    if isinstance(value, float | Decimal):
        return number(value) or line(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    found = line(value)
    return int(found) if found and re.fullmatch(r"-?(?:0|[1-9][0-9]{0,14})", found) else found


def framework(value: Any) -> str | None:
    """Return the usual name of a framework: torch and pytorch are PyTorch."""
    found = line(value)
    return _FRAMEWORKS.get(found.lower(), found) if found else None


def mapping(value: Any) -> dict[str, Any] | None:
    """Return a mapping, also from JSON text, as formats without structure write it."""
    if isinstance(value, str):
        try:
            value = json.loads(value[:MAX_TEXT])
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def _short(value: Any, count: int) -> str:
    if isinstance(value, int) and value.bit_length() > MAX_INT_DIGITS * 4:
        return ""
    return str(value)[:count]


def table(value: Any) -> dict[str, Any]:
    """Return the value when it is a table of names and values, or else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[Any]:
    """Return a list; one value alone is a list of one, nothing is an empty one."""
    return value if isinstance(value, list) else [] if value is None else [value]
