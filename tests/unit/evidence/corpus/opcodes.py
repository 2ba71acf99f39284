"""A pickle assembler: expressions and raw opcodes to bytes, for any protocol; nothing here can load what it writes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STOP = b"."
DOTTED_FROM = 4


class Glob(NamedTuple):
    """A name that the unpickler imports."""

    module: str
    name: str


class Call(NamedTuple):
    """A call while unpickling: REDUCE."""

    function: Any
    args: tuple[Any, ...] = ()


def text(value: str, protocol: int = 4) -> bytes:
    """Return the opcode that pushes a string."""
    if protocol == 0:
        return b"V" + value.encode("raw-unicode-escape") + b"\n"
    data = value.encode()
    if protocol >= DOTTED_FROM and len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def blob(value: bytes, protocol: int) -> bytes:
    """Return the opcodes that push bytes; before protocol 3 these are latin-1 text that codecs encodes again."""
    if protocol < 3:
        return emit(Call(Glob("_codecs", "encode"), (value.decode("latin-1"), "latin1")), protocol)
    return b"B" + struct.pack("<I", len(value)) + value


def integer(value: int, protocol: int) -> bytes:
    """Return the opcode that pushes an integer of at most 32 bits."""
    return b"I%d\n" % value if protocol == 0 else b"J" + struct.pack("<i", value)


def glob(module: str, name: str, protocol: int = 4) -> bytes:
    """Return the opcodes that import a name."""
    if protocol >= DOTTED_FROM:
        return text(module, protocol) + text(name, protocol) + b"\x93"
    return f"c{module}\n{name}\n".encode()


def several(values: Iterable[Any], protocol: int, end: bytes) -> bytes:
    """Return a mark, the values, and the opcode that collects them."""
    return b"(" + b"".join(emit(value, protocol) for value in values) + end


EMIT: dict[type, Callable[[Any, int], bytes]] = {
    Glob: lambda value, protocol: glob(value.module, value.name, protocol),
    Call: lambda value, protocol: emit(value.function, protocol) + several(value.args, protocol, b"tR"),
    bool: lambda value, _: b"I01\n" if value else b"I00\n",
    type(None): lambda _value, _: b"N",
    str: text,
    bytes: blob,
    int: integer,
    tuple: lambda value, protocol: several(value, protocol, b"t"),
    list: lambda value, protocol: several(value, protocol, b"l"),
    dict: lambda value, protocol: several((part for item in value.items() for part in item), protocol, b"d"),
}


def emit(value: Any, protocol: int = 4) -> bytes:
    """Return the opcodes that leave `value` on the stack."""
    return EMIT[type(value)](value, protocol)


def proto(protocol: int) -> bytes:
    """Return the head of a stream."""
    return b"" if protocol < 2 else b"\x80" + bytes([protocol])


def stream(value: Any, protocol: int = 4) -> bytes:
    """Return a whole pickle of one value."""
    return proto(protocol) + emit(value, protocol) + STOP
