"""Read pieces of one open file by offset; the file is opened once, so nobody can swap it in between."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Self

from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Window:
    """One regular file: ``size`` in bytes, ``read`` at an offset; closes with its ``with`` block or its owner."""

    def __init__(self, path: Path, name: str = "") -> None:
        self.name = name
        self.path = path
        self.descriptor = _open(path)
        status = os.fstat(self.descriptor)
        if not stat.S_ISREG(status.st_mode):
            self.close()
            raise BadInput("This is not a regular file (a device, pipe or socket).", "Inspect plain files and folders.")
        self.size = status.st_size
        self._seen = (status.st_mtime_ns, status.st_size)

    def read(self, offset: int, count: int) -> bytes:
        """Return the bytes at an offset, fewer at the end of the file."""
        if offset < 0 or count <= 0 or offset >= self.size:
            return b""
        count = min(count, self.size - offset)
        try:
            found = os.pread(self.descriptor, count, offset)
            while len(found) < count:
                more = os.pread(self.descriptor, count - len(found), offset + len(found))
                if not more:
                    break
                found += more
        except OSError as exc:
            raise BadInput(f"The file cannot be read: {exc.strerror}.", "Check the disk it lies on.") from exc
        return found

    def place(self, inside: str) -> str:
        """Return how a place of this file is named: with the name of the file where it is one of a folder."""
        return f"{self.name}/{inside}" if self.name else inside

    def changed(self) -> bool:
        """Return whether somebody wrote to the file since it was opened."""
        status = os.fstat(self.descriptor)
        return (status.st_mtime_ns, status.st_size) != self._seen

    def close(self) -> None:
        """Close the file; reading afterwards fails."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "descriptor", -1) >= 0:
            self.close()


def _open(path: Path) -> int:
    try:
        return os.open(path, FLAGS)
    except OSError as exc:
        if path.is_symlink():
            raise BadInput("This is a symbolic link; Exeat follows none.", "Inspect the file it points to.") from exc
        if isinstance(exc, FileNotFoundError):
            raise BadInput("There is no such file.", "Check the path.") from exc
        raise BadInput(f"The file cannot be read: {exc.strerror}.", "Check its permissions.") from exc
    except ValueError as exc:
        raise BadInput("The path has a zero byte in it.", "Check the path.") from exc
