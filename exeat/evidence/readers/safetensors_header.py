"""Read the header of a safetensors file that was given for its metadata; ``inspection`` owns the one parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.errors import BadInput
from exeat.evidence.inspection.refusal import Refusal
from exeat.evidence.inspection.safetensors_header import (
    Header,
    header_length,
    looks_like_safetensors,
    parse_header,
)

if TYPE_CHECKING:
    from exeat.evidence.readers.shape import Given


def looks_like_one(data: bytes) -> bool:
    """Return whether the first bytes are a header length and the beginning of a JSON object."""
    return looks_like_safetensors(data, len(data))


def read_header(file: Given) -> Header:
    """Return the header; raise BadInput when it is not a header of bounded size."""
    try:
        length = header_length(file.first(8))
        raw = file.first(length, 8)
        if len(raw) < length:
            raise BadInput(f"{file.name}: the safetensors header is cut off.", "Copy the file again.")
        return parse_header(raw)
    except Refusal as exc:
        raise BadInput(f"{file.name}: {exc.headline}", exc.what_to_do, place=exc.place) from exc
