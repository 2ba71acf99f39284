"""numpy's npy files, alone and as members of npz: plain arrays are tensors, object arrays are pickles."""

from __future__ import annotations

import ast
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.evidence.inspection.arrays import Array
from exeat.evidence.inspection.dtypes import ITEM_BYTES, OF_NUMPY
from exeat.evidence.inspection.opened import Member, TensorRef

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000
"""numpy's own cap."""
ADVICE = "Write the arrays again with numpy.savez from plain numbers."
_NUMBERS = re.compile(r"[|<>=]?(?:\?|b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32))")
_OTHER = re.compile(r"[|<>=]?(?:[SUV]\d{1,9}|[Mm]8(?:\[\d{0,9}[A-Za-z]{1,7}\])?)")
"""Types that hold no Python object; whatever else numpy.dtype understands may hold one."""
_KIND = re.compile(r"\A[|<>=]")
MAX_NESTING = 20
READ = 2**20
"""Texts of one array that are read."""


class _Header(NamedTuple):
    descr: Any
    fortran: bool
    shape: tuple[int, ...]
    data: int


def looks_like_npy(head: bytes, _size: int) -> bool:
    """Return whether a file begins as an npy file does."""
    return head.startswith(MAGIC)


def open_npy(window: Window, judge: Judge) -> None:
    """Open one npy file."""
    judge.opened.format = "npy"
    member = Member("array.npy", 0, window.size, window.name)
    judge.opened.members.append(member)
    array(window.read(0, min(window.size, judge.limits.pickle_bytes)), window.size, judge, member, window)


def array(head: bytes, size: int, judge: Judge, member: Member, window: Window) -> None:
    """Read the header of one array; ``head`` holds as much of its ``size`` bytes as a pickle may have."""
    place = window.place(member.name)
    header = _header(head)
    if header is None:
        judge.problem("npy-broken", f"The header of the array {place} cannot be read.", ADVICE, place)
        judge.suspect(head, place)
        return
    if _is_record(header.descr):
        sentence = f"The array {place} is a table of fields, of which Exeat reads none."
        judge.problem("npy-table", sentence, "Write each field as an array of its own.", place, unsafe=False)
        return
    if not _is_plain(header.descr):
        sentence = f"The array {place} holds Python objects, which numpy unpickles."
        judge.problem("object-array", sentence, ADVICE, place)
        judge.pickles(head, place, header.data)
        return
    if not _plain(header, size, judge, member, place):
        _texts(header, head, judge, place)


def _is_plain(descr: Any) -> bool:
    """Return whether a type is one of those that numpy.save writes for numbers, texts, bytes and dates."""
    return isinstance(descr, str) and bool(_NUMBERS.fullmatch(descr) or _OTHER.fullmatch(descr))


def _is_record(descr: Any, depth: int = 0) -> bool:
    """Return whether a type is a list of fields, each with a name, a plain type or a list of fields, and a shape."""
    if not isinstance(descr, list) or not descr or depth > MAX_NESTING:
        return False
    rows = [row for row in descr if isinstance(row, tuple) and len(row) in (2, 3)]
    return len(rows) == len(descr) and all(_is_plain(row[1]) or _is_record(row[1], depth + 1) for row in rows)


def _header(head: bytes) -> _Header | None:
    if not head.startswith(MAGIC) or len(head) < 12 or head[6] not in (1, 2, 3):  # noqa: PLR2004
        return None
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > MAX_HEADER:
        return None
    try:
        told = ast.literal_eval(head[8 + width : 8 + width + length].decode("latin-1").strip())
        shape, fortran, descr = told["shape"], told["fortran_order"], told["descr"]
    except (ValueError, SyntaxError, MemoryError, RecursionError, KeyError, TypeError):
        return None
    fits = isinstance(shape, tuple) and all(type(part) is int and part >= 0 for part in shape)
    return _Header(descr, bool(fortran), shape, 8 + width + length) if fits else None


def _plain(header: _Header, size: int, judge: Judge, member: Member, place: str) -> bool:
    """Keep an array of numbers as a tensor; return False for others, which are noted and stay bytes."""
    elements, descr = math.prod(header.shape), header.descr
    dtype = OF_NUMPY.get(descr.lstrip("<|=")) if isinstance(descr, str) else None
    if elements > judge.limits.elements:
        sentence = f"The array {place} says that it has {elements:,} elements."
        judge.problem("tensor-bomb", sentence, "Loading it would fill the memory. " + ADVICE, place)
    elif header.data + elements * (ITEM_BYTES[dtype] if dtype else _item(descr)) != size:
        sentence = f"The array {place} does not have as many bytes as its header says."
        judge.problem("npy-size", sentence, ADVICE, place)
    elif dtype is None:
        judge.opened.notes.append(f"The array {place} has the type {str(descr)[:60]!r}; it is no tensor.")
        return False
    else:
        _keep(header, dtype, judge, member)
    return True


def _item(descr: str) -> int:
    """Return the bytes of one element of a plain type that no tensor has."""
    bare = _KIND.sub("", descr).split("[")[0]
    return int(bare[1:] or 1) * (4 if bare[0] == "U" else 1)


def _texts(header: _Header, head: bytes, judge: Judge, place: str) -> None:
    """Keep the texts of an array of texts, and bytes that are text, for whoever looks for leakage."""
    kind, data = _KIND.sub("", header.descr)[0], head[header.data :]
    if kind in "SU":
        texts = Array(header.descr, header.shape, data).texts(READ)
        judge.keep_text(place, "\n".join(texts).replace("\x00", " ").encode("utf-8", "replace"))
        if math.prod(header.shape) > READ:
            judge.opened.notes.append(f"Of the texts of the array {place} the first {READ:,} were searched.")
    elif kind == "V":
        judge.keep_text(place, data.replace(b"\x00", b" "))


def _keep(header: _Header, dtype: str, judge: Judge, member: Member) -> None:
    """Add the tensor; in a deflated member the header is part of the storage, so elements are counted over it."""
    name, item = member.name.removesuffix(".npy"), ITEM_BYTES[dtype]
    stride, offset = _strides(header.shape, fortran=header.fortran), 0
    storage = Member(member.name, member.offset + header.data, member.bytes - header.data, member.file)
    if member.unpacked is not None:
        if header.data % item:
            judge.opened.notes.append(f"The values of the compressed array {name} were not read.")
            return
        storage, offset = member, header.data // item
    judge.opened.tensors.append(TensorRef(name, (name,), dtype, header.shape, stride, offset, storage))


def _strides(shape: tuple[int, ...], *, fortran: bool) -> tuple[int, ...]:
    strides, step = [], 1
    for size in shape if fortran else reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(strides if fortran else reversed(strides))
