"""Open an ONNX file: its graph is walked, its tensors are placed, also those that lie in other files of the folder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.onnx_schema import DTYPES, MESSAGES, ONE_NUMBER, RUNS_CODE, STRING
from exeat.evidence.inspection.onnx_walk import MAX_DIMENSIONS, Found, OnnxWalk, Seen
from exeat.evidence.inspection.open_safetensors import contiguous
from exeat.evidence.inspection.opened import Member, TensorRef, Text
from exeat.evidence.inspection.refusal import Refusal, ambiguous, bomb, damaged, shown

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

OUR_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training")
MAX_IR_VERSION = 30
EXTERNAL = 1
IN_ORDER = {"tensor.raw_data", "tensor.float_data", "tensor.double_data"}
"""Fields that hold elements one after the other, as the machine does; the others are written as varints."""


class External(NamedTuple):
    """A tensor whose bytes lie in another file."""

    tensor: TensorRef
    location: str


def looks_like_onnx(head: bytes, size: int) -> bool:
    """Return whether the first bytes are fields of an ONNX model in order: protobuf has no magic number."""
    if size < 4 or head[:1] != b"\x08" or not 0 < head[1] <= MAX_IR_VERSION:  # noqa: PLR2004
        return False
    at, last = 2, 1
    while at < len(head):
        number, wire = head[at] >> 3, head[at] & 7
        kind = MESSAGES["model"].get(number, ("", ""))[1]
        if not kind or number < last or wire != (0 if kind == ONE_NUMBER else 2):
            return False
        if number >= 7:  # noqa: PLR2004 the graph, or what follows it
            return True
        last = number
        at = _after(head, at + 1, wire)
    return at >= len(head) and size > len(head)


def _after(head: bytes, at: int, wire: int) -> int:
    value, shift = 0, 0
    while at < len(head):
        value |= (head[at] & 127) << shift
        shift += 7
        at += 1
        if head[at - 1] < 128:  # noqa: PLR2004
            break
    return at + value if wire else at


def open_onnx(window: Window, judge: Judge) -> None:
    """Fill what was opened; what is wrong goes to the judge."""
    away = read_onnx(window, judge)
    if away:
        names = sorted({external.location for external in away})
        judge.opened.notes.append(
            f"{len(away):,} tensors lie in other files ({', '.join(map(shown, names[:3]))}): inspect the whole folder."
        )


def looks_like_tokenizer(head: bytes, size: int) -> bool:
    """Return whether the first bytes are a piece with its score, as SentencePiece writes the first of a tokenizer."""
    if size < 8 or head[:1] != b"\x0a" or head[2:3] != b"\x0a" or head[1] > 127 or head[3] + 7 > head[1]:  # noqa: PLR2004
        return False
    return head[4 + head[3] : 5 + head[3]] == b"\x15"  # the tag of the score


def open_tokenizer(window: Window, judge: Judge) -> None:
    """Open a SentencePiece tokenizer: no code and no tensor, but texts, some of them paths of the training data."""
    judge.opened.format = "sentencepiece"
    walk = OnnxWalk(window, judge.limits, "tokenizer")
    try:
        walk.run()
        judge.opened.members.append(Member("tokenizer", 0, window.size, window.name))
        _tell(walk.seen, window, judge)
    except Refusal as exc:
        exc.tell(judge, window)


def read_onnx(window: Window, judge: Judge) -> list[External]:
    """Fill what was opened and return the tensors whose bytes lie in other files of the same folder."""
    judge.opened.format = "onnx"
    walk = OnnxWalk(window, judge.limits)
    try:
        model = walk.run()
        if not 0 < model.numbers.get("model.ir_version", 0) <= MAX_IR_VERSION:
            raise damaged("The file does not say which version of ONNX it is.")
        _tell(walk.seen, window, judge)
        return _tensors(walk.seen, window, judge)
    except Refusal as exc:
        exc.tell(judge, window)
        return []


def _tell(seen: Seen, window: Window, judge: Judge) -> None:
    opened = judge.opened
    opened.texts += [Text(window.place(label), "\n".join(dict.fromkeys(texts))) for label, texts in seen.texts.items()]
    opened.unlisted += [
        Member(f"unknown field at byte {s.offset:,}", s.offset, s.length, window.name) for s in seen.unlisted
    ]
    if seen.texts_left_out:
        opened.notes.append(f"{seen.texts_left_out:,} texts beyond {judge.limits.text_bytes:,} bytes were not read.")
    for operator in sorted({kind for _, kind in seen.operators} & RUNS_CODE):
        sentence = f"The graph uses the operator {operator}, which calls Python code."
        judge.problem("dangerous-operator", sentence, "Export the model without it.", window.place(operator))
    foreign = sorted({domain for domain, _ in seen.operators} - set(OUR_DOMAINS))
    if foreign:
        named = ", ".join(map(shown, foreign[:5]))
        opened.notes.append(f"The graph needs operators of {named}; their programs are not in the file.")


def _tensors(seen: Seen, window: Window, judge: Judge) -> list[External]:
    away = []
    for count, found in enumerate(seen.tensors):
        if count >= judge.limits.tensors:
            raise Refusal("too-many-tensors", f"The file holds more than {count:,} tensors.", unsafe=False)
        name = found.texts.get("tensor.name", "") or f"constant {count:,}"
        tensor = _tensor(name, found, window)
        if tensor is None:
            continue
        if found.numbers.get("tensor.data_location") == EXTERNAL or found.away:
            external = _external(tensor, found, judge)
            away += [external] if external else []
        else:
            judge.opened.members.append(tensor.storage)
            judge.opened.tensors.append(tensor)
    return away


def _tensor(name: str, found: Found, window: Window) -> TensorRef | None:
    """Return the tensor of one message; None when it holds texts, which were gathered as such."""
    kind = found.numbers.get("tensor.data_type", 0)
    if kind == STRING:
        return None
    if kind not in DTYPES or len(found.dims) > MAX_DIMENSIONS:
        raise damaged(f"The tensor {shown(name)} has no known type or too many dimensions.", name)
    shape, (dtype, bits) = tuple(found.dims), DTYPES[kind]
    elements = math.prod(shape)
    if elements > 2**38:
        raise bomb(f"The tensor {shown(name)} is said to have {elements:,} elements.", name)
    member, plain = _storage(name, found, window, -(-elements * bits // 8))
    used = dtype if plain else "VARINT"
    return TensorRef(name, (name,), used, shape, contiguous(shape), 0, member, quantised=bits < 8)  # noqa: PLR2004


def _storage(name: str, found: Found, window: Window, needed: int) -> tuple[Member, bool]:
    """Return where the elements lie and whether they lie there as plain elements."""
    spans = [(label, span) for label, each in found.spans.items() for span in each if span.length]
    if len(spans) > 1:
        raise ambiguous("duplicate-field", f"The tensor {shown(name)} has its elements twice.", name)
    if not spans:
        return Member(name, 0, 0, window.name), True
    label, span = spans[0]
    plain = label in IN_ORDER
    if plain and span.length != needed:
        sentence = f"The tensor {shown(name)} takes another number of bytes than its shape and type need."
        raise ambiguous("size-mismatch", sentence, name)
    return Member(name, *span, window.name), plain


def _external(tensor: TensorRef, found: Found, judge: Judge) -> External | None:
    location = found.away.get("location", "")
    parts = location.replace("\\", "/").split("/")
    if not location or not location.isprintable() or parts[0] == "" or ".." in parts or ":" in parts[0]:
        sentence = f"The tensor {shown(tensor.name)} is read from {shown(location)}, outside the model's folder."
        what = "Loading the model would read a file of the receiver's machine. Treat it as hostile."
        judge.problem("external-data-outside", sentence, what, tensor.name)
        return None
    try:
        offset, length = int(found.away.get("offset") or 0), int(found.away.get("length") or -1)
    except ValueError as exc:
        raise damaged(f"The place of the tensor {shown(tensor.name)} is no number.", tensor.name) from exc
    if offset < 0 or not location:
        raise damaged(f"The place of the tensor {shown(tensor.name)} is no place in a file.", tensor.name)
    member = Member(tensor.name, offset, length, location)
    return External(tensor._replace(storage=member), location)
