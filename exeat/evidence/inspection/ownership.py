"""Which bytes of the file belong to which tensor, so that tensors that share a storage are not counted twice."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.dtypes import ITEM_BYTES
from exeat.evidence.inspection.elements import in_order, length_of, size_of, span_of

if TYPE_CHECKING:
    from exeat.evidence.inspection.opened import Member, TensorRef


class Hidden(NamedTuple):
    """Bytes of a storage that no tensor shows; ``by`` is the first tensor that uses the storage."""

    storage: Member
    bytes: int
    by: TensorRef


class Owned(NamedTuple):
    """For each tensor the bytes that it alone or first uses, in the order given; and what no tensor shows."""

    bytes: list[int]
    hidden: list[Hidden]


def owned(tensors: list[TensorRef]) -> Owned:
    """Share the bytes of the storages among their tensors; a deflated storage counts as stored, for its first."""
    found = [0] * len(tensors)
    users: dict[Member, list[int]] = {}
    for at, ref in enumerate(tensors):
        users.setdefault(ref.storage, []).append(at)
    hidden = []
    for storage, whose in users.items():
        refs = [tensors[at] for at in whose]
        shares, covered = _shares(refs)
        rest = length_of(storage) - (min(covered, _shown(refs[0])) if len(refs) == 1 else covered)
        if storage.unpacked is not None:
            shares = [storage.bytes, *[0] * (len(refs) - 1)]
        elif len(refs) == 1:
            shares = [min(shares[0], _shown(refs[0]))]
        for at, share in zip(whose, shares, strict=True):
            found[at] = share
        if rest > 0 and storage.unpacked is None:
            hidden.append(Hidden(storage, rest, refs[0]))
    return Owned(found, hidden)


def _shares(refs: list[TensorRef]) -> tuple[list[int], int]:
    """Return the new bytes that each tensor covers, and the bytes covered in all."""
    starts: list[int] = []
    ends: list[int] = []
    shares, covered = [], 0
    most = length_of(refs[0].storage)
    for ref in refs:
        begin, end = span_of(ref)
        begin, end = max(0, min(begin, most)), max(0, min(end, most))
        first = bisect_left(ends, begin)
        last = first
        new = end - begin
        low, high = begin, end
        while last < len(starts) and starts[last] <= end:
            new -= max(0, min(ends[last], end) - max(starts[last], begin))
            low, high = min(low, starts[last]), max(high, ends[last])
            last += 1
        starts[first:last], ends[first:last] = [low], [high]
        shares.append(new)
        covered += new
    return shares, covered


def _shown(ref: TensorRef) -> int:
    """Return the bytes that one tensor shows of its storage; a column of a table shows less than it spans."""
    item = ITEM_BYTES.get(ref.dtype)
    if item is None or in_order(ref):
        return size_of(ref)
    begin, end = span_of(ref)
    if 0 in ref.shape:
        return 0
    return min(end - begin, item * math.prod(n for n, step in zip(ref.shape, ref.stride, strict=True) if step))
