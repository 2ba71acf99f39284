"""Open a safetensors file: header and metadata are read, tensors are placed, none of their bytes is touched."""

from __future__ import annotations

from itertools import accumulate
from operator import mul
from typing import TYPE_CHECKING

from exeat.evidence.inspection.opened import Member, TensorRef, Text
from exeat.evidence.inspection.refusal import Refusal, ambiguous, cut
from exeat.evidence.inspection.safetensors_header import header_length, looks_like_safetensors, parse_header

if TYPE_CHECKING:
    from exeat.evidence.inspection.safetensors_header import Header
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

__all__ = ["contiguous", "looks_like_safetensors", "open_safetensors"]


def open_safetensors(window: Window, judge: Judge) -> None:
    """Fill what was opened; what is wrong goes to the judge."""
    judge.opened.format = "safetensors"
    try:
        length = header_length(window.read(0, 8), window.size)
        header = parse_header(window.read(8, length))
        check_there(header.end, window)
        _fill(header, window, judge)
        check_end(header.end, window, judge)
    except Refusal as exc:
        exc.tell(judge, window)


def _fill(header: Header, window: Window, judge: Judge) -> None:
    opened = judge.opened
    opened.members.append(Member("header", 0, header.data, window.name))
    for key, value in header.metadata.items():
        opened.texts.append(Text(window.place(f"__metadata__.{key[:200]}"), value))
    for name, entry in header.tensors.items():
        member = Member(name, header.data + entry.begin, entry.end - entry.begin, window.name)
        opened.members.append(member)
        stride = contiguous(entry.shape)
        opened.tensors.append(TensorRef(name, (name,), entry.dtype, entry.shape, stride, 0, member))


def check_there(end: int, window: Window) -> None:
    """Raise Refusal when the file ends before its last tensor."""
    if end > window.size:
        raise cut(f"The header describes a file of {end:,} bytes; it has {window.size:,}.")


def check_end(end: int, window: Window, judge: Judge) -> None:
    """Raise Refusal when the file goes on after its last tensor; a pickle hidden there is judged too."""
    if end < window.size:
        judge.opened.trailing = Member("after the last tensor", end, window.size - end, window.name)
        judge.suspect(window.read(end, judge.limits.pickle_bytes), window.place("the bytes after the last tensor"))
        raise ambiguous("trailing-bytes", f"{window.size - end:,} bytes follow the last tensor; no reader needs them.")


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of a tensor whose elements lie in C order, in elements."""
    return tuple(reversed(list(accumulate(reversed(shape[1:]), mul, initial=1)))) if shape else ()
