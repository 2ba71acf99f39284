"""One long text of everything that a checkpoint says, so that each recogniser runs over it once, in linear time.

A value that stands under a key is written as ``key US value``, entries are ended by NUL; neither character is part of
any pattern's value, so no hit crosses from one entry to the next.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from exeat.model.inspection import PartKind

END, SEP = "\x00", "\x1f"
_CONTROLS = str.maketrans({END: " ", SEP: " "})
MAX_LABEL = 60
_LABEL = re.compile(r"""([A-Za-z_][\w.\-]{0,39})["'\]]{0,2}[ \t]{0,2}[\x1f:=][ \t]{0,2}["'(\[]{0,2}$""", re.ASCII)
_BEFORE = 56


class Entry(NamedTuple):
    """Where one text stands: its part, its place, and where its own characters begin behind the label."""

    kind: PartKind
    place: tuple[str, ...]
    body: int
    is_key: bool = False


class Pool:
    """The texts of one inspection; ``full`` when the cap cut it short."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.full = False
        self.entries: list[Entry] = []
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self._length = 0

    def add(self, text: str, kind: PartKind, place: tuple[str, ...], label: str = "", *, is_key: bool = False) -> None:
        """Take one text; what lies beyond the cap is left out."""
        head = f"{label[:MAX_LABEL].translate(_CONTROLS)}{SEP}" if label else ""
        room = self.limit - self._length - len(head) - 1
        if room < len(text):
            self.full = True
            text = text[: max(room, 0)]
        if not text:
            return
        if END in text or SEP in text:
            text = text.translate(_CONTROLS)
        self._starts.append(self._length)
        self.entries.append(Entry(kind, place, self._length + len(head), is_key))
        piece = f"{head}{text}{END}"
        self._pieces.append(piece)
        self._length += len(piece)

    def text(self) -> str:
        """Return the whole text."""
        return "".join(self._pieces)

    def entry_at(self, position: int) -> Entry:
        """Return the entry that a position lies in."""
        return self.entries[bisect_right(self._starts, position) - 1]


def label_before(text: str, position: int) -> str:
    """Return the key or word that a value at a position stands under (``key: value``, ``key=value``), lower case."""
    found = _LABEL.search(text, max(0, position - _BEFORE), position)
    return found[1].lower() if found else ""
