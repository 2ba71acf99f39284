"""Walk an ONNX file field by field: every message after the schema, no tensor read, no message built.

Protobuf has no magic number and takes any field in any order; what the schema does not know is kept as unlisted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.cursor import Cursor
from exeat.evidence.inspection.onnx_schema import DATA, MESSAGES, NUMBER, SKIPPED, TEXT
from exeat.evidence.inspection.refusal import ambiguous, bomb, damaged

if TYPE_CHECKING:
    from exeat.evidence.inspection.limits import Limits
    from exeat.evidence.inspection.window import Window

MAX_DEPTH = 40
MAX_UNLISTED = 50
MAX_DIMENSIONS = 16
FIXED = {1: 8, 5: 4}


class Span(NamedTuple):
    """Bytes of the file."""

    offset: int
    length: int


@dataclass
class Found:
    """The fields of one message that somebody asks about later."""

    numbers: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)
    dims: list[int] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)
    """Where the elements of a tensor lie when not in this file: location, offset, length."""


@dataclass
class Seen:
    """What a walk gathers from the whole file."""

    tensors: list[Found] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    unlisted: list[Span] = field(default_factory=list)
    texts_left_out: int = 0


class OnnxWalk:
    """One walk over one file, from the message that it is; raises Refusal."""

    def __init__(self, window: Window, limits: Limits, root: str = "model") -> None:
        self.root = root
        self.cursor = Cursor(window, window.size, limits.opcodes)
        self.text_left = limits.text_bytes
        self.seen = Seen()

    def run(self) -> Found:
        """Return the model's own fields; everything below is in ``seen``."""
        return self.message(self.root, self.cursor.window.size, 0)

    def message(self, name: str, end: int, depth: int) -> Found:
        """Walk one message up to its end."""
        if depth > MAX_DEPTH:
            raise bomb("The messages of the file are nested without end.")
        found, once, fields = Found(), set(), MESSAGES[name]
        while self.cursor.pos < end:
            self.cursor.spend(1)
            begin, tag = self.cursor.pos, self.cursor.varint()
            label, kind = fields.get(tag >> 3, ("", ""))
            if kind.endswith("!"):
                if tag >> 3 in once:
                    sentence = f"The field {label} of a {name} stands twice; readers keep one and pass over the other."
                    raise ambiguous("duplicate-field", sentence, f"byte {begin:,}")
                once.add(tag >> 3)
            self._field(found, f"{name}.{label}", kind.rstrip("!"), tag & 7, end, depth)
            if not kind:
                self._unknown(Span(begin, self.cursor.pos - begin))
        if self.cursor.pos != end:
            raise damaged(f"A {name} of the file does not end where it says.", f"byte {end:,}")
        self._note(name, found)
        return found

    def _field(self, found: Found, label: str, kind: str, wire: int, end: int, depth: int) -> None:
        if wire == 0:
            self._number(found, label, kind, self.cursor.varint())
        elif wire in FIXED:
            self.cursor.take(FIXED[wire])
            self._wrong(label, kind, (NUMBER, SKIPPED, DATA, ""))
        elif wire == 2:  # noqa: PLR2004
            self._bytes(found, label, kind, end, depth)
        else:
            raise damaged("The file is no protobuf message of today.", f"byte {self.cursor.pos:,}")

    def _number(self, found: Found, label: str, kind: str, value: int) -> None:
        self._wrong(label, kind, (NUMBER, SKIPPED, DATA, ""))
        if label == "tensor.dims":
            found.dims.append(value)
        elif kind == NUMBER:
            found.numbers[label] = value
        elif kind == DATA:
            found.spans.setdefault(label, []).append(Span(self.cursor.pos, 0))

    def _wrong(self, label: str, kind: str, fitting: tuple[str, ...]) -> None:
        if kind not in fitting:
            raise damaged(f"The field {label} is not of the kind that the format demands.", f"byte {self.cursor.pos:,}")

    def _bytes(self, found: Found, label: str, kind: str, end: int, depth: int) -> None:
        length = self.cursor.varint()
        begin = self.cursor.pos
        if begin + length > end:
            raise damaged(f"The field {label or 'unknown'} goes on after the message that holds it.", f"byte {begin:,}")
        if kind == TEXT:
            self._text(found, label, length)
        elif kind in MESSAGES:
            self._inner(found, label, kind, begin + length, depth)
        elif label == "tensor.dims":
            while self.cursor.pos < begin + length and len(found.dims) <= MAX_DIMENSIONS:
                found.dims.append(self.cursor.varint())
        else:
            self._wrong(label, kind, (DATA, SKIPPED, ""))
            found.spans.setdefault(label, []).append(Span(begin, length))
        self.cursor.pos = begin + length

    def _inner(self, found: Found, label: str, kind: str, end: int, depth: int) -> None:
        below = self.message(kind, end, depth + 1)
        if kind == "pair":
            key, value = below.texts.get("pair.key", ""), below.texts.get("pair.value", "")
            self._keep(label, f"{key}={value}")
            if label == "tensor.external_data":
                found.away[key] = value

    def _text(self, found: Found, label: str, length: int) -> None:
        self.text_left -= length
        if self.text_left < 0:
            self.seen.texts_left_out += 1
            return
        text = self.cursor.take(length).decode("utf-8", "replace") if length else ""
        found.texts[label] = text
        if text and not label.startswith("pair."):
            self._keep(label, text)

    def _keep(self, label: str, text: str) -> None:
        self.seen.texts.setdefault(label, []).append(text)

    def _unknown(self, span: Span) -> None:
        if len(self.seen.unlisted) < MAX_UNLISTED:
            self.seen.unlisted.append(span)

    def _note(self, name: str, found: Found) -> None:
        if name == "tensor":
            self.seen.tensors.append(found)
        elif name == "node":
            self.seen.operators.add((found.texts.get("node.domain", ""), found.texts.get("node.op_type", "")))
