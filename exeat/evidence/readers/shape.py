"""The shape of every reader: what it may look at to recognise a file, what it reads from, what it returns."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from exeat.errors import BadInput
from exeat.evidence.walk import FLAGS, Found, read
from exeat.model.documents import MAX_DOCUMENT_BYTES, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from exeat.evidence.inspection import Opened
    from exeat.evidence.partial import Partial

HEAD_BYTES = 64 * 2**10
"""How much of a file recognition looks at when it is too large for a document, in bytes."""
CHECKPOINTS = (b"PK\x03\x04", b"\x80", b"GGUF", b"\x08")
"""First bytes of the checkpoint files that are opened to be recognised: zip, pickle, GGUF, ONNX."""


@dataclass(slots=True)
class Given:
    """One file that was given: its name as shown, and its bytes in memory or its path on disk."""

    name: str
    data: bytes | None = None
    path: str | None = None
    measured: tuple[int, str] | None = field(default=None, compare=False)

    def read(self, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
        """Return all bytes; raise BadInput when there are more than ``limit``, or the file cannot be read."""
        data = self.first(limit + 1)
        if len(data) > limit:
            raise BadInput(f"{self.name} is larger than {limit:,} bytes.", "A document of this format is smaller.")
        return data

    def first(self, count: int, offset: int = 0) -> bytes:
        """Return up to ``count`` bytes from ``offset``."""
        if self.data is not None:
            return self.data[offset : offset + count]
        try:
            descriptor = os.open(self.path or "", FLAGS)
        except OSError as exc:
            raise BadInput(f"{self.name} cannot be read: {exc.strerror}.", "Check the path and permissions.") from exc
        with os.fdopen(descriptor, "rb") as file:
            file.seek(offset)
            return file.read(count)

    def size(self) -> int:
        """Return the size in bytes without reading; raise BadInput when there is no such file."""
        if self.data is not None:
            return len(self.data)
        try:
            return os.lstat(self.path or "").st_size
        except OSError as exc:
            raise BadInput(f"{self.name} cannot be read: {exc.strerror}.", "Check the path and permissions.") from exc

    def digest(self) -> tuple[int, str]:
        """Return size in bytes and ``sha256:…`` of the whole file, read in a stream."""
        if self.measured is None and self.data is not None:
            self.measured = len(self.data), "sha256:" + hashlib.sha256(self.data).hexdigest()
        elif self.measured is None:
            source = read(Found(self.path or "", self.name), HEAD_BYTES)
            self.measured = source.size, source.sha256
        return self.measured


class Members(Mapping[str, Given]):
    """The files below and beside a file, by their name there; ``used`` are those that a reader looked at.

    They are looked for when a reader asks: most formats are one file.
    """

    def __init__(self, find: Callable[[], Mapping[str, Given]] = dict) -> None:
        self._find = find
        self.used: set[str] = set()

    @cached_property
    def files(self) -> Mapping[str, Given]:
        """Return all of them."""
        return self._find()

    def __getitem__(self, name: str) -> Given:
        found = self.files[name]
        self.used.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __contains__(self, name: object) -> bool:
        return name in self.files


class Peek:
    """What recognition may look at: the bytes, never the name of the file."""

    def __init__(self, data: bytes, size: int | None = None, file: Given | None = None) -> None:
        self.data = data
        self.size = len(data) if size is None else size
        self.file = file

    @classmethod
    def of(cls, file: Given) -> Peek:
        """Look at a file: at all of it when a document may be as large, or else at its first bytes."""
        size = file.size()
        return cls(file.first(HEAD_BYTES if size > MAX_DOCUMENT_BYTES else size), size, file)

    @property
    def whole(self) -> bool:
        """Return whether all bytes are here."""
        return self.size == len(self.data)

    @cached_property
    def json(self) -> Any:
        """Return the file as JSON (numbers that are none read as null), or None when it is not."""
        if not self.whole or self.data.lstrip()[:1] not in (b"{", b"["):
            return None
        try:
            return parse_json(self.data, lenient_numbers=True)
        except BadInput:
            return None

    @cached_property
    def opened(self) -> Opened | None:
        """Return the inside of a checkpoint file as symbols, or None when the first bytes are not those of one."""
        if self.file is None or not self.data.startswith(CHECKPOINTS):
            return None
        from exeat.evidence.readers.inside import look_inside  # noqa: PLC0415 most files are no checkpoints

        return look_inside(self.file)

    def close(self) -> None:
        """Close the checkpoint file, if recognition or a reader opened it."""
        opened = self.__dict__.get("opened")
        if opened is not None:
            opened.close()

    @cached_property
    def text(self) -> str | None:
        """Return the bytes as UTF-8 text, or None when they are not."""
        if b"\0" in self.data[:HEAD_BYTES]:
            return None
        try:
            return self.data.decode() if self.whole else self.data.decode(errors="ignore")
        except UnicodeDecodeError:
            return None


@dataclass
class Bundle:
    """What a reader reads: one file, the files beside and below it, and public keys to verify signatures with."""

    file: Given
    members: Mapping[str, Given] = field(default_factory=dict)
    keys: tuple[bytes, ...] = ()
    peek: Peek | None = None
    size: int = -1
    sha256: str = ""

    def __post_init__(self) -> None:
        """Measure the file unless the caller has."""
        if not self.sha256:
            self.size, self.sha256 = self.file.digest()

    @property
    def name(self) -> str:
        """Return the name as shown."""
        return self.file.name

    @property
    def opened(self) -> Opened:
        """Return the inside of a checkpoint file as symbols; raise BadInput when it is none."""
        self.peek = self.peek or Peek.of(self.file)
        opened = self.peek.opened
        if opened is None:
            raise BadInput(f"{self.name} is no checkpoint file.", "Save the checkpoint again.")
        return opened

    def data(self, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
        """Return the whole file; raise BadInput when it is larger than a document may be."""
        return self.file.read(limit)


class Reader(NamedTuple):
    """One format: ``name`` in provenance and docs, ``title`` in sentences ("a Hugging Face model card").

    The members that the reader of a ``folder`` looks at belong to it and are not read by themselves.
    """

    name: str
    title: str
    recognises: Callable[[Peek], bool]
    read: Callable[[Bundle], Partial]
    folder: bool = False
