"""Read the elements of a tensor from its storage, by our own code: strides, offsets, compressed members.

The result never depends on torch or on numpy's readers; numpy only lays strides over bytes that we have read.
"""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import as_strided

from exeat.errors import BadInput
from exeat.evidence.inspection.dtypes import ITEM_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exeat.evidence.inspection.opened import Member, TensorRef
    from exeat.evidence.inspection.window import Window

CHUNK = 4 * 2**20
"""Bytes handed out at once."""
SPAN = 256 * 2**20
"""Bytes of a storage held in memory at once for a tensor whose elements do not lie in order."""
WHOLE = 2**34
"""Bytes of one tensor that ``bytes_of`` returns in one piece."""


def size_of(ref: TensorRef) -> int:
    """Return the bytes of a tensor's elements; those of its storage where the elements have no size of their own."""
    item = ITEM_BYTES.get(ref.dtype)
    return length_of(ref.storage) if item is None else math.prod(ref.shape) * item


def span_of(ref: TensorRef) -> tuple[int, int]:
    """Return the first byte of its storage that a tensor uses and the byte after the last."""
    item = ITEM_BYTES.get(ref.dtype)
    if item is None:
        return 0, length_of(ref.storage)
    if 0 in ref.shape:
        return ref.offset * item, ref.offset * item
    reach = sum((size - 1) * step for size, step in zip(ref.shape, ref.stride, strict=True))
    return ref.offset * item, (ref.offset + reach + 1) * item


def in_order(ref: TensorRef) -> bool:
    """Return whether the elements lie one after the other in the storage."""
    expected = 1
    for size, step in zip(reversed(ref.shape), reversed(ref.stride), strict=True):
        if size > 1 and step != expected:
            return False
        expected *= size
    return True


def chunks(window: Window, ref: TensorRef) -> Iterator[memoryview]:
    """Yield the elements in C order, at most ``CHUNK`` bytes at a time."""
    begin, end = span_of(ref)
    if end > length_of(ref.storage) or begin < 0:
        raise BadInput(f"The tensor {ref.name} reaches beyond its storage.", "Save the checkpoint again.")
    if begin == end:
        return
    if in_order(ref) or ref.dtype not in ITEM_BYTES:
        yield from _straight(window, ref.storage, begin, end)
    else:
        yield from _strided(window, ref)


def whole(window: Window, ref: TensorRef) -> memoryview:
    """Return the elements in C order, in one piece."""
    if size_of(ref) > WHOLE:
        raise BadInput(f"The tensor {ref.name} is larger than {WHOLE:,} bytes.", "Read it in chunks.")
    pieces = list(chunks(window, ref))
    return pieces[0] if len(pieces) == 1 else memoryview(b"".join(pieces))


def length_of(storage: Member) -> int:
    """Return the bytes of a storage, unpacked."""
    return storage.bytes if storage.unpacked is None else storage.unpacked


def _straight(window: Window, storage: Member, begin: int, end: int) -> Iterator[memoryview]:
    if storage.unpacked is not None:
        data = memoryview(_read(window, storage, begin, end))
        yield from (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))
        return
    for at in range(begin, end, CHUNK):
        yield memoryview(_read(window, storage, at, min(at + CHUNK, end)))


def _read(window: Window, storage: Member, begin: int, end: int) -> bytes:
    """Return bytes of a storage; raise BadInput where the file holds fewer."""
    if storage.unpacked is None:
        found = window.read(storage.offset + begin, end - begin)
    else:
        found = _inflated(window, storage)[begin:end]
    if len(found) != end - begin:
        raise BadInput(f"The file ends inside {storage.name}.", "It was cut off or changed; copy it again.")
    return found


def _inflated(window: Window, storage: Member) -> bytes:
    stream = zlib.decompressobj(-15)
    try:
        return stream.decompress(window.read(storage.offset, storage.bytes), length_of(storage))
    except zlib.error as exc:
        raise BadInput(f"The member {storage.name} cannot be unpacked.", "Copy the file again.") from exc


def _strided(window: Window, ref: TensorRef) -> Iterator[memoryview]:
    """Read the span of the tensor, or of its rows one by one where that is too much for the memory."""
    item = ITEM_BYTES[ref.dtype]
    begin, end = span_of(ref)
    if end - begin <= SPAN or ref.storage.unpacked is not None:
        yield from _laid(_read(window, ref.storage, begin, end), ref.shape, ref.stride, item)
        return
    first, step = ref.shape[0], ref.stride[0]
    rows = max(1, SPAN // (step * item)) if len(ref.shape) == 1 else 1
    for row in range(0, first, rows):
        shape = ref.shape[1:] if len(ref.shape) > 1 else (min(rows, first - row),)
        stride = ref.stride[1:] or ref.stride
        yield from chunks(window, ref._replace(shape=shape, stride=stride, offset=ref.offset + row * step))


def _laid(data: bytes, shape: tuple[int, ...], stride: tuple[int, ...], item: int) -> Iterator[memoryview]:
    """Yield the elements of an array laid over bytes that span it exactly, block after block of its first axis."""
    flat = np.frombuffer(data, dtype=f"V{item}")
    array = as_strided(flat, shape, tuple(step * item for step in stride), writeable=False)
    yield from _blocks(array, item)


def _blocks(array: np.ndarray, item: int) -> Iterator[memoryview]:
    row = math.prod(array.shape[1:]) * item
    if row > CHUNK and array.ndim > 1:
        for part in array:
            yield from _blocks(part, item)
        return
    rows = max(1, CHUNK // row)
    for at in range(0, array.shape[0], rows):
        yield memoryview(np.ascontiguousarray(array[at : at + rows]).tobytes())
