"""Our own reading of a zip directory: every byte of the file must belong to exactly one thing that all readers see.

Scanners and loaders have been told apart by archives whose central directory and local headers disagree, by members
with one name, by bytes between members and by flags that one reader checks and another ignores. None of that happens
in a file that ``torch.save`` or ``numpy.savez`` wrote, so each of it is a problem here. APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

from exeat.evidence.inspection.extra_fields import is_plain

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
CENTRAL, LOCAL, DESCRIPTOR = b"PK\x01\x02", b"PK\x03\x04", b"PK\x07\x08"
STORED, DEFLATED = 0, 8
HAS_DESCRIPTOR = 0x8
KNOWN_FLAGS = 0x808 | 0x6
"""Data descriptor, UTF-8 names, deflate level: all that torch, numpy and Python write."""
ENCRYPTED = 0x1 | 0x40 | 0x2000
MAX32 = 0xFFFFFFFF
FOLDER = 0x10
"""The DOS attribute of a folder: torch gives back whatever lay in memory for such a member, others its bytes."""
MAX_VERSION = 63
"""Of the format, times ten; Python refuses what is above, others do not look."""
TAIL = 2**16 + 22
REPACK = "Loaders and scanners may see different things in it. Save the checkpoint again from its origin."


class Entry(NamedTuple):
    """One member: sizes in bytes, ``header`` and ``data`` are offsets in the file."""

    name: str
    raw: bytes
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    header: int
    data: int = 0


class Directory(NamedTuple):
    """Where the central directory lies, and the archive's comment."""

    offset: int
    length: int
    entries: int
    comment: bytes


class _Bad(Exception):
    """The archive is not what every reader would agree on."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def read_archive(window: Window, judge: Judge) -> list[Entry]:
    """Return the members in the order of their bytes; what is wrong goes to the judge."""
    try:
        directory = _directory(window)
        if directory.comment:
            _note_comment(directory, judge)
        entries = _central(window, directory, judge)
        entries = [_local(window, entry) for entry in sorted(entries, key=lambda entry: entry.header)]
        _tiled(window, entries, directory)
        _names(entries)
        _methods(entries, judge)
    except _Bad as exc:
        judge.problem(exc.code, exc.sentence, REPACK)
        return []
    except struct.error:
        judge.problem("zip-broken", "The zip directory ends in the middle.", REPACK)
        return []
    return entries


def unpack(window: Window, entry: Entry, limit: int) -> bytes | None:
    """Return a member's bytes when they are at most ``limit`` and their checksum holds, else None."""
    if entry.unpacked > limit:
        return None
    data = window.read(entry.data, entry.packed)
    if entry.method == DEFLATED:
        stream = zlib.decompressobj(-15)
        try:
            data = stream.decompress(data, entry.unpacked + 1)
        except zlib.error:
            return None
        if not stream.eof or stream.unused_data:
            return None
    return data if len(data) == entry.unpacked and zlib.crc32(data) == entry.crc else None


def _note_comment(directory: Directory, judge: Judge) -> None:
    from exeat.evidence.inspection.opened import Text  # noqa: PLC0415

    judge.opened.texts.append(Text("archive comment", directory.comment.decode("utf-8", "replace")))


def _directory(window: Window) -> Directory:
    start = max(0, window.size - TAIL)
    tail = window.read(start, TAIL)
    at = tail.rfind(END)
    if at < 0:
        raise _Bad(
            "zip-cut", "The zip archive has no directory at its end: it was cut off, or made to confuse readers."
        )
    disk, first, here, count, size, offset, comment = struct.unpack("<4H2IH", tail[at + 4 : at + 22])
    if start + at + 22 + comment != window.size:
        raise _Bad("trailing-bytes", "Bytes follow the end of the zip archive.")
    place = start + at
    known = Directory(offset, size, count, tail[at + 22 :])
    found = _directory64(window, place, known)
    if disk or first or here != count or found.offset + found.length != place - (76 if found is not known else 0):
        raise _Bad("zip-broken", "The zip directory does not lie where its end record says.")
    return found


def _directory64(window: Window, end: int, plain: Directory) -> Directory:
    """Return what the zip64 record says where there is one; both must say the same."""
    if window.read(end - 20, 4) != LOCATOR64:
        return plain
    disk, at, disks = struct.unpack("<IQI", window.read(end - 16, 16))
    record = window.read(at, 56)
    if disk or disks != 1 or at + 76 != end or record[:4] != END64:
        raise _Bad("zip-broken", "The zip64 record does not lie directly before the end record.")
    length, _, _, disk, first, here, count, size, offset = struct.unpack("<QHHIIQQQQ", record[4:])
    same = all(a in (b, cap) for a, b, cap in ((plain.offset, offset, MAX32), (plain.length, size, MAX32)))
    if length != 44 or disk or first or here != count or plain.entries not in (count, 0xFFFF) or not same:  # noqa: PLR2004
        raise _Bad("zip-broken", "The two end records of the zip archive contradict each other.")
    return Directory(offset, size, count, plain.comment)


def _central(window: Window, directory: Directory, judge: Judge) -> list[Entry]:
    if directory.entries > judge.limits.members or directory.length > judge.limits.members * 400:
        raise _Bad("too-many-members", f"The zip archive names {directory.entries:,} members.")
    data = window.read(directory.offset, directory.length)
    entries, at = [], 0
    while at < len(data):
        entry, at = _central_entry(data, at)
        entries.append(entry)
    if at != directory.length or len(entries) != directory.entries:
        raise _Bad("zip-broken", "The zip directory does not have as many members as it says.")
    return entries


def _central_entry(data: bytes, at: int) -> tuple[Entry, int]:
    if data[at : at + 4] != CENTRAL:
        raise _Bad("zip-broken", f"The zip directory is damaged at byte {at:,}.")
    fields = struct.unpack("<6H3I5H2I", data[at + 4 : at + 46])
    _, needed, flags, method, _, _, crc, packed, unpacked, n_name, n_extra, n_comment, disk, _, kind, header = fields
    raw = data[at + 46 : at + 46 + n_name]
    extra = data[at + 46 + n_name : at + 46 + n_name + n_extra]
    after = at + 46 + n_name + n_extra + n_comment
    _known_version(needed)
    if disk or n_comment or after > len(data):
        raise _Bad("zip-broken", "A member of the zip archive has a comment or lies on another disk.")
    unpacked, packed, header = _wide(extra, [unpacked, packed, header])
    _known_extra(extra, (unpacked, packed, header))
    folder = raw.endswith(b"/")
    if bool(kind & FOLDER) != folder or (folder and unpacked):
        raise _Bad("zip-mismatch", "A member of the zip archive is a folder for some readers and a file for others.")
    return Entry(_text(raw, flags), raw, flags, method, crc, packed, unpacked, header), after


def _known_version(needed: int) -> None:
    if needed > MAX_VERSION:
        raise _Bad("zip-method", "A member of the zip archive asks for a version of the format that does not exist.")


def _known_extra(extra: bytes, numbers: tuple[int, ...]) -> None:
    if not is_plain(extra, numbers):
        raise _Bad("unlisted-bytes", "A member of the zip archive carries bytes beside its data that no reader needs.")


def _wide(extra: bytes, values: list[int]) -> list[int]:
    """Replace each 32-bit maximum by the next 64-bit value of the zip64 extra field."""
    if MAX32 not in values:
        return values
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[at : at + 4])
        if kind == 1:
            wide = iter(struct.iter_unpack("<Q", extra[at + 4 : at + 4 + length // 8 * 8]))
            return [next(wide, (MAX32,))[0] if value == MAX32 else value for value in values]
        at += 4 + length
    return values


def _text(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & 0x800 else "ascii")
    except UnicodeDecodeError as exc:
        raise _Bad("zip-names", "A member of the zip archive has a name that readers decode differently.") from exc


def _local(window: Window, entry: Entry) -> Entry:
    """Compare a local header with the directory and return where the data begins."""
    head = window.read(entry.header, 30)
    if len(head) < 30 or head[:4] != LOCAL:  # noqa: PLR2004
        raise _Bad("zip-broken", f"The member {entry.name!r} has no header where the directory says.")
    needed, flags, method, _, _, crc, packed, unpacked, n_name, n_extra = struct.unpack("<5H3I2H", head[4:])
    _known_version(needed)
    rest = window.read(entry.header + 30, n_name + n_extra)
    unpacked, packed = _wide(rest[n_name:], [unpacked, packed])
    told = (crc, packed, unpacked)
    same = told == (entry.crc, entry.packed, entry.unpacked) or (flags & HAS_DESCRIPTOR and not any(told))
    if rest[:n_name] != entry.raw or (flags, method) != (entry.flags, entry.method) or not same:
        raise _Bad("zip-mismatch", f"The header of the member {entry.name!r} contradicts the zip directory.")
    _known_extra(rest[n_name:], (entry.unpacked, entry.packed, entry.header))
    return entry._replace(data=entry.header + 30 + n_name + n_extra)


def _tiled(window: Window, entries: list[Entry], directory: Directory) -> None:
    """Check that the members, and nothing else, fill the file from its first byte to the directory."""
    at = 0
    for entry in entries:
        if entry.header != at:
            what = "overlap" if entry.header < at else "leave bytes between them that no directory names"
            raise _Bad("unlisted-bytes", f"Members of the zip archive {what} at byte {min(at, entry.header):,}.")
        at = entry.data + entry.packed
        if entry.flags & HAS_DESCRIPTOR:
            at += _descriptor(window, entry, at)
    if at != directory.offset:
        raise _Bad("unlisted-bytes", f"Bytes that no member owns lie before the zip directory at byte {at:,}.")


def _descriptor(window: Window, entry: Entry, at: int) -> int:
    data = window.read(at, 24)
    for layout in ("<I2Q", "<I2I"):
        size = struct.calcsize(layout)
        if data[:4] == DESCRIPTOR and data[4 : 4 + size] == _packed(layout, entry):
            return 4 + size
    raise _Bad("zip-mismatch", f"The sizes after the member {entry.name!r} contradict the zip directory.")


def _packed(layout: str, entry: Entry) -> bytes:
    try:
        return struct.pack(layout, entry.crc, entry.packed, entry.unpacked)
    except struct.error:
        return b""


def _names(entries: list[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        parts = entry.name.split("/")
        if not entry.name.isprintable() or "\\" in entry.name or ".." in parts or not parts[0] or ":" in parts[0]:
            raise _Bad("zip-names", f"A member of the zip archive has the unsafe name {ascii(entry.name)[:100]}.")
        if entry.name.casefold() in seen:
            raise _Bad("zip-duplicate", f"Two members of the zip archive are called {entry.name!r}.")
        seen.add(entry.name.casefold())


def _methods(entries: list[Entry], judge: Judge) -> None:
    total = 0
    for entry in entries:
        if entry.flags & ENCRYPTED:
            raise _Bad("zip-encrypted", f"The member {entry.name!r} is encrypted; nobody can look inside.")
        if entry.method not in (STORED, DEFLATED) or entry.flags & ~KNOWN_FLAGS:
            raise _Bad("zip-method", f"The member {entry.name!r} is packed in a way that no checkpoint needs.")
        if entry.method == STORED and entry.packed != entry.unpacked:
            raise _Bad("zip-mismatch", f"The stored member {entry.name!r} has two sizes.")
        total += entry.unpacked if entry.method == DEFLATED else 0
        ratio = entry.unpacked / max(entry.packed, 1)
        if entry.method == DEFLATED and ratio > judge.limits.ratio and entry.unpacked > 2**20:
            raise _Bad("compression-bomb", f"The member {entry.name!r} unpacks to {ratio:,.0f} times its size.")
    if total > judge.limits.unpacked_bytes:
        raise _Bad("compression-bomb", f"The members of the archive unpack to {total:,} bytes.")
