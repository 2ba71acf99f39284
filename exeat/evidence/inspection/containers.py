"""Archives and compressed files that loaders unpack and unpickle without a word: recognised, and refused."""

from __future__ import annotations

import tarfile
import zlib
from typing import TYPE_CHECKING

from exeat.evidence.inspection.opened import Member

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

HDF5 = b"\x89HDF\r\n\x1a\n"
_MAGIC = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b\x08", "a gzip file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"PK\x03\x04", "a zip archive"),
    (HDF5, "an HDF5 file"),
    (b"ZF0x", "an old joblib file"),
    (b"!<arch>\n", "an ar archive"),
)
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_TAR, _BLOCK = 257, 512
_BZ2_BLOCK = b"1AY&SY"
ADVICE = "Unpack it in a sandbox and inspect the files in it."


def container_of(head: bytes) -> str:
    """Return what kind of container begins so, as words with their article, or nothing."""
    for magic, title in _MAGIC:
        if head.startswith(magic):
            return title
    if head[:3] == b"BZh" and head[4:10] == _BZ2_BLOCK:
        return "a bzip2 file"
    if is_tar(head):
        return "a tar archive"
    if head[:1] == b"\x5d" and head[1:5] == b"\x00\x00\x80\x00":
        return "an lzma file"
    return "a zlib stream" if _is_zlib(head) else ""


def is_tar(head: bytes) -> bool:
    """Return whether Python's tarfile, which torch asks first, opens a file that begins so.

    It goes by the checksum of the first block, whatever the file is besides; the magic word came later.
    """
    if head[_TAR : _TAR + 5] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[:_BLOCK], "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _is_zlib(head: bytes) -> bool:
    """Return whether the head unpacks: two bytes alone are found in many a file of numbers."""
    if head[:2] not in _ZLIB:
        return False
    try:
        return bool(zlib.decompressobj().decompress(head, 64))
    except zlib.error:
        return False


def refuse_container(window: Window, judge: Judge, kind: str) -> None:
    """Refuse a container: its own tools unpickle or run what lies inside."""
    judge.opened.format = kind.split(" ", 1)[1].split(" ", maxsplit=1)[0].lower()
    judge.opened.members.append(Member(judge.opened.format, 0, window.size, window.name))
    if window.read(0, len(HDF5)) == HDF5:
        sentence = "This is an HDF5 file, as Keras writes it; it may hold code that runs on load, and Exeat reads none."
        judge.problem("container", sentence, "Export the weights as safetensors.", window.name)
        return
    sentence = (
        f"This is {kind}. Loaders such as joblib, torch and NeMo unpack it and may unpickle what lies inside, "
        "and Exeat does not look into it."
    )
    judge.problem("container", sentence, ADVICE, window.name)
