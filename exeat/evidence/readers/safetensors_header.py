"""Read the header of a safetensors file: eight bytes of length, then JSON; no tensor is loaded."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.readers import values

if TYPE_CHECKING:
    from exeat.evidence.readers.shape import Given

MAX_HEADER = 25 * 2**20
"""Longest header that is read, in bytes; a model of 100,000 tensors needs about 10 MB."""
MAX_DIMENSIONS = 16


class Header(NamedTuple):
    """Metadata as written, and the tensors by name with their shape."""

    metadata: dict[str, Any]
    tensors: dict[str, tuple[int, ...]]

    @property
    def parameters(self) -> int | None:
        """Return the number of values in all tensors, buffers included; None when it is not a sensible count."""
        return values.integer(sum(math.prod(shape) for shape in self.tensors.values()))


def looks_like_one(data: bytes) -> bool:
    """Return whether the first bytes are a header length and the beginning of a JSON object."""
    return len(data) > 9 and data[8:9] == b"{" and 2 <= int.from_bytes(data[:8], "little") <= 100 * 2**20  # noqa: PLR2004


def read_header(file: Given) -> Header:
    """Return the header; raise BadInput when it is not a header of bounded size."""
    length = int.from_bytes(file.first(8), "little")
    if not 2 <= length <= MAX_HEADER:  # noqa: PLR2004
        raise BadInput(
            f"{file.name}: the safetensors header has {length:,} bytes; at most {MAX_HEADER:,} are read.",
            "Save the file again with safetensors.",
        )
    raw = file.first(length, 8)
    if len(raw) < length:
        raise BadInput(f"{file.name}: the safetensors header is cut off.", "Copy the file again.")
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"{file.name}: the safetensors header is not JSON.", "Save the file again.") from exc
    if not isinstance(found, dict):
        raise BadInput(f"{file.name}: the safetensors header is not a table.", "Save the file again.")
    metadata = values.table(found.pop("__metadata__", None))
    return Header(metadata, {name: _shape(file, name, entry) for name, entry in found.items()})


def _shape(file: Given, name: str, entry: Any) -> tuple[int, ...]:
    shape = values.table(entry).get("shape")
    good = isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS
    if not good or not all(isinstance(n, int) and 0 <= n < 2**48 for n in shape):
        raise BadInput(f"{file.name}: the tensor {name[:60]!r} has no sensible shape.", "Save the file again.")
    return tuple(shape)
