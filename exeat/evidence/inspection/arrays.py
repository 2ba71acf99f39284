"""Read the plain values that pickles write as calls: numpy arrays and scalars, paths, dates; nothing is called."""

from __future__ import annotations

import datetime as dt
import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from exeat.evidence.inspection.symbols import Call, Global

_RECONSTRUCT = ("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct")
_FROM_BUFFER = ("numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer")
_SCALAR = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
_DTYPE = re.compile(r"[biufSU]\d{1,7}|\?")
_PATHS = ("Path", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath", "PurePath")
_WINDOWS = ("WindowsPath", "PureWindowsPath")
MAX_DIMENSIONS = 32


@dataclass(frozen=True, slots=True)
class Array:
    """A numpy array by its type (``i8``), shape and bytes; the bytes may be fewer than the shape says."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    def numbers(self, limit: int) -> np.ndarray | None:
        """Return the first values of an array of numbers, flat, or None for texts and what cannot be read."""
        if self.dtype.lstrip("<>|=")[:1] not in "biuf?":
            return None
        return self._read(limit)

    def texts(self, limit: int) -> list[str]:
        """Return the first values of an array of texts."""
        if self.dtype.lstrip("<>|=")[:1] not in "SU":
            return []
        found = self._read(limit)
        if found is None:
            return []
        try:
            return [one.decode("latin-1") if isinstance(one, bytes) else one for one in found.tolist()]
        except (ValueError, UnicodeError):
            return []

    def _read(self, limit: int) -> np.ndarray | None:
        kind = np.dtype(self.dtype)
        count = min(limit, len(self.data) // kind.itemsize) if kind.itemsize else 0
        if not count:
            return None
        if kind.kind != "U":
            return np.frombuffer(self.data, kind, count)
        return _characters(self.data[: count * kind.itemsize], kind)


def _characters(data: bytes, kind: np.dtype[Any]) -> np.ndarray:
    """Return an array of texts; numpy would make broken texts of numbers that are no characters, which crash Python."""
    codes = np.frombuffer(data, f"{kind.str[0]}u4").astype("<u4")
    codes[codes > sys.maxunicode] = 0xFFFD
    return codes.view(f"<U{kind.itemsize // 4}")


def array_of(call: Call) -> Array | None:
    """Return the numpy array that a call would build, or None."""
    name, args = str(call.func), call.args
    if name in _RECONSTRUCT and isinstance(call.state, tuple) and len(call.state) == 5:  # noqa: PLR2004
        _, shape, kind, _, data = call.state
        return _array(kind, shape, data)
    if name in _FROM_BUFFER and isinstance(args, tuple) and len(args) >= 3:  # noqa: PLR2004
        data = args[0].args[0] if isinstance(args[0], Call) and args[0].args else args[0]
        return _array(args[1], args[2], data)
    return None


def _array(kind: Any, shape: Any, data: Any) -> Array | None:
    dtype = _dtype_of(kind)
    plain = isinstance(shape, tuple) and len(shape) <= MAX_DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)
    return Array(dtype, shape, data) if dtype and plain and isinstance(data, bytes) else None


def _dtype_of(kind: Any) -> str:
    """Return numpy's type string with its byte order, or nothing."""
    if not isinstance(kind, Call) or str(kind.func) != "numpy.dtype" or not kind.args:
        return ""
    text, state = kind.args[0], kind.state
    if not isinstance(text, str):
        return ""
    order = state[1] if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "=", "|") else ""
    bare = text.lstrip("<>|=")
    found = f"{order or text[: len(text) - len(bare)]}{bare}"
    return found if _DTYPE.fullmatch(bare) and _is_known(found) else ""


def _is_known(dtype: str) -> bool:
    try:
        np.dtype(dtype)
    except (TypeError, ValueError):
        return False
    return True


def scalar_of(call: Call) -> int | float | str | None:
    """Return the value of a numpy scalar, or None."""
    if str(call.func) not in _SCALAR or not isinstance(call.args, tuple) or len(call.args) != 2:  # noqa: PLR2004
        return None
    dtype, data = _dtype_of(call.args[0]), call.args[1]
    if not dtype or not isinstance(data, bytes):
        return None
    whole = Array(dtype, (1,), data)
    texts, numbers = whole.texts(1), whole.numbers(1)
    found = texts[0] if texts else None if numbers is None else numbers[0].item()
    return found if isinstance(found, str | int | float) else None


def path_of(call: Call) -> str | None:
    """Return the text of a ``pathlib`` path, or None."""
    if not isinstance(call.func, Global) or not call.func.module.startswith("pathlib") or call.func.name not in _PATHS:
        return None
    parts = call.args if isinstance(call.args, tuple) else ()
    texts = [part for part in parts if isinstance(part, str)]
    if not texts:
        return None
    if call.func.name in _WINDOWS:
        return texts[0] + "\\".join(texts[1:]) if texts[0].endswith("\\") else "\\".join(texts)
    return "/" + "/".join(texts[1:]) if texts[0] == "/" else "/".join(texts)


def date_of(call: Call) -> str | None:
    """Return a ``datetime`` date or time in ISO 8601 from the bytes that its pickle holds, or None."""
    name = str(call.func)
    data = call.args[0] if isinstance(call.args, tuple) and call.args else None
    if isinstance(data, str):
        data = data.encode("latin-1", "replace")
    if not isinstance(data, bytes) or not name.startswith("datetime."):
        return None
    try:
        return _date(name, data)
    except ValueError:
        return None


def _date(name: str, data: bytes) -> str | None:
    """Read year (two bytes), month, day, then hour, minute, second of CPython's ``datetime.__reduce__``."""
    year = int.from_bytes(data[:2], "big")
    if name == "datetime.date" and len(data) == 4:  # noqa: PLR2004
        return dt.date(year, data[2], data[3]).isoformat()
    if name == "datetime.datetime" and len(data) == 10:  # noqa: PLR2004
        return dt.datetime(year, data[2] & 127, *data[3:7]).isoformat()  # noqa: DTZ001 the file says no zone here
    return None
