"""The folder of a study's copies: its own, never the original's, and gone when it is discarded.

A marker names every file that the study may write, before it writes one; only these are ever removed.
"""

from __future__ import annotations

import json
import os
import shutil
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exeat.errors import BadInput, NotFound
from exeat.model.base import digest_of
from exeat.model.documents import MAX_DOCUMENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MARKER = "exeat-pilots.json"
SCHEMA = "exeat-pilots/1"
CACHE = "shadows"
WEIGHTS, RESULT, REPORT, PART = ".safetensors", ".json", ".report.json", ".part"


class Marker(NamedTuple):
    """Digest of what a study follows from, and the names of its pilots."""

    study: str
    pilots: tuple[str, ...]


class CopyFolder:
    """A folder that holds the copies of one study, and what was found about each."""

    def __init__(self, path: Path, pilot_ids: tuple[str, ...]) -> None:
        self.path = path
        self.pilot_ids = pilot_ids

    @classmethod
    def create(cls, path: Path, study: str, pilot_ids: Sequence[str], originals: Iterable[Path]) -> CopyFolder:
        """Make the folder, or take up the same study again where it was left off.

        Raises BadInput when it is, holds or lies in the folder of an original, or holds anything else.
        """
        check_apart(path, originals)
        if not (path / MARKER).is_file():
            _make_empty(path)
            _replace(path / MARKER, json.dumps({"schema": SCHEMA, "study": study, "pilots": list(pilot_ids)}).encode())
        marker = _marker(path)
        if marker.study != study:
            raise BadInput(
                f"{path} holds the copies of another study (other model, data, protections or seed).",
                f"Name another folder, or remove those copies: exeat pilot --folder {path} --discard.",
            )
        return cls(path, marker.pilots)

    @classmethod
    def open(cls, path: Path) -> CopyFolder:
        """Open a folder that a study made; raise NotFound when it is none."""
        if not (path / MARKER).is_file():
            raise NotFound(
                f"{path} is not a folder of pilots.", "Name the folder that --folder named when it was made."
            )
        return cls(path, _marker(path).pilots)

    def write(self, name: str, data: bytes) -> str:
        """Write one file whole or not at all; return its digest."""
        _replace(self.path / name, data)
        return digest_of(data)

    def digest(self, name: str) -> str | None:
        """Return the digest of a file, or None when there is none."""
        return file_sha256(self.path / name) if (self.path / name).is_file() else None

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None when there is none."""
        path = self.path / name
        return path.read_bytes()[:MAX_DOCUMENT_BYTES] if path.is_file() else None

    def forget_shadows(self) -> None:
        """Remove the adversary's models, which are needed only until the study is complete."""
        shutil.rmtree(self.path / CACHE, ignore_errors=True)

    def discard(self, *, keep: str | None = None) -> list[str]:
        """Remove every copy but ``keep``, and the folder when nothing is left in it; return what was removed."""
        if keep is not None and keep not in self.pilot_ids:
            raise NotFound(
                f"There is no pilot {keep[:80]!r} in {self.path}.", f"It holds: {', '.join(self.pilot_ids)}."
            )
        names = [p + ending for p in self.pilot_ids for ending in (WEIGHTS, RESULT, REPORT) if p != keep]
        names += [name + PART for name in (*names, MARKER)]
        gone = [name for name in names if (self.path / name).exists()]
        for name in gone:
            (self.path / name).unlink()
        self.forget_shadows()
        if keep is None:
            (self.path / MARKER).unlink()
            if not any(self.path.iterdir()):
                self.path.rmdir()
        return gone


def file_sha256(path: Path) -> str:
    """Return ``sha256:<hex>`` of a file; raise BadInput when it cannot be read."""
    try:
        with path.open("rb") as file:
            return f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    except OSError as exc:
        raise BadInput(f"{path} cannot be read: {exc.strerror}.", "Check the path and its permissions.") from exc


def check_apart(folder: Path, originals: Iterable[Path]) -> None:
    """Raise BadInput when copies would land in, around or under the folder of an original."""
    here = folder.resolve()
    for original in originals:
        home = original.resolve().parent
        if here.is_relative_to(home) or home.is_relative_to(here):
            raise BadInput(
                f"{folder} is not apart from the folder of {original.name}.",
                "Name a folder of its own for the copies, neither within the checkpoint's folder nor around it: "
                f"for example --folder {home.parent / (home.name + '-pilots')}",
            )


def _make_empty(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        others = [entry.name for entry in path.iterdir() if entry.name != MARKER + PART]
    except OSError as exc:
        raise BadInput(f"{path} cannot be used: {exc.strerror}.", "Name a folder that you may write to.") from exc
    if others:
        raise BadInput(
            f"{path} already holds {others[0]}{' and more' if len(others) > 1 else ''}; it is left alone.",
            "Name an empty folder, or one that does not exist yet.",
        )


def _marker(path: Path) -> Marker:
    try:
        found = json.loads((path / MARKER).read_bytes()[:MAX_DOCUMENT_BYTES])
        marker = Marker(str(found["study"]), tuple(str(name) for name in found["pilots"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        marker = Marker("", ())
    if not marker.study or any(Path(name).name != name for name in marker.pilots):
        raise BadInput(f"{path / MARKER} is not the marker of a study.", "Remove it by hand, or name another folder.")
    return marker


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL | os.O_NOFOLLOW, 0o600)


def _replace(path: Path, data: bytes) -> None:
    """Put the file in place in one move, durable; a half-written one has another name."""
    part = path.with_name(path.name + PART)
    try:
        part.unlink(missing_ok=True)  # of an earlier run, or a link that leads elsewhere
        with open(part, "wb", opener=_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as exc:
        raise BadInput(f"{path} cannot be written: {exc.strerror}.", "Check permissions and the space left.") from exc
