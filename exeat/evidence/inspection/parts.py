"""Divide a checkpoint into its parts: weights, optimizer state, index lists, text; their bytes add up to the file."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.hostile_text import clean
from exeat.evidence.inspection.limits import DEFAULT, Limits
from exeat.evidence.inspection.ownership import Hidden, Owned, owned
from exeat.evidence.inspection.part_rules import kind_of_path
from exeat.evidence.inspection.recognisers import masked
from exeat.evidence.inspection.survey import Survey, survey, text_kind
from exeat.model.inspection import InspectedPart, InspectedTensor, PartKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.inspection.opened import Member, Opened

REST = "container and pickle structure"
VALUES = "plain values"
UNSEEN = "bytes of storages that no tensor shows"
SMALL = 1024
"""Bytes below which branches that nothing names are put together."""
MAX_PARTS = 100
MAX_NAME = 600


_NOTHING = Survey()


class Parts(NamedTuple):
    """The parts, which add up to the bytes of the file, and the tensors; both are shown with identifiers masked."""

    parts: tuple[InspectedPart, ...]
    tensors: tuple[InspectedTensor, ...]
    survey: Survey = _NOTHING
    kinds: Mapping[str, PartKind] = MappingProxyType({})
    """The part of each tensor, by its name."""
    hidden: tuple[Hidden, ...] = ()

    def kind_of(self, place: str) -> PartKind:
        """Return the part that a tensor or a place in the tree belongs to."""
        return self.kinds.get(place) or kind_of_path(place.split(".")) or PartKind.OTHER


class _Share(NamedTuple):
    """Bytes and tensors of one part while they are counted."""

    bytes: int = 0
    tensors: int = 0


class _Count(dict[tuple[PartKind, str], _Share]):
    """Counts the bytes of each part; nothing is counted beyond the bytes that the file has."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.left = size

    def add(self, kind: PartKind, place: str, size: int, tensors: int = 0) -> None:
        """Give bytes and tensors to a part."""
        size = min(size, self.left)
        self.left -= size
        had = self.get((kind, place), _Share())
        self[kind, place] = _Share(had.bytes + size, had.tensors + tensors)

    def put_together(self) -> None:
        """Put the smallest of what nothing names together."""
        small = [key for key, share in self.items() if key[0] is PartKind.OTHER and share.bytes < SMALL]
        for key in small if len(small) > 1 else ():
            share = self.pop(key)
            self.left += share.bytes
            self.add(PartKind.OTHER, VALUES, share.bytes, share.tensors)


def parts_of(opened: Opened, limits: Limits = DEFAULT) -> Parts:
    """Return the parts of an opened checkpoint; no value is executed, few are read."""
    found = survey(opened)
    shares = owned(opened.tensors)
    counted = _count(opened, found, shares)
    tensors = tuple(
        InspectedTensor(
            name=clean(masked(ref.name[:MAX_NAME]), MAX_NAME), part=kind, dtype=ref.dtype, shape=ref.shape, bytes=share
        )
        for ref, kind, share in zip(opened.tensors[: limits.listed_tensors], found.tensors, shares.bytes, strict=False)
    )
    kinds = {ref.name: kind for ref, kind in zip(opened.tensors, found.tensors, strict=True)}
    return Parts(_listed(counted), tensors, found, kinds, tuple(shares.hidden))


def _count(opened: Opened, found: Survey, shares: Owned) -> _Count:
    """Count tensors first, whose bytes are known exactly; what no tensor, member or value owns is the rest."""
    counted = _Count(opened.bytes)
    for ref, kind, size in zip(opened.tensors, found.tensors, shares.bytes, strict=True):
        counted.add(kind, ref.path[0] if len(ref.path) > 1 else ref.storage.file, size, 1)
    for one in shares.hidden:
        counted.add(PartKind.OTHER, UNSEEN, one.bytes)
    said = {text.place for text in opened.texts}
    for member in _left_over(opened):
        is_text = not said.isdisjoint((member.name, f"{member.file}/{member.name}"))
        counted.add(text_kind(member.name) if is_text else PartKind.OTHER, member.name, member.bytes)
    for (kind, place), size in found.values.items():
        counted.add(kind, place, size)
    members = {*opened.unlisted, *(ref.storage for ref in opened.tensors)}
    names = {name for member in members for name in (member.name, f"{member.file}/{member.name}")}
    for text in opened.texts:
        if text.place not in names:
            size = len(text.text.encode("utf-8", "surrogatepass"))
            counted.add(text_kind(text.place), text.place.split(".", 1)[0], size)
    counted.put_together()
    counted.add(PartKind.OTHER, REST, counted.left)
    return counted


def _left_over(opened: Opened) -> list[Member]:
    """Return members that no tree refers to, without those that tensors were found in after all."""
    used = {ref.storage for ref in opened.tensors}
    members = [*opened.unlisted, *([opened.trailing] if opened.trailing else [])]
    return [member for member in dict.fromkeys(members) if member not in used]


def _listed(counted: _Count) -> tuple[InspectedPart, ...]:
    """Return the parts, largest first; the smallest of very many are put together by kind."""
    order = sorted(counted.items(), key=lambda one: (-one[1].bytes, one[0][0].value, one[0][1]))
    parts = [_part(kind, place, share) for (kind, place), share in order[:MAX_PARTS] if share.bytes or share.tensors]
    rest: dict[PartKind, _Share] = {}
    for (kind, _), share in order[MAX_PARTS:]:
        had = rest.get(kind, _Share())
        rest[kind] = _Share(had.bytes + share.bytes, had.tensors + share.tensors)
    return (*parts, *(_part(kind, "smaller branches together", share) for kind, share in rest.items()))


def _part(kind: PartKind, place: str, share: _Share) -> InspectedPart:
    shown = clean(masked(place[:MAX_NAME]), MAX_NAME)
    return InspectedPart(kind=kind, place=shown, bytes=share.bytes, tensors=share.tensors)
