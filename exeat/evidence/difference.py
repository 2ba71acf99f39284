"""What a minimisation changed: parts dropped with the reason, leakage channels closed, leakage channels left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.elements import size_of
from exeat.model.inspection import PartKind
from exeat.model.minimisation import ClosedChannel, DroppedPart, LeftChannel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exeat.evidence.inspection.opened import Opened
    from exeat.evidence.inspection.parts import Parts
    from exeat.evidence.keeping import Planned
    from exeat.evidence.selection import Selection
    from exeat.model.inspection import InspectedPart, LeakageFinding

MOST = 500
"""Parts and channels named one by one."""


def dropped(opened: Opened, parts: Parts, planned: Sequence[Planned], keep: Selection) -> tuple[DroppedPart, ...]:
    """Return the parts that are not in the minimised file, the largest first."""
    whole = [_whole(part, keep) for part in parts.parts if part.bytes and not _is_kept(part, keep)]
    found = [*whole, *_tensors(opened, parts, planned, keep)]
    return tuple(sorted(found, key=lambda part: (-part.bytes, part.place)))[:MOST]


def _is_kept(part: InspectedPart, keep: Selection) -> bool:
    return part.kind in keep.kinds and part.tensors > 0


def _whole(part: InspectedPart, keep: Selection) -> DroppedPart:
    reason = "not a tensor: a safetensors file holds nothing else" if part.kind in keep.kinds else "not chosen"
    return DroppedPart(kind=part.kind, place=part.place, bytes=part.bytes, tensors=part.tensors, reason=reason)


def _tensors(opened: Opened, parts: Parts, planned: Sequence[Planned], keep: Selection) -> list[DroppedPart]:
    """Return, for each kind of part that is kept, the tensors of it that are not: their names begin otherwise."""
    kept = {id(one.ref) for one in planned}
    found = []
    for kind in PartKind:
        left_out = [
            size_of(ref)
            for ref in opened.tensors
            if id(ref) not in kept and kind in keep.kinds and parts.kind_of(ref.name) is kind
        ]
        if left_out:
            reason = "the name begins otherwise than chosen"
            place = f"{len(left_out):,} tensors"
            found.append(DroppedPart(kind=kind, place=place, bytes=sum(left_out), tensors=len(left_out), reason=reason))
    return found


def closed(
    before: Sequence[LeakageFinding], after: Sequence[LeakageFinding], keep: Selection
) -> tuple[ClosedChannel, ...]:
    """Return the channels of the source that the minimised file does not have.

    A channel of a part that was kept, or of no particular part (the key of a tensor), counts as closed only when the
    minimised file has none of its sort.
    """
    may_stay = keep.kinds | {PartKind.OTHER}
    still = {(one.channel, one.part) for one in after}
    sorts = {one.channel for one in after}
    return tuple(
        ClosedChannel(channel=one.channel, part=one.part, place=one.place, count=one.count)
        for one in before
        if (one.channel, one.part) not in still and not (one.part in may_stay and one.channel in sorts)
    )[:MOST]


def left(after: Sequence[LeakageFinding]) -> tuple[LeftChannel, ...]:
    """Return the channels that an inspection of the minimised file finds."""
    return tuple(
        LeftChannel(
            channel=one.channel,
            part=one.part,
            place=one.place,
            count=one.count,
            sample=one.sample,
            remedy=one.remedy,
        )
        for one in after
    )[:MOST]
