"""Read a header from its first byte on: counted, capped, never further than the file or the cap."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from exeat.evidence.inspection.refusal import bomb, cut, damaged

if TYPE_CHECKING:
    from exeat.evidence.inspection.window import Window

CHUNK = 2**18


class Cursor:
    """A place in a file; ``budget`` is how many values and ``limit`` how many bytes may be read. Raises Refusal."""

    def __init__(self, window: Window, limit: int, budget: int) -> None:
        self.window = window
        self.limit = min(limit, window.size)
        self.capped = limit < window.size
        self.budget = budget
        self.pos = 0
        self._start = 0
        self._held = b""

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        begin = self.pos - self._start
        if begin < 0 or begin + count > len(self._held):
            self._hold(count)
            begin = 0
        self.pos += count
        return self._held[begin : begin + count]

    def _hold(self, count: int) -> None:
        if self.pos + count > self.limit:
            raise self._beyond()
        self._start = self.pos
        self._held = self.window.read(self.pos, min(max(count, CHUNK), self.limit - self.pos))
        if len(self._held) < count:
            raise self._beyond()

    def _beyond(self) -> Exception:
        if self.capped:
            return bomb(f"The header goes on after {self.limit:,} bytes, or says so.")
        return cut("The file ends within its header, or the header states lengths that no file has.")

    def number(self, size: int) -> int:
        """Return the next bytes as an unsigned little-endian integer."""
        return int.from_bytes(self.take(size), "little")

    def varint(self) -> int:
        """Return the next base-128 number of protobuf, 64 bits at most."""
        begin = self.pos - self._start
        if 0 <= begin < len(self._held) and self._held[begin] < 128:  # noqa: PLR2004
            self.pos += 1
            return self._held[begin]
        found = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            found |= (byte & 127) << shift
            if byte < 128:  # noqa: PLR2004
                return found
        raise damaged("A number in the header has more than ten bytes.", f"byte {self.pos:,}")

    def value(self, layout: str, size: int) -> int | float | bool:
        """Return the next bytes as ``struct`` reads them."""
        (found,) = struct.unpack(layout, self.take(size))
        return found  # type: ignore[no-any-return]

    def spend(self, count: int) -> None:
        """Count values; raise Refusal when there are more than any checkpoint has."""
        self.budget -= count
        if self.budget < 0:
            raise bomb("The header holds more values than any checkpoint needs.")
