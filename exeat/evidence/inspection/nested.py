"""Nested tensors: their sizes, strides and offsets are tensors, and torch does not hold them against the buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exeat.evidence.inspection.elements import size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.inspection.opened import TensorRef

PARTS = ("buffer", "sizes", "strides", "storage_offsets")
MOST = 2**20
"""Numbers that describe one nested tensor."""
REACH = 2**40
"""No single one of them may be larger, so that their sums stay exact."""


def fits(parts: dict[str, TensorRef], read: Callable[[TensorRef], memoryview]) -> bool:
    """Return whether every tensor of a nested one lies within the buffer."""
    if set(parts) != set(PARTS):
        return False
    tables = [parts[name] for name in PARTS[1:]]
    if any(ref.dtype != "I64" or size_of(ref) > MOST * 8 for ref in tables):
        return False
    sizes, strides, offsets = (np.frombuffer(read(ref), dtype="<i8").reshape(ref.shape) for ref in tables)
    values = (sizes, strides, offsets)
    if sizes.shape != strides.shape or sizes.shape[:1] != offsets.shape or any(_wild(part) for part in values):
        return False
    rows = zip(sizes.tolist(), strides.tolist(), offsets.tolist(), strict=True)
    return all(_end(*row) <= _elements(parts["buffer"]) for row in rows)


def _wild(part: np.ndarray) -> bool:
    return bool(((part < 0) | (part > REACH)).any())


def _end(sizes: list[int], strides: list[int], offset: int) -> int:
    if 0 in sizes:
        return offset
    return offset + 1 + sum((size - 1) * step for size, step in zip(sizes, strides, strict=True))


def _elements(buffer: TensorRef) -> int:
    return buffer.shape[0] if len(buffer.shape) == 1 else 0
