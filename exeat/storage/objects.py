"""Content-addressed evidence: ``sha256/ab/<hex>`` in a folder or behind an fsspec URL; rejects beside it."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from exeat.errors import NotFound, Tampered
from exeat.evidence.intake import KEPT_BYTES, RejectRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
FEW = 16
"""Up to this many new files are made durable one by one; more by one sync of the file system."""


class _Files(Protocol):
    """The little that the store needs of a folder."""

    def create(self, name: str, data: bytes) -> bool: ...
    def write(self, name: str, data: bytes) -> None: ...
    def read(self, name: str) -> bytes: ...
    def exists(self, name: str) -> bool: ...
    def names(self, folder: str, suffix: str) -> Iterator[str]: ...
    def remove(self, name: str) -> None: ...
    def flush(self) -> None: ...


def _relative(digest: str) -> str:
    match = DIGEST.fullmatch(digest)
    if match is None:
        raise NotFound(f"{digest[:80]!r} is not a digest.", "A digest reads sha256: and 64 hex digits.")
    return f"sha256/{match[1][:2]}/{match[1]}"


class ObjectStore:
    """Bytes under their digest; immutable, idempotent, re-hashed at each read."""

    def __init__(self, url_or_path: str | os.PathLike[str]) -> None:
        self._files = open_files(os.fspath(url_or_path))

    def put(self, data: bytes, digest: str | None = None) -> str:
        """Keep the bytes (durable after flush) and return their digest.

        A new file is written under its final name: no statement names it before ``flush``, so nobody reads half of it.
        A file that is there with other bytes (half written before a crash, or damaged) is replaced.
        """
        digest = digest or "sha256:" + hashlib.sha256(data).hexdigest()
        name = _relative(digest)
        if not self._files.create(name, data) and self._files.read(name) != data:
            self._files.write(name, data)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes; raise NotFound, or Tampered when the stored bytes have another digest."""
        try:
            data = self._files.read(_relative(digest))
        except FileNotFoundError as exc:
            raise NotFound(f"The evidence {digest} is not in the store.", "Ingest the file again.") from exc
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            raise Tampered(
                f"The stored bytes of {digest} are not what was taken in.",
                "Restore the evidence folder from a backup; the ledger names the right digest.",
            )
        return data

    def has(self, digest: str) -> bool:
        """Return whether the bytes are here (not re-hashed)."""
        return self._files.exists(_relative(digest))

    def flush(self) -> None:
        """Make everything written so far durable; call once per batch, before the ledger append."""
        self._files.flush()

    def put_reject(self, record: RejectRecord, data: bytes) -> None:
        """Keep a reject and at most KEPT_BYTES of it; the first record of an id stays."""
        name = f"rejects/{record.id}"
        if self._files.exists(f"{name}.json"):
            return
        if data:
            self._files.write(f"{name}.bin", data[:KEPT_BYTES])
        self._files.write(f"{name}.json", json.dumps(record.to_dict(), indent=1).encode())

    def settle(self, record: RejectRecord, at: datetime) -> None:
        """Mark a reject as settled; the record stays."""
        settled = replace(record, settled=at.isoformat())
        self._files.write(f"rejects/{record.id}.json", json.dumps(settled.to_dict(), indent=1).encode())

    def rejects(self) -> list[RejectRecord]:
        """Return all rejects, oldest first."""
        found = [self._reject(name) for name in self._files.names("rejects", ".json")]
        return sorted((r for r in found if r is not None), key=lambda r: (r.at, r.name, r.id))

    def reject_bytes(self, reject_id: str) -> bytes:
        """Return what was kept of a reject; empty when nothing could be or should be kept."""
        if not re.fullmatch(r"[0-9a-f]{32}", reject_id):
            raise NotFound("There is no such reject.", "Open it from the intake page.")
        try:
            return self._files.read(f"rejects/{reject_id}.bin")
        except FileNotFoundError:
            return b""

    def _reject(self, name: str) -> RejectRecord | None:
        """Read one record; a damaged one is left out rather than hiding all others."""
        try:
            return RejectRecord(**json.loads(self._files.read(name)))
        except (OSError, ValueError, TypeError):
            return None


def open_files(url_or_path: str) -> _Files:
    """Open a folder or an fsspec URL."""
    if url_or_path.startswith("file://"):
        return LocalFiles(Path(url2pathname(urlsplit(url_or_path).path)))
    return RemoteFiles(url_or_path) if "://" in url_or_path else LocalFiles(Path(url_or_path))


class LocalFiles:
    """A folder; what is written is durable after ``flush``."""

    def __init__(self, root: Path) -> None:
        self._root = str(root.absolute())
        self._folders: set[str] = set()
        self._unsynced: list[str] = []
        self._counter = 0

    def create(self, name: str, data: bytes) -> bool:
        """Write a file that is not here yet; return False, and write nothing, when it is."""
        path = self._path(name)
        try:
            _write_new(path, data)
        except FileExistsError:
            return False
        self._unsynced.append(path)
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write the whole file or nothing: a temporary file, then a rename."""
        path = self._path(name)
        self._counter += 1
        temporary = f"{path}.{os.getpid()}-{id(self):x}-{self._counter}.tmp"
        _write_new(temporary, data)
        os.replace(temporary, path)  # noqa: PTH105
        self._unsynced.append(path)

    def _path(self, name: str) -> str:
        """Return the path and make its folder, once."""
        path = f"{self._root}/{name}"
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            self._folders.add(folder)
        return path

    def read(self, name: str) -> bytes:
        """Return the bytes or raise FileNotFoundError."""
        with open(f"{self._root}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()

    def exists(self, name: str) -> bool:
        """Return whether the file is here."""
        return os.path.exists(f"{self._root}/{name}")  # noqa: PTH110

    def names(self, folder: str, suffix: str) -> Iterator[str]:
        """Yield the files of a folder."""
        for path in Path(self._root, folder).glob(f"*{suffix}"):
            yield f"{folder}/{path.name}"

    def remove(self, name: str) -> None:
        """Remove a file if it is here; evidence never is, drafts are."""
        Path(self._root, name).unlink(missing_ok=True)

    def flush(self) -> None:
        """Sync each new file and its folder when there are few, else the file system once."""
        paths, self._unsynced = self._unsynced, []
        if not paths:
            return
        if len(paths) > FEW:
            _sync_file_system(self._root)
            return
        for path in paths:
            _sync(path)
        for folder in {os.path.dirname(path) for path in paths}:  # noqa: PTH120
            _sync(folder)


def _write_new(path: str, data: bytes) -> None:
    """Write a new file, or leave none behind."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, memoryview(data)[written:])
    except BaseException:
        os.unlink(path)  # noqa: PTH108
        raise
    finally:
        os.close(descriptor)


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(root: str) -> None:
    """Call syncfs(2) where there is one (Linux), else sync(2); both wait until the data is on the device."""
    syncfs: Any = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if os.name == "posix" else None
    descriptor = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if syncfs is None or syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)


class RemoteFiles:
    """Any other URL, through fsspec; a write is durable when it returns."""

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 only deployments with a bucket need it

        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._folders: set[str] = set()

    def create(self, name: str, data: bytes) -> bool:
        """Write an object that is not here yet; return False, and write nothing, when it is."""
        if self.exists(name):
            return False
        self.write(name, data)
        return True

    def write(self, name: str, data: bytes) -> None:
        """Write one object."""
        folder = f"{self._root}/{name}".rpartition("/")[0]
        if folder not in self._folders:
            self._fs.makedirs(folder, exist_ok=True)
            self._folders.add(folder)
        self._fs.pipe_file(f"{self._root}/{name}", data)

    def read(self, name: str) -> bytes:
        """Return the bytes or raise FileNotFoundError."""
        return bytes(self._fs.cat_file(f"{self._root}/{name}"))

    def exists(self, name: str) -> bool:
        """Return whether the object is here."""
        return bool(self._fs.exists(f"{self._root}/{name}"))

    def names(self, folder: str, suffix: str) -> Iterator[str]:
        """Yield the objects of a folder."""
        if self._fs.exists(f"{self._root}/{folder}"):
            for path in self._fs.ls(f"{self._root}/{folder}", detail=False):
                if path.endswith(suffix):
                    yield f"{folder}/{path.rpartition('/')[2]}"

    def remove(self, name: str) -> None:
        """Remove an object if it is here."""
        if self.exists(name):
            self._fs.rm_file(f"{self._root}/{name}")

    def flush(self) -> None:
        """Do nothing: each write was durable."""
