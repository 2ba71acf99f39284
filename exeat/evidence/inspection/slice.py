"""A part of an open file as if it were a file of its own: one tensor of a distributed checkpoint."""

from __future__ import annotations

from exeat.evidence.inspection.window import Window


class Slice(Window):
    """``size`` bytes from ``offset`` on; the label tells places apart; the whole file stays its owner's to close."""

    def __init__(self, whole: Window, offset: int, size: int, label: str) -> None:
        self.name = whole.name
        self.path = whole.path
        self.descriptor = -1
        self.size = size
        self.offset = offset
        self.label = label
        self._whole = whole

    def read(self, offset: int, count: int) -> bytes:
        """Return the bytes at an offset of the part, fewer at its end."""
        count = min(count, self.size - offset)
        return self._whole.read(self.offset + offset, count) if offset >= 0 and count > 0 else b""

    def place(self, inside: str) -> str:
        """Return how a place of this part is named."""
        return f"{self.name} > {self.label}/{inside}"

    def changed(self) -> bool:
        """Return whether somebody wrote to the whole file since it was opened."""
        return self._whole.changed()
