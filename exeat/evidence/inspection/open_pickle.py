"""Files that begin with a pickle: torch's format before 1.6, and bare pickles, one or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exeat.evidence.inspection.opened import Member
from exeat.evidence.inspection.storages import SAVE_AGAIN, bytes_needed, understood
from exeat.evidence.inspection.streams import may_be_pickle
from exeat.evidence.inspection.tensors import Finder

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.symbols import StorageRef
    from exeat.evidence.inspection.window import Window

MAGIC = 0x1950A86A20F9469CFC6C
CUT = "The file was cut off; copy it again from its origin."


def looks_like_pickle(head: bytes, _size: int) -> bool:
    """Return whether a file begins as a pickle of any protocol; text that merely could is told apart by a walk."""
    return head[:1] == b"\x80" or may_be_pickle(head)


def open_pickle(window: Window, judge: Judge) -> None:
    """Walk the first pickle and continue as the old torch format or as bare pickles."""
    limits = judge.limits
    data = window.read(0, min(window.size, limits.pickle_bytes))
    place = window.place("pickle")
    judge.opened.format = "pickle"
    before = len(judge.opened.trees)
    first = judge.pickle(data, place)
    if first.done and type(first.value) is int and first.value == MAGIC:
        judge.opened.trees.pop()
        _legacy(window, judge, data, first.pos)
        return
    judge.opened.members.append(Member("pickle", 0, window.size, window.name))
    if not first.done and window.size > len(data) and judge.tried(window, place).at is not None:
        sentence = f"The pickle goes on after {len(data):,} bytes, of which Exeat reads no more."
        judge.problem("pickle-bomb", sentence, SAVE_AGAIN, place)
    if first.storages:
        sentence = "The pickle refers to storages outside itself, as only a torch checkpoint does."
        judge.problem("odd-persistent-id", sentence, SAVE_AGAIN, place)
    end = judge.pickles(data, place, first.pos) if first.done else window.size
    if end < window.size:
        _trailing(window, judge, end)
    for number, tree in enumerate(judge.opened.trees[before:]):
        Finder(judge, {}).find(tree, (str(number),) if number else ())


def _trailing(window: Window, judge: Judge, end: int) -> None:
    judge.opened.trailing = Member("trailing bytes", end, window.size - end, window.name)
    sentence = f"{window.size - end:,} bytes follow the end of the last pickle."
    judge.problem("trailing-bytes", sentence, f"Other readers may load them. {SAVE_AGAIN}", f"byte {end:,}")


def _legacy(window: Window, judge: Judge, data: bytes, at: int) -> None:
    opened = judge.opened
    opened.format = "torch-legacy"
    before, walks = len(opened.trees), []
    for title in ("protocol version", "system", "object", "storage keys"):
        walk = judge.pickle(data, window.place(title), at)
        walks.append(walk)
        if not walk.done:
            return
        at = walk.pos
    opened.trees[before:] = opened.trees[before + 2 : before + 3]
    version, system, keys = walks[0].value, walks[1].value, walks[3].value
    opened.members.append(Member("object", 0, at, window.name))
    if version != 1001 or not isinstance(system, dict) or system.get("little_endian") is not True:  # noqa: PLR2004
        sentence = "The old torch file says a version or byte order that torch never wrote, or big-endian order."
        judge.problem("byte-order", sentence, SAVE_AGAIN, unsafe=False)
    storages = understood(walks[2].storages, judge, window.place("object"))
    named = {key for key in keys if type(key) is str} if isinstance(keys, list) else None
    if named != set(storages) or len(keys) != len(storages):
        sentence = "The list of storages of the old torch file does not name those that its tensors use."
        judge.problem("storage-contradiction", sentence, SAVE_AGAIN, window.place("storage keys"))
        return
    kept = _storages(window, judge, at, [storages[key] for key in keys])
    finder = Finder(judge, kept)
    for tree in opened.trees[before:]:
        finder.find(tree)
    finder.finish(walks[2])


def _storages(window: Window, judge: Judge, at: int, refs: list[StorageRef]) -> dict[str, Member]:
    """Return the storages that follow the pickles: eight bytes with the number of elements, then the elements."""
    kept: dict[str, Member] = {}
    for ref in refs:
        told = int.from_bytes(window.read(at, 8), "little")
        needed = bytes_needed(ref)
        if needed is None or told != ref.numel:
            sentence = f"The storage {ref.key!r} has {told:,} elements where its tensor says {ref.numel:,}."
            judge.problem("storage-size", sentence, SAVE_AGAIN, f"byte {at:,}")
            return kept
        if at + 8 + needed > window.size:
            judge.problem(
                "file-cut", f"The file ends inside the storage {ref.key!r}.", CUT, f"byte {at:,}", unsafe=False
            )
            return kept
        kept[ref.key] = Member(f"storage {ref.key}", at + 8, needed, window.name)
        judge.opened.members.append(kept[ref.key])
        at += 8 + needed
    if at < window.size:
        _trailing(window, judge, at)
    return kept
