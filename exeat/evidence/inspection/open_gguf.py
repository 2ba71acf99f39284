"""Open a GGUF file, versions 2 and 3, little endian: metadata and tensor places; tensors themselves are not read.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.code_in_text import judge_template
from exeat.evidence.inspection.cursor import Cursor
from exeat.evidence.inspection.gguf_types import LIST, TENSORS, TEXT, VALUES, TensorType
from exeat.evidence.inspection.open_safetensors import check_end, check_there, contiguous
from exeat.evidence.inspection.opened import Member, TensorRef, Text
from exeat.evidence.inspection.refusal import Refusal, ambiguous, bomb, damaged, shown

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

MAGIC = b"GGUF"
VERSIONS = (2, 3)
ALIGNMENT = "general.alignment"
MAX_DIMENSIONS = 4
MAX_NESTING = 4


class _Tensor(NamedTuple):
    """A tensor as its header line says: ``offset`` counts from the beginning of the data."""

    name: str
    shape: tuple[int, ...]
    kind: TensorType
    offset: int
    length: int


def looks_like_gguf(head: bytes, size: int) -> bool:
    """Return whether the file begins as GGUF does."""
    return size >= 8 and head.startswith(MAGIC)  # noqa: PLR2004


def open_gguf(window: Window, judge: Judge) -> None:
    """Fill what was opened; what is wrong goes to the judge."""
    judge.opened.format = "gguf"
    cursor = Cursor(window, judge.limits.header_bytes, judge.limits.opcodes)
    try:
        count, pairs = _counts(cursor)
        metadata = _metadata(cursor, pairs)
        tensors = [_tensor(cursor) for _ in range(count)]
        _fill(cursor, metadata, sorted(tensors, key=lambda tensor: tensor.offset), judge)
    except Refusal as exc:
        exc.tell(judge, window)


def _counts(cursor: Cursor) -> tuple[int, int]:
    cursor.take(4)
    version = cursor.number(4)
    if version not in VERSIONS:
        swapped = int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS
        what = "is big endian" if swapped else f"has version {version:,}"
        raise Refusal("unknown-version", f"The GGUF file {what}; Exeat reads 2 and 3.", "Convert it.", unsafe=False)
    count, pairs = cursor.number(8), cursor.number(8)
    cursor.spend(count + pairs)
    return count, pairs


def _metadata(cursor: Cursor, pairs: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(pairs):
        key = _text(cursor)
        if key in found:
            raise ambiguous("duplicate-key", f"The key {shown(key)} stands twice in the GGUF header.", key)
        found[key] = _value(cursor, cursor.number(4), MAX_NESTING)
    return found


def _text(cursor: Cursor) -> str:
    raw = cursor.take(cursor.number(8))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _value(cursor: Cursor, kind: int, depth: int) -> Any:
    if kind == TEXT:
        return _text(cursor)
    if kind == LIST:
        return _list(cursor, depth)
    if kind not in VALUES:
        raise damaged(f"The GGUF header holds a value of the unknown type {kind:,}.")
    return cursor.value(*VALUES[kind])


def _list(cursor: Cursor, depth: int) -> Any:
    kind, count = cursor.number(4), cursor.number(8)
    if not depth:
        raise bomb("The GGUF header nests lists in lists in lists.")
    if kind in VALUES:
        return cursor.take(count * VALUES[kind][1])
    cursor.spend(count)
    return [_value(cursor, kind, depth - 1) for _ in range(count)]


def _tensor(cursor: Cursor) -> _Tensor:
    name = _text(cursor)
    dimensions = cursor.number(4)
    if dimensions > MAX_DIMENSIONS:
        raise damaged(f"The tensor {shown(name)} has {dimensions:,} dimensions; GGUF has at most 4.", name)
    sizes = [cursor.number(8) for _ in range(dimensions)]
    number, offset = cursor.number(4), cursor.number(8)
    kind = TENSORS.get(number)
    if kind is None:
        raise damaged(f"The tensor {shown(name)} has the unknown type {number:,}.", name)
    return _Tensor(name, tuple(reversed(sizes)), kind, offset, _length(name, sizes, kind))


def _length(name: str, sizes: list[int], kind: TensorType) -> int:
    elements = math.prod(sizes)
    if elements > 2**38:
        raise bomb(f"The tensor {shown(name)} is said to have {elements:,} elements.", name)
    if (sizes[0] if sizes else 1) % kind.block:
        raise damaged(f"The rows of the tensor {shown(name)} are no whole blocks of {kind.name}.", name)
    return elements // kind.block * kind.size


def _fill(cursor: Cursor, metadata: dict[str, Any], tensors: list[_Tensor], judge: Judge) -> None:
    alignment = metadata.get(ALIGNMENT, 32)
    if type(alignment) is not int or not 8 <= alignment <= 2**16 or alignment & (alignment - 1):  # noqa: PLR2004
        raise damaged("The alignment of the GGUF file is no power of two between 8 and 65,536.", ALIGNMENT)
    _texts(metadata, cursor.window, judge)
    data = _up(cursor.pos, alignment) if tensors else cursor.pos
    end = _placed(tensors, alignment)
    check_there(data + end, cursor.window)
    judge.opened.members.append(Member("header", 0, data, cursor.window.name))
    for tensor in tensors:
        _add(tensor, data, cursor.window, judge)
    _padding(cursor, data, tensors, judge)
    check_end(min(_up(data + end, alignment), max(cursor.window.size, data + end)), cursor.window, judge)


def _up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def _placed(tensors: list[_Tensor], alignment: int) -> int:
    """Return where the last tensor ends; raise Refusal unless each begins at the first place that is free."""
    at, names = 0, set()
    for tensor in tensors:
        if tensor.name in names:
            raise ambiguous("duplicate-key", f"Two tensors are called {shown(tensor.name)}.", tensor.name)
        names.add(tensor.name)
        if tensor.offset < at:
            sentence = f"The tensor {shown(tensor.name)} shares bytes with another tensor."
            raise ambiguous("overlap", sentence, tensor.name)
        if tensor.offset != _up(at, alignment):
            sentence = f"Bytes before the tensor {shown(tensor.name)} belong to no tensor."
            raise ambiguous("unlisted-bytes", sentence, tensor.name)
        at = tensor.offset + tensor.length
    return at


def _add(tensor: _Tensor, data: int, window: Window, judge: Judge) -> None:
    member = Member(tensor.name, data + tensor.offset, tensor.length, window.name)
    judge.opened.members.append(member)
    strides = contiguous(tensor.shape)
    quantised = tensor.kind.block > 1
    judge.opened.tensors.append(
        TensorRef(tensor.name, (tensor.name,), tensor.kind.name, tensor.shape, strides, 0, member, quantised)
    )


def _padding(cursor: Cursor, data: int, tensors: list[_Tensor], judge: Judge) -> None:
    """Tell when the bytes that fill up to the alignment are not zero: something was put there."""
    begins = [data, *(data + tensor.offset for tensor in tensors[1:]), cursor.window.size]
    ends = [cursor.pos, *(data + tensor.offset + tensor.length for tensor in tensors)]
    for end, begin in zip(ends, begins if tensors else begins[:1], strict=True):
        if 0 < begin - end < 2**16 and any(cursor.window.read(end, begin - end)):
            sentence = f"The bytes that fill the file up to byte {begin:,} are not zero; something was put there."
            ambiguous("unlisted-bytes", sentence, f"byte {end:,}").tell(judge, cursor.window)
            return


def _texts(metadata: dict[str, Any], window: Window, judge: Judge) -> None:
    for key, value in metadata.items():
        text = _as_text(value)
        if text:
            place = window.place(key[:200])
            judge.opened.texts.append(Text(place, text))
            judge_template(judge, place, text)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(filter(None, map(_as_text, value)))
    return ""
