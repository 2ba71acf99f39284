"""Canonical bytes: RFC 8785 in a restricted profile, where orjson, ``json.dumps`` and ``rfc8785`` give the same bytes.

The profile has no floats (decimals are text), ASCII keys, |int| < 2^53, valid Unicode and bounded depth. It is
enforced when a statement is written and again when it is verified.
"""

from __future__ import annotations

from typing import Any

import orjson

from exeat.errors import BadInput

MAX_INT = 2**53 - 1
MAX_DEPTH = 32
_SCALARS = {str, int, bool, type(None)}
OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)


def canonical(value: object) -> bytes:
    """Return the canonical bytes of a value; raise BadInput when it is outside the profile."""
    try:
        if in_profile(value):
            return orjson.dumps(value, option=OPTIONS)
    except TypeError:  # text with half a surrogate pair
        pass
    check_profile(value)
    return orjson.dumps(value, option=OPTIONS)


def check_profile(value: object) -> None:
    """Raise BadInput with the place of the first part that has no canonical form."""
    fault = _fault(value, "$", MAX_DEPTH)
    if fault is not None:
        place, reason = fault
        raise BadInput(f"A ledger statement cannot hold this: {reason}.", "Write decimals as text.", place=place)


def in_profile(value: Any, depth: int = MAX_DEPTH) -> bool:
    """Return whether parsed JSON lies inside the profile (the parser has checked its strings)."""
    kind = type(value)
    if kind is not dict and kind is not list:
        return kind in _SCALARS and (kind is not int or -MAX_INT <= value <= MAX_INT)
    if depth == 0 or (kind is dict and not "".join(value).isascii()):
        return False
    # A loop is twice as fast as all(), and verify asks this for every entry.
    for part in value.values() if kind is dict else value:
        if type(part) is not str and not in_profile(part, depth - 1):
            return False
    return True


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the object that the canonical line holds; raise BadInput when its bytes are not canonical.

    Duplicate keys, white space, other key order and other escapes all fail: they do not come back as the same bytes.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as exc:
        raise BadInput(f"This is not JSON: {exc.msg}.", place=f"byte {exc.pos}") from exc
    if not isinstance(value, dict):
        raise BadInput("A ledger line is one JSON object.")
    check_profile(value)
    if orjson.dumps(value, option=OPTIONS) != line:
        raise BadInput("The bytes are not in canonical form (RFC 8785).", "Do not re-encode ledger lines.")
    return value


def _fault(value: object, place: str, depth: int) -> tuple[str, str] | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if _encodable(value) else (place, "text with half a surrogate pair")
    if isinstance(value, int):
        return None if -MAX_INT <= value <= MAX_INT else (place, "an integer of 2^53 or more")
    if isinstance(value, dict | list | tuple):
        return _fault_inside(value, place, depth)
    return place, f"a {type(value).__name__}"


def _fault_inside(
    value: dict[Any, Any] | list[Any] | tuple[Any, ...], place: str, depth: int
) -> tuple[str, str] | None:
    if depth == 0:
        return place, f"more than {MAX_DEPTH} levels"
    if isinstance(value, dict):
        wrong = next((key for key in value if not isinstance(key, str) or not key.isascii()), None)
        if wrong is not None:
            return place, "a key that is not ASCII text"
        parts = [(f"{place}.{key}", item) for key, item in value.items()]
    else:
        parts = [(f"{place}[{index}]", item) for index, item in enumerate(value)]
    return next((found for where, item in parts if (found := _fault(item, where, depth - 1))), None)


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
