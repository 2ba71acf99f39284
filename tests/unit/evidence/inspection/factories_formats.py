"""Files of the formats without pickles, made from code: safetensors, GGUF, ONNX, healthy or wrong in one place."""

from __future__ import annotations

import json
import struct
from typing import Any

from exeat.evidence.inspection import open_checkpoint
from exeat.evidence.inspection.limits import DEFAULT
from tests.unit.evidence.corpus.healthy_training import field, varint

ONE = {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}


def seen(path, data=None, **limits):
    """What an opened file says, with the file closed again."""
    if data is not None:
        path.write_bytes(data)
    with open_checkpoint(path, limits=DEFAULT._replace(**limits)) as opened:
        return opened


def codes(opened):
    """Code and verdict of each problem."""
    return [(problem.code, problem.verdict) for problem in opened.problems]


def safetensors(header: Any, data: bytes = b"1234") -> bytes:
    """A file with this header: bytes as they are, anything else as JSON."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data


def word(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def text_pair(key: bytes, value: bytes) -> bytes:
    return word(key) + struct.pack("<I", 8) + word(value)


def gguf(
    *pairs: bytes, tensors=(("w", (8,), 0, 0),), data: bytes = b"\x01" * 32, alignment: int = 32, version: int = 3
) -> bytes:
    """A GGUF file of tensors (name, sizes in GGUF's order, type, offset)."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(pairs)) + b"".join(pairs)
    for name, sizes, kind, offset in tensors:
        head += word(name.encode()) + struct.pack("<I", len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
        head += struct.pack("<IQ", kind, offset)
    return head.ljust(-len(head) % alignment + len(head), b"\x00") + data


def onnx_tensor(name: bytes = b"w", dims=(2,), kind: int = 1, **parts: bytes) -> bytes:
    """A TensorProto; parts are its further fields, already encoded."""
    return b"".join(field(1, dim) for dim in dims) + field(2, kind) + field(8, name) + b"".join(parts.values())


def raw(data: bytes = b"\x00" * 8) -> bytes:
    return field(9, data)


def away(**entries: str) -> bytes:
    """External data: location, offset, length."""
    pairs = (field(1, key.encode()) + field(2, value.encode()) for key, value in entries.items())
    return b"".join(field(13, pair) for pair in pairs) + field(14, 1)


def onnx_node(op_type: bytes = b"Add", *more: bytes) -> bytes:
    return field(1, b"x") + field(2, b"y") + field(4, op_type) + b"".join(more)


def onnx(*tensors: bytes, nodes=(), graph: bytes = b"", model: bytes = b"", version: int = 8) -> bytes:
    """A ModelProto of one graph."""
    inner = b"".join(field(1, node) for node in nodes) + field(2, b"g")
    inner += b"".join(field(5, tensor) for tensor in tensors) + graph
    return field(1, version) + field(2, b"exeat-tests") + field(7, inner) + field(8, field(2, 17)) + model


def big_field(number: int, value: bytes) -> bytes:
    """A field whose number needs two bytes of tag."""
    return varint(number << 3 | 2) + varint(len(value)) + value


def piece(text: bytes) -> bytes:
    """One piece of a SentencePiece tokenizer with its score."""
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", -1.5) + field(3, 2))


def tokenizer() -> bytes:
    """A SentencePiece tokenizer of two pieces."""
    trainer = field(1, b"/home/alice/notes.txt") + field(2, b"out/tok") + field(4, 32000)
    return piece(b"<unk>") + piece(b"\xe2\x96\x81the") + field(2, trainer) + field(3, field(1, b"nmt_nfkc"))
