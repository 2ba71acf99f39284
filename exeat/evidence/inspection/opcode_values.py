"""The opcodes that push a text, bytes or a number; ``opcodes`` holds the rest and the table."""

from __future__ import annotations

import codecs
import re
import struct
from typing import TYPE_CHECKING

from exeat.evidence.inspection.pickle_walk import Broken

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.inspection.pickle_walk import Walk

MAX_DIGITS = 4300
"""CPython's own cap on integers written as text."""
MAX_LONG_BYTES = 2**16
_ESCAPE = rb"\\(?:[\\'\"abfnrtv]|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|[0-7]{1,2}(?![0-7]))"
_ESCAPED = re.compile(rb"[^\\]*(?:" + _ESCAPE + rb"[^\\]*)*")
"""Escapes that mean the same to every reader; Python warns of all others."""


def text_line(walk: Walk) -> None:
    """Push the text of UNICODE (protocol 0)."""
    text = codecs.decode(walk.line(), "raw-unicode-escape")
    walk.constants.append(text)
    walk.stack.append(text)


def quoted_line(walk: Walk) -> None:
    """Push the quoted text of STRING, the Python 2 string."""
    raw = walk.line().strip()
    if len(raw) < 2 or raw[:1] != raw[-1:] or raw[:1] not in (b"'", b'"'):  # noqa: PLR2004
        raise Broken("a text is not quoted")
    if not _ESCAPED.fullmatch(raw[1:-1]):
        raise Broken("a text has escapes that no pickler writes")
    data, _ = codecs.escape_decode(raw[1:-1])
    text = data.decode("latin-1")
    walk.constants.append(text)
    walk.stack.append(text)


def text(width: int) -> Callable[[Walk], None]:
    """Return the step that pushes UTF-8 text after a length of ``width`` bytes."""

    def step(walk: Walk) -> None:
        text = str(walk.take(walk.number(width)), "utf-8", "surrogatepass")
        walk.constants.append(text)
        walk.stack.append(text)

    return step


def latin(width: int) -> Callable[[Walk], None]:
    """Return the step that pushes a Python 2 string after a length of ``width`` bytes."""

    def step(walk: Walk) -> None:
        text = str(walk.take(walk.number(width)), "latin-1")
        walk.constants.append(text)
        walk.stack.append(text)

    return step


def bytes_(width: int) -> Callable[[Walk], None]:
    """Return the step that pushes bytes after a length of ``width`` bytes."""

    def step(walk: Walk) -> None:
        data = walk.take(walk.number(width))
        walk.constants.append(data)
        walk.stack.append(data)

    return step


def unsigned(width: int) -> Callable[[Walk], None]:
    """Return the step that pushes an unsigned integer of ``width`` bytes."""
    return lambda walk: walk.stack.append(walk.number(width))


def small(walk: Walk) -> None:
    """Push an integer of one byte."""
    walk.stack.append(walk.data[walk.pos])
    walk.pos += 1


def int4(walk: Walk) -> None:
    """Push a signed integer of four bytes."""
    walk.stack.append(int.from_bytes(walk.take(4), "little", signed=True))


def int_line(walk: Walk) -> None:
    """Push the integer or bool of INT."""
    line = walk.line()
    if line in (b"00", b"01"):
        walk.stack.append(line == b"01")
    else:
        walk.stack.append(digits(line, 0))


def long_line(walk: Walk) -> None:
    """Push the integer of LONG."""
    walk.stack.append(digits(walk.line().removesuffix(b"L"), 0))


def digits(text: bytes, base: int) -> int:
    """Return an integer written as text; raise Broken where it is long enough to cost time."""
    if len(text) > MAX_DIGITS:
        raise Broken("a number has thousands of digits", bomb=True)
    return int(text, base)


def long(width: int) -> Callable[[Walk], None]:
    """Return the step that pushes a long integer after its length."""

    def step(walk: Walk) -> None:
        size = walk.number(width)
        if size > MAX_LONG_BYTES:
            raise Broken(f"a number has {size:,} bytes", bomb=True)
        walk.stack.append(int.from_bytes(walk.take(size), "little", signed=True))

    return step


def float_(walk: Walk) -> None:
    """Push a float of eight bytes."""
    walk.stack.append(struct.unpack(">d", walk.take(8))[0])


def float_line(walk: Walk) -> None:
    """Push a float written as text."""
    walk.stack.append(float(walk.line()))
