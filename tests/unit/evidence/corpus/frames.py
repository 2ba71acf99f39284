"""Frames that end inside a line: CPython's unpickler in C drops what lies before the end, others read it (PEP 3154).

It does so where the stream is no plain file, as in torch, which reads data.pkl from memory.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.unit.evidence.corpus.opcodes import emit, proto
from tests.unit.evidence.corpus.shape import Mark, Unsafe
from tests.unit.evidence.corpus.streams import BROKEN, args, writer
from tests.unit.evidence.corpus.zips import checkpoint, pack

if TYPE_CHECKING:
    from collections.abc import Callable


def framed(inside: bytes, after: bytes) -> bytes:
    """Return a torch checkpoint whose pickle is a frame and what follows it."""
    return pack(checkpoint(proto(4) + b"\x95" + struct.pack("<Q", len(inside)) + inside + after))


def in_a_module(mark: Mark) -> bytes:
    """Read numpy.posix with a disassembler, posix with the unpickler."""
    return framed(b"cnumpy.", b"posix\nsystem\n" + args(mark) + b"R.")


def in_a_name(mark: Mark) -> bytes:
    """Read builtins.not_eval with a disassembler, builtins.eval with the unpickler."""
    return framed(b"cbuiltins\nnot_", b"eval\n" + emit((mark.py,)) + b"R.")


ROWS: tuple[tuple[str, Callable[[Mark], bytes]], ...] = (
    ("frame-cuts-a-module", in_a_module),
    ("frame-cuts-a-name", in_a_name),
)


def cases() -> list[Unsafe]:
    """Return one checkpoint for each."""
    return [Unsafe(f"{name}.pt", BROKEN, "own", writer(make), "torch") for name, make in ROWS]
