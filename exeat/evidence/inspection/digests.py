"""SHA-256 and BLAKE3 of open files, each byte read once; two threads, because neither digest holds the interpreter."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from blake3 import blake3

from exeat.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from threading import Event

    from exeat.evidence.inspection.window import Window

CHUNK = 2**20
BUFFERS = 3
"""One is read, one waits, one is digested."""


class Digests(NamedTuple):
    """The two digests of the same bytes: ``sha256:…`` and ``blake3:…``."""

    sha256: str
    blake3: str


class Stopped(Exception):
    """Somebody no longer wants the digest."""


def digests_of(window: Window, stop: Event | None = None) -> Digests:
    """Return the digests of one open file; raise BadInput when it cannot be read to its end."""
    if window.size <= CHUNK:
        return _whole(window)
    sha, blake = hashlib.sha256(), blake3()
    with ThreadPoolExecutor(1, "sha256") as pool:
        pending: list[Future[None]] = []
        for chunk in _chunks(window, pending):
            if stop is not None and stop.is_set():
                raise Stopped
            pending.append(pool.submit(sha.update, chunk))
            blake.update(chunk)
        for future in pending:
            future.result()
    return Digests(f"sha256:{sha.hexdigest()}", f"blake3:{blake.hexdigest()}")


def _whole(window: Window) -> Digests:
    data = window.read(0, window.size)
    if len(data) < window.size:
        raise _shorter(window)
    return Digests(f"sha256:{hashlib.sha256(data).hexdigest()}", f"blake3:{blake3(data).hexdigest()}")


def _chunks(window: Window, pending: list[Future[None]]) -> Iterator[memoryview]:
    """Yield the file in turns of the buffers; a buffer is filled again once its digest is done."""
    buffers = [bytearray(CHUNK) for _ in range(BUFFERS)]
    at, turn = 0, 0
    while at < window.size:
        if len(pending) >= BUFFERS:
            pending.pop(0).result()
        view = memoryview(buffers[turn % BUFFERS])[: window.size - at]
        count = _fill(window, view, at)
        yield view[:count]
        at, turn = at + count, turn + 1


def _fill(window: Window, view: memoryview, at: int) -> int:
    try:
        count = os.preadv(window.descriptor, [view], at)
    except OSError as exc:
        raise BadInput(f"The file cannot be read: {exc.strerror}.", "Check the disk it lies on.") from exc
    if count == 0:
        raise _shorter(window)
    return count


def _shorter(window: Window) -> BadInput:
    name = window.name or "The file"
    return BadInput(f"{name} became shorter while it was read.", "Inspect it again when nobody writes to it.")


def digests_of_folder(files: Mapping[str, Digests]) -> Digests:
    """Return the digests of the lines ``<sha256>  <name>``, sorted by name, as ``sha256sum`` prints them."""
    rows = sorted((name.encode("utf-8", "surrogateescape"), found) for name, found in files.items())
    lines = b"".join(found.sha256.removeprefix("sha256:").encode() + b"  " + name + b"\n" for name, found in rows)
    return Digests(f"sha256:{hashlib.sha256(lines).hexdigest()}", f"blake3:{blake3(lines).hexdigest()}")
