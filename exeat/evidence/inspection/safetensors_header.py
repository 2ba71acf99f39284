"""The header of a safetensors file, as strictly as its specification: https://huggingface.co/docs/safetensors.

Eight bytes of length, then JSON, then the tensors' bytes without a gap. Keys stand once, no two tensors share bytes,
no byte belongs to none, and nothing follows the last tensor.
"""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from exeat.evidence.inspection.refusal import Refusal, ambiguous, bomb, cut, damaged, shown

FORMAT_CAP = 100_000_000
"""Longest header that the format allows, in bytes."""
MAX_HEADER = 25 * 2**20
"""Longest header that is read, in bytes; a model of 100,000 tensors needs about 10 MB."""
MAX_TENSORS = 200_000
MAX_DIMENSIONS = 16
MAX_ELEMENTS = 2**38
FIELDS = {"dtype", "shape", "data_offsets"}
BITS = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("I64", "U64", "F64", "C64"), 64),
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
}
"""Bits of one element by type."""


class Entry(NamedTuple):
    """One tensor: ``begin`` and ``end`` are bytes after the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


class Header(NamedTuple):
    """Metadata as written, tensors in the order of their bytes, and where those begin and end in the file."""

    metadata: dict[str, str]
    tensors: dict[str, Entry]
    data: int
    end: int

    @property
    def parameters(self) -> int:
        """Return the number of values in all tensors, buffers included."""
        return sum(math.prod(entry.shape) for entry in self.tensors.values())


class _Twice(ValueError):
    """A key stands twice."""


def looks_like_safetensors(head: bytes, size: int) -> bool:
    """Return whether the first bytes are a header length and the beginning of a JSON object."""
    return size > 9 and head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") < 2**40  # noqa: PLR2004


def header_length(first: bytes, size: int | None = None) -> int:
    """Return the length that the first eight bytes state, or raise Refusal when no header has it."""
    length = int.from_bytes(first[:8], "little")
    if len(first) < 8 or length < 2:  # noqa: PLR2004
        raise damaged("The safetensors header has no content.")
    if length > FORMAT_CAP:
        raise bomb(f"The safetensors header has {length:,} bytes; the format allows {FORMAT_CAP:,}.")
    if length > MAX_HEADER:
        sentence = f"The safetensors header has {length:,} bytes; at most {MAX_HEADER:,} are read."
        raise Refusal("header-too-long", sentence, "Move what is not a tensor out of the header.", unsafe=False)
    if size is not None and 8 + length > size:
        raise cut("The file ends within its safetensors header.")
    return length


def parse_header(raw: bytes) -> Header:
    """Return the header of its JSON, or raise Refusal."""
    found = strict_json(raw, "safetensors header")
    metadata = _metadata(found.pop("__metadata__", None))
    if len(found) > MAX_TENSORS:
        raise _too_many()
    tensors = sorted(((name, _entry(name, entry)) for name, entry in found.items()), key=lambda row: row[1].begin)
    return Header(metadata, dict(tensors), 8 + len(raw), 8 + len(raw) + _tiled(tensors))


def _too_many() -> Refusal:
    sentence = f"The safetensors header names more than {MAX_TENSORS:,} tensors."
    return Refusal("too-many-tensors", sentence, "Split the checkpoint into shards.", unsafe=False)


def strict_json(raw: bytes, what: str) -> dict[str, Any]:
    """Return a JSON object of bounded size: keys stand once, numbers are numbers, texts are Unicode."""
    if raw.count(b"{") + raw.count(b"[") > 3 * MAX_TENSORS + 1000:
        raise _too_many()
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except _Twice as exc:
        raise ambiguous("duplicate-key", f"The key {shown(str(exc))} stands twice in the {what}.") from exc
    except (ValueError, RecursionError) as exc:
        raise damaged(f"The {what} is not strict JSON.") from exc
    if not isinstance(found, dict) or (b"\\ud" in raw.lower() and not _unicode(found)):
        raise damaged(f"The {what} is not a table of texts that Unicode knows.")
    return found


def _unicode(found: dict[str, Any]) -> bool:
    """Return whether no half of a surrogate pair stands alone."""
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _Twice(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _metadata(found: Any) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise damaged("The metadata of the safetensors header is not a table of texts.", "__metadata__")
    return found


def _entry(name: str, found: Any) -> Entry:
    if not isinstance(found, dict) or found.keys() != FIELDS:
        raise damaged(f"The tensor {shown(name)} is not described by type, shape and place alone.", name)
    dtype, shape, offsets = found["dtype"], found["shape"], found["data_offsets"]
    if not isinstance(dtype, str) or dtype not in BITS:
        raise damaged(f"The tensor {shown(name)} has the type {shown(str(dtype), 30)}, which the format has not.", name)
    if not _counts(shape) or len(shape) > MAX_DIMENSIONS or not _counts(offsets) or len(offsets) != 2:  # noqa: PLR2004
        raise damaged(f"The tensor {shown(name)} has no sensible shape or place.", name)
    _sized(name, Entry(dtype, tuple(shape), *offsets))
    return Entry(dtype, tuple(shape), *offsets)


def _counts(found: Any) -> bool:
    return isinstance(found, list) and all(type(count) is int and 0 <= count < 2**63 for count in found)


def _sized(name: str, entry: Entry) -> None:
    elements = math.prod(entry.shape)
    if elements > MAX_ELEMENTS:
        raise bomb(f"The tensor {shown(name)} is said to have {elements:,} elements.", name)
    bits = elements * BITS[entry.dtype]
    if bits % 8 or entry.end - entry.begin != bits // 8:
        sentence = f"The tensor {shown(name)} takes another number of bytes than its shape and type need."
        raise ambiguous("size-mismatch", sentence, name)


def _tiled(tensors: list[tuple[str, Entry]]) -> int:
    """Return where the last tensor ends, or raise Refusal when bytes belong to two tensors or to none."""
    at = 0
    for name, entry in sorted(tensors, key=lambda row: row[1][2:]):
        if entry.begin < at:
            raise ambiguous("overlap", f"The tensor {shown(name)} shares bytes with another tensor.", name)
        if entry.begin > at:
            sentence = f"{entry.begin - at:,} bytes before the tensor {shown(name)} belong to no tensor."
            raise ambiguous("unlisted-bytes", sentence, name)
        at = entry.end
    return at
