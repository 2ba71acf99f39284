"""Fewer bits per number: float32 to float16 or bfloat16, with the largest difference that this made.

Rounding is to the nearest, ties to even (IEEE 754), as torch and numpy do it.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Context, Decimal
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

Target = Literal["float16", "bfloat16"]
NAMES: dict[Target, str] = {"float16": "F16", "bfloat16": "BF16"}
"""By the name that people use, the format's name."""
REDUCED = "F32"
"""The only type that is reduced; every other one stays as it is."""
_LEAST, _MOST = Decimal("1e-30"), Decimal("1e30")
_DIGITS = Context(prec=12, rounding=ROUND_CEILING)


class Reduction:
    """Reduces tensors one after the other and keeps the largest difference and where it occurred."""

    def __init__(self, target: Target) -> None:
        self.target: Target = target
        self.dtype = NAMES[target]
        self.largest = 0.0
        self.where = ""

    @property
    def max_abs_difference(self) -> Decimal:
        """Return the largest difference, rounded up to 12 digits; below 1e-30 it is said to be 1e-30.

        Raises BadInput above 1e30, which no record can hold and no model needs.
        """
        exact = _DIGITS.create_decimal(Decimal(self.largest))
        if exact > _MOST:
            raise BadInput(f"A number of {self.where} would change by more than 1e30.", "Leave the type as it is.")
        return max(exact, _LEAST) if exact else Decimal(0)

    def chunks(self, name: str, chunks: Iterable[memoryview]) -> Iterator[memoryview]:
        """Yield the reduced bytes of one tensor; raise BadInput when a finite number would become infinite."""
        for chunk in _whole(chunks):
            before = np.frombuffer(chunk, "<f4")
            reduced, after = _float16(before) if self.target == "float16" else _bfloat16(before)
            finite = np.isfinite(before)
            if not np.isfinite(after[finite]).all():
                raise BadInput(
                    f"A number of {name} is too large for {self.target}.",
                    "Choose bfloat16, which has float32's range, or leave the type as it is."
                    if self.target == "float16"
                    else "Leave the type as it is.",
                )
            self._note(name, before[finite], after[finite])
            yield memoryview(reduced.tobytes())

    def _note(self, name: str, before: NDArray[Any], after: NDArray[Any]) -> None:
        if not before.size:
            return
        largest = float(np.abs(before.astype("<f8") - after.astype("<f8")).max())
        if largest > self.largest:
            self.largest, self.where = largest, name


def _whole(chunks: Iterable[memoryview]) -> Iterator[bytes | memoryview]:
    """Cut the chunks at whole float32 numbers."""
    rest = b""
    for chunk in chunks:
        data: bytes | memoryview = rest + bytes(chunk) if rest else chunk
        end = len(data) - len(data) % 4
        rest = bytes(data[end:])
        if end:
            yield data[:end]


def _float16(before: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    with np.errstate(over="ignore", invalid="ignore"):
        reduced = before.astype("<f2")
    return reduced, reduced.astype("<f4")


def _bfloat16(before: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Keep the upper half of the bits, rounded to the nearest even; not-a-number stays one."""
    bits = before.view("<u4")
    upper = bits >> np.uint32(16)
    rounded = (bits + (upper & np.uint32(1)) + np.uint32(0x7FFF)) >> np.uint32(16)
    reduced = np.where(np.isnan(before), upper | np.uint32(0x40), rounded).astype("<u2")
    return reduced, (reduced.astype("<u4") << np.uint32(16)).view("<f4")
