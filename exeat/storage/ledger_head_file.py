"""The latest tree head in a file beside the database: a log cut short together with its head rows is found by it.

Written after the commit, without a sync of its own: after a power cut it may name an older head, never a newer one.
It is one write far below a disk sector, under a lock, and only ever replaces an older head.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from exeat.errors import Tampered

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST = 4096
HEAD_FILE_GONE = (
    "The tree head beside the database is gone: entries cut off at the end would not be noticed. "
    "Verify against a tree head kept elsewhere (--head FILE)."
)


class HeadFile:
    """A tree head as a file; does nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    @property
    def expected(self) -> bool:
        """Return whether this log keeps a head beside it."""
        return self._path is not None

    def read(self) -> str | None:
        """Return the note, or None when there is no file."""
        if self._path is None:
            return None
        try:
            handle = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            return os.pread(handle, _LONGEST, 0).decode(errors="replace")
        finally:
            os.close(handle)

    def check(self, size: int) -> None:
        """Raise Tampered when the file names a longer log than the database holds (call while alone in writing)."""
        seen = _size(self.read() or "")
        if seen > size:
            raise Tampered(
                f"The ledger has {size} entries, but the tree head beside it names {seen}: entries were cut off.",
                "Restore the ledger from a backup; it takes no further entry.",
                seq=size,
            )

    def write(self, size: int, note: str) -> None:
        """Put this note there, unless another process put a newer one."""
        if self._path is None:
            return
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            before = os.pread(handle, _LONGEST, 0)
            if _size(before.decode(errors="replace")) < size:
                data = note.encode()
                if os.pwrite(handle, data, 0) < len(before):
                    os.ftruncate(handle, len(data))
        finally:
            os.close(handle)


def _size(note: str) -> int:
    """Return the size that a note names; 0 when it cannot be read (verify says so)."""
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isascii() and lines[1].isdigit() else 0
