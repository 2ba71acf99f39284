"""Write a file that nobody can see half-written, at a name that nothing else has."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Self

from exeat.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def check_new(target: Path) -> None:
    """Raise BadInput when something stands at the name already (a link counts) or there is no folder for it."""
    if os.path.lexists(target):
        raise BadInput(f"There is a {target.name} already; it is left alone.", "Name a file that does not exist yet.")
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder for {target.name}.", "Make the folder first, or name another.")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise BadInput(f"The folder of {target.name} cannot be written to.", "Check its permissions, or name another.")


class NewFile:
    """A file under a temporary name beside its target; ``finish`` gives it its name, leaving early removes it.

    ``path`` is where it can be read meanwhile. Only its owner may read it.
    """

    def __init__(self, target: Path) -> None:
        check_new(target)
        self.target = target
        self.path = target.with_name(f".exeat-{secrets.token_hex(8)}.part")
        try:
            self._descriptor = os.open(self.path, FLAGS, 0o600)
        except OSError as exc:
            raise _cannot(target, exc) from exc

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes; raise BadInput when the disk does not take them."""
        rest = memoryview(data).cast("B")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as exc:
            raise _cannot(self.target, exc) from exc

    def sync(self) -> None:
        """Make what was written durable."""
        try:
            os.fsync(self._descriptor)
        except OSError as exc:
            raise _cannot(self.target, exc) from exc

    def finish(self) -> None:
        """Give the file its name, unless something took the name meanwhile; the name is durable too."""
        self.sync()
        try:
            os.close(os.open(self.target, FLAGS, 0o600))
        except OSError as exc:
            check_new(self.target)
            raise _cannot(self.target, exc) from exc
        self.path.replace(self.target)
        folder = os.open(self.target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)
        self.path.unlink(missing_ok=True)


def _cannot(target: Path, exc: OSError) -> BadInput:
    return BadInput(
        f"{target.name} cannot be written: {exc.strerror}.", "Check the folder's permissions and the space left."
    )
