"""Find the files of an ingest in a stable order and read each once, safely: no links, no devices, no waiting."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.intake import KEPT_BYTES, Skipped, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_FOLDER_DEPTH = 30
CHUNK = 2**20
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Found(NamedTuple):
    """A path to read and the name to show for it."""

    path: str
    name: str


def find(paths: Sequence[Path]) -> Iterator[Found | Skipped]:
    """Yield every file below the paths, in the order of their names; hidden ones are skipped and said so."""
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            yield from _folder(str(path), shown(path.absolute().name), 0)
        else:
            yield Found(str(path), shown(path.name))


def _folder(folder: str, name: str, depth: int) -> Iterator[Found | Skipped]:
    if depth > MAX_FOLDER_DEPTH:
        yield Skipped(name, f"folders nested deeper than {MAX_FOLDER_DEPTH} levels are not read")
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as exc:
        yield Skipped(name, f"the folder cannot be read: {exc.strerror}")
        return
    for entry in entries:
        below = f"{name}/{shown(entry.name)}"
        if entry.name.startswith("."):
            yield Skipped(below, "hidden files are not taken in")
        elif entry.is_dir(follow_symlinks=False):
            yield from _folder(entry.path, below, depth + 1)
        else:
            yield Found(entry.path, below)


def shown(name: str) -> str:
    """Return a file name as printable text: undecodable bytes and control characters escaped, 300 at most."""
    if name.isprintable():
        return name[-300:]
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)[-300:]


def read(found: Found, hold: int = KEPT_BYTES) -> Source:
    """Read one regular file; a file larger than a document is hashed in a stream and only its head is held.

    Raises BadInput for links, devices, pipes and files that cannot be read.
    """
    try:
        descriptor = os.open(found.path, FLAGS)
    except OSError as exc:
        raise _unreadable(found, exc) from exc
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadInput("This is not a regular file (a device, pipe or socket).", "Ingest plain files and folders.")
        return _read_open(descriptor, found, hold, status.st_size)
    except OSError as exc:
        raise BadInput(f"The file cannot be read: {exc.strerror}.", "Check its permissions and the disk.") from exc
    finally:
        os.close(descriptor)


def _unreadable(found: Found, exc: OSError) -> BadInput:
    if os.path.islink(found.path):  # noqa: PTH114
        return BadInput(
            "This is a symbolic link; intake follows none.", "Ingest the file it points to, if you mean that."
        )
    if isinstance(exc, FileNotFoundError):
        return BadInput("There is no such file.", "Check the path.")
    return BadInput(f"The file cannot be read: {exc.strerror}.", "Check its permissions.")


def _read_open(descriptor: int, found: Found, hold: int, expected: int) -> Source:
    """Hash everything; hold all of a file up to ``hold`` bytes, or else its first bytes."""
    first = os.read(descriptor, CHUNK)
    if 0 < len(first) == expected < CHUNK:
        return whole(found.name, first, found.path)
    return _read_long(descriptor, found, hold, first)


def _read_long(descriptor: int, found: Found, hold: int, chunk: bytes) -> Source:
    digest = hashlib.sha256()
    size, kept = 0, []
    while chunk:
        digest.update(chunk)
        if size < hold:
            kept.append(chunk)
        size += len(chunk)
        chunk = os.read(descriptor, CHUNK)
    held = kept[0] if len(kept) == 1 else b"".join(kept)
    data = held if size <= hold else None
    return Source(found.name, size, "sha256:" + digest.hexdigest(), held[:hold], data, found.path)


def whole(name: str, data: bytes, path: str | None = None) -> Source:
    """Describe bytes that are all in memory."""
    return Source(name, len(data), "sha256:" + hashlib.sha256(data).hexdigest(), data, data, path)


def again(source: Source, hold: int = KEPT_BYTES) -> bytes:
    """Read a file a second time, up to ``hold`` bytes; raise BadInput when it changed in between."""
    second = read(Found(source.path or "", source.name), hold)
    if second.sha256 != source.sha256:
        raise BadInput("The file changed while it was being ingested.", "Ingest it again when nobody writes to it.")
    return second.head
