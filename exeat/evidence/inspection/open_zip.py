"""Zip archives: what torch.save writes, numpy's npz, and everything else that comes as a zip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection import open_numpy
from exeat.evidence.inspection.archive import DEFLATED, read_archive, unpack
from exeat.evidence.inspection.code_members import TAKE_OUT, is_code
from exeat.evidence.inspection.containers import container_of
from exeat.evidence.inspection.opened import Member
from exeat.evidence.inspection.plain_text import plain_text
from exeat.evidence.inspection.slice import Slice
from exeat.evidence.inspection.storages import SAVE_AGAIN, bytes_needed, understood
from exeat.evidence.inspection.streams import SNIFFED
from exeat.evidence.inspection.tensors import Finder

if TYPE_CHECKING:
    from exeat.evidence.inspection.archive import Entry
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.symbols import StorageRef
    from exeat.evidence.inspection.window import Window

PICKLE = "data.pkl"
KNOWN = ("byteorder", "version", ".data/serialization_id", ".format_version", ".storage_alignment")
SMALL = 2**20
"""Members up to this are checked whole, and kept as text where they are text."""
CODE = "It carries code. Export the weights alone: torch.save(module.state_dict(), …)."


class _Zip(NamedTuple):
    """One archive while it is opened."""

    window: Window
    judge: Judge
    entries: list[Entry]


def looks_like_zip(head: bytes, _size: int) -> bool:
    """Return whether a file begins as a zip archive does."""
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


def open_zip(window: Window, judge: Judge) -> None:
    """Read the directory, then the members as the kind of archive asks."""
    judge.opened.format = "zip"
    entries = read_archive(window, judge)
    archive = _Zip(window, judge, entries)
    judge.opened.members += [member_of(entry, window.name) for entry in entries]
    pickles = [entry for entry in entries if entry.name.rsplit("/", 1)[-1].casefold() == PICKLE]
    if len(pickles) == 1:
        _torch(archive, pickles[0])
    elif pickles:
        _several(archive)
    elif entries and all(entry.name.endswith(".npy") for entry in entries):
        _arrays(archive)
    else:
        _other(archive)


def member_of(entry: Entry, file: str) -> Member:
    """Return a member of an archive."""
    unpacked = entry.unpacked if entry.method == DEFLATED else None
    return Member(entry.name, entry.data, entry.packed, file, unpacked)


def _torch(archive: _Zip, pickle: Entry) -> None:
    window, judge, entries = archive
    judge.opened.format = "torch-zip"
    root = pickle.name[: -len(PICKLE)]
    place = window.place(pickle.name)
    data = _content(archive, pickle, judge.limits.pickle_bytes)
    if pickle.name != root + PICKLE or root.count("/") != 1:
        judge.problem("zip-names", f"The pickle of the checkpoint has the odd name {pickle.name!r}.", SAVE_AGAIN, place)
    if data is None:
        return
    before = len(judge.opened.trees)
    walk = judge.pickle(data, place)
    if walk.done and walk.pos != len(data):
        sentence = f"Bytes follow the end of the pickle in {place}."
        judge.problem("trailing-bytes", sentence, SAVE_AGAIN, place)
        judge.pickles(data, place, walk.pos)
    storages = understood(walk.storages, judge, place)
    by_name = {entry.name: entry for entry in entries}
    kept = _storages(archive, storages, by_name, root)
    _others(archive, {pickle.name, *(f"{root}data/{key}" for key in storages)}, root)
    finder = Finder(judge, kept)
    for tree in judge.opened.trees[before:]:
        finder.find(tree)
    finder.finish(walk)


def _storages(
    archive: _Zip, storages: dict[str, StorageRef], by_name: dict[str, Entry], root: str
) -> dict[str, Member]:
    """Return the members that hold the storages, each of the size that the pickle says."""
    kept: dict[str, Member] = {}
    for key, ref in storages.items():
        entry = by_name.get(f"{root}data/{key}")
        needed = bytes_needed(ref)
        if entry is None:
            sentence = f"The file lacks the storage {key!r} with the values of a tensor."
            archive.judge.problem(
                "missing-storage", sentence, "Copy the file again from its origin.", f"{root}data/{key}", unsafe=False
            )
        elif needed is not None and needed != entry.unpacked:
            sentence = f"The storage {entry.name} has {entry.unpacked:,} bytes where its tensor says {needed:,}."
            archive.judge.problem("storage-size", sentence, SAVE_AGAIN, entry.name)
        else:
            kept[key] = member_of(entry, archive.window.name)
    return kept


def _others(archive: _Zip, read: set[str], root: str) -> None:
    """Look at every member: storages for pickles in disguise, small ones whole, unknown ones as unlisted."""
    for entry in archive.entries:
        inside = entry.name.removeprefix(root)
        if entry.name in read:
            if not entry.name.endswith(PICKLE):
                _sniff(archive, entry)
        elif entry.name.startswith(root) and inside in KNOWN:
            _known(archive, entry, inside)
        elif inside.casefold().startswith("code/") or inside.casefold() == "constants.pkl":
            archive.judge.problem("torchscript", "The file is a TorchScript program.", CODE, entry.name)
            _sniff(archive, entry)
        else:
            _unlisted(archive, entry)


def _unlisted(archive: _Zip, entry: Entry) -> None:
    """Keep a member that no tensor and no loader of torch needs: plain text may be, anything else is refused."""
    archive.judge.opened.unlisted.append(member_of(entry, archive.window.name))
    if not _sniff(archive, entry):
        sentence = f"The member {entry.name} is neither part of the checkpoint nor plain text."
        what = "Other readers of zip archives may load it. " + SAVE_AGAIN
        archive.judge.problem("unlisted-member", sentence, what, archive.window.place(entry.name))


def _known(archive: _Zip, entry: Entry, inside: str) -> None:
    data = _content(archive, entry, 200)
    if data is None:
        return
    if inside == "byteorder" and data != b"little":
        sentence = "The tensors are stored in big-endian order, or the order is not told."
        archive.judge.problem("byte-order", sentence, "Save it on a little-endian machine.", entry.name, unsafe=False)
    elif not data.strip().isalnum():
        sentence = f"The member {entry.name} does not hold the short word or number that torch writes."
        archive.judge.problem("odd-member", sentence, SAVE_AGAIN, entry.name)


def _content(archive: _Zip, entry: Entry, limit: int) -> bytes | None:
    """Return a member whole; too large, or a wrong checksum, is a problem."""
    if entry.unpacked > limit:
        sentence = f"The member {entry.name} has {entry.unpacked:,} bytes; it may have {limit:,}."
        advice = "Move long lists and tables out of the checkpoint and save it again."
        archive.judge.problem("pickle-bomb", sentence, advice, entry.name)
        return None
    data = unpack(archive.window, entry, limit)
    if data is None:
        sentence = f"The member {entry.name} does not have the checksum that the archive says."
        archive.judge.problem("zip-checksum", sentence, "Copy the file again; if that stays, " + SAVE_AGAIN, entry.name)
    return data


def _sniff(archive: _Zip, entry: Entry) -> bool:
    """Judge a member that need not be a pickle; return whether it is plain text and nothing else."""
    judge, place = archive.judge, archive.window.place(entry.name)
    if entry.unpacked <= SMALL or entry.method == DEFLATED:
        data = _content(archive, entry, max(SMALL, judge.limits.unpacked_bytes)) or b""
    else:
        data = archive.window.read(entry.data, SNIFFED)
    kind = "a numpy file" if open_numpy.looks_like_npy(data, 0) else container_of(data)
    if kind:
        sentence = f"The member {entry.name} is {kind} of its own, which a loader may open and unpickle."
        judge.problem("nested-archive", sentence, "Take it out and inspect it by itself.", place)
    if is_code(entry.name, data):
        sentence = f"The member {entry.name} is code, or belongs to code, which a loader of this file may run."
        judge.problem("code-member", sentence, TAKE_OUT, place)
    whole = data if len(data) == entry.unpacked else Slice(archive.window, entry.data, entry.packed, entry.name)
    if judge.suspect(whole, place) or len(data) != entry.unpacked:
        return False
    judge.keep_text(place, data)
    return not kind and plain_text(data) is not None


def _several(archive: _Zip) -> None:
    sentence = "The archive holds more than one data.pkl; loaders differ in which one they read."
    archive.judge.problem("several-pickles", sentence, SAVE_AGAIN)
    for entry in archive.entries:
        _sniff(archive, entry)


def _arrays(archive: _Zip) -> None:
    archive.judge.opened.format = "npz"
    for entry in archive.entries:
        member = member_of(entry, archive.window.name)
        if entry.method == DEFLATED:
            data = _content(archive, entry, archive.judge.limits.unpacked_bytes)
            if data is not None:
                open_numpy.array(data, len(data), archive.judge, member, archive.window)
        else:
            head = archive.window.read(entry.data, min(entry.packed, archive.judge.limits.pickle_bytes))
            open_numpy.array(head, entry.packed, archive.judge, member, archive.window)


def _other(archive: _Zip) -> None:
    """Say what the archive is not; pickles and archives inside make it unsafe."""
    for entry in archive.entries:
        _sniff(archive, entry)
    if not archive.judge.opened.problems:
        sentence = "This is a zip archive, but not a checkpoint that Exeat can read."
        archive.judge.problem("unknown-zip", sentence, "Unpack it and inspect the files in it.", unsafe=False)
