"""An opened checkpoint: its format, members, symbolic trees and tensors; no byte of it was executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from exeat.evidence.inspection import elements

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from exeat.evidence.inspection.loose_texts import Pushed
    from exeat.evidence.inspection.symbols import Global
    from exeat.evidence.inspection.window import Window


class Problem(NamedTuple):
    """One reason why the file is unsafe or cannot be read."""

    code: str
    verdict: Literal["unsafe", "unreadable"]
    sentence: str
    what_to_do: str
    place: str = ""


class Member(NamedTuple):
    """A piece of the file: an archive member, a data section, a file of a folder; offset and bytes as stored.

    ``file`` is the name inside a folder, empty for a single file; ``unpacked`` the bytes of a deflated member.
    """

    name: str
    offset: int
    bytes: int
    file: str = ""
    unpacked: int | None = None


class Tree(NamedTuple):
    """The symbolic value of one pickle and the member that it stands in."""

    place: str
    value: Any


class TensorRef(NamedTuple):
    """A tensor by where its bytes are; stride and offset are in elements, dtype is safetensors' name (``F32``).

    ``lazy`` holds what torch does to the values when it reads them: ``conj``, ``neg``.
    """

    name: str
    path: tuple[str, ...]
    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int
    storage: Member
    quantised: bool = False
    lazy: tuple[str, ...] = ()


class Text(NamedTuple):
    """A piece of text that the file carries outside its pickles: metadata, a comment, a small text member."""

    place: str
    text: str


@dataclass
class Opened:
    """What was found in a file; the ``problems`` are empty when nothing speaks against loading it."""

    format: str
    bytes: int
    members: list[Member] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=list)
    tensors: list[TensorRef] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    globals: dict[Global, str] = field(default_factory=dict)
    """Every global by the place where it was seen first."""
    problems: list[Problem] = field(default_factory=list)
    unlisted: list[Member] = field(default_factory=list)
    """Members that no tree refers to and no loader needs."""
    trailing: Member | None = None
    """Bytes after the end of the format."""
    notes: list[str] = field(default_factory=list)
    """What was not looked at, one sentence each."""
    pushed: list[Pushed] = field(default_factory=list)
    """The texts that each pickle pushes, whether a value holds them or not."""
    formats: dict[str, str] = field(default_factory=dict)
    """The format of each file of a folder that stands for itself."""
    sources: dict[str, Window] = field(default_factory=dict)
    """The open files by their name inside the folder; ``close`` closes them."""

    def bytes_of(self, ref: TensorRef) -> memoryview:
        """Return the elements of a tensor in C order, little endian."""
        return elements.whole(self.file_of(ref.storage), ref)

    def chunks_of(self, ref: TensorRef) -> Iterator[memoryview]:
        """Yield the elements of a tensor in C order, a few MiB at a time; an expanded tensor may yield very many."""
        return elements.chunks(self.file_of(ref.storage), ref)

    def file_of(self, member: Member) -> Window:
        """Return the open file that a member lies in."""
        return self.sources[member.file]

    def close(self) -> None:
        """Close the files; reading tensors afterwards fails."""
        for window in self.sources.values():
            window.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
