"""NumPy archives without NumPy's reader: sizes are bounded before anything is unpacked, and nothing is unpickled.

The header of an array is matched against the one form that NumPy writes; an array of Python objects is a pickle
and is refused. Source: NumPy 2.4, numpy/lib/_format_impl.py (format versions 1 to 3).
"""

from __future__ import annotations

import io
import math
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from exeat.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

MAX_MEMBERS = 64
MAX_UNPACKED = 32 * 2**20
"""Most bytes that all arrays of one archive may have together."""
MAX_HEADER = 4096
_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?[a-zA-Z]{1,2}[0-9]{0,4})', 'fortran_order': (?:True|False), "
    rb"'shape': \(((?:[0-9]{1,12}(?:, ?|,?(?=\))))*)\),? *\} *\n?"
)
_NUMBERS = re.compile(r"[<>|=]?(?:f[248]|[iu][1248]|b1|\?)")
EXPORT = "Export it as plain numbers: np.savez(…) of float, int or bool arrays."


def names(data: bytes) -> frozenset[str]:
    """Return the names of the arrays in an archive; empty when it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(info.filename.removesuffix(".npy") for info in archive.infolist()[:MAX_MEMBERS])
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, RuntimeError, IndexError):
        return frozenset()


def arrays(data: bytes, wanted: frozenset[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the wanted arrays; raise BadInput for pickles, bombs and whatever NumPy would not write."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _arrays(archive, wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as exc:
        raise BadInput("The archive is damaged or not one that NumPy writes.", "Export it again.") from exc


def _arrays(archive: zipfile.ZipFile, wanted: frozenset[str]) -> dict[str, np.ndarray[Any, Any]]:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise BadInput(f"The archive has {len(members):,} members; at most {MAX_MEMBERS} are read.", EXPORT)
    if len({info.filename for info in members}) != len(members):
        raise BadInput("Two members of the archive have the same name.", EXPORT)
    found: dict[str, np.ndarray[Any, Any]] = {}
    left = MAX_UNPACKED
    for info in members:
        name = info.filename.removesuffix(".npy")
        content = _unpacked(archive, info, left if name in wanted else min(left, MAX_HEADER))
        left -= len(content)
        descr, start, shape = _header(content, name)
        if name in wanted:
            found[name] = _array(content[start:], descr, shape, name)
    return found


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """Return up to ``limit`` bytes of a member; a wanted one that is longer is refused."""
    if info.flag_bits & 1 or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BadInput("A member of the archive is encrypted or packed in an unusual way.", EXPORT)
    with archive.open(info) as member:
        content = member.read(limit)
        if limit > MAX_HEADER and member.read(1):
            raise BadInput(f"The arrays unpack to more than {MAX_UNPACKED:,} bytes.", "Attack a smaller sample.")
    return content


def _header(content: bytes, name: str) -> tuple[str, int, tuple[int, ...]]:
    shown = repr(name[:40])
    if not content.startswith(_MAGIC):
        pickled = content[:1] == b"\x80"
        what = "a pickle, which runs code when it is opened" if pickled else "no array"
        raise BadInput(f"The member {shown} is {what}.", EXPORT, place=name[:60])
    wide = content[6:7] in {b"\x02", b"\x03"}
    start = 12 if wide else 10
    length = int.from_bytes(content[8:start], "little")
    if content[6:7] not in {b"\x01", b"\x02", b"\x03"} or length > MAX_HEADER:
        raise BadInput(f"The header of {shown} is not one that NumPy writes.", EXPORT, place=name[:60])
    head = content[start : start + length]
    if b"|O" in head or b"'O'" in head:
        reason = f"{shown} is an array of Python objects: a pickle, which runs code when it is opened."
        raise BadInput(reason, EXPORT, place=name[:60])
    match = _HEADER.fullmatch(head)
    if match is None:
        raise BadInput(f"The header of {shown} is not one that NumPy writes.", EXPORT, place=name[:60])
    shape = tuple(int(part) for part in match[2].split(b",") if part.strip())
    return match[1].decode(), start + length, shape


def _array(content: bytes, descr: str, shape: tuple[int, ...], name: str) -> np.ndarray[Any, Any]:
    import numpy as np  # noqa: PLC0415 files without arrays do not pay for it

    if not _NUMBERS.fullmatch(descr):
        raise BadInput(f"{name[:40]!r} does not hold plain numbers ({descr}).", EXPORT, place=name[:60])
    kind = np.dtype(descr)
    if math.prod(shape) * kind.itemsize != len(content):
        raise BadInput(f"{name[:40]!r} has another size than its header says.", EXPORT, place=name[:60])
    return np.frombuffer(content, dtype=kind)
