"""Open a distributed checkpoint of torch: ``.metadata`` is a pickle, each ``.distcp`` file a row of small checkpoints.

Source: torch.distributed.checkpoint.metadata and .filesystem of torch 2.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from exeat.evidence.inspection.allowed import ALLOWED, DISTRIBUTED
from exeat.evidence.inspection.merging import Part, merge, part_of
from exeat.evidence.inspection.opened import Member
from exeat.evidence.inspection.opening import open_file
from exeat.evidence.inspection.refusal import AMBIGUOUS, COPY_AGAIN, Refusal, ambiguous, bomb, shown
from exeat.evidence.inspection.slice import Slice
from exeat.evidence.inspection.symbols import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

METADATA = ".metadata"
SHARD = ".distcp"
_HOME = "torch.distributed.checkpoint."
_INDEX, _INFO = _HOME + "metadata.MetadataIndex", _HOME + "filesystem._StorageInfo"


class Stored(NamedTuple):
    """One tensor or object: its name, and where its bytes lie."""

    name: str
    file: str
    offset: int
    length: int


def open_distributed(metadata: Window, windows: Mapping[str, Window], judge: Judge) -> set[str]:
    """Open what a ``.metadata`` file names and return the names of the files that were opened."""
    folder = metadata.name.removesuffix(METADATA)
    judge.opened.format = "torch-distributed"
    done = {metadata.name} | {name for name in windows if name.endswith(SHARD) and name.startswith(folder)}
    by_file: dict[str, list[Stored]] = {name: [] for name in done - {metadata.name}}
    try:
        for stored in _metadata(metadata, judge):
            by_file.setdefault(folder + stored.file, []).append(stored)
    except Refusal as exc:
        exc.tell(judge, metadata)
    for name, parts in by_file.items():
        if name in windows:
            _shard(windows[name], parts, judge)
        else:
            sentence = f"The file {shown(name)}, which {metadata.name} names, is not in the folder."
            judge.problem("missing-file", sentence, COPY_AGAIN, metadata.name, unsafe=False)
    return done | (by_file.keys() & windows.keys())


def _metadata(window: Window, judge: Judge) -> list[Stored]:
    if window.size > judge.limits.pickle_bytes:
        raise bomb(f"The metadata has {window.size:,} bytes; at most {judge.limits.pickle_bytes:,} are read.")
    judge.opened.members.append(Member(window.name, 0, window.size, window.name))
    data = window.read(0, window.size)
    walk = judge.pickle(data, window.name, allowed=ALLOWED | DISTRIBUTED)
    if not walk.done:
        return []
    if walk.pos != len(data):
        judge.pickles(data, window.name, walk.pos)
        raise ambiguous("trailing-bytes", f"{len(data) - walk.pos:,} bytes follow the pickle of the metadata.")
    return _stored(_state(walk.value, "").get("storage_data"))


def _state(value: Any, kind: str) -> Mapping[Any, Any]:
    """Return the fields of a symbolic object, where it is of that kind."""
    fits = isinstance(value, Call) and isinstance(value.state, dict) and (not kind or str(value.func) == kind)
    return value.state if fits else {}


def _stored(found: Any) -> list[Stored]:
    rows = []
    for key, value in found.items() if isinstance(found, dict) else ():
        index, info = _state(key, _INDEX), _state(value, _INFO)
        name, file = index.get("fqn"), info.get("relative_path")
        offset, length = info.get("offset"), info.get("length")
        if not isinstance(name, str) or not isinstance(file, str) or not _is_size(offset) or not _is_size(length):
            raise Refusal("metadata-odd", "The metadata does not say where its tensors lie.", AMBIGUOUS, unsafe=True)
        if file.startswith("/") or ".." in file.split("/") or "\\" in file or not file.isprintable():
            raise ambiguous("outside-folder", f"The metadata reads {shown(file)}, outside the folder.")
        rows.append(Stored(name + _chunk(index.get("offset")), file, offset, length))
    return rows


def _is_size(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**62


def _chunk(offset: Any) -> str:
    """Return where a piece of a tensor begins, unless it is the first."""
    sizes = offset.args[0] if isinstance(offset, Call) and offset.args else offset
    if not isinstance(sizes, tuple | list) or not any(sizes):
        return ""
    return f"[{', '.join(str(size) if _is_size(size) else '?' for size in sizes[:8])}]"


def _shard(window: Window, parts: list[Stored], judge: Judge) -> None:
    if not parts:
        judge.opened.unlisted.append(Member(window.name, 0, window.size, window.name))
        part = part_of(judge, window)
        open_file(window, part.judge)
        merge(judge, part)
        return
    try:
        for stored in _tiled(window, parts):
            part = part_of(judge, Slice(window, stored.offset, stored.length, stored.name))
            open_file(part.window, part.judge)
            _of_torch(part, stored)
            merge(judge, part, stored.name)
    except Refusal as exc:
        exc.tell(judge, window)


def _of_torch(part: Part, stored: Stored) -> None:
    """Refuse a piece that torch did not write: its loader reads pickles and archives of any sort there."""
    if part.judge.opened.format != "torch-zip":
        sentence = f"The piece {shown(stored.name)} of {stored.file} is no checkpoint as torch writes it there."
        part.judge.problem("odd-slice", sentence, AMBIGUOUS, stored.name)


def _tiled(window: Window, parts: list[Stored]) -> list[Stored]:
    """Return the parts in order; raise Refusal unless they fill the file without a gap."""
    at, kept, seen = 0, [], set()
    for part in sorted(parts, key=lambda part: (part.offset, part.length)):
        if (part.offset, part.length) in seen:
            continue
        seen.add((part.offset, part.length))
        if part.offset != at or part.length <= 0:
            what = "share bytes" if part.offset < at else "leave bytes between them that nothing names"
            raise ambiguous("unlisted-bytes", f"The tensors of {window.name} {what} at byte {part.offset:,}.")
        at += part.length
        kept.append(part)
    if at > window.size:
        raise Refusal("file-cut", f"{window.name} ends before its last tensor.", COPY_AGAIN, unsafe=False)
    if at < window.size:
        raise ambiguous("trailing-bytes", f"{window.size - at:,} bytes follow the last tensor of {window.name}.")
    return kept
