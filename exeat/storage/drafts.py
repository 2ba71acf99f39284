"""Drafts: working files of one person, apart from the evidence; a record per version, bytes under their digest.

The folder of a person is named by the digest of the person id, so that no name from outside becomes a path. Nothing in
here is evidence: it can be deleted, and no statement names it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from exeat.errors import NotFound, Tampered
from exeat.storage.objects import DIGEST, open_files

if TYPE_CHECKING:
    from collections.abc import Iterator

_ID = re.compile(r"[0-9a-f]{16}")
_RECORD = re.compile(r"([0-9a-f]{16})-(\d{8})\.json")
_LOOKS = 50
"""How often the newest record is looked for while others write newer ones and remove it."""
KEPT_VERSIONS = 2
"""The newest record and the one before it: a half-written one after a crash costs one change, not the draft."""


class DraftStore:
    """A folder or fsspec URL that holds drafts and nothing else."""

    def __init__(self, url_or_path: str | os.PathLike[str]) -> None:
        self._where = os.fspath(url_or_path)
        self._local = None if "://" in self._where else Path(self._where).absolute()
        if self._local is not None:
            self._local.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._files = open_files(self._where)

    def ids(self, owner: str) -> list[str]:
        """Return the drafts of this person."""
        return sorted({draft_id for draft_id, _ in self._records(owner)})

    def load(self, owner: str, draft_id: str) -> tuple[int, bytes] | None:
        """Return the newest version of the record and its number, or None."""
        for _ in range(_LOOKS):
            versions = self._versions(owner, draft_id)
            if not versions:
                return None
            for version in reversed(versions):
                data = self._read_record(owner, draft_id, version)
                if data is not None:
                    return versions[-1], data
        return None  # others write faster than we read, or every version is damaged

    def _read_record(self, owner: str, draft_id: str, version: int) -> bytes | None:
        """Return a whole record; None when it is half written, or a newer one took its place since we looked."""
        try:
            data = self._files.read(self._record(owner, draft_id, version))
        except FileNotFoundError:
            return None
        return data if data.endswith(b"}") else None

    def save(self, owner: str, draft_id: str, version: int, data: bytes) -> bool:
        """Keep the record durably under the version; return False, and keep nothing, unless it is the next one.

        A name alone does not tell: others may have written this version, newer ones, and removed it again meanwhile.
        So on local disks one writer at a time looks and writes. In a bucket, whose writers nobody can hold back, the
        look comes first and a name that is taken is the second guard.
        """
        name = self._record(owner, draft_id, version)
        with self._alone(owner):
            if version != max(self._versions(owner, draft_id), default=0) + 1:
                return False
            if not (self._files.create(name, data) if self._local is None else _publish(self._local / name, data)):
                return False
            for old in self._versions(owner, draft_id)[:-KEPT_VERSIONS]:
                self._files.remove(self._record(owner, draft_id, old))
        return True

    @contextmanager
    def _alone(self, owner: str) -> Iterator[None]:
        """Hold back the other writers of this person's drafts, threads and processes, where the disk is ours."""
        if self._local is None:
            yield
            return
        folder = self._local / _folder(owner)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def put(self, owner: str, draft_id: str, sha256: str, data: bytes) -> None:
        """Keep the bytes of a file."""
        name = self._bytes(owner, draft_id, sha256)
        if self._local is None:
            self._files.write(name, data)
        else:
            (self._local / name).unlink(missing_ok=True)
            _publish(self._local / name, data)

    def get(self, owner: str, draft_id: str, sha256: str) -> bytes:
        """Return the bytes of a file; raise NotFound or Tampered."""
        try:
            data = self._files.read(self._bytes(owner, draft_id, sha256))
        except FileNotFoundError as exc:
            raise _gone() from exc
        if "sha256:" + hashlib.sha256(data).hexdigest() != sha256:
            raise Tampered("A file of this draft is not what was uploaded.", "Remove it and upload it again.")
        return data

    @contextmanager
    def path(self, owner: str, draft_id: str, sha256: str) -> Iterator[Path]:
        """Give a path to read the file from, for as long as the context lasts; raise NotFound."""
        name = self._bytes(owner, draft_id, sha256)
        if self._local is not None:
            if not self._files.exists(name):
                raise _gone()
            yield self._local / name
            return
        with tempfile.TemporaryDirectory(prefix="exeat-draft-") as folder:
            copy = Path(folder) / "file"
            copy.write_bytes(self.get(owner, draft_id, sha256))
            yield copy

    def drop(self, owner: str, draft_id: str, sha256: str) -> None:
        """Remove one file."""
        self._files.remove(self._bytes(owner, draft_id, sha256))

    def delete(self, owner: str, draft_id: str) -> None:
        """Remove a draft with all its files: the bytes first, the record last."""
        prefix = f"{_folder(owner)}/{_checked(draft_id)}-"
        for suffix in (".bin", ".json"):
            for name in list(self._files.names(_folder(owner), suffix)):
                if name.startswith(prefix):
                    self._files.remove(name)

    def _records(self, owner: str) -> Iterator[tuple[str, int]]:
        for name in self._files.names(_folder(owner), ".json"):
            found = _RECORD.fullmatch(name.rpartition("/")[2])
            if found:
                yield found[1], int(found[2])

    def _versions(self, owner: str, draft_id: str) -> list[int]:
        return sorted(version for found, version in self._records(owner) if found == draft_id)

    @staticmethod
    def _record(owner: str, draft_id: str, version: int) -> str:
        return f"{_folder(owner)}/{_checked(draft_id)}-{version:08d}.json"

    @staticmethod
    def _bytes(owner: str, draft_id: str, sha256: str) -> str:
        digest = DIGEST.fullmatch(sha256)
        if digest is None:
            raise _gone()
        return f"{_folder(owner)}/{_checked(draft_id)}-{digest[1]}.bin"


def _publish(path: Path, data: bytes) -> bool:
    """Make a file appear whole and durable under its name; return False, and change nothing, when it is taken.

    Two threads of one server write to one draft when somebody types on while a page is still being drawn: a reader
    that saw half a record would take the one before it for the newest, and the change in between would be lost.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f"{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _folder(owner: str) -> str:
    return hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _checked(draft_id: str) -> str:
    if not _ID.fullmatch(draft_id):
        raise NotFound("There is no such draft.", "Choose one of your drafts.")
    return draft_id


def _gone() -> NotFound:
    return NotFound("This file of the draft is not here any more.", "Upload it again.")
