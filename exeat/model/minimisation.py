"""``exeat-minimisation/1``: what was kept of a checkpoint file, what was dropped, and which channels that closed.

Sizes are in bytes. A minimised file holds tensors and nothing else; nothing of the source was executed to make it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from exeat.model.base import Document, Line, Number, Part, Sha256, Slug, Text
from exeat.model.inspection import Bytes, Channel, Count, PartKind, Place

if TYPE_CHECKING:
    from collections.abc import Sequence


LISTED = 5_000
"""Tensors that a record lists one by one."""


class FormerBytes(Part):
    """The tensor in the source, before its type was changed."""

    dtype: Line
    bytes: Bytes
    sha256: Sha256


class KeptTensor(Part):
    """One tensor of the minimised file; ``sha256`` is that of its bytes there, in C order, little endian.

    ``source`` is its name in the source where that differs; ``was`` tells the type and digest before a named change of
    type. Without ``was`` the bytes are identical to those in the source. Identifiers inside names are masked, as in an
    inspection.
    """

    name: Place
    source: Place = ""
    part: PartKind
    dtype: Line
    shape: tuple[int, ...]
    bytes: Bytes
    sha256: Sha256
    was: FormerBytes | None = None


class DroppedPart(Part):
    """A part of the source that is not in the minimised file, and why; ``tensors`` counts those dropped with it."""

    kind: PartKind
    place: Place
    bytes: Bytes
    tensors: Count
    reason: Line


def by_kind(dropped: Sequence[DroppedPart]) -> tuple[DroppedPart, ...]:
    """Return the dropped parts of one kind and reason put together, the largest first; ``place`` names the largest."""
    whole: dict[tuple[PartKind, str], DroppedPart] = {}
    for part in dropped:
        had = whole.get((part.kind, part.reason))
        added = {} if had is None else {"bytes": had.bytes + part.bytes, "tensors": had.tensors + part.tensors}
        whole[part.kind, part.reason] = (had or part).model_copy(update=added)
    return tuple(sorted(whole.values(), key=lambda part: -part.bytes))


class ClosedChannel(Part):
    """A leakage channel of the source that the minimised file does not have."""

    channel: Channel
    part: PartKind
    place: Place
    count: Count


class LeftChannel(ClosedChannel):
    """A leakage channel that an inspection of the minimised file still finds; ``sample`` is masked."""

    sample: Place = ""
    remedy: Text


class TypeChange(Part):
    """A reduction of precision, asked for by name; ``max_abs_difference`` is the largest over all elements changed."""

    dtype: Line
    tensors: Count
    max_abs_difference: Number
    tensor: Place = ""
    """Where that difference occurs."""


class Proof(Part):
    """How it was checked that the tensors kept are those of the source.

    ``identical`` tensors were read again from the written file and have the bytes of the source, ``changed`` ones those
    of the named change. ``torch`` says whether torch's own safe loader read the same bytes from the source.
    """

    identical: Count
    changed: Count = 0
    torch: Literal["same", "not asked"]
    torch_version: Line | None = None
    why_not: Text = ""


class Minimisation(Document):
    """What one minimisation did; the digests tie it to the source and to the minimised file."""

    schema_: Annotated[Literal["exeat-minimisation/1"], Field(alias="schema")]
    tool: Line
    tool_version: Line
    source: Place
    source_format: Slug
    source_bytes: Bytes
    source_sha256: Sha256
    output: Place
    output_bytes: Bytes
    output_sha256: Sha256
    chosen: tuple[PartKind, ...]
    chosen_prefixes: tuple[Place, ...] = ()
    kept: tuple[KeptTensor, ...] = ()
    """In the order of the file; the first ones where there are very many."""
    kept_count: Count
    kept_sha256: Sha256
    """Of the lines ``<sha256>  <name>`` of every tensor kept, sorted by name."""
    dropped: tuple[DroppedPart, ...] = ()
    closed: tuple[ClosedChannel, ...] = ()
    left: tuple[LeftChannel, ...] = ()
    change: TypeChange | None = None
    proof: Proof
    notes: tuple[Text, ...] = ()
