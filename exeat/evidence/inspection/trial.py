"""Try whether bytes that need not be a pickle would run as one: the loosest reading that any unpickler has.

A trial never decides that a stream is sound; that is what ``pickle_walk`` is for. It follows the opcodes by their
lengths alone, with no cap on marks, memo, frames or escapes, so that nothing which a stricter walk breaks on hides what
comes after it. Values are kept as three sorts: data, text, and what was imported or made by a call.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from exeat.evidence.inspection.trial_steps import FIXED, LINES, LIVE, SIZED, STEPS, EndError, LiveError, end

CHUNK = 2**16
LONGEST_LINE = 2**25
"""Bytes searched for the end of one line; longer is taken as hostile, not as data."""
MOST = 10_000
"""Pickles that follow one another."""
NAMING = re.compile(rb"[ci\x82-\x84\x93]")
"""The opcodes that import; bytes without them import nothing."""


class Source(Protocol):
    """Whatever bytes are read from by offset."""

    size: int

    def read(self, offset: int, count: int, /) -> bytes:
        """Return the bytes at an offset, fewer at the end."""


class Held:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def read(self, offset: int, count: int, /) -> bytes:
        """Return the bytes at an offset, fewer at the end."""
        return self.data[offset : offset + count]


class Tried(NamedTuple):
    """What a trial came to: where the first import is used, or the first cap is met, if at all; opcodes it cost."""

    at: int | None
    done: bool
    cost: int


def try_pickle(source: Source, start: int, most: int) -> Tried:
    """Follow the pickles at ``start`` for ``most`` opcodes in all."""
    trial, ends = Trial(source, start), 0
    try:
        while trial.cost < most and ends < MOST:
            trial.step()
            ends += trial.ended
    except LiveError:
        return Tried(trial.pos, ends > 0, trial.cost)
    except EndError:
        named = trial.named and source.read(start, 1) == b"\x80"
        return Tried(trial.pos if named else None, ends > 0, trial.cost)
    reached = trial.named or may_import(source, trial.pos)
    return Tried(trial.pos if reached else None, ends > 0, trial.cost)


def may_import(source: Source, at: int) -> bool:
    """Return whether any byte from there on can be an opcode that imports."""
    return any(NAMING.search(source.read(here, CHUNK)) for here in range(at, source.size, CHUNK))


class Trial:
    """One reading; ``named`` says that the pickle at hand has imported something, ``ended`` that it came to STOP."""

    def __init__(self, source: Source, start: int) -> None:
        self.source = source
        self.pos = start
        self.cost = 0
        self._begin, self._held = start, b""
        self.memo: dict[int, int] = {}
        """Kept from one pickle to the next, as one unpickler that is called again keeps it."""
        self._fresh()

    def _fresh(self) -> None:
        self.stack: list[int] = []
        self.marks: list[int] = []
        self.named = self.ended = self.framed = self.long = False

    def step(self) -> None:
        """Follow one opcode."""
        if self.ended:
            self._fresh()
        self.cost += 1
        opcode = self._take(1)[0]
        if opcode in FIXED:
            sort, count = FIXED[opcode]
            self._skip(count)
            self.stack.append(sort)
        elif opcode in SIZED:
            sort, width = SIZED[opcode]
            self._skip(int.from_bytes(self._take(width), "little"))
            self.stack.append(sort)
        elif opcode in LINES:
            sort, pattern = LINES[opcode]
            self._fitting(pattern)
            self.stack.append(sort)
        else:
            STEPS.get(opcode, end)(self)

    def _take(self, count: int) -> bytes:
        at = self.pos - self._begin
        if at < 0 or at + count > len(self._held):
            self._begin, self._held, at = self.pos, self.source.read(self.pos, CHUNK), 0
        found = self._held[at : at + count]
        if len(found) < count:
            raise EndError
        self.pos += count
        return found

    def number(self, count: int) -> int:
        """Return the next bytes as a number."""
        return int.from_bytes(self._take(count), "little")

    def _skip(self, count: int) -> None:
        self.pos += count
        if self.pos > self.source.size:
            raise EndError

    def line(self) -> bytes:
        """Return the next line, of a ``long`` one the head; the last may lack its end, as joblib lets it."""
        start, at, head = self.pos, self.pos, b""
        while at < self.source.size:
            piece = self.source.read(at, 256 if at == start else CHUNK)
            head = head or piece
            stop = piece.find(b"\n")
            if stop >= 0:
                self.pos = at + stop + 1
                self.long = self.pos - 1 - start > len(head)
                return head[: self.pos - 1 - start]
            at += len(piece)
            if at - start > LONGEST_LINE:
                raise LiveError
        self.pos, self.long = self.source.size, True
        return head

    def _fitting(self, pattern: re.Pattern[bytes] | None) -> None:
        """Pass over a line; it must be what the opcode says, unless it is long or a frame may have cut it."""
        line = self.line()
        if pattern is not None and not self.framed and not self.long and not pattern.fullmatch(line):
            raise EndError

    def is_empty(self) -> bool:
        """Return whether nothing was pushed since the last mark."""
        return len(self.stack) <= (self.marks[-1] if self.marks else 0)

    def pop(self) -> int:
        """Return the sort of the top."""
        if self.is_empty():
            raise EndError
        return self.stack.pop()

    def since_mark(self) -> list[int]:
        """Return what was pushed since the last mark."""
        if not self.marks:
            raise EndError
        begin = self.marks.pop()
        items = self.stack[begin:]
        del self.stack[begin:]
        return items

    def use(self, sort: int) -> None:
        """Use a value as what is called or changed."""
        if sort == LIVE:
            raise LiveError
