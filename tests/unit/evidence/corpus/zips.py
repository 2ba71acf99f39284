"""Zip archives as torch reads them, and archives that different readers understand differently."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from tests.unit.evidence.corpus.opcodes import stream
from tests.unit.evidence.corpus.shape import Mark, Unsafe
from tests.unit.evidence.corpus.streams import system

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

MEMBERS = "zip members"
HEADERS = "broken zip headers"
GOOD = stream({}, 2)
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def bad(mark: Mark) -> bytes:
    """Return the pickle that runs."""
    return stream({"weights": system(mark)}, 2)


def pack(members: Iterable[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of the members in this order; a name may come twice."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in members:
            archive.filelist, kept = [], archive.filelist  # no warning about a second entry of one name
            archive.NameToInfo.clear()
            archive.writestr(zipfile.ZipInfo(name), data, compression)
            archive.filelist = kept + archive.filelist
    return out.getvalue()


def checkpoint(pickle: bytes, *more: tuple[str, bytes], root: str = "archive") -> list[tuple[str, bytes]]:
    """Return the members of a torch checkpoint."""
    return [(f"{root}/data.pkl", pickle), *more, (f"{root}/version", b"3\n"), (f"{root}/byteorder", b"little")]


def patch(data: bytes, signature: bytes, offset: int, new: bytes, which: int = 0) -> bytes:
    """Return the archive with bytes of one header replaced; `offset` counts from the signature."""
    start = -1
    for _ in range(which + 1):
        start = data.index(signature, start + 1)
    return data[: start + offset] + new + data[start + offset + len(new) :]


def plain(mark: Mark) -> bytes:
    return pack(checkpoint(bad(mark)))


def deflated(mark: Mark) -> bytes:
    return pack(checkpoint(bad(mark)), zipfile.ZIP_DEFLATED)


def other_root(mark: Mark) -> bytes:
    return pack(checkpoint(bad(mark), root="weights"))


def innocent(name: str) -> Callable[[Mark], bytes]:
    """Return an archive with a good data.pkl and a bad pickle under an innocent name."""
    return lambda mark: pack(checkpoint(GOOD, (name, bad(mark))))


def twice(*, bad_first: bool) -> Callable[[Mark], bytes]:
    """Return an archive that holds data.pkl twice."""

    def make(mark: Mark) -> bytes:
        pair = [bad(mark), GOOD] if bad_first else [GOOD, bad(mark)]
        return pack([*(("archive/data.pkl", part) for part in pair), *checkpoint(b"")[1:]])

    return make


def two_roots(mark: Mark) -> bytes:
    return pack([*checkpoint(GOOD), *checkpoint(bad(mark), root="other")])


def other_case(mark: Mark) -> bytes:
    return pack([("archive/DATA.PKL", bad(mark)), *checkpoint(GOOD)])


def constants(mark: Mark) -> bytes:
    return pack(checkpoint(GOOD, ("archive/constants.pkl", bad(mark)), ("archive/code/x.py", b"pass\n")))


def package_beside(mark: Mark) -> bytes:
    """Carry a Python package that torch.package imports from the very file of the weights."""
    name, code = "archive/helpers/mod.py", mark.py.encode()
    return pack(checkpoint(GOOD, ("archive/.data/extern_modules", b"os\n"), (name, code)))


def program_beside(mark: Mark) -> bytes:
    return pack([*checkpoint(GOOD), ("__main__.py", mark.py.encode())])


def library_beside(_mark: Mark) -> bytes:
    """Carry the beginning of a shared library where AOTInductor loads one."""
    return pack(checkpoint(GOOD, ("archive/data/aotinductor/model/w.so", b"\x7fELF\x02\x01\x01".ljust(64, b"\0"))))


def nested_archive(mark: Mark) -> bytes:
    return pack([("model/data/weights/w.pt", pack(checkpoint(bad(mark)))), ("model/archive_format", b"pt2")])


def local_name(mark: Mark) -> bytes:
    return patch(plain(mark), LOCAL, 30, b"archive/data.txt")


def central_name(mark: Mark) -> bytes:
    return patch(plain(mark), CENTRAL, 46, b"archive/data.txt")


def flag(bit: int) -> Callable[[Mark], bytes]:
    """Return an archive with one flag bit of data.pkl set in both headers."""

    def make(mark: Mark) -> bytes:
        bits = struct.pack("<H", bit)
        return patch(patch(plain(mark), LOCAL, 6, bits), CENTRAL, 8, bits)

    return make


def wrong_crc(mark: Mark) -> bytes:
    return patch(patch(plain(mark), LOCAL, 14, b"\xde\xad\xbe\xef"), CENTRAL, 16, b"\xde\xad\xbe\xef")


def wrong_central_crc(mark: Mark) -> bytes:
    return patch(plain(mark), CENTRAL, 16, b"\xde\xad\xbe\xef")


def wrong_version(mark: Mark) -> bytes:
    return patch(patch(plain(mark), LOCAL, 4, b"\xff\x00"), CENTRAL, 6, b"\xff\x00")


def local_size(mark: Mark) -> bytes:
    return patch(plain(mark), LOCAL, 18, struct.pack("<II", 1, 1))


def local_method(mark: Mark) -> bytes:
    return patch(plain(mark), LOCAL, 8, struct.pack("<H", 99))


def disk_number(mark: Mark) -> bytes:
    return patch(plain(mark), CENTRAL, 34, b"\x01\x00")


def folder_bit(mark: Mark) -> bytes:
    return patch(plain(mark), CENTRAL, 38, b"\x10")


def entry_count(mark: Mark) -> bytes:
    """Say in the end record that there is one entry more than the directory holds."""
    return patch(plain(mark), END, 8, struct.pack("<HH", 4, 4))


def behind_junk(mark: Mark) -> bytes:
    return b"#!/bin/sh\n" + plain(mark)


def before_junk(mark: Mark) -> bytes:
    return plain(mark) + b"\x00" * 512


def two_ends(mark: Mark) -> bytes:
    """Carry a second, empty end record in the comment of the first."""
    fake = END + b"\x00" * 18
    return patch(plain(mark), END, 20, struct.pack("<H", len(fake))) + fake


def hidden_gap(mark: Mark) -> bytes:
    """Keep a bad pickle in a local entry that the directory does not list."""
    good = pack(checkpoint(GOOD))
    data, name = bad(mark), b"archive/data.pkl"
    head = struct.pack("<4sHHHHHIIIHH", LOCAL, 20, 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0)
    gap = head + name + data
    at, size = good.index(CENTRAL), len(gap)
    moved = good[:at] + gap + good[at:]
    return patch(moved, END, 16, struct.pack("<I", at + size))


def pickle_before_zip(mark: Mark) -> bytes:
    """Be a bare pickle for who reads from the start and a good checkpoint for who looks for a zip's end."""
    return bad(mark) + pack(checkpoint(GOOD))


def zip_before_pickle(mark: Mark) -> bytes:
    return pack(checkpoint(GOOD)) + bad(mark)


def zip_slip(mark: Mark) -> bytes:
    return pack(checkpoint(GOOD, ("archive/../../../../etc/cron.d/x", bad(mark))))


IMPORTED = "torch.load does not import it; torch.package.PackageImporter does"
STARTED = "torch.load does not run it; python FILE does"
LINKED = "torch.load does not link it; AOTInductor does"
LAST_WINS = "torch reads the first of two entries, Python's zipfile the last"
NOT_READ = "torch does not read this member; other tools that unpack the archive do"
MEMORY = "torch unpickles whatever lay in memory; zip tools unpack the bytes"
REFUSED = "torch 2.13 refuses the archive; zip tools and older readers open it"
ROWS: tuple[tuple[str, str, str, Callable[[Mark], bytes], str], ...] = (
    ("torch-zip.pt", MEMBERS, "fickling README", plain, ""),
    ("torch-zip-deflated.pt", MEMBERS, "fickling README", deflated, ""),
    ("torch-zip-other-root.bin", MEMBERS, "fickling README", other_root, ""),
    ("torch-zip-duplicate-bad-first.pt", MEMBERS, "own", twice(bad_first=True), ""),
    ("torch-zip-duplicate-bad-last.pt", MEMBERS, "own", twice(bad_first=False), LAST_WINS),
    ("torch-zip-two-roots.pt", MEMBERS, "own", two_roots, NOT_READ),
    ("torch-zip-other-case.pt", MEMBERS, "own", other_case, ""),
    ("torch-zip-version.pt", MEMBERS, "CVE-2025-1889", innocent("archive/.data/serialization_id"), NOT_READ),
    ("torch-zip-readme.pt", MEMBERS, "CVE-2025-1889", innocent("archive/README.txt"), NOT_READ),
    ("torch-zip-png.pt", MEMBERS, "CVE-2025-1889", innocent("archive/extra/logo.png"), NOT_READ),
    ("torch-zip-storage.pt", MEMBERS, "CVE-2025-1889", innocent("archive/data/0"), NOT_READ),
    ("torch-zip-outside.pt", MEMBERS, "CVE-2025-1889", innocent("config.p"), NOT_READ),
    ("torch-zip-constants.pt", MEMBERS, "own", constants, NOT_READ),
    ("torch-zip-in-zip.pt2", MEMBERS, "huntr: PT2 archive", nested_archive, NOT_READ),
    ("torch-package-beside.pt", MEMBERS, "own", package_beside, IMPORTED),
    ("program-beside.pt", MEMBERS, "own", program_beside, STARTED),
    ("library-beside.pt", MEMBERS, "own", library_beside, LINKED),
    ("torch-zip-slip.pt", MEMBERS, "CVE-2007-4559 (its zip form)", zip_slip, NOT_READ),
    ("zip-local-name.pt", HEADERS, "GHSA-7q5r-7gvp-wc82", local_name, ""),
    ("zip-central-name.pt", HEADERS, "own", central_name, REFUSED),
    ("zip-flag-0x8.pt", HEADERS, "CVE-2025-1945", flag(0x8), ""),
    *((f"zip-flag-{bit:#x}.pt", HEADERS, "CVE-2025-1945", flag(bit), REFUSED) for bit in (0x1, 0x20, 0x40)),
    ("zip-wrong-crc.pt", HEADERS, "CVE-2025-10156", wrong_crc, ""),
    ("zip-wrong-central-crc.pt", HEADERS, "CVE-2025-10156", wrong_central_crc, ""),
    ("zip-wrong-version.pt", HEADERS, "own", wrong_version, ""),
    ("zip-local-size.pt", HEADERS, "own", local_size, ""),
    ("zip-local-method.pt", HEADERS, "own", local_method, ""),
    ("zip-disk-number.pt", HEADERS, "CVE-2025-1945", disk_number, ""),
    ("zip-folder-bit.pt", HEADERS, "own", folder_bit, MEMORY),
    ("zip-entry-count.pt", HEADERS, "own", entry_count, REFUSED),
    ("zip-behind-junk.pt", HEADERS, "own", behind_junk, REFUSED),
    ("zip-before-junk.pt", HEADERS, "own", before_junk, ""),
    ("zip-two-ends.pt", HEADERS, "own", two_ends, REFUSED),
    ("zip-unlisted-entry.pt", HEADERS, "own", hidden_gap, NOT_READ),
    ("pickle-before-zip.pt", HEADERS, "picklescan tests: pytorch_magic_bypass", pickle_before_zip, ""),
    ("pickle-after-zip.pt", HEADERS, "picklescan tests: pytorch_magic_bypass", zip_before_pickle, REFUSED),
)


def cases() -> list[Unsafe]:
    """Return the archives."""
    return [
        Unsafe(name, family, source, _writer(make), "" if why else "torch", why)
        for name, family, source, make, why in ROWS
    ]


def _writer(make: Callable[[Mark], bytes]) -> Callable[[Path, Mark], None]:
    def write(path: Path, mark: Mark) -> None:
        path.write_bytes(make(mark))

    return write
