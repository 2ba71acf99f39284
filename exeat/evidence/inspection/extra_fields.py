"""The extra fields of zip members: up to 64 KiB beside each member that no loader reads and nobody would look at.

torch pads with ``FB`` and the letter Z, numpy and Python write the 64-bit sizes, Info-ZIP times and owners of files.
Everything else could carry text out unseen. APPNOTE.TXT 4.5; the zip tool's ``extrafld.txt``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ZIP64, PADDING, TIMES, OWNERS = 0x0001, 0x4246, 0x5455, 0x7875
_TIMES, _OWNERS = (5, 9, 13), (11, 15)
"""Lengths: flags and one to three times; version and two numbers of four bytes, each after its length."""


def is_plain(extra: bytes, numbers: tuple[int, ...]) -> bool:
    """Return whether extra fields hold only padding, times, owners, and the ``numbers`` of the member or zeros."""
    kinds = []
    for kind, data in _fields(extra):
        if kind is None or not _is_known(kind, data, numbers):
            return False
        kinds.append(kind)
    return len(kinds) == len(set(kinds))


def _fields(extra: bytes) -> Iterator[tuple[int | None, bytes]]:
    """Yield each field by its kind; what is no whole field has none."""
    at = 0
    while at < len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4]) if at + 4 <= len(extra) else (None, 0)
        data = extra[at + 4 : at + 4 + length]
        yield (kind if len(data) == length else None), data
        at += 4 + length


def _is_known(kind: int, data: bytes, numbers: tuple[int, ...]) -> bool:
    if kind == PADDING:
        return not data.strip(b"Z") or not data.strip(b"\x00")
    if kind == ZIP64:
        sizes = len(data) // 8 * 8
        told = {size for (size,) in struct.iter_unpack("<Q", data[:sizes])}
        return data[sizes:] in (b"", b"\x00" * 4) and sizes <= 8 * len(numbers) and told <= {0, *numbers}
    return len(data) in {TIMES: _TIMES, OWNERS: _OWNERS}.get(kind, ())
