"""Archives and compressed files that loaders unpack and unpickle without a word: recognised, and refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exeat.evidence.inspection.streams import Judge
    from exeat.evidence.inspection.window import Window

_MAGIC = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"ZF0x", "an old joblib file"),
    (b"!<arch>\n", "an ar archive"),
)
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_TAR = 257
_BZ2_BLOCK = b"1AY&SY"
ADVICE = "Unpack it in a sandbox and inspect the files in it."


def container_of(head: bytes, _size: int) -> str:
    """Return what kind of container a file is, as words with their article, or nothing."""
    for magic, title in _MAGIC:
        if head.startswith(magic):
            return title
    if head[:3] == b"BZh" and head[4:10] == _BZ2_BLOCK:
        return "a bzip2 file"
    if head[_TAR : _TAR + 5] == b"ustar":
        return "a tar archive"
    if head[:1] == b"\x5d" and head[1:5] == b"\x00\x00\x80\x00":
        return "an lzma file"
    return "a zlib stream" if head[:2] in _ZLIB else ""


def refuse_container(window: Window, judge: Judge, kind: str) -> None:
    """Refuse a container: its own tools unpickle what lies inside."""
    judge.opened.format = kind.split(" ", 1)[1].split(" ", maxsplit=1)[0].lower()
    sentence = (
        f"This is {kind}. Loaders such as joblib, torch and NeMo unpack it and may unpickle or run what lies inside, "
        "and Exeat does not look into it."
    )
    judge.problem("container", sentence, ADVICE, window.name)
