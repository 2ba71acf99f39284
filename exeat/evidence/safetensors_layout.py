"""The header of a safetensors file that we write: the same tensors always give the same bytes.

Format: https://huggingface.co/docs/safetensors. The length of the header as 8 bytes, the header as JSON padded with
spaces to a multiple of 8, then the tensors without a gap. Wider types come first, so that each tensor lies aligned;
tensors of one width are sorted by name.
"""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.inspection.dtypes import ITEM_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

KNOWN = (
    *("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "U16", "I16", "F16", "BF16"),
    *("U32", "I32", "F32", "U64", "I64", "F64", "C64"),
)
"""Types of elements that the format has and that fill whole bytes."""
MAX_HEADER = 100_000_000
"""What readers accept (the reference implementation's limit), in bytes."""


class Laid(NamedTuple):
    """One tensor of the file to write."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """Return its size in bytes."""
        return ITEM_BYTES[self.dtype] * prod(self.shape)


def in_order(tensors: Sequence[Laid]) -> list[Laid]:
    """Return the tensors as they follow each other in the file."""
    return sorted(tensors, key=lambda one: (-ITEM_BYTES[one.dtype], one.name))


def header(ordered: Sequence[Laid]) -> bytes:
    """Return the first bytes of the file; the tensors follow in this order. Raises BadInput over the format's limit."""
    table: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for one in ordered:
        table[one.name] = {"dtype": one.dtype, "shape": list(one.shape), "data_offsets": [at, at + one.bytes]}
        at += one.bytes
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise BadInput("The names of the tensors need more room than a safetensors file has.", "Keep fewer tensors.")
    return len(text).to_bytes(8, "little") + text
