"""Read the persistent ids of torch: which storage of the file a tensor lies in, and how many elements it has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.dtypes import ITEM_BYTES, OF_STORAGE
from exeat.evidence.inspection.symbols import Global, StorageRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exeat.evidence.inspection.opened import Member
    from exeat.evidence.inspection.streams import Judge

_CLASS = re.compile(r"torch\.(?:cuda\.|storage\.)?(\w+)Storage")
SAVE_AGAIN = "Save it again with torch.save(model.state_dict(), …) from the original."
MAX_COUNT = 2**62


class Stored(NamedTuple):
    """One storage of a file: dtype as in ``dtypes``, elements, and where its bytes are."""

    dtype: str
    numel: int
    member: Member


def understand(ref: StorageRef) -> bool:
    """Fill dtype, key, location and numel from the persistent id; return whether it is one that torch writes."""
    id_ = ref.id
    if not isinstance(id_, tuple) or len(id_) not in (5, 6) or id_[0] != "storage" or not isinstance(id_[1], Global):
        return False
    found = _CLASS.fullmatch(str(id_[1]))
    plain = type(id_[2]) is str and type(id_[3]) is str and type(id_[4]) is int and 0 <= id_[4] < MAX_COUNT
    if found is None or found[1] not in OF_STORAGE or not plain:
        return False
    ref.dtype, ref.key, ref.location, ref.numel = OF_STORAGE[found[1]], id_[2], id_[3], id_[4]
    return True


def understood(refs: Iterable[StorageRef], judge: Judge, place: str) -> dict[str, StorageRef]:
    """Return the storages by their key; ids that torch does not write, or that contradict each other, are problems."""
    found: dict[str, StorageRef] = {}
    for ref in refs:
        if not understand(ref):
            sentence = f"The pickle in {place} refers to something outside itself in a way that torch never does."
            judge.problem("odd-persistent-id", sentence, SAVE_AGAIN, place)
            continue
        first = found.setdefault(ref.key, ref)
        if (first.numel, first.dtype) != (ref.numel, ref.dtype):  # torch takes the first for all
            sentence = f"The pickle in {place} gives the storage {ref.key!r} two different sizes or types."
            judge.problem("storage-contradiction", sentence, SAVE_AGAIN, place)
    return found


def bytes_needed(ref: StorageRef) -> int | None:
    """Return the bytes that a storage must have, None where its elements are smaller than a byte."""
    item = ITEM_BYTES.get(ref.dtype)
    return None if item is None else ref.numel * item
